"""Every set type over backups that the real tools made."""
import json
import os
import shutil
import subprocess
import time

import pytest

import scratch
from backup_site import rfc3339


class Place:
    """A site over one directory."""

    def __init__(self, boat, root):
        self.boat, self.root, self.sets = boat, root, {}

    def set(self, name, **fields):
        self.sets[name] = {"location": "local", "rpo": "1h", **fields}
        self.boat.write("site.yaml", json.dumps({
            "site": "t", "locations": {"local": {"directory": self.root}},
            "assets": {"db": {"sets": self.sets}}}))

    def rows(self, name):
        return self.boat.run("backups", "db/" + name, "--refresh", "--format", "jsonl",
                             status=0).lines()

    def board(self, name, status=None):
        board = self.boat.run("board", "--refresh", "--format", "json", status=status).json()
        return next(s for s in board["sets"] if s["set"] == name)

    def detail(self, row):
        return self.boat.run("show", row["id"], "--format", "json", status=0).json()["detail"]


def near(text, when, seconds=60):
    """The RFC 3339 time lies within so many seconds of `when`."""
    t = time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    return abs(t - when) <= seconds


@pytest.fixture(scope="module")
def archiving():
    """A server that archives its WAL below its scratch directory."""
    import postgres_server
    if postgres_server.bin_directory() is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    server = postgres_server.PostgresServer(start=False)
    wal = server.subdirectory("wal")
    server.configure({"archive_mode": "on", "wal_level": "replica",
                      "archive_command": f"test ! -f {wal}/%f && cp %p {wal}/%f.tmp && "
                                         f"mv {wal}/%f.tmp {wal}/%f"})
    server.start()
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 20000) AS n")
    yield server
    server.remove()


def switch(server, times=1):
    for _ in range(times):
        server.sql("INSERT INTO t VALUES (1)")
        name = server.sql("SELECT pg_walfile_name(pg_switch_wal())")
        scratch.wait_for(lambda: os.path.exists(os.path.join(server.scratch, "wal", name)), 30,
                         f"the archive of {name}")


def test_pg_dump_in_all_formats(boat, postgres):
    postgres.create_database("formats")
    postgres.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n", "formats")
    where = postgres.subdirectory("dumps")
    for letter, name in (("c", "c.dump"), ("t", "t.tar"), ("p", "p.sql"), ("d", "d")):
        postgres.run("pg_dump", f"-F{letter}", "-f", os.path.join(where, name), "formats")
    subprocess.run(["gzip", "-k", os.path.join(where, "p.sql")], check=True)
    place = Place(boat, where)
    place.set("dump", type="pg_dump")
    rows = {r["name"]: r for r in place.rows("dump")}
    assert set(rows) == {"c.dump", "t.tar", "p.sql", "p.sql.gz", "d"}
    assert {n: r["time_from"] for n, r in rows.items()} == {
        "c.dump": "inside", "t.tar": "inside", "d": "inside", "p.sql": "mtime",
        "p.sql.gz": "mtime"}
    for row in rows.values():
        assert near(row["finished_at"], time.time()) and row["verdict"] == "ok"
    detail = place.detail(rows["c.dump"])
    assert detail["database"] == "formats" and detail["format"] == "custom"
    assert detail["server_version"].startswith(str(int(postgres.sql("SHOW server_version_num"))
                                                   // 10000))
    assert place.detail(rows["t.tar"])["database"] == "formats"
    assert place.detail(rows["d"])["format"] == "directory"
    assert place.detail(rows["p.sql"])["format"] == "plain"
    assert place.detail(rows["p.sql.gz"])["format"] == "gzip"
    assert rows["d"]["size_bytes"] == sum(
        os.path.getsize(os.path.join(where, "d", f)) for f in os.listdir(os.path.join(where, "d")))
    postgres.sql("DROP DATABASE formats")


def test_a_dump_that_is_running_is_not_newest(boat, postgres):
    """pg_dump waits for a lock with its file open: half a backup is none."""
    postgres.create_database("running")
    postgres.sql("CREATE TABLE t (n int)", "running")
    where = postgres.subdirectory("running")
    postgres.run("pg_dump", "-Fc", "-f", os.path.join(where, "done.dump"), "running")
    done_at = int(time.time())
    scratch.wait_for(lambda: int(time.time()) > done_at, 5, "another second")
    place = Place(boat, where)
    place.set("dump", type="pg_dump")
    locker = subprocess.Popen(
        [os.path.join(postgres.bin, "psql"), "-XAtq", postgres.conninfo("running")],
        stdin=subprocess.PIPE, text=True)
    dump = None
    try:
        locker.stdin.write("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE;\n")
        locker.stdin.flush()
        scratch.wait_for(lambda: postgres.sql(
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted "
            "AND relation = 't'::regclass", "running") == "1", 30, "the lock")
        path = os.path.join(where, "half.dump")
        dump = subprocess.Popen([os.path.join(postgres.bin, "pg_dump"), "-Fc", "-f", path,
                                 postgres.conninfo("running")])
        scratch.wait_for(lambda: os.path.exists(path), 30, "the file")
        assert place.board("dump", status=0)["newest"]["name"] == "done.dump"
        half = next(r for r in place.rows("dump") if r["name"] == "half.dump")
        assert half["verdict"] == "unknown" and "being written" in half["reason"]
        locker.stdin.write("COMMIT;\n")
        locker.stdin.flush()
        assert dump.wait(30) == 0
    finally:
        locker.stdin.close()
        locker.wait(30)
        if dump is not None:
            dump.kill()
            dump.wait()
    assert place.board("dump", status=0)["newest"]["name"] == "half.dump"
    postgres.sql("DROP DATABASE running")


def test_pg_basebackup(boat, archiving):
    where = archiving.subdirectory("base")
    archiving.run("pg_basebackup", "-D", os.path.join(where, "plain"), "-c", "fast", "-X", "none",
                  "--no-sync", "-l", "a label")
    archiving.run("pg_basebackup", "-D", os.path.join(where, "tar"), "-c", "fast", "-X", "fetch",
                  "--no-sync", "-Ft", "-z")
    archiving.run("pg_basebackup", "-D", os.path.join(where, "half"), "-c", "fast", "-X", "none",
                  "--no-sync")
    os.rename(os.path.join(where, "half", "backup_manifest"),
              os.path.join(where, "half", "backup_manifest.tmp"))
    place = Place(boat, where)
    place.set("base", type="pg_basebackup", rpo="8d")
    rows = {r["name"]: r for r in place.rows("base")}
    assert set(rows) == {"plain", "tar", "half"}
    system = archiving.sql("SELECT system_identifier FROM pg_control_system()")
    for name in ("plain", "tar"):
        row = rows[name]
        assert row["verdict"] == "ok" and row["time_from"] == "inside"
        assert near(row["finished_at"], time.time(), 120)
        detail = place.detail(row)
        assert detail["timeline"] == 1 and "/" in detail["start_lsn"] and "/" in detail["stop_lsn"]
        if "system_identifier" in detail:
            assert detail["system_identifier"] == system
    assert place.detail(rows["plain"])["label"] == "a label"
    assert rows["plain"]["size_bytes"] > 20_000_000
    assert rows["half"]["verdict"] != "ok"
    assert place.board("base")["newest"]["name"] in ("plain", "tar")


def test_wal_ranges_and_gaps(boat, archiving):
    base = archiving.subdirectory("base2")
    switch(archiving, 2)
    archiving.run("pg_basebackup", "-D", os.path.join(base, "one"), "-c", "fast", "-X", "none",
                  "--no-sync")
    switch(archiving, 4)
    copy = archiving.subdirectory("copy")
    for name in os.listdir(os.path.join(archiving.scratch, "wal")):
        shutil.copy2(os.path.join(archiving.scratch, "wal", name), copy)
    place = Place(boat, archiving.scratch)
    place.set("wal", type="wal", path="copy", rpo="1h")
    place.set("base", type="pg_basebackup", path="base2", rpo="8d")
    segments = sorted(n for n in os.listdir(copy) if len(n) == 24)
    row, = place.rows("wal")
    assert row["name"] == f"{segments[0]}-{segments[-1]}"
    assert row["size_bytes"] == len(segments) * 16 * 1024 * 1024
    detail = place.detail(row)
    assert detail["segments"] == len(segments) and detail["timeline"] == 1
    assert detail["segment_bytes"] == 16777216
    assert detail["system_identifier"] == archiving.sql(
        "SELECT system_identifier FROM pg_control_system()")
    board = place.board("wal", status=0)
    assert board["verdict"] == "ok"
    # Before the base backup nobody needs it.
    for name in os.listdir(copy):
        os.utime(os.path.join(copy, name), (time.time() - 1200, time.time() - 1200))
    os.rename(os.path.join(copy, segments[1]), os.path.join(archiving.scratch, "kept"))
    assert len(place.rows("wal")) == 2 and place.board("wal")["verdict"] == "ok"
    # Behind it, nothing after the gap can be recovered.
    os.unlink(os.path.join(copy, segments[-2]))
    board = place.board("wal", status=1)
    assert board["verdict"] == "breach"
    assert any(segments[-2] in r and "nothing after it" in r for r in board["reasons"])
    # Without base backups it is not known who needs it.
    del place.sets["base"]
    place.set("wal", type="wal", path="copy", rpo="1h")
    assert place.board("wal", status=1)["verdict"] == "late"


def test_empty_wal(boat, tmp_path):
    (tmp_path / "wal").mkdir()
    place = Place(boat, str(tmp_path / "wal"))
    place.set("wal", type="wal", rpo="5m")
    board = place.board("wal", status=1)
    assert board["verdict"] == "breach" and board["newest"] is None


def test_wal_of_unknown_contents(boat, tmp_path_factory):
    """Names without WAL in them: counted, but said."""
    tmp_path = tmp_path_factory.mktemp("backups")
    for i in range(1, 4):
        (tmp_path / f"0000000100000000{i:08X}").write_bytes(b"\0" * 100)
    place = Place(boat, str(tmp_path))
    place.set("wal", type="wal", rpo="1h")
    board = place.board("wal", status=1)
    assert "assumed to be 16 MiB" in " ".join(board["reasons"])


@pytest.fixture
def backrest(archiving):
    if shutil.which("pgbackrest") is None:
        pytest.skip("pgbackrest is not installed")
    repo = archiving.subdirectory("repo")
    options = ["--stanza=main", f"--pg1-path={archiving.data}",
               f"--pg1-socket-path={archiving.socket_dir}", "--pg1-user=postgres",
               f"--log-path={archiving.subdirectory('log')}",
               f"--lock-path={archiving.subdirectory('lock')}", "--log-level-console=warn",
               "--no-config"]

    def run(*args, cipher=False, path=repo):
        extra = [f"--repo1-path={path}"]
        env = {}
        if cipher:
            extra.append("--repo1-cipher-type=aes-256-cbc")
            env = {"PGBACKREST_REPO1_CIPHER_PASS": "secret"}
        identity = {}
        if os.geteuid() == 0:
            identity = {"user": archiving.user.pw_uid, "group": archiving.user.pw_gid,
                        "extra_groups": []}
        done = subprocess.run(["pgbackrest", *options, *extra, *args], capture_output=True,
                              text=True, check=False, env={**os.environ, **env}, **identity)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run, repo


@pytest.mark.seconds(300)
def test_pgbackrest(boat, archiving, backrest):
    run, repo = backrest
    run("stanza-create")
    run("backup", "--type=full", "--no-archive-check", "--start-fast", "--repo1-retention-full=9")
    archiving.sql("INSERT INTO t SELECT generate_series(1, 1000)")
    run("backup", "--type=diff", "--no-archive-check", "--start-fast", "--repo1-retention-full=9")
    run("backup", "--type=incr", "--no-archive-check", "--start-fast", "--repo1-retention-full=9")
    known = json.loads(subprocess.run(
        ["pgbackrest", "--no-config", f"--repo1-path={repo}", "--output=json", "info"],
        capture_output=True, text=True, check=True).stdout)[0]["backup"]
    place = Place(boat, repo)
    place.set("rest", type="pgbackrest", rpo="8d")
    rows = place.rows("rest")
    assert [r["name"] for r in rows] == [b["label"] for b in reversed(known)]
    for row, b in zip(rows, reversed(known)):
        assert row["finished_at"] == rfc3339(b["timestamp"]["stop"])
        assert row["time_from"] == "inside" and row["verdict"] == "ok"
        assert row["size_bytes"] == b["info"]["repository"]["size"]
        detail = place.detail(row)
        assert detail["kind"] == b["type"] and detail.get("prior") == b["prior"]
        assert detail["start_lsn"] == b["lsn"]["start"]
    # A directory that backup.info does not list is no backup.
    shutil.copytree(os.path.join(repo, "backup/main", known[0]["label"]),
                    os.path.join(repo, "backup/main/29991231-235959F"))
    extra = next(r for r in place.rows("rest") if r["name"].startswith("2999"))
    assert extra["verdict"] == "unknown"
    assert place.board("rest", status=0)["newest"]["name"] == known[-1]["label"]


@pytest.mark.seconds(300)
def test_encrypted_pgbackrest(boat, archiving, backrest):
    """The repository can't be read; pgbackrest itself can, where its configuration is."""
    run, _ = backrest
    repo = archiving.subdirectory("secretrepo")
    run("stanza-create", cipher=True, path=repo)
    run("backup", "--type=full", "--no-archive-check", "--start-fast", "--repo1-retention-full=9", cipher=True, path=repo)
    place = Place(boat, repo)
    place.set("rest", type="pgbackrest", rpo="8d", database="main")
    row = place.board("rest", status=2)
    assert "encrypted" in row["reasons"][0] and "pgbackrest info says" in row["reasons"][0]
    boat.env.update(PGBACKREST_REPO1_CIPHER_TYPE="aes-256-cbc",
                    PGBACKREST_REPO1_CIPHER_PASS="secret")
    row = place.board("rest", status=0)
    assert row["count"] == 1 and row["newest"]["name"].endswith("F")


@pytest.mark.seconds(300)
def test_barman(boat, postgres_factory):
    if shutil.which("barman") is None:
        pytest.skip("barman is not installed")
    server = postgres_factory(start=False)
    home = server.subdirectory("barman")
    for name in ("main", "main/incoming", "conf.d"):
        server.subdirectory("barman/" + name)
    server.configure({"archive_mode": "on", "wal_level": "replica",
                      "archive_command": f"cp %p {home}/main/incoming/%f"})
    server.start()
    conf = os.path.join(home, "barman.conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"[barman]\nbarman_user = {server.user.pw_name}\nbarman_home = {home}\n"
                f"configuration_files_directory = {home}/conf.d\nlog_file = {home}/log\n"
                f"path_prefix = {server.bin}\n"
                f"[main]\ndescription = x\nconninfo = {server.conninfo()}\n"
                f"streaming_conninfo = {server.conninfo()}\nbackup_method = postgres\n"
                "archiver = on\n")

    def barman(*args):
        return server.run(shutil.which("barman"), "-c", conf, *args, check=False)
    barman("cron")
    barman("switch-wal", "--force", "--archive", "--archive-timeout", "60", "main")
    done = barman("backup", "main")
    assert "Backup completed" in done.stdout + done.stderr, (done, barman("check", "main"))
    place = Place(boat, os.path.join(home, "main"))
    place.set("bar", type="barman", rpo="8d")
    row, = place.rows("bar")
    assert row["time_from"] == "inside" and near(row["finished_at"], time.time(), 300)
    assert row["verdict"] == "ok" and row["size_bytes"] > 1_000_000
    detail = place.detail(row)
    assert detail["status"] in ("DONE", "WAITING_FOR_WALS") and detail["timeline"] == 1
    info = os.path.join(home, "main/base", row["name"], "backup.info")
    with open(info, encoding="utf-8") as f:
        text = f.read()
    with open(info, "w", encoding="utf-8") as f:
        f.write(text.replace(f"status={detail['status']}", "status=FAILED"))
    row, = place.rows("bar")
    assert row["verdict"] == "breach" and "FAILED" in row["reason"]


def test_redis_rdb(boat, redis_server):
    redis_server.cli("SET", "a", "1")
    path = redis_server.save()
    saved = time.time()
    place = Place(boat, redis_server.data)
    os.utime(path, (saved - 5000, saved - 5000))  # a copy that lost its time
    place.set("rdb", type="redis_rdb", rpo="6h")
    row = next(r for r in place.rows("rdb") if r["name"] == "dump.rdb")
    assert row["time_from"] == "inside" and near(row["finished_at"], saved, 5)
    detail = place.detail(row)
    version = redis_server.cli("INFO", "server").stdout.split("redis_version:")[1].split()[0]
    assert detail["redis_version"] == version and int(detail["rdb_version"]) >= 9
    for name, data in (("garbage.rdb", b"<html>not an RDB"), ("short.rdb", b"REDIS00"),
                       ("temp-123.rdb", b"REDIS0010\xfa")):
        with open(os.path.join(redis_server.data, name), "wb") as f:
            f.write(data)
    rows = {r["name"]: r for r in place.rows("rdb")}
    assert rows["temp-123.rdb"]["verdict"] == "unknown"
    assert rows["garbage.rdb"]["time_from"] == "mtime"


def test_redis_aof(boat, redis_factory):
    server = redis_factory(appendonly=True, settings=["--aof-timestamp-enabled", "yes",
                                                      "--appendfsync", "always"])
    server.cli("SET", "a", "1")
    server.cli("SET", "b", "2")
    written = time.time()
    server.stop()
    place = Place(boat, server.data)
    place.set("aof", type="redis_aof", rpo="1h")
    row, = place.rows("aof")
    assert row["name"] == "appendonlydir" and row["verdict"] == "ok"
    assert row["time_from"] == "inside" and near(row["finished_at"], written, 5)
    directory = os.path.join(server.data, "appendonlydir")
    assert row["size_bytes"] == sum(os.path.getsize(os.path.join(directory, f))
                                    for f in os.listdir(directory))
    assert place.detail(row)["parts"] == 2
    incr = next(f for f in os.listdir(directory) if f.endswith(".incr.aof"))
    os.unlink(os.path.join(directory, incr))
    row, = place.rows("aof")
    assert row["verdict"] == "breach" and incr in row["reason"]
    with open(os.path.join(directory, "appendonly.aof.manifest"), "w", encoding="ascii") as f:
        f.write("rubbish\n")
    row, = place.rows("aof")
    assert row["verdict"] == "breach" and "manifest is not one" in row["reason"]


def test_single_aof(boat, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("backups")
    (tmp_path / "appendonly.aof").write_bytes(
        b"#TS:1700000000\r\n*1\r\n$4\r\nPING\r\n#TS:1700000100\r\n*1\r\n$4\r\nPING\r\n")
    place = Place(boat, str(tmp_path))
    place.set("aof", type="redis_aof", rpo="1h")
    row, = place.rows("aof")
    assert row["name"] == "appendonly.aof" and row["finished_at"] == rfc3339(1700000100)


def test_neo4j(boat, tmp_path_factory):
    """Neo4j can't be installed here: files that begin as its own do (FACTS.md section 7)."""
    tmp_path = tmp_path_factory.mktemp("backups")
    files = {"neo4j.dump": b"DZV1" + b"\x28\xb5\x2f\xfd", "old.dump": b"DGV1\x1f\x8b",
             "neo4j-2026-11-20T02-00-00.backup": b"BZV1" + b"\x28\xb5\x2f\xfd",
             "bundle.tar.gz": b"\x1f\x8b", "odd.dump": b"<html>"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data + b"x" * 600)
    place = Place(boat, str(tmp_path))
    place.set("graph", type="neo4j", rpo="400d")
    rows = {r["name"]: r for r in place.rows("graph")}
    assert {n: place.detail(r)["format"] for n, r in rows.items()} == {
        "neo4j.dump": "dump", "old.dump": "dump", "odd.dump": "unrecognised",
        "neo4j-2026-11-20T02-00-00.backup": "backup", "bundle.tar.gz": "tar.gz"}
    named = rows["neo4j-2026-11-20T02-00-00.backup"]
    assert named["time_from"] == "name" and named["finished_at"] == "2026-11-20T02:00:00Z"


def test_files_and_runs(boat, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("backups")
    for name in ("2026-11-01", "2026-11-02"):
        os.makedirs(tmp_path / "snap" / name / "sub")
        for i in range(3):
            (tmp_path / "snap" / name / "sub" / f"{i}.yaml").write_text("x" * 10)
    (tmp_path / "snap" / "2026-11-03.tar.gz").write_bytes(b"\x1f\x8b" + b"x" * 20)
    place = Place(boat, str(tmp_path))
    place.set("files", type="files", path="snap", rpo="400d")
    rows = {r["name"]: r for r in place.rows("files")}
    assert {n: r["size_bytes"] for n, r in rows.items()} == {
        "2026-11-01": 30, "2026-11-02": 30, "2026-11-03.tar.gz": 22}
    place.set("runs", type="object_sync", path="snap/{time:%Y-%m-%d}", rpo="400d")
    rows = {r["name"]: r for r in place.rows("runs")}
    assert {n: r["size_bytes"] for n, r in rows.items()} == {"2026-11-01": 30, "2026-11-02": 30}
    assert place.detail(rows["2026-11-01"]) == {"objects": 3}
    place.set("mirror", type="object_sync", path="snap", rpo="400d")
    row, = place.rows("mirror")
    assert row["name"] == "snap" and row["size_bytes"] == 82
    assert place.detail(row) == {"objects": 7}


def test_prune_of_wal_stops_at_the_oldest_base_backup(boat, archiving):
    base, wal = archiving.subdirectory("base3"), archiving.subdirectory("wal3")
    switch(archiving, 3)
    archiving.run("pg_basebackup", "-D", os.path.join(base, "one"), "-c", "fast", "-X", "none",
                  "--no-sync")
    switch(archiving, 2)
    archiving.run("pg_basebackup", "-D", os.path.join(base, "two"), "-c", "fast", "-X", "none",
                  "--no-sync")
    switch(archiving, 2)
    for name in os.listdir(os.path.join(archiving.scratch, "wal")):
        shutil.copy2(os.path.join(archiving.scratch, "wal", name), wal)
    with open(os.path.join(base, "one", "backup_label"), encoding="utf-8") as f:
        needed = f.readline().split("file ")[1].strip(" )\n")
    place = Place(boat, archiving.scratch)
    place.set("wal", type="wal", path="wal3", keep={"for": "7d"})
    place.set("base", type="pg_basebackup", path="base3")
    before = sorted(n for n in os.listdir(wal) if len(n) == 24)
    going = [n for n in before if n < needed]
    assert going

    def prune(*args, status=0):
        return boat.run("prune", "db/wal", "--format", "json", *args, status=status).json()[0]
    assert prune()["removes"] == 0  # younger than seven days
    place.set("wal", type="wal", path="wal3", keep={"for": "1s"})
    scratch.wait_for(lambda: prune()["removes"] == len(going), 10, "the files to age")
    plan = prune()
    assert plan["wal"]["first"] == going[0] and plan["wal"]["last"] == going[-1]
    assert plan["wal"]["needed_from"] == "one"
    prune("--execute", "--confirm", "db/wal")
    assert sorted(n for n in os.listdir(wal) if len(n) == 24) == [n for n in before
                                                                 if n >= needed]
    # Not knowing what a base backup needs, everything stays.
    with open(os.path.join(base, "one", "backup_label"), "w", encoding="utf-8") as f:
        f.write("rubbish\n")
    os.unlink(os.path.join(base, "one", "backup_manifest"))
    shutil.rmtree(os.path.join(base, "two"))
    plan = prune()
    assert plan["removes"] == 0 and plan["nothing"]


def test_prune_in_a_bucket(boat, s3):
    client = s3.client()
    client.create_bucket("prune")
    names = [f"pg/app_{d:02d} +x.dump" for d in range(1, 6)]
    for name in names:
        client.put("prune", name, b"-- dump")
        client.put("prune", name + ".sha256", b"x")
    boat.write("site.yaml", json.dumps({
        "site": "t", "locations": {"off": {"s3": {"bucket": "prune", "endpoint": s3.endpoint}}},
        "assets": {"db": {"sets": {"dump": {
            "type": "pg_dump", "location": "off", "rpo": "1h",
            "path": "pg/app_*.dump", "keep": {"at_least": 2}}}}}}))
    boat.run("prune", "--execute", "--confirm", "db/dump", env=s3.environment(), status=0)
    keys = client.keys("prune")
    assert len(keys) == 4 and sum(k.endswith(".sha256") for k in keys) == 2
