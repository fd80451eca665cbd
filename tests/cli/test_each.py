"""Loops: a step with `each` is one step for each item, from the plan on."""
import os

import pytest

import runs
from runs import append, command


def ids(boat, book, *args):
    plan = boat.run("plan", book, "--format", "json", *args, status=0).json()
    return [s["id"] for s in plan["steps"]]


def test_a_list_of_names(boat):
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [
        command("before", "true"),
        command("copy", *append(path, "got {{item}} {{ item }}"), each=["daily", "weekly"],
                title="Copy {{item}}"),
        command("say", "echo", "{{copy[weekly].value}}")])
    assert ids(boat, book) == ["before", "copy[daily]", "copy[weekly]", "say"]
    text = boat.run("plan", book, status=0).out
    assert "Copy daily" in text and "got weekly weekly" in text and "{{item}}" not in text
    run = runs.run(boat, book, status=0)
    assert runs.witness(path) == ["got daily daily", "got weekly weekly"]
    assert [r["step"] for r in run.find("step.intent")] == [
        "before", "copy[daily]", "copy[weekly]", "say"]
    run.verify()


def test_items_that_are_no_names(boat):
    path = os.path.join(boat.dir, "w")
    items = ["a b", "x;$(id)", "{{site}}", "-rf", "d.e"]
    book = runs.book(boat, [command("go", *append(path, "{{item}}"), each=items)])
    runs.site(boat)
    assert ids(boat, book) == [f"go[{i}]" for i in range(5)]
    runs.run(boat, book, status=0)
    assert runs.witness(path) == ["a b", "x;$(id)", "test", "-rf", "d.e"]


def test_a_parameter(boat):
    """Split at commas and line ends; what an item holds is not expanded again."""
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [command("go", *append(path, "{{item}}"), each="{{names}}")],
                     parameters={"names": {"type": "text"}, "other": {"type": "text",
                                                                      "default": "secret"}})
    given = "names= a ,b c,\n{{other}},,d"
    assert ids(boat, book, "--set", "names=one,two") == ["go[one]", "go[two]"]
    assert ids(boat, book, "--set", "names=one,one") == ["go[0]", "go[1]"]
    runs.run(boat, book, "--set", given, status=0)
    assert runs.witness(path) == ["a", "b c", "{{other}}", "d"]
    assert "no items" in boat.run("plan", book, "--set", "names= ,,", status=2).err


def test_item_everywhere(boat):
    """Environment, condition, expectation, confirmation."""
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [
        {"id": "go", "kind": "command", "effect": "read", "each": ["a", "b", "c"],
         "sh": 'echo "it is $X"; echo "$X" >> "$W"', "env": {"X": "{{item}}", "W": path},
         "when": {"value": "{{item}}", "is": "!= b"}, "expect": {"output": "~ is {{item}}"}}])
    run = runs.run(boat, book, status=0)
    assert runs.witness(path) == ["a", "c"]
    assert run.last("step.skipped")["step"] == "go[b]"


def test_gates_of_each(boat):
    path = os.path.join(boat.dir, "w")
    book = runs.book(boat, [command("go", *append(path, "{{item}}"), each=["a", "b"],
                                    confirm={"type": "{{item}}"})])
    boat.run("run", book, "--unattended", "--confirm", "go[a]=a", status=3)
    done = boat.run("run", book, "--unattended", "--confirm", "go=a", "--confirm", "go[a]=a",
                    "--confirm", "go[b]=b", status=2)
    assert 'no step "go"' in done.err
    boat.run("run", book, "--unattended", "--confirm", "go[a]=a", "--confirm", "go[b]=b", status=0)
    assert runs.witness(path) == ["a", "b"]


def test_resume_in_a_loop(boat):
    """The journal names the steps; a new runner makes the same ones again."""
    path = os.path.join(boat.dir, "w")
    stop = os.path.join(boat.dir, "stop")
    open(stop, "w").close()
    book = runs.book(boat, [
        {"id": "go", "kind": "command", "effect": "read", "each": "{{names}}", "on_fail": "stop",
         "sh": 'echo "$X" >> "$W"; test "$X" != b || ! test -e "$S"',
         "env": {"X": "{{item}}", "W": path, "S": stop}}],
        parameters={"names": {"type": "text", "default": "a,b,c"}})
    run = runs.run(boat, book, status=1)
    assert runs.witness(path) == ["a", "b"]
    os.unlink(stop)
    boat.run("resume", run.id, "--unattended", status=1)   # a failed step is a person's matter
    assert runs.witness(path) == ["a", "b"]


def test_done_when_means_all_of_them(boat):
    book = runs.book(boat, [command("go", "true", each=["a", "b"]),
                            command("after", "true")], done_when=["go"], rto="1h")
    run = runs.run(boat, book, status=0)
    events = [(r["event"], r.get("step")) for r in run.records()]
    assert events.index(("run.recovered", None)) > events.index(("step.result", "go[b]"))
    assert events.index(("run.recovered", None)) < events.index(("step.intent", "after"))


@pytest.mark.parametrize("fields, says", [
    ({"each": []}, "must be a list of texts"),
    ({"each": {"a": 1}}, "must be a list of texts"),
    ({"each": [["a"]]}, "must be a list of texts"),
    ({"each": ["a"], "capture": "x"}, "does not go with"),
    ({"each": ["{{nothing}}"]}, "nothing"),
])
def test_faults(boat, fields, says):
    book = runs.book(boat, [command("go", "echo", "{{item}}", **fields)])
    done = boat.run("plan", book, status=2)
    assert says in done.err, done


def test_item_outside_a_loop(boat):
    book = runs.book(boat, [command("go", "echo", "{{item}}")])
    assert "There is no variable {{item}}" in boat.run("lint", book, status=1).out
    book = runs.book(boat, [command("go", "true", each=["a"]),
                            command("after", "echo", "{{go.value}}")])
    assert "There is no variable {{go.value}}" in boat.run("lint", book, status=1).out


def test_bounds(boat):
    book = runs.book(boat, [command("go", "true", each="{{n}}")],
                     parameters={"n": {"type": "text"}})
    boat.run("plan", book, "--set", "n=" + ",".join(map(str, range(200))), status=0)
    done = boat.run("plan", book, "--set", "n=" + ",".join(map(str, range(201))), status=2)
    assert "more than 200 items" in done.err
    book = runs.book(boat, [command(f"go{i}", "true", each=list(map(str, range(200))))
                            for i in range(11)])
    assert "more than 2000 steps" in boat.run("plan", book, status=2).err
