"""core/net/pg against real servers, and against some that are not what they seem."""
import os
import socket
import struct
import threading

import pytest

import live_tool


def pg(*args, **kwargs):
    return live_tool.run("pgtool", *args, **kwargs)


@pytest.fixture(scope="module")
def secured(postgres):
    """The session's server with roles; passwords are asked for on its socket by role."""
    postgres.sql("""
        CREATE ROLE clerk LOGIN PASSWORD 'correct horse';
        CREATE DATABASE vault;
        REVOKE CONNECT ON DATABASE vault FROM PUBLIC;
        REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
        CREATE TABLE secret_table (x int);""")
    hba = os.path.join(postgres.data, "pg_hba.conf")
    with open(hba, encoding="utf-8") as f:
        rest = f.read()
    with open(hba, "w", encoding="utf-8") as f:
        f.write("local all clerk scram-sha-256\nlocal all banned reject\n" + rest)
    postgres.sql("SELECT pg_reload_conf()")
    yield postgres
    with open(hba, "w", encoding="utf-8") as f:
        f.write(rest)
    postgres.sql("""
        SELECT pg_reload_conf();
        DROP DATABASE vault; DROP TABLE secret_table; DROP ROLE clerk;
        GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC""".replace(
            "SELECT pg_reload_conf();", ""))


def test_query_with_parameters(postgres):
    hostile = "'; DROP TABLE users; -- \x1b[31m ü"
    got = pg(postgres.conninfo(), "query", "SELECT $1::text AS a, $2::int + 1, NULL", hostile, 41)
    assert got["rows"] == [[hostile, "42", None]]
    assert got["names"][0] == "a" and got["tag"] == "SELECT 1" and not got["truncated"]


def test_rows_and_bytes_are_bounded(postgres):
    sql = "SELECT repeat('x', 100) FROM generate_series(1, 100000)"
    got = pg("-r", 7, postgres.conninfo(), "query", sql)
    assert len(got["rows"]) == 7 and got["truncated"] and got["affected"] == 100000
    got = pg("-b", 1010, postgres.conninfo(), "query", sql)
    assert len(got["rows"]) == 10 and got["truncated"]
    # What did not fit has been read and dropped: the connection goes on.
    got = pg("-r", 1, postgres.conninfo(), "pair", sql, "SELECT 'next'")
    assert got["second"]["rows"] == [["next"]]


def test_only_one_statement(postgres):
    got = pg(postgres.conninfo(), "query", "SELECT 1; SELECT 2")
    assert got["error"]["code"] == "sql" and got["sqlstate"] == "42601"


def test_sql_error_keeps_connection(postgres):
    got = pg(postgres.conninfo(), "pair", "SELECT nonsense", "SELECT 2")
    assert got["first"]["error"]["code"] == "sql" and got["first"]["sqlstate"] == "42703"
    assert "[SQLSTATE 42703]." in got["first"]["error"]["message"]
    assert not got["first"]["error"]["message"].endswith("\n")
    assert got["second"]["rows"] == [["2"]]


def test_copy_has_no_place(postgres):
    got = pg(postgres.conninfo(), "query", "COPY (SELECT 1) TO STDOUT")
    assert got["error"]["code"] == "unsupported" and got["usable"] is False
    got = pg(postgres.conninfo(), "query", "COPY pg_class FROM STDIN")
    assert got["error"]["code"] in ("unsupported", "permission", "sql")


def test_read_only(postgres):
    got = pg("-w", postgres.conninfo(), "query", "CREATE TABLE nowhere (x int)")
    assert got["sqlstate"] == "25006"


def test_client_deadline_cancels(postgres):
    got = pg("-q", 300, postgres.conninfo(), "pair", "SELECT pg_sleep(60)", "SELECT 'alive'")
    assert got["first"]["error"]["code"] == "timeout" and got["first"]["usable"]
    assert got["second"]["rows"] == [["alive"]]
    assert got["ms"] < 10000
    left = postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
                        " AND state = 'active'")
    assert left == "0"


def test_server_limit(postgres):
    got = pg("-s", 200, postgres.conninfo(), "query", "SELECT pg_sleep(60)")
    assert got["error"]["code"] == "timeout" and got["sqlstate"] == "57014"


def test_interrupt(postgres):
    got = pg("-i", 300, postgres.conninfo(), "query", "SELECT pg_sleep(60)")
    assert got["error"]["code"] == "stopped" and got["ms"] < 10000


def test_notices_stay_off_the_terminal(postgres):
    # live_tool.run fails when anything is on standard error
    pg(postgres.conninfo(), "query", "DO $$ BEGIN RAISE NOTICE E'\\x1b[31mboo'; END $$")


def test_server_dies_in_mid_query(postgres_factory):
    server = postgres_factory()
    sql = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(30)"
    got = pg(server.conninfo(), "pair", sql, "SELECT 1")
    assert got["first"]["error"]["code"] == "unreachable" and not got["first"]["usable"]
    assert got["second"]["error"]["code"] == "unreachable"

    timer = threading.Timer(1.0, lambda: server.stop(immediately=True))
    timer.start()
    got = pg(server.conninfo(), "query", "SELECT pg_sleep(60)")
    timer.join()
    assert got["error"]["code"] == "unreachable" and not got["usable"]


def test_identity(postgres):
    got = pg(postgres.conninfo(), "identity")
    assert got["database"] == "postgres" and got["user"] == "postgres"
    assert got["address"] == f"socket {postgres.socket_dir}:5432"
    assert got["version_num"] >= 120000 and got["version"].startswith(
        str(got["version_num"] // 10000))
    assert got["system_identifier"] == postgres.sql(
        "SELECT system_identifier FROM pg_control_system()")
    assert got["data_directory"] == postgres.data
    assert got["database_bytes"] > 1000000 and got["other_connections"] >= 0
    assert not got["in_recovery"]


def test_f33_name_of_a_database_that_looks_like_another(postgres):
    """What the live connection says of itself is what a dialog shows, letter by letter."""
    name = "pr\u043ed\u200b-gr\u00fcn"       # a Cyrillic o
    postgres.create_database(name)
    try:
        text = pg(postgres.conninfo(name), "identity")["text"]
        assert text.startswith("pr\\u043ed\\u200b-gr\u00fcn at ")
    finally:
        postgres.sql(f'DROP DATABASE "{name}"')


def test_identity_of_a_clerk(secured):
    got = pg("-p", "correct horse", secured.conninfo().replace("user=postgres", "user=clerk"),
             "identity")
    assert got["user"] == "clerk" and got["database"] == "postgres"
    assert got["system_identifier"] is None and got["data_directory"] is None
    assert got["database_bytes"] > 0


def refused(conninfo, *options, **kwargs):
    got = pg(*options, conninfo, "query", "SELECT 1", **kwargs)
    assert "error" in got, got
    assert not got["error"]["message"].endswith("\n") and "\n" not in got["error"]["message"]
    return got["error"]


def test_wrong_password(secured):
    conninfo = secured.conninfo().replace("user=postgres", "user=clerk")
    error = refused(conninfo, "-p", "hunter2!")
    assert error["code"] == "authentication" and "pgpass" in error["hint"]
    assert "hunter2" not in str(error)
    error = refused(conninfo)
    assert error["code"] == "authentication" and "no password supplied" in error["message"]


def test_rejected_roles_and_databases(secured):
    base = secured.conninfo()
    assert refused(base.replace("user=postgres", "user=nobody_here"))["code"] == "authentication"
    assert refused(base.replace("user=postgres", "user=banned"))["code"] == "authentication"
    assert refused(base.replace("dbname=postgres", "dbname=lost"))["code"] == "not-found"
    clerk = base.replace("user=postgres", "user=clerk")
    assert refused(clerk.replace("dbname=postgres", "dbname=vault"), "-p", "correct horse")[
        "code"] == "permission"
    got = pg("-p", "correct horse", clerk, "query", "SELECT * FROM secret_table")
    assert got["error"]["code"] == "permission" and got["sqlstate"] == "42501"


def test_named_host_wins(postgres):
    """$PGHOSTADDR must not lead to another server than the one that is named."""
    got = pg(postgres.conninfo(), "identity", env={"PGHOSTADDR": "127.0.0.1", "PGPORT": "1"})
    assert "error" in got, "PGPORT is for what names no port"
    got = pg(postgres.conninfo() + " port=5432", "identity", env={"PGHOSTADDR": "127.0.0.1"})
    assert got["address"].startswith("socket ")


def test_bad_connection_strings():
    for conninfo in ("host", "hots=x dbname=y", "postgresql://[::1/x", "port=99999 dbname=x",
                     "service=not_there"):
        error = refused(conninfo, env={"PGHOST": "/nonexistent"})
        assert error["code"] in ("configuration", "unreachable", "not-found"), (conninfo, error)
    error = refused("host=x password=tops3cret tr41l dbname=y")
    assert error["code"] == "configuration"
    assert "tops3cret" not in str(error) and "tr41l" not in str(error)


def test_nobody_listens():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    error = refused(f"host=127.0.0.1 port={port} dbname=x")
    assert error["code"] == "unreachable" and "running" in error["hint"]
    assert refused("host=/nonexistent dbname=x")["code"] == "unreachable"
    long = "/tmp/" + "x" * 120
    assert refused(f"host={long} dbname=x")["code"] == "configuration"


class Fake:
    """Accepts connections and hands each to `serve` in a thread."""

    def __init__(self, serve):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.loop, args=(serve,), daemon=True).start()

    def loop(self, serve):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.kept.append(peer)
            threading.Thread(target=self.one, args=(serve, peer), daemon=True).start()

    @staticmethod
    def one(serve, peer):
        try:
            serve(peer)
        except OSError:
            pass

    def conninfo(self):
        return f"host=127.0.0.1 port={self.port} dbname=x user=y sslmode=disable"

    def close(self):
        self.socket.close()
        for peer in self.kept:
            peer.close()


@pytest.fixture
def fake():
    made = []

    def make(serve):
        made.append(Fake(serve))
        return made[-1]
    yield make
    for server in made:
        server.close()


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def error(severity=b"FATAL", state=b"XX000", text=b"boo", hint=b""):
    fields = b"S" + severity + b"\0V" + severity + b"\0C" + state + b"\0M" + text + b"\0"
    if hint:
        fields += b"H" + hint + b"\0"
    return message(b"E", fields + b"\0")


def welcome(peer):
    peer.recv(4096)
    peer.sendall(message(b"R", struct.pack("!I", 0)) + message(
        b"S", b"server_version\00015.0\0") + message(
        b"S", b"client_encoding\0UTF8\0") + message(b"K", struct.pack("!II", 1, 2))
        + message(b"Z", b"I"))


def test_server_that_never_answers(fake):
    server = fake(lambda peer: None)
    got = pg("-t", 2000, server.conninfo(), "query", "SELECT 1")
    assert got["error"]["code"] == "timeout" and got["ms"] < 5000
    # Through TLS negotiation, too.
    got = pg("-t", 2000, server.conninfo().replace("disable", "require"), "query", "SELECT 1")
    assert got["error"]["code"] == "timeout" and got["ms"] < 5000


def test_deadline_is_for_all_hosts(fake):
    one, two = fake(lambda peer: None), fake(lambda peer: None)
    conninfo = f"host=127.0.0.1,127.0.0.1 port={one.port},{two.port} dbname=x sslmode=disable"
    got = pg("-t", 4000, conninfo, "query", "SELECT 1")
    assert got["error"]["code"] == "timeout" and got["ms"] < 8000


def test_next_host_gets_its_chance(fake, postgres):
    dead = fake(lambda peer: None)
    conninfo = (f"host=127.0.0.1,{postgres.socket_dir} port={dead.port},5432 dbname=postgres "
                "user=postgres sslmode=disable")
    got = pg("-t", 6000, conninfo, "query", "SELECT 'here'")
    assert got["rows"] == [["here"]]


def test_server_that_hangs_in_mid_query(fake):
    server = fake(welcome)
    got = pg("-q", 300, server.conninfo(), "query", "SELECT 1")
    assert got["error"]["code"] == "timeout" and not got["usable"]
    assert "not known" in got["error"]["hint"] and got["ms"] < 15000


def test_hostile_words_of_a_server(fake):
    evil = b"\x1b]0;owned\x07\x1b[2J \xc2\x9b31m \xe2\x80\xae \xff\r\n second line"

    def refuse(peer):
        peer.recv(4096)
        peer.sendall(error(text=evil, hint=evil))

    def in_query(peer):
        welcome(peer)
        peer.recv(4096)
        peer.sendall(error(b"ERROR", b"\x1b[2J!", evil, evil) + message(b"Z", b"I"))
    for serve in (refuse, in_query):
        got = pg(fake(serve).conninfo(), "query", "SELECT 1")
        text = got["error"]["message"] + (got["error"]["hint"] or "")
        assert "\\x1b" in text and "second line" in text
        assert not any(ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c == "\u202e" for c in text), text


def test_rubbish_instead_of_postgresql(fake):
    def http(peer):
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>" + b"x" * 100000)
        peer.close()
    error_ = refused(fake(http).conninfo())
    assert error_["code"] == "unreachable"
    # A server that closes without a word
    error_ = refused(fake(lambda peer: peer.close()).conninfo())
    assert error_["code"] == "unreachable"


def test_huge_result_stays_small(postgres):
    """A result of 1 GB is read, counted and dropped in bounded memory."""
    argv = [live_tool.path("pgtool"), "-q", "120000", "-r", "3", postgres.conninfo(), "query",
            "SELECT repeat('x', 100000) FROM generate_series(1, 2000)"]
    pid = os.posix_spawn(argv[0], argv, {**live_tool.ENV, "ASAN_OPTIONS": "detect_leaks=0"},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    limit = 400 if "debug" in argv[0] else 40
    assert usage.ru_maxrss < limit * 1024, usage.ru_maxrss
