#!/usr/bin/env python3
"""B07, B08, B09: what proving a backup costs, beside floors and peers.

    tests/bench/bench_verify.py [MEGABYTES]     size of the cluster's data (1024)

budget.py says how it is measured. Needs the release build.
"""
import os
import shutil
import subprocess
import sys

import budget

import lifeboat
import postgres_server
import scratch

BOAT = lifeboat.binary()


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
        self.state = scratch.directory()
        self.env = {"LIFEBOAT_STATE": self.state}
        self.floor = os.path.join(self.out, "floor")
        subprocess.run(["gcc", "-O2", "-o", self.floor,
                        os.path.join(lifeboat.TREE, "tests/bench/verify_floor.c"), "-lisal", "-lcrypto",
                        "-lpthread"], check=True)

    def backup(self, name, *args):
        path = os.path.join(self.out, name)
        self.server.run("pg_basebackup", "-c", "fast", "-X", "fetch", "-D", path, "-Ft",
                        "--manifest-checksums=SHA256", *args)
        return path

    def verify(self, path):
        return budget.measure([BOAT, "verify", path], self.env)

    def by_hand(self, tar, flags):
        """The user's way: extract, then pg_verifybackup."""
        to = os.path.join(self.out, "extracted")

        def clean():
            shutil.rmtree(to, ignore_errors=True)
            os.mkdir(to)
        manifest = os.path.join(os.path.dirname(tar), "backup_manifest")
        script = (f"tar -x{flags}f {tar} -C {to} && cp {manifest} {to} && "
                  f"{self.server.bin}/pg_verifybackup -n -q {to}")
        done = budget.measure(["bash", "-c", script], before=clean)
        shutil.rmtree(to, ignore_errors=True)
        return done

    def b07(self):
        path = self.backup("gz", "-z")
        tar = os.path.join(path, "base.tar.gz")
        size = f"{os.path.getsize(tar) >> 20} MiB tar.gz"
        hand, floor = self.by_hand(tar, "z"), budget.measure([self.floor, "gz", tar])
        ours = self.verify(path)
        budget.row("B07", f"prove a base backup of {size}", ours.wall, "s", ratio_limit=0.2,
                   peer=("tar -xzf + pg_verifybackup", hand.wall))
        budget.row("B07", "the same", ours.wall, "s", ratio_limit=1.2,
                   peer=("floor (ISA-L, 2 threads)", floor.wall))
        budget.row("B07", "its resident memory", ours.rss, "MiB", limit=32)
        for name, argv in (("gzip -dc", ["gzip", "-dc", tar]), ("igzip -dc", ["igzip", "-dc", tar])):
            if shutil.which(argv[0]):
                budget.row("B07", "the same", ours.wall, "s", peer=(name, budget.measure(argv).wall))
        budget.row("B07", "the same without ISA-L", budget.measure(
            [BOAT, "verify", path], {**self.env, "LIFEBOAT_NO_ISAL": "1"}).wall, "s",
            peer=("floor (ISA-L, 2 threads)", floor.wall))
        shutil.rmtree(path)

    def b08(self):
        path = self.backup("plain")
        tar = os.path.join(path, "base.tar")
        hand, floor = self.by_hand(tar, ""), budget.measure([self.floor, "plain", tar])
        ours = self.verify(path)
        budget.row("B08", f"prove a base backup of {os.path.getsize(tar) >> 20} MiB, tar", ours.wall,
                   "s", ratio_limit=1.2, peer=("floor (SHA-256, 2 threads)", floor.wall))
        budget.row("B08", "the same", ours.wall, "s", peer=("tar -xf + pg_verifybackup", hand.wall))
        budget.row("B08", "its resident memory", ours.rss, "MiB", limit=32)
        shutil.rmtree(path)

    def b09(self):
        dump = os.path.join(self.out, "big.dump")
        self.server.run("pg_dump", "-Fc", "-d", "big", "-f", dump)
        restore = budget.measure([f"{self.server.bin}/pg_restore", "-f", "/dev/null", dump])
        ours = self.verify(dump)
        budget.row("B09", f"prove a custom dump of {os.path.getsize(dump) >> 20} MiB", ours.wall,
                   "s", ratio_limit=1, peer=("pg_restore -f /dev/null", restore.wall))
        budget.row("B09", "the same", ours.wall, "s",
                   peer=("sha256sum", budget.measure(["sha256sum", dump]).wall))
        budget.row("B09", "the same without ISA-L", budget.measure(
            [BOAT, "verify", dump], {**self.env, "LIFEBOAT_NO_ISAL": "1"}).wall, "s",
            peer=("pg_restore -f /dev/null", restore.wall))
        os.unlink(dump)

    def remove(self):
        self.server.remove()
        scratch.remove(self.state)


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    bench = Bench(megabytes)
    try:
        for number, measure in (("B07", bench.b07), ("B08", bench.b08), ("B09", bench.b09)):
            if budget.wanted(number):
                measure()
    finally:
        bench.remove()


if __name__ == "__main__":
    main()
