"""Steps of kind approve: consent is waited for, and nothing else happens."""
import json
import os
import pwd
import socket

import pytest

import runs
import scratch
from dialogue import Dialogue
from runs import append, command

STEP = {"id": "consent", "kind": "approve", "statement": "Service {{name}} may go down.",
        "approve": {"count": 1, "within": "10m"}}


def as_other(run, *frames):
    """What the runner says to each frame of somebody else on this machine (SO_PEERCRED)."""
    other = pwd.getpwnam("nobody")
    read, write = os.pipe()
    os.chmod(run.dir, 0o755)
    os.chmod(os.path.join(run.dir, "socket"), 0o666)
    pid = os.fork()
    if pid == 0:
        os.chdir(run.dir)
        os.setgroups([])
        os.setresgid(other.pw_gid, other.pw_gid, other.pw_gid)
        os.setresuid(other.pw_uid, other.pw_uid, other.pw_uid)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(60)
        s.connect("socket")
        lines = s.makefile("rw")
        said = []
        for frame in ({"op": "hello", "protocol": 1, "role": "observer"}, *frames):
            print(json.dumps(frame), file=lines, flush=True)
            while True:
                answer = json.loads(lines.readline())
                if answer["op"] in ("hello", "ok", "error"):
                    break
            said.append(answer)
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as f:
        said = json.loads(f.read() or "null")
    assert os.waitpid(pid, 0)[1] == 0
    return said[1:]


@pytest.mark.skipif(os.geteuid() != 0, reason="two users need root")
def test_consent(boat):
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [STEP, command("after", *append(path, "went on"))],
                     parameters={"name": {"type": "text", "default": "cache"}})
    assert "Service cache may go down." in boat.run("plan", book, status=0).out
    with Dialogue(boat, "run", book, "--plain") as d:
        run = scratch.wait_for(lambda: runs.newest_since(boat, set()), 30, "the run")
        ask = run.wait_event("ask.opened", "consent")["data"]
        assert "runs:\nService cache may go down.\n" in ask["request"]
        assert runs.witness(path) == []
        wrong, right = as_other(
            run, {"op": "approve", "ask": ask["ask"], "digest": "0" * 64},
            {"op": "approve", "ask": ask["ask"], "digest": ask["digest"], "reason": "seen"})
        assert wrong["op"] == "error" and right["op"] == "ok"
        assert d.end() == 0
    assert run.last("approval.given")["data"]["reason"] == "seen"
    assert run.find("step.intent", "consent") == []       # nothing was executed
    assert run.last("step.answered", "consent")
    assert runs.witness(path) == ["went on"]
    run.verify()


@pytest.mark.skipif(os.geteuid() != 0, reason="two users need root")
def test_a_manual_step_waits_for_its_approval_too(boat):
    book = runs.book(boat, [{"id": "do", "kind": "manual", "instruction": "Pull the plug.",
                             "approve": {"count": 1}}])
    with Dialogue(boat, "run", book, "--plain") as d:
        run = scratch.wait_for(lambda: runs.newest_since(boat, set()), 30, "the run")
        ask = run.wait_event("ask.opened", "do")["data"]
        assert ask["kind"] == "approve"
        as_other(run, {"op": "approve", "ask": ask["ask"], "digest": ask["digest"]})
        assert run.wait_event("ask.opened", "do", count=2)["data"]["kind"] == "manual"
        d.expect("answers: done")
        d.answer("done")
        assert d.end() == 0


def test_unattended(boat):
    """Nobody is waited for where nobody drives."""
    book = runs.book(boat, [{**STEP, "statement": "x"}])
    done = boat.run("run", book, "--unattended", status=3)
    assert "needs an approval" in done.err


@pytest.mark.parametrize("fields, says", [
    ({"approve": None}, 'needs "approve"'), ({"timeout": "5s"}, "has no effect"),
    ({"confirm": True}, "has no effect"), ({"effect": "write"}, "changes nothing"),
    ({"expect": {"value": "x"}}, "has no effect")])
def test_faults(boat, fields, says):
    step = {k: v for k, v in {**STEP, "statement": "x", **fields}.items() if v is not None}
    assert says in boat.run("plan", runs.book(boat, [step]), status=2).err
