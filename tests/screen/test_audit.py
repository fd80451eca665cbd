"""The Audit screen: what the log says of itself, the verdicts, and what the site's anchors have."""
import os
import pwd
import re

import pytest

import runs
from console_keys import press_until


@pytest.fixture
def anchored(site):
    """A run, sealed and anchored; another anchor can't be reached."""
    boat = site.boat
    witness = boat.write("witness", "")
    os.chown(witness, pwd.getpwnam("nobody").pw_uid, -1)
    site.write(extra={"audit": {"anchors": {
        "witness": {"file": witness}, "gone": {"file": os.path.join(boat.dir, "no", "file")}}}})
    runs.run(boat, runs.book(boat, [runs.command("a", "true")]), status=0)
    boat.run("audit", "seal")
    return site


def shown(s):
    return " ".join(s.text().split())


def test_anchors_and_verdicts(anchored):
    log = os.path.join(anchored.boat.state, "audit", "audit.log")
    with anchored.console(columns=100, rows=30) as s:
        s.wait("1 of 5")
        press_until(s, "7", "audit.sealed")
        # What the log says of itself is told in words, and stands out.
        s.wait("SEALED: what stands before this")
        assert "ANCHOR FAILED: gone (file): " in s.text()
        s.keys("v")
        s.wait("OK-TO-ANCHOR")
        assert re.search(r"anchor witness \(file\) HOLDS the log up to record \d+", s.text())
        assert "anchor gone (file) NOT READ: Cannot " in s.text()
        s.assert_fits()
        # A log that is gone is not one that was never there.
        os.rename(log, log + ".away")
        s.keys("v")
        s.wait("MISSING")
        assert re.search(r"\x1b\[[0-9;]*7[;m][^\n]* MISSING ", s.styled())
        s.wait("There is no audit log any more.")
        assert "nothing was done here" not in s.text()
        assert "HOLDS the log up to record" in s.text()


def test_damage_and_nobody_who_vouches(site):
    boat = site.boat
    runs.run(boat, runs.book(boat, [runs.command("a", "true")]), status=0)
    log = os.path.join(boat.state, "audit", "audit.log")
    with site.console() as s:
        s.wait("1 of 5")
        press_until(s, "7", "run.finished")
        s.keys("v")
        s.wait("INTACT-UNANCHORED")
        with open(log, "rb") as f:
            text = f.read()
        with open(log, "wb") as f:
            f.write(text.replace(b'"outcome":"done"', b'"outcome":"gone"', 1))
        s.keys("v")
        s.wait("BROKEN")
        assert "MISSING" not in shown(s) and "anchor" not in s.row(4)
        s.assert_fits()
