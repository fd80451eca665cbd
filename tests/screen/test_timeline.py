"""The Timeline on a real archive: what can be reached, the transaction that did the damage, and
from it to the runbook, with the moment filled in; in 80 columns."""
import re

import pytest

import console_site
import wal_cluster
from console_keys import press_until


@pytest.fixture(scope="module")
def cluster():
    c = wal_cluster.WalCluster(1)
    c.sql("CREATE TABLE users (id int PRIMARY KEY, name text)")
    c.sql("INSERT INTO users SELECT g, repeat('n', 40) FROM generate_series(1, 3000) g")
    c.base_backup("base", "-Fp")
    c.commit("before")
    xid = c.sql("BEGIN; DROP TABLE users; SELECT pg_current_xact_id(); COMMIT").split()[-1]
    c.dropped = c.keep("drop", xid)
    c.commit("after")
    c.switch()
    yield c
    c.remove()


@pytest.fixture
def timeline(boat, cluster):
    """The console of that site, on its Timeline."""
    wal_cluster.site(boat, cluster)
    site = console_site.ConsoleSite.__new__(console_site.ConsoleSite)
    site.boat = boat
    boat.run("collect")
    made = []

    def make(**kwargs):
        s = site.console(**kwargs)
        made.append(s)
        s.wait("1 of 2")
        s.keys("3")
        s.wait("can be reached, on timeline 1 from base backup base")
        return s
    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("columns,rows", [(80, 24), (120, 40), (200, 50)])
def test_timeline(timeline, columns, rows):
    s = timeline(columns=columns, rows=rows)
    text = s.text()
    assert re.search(r"^ base +.*B", text, re.M) and re.search(r"^ timeline 1 +.*=", text, re.M)
    assert "of WAL" in text or "WAL of" in text
    # The cursor is a moment; zoom and pan keep it.
    at = re.search(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) can be reached", text).group(1)
    s.keys("-", "-", "-")
    s.wait(f"{at} can be reached")
    s.keys("+", "+", "+", "0")
    s.wait(f"{at} can be reached")
    s.keys("-", "-", "-", "-")
    press_until(s, "Left", "can't be reached.")
    assert "after it" in s.text()
    s.keys("]")
    s.assert_fits()


def test_from_the_damage_to_the_runbook(timeline, cluster):
    s = timeline()
    s.keys("t")
    xid = cluster.dropped.xid
    s.wait("Transactions that did damage")
    s.wait(f"xid {xid}  drop public.users")
    before = re.compile(r"just\s+before\s+it\s+\((\S+)\)")
    moment = before.search(s.wait(before)).group(1)
    assert re.search(r"^ damage +.*\*", s.text(), re.M)
    s.assert_fits()
    # It is a mark to stop at, from either side.
    for away, back in (("g", "]"), ("G", "[")):
        s.keys(away)
        s.wait_gone("just before it")
        press_until(s, back, f"Transaction {xid}: ")
    s.keys("Enter")
    s.wait("Recover to this moment")
    s.wait("1 of 2")
    assert "postgres/restore-pitr" in s.text() and moment in s.text()
    s.keys("Enter")
    s.wait("Recover PostgreSQL to a moment")
    press_until(s, "s", "[ Show the plan ]", each=5)
    # What was found is filled in, and so is the archive that it was found in.
    assert moment in s.text() and "db/wal" in s.text()


def test_what_is_missing_is_named(boat, cluster, tmp_path, timeline):
    archive = wal_cluster.copy_archive(cluster, tmp_path)
    segments = sorted(p.name for p in archive.iterdir() if len(p.name) == 24)
    (archive / segments[-2]).unlink()
    wal_cluster.site(boat, cluster, archive)
    site = console_site.ConsoleSite.__new__(console_site.ConsoleSite)
    site.boat = boat
    with site.console() as s:
        s.wait("1 of 2")
        s.keys("3")
        s.wait("1 segment is missing on timeline 1")
        assert segments[-2] in s.text()
        s.assert_fits()
