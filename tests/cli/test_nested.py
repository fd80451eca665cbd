"""Steps of kind runbook: shown with the plan, pinned, in a run of their own."""
import os

import pytest

import runs
import scratch
from runs import append, command


def inner(boat, steps, name="inner", **fields):
    return runs.book(boat, steps, name=name, **fields)


def call(path, id="do", **fields):
    return {"id": id, "kind": "runbook", "runbook": path, **fields}


def started(run):
    return run.last("run.started")["data"]


def both(boat, seconds=0):
    """The outer run and the one inside, once there are two."""
    def found():
        all_ = [r for r in runs.all_runs(boat) if r.find("run.started")]
        inside = [r for r in all_ if "parent" in started(r)]
        outside = [r for r in all_ if "parent" not in started(r)]
        return (outside[0], inside[0]) if inside and outside else None
    return scratch.wait_for(found, seconds, "both runs") if seconds else found()


def test_plan_and_run(boat):
    path = os.path.join(boat.dir, "w")
    book = inner(boat, [command("a", *append(path, "{{word}}")), command("b", "echo", "two")],
                 parameters={"word": {"type": "text"}})
    outer = runs.book(boat, [
        command("before", *append(path, "before")),
        call(book, set={"word": "in {{name}}"}),
        command("after", *append(path, "after {{do.run}}"))],
        parameters={"name": {"type": "text", "default": "x;y"}})
    text = boat.run("plan", outer, status=0).out
    assert "Run the runbook" in text and "word: in x;y" in text and "'in x;y'" in text
    step = boat.run("plan", outer, "--format", "json", status=0).json()["steps"][1]
    assert "2. b  [command, read]" in step["runs"]
    runs.run(boat, outer, status=0)
    run, nested = both(boat)
    assert runs.witness(path) == ["before", "in x;y", f"after {nested.id}"]
    assert run.result("do")["value"] == nested.id
    assert started(nested)["parent"] == {"run": run.id, "step": "do"}
    assert started(nested)["attended"] is False
    out = run.output("do").decode()
    assert f"run {nested.id} began" in out and "a: ok" in out and "b: ok" in out
    run.verify()
    nested.verify()


def test_failure_in_it(boat):
    book = inner(boat, [command("a", "true"), command("b", "sh", "-c", "exit 7")])
    runs.run(boat, runs.book(boat, [call(book)]), status=1)
    run, nested = both(boat)
    result = run.result("do")
    assert result["outcome"] == "failed" and result["code"] == "check-failed"
    assert nested.id in result["message"] and "exit status 7" in result["message"]
    assert nested.id in result["hint"]


def test_by_id_and_relative(boat):
    inner(boat, [command("a", "true")], name="below/inner")
    for name in ("./below/inner.yaml", os.path.join(boat.dir, "below/inner.yaml")):
        runs.run(boat, runs.book(boat, [call(name)]), status=0)
    done = boat.run("plan", runs.book(boat, [call("postgres/no-such")]), status=2)
    assert 'no runbook "postgres/no-such"' in done.err


def test_changed_between_plan_and_step(boat):
    """F50: what was shown runs, or nothing."""
    path = os.path.join(boat.dir, "w")
    book = inner(boat, [command("a", *append(path, "shown"))])
    outer = runs.book(boat, [
        command("change", "sh", "-c", f"sed -i s/shown/other/ {book}"), call(book)])
    run = runs.run(boat, outer, status=3)
    assert "SHA-256" in run.output("do").decode()
    assert runs.witness(path) == []
    assert len(runs.all_runs(boat)) == 1


def test_digest_wanted_on_the_command_line(boat):
    book = inner(boat, [command("a", "true")])
    sha = boat.run("plan", book, "--format", "json").json()["sha256"]
    boat.run("run", book, "--unattended", "--sha256", sha, status=0)
    assert "not the wanted one" in boat.run("run", book, "--unattended", "--sha256", "0" * 64,
                                            status=3).err


def test_effect_is_that_of_what_it_does(boat):
    book = inner(boat, [{**command("a", "true"), "effect": "write"}])
    done = boat.run("plan", runs.book(boat, [call(book)]), status=2)
    assert "has effect: read, but the runbook inner has write" in done.err
    runs.run(boat, runs.book(boat, [call(book, effect="write")]), status=0)


GATE = [{"id": "wait", "kind": "manual", "instruction": "Pull the plug."}]


def test_gates_are_answered_here_or_not_at_all(boat):
    book = inner(boat, GATE)
    done = boat.run("plan", runs.book(boat, [call(book)]), status=3)
    assert 'step "wait" waits for a person' in done.err
    done = boat.run("plan", runs.book(boat, [call(book, answers={"wait": "ok"})]), status=2)
    assert "needs a \"confirm\"" in done.err
    outer = runs.book(boat, [call(book, answers={"wait": "ok"}, confirm={"type": "really"})])
    boat.run("run", outer, "--unattended", status=3)
    runs.run(boat, outer, "--confirm", "do=really", status=0)
    assert both(boat)[1].last("step.answered", "wait")


def test_approvals_are_never_taken_for_given(boat):
    book = inner(boat, [{**command("a", "true"), "approve": {"count": 1}}])
    done = boat.run("plan", runs.book(boat, [call(book, answers={"a": "x"}, confirm=True)]),
                    status=3)
    assert "needs an approval" in done.err


def test_recursion_is_bounded(boat):
    book = boat.write("self.yaml", "")
    runs.book(boat, [call(book)], name="self")
    assert "deep at most" in boat.run("plan", book, status=2).err
    a = inner(boat, [command("a", "true")], name="n0")
    for i in range(1, 4):
        a = inner(boat, [call(a)], name=f"n{i}")
    boat.run("run", a, "--unattended", status=0)
    assert len(runs.all_runs(boat)) == 4
    assert "deep at most" in boat.run("plan", inner(boat, [call(a)], name="n4"), status=2).err


def test_unsafe_inner_runbook(boat):
    """F54, and what lint blocks."""
    book = inner(boat, [command("a", "true")])
    os.chmod(book, 0o666)
    outer = runs.book(boat, [call(book)])
    assert book in boat.run("plan", outer, status=3).err
    os.chmod(book, 0o644)
    boat.run("plan", outer, status=0)
    inner(boat, [{**command("a", "true"), "effect": "destroy"}])
    assert "not safe to run" in boat.run("plan", runs.book(boat, [call(book, effect="destroy")]),
                                         status=2).err


def test_late_values_are_refused(boat):
    book = inner(boat, [command("a", "echo", "{{word}}")], parameters={"word": {"type": "text"}})
    outer = runs.book(boat, [command("first", "echo", "x", capture="w"),
                             call(book, set={"word": "{{w}}"})])
    assert "known when the plan is made" in boat.run("plan", outer, status=2).err


def test_target_locks_are_shared_with_the_outer_run_only(boat):
    runs.site(boat, files="staging")
    step = {**command("a", "touch", "{{target.directory}}/x"), "effect": "write"}
    parameters = {"target": {"type": "target", "kind": "directory"}}
    os.makedirs(os.path.join(boat.dir, "files"))
    gate = os.path.join(boat.dir, "gate")
    step["run"] = ["sh", "-c", 'touch "$1"; test "$2" = no || sleep 300', "sh", gate, "{{wait}}"]
    step["env"] = {"T": "{{target.name}}"}
    book = inner(boat, [step], parameters={**parameters,
                                           "wait": {"type": "text", "default": "yes"}})
    outer = runs.book(boat, [call(book, effect="write", set={"target": "{{target.name}}"})],
                      parameters=parameters)
    process = runs.start(boat, outer, "--set", "target=files").process
    scratch.wait_for(lambda: os.path.exists(gate), 60, "the inner step")
    going, inside = both(boat)
    done = boat.run("run", book, "--unattended", "--set", "target=files", status=3)
    assert "The target files is in use by run" in done.err
    # The outer runner dies: what it had begun is stopped, and nobody has the target before.
    os.kill(going.runner(), 9)
    while inside.runner() is not None:
        done = boat.run("run", book, "--unattended", "--set", "target=files", "--set", "wait=no")
        assert done.status == 3 or inside.runner() is None, done
    assert inside.finished()["outcome"] == "stopped"
    boat.run("run", book, "--unattended", "--set", "target=files", "--set", "wait=no", status=0)
    process.communicate(timeout=60)


def test_stop_reaches_the_inner_run(boat):
    book = inner(boat, [command("a", "sleep", "300")])
    process = runs.start(boat, runs.book(boat, [call(book)])).process
    going, inside = both(boat, 60)
    inside.wait_event("step.intent", "a", seconds=60)
    boat.run("stop", going.id, status=0)
    assert inside.wait_finished()["outcome"] == "stopped"
    assert going.wait_finished()["outcome"] == "stopped"
    process.communicate(timeout=60)
    assert runs.processes_with("sleep 300") == []


def test_time_out(boat):
    book = inner(boat, [command("a", "sleep", "300")])
    runs.run(boat, runs.book(boat, [call(book, timeout="2s")]), status=2)
    run, inside = both(boat)
    assert run.result("do")["code"] == "timeout"
    scratch.wait_for(lambda: inside.runner() is None, 60, "the inner runner to end")
    assert inside.finished()["outcome"] == "stopped"


def test_drill(boat):
    book = inner(boat, [command("a", "true")])
    runs.run(boat, runs.book(boat, [call(book)]), "--drill", status=0)
    assert started(both(boat)[1])["mode"] == "drill"


def test_secrets_reach_it_through_env(boat):
    book = inner(boat, [{**command("a", "sh", "-c", 'test ${#P} = 14; echo "$P"'),
                         "env": {"P": "{{password}}"}}],
                 parameters={"password": {"type": "secret", "from": ["env INNER"]}})
    outer = runs.book(boat, [call(book, env={"INNER": "{{password}}"})],
                      parameters={"password": {"type": "secret", "from": ["env OUTER"]}})
    runs.run(boat, outer, env={"OUTER": "hunter2hunter2"}, status=0)
    for r in both(boat):
        for root, _, names in os.walk(r.dir):
            for name in names:
                if name != "socket":
                    with open(os.path.join(root, name), "rb") as f:
                        assert b"hunter2" not in f.read(), name


@pytest.mark.parametrize("fields, says", [
    ({"runbook": "{{x}}"}, "must be known"), ({"set": ["a"]}, "must be a map"),
    ({"set": {"a": ["b"]}}, "must be a text"), ({"set": {"nope": "b"}}, "no parameter")])
def test_faults(boat, fields, says):
    book = inner(boat, [command("a", "true")])
    assert says in boat.run("plan", runs.book(boat, [{**call(book), **fields}]), status=2).err
