#!/usr/bin/env python3
"""B03 to B06: first frame, standing still, one key, resident memory, beside htop, tig and ncdu.

    tests/bench/bench_console.py [BACKUPS...]      default: 10000 1000000

The console's board over a catalog of so many backups, through a pseudo-terminal of 80x24 as
TERM=xterm-256color. The peers show what they are made for: htop its processes, tig the history of
this repository, ncdu its tree. Those that are not installed are left out.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import budget

import lifeboat
import scratch
from terminal import Terminal

IDLE_SECONDS = 5
KEYS = 10


def environment(state):
    return {"PATH": os.environ["PATH"], "HOME": state, "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "LIFEBOAT_STATE": state, "TZ": "UTC"}


def measure(argv, env):
    """One run: first frame (ms, bytes), a key (bytes, ms of CPU), standing still, RSS."""
    with Terminal(argv, env) as t:
        first = t.read_until_quiet(0.5)
        frame_ms = (t.last_byte - t.started) * 1000
        key_bytes, cpu = [], t.cpu_seconds()
        for _ in range(KEYS):
            t.send(b"\x1b[B" if b"\x1b[?1h" not in first else b"\x1bOB")
            key_bytes.append(len(t.read_until_quiet(0.05)))
        key_ms = (t.cpu_seconds() - cpu) * 1000 / KEYS
        cpu, start = t.cpu_seconds(), time.monotonic()
        idle = len(t.read_for(IDLE_SECONDS))
        seconds = time.monotonic() - start
        return {"frame ms": frame_ms, "frame B": len(first), "key B": statistics.median(key_bytes),
                "key ms": key_ms, "idle B/s": idle / seconds,
                "idle %": (t.cpu_seconds() - cpu) / seconds * 100, "MiB": t.rss_kib() / 1024}


def sample(argv, env):
    """A list of values for each of them."""
    found = [measure(argv, env) for _ in range(budget.RUNS)]
    return {key: [run[key] for run in found] for key in found[0]}


def catalog(directory, backups):
    """A site whose catalog holds so many backups in one of its sets, and its environment."""
    where, state = os.path.join(directory, "files"), os.path.join(directory, "state")
    os.makedirs(os.path.join(where, "many"))
    os.makedirs(state)
    first = time.time() - backups * 60
    for i in range(backups):
        stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(first + i * 60))
        os.close(os.open(os.path.join(where, "many", f"etc_{stamp}.tar"),
                         os.O_CREAT | os.O_WRONLY, 0o600))
    sets = {f"set-{i:02d}": {"type": "files", "location": "here", "path": f"set-{i:02d}/",
                             "rpo": "24h"} for i in range(10)}
    sets["many"] = {"type": "files", "location": "here", "path": "many/etc_{time:%Y%m%d_%H%M%S}.tar",
                    "rpo": "24h"}
    site = os.path.join(directory, "site.yaml")
    with open(site, "w", encoding="utf-8") as f:
        json.dump({"site": "bench", "locations": {"here": {"directory": where, "timeout": "600s"}},
                   "assets": {"app": {"sets": sets}}}, f)
    env = {**environment(state), "LIFEBOAT_SITE": site}
    # Its exit status is the worst verdict, and the sets without a backup are a breach.
    subprocess.run([lifeboat.binary(), "collect"], env=env, check=False, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    found = subprocess.run([lifeboat.binary(), "backups", "app/many", "--format", "jsonl"], env=env,
                           check=True, capture_output=True).stdout.count(b"\n")
    if found != backups:
        raise RuntimeError(f"the catalog has {found} backups, not {backups}")
    shutil.rmtree(os.path.join(where, "many"))
    return env


def main():
    sizes = [int(n) for n in sys.argv[1:]] or [10000, 1000000]
    os.chdir(lifeboat.TREE)
    state = scratch.directory()
    peers = {name: sample([shutil.which(name), *args], environment(state))
             for name, args in (("htop", []), ("tig", []), ("ncdu", ["-0", lifeboat.TREE]))
             if shutil.which(name)}

    def row(number, what, ours, key, unit, name, **limits):
        peer = (name, peers[name][key]) if name in peers else None
        if budget.wanted(number):
            budget.row(number, what, ours[key], unit, peer=peer, **limits)
    for size in sizes:
        directory = scratch.directory()
        ours = sample([lifeboat.binary(), "--read-only"], catalog(directory, size))
        of = f"{size} backups"
        row("B03", f"first frame, {of}", ours, "frame ms", "ms", "tig", limit=50)
        row("B03", f"first frame, {of}", ours, "frame B", "B", "htop", limit=4096)
        row("B04", f"standing still, clock ticking, {of}", ours, "idle B/s", "B/s", "htop", limit=100)
        row("B04", f"standing still, clock ticking, {of}", ours, "idle %", "% CPU", "htop", limit=0.1)
        row("B05", f"a cursor key, {of}", ours, "key B", "B", "htop", limit=300)
        row("B05", f"a cursor key, CPU, {of}", ours, "key ms", "ms", "htop", limit=2)
        row("B06", f"resident memory, {of}", ours, "MiB", "MiB", "htop", limit=8)
        scratch.remove(directory)
    scratch.remove(state)


if __name__ == "__main__":
    main()
