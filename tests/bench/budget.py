"""budget: how a bench measures, and how it says what it found.

    if budget.wanted("B11"):
        peer = budget.measure(["sh", "-c", ...])
        ours = budget.measure([lifeboat.binary(), ...], env)
        budget.row("B11", "a step, synced", ours.wall, "ms", scale=1000, limit=5,
                   peer=("sh loop", peer.wall))

A row is printed at once. `make bench` (tests/bench/bench) runs every bench_*.py here whose first line
names a wanted budget ("B07", "B01, B02", "B03 to B06"), and prints all rows as one table at the end.
Values are lists, one for each run: the median counts, the lowest and the highest are shown. Everything
is measured from a warm page cache.
"""
import json
import os
import statistics
import sys
import tempfile
import threading
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TREE, "tests/lib"))
RUNS = int(os.environ.get("RUNS", "5"))


def wanted(*numbers):
    """Whether one of these budgets is to be measured: $LIFEBOAT_BENCH_ONLY, else all."""
    only = os.environ.get("LIFEBOAT_BENCH_ONLY", "").split()
    return not only or any(number in only for number in numbers)


class Sample:
    """The runs of one command: lists of wall and CPU seconds (children included), RSS in MiB."""

    def __init__(self, runs):
        self.wall, self.cpu, self.rss = ([r[i] for r in runs] for i in range(3))


def peak(pid):
    """VmHWM in MiB, 0 when it has ended. (ru_maxrss begins with what this Python has.)"""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next((int(w.split()[1]) / 1024 for w in f if w.startswith("VmHWM")), 0)
    except OSError:
        return 0


def family(pid):
    """The process and those below it."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
    except OSError:
        children = []
    return [pid] + [p for child in children for p in family(int(child))]


class Watch(threading.Thread):
    """Looks at the peak of a process, of those below it, and of those that `more` gives, until told to
    stop; the largest of them counts."""

    def __init__(self, pid, more=None):
        super().__init__(daemon=True)
        self.pid, self.more, self.rss, self.over = pid, more, 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.01):
            for pid in [*family(self.pid), *(self.more() if self.more else [])]:
                self.rss = max(self.rss, peak(pid))

    def stop(self):
        self.over.set()
        self.join()
        return self.rss


def once(argv, env=None, status=0, cwd=None, stdin=None):
    """(wall s, CPU s, peak RSS MiB) of one command."""
    complaint = tempfile.TemporaryFile()
    actions = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
               (os.POSIX_SPAWN_DUP2, complaint.fileno(), 2),
               (os.POSIX_SPAWN_OPEN, 0, stdin or "/dev/null", os.O_RDONLY, 0)]
    if cwd is not None:
        argv = ["env", "-C", cwd, *argv]
    started = time.monotonic()
    pid = os.posix_spawnp(argv[0], argv, {**os.environ, **(env or {})}, file_actions=actions)
    watch = Watch(pid)
    _, ended, usage = os.wait4(pid, 0)
    took = time.monotonic() - started
    rss = watch.stop()
    with complaint:
        if os.waitstatus_to_exitcode(ended) != status:
            complaint.seek(0)
            raise RuntimeError(f"{argv} ended with {os.waitstatus_to_exitcode(ended)}, not {status}: "
                               + complaint.read(2000).decode(errors="replace"))
    return took, usage.ru_utime + usage.ru_stime, rss


def measure(argv, env=None, runs=RUNS, status=0, before=None, cwd=None, stdin=None):
    """A Sample. `before` is called before each run, outside of the time."""
    found = []
    for _ in range(runs):
        if before is not None:
            before()
        found.append(once(argv, env, status, cwd, stdin))
    return Sample(found)


def row(number, what, values, unit, scale=1, limit=None, ratio_limit=None, peer=None):
    """One line of the table. `peer` is (name, values in the same unit). `limit` bounds the median,
    `ratio_limit` the median by the peer's; without both the line is there to compare with."""
    values = [v * scale for v in values]
    it = {"number": number, "what": what, "unit": unit, "median": statistics.median(values),
          "low": min(values), "high": max(values), "peer": None, "ratio": None,
          "budget": None, "within": None}
    if peer is not None:
        it["peer"] = f"{peer[0]} {number_text(statistics.median(peer[1]) * scale)}"
        if statistics.median(peer[1]) > 0:
            it["ratio"] = it["median"] / (statistics.median(peer[1]) * scale)
    if limit is not None:
        it["budget"] = f"<= {number_text(limit)} {unit}"
        it["within"] = it["median"] <= limit
    if ratio_limit is not None and it["ratio"] is not None:
        text = f"<= {number_text(ratio_limit)} x"
        it["budget"] = text if it["budget"] is None else f"{it['budget']}, {text}"
        it["within"] = it["within"] is not False and it["ratio"] <= ratio_limit
    print(line(it), flush=True)
    rows = os.environ.get("LIFEBOAT_BENCH_ROWS")
    if rows:
        with open(rows, "a", encoding="utf-8") as f:
            f.write(json.dumps(it) + "\n")
    return it


def number_text(value):
    """Three digits that matter."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def head():
    return (f"{'#':4} {'WORK':50} {'MEDIAN OF ' + str(RUNS):>16} {'(LOWEST-HIGHEST)':20} "
            f"{'PEER':32} {'RATIO':>6}  {'BUDGET':18} WITHIN")


def line(it):
    spread = f"({number_text(it['low'])}-{number_text(it['high'])})"
    ratio = number_text(it["ratio"]) if it["ratio"] is not None else "-"
    within = {None: "-", True: "yes", False: "NO"}[it["within"]]
    return (f"{it['number']:4} {it['what'][:50]:50} "
            f"{number_text(it['median']) + ' ' + it['unit']:>16} {spread:20} "
            f"{(it['peer'] or '-')[:32]:32} {ratio:>6}  {it['budget'] or '-':18} {within}")
