"""collect --publish and board --fleet: many sites in one place."""
import json
import os

import pytest

import lifeboat
import scratch
from backup_site import DAY, Site


@pytest.fixture
def fleet(tmp_path):
    """Three sites, each with a state of its own, that publish into one directory."""
    place = tmp_path / "fleet"
    place.mkdir()
    sites = {}
    for name, age in (("alpha", 60), ("beta", 2 * DAY), ("gamma", 60)):
        boat = lifeboat.Lifeboat(tmp_path / name)
        os.makedirs(boat.dir)
        site = sites[name] = Site(boat)
        site.set("dump", path="pg/")
        site.write(name=name)
        site.file("pg/x.dump", age=age)
        boat.run("collect", "--publish", place, status=0)
    return place, sites


def read(boat, place, status):
    return boat.run("board", "--fleet", place, "--format", "json", status=status).json()


def test_worst_first(fleet, boat):
    place, _ = fleet
    board = read(boat, place, 1)
    assert board["verdict"] == "breach"
    assert [(s["site"], s["verdict"]) for s in board["sites"]] == [
        ("beta", "breach"), ("alpha", "ok"), ("gamma", "ok")]
    beta = board["sites"][0]
    assert beta["counts"] == {"ok": 0, "late": 0, "unknown": 0, "breach": 1}
    assert beta["sets"][0]["newest"]["name"] == "x.dump" and beta["age_s"] < 100
    text = boat.run("board", "--fleet", place, status=1).out
    assert "3 sites   BREACH 1" in text and "db/dump: The newest good backup is" in text
    assert boat.run("board", "--fleet", place, "--nagios").status == 2


def test_stale_and_broken_summaries_are_unknown(fleet, boat):
    place, sites = fleet
    sites["alpha"].write(name="alpha", extra={"catalog": {"stale_after": "1s"}})
    sites["alpha"].boat.run("collect", "--publish", place, status=0)
    (place / "gamma.lifeboat").write_bytes(b"garbage")
    (place / "delta.lifeboat").write_bytes((place / "beta.lifeboat").read_bytes())
    (place / "notes.txt").write_text("not a summary")

    def verdicts():
        return {s["site"]: s["verdict"] for s in
                boat.run("board", "--fleet", place, "--format", "json").json()["sites"]}
    want = {"alpha": "unknown", "beta": "breach", "gamma": "unknown", "delta": "unknown"}
    scratch.wait_for(lambda: verdicts() == want, 10, "alpha to become stale")
    errors = {s["site"]: s["error"] for s in read(boat, place, 1)["sites"]}
    assert "not a catalog of this version" in errors["gamma"]
    assert errors["delta"] == 'It is the summary of the site "beta".' and errors["beta"] is None


def test_an_unreadable_place(boat, tmp_path):
    assert "no directory" in boat.run("board", "--fleet", tmp_path / "none", status=2).err
    (tmp_path / "empty").mkdir()
    assert "--publish" in boat.run("board", "--fleet", tmp_path / "empty", status=2).err


def test_publishing_fails(fleet):
    place, sites = fleet
    boat = sites["alpha"].boat
    done = boat.run("collect", "--publish", "/nowhere", "--publish", place, status=2)
    assert "/nowhere" in done.err
    assert json.loads(boat.run("board", "--format", "json").out)["verdict"] == "ok"
