#!/usr/bin/env python3
"""B03 to B06: first frame, standing still, one key, resident memory, beside htop, tig and ncdu.

    tests/bench/console.py [ROWS...]      default: 10000 1000000

Everything through a pseudo-terminal of 80x24 as TERM=xterm-256color; the median of five, with
the spread in brackets. Peers that are not installed are left out. The peers show what they are
made for: htop its processes, tig the history of this repository, ncdu its tree.
"""
import os
import shutil
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import lifeboat  # noqa: E402
from terminal import Terminal  # noqa: E402

RUNS = int(os.environ.get("RUNS", "5"))
IDLE_SECONDS = 5
KEYS = 10
ENV = {"PATH": os.environ["PATH"], "HOME": "/tmp", "LANG": "C.UTF-8", "TERM": "xterm-256color",
       "LIFEBOAT_SHARE": lifeboat.TREE}


def measure(argv):
    """One run: first frame (ms, bytes), a key (bytes, ms of CPU and until the echo), idle, RSS."""
    with Terminal(argv, ENV) as t:
        first = t.read_until_quiet(0.3)
        frame_ms = (t.last_byte - t.started) * 1000
        key_bytes, echo_ms = [], []
        cpu = t.cpu_seconds()
        for _ in range(KEYS):
            sent = time.monotonic()
            t.send(b"\x1b[B" if b"\x1b[?1h" not in first else b"\x1bOB")
            out = t.read_until_quiet(0.05)
            if out:
                echo_ms.append((t.last_byte - sent) * 1000)
            key_bytes.append(len(out))
        key_cpu_ms = (t.cpu_seconds() - cpu) * 1000 / KEYS
        cpu, start = t.cpu_seconds(), time.monotonic()
        idle = len(t.read_for(IDLE_SECONDS))
        seconds = time.monotonic() - start
        return {
            "frame ms": frame_ms, "frame B": len(first),
            "key B": statistics.median(key_bytes),
            "echo ms": statistics.median(echo_ms) if echo_ms else float("nan"),
            "key CPU ms": key_cpu_ms,
            "idle B/s": idle / seconds,
            "idle CPU %": (t.cpu_seconds() - cpu) / seconds * 100,
            "RSS KiB": t.rss_kib(),
        }


def subjects(rows):
    binary = lifeboat.binary()
    yield from ((f"lifeboat, {n} rows", [binary, "__widgets", "--rows", str(n)]) for n in rows)
    yield f"lifeboat, {rows[0]} rows, no clock", [
        binary, "__widgets", "--rows", str(rows[0]), "--no-clock"]
    for name, args in [("htop", []), ("tig", []), ("ncdu", ["-0", lifeboat.TREE])]:
        if shutil.which(name):
            yield name, [shutil.which(name), *args]


def main():
    rows = [int(n) for n in sys.argv[1:]] or [10000, 1000000]
    os.chdir(lifeboat.TREE)
    for name, argv in subjects(rows):
        runs = [measure(argv) for _ in range(RUNS)]
        print(name)
        for key in runs[0]:
            values = [run[key] for run in runs]
            print(f"  {key:12} {statistics.median(values):10.2f}"
                  f"  [{min(values):.2f} .. {max(values):.2f}]")


if __name__ == "__main__":
    main()
