"""core/verify/sandbox with real servers: started, used, and removed whatever happens."""
import fcntl
import glob
import json
import os
import pwd
import re
import signal
import subprocess
import time

import pytest

import live_tool
import s3_client
import scratch


def tool(state, *args, **kwargs):
    return live_tool.run("sandboxtool", state, *args, **kwargs)


@pytest.fixture
def state(tmp_path):
    path = str(tmp_path / "state")
    yield path
    # Nothing of a test may outlive it.
    for name in glob.glob(os.path.join(path, "sandboxes", "*.json")):
        tool(path, "stop", os.path.basename(name)[:-5])


def records(state):
    return [json.load(open(path, encoding="utf-8"))
            for path in glob.glob(os.path.join(state, "sandboxes", "*.json"))]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def gone(sandbox):
    return not os.path.exists(sandbox["directory"]) and not alive(sandbox["pid"])


def psql(sandbox, sql):
    done = subprocess.run(["psql", "-XAtq", "-d", sandbox["conninfo"], "-c", sql], text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def redis(sandbox, *args):
    return subprocess.run(["redis-cli", "-s", sandbox["conninfo"], *args], text=True,
                          capture_output=True, check=True).stdout.strip()


class Owner:
    """A sandboxtool that owns a sandbox for as long as it lives."""

    def __init__(self, state, *args, **kwargs):
        self.process = subprocess.Popen(
            [live_tool.path("sandboxtool"), state, "start", "-w", *args], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=live_tool.ENV, **kwargs)
        self.sandbox = json.loads(self.process.stdout.readline())
        assert "error" not in self.sandbox, self.sandbox

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()


def test_postgresql(state):
    owner = Owner(state)
    s = owner.sandbox
    assert psql(s, "SELECT 1") == "1"
    # Never root, no TCP, no archiving, nothing that others could open.
    assert os.stat(f"/proc/{s['pid']}").st_uid == s["uid"] != 0 or os.geteuid() != 0
    assert psql(s, "SHOW listen_addresses") == "" and psql(s, "SHOW archive_mode") == "off"
    assert psql(s, "SHOW fsync") == "off"
    assert os.stat(s["socket_dir"]).st_mode & 0o77 == 0
    assert os.stat(s["data"]).st_mode & 0o77 == 0
    assert len(s["socket_dir"]) < 90
    assert records(state)[0]["owner"]["pid"] == owner.process.pid
    assert tool(state, "sweep")["removed"] == 0, "its owner lives"
    assert tool(state, "find", s["id"])["conninfo"] == s["conninfo"]
    owner.end()
    assert gone(s) and records(state) == []


def test_primary(state):
    """Stands for a production server: archives, streams, and its settings are in its files."""
    owner = Owner(state, "-p", "-s", "archive_mode=on", "-s", "archive_timeout=1h",
                  "-s", "archive_command=cp %p ../run/'%f'")
    s = owner.sandbox
    assert psql(s, "SHOW wal_segment_size") == "1MB" and psql(s, "SHOW wal_level") == "replica"
    assert psql(s, "SHOW archive_command") == "cp %p ../run/'%f'"
    assert psql(s, "SHOW listen_addresses") == ""
    first = psql(s, "SELECT pg_walfile_name(pg_switch_wal())")
    scratch.wait_for(lambda: os.path.exists(f"{s['socket_dir']}/{first}"), 60, "the segment")
    copy = os.path.join(os.path.dirname(state), "base")
    subprocess.run([s["bin"] + "/pg_basebackup", "-D", copy, "-d", s["conninfo"]], check=True)
    with open(copy + "/postgresql.auto.conf", encoding="utf-8") as f:
        assert f"unix_socket_directories = '{s['socket_dir']}'" in f.read()
    owner.end()
    assert gone(s)


@pytest.mark.skipif(not os.path.exists("/usr/lib/python3/dist-packages/swift/obj/mem_server.py"),
                    reason="Swift is not installed")
def test_s3(state):
    owner = Owner(state, "-k", "s3")
    s = owner.sandbox
    with open(s["data"] + "/credentials", encoding="utf-8") as f:
        keys = dict(line.rstrip().split(" = ") for line in f if " = " in line)
    assert os.stat(s["data"] + "/credentials").st_mode & 0o77 == 0
    client = s3_client.S3Client(s["conninfo"], keys["aws_access_key_id"],
                                keys["aws_secret_access_key"], keys["region"])
    client.create_bucket("bucket")
    client.put("bucket", "a/b c+%é", b"x" * 100000)
    assert client.get("bucket", "a/b c+%é") == b"x" * 100000
    with pytest.raises(s3_client.S3Error):
        s3_client.S3Client(s["conninfo"], keys["aws_access_key_id"], "wrong").get("bucket", "a")
    assert tool(state, "find", s["id"])["conninfo"] == s["conninfo"]
    owner.kill()
    scratch.wait_for(lambda: not alive(s["pid"]), 60, "the server to end")
    assert tool(state, "sweep")["removed"] == 1 and gone(s)


def test_two_at_once(state):
    one, two = Owner(state), Owner(state)
    psql(one.sandbox, "CREATE TABLE only_here (x int)")
    assert psql(two.sandbox, "SELECT to_regclass('only_here') IS NULL") == "t"
    one.end()
    assert gone(one.sandbox) and psql(two.sandbox, "SELECT 1") == "1"
    two.end()
    assert gone(two.sandbox)


def test_killed_owner(state):
    """kill -9: the kernel ends the server at once, the next sweep removes the rest."""
    owner = Owner(state)
    owner.kill()
    scratch.wait_for(lambda: not alive(owner.sandbox["pid"]), 20, "the server to end")
    assert os.path.exists(owner.sandbox["directory"])
    assert tool(state, "sweep")["removed"] == 1
    assert gone(owner.sandbox) and records(state) == []


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7])
def test_killed_while_starting(state, delay, tmp_path):
    """Wherever the owner is killed, one sweep leaves neither process, directory nor record."""
    temporary = scratch.directory()
    os.chmod(temporary, 0o711)
    process = subprocess.Popen([live_tool.path("sandboxtool"), state, "start", "-r", "r-1"],
                               env={**live_tool.ENV, "TMPDIR": temporary},
                               stdout=subprocess.DEVNULL)
    time.sleep(delay)     # not a wait: each delay hits another moment of the start
    process.kill()
    process.wait(30)

    def clean():
        tool(state, "sweep")
        return not records(state)
    scratch.wait_for(clean, 30, "the sweep")
    assert os.listdir(temporary) == []
    # initdb's own helpers end when they notice that it is gone.
    scratch.wait_for(lambda: not users_of(temporary), 10, "initdb's helpers to end")
    scratch.remove(temporary)


def test_killed_while_marking(state):
    """The marker's temporary file is all that there is."""
    s = tool(state, "start", "-r", "r-1")
    record = records(state)[0]
    tool(state, "stop", s["id"])
    os.mkdir(s["directory"])
    with open(s["directory"] + "/lifeboat-sandbox.x7Yz12", "w", encoding="utf-8"):
        pass
    record.pop("server")
    path = os.path.join(state, "sandboxes", s["id"] + ".json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(record, f)
    os.chmod(path, 0o640)
    got = tool(state, "sweep")
    assert got == {"removed": 1} and not os.path.exists(s["directory"]), got


def users_of(directory):
    """Processes that work below it"""
    found = []
    for path in glob.glob("/proc/[0-9]*/cwd"):
        try:
            if os.readlink(path).startswith(directory):
                found.append(path)
        except OSError:
            pass
    return found


def journal(state, run, age=0):
    path = os.path.join(state, "runs", run)
    os.makedirs(path, exist_ok=True)
    path = os.path.join(path, "journal.jsonl")
    with open(path, "w", encoding="utf-8"):
        pass
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_run_owner(state):
    """A sandbox of a run outlives the step that made it, and goes when the run is really over."""
    path = journal(state, "r-7")
    s = tool(state, "start", "-r", "r-7")
    assert psql(s, "SELECT 1") == "1" and tool(state, "sweep")["removed"] == 0
    # Silent for two hours, but its runner holds the journal
    journal(state, "r-7", age=7200)
    with open(path, "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert tool(state, "sweep")["removed"] == 0
    # Interrupted, but it may still be resumed
    journal(state, "r-7", age=3000)
    assert tool(state, "sweep")["removed"] == 0 and psql(s, "SELECT 1") == "1"
    journal(state, "r-7", age=3700)
    assert tool(state, "sweep")["removed"] == 1
    assert gone(s) and records(state) == []


def test_run_without_journal(state):
    s = tool(state, "start", "-r", "r-8")
    assert tool(state, "sweep")["removed"] == 1 and gone(s)


def test_stop_run(state):
    journal(state, "r-1")
    journal(state, "r-2")
    one, two = tool(state, "start", "-r", "r-1"), tool(state, "start", "-r", "r-2")
    tool(state, "stop-run", "r-1")
    assert gone(one) and not gone(two)
    tool(state, "stop-run", "r-2")
    assert gone(two)


def test_kept(state):
    s = tool(state, "start", "-K", "3600")
    assert tool(state, "sweep")["removed"] == 0 and psql(s, "SELECT 1") == "1"
    edit(state, s["id"], owner={"until": "2001-01-01T00:00:00Z"})
    assert tool(state, "sweep")["removed"] == 1 and gone(s)


def edit(state, ident, **fields):
    path = os.path.join(state, "sandboxes", ident + ".json")
    with open(path, encoding="utf-8") as f:
        record = json.load(f)
    record.update(fields)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(record, f)


def test_other_host_is_left_alone(state):
    s = tool(state, "start", "-r", "r-9")
    edit(state, s["id"], host="another-host")
    assert tool(state, "sweep")["removed"] == 0 and psql(s, "SELECT 1") == "1"
    # Old enough to be litter: the record goes, nothing else is touched.
    edit(state, s["id"], created_at="2001-01-01T00:00:00Z")
    with open(os.path.join(state, "sandboxes", s["id"] + ".json"), encoding="utf-8") as f:
        record = f.read()
    assert tool(state, "sweep")["removed"] == 0 and records(state) == []
    assert psql(s, "SELECT 1") == "1"
    path = os.path.join(state, "sandboxes", s["id"] + ".json")
    with open(path, "w", encoding="utf-8") as f:
        f.write(record)
    os.chmod(path, 0o640)


def test_after_a_reboot(state):
    s = tool(state, "start", "-K", "3600")
    os.kill(s["pid"], signal.SIGQUIT)
    scratch.wait_for(lambda: not alive(s["pid"]), 20, "the server to end")
    edit(state, s["id"], boot="00000000-0000-0000-0000-000000000000")
    assert tool(state, "sweep")["removed"] == 1 and gone(s)


@pytest.mark.parametrize("what", ["directory", "start time", "program"])
def test_foreign_process_is_never_killed(state, what):
    """A record whose pid is somebody else's by now, who shares all but one trait with ours"""
    s = tool(state, "start", "-r", "r-1")
    os.kill(s["pid"], signal.SIGQUIT)
    scratch.wait_for(lambda: not alive(s["pid"]), 20, "the server to end")
    bystander = subprocess.Popen(["sleep", "600"],
                                 cwd="/tmp" if what == "directory" else s["data"])
    try:
        with open(f"/proc/{bystander.pid}/stat", encoding="utf-8") as f:
            start = f.read().rsplit(")", 1)[1].split()[19]
        edit(state, s["id"], server={
            "directory": {"pid": bystander.pid, "start": start},
            "start time": {"pid": bystander.pid, "start": "17"},
            "program": None}[what])
        assert tool(state, "sweep")["removed"] == 1
        assert bystander.poll() is None and records(state) == []
    finally:
        bystander.kill()
        bystander.wait()


def test_foreign_directory_is_never_removed(state, tmp_path):
    s = tool(state, "start", "-r", "r-1")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").mkdir()
    (precious / "letter").write_text("dear")
    edit(state, s["id"], directory=str(precious))
    got = tool(state, "sweep")
    assert got["removed"] == 0 and got["error"]["code"] == "unsafe-permissions"
    assert "not touched" in got["error"]["hint"]
    assert (precious / "letter").exists() and (precious / "data").exists()
    # A link to the real one, with the right marker behind it
    link = tmp_path / "link"
    link.symlink_to(s["directory"])
    edit(state, s["id"], directory=str(link))
    assert tool(state, "sweep")["removed"] == 0 and os.path.exists(s["data"])
    # Another sandbox's marker
    (precious / "lifeboat-sandbox").write_text("0123456789ab\n")
    edit(state, s["id"], directory=str(precious))
    assert tool(state, "sweep")["removed"] == 0 and (precious / "letter").exists()
    edit(state, s["id"], directory=s["directory"])
    assert tool(state, "sweep")["removed"] == 1 and gone(s)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_records_of_others_are_not_believed(state, tmp_path):
    """Somebody who may write there must not make root remove or kill."""
    os.makedirs(os.path.join(state, "sandboxes"))
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "lifeboat-sandbox").write_text("abc123\n")
    path = os.path.join(state, "sandboxes", "abc123.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"id": "abc123", "kind": "postgres", "major": 15, "owner": {"run": "r"},
                   "boot": "x", "host": os.uname().nodename, "directory": str(victim),
                   "created_at": "2026-01-01T00:00:00Z"}, f)
    os.chown(path, 65534, 65534)
    assert tool(state, "sweep")["removed"] == 0 and victim.exists()
    assert tool(state, "stop", "abc123")["error"]["code"] == "unsafe-permissions"
    assert victim.exists()
    os.unlink(path)


def test_damaged_records(state):
    directory = os.path.join(state, "sandboxes")
    os.makedirs(directory)
    for name, text in (("a1", ""), ("a2", "{}"), ("a3", "[1]"), ("a4", "\0" * 100),
                       ("a5", '{"id":"a5","directory":"relative","boot":"b","host":"h"}'),
                       ("a6", "x" * 100000)):
        with open(os.path.join(directory, name + ".json"), "w", encoding="utf-8") as f:
            f.write(text)
    got = tool(state, "sweep")
    assert got["removed"] == 0 and got["error"]["code"] == "damaged"
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
    assert tool(state, "sweep") == {"removed": 0}
    assert tool(state, "find", "../../etc/passwd")["error"]["code"] == "not-found"
    assert tool(state, "stop", "nothing") == {}


def test_server_that_does_not_start(state):
    got = tool(state, "start", "-s", "max_connections=0")
    assert got["error"]["code"] == "unreachable"
    assert "Its log ends:" in got["error"]["message"]
    assert "max_connections" in got["error"]["message"]
    assert records(state) == []
    got = tool(state, "start", "-t", "1")
    assert got["error"]["code"] == "timeout" and records(state) == []


def test_version_that_is_not_there(state):
    got = tool(state, "start", "-m", "9")
    assert got["error"]["code"] == "tool-missing" and "PostgreSQL 9" in got["error"]["message"]
    assert records(state) == []


def test_long_temporary_directory(state):
    """A Unix socket's path may have 107 bytes: /tmp it is, then."""
    long = os.path.join(scratch.directory(), "x" * 90)
    os.mkdir(long)
    s = tool(state, "start", "-r", "r-1", env={"TMPDIR": long})
    assert s["directory"].startswith("/tmp/lifeboat-")
    tool(state, "stop", s["id"])


def test_directory_of_choice(state):
    base = scratch.directory()
    os.chmod(base, 0o711)
    place = os.path.join(base, "here")
    s = tool(state, "start", "-r", "r-1", "-d", place)
    assert s["directory"] == place and psql(s, "SELECT 1") == "1"
    got = tool(state, "start", "-r", "r-1", "-d", place)
    assert got["error"]["code"] == "refused" and psql(s, "SELECT 1") == "1"
    tool(state, "stop", s["id"])
    assert gone(s) and os.listdir(base) == []
    got = tool(state, "start", "-d", os.path.join(base, "x" * 100))
    assert got["error"]["code"] == "limit"
    assert records(state) == []
    if os.geteuid() == 0:
        os.chmod(base, 0o700)
        got = tool(state, "start", "-d", place)
        assert got["error"]["code"] == "unsafe-permissions" and records(state) == []


def test_physical_backup(state, postgres_factory):
    """A data directory out of a backup, whose own configuration must not count."""
    server = postgres_factory(settings={"wal_level": "replica"})
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS x")
    copy = os.path.join(server.scratch, "base")
    server.run("pg_basebackup", "-D", copy, "-X", "stream", "-c", "fast")
    with open(os.path.join(copy, "postgresql.conf"), "a", encoding="utf-8") as f:
        f.write("shared_preload_libraries = 'not_there'\nssl = on\n"
                "hba_file = '/nonexistent'\nlisten_addresses = '*'\n")
    with open(os.path.join(copy, "postgresql.auto.conf"), "w", encoding="utf-8") as f:
        f.write("archive_mode = on\narchive_command = 'false'\nlisten_addresses = '*'\n"
                "primary_conninfo = 'host=production'\n")
    s = tool(state, "start", "-r", "r-1", "-c", copy + "/.")
    assert psql(s, "SELECT count(*) FROM t") == "1000"
    assert psql(s, "SHOW archive_mode") == "off" and psql(s, "SHOW listen_addresses") == ""
    assert psql(s, "SHOW primary_conninfo") == ""
    tool(state, "stop", s["id"])
    assert gone(s)


def test_redis(state, redis_server):
    redis_server.cli("SET", "greeting", "hello")
    dump = redis_server.save()
    owner = Owner(state, "-k", "redis", "-c", dump)
    s = owner.sandbox
    assert redis(s, "GET", "greeting") == "hello"
    assert redis(s, "CONFIG", "GET", "port").splitlines() == ["port", "0"]
    assert os.stat(f"/proc/{s['pid']}").st_uid == s["uid"]
    owner.end()
    assert gone(s)


def test_redis_killed_owner(state):
    owner = Owner(state, "-k", "redis")
    owner.kill()
    scratch.wait_for(lambda: not alive(owner.sandbox["pid"]), 20, "the server to end")
    assert tool(state, "sweep")["removed"] == 1 and gone(owner.sandbox)


def test_redis_that_does_not_start(state, tmp_path):
    rdb = tmp_path / "dump.rdb"
    rdb.write_bytes(b"REDIS0010 this is not one")
    got = tool(state, "start", "-k", "redis", "-c", rdb)
    assert got["error"]["code"] == "unreachable" and records(state) == []
    assert "Its log ends:" in got["error"]["message"]


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_as_plain_user(kind):
    """The same without root: own user, own state, killed and swept."""
    user = pwd.getpwnam("nobody")
    home = scratch.directory(user)
    state = os.path.join(home, "state")
    # The build may lie where this user can't go.
    program = os.path.join(home, "sandboxtool")
    subprocess.run(["cp", live_tool.path("sandboxtool"), program], check=True)
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(*args):
        done = subprocess.run([program, state, *args], env=live_tool.ENV, text=True, check=True,
                              capture_output=True, **identity)
        return json.loads(done.stdout)
    process = subprocess.Popen([program, state, "start", "-w", "-k", kind], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=live_tool.ENV, **identity)
    s = json.loads(process.stdout.readline())
    assert s["uid"] == user.pw_uid
    if kind == "postgresql":
        assert psql(s, "SELECT 1") == "1"
    assert re.fullmatch(r"/tmp/lifeboat-[0-9a-f]{12}", s["directory"])
    process.kill()
    process.wait(30)
    scratch.wait_for(lambda: not alive(s["pid"]), 20, "the server to end")
    assert run("sweep")["removed"] == 1
    assert gone(s)
    s = run("start", "-k", kind, "-r", "r-1")
    assert run("stop", s["id"]) == {} and gone(s)
    process.stdin.close()
    process.stdout.close()
    scratch.remove(home)
