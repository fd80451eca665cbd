"""Parallel groups: steps that run at once, each with its own record, output, time limit and end."""
import os
import signal

import pytest

import runs
import scratch
from dialogue import Dialogue
from runs import command, script

# Each waits until all of its group have begun: alone it would never end.
MEET = ('touch "$DIR/$ME"; while test "$(ls "$DIR" | wc -l)" -lt "$N"; do sleep 0.02; done; '
        'echo "$ME met"; echo "$ME!" >&2')


def meet(boat, id, n, **fields):
    where = os.path.join(boat.dir, "meet")
    os.makedirs(where, exist_ok=True)
    return script(id, MEET, env={"DIR": where, "ME": id, "N": str(n)}, parallel="g",
                  **{"timeout": "60s", **fields})


def test_at_once(boat):
    book = runs.book(boat, [command("before", "true"), meet(boat, "a", 3), meet(boat, "b", 3),
                            meet(boat, "c", 3),
                            command("after", "echo", "{{a.value}} {{b.value}} {{c.value}}")])
    assert "at once with: the group g" in boat.run("plan", book, status=0).out
    run = runs.run(boat, book, status=0)
    for step in "abc":
        assert f"{step} met\n".encode() in run.output(step) and f"{step}!".encode() in \
            run.output(step)
        assert run.result(step)["output_bytes"] == len(run.output(step))
    events = [(r["event"], r["step"]) for r in run.records()
              if r["event"] in ("step.intent", "step.result")]
    assert events[2:5] == [("step.intent", s) for s in "abc"]
    assert events[-2:] == [("step.intent", "after"), ("step.result", "after")]
    assert run.output("after") == b"a met b met c met\n"
    run.verify()
    assert "c met" in boat.run("replay", run.id, "--speed", "1000", status=0).out


def test_each_at_once(boat):
    where = os.path.join(boat.dir, "meet")
    os.makedirs(where)
    book = runs.book(boat, [script("do", MEET, env={"DIR": where, "ME": "{{item}}", "N": "4"},
                                   each=["a", "b", "c", "d"], parallel="g", timeout="60s")])
    run = runs.run(boat, book, status=0)
    assert b"c met\n" in run.output("do[c]")


def test_more_than_may_run_at_once(boat):
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [{**script("do", 'echo "$I" >> "$W"', env={"I": "{{item}}", "W": path}),
                             "each": [str(i) for i in range(40)], "parallel": "g"}])
    runs.run(boat, book, status=0)
    assert sorted(map(int, runs.witness(path))) == list(range(40))


def test_groups_follow_each_other(boat):
    path = os.path.join(boat.dir, "w")

    def step(id, group):
        return command(id, *runs.append(path, group), parallel=group)
    runs.run(boat, runs.book(boat, [step("a", "one"), step("b", "one"), step("c", "two"),
                                    step("d", "two")]), status=0)
    assert runs.witness(path) == ["one", "one", "two", "two"]


def test_a_failure_is_asked_about_when_the_others_have_ended(boat):
    go = os.path.join(boat.dir, "go")
    slow = script("slow", 'while ! test -e "$G"; do sleep 0.02; done; echo slow done',
                  env={"G": go}, parallel="g")
    bad = script("bad", 'test -e "$G" || exit 7', env={"G": go}, parallel="g")
    with Dialogue(boat, "run", runs.book(boat, [bad, slow, command("after", "true")]),
                  "--plain") as d:
        run = scratch.wait_for(lambda: runs.newest_since(boat, set()), 30, "the run")
        run.wait_event("step.result", "bad")
        assert run.find("ask.opened") == []
        with open(go, "w"):
            pass
        d.expect("exit status 7", 60)
        d.answer("retry")
        assert d.end() == 0
    assert run.result("slow")["outcome"] == "ok" and run.last("step.intent", "bad")["data"][
        "attempt"] == 2
    events = [(r["event"], r.get("step")) for r in run.records()]
    assert events.index(("step.result", "slow")) < events.index(("ask.opened", "bad"))


def test_unattended_failure_lets_the_others_end(boat):
    path = os.path.join(boat.dir, "w")
    run = runs.run(boat, runs.book(boat, [
        script("bad", "exit 7", parallel="g"),
        script("good", 'sleep 0.5; echo good >> "$W"', env={"W": path}, parallel="g"),
        command("after", "true")]), status=1)
    assert runs.witness(path) == ["good"] and run.find("step.intent", "after") == []
    assert run.result("good")["outcome"] == "ok"


def test_time_out_of_one(boat):
    run = runs.run(boat, runs.book(boat, [
        script("stuck", "sleep 300", parallel="g", timeout="1s", on_fail="continue"),
        script("good", "sleep 2; echo fine", parallel="g")]), status=1)
    assert run.result("stuck")["code"] == "timeout" and run.output("good") == b"fine\n"


def test_what_one_leaves_behind_harms_no_other(boat):
    run = runs.run(boat, runs.book(boat, [
        script("a", "(sleep 301 &) ; true", parallel="g"),
        script("b", "(sleep 1; echo late) & wait; echo end", parallel="g")]), status=0)
    assert run.output("b") == b"late\nend\n" and runs.processes_with("sleep 301") == []


def test_secrets_are_masked_in_all(boat):
    steps = [script(s, 'for i in 1 2 3 4 5 6 7 8; do echo "$PW"; sleep 0.01; done', parallel="g",
                    env={"PW": "{{pw}}"}) for s in "ab"]
    run = runs.run(boat, runs.book(boat, steps, parameters={
        "pw": {"type": "secret", "from": ["env TEST_PW"]}}), env={"TEST_PW": "hunter2hunter2"},
        status=0)
    assert run.output("a") == run.output("b") == b"***\n" * 8


def test_stop_ends_all(boat):
    run = runs.start(boat, runs.book(boat, [script(s, "exec sleep 302", parallel="g")
                                            for s in "abc"]))
    run.wait_event("step.intent", count=3)
    boat.run("stop", run.id, status=0)
    assert run.wait_finished()["outcome"] == "stopped"
    assert {run.result(s)["code"] for s in "abc"} == {"stopped"}
    assert runs.processes_with("sleep 302") == []
    run.process.communicate(timeout=60)


def test_resume_with_several_unknown(boat):
    book = runs.book(boat, [script(s, "exec sleep 303", parallel="g") for s in "abc"]
                     + [command("after", "true")])
    run = runs.start(boat, book)
    run.wait_event("step.intent", count=3)
    run.kill_runner(signal.SIGKILL)
    run.process.communicate(timeout=60)
    with Dialogue(boat, "resume", run.id, "--plain") as d:
        for step in "abc":
            d.answer("by-hand looked at it")
        assert d.end() == 0
    assert len(run.find("step.unknown")) == 3 and len(run.find("step.by_hand")) == 3
    assert runs.processes_with("sleep 303") == [] and run.result("after")["outcome"] == "ok"
    run.verify()


def test_gates_come_one_after_the_other(boat):
    steps = [{**meet(boat, s, 2), "effect": "write", "confirm": {"type": s}} for s in "ab"]
    with Dialogue(boat, "run", runs.book(boat, steps), "--plain") as d:
        for step in "ab":
            d.expect(f"type: confirm {step}", 60)
            d.answer(f"confirm {step}")
        assert d.end() == 0
    run = runs.only(boat)
    assert {run.result(s)["outcome"] for s in "ab"} == {"ok"}


@pytest.mark.parametrize("fields, says", [
    ({"retry": {"times": 2}}, "does not go with"),
    ({"kind": "manual", "instruction": "x", "run": None}, "can't be parallel")])
def test_faults(boat, fields, says):
    step = {**command("a", "true", parallel="g"), **fields}
    step = {k: v for k, v in step.items() if v is not None}
    assert says in boat.run("plan", runs.book(boat, [step]), status=2).err


def test_values_within_a_group_come_too_late(boat):
    book = runs.book(boat, [command("a", "echo", "x", parallel="g"),
                            command("b", "echo", "{{a.value}}", parallel="g")])
    assert "There is no variable {{a.value}} here" in boat.run("lint", book, status=1).out
