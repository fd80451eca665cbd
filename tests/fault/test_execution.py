"""FAULTS.md, untrusted text, secrets and execution, from outside: what other files do not have."""
import base64
import hashlib
import json
import os
import shlex
import shutil
import signal
import stat
import subprocess
import urllib.parse

import pytest

import lifeboat
import runs
import scratch
from dialogue import Dialogue
from runs import command, script
from terminal import Terminal

SECRET = "hunt'er2 $pass\"wörd/<&>\nsecond line of it"


def files(directory):
    """Every file below, with its bytes."""
    found = {}
    for root, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(root, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as f:
                    found[path] = f.read()
    return found


# ---- untrusted text -------------------------------------------------------------------------

CONFUSING = "pr\u043ed\u202egnigats\u200b\u2066x\ufeff-db"        # with a Cyrillic o
SEEN = "pr\\u043ed\\u202egnigats\\u200b\\u2066x\\ufeff-db"


def test_f33_confusing_names_in_dialogs(boat):
    """What looks like another name, or like nothing, stands as an escape where it is asked about."""
    book = runs.book(boat, [{**command("a", "true", title="Into {{name}}"), "effect": "write",
                             "confirm": {"type": "{{name}}"}, "irreversible": "All of {{name}}."}],
                     parameters={"name": {"type": "text"}})
    plan = boat.run("plan", book, "--set", "name=" + CONFUSING, status=0).out
    with Dialogue(boat, "run", book, "--plain", "--set", "name=" + CONFUSING) as d:
        d.expect("to confirm, type: confirm ")
        d.answer("confirm prodgnigatsx-db")     # what it looks like is not what it is
        d.expect("is not what must be typed")
        d.answer("stop")
        assert d.end() == 4
    assert f"to confirm, type: confirm {SEEN}\n" in d.text and f"! Type exactly: {SEEN}\n" in d.text
    for text in (plan, d.text, boat.run("report", status=0).out):
        assert "\\u202e" in text
        assert text != plan or f'typed confirmation ("{SEEN}")' in text
        for c in "\u202e\u200b\u2066\ufeff":
            assert c not in text


# ---- secrets --------------------------------------------------------------------------------

PRINTER = r'''
import base64, html, json, os, shlex, sys, time, urllib.parse
secret = os.environ["PW"].encode()
text = secret.decode()
forms = [secret, base64.b64encode(secret), base64.b64encode(b"x" + secret),
         base64.b64encode(b"xy" + secret), base64.urlsafe_b64encode(secret),
         urllib.parse.quote(text).encode(), urllib.parse.quote_plus(text).encode(),
         urllib.parse.quote(text, safe="").encode(), json.dumps(text).encode(),
         json.dumps(text, ensure_ascii=False).encode(), shlex.quote(text).encode(),
         secret.hex().encode(), secret.hex().upper().encode(), html.escape(text).encode(),
         text.replace("'", "''").encode(), *secret.split(b"\n")]
for form in forms:
    os.write(1, b"<" + form + b">\n")
    os.write(2, b"<" + form + b">\n")
for form in forms[:3]:                  # in pieces of one byte
    for i in range(len(form)):
        os.write(1, form[i:i + 1])
        if i % 16 == 0:
            time.sleep(0.002)
    os.write(1, b"\n")
print("the end")
'''


def shapes(secret):
    """What must be nowhere: a part of every form that none of the others shares."""
    raw = secret.encode()
    whole = [raw, base64.b64encode(raw)[:24], base64.b64encode(b"x" + raw)[4:28],
             base64.b64encode(b"xy" + raw)[4:28], urllib.parse.quote(secret).encode(),
             urllib.parse.quote_plus(secret).encode(), json.dumps(secret)[1:-1].encode(),
             shlex.quote(secret)[1:-1].encode(), raw.hex().encode(), raw.hex().upper().encode(),
             secret.replace("'", "''").encode(), b"second line of it", b"hunt'er2"]
    return whole


def test_f37_no_form_of_a_secret_gets_anywhere(boat):
    """Printed in every form and in single bytes: not in files, on screen, in reports or exports."""
    book = runs.book(boat, [
        {**command("a", "/usr/bin/python3", "-c", "import os; exec(os.environ['CODE'])",
                   env={"PW": "{{pw}}", "CODE": "{{code}}"}), "capture": "said"},
        command("b", "echo", "{{said}}"),
        script("c", 'echo "$PW" >&2; exit 3', env={"PW": "{{pw}}"}, on_fail="continue")],
        parameters={"pw": {"type": "secret", "from": ["env TEST_PW"]}, "code": {"type": "text"}})
    run = runs.run(boat, book, "-v", "--set", "code=" + PRINTER, env={"TEST_PW": SECRET}, status=1)
    assert b"the end" in run.output("a") and b"<***>" in run.output("a")
    shown = [run.done.out, run.done.err]
    for args in (["report", run.id], ["report", run.id, "--format", "html"],
                 ["report", run.id, "--format", "json"], ["replay", run.id, "--speed", "1000"],
                 ["replay", run.id, "--format", "asciicast"], ["attach", run.id],
                 ["attach", run.id, "--format", "jsonl"],
                 ["audit", "tail", "-n", "100", "--format", "jsonl"]):
        done = boat.run(*args)
        shown += [done.out, done.err]
    places = {f"command {i}": text.encode(errors="surrogateescape") for i, text in enumerate(shown)}
    places.update(files(boat.state))
    for place, data in places.items():
        for shape in shapes(SECRET):
            assert shape not in data, (place, shape)


def test_f40_nothing_from_which_a_secret_could_be_guessed(boat):
    """No digest of it is kept at all: there is nothing to try a dictionary on."""
    book = runs.book(boat, [script("a", 'test "$PW" = "$PW"', env={"PW": "{{pw}}"})],
                     parameters={"pw": {"type": "secret", "from": ["env TEST_PW"]}})
    first = runs.run(boat, book, env={"TEST_PW": "password123"}, status=0)
    second = runs.run(boat, book, env={"TEST_PW": "password124"}, status=0)
    for name in ("md5", "sha1", "sha256", "sha512"):
        for data in (b"password123", b"password123\n", b'{"PW":"password123"}',
                     b"PW=password123"):
            digest = hashlib.new(name, data).digest()
            for path, content in files(boat.state).items():
                for form in (digest, digest.hex().encode(), base64.b64encode(digest)):
                    assert form not in content, (name, path)
    # and what is recorded of the step does not depend on it
    assert first.last("step.intent", "a")["data"]["params_sha256"] == \
        second.last("step.intent", "a")["data"]["params_sha256"]


# ---- execution ------------------------------------------------------------------------------

HARD = ["; touch {dir}/owned;", "$(touch {dir}/owned)", "`touch {dir}/owned`", "-rf", "--", "",
        " ", "a  b\tc", "new\nline", "*", "?[a-z]*", "'", '"', "\\", "&& true", "| cat", "> x",
        "$HOME", "~", "!!", "#", "%s%n", "\u00e4\u4e2d"]


def test_f41_every_argument_arrives_as_it_is(boat):
    """One item stays one item, from the runbook, from --set and from a capture; no shell reads it."""
    hard = [a.replace("{dir}", boat.dir) for a in HARD]
    show = ["/usr/bin/python3", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))"]
    for argument in hard:
        book = runs.book(boat, [
            {"id": "a", "kind": "command", "effect": "read",
             "run": [*show, argument, "{{w}}", "x{{w}}y"]}],
            parameters={"w": {"type": "text", "optional": True}})
        run = runs.run(boat, book, "--set", "w=" + argument, status=0)
        assert json.loads(run.output("a")) == [argument, argument, f"x{argument}y"]
    assert not os.path.exists(os.path.join(boat.dir, "owned"))
    runs.run(boat, runs.book(boat, [
        {"id": "a", "kind": "command", "effect": "read", "run": [*show, *hard]}]), status=0)


def test_f41_no_splice_into_a_script(boat):
    """A script gets values as environment; the braces of a variable are an error in it."""
    evil = f"x; touch {boat.dir}/owned; $(touch {boat.dir}/owned)"
    parameters = {"w": {"type": "text"}}
    book = runs.book(boat, [script("a", "echo {{w}}")], parameters=parameters)
    run = runs.run(boat, book, "--set", "w=" + evil, status=2)
    assert "Variables are not spliced into a script." in run.done.err and run.dir is None
    book = runs.book(boat, [script("a", 'printf %s "$W"', env={"W": "{{w}}"})], parameters=parameters)
    assert runs.run(boat, book, "--set", "w=" + evil, status=0).output("a") == evil.encode()
    assert not os.path.exists(os.path.join(boat.dir, "owned"))


def test_f50_binary_swapped_under_a_run(boat, tmp_path):
    """Steps are run by the inode that the plan was made with, whatever lies there by now."""
    mine = tmp_path / "bin"
    mine.mkdir()
    program = mine / "lifeboat"
    shutil.copy(lifeboat.binary(), program)
    flag = tmp_path / "owned"
    book = runs.book(boat, [
        command("swap", "sh", "-c", 'printf "#!/bin/sh\\ntouch $2\\n" > "$1.new"; chmod 755 "$1.new"; '
                'mv "$1.new" "$1"', "sh", program, flag),
        command("after", "echo", "still me")])
    done = subprocess.run([program, "run", book, "--unattended"], env=boat.env, cwd=boat.dir,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done
    assert runs.only(boat).output("after") == b"still me\n"
    assert not flag.exists() and program.read_text(encoding="utf-8").startswith("#!")


# ---- read-only ------------------------------------------------------------------------------

def settled(boat):
    """What a run or an approval would change: runs, records, keys, locks, backups."""
    return {path: data for path, data in files(boat.dir).items()
            if "/state/catalog/" not in path and "/san" not in path}


def children(pid):
    found, todo = set(), [pid]
    while todo:
        parent = todo.pop()
        for child in runs.pids():
            try:
                with open(f"/proc/{child}/stat", encoding="utf-8", errors="replace") as f:
                    above = int(f.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if above == parent:
                found.add(child)
                todo.append(child)
    return found


def ended(t):
    return os.waitid(os.P_PID, t.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def play(boat, option, env, screen, keys):
    """Sends keys to one screen until it ends; how many."""
    with Terminal(boat.argv("console", option), env) as t:
        t.read_until_quiet(0.3, 30)
        t.send(bytes([screen]))
        t.read_until_quiet(0.1, 5)
        for sent, key in enumerate(keys):
            if ended(t):
                return sent
            t.send(key)
            t.read_until_quiet(0.005, 2)
        started = {(runs.cmdline(p) or [""])[0] for p in children(t.pid)}
        assert not {s for s in started if os.path.basename(s) in ("sh", "bash", "less", "vi")}
        os.kill(t.pid, signal.SIGHUP)
        assert t.wait(30) is not None
    return len(keys)


@pytest.mark.seconds(240)
@pytest.mark.parametrize("option", ["--read-only", "--kiosk"])
def test_f57_no_key_writes_or_starts_anything(boat, option):
    """Every key there is, pastes and control characters, on every screen."""
    runs.site(boat, files="staging")
    runs.run(boat, runs.book(boat, [command("a", "true")]), status=0)
    log = os.path.join(boat.state, "audit", "audit.log")        # sealed when the run is over
    scratch.wait_for(lambda: b'"event":"audit.sealed"' in files(boat.state)[log], 60, "the seal")
    before = settled(boat)
    keys = [bytes([c]) for c in range(1, 127) if c not in b"\x03\x11\x13\x1a\x1b\x1cqQ"]
    keys += [b"\x1bOP", b"\x1b[A", b"\x1b[B", b"\x1b[5~", b"\x1b[200~run drill/game-day\r\x1b[201~",
             b":run postgres/backup-dump\r", b":!sh\r", b":sh\r"]
    env = {**boat.env, "SHELL": "/bin/sh", "PAGER": "sh", "EDITOR": "sh", "LESSOPEN": "|touch owned"}
    for screen in b"1234567":
        rest = keys
        for _ in range(20):         # some keys leave; then it is opened again, behind them
            rest = rest[max(play(boat, option, env, screen, rest), 1):]
            if not rest:
                break
        assert not rest, (screen, rest)
    assert settled(boat) == before
    assert len(runs.all_runs(boat)) == 1 and not os.path.exists(os.path.join(boat.dir, "owned"))


# ---- drills ---------------------------------------------------------------------------------

def test_f58_every_record_says_drill(boat):
    book = runs.book(boat, [command("a", "true"), command("b", "false", on_fail="continue"),
                            {**command("c", "true"), "drill": "simulate"}])
    run = runs.run(boat, book, "--drill", status=1)
    ours = [r for r in run.records() if r["event"] != "chain.opened"]
    assert len(ours) > 6 and all(r["data"]["drill"] is True for r in ours)
    audit = boat.run("audit", "tail", "-n", "100", "--format", "jsonl", status=0).lines()
    of_run = [r for r in audit if r.get("run") == run.id]
    assert of_run and all(r["data"]["drill"] is True for r in of_run)
    live = runs.run(boat, book, status=1)
    assert not any("drill" in r["data"] for r in live.records() if r["event"] != "run.started")
    assert "DRILL" in boat.run("runs", status=0).out


def test_f58_what_changes_no_target_of_the_drill_is_only_told(boat):
    """Nobody can know what it would change: it could be production."""
    path = os.path.join(boat.dir, "w")
    runs.site(boat, stage="staging")
    os.makedirs(os.path.join(boat.dir, "stage"))
    book = runs.book(boat, [
        {**command("a", *runs.append(path, "without a target")), "effect": "write"},
        {**command("b", *runs.append(path, "{{t.name}}")), "effect": "write"},
        {**command("c", *runs.append(path, "said to")), "effect": "write", "drill": "run"}],
        parameters={"t": {"type": "target"}})
    run = runs.run(boat, book, "--drill", "--set", "t=stage", status=0)
    assert runs.witness(path) == ["stage", "said to"]
    assert run.events("a") == ["step.simulated"]


def test_f58_forbidden_steps_end_the_drill(boat):
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [command("a", *runs.append(path, "a"), drill="forbid")])
    run = runs.run(boat, book, "--drill", status=3)
    assert "forbidden in a drill" in run.done.err + run.done.out and runs.witness(path) == []
    runs.run(boat, book, status=0)


def test_f58_no_default_of_libpq_leads_out(boat):
    """A command that forgets its target finds no server, instead of production's."""
    book = runs.book(boat, [script("a", 'echo "$PGHOST/${PGSERVICE-unset}"')])
    env = {"PGHOST": "prod.example", "PGSERVICE": "prod"}
    assert runs.run(boat, book, "--drill", env=env, status=0).output("a") == b"/nonexistent/unset\n"
    assert runs.run(boat, book, env=env, status=0).output("a") == b"prod.example/prod\n"


def test_f58_a_run_is_a_drill_to_its_end(boat):
    """Also when another runner takes it up, and whatever the plan file then says of targets."""
    runs.site(boat, stage="staging")
    os.makedirs(os.path.join(boat.dir, "stage"))
    book = runs.book(boat, [script("a", "sleep 60"),
                            {**command("b", "true"), "effect": "write"}],
                     parameters={"t": {"type": "target", "optional": True}})
    run = runs.start(boat, book, "--drill", "--set", "t=stage")
    run.wait_event("step.intent", "a")
    run.kill_runner()
    run.process.communicate(timeout=60)
    plan = os.path.join(run.dir, "plan.json")
    with open(plan, encoding="utf-8") as f:
        text = f.read()
    boat.write(plan, text.replace('"mode": "drill"', '"mode": "live"'))
    assert "began as a drill one" in boat.run("resume", run.id, "--unattended").err
    boat.write(plan, text)
    with Dialogue(boat, "resume", run.id, "--plain") as d:
        d.answer("by-hand looked")
        d.end()
    assert run.events("b") == ["step.simulated"]
    assert run.records()[-1]["data"]["drill"] is True
