"""Attended runs, line by line at a pseudo-terminal: what is asked, what counts as an answer, and
what becomes of a run when its people go away."""
import json
import os
import signal
import time

import pytest

import runs
import scratch
from dialogue import Dialogue
from runs import command, script


def write(id, *argv, **fields):
    return {**command(id, *argv, **fields), "effect": "write"}


def talk(boat, *steps, args=(), env=None, **fields):
    return Dialogue(boat, "run", runs.book(boat, list(steps), **fields), "--plain", *args, env=env)


CONFIRM = dict(confirm={"type": "prod-db"})


# ---- questions and answers ------------------------------------------------------------------

def test_go(boat):
    with talk(boat, write("a", "touch", os.path.join(boat.dir, "made"), title="Make it")) as d:
        d.expect("? Make it\n")
        d.expect(f"  | touch {boat.dir}/made\n")
        d.expect("  answers: go skip stop")
        assert not os.path.exists(os.path.join(boat.dir, "made"))
        d.answer("go")
        assert d.end() == 0
    assert os.path.exists(os.path.join(boat.dir, "made"))
    run = runs.only(boat)
    assert run.last("ask.answered", "a")["data"]["choice"] == "go"
    assert run.events("a")[0] == "ask.opened"
    run.verify()


def test_reading_steps_are_not_asked_about(boat):
    with talk(boat, command("a", "true")) as d:
        assert d.end() == 0
    assert runs.only(boat).find("ask.opened") == []


def test_confirm_by_typing_the_name(boat):
    with talk(boat, write("a", "true", **CONFIRM)) as d:
        d.expect("  to confirm, type: confirm prod-db")
        for wrong in ("confirm", "confirm prod", "confirm PROD-DB", "confirm prod-db2",
                      "confirm prod-db extra"):
            d.answer(wrong)
            d.expect("is not what must be typed for a.")
            d.expect("! Type exactly: prod-db")
        for wrong in ("yes", "y", "go", "ok", "retry"):
            d.answer(wrong)
            d.expect(f'! "{wrong}" is no answer to this question.')
        assert runs.only(boat).find("step.intent") == []
        d.answer("confirm prod-db")
        assert d.end() == 0


def test_enter_does_nothing(boat):
    with talk(boat, write("a", "true", **CONFIRM)) as d:
        for _ in range(5):
            d.answer("")
        d.answer("   ")
        d.answer("confirm prod-db")
        assert d.end() == 0
    run = runs.only(boat)
    assert len(run.find("ask.answered")) == 1


def test_type_ahead_is_thrown_away(boat):
    """What was typed before the question was there answers something else."""
    with talk(boat, script("a", "echo ready; sleep 1"), write("b", "true", **CONFIRM)) as d:
        d.expect("      > ready")
        for _ in range(3):
            d.say("confirm prod-db")
        d.expect("to confirm, type: confirm prod-db")
        d.expect("\n> ")
        time.sleep(0.5)                     # the time in which it would have been taken
        run = runs.only(boat)
        assert run.find("ask.answered") == [] and run.find("step.intent", "b") == []
        d.say("confirm prod-db")
        assert d.end() == 0


def test_what_is_shown_before_it_is_agreed_to(boat):
    boat.write("site.yaml", json.dumps({
        "site": "s", "locations": {"l": {"directory": boat.dir}},
        "assets": {"db": {"sets": {"d": {"type": "pg_dump", "location": "l", "path": "d/",
                                         "rpo": "1d"}}}},
        "targets": {"prod": {"directory": boat.dir, "environment": "production"}}}))
    with talk(boat, write("a", "rm", "-rf", "a b", "{{t.directory}}/x", irreversible="All of {{t.name}} goes.",
                          **CONFIRM), parameters={"t": {"type": "target", "default": "prod"}}) as d:
        d.expect(f"  | rm -rf 'a b' {boat.dir}/x\n")
        d.expect("  PRODUCTION\n")
        d.expect("  IRREVERSIBLE: All of prod goes.\n")
        d.answer("stop")
        assert d.end() == 4


def test_skip_wants_a_reason(boat):
    with talk(boat, write("a", "false"), command("b", "true")) as d:
        d.answer("skip")
        d.expect("! Skipping a step needs a reason.")
        d.answer("skip    ")
        d.expect("! Skipping a step needs a reason.")
        d.answer("skip it was done yesterday")
        assert d.end() == 0
    skipped = runs.only(boat).last("step.skipped", "a")
    assert skipped["data"]["reason"] == "it was done yesterday"
    assert skipped["actor"].split("@")[0] == os.environ.get("USER", "root") or skipped["actor"]


def test_skip_forbidden(boat):
    with talk(boat, write("a", "true", skip="forbid")) as d:
        d.expect("  answers: go stop")
        d.answer("skip because")
        d.expect('! "skip" is no answer to this question.')
        d.answer("go")
        assert d.end() == 0


def test_failure_retry_by_hand_and_skip(boat):
    flag = os.path.join(boat.dir, "flag")
    with talk(boat, script("a", f"test -e {flag}"), script("b", "exit 7"), script("c", "exit 8")) as d:
        d.expect("a: failed")
        d.expect("? command ended with exit status 1.")
        d.expect("  answers: retry by-hand skip stop")
        d.answer("retry")
        d.expect("a: failed")
        open(flag, "w", encoding="ascii").close()
        d.answer("retry")
        d.expect("a: ok")
        d.expect("b: failed")
        d.answer("by-hand")
        d.expect("! Say what was done by hand.")
        d.answer("by-hand restored it from tape 7")
        d.expect("b: done by hand (")
        d.expect("restored it from tape 7)")
        d.expect("c: failed")
        d.answer("skip not needed today")
        assert d.end() == 0
    run = runs.only(boat)
    assert run.last("step.by_hand", "b")["data"]["reason"] == "restored it from tape 7"
    assert len(run.find("step.intent", "a")) == 3
    assert run.finished()["outcome"] == "done"


def test_failure_stop(boat):
    with talk(boat, command("a", "false"), command("b", "true")) as d:
        d.expect("a: failed")
        d.answer("stop")
        assert d.end() == 4
    assert runs.only(boat).finished()["outcome"] == "stopped"


def test_retry_of_what_destroys_is_granted_anew(boat):
    with talk(boat, write("a", "false", **CONFIRM)) as d:
        d.answer("confirm prod-db")
        d.expect("a: failed")
        d.answer("retry")
        d.expect("to confirm, type: confirm prod-db")
        d.answer("confirm prod-db")
        d.expect("a: failed")
        d.answer("stop")
        assert d.end() == 4
    assert len(runs.only(boat).find("ask.answered", "a")) == 4


def test_manual(boat):
    manual = {"id": "m", "kind": "manual", "title": "Stop writes", "instruction": "Stop them all."}
    with talk(boat, manual, {**manual, "id": "n", "ask": "How many rows?", "capture": "rows"},
              command("e", "echo", "{{rows}}")) as d:
        d.expect("? Stop writes\n  | Stop them all.\n")
        d.expect("  answers: done failed skip stop")
        d.answer("done")
        d.expect("To be written down: How many rows?")
        d.answer("done")
        d.expect("! Write down what the step asks for.")
        d.answer("done 42 rows")
        d.expect("      > 42 rows")
        assert d.end() == 0


def test_manual_failed(boat):
    manual = {"id": "m", "kind": "manual", "title": "T", "instruction": "I"}
    with talk(boat, manual) as d:
        d.answer("failed the switch is stuck")
        d.expect("says that it failed: the switch is stuck")
        d.answer("retry")
        d.answer("done")
        assert d.end() == 0


def test_choose(boat):
    choose = {"id": "c", "kind": "choose", "question": "Which?", "options": ["one", "two words"],
              "capture": "w"}
    with talk(boat, choose, command("e", "echo", "<{{w}}>")) as d:
        d.expect("  - one\n  - two words\n")
        d.answer("choose three")
        d.expect('! "three" is none of the options.')
        d.answer("choose")
        d.expect("is none of the options.")
        d.answer("choose two words")
        d.expect("      > <two words>")
        assert d.end() == 0


def test_runbook_changed(boat):
    """F50: the operator decides once for each change, not once for each step."""
    path = os.path.join(boat.dir, "book.yaml")
    with talk(boat, script("a", f"echo '#' >> {path}"), command("b", "true"), command("c", "true"),
              script("d", f"echo '#' >> {path}"), command("e", "true")) as d:
        d.expect(f"? The runbook {path} was changed since this run began.")
        d.expect("  answers: continue stop")
        d.answer("continue")
        d.expect("was changed since this run began.")
        d.answer("stop")
        assert d.end() == 4
    run = runs.only(boat)
    assert [r["step"] for r in run.find("ask.opened")] == ["b", "e"]
    assert run.result("d")["outcome"] == "ok" and run.find("step.intent", "e") == []


def test_drill_says_so(boat):
    with talk(boat, {"id": "m", "kind": "manual", "title": "T", "instruction": "I"},
              args=["--drill"]) as d:
        d.expect("  DRILL\n")
        d.answer("done")
        assert d.end() == 0


def test_jsonl_on_a_terminal_asks_nothing(boat):
    with talk(boat, write("a", "true"), args=["--format", "jsonl"]) as d:
        d.expect('"event":"ask.opened"')
        with Dialogue(boat, "attach", "--plain") as other:
            other.answer("go")
            assert other.end() == 0
        assert d.end() == 0
    for line in d.text.splitlines():
        json.loads(line)


# ---- the terminal goes ----------------------------------------------------------------------

def test_f46_hang_up_in_mid_step(boat):
    """The run goes on; attach shows its true state and drives it on."""
    with talk(boat, script("a", "echo one; sleep 1; echo two"), write("b", "true")) as d:
        d.expect("      > one")
        run = runs.only(boat)
        assert runs.terminal_of(d.pid) != 0 and runs.terminal_of(run.runner()) == 0
        before = time.monotonic()
        d.hang_up()
        assert d.wait(5) is not None and time.monotonic() - before < 1
    assert run.runner() is not None
    run.wait_event("step.result", "a")
    assert run.result("a")["outcome"] == "ok" and run.output("a") == b"one\ntwo\n"
    run.wait_event("ask.opened", "b")
    with Dialogue(boat, "attach", "--plain") as d:
        d.expect(" 1/2 a: ok")
        d.expect("? Step b")
        d.answer("go")
        assert d.end() == 0
    assert run.wait_finished()["outcome"] == "done"


@pytest.mark.parametrize("sig", [signal.SIGHUP, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_f46_the_client_dies(boat, sig):
    with talk(boat, script("a", "echo one; sleep 1; echo two"), command("b", "echo", "end")) as d:
        d.expect("      > one")
        os.kill(d.pid, sig)
        status = d.end(5)
        assert status == (2 if sig in (signal.SIGTERM, signal.SIGINT) else -sig)
    run = runs.only(boat)
    assert run.wait_finished()["outcome"] == "done"
    assert run.result("a")["outcome"] == "ok" and run.output("b") == b"end\n"


def test_f46_on_hangup_stop(boat):
    with talk(boat, script("a", "echo one; sleep 60", on_hangup="stop")) as d:
        d.expect("      > one")
        d.hang_up()
        d.wait(5)
    run = runs.only(boat)
    run.wait_event("ask.opened", "a")
    assert run.result("a")["code"] == "stopped" and run.find("step.interrupted", "a")
    with Dialogue(boat, "attach", "--plain") as d:
        d.expect("? It was interrupted.")
        d.answer("stop")
        assert d.end() == 4


def test_on_hangup_stop_is_not_for_leaving(boat):
    """Who says good-bye leaves the run as it is."""
    with talk(boat, script("a", "echo one; sleep 1", on_hangup="stop")) as d:
        d.expect("      > one")
        d.send(b"\x03")
        assert d.end() == 2
        assert "The run goes on. Watch it: lifeboat attach" in d.text
    assert runs.only(boat).wait_finished()["outcome"] == "done"


def test_on_hangup_stop_while_another_operator_is_there(boat):
    with talk(boat, script("a", "echo one; sleep 2", on_hangup="stop")) as d:
        d.expect("      > one")
        with Dialogue(boat, "attach", "--plain") as other:
            other.expect("a: running")
            d.hang_up()
            assert other.end() == 0
    assert runs.only(boat).result("a")["outcome"] == "ok"


def test_f47_hangup_ignored_is_no_spin(boat):
    """nohup and a terminal that is gone: it leaves instead of reading for ever."""
    with Dialogue(boat, "attach", "--plain") as nothing:
        assert nothing.end() == 2            # there is no run
    book = runs.book(boat, [write("a", "true")])
    with Dialogue(boat, "run", book, "--plain", wrap="trap '' HUP") as d:
        d.expect("\n> ")
        before = time.monotonic()
        d.hang_up()
        assert d.wait(5) is not None and time.monotonic() - before < 2
    run = runs.only(boat)
    assert run.runner() is not None
    boat.run("stop", status=0)


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_leaving_is_not_success(boat, key):
    """Ctrl-C and Ctrl-D leave the run; how it ends is not known here."""
    with talk(boat, write("a", "true")) as d:
        d.expect("\n> ")
        d.send(key)
        assert d.end() == 2
    run = runs.only(boat)
    assert run.runner() is not None
    assert boat.run("runs", status=0).out.split()[1] == "waiting"
    boat.run("stop", status=0)
    assert run.wait_finished()["exit"] == 4


# ---- several people -------------------------------------------------------------------------

def test_f51_two_answers_to_one_question(boat):
    log = os.path.join(boat.dir, "witness")
    with talk(boat, write("a", *runs.append(log, "a")), write("b", "true")) as one, \
            Dialogue(boat, "attach", "--plain", one.expect("\n> ") and "last") as two:
        two.expect("\n> ")
        one.say("go")
        two.say("go")
        one.expect("? Step b")
        two.expect("? Step b")
        both = one.text + two.text
        assert runs.witness(log) == ["a"]
        run = runs.only(boat)
        assert len(run.find("ask.answered", "a")) == 1 and len(run.find("step.intent", "a")) == 1
        # Whoever was slower is told, unless the answer came when the next question stood already.
        assert "That question has been answered or is no longer open." in both \
            or "somebody was faster" in both or both.count("go\n") == 2
        one.answer("stop")
        assert one.end() == 4
        assert two.end() == 4


def test_f51_the_slower_one_is_told(boat):
    """Answers to a question that is gone, straight over the socket."""
    import socket
    with talk(boat, write("a", "sleep", "1")) as d:
        d.expect("\n> ")
        run = runs.only(boat)
        ask = run.last("ask.opened")["data"]["ask"]
        s = socket.socket(socket.AF_UNIX)
        run.connect(s)
        f = s.makefile("rw", encoding="utf-8")
        f.write('{"op":"hello","protocol":1,"role":"operator"}\n')
        for _ in range(2):
            f.write(json.dumps({"op": "answer", "ask": ask, "choice": "go", "text": ""}) + "\n")
        f.flush()
        frames = []
        while not any(x["op"] == "error" for x in frames):
            frames.append(json.loads(f.readline()))
        refusal = frames[-1]
        assert refusal["re"] == "answer" and refusal["code"] == "refused"
        assert refusal["message"] == "That question has been answered or is no longer open."
        assert refusal["hint"] == "Look at the run again; somebody was faster."
        s.close()
        assert d.end() == 0
    assert len(run.find("step.intent", "a")) == 1


def test_observer_watches(boat):
    with talk(boat, write("a", "true")) as d, \
            Dialogue(boat, "attach", "--plain", d.expect("\n> ") and "last", "--observe") as o:
        run = runs.only(boat)
        scratch.wait_for(lambda: len(run.find("client.attached")) == 2, 10, "both clients")
        assert run.find("client.attached")[1]["data"]["role"] == "observer"
        o.say("go")
        o.say("stop")
        time.sleep(0.3)
        assert run.find("ask.answered") == []
        d.say("go")
        assert d.end() == 0
        assert o.end() == 0
        o.expect("a: ok")


def test_the_protocol_refuses(boat):
    """Frames that are none, versions that are not ours, orders before the greeting."""
    import socket
    with talk(boat, write("a", "true")) as d:
        d.expect("\n> ")
        run = runs.only(boat)

        def speak(*lines, role=None):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(10)
            run.connect(s)
            if role:
                s.sendall(b'{"op":"hello","protocol":1,"role":"%s"}\n' % role)
            data = b""
            try:
                for line in lines:
                    s.sendall(line)
                s.shutdown(socket.SHUT_WR)
                while chunk := s.recv(65536):
                    data += chunk
            except ConnectionError:
                pass                    # hung up on in mid-sentence
            s.close()
            return data
        assert speak(b'{"op":"stop"}\n') == b""
        assert speak(b"rubbish\n") == b""
        assert speak(b"GET / HTTP/1.1\r\n\r\n") == b""
        assert speak(b"x" * 200_000) == b""
        assert b"speaks protocol 1" in speak(b'{"op":"hello","protocol":2,"role":"operator"}\n')
        assert speak(b'{"op":"hello","protocol":1}\n', role=b"operator").count(b"hello") == 1
        answer = speak(b'{"op":"stop"}\n', role=b"observer")
        assert b"You watch this run" in answer and b'"code":"read-only"' in answer
        assert b'There is no operation' in speak(b'{"op":"launch"}\n', role=b"operator")
        assert b"A note has 1 to 4000 bytes" in speak(
            b'{"op":"note","text":"%s"}\n' % (b"x" * 5000), role=b"operator")
        assert b'"op":"ok","re":"note"' in speak(b'{"op":"note","text":"hello"}\n', role=b"observer")
        assert b"is no answer" in speak(
            b'{"op":"answer","ask":%d,"choice":"nope"}\n' % run.last("ask.opened")["data"]["ask"],
            role=b"operator")
        assert b"no longer open" in speak(b'{"op":"answer","ask":1,"choice":"go"}\n',
                                          role=b"operator")
        assert b"no longer open" in speak(b'{"op":"answer"}\n', role=b"operator")
        assert run.runner() is not None and run.find("ask.answered") == []
        d.expect("note: hello")
        d.say("go")
        assert d.end() == 0
    assert run.last("run.note")["data"]["text"] == "hello"


def test_many_silent_connections(boat):
    """Those who connect and say nothing do not keep the operator out, nor the run from going on."""
    import socket
    with talk(boat, write("a", "true")) as d:
        d.expect("\n> ")
        run = runs.only(boat)
        crowd = []
        for _ in range(200):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            try:
                run.connect(s)
            except BlockingIOError:
                pass
            crowd.append(s)
        d.say("go")
        assert d.end() == 0
        for s in crowd:
            s.close()


def test_pause_and_continue(boat):
    import socket
    with talk(boat, script("a", "echo one; sleep 1"), command("b", "true")) as d:
        d.expect("      > one")
        run = runs.only(boat)
        s = socket.socket(socket.AF_UNIX)
        run.connect(s)
        s.sendall(b'{"op":"hello","protocol":1,"role":"operator"}\n{"op":"pause"}\n')
        run.wait_event("run.paused")
        run.wait_event("step.result", "a")
        time.sleep(0.3)
        assert run.find("step.intent", "b") == []
        assert boat.run("runs", status=0).out.split()[1] == "paused"
        s.sendall(b'{"op":"continue"}\n')
        assert d.end() == 0
        s.close()


def test_slow_observer_costs_nothing(boat):
    """A client that reads nothing: the run is as fast as without it."""
    import socket
    with talk(boat, script("a", "head -c 200000000 /dev/zero | tr '\\0' 'x' | fold -w 99 | head -c "
                                "100000000; sleep 0.2"), args=["--format", "jsonl"]) as d:
        d.expect('"step.intent"')
        run = runs.only(boat)
        clients = []
        for _ in range(20):
            s = socket.socket(socket.AF_UNIX)
            run.connect(s)
            s.sendall(b'{"op":"hello","protocol":1,"role":"observer"}\n')
            clients.append(s)
        assert d.end(60) == 0
    assert run.result("a")["output_bytes"] == 100_000_000


def test_f35_a_flood_is_shown_as_far_as_it_can_be(boat):
    """A step that prints faster than the terminal takes it: what is typed is heard all the same."""
    flag = os.path.join(boat.dir, "enough")
    flood = f"while [ ! -e {flag} ]; do head -c 5000000 /dev/zero | tr '\\0' x | fold -w 99; done"
    with talk(boat, script("a", flood)) as d:
        d.expect("      > x")
        run, typed, skipped, tail = runs.only(boat), False, False, b""
        deadline = time.monotonic() + 30
        while not (run.find("run.note") and skipped) and time.monotonic() < deadline:
            tail = tail[-4096:] + os.read(d.fd, 65536)
            skipped = skipped or b" bytes are not shown here; they are in " in tail
            if not typed and os.path.getsize(os.path.join(run.dir, "output", "a.1.out")) > 20_000_000:
                d.say("note it goes on")
                typed = True
        with open(flag, "w", encoding="ascii"):
            assert typed and run.find("run.note") and skipped, tail[-200:]
        d.expect("1/1 a: ok")
        assert d.end() == 0


# ---- what reaches the terminal --------------------------------------------------------------

EVIL = ("\x1b[2J\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\x1b[6n\x1bP$qm\x1b\\\x0e\x0f\r\b\x7f"
        "\x9b31m\u202e\u200b\u2066end")
PLAIN = {0x0A}


def assert_harmless(data):
    """Nothing but text: no control of C0 or C1, nothing that hides or turns text around."""
    text = data.decode("utf-8", errors="strict") if isinstance(data, bytes) else data
    text = text.replace("\r\n", "\n")
    for c in text:
        assert c == "\n" or (ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0), ascii(text[:2000])
        assert c not in "\u202e\u202d\u2066\u200b\u200e\ufeff", ascii(text[:2000])


def test_f31_f36_escapes_never_reach_the_terminal(boat):
    blob = os.path.join(boat.dir, "blob")
    with open(blob, "wb") as f:
        f.write(EVIL.encode() + b"\xff\xfe\x9b31m invalid \xc3\n" + bytes(range(256)) + b"\n")
    steps = [
        command("out", "cat", blob, title=f"Title {EVIL}"),
        script("err", f"cat {blob} >&2; exit 3", on_fail="continue"),
        command("missing", f"no-{EVIL}-such", on_fail="continue"),
        command("args", "true", EVIL, why=EVIL, dir=f"/nonexistent/{EVIL}", on_fail="continue"),
        command("cap", "printf", "%s", EVIL, capture="got", expect={"output": "never"},
                on_fail="continue"),
        {"id": "man", "kind": "manual", "title": f"Do {EVIL}", "instruction": EVIL},
        {"id": "cho", "kind": "choose", "title": "C", "question": EVIL, "options": [EVIL, "b"]},
        write("wri", "echo", EVIL, confirm={"type": f"name {EVIL}"}, irreversible=EVIL,
              undo={"instruction": EVIL}),
    ]
    with talk(boat, *steps, args=["--set", f"w={EVIL}"],
              parameters={"w": {"type": "text"}}) as d:
        d.answer(f"done {EVIL}".replace("\x7f", "").replace("\b", "").replace("\r", "")
                 .replace("\x0e", "").replace("\x0f", "").replace("\x1b", "").replace("\x07", ""))
        d.expect("C\n")
        with Dialogue(boat, "attach", "--plain") as second:
            second.expect("? C")
            d.answer("nonsense")
            d.expect("is no answer")
            d.answer("choose b")
            d.expect("to confirm, type: confirm name ")
            d.answer("stop")
            assert d.end() == 4
            second.end()
    # What we typed is echoed by the terminal itself: leave those lines out.
    shown = b"\n".join(line for line in d.raw.replace(b"\r\n", b"\n").split(b"\n")
                       if not line.startswith(b"> "))
    assert_harmless(shown)
    assert_harmless(second.raw)
    assert b"\\x1b[2J" in shown and b"\\u202e" in shown and b"\\xff" in shown
    run = runs.only(boat)
    for args in (["runs"], ["runs", "--format", "json"], ["attach", run.id],
                 ["attach", run.id, "--format", "jsonl"], ["audit", "tail", "-n", "100"],
                 ["audit", "tail", "-n", "100", "--format", "jsonl"],
                 ["plan", os.path.join(boat.dir, "book.yaml"), "--set", f"w={EVIL}"],
                 ["plan", os.path.join(boat.dir, "book.yaml"), "--set", f"w={EVIL}", "--format",
                  "json"],
                 ["lint", os.path.join(boat.dir, "book.yaml")], ["runbooks"],
                 ["stop", run.id], ["resume", EVIL.replace("\0", "")],
                 ["run", EVIL], ["plan", EVIL], ["plan", "book.yaml", "--set", EVIL],
                 ["run", "book.yaml", "--unattended", "--set", f"{EVIL}=x"],
                 ["run", "book.yaml", "--unattended", "--set", "w=x", "--confirm", f"man={EVIL}",
                  "--confirm", f"cho={EVIL}"]):
        done = boat.run(*args)
        assert_harmless(done.out)
        assert_harmless(done.err)
    # On disk, the output is what the step printed, byte by byte.
    with open(blob, "rb") as f:
        assert run.output("out") == f.read()
    # One record is one line, whatever is in it (F36).
    run.verify()


def test_f31_hints_and_findings(boat):
    """What a file is called, and what is written in it, stands in what is said about it."""
    name = "open" + EVIL.replace("\0", "").replace("/", "")
    book = runs.book(boat, [command("a", "true")], name=name, id="b")
    os.chmod(book, 0o666)
    done = boat.run("run", book, "--unattended", status=3)
    assert "\\x1b[2J" in done.err.split("\n  ")[1], done.err
    assert_harmless(done.err)
    book = runs.book(boat, [command("a", "true")], **{f"key{EVIL}": 1})
    done = boat.run("lint", book, status=1)
    assert "Unknown key" in done.out + done.err and "\\x1b[2J" in done.out + done.err
    assert_harmless(done.out + done.err)


def test_f31_unattended_text_and_jsonl(boat):
    steps = [command("a", "printf", "%s\n", EVIL, title=EVIL), command("b", "cat", f"/{EVIL}")]
    # Cut in two where the output is read: neither half is a control by itself.
    split = boat.write("split", "")
    with open(split, "wb") as f:
        f.write(b"x" * 65535 + b"\xc2\x9b31m\n")
    steps.insert(0, command("s", "cat", split))
    for args in (["-v"], ["--format", "jsonl"]):
        run = runs.run(boat, runs.book(boat, steps), *args, status=1)
        assert_harmless(run.done.out)
        assert_harmless(run.done.err)


def test_f32_no_query_is_answered(boat):
    """Device queries in output come to nothing: the terminal has nothing to reply to."""
    queries = "\x1b[c\x1b[6n\x1b[5n\x1b[>c\x1b]10;?\x07\x1bZ\x05"
    with talk(boat, command("a", "printf", "%s\n", queries), write("b", "true")) as d:
        d.expect("\n> ")
        assert d.controls() == b""
        d.say("stop")
        d.end()


# ---- secrets at the terminal ----------------------------------------------------------------

def secret_talk(boat, *sources):
    return talk(boat, script("a", 'echo "${#PW} $PW"', env={"PW": "{{pw}}"}),
                parameters={"pw": {"type": "secret", "from": [*sources, "prompt"]}})


def test_f39_prompt(boat):
    with secret_talk(boat, "env NO_SUCH_VARIABLE") as d:
        d.expect("pw: ")
        d.say("hunter2 hunter2")
        d.expect("      > 15 ")
        assert d.end() == 0
    assert "      > 15 ***\n" in d.text and b"hunter2" not in d.raw
    for root, _, names in os.walk(boat.state):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    assert b"hunter2" not in f.read(), path


def test_f39_a_step_gets_nothing_of_what_is_typed(boat):
    """One that asks for a password finds neither our input nor our terminal; nothing records it."""
    ask = ("echo ready; read -r a || true; { read -r b < /dev/tty; } 2>/dev/null || b=none; "
           'sleep 1; echo "got <$a><$b>"')
    with talk(boat, script("a", ask, timeout="20s")) as d:
        d.expect("      > ready")
        d.say("sesame sesame")
        assert d.end() == 0
    assert runs.only(boat).output("a") == b"ready\ngot <><none>\n"
    for root, _, names in os.walk(boat.state):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    assert b"sesame" not in f.read(), path


def test_prompt_is_not_needed_when_there_is_a_source(boat):
    with talk(boat, script("a", 'echo "${#PW}"', env={"PW": "{{pw}}"}), env={"HAVE": "12345678"},
              parameters={"pw": {"type": "secret", "from": ["env HAVE", "prompt"]}}) as d:
        assert d.end() == 0
    assert runs.only(boat).output("a") == b"8\n"


@pytest.mark.parametrize("key,sig", [(b"\x03", None), (b"\x1c", None), (None, signal.SIGTERM)])
def test_f48_cancelled_prompt_leaves_the_terminal_as_it_was(boat, key, sig):
    import termios
    with secret_talk(boat) as d:
        before = termios.tcgetattr(d.fd)
        d.expect("pw: ")
        scratch.wait_for(lambda: not termios.tcgetattr(d.fd)[3] & termios.ECHO, 5, "no echo")
        if key:
            d.send(b"half a pass" + key)
        else:
            os.kill(d.pid, sig)
        assert d.end() == 4
        assert termios.tcgetattr(d.fd)[3] == before[3]
    assert "The secret pw was not given." in d.text and runs.all_runs(boat) == []


def test_empty_secret_is_none(boat):
    with secret_talk(boat) as d:
        d.expect("pw: ")
        d.say("")
        assert d.end() == 2
    assert 'The secret "pw" was found in none of its sources.' in d.text


# ---- what nobody saw end: its check -----------------------------------------------------------

@pytest.mark.parametrize("check, asks", [
    (["sh", "-c", "test -e mark"], None),           # it was done: the run goes on behind it
    (["false"], "answers: go"),                     # it was not: it is to be granted, and runs again
    (["sh", "-c", "exit 2"], "its check could not tell"),
    (["no-such-program-here"], "answers: retry"),
    (["sh", "-c", "kill -9 $$"], "its check could not tell"),
])
def test_f53_check_of_an_unknown_step(boat, check, asks):
    """The runner dies in mid-step; the step's check finds out what is true, else a person says."""
    mark = os.path.join(boat.dir, "mark")
    check = [word.replace("mark", mark) for word in check]
    with talk(boat, write("a", "sh", "-c", f"echo one >> {mark}; exec sleep 300", check=check),
              command("b", "cat", mark)) as d:
        d.expect("answers: go")
        d.answer("go")
        run = runs.only(boat)
        scratch.wait_for(lambda: os.path.exists(mark), 60, "the step to be under way")
        run.kill_runner()
        assert d.end() == 2
    with Dialogue(boat, "resume", "--plain") as d:
        if asks:
            d.expect(asks)
            d.answer("stop")
        assert d.end() == (4 if asks else 0)
    run = runs.only(boat)
    assert len(run.find("step.check_intent", "a")) == 1 == len(run.find("step.check_result", "a"))
    assert len(run.find("step.intent", "a")) == 1
    with open(mark, encoding="ascii") as f:
        assert f.read() == "one\n"
    outcome = run.last("step.check_result")["data"]["outcome"]
    assert outcome == {None: "done", "answers: go": "not done"}.get(asks, "unclear")
    if not asks:
        assert run.output("b") == b"one\n"
        assert "found out: done" in boat.run("report", run.id, status=0).out
