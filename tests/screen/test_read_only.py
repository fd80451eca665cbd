"""F57: a read-only console and a status board that nobody attends: nothing they take writes."""
import os
import random
import signal

import pytest

import runs
import scratch
from console_keys import press_until, press_until_gone
from console_site import restore_book
from dialogue import Dialogue

KEYS = ["Enter", "Space", "Tab", "BTab", "Escape", "C-a", "C-b", "C-c", "C-d", "C-e", "C-f", "C-k",
        "C-l", "C-u", "C-w", "C-z", "F1", "F5", "PageUp", "PageDown", "Home", "End", "Up", "Down",
        "Left", "Right", "DC", "BSpace", "M-x", "C-\\",
        *"abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789:/?!|&$+-=[]", "\\;"]


def files(root):
    """Every file below it, with its content: what a write would change."""
    found = {}
    for path, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(path, name), "rb") as f:
                found[os.path.relpath(os.path.join(path, name), root)] = f.read()
    return found


def children(pid):
    out = []
    for each in runs.pids():
        try:
            with open(f"/proc/{each}/stat", encoding="ascii", errors="replace") as f:
                if int(f.read().rsplit(")", 1)[1].split()[1]) == pid:
                    out.append(runs.cmdline(each))
        except OSError:
            pass
    return out


@pytest.mark.parametrize("mode", ["--read-only", "--kiosk"])
def test_f57_keys_commands_pastes_signals(console, site, mode):
    """All keys on all screens, palette commands, pastes and signals: not one byte is written."""
    before = files(site.boat.dir)
    s = console(mode, columns=100, rows=30)
    s.wait("READ-ONLY" if mode == "--read-only" else "KIOSK")
    numbers = random.Random(57)
    for screen in "1234567":
        keys = KEYS[:]
        numbers.shuffle(keys)
        # Not q and Q: they leave.
        for at in range(0, len(keys), 10):
            s.keys(screen, *keys[at:at + 10])
        s.paste("start-run\r\n:collect\r\n")
        s.keys("C-c", "Escape")
    for command in ["refresh", "start", "start-run", "verify", "stop", "answer", "sh", "!ls"]:
        s.keys(":")
        s.type(command)
        s.keys("Enter", "C-c", "C-c")
    for sig in (signal.SIGWINCH, signal.SIGCONT):
        os.kill(s.pid, sig)
    press_until(s, "C-c", "lifeboat")
    assert s.alive(), s.text()
    for argv in children(s.pid):
        # What reads may run; no shell, nothing that writes.
        assert argv[1] in ("window", "report", "audit", "__prepare", "__list"), argv
    assert runs.all_runs(site.boat) == []
    after = files(site.boat.dir)
    changed = [n for n in set(before) | set(after) if before.get(n) != after.get(n)
               and not n.startswith("san.")]
    assert changed == []


def test_f57_the_executor_refuses(boat, site):
    """Whatever a console would let through: the commands themselves refuse what writes."""
    book = runs.book(boat, [runs.command("a", "true")])
    runs.run(boat, book, status=0)
    boat.run("audit", "seal", status=0)
    before = files(boat.dir)
    for argv in [["run", book, "--unattended"], ["resume", "last", "--unattended"], ["stop", "last"],
                 ["note", "last", "x"], ["approve", "last"], ["handover", "last", "--accept"],
                 ["inject", "last", "clock-stop"], ["collect"], ["board", "--refresh"],
                 ["backups", "--refresh"], ["metrics", "--refresh"], ["prune", "--execute"],
                 ["verify", "--latest", "db/daily-dump"], ["sign", book, "--key", "/nonexistent"],
                 ["audit", "seal"], ["audit", "rotate"], ["audit", "keys", "--rotate"],
                 ["__prepare", book]]:
        done = boat.run(*argv, env={"LIFEBOAT_READ_ONLY": "1"}, stdin=None,
                        input="{}\n" if argv[0] == "__prepare" else "")
        assert done.status == 3 and "read-only lifeboat" in done.out + done.err, (argv, done)
    # What only reads still does.
    for argv, status in [(["board"], 1), (["backups"], 0), (["runs"], 0), (["report", "last"], 0),
                         (["attach", "last"], 0), (["plan", book], 0), (["audit", "verify"], 0),
                         (["audit", "tail"], 0), (["audit", "keys"], 0), (["runbooks"], 0),
                         (["prune"], 0)]:
        boat.run(*argv, env={"LIFEBOAT_READ_ONLY": "1"}, status=status)
    assert {n: d for n, d in files(boat.dir).items() if not n.startswith("san.")} == \
        {n: d for n, d in before.items() if not n.startswith("san.")}


def test_f57_an_order_to_a_run(boat):
    """Everybody may write a note into a run, but for whoever is read-only."""
    book = runs.book(boat, [{"id": "ask", "kind": "manual", "instruction": "Look."}])
    with Dialogue(boat, "run", book, "--plain") as d:
        d.expect("answers: done")
        run = runs.only(boat)
        for argv in (["note", "last", "x"], ["stop", "last"], ["handover", "last", "--to", "*"]):
            done = boat.run(*argv, env={"LIFEBOAT_READ_ONLY": "1"}, status=3)
            assert "read-only lifeboat" in done.err
        assert not {"run.note", "run.stopping", "wheel.offered"} & set(run.events())
        d.answer("stop")
        assert d.end() == 4


def test_f57_what_it_starts_is_read_only(console, site):
    """A plan is made by a process of its own, which could start it: not this one."""
    runs.book(site.boat, [runs.command("a", "true")], name="share/runbooks/mine")
    s = console("--read-only", env={"LIFEBOAT_SHARE": os.path.join(site.boat.dir, "share")})
    s.wait("READ-ONLY")
    s.keys("4")
    s.wait("The share/runbooks/mine")
    press_until(s, "Enter", "What it does, step by step")
    press_until(s, "s", "[ Show the plan ]")

    def preparing():
        return [p for p in runs.pids() if runs.cmdline(p)[1:2] == ["__prepare"]
                and site.boat.site in runs.cmdline(p)]
    press_until_gone(s, "Enter", "[ Show the plan ]")
    for pid in scratch.wait_for(preparing, 60, "the plan to be made"):
        with open(f"/proc/{pid}/environ", "rb") as f:
            assert b"LIFEBOAT_READ_ONLY=1" in f.read().split(b"\0")


def test_read_only_says_why(console):
    s = console("--read-only")
    s.wait("READ-ONLY")
    s.keys("R")
    s.wait("A read-only console does not collect")
    s.keys("4")
    s.wait("postgres/backup-dump")
    s.keys("Enter")
    s.wait("step by step")


def test_kiosk_takes_scrolling_alone(console):
    s = console("--kiosk")
    text = s.wait("BREACH: 2 of 5 sets, as of")
    assert "BREACH 2   UNKNOWN 1   LATE 1   ok 1" in text and "? help" not in text
    s.keys("G")
    s.wait("db/daily-dump: why ok")
    s.keys("q", "Q", "Escape", "4", "?", ":", "Enter", "r", "C-z", "C-c")
    s.keys("g")
    s.wait("db/late-dump: why BREACH")
    assert "KIOSK" in s.row(0) and "Board" in s.row(0) and s.alive()


def test_kiosk_survives_its_sources_and_resizes(console, site):
    """The catalog is torn, goes, and comes back; the window has any size: the board stays."""
    s = console("--kiosk")
    s.wait("BREACH: 2 of 5 sets")
    catalog = os.path.join(site.boat.state, "catalog")
    names = os.listdir(catalog)
    kept = {n: open(os.path.join(catalog, n), "rb").read() for n in names
            if os.path.isfile(os.path.join(catalog, n))}
    for name in kept:
        with open(os.path.join(catalog, name), "wb") as f:
            f.write(b"torn")
    for columns, rows in [(20, 5), (1, 1), (200, 50), (80, 24)]:
        s.resize(columns, rows)
    s.wait("KIOSK")
    assert s.alive()
    for name in kept:
        os.unlink(os.path.join(catalog, name))
    s.resize(81, 24)
    for name, data in kept.items():
        with open(os.path.join(catalog, name), "wb") as f:
            f.write(data)
    s.wait("BREACH: 2 of 5 sets")
    s.assert_fits()


def test_kiosk_needs_no_site_file_and_no_backups(boat, site, console):
    """Another user, with nothing but the catalog to read."""
    os.unlink(site.boat.site)
    s = console("--kiosk")
    s.wait("aragora")
    assert s.alive()


def test_observer_has_no_say(site):
    """A read-only console on a run that waits: it sees the question, and can't answer it."""
    with site.begin(restore_book(site.boat)) as driver:
        driver.wait("WHAT NOW?")
        run = runs.only(site.boat)
        with site.attach(run, "--observe") as s:
            s.wait("READ-ONLY")
            s.wait("stop-writes")
            for key in ["a", "p", "s", "c", "H", "i", "r", "C", "I"]:
                press_until(s, key, "Not here: this console is read-only")
                s.keys("j")
                s.wait_gone("Not here: this console is read-only")
            assert "WHAT NOW?" not in s.text()
            s.keys("q")
        press_until_gone(driver, "Enter", "WHAT NOW?")
    assert [r["event"] for r in run.records() if r["event"].startswith("ask.answered")] == []
    run.kill_runner()
