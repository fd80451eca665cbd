"""The widgets, driven by keys in a terminal; what needs no terminal is in tests/unit/tui."""
import os
import re
import time

import pytest


def test_list_moves_and_opens(screen):
    s = screen()
    s.wait("1 of 10,000")
    s.keys("j", "j", "Down", "k")
    s.wait("3 of 10,000")
    s.keys("C-d")
    s.wait("13 of 10,000")
    s.keys("PageDown", "PageUp", "C-u")
    s.wait("3 of 10,000")
    s.keys("G")
    s.wait("10,000 of 10,000")
    s.keys("g")
    s.wait("1 of 10,000")
    s.keys("Space", "Space")
    s.wait("2 marked")
    assert s.row(2).startswith("*") and s.row(3).startswith("*")


def test_list_of_a_million(screen):
    s = screen("--rows", 1000000)
    s.wait("1 of 1,000,000")
    s.keys("G")
    s.wait("1,000,000 of 1,000,000")
    s.keys("/")
    s.type("breach")
    s.keys("Up")  # a key is answered while the filter still runs
    s.wait(re.compile(r"of [\d,]+$", re.M), 30)
    s.wait("only rows with breach") if "only rows" in s.text() else s.wait("/ breach")
    s.keys("Enter")
    s.wait("only rows with breach")
    states = {line.split()[0] for line in s.lines()[2:20]}
    assert states == {"BREACH"}
    s.keys("Escape")
    s.wait("of 1,000,000")


def test_list_keeps_the_row_when_others_come(screen):
    s = screen()
    s.wait("1 of 10,000")
    s.keys("j", "j", "j", "Space", "k")
    s.wait("4 of 10,000")
    row = s.row(5)
    assert row.startswith("*")
    for n in range(5):
        s.keys("R")
        s.wait(f"{5 + n} of 10,00{n + 1}")
        assert s.row(5) == row  # at the same height as well


def test_sort(screen):
    s = screen()
    s.wait("STATE")
    s.keys("o")
    s.wait("STATE ^")
    assert s.row(2).split()[0] == "ok"
    s.keys("O")
    s.wait("STATE v")
    s.keys("g")
    s.wait_until(lambda: s.row(2).split()[0] == "UNKNOWN", what="the unknown ones first")
    s.keys("o")
    s.wait("ASSET v")


def test_hostile_names_are_visible(screen):
    s = screen()
    s.wait("1 of 10,000")
    s.keys("/")
    s.type("red")
    s.wait("b\\x1b[31mred\\x07")
    s.assert_clean()
    s.keys("C-u")
    s.type("exe")
    s.wait("x\\u202egnp.exe")
    s.assert_clean()
    s.assert_fits()


def test_pager_shows_what_would_act(screen):
    s = screen("--page", "text")
    s.wait("\\x1b[31mred\\x1b[0m")
    s.wait("\\x1b]0;own")
    s.wait("bad: \\xff")
    s.wait("\\u202etxt.sql")
    s.assert_clean()
    s.keys("w")
    s.wait("\\x1b]0;owne\nd\\x07")
    s.assert_fits()


def test_pager_search_and_ends(screen):
    s = screen("--page", "text")
    s.wait("sample line 10 of 500")
    s.keys("G")
    s.wait("sample line 500 of 500")
    s.keys("g", "/")
    s.type("LINE 250")
    s.keys("Enter")
    s.wait("sample line 250 of 500")
    assert s.row(1) == "sample line 250 of 500"
    s.keys("n")
    s.wait("no further match")


def test_pager_follows_a_growing_file(screen, tmp_path):
    path = tmp_path / "out"
    path.write_text("".join(f"row {i}\n" for i in range(100)))
    s = screen("--page", "text", "--file", path)
    s.wait("row 0")
    s.keys("F")
    s.wait("row 99")
    with open(path, "a", encoding="ascii") as f:
        f.write("row 100\nthe newest")
    s.wait("the newest")
    s.keys("g")
    s.wait("row 0")


@pytest.mark.seconds(120)
def test_pager_on_a_file_of_any_size(screen, tmp_path):
    path = tmp_path / "big"
    with open(path, "wb") as f:
        f.truncate(5_000_000_000)
        f.seek(0, os.SEEK_END)
        f.write(b"\nthe end of five gigabytes\n")
    s = screen("--page", "text", "--file", path)
    s.wait("\\x00\\x00")
    start = time.monotonic()
    s.keys("G")
    s.wait("the end of five gigabytes")
    assert time.monotonic() - start < 2
    s.keys("g", "/")
    s.type("no such text")
    s.keys("Enter")
    s.wait("searching")
    s.keys("j")  # and it still listens
    s.keys("Escape")
    s.wait_gone("searching")
    with open(f"/proc/{s.pid}/status", encoding="ascii") as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    assert rss < 64 * 1024  # a sanitizer's build takes some


# Dialogs

def open_question(s, row):
    s.wait("ASK FOR")
    s.keys("g", *["j"] * row, "Enter")
    s.wait("[ C")  # Cancel or Close


def listen(s):
    """A dialog that just opened hears nothing but cancel for 0.3 s: that is what is waited for."""
    until = time.monotonic() + 0.35
    s.wait_until(lambda: time.monotonic() > until)


def settle(s, key, text):
    """One key that the dialog hears, and not too soon after another; then its answer."""
    listen(s)
    s.keys(key)
    s.wait(text)


def test_dialog_destroys_only_on_purpose(screen):
    s = screen("--page", "ask")
    open_question(s, 2)
    assert "PRODUCTION" in s.text()
    assert re.search(r"\x1b\[[0-9;]*7[;m][^\n]*PRODUCTION", s.styled())
    settle(s, "y", "Tab goes to the field.")
    s.keys("Tab")
    s.wait("Tab goes on when it is typed.")
    s.type("prod-d")
    s.keys("Tab")
    s.wait("Type the name first.")
    s.keys("BTab")
    s.wait("Tab goes on")
    s.type("b")
    s.wait("prod-db ")
    s.keys("Tab")
    s.wait("Space does it.")
    s.keys("Enter")
    s.wait("Enter does nothing here")
    settle(s, "Space", "accepted: something that destroys")


@pytest.mark.parametrize("key", ["Enter", "Escape", "C-c"])
def test_dialog_is_left_by_habit(screen, key):
    s = screen("--page", "ask")
    open_question(s, 2)
    settle(s, key, "cancelled: something that destroys")


@pytest.mark.parametrize("row,ahead", [
    (1, ["Tab", "Enter"]), (1, ["Tab", "Space"]), (1, ["Enter"] * 8), (3, ["Tab", "Space"] * 4),
    (2, ["Tab", *"prod-db", "Tab", "Space"]),
])
def test_type_ahead_confirms_nothing(screen, row, ahead):
    s = screen("--page", "ask")
    s.wait("ASK FOR")
    s.keys("g", *["j"] * row, "Enter", *ahead)  # in one go, as from a keyboard that ran ahead
    s.wait(re.compile(r"\[ Cancel \]|cancelled"))
    s.keys("j")
    assert "accepted" not in s.text()


@pytest.mark.parametrize("row,text", [
    (1, "\t\r"), (1, "\t "), (2, "\tprod-db\t "), (2, "prod-db\r"), (1, "y\r\n")])
def test_paste_confirms_nothing(screen, row, text):
    s = screen("--page", "ask")
    open_question(s, row)
    settle(s, "x", "Tab goes to the field.") if row == 2 else None
    s.paste(text)
    s.wait("A paste is not taken here")
    assert "accepted" not in s.text()
    settle(s, "Tab", "Tab goes on when it is typed." if row == 2 else "Space does it.")
    s.paste(text)
    s.wait("A paste is not taken here")
    assert "accepted" not in s.text()


def test_paste_without_brackets_confirms_nothing(screen):
    """A terminal that knows no brackets sends a paste as keys: they come too fast."""
    s = screen("--page", "ask")
    open_question(s, 1)
    listen(s)
    s.bytes(b"\t \r")
    s.wait("too fast")
    s.bytes(b"\t\r")
    s.wait("cancelled: something that writes")


def test_paste_is_never_keys(screen):
    s = screen()
    s.wait("1 of 10,000")
    s.paste("jjjjjq\r:quit\r")
    s.keys("j")
    s.wait("2 of 10,000")
    assert s.alive()


def test_dialog_must_be_read(screen):
    s = screen("--page", "ask")
    open_question(s, 3)
    settle(s, "Tab", "Read on first")
    for _ in range(4):
        s.keys("PageDown")
    s.wait("The last row.")
    settle(s, "Tab", "Space does it.")
    settle(s, "Space", "accepted: something that must be read to its end")


def test_dialog_without_room(screen):
    s = screen("--page", "ask", columns=40, rows=12)
    open_question_at = ["g", "j", "j", "Enter"]
    s.wait("ASK FOR")
    s.keys(*open_question_at)
    s.wait("Make the window larger")
    s.resize(80, 24)
    s.wait("[ Restore ]")
    s.assert_fits()


def test_form(screen):
    s = screen("--page", "ask")
    open_question(s, 4)
    s.keys("C-u")
    s.type("a.dump")
    s.keys("Tab", "Right", "Tab")
    s.type("secret")
    s.wait("******")
    assert "secret" not in s.text()
    s.keys("Tab", "Space")
    s.wait("[x]")
    s.keys("Tab", "Tab", "Enter")
    s.wait("A reason is needed.")
    s.paste("the table\nwas dropped")
    s.wait("the table")
    s.keys("Tab", "Enter")
    s.wait("accepted: a form, a.dump, by name, drill yes, because: the table")


# Help, palette, time

def test_help(screen):
    s = screen()
    s.wait("? help")
    s.keys("?")
    s.wait("Help: / filters, q closes")
    s.keys("/")
    s.type("repaint")
    s.wait("Ctrl-L")
    s.wait("1 of 1")
    s.keys("Escape")
    s.wait("press the button")
    s.keys("q")
    s.wait_gone("Help:")
    assert s.alive()


def test_palette(screen):
    s = screen()
    s.wait(": commands")
    s.keys(":")
    s.type("next-p")
    s.wait("to the next pane")
    s.keys("Enter")
    s.wait("lifeboat  text")
    s.keys(":")
    s.type("!ls")
    s.wait("There is no such action.")
    s.keys("Enter", "Enter")
    s.keys("C-c")
    s.wait_gone("Do what?")
    s.keys(":")
    s.type("bottom")
    s.keys("Enter")
    s.wait("sample line 500 of 500")


def test_timeline(screen):
    s = screen("--page", "time")
    s.wait("reachable")
    assert "x" in s.row(5) and "B" in s.row(4)
    s.keys("g")
    s.wait("2026-11-08T12:00:00Z")
    s.keys("]")
    s.wait("2026-11-08T12:25:00Z")
    s.keys(*["+"] * 8)
    s.wait(re.compile(r"12:3\d"))
    s.wait_gone("11-13")
    s.keys("0")
    s.wait("11-13")
    s.assert_fits()
