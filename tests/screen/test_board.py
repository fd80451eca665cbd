"""Board, a set, Backups and one backup: what the person sees first, at three sizes."""
import re

import pytest

import console_site
import screen as screen_module
from console_keys import press_until_gone

SIZES = [(80, 24), (120, 40), (200, 50)]


def rows(s):
    """The rows of the table: from its titles to the count below it."""
    lines = s.lines()
    start = next(i for i, line in enumerate(lines) if line.startswith(" STATE "))
    end = next(i for i, line in enumerate(lines) if re.search(r"\d+ of [\d,]+$", line.rstrip()))
    return [line.rstrip() for line in lines[start + 1:end] if line.strip()]


@pytest.mark.parametrize("columns,height", SIZES)
def test_board(console, columns, height):
    s = console(columns=columns, rows=height)
    s.wait("1 of 5")
    assert s.row(0).startswith(" lifeboat  aragora  Board")
    assert "BREACH 2   UNKNOWN 1   LATE 1   ok 1" in s.text()
    assert [r.split()[:3] for r in rows(s)] == [
        ["BREACH", "db", "late-dump"], ["BREACH", "db", "empty"], ["UNKNOWN", "away", "config"],
        ["LATE", "cache", "nightly"], ["ok", "db", "daily-dump"]]
    # No backup at all is not the same as not knowing.
    assert re.search(r"empty +.*none / 24h00", s.text())
    assert re.search(r"config +.*unknown / 24h00", s.text())
    # Why, at a glance, and what there is to press.
    assert "db/late-dump: why BREACH" in s.text()
    assert "The newest good backup is 3d old, more than the RPO of 24h." in s.text()
    assert "r restore" in s.text() and "? help" in s.text()
    assert ("NEWEST GOOD" in s.text()) == (columns >= 120)
    assert ("LAST RESTORE" in s.text()) == (columns >= 200)
    s.keys("j", "j")
    s.wait("away/config: why UNKNOWN")
    s.assert_fits()
    s.keys("q")
    assert s.wait_exit() == 0


@pytest.mark.parametrize("columns,height", SIZES)
def test_drill_down(console, columns, height):
    s = console(columns=columns, rows=height)
    s.wait("1 of 5")
    s.keys("G", "Enter")
    s.wait("Board > db/daily-dump")
    text = s.wait("Restore: Restore a PostgreSQL dump")
    assert "newest good  app_" in text and "SIZE OF EACH BACKUP" in text
    assert "proven       nothing proves that its backups are good" in text
    s.assert_fits()
    # From the list of what can be done to the backups of this set, and the levels back.
    s.keys("Enter")
    s.wait("1 of 12")
    assert "Board > db/daily-dump > db/daily-dump" in s.row(0) or columns < 100
    s.keys("Enter")
    s.wait(re.compile(r"SHA-256|sha256|file +|where +"))
    s.assert_fits()
    for _ in range(3):
        s.keys("q")
    s.wait("db/daily-dump: why ok")


def test_r_goes_to_the_restore(console):
    s = console()
    s.wait("1 of 5")
    s.keys("G")
    s.wait("db/daily-dump: why ok")
    s.keys("r")
    s.wait(re.compile(r"2 of \d"))
    s.keys("Enter")
    assert "postgres/restore-dump" in s.wait("What it does, step by step")


def test_filter_and_its_end(console):
    s = console()
    s.wait("1 of 5")
    s.keys("/")
    s.type("NIGHT")
    s.wait("1 of 1")
    assert [r.split()[1:3] for r in rows(s)] == [["cache", "nightly"]]
    s.keys("Enter")
    s.wait("only rows with NIGHT")
    s.keys("Escape")
    s.wait("of 5")
    # A filter that nothing passes says so and is no dead end.
    s.keys("/")
    s.type("zzz")
    s.wait("0 of 0")
    s.keys("C-c")
    s.wait("of 5")


def test_backups_filter_sort_mark(console):
    s = console(columns=120, rows=40)
    s.wait("1 of 5")
    s.keys("2")
    s.wait("1 of 14")
    # Marks move on, and are counted.
    s.keys("Space", "Space")
    s.wait("2 marked")
    s.keys("g", "Space")
    s.wait("1 marked")
    # Sorted by size the smallest comes first, turned around the largest.
    for _ in range(3):
        s.keys("o")
    s.wait_until(lambda: rows(s)[0].split()[1] == "db/late-dump"
                 or rows(s)[-1].split()[1] == "db/late-dump", what="an order by size")
    first = rows(s)[0]
    s.keys("O")
    s.wait_until(lambda: rows(s)[0] != first, what="the other order")
    # A text, and a choice by set.
    s.keys("/")
    s.type("snapshot")
    s.wait("1 of 1")
    s.keys("C-c")
    s.wait("of 14")
    s.keys("f")
    s.wait("db/late-dump")
    s.wait("Show only")
    press_until_gone(s, "C-c", "Show only")
    s.assert_fits()


def test_the_cursor_stays_on_its_row_through_a_refresh(console, site):
    s = console()
    s.wait("1 of 5")
    s.keys("j", "j", "j")
    s.wait("cache/nightly: why LATE")
    # The row above it gets better and moves away.
    site.file("late/new.dump")
    s.keys("R")
    s.wait("BREACH 1")
    assert "cache/nightly: why LATE" in s.text()
    assert rows(s)[-1].split()[1:3] in (["db", "late-dump"], ["db", "daily-dump"])


def test_without_a_site(boat):
    """The console opens all the same and says what is missing."""
    env = {k: v for k, v in boat.env.items() if k != "TERM"}
    with screen_module.Screen(["console"], env=env) as s:
        text = s.wait("There is no site file")
        assert "--site FILE" in text
        for key, what in [("4", "postgres/restore-dump"), ("5", "No run is going on."),
                          ("6", "No run was ever started here"), ("7", "There is no audit log yet")]:
            s.keys(key)
            s.wait(what)
        s.keys("v")
        s.wait("There is nothing to verify yet.")


def test_f31_f33_hostile_names(console, site):
    """What a backup is called reaches the terminal as text."""
    site.file("late/x\x1b]0;owned\x07\u202egpj.dump")
    s = console(columns=120, rows=40)
    s.wait("1 of 5")
    s.keys("R")
    s.wait("BREACH 1")
    s.keys("2")
    s.wait("owned\\x07\\u202egpj.dump")
    s.assert_clean()
    s.assert_fits()


def test_f60_what_nobody_looks_at_any_more_is_unknown(boat):
    """A source that is gone is UNKNOWN at once; with nobody looking, so is all the rest in time."""
    site = console_site.ConsoleSite(boat)
    site.write(extra={"catalog": {"refresh": "2s", "stale_after": "4s"}})
    site.fill()
    boat.run("collect")
    with site.console("--read-only") as s:
        s.wait("config")
        s.wait("UNKNOWN 5")
        s.wait("nothing refreshes the catalog")
        assert " ok " not in "\n".join(rows(s)) and "ok 0" in s.text()
