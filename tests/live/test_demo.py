"""lifeboat demo: the flight simulator, played through, killed, and looked at closely."""
import fcntl
import glob
import os
import pty
import pwd
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

import lifeboat
import scratch

# The demo's S3 server; without it the copies off the site are left out.
OFFSITE = os.path.exists("/usr/lib/python3/dist-packages/swift/obj/mem_server.py")
TABLES = ["organizations", "users", "subscriptions", "content_jobs", "content_artifacts",
          "alembic_version"]


class World:
    """A demo with a temporary directory of its own, so that what it leaves can be seen."""

    def __init__(self, boat):
        self.boat = boat
        self.tmp = scratch.directory()
        os.chmod(self.tmp, 0o711)
        self.env = {"TMPDIR": self.tmp}

    def run(self, *args, **kwargs):
        return self.boat.run("demo", *args, env=self.env, **kwargs)

    def popen(self, *args, **kwargs):
        return self.boat.popen("demo", *args, env=self.env, **kwargs)

    def processes(self):
        """Whatever works in there, or was started for it"""
        found = []
        for path in glob.glob("/proc/[0-9]*"):
            try:
                with open(path + "/cmdline", "rb") as f:
                    command = f.read()
                with open(path + "/environ", "rb") as f:
                    environ = f.read()
            except OSError:
                continue
            mark = self.tmp.encode()
            if path != f"/proc/{os.getpid()}" and (mark in command or mark in environ):
                found.append((path, command))
        return found

    def left(self):
        return os.listdir(self.tmp), glob.glob(self.boat.state + "/sandboxes/*.json")

    def clean(self):
        return self.left() == ([], []) and not self.processes()


@pytest.fixture
def world(boat):
    made = World(boat)
    yield made
    for path in glob.glob(made.tmp + "/*/"):
        made.run("--remove", path)
    scratch.remove(made.tmp)


def counts(text, when):
    line = re.search(rf"^{when} *: (.*)$", text, re.M).group(1)
    return dict(re.findall(r"(\w+) (\w+)", line))


@pytest.mark.seconds(300)
@pytest.mark.parametrize("disaster, hurt", [
    ("drop-table", {"content_jobs": "GONE"}),
    ("wrong-delete", {"users": None, "content_jobs": None, "content_artifacts": None})])
def test_played_through(world, disaster, hurt):
    done = world.run("--disaster", disaster, status=0)
    before, after, now = (counts(done.out, when) for when in ("before", "after", "now"))
    assert list(before) == TABLES and before == now != after
    for table in TABLES:
        if table not in hurt:
            assert after[table] == before[table]
        elif hurt[table] is not None:
            assert after[table] == hurt[table]
        else:
            assert int(after[table]) < int(before[table]) / 2
    digests = re.findall(r"digest of all rows (\w+)", done.out)
    assert len(digests) == 3 and digests[0] == digests[2] != digests[1]
    assert done.out.count("daily-dump") >= 2, "the board, before and after"
    assert "Every row is back." in done.out and "Everything was removed." in done.out
    assert world.clean(), (world.left(), world.processes())


@pytest.mark.seconds(300)
def test_drop_table_by_recovery_to_a_moment(kept):
    """The story by commands: which transaction did it, the database just before it, paused, beside
    production, and the one table back into a production that went on meanwhile."""
    world, place, _ = kept
    boat, sandboxes = world.boat, sorted(glob.glob(place + "/state/sandboxes/*"))
    env = {**world.env, "LIFEBOAT_STATE": place + "/state", "LIFEBOAT_SITE": place + "/site.yaml"}
    digest = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM content_jobs t"
    before = sql(place, digest)
    sql(place, "DROP TABLE content_jobs CASCADE")
    sql(place, "UPDATE users SET full_name = 'after the accident' WHERE id = (SELECT min(id) "
               "FROM users)")
    at = sql(place, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    switch = subprocess.run(["psql", "-XAtq", "-d", f"host={place}/run user=postgres dbname=aragora",
                             "-c", "SELECT pg_walfile_name(pg_switch_wal())"],
                            capture_output=True, text=True, check=True).stdout.strip()
    scratch.wait_for(lambda: os.path.exists(f"{place}/backup/postgresql/wal/{switch}"), 60,
                     "the accident in the archive")
    found = boat.run("moment", "aragora-db", "--around", at, "--table", "content_jobs", "--format",
                     "json", env=env, status=0).json()
    drop = found["transactions"][-1]
    assert [(a["action"], a["table"], a["database"]) for a in drop["actions"]] == [
        ("drop", "content_jobs", "aragora")]
    done = boat.run("run", "postgres/restore-pitr", "--unattended", "--set",
                    f"moment={drop['moment']}", "--set", "database=aragora", "--set",
                    "production=app-db", "--set", "query=SELECT count(*) FROM content_jobs",
                    env=env, status=0, timeout=240)
    run = re.search(r"run ([0-9a-z-]+): done", done.out).group(1)
    with open(f"{place}/state/runs/{run}/output/compare.1.out", encoding="utf-8") as f:
        assert "-public.content_jobs 9000" in f.read()
    boat.run("run", "postgres/extract-table", "--unattended", "--set", f"moment={drop['moment']}",
             "--set", "database=aragora", "--set", "table=content_jobs", "--set", "target=app-db",
             "--confirm", "copy=app-db", env=env, status=0, timeout=240)
    assert sql(place, digest) == before
    assert sql(place, "SELECT count(*) FROM users WHERE full_name = 'after the accident'") == "1"
    assert sql(place, "SELECT count(*) > 0 FROM organization_usage") == "t"
    assert sorted(glob.glob(place + "/state/sandboxes/*")) == sandboxes


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One demo that stays, before its accident is undone: (World, directory, output)."""
    boat = lifeboat.Lifeboat(tmp_path_factory.mktemp("kept"))
    world = World(boat)
    place = os.path.join(world.tmp, "here")
    done = world.run("--keep", "--directory", place, status=0)
    yield world, place, done.out
    world.run("--remove", place, status=0)
    assert world.clean()
    scratch.remove(world.tmp)


def sql(place, text):
    done = subprocess.run(
        ["psql", "-XAtq", "-d", f"host={place}/run user=aragora dbname=aragora", "-c", text],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_history_is_believable(kept):
    _, place, _ = kept
    dumps = sorted(glob.glob(place + "/backup/postgresql/daily/*.dump"))
    assert len(dumps) == 13
    times = []
    for path in dumps:
        stamp = re.fullmatch(r"aragora_(\d{8}_020000)\.dump", os.path.basename(path)).group(1)
        at = time.mktime(time.strptime(stamp + " UTC", "%Y%m%d_%H%M%S %Z")) - time.timezone
        times.append(at)
        assert 0 < os.path.getmtime(path) - at < 600
        assert 0 < os.path.getmtime(path + ".sha256") - at < 600
        with open(path + "-globals.sql", encoding="utf-8") as f:
            assert "CREATE ROLE aragora_readonly;" in f.read()
        subprocess.run(["sha256sum", "--check", "--quiet", path + ".sha256"], check=True,
                       cwd=os.path.dirname(path))
        listing = subprocess.run(["pg_restore", "--list", path], capture_output=True, text=True,
                                 check=True).stdout
        assert "dbname: aragora" in listing and "TABLE DATA public users" in listing
    assert times == sorted(times) and 0 < time.time() - times[-1] < 26 * 3600
    assert times[-1] - times[0] > 60 * 86400 and times[-1] - times[-7] == 6 * 86400
    sizes = [os.path.getsize(path) for path in dumps]
    assert sizes == sorted(sizes) and sizes[0] > 200000


def test_database_is_believable(kept):
    _, place, out = kept
    assert "Every row is back." in out
    assert int(sql(place, "SELECT count(*) FROM users")) == 2500
    assert int(sql(place, "SELECT count(*) FROM content_artifacts")) == 16000
    assert int(sql(place, "SELECT count(DISTINCT full_name) FROM users")) > 1000
    assert sql(place, "SELECT count(*) FROM users WHERE email !~ '^[a-z.]+[0-9]+@[a-z]+.example$'"
               ) == "0"
    assert int(sql(place, "SELECT count(*) FROM users WHERE full_name LIKE '%O''%'")) > 0
    assert sql(place, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == "4"
    assert int(sql(place, "SELECT sum(jobs) FROM organization_usage")) == 9000
    assert int(sql(place, "SELECT last_value FROM invoice_number_seq")) > 20001
    comment = sql(place, "SELECT obj_description('content_jobs'::regclass)")
    assert '"jobs\\README"' in comment and "\tDON'T" in comment and "é中" in comment
    newest = sql(place, "SELECT extract(epoch FROM max(created_at))::bigint FROM content_jobs")
    assert 0 <= time.time() - int(newest) < 27 * 3600
    assert sql(place, "SELECT version_num FROM alembic_version") == "8d41f0a6c2be"
    # Old dumps hold less: restored, the oldest shows a younger company.
    oldest = min(glob.glob(place + "/backup/postgresql/daily/*.dump"))
    data = subprocess.run(["pg_restore", "-f", "-", "-a", "-t", "users", oldest], text=True,
                          capture_output=True, check=True).stdout
    assert 1000 < data.count("@") < 2400


def test_site_is_usable(kept):
    world, place, _ = kept
    env = {"LIFEBOAT_STATE": place + "/state"}
    world.boat.run("lint", place + "/site.yaml", env=env, status=0)
    runs = os.listdir(place + "/state/runs")
    assert len(runs) >= 2, "the proof and the restore, and what was played in it since"


def board_of(world, place, *args):
    env = {"LIFEBOAT_STATE": place + "/state", **world.env}
    done = world.boat.run("board", "--site", place + "/site.yaml", "--format", "json", *args,
                          env=env, status=1)
    return done.json(), {f"{s['asset']}/{s['set']}": s for s in done.json()["sets"]}


def test_board(kept):
    """Every kind of backup, each verdict, and copies that a real S3 server holds."""
    world, place, _ = kept
    board, sets = board_of(world, place, "--refresh")
    assert board["verdict"] == "breach"
    assert {name: s["verdict"] for name, s in sets.items()} == {
        "aragora-db/daily-dump": "ok", "aragora-db/base": "ok", "aragora-db/wal": "ok",
        "cache/rdb": "ok", "configuration/etc": "late", "statistics-db/nightly": "breach",
        "knowledge-graph/dump": "unknown"}
    assert {s["type"] for s in sets.values()} >= {"pg_dump", "pg_basebackup", "wal", "redis_rdb"}
    assert sets["aragora-db/daily-dump"]["proven"]["level"] == "restored"
    assert sets["cache/rdb"]["newest"]["time_from"] == "inside"
    assert sets["aragora-db/base"]["newest"]["time_from"] == "inside"
    if OFFSITE:
        for name in ("daily-dump", "base"):
            copy, = sets["aragora-db/" + name]["copies"]
            assert (copy["location"], copy["verdict"], copy["lag_s"]) == ("offsite", "ok", 0)
            assert copy["present"] > 0 and copy["missing"] == copy["different"] == 0


def test_archive_and_base(kept):
    """Recovery is possible from the base backup to what was committed after it."""
    world, place, _ = kept
    env = {"LIFEBOAT_STATE": place + "/state", **world.env}
    window = world.boat.run("window", "aragora-db", "--site", place + "/site.yaml", "--format",
                            "json", env=env, status=0).json()
    assert window["segment_bytes"] == 1 << 20 and window["gaps"] == []
    assert window["windows"][0]["latest_is"] == "last_commit"
    assert not glob.glob(place + "/backup/postgresql/wal/.*.part")
    base, = glob.glob(place + "/backup/postgresql/base/base_*")
    assert set(os.listdir(base)) == {"base.tar.gz", "pg_wal.tar.gz", "backup_manifest"}
    for path in (base, *glob.glob(place + "/backup/redis/*.rdb")):
        done = world.boat.run("verify", path, "--level", "intact", "--format", "json",
                              env=env, status=0)
        assert done.json()["result"] == "pass"


@pytest.mark.skipif(os.geteuid() != 0 or not OFFSITE, reason="hides servers by a mount")
@pytest.mark.seconds(300)
def test_without_swift_and_redis(world):
    """Servers that are not installed: a sentence each, and a board without them."""
    hide = ("mount -t tmpfs none /usr/lib/python3/dist-packages/swift && "
            "mount --bind /dev/null \"$(readlink -f /usr/bin/redis-server)\" && exec \"$@\"")
    argv = ["unshare", "--mount", "sh", "-c", hide, "sh"]
    if subprocess.run([*argv, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespaces here")
    done = subprocess.run([*argv, lifeboat.binary(), "demo"], stdin=subprocess.DEVNULL, text=True,
                          env={**world.boat.env, **world.env}, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "copies off the site are left out: Swift" in done.stdout
    assert "apt-get install python3-swift" in done.stdout and "offsite" not in done.stdout
    assert "The cache is left out: " in done.stdout and "rdb" not in done.stdout
    assert "Every row is back." in done.stdout
    assert world.clean(), (world.left(), world.processes())


def test_kept_demo_is_left_alone(kept):
    world, place, _ = kept
    world.boat.run("runbooks", env=world.env)
    assert sql(place, "SELECT 1") == "1"
    done = world.run("--directory", place, status=3)
    assert "not an empty directory" in done.err


@pytest.mark.seconds(300)
@pytest.mark.parametrize("sig, until", [
    (signal.SIGINT, "Living through"), (signal.SIGTERM, "Taking"),
    (signal.SIGHUP, "== The restore"), (signal.SIGINT, " recover: running")])
def test_interrupted(world, sig, until):
    process = world.popen(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if until in line:
            break
    process.send_signal(sig)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, (out, err)
    assert world.clean(), (world.left(), world.processes())


@pytest.mark.seconds(300)
@pytest.mark.parametrize("delay", [0.02, 1.5, 3.5, 5.8, 8.0])
def test_killed_and_swept(world, delay):
    """kill -9 anywhere: the next command, whatever it is, removes everything."""
    process = world.popen(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    time.sleep(delay)     # not a wait: each delay hits another moment
    process.kill()
    process.wait(10)

    def clean():
        world.boat.run("runbooks", env=world.env)
        return world.clean()
    scratch.wait_for(clean, 40, "everything to be gone")


def test_rows_that_do_not_come_back(world):
    """A restore that only says so: exit status 1."""
    share = os.path.join(world.tmp, "share")
    shutil.copytree(os.path.join(lifeboat.TREE, "runbooks"), share + "/runbooks")
    with open(share + "/runbooks/postgres/restore-dump.yaml", "w", encoding="utf-8") as f:
        f.write("""
schema: 1
id: restore-dump
title: Pretends
parameters: {target: {type: target}, backup: {type: backup, of: pg_dump}}
steps:
  - {id: stop-writes, title: x, kind: manual, instruction: x}
  - {id: restore, title: x, kind: command, effect: read, run: ["true"],
     confirm: {type: "{{target.name}}"}}
  - {id: resume-writes, title: x, kind: manual, instruction: x}
""")
    world.env["LIFEBOAT_SHARE"] = share
    done = world.run("--disaster", "wrong-delete", status=1)
    assert "not back" in done.err and "Everything was removed." in done.out
    shutil.rmtree(share)
    assert world.clean()


def test_bad_usage(world):
    assert "drop-table" in world.run("--disaster", "meteor", status=2).err
    assert "--keep" in world.run("--remove", world.tmp, status=2).err
    assert world.clean()


class Terminal:
    """The demo on a pty of 80x24."""

    def __init__(self, world):
        argv = [lifeboat.binary(), "demo"]
        self.text = ""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
                os.execve(argv[0], argv, {**world.boat.env, **world.env})
            finally:
                os._exit(127)

    def read(self, wait=0.0):
        while select.select([self.fd], [], [], wait)[0]:
            try:
                self.text += os.read(self.fd, 65536).decode("utf-8", "replace")
            except OSError:
                return
            wait = 0

    def expect(self, what):
        deadline = time.monotonic() + 60
        while what not in self.text:
            assert time.monotonic() < deadline, self.text
            self.read(0.5)

    def ended(self):
        if self.fd >= 0:
            self.read()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        self.status = status
        return pid == self.pid

    def close(self):
        os.close(self.fd)
        self.fd = -1


def leave(terminal):
    """The demo goes with the console, so that is asked first. Keys come one by one: a dialog
    takes none that follows another at once."""
    terminal.expect("The demo ends")
    for key in [b"\t", b" "] * 20:
        os.write(terminal.fd, key)
        pause = time.monotonic() + 0.4
        while time.monotonic() < pause:
            terminal.read(0.1)
        if "Everything was removed." in terminal.text:
            return


@pytest.mark.seconds(300)
@pytest.mark.parametrize("how", ["ctrl-c before", "console and q", "console and close"])
def test_on_a_terminal(world, how):
    """Whoever leaves it leaves nothing; whoever loses the terminal finds all of it again."""
    terminal = Terminal(world)
    terminal.expect("Press Enter to open the console.")
    assert "DROP TABLE content_jobs" in terminal.text and "5/5" not in terminal.text
    if "console" in how:
        os.write(terminal.fd, b"\r")
        terminal.expect("daily-dump")
        terminal.expect("why BREACH")
    if "close" in how:
        terminal.close()
    else:
        os.write(terminal.fd, b"q" if "console" in how else b"\x03")
        if "console" in how:
            leave(terminal)
    scratch.wait_for(terminal.ended, 40, "the demo to end")
    if "close" in how:
        (place,) = glob.glob(world.tmp + "/*/")
        env = {k: place + v for k, v in (("LIFEBOAT_STATE", "state"), ("LIFEBOAT_SITE", "site.yaml"))}
        assert sql(place, "SELECT count(*) FROM users") == "2500"
        assert "daily-dump" in world.boat.run("board", env=env).out
        world.boat.run("demo", "--remove", place, env=env, status=0)
    if "q" in how.split():
        assert os.WEXITSTATUS(terminal.status) == 0
        assert "not back as they were" in terminal.text
        assert "Everything was removed." in terminal.text
    if terminal.fd >= 0:
        terminal.close()
    assert world.clean(), (world.left(), world.processes())


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.seconds(300)
def test_as_plain_user():
    user = pwd.getpwnam("nobody")
    home = scratch.directory(user)
    # The build may lie where this user can't go.
    shutil.copy(lifeboat.binary(), home + "/lifeboat")
    shutil.copytree(os.path.join(lifeboat.TREE, "runbooks"), home + "/share/runbooks")
    env = {**lifeboat.Lifeboat(home).env, "LIFEBOAT_SHARE": home + "/share", "TMPDIR": home}
    done = subprocess.run([home + "/lifeboat", "demo"], env=env, cwd=home, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=100,
                          user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every row is back." in done.stdout
    assert glob.glob(home + "/lifeboat-*") == []
    scratch.remove(home)
