"""The reader of WAL records beside pg_waldump of the same version, record by record."""
import os
import re
import subprocess

import pytest

import live_tool
import wal_cluster

RMGRS = {name: i for i, name in enumerate(
    "XLOG Transaction Storage CLOG Database Tablespace MultiXact RelMap Standby Heap2 Heap Btree "
    "Hash Gin Gist Sequence SPGist BRIN CommitTs ReplicationOrigin Generic LogicalMessage".split())}

WORKLOAD = """
    CREATE TABLE t (i int PRIMARY KEY, x text, p point, a int[]);
    INSERT INTO t SELECT g, repeat('x', 100), point(g, g), ARRAY[g] FROM generate_series(1, 5000) g;
    CREATE INDEX ON t USING gist (p); CREATE INDEX ON t USING gin (a); CREATE INDEX ON t USING hash (x);
    CREATE INDEX ON t USING brin (i); CREATE INDEX ON t USING spgist (p);
    CREATE SEQUENCE s; SELECT nextval('s'); CREATE DATABASE other; DROP DATABASE other;
    SELECT pg_logical_emit_message(true, 'test', repeat('long', 100000));
    CHECKPOINT;
    UPDATE t SET x = repeat('y', 3000) WHERE i % 2 = 0; DELETE FROM t WHERE i % 3 = 0; VACUUM t;
    BEGIN; SAVEPOINT a; INSERT INTO t VALUES (-1); SAVEPOINT b; INSERT INTO t VALUES (-2);
    ROLLBACK TO b; COMMIT;
    BEGIN; INSERT INTO t VALUES (-3); ROLLBACK;
    BEGIN; DROP TABLE t; PREPARE TRANSACTION 'p'; COMMIT PREPARED 'p';
    SELECT pg_create_restore_point('here'); VACUUM FULL pg_class;
"""


def waldump(cluster, segments):
    """pg_waldump's records as (rmgr, xid, lsn, prev, length, description)."""
    done = cluster.server.run("pg_waldump", os.path.join(cluster.archive, segments[0]),
                              segments[-1], check=False)
    records = []
    for line in done.stdout.splitlines():
        m = re.match(r"rmgr: (\S+)\s+len \(rec/tot\):\s*\d+/\s*(\d+), tx:\s*(\d+), lsn: (\S+), "
                     r"prev (\S+), desc: (.*)", line)
        records.append((RMGRS[m[1]], int(m[3]), lsn(m[4]), lsn(m[5]), int(m[2]), m[6]))
    return records


def lsn(text):
    return "/".join(f"{int(half, 16):X}" for half in text.split("/"))


@pytest.mark.parametrize("segment_mb, settings", [
    (1, {"max_prepared_transactions": "2"}),
    (16, {"max_prepared_transactions": "2", "wal_compression": "pglz", "wal_level": "logical"}),
    (1, {"max_prepared_transactions": "2", "wal_compression": "zstd"})])
def test_every_record_as_pg_waldump_has_it(segment_mb, settings):
    cluster = wal_cluster.WalCluster(segment_mb, settings)
    try:
        cluster.server.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", input=WORKLOAD)
        for i in range(3):
            cluster.commit(f"c{i}")
        cluster.switch()
        cluster.commit("last")
        cluster.switch()
        segments = cluster.segments()
        theirs = waldump(cluster, segments)
        done = subprocess.run(
            [live_tool.path("waltool"), "records",
             *(os.path.join(cluster.archive, s) for s in segments)],
            capture_output=True, text=True, check=True)
        lines = done.stdout.splitlines()
        # READER_SWITCH: the last segment ended with a switch.
        assert lines.pop() == "state 1 -"
        ours = [line.split(" ", 6) for line in lines]
        assert len(ours) == len(theirs) > 5000
        for our, their in zip(ours, theirs):
            assert (int(our[0]), int(our[1]), our[2], our[3], int(our[4])) == their[:5]
            assert our[5] == "good", their
        check_commits(cluster, ours)
        ends = [t for t in theirs if t[0] == 1 and re.match("COMMIT|ABORT", t[5])]
        assert len(ends) == sum(our[6] != "-" for our in ours)
    finally:
        cluster.remove()


def check_commits(cluster, ours):
    """The times of commits are those that the server itself remembers."""
    at = {int(our[1]): our[6] for our in ours if our[6] != "-"}
    for commit in cluster.record:
        assert at[commit.xid] == wal_cluster.rfc(commit.at)
