"""The console asks for a password that may be left out only where the run needs it."""
import json

import pytest

import runs

SECRET = {"type": "secret", "from": ["prompt"], "optional": True}


def site(boat, postgres):
    targets = {"open": {"postgresql": postgres.conninfo(), "environment": "staging"},
               "shut": {"postgresql": postgres.conninfo() + " user=nobody_of_this_name",
                        "environment": "staging"},
               "folder": {"directory": boat.dir, "environment": "staging"},
               "sand": {"sandbox": "postgresql"}}
    return boat.write("site.yaml", json.dumps({
        "site": "t", "locations": {"here": {"directory": boat.dir}}, "targets": targets,
        "assets": {"db": {"sets": {"dump": {"type": "pg_dump", "location": "here",
                                            "path": "dumps/", "rpo": "24h"}}}}}))


def asked(boat, steps, target, *args, secret=None):
    book = runs.book(boat, steps, parameters={
        "t": {"type": "target", "default": target}, "password": secret or SECRET})
    out = boat.run("__prepare", book, *args).out
    return json.loads(out.splitlines()[0])["ask"]


def use(*args, **fields):
    return [runs.command("a", "echo", *args, env={"PGPASSWORD": "{{password}}"}, **fields)]


@pytest.mark.parametrize("target,wanted", [
    ("open", False), ("shut", True), ("folder", True), ("sand", False)])
def test_by_target(boat, postgres, target, wanted):
    site(boat, postgres)
    assert asked(boat, use("{{t.name}}"), target) == (["password"] if wanted else [])


def test_by_step(boat, postgres):
    site(boat, postgres)
    # Nobody takes it; or who takes it is not known; or it may not be left out.
    assert asked(boat, [runs.command("a", "echo", "{{t.name}}")], "shut") == []
    assert asked(boat, use("x"), "open") == ["password"]
    assert asked(boat, use("{{t.name}}"), "open",
                 secret={"type": "secret", "from": ["prompt"]}) == ["password"]
    # What a drill only tells takes nothing.
    told = use("{{t.name}}", drill="simulate")
    assert asked(boat, told, "shut") == ["password"]
    assert asked(boat, told, "shut", "--drill") == []
