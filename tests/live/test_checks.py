"""core/verify/checks against a real database: what passes, fails and can't be known."""
import json

import pytest

import live_tool

SETUP = """
CREATE TABLE users (id int PRIMARY KEY, name text);
INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 100) i;
CREATE TABLE empty (id int);
CREATE SCHEMA "odd ""schema"; CREATE TABLE "odd ""schema"."Table.With dots" (x int);
CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.twice (); CREATE TABLE two.twice ();
CREATE TABLE one.once (x int); INSERT INTO one.once VALUES (1), (2);
CREATE VIEW people AS SELECT * FROM users;
CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('abc123');
CREATE TABLE evil (x text); INSERT INTO evil VALUES (E'\\x1b]0;owned\\x07');
CREATE TABLE secret (x int); CREATE ROLE checks_clerk LOGIN;
GRANT SELECT ON users TO checks_clerk;
CREATE INDEX ON users (name);
"""


@pytest.fixture(scope="module")
def shop(postgres):
    postgres.create_database("checks_shop")
    postgres.sql(SETUP, "checks_shop")
    yield postgres.conninfo("checks_shop")
    postgres.sql("DROP DATABASE checks_shop")
    postgres.sql("DROP ROLE checks_clerk")


@pytest.fixture
def check(shop, tmp_path):
    """check({...}) -> (result, detail)"""
    def run(one, conninfo=None, options=(), site=None):
        path = tmp_path / "checks.yaml"
        path.write_text(json.dumps({"checks": [one]}))
        options = [*options, "-c", path]
        if site is not None:
            (tmp_path / "site.yaml").write_text(json.dumps(site))
            options += ["-s", tmp_path / "site.yaml"]
        got = live_tool.run("restoretool", tmp_path, "check", *options, conninfo or shop)
        checks = got["report"]["checks"]
        assert [c["name"] for c in checks[:2]] == ["answers", "tables"]
        assert checks[0]["result"] == "pass"
        assert not any(ord(c) < 32 for c in checks[2]["detail"])
        return checks[2]["result"], checks[2]["detail"]
    return run


@pytest.mark.parametrize("one, result, detail", [
    ({"table": "users"}, "pass", "public.users exists."),
    ({"table": "public.users", "at_least": 100}, "pass", "100 rows, at least 100 wanted."),
    ({"table": "users", "at_least": 101}, "fail", "100 rows; at least 101 are wanted."),
    ({"table": "empty", "at_least": 0}, "pass", "0 rows"),
    ({"table": "people", "at_least": 100}, "pass", "100 rows"),
    ({"table": "orders"}, "fail", "There is no table orders."),
    ({"table": "one.users"}, "fail", "There is no table one.users."),
    ({"table": "Users"}, "fail", "There is no table Users."),
    ({"table": "once", "at_least": 2}, "pass", "2 rows"),
    ({"table": "twice"}, "unknown", "2 tables twice: say in which schema"),
    ({"table": "two.twice"}, "pass", "two.twice exists."),
    ({"table": '"odd ""schema"."Table.With dots"', "at_least": 0}, "pass", "0 rows"),
    ({"table": "users; DROP TABLE users"}, "fail", "There is no table"),
    ({"table": 'a.b.c'}, "unknown", "is not [schema.]table"),
    ({"table": '"never closed'}, "unknown", "is not [schema.]table"),
    ({"migration": "alembic_version.version_num"}, "pass", 'The version is "abc123".'),
    ({"migration": "public.alembic_version.version_num"}, "pass", "abc123"),
    ({"migration": "alembic_version.version_num", "expect": "abc124"}, "fail",
     "expected: abc124"),
    ({"migration": "empty.id"}, "fail", "empty holds no version."),
    ({"migration": "alembic_version.nothing"}, "fail", "does not exist"),
    ({"migration": "nowhere.version"}, "fail", "There is no table nowhere."),
    ({"sql": "SELECT count(*) FROM users", "expect": ">= 100"}, "pass", 'The answer is "100"'),
    ({"sql": "SELECT count(*) FROM users", "expect": "> 100"}, "fail", "expected: > 100"),
    ({"sql": "SELECT name FROM users WHERE id = 7", "expect": "~ ^user"}, "pass", "user 7"),
    ({"sql": "SELECT 1 WHERE false", "expect": "1"}, "fail", "No row came back"),
    ({"sql": "SELECT NULL", "expect": "1"}, "fail", "The answer is NULL"),
    ({"sql": "SELECT * FROM orders", "expect": "1"}, "fail", "42P01"),
    ({"sql": "SELECT nothing FROM users", "expect": "1"}, "fail", "42703"),
    ({"sql": "SELEKT 1", "expect": "1"}, "unknown", "42601"),
    ({"sql": "DELETE FROM users RETURNING 1", "expect": "1"}, "unknown", "25006"),
    ({"sql": "COMMIT; DROP TABLE users", "expect": "1"}, "unknown", "42601"),
    ({"sql": "SELECT x FROM evil", "expect": "1"}, "fail", "\\x1b]0;owned\\x07"),
    ({"sql": "SELECT repeat('x', 5000)", "expect": "1"}, "fail", "xxx..."),
])
def test_check(check, one, result, detail):
    got = check(one)
    assert got[0] == result and detail in got[1], got


def test_nothing_was_changed(check):
    assert check({"sql": "SELECT count(*) FROM users", "expect": "100"})[0] == "pass"


def test_names(shop, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps({"checks": [
        {"name": "people", "table": "users"}, {"table": "users"},
        {"migration": "alembic_version.version_num"}, {"sql": "SELECT 1", "expect": "1"}]}))
    got = live_tool.run("restoretool", tmp_path, "check", "-c", path, shop)
    assert [c["name"] for c in got["report"]["checks"]] == [
        "answers", "tables", "people", "table users", "migration alembic_version.version_num",
        "sql SELECT 1"]


def test_no_permission_and_time_limit(check, shop):
    clerk = shop.replace("user=postgres", "user=checks_clerk")
    assert check({"table": "users", "at_least": 1}, clerk)[0] == "pass"
    result, detail = check({"table": "secret", "at_least": 1}, clerk)
    assert result == "unknown" and "42501" in detail
    result, detail = check({"sql": "SELECT pg_sleep(60)", "expect": "1"}, options=["-t", "300"])
    assert result == "unknown" and "57014" in detail


def test_empty_database(postgres, tmp_path):
    postgres.create_database("checks_empty")
    got = live_tool.run("restoretool", tmp_path, "check", postgres.conninfo("checks_empty"))
    assert [c["result"] for c in got["report"]["checks"]] == ["pass", "fail"]
    postgres.sql("DROP DATABASE checks_empty")


def site(conninfo, **expect):
    target = {"postgresql": conninfo, "environment": "production"}
    if expect:
        target["expect"] = expect
    return {"site": "s", "locations": {"l": {"directory": "/tmp"}}, "targets": {"live": target},
            "assets": {"a": {"sets": {"d": {"type": "pg_dump", "location": "l", "rpo": "1d"}}}}}


def test_compare(check, postgres, shop):
    postgres.create_database("checks_live")
    postgres.sql("CREATE TABLE users (id int); INSERT INTO users SELECT generate_series(1, 105)",
                 "checks_live")
    live = postgres.conninfo("checks_live")
    one = {"table": "users", "compare": "live"}
    try:
        assert check(one, site=site(live)) == (
            "pass", "100 rows here, 105 in live: -4.8 %, 10 % allowed.")
        assert check({**one, "tolerance": 4}, site=site(live))[0] == "fail"
        assert check({**one, "tolerance": 0}, site=site(shop))[0] == "pass"
        # What is wrong over there says nothing about the backup.
        for other in ("host=/nonexistent dbname=x", live.replace("checks_live", "missing")):
            assert check(one, site=site(other))[0] == "unknown"
        result, detail = check(one, site=site(live, database="another"))
        assert result == "unknown" and "another" in detail
        assert check({"table": "empty", "compare": "live"}, site=site(live))[0] == "unknown"
        assert check(one)[0] == "unknown", "no site"
    finally:
        postgres.sql("DROP DATABASE checks_live")


def test_amcheck(check, postgres_factory):
    server = postgres_factory()
    server.create_database("am")
    server.sql("CREATE TABLE t (x int PRIMARY KEY, y text);"
               "INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 10000) i;"
               "CREATE INDEX ON t (y)", "am")
    conninfo = server.conninfo("am")
    assert check({"amcheck": True}, conninfo)[0] == "unknown", "not installed, not ours"
    result, detail = check({"amcheck": True}, conninfo, options=["-w"])
    assert result == "pass" and "B-tree indexes are sound" in detail
    # Damage one: its entries no longer stand in order.
    path = f"{server.data}/" + server.sql("SELECT pg_relation_filepath('t_y_idx')", "am")
    server.stop()
    with open(path, "r+b") as f:
        f.seek(8192 * 5 + 4096)
        block = f.read(2048)
        f.seek(8192 * 5 + 4096)
        f.write(bytes(b ^ 0x01 if 0x30 <= b < 0x7f else b for b in block))
    server.run("pg_checksums", "--disable", "-D", server.data)
    server.start()
    result, detail = check({"amcheck": True}, conninfo)
    assert result == "fail" and "SQLSTATE XX00" in detail, detail
