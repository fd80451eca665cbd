#!/usr/bin/env python3
"""B11, B12, B14, B15: what a run costs beyond its commands: steps, output, attaching, reading.

    tests/bench/bench_run.py [MEGABYTES]     of output in B12 (1024) and, a tenth of it, in B14
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import budget

import lifeboat
import runs
import scratch
from terminal import Terminal

BOAT = lifeboat.binary()
STEPS = 200
MANY = 1000


def write_book(directory, name, steps):
    path = os.path.join(directory, name + ".yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"schema": 1, "id": name, "title": name, "steps": steps}, f, indent=1)
    return path


def env_of(state):
    return {"LIFEBOAT_STATE": state, "LIFEBOAT_SITE": "", "HOME": state, "TZ": "UTC"}


def book_of_true(directory, count):
    return write_book(directory, f"true-{count}",
                      [dict(runs.command(f"s{i}", "true"), title=f"Step {i}") for i in range(count)])


def synced(directory):
    """The disk's own part of a step, in seconds: two records each in two logs, each of them synced,
    and two files made for its output."""
    where = os.path.join(directory, "floor")
    os.mkdir(where)
    flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
    logs = [os.open(os.path.join(where, name), flags, 0o600) for name in ("journal", "audit")]
    began = time.monotonic()
    for i in range(STEPS):
        for fd in logs + logs:
            os.write(fd, b"x" * 299 + b"\n")
            os.fdatasync(fd)
        for name in (f"{i}.out", f"{i}.times"):
            os.close(os.open(os.path.join(where, name), flags, 0o600))
    took = (time.monotonic() - began) / STEPS
    for fd in logs:
        os.close(fd)
    shutil.rmtree(where)
    return took


def remove_state(state):
    """The last runner still seals the log when its run is over."""
    def gone():
        shutil.rmtree(state, ignore_errors=True)
        return not os.path.exists(state)
    scratch.wait_for(gone, 60, "the last seal")


def b11(directory):
    """Steps that do nothing: the difference of long and short runs is what a step costs."""
    loop = budget.measure(["sh", "-c", f"i=0; while [ $i -lt {STEPS} ]; do /bin/true; i=$((i+1)); done"])
    shell = [s / STEPS for s in loop.wall]
    few, many = book_of_true(directory, 1), book_of_true(directory, STEPS + 1)
    memory = scratch.directory(where="/dev/shm")
    whole = {}
    for where in (memory, directory):
        env = env_of(os.path.join(where, "state"))
        short, long = (budget.measure([BOAT, "run", book, "--unattended"], env).wall
                       for book in (few, many))
        whole[where] = [(a - b) / STEPS for a, b in zip(sorted(long), sorted(short))]
        remove_state(env["LIFEBOAT_STATE"])
    scratch.remove(memory)
    budget.row("B11", "a step beyond its command, state in memory",
               [a - b for a, b in zip(whole[memory], sorted(shell))], "ms", 1000, limit=5,
               peer=("whole step in a sh loop", shell))
    budget.row("B11", "a step beyond its command, state on disk",
               [a - b for a, b in zip(whole[directory], sorted(shell))], "ms", 1000,
               peer=("its 4 syncs and 2 files alone",
                     [synced(directory) for _ in range(budget.RUNS)]))


def b12(directory, megabytes):
    size = megabytes << 20
    printing = f"set -o pipefail; yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c {size} || true"
    copy = os.path.join(directory, "copy")
    tee = budget.measure(["bash", "-c", f"({printing}) | tee {copy} >/dev/null"],
                         before=lambda: os.path.exists(copy) and os.unlink(copy))
    os.unlink(copy)
    book = write_book(directory, "printing",
                      [dict(runs.script("print", printing), title="It prints")])
    wall, rss = [], []
    for _ in range(budget.RUNS):
        state = os.path.join(directory, "printing-state")
        watch = None
        began = time.monotonic()
        child = subprocess.Popen([BOAT, "run", book, "--unattended"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, env={**os.environ, **env_of(state)})
        watch = budget.Watch(child.pid, lambda: runners(state))
        if child.wait() != 0:
            raise RuntimeError("the printing run failed")
        wall.append(time.monotonic() - began)
        rss.append(watch.stop())
        remove_state(state)
    budget.row("B12", f"a step that prints {megabytes} MiB", wall, "s", ratio_limit=1.5,
               peer=("tee", tee.wall))
    budget.row("B12", "its runner's resident memory", rss, "MiB", limit=32)


def runners(state):
    """The runners below a state directory."""
    top = os.path.join(state, "runs")
    try:
        found = [runs.runner_of(os.path.join(top, name)) for name in os.listdir(top)]
    except OSError:
        return []
    return [pid for pid in found if pid]


def b14(directory, megabytes):
    """A run that has printed much and still goes on: until its screen stands."""
    state = os.path.join(directory, "attach-state")
    env = {**os.environ, **env_of(state), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    book = write_book(directory, "much", [
        dict(runs.script("print", f"set -o pipefail; yes 0123456789abcdefghijklmnopqrstuvwxyz | "
                                  f"head -c {megabytes << 20} || true; echo all-printed; sleep 600"),
             title="It prints")])
    child = subprocess.Popen([BOAT, "run", book, "--unattended"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        scratch.wait_for(lambda: runners(state), 60, "the runner")
        run = os.path.join(state, "runs", os.listdir(os.path.join(state, "runs"))[0])
        output = os.path.join(run, "output", "print.1.out")
        scratch.wait_for(lambda: os.path.exists(output) and
                         os.path.getsize(output) > megabytes << 20, 300, "the output")
        first = []
        for _ in range(budget.RUNS):
            with Terminal([BOAT, "attach", "--observe"], env) as t:
                seen = b""
                while b"all-printed" not in seen:
                    part = t.read_until_quiet(0.3)
                    seen += part
                    if not part:
                        raise RuntimeError(f"attach does not show the end of the output: {seen!r}")
                first.append(t.last_byte - t.started)
        budget.row("B14", f"attach to a run with {megabytes} MiB of output", first, "ms", 1000,
                   limit=100)
    finally:
        for pid in runners(state):
            os.kill(pid, signal.SIGTERM)
        child.wait(30)
        remove_state(state)


def b15(directory):
    steps = []
    for i in range(MANY):
        steps.append(dict(runs.command(f"s{i}", "pg_dump", "-Fc", "-f", f"/backup/{i}.dump", "app"),
                          title=f"Dump number {i}", why="It is needed.", timeout="1h", budget="5m",
                          when={"value": "{{word}}", "is": "x"}))
    steps.append(dict(runs.command("globals", "pg_dumpall", "--globals-only"), title="Globals"))
    path = os.path.join(directory, "many.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("schema: 1\nid: many\ntitle: Many\nparameters:\n  word: {type: text, default: x}\nsteps:\n")
        for step in steps:
            f.write("  - " + "\n    ".join(f"{k}: {json.dumps(v)}" for k, v in step.items()) + "\n")
    env = env_of(os.path.join(directory, "state"))
    peer = None
    probe = ["/usr/bin/python3", "-c", "import sys, yaml; yaml.safe_load(open(sys.argv[1]))", path]
    try:
        peer = ("PyYAML reads it", budget.measure(probe).wall)
    except (OSError, RuntimeError):
        pass
    for what in ("lint", "plan"):
        took = budget.measure([BOAT, what, path], env)
        budget.row("B15", f"{what} of {MANY} steps", took.wall, "ms", 1000, limit=50, peer=peer)


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    directory = scratch.directory()
    try:
        if budget.wanted("B11"):
            b11(directory)
        if budget.wanted("B12"):
            b12(directory, megabytes)
        if budget.wanted("B14"):
            b14(directory, max(megabytes // 10, 1))
        if budget.wanted("B15"):
            b15(directory)
    finally:
        scratch.remove(directory)


if __name__ == "__main__":
    main()
