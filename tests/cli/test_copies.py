"""Copies of sets in other locations: matched, late, missing, differing, unreachable."""
import os
import shutil
import time

import pytest

from backup_site import DAY, Site, stamp


class TwoPlaces(Site):
    def __init__(self, boat):
        super().__init__(boat)
        self.away = os.path.join(boat.dir, "away")
        os.makedirs(self.away)

    def write(self, name="aragora", extra=None):
        super().write(name, {"locations": {"local": {"directory": self.root},
                                           "off": {"directory": self.away}}, **(extra or {})})

    def copied(self, path, data=None, to=None):
        target = os.path.join(self.away, to or path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(self.root, path), target)
        if data is not None:
            with open(target, "wb") as f:
                f.write(data)

    def copy(self, **kwargs):
        row = self.row(**kwargs)
        return row, row["copies"][0]


PATTERN = "pg/app_{time:%Y%m%d_%H%M%S}.dump"


@pytest.fixture
def site(boat):
    site = TwoPlaces(boat)
    site.set("dump", path=PATTERN, copies=[{"location": "off", "within": "2h"}])
    os.makedirs(os.path.join(site.away, "pg"))
    return site


def make(site, *ages):
    names = [f"pg/app_{stamp(age)}.dump" for age in ages]
    for name, age in zip(names, ages):
        site.file(name, age=age)
    return names


def test_all_there(site):
    for name in make(site, 3600, 90000):
        site.copied(name)
    site.copied(make(site, 3600)[0], to="pg/other.dump")  # not of the set
    row, copy = site.copy(status=0)
    assert row["verdict"] == "ok"
    assert copy["location"] == "off" and copy["verdict"] == "ok" and copy["lag_s"] == 0
    assert (copy["present"], copy["missing"]) == (2, 0)


def test_not_yet_due(site):
    new, old = make(site, 3600, 80000)
    site.copied(old)
    row, copy = site.copy(status=0)
    assert copy["verdict"] == "ok" and 76000 <= copy["lag_s"] <= 77000
    site.copied(new)
    assert site.copy()[1]["lag_s"] == 0


def test_late(site):
    _, old = make(site, 3 * 3600, 80000)
    site.copied(old)
    row, copy = site.copy(status=1)
    assert row["verdict"] == copy["verdict"] == "late"
    assert "waiting for 3h" in copy["reason"] and "Copy in off: " in row["reasons"][0]


def test_older_than_the_objective(site):
    names = make(site, 3600, 10 * 3600, 27 * 3600)
    site.copied(names[2])
    row, copy = site.copy(status=1)
    assert copy["verdict"] == "breach" and "more than the RPO" in copy["reason"]


def test_none_at_all(site):
    make(site, 3600)
    assert site.copy(status=0)[1]["verdict"] == "ok"  # within its two hours
    make(site, 3 * 3600)
    row, copy = site.copy(status=1)
    assert copy["verdict"] == "breach" and copy["lag_s"] is None
    assert copy["reason"] == "there is none at all."


def test_half_a_copy_is_none(site):
    name, = make(site, 3 * 3600)
    site.copied(name, b"-- half")
    _, copy = site.copy(status=1)
    assert copy["verdict"] == "breach" and "differs in size" in copy["reason"]
    assert copy["different"] == 1


def test_holes(site):
    names = make(site, 3600, 10 * 3600, 20 * 3600, 3 * DAY)
    site.copied(names[0])
    site.copied(names[2])
    row, copy = site.copy(status=1)
    assert copy["verdict"] == "late" and "1 backups between" in copy["reason"]
    # What is older than the oldest copy was let go there: no hole.
    os.unlink(os.path.join(site.root, names[1]))
    assert site.copy(status=0)[1]["verdict"] == "ok"


def test_unreachable(site):
    for name in make(site, 3600):
        site.copied(name)
    shutil.rmtree(site.away)
    row, copy = site.copy(status=2)
    assert row["verdict"] == copy["verdict"] == "unknown"
    assert "could not be read" in copy["reason"]
    # It hides no breach of the set itself.
    for name in os.listdir(os.path.join(site.root, "pg")):
        os.unlink(os.path.join(site.root, "pg", name))
    make(site, 2 * DAY)
    assert site.copy(status=1)[0]["verdict"] == "breach"


def test_path_of_its_own(site):
    site.set("dump", path=PATTERN, copies=[{"location": "off", "path": "elsewhere/"}])
    name, = make(site, 3600)
    site.copied(name, to="elsewhere/" + os.path.basename(name))
    site.copied(name, to="elsewhere/notes.txt")
    assert site.copy(status=0)[1]["present"] == 1


def test_wal_by_its_last_segment(boat):
    site = TwoPlaces(boat)
    site.set("wal", type="wal", path="wal", rpo="1h", copies=[{"location": "off",
                                                              "within": "10m"}])
    def segment(place, number, age):
        path = os.path.join(place, "wal", f"0000000100000000{number:08X}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(b"\0" * 64)
        os.utime(path, (time.time() - age, time.time() - age))
    for i in range(1, 6):
        segment(site.root, i, (6 - i) * 60)
        segment(site.away, i, (6 - i) * 60)
    copy = site.row("db/wal")["copies"][0]
    assert copy["lag_s"] == 0
    segment(site.root, 6, 30)
    copy = site.row("db/wal")["copies"][0]
    assert copy["verdict"] != "breach" and 20 <= copy["lag_s"] <= 40
    for i in range(3, 6):
        os.unlink(os.path.join(site.away, "wal", f"0000000100000000{i:08X}"))
    assert site.row("db/wal")["copies"][0]["lag_s"] >= 200
