"""F08, F15, F46, F53: the runner dies at every write of its journal, and of the audit log, in a
run of twenty steps. Afterwards `resume` finds what is true: what had finished never runs again,
what may have run is UNKNOWN and a person decides, the rest runs once.

The writes are counted by a first run under the shim (tests/fault/shim.c), so none is left out.
"""
import os
import re

import pytest

import audit_log
import lifeboat
import runs
from dialogue import Dialogue

STEPS = 20


def shim_env(boat, **orders):
    """The runner inherits these; its steps do not (their environment is a list of what may pass)."""
    env = {"LD_PRELOAD": audit_log.built("shim.so"), **{f"FAULT_{k}": str(v) for k, v in orders.items()}}
    env["ASAN_OPTIONS"] = boat.env["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
    return env


def book(boat):
    """Each step leaves a line: how often it ran, and in which order."""
    mark = os.path.join(boat.dir, "witness")
    steps = [runs.command(f"s{i:02}", *runs.append(mark, f"s{i:02}")) for i in range(1, STEPS + 1)]
    return runs.book(boat, steps), mark


def writes(boat, log):
    """How many writes to that log a whole run makes."""
    path, mark = book(boat)
    trace = os.path.join(boat.dir, "trace")
    run = runs.run(boat, path, status=0, env=shim_env(
        boat, CALLS="write", PATH=f"*/{log}", TRACE=trace, NTH=0))
    assert len(runs.witness(mark)) == STEPS
    with open(trace, encoding="utf-8") as f:
        lines = [line for line in f if re.search(rf"/{re.escape(log)} \d+$", line.rstrip())]
    # Every record is one write, or the shim has seen another file than the program wrote.
    if log == "journal.jsonl":
        assert len(lines) == len(run.records())
    os.unlink(trace)
    os.unlink(mark)
    return len(lines)


def decide(boat, run, mark):
    """A person looks at the target before he says what became of the step."""
    with Dialogue(boat, "resume", run.id, "--plain") as d:
        d.expect("answers: retry by-hand")
        step = run.last("ask.opened")["step"]
        assert run.last("ask.opened")["data"]["kind"] == "unknown"
        assert not run.find("step.result", step)
        d.answer("by-hand it is there" if step in runs.witness(mark) else "retry")
        assert d.end(60) == 0


def one_death(boat, path, mark, log, number, kind):
    """Dies at that write; is taken up until it is done. Returns whether somebody had to decide."""
    known = {r.id for r in runs.all_runs(boat)}
    done = boat.run("run", path, "--unattended", env=shim_env(
        boat, CALLS="write", PATH=f"*/{log}", NTH=number, KIND=kind))
    assert done.status in (0, 2, 3), done
    run = runs.newest_since(boat, known)
    finished = [r["step"] for r in run.find("step.result")] if run else []
    before = runs.witness(mark)
    # Nothing ran of which the journal does not tell.
    started = [r["step"] for r in run.find("step.intent")] if run else []
    assert set(finished) <= set(before) <= set(started), (number, kind)
    asked = False
    if not started and not (run and run.find("run.started")):
        assert before == []
        again = runs.run(boat, path, status=0)  # nothing to take up: it is begun anew
        assert again.finished()["outcome"] == "done"
    elif not (run.find("run.finished") and run.finished()["outcome"] == "done"):
        assert run.runner() is None
        done = boat.run("resume", run.id, "--unattended")
        assert done.status in (0, 2), done
        if done.status == 2:
            assert run.finished()["outcome"] == "unknown", done
            asked = True
            decide(boat, run, mark)
        assert run.finished()["outcome"] == "done"
        # What had finished before was left alone: one intent each.
        assert all(len(run.find("step.intent", s)) == 1 for s in finished)
        run.verify()
    assert runs.witness(mark) == [f"s{i:02}" for i in range(1, STEPS + 1)], (number, kind)
    os.unlink(mark)
    return asked


@pytest.fixture(autouse=True)
def without_sanitizers(monkeypatch):
    """Thousands of processes: the release build, where there is one, keeps this under a minute."""
    release = lifeboat.binary().replace("/build/debug/", "/build/")
    if os.path.exists(release) and \
            os.path.exists(os.path.join(os.path.dirname(release), "fault/shim.so")):
        monkeypatch.setenv("LIFEBOAT_BIN", release)


KINDS = ("kill-before", "kill-half", "kill-after")


@pytest.mark.seconds(900)
def test_f08_f53_killed_at_every_write_of_the_journal(boat):
    path, mark = book(boat)
    count = writes(boat, "journal.jsonl")
    assert count >= 2 * STEPS
    asked = sum(one_death(boat, path, mark, "journal.jsonl", n, KINDS[n % 3])
                for n in range(1, count + 1))
    # Deaths between an intent and its result there were in plenty.
    assert STEPS // 3 <= asked <= 2 * STEPS, asked
    # The last death may have torn a record; whoever opens the log next saves that aside.
    runs.run(boat, path, status=0)
    boat.run("audit", "verify", status=0)


@pytest.mark.seconds(900)
def test_f08_killed_at_writes_of_the_audit_log(boat):
    """It has the intent before the journal, and the result after it: nothing is ever unknown."""
    path, mark = book(boat)
    count = writes(boat, "audit.log")
    assert count >= 2 * STEPS
    for number in range(1, count + 1, 2):
        assert not one_death(boat, path, mark, "audit.log", number, KINDS[number % 3]), number
    # The last death may have torn a record; whoever opens the log next saves that aside.
    runs.run(boat, path, status=0)
    boat.run("audit", "verify", status=0)
