"""postgres/restore-pitr to its last step: production's own server stopped, its data directory put
aside and restored to the moment before an accident, started, promoted, archiving again."""
import hashlib
import json
import os
import pathlib
import re
import subprocess

import pytest

import held_proxy
import postgres_server
import runs
import scratch
import wal_cluster

pytestmark = pytest.mark.seconds(300)

ALTERED = {"archive_timeout": "1h", "max_connections": "120", "archive_cleanup_command": "it's \\ x",
           "recovery_min_apply_delay": "7s"}


class Production:
    """A server whose table goes, and what it was before. It archives, set up by ALTER SYSTEM."""

    def __init__(self):
        self.cluster = c = wal_cluster.WalCluster(1)
        for name, value in ALTERED.items():
            c.sql("ALTER SYSTEM SET {} = '{}'".format(name, value.replace("'", "''")))
        c.sql("ALTER SYSTEM SET archive_mode = on")
        c.commit("before")
        c.base_backup("base")
        c.commit("good")
        c.switch()
        c.commit("last")
        self.drop("record")
        self.moment = f"xid:{self.dropped}"
        self.space = c.server.subdirectory("space")
        c.sql(f"CREATE TABLESPACE late LOCATION '{self.space}'")
        c.sql("CREATE TABLE there TABLESPACE late AS SELECT 1 AS n")
        c.switch()

    def drop(self, table):
        self.dropped = self.cluster.sql(f"BEGIN; DROP TABLE {table}; SELECT pg_current_xact_id();"
                                        f"COMMIT")
        self.cluster.switch()

    def site(self, boat, data, server, environment, s3=None):
        c = self.cluster
        wal = {"s3": s3} if s3 else {"directory": c.archive}
        boat.write("site.yaml", json.dumps({
            "site": "t", "locations": {"wal": wal, "bases": {"directory": c.bases}},
            "assets": {"db": {"sets": {
                "wal": {"type": "wal", "location": "wal", "rpo": "5m"},
                "base": {"type": "pg_basebackup", "location": "bases", "rpo": "8d"}}}},
            "targets": {
                "app-data": {"directory": data, "environment": environment},
                "app-db": {"postgresql": server.conninfo(), "environment": environment}}}))

    def archived(self):
        """Every file of the archive, and what is in it."""
        found = {}
        for name in os.listdir(self.cluster.archive):
            if not name.startswith("."):
                with open(os.path.join(self.cluster.archive, name), "rb") as f:
                    found[name] = hashlib.sha256(f.read()).hexdigest()
        return found


@pytest.fixture(scope="module")
def production():
    it = Production()
    yield it
    it.cluster.remove()


CONFIRMED = ("--confirm", "restore=app-data", "--confirm", "start=somebody does",
             "--confirm", "go-live=app-db")
ARGS = ("--set", "into=app-data", "--set", "server=app-db", *CONFIRMED)


def restored(going):
    scratch.wait_for(lambda: going.find("step.result", "restore") or going.find("run.finished"), 120,
                     lambda: f"the restore: {going.events()}")
    assert going.find("step.result", "restore") and going.result("restore")["outcome"] == "ok", \
        (going.process.communicate(), going.records()[-3:])


def go(boat, server, moment, *args, env=None):
    """To the end; the server is started when it is time to."""
    going = runs.start(boat, "postgres/restore-pitr", "--set", f"moment={moment}", *ARGS, *args,
                       env=env)
    restored(going)
    server.start(wait=False)
    out, err = going.process.communicate(timeout=180)
    assert going.process.returncode == 0, out + err
    going.verify()
    return going


def contents(path):
    found = {}
    for where, _, names in os.walk(path):
        for name in names:
            file = os.path.join(where, name)
            found[file] = (os.stat(file).st_ino, os.stat(file).st_mtime_ns)
    return found


def test_a_tablespace_made_on_the_way(boat, production):
    """The server would make it where it is in production, in production's files."""
    production.site(boat, production.cluster.server.data, production.cluster.server, "production")
    held = contents(production.space)
    assert held
    run = runs.run(boat, "postgres/restore-pitr", "--set", "moment=end", "--set", "timeline=1",
                   status=3)
    assert f"creates a tablespace in {production.space}" in run.result("recover")["message"]
    assert contents(production.space) == held


def timeline(server):
    """Of what it writes; the control file knows it only since the last checkpoint."""
    return int(server.sql("SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"), 16)


def test_production_from_a_directory(boat, production):
    """Three times: to timeline 2, from there to 3, and to timeline 1 once more, which is 4."""
    c, server = production.cluster, production.cluster.server
    production.site(boat, server.data, server, "production")
    held = production.archived()

    # While it runs nothing is touched.
    run = runs.run(boat, "postgres/restore-pitr", "--set", f"moment={production.moment}", *ARGS,
                   status=3)
    assert "A server runs on" in run.result("restore")["message"]
    assert server.sql("SELECT 1") == "1" and production.archived() == held
    assert os.listdir(os.path.dirname(server.data)).count("data") == 1

    server.stop()
    run = go(boat, server, production.moment)
    assert c.labels(server) == {"before", "good", "last"}
    assert timeline(server) == 2
    # The recovery took until production was up, not until the sandbox was.
    events = [(r["event"], r.get("step")) for r in run.records()]
    assert events.index(("step.result", "go-live")) < events.index(("run.recovered", None))
    # What was there is there, its timeline too, and the archive lost nothing.
    kept = f"{server.data}.before-{run.id}"
    assert kept in run.output("old").decode() and kept in run.output("restore").decode()
    assert "2" not in server.run("pg_controldata", kept).stdout.split("TimeLineID:")[1].split()[0]
    now = production.archived()
    assert {name: now.get(name) for name in held} == held
    assert "00000002.history" in now
    assert re.search(r"has 00000002\.history and (00000002\w{16})\.",
                     run.output("archives").decode()).group(1) in now
    # The server is its own master again: ALTER SYSTEM's settings, none of the recovery's.
    with open(os.path.join(server.data, "postgresql.auto.conf"), encoding="utf-8") as f:
        conf = f.read()
    assert "archive_mode = 'on'" in conf and "recovery_target" not in conf
    assert not os.path.exists(os.path.join(server.data, "lifeboat_wal"))
    server.restart()
    for name, value in ALTERED.items():
        assert server.sql(f"SHOW {name}") == value

    # The next accident, on the new timeline.
    c.commit("on-two")
    production.drop("record")
    server.stop()
    run = go(boat, server, f"xid:{production.dropped}")
    assert run.result("arrived")["value"].split(" on ")[1].startswith("timeline 2,")
    assert c.labels(server) == {"before", "good", "last", "on-two"}
    assert timeline(server) == 3
    server.stop()
    held = production.archived()
    run = go(boat, server, production.moment, "--set", "timeline=1")
    assert c.labels(server) == {"before", "good", "last"}
    assert timeline(server) == 4
    now = production.archived()
    assert {name: now.get(name) for name in held} == held and "00000004.history" in now
    c.base_backup("after")
    windows = wal_cluster.window(boat)["windows"]
    assert {w["timeline"] for w in windows} == {1, 2, 3, 4}


def step_of(going):
    """The process of the step that runs; the sandbox's server, which outlives it, is none."""
    for pid in runs.pids():
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == going.runner() and runs.cmdline(pid)[1:2] == ["__step"]:
            return pid
    raise AssertionError("no step runs")


def test_a_copy_with_wal_from_s3_and_a_runner_that_is_killed(boat, production, s3):
    """In the middle of the restore; the run goes on, clears what is half, and comes to its end. As
    a drill, in which nothing of it is only told."""
    c = production.cluster
    bucket = s3.client()
    bucket.create_bucket("pitr")
    for name in os.listdir(c.archive):
        if name.startswith("00000001"):
            with open(os.path.join(c.archive, name), "rb") as f:
                bucket.put("pitr", f"wal/{name}", f.read())
    held = production.archived()
    boat.env.update(s3.environment())
    # A copy of production that is there already, with one file of its own.
    data = os.path.join(c.server.subdirectory("copy"), "data")
    os.rename(c.unpack(os.path.join(c.bases, "base"), "copy"), data)
    pathlib.Path(data, "only-in-the-old").touch()
    server = postgres_server.PostgresServer(data=data, start=False)
    c.restores.append(server)
    gate = os.path.join(c.server.subdirectory("gate"), "open")
    wait = f"""DO $$ BEGIN WHILE (pg_stat_file('{gate}', true)).size IS NULL LOOP
               PERFORM pg_sleep(0.02); END LOOP; END $$"""
    half = os.path.join(data, "lifeboat-unfinished-restore")
    with held_proxy.HeldProxy("127.0.0.1", s3.ports["proxy"]) as proxy:
        production.site(boat, data, server, "staging", s3={
            "bucket": "pitr", "prefix": "wal/", "region": "us-east-1",
            "endpoint": f"http://127.0.0.1:{proxy.port}"})
        going = runs.start(boat, "postgres/restore-pitr", "--set", f"moment={production.moment}",
                           "--set", f"query={wait}", "--drill", *ARGS)
        # The sandbox is there, nothing is restored yet; then it hangs in the middle of that.
        going.wait_event("step.intent", "look", 120)
        proxy.hold(lambda request: request.startswith(b"GET /pitr/wal/") and os.path.exists(half))
        pathlib.Path(gate).touch()
        going.wait_event("step.intent", "restore")
        proxy.wait_held()
        step = step_of(going)
        going.kill_runner()
        going.process.communicate(timeout=60)
        scratch.wait_for(lambda: not runs.alive(step), 60, "the step to end with its runner")
        proxy.release()
        kept = f"{data}.before-{going.id}"
        assert os.path.exists(half) and os.path.exists(os.path.join(kept, "only-in-the-old"))

        again = boat.popen("resume", going.id, "--unattended", *CONFIRMED, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        going.process = again
        restored(going)
        server.start(wait=False)
        out, _ = again.communicate(timeout=180)
    assert again.returncode == 0, out
    assert going.finished()["outcome"] == "done"
    going.verify()
    assert not os.path.exists(half) and not os.path.exists(os.path.join(data, "only-in-the-old"))
    assert os.path.exists(os.path.join(kept, "only-in-the-old"))
    assert re.search(r"WAL: 0 segments linked, [1-9]\d* copied",
                     going.output("restore", 2).decode())
    assert c.labels(server) == {"before", "good", "last"}
    # It is no production: it takes writes, and archives nothing, even when it is started anew.
    assert timeline(server) == 2
    server.restart()
    assert server.sql("SHOW archive_mode") == "off"
    assert production.archived() == held
