"""`lifeboat moment`: the transaction that did the damage, found among others and recovered from."""
import os
import shutil

import pytest

import wal_cluster
from wal_cluster import micros, rfc, site

SCHEMA = """
    CREATE SCHEMA crm;
    CREATE TABLE users (id int PRIMARY KEY, name text);
    INSERT INTO users SELECT g, repeat('n', 40) FROM generate_series(1, 3000) g;
    CREATE TABLE crm.orders AS SELECT * FROM users;
    CREATE TABLE logs AS SELECT * FROM users;
    CREATE TABLE wide (id int, long text);
    INSERT INTO wide SELECT g, (SELECT string_agg(md5(random()::text), '') FROM
        generate_series(1, 200) WHERE g > 0) FROM generate_series(1, 50) g;
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (10000);
    INSERT INTO parts SELECT generate_series(1, 500);
    CREATE MATERIALIZED VIEW seen AS SELECT * FROM users;
    CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept SELECT generate_series(1, 5000);
    ANALYZE;
"""


def moment(boat, *args, status=0, cluster=None, base=True):
    where = ["db"] if cluster is None else ["--wal", cluster.archive]
    if cluster is not None and base:
        where += ["--base", cluster.bases]
    return boat.run("moment", *where, "--format", "json", *args, status=status).json()


def actions(transaction):
    return [(a["action"], a.get("schema"), a.get("table")) for a in transaction["actions"]]


def harm(cluster, sql):
    """Runs statements as one transaction that did damage; its xid and time are kept."""
    out = cluster.sql(f"BEGIN; {sql}; SELECT pg_current_xact_id(); COMMIT")
    return cluster.keep(sql, out.split()[-1])


@pytest.fixture(scope="module", params=[
    {}, {"wal_compression": "pglz"}, {"wal_compression": "lz4"}, {"wal_compression": "zstd"},
    {"wal_level": "logical"}], ids=["plain", "pglz", "lz4", "zstd", "logical"])
def accidents(request):
    c = wal_cluster.WalCluster(1, {"max_prepared_transactions": "2", **request.param})
    c.sql(SCHEMA)
    c.base_backup("base", "-Fp")
    c.sql("CHECKPOINT")
    c.harm = {name: harm(c, sql) for name, sql in {
        "drop": "DROP TABLE users CASCADE",
        "truncate": "TRUNCATE crm.orders",
        "delete": "DELETE FROM logs WHERE id <= 1200",
        "toasted": "DELETE FROM wide",
        "partitioned": "DROP TABLE parts",
        "child": "SAVEPOINT a; DELETE FROM logs WHERE id BETWEEN 1201 AND 1500; "
                 "SAVEPOINT b; DELETE FROM logs WHERE id BETWEEN 1501 AND 1800; RELEASE b; "
                 "RELEASE a",
        "new": "CREATE TABLE fresh (id int); INSERT INTO fresh SELECT generate_series(1, 200)",
        "cascade": "DROP SCHEMA crm CASCADE"}.items()}
    c.harm["late"] = harm(c, "DROP TABLE fresh")
    c.sql("BEGIN; DROP TABLE logs; PREPARE TRANSACTION 'p'")
    xid = c.sql("SELECT transaction FROM pg_prepared_xacts")
    c.sql("COMMIT PREPARED 'p'")
    c.harm["prepared"] = c.keep("prepared", xid)
    # What must not be taken for damage.
    for harmless in ("BEGIN; DROP TABLE kept; ROLLBACK", "VACUUM FULL kept", "CLUSTER kept USING kept_pkey",
                     "REINDEX TABLE kept", "ALTER TABLE kept ADD x text DEFAULT random()::text",
                     "CREATE TEMP TABLE t AS SELECT * FROM kept; DELETE FROM t; DROP TABLE t",
                     "DELETE FROM kept WHERE id <= 50", "CREATE INDEX i ON kept (x); DROP INDEX i",
                     "BEGIN; DELETE FROM kept; ROLLBACK",
                     "BEGIN; SAVEPOINT a; TRUNCATE kept; ROLLBACK TO a; INSERT INTO kept VALUES (0); COMMIT",
                     "CREATE VIEW v AS SELECT * FROM kept; DROP VIEW v",
                     "CREATE TABLE brief (id int); INSERT INTO brief VALUES (1); BEGIN; "
                     "CREATE TABLE inside (id int); DROP TABLE inside; COMMIT",
                     "UPDATE kept SET x = 'y'", "VACUUM kept", "ANALYZE"):
        c.sql(harmless)
    c.sql("CREATE DATABASE gone")
    c.sql("DROP DATABASE gone")
    c.switch()
    yield c
    c.remove()


def around(cluster):
    return ("--around", rfc(cluster.harm["delete"].at), "--within", "10m")


@pytest.mark.parametrize("base", [True, False], ids=["base", "wal"])
def test_every_accident_and_nothing_else(boat, accidents, base):
    found = moment(boat, *around(accidents), cluster=accidents, base=base)
    by_xid = {t["xid"]: t for t in found["transactions"]}
    for name, commit in accidents.harm.items():
        if name not in ("new", "toasted"):
            assert by_xid[commit.xid]["committed_at"] == rfc(commit.at), name
    got = {name: sorted(actions(by_xid[c.xid])) for name, c in accidents.harm.items()
           if c.xid in by_xid}
    assert got == {
        "drop": [("drop", "public", "seen"), ("drop", "public", "users")],
        "truncate": [("truncate", "crm", "orders")],
        "delete": [("delete", "public", "logs")],
        "partitioned": [("drop", "public", "parts"), ("drop", "public", "parts_a")],
        "child": [("delete", "public", "logs")],
        "cascade": [("drop", "crm", "orders")],
        "late": [("drop", "public", "fresh")],
        "prepared": [("drop", "public", "logs")],
        # 50 rows of its own are an everyday deletion, and the rows of its TOAST table are its own.
    }
    rest = [t for t in found["transactions"]
            if t["xid"] not in [c.xid for c in accidents.harm.values()]]
    assert [actions(t)[0][0] for t in rest] == ["drop_database"]


def test_rows_and_bytes(boat, accidents):
    found = moment(boat, *around(accidents), cluster=accidents)
    by_xid = {t["xid"]: t["actions"] for t in found["transactions"]}
    delete = by_xid[accidents.harm["delete"].xid][0]
    assert (delete["rows"], delete["rows_are"]) == (1200, "counted")
    # Each row: 23 bytes of header, one of bitmap or padding, 4 of id, 41 of name.
    assert delete["bytes_are"] == "counted" and delete["bytes"] == 1200 * 69
    child = by_xid[accidents.harm["child"].xid][0]
    assert (child["rows"], child["rows_are"]) == (600, "counted")
    drop = next(a for a in by_xid[accidents.harm["drop"].xid] if a["table"] == "users")
    assert (drop["rows"], drop["rows_are"]) == (3000, "estimated")
    assert 200_000 < drop["bytes"] < 400_000
    truncate = by_xid[accidents.harm["truncate"].xid][0]
    assert (truncate["rows"], truncate["rows_are"]) == (3000, "estimated")


def test_one_table(boat, accidents):
    for name in ("logs", "public.logs"):
        found = moment(boat, *around(accidents), "--table", name, cluster=accidents)
        assert [t["xid"] for t in found["transactions"]] == [
            accidents.harm[n].xid for n in ("delete", "child", "prepared")]
    # A table that is asked for counts from its first row on.
    found = moment(boat, *around(accidents), "--table", "kept", cluster=accidents)
    assert [a["rows"] for t in found["transactions"] for a in t["actions"]] == [50]
    done = boat.run("moment", "--wal", accidents.archive, "--base", accidents.bases,
                    *around(accidents), "--table", "crm.users", status=1)
    assert "Nothing was dropped" in done.out
    found = moment(boat, *around(accidents), "--rows", "1201", cluster=accidents)
    assert not any(a[0] == "delete" for t in found["transactions"] for a in actions(t))


def test_text(boat, accidents):
    out = boat.run("moment", "--wal", accidents.archive, "--base", accidents.bases,
                   *around(accidents), status=0).out
    assert "DROP public.users in postgres (about 3000 rows" in out
    assert "DELETE from public.logs in postgres (1200 rows" in out
    assert f"recovery_target_xid = '{accidents.harm['delete'].xid}', " in out
    assert "recovery_target_lsn = '" in out
    assert "recovery_target_inclusive = off" in out


@pytest.mark.seconds(300)
@pytest.mark.parametrize("kind", ["xid", "lsn", "time"])
def test_the_target_is_just_before(boat, accidents, kind):
    """The deletion's target: what it took away is there, what came before it is done."""
    found = moment(boat, *around(accidents), cluster=accidents)
    one = next(t for t in found["transactions"] if t["xid"] == accidents.harm["delete"].xid)
    assert one["base_backup"] == "base"
    if kind == "xid":
        first = found["transactions"][0]
        assert found["target"] == first["target"] == first["targets"]["lsn"]
        assert one["target"] == one["targets"]["xid"] and one["commits_between"] == 0
    server = accidents.restore_target(os.path.join(accidents.bases, "base"),
                                      f"before-{kind}-{len(accidents.restores)}",
                                      one["targets"][kind])
    assert server.sql("SELECT count(*) FROM logs") == "3000"
    assert server.sql("SELECT count(*) FROM crm.orders") == "0"
    assert server.sql("SELECT to_regclass('users')") == ""
    server.stop()


@pytest.mark.seconds(300)
@pytest.mark.parametrize("name, query, before", [
    ("drop", "SELECT count(*) FROM users", "3000"),
    ("truncate", "SELECT count(*) FROM crm.orders", "3000"),
    ("cascade", "SELECT count(*) FROM crm.orders", "0")])
def test_what_was_locked_can_be_read_while_paused(boat, accidents, name, query, before):
    """Right before the commit a dropped table is there, but locked by who drops it."""
    found = moment(boat, *around(accidents), cluster=accidents)
    one = next(t for t in found["transactions"] if t["xid"] == accidents.harm[name].xid)
    base = os.path.join(accidents.bases, "base")
    server = accidents.restore_target(base, f"{name}-{len(accidents.restores)}", one["target"])
    assert server.sql(query) == before
    server.stop()
    if name == "drop":
        server = accidents.restore_target(base, f"x{len(accidents.restores)}",
                                          one["targets"]["xid"])
        locked = server.run("psql", "-XAtqc", f"SET lock_timeout = '200ms'; {query}", check=False)
        assert "lock timeout" in locked.stderr
        server.sql("SELECT pg_promote()")
        assert server.sql(query) == before
        server.stop()


@pytest.mark.seconds(300)
def test_a_dropped_database_is_saved_before_its_files_go(boat, accidents):
    found = moment(boat, *around(accidents), cluster=accidents)
    one = next(t for t in found["transactions"] if actions(t)[0][0] == "drop_database")
    assert one["actions"][0]["database"] == "gone" and set(one["targets"]) == {"lsn"}
    server = accidents.restore_target(os.path.join(accidents.bases, "base"),
                                      f"gone{len(accidents.restores)}", one["target"])
    assert server.sql("SELECT current_database()", "gone") == "gone"
    server.stop()


@pytest.mark.seconds(300)
def test_commits_between_lock_and_commit(boat):
    """A drop that was not committed at once: both targets, and what each of them keeps."""
    c = wal_cluster.WalCluster(1)
    try:
        base = c.base_backup("base", "-Fp")
        c.sql("CREATE TABLE victim (i int); INSERT INTO victim VALUES (1)")
        xid = c.sql("BEGIN; DROP TABLE victim;\n"
                    "\\! psql -XAtqc \"INSERT INTO record VALUES ('meanwhile')\"\n"
                    "SELECT pg_current_xact_id(); COMMIT;").split()[-1]
        c.switch()
        args = ("--wal", c.archive, "--base", c.bases, "--around", c.sql("SELECT now()"))
        one = boat.run("moment", *args, "--format", "json", status=0).json()["transactions"][0]
        assert one["xid"] == int(xid) and one["commits_between"] == 1
        assert "1 transactions committed between" in boat.run("moment", *args, status=0).out
        server = c.restore_target(base, "lsn", one["target"])
        assert server.sql("SELECT count(*) FROM victim") == "1" and c.labels(server) == set()
        server.stop()
        server = c.restore_target(base, "xid", one["targets"]["xid"])
        assert c.labels(server) == {"meanwhile"}
    finally:
        c.remove()


def test_names_without_page_images(boat):
    """full_page_writes off: WAL alone shows numbers; the base backup's catalog shows names."""
    c = wal_cluster.WalCluster(1, {"full_page_writes": "off", "autovacuum": "off"})
    try:
        c.sql(SCHEMA)
        c.sql("VACUUM FULL pg_class")
        c.switch()
        for name in c.segments():
            os.unlink(os.path.join(c.archive, name))
        c.base_backup("plain", "-Fp")
        c.base_backup("tar", "-Ft", "-z")
        oid = {t: c.sql(f"SELECT '{t}'::regclass::oid") for t in ("users", "logs", "crm.orders")}
        drop = harm(c, "DROP TABLE users CASCADE")
        truncate = harm(c, "TRUNCATE crm.orders")
        delete = harm(c, "DELETE FROM logs")
        c.switch()
        args = ("--around", rfc(drop.at), "--wal", c.archive, "--format", "json")
        found = boat.run("moment", *args, status=0).json()
        by_xid = {t["xid"]: t["actions"] for t in found["transactions"]}
        assert [(a["action"], a["table"], str(a["oid"])) for a in by_xid[drop.xid]] == [
            ("drop", None, oid["users"])]
        assert [(a["action"], a["table"], str(a["oid"])) for a in by_xid[truncate.xid]] == [
            ("truncate", None, oid["crm.orders"])]
        assert [(a["action"], a["table"], a["rows"]) for a in by_xid[delete.xid]] == [
            ("delete", None, 3000)]
        out = boat.run("moment", *args[:4], status=0).out
        assert f"relation with oid {oid['users']}" in out
        for base in ("plain", "tar"):
            found = boat.run("moment", *args, "--base", os.path.join(c.bases, base),
                             status=0).json()
            by_xid = {t["xid"]: sorted(actions(t)) for t in found["transactions"]}
            assert by_xid[drop.xid] == [("drop", "public", "seen"), ("drop", "public", "users")]
            assert by_xid[truncate.xid] == [("truncate", "crm", "orders")]
            assert by_xid[delete.xid] == [("delete", "public", "logs")]
            assert found["read"]["names_from"] == base
    finally:
        c.remove()


@pytest.fixture(scope="module")
def crowd():
    """A drop among a hundred thousand other transactions."""
    c = wal_cluster.WalCluster(16, {"synchronous_commit": "off", "max_wal_size": "8GB"})
    c.sql("""CREATE TABLE t (i int); CREATE TABLE victim (i int, x text);
        INSERT INTO victim SELECT g, 'x' FROM generate_series(1, 1000) g;
        CREATE PROCEDURE busy(n int) LANGUAGE plpgsql AS $$ BEGIN
            FOR i IN 1..n LOOP
                INSERT INTO t VALUES (i); IF i % 50 = 0 THEN DELETE FROM t; END IF;
                COMMIT;
            END LOOP; END $$""")
    c.base_backup("base", "-Fp")
    c.sql("CALL busy(60000)")
    c.harm = harm(c, "DROP TABLE victim")
    c.after = c.commit("after")
    c.sql("CALL busy(40000)")
    c.switch()
    yield c
    c.remove()


@pytest.mark.seconds(300)
def test_the_drop_among_a_hundred_thousand(boat, crowd):
    site(boat, crowd)
    found = boat.run("moment", "db", "--around", rfc(crowd.harm.at + 20 * 10**6), "--table", "victim",
                     "--format", "json", status=0).json()
    assert found["asset"] == "db" and len(found["transactions"]) == 1
    one = found["transactions"][0]
    assert (one["xid"], one["committed_at"]) == (crowd.harm.xid, rfc(crowd.harm.at))
    assert actions(one) == [("drop", "public", "victim")] and not one["partial"]
    # The window of time decides what is read and what is reported.
    early = boat.run("moment", "db", "--around", rfc(crowd.harm.at - 3600 * 10**6), "--within", "1m",
                     status=2)
    assert "no transactions of that time" in early.err
    # Just before it everything else is there.
    server = crowd.restore_target(os.path.join(crowd.bases, "base"), "crowd", found["target"])
    assert server.sql("SELECT count(*) FROM victim") == "1000"
    assert server.sql("SELECT count(*) FROM record") == "0"
    server.stop()


def test_a_transaction_that_began_before_what_is_read(boat):
    c = wal_cluster.WalCluster(1)
    try:
        c.sql("CREATE TABLE t (i int); INSERT INTO t SELECT generate_series(1, 40000)")
        c.sql("CREATE TABLE busy (x text)")
        session = "BEGIN; DELETE FROM t WHERE i <= 20000;\n"
        for i in range(6):
            # Others fill segments meanwhile, and a snapshot says who is running.
            session += (f"\\! psql -XAtqc \"INSERT INTO busy SELECT repeat('{i}', 500) FROM "
                        "generate_series(1, 3000)\" && psql -XAtqc 'SELECT pg_switch_wal(); "
                        "CHECKPOINT'\n")
        session += "DELETE FROM t; SELECT pg_current_xact_id(); COMMIT;\n"
        xid = c.sql(session).split()[-1]
        commit = c.keep("long", xid)
        c.switch()
        args = ("--wal", c.archive, "--around", rfc(commit.at), "--format", "json", "--table", "t")
        whole = boat.run("moment", *args, status=0).json()
        late = boat.run("moment", *args, "--within", "0s", status=0).json()
        for found, rows, partial in ((whole, 40000, False), (late, 20000, True)):
            one = next(t for t in found["transactions"] if t["xid"] == commit.xid)
            assert one["partial"] is partial
            assert sum(a["rows"] for a in one["actions"]) >= rows
            assert {a["rows_are"] for a in one["actions"]} == {"at_least" if partial else "counted"}
    finally:
        c.remove()


def test_a_gap_in_the_time_that_is_searched(boat, tmp_path):
    c = wal_cluster.WalCluster(1)
    try:
        c.base_backup("base")
        for i in range(5):
            c.commit(f"a{i}")
            c.switch()
        middle = c.record[2]
        segments = c.segments()
        os.unlink(os.path.join(c.archive, segments[-3]))
        done = boat.run("moment", "--wal", c.archive, "--around", rfc(middle.at), "--format", "json",
                        status=2)
        assert [(g["from"], g["count"]) for g in done.json()["gaps"]] == [(segments[-3], 1)]
        assert "MISSING, so not searched" in boat.run(
            "moment", "--wal", c.archive, "--around", rfc(middle.at), status=2).out
    finally:
        c.remove()


def test_bad_input(boat, tmp_path):
    done = boat.run("moment", "--wal", tmp_path, status=2)
    assert "about when" in done.err
    done = boat.run("moment", "--wal", tmp_path, "--around", "half past two", status=2)
    assert "not a time with a zone" in done.err
    done = boat.run("moment", "--wal", tmp_path, "--around", "2026-11-20T14:30:00Z", status=2)
    assert "no WAL segments" in done.err
    for option in (("--within", "soon"), ("--rows", "0"), ("--timeline", "0")):
        boat.run("moment", "--wal", tmp_path, "--around", "2026-11-20T14:30:00Z", *option, status=2)


def test_hostile_names(boat):
    """Escape sequences in a table's name never reach the terminal."""
    c = wal_cluster.WalCluster(1)
    try:
        c.sql("""CREATE TABLE "evil\x1b]0;owned\x07\u202e" (i int)""")
        drop = harm(c, 'DROP TABLE "evil\x1b]0;owned\x07\u202e"')
        c.switch()
        args = ("--wal", c.archive, "--around", rfc(drop.at))
        for form in ("text", "json"):
            out = boat.run("moment", *args, "--format", form, status=0).out
            assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out
            assert "owned" in out
    finally:
        c.remove()
