"""core/verify/restore: real dumps in every format, good and damaged, into real sandboxes."""
import glob
import gzip
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import live_tool
import scratch

SCHEMA = """
CREATE ROLE app_owner; CREATE ROLE "odd ""reader"; CREATE ROLE policy_user;
CREATE SCHEMA app AUTHORIZATION app_owner;
CREATE TABLE app.users (id serial PRIMARY KEY, email text UNIQUE NOT NULL, note text);
INSERT INTO app.users (email, note)
    SELECT 'u' || i || '@example.org', repeat(md5(i::text), 3) FROM generate_series(1, 20000) i;
CREATE TABLE app."Odd table (x" (id int REFERENCES app.users, x text);
INSERT INTO app."Odd table (x" SELECT i, E'tab\\tnewline\\n\\\\.' FROM generate_series(1, 500) i;
CREATE TABLE app.parted (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO app.parted SELECT i, '2020-02-01' FROM generate_series(1, 70) i;
CREATE TABLE app.base (id int); CREATE TABLE app.derived (y int) INHERITS (app.base);
INSERT INTO app.base VALUES (1); INSERT INTO app.derived VALUES (1, 2), (3, 4);
CREATE FUNCTION app.f() RETURNS text LANGUAGE sql AS $_$
SELECT 'ALTER TABLE x OWNER TO evil;
COPY t FROM stdin;' || $$it's$$
$_$;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);
INSERT INTO alembic_version VALUES ('5f1c0c6a7b21');
ALTER TABLE app.users OWNER TO app_owner;
GRANT SELECT ON app.users TO "odd ""reader";
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA app GRANT SELECT ON TABLES TO policy_user;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.users TO policy_user USING (true);
CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE EVENT TRIGGER watcher ON ddl_command_start EXECUTE FUNCTION app.watch();
COMMENT ON TABLE app.users IS E'two\\nlines -- and \\'quotes\\'';
CREATE EXTENSION pg_trgm;
SELECT lo_from_bytea(0, 'large object');
"""

CHECKS = """
checks:
  - {table: app.users, at_least: 20000}
  - {migration: alembic_version.version_num, expect: 5f1c0c6a7b21}
  - {sql: "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'users'",
     expect: app_owner}
"""


@pytest.fixture(scope="module")
def server(request):
    import postgres_server
    made = postgres_server.PostgresServer()
    made.create_database("shop")
    made.sql(SCHEMA, "shop")
    yield made
    made.remove()


@pytest.fixture(scope="module")
def dumps(server):
    """name -> path"""
    directory = server.subdirectory("dumps")
    found = {}

    def dump(name, *args, program="pg_dump", database=("-d", "shop")):
        found[name] = os.path.join(directory, name)
        server.run(program, *args, *database, "-f", found[name])
        os.chmod(found[name], 0o755 if os.path.isdir(found[name]) else 0o644)

    def packed(name, of, *argv):
        found[name] = os.path.join(directory, name)
        with open(found[of], "rb") as source, open(found[name], "wb") as to:
            subprocess.run(argv, stdin=source, stdout=to, check=True)
    dump("custom.dump", "-Fc")
    dump("custom0.dump", "-Fc", "-Z0")
    dump("tar.tar", "-Ft")
    dump("dir.dir", "-Fd")
    dump("plain.sql", "-Fp")
    dump("create.sql", "-Fp", "-C")
    dump("inserts.sql", "-Fp", "--inserts")
    dump("latin1.sql", "-Fp", "-E", "LATIN1")
    dump("ascii.sql", "-Fp", "-E", "SQL_ASCII")
    dump("root.sql", "-Fp", "--load-via-partition-root")
    dump("cluster.sql", program="pg_dumpall", database=())
    packed("plain.sql.gz", "plain.sql", "gzip", "-c")
    packed("plain.sql.zst", "plain.sql", "zstd", "-qc")
    packed("plain.sql.lz4", "plain.sql", "lz4", "-qc")
    packed("cluster.sql.gz", "cluster.sql", "gzip", "-c")
    packed("custom.dump.gz", "custom.dump", "gzip", "-c")
    return found


@pytest.fixture
def state(tmp_path):
    path = str(tmp_path / "state")
    os.environ.setdefault("TMPDIR", "/tmp")
    yield path
    assert glob.glob(os.path.join(path, "sandboxes", "*.json")) == []


@pytest.fixture
def checks(tmp_path):
    path = tmp_path / "checks.yaml"
    path.write_text(CHECKS)
    return str(path)


def restore(state, path, *args, **kwargs):
    return live_tool.run("restoretool", state, "restore", *args, path, timeout=120, **kwargs)


def result(got):
    return got["report"]["result"]


def failing(got, kind="fail"):
    return {c["name"]: c["detail"] for c in got["report"]["checks"] if c["result"] == kind}


GOOD = ["custom.dump", "custom0.dump", "tar.tar", "dir.dir", "plain.sql", "create.sql",
        "inserts.sql", "latin1.sql", "ascii.sql", "root.sql", "cluster.sql", "plain.sql.gz",
        "plain.sql.zst", "plain.sql.lz4", "cluster.sql.gz", "custom.dump.gz"]


@pytest.mark.parametrize("name", GOOD)
def test_good(state, dumps, checks, name):
    got = restore(state, dumps[name], "-c", checks)
    assert result(got) == "pass", got
    names = [c["name"] for c in got["report"]["checks"]]
    assert names[:2] == ["sandbox", "load"] and got["seconds"] > 0 and got["major"] >= 12
    assert len(names) == (8 if ".sql" in name and "inserts" not in name else 7), names
    if ".sql" in name and "inserts" not in name:
        assert "All 20574 rows" in [c["detail"] for c in got["report"]["checks"]][2], got
    assert got["sandbox"] is None


def cut(path, to, keep):
    with open(path, "rb") as f:
        data = f.read()
    with open(to, "wb") as f:
        f.write(data[:int(len(data) * keep)])
    return to


@pytest.mark.parametrize("name", ["custom.dump", "custom0.dump", "tar.tar", "plain.sql",
                                  "plain.sql.gz", "plain.sql.zst", "plain.sql.lz4",
                                  "cluster.sql"])
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_cut(state, dumps, tmp_path, name, keep):
    got = restore(state, cut(dumps[name], tmp_path / name, keep))
    assert result(got) == "fail", json.dumps(got)
    assert got["report"]["checks"][-1]["result"] == "fail"


def test_cut_between_statements(state, dumps, tmp_path):
    """psql loads this without complaint and ends with 0; the end marker is missing."""
    with open(dumps["plain.sql"], encoding="utf-8") as f:
        text = f.read()
    path = tmp_path / "x.sql"
    path.write_text(text[:text.index("-- Data for Name: parted_1")])
    got = restore(state, path)
    assert "end marker" in failing(got)["load"], got


def test_cut_and_compressed_afterwards(state, dumps, tmp_path):
    """A dump that broke off before gzip saw it: gzip -t says it is fine."""
    with open(dumps["plain.sql"], "rb") as f:
        data = f.read()
    path = tmp_path / "x.sql.gz"
    with gzip.open(path, "wb") as f:
        f.write(data[:data.index(b"\n", len(data) // 2) + 1])
    assert subprocess.run(["gzip", "-t", path], check=False).returncode == 0
    got = restore(state, path)
    assert "cut" in failing(got)["load"]


def test_rows_that_went_missing(state, dumps, tmp_path):
    """A rule in the dump swallows rows: nothing fails, but they are not there."""
    with open(dumps["plain.sql"], encoding="utf-8") as f:
        text = f.read()
    trick = ("CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS "
             "$$BEGIN RETURN CASE WHEN NEW.id % 2 = 0 THEN NEW END; END$$;\n"
             "CREATE TRIGGER swallow BEFORE INSERT ON app.base FOR EACH ROW "
             "EXECUTE FUNCTION public.swallow();\n\n")
    at = text.index("-- Data for Name: base;")
    path = tmp_path / "x.sql"
    path.write_text(text[:at] + "\n" + trick + "--\n" + text[at:])
    got = restore(state, path)
    assert failing(got) == {"rows": "app.base: 0 of 1 rows"} or "app.base" in failing(got)["rows"]


@pytest.mark.parametrize("offset", [0.2, 0.5, 0.8])
def test_flipped_bits(state, dumps, tmp_path, offset):
    with open(dumps["custom.dump"], "rb") as f:
        data = bytearray(f.read())
    at = int(len(data) * offset)
    for i in range(at, at + 16):
        data[i] ^= 0x55
    path = tmp_path / "x.dump"
    path.write_bytes(bytes(data))
    got = restore(state, path)
    assert result(got) == "fail", json.dumps(got)


@pytest.mark.parametrize("text", [b"", b"<html><body>403 Forbidden</body></html>", b"\0" * 5000,
                                  b"PGDMP", b"PGDMP\x01\x0e\x00\x04\x08\x01" + b"\xff" * 200])
def test_no_dump_at_all(state, tmp_path, text):
    path = tmp_path / "x.dump"
    path.write_bytes(text)
    got = restore(state, path)
    assert result(got) in ("fail", "unknown") and got["major"] == 0, got
    got = restore(state, tmp_path / "missing.dump")
    assert result(got) == "unknown"


def test_directory_with_a_missing_member(state, dumps, tmp_path):
    copy = tmp_path / "dir"
    shutil.copytree(dumps["dir.dir"], copy)
    victim = max(glob.glob(str(copy / "*.dat.gz")), key=os.path.getsize)
    os.unlink(victim)
    assert result(restore(state, copy)) in ("fail", "unknown")


def test_check_that_fails(state, dumps, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("checks:\n  - {table: app.users, at_least: 30000}\n"
                    "  - {table: app.orders}\n")
    got = restore(state, dumps["custom.dump"], "-c", path)
    assert set(failing(got)) == {"table app.users", "table app.orders"} and result(got) == "fail"


def edited(dumps, tmp_path, old, new):
    with open(dumps["plain.sql"], encoding="utf-8") as f:
        text = f.read()
    assert old in text
    path = tmp_path / "edited.sql"
    path.write_text(text.replace(old, new, 1))
    return path


def test_extension_that_is_not_here(state, dumps, tmp_path):
    got = restore(state, edited(dumps, tmp_path, "EXISTS pg_trgm", "EXISTS pg_nowhere"))
    assert result(got) == "unknown" and "pg_nowhere" in failing(got, "unknown")["load"]


def test_newer_server(state, dumps, tmp_path):
    """What an older server can't load says nothing about the dump."""
    path = edited(dumps, tmp_path, "SET lock_timeout = 0;",
                  "SET lock_timeout = 0;\nSET transaction_timeout = 0;")
    got = restore(state, path)
    assert result(got) == "unknown" and "transaction_timeout" in failing(got, "unknown")["load"]


def test_first_error_ends_it(state, dumps, tmp_path):
    path = edited(dumps, tmp_path, "ALTER TABLE ONLY app.users\n    ADD CONSTRAINT users_pkey",
                  "SELECT no_such_function();\nALTER TABLE ONLY app.users\n"
                  "    ADD CONSTRAINT users_pkey")
    got = restore(state, path)
    assert result(got) == "fail" and "no_such_function" in failing(got)["load"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to lose")
@pytest.mark.parametrize("how", ["psql", "server"])
def test_plain_dump_that_runs_programs(state, dumps, tmp_path, how):
    r"""A dump may hold \! and COPY TO PROGRAM: never as root."""
    mark = os.path.join(scratch.directory(), "mark")
    os.chmod(os.path.dirname(mark), 0o777)
    command = {"psql": f"\\! id -u > {mark}\n",
               "server": f"COPY (SELECT 1) TO PROGRAM 'id -u > {mark}';\n"}[how]
    with open(dumps["plain.sql"], encoding="utf-8") as f:
        text = f.read()
    path = tmp_path / "x.sql"
    path.write_text(command + text)
    assert result(restore(state, path)) == "pass"
    with open(mark, encoding="utf-8") as f:
        assert f.read().strip() != "0"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to read what others may not")
@pytest.mark.parametrize("name", ["custom.dump", "tar.tar", "dir.dir", "plain.sql"])
def test_dump_that_only_root_may_read(state, dumps, checks, name):
    hidden = scratch.directory()
    os.chmod(hidden, 0o700)
    to = os.path.join(hidden, name)
    (shutil.copytree if os.path.isdir(dumps[name]) else shutil.copy)(dumps[name], to)
    assert result(restore(state, to, "-c", checks)) == "pass"


def test_kept_sandbox(state, dumps):
    got = restore(state, dumps["custom.dump"], "-k", "3600")
    assert got["sandbox"] and result(got) == "pass"
    done = subprocess.run(["psql", "-XAt", "-d", got["conninfo"], "-c",
                           "SELECT count(*) FROM app.users"], capture_output=True, text=True,
                          check=True)
    assert done.stdout.strip() == "20000"
    live_tool.run("sandboxtool", state, "stop", got["sandbox"])


def test_time_limit(state, tmp_path):
    path = tmp_path / "slow.sql"
    path.write_text("-- PostgreSQL database dump\nSET client_encoding = 'SQL_ASCII';\n"
                    "SELECT pg_sleep(600);\n-- PostgreSQL database dump complete\n")
    got = restore(state, path, "-t", "1")
    assert "did not finish" in failing(got, "unknown")["load"]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped(state, tmp_path, sig):
    """Asked to stop, it stops and leaves nothing behind."""
    path = tmp_path / "slow.sql"
    path.write_text("-- PostgreSQL database dump\nSET client_encoding = 'SQL_ASCII';\n"
                    "SELECT pg_sleep(600);\n-- PostgreSQL database dump complete\n")
    process = subprocess.Popen([live_tool.path("restoretool"), state, "restore", path], text=True,
                               stdout=subprocess.PIPE, env=live_tool.ENV)

    def loading():
        return subprocess.run(["pgrep", "-P", str(process.pid), "psql"], check=False,
                              capture_output=True).returncode == 0
    scratch.wait_for(loading, 30, "psql to be at work")
    process.send_signal(sig)
    begin = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert '"stopped":"stopped"' in out and time.monotonic() - begin < 10
    assert os.listdir(os.path.join(state, "sandboxes")) == []


def test_killed(state, tmp_path):
    path = tmp_path / "slow.sql"
    path.write_text("-- PostgreSQL database dump\nSET client_encoding = 'SQL_ASCII';\n"
                    "SELECT pg_sleep(600);\n-- PostgreSQL database dump complete\n")
    process = subprocess.Popen([live_tool.path("restoretool"), state, "restore", path],
                               stdout=subprocess.DEVNULL, env=live_tool.ENV)
    found = []

    def loading():
        done = subprocess.run(["pgrep", "-P", str(process.pid)], check=False, text=True,
                              capture_output=True)
        found[:] = done.stdout.split()
        return len(found) == 2
    scratch.wait_for(loading, 30, "psql to be at work")
    process.kill()
    process.wait(10)
    scratch.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in found), 20,
                     "psql and the server to end")
    assert live_tool.run("sandboxtool", state, "sweep")["removed"] == 1
