"""The shipped drills, played: real dumps, throw-away servers, people at a terminal."""
import datetime
import json
import os
import re

import pytest

import runs
from dialogue import Dialogue

ROWS = """
CREATE TABLE users (id int PRIMARY KEY, name text, created_at timestamptz, expires_at timestamp);
CREATE TABLE jobs (id int PRIMARY KEY, user_id int REFERENCES users, done_at timestamptz);
INSERT INTO users SELECT i, 'user ' || i, now() - interval '3 hours' - i * interval '1 minute',
  now() + interval '1 year' FROM generate_series(1, 500) i;
INSERT INTO jobs SELECT i, 1 + i % 500, now() - interval '2 hours' - i * interval '1 second'
  FROM generate_series(1, 2000) i;
"""


@pytest.fixture
def site(boat, postgres, request):
    """A database of the test's own, dumped, and a site that knows the dump; production beside."""
    name = re.sub(r"\W", "_", request.node.name)[:50].lower()
    postgres.create_database(name)
    postgres.sql(ROWS, name)
    where = postgres.subdirectory("drill_" + name)
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d_%H%M%S")
    dump = os.path.join(where, f"app_{at}.dump")
    postgres.run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={postgres.conninfo(name)}")
    boat.write("site.yaml", json.dumps({
        "site": "t", "locations": {"here": {"directory": where}},
        "targets": {"prod": {"postgresql": postgres.conninfo(name), "environment": "production"}},
        "assets": {"db": {"sets": {"dump": {
            "type": "pg_dump", "location": "here", "path": "app_{time:%Y%m%d_%H%M%S}.dump",
            "rpo": "24h", "checks": [{"table": "users", "at_least": 500},
                                     {"table": "jobs", "at_least": 2000}]}}}}}))
    boat.database = name
    return boat


def sandboxes(boat):
    directory = os.path.join(boat.state, "sandboxes")
    return os.listdir(directory) if os.path.isdir(directory) else []


def score(boat, run):
    return boat.run("report", run.id, "--format", "json", status=0).json()["scorecard"]


@pytest.mark.seconds(300)
def test_quarterly_restore(site, postgres):
    run = runs.run(site, "drill/quarterly-restore", "--drill", "--set", "dump=db/dump", status=0,
                   timeout=280)
    done = {r["step"]: r["data"]["outcome"] for r in run.find("step.result")}
    assert {k for k, v in done.items() if v == "ok"} == {"intact", "isolation", "restore", "smoke",
                                                         "newest-row"}
    skipped = {r["step"] for r in run.find("step.skipped")}
    assert skipped == {"restore-sql", "snapshot", "lessons"}
    card = score(site, run)
    assert card["rto_met"] and card["recovery_s"] < 300 and card["rpo_met"]
    assert card["loss_from"] == "newest_data" and 7000 <= card["loss_s"] < 7800
    assert sandboxes(site) == [] and postgres.sql("SELECT count(*) FROM jobs", site.database) == \
        "2000"
    # a second quarter has something to be compared with
    again = runs.run(site, "drill/quarterly-restore", "--drill", "--set", "dump=db/dump", status=0,
                     timeout=280)
    assert [e["run"] for e in score(site, again)["earlier"]] == [run.id]
    text = site.run("report", again.id, status=0).out
    assert "# DRILL: Restore the newest backups into isolation" in text
    assert "Newest data found" in text and "this one" in text


@pytest.mark.seconds(300)
def test_quarterly_restore_of_a_damaged_dump(site, postgres):
    dump = [n for n in os.listdir(postgres.subdirectory("drill_" + site.database))][0]
    path = os.path.join(postgres.subdirectory("drill_" + site.database), dump)
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) - 200)
    run = runs.run(site, "drill/quarterly-restore", "--drill", "--set", "dump=db/dump")
    assert run.done.status in (1, 2) and sandboxes(site) == []
    if run.dir:
        assert any("intact failed" in t for t in score(site, run)["improve"])


@pytest.mark.seconds(300)
def test_game_day(site, postgres):
    with Dialogue(site, "run", "drill/game-day", "--drill", "--plain", "--set", "dump=db/dump") as d:
        d.expect("answers: done", 60)
        d.answer("done Ann leads, Bob drives, Cy watches")
        d.expect("answers: go", 120)
        d.answer("go")                      # fill
        d.expect("answers: go", 120)
        d.answer("go")                      # the accident
        d.expect("What is wrong?", 120)
        shown = d.text
        d.expect("answers: done", 60)
        d.answer("done a table is gone")
        d.expect("answers: choose", 60)
        d.answer("choose restore beside it and switch")
        d.expect("answers: go", 120)
        d.answer("go")                      # restore
        d.expect("What did you learn?", 120)
        d.answer("done practice more")
        assert d.end() == 0
    run = runs.only(site)
    secret = run.output("reveal").decode().strip()
    assert re.search(r"(users|jobs)", secret) and secret not in shown
    with open(os.path.join(run.dir, "accident.txt"), encoding="utf-8") as f:
        assert f.read().strip() == secret
    assert run.result("whole")["outcome"] == "ok"
    for record in run.records():
        if record["event"] in ("run.started", "step.intent"):
            assert record["data"]["mode"] == "drill"
    card = score(site, run)
    assert card["rto_met"] and card["rpo_met"]
    assert sandboxes(site) == [] and postgres.sql("SELECT count(*) FROM jobs", site.database) == \
        "2000"
