#!/usr/bin/env python3
"""bench_verify: BUDGETS B07, B08, B09: what proving a backup costs, beside floors and peers.

usage: tests/bench/bench_verify.py [MEGABYTES]     size of the cluster's data (1024)

Every line is the median of five runs with the spread, all from a warm page cache on an otherwise
idle machine; ratios decide. RSS is the peak of the process. Needs the release build.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TREE, "tests/lib"))

import lifeboat  # noqa: E402
import postgres_server  # noqa: E402
import scratch  # noqa: E402

RUNS = 5
BOAT = lifeboat.binary()


def peak(pid):
    """VmHWM in MiB. (ru_maxrss would begin with what this Python had when it forked.)"""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next((int(w.split()[1]) / 1024 for w in f if w.startswith("VmHWM")), 0)
    except OSError:
        return 0


def once(argv, env):
    """(seconds, peak RSS in MiB, exit status) of one command."""
    start = time.monotonic()
    child = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rss = 0
    while True:
        try:
            status = child.wait(0.02)
            return time.monotonic() - start, rss, status
        except subprocess.TimeoutExpired:
            rss = max(rss, peak(child.pid))


def measure(argv, env=None, status=0, before=None):
    runs = []
    for _ in range(RUNS):
        if before:
            before()
        runs.append(once(argv, {**os.environ, **(env or {})}))
        assert runs[-1][2] == status, (argv, runs[-1])
    seconds = [r[0] for r in runs]
    return {"s": statistics.median(seconds), "min": min(seconds), "max": max(seconds),
            "rss": max(r[1] for r in runs)}


def line(what, m, other=None, name=""):
    ratio = f"   {m['s'] / other['s']:5.2f} x {name}" if other else ""
    print(f"  {what:44s} {m['s']:7.2f} s ({m['min']:.2f}-{m['max']:.2f})  "
          f"{m['rss']:7.1f} MiB{ratio}", flush=True)


class Bench:
    def __init__(self, megabytes):
        self.server = postgres_server.PostgresServer(settings={
            "max_wal_size": "8GB", "wal_level": "replica", "max_wal_senders": "4"})
        self.out = self.server.subdirectory("bench")
        rows = megabytes * 1024 * 1024 // 140
        self.server.create_database("big")
        # text that compresses about as well as business data do: some 3:1
        self.server.sql(
            "CREATE TABLE t AS SELECT g AS id, md5((g % 100000)::text) AS a, "
            "'customer ' || g % 5000 || ', order ' || g AS b, now() + g * interval '1 s' AS at, "
            f"repeat('lorem ipsum ', 3) AS c FROM generate_series(1, {rows}) g; CHECKPOINT",
            database="big")
        self.state = tempfile.mkdtemp(prefix="lifeboat-bench-")
        self.env = {"LIFEBOAT_STATE": self.state}
        self.floor = os.path.join(self.out, "floor")
        subprocess.run(["gcc", "-O2", "-o", self.floor,
                        os.path.join(TREE, "tests/bench/verify_floor.c"), "-lisal", "-lcrypto",
                        "-lpthread"], check=True)

    def backup(self, name, *args):
        path = os.path.join(self.out, name)
        self.server.run("pg_basebackup", "-c", "fast", "-X", "fetch", "-D", path, "-Ft",
                        "--manifest-checksums=SHA256", *args)
        return path

    def verify(self, path):
        return measure([BOAT, "verify", path], self.env)

    def by_hand(self, tar, flags):
        """The user's way: extract, then pg_verifybackup."""
        to = os.path.join(self.out, "extracted")

        def clean():
            shutil.rmtree(to, ignore_errors=True)
            os.mkdir(to)
        manifest = os.path.join(os.path.dirname(tar), "backup_manifest")
        script = (f"tar -x{flags}f {tar} -C {to} && cp {manifest} {to} && "
                  f"{self.server.bin}/pg_verifybackup -n -q {to}")
        done = measure(["bash", "-c", script], before=clean)
        shutil.rmtree(to, ignore_errors=True)
        return done

    def b07(self):
        path = self.backup("gz", "-z")
        tar = os.path.join(path, "base.tar.gz")
        print(f"B07 prove a tar.gz base backup of "
              f"{os.path.getsize(tar) >> 20} MiB compressed (SHA-256 manifest)")
        hand, floor = self.by_hand(tar, "z"), measure([self.floor, "gz", tar])
        line("extract + pg_verifybackup", hand)
        line("gzip -dc", measure(["gzip", "-dc", tar]))
        if shutil.which("igzip"):
            line("igzip -dc", measure(["igzip", "-dc", tar]))
        line("floor: ISA-L, SHA-256 on a second thread", floor)
        ours = self.verify(path)
        line("lifeboat verify", ours, floor, "floor")
        print(f"  {ours['s'] / hand['s']:.2f} of the user's way (budget 0.20), "
              f"{ours['s'] / floor['s']:.2f} x floor (budget 1.20), RSS {ours['rss']:.0f} MiB "
              f"(budget 32)")
        line("lifeboat verify without ISA-L", measure([BOAT, "verify", path], {
            **self.env, "LIFEBOAT_NO_ISAL": "1"}), floor, "floor")
        shutil.rmtree(path)

    def b08(self):
        path = self.backup("plain")
        tar = os.path.join(path, "base.tar")
        print(f"B08 prove an uncompressed tar base backup of {os.path.getsize(tar) >> 20} MiB")
        hand, floor = self.by_hand(tar, ""), measure([self.floor, "plain", tar])
        line("extract + pg_verifybackup", hand)
        line("sha256sum", measure(["sha256sum", tar]))
        line("floor: read, SHA-256 on a second thread", floor)
        ours = self.verify(path)
        line("lifeboat verify", ours, floor, "floor")
        print(f"  {ours['s'] / floor['s']:.2f} x floor (budget 1.20), RSS {ours['rss']:.0f} MiB")
        shutil.rmtree(path)

    def b09(self):
        dump = os.path.join(self.out, "big.dump")
        self.server.run("pg_dump", "-Fc", "-d", "big", "-f", dump)
        print(f"B09 prove a custom dump of {os.path.getsize(dump) >> 20} MiB")
        restore = measure([f"{self.server.bin}/pg_restore", "-f", "/dev/null", dump])
        line("pg_restore -f /dev/null", restore)
        line("sha256sum", measure(["sha256sum", dump]))
        ours = self.verify(dump)
        line("lifeboat verify, digest included", ours, restore, "pg_restore")
        line("lifeboat verify without ISA-L", measure([BOAT, "verify", dump], {
            **self.env, "LIFEBOAT_NO_ISAL": "1"}), restore, "pg_restore")
        os.unlink(dump)

    def remove(self):
        self.server.remove()
        scratch.remove(self.state)


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    bench = Bench(megabytes)
    try:
        bench.b07()
        bench.b08()
        bench.b09()
    finally:
        bench.remove()


main()
