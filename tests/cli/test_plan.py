"""lint, plan, runbooks: what a run would do, told without doing it; and the files it is told from."""
import hashlib
import json
import os
import subprocess
import time

import pytest

import runs
from runs import command, script

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def site(boat, **more):
    whole = {
        "site": "test", "locations": {"local": {"directory": os.path.join(boat.dir, "backup")}},
        "targets": {
            "prod": {"postgresql": "service=prod", "environment": "production"},
            "stage": {"postgresql": "host=/nonexistent dbname=stage", "environment": "staging"},
            "files": {"directory": "/srv/files", "environment": "staging"}},
        "assets": {"db": {"sets": {"daily": {
            "type": "pg_dump", "location": "local", "path": "app_{time:%Y%m%d_%H%M%S}.dump",
            "rpo": "24h"}}}}, **more}
    os.makedirs(os.path.join(boat.dir, "backup"), exist_ok=True)
    return boat.write("site.yaml", json.dumps(whole))


def dump(boat, name, text="-- PostgreSQL database dump\n", age=0):
    path = boat.write(f"backup/{name}", text)
    when = time.time() - age
    os.utime(path, (when, when))
    return path


def plan(boat, *steps, args=(), status=0, **fields):
    return boat.run("plan", runs.book(boat, list(steps), **fields), *args, status=status)


# ---- plan -----------------------------------------------------------------------------------

def test_text(boat):
    site(boat)
    done = plan(
        boat, command("a", "pg_restore", "--exit-on-error", "-d", "{{t.conninfo}}", "a b", "",
                      effect="destroy", confirm={"type": "{{t.name}}"}, irreversible="All goes.",
                      expect={"exit": 0}, budget="90m", timeout="4h",
                      env={"PGPASSWORD": "{{pw}}", "X": "{{word}}"}),
        {"id": "q", "kind": "sql", "target": "{{t}}", "query": "SELECT {{word}}"},
        script("s", "set -o pipefail\na | b\n", when={"value": "{{word}}", "is": "!= x"}),
        {"id": "m", "kind": "manual", "instruction": "Look at {{t.name}}."},
        command("l", "echo", "{{q.value}} {{run}}"),
        parameters={"t": {"type": "target"}, "word": {"type": "text", "default": "it's"},
                    "pw": {"type": "secret", "from": ["env X", "prompt"]}},
        args=["--set", "t=prod"])
    sha = hashlib.sha256(open(os.path.join(boat.dir, "book.yaml"), "rb").read()).hexdigest()
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    out = done.out
    assert out.startswith(f"book: The book\n  attended, sha256 {sha[:16]}...\n  as: {user}@")
    assert "  t: prod\n  word: it's  (chosen)\n  pw: (secret)\n" in out
    assert ("   1. a  [command, destroy]\n       Step a\n"
            "       | pg_restore --exit-on-error -d service=prod 'a b' ''\n"
            "       env: PGPASSWORD=(secret pw)\n       env: X=it's\n"
            "       where: prod = service=prod (PRODUCTION)\n"
            "       waits for: typed confirmation (\"prod\")\n"
            "       IRREVERSIBLE: All goes.\n       budget: 90m\n") in out
    assert ("   2. q  [sql, read]\n       Step q\n       | SELECT $1\n       | $1 = it's\n"
            "       | on service=prod\n       where: prod = service=prod (PRODUCTION)\n") in out
    assert ("       | /bin/bash -eu -c:\n       | set -o pipefail\n       | a | b\n"
            "       only when: {{word}} is != x\n") in out
    assert "       | Look at prod.\n" in out and "       waits for: a person\n" in out
    assert "       | echo '{{q.value}} {{run}}'\n" in out


def test_json(boat):
    site(boat)
    steps = [command("a", "echo", "-n", "a b; rm -rf $HOME", "{{w}}", effect="write"),
             {"id": "q", "kind": "sql", "target": "{{t}}", "query": "SELECT {{w}}::int + {{w}}"},
             command("l", "echo", "{{a.value}}")]
    j = plan(boat, *steps, args=["--set", "t=stage", "--set", "w=$(id)", "--format", "json"],
             parameters={"t": {"type": "target"}, "w": {"type": "text"}}).json()
    assert j["runbook"] == "book" and j["mode"] == "live" and j["attended"] is True
    assert j["parameters"] == {"t": "stage", "w": "$(id)"}
    a, q, late = j["steps"]
    assert a["params"]["run"] == ["echo", "-n", "a b; rm -rf $HOME", "$(id)"]
    assert a["runs"] == "echo -n 'a b; rm -rf $HOME' '$(id)'"
    assert a["effect"] == "write" and a["waits_for"] == "go-ahead" and a["complete"] is True
    assert q["params"]["query"] == "SELECT $1::int + $2"
    assert q["params"]["query_values"] == ["$(id)", "$(id)"]
    assert q["targets"][0]["name"] == "stage" and q["targets"][0]["environment"] == "staging"
    assert late["complete"] is False and late["params"]["run"] == ["echo", "{{a.value}}"]
    j = plan(boat, *steps, args=["--set", "t=stage", "--set", "w={{x}}", "--format", "json",
                                 "--unattended"],
             parameters={"t": {"type": "target"}, "w": {"type": "text"}}).json()
    assert j["attended"] is False and j["steps"][0]["waits_for"] is None
    assert j["steps"][0]["complete"] is True      # braces in a value are only text


def test_plan_is_what_runs(boat):
    """argv as it was shown reaches the program, item by item."""
    words = ["-n", "", "a b", "it's", '"q"', "$(id)", "`id`", "*", "~", "a;b|c&d", "\\", "\t",
             "ünï", "--", "{x}", "é\u202e"]
    steps = [command("a", "/usr/bin/python3", "-c", "import sys, json; print(json.dumps(sys.argv[1:]))",
                     *words, "{{w}}")]
    fields = dict(parameters={"w": {"type": "text"}})
    j = plan(boat, *steps, args=["--set", "w=x y;z", "--format", "json"], **fields).json()
    shown = j["steps"][0]["params"]["run"][3:]
    run = runs.run(boat, runs.book(boat, steps, **fields), "--set", "w=x y;z", status=0)
    assert json.loads(run.output("a")) == shown == [*words, "x y;z"]
    # And as text it can be pasted into a shell.
    text = j["steps"][0]["runs"]
    again = subprocess.run(["/bin/bash", "-c", text], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout) == shown


@pytest.mark.parametrize("args,says,hint", [
    ([], "The parameter backup (backup) is not given.", "lifeboat backups db/daily"),
    (["--set", "target=prod"], "The parameter count (int) is not given.", "--set count=int"),
    (["--set", "taget=prod"], 'has no parameter "taget".', "Did you mean target?"),
    (["--set", "target=prd"], 'There is no target "prd".', "one of: prod, stage"),
    (["--set", "target=files"], "it is not of kind postgresql", "one of: prod, stage"),
    (["--set", "target"], '--set takes NAME=VALUE, not "target".', ""),
    (["--set", "target=prod", "--set", "count=many"], "must be a whole number", ""),
    (["--set", "target=prod", "--set", "count=11"], "must be from 1 to 10", ""),
])
def test_wrong_parameters(boat, args, says, hint):
    site(boat)
    dump(boat, "app_20261120_020000.dump")
    parameters = {"target": {"type": "target", "kind": "postgresql"},
                  "count": {"type": "int", "min": 1, "max": 10}}
    if not args:
        parameters = {"backup": {"type": "backup", "choose": "ask"}}
    done = boat.run("plan", runs.book(boat, [command("a", "true")], parameters=parameters), *args)
    assert done.status in (2, 3), done
    assert says in done.err and hint in done.err, done


def test_f58_drill_refuses_production(boat):
    site(boat)
    parameters = {"t": {"type": "target"}}
    done = plan(boat, command("a", "true"), parameters=parameters, status=3,
                args=["--drill", "--set", "t=prod"])
    assert "The target prod can't be used here: a drill can't touch production." in done.err
    assert "one of: stage, files" in done.err
    out = plan(boat, command("a", "true"), parameters=parameters,
               args=["--drill", "--set", "t=stage"]).out
    assert "  DRILL, attended, sha256" in out
    run = runs.run(boat, os.path.join(boat.dir, "book.yaml"), "--drill", "--set", "t=prod", status=3)
    assert "a drill can't touch production" in run.done.err and runs.all_runs(boat) == []


def test_no_site_file(boat):
    done = plan(boat, command("a", "true"), parameters={"t": {"type": "target"}}, status=2)
    assert "The parameter t needs a site file, and there is none." in done.err
    plan(boat, command("a", "true"), status=0)


def test_backup_choices(boat):
    site(boat)
    old = dump(boat, "app_20261119_020000.dump", age=86400)
    new = dump(boat, "app_20261120_020000.dump")
    use = command("a", "cat", "{{b.path}}")

    def chosen(*args, status=0, **parameter):
        done = plan(boat, use, parameters={"b": {"type": "backup", **parameter}}, status=status,
                    args=[*args, "--format", "json"])
        return done.json()["steps"][0]["params"]["run"][1] if status == 0 else done.err
    assert chosen() == new
    assert chosen("--set", "b=db/daily/app_20261119_020000.dump") == old
    assert chosen("--set", "b=db/daily") == new
    assert chosen("--set", "b=db/daily/latest") == new
    assert chosen("--set", f"b={old}") == old
    assert "There is no set" in chosen("--set", "b=db/nightly", status=2)
    assert "app_1999" in chosen("--set", "b=db/daily/app_1999.dump", status=2)
    assert "--set b=ASSET/SET/NAME" in chosen(choose="newest_proven", status=2)
    os.unlink(old)
    os.unlink(new)
    assert chosen(status=2)


def test_plan_changes_nothing(boat):
    site(boat)
    made = os.path.join(boat.dir, "made")
    plan(boat, {**command("a", "touch", made), "effect": "write"})
    assert not os.path.exists(made) and runs.all_runs(boat) == []
    assert not os.path.exists(os.path.join(boat.state, "audit"))


def test_plan_formats(boat):
    path = runs.book(boat, [command("a", "true")])
    assert "There is no format \"xml\" for plan." in boat.run("plan", path, "--format", "xml",
                                                             status=2).err


def test_runbook_is_json_too(boat):
    path = boat.write("book.json", json.dumps({
        "schema": 1, "id": "b", "title": "t", "steps": [
            {"id": "a", "title": "t", "kind": "command", "effect": "read", "run": ["true"]}]}))
    boat.run("plan", path, status=0)
    runs.run(boat, path, status=0)


# ---- lint -----------------------------------------------------------------------------------

def test_lint_text_and_exit(boat):
    good = runs.book(boat, [command("a", "true")], name="good")
    assert boat.run("lint", good, status=0).out == "0 errors, 0 warnings\n"
    warn = runs.book(boat, [command("a", "pg_dump", "x")], name="warn")
    done = boat.run("lint", warn, status=0)
    assert "warning: pg_dump leaves out roles and tablespaces. [dump-without-globals]" in done.out
    assert done.out.endswith("0 errors, 1 warning\n")
    boat.run("lint", warn, "--strict", status=1)
    bad = boat.write("bad.yaml", "schema: 1\nid: r\ntitle: t\nsteps:\n"
                                 "  - {id: a, title: t, kind: command, runn: [x]}\n")
    done = boat.run("lint", bad, good, status=1)
    assert f"{bad}:5:38: error: Unknown key \"runn\" in a step." in done.out
    assert '    Did you mean "run"?\n' in done.out
    assert f"{bad}:5:5: error: A command step needs exactly one of run and sh." in done.out
    assert done.out.endswith("2 errors, 0 warnings\n")
    done = boat.run("lint", "none.yaml", bad, status=2)
    assert 'There is no runbook "none.yaml".' in done.err and "2 errors" in done.out


def test_lint_json(boat):
    path = runs.book(boat, [script("a", "gzip -t x.gz")])
    found = boat.run("lint", path, "--format", "json", status=1).json()
    assert len(found) == 1
    assert found[0]["file"] == path and found[0]["rule"] == "gzip-is-no-proof"
    assert found[0]["level"] == "error" and found[0]["line"] > 1 and found[0]["hint"]


def test_lint_takes_site_files(boat):
    path = site(boat)
    boat.run("lint", path, status=0)
    assert "error:" in boat.run("lint", site(boat, locations={}), status=1).out


MISTAKES = {
    "recovery-conf": "echo x > recovery.conf",
    "pg-restore-base-backup": "pg_restore -e -d x /b/base.tar.gz",
    "list-is-no-proof": "pg_restore --list x.dump",
    "gzip-is-no-proof": "gzip -t x.gz",
    "pipe-without-pipefail": "pg_dump x | gzip > y; pg_dumpall -g",
    "psql-without-on-error-stop": "psql x < y.sql",
    "pg-restore-ignores-errors": "pg_restore -d x y.dump",
    "lastsave-loop": "while [ $(redis-cli LASTSAVE) = $B ]; do sleep 1; done",
    "velero-describe-is-no-resource": "velero backup describe x -o json",
    "velero-wait-is-no-success": "velero restore create --wait --namespace-mappings a:b",
    "velero-delete-with-kubectl": "kubectl delete backup x",
    "sync-delete": "aws s3 sync --delete /b s3://c",
    "prune-by-age": "find /b -mtime +30 -delete",
    "archive-with-cp": "echo \"archive_command = 'cp %p /a/%f'\"",
    "promote-unseen": "echo recovery_target_action=promote",
    "target-time-zone": "echo \"recovery_target_time = '2026-11-20 14:32:07'\"",
    "neo4j-dump-is-no-tar": "tar -xzf neo4j.dump",
    "exit-status-lies": "pgbackrest verify",
    "newest-by-listing": "set -o pipefail; ls -t /b | head -1",
}


@pytest.mark.parametrize("rule", MISTAKES)
def test_classic_mistakes(boat, rule):
    """Each is found, named, and the better way with it; none of the others is seen in it."""
    path = runs.book(boat, [script("a", MISTAKES[rule])])
    found = boat.run("lint", path, "--format", "json").json()
    assert [f["rule"] for f in found] == [rule]
    assert found[0]["hint"]


def test_shipped_runbooks_are_clean(boat):
    directory = os.path.join(TREE, "runbooks")
    paths = [os.path.join(r, n) for r, _, names in os.walk(directory) for n in names
             if n.endswith(".yaml")]
    for path in paths:
        assert boat.run("lint", path, status=0).out.startswith("0 errors, 0 warnings"), path


# ---- runbooks -------------------------------------------------------------------------------

def test_runbooks(boat):
    share = os.path.join(boat.dir, "share")
    boat.env["LIFEBOAT_SHARE"] = share
    home = os.path.join(boat.dir, ".config/lifeboat")
    runs.book(boat, [command("a", "true")], name="share/runbooks/postgres/one", title="Shipped")
    runs.book(boat, [command("a", "true")], name="share/runbooks/top", title="On top")
    runs.book(boat, [command("a", "true")], name=".config/lifeboat/runbooks/postgres/one",
              title="Mine")
    boat.write("share/runbooks/other/bad.yaml", "no: runbook\n")
    boat.write("share/runbooks/other/short.yml", open(os.path.join(
        share, "runbooks/top.yaml"), encoding="ascii").read())
    boat.write("share/runbooks/other/two..dots.yaml", open(os.path.join(
        share, "runbooks/top.yaml"), encoding="ascii").read())
    boat.write("share/runbooks/other/readme.md", "# no\n")
    boat.write("share/runbooks/.hidden.yaml", "x: y\n")
    boat.write("share/runbooks/runbook.schema.json", "{}")
    out = boat.run("runbooks", status=0).out
    rows = {line.split()[0]: line[29:] for line in out.splitlines()}
    assert rows == {"postgres/one": "Mine", "top": "On top", "other/short": "On top",
                    "other/two..dots": "On top",
                    "other/bad": "NOT USABLE: see `lifeboat lint`"}
    assert list(rows) == sorted(rows)
    found = {r["name"]: r for r in boat.run("runbooks", "--format", "json", status=0).json()}
    assert found["postgres/one"]["usable"] is True and found["postgres/one"]["steps"] == 1
    assert found["postgres/one"]["file"].startswith(home)
    assert found["other/bad"]["usable"] is False and found["other/bad"]["title"] is None
    assert [line.split()[0] for line in boat.run("runbooks", "OTHER/S", status=0).out.splitlines()] \
        == ["other/short"]
    boat.run("plan", "postgres/one", status=0)
    boat.run("plan", "other/short", status=0)
    # A name is one below the directories of runbooks; a path begins with / or a dot.
    assert "There is no runbook" in boat.run("plan", "postgres/../top", status=2).err
    assert "There is no runbook" in boat.run("plan", "../share/runbooks/top", status=2).err
