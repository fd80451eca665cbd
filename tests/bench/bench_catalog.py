#!/usr/bin/env python3
"""bench_catalog: BUDGETS B01, B02, B10 (what the catalog does of it): listing objects and segments.

usage: tests/bench/bench_catalog.py [OBJECTS]      100000

A server that only lists (s3_pages.c) answers on loopback; the floor reads the same pages and scans
them for keys. Peers that are not installed are left out, with a word.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import budget  # noqa: E402
import lifeboat  # noqa: E402

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
BOAT = lifeboat.binary()


def build(scratch):
    tool = os.path.join(scratch, "s3_pages")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-D_GNU_SOURCE", "-o", tool,
                    os.path.join(HERE, "s3_pages.c"), "-lpthread"], check=True)
    return tool


class Server:
    def __init__(self, tool, objects, prefixes, delay_ms=0):
        self.process = subprocess.Popen(
            [tool, "serve", str(objects), str(prefixes), str(delay_ms)], stdout=subprocess.PIPE,
            text=True)
        self.port = self.process.stdout.readline().strip()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def children(pid):
    """The collector reads every location in a child of its own: that is where the memory goes."""
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path, encoding="ascii") as f:
                yield from map(int, f.read().split())
        except OSError:
            return


def measure(argv, env=None, runs=budget.RUNS):
    found = []
    for _ in range(runs):
        started = time.monotonic()
        child = os.posix_spawnp(argv[0], argv, {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", **KEYS, **(env or {})},
            file_actions=[(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0)
                          for fd in (0, 1, 2)])
        watch = budget.Watch(child, lambda pid=child: children(pid))
        _, status, usage = os.wait4(child, 0)
        wall = time.monotonic() - started
        rss = watch.stop()
        if status != 0:
            raise RuntimeError(f"{argv} ended with {os.waitstatus_to_exitcode(status)}")
        found.append((wall, usage.ru_utime + usage.ru_stime, rss))
    return budget.Sample(found)


def site(scratch, name, location, **fields):
    path = os.path.join(scratch, name + ".yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"site": "bench", "locations": {"l": {"timeout": "120s", **location}},
                   "assets": {"a": {"sets": {"s": {"location": "l", "rpo": "1h", **fields}}}}}, f)
    return [BOAT, "collect", "--site", path], {"LIFEBOAT_STATE": os.path.join(scratch, name)}


def peers(scratch, url):
    """(name, argv) of those that are installed."""
    nothing = os.path.join(scratch, "none")
    host = url.split("//")[1]
    remote = f":s3,provider=Other,env_auth=true,endpoint='{url}':b/data/p00/"
    for name, argv in (
            ("rclone lsf", ["rclone", "--config", nothing, "lsf", remote]),
            ("aws s3api", ["aws", "--endpoint-url", url, "s3api", "list-objects-v2", "--bucket",
                           "b", "--prefix", "data/p00/", "--query", "length(Contents)"]),
            ("s3cmd ls", ["s3cmd", "-c", nothing, "--no-ssl", f"--host={host}",
                          f"--host-bucket={host}", "--region=us-east-1", "--access_key=k",
                          "--secret_key=s", "ls", "s3://b/data/p00/"])):
        if shutil.which(argv[0]) is None:
            print(f"skipped: {argv[0]} is not installed", flush=True)
        else:
            yield name, argv


def listing(tool, scratch, objects):
    with Server(tool, objects, 1) as server:
        floor = measure([tool, "floor", server.port])
        argv, env = site(scratch, "flat", {"s3": {"bucket": "b", "endpoint": server.url}},
                         type="files", path="data/p00/")
        ours = measure(argv, env)
        if not budget.wanted("B01"):
            return ours
        what = f"list {objects} objects"
        budget.row("B01", what + ", CPU", ours.cpu, "s", limit=0.3, peer=("floor", floor.cpu))
        budget.row("B01", what + ", wall", ours.wall, "s", peer=("floor", floor.wall))
        budget.row("B01", what + ", RSS", ours.rss, "MiB", limit=32, peer=("floor", floor.rss))
        for name, argv in peers(scratch, server.url):
            peer = measure(argv, runs=3 if name == "rclone lsf" else 1)
            limit = {"rclone lsf": 1 / 5, "aws s3api": 1 / 20}.get(name)
            budget.row("B01", f"  CPU beside {name}", ours.cpu, "s", ratio_limit=limit,
                       peer=(name, peer.cpu))
            budget.row("B01", f"  wall beside {name}", ours.wall, "s", peer=(name, peer.wall))
    return ours


def many(tool, scratch, objects, small):
    with Server(tool, 5 * objects, 1) as server:
        argv, env = site(scratch, "many", {"s3": {"bucket": "b", "endpoint": server.url}},
                         type="files", path="data/p00/")
        ours = measure(argv, env)
    what = f"list {5 * objects} objects"
    budget.row("B02", what + ", CPU: linear", ours.cpu, "s", ratio_limit=1.2,
               peer=("5 times B01", [5 * value for value in small.cpu]))
    budget.row("B02", what + ", RSS: flat", ours.rss, "MiB", limit=32, peer=("B01", small.rss))


def far(tool, scratch, objects):
    with Server(tool, objects, 16, 30) as server:
        four = measure([tool, "floor", server.port, "4", "16"])
        argv, env = site(scratch, "far", {"s3": {"bucket": "b", "endpoint": server.url}},
                         type="object_sync", path="data/")
        ours = measure(argv, env)
        what = f"list {objects} objects, 16 prefixes, 30 ms"
        budget.row("B02", what, ours.wall, "s", ratio_limit=1.5,
                   peer=("floor, four connections", four.wall))


def segments(tool, scratch, count):
    where = os.path.join(scratch, "wal")
    os.mkdir(where)
    for i in range(0x100, count + 0x100):
        os.close(os.open(f"{where}/00000001{i >> 8:08X}{i & 255:08X}", os.O_CREAT | os.O_WRONLY,
                         0o644))
    floor = measure([tool, "dents", where])
    what = f"{count} segments in a directory"
    for name, argv in (("ls -U", ["ls", "-U", where]), ("find", ["find", where])):
        peer = measure(argv, runs=3)
        budget.row("B10", f"  {name}", peer.wall, "s", peer=("floor", floor.wall))
    argv, env = site(scratch, "wal", {"directory": where}, type="wal")
    ours = measure(argv, env)
    budget.row("B10", what + ", wall", ours.wall, "s", ratio_limit=1.5, peer=("floor", floor.wall))
    budget.row("B10", what + ", RSS", ours.rss, "MiB", limit=64)


def main():
    objects = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as scratch:
        tool = build(scratch)
        small = None
        if budget.wanted("B01", "B02"):
            small = listing(tool, scratch, objects)
        if budget.wanted("B02"):
            many(tool, scratch, objects, small)
            far(tool, scratch, objects)
        if budget.wanted("B10"):
            segments(tool, scratch, 10 * objects)


if __name__ == "__main__":
    main()
