"""The terminal under the console: kinds, sizes, locales, colours, crashes and hang-ups."""
import os
import random
import re
import signal
import subprocess
import time

import pytest

import lifeboat
import screen as screen_module
from terminal import Terminal

ENV = {"PATH": "/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm-256color",
       "LIFEBOAT_SHARE": lifeboat.TREE}
SIZES = [(80, 24), (120, 40), (200, 50), (40, 12), (20, 5), (1, 1)]
PAGES = ["list", "text", "ask", "time"]
SGR_COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


@pytest.mark.parametrize("columns,rows", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_sizes(screen, page, columns, rows):
    s = screen("--page", page, columns=columns, rows=rows)
    if rows > 3 and columns >= 20:
        s.wait(f"lifeboat  {page}")
    else:
        s.wait_until(lambda: s.ask("alternate_on") == "1", what="the first frame")
    before = s.text()
    for overlay in ["?", ":"]:
        s.keys("G", "PageDown", "Home", overlay)
        s.wait_until(lambda: s.text() != before or rows == 1, what="the overlay")
        s.assert_fits()
        s.assert_clean()
        s.keys("C-c")
        s.wait_until(lambda: rows == 1 or "Do what?" not in s.text() and "Help" not in s.text())
    s.assert_fits()
    s.keys("q")
    assert s.wait_exit() == 0
    assert s.ask("alternate_on", "cursor_flag", "keypad_flag", "keypad_cursor_flag") == "0|1|0|0"


def test_more_columns_when_wider(screen):
    s = screen(columns=80, rows=24)
    narrow = s.wait("AGE / RPO")
    assert "PROVEN" not in narrow
    s.resize(120, 24)
    assert "COPIES" in s.wait("PROVEN")
    s.resize(200, 50)
    assert "SIZE" in s.wait("PLACE")
    s.resize(70, 24)
    s.wait_gone("PROVEN")
    assert "AGE / RPO" in s.wait("STATE")


def test_resize_storm(screen):
    s = screen(columns=80, rows=24)
    s.wait("1 of 10,000")
    numbers = random.Random(1)
    for key in ["j", "G", "Tab", "?", ":"]:
        s.keys(key)
        for _ in range(20):
            s.resize(numbers.choice([1, 2, 5, 20, 79, 80, 81, 200, 500]),
                     numbers.choice([1, 2, 3, 4, 5, 23, 24, 50, 200]))
            s.keys("Down")
        if key in "?:":
            s.keys("C-c")
    s.resize(500, 200)
    s.wait("lifeboat  text")
    s.assert_fits()
    s.resize(80, 24)
    s.wait_until(lambda: s.row(0).startswith(" lifeboat"))
    s.assert_fits()


def test_resize_while_a_dialog_stands(screen):
    s = screen("--page", "ask")
    s.wait("something that destroys")
    s.keys("j", "j", "Enter")
    s.wait("[ Cancel ]")
    for columns, rows in [(20, 5), (1, 1), (200, 50), (40, 12), (80, 24)]:
        s.resize(columns, rows)
    s.wait("PRODUCTION")
    s.assert_fits()


@pytest.mark.parametrize("term", ["vt100", "linux", "screen", "xterm", "xterm-256color"])
def test_terminal_types(screen, term):
    s = screen(term=term)
    s.wait("1 of 10,000")
    s.keys("Down", "Down", "Up")
    s.wait("2 of 10,000")
    s.keys("End")
    s.wait("10,000 of 10,000")
    s.assert_fits()
    s.keys("q")
    assert s.wait_exit() == 0


def test_the_terminal_knows_its_size_best(screen):
    s = screen(env={"LINES": "100000", "COLUMNS": "7"})
    s.wait("1 of 10,000")
    assert s.row(23).endswith("? help")


@pytest.mark.parametrize("term", ["dumb", "no-such-terminal", "", None])
def test_terminals_without_screens(screen, term):
    s = screen(term=term)
    said = s.wait("--plain")
    assert "lifeboat: " in said
    assert s.wait_exit() == 2
    assert s.ask("alternate_on") == "0"


def test_no_terminal_at_all(tmp_path):
    done = subprocess.run([lifeboat.binary(), "__widgets"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30, check=False,
                          env={"TERM": "xterm", "PATH": "/bin"})
    assert done.returncode == 2
    assert "Standard input is not a terminal." in done.stderr
    assert "--plain" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("lang", ["C", "POSIX", "no_SUCH.locale"])
def test_ascii_without_utf8(screen, lang):
    s = screen("--page", "ask", env={"LANG": lang})
    s.wait("something that destroys")
    s.keys("j", "j", "Enter")
    s.wait("+- Restore a PostgreSQL dump ---")
    assert s.text().isascii()
    s.keys("Escape")
    s.wait("cancelled")
    s.keys("Tab", "Tab")
    s.wait("b\\x1b[31mred\\x07") if "b\\x1b" in s.text() else s.wait("lifeboat  list")
    s.keys("/")
    s.keys("\\")
    s.wait("/ \\")
    assert s.text().isascii()


@pytest.mark.parametrize("value,coloured", [(None, True), ("", True), ("0", False), ("1", False)])
def test_no_color(screen, value, coloured):
    s = screen(env={"NO_COLOR": value})
    s.wait("BREACH")
    assert bool(SGR_COLOUR.search(s.styled())) == coloured
    # In mono, too, it can be told what is selected: reverse video.
    if not coloured:
        assert "\x1b[7m" in s.styled()


def test_themes(screen):
    s = screen("--theme", "mono")
    s.wait("BREACH")
    assert not SGR_COLOUR.search(s.styled())
    for theme in ["light", "high-contrast", "colour-blind", "default"]:
        s.keys(":")
        s.wait("Do what?")
        s.type("theme " + theme)
        s.wait(": theme " + theme)
        before = s.styled()
        s.keys("Enter")
        s.wait_gone("Do what?")
        assert s.styled() != before
        assert SGR_COLOUR.search(s.styled())
    assert s.alive()


def test_bad_theme(screen, tmp_path):
    path = tmp_path / "bad.theme"
    path.write_text("# mine\nbreech.256 = 203\n")
    s = screen("--theme", path, columns=200)
    s.wait("Did you mean breach?")
    assert f'{path}:2:1: There is no such role: "breech.256".' in s.text()
    assert s.wait_exit() == 2


# The end of the terminal, and ours

# The leak checker stops the process to look at it, and hangs itself when a hang-up comes meanwhile.
NO_LEAK_CHECK = {"ASAN_OPTIONS": "detect_leaks=0"}


def test_hang_up(screen):
    s = screen(env=NO_LEAK_CHECK)
    s.wait("1 of 10,000")
    pid = s.pid
    s.tmux("kill-server")
    assert screen_module.process_gone(pid, 1.0)


def test_hang_up_with_sighup_ignored(screen):
    """tig #164, sngrep #424: a program that ignores the signal spins on end of file (F47)."""
    s = screen(command=["sh", "-c", f'trap "" HUP; exec {lifeboat.binary()} __widgets'],
               env=NO_LEAK_CHECK)
    s.wait("1 of 10,000")
    pid = s.pid
    s.tmux("kill-server")
    assert screen_module.process_gone(pid, 1.0)


def test_hang_up_in_a_dialog(screen):
    s = screen("--page", "ask", env=NO_LEAK_CHECK)
    s.wait("a message")
    s.keys("Enter")
    s.wait("[ Close ]")
    pid = s.pid
    s.tmux("kill-pane")
    assert screen_module.process_gone(pid, 1.0)


def test_hang_up_without_any_signal():
    """Not in the foreground of its terminal, a program hears of the end by reading alone."""
    master, slave = os.openpty()
    process = subprocess.Popen([lifeboat.binary(), "__widgets"], stdin=slave, stdout=slave,
                               stderr=subprocess.DEVNULL, env={**ENV, **NO_LEAK_CHECK},
                               start_new_session=True)
    os.close(slave)
    assert os.read(master, 10)
    os.close(master)
    try:
        assert process.wait(1.0) == 4
    finally:
        process.kill()
        process.wait()


# A shell around the program sees in what state it leaves the terminal.
AROUND = 'stty -a >before; {program}; echo "status $?" >status; stty -a >after; cat'


def around(screen, tmp_path, *args):
    program = " ".join([lifeboat.binary(), "__widgets", *args])
    return screen(command=["sh", "-c", AROUND.format(program=program)], cwd=str(tmp_path))


def child_of(pid):
    def child():
        out = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True,
                             text=True, check=False).stdout
        for line in out.splitlines():
            if "__widgets" in line:
                return int(line.split()[0])
        return None
    return screen_module.scratch.wait_for(child, 60, "the program to start")


def assert_restored(s, tmp_path):
    s.wait_until(lambda: (tmp_path / "after").exists() and (tmp_path / "after").read_text())
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()
    assert s.ask("alternate_on", "cursor_flag", "keypad_flag", "keypad_cursor_flag") == "0|1|0|0"
    s.paste("pasted")  # not in brackets any more
    s.wait("pasted")
    assert "200~" not in s.text()


@pytest.mark.parametrize("sig", ["SEGV", "ABRT", "BUS", "FPE", "ILL", "TERM", "INT", "QUIT", "HUP"])
def test_terminal_is_restored(screen, tmp_path, sig):
    s = around(screen, tmp_path)
    s.wait("1 of 10,000")
    os.kill(child_of(s.pid), getattr(signal, "SIG" + sig))
    assert_restored(s, tmp_path)
    status = (tmp_path / "status").read_text().split()[1]
    # A crash is a crash to the shell too; being asked to go is "stopped by the operator".
    crashed = sig in ("SEGV", "ABRT", "BUS", "FPE", "ILL")
    assert status == (str(128 + getattr(signal, "SIG" + sig)) if crashed else "4")


def test_terminal_is_restored_on_a_normal_way_out(screen, tmp_path):
    s = around(screen, tmp_path)
    s.wait("1 of 10,000")
    s.keys("q")
    assert_restored(s, tmp_path)
    assert (tmp_path / "status").read_text() == "status 0\n"


def test_repaint(screen):
    s = screen()
    s.wait("1 of 10,000")
    tty = s.ask("pane_tty")
    with open(tty, "w", encoding="ascii") as f:
        f.write("\x1b[5;5HWALL MESSAGE")
    subprocess.run(["stty", "-F", tty, "sane"], check=True)  # F49
    s.wait("WALL MESSAGE")
    s.keys("C-l", "Enter")  # the first Enter makes the terminal hand over the line
    s.wait_gone("WALL MESSAGE")
    s.keys("j")
    s.wait("2 of 10,000")
    assert "^[" not in s.text()


def test_job_control(screen, tmp_path):
    s = screen(command=["bash", "--norc", "-i"], cwd=str(tmp_path),
               env={"PS1": "ready: "})
    s.wait("ready:")
    s.type(f"{lifeboat.binary()} __widgets")
    s.keys("Enter")
    s.wait("1 of 10,000")
    s.keys("j", "C-z")
    s.wait("Stopped")
    assert s.ask("alternate_on") == "0"
    s.type("fg")
    s.keys("Enter")
    s.wait("2 of 10,000")
    s.keys("j")
    s.wait("3 of 10,000")
    s.keys("q")
    s.wait_until(lambda: s.ask("alternate_on") == "0")


# Raw bytes

# All that may be sent: moves, erasing, scrolling, SGR, modes, charsets; no query, no string.
ALLOWED = re.compile(
    rb"\x1b(\[[0-9;]*[ABCDGHJKLMPSTX@dmr]|\[\?(1|7|12|25|1049|2004)[hl]|\[\?12;25h|\[22;0;0t"
    rb"|\[23;0;0t|\[4l|\[[0-9]+b|[()][0AB]|[=>78M])")
QUERIES = [rb"\x1b\[[0-9;?>=]*[cn]", rb"\x1b\]", rb"\x1bP", rb"\x1b\[\?[0-9;]*\$p",
           rb"\x1b\[\?100[0-6]h"]


@pytest.mark.parametrize("page", PAGES)
def test_only_known_sequences_are_sent(page):
    with Terminal([lifeboat.binary(), "__widgets", "--page", page], ENV) as t:
        sent = t.read_until_quiet()
        for key in [b"j", b"G", b"g", b"/", b"x", b"\x1b", b"\r", b"\t", b"\x1b", b"?", b"q", b"l"]:
            t.send(key)
            sent += t.read_until_quiet(0.1)
        t.send(b"\x1bq")
        sent += t.read_until_quiet()
    for query in QUERIES:
        assert not re.search(query, sent)
    rest = ALLOWED.sub(b"", sent)
    assert b"\x1b" not in rest, re.findall(rb"\x1b.{0,8}", rest)
    assert not re.search(rb"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]", rest)
    rest.decode("utf-8")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
def test_a_terminal_that_does_not_read_holds_nothing_up(sig):
    with Terminal([lifeboat.binary(), "__widgets"], ENV, columns=500, rows=200) as t:
        # Nobody reads: the pty fills up within a few pages.
        t.started = time.monotonic()
        for _ in range(30):
            t.send(b"\x0c\x1b[6~")
            time_left = time.monotonic() + 0.02
            while time.monotonic() < time_left:
                pass
        os.kill(t.pid, sig)
        assert t.wait(3) is not None
