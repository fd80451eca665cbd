"""Recovery to a moment in the console at 80x24: from the Timeline to the runbook, and the question
at the pause: another moment, then good."""
import re

import pytest

import runs
import screen as screen_module
import wal_cluster
from console_keys import choose, confirm, write
from wal_cluster import rfc

pytestmark = pytest.mark.seconds(300)


@pytest.fixture(scope="module")
def cluster():
    c = wal_cluster.WalCluster(1)
    c.commit("one")
    c.base_backup("base")
    for label in ("two", "three", "four"):
        c.commit(label)
        c.switch()
    yield c
    c.remove()


def begin(boat, *args):
    env = {k: v for k, v in boat.env.items() if k != "TERM"}
    return screen_module.Screen([*args, "--site", boat.site], env=env)


def test_from_the_timeline_to_the_runbook(boat, cluster):
    wal_cluster.site(boat, cluster)
    boat.run("collect")
    with begin(boat) as s:
        s.wait("wal")
        s.keys("3")
        s.wait("can be reached, on timeline 1 from base backup base.")
        s.keys("Enter")
        s.wait("Recover to this moment")
        s.wait("postgres/extract-table")
        s.keys("Down")
        s.wait("2 of 2")
        s.keys("Enter")
        s.wait("What it wants to know")
        s.keys("s")
        s.wait("moment to recover to")
        # The moment of the cursor and the only archive are filled in; what is optional is not.
        lines = dict(re.findall(r"│ (\S.*?)  +(\S.*?) *│", s.text()))
        assert lines["WAL archive"] == "db/wal"
        assert lines["moment to recover to"].endswith("Z")
        assert lines["base backup (else the best)"] == "(Enter chooses)"
        s.assert_clean()
        s.keys("Escape", "Q")


def test_another_moment_in_the_console(boat, cluster):
    wal_cluster.site(boat, cluster)
    boat.run("collect")
    two, three = cluster.record[1], cluster.record[2]
    with begin(boat, "run", "postgres/restore-pitr", "--set", f"moment={rfc(two.at)}", "--set",
               "query=SELECT label FROM record") as s:
        s.wait("The sandbox is paused at ")
        s.assert_fits()
        choose(s, "Choose: another moment")
        confirm(s, "Choose it")
        s.wait("To which moment instead?")
        choose(s, "It is done")
        write(s, rfc(three.at), "It is done")
        s.wait("The sandbox is paused at ")
        choose(s, "Choose: keep it as it is")
        confirm(s, "Choose it")
        s.wait("Use the sandbox")
        choose(s, "It is done")
        write(s, "looked into it", "It is done")
        s.wait("DONE")
        s.assert_clean()
        s.keys("Q")
        assert s.wait_exit() == 0
    run = runs.only(boat)
    assert run.finished()["outcome"] == "done"
    assert "goes on from where it is" in run.output("move").decode()
    assert run.output("look", 1).decode().split() == ["label", "-------", "one", "two", "(2", "rows)"]
    assert "three" in run.output("look", 2).decode()
    run.verify()
