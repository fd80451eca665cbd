"""lifeboat run --unattended: what comes of each way that a run can go, on screen and on record."""
import hashlib
import json
import os
import resource
import signal
import subprocess
import time

import pytest

import people
import runs
import scratch
from runs import command, script


def go(boat, *steps, args=(), status=None, env=None, timeout=120, **fields):
    return runs.run(boat, runs.book(boat, list(steps), **fields), *args, status=status, env=env,
                    timeout=timeout)


# ---- what is recorded -----------------------------------------------------------------------

def test_records(boat):
    """DESIGN section 6: the fields of a record, the chain, the order of things."""
    run = go(boat, command("a", "echo", "hello"), command("b", "true"), status=0)
    events = [e for e in run.events() if not e.startswith("client.")]
    assert events == ["chain.opened", "run.started", "step.intent", "step.result", "step.intent",
                      "step.result", "run.cleaning", "run.finished"]
    run.verify()
    runs.check_chain(os.path.join(boat.state, "audit", "audit.log"))
    boat.run("audit", "verify", status=0)
    assert [e for e in run.events() if e.startswith("step")] == ["step.intent", "step.result"] * 2
    started = run.last("run.started")["data"]
    assert started["sha256"] == hashlib.sha256(open(started["file"], "rb").read()).hexdigest()
    assert [s["id"] for s in started["steps"]] == ["a", "b"]
    intent = run.last("step.intent", "a")["data"]
    assert intent["describe"] == "echo hello" and intent["attempt"] == 1
    result = run.result("a")
    assert result["outcome"] == "ok" and result["exit"] == 0 and result["output_bytes"] == 6
    assert run.finished()["outcome"] == "done" and run.finished()["exit"] == 0
    assert run.finished()["message"] is None
    # Every intent and every end is in the audit log as well.
    audit = runs.check_chain(os.path.join(boat.state, "audit", "audit.log"))
    # (Behind a run its runner seals the log.)
    events = [r["event"] for r in audit if not r["event"].startswith("audit.")]
    assert events == ["chain.opened", "run.started", "step.intent", "step.result", "step.intent",
                      "step.result", "run.finished"]


def test_jsonl(boat):
    """The stream is the journal, line by line, and nothing else."""
    run = go(boat, command("a", "echo", "x"), args=["--format", "jsonl"], status=0)
    with open(run.journal, encoding="utf-8") as f:
        assert run.done.out == f.read()
    assert run.done.err == ""
    run = go(boat, command("a", "false"), args=["--format", "jsonl"], status=1)
    assert json.loads(run.done.out.splitlines()[-1])["event"] == "run.finished"


def test_text(boat):
    run = go(boat, command("a", "echo", "one two", title="First"), command("b", "false"), status=1)
    assert " 1/2 a: running\n      | echo 'one two'\n" in run.done.out
    assert " 1/2 a: ok (" in run.done.out
    assert " 2/2 b: failed\n      command ended with exit status 1.\n" in run.done.out
    assert f"run {run.id}: failed (" in run.done.out
    assert 'Step "b" failed: command ended with exit status 1.' in run.done.out
    # What steps print is in its file; -v shows it.
    assert "      > one two" not in run.done.out
    run = go(boat, command("a", "echo", "one two"), args=["-v"], status=0)
    assert "      > one two\n" in run.done.out


# ---- exit statuses --------------------------------------------------------------------------

def test_exit_0_done(boat):
    assert go(boat, command("a", "true"), status=0).finished()["outcome"] == "done"


def test_exit_1_step_failed(boat):
    run = go(boat, command("a", "false"), command("b", "true"), status=1)
    assert run.finished()["outcome"] == "failed" and run.events("b") == []


def test_exit_1_ignored_failure(boat):
    run = go(boat, command("a", "false", on_fail="continue"), command("b", "true"), status=1)
    assert run.events("a") == ["step.intent", "step.result", "step.ignored"]
    assert run.result("b")["outcome"] == "ok"
    assert run.finished()["message"] == "Done, but 1 failed step was ignored."


def test_exit_1_rto_missed(boat):
    run = go(boat, command("a", "sleep", "1.1"), command("b", "true"), rto="1s", done_when=["a"],
             status=1)
    assert run.finished()["outcome"] == "done" and run.finished()["rto_met"] is False
    assert "more than the RTO of 1 s" in run.finished()["message"]
    assert run.last("run.recovered")["data"]["rto_s"] == 1


def test_rto_clock_stops_when_recovered(boat):
    run = go(boat, command("a", "true"), command("b", "sleep", "1.2"), rto="1s", done_when=["a"],
             status=0)
    assert run.finished()["rto_met"] is True and run.finished()["recovery_s"] == 0


def test_rto_clock_waits_for_no_step_that_is_not_needed(boat):
    """As soon as that is known; what is needed is waited for, and what a value decides is not known
    before it."""
    for way, last in (("look", "choice"), ("serve", "up")):
        run = go(boat, command("a", "true"), command("choice", "echo", way, capture="way"),
                 command("look", "true"), command("up", "true", when={"value": "{{way}}",
                                                                      "is": "serve"}),
                 command("end", "true"), rto="1h", done_when=["a", "up"], status=0)
        events = [(e["event"], e.get("step")) for e in run.records()]
        at = events.index(("run.recovered", None))
        assert [e for e in events[:at] if e[0] == "step.result"][-1] == ("step.result", last)


def test_exit_2_tool_missing(boat):
    run = go(boat, command("a", "no-such-program-here"), status=2)
    assert run.result("a")["code"] == "tool-missing"
    assert "The program no-such-program-here is not installed." in run.done.out
    assert "Programs are looked for in /usr/local/sbin" in run.done.out


def test_exit_2_tool_of_a_package(boat):
    """Where we know it, the package is named."""
    if os.path.exists("/usr/bin/redis-check-aof") and os.path.exists("/usr/bin/barman"):
        pytest.skip("every program that we know the package of is installed")
    missing, package = (("redis-check-aof", "redis-tools")
                        if not os.path.exists("/usr/bin/redis-check-aof") else ("barman", "barman"))
    assert f"apt-get install {package}" in go(boat, command("a", missing), status=2).done.out


@pytest.mark.parametrize("args", [
    ["run"], ["run", "a", "b"], ["run", "book.yaml", "--what"], ["run", "book.yaml", "--set"],
    ["run", "book.yaml", "--unattended", "--format", "xml"],
    ["run", "book.yaml", "--unattended", "--confirm", "a"],
    ["run", "book.yaml", "--unattended", "--confirm", "zzz=x"],
    ["run", "book.yaml", "--unattended", "--set", "x=1"],
    ["run", "none.yaml", "--unattended"], ["run", "no-such-book", "--unattended"],
    ["run", "book.yaml"]])
def test_exit_2_usage(boat, args):
    runs.book(boat, [command("a", "true")])
    done = boat.run(*args, status=2)
    assert done.err.startswith("lifeboat: ") and done.out == ""
    assert runs.all_runs(boat) == []


def test_exit_2_no_terminal(boat):
    runs.book(boat, [command("a", "true")])
    done = boat.run("run", "book.yaml", status=2)
    assert "There is no terminal to ask anybody." in done.err and "--unattended" in done.err
    done = boat.run("resume", status=2)
    assert "There is no terminal" in done.err


def test_exit_2_nearest_name(boat):
    share = os.path.join(boat.dir, "share")
    boat.env["LIFEBOAT_SHARE"] = share
    runs.book(boat, [command("a", "true")], name="share/runbooks/postgres/restore-dump", id="r")
    done = boat.run("run", "postgres/restore-dmp", "--unattended", status=2)
    assert "Did you mean postgres/restore-dump?" in done.err
    done = boat.run("plan", "restore-dump", status=2)
    assert "Did you mean postgres/restore-dump?" in done.err
    boat.run("plan", "postgres/restore-dump", status=0)
    assert "`lifeboat runbooks` lists them" in boat.run("plan", "zzzzz", status=2).err


def test_exit_3_lock(boat):
    runs.site(boat, t="staging")
    book = runs.book(boat, [{**command("a", "sleep", "30"), "effect": "write",
                             "title": "{{t.name}}"}],
                     parameters={"t": {"type": "target", "default": "t"}})
    first = runs.start(boat, book)
    first.wait_event("step.intent", "a")
    second = runs.run(boat, book, status=3)
    assert f"The target t is in use by run {first.id} (pid {first.runner()})." in second.done.err
    assert f"lifeboat attach {first.id}" in second.done.err
    assert len(runs.all_runs(boat)) == 1      # what could not begin left nothing behind
    # F15: after kill -9 nobody has to clean up anything.
    first.kill_runner()
    first.process.wait(20)
    third = runs.start(boat, book)
    third.wait_event("step.intent", "a")
    boat.run("stop", third.id, status=0)
    assert third.process.wait(30) == 4


def test_reading_takes_no_lock(boat):
    runs.site(boat, t="staging")
    book = runs.book(boat, [{**command("a", "sleep", "30"), "title": "{{t.name}}"}],
                     parameters={"t": {"type": "target", "default": "t"}})
    first = runs.start(boat, book)
    first.wait_event("step.intent", "a")
    second = runs.start(boat, book)
    second.wait_event("step.intent", "a")
    for run in (first, second):
        boat.run("stop", run.id, status=0)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_exit_4_stopped(boat, sig):
    """An interrupt of an unattended run stops it: the step at hand is ended, clean-up runs."""
    run = runs.start(boat, runs.book(boat, [command("a", "sleep", "60"), command("b", "true")]))
    run.wait_event("step.intent", "a")
    run.process.send_signal(sig)
    assert run.process.wait(30) == 4
    assert run.wait_finished()["outcome"] == "stopped"
    assert run.result("a")["code"] == "stopped" and run.events("b") == []
    assert run.find("run.stopping")


def test_exit_4_stop_command(boat):
    run = runs.start(boat, runs.book(boat, [command("a", "sleep", "60")]))
    run.wait_event("step.intent", "a")
    assert boat.run("stop", status=0).out == f"run {run.id}: stopped\n"
    assert run.process.wait(30) == 4
    assert "has no runner: it is not running" in boat.run("stop", run.id, status=2).err


def test_exit_4_runner_terminated(boat):
    """SIGTERM to the runner (a shutdown) stops it in order."""
    run = runs.start(boat, runs.book(boat, [command("a", "sleep", "60")]))
    run.wait_event("step.intent", "a")
    os.kill(run.runner(), signal.SIGTERM)
    assert run.process.wait(30) == 4
    assert run.wait_finished()["message"] == "Stopped by a signal (SIGTERM) to its runner."


def test_f46_hangup_of_the_runner_is_nothing(boat):
    run = runs.start(boat, runs.book(boat, [command("a", "sleep", "0.5")]))
    run.wait_event("step.intent", "a")
    os.kill(run.runner(), signal.SIGHUP)
    os.kill(run.runner(), signal.SIGINT)
    assert run.process.wait(30) == 0


# ---- gates ----------------------------------------------------------------------------------

GATES = [
    ({"id": "g", "kind": "manual", "instruction": "look"}, "waits for a person"),
    ({"id": "g", "kind": "choose", "question": "q", "options": ["x", "y"]}, "waits for a person"),
    (command("g", "true", confirm=True), "must be confirmed"),
    (command("g", "true", confirm={"type": "yes, do it"}), "must be confirmed"),
    (command("g", "true", unattended="refuse"), "does not run unattended"),
]


@pytest.mark.parametrize("gate,why", GATES)
def test_gates_fail_closed_before_anything_starts(boat, gate, why):
    touched = os.path.join(boat.dir, "touched")
    run = go(boat, {**command("a", "touch", touched), "effect": "write"}, gate, status=3)
    assert f'Step "g" {why}, and nobody is there. Nothing was started.' in run.done.err
    assert "--confirm g=TEXT" in run.done.err
    assert not os.path.exists(touched) and runs.all_runs(boat) == []


@pytest.mark.parametrize("gate,answer", [(GATES[0][0], "done it"), (GATES[1][0], "y"),
                                         (GATES[2][0], "ok"), (GATES[3][0], "yes, do it"),
                                         (GATES[4][0], "ok")])
def test_gates_answered_beforehand(boat, gate, answer):
    run = go(boat, gate, command("b", "true"), args=["--confirm", f"g={answer}"], status=0)
    assert run.find("ask.opened", "g") or gate.get("unattended")
    if run.find("ask.opened", "g"):
        assert run.last("ask.answered", "g")["data"]["text"] == answer


@pytest.mark.parametrize("gate,answer,says", [
    (GATES[3][0], "yes", '"yes" is not what step "g" wants typed. Nothing was started.'),
    (GATES[3][0], "", '"" is not what step "g" wants typed.'),
    (GATES[3][0], "yes, do it ", "is not what step"),
    (GATES[1][0], "z", '"z" is none of the options of step "g". Nothing was started.'),
    ({"id": "g", "kind": "manual", "instruction": "i", "ask": "how many?"}, " ",
     "wants something written down. Nothing was started."),
])
def test_gates_answered_wrongly(boat, gate, answer, says):
    run = go(boat, command("a", "true"), gate, args=["--confirm", f"g={answer}"], status=3)
    assert says in run.done.err and runs.all_runs(boat) == []


def test_gate_behind_a_condition(boat):
    """Only a gate that is reached is one; when it is, it fails closed there."""
    gate = {"id": "g", "kind": "manual", "instruction": "look",
            "when": {"value": "{{a.value}}", "is": "yes"}}
    go(boat, command("a", "echo", "no"), gate, status=0)
    run = go(boat, command("a", "echo", "yes"), gate, command("b", "true"), status=3)
    assert run.finished()["outcome"] == "refused" and run.events("b") == []
    assert 'Step "g" waits for a person, and nobody is there.' in run.done.out


def test_confirmation_of_a_value_that_is_not_known_before(boat):
    gate = command("g", "true", confirm={"type": "{{a.value}}"})
    run = go(boat, command("a", "echo", "prod"), gate, args=["--confirm", "g=prod"], status=0)
    run = go(boat, command("a", "echo", "prod"), gate, args=["--confirm", "g=stage"], status=3)
    assert '"stage" is not what must be typed for g.' in run.done.out
    assert run.events("g").count("step.intent") == 0


def test_choose_default_when_unattended(boat):
    choose = {"id": "c", "kind": "choose", "question": "q", "options": ["{{w}}-1", "b"],
              "default": "{{w}}-1", "capture": "picked"}
    steps = [choose, command("e", "echo", "{{picked}}")]
    run = go(boat, *steps, parameters={"w": {"type": "text", "default": "x"}}, status=0)
    assert run.output("e") == b"x-1\n"
    assert run.last("ask.opened")["data"]["options"] == ["x-1", "b"]
    run = go(boat, *steps, parameters={"w": {"type": "text", "default": "x"}},
             args=["--confirm", "c=b"], status=0)
    assert run.output("e") == b"b\n"


def test_unattended_policies(boat):
    run = go(boat, command("a", "true", unattended="skip"), command("b", "true", unattended="run"),
             status=0)
    assert run.events("a") == ["step.skipped"]
    assert run.last("step.skipped")["data"]["reason"] == "unattended: skip"
    assert run.result("b")["outcome"] == "ok"


def test_manual_value_from_confirm(boat):
    run = go(boat, {"id": "m", "kind": "manual", "instruction": "i", "ask": "n?", "capture": "n"},
             command("e", "echo", "{{n}}"), args=["--confirm", "m=42"], status=0)
    assert run.output("e") == b"42\n"


# ---- capture, expect, when, retry, on_fail --------------------------------------------------

def test_capture(boat):
    run = go(boat, command("a", "printf", "x y\\n\\n", capture="got"),
             command("b", "printf", "<%s>", "{{got}}"), command("c", "printf", "<%s>", "{{a.value}}"),
             script("d", 'printf "<%s>" "$V"', env={"V": "{{got}}"}), status=0)
    assert run.result("a")["value"] == "x y"
    assert [run.output(s) for s in "bcd"] == [b"<x y>"] * 3


def test_f41_captured_text_is_one_argument(boat):
    evil = "-n; rm -rf / $(touch /tmp/never) `id` {{a.value}} 'x' \"y\" \\ *"
    run = go(boat, command("a", "cat", boat.write("evil", evil), capture="got"),
             command("b", "/usr/bin/python3", "-c", "import sys; print(ascii(sys.argv[1:]))",
                     "{{got}}", "", "x {{got}}"), status=0)
    assert run.output("b").decode().strip() == ascii([evil, "", "x " + evil])


def test_only_values_that_somebody_needs_are_recorded(boat):
    run = go(boat, command("a", "echo", "private"), command("b", "echo", "kept", capture="k"),
             status=0)
    assert "value" not in run.result("a") and run.result("b")["value"] == "kept"


@pytest.mark.parametrize("what,why", [
    ("head -c 70000 /dev/zero | tr '\\0' x", "it is longer than 64 KiB"),
    ("printf 'a\\0b'", "it is not text (UTF-8)"),
    ("printf '\\377\\376'", "it is not text (UTF-8)"),
    ("head -c 65536 /dev/zero | tr '\\0' '\\1'", "it is longer than 128 KiB in a record")])
def test_values_that_no_record_can_hold(boat, what, why):
    """Compared, handed on or resumed they would be something else: the step fails where they are
    needed, and is fine where they are not."""
    sh = "set -o pipefail; " + what
    run = go(boat, script("a", sh, capture="got"), status=2)
    assert run.result("a")["message"] == f"What it gave can't be captured: {why}."
    run = go(boat, script("a", sh, expect={"output": "~ ."}), status=2)
    assert run.result("a")["message"] == f"What it gave can't be compared: {why}."
    run = go(boat, script("a", sh), command("b", "true", when={"value": "{{a.value}}", "is": "x"}),
             status=2)
    assert run.result("a")["message"] == f"What it gave can't be handed on: {why}."
    go(boat, script("a", sh), status=0)


def test_longest_value(boat):
    run = go(boat, script("a", "head -c 65536 /dev/zero | tr '\\0' x", capture="got"),
             script("b", 'echo "${#V}"', env={"V": "{{got}}"}), status=0)
    assert run.output("b") == b"65536\n"
    run.verify()


@pytest.mark.parametrize("step,good", [
    (command("a", "false", expect={"exit": 1}), True),
    (command("a", "true", expect={"exit": 1}), False),
    (script("a", "kill -9 $$", expect={"exit": 137}), False),
    (command("a", "echo", "5", expect={"output": ">= 5"}), True),
    (command("a", "echo", "4", expect={"output": ">= 5"}), False),
    (command("a", "echo", "all ok", expect={"output": "~ ok$"}), True),
    (command("a", "echo", "not quite", expect={"output": "~ ok$"}), False),
    (command("a", "printf", "", expect={"output": "="}), True),
    (command("a", "echo", "x", expect={"output": "{{w}}"}), True),
    (script("a", "echo 7; exit 2", expect={"exit": 2, "output": "7"}), True),
    (script("a", "echo 8; exit 2", expect={"exit": 2, "output": "7"}), False),
])
def test_expect(boat, step, good):
    run = go(boat, step, parameters={"w": {"type": "text", "default": "x"}},
             status=0 if good else 1)
    assert run.result("a")["outcome"] == ("ok" if good else "failed")
    if not good:
        assert run.result("a")["code"] == "check-failed"


def test_expect_says_what_it_saw(boat):
    run = go(boat, command("a", "echo", "4 rows"), command("b", "echo", "4", expect={"output": "> 4"}),
             status=1)
    assert 'The output is "4", expected > 4.' in run.done.out
    run = go(boat, script("a", "exit 3", expect={"exit": 2}), status=1)
    assert "command ended with exit status 3, expected 2." in run.done.out
    run = go(boat, script("a", "kill -SEGV $$"), status=1)
    assert "command was killed by signal 11 (Segmentation fault)." in run.done.out


def test_when(boat):
    parameters = {"mode": {"type": "text", "default": "full"}}
    steps = [command("a", "true", when={"value": "{{mode}}", "is": "full"}),
             command("b", "true", when={"value": "{{mode}}", "is": "!= full"})]
    run = go(boat, *steps, parameters=parameters, status=0)
    assert run.result("a")["outcome"] == "ok" and run.events("b") == ["step.skipped"]
    assert run.last("step.skipped")["data"]["reason"] == "its condition (when) is not met"
    run = go(boat, *steps, parameters=parameters, args=["--set", "mode=quick"], status=0)
    assert run.events("a") == ["step.skipped"]


def test_when_is_looked_at_before_what_it_guards(boat):
    """A step that is not wanted may speak of values that nobody gave."""
    run = go(boat, command("a", "true", capture="x", when={"value": "{{m}}", "is": "y"}),
             command("b", "echo", "{{x}}", when={"value": "{{m}}", "is": "y"}),
             command("c", "true"), parameters={"m": {"type": "text", "default": "n"}}, status=0)
    assert run.events("b") == ["step.skipped"]
    # One that is wanted fails, and says what it lacks.
    run = go(boat, command("a", "true", capture="x", when={"value": "{{m}}", "is": "y"}),
             command("b", "echo", "{{x}}"), parameters={"m": {"type": "text", "default": "n"}},
             status=2)
    assert "{{x}} is not known: the step that gives it has not run." in run.done.out
    assert run.events("b") == ["step.result"]


def counter(boat, fail_until):
    path = os.path.join(boat.dir, "count")
    return (f'n=$(cat {path} 2>/dev/null || echo 0); n=$((n+1)); echo $n > {path}; echo try $n; '
            f'test $n -ge {fail_until}')


def test_retry(boat):
    run = go(boat, script("a", counter(boat, 3), retry={"times": 3, "delay": "0s"}), status=0)
    assert run.events("a") == ["step.intent", "step.result", "step.retry"] * 2 + [
        "step.intent", "step.result"]
    assert [r["data"]["attempt"] for r in run.find("step.intent", "a")] == [1, 2, 3]
    assert [r["data"]["tries_left"] for r in run.find("step.retry", "a")] == [2, 1]
    assert [run.output("a", n) for n in (1, 2, 3)] == [b"try 1\n", b"try 2\n", b"try 3\n"]


def test_retry_used_up(boat):
    run = go(boat, script("a", counter(boat, 9), retry={"times": 2, "delay": "0s"}), status=1)
    assert len(run.find("step.intent", "a")) == 3
    run = go(boat, script("a", counter(boat, 99), on_fail={"retry": {"times": 1, "delay": "0s"}}),
             status=1)
    assert len(run.find("step.intent", "a")) == 2


def test_retry_waits_its_delay(boat):
    before = time.monotonic()
    go(boat, script("a", counter(boat, 2), retry={"times": 1, "delay": "1s"}), status=0)
    assert time.monotonic() - before >= 1


def test_stop_during_a_retry_delay(boat):
    run = runs.start(boat, runs.book(boat, [command("a", "false",
                                                    retry={"times": 3, "delay": "1h"})]))
    run.wait_event("step.retry", "a")
    boat.run("stop", status=0)
    assert run.process.wait(20) == 4


@pytest.mark.parametrize("on_fail,status", [("ask", 1), ("stop", 1), ("continue", 1)])
def test_on_fail_unattended(boat, on_fail, status):
    run = go(boat, command("a", "false", on_fail=on_fail), command("b", "true"), status=status)
    assert bool(run.events("b")) == (on_fail == "continue")


# ---- time-outs and what steps leave behind --------------------------------------------------

def test_f44_timeout_is_kept_and_recorded(boat):
    run = go(boat, command("a", "sleep", "30", timeout="1s"), status=2)
    assert run.result("a")["code"] == "timeout" and run.result("a")["signal"] == signal.SIGTERM
    assert "It did not end within 1s and was ended by force." in run.done.out


def test_f44_everybody_in_the_group_is_asked_to_end(boat):
    """Not its leader alone: whoever has something to put away is told in time."""
    inner = "trap 'echo inner ends; exit' TERM; echo ready; sleep 30 & wait"
    run = go(boat, script("a", f'trap "sleep 1; exit 3" TERM; bash -c "{inner}" & wait', timeout="1s"),
             status=2)
    assert run.output("a") == b"ready\ninner ends\n" and run.result("a")["code"] == "timeout"


def test_f44_timeout_reaches_the_group(boat):
    run = go(boat, script("a", "sleep 123454 & sleep 123454 & wait", timeout="1s"), status=2)
    assert run.result("a")["code"] == "timeout" and not runs.processes_with("123454")


@pytest.mark.seconds(60)
def test_f45_term_ignored(boat):
    before = time.monotonic()
    run = go(boat, script("a", "trap '' TERM; echo ready; for i in {1..150}; do sleep 0.2; done",
                          timeout="1s"), status=2)
    assert time.monotonic() - before > 10       # it had its time to end in order
    assert run.result("a").get("signal") == signal.SIGKILL and run.output("a") == b"ready\n"


def test_f45_stopped_child(boat):
    """A stopped process gets its TERM only when it goes on."""
    run = go(boat, script("a", "kill -STOP $$", timeout="1s"), status=2)
    assert run.result("a")["code"] == "timeout" and run.result("a")["signal"] == signal.SIGTERM


@pytest.mark.seconds(60)
def test_f45_second_stop_kills_at_once(boat):
    run = runs.start(boat, runs.book(boat, [script(
        "a", "trap '' TERM; echo ready; for i in {1..300}; do sleep 0.1; done")]))
    scratch.wait_for(lambda: run.events("a") and run.output("a"), 20, "the step to begin")
    before = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    run.wait_event("run.stopping")
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 4
    assert time.monotonic() - before < 8


@pytest.mark.parametrize("sh", [
    "sleep 60.987651 &",
    "setsid sleep 60.987651 &",
    "(setsid sh -c 'sleep 60.987651 & sleep 60.987651 & wait' &) ; sleep 0.3",
    "(trap '' HUP TERM; exec sleep 60.987651) & sleep 0.3",
    "(setsid sh -c 'exec >/dev/null 2>&1 </dev/null; sleep 60.987651' &); sleep 0.3",
    "setsid -f sleep 60.987651; sleep 0.3"])
def test_f44_nothing_is_left_behind(boat, sh):
    run = go(boat, script("a", sh), command("b", "true"), status=0)
    left = runs.processes_with("987651")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []
    # What was still in the step's own group went with it and is not counted.
    assert "setsid" not in sh or "sleep 0.3" not in sh or run.result("a")["strays_killed"] >= 1


def test_f44_a_forking_stray(boat):
    """One that forks while it is looked for is found the next time."""
    flag = boat.write("go-on", "")
    sh = f"setsid sh -c 'while [ -e {flag} ]; do sleep 20.987652 & sleep 0.001; done' & sleep 0.2"
    try:
        go(boat, script("a", sh), status=0)
        scratch.wait_for(lambda: not runs.processes_with("987652"), 60, "the strays to be gone")
    finally:
        os.unlink(flag)


def test_strays_do_not_hold_the_output(boat):
    """A grandchild that keeps the pipes open does not keep the step from ending."""
    before = time.monotonic()
    run = go(boat, script("a", "setsid sleep 100 & echo done"), status=0)
    assert time.monotonic() - before < 8 and run.output("a") == b"done\n"


def test_strays_that_go_on_printing(boat):
    run = go(boat, script("a", "setsid yes & sleep 0.3; echo done"), status=0)
    assert b"done\n" in run.output("a")
    sha = hashlib.sha256(run.output("a")).hexdigest()
    assert run.result("a")["output_sha256"] == sha


# ---- output ---------------------------------------------------------------------------------

def test_output_whole_and_raw(boat):
    blob = bytes(range(256)) * 4096 + b"\x1b[31m no newline at the end"
    path = os.path.join(boat.dir, "blob")
    with open(path, "wb") as f:
        f.write(blob)
    run = go(boat, command("a", "cat", path), status=0)
    assert run.output("a") == blob
    assert run.result("a")["output_sha256"] == hashlib.sha256(blob).hexdigest()
    assert run.result("a")["output_bytes"] == len(blob)


def test_output_of_both_streams(boat):
    run = go(boat, script("a", "echo out; echo err >&2; echo out2"), status=0)
    assert sorted(run.output("a").split()) == [b"err", b"out", b"out2"]
    run = go(boat, script("a", "echo value; echo noise >&2", capture="v"),
             command("b", "echo", "{{v}}"), status=0)
    assert run.output("b") == b"value\n"


def test_output_times(boat):
    run = go(boat, script("a", "echo a; sleep 0.2; echo b; sleep 0.2; echo c"), status=0)
    with open(os.path.join(run.dir, "output", "a.1.times"), encoding="ascii") as f:
        rows = [tuple(map(int, line.split())) for line in f]
    assert rows == sorted(rows) and rows[-1][1] == 6 and len(rows) >= 3
    assert rows[-1][0] >= 400


def peak_kib(pid):
    """The most memory that the process ever had."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return max(int(line.split()[1]) for line in f if line.startswith(("VmHWM", "VmRSS")))


def test_f34_ten_megabyte_line(boat):
    run = go(boat, script("a", "head -c 10000000 /dev/zero | tr '\\0' x"), args=["-v"], status=0)
    assert len(run.output("a")) == 10_000_000
    lines = [line for line in run.done.out.splitlines() if line.endswith("xxx")]
    assert sum(line.count("x") for line in lines) == 10_000_000
    assert max(len(line) for line in lines) <= 70_000
    # Where it had to be broken, the line says so: no part passes for a line of its own.
    assert lines[0].startswith("      > x") and len(lines) > 100
    assert all(line.startswith("      < x") for line in lines[1:])


def test_f34_f35_output_does_not_fill_the_memory(boat):
    """Neither the runner's nor that of who looks on, however long it becomes."""
    size = 60_000_000
    run = runs.start(boat, runs.book(boat, [script("a", f"head -c {size} /dev/zero | tr '\\0' x; "
                                                        "sleep 100")]), "-v", stdout=subprocess.DEVNULL)
    scratch.wait_for(lambda: len(run.output("a")) == size, 60, "the line")
    least = 150_000 if "debug" in boat.argv("x")[0] else 24_000
    assert peak_kib(run.runner()) < least and peak_kib(run.process.pid) < least
    boat.run("stop", status=0)
    run.process.wait(20)


@pytest.mark.seconds(300)
def test_f35_a_gigabyte(boat):
    """Memory stays what it is whatever a step prints."""
    run = runs.start(boat, runs.book(boat, [script("a", "head -c 1073741824 /dev/zero; sleep 1")]))
    run.wait_event("step.intent", "a")
    runner, peak = run.runner(), 0
    while run.process.poll() is None:
        try:
            with open(f"/proc/{runner}/status", encoding="ascii") as f:
                peak = max([peak] + [int(x.split()[1]) for x in f if x.startswith("VmRSS")])
        except OSError:
            break
        time.sleep(0.02)
    assert run.process.wait(120) == 0
    assert run.result("a")["output_bytes"] == 1 << 30
    sha = subprocess.run(["sha256sum", os.path.join(run.dir, "output", "a.1.out")], check=True,
                         capture_output=True, text=True).stdout.split()[0]
    assert run.result("a")["output_sha256"] == sha
    limit = 100_000 if "debug" in boat.argv("x")[0] else 24_000
    assert 0 < peak < limit, f"{peak} KiB"
    os.unlink(os.path.join(run.dir, "output", "a.1.out"))


def test_output_that_the_disk_does_not_take(boat):
    """F04: what is lost is said to be; the step itself goes on, and so does the run."""
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    run = runs.start(boat, runs.book(boat, [
        script("a", "ulimit -f; head -c 600000 /dev/zero; echo end >&2"), command("b", "true")]),
        preexec_fn=small_files)
    run.process.communicate(timeout=60)
    result = run.result("a")
    assert result["output_lost"] is True and result["outcome"] == "ok"
    assert run.result("b")["outcome"] == "ok"
    assert len(run.output("a")) == result["output_bytes"] <= 300_000
    run.verify()


# ---- the environment of steps ---------------------------------------------------------------

HOSTILE = {"LD_PRELOAD": "/nonexistent/evil.so", "LD_LIBRARY_PATH": "/tmp/evil", "IFS": "x",
           "BASH_ENV": "/tmp/evil.sh", "ENV": "/tmp/evil.sh", "LESSOPEN": "|evil",
           "GIT_SSH_COMMAND": "evil", "GIT_DIR": "/evil", "PGOPTIONS": "-c evil",
           "PGPASSWORD": "leak", "PAGER": "evil", "EDITOR": "evil", "PYTHONPATH": "/evil",
           "PERL5LIB": "/evil", "PROMPT_COMMAND": "evil", "SHELLOPTS": "xtrace",
           "BASH_FUNC_ls%%": "() { evil; }", "AWS_SECRET_ACCESS_KEY": "leak", "CDPATH": "/evil",
           "GCONV_PATH": "/evil", "MALLOC_CHECK_": "3"}


def test_f42_hostile_environment(boat):
    evil = os.path.join(boat.dir, "evil")
    os.makedirs(evil)
    for name in ("env", "sh", "bash", "ls"):
        boat.write(f"evil/{name}", "#!/bin/sh\necho EVIL\n")
        os.chmod(os.path.join(evil, name), 0o755)
    hostile = {**HOSTILE, "PATH": f"{evil}:/usr/bin:/bin"}
    del hostile["LD_PRELOAD"]          # the loader would complain in lifeboat itself
    run = go(boat, command("a", "env", "-0"), script("b", "ls / > /dev/null; echo $PATH"), status=0,
             env=hostile)
    env = dict(e.split("=", 1) for e in run.output("a").decode().split("\0") if e)
    for name in HOSTILE:
        assert name not in env, name
    assert evil not in env["PATH"] and env["PATH"].startswith("/usr/local/sbin:")
    assert env["LIFEBOAT_RUN_ID"] == run.id and env["LIFEBOAT_STEP_ID"] == "a"
    assert b"EVIL" not in run.output("b") and evil.encode() not in run.output("b")


def test_f42_ld_preload_of_the_caller(boat):
    boat.env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
    run = go(boat, command("a", "env", "-0"), status=0,
             env={"LD_PRELOAD": "libc.so.6", "LD_BIND_NOW": "1"})
    assert b"LD_" not in run.output("a")


def test_f42_umask_and_directory(boat):
    made = os.path.join(boat.dir, "made")
    run = go(boat, script("a", f"umask; pwd; touch {made}"), status=0)
    assert run.output("a").split() == [b"0077", b"/"]
    assert os.stat(made).st_mode & 0o777 == 0o600


def test_f43_descriptors(boat):
    """A step has 0 to 2 and nothing of ours: no journal, no socket, no audit log."""
    keep = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(keep, True)
    try:
        book = runs.book(boat, [command("a", "/bin/ls", "-l", "/proc/self/fd"),
                                script("b", "ls -l /proc/self/fd; readlink /proc/self/fd/0")])
        known = {r.id for r in runs.all_runs(boat)}
        boat.run("run", book, "--unattended", status=0, close_fds=False, pass_fds=[keep])
        run = runs.newest_since(boat, known)
    finally:
        os.close(keep)
    for step in "ab":
        text = run.output(step).decode()
        for word in ("journal", "audit", "socket", "passwd", "memfd", "anon_inode"):
            assert word not in text, text
        fds = {line.split(" -> ")[0].split()[-1]: line.split(" -> ")[1]
               for line in text.splitlines() if " -> " in line}
        assert set(fds) - {"3"} == {"0", "1", "2"}, text      # 3 is ls's own directory
        assert fds["0"] == "/dev/null" and fds.get("3", "/proc").startswith("/proc")


def test_f49_no_terminal_for_steps(boat):
    run = go(boat, script("a", "if : < /dev/tty; then echo has one; fi 2>/dev/null; "
                               "ps -o sid=,pgid=,pid= -p $$"), status=0)
    assert b"has one" not in run.output("a")
    sid, pgid, pid = run.output("a").split()[-3:]
    assert sid == pgid == pid


def test_signals_of_steps_are_the_usual_ones(boat):
    """We ignore SIGPIPE and SIGXFSZ; what we start does not."""
    run = go(boat, script("a", "set +e; yes | head -1; echo ${PIPESTATUS[0]}; "
                               "grep -E 'Sig(Ign|Blk)' /proc/self/status"), status=0)
    lines = run.output("a").decode().split("\n")
    assert lines[:2] == ["y", "141"]
    assert all(int(line.split()[1], 16) == 0 for line in lines[2:] if line.startswith("Sig"))


def test_env_of_a_step(boat):
    run = go(boat, script("a", 'echo "<$A><${B-unset}><$C>"',
                          env={"A": "{{w}} x", "B": "{{none}}", "C": "$A `id`"}),
             parameters={"w": {"type": "text", "default": "v"},
                         "none": {"type": "text", "optional": True}}, status=0)
    assert run.output("a") == b"<v x><unset><$A `id`>\n"
    assert run.last("step.intent", "a")["data"]["env"].startswith("A=v x\nB=\nC=$A `id`")


def test_env_of_wait_until(boat):
    run = go(boat, {"id": "w", "kind": "wait", "until": ["/bin/sh", "-c", 'test "$A" = v'],
                    "every": "1s", "timeout": "5s", "env": {"A": "v"}}, status=0)
    assert run.result("w")["outcome"] == "ok"


def test_dir(boat):
    tool = boat.write("there/tool.sh", "#!/bin/sh\npwd\n")
    os.chmod(tool, 0o755)
    run = go(boat, command("a", "./tool.sh", dir=os.path.dirname(tool)), status=0)
    assert run.output("a").decode().strip() == os.path.dirname(tool)
    run = go(boat, command("a", "true", dir="/nonexistent"), status=2)
    assert "Cannot enter /nonexistent: No such file or directory" in run.done.out


def test_scripts_stop_at_errors(boat):
    assert go(boat, script("a", "false\necho reached"), status=1).output("a") == b""
    run = go(boat, script("a", "echo $unset_variable\necho reached"), status=1)
    assert b"reached" not in run.output("a")


# ---- secrets --------------------------------------------------------------------------------

SECRET = "hunter2-hünter2"


def secret_book(boat, *steps, **parameter):
    return runs.book(boat, list(steps), parameters={
        "pw": {"type": "secret", "from": ["env TEST_PW"], **parameter}})


def all_bytes(directory):
    for root, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def test_f37_secrets_reach_env_and_nothing_else(boat):
    """In no file below the state, no process's arguments, not on screen; masked where printed."""
    look = ("cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' '; echo; echo \"got $PW\"; "
            "echo -n \"$PW\" | base64; echo \"${#PW}\"; echo \"e: $PW\" >&2")
    run = runs.run(boat, secret_book(boat, script("a", look, env={"PW": "{{pw}}"}, capture="v"),
                                     command("b", "echo", "{{v}}")),
                   "-v", env={"TEST_PW": SECRET}, status=0)
    assert f"got ***\n".encode() in run.output("a") and b"e: ***\n" in run.output("a")
    assert b"\n15\n" in run.output("a")
    for path, data in all_bytes(boat.state):
        assert SECRET.encode() not in data and b"aHVudGVyMi1o" not in data, path
    assert SECRET not in run.done.out + run.done.err
    assert "PW=(secret pw)" in run.last("step.intent", "a")["data"]["env"]
    assert run.result("b")["outcome"] == "ok" and b"got ***" in run.output("b")


def test_f37_runner_keeps_no_secret_in_its_environment(boat):
    run = runs.start(boat, secret_book(boat, command("a", "sleep", "30", env={"PW": "{{pw}}"})),
                     env={"TEST_PW": SECRET})
    run.wait_event("step.intent", "a")
    with open(f"/proc/{run.runner()}/environ", "rb") as f:
        assert SECRET.encode() not in f.read()
    boat.run("stop", status=0)
    run.process.wait(20)


def test_f38_no_core(boat):
    def cores():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    run = runs.start(boat, runs.book(boat, [script("a", "ulimit -c; sleep 30")]), preexec_fn=cores)
    scratch.wait_for(lambda: run.events("a") and run.output("a"), 20, "output")
    assert run.output("a") == b"0\n"
    with open(f"/proc/{run.runner()}/limits", encoding="ascii") as f:
        core = [line for line in f if line.startswith("Max core file size")][0]
    assert core.split()[4] == "0"
    boat.run("stop", status=0)
    run.process.wait(20)


@pytest.mark.skipif(people.why_not() is not None, reason=str(people.why_not()))
def test_f38_nobody_looks_into_the_runner():
    """It holds the secrets: not even its own user may attach to it or read its memory."""
    crew = people.Crew("look")
    alice = crew.boat(crew.user("alice"), people.place())
    os.makedirs(alice.state, exist_ok=True)
    os.chown(alice.state, alice.entry.pw_uid, alice.entry.pw_gid)
    run = runs.start(alice, runs.book(alice, [command("a", "sleep", "30", env={"PW": "{{pw}}"})],
                                      parameters={"pw": {"type": "secret", "from": ["env PW"]}}),
                     env={"PW": SECRET})
    try:
        run.wait_event("step.intent", "a")
        assert os.stat(f"/proc/{run.runner()}/mem").st_uid == 0
        assert os.stat(f"/proc/{run.process.pid}/mem").st_uid == alice.entry.pw_uid
    finally:
        alice.run("stop")
        run.process.wait(20)
        crew.remove()


def test_f38_short_secret(boat):
    run = runs.run(boat, secret_book(boat, script("a", "echo $PW", env={"PW": "{{pw}}"})),
                   env={"TEST_PW": "short"}, status=0)
    assert run.output("a") == b"short\n"       # nor anything else that looks like it
    assert "note: The secret pw is shorter than 8 bytes: it can't be masked" in run.done.out
    assert run.last("run.note")["data"]["text"].startswith("The secret pw is shorter")


def test_secret_of_any_bytes(boat):
    path = boat.write("pw", "")
    with open(path, "wb") as f:
        f.write(b"p\xe4ss w\xf6rd\x01\"\\\nsecond line\n")
    os.chmod(path, 0o600)
    book = runs.book(boat, [script("a", 'printf %s "$PW" | od -An -tx1', env={"PW": "{{pw}}"})],
                     parameters={"pw": {"type": "secret", "from": [f"file {path}"]}})
    run = runs.run(boat, book, status=0)
    assert bytes.fromhex(run.output("a").decode()) == b"p\xe4ss w\xf6rd\x01\"\\"


def test_secret_missing(boat):
    book = secret_book(boat, command("a", "true", env={"PW": "{{pw}}"}))
    run = runs.run(boat, book, status=2)
    assert 'The secret "pw" was found in none of its sources.' in run.done.err
    assert runs.all_runs(boat) == []
    book = secret_book(boat, script("a", 'echo "${PW-unset}"', env={"PW": "{{pw}}"}), optional=True)
    assert runs.run(boat, book, status=0).output("a") == b"unset\n"


def test_secret_file_that_others_may_read(boat):
    path = boat.write("pw", "hunter2hunter2\n")
    os.chmod(path, 0o644)
    book = runs.book(boat, [command("a", "true", env={"PW": "{{pw}}"})],
                     parameters={"pw": {"type": "secret", "from": [f"file {path}"]}})
    run = runs.run(boat, book, status=3)
    assert "can be read by everybody" in run.done.err and f"chmod o-rwx {path}" in run.done.err


def test_secret_in_an_error_message(boat):
    """What a step's process says goes into the records masked, too."""
    book = runs.book(boat, [command("a", "true", dir="/nonexistent/{{d}}", env={"PW": "{{pw}}"})],
                     parameters={"pw": {"type": "secret", "from": ["env TEST_PW"]},
                                 "d": {"type": "text"}})
    run = runs.run(boat, book, "--set", f"d={SECRET}", env={"TEST_PW": SECRET}, status=2)
    assert run.result("a")["message"].startswith("Cannot enter /nonexistent/***")


# ---- files that change under a run ----------------------------------------------------------

def test_f50_runbook_changed_in_mid_run(boat):
    """Unattended, nobody can say that the pinned copy is still to be followed."""
    path = os.path.join(boat.dir, "book.yaml")
    run = go(boat, script("a", f"echo >> {path}"), command("b", "true"), status=3)
    assert f"The runbook {path} was changed since this run began." in run.done.out
    assert "Going on follows the copy that was pinned" in run.done.out
    assert run.events("b") == [] and run.finished()["outcome"] == "refused"


def test_f50_what_was_confirmed_beforehand_is_not_that(boat):
    path = os.path.join(boat.dir, "book.yaml")
    run = go(boat, script("a", f"echo >> {path}"), command("b", "true", confirm=True),
             args=["--confirm", "b=yes"], status=3)
    assert run.events("b") == []


def test_f50_runbook_gone(boat):
    path = os.path.join(boat.dir, "book.yaml")
    run = go(boat, script("a", f"rm {path}"), command("b", "true"), status=3)
    assert f"The runbook {path} has gone away since this run began." in run.done.out


def test_f50_what_is_executed_is_what_was_read(boat):
    """The run has copies of its own: of the runbook, the site and the plan."""
    run = go(boat, command("a", "true"), status=0)
    with open(os.path.join(boat.dir, "book.yaml"), "rb") as f, \
            open(os.path.join(run.dir, "runbook.yaml"), "rb") as g:
        assert f.read() == g.read()


def test_backup_changed_or_gone_between_choice_and_use(boat):
    dump = boat.write("b.dump", "data")
    parameters = {"b": {"type": "backup"}}
    use = command("use", "cat", "{{b.path}}")
    args = ["--set", f"b={dump}"]
    assert go(boat, use, parameters=parameters, args=args, status=0).output("use") == b"data"
    run = go(boat, script("a", f"rm {dump}"), use, parameters=parameters, args=args, status=2)
    assert f"The backup {dump} is no longer there: {dump}" in run.done.out
    assert run.find("step.intent", "use") == []
    boat.write("b.dump", "data")
    run = go(boat, script("a", f"echo more >> {dump}"), use, parameters=parameters, args=args,
             status=1)
    assert f"The backup {dump} was changed since it was chosen." in run.done.out
    assert run.find("step.intent", "use") == []
    # A step that does not use it does not mind.
    boat.write("b.dump", "data")
    go(boat, script("a", f"rm {dump}"), command("c", "true"),
       command("z", "true", when={"value": "{{b.name}}", "is": "never"}), parameters=parameters,
       args=args, status=0)


# ---- bad input ------------------------------------------------------------------------------

def test_f54_who_may_write_the_runbook(boat):
    book = runs.book(boat, [command("a", "true")], name="shared/book")
    os.chmod(os.path.dirname(book), 0o777)
    run = runs.run(boat, book, status=3)
    assert f"{os.path.dirname(book)} can be written by others (mode 0777)." in run.done.err
    assert f"chmod go-w {os.path.dirname(book)}" in run.done.err
    assert runs.all_runs(boat) == []
    boat.run("plan", book, status=3)
    boat.run("lint", book, status=0)
    os.chmod(os.path.dirname(book), 0o755)
    os.chmod(book, 0o666)
    assert f"{book} can be written by others" in runs.run(boat, book, status=3).done.err
    os.chmod(book, 0o600)
    runs.run(boat, book, status=0)
    if os.geteuid() == 0:
        os.chown(book, 12345, 12345)
        assert f"{book} belongs to user id 12345, neither root nor you." in runs.run(
            boat, book, status=3).done.err


BAD = {     # what is wrong with it, and where
    "bomb": ("a: &a [l,o,l]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n", "2:8: error: Aliases"),
    "anchor": ("schema: 1\nid: &x r\ntitle: t\nsteps: []\n", "2:5: error: Anchors"),
    "duplicate": ("schema: 1\nid: r\nid: r\ntitle: t\nsteps: []\n",
                  '3:1: error: The key "id" is given twice.'),
    "merge": ("schema: 1\n<<: {a: b}\n", "2:1: error: Merge keys"),
    "tag": ("schema: !!int 1\n", "1:9: error: Tags"),
    "documents": ("schema: 1\n---\nschema: 1\n", "2:1: error: Only one document"),
    "deep": ("a: " + "[" * 1000 + "]" * 1000, "1:27: error: The file is nested deeper"),
    "unknown key": ("schema: 1\nid: r\ntitle: t\nstepps: []\n", "4:1: error: Unknown key"),
    "wrong type": ("schema: one\nid: [r]\ntitle: {}\nsteps: x\n", "1:9: error: "),
    "tabs": ("schema: 1\n\tid: r\n", "2:1: error: YAML syntax"),
    "empty": ("", " error: The file is empty."),
    "no newline": ("schema", "1:1: error: "),
}


@pytest.mark.parametrize("name", BAD)
def test_f56_bad_files(boat, name):
    text, says = BAD[name]
    path = boat.write("bad.yaml", text)
    done = boat.run("run", path, "--unattended", status=2)
    assert f"{path}:{says}" in done.err, done
    assert f"The runbook {path} is not usable." in done.err
    assert boat.run("lint", path, status=1).out.startswith(f"{path}")
    assert runs.all_runs(boat) == []


def test_f56_binary_huge_and_special_files(boat):
    binary = os.path.join(boat.dir, "binary.yaml")
    with open(binary, "wb") as f:
        f.write(os.urandom(100_000))
    huge = boat.write("huge.yaml", "schema: 1\n")
    os.truncate(huge, 1 << 30)
    fifo = os.path.join(boat.dir, "fifo.yaml")
    os.mkfifo(fifo)
    for path, status in ((binary, 2), (huge, 2), (fifo, 2), (boat.dir + "/x.yaml/", 2)):
        done = boat.run("run", path, "--unattended", timeout=60)
        assert done.status in (2, 3), done
        assert done.err.startswith(("lifeboat: ", path)) and "\x00" not in done.err
        for c in done.err:
            assert c == "\n" or c.isprintable(), ascii(done.err)
    assert "larger than" in boat.run("run", huge, "--unattended", status=2).err


def test_f56_million_steps(boat):
    path = os.path.join(boat.dir, "many.yaml")
    with open(path, "w", encoding="ascii") as f:
        f.write("schema: 1\nid: r\ntitle: t\nsteps:\n")
        for i in range(100_000):
            f.write(f"- {{id: s{i}, kind: wait}}\n")
    before = time.monotonic()
    done = boat.run("run", path, "--unattended", status=2)
    assert time.monotonic() - before < 20
    assert "more than 200000 values" in done.err or "at most 2000 steps" in done.err


def test_longest_runbook(boat):
    """As many steps as are allowed, with the longest of names and titles: the first record holds
    all of them."""
    steps = [command(f"s{i:04}-{'x' * 50}", "true", title="T" * 1000,
                     when={"value": "a", "is": "b"}) for i in range(2000)]
    run = go(boat, *steps, status=0, timeout=170)
    started = run.last("run.started")["data"]
    assert len(started["steps"]) == 2000 and "bytes more)" in started["steps"][0]["title"]
    assert run.events().count("step.skipped") == 2000


def test_unsafe_runbooks_do_not_run(boat):
    """Findings that are no matter of style."""
    run = go(boat, {"id": "d", "kind": "command", "effect": "destroy", "run": ["true"]}, status=2)
    assert "destroy-without-confirm" in run.done.err
    assert "is not safe to run." in run.done.err
    run = go(boat, command("a", "psql", "host=x password=hunter2"), status=2)
    assert "password-in-arguments" in run.done.err
    run = go(boat, command("a", "echo", "{{nobody}}"), status=2)
    assert "unknown-variable" in run.done.err
    # Matters of style are told and do not stop anybody.
    run = go(boat, script("a", "echo x | cat"), status=0)
    assert "pipe-without-pipefail" in run.done.err


# ---- resume without a crash -----------------------------------------------------------------

def test_nothing_to_resume(boat):
    run = go(boat, command("a", "true"), status=0)
    done = boat.run("resume", run.id, "--unattended", status=2)
    assert f"The run {run.id} is done; there is nothing to resume." in done.err
    assert "There is no run" in boat.run("resume", "nope", "--unattended", status=2).err
    going = runs.start(boat, runs.book(boat, [command("a", "sleep", "30")]))
    going.wait_event("step.intent")
    done = boat.run("resume", going.id, "--unattended", status=3)
    assert f"has a runner (pid {going.runner()}): nothing to resume." in done.err
    boat.run("stop", going.id, status=0)
    going.process.wait(20)


def test_resume_of_a_stopped_run(boat):
    """What was done stays done; what had not begun is run."""
    log = os.path.join(boat.dir, "witness")
    run = runs.start(boat, runs.book(boat, [
        command("a", *runs.append(log, "a")), command("b", "sleep", "1000"),
        command("c", *runs.append(log, "c"))]))
    run.wait_event("step.intent", "b")
    boat.run("stop", status=0)
    run.process.wait(20)
    # Unattended nobody decides about the step that was ended; it is not run again.
    boat.run("resume", run.id, "--unattended", status=4)
    assert runs.witness(log) == ["a"]
    assert run.wait_finished()["outcome"] == "failed"


def test_several_runs(boat):
    ids = [go(boat, command("a", "true"), status=0).id for _ in range(3)]
    listed = boat.run("runs", status=0).out.splitlines()
    assert sorted(line.split()[0] for line in listed) == sorted(ids)
    rows = boat.run("runs", "--format", "json", status=0).json()
    assert {r["run"] for r in rows} == set(ids)
    assert all(r["status"] == "done" and r["exit"] == 0 and r["runbook"] == "book" for r in rows)
    done = boat.run("attach", ids[0][:4], status=2)
    assert f'Several runs begin with "{ids[0][:4]}".' in done.err
    assert ids[1] in boat.run("attach", ids[1][-4:], status=0).out
