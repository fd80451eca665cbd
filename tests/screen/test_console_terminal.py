"""The whole console on terminals of all kinds and sizes, and the linear mode for those it can't
draw on. (test_terminal.py does the same to what lies below it.)"""
import os
import random
import re
import signal

import pytest

import bad_http
import runs
import scratch
import screen as screen_module
from console_keys import choose, press_until, press_until_gone, write
from console_site import restore_book
from dialogue import Dialogue
from s3_site import S3Site

SGR_COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


def test_f59_resize_storm(console, site):
    """On every screen, with every overlay: no crash, and in the end all is drawn right."""
    s = console()
    s.wait("1 of 5")
    numbers = random.Random(59)
    for screen in "1234567":
        for overlay in ["", "?", ":"]:
            s.keys(screen, "Enter", *([overlay] if overlay else []))
            for _ in range(4):
                s.resize(numbers.choice([1, 2, 5, 20, 79, 80, 81, 200, 500]),
                         numbers.choice([1, 2, 3, 4, 5, 23, 24, 50, 200]))
                s.keys("Down")
            s.keys("C-c")
    s.resize(80, 24)
    press_until(s, "C-c", "lifeboat  aragora")
    s.keys("1")
    s.wait("Board")
    s.assert_fits()


@pytest.mark.parametrize("columns,rows", [(20, 5), (1, 1), (40, 12), (500, 200)])
def test_f59_a_run_at_any_size(site, columns, rows):
    """A question stands, and nothing of it can be agreed to while it can't be read."""
    with site.begin(restore_book(site.boat), columns=80, rows=24) as s:
        choose(s, "It is done")
        write(s, "x", "It is done")
        s.wait("Type prod-db here:")
        s.resize(columns, rows)
        s.wait_until(lambda: "Type prod-db here:" not in s.text() or rows > 5, what="the redraw")
        s.assert_fits()
        if rows < 24:
            s.keys("Tab")
            s.type("prod-db")
            s.keys("Tab", "Space")
        s.resize(80, 24)
        s.wait("PRODUCTION")
        assert runs.only(site.boat).find("step.intent", "restore") == []
    runs.only(site.boat).kill_runner()


@pytest.mark.parametrize("term", ["no-such-terminal", "dumb", None])
def test_f59_unknown_terminals_get_the_linear_mode(console, term):
    s = console(term=term)
    s.wait("1. BREACH: db/late-dump.")
    s.wait("What now? help lists the words, quit leaves.")
    s.type("quit")
    s.keys("Enter")
    assert s.wait_exit() == 0


@pytest.mark.parametrize("term", ["vt100", "linux", "screen", "xterm", "xterm-256color"])
def test_f59_known_terminals(console, term):
    s = console(term=term)
    s.wait("db/late-dump: why BREACH")
    s.assert_fits()
    s.keys("q")
    assert s.wait_exit() == 0


@pytest.mark.parametrize("value", ["1", "0"])
def test_f59_no_color(console, value):
    s = console(env={"NO_COLOR": value})
    s.wait("1 of 5")
    # Status, and where the cursor is, are there without it.
    assert "BREACH 2" in s.text()
    assert not SGR_COLOUR.search(s.styled())
    s.keys("5", "1", "?")
    s.wait("WHAT THEY DO")
    assert not SGR_COLOUR.search(s.styled())


def test_f59_lang_c(console):
    s = console(env={"LANG": "C", "LC_ALL": "C"})
    s.wait("1 of 5")
    for key in "1234567?":
        s.keys(key)
        s.wait_until(lambda: key == "?" or f" {key} " in s.row(1), what="the screen")
        s.text().encode("ascii")
    # Its frames are of these, not of what curses makes of lines that the locale does not have.
    assert "+--" in s.wait("WHAT THEY DO")


def test_f48_killed_by_a_fault(console):
    """Whatever kills it, the terminal is as it was."""
    s = console()
    s.wait("1 of 5")
    os.kill(s.pid, signal.SIGSEGV)
    s.wait_exit()
    assert s.ask("alternate_on", "cursor_flag", "keypad_flag", "keypad_cursor_flag") == "0|1|0|0"


def test_f49_a_step_that_changes_the_terminal(site):
    """A step has no terminal of ours: what it does to one is not seen here."""
    book = runs.book(site.boat, [
        {"id": "ask", "kind": "manual", "instruction": "Begin?"},
        runs.script("rude", "stty raw -echo </dev/tty || :; stty -a </dev/tty || :; reset || :; "
                            "printf '\\033[?1049l\\033[31m'")])
    with site.begin(book) as s:
        s.wait("WHAT NOW?")
        before = s.ask("alternate_on", "cursor_flag", "keypad_flag")
        choose(s, "It is done")
        write(s, "x", "It is done")
        s.wait("DONE")
        assert s.ask("alternate_on", "cursor_flag", "keypad_flag") == before
        s.assert_clean()
        s.keys("q", "Q")
        assert s.wait_exit() == 0


def test_f46_f49_what_the_console_starts(boat, bad_server):
    """It has no terminal to read, to write to or to change, and does not outlive the console."""
    S3Site(boat, bad_server(bad_http.stall).url, "b").set()
    env = {**boat.env, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

    def started():
        return [p for p in runs.processes_with(boat.site) if runs.cmdline(p)[:1] == ["lifeboat"]]
    with screen_module.Screen(["console", "--site", boat.site],
                              env={k: v for k, v in env.items() if k != "TERM"}) as s:
        s.wait("lifeboat")
        jobs = scratch.wait_for(started, 60, "the console to look at its places")
        assert runs.terminal_of(s.pid) != 0 and {runs.terminal_of(p) for p in jobs} == {0}
        os.kill(s.pid, signal.SIGKILL)
        s.wait_exit()
        scratch.wait_for(lambda: not started(), 60, "all of it to end")


def test_plain(site):
    """Word by word, nothing drawn over, nothing but text."""
    with Dialogue(site.boat, "--plain") as d:
        d.expect("Lifeboat, site aragora. BREACH 2. UNKNOWN 1. LATE 1. ok 1. As of ")
        d.expect("1. BREACH: db/late-dump. The newest good backup is 3d old")
        d.expect("quit leaves.\n> ")
        d.say("5")
        d.expect("5. ok: db/daily-dump.")
        d.expect("app_")
        d.answer("plan postgres/nothing-like-it")
        d.expect("nothing-like-it")
        d.answer("sh -c 'touch x'")
        d.expect("board: this, once more.")
        d.answer("runbooks")
        d.expect("postgres/restore-dump")
        d.answer("quit")
        assert d.end() == 0
        assert d.controls() == b""


def test_plain_runs_a_runbook(site):
    book = runs.book(site.boat, [{"id": "ask", "kind": "manual", "instruction": "Look."}])
    with Dialogue(site.boat, "--plain") as d:
        d.expect("quit leaves.\n> ")
        d.say(f"run {book}")
        d.expect("| Look.")
        d.answer("done seen")
        d.expect("quit leaves.\n> ")
        d.say("quit")
        assert d.end() == 0
    assert runs.only(site.boat).finished()["outcome"] == "done"


def test_plain_without_a_terminal(boat, site):
    done = boat.run("console", "--plain", status=1)
    assert "1. BREACH: db/late-dump." in done.out and "How to go on:" in done.out


def test_f57_plain_read_only(site):
    book = runs.book(site.boat, [runs.command("a", "true")])
    with Dialogue(site.boat, "console", "--plain", "--read-only") as d:
        d.expect("quit leaves.\n> ")
        d.say(f"run {book}")
        d.expect("read-only")
        d.expect("quit leaves.\n> ")
        d.say("refresh")
        d.expect("read-only")
        d.answer("quit")
        assert d.end() == 0
    assert runs.all_runs(site.boat) == []


def test_help_and_palette(console):
    """Every key that holds here is listed, found by its text; a palette entry does what its key does."""
    s = console(columns=100, rows=40)
    s.wait("1 of 5")
    s.keys("?")
    s.wait("WHAT THEY DO")
    assert "choose a runbook that restores it" in s.text()
    s.keys("/")
    s.type("restores")
    s.wait("1 of 1")
    press_until_gone(s, "C-c", "WHAT THEY DO")
    s.keys(":")
    s.wait("Do what?")
    s.type("histo")
    s.wait("all runs and drills")
    s.keys("Enter")
    s.wait("No run was ever started here")
    # A theme by its name; a name that is none.
    s.keys(":")
    s.wait("Do what?")
    s.type("theme mono")
    s.keys("Enter")
    s.wait_gone("Do what?")
    s.keys(":")
    s.wait("Do what?")
    s.type("ls -l /")
    s.keys("Enter")
    s.wait("Do what?")
    s.keys("C-c")
    s.wait_gone("Do what?")


def test_q_asks_where_leaving_ends_something(site):
    with site.console("--leave-asks", "All of it goes.") as s:
        s.wait("1 of 5")
        s.keys("q")
        s.wait("All of it goes.")
        press_until_gone(s, "Escape", "All of it goes.")
        assert s.alive()
        s.keys("Q")
        press_until(s, "Tab", "Enter or Space does it.")
        press_until_gone(s, "Space", "All of it goes.")
        assert s.wait_exit() == 0
