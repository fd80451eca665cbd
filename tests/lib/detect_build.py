"""detect_build: makes the samples of detect_table.py with real servers, and their damages."""
import os

import damage
import detect_table
import postgres_server
import redis_instance
import samples_other
import samples_pg
import samples_rdb
import samples_redis
import scratch


class Samples:
    def __init__(self):
        self.server = postgres_server.PostgresServer(start=False)
        self.archive = self.server.subdirectory("archive")
        self.out = self.server.subdirectory("samples")
        self.server.configure({
            "wal_level": "replica", "archive_mode": "on", "max_wal_senders": "5",
            "archive_command": f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f"})
        self.server.start()
        self.server.create_database("shop")
        self.server.sql(samples_pg.FILL, database="shop")
        self.made = samples_pg.dumps(self.server, self.out)
        self.made.update(samples_pg.base_backups(self.server, self.out))
        self.made.update(samples_pg.with_tablespace(self.server, self.out))
        self._wait_for_archive()
        self.made.update(samples_pg.wal(self.server, self.archive, self.out))
        self._redis()
        self.made.update(samples_rdb.make(self.out))
        self.made.update(samples_other.neo4j(self.out))
        self.made.update(samples_other.velero(self.out))
        self.made.update(samples_other.archives(self.out))

    def _wait_for_archive(self):
        """pg_basebackup waits for the WAL that it needs; what was switched before it is there."""
        self.server.sql("SELECT pg_switch_wal()")
        scratch.wait_for(lambda: self.server.sql(
            "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'") == "0",
            60, "the archiver")

    def _redis(self):
        made = []

        def factory(**kwargs):
            made.append(redis_instance.RedisInstance(**kwargs))
            return made[-1]
        self.made.update(samples_redis.make(factory, self.out))
        for server in made:
            server.remove()

    def path(self, sample):
        import pytest
        if sample not in self.made:
            pytest.skip(f"no tool here makes {sample}")
        return self.made[sample]

    def remove(self):
        self.server.remove()


def damaged(sample, path, work):
    """(name, path of the damaged copy, expected), one after the other; copies are reused."""
    if os.path.isdir(path):
        for name, (apply, expected) in detect_table.DIRECTORIES.get(sample, {}).items():
            copy = damage.copy_tree(path, os.path.join(work, os.path.basename(path)))
            apply(copy)
            yield name, copy, expected
        return
    with open(path, "rb") as f:
        good = f.read()
    target = os.path.join(work, os.path.basename(path))
    for kind in ("sha256", "sha512", "md5"):  # the checksum file stays as it was
        if os.path.exists(f"{path}.{kind}"):
            with open(f"{path}.{kind}", "rb") as f, open(f"{target}.{kind}", "wb") as to:
                to.write(f.read())
    for name, (change, expected) in detect_table.file_damages(sample).items():
        data = change(good)
        if data == good:
            continue
        with open(target, "wb") as f:
            f.write(data)
        yield name, target, expected
