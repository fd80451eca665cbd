#!/usr/bin/env python3
"""B16, B17: recovery windows and the search for a moment, beside pg_waldump.

    tests/bench/bench_wal.py [SEGMENTS]     of 16 MB, in the archive (1000; B17 reads 64 of them)

The archive is made of the WAL of a real server under pgbench-like load, of which most segments are
filled by one large load: what counts is how many there are and what must be read. budget.py says
how it is measured. Needs the release build.
"""
import os
import shutil
import subprocess
import sys

import budget

import lifeboat
import scratch
import wal_cluster
from wal_cluster import rfc

BOAT = lifeboat.binary()
READ = 64


class Bench:
    def __init__(self, segments):
        self.cluster = c = wal_cluster.WalCluster(16, {"max_wal_size": "64GB", "synchronous_commit": "off"})
        self.state = scratch.directory()
        self.env = {"LIFEBOAT_STATE": self.state}
        c.sql("CREATE TABLE victim AS SELECT g AS id, 'x' || g AS x FROM generate_series(1, 1000) g; "
              "CREATE TABLE t (i int, x text)")
        c.base_backup("base", "-Fp")
        # Small transactions, as an application makes them, with the accident in their midst ...
        c.sql("CREATE PROCEDURE busy(n int) LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP "
              "INSERT INTO t SELECT i, repeat('x', 40) FROM generate_series(1, 20); COMMIT; "
              "END LOOP; END $$")
        per_segment = 7000
        half = max(min(segments, READ) // 2, 1)
        c.sql(f"CALL busy({half * per_segment})")
        c.drop = c.keep("drop", c.sql("BEGIN; DROP TABLE victim; SELECT pg_current_xact_id(); COMMIT"))
        c.sql(f"CALL busy({half * per_segment})")
        c.switch()
        self.busy = c.segments()
        # ... and more behind it, until the archive is as long as it should be.
        while len(c.segments()) < segments:
            c.sql("INSERT INTO t SELECT g, repeat('y', 400) FROM generate_series(1, 1000000) g; TRUNCATE t")
            c.commit("more")
            c.switch()

    def waldump(self, first, last, *args):
        return [os.path.join(self.cluster.server.bin, "pg_waldump"), "-p", self.cluster.archive, *args,
                first, last]

    def shell(self, argv, then):
        return ["bash", "-c", f"set -o pipefail; \"$@\" | {then}", "bash", *argv]

    def b16(self):
        c, n = self.cluster, len(self.cluster.segments())
        peer = budget.measure(self.shell(
            self.waldump(c.segments()[0], c.segments()[-1], "-r", "Transaction"), "tail -n 1 > /dev/null"))
        ours = budget.measure([BOAT, "window", "--wal", c.archive, "--base", c.bases], self.env)
        budget.row("B16", f"window over {n} segments of 16 MB", ours.wall, "s", ratio_limit=1 / 3,
                   peer=("pg_waldump -r Transaction | tail", peer.wall))
        budget.row("B16", "its resident memory", ours.rss, "MiB")
        at = budget.measure([BOAT, "window", "--wal", c.archive, "--base", c.bases, "--at",
                             rfc(c.drop.at)], self.env)
        budget.row("B16", "the same for one moment (--at)", at.wall, "s", ratio_limit=1 / 3,
                   peer=("pg_waldump -r Transaction | tail", peer.wall))

    def b17(self):
        c = self.cluster
        size = len(self.busy) * 16
        peer = budget.measure(self.shell(
            self.waldump(self.busy[0], self.busy[-1]), "grep -c 'COMMIT.*rels' > /dev/null"))
        # A copy of those alone, so that both read the same.
        where = os.path.join(c.server.scratch, "busy")
        shutil.rmtree(where, ignore_errors=True)
        os.mkdir(where)
        for name in self.busy:
            os.link(os.path.join(c.archive, name), os.path.join(where, name))
        ours = budget.measure([BOAT, "moment", "--wal", where, "--base", c.bases, "--around",
                               rfc(c.drop.at), "--within", "2h"], self.env)
        found = subprocess.run([BOAT, "moment", "--wal", where, "--base", c.bases, "--around",
                                rfc(c.drop.at), "--within", "2h"], capture_output=True, text=True,
                               check=True, env={**os.environ, **self.env})
        assert "DROP public.victim" in found.stdout, found.stdout
        budget.row("B17", f"moment in {size} MB of WAL, with names", ours.wall, "s", ratio_limit=1,
                   peer=("pg_waldump | grep", peer.wall))
        budget.row("B17", "its resident memory", ours.rss, "MiB")

    def remove(self):
        self.cluster.remove()
        scratch.remove(self.state)


def main():
    bench = Bench(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    try:
        if budget.wanted("B16"):
            bench.b16()
        if budget.wanted("B17"):
            bench.b17()
    finally:
        bench.remove()


if __name__ == "__main__":
    main()
