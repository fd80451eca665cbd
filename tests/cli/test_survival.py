"""What a run and the programs at it survive: dead runners, terminals that go, nobody to ask."""
import json
import os
import signal
import socket
import subprocess

import pytest

import runs
import scratch
from dialogue import Dialogue
from runs import command, script


def write(id, *argv, **fields):
    return {**command(id, *argv, **fields), "effect": "write"}


def talk(boat, *steps, wrap=None, **fields):
    return Dialogue(boat, "run", runs.book(boat, list(steps), **fields), "--plain", wrap=wrap)


def kill_runner_in(boat, run, path):
    """When the step has left its mark."""
    scratch.wait_for(lambda: os.path.exists(path), 60, "the step to be under way")
    run.kill_runner()


def test_f46_survivors_of_a_dead_runner(boat):
    """What a step had started, in a session of its own, does not go on behind the next runner."""
    pid = os.path.join(boat.dir, "pid")
    run = runs.start(boat, runs.book(boat, [script(
        "a", f"trap '' TERM; setsid sh -c 'echo $$ >{pid}; while :; do sleep 1; done' & wait")]))
    kill_runner_in(boat, run, pid)
    run.process.communicate(timeout=60)
    stray = int(scratch.wait_for(lambda: open(pid, encoding="ascii").read(), 60, "its number"))
    try:
        assert runs.alive(stray)
        boat.run("resume", run.id, "--unattended", status=2)
        assert not runs.alive(stray)
    finally:
        if runs.alive(stray):
            os.kill(stray, signal.SIGKILL)
    unknown = run.last("step.unknown", "a")["data"]
    assert unknown["survivors_killed"] >= 1 and "still ran and" in unknown["message"]


def test_f46_each_step_of_a_group_by_its_own_word(boat):
    """The terminal goes: of two that run beside each other, the one that is to stop stops."""
    gate = os.path.join(boat.dir, "gate")
    with talk(boat, script("stops", "echo one; exec sleep 600", on_hangup="stop", parallel="g"),
              script("stays", f"while [ ! -e {gate} ]; do sleep 0.05; done; echo two",
                     parallel="g")) as d:
        d.expect("stays: running")
        run = runs.only(boat)
        run.wait_event("step.intent", count=2)
        d.hang_up()
    run.wait_event("step.result", "stops")
    assert run.result("stops")["code"] == "stopped" and run.find("step.result", "stays") == []
    open(gate, "w", encoding="ascii").close()
    run.wait_event("step.result", "stays")
    assert run.result("stays")["outcome"] == "ok" and run.find("step.interrupted", "stays") == []
    with Dialogue(boat, "attach", "--plain") as d:
        d.answer("stop")
        assert d.end() == 4


@pytest.mark.parametrize("args", [["console", "--plain"], ["run", "BOOK", "--plain"],
                                  ["approve"]], ids=["linear mode", "secret", "approve"])
def test_f47_what_reads_a_terminal_ends_with_it(boat, args):
    """Though SIGHUP is ignored, as under nohup: at a question, a prompt for a secret, the words of
    the linear mode."""
    book = runs.book(boat, [write("a", "true", confirm={"type": "yes"}, approve={"count": 1})],
                     parameters={"pw": {"type": "secret", "from": ["env NO_SUCH_THING", "prompt"]}})
    runs.site(boat)
    with Dialogue(boat, "run", runs.book(boat, [
            write("a", "true", approve={"count": 1})], name="asks"), "--plain") as driver:
        driver.answer("go")
        driver.expect("needs the consent of 1 other")
        with Dialogue(boat, *[book if a == "BOOK" else a for a in args],
                      wrap="trap '' HUP") as d:
            d.expect("pw: " if "run" in args else "> ")
            d.hang_up()
            assert d.wait(60) is not None
        driver.say("stop")
        driver.end()


def test_f51_an_answer_to_what_was_asked_before(boat):
    """The question that stands is another one by now: what was meant for the first is not for it."""
    with talk(boat, write("a", "true"), write("b", "true")) as d:
        d.answer("go")
        d.expect("? Step b")
        run = runs.only(boat)
        first = run.find("ask.opened", "a")[0]["data"]["ask"]
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(60)
        run.connect(s)
        with s, s.makefile("rw", encoding="utf-8") as f:
            f.write('{"op":"hello","protocol":1,"role":"operator"}\n' + json.dumps(
                {"op": "answer", "ask": first, "choice": "go"}) + "\n")
            f.flush()
            while True:
                frame = json.loads(f.readline())
                if frame.get("re") == "answer":
                    break
        assert frame["op"] == "error" and frame["code"] == "refused", frame
        assert run.find("step.intent", "b") == []
        d.answer("stop")
        assert d.end() == 4


def test_f51_two_take_up_one_run(boat):
    """Its journal has one writer: of two who resume it, one is told who was faster."""
    mark, gate = os.path.join(boat.dir, "witness"), os.path.join(boat.dir, "gate")
    wait = f"while [ ! -e {gate} ]; do sleep 0.05; done"
    run = runs.start(boat, runs.book(boat, [
        {**script("a", f"touch {mark}.on; exec sleep 600"), "check": ["sh", "-c", wait]},
        command("b", *runs.append(mark, "b"))]))
    kill_runner_in(boat, run, mark + ".on")
    run.process.communicate(timeout=60)
    both = [boat.popen("resume", run.id, "--unattended", stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(2)]
    slow = scratch.wait_for(lambda: next((p for p in both if p.poll() is not None), None), 60,
                            "one of them to be refused")
    said = slow.communicate()[0]
    assert slow.returncode == 3 and "(pid " in said, said
    open(gate, "w", encoding="ascii").close()
    assert [p.wait(60) for p in both if p is not slow] == [0]
    for p in both:
        p.stdout.close()
    assert len(run.find("run.resumed")) == 1 and runs.witness(mark) == ["b"]


def test_f53_nobody_is_there(boat):
    """Unattended, what nobody saw end is not done again, nor taken for done: it ends unknown."""
    mark = os.path.join(boat.dir, "witness")
    run = runs.start(boat, runs.book(boat, [
        script("a", f"echo a >>{mark}; test $(wc -l <{mark}) -gt 1 || exec sleep 600"),
        command("b", *runs.append(mark, "b"))]))
    kill_runner_in(boat, run, mark)
    run.process.communicate(timeout=60)
    for _ in range(2):
        done = boat.run("resume", run.id, "--unattended", status=2, timeout=60)
        assert 'The outcome of step "a" is unknown' in done.out + done.err
    assert run.finished()["outcome"] == "unknown" and run.finished()["exit"] == 2
    assert runs.witness(mark) == ["a"] and len(run.find("step.intent", "a")) == 1
    with Dialogue(boat, "resume", run.id, "--plain") as d:
        d.expect("? It was started, and the runner died before it ended.")
        d.expect("answers: retry by-hand skip stop")
        d.answer("by-hand looked at it")
        assert d.end() == 0
    assert runs.witness(mark) == ["a", "b"]
