"""wal_cluster: a PostgreSQL that archives its WAL, with a record of every commit as it happens.

    c = WalCluster(segment_mb=1)
    c.base_backup("one")
    c.commit("first"); c.switch()         # c.record: [Commit(label, xid, at, lsn)]
    c.labels_after(restored)              # what a restored server knows of the record

Times are microseconds since 1970, as the server itself wrote them into the WAL
(track_commit_timestamp), so that tests compare exactly.
"""
import bz2
import collections
import datetime
import glob
import gzip
import os
import pathlib
import shutil
import subprocess
import tarfile
import time

import pytest

import live_tool
import postgres_server
import scratch

Commit = collections.namedtuple("Commit", "label xid at lsn")

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def rfc(us):
    """As the program prints times."""
    t = EPOCH + datetime.timedelta(microseconds=us)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def micros(text):
    """And back."""
    t = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (t - EPOCH) // datetime.timedelta(microseconds=1)


def lsn(text):
    """A position as a number."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def site(boat, cluster, archive=None, extra=""):
    """A site file for the cluster, or for a copy of its archive."""
    boat.write("site.yaml", f"""
site: test
locations:
  wal: {{directory: {archive or cluster.archive}}}
  bases: {{directory: {cluster.bases}}}
assets:
  db:
    sets:
      wal: {{type: wal, location: wal, rpo: 5m}}
      base: {{type: pg_basebackup, location: bases, rpo: 8d}}
{extra}""")


def window(boat, *args, status=0):
    """`lifeboat window` of that site's asset."""
    return boat.run("window", "db", "--format", "json", *args, status=status).json()


def copy_archive(cluster, tmp_path, age=3600):
    """A copy to take things out of, not so fresh that a hole may still be filled."""
    where = pathlib.Path(cluster.server.subdirectory("copies"), tmp_path.name)
    shutil.copytree(cluster.archive, where)
    for name in os.listdir(where):
        os.utime(where / name, (time.time() - age, time.time() - age))
    return pathlib.Path(cluster.own(where))


def pack(data, path):
    """Compressed as the suffix says."""
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(data, 1))
    elif path.suffix == ".bz2":
        path.write_bytes(bz2.compress(data, 1))
    else:
        tool = {".lz4": "lz4", ".zst": "zstd"}[path.suffix]
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
        path.write_bytes(subprocess.run([tool, "-q", "-c"], input=data, capture_output=True,
                                        check=True).stdout)


class WalCluster:
    def __init__(self, segment_mb=1, settings=None, start=True):
        self.server = postgres_server.PostgresServer(
            initdb=[f"--wal-segsize={segment_mb}"], start=False)
        self.archive = self.server.subdirectory("archive")
        self.bases = self.server.subdirectory("bases")
        self.restores = []
        self.record = []
        self.server.configure({
            "wal_level": "replica", "archive_mode": "on", "track_commit_timestamp": "on",
            "archive_command": f"test ! -f {self.archive}/%f && cp %p {self.archive}/.%f.tmp && "
                               f"mv {self.archive}/.%f.tmp {self.archive}/%f",
            "max_wal_size": "8GB", "autovacuum": "off", "log_timezone": "UTC",
            **(settings or {})})
        if start:
            self.start()

    def start(self):
        self.server.start()
        self.sql("CREATE TABLE IF NOT EXISTS record (label text)")

    def sql(self, text, database="postgres"):
        return self.server.sql(text, database)

    def commit(self, label):
        """One transaction that leaves a row; its xid, time and position are kept."""
        xid = self.sql(f"INSERT INTO record VALUES ('{label}') RETURNING xmin")
        return self.keep(label, xid)

    def keep(self, label, xid):
        """Records a transaction that somebody ran."""
        at, lsn = self.sql(
            "SELECT (extract(epoch FROM pg_xact_commit_timestamp("
            f"'{xid}'::xid)) * 1000000)::bigint, pg_current_wal_insert_lsn()").split("|")
        self.record.append(Commit(label, int(xid), int(at), lsn))
        return self.record[-1]

    def switch(self):
        """Ends the segment and waits until it is in the archive; returns its name."""
        name = self.sql("SELECT pg_walfile_name(pg_switch_wal())")
        self.wait_archived(name)
        return name

    def wait_archived(self, name):
        scratch.wait_for(lambda: os.path.exists(os.path.join(self.archive, name)), 30,
                         f"{name} in the archive")

    def base_backup(self, name, *args, server=None):
        """pg_basebackup into bases/NAME; -X none: the archive has the WAL."""
        where = os.path.join(self.bases, name)
        (server or self.server).run("pg_basebackup", "--no-sync", "-D", where, "-c", "fast", "-X", "none",
                                    *(args or ("-Ft", "-z")))
        return where

    def segments(self):
        names = (os.path.basename(p) for p in glob.glob(self.archive + "/*"))
        return sorted(n for n in names if len(n) == 24)

    def unpack(self, base, name):
        """A data directory made of a base backup, ready for recovery settings."""
        data = os.path.join(self.server.subdirectory("restored"), name)
        tars = glob.glob(os.path.join(base, "base.tar*"))
        if tars:
            os.mkdir(data, 0o700)
            with tarfile.open(tars[0]) as tar:
                tar.extractall(data)
        else:
            shutil.copytree(base, data, symlinks=True)
        manifest = os.path.join(data, "backup_manifest")
        if os.path.exists(manifest):
            os.unlink(manifest)
        return self.own(data)

    def own(self, path):
        if os.geteuid() == 0:
            user = self.server.user
            subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", path], check=True)
        os.chmod(path, 0o700)
        return path

    def restore(self, base, name, kind, value, inclusive=True, tli=1, command=None, archive=None,
                extra=None, wait=True):
        """A server that recovers to a target with exactly the settings that the library gives."""
        data = self.unpack(base, name)
        command = command or f"cp {archive or self.archive}/%f %p"
        done = subprocess.run(
            [live_tool.path("waltool"), "settings", kind, str(value),
             "true" if inclusive else "false", str(tli), command],
            capture_output=True, text=True, check=True)
        with open(os.path.join(data, "postgresql.auto.conf"), "a", encoding="utf-8") as f:
            f.write(done.stdout)
            for key, setting in (extra or {}).items():
                f.write(f"{key} = '{setting}'\n")
        with open(os.path.join(data, "recovery.signal"), "w", encoding="utf-8"):
            pass
        self.own(data)
        server = postgres_server.PostgresServer(data=data, start=False)
        self.restores.append(server)
        server.start(wait=False)
        if wait:
            self.wait_paused(server)
        return server

    def serve(self, data):
        """A server on a data directory that somebody restored."""
        server = postgres_server.PostgresServer(data=data, start=False)
        self.restores.append(server)
        return server.start(wait=False)

    def restore_target(self, base, name, target, **kwargs):
        """The same from a target as the program's JSON has it."""
        for key, kind in (("recovery_target_time", "time"), ("recovery_target_xid", "xid"),
                          ("recovery_target_lsn", "lsn"), ("recovery_target", "immediate")):
            if key in target:
                return self.restore(base, name, kind, target[key],
                                    target.get("recovery_target_inclusive", True),
                                    int(target["recovery_target_timeline"]), **kwargs)
        raise AssertionError(target)

    @staticmethod
    def wait_paused(server):
        def paused():
            assert server.daemon.running(), server.daemon.log_text()
            done = server.run("psql", "-XAtqc", "SELECT pg_get_wal_replay_pause_state()",
                              check=False)
            return done.stdout.strip() == "paused"
        scratch.wait_for(paused, 60, "the recovery to pause at its target")

    @staticmethod
    def wait_ended(server):
        """For recoveries that fail: the log of the server that is gone."""
        scratch.wait_for(lambda: not server.daemon.running(), 60, "the server to give up")
        return server.daemon.log_text()

    @staticmethod
    def labels(server):
        return set(server.sql("SELECT label FROM record").split())

    def remove(self):
        for server in self.restores:
            server.remove()
        self.server.remove()
