"""collect, board, backups, show over directories: verdicts, times, the cache and what spoils it."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import scratch
from backup_site import DAY, Site, dump_header, rfc3339, stamp

@pytest.fixture
def site(boat):
    return Site(boat)


PATTERN = "pg/app_{time:%Y%m%d_%H%M%S}.dump"


def test_ok(site):
    site.set("dump", path=PATTERN, rto="4h")
    name = f"app_{stamp(3600)}.dump"
    site.file("pg/" + name, size=1234, age=3590)
    site.file(f"pg/app_{stamp(90000)}.dump", age=90000)
    board, rows = site.board(status=0)
    assert board["site"] == "aragora" and board["verdict"] == "ok"
    row = rows["db/dump"]
    assert row["type"] == "pg_dump" and row["verdict"] == "ok"
    assert row["newest"] == {
        "id": f"db/dump/{name}", "name": name, "uri": os.path.join(site.root, "pg", name),
        "finished_at": rfc3339(time.mktime(time.strptime(name[4:19], "%Y%m%d_%H%M%S"))
                               - time.timezone),
        "time_from": "name", "size_bytes": 1234}
    assert 3600 <= row["age_s"] <= 3660
    assert (row["rpo_s"], row["rto_s"]) == (86400, 14400)
    assert row["copies"] == [] and row["proven"] is None and row["last_restore"] is None
    assert row["count"] == 2 and row["total_bytes"] == 1334
    assert row["next_due_at"] is None
    assert abs(time.time() - time.mktime(time.strptime(row["observed_at"], "%Y-%m-%dT%H:%M:%SZ"))
               + time.timezone) < 60


def test_breach_of_age(site):
    site.set("dump", path=PATTERN)
    site.file(f"pg/app_{stamp(2 * DAY)}.dump", age=2 * DAY)
    board, rows = site.board(status=1)
    assert board["verdict"] == rows["db/dump"]["verdict"] == "breach"
    assert "2d old, more than the RPO of 24h" in rows["db/dump"]["reasons"][0].replace("48h", "2d")


def test_empty_set(site):
    site.set("dump", path=PATTERN)
    os.makedirs(os.path.join(site.root, "pg"))
    row = site.row(status=1)
    assert row["verdict"] == "breach" and row["newest"] is None and row["age_s"] is None
    assert row["reasons"] == ["There is no backup at all."]


def test_missing_directory_is_unknown(site):
    site.set("dump", path=PATTERN)
    row = site.row(status=2)
    assert row["verdict"] == "unknown" and "could not be read" in row["reasons"][0]
    assert row["observed_at"] is None


def test_lost_location_keeps_last_known_facts(site):    # F60
    site.set("dump", path=PATTERN)
    site.file(f"pg/app_{stamp(3600)}.dump", age=3600)
    before = site.row(status=0)
    os.rename(site.root, site.root + ".away")
    row = site.row(status=2)
    assert row["verdict"] == "unknown"
    assert row["newest"] == before["newest"] and row["observed_at"] == before["observed_at"]
    assert "could not be read" in row["reasons"][0] and "last seen" in row["reasons"][1]
    listed = site.boat.run("backups", "--format", "json", status=0).json()
    assert len(listed) == 1
    os.rename(site.root + ".away", site.root)
    assert site.row(status=0)["verdict"] == "ok"


def test_worst_verdict_and_nagios(site):
    site.set("good", path="a/")
    site.set("old", path="b/")
    site.set("lost", path="c/")
    site.file("a/x.dump", age=60)
    site.file("b/x.dump", age=2 * DAY)
    board, rows = site.board(status=1)
    assert [rows[f"db/{n}"]["verdict"] for n in ("good", "old", "lost")] == \
        ["ok", "breach", "unknown"]
    # a certain breach is not hidden by what is unknown; the worst come first
    assert board["verdict"] == "breach"
    assert [s["verdict"] for s in board["sets"]] == ["breach", "unknown", "ok"]
    done = site.boat.run("board", "--nagios", status=2)
    assert done.out.startswith("LIFEBOAT CRITICAL - aragora: 1 breach, 1 unknown, 0 late, 1 ok | ")
    del site.sets["old"]
    site.write()
    site.board(status=2)
    assert site.boat.run("board", "--nagios", status=3).out.startswith("LIFEBOAT UNKNOWN")
    del site.sets["lost"]
    site.write()
    site.board(status=0)
    assert site.boat.run("board", "--nagios", status=0).out.startswith("LIFEBOAT OK")


def test_site_file_decides_the_objectives_of_a_cached_board(site):
    site.set("dump", path="pg/", rpo="24h")
    site.file("pg/x.dump", age=3600)
    assert site.row(status=0)["verdict"] == "ok"
    site.set("dump", path="pg/", rpo="30m")
    assert site.row(status=1, refresh=False)["verdict"] == "breach"
    # Another path: what was seen elsewhere does not count.
    site.set("dump", path="other/", rpo="24h")
    row = site.row(status=2, refresh=False)
    assert row["verdict"] == "unknown" and row["newest"] is None


def test_times_come_from_inside_name_or_mtime(site):
    made = time.time() - 7200
    site.set("dump", path="pg/")
    site.file("pg/custom.dump", dump_header(made) + b"x" * 100, age=7000)
    site.file("pg/newer.dump", dump_header(made + 60, version=(1, 15)), age=6900)
    site.file("pg/plain.sql", b"-- PostgreSQL database dump\n", age=8000)
    site.file("pg/impossible.dump", dump_header(time.time() - 10), age=9000)
    site.file("pg/garbage.dump", b"PGDMP\1\x0e\0\4\x08\1" + b"\xff" * 30, age=9500)
    rows = {b["name"]: b for b in site.boat.run("backups", "--format", "json", status=0).json()}
    assert rows["custom.dump"]["time_from"] == rows["newer.dump"]["time_from"] == "inside"
    assert rows["custom.dump"]["finished_at"] == rfc3339(made)
    assert rows["plain.sql"]["time_from"] == "mtime"
    # A header that claims a time after the file was last written can't be right.
    assert rows["impossible.dump"]["time_from"] == "mtime"
    assert rows["garbage.dump"]["time_from"] == "mtime"
    shown = site.boat.run("show", "db/dump/custom.dump", "--format", "json", status=0).json()
    assert shown["detail"]["database"] == "app" and shown["detail"]["format"] == "custom"
    text = site.boat.run("show", "db/dump/custom.dump", status=0).out
    assert "from inside" in text and "app" in text


def test_day_in_name_is_made_exact_by_mtime(site):
    site.set("dump", path="pg/app_{time:%Y%m%d}.sql", rpo="30d")
    age = time.time() % DAY + DAY / 2  # noon yesterday
    site.file(f"pg/app_{time.strftime('%Y%m%d', time.gmtime(time.time() - age))}.sql", age=age)
    site.file(f"pg/app_{time.strftime('%Y%m%d', time.gmtime(time.time() - 5 * DAY))}.sql")
    first, second = site.boat.run("backups", "--format", "json", status=0).json()
    assert first["time_from"] == "mtime" and first["finished_at"] == rfc3339(time.time() - age)
    assert second["time_from"] == "name" and second["finished_at"].endswith("T00:00:00Z")


def test_companions_are_no_backups(site):
    site.set("dump", path="pg/")
    site.file("pg/x.dump")
    for name in ("x.dump.sha256", "x.dump.md5", "x.dump.json", "y.dump.partial", "z.tmp",
                 ".hidden", "x-globals.sql"):
        site.file("pg/" + name)
    assert [b["name"] for b in site.boat.run("backups", "--format", "json").json()] == ["x.dump"]


def test_directory_dump(site):
    site.set("dump", path="pg/")
    made = time.time() - 600
    site.file("pg/full/toc.dat", dump_header(made), age=500)
    site.file("pg/full/3012.dat.gz", b"y" * 5000, age=550)
    site.file("pg/unfinished/3012.dat.gz", b"y" * 5000)
    site.file("pg/other/readme", b"y")
    one, = site.boat.run("backups", "--format", "json", status=0).json()
    assert one["name"] == "full" and one["time_from"] == "inside"
    assert one["finished_at"] == rfc3339(made)
    assert one["size_bytes"] == 5000 + len(dump_header(made))


def test_being_written_is_not_newest(site):
    site.set("dump", path="pg/")
    site.file("pg/old.dump", age=3600)
    path = os.path.join(site.root, "pg/new.dump")
    with open(path, "wb") as f:
        assert site.row(status=0)["newest"]["name"] == "old.dump"  # empty, but open
        f.write(b"-- half of it")
        f.flush()
        row = site.row(status=0)
        assert row["newest"]["name"] == "old.dump"
        new = next(b for b in site.boat.run("backups", "--format", "json").json()
                   if b["name"] == "new.dump")
        assert new["verdict"] == "unknown" and "written" in new["reason"]
    assert site.row(status=0)["newest"]["name"] == "new.dump"


def test_empty_files_and_minimum_size(site):
    site.set("dump", path="pg/", minimum_size="1KiB")
    site.file("pg/good.dump", size=2000, age=3600)
    site.file("pg/small.dump", size=100, age=1800)
    site.file("pg/empty.dump", b"", age=900)
    board, rows = site.board(status=1)
    row = rows["db/dump"]
    assert board["verdict"] == "late" and row["newest"]["name"] == "good.dump"
    listed = {b["name"]: b for b in site.boat.run("backups", "--format", "json").json()}
    assert listed["small.dump"]["verdict"] == "breach"
    assert "less than the minimum of 1.0 KiB" in listed["small.dump"]["reason"]
    assert listed["empty.dump"]["verdict"] == "breach"
    assert "not good. It is empty." in row["reasons"][0]
    os.unlink(os.path.join(site.root, "pg/good.dump"))
    row = site.row(status=1)
    assert row["verdict"] == "breach" and "no good backup" in row["reasons"][0]


@pytest.mark.parametrize("type_", ["pg_dump", "redis_rdb", "neo4j"])
def test_what_a_failed_download_leaves(site, type_):
    """An error page under the name of a backup is none; what is only unknown may be encrypted."""
    site.set("set", type=type_, path="x")
    site.file("x/old", b"-----BEGIN PGP MESSAGE-----\n", age=7200)
    assert site.row("db/set", status=0)["newest"]["name"] == "old"
    for text in (b"\n<!DOCTYPE html><html>", b'{"error": "not found"}', b"<?xml version='1.0'?>"):
        site.file("x/new", text, age=60)
        row = site.row("db/set", status=1)
        assert row["verdict"] == "late" and row["newest"]["name"] == "old"
        assert "begins like a web page" in row["reasons"][0]


def test_backup_from_the_future(site):    # F60
    site.set("dump", path=PATTERN)
    site.file(f"pg/app_{stamp(3600)}.dump", age=3600)
    site.file(f"pg/app_{stamp(-3 * 3600)}.dump", age=60)
    row = site.row(status=2)
    assert row["verdict"] == "unknown" and "in the future" in row["reasons"][0]
    assert row["age_s"] >= 3600


def test_formats_and_selection(site):
    site.set("one", path="a/")
    site.set("two", path="b/")
    for i in range(3):
        site.file(f"a/{i}.dump", age=60 + i)
        site.file(f"b/{i}.dump", age=60 + i)
    assert len(site.boat.run("backups", "--format", "json", status=0).json()) == 6
    rows = site.boat.run("backups", "db/two", "--format", "jsonl", status=0).lines()
    assert [r["name"] for r in rows] == ["0.dump", "1.dump", "2.dump"]  # newest first
    assert set(rows[0]) >= {"id", "asset", "set", "type", "name", "uri", "location",
                            "finished_at", "time_from", "size_bytes", "verdict", "proven"}
    assert len(site.boat.run("backups", "db", "--limit", "4", "--format", "jsonl").lines()) == 4
    assert "db/one/0.dump" in site.boat.run("backups", status=0).out
    assert "no asset or set" in site.boat.run("backups", "db/three", status=2).err
    assert "no backup" in site.boat.run("show", "db/one/x", status=2).err
    assert "not the id" in site.boat.run("show", "db/one", status=2).err
    assert "no format" in site.boat.run("board", "--format", "xml", status=2).err


def test_no_backups_as_json(site):
    site.set("one", path="a/")
    os.makedirs(os.path.join(site.root, "a"))
    assert site.boat.run("backups", "--format", "json", status=0).json() == []
    assert site.boat.run("backups", "--format", "jsonl", status=0).out == ""


def test_hostile_names(site):
    site.set("dump", path="pg/")
    names = ["a\x1b[31mred.dump", "b\nnewline.dump", "c\u202egpj.dump", "d e+f%g=h.dump"]
    for name in names:
        site.file("pg/" + name, age=60)
    site.file(b"pg/e\xff.dump".decode("utf-8", "surrogateescape"), age=61)
    out = site.boat.run("backups", status=0).out
    assert "\x1b" not in out and "\u202e" not in out and "\\x1b[31mred" in out
    assert len(out.splitlines()) == 6
    listed = site.boat.run("backups", "--format", "json", status=0).json()
    assert set(names) <= {b["name"] for b in listed} and len(listed) == 5
    for name in names:
        site.boat.run("show", "db/dump/" + name, status=0)


def test_board_collects_first_when_there_is_no_catalog(site):
    site.set("dump", path="pg/")
    site.file("pg/x.dump", age=60)
    assert site.row(status=0, refresh=False)["verdict"] == "ok"
    site.file("pg/y.dump", age=10)
    assert site.row(status=0, refresh=False)["newest"]["name"] == "x.dump"  # the cache
    site.boat.run("collect", status=0)
    assert site.row(status=0, refresh=False)["newest"]["name"] == "y.dump"


def test_collect_one_set(site):
    site.set("one", path="a/")
    site.set("two", path="b/")
    site.file("a/x.dump", age=60)
    site.file("b/x.dump", age=60)
    site.boat.run("collect", status=0)
    site.file("a/y.dump", age=10)
    site.file("b/y.dump", age=10)
    site.boat.run("collect", "db/two", status=0)
    _, rows = site.board(refresh=False)
    assert rows["db/one"]["newest"]["name"] == "x.dump"
    assert rows["db/two"]["newest"]["name"] == "y.dump"
    assert "no set" in site.boat.run("collect", "db/three", status=2).err


def test_stale_catalog_is_unknown(site):    # F60
    site.set("dump", path="pg/")
    site.write(extra={"catalog": {"stale_after": "1s"}})
    site.file("pg/x.dump", age=60)
    site.boat.run("collect", status=0)

    def stale():
        return site.row(refresh=False)["verdict"] == "unknown"
    scratch.wait_for(stale, 60, "the facts to become stale")
    row = site.row(refresh=False, status=2)
    assert "nothing refreshes the catalog" in row["reasons"][0]
    assert row["newest"]["name"] == "x.dump"  # last known, and when it was seen
    assert site.row(refresh=True)["verdict"] == "ok"


def summary(site):
    return os.path.join(site.boat.state, "catalog", "summary")


@pytest.mark.parametrize("spoil", ["garbage", "truncated", "flipped", "empty", "version"])
def test_damaged_catalog_is_thrown_away_with_a_sentence(site, spoil):
    site.set("dump", path="pg/")
    site.file("pg/x.dump", age=60)
    site.boat.run("collect", status=0)
    with open(summary(site), "rb") as f:
        data = f.read()
    bad = {"garbage": b"\0\1\2garbage", "truncated": data[:-20], "empty": b"",
           "flipped": data[:200] + bytes([data[200] ^ 1]) + data[201:],
           "version": data.replace(b"lifeboat-catalog 1 ", b"lifeboat-catalog 9 ")}[spoil]
    with open(summary(site), "wb") as f:
        f.write(bad)
    done = site.boat.run("board", status=0)
    assert "not a catalog of this version" in done.err and "x.dump" not in done.err
    assert "thrown away" not in site.boat.run("board", status=0).err


def test_catalog_of_another_site(site):
    site.set("dump", path="pg/")
    site.file("pg/x.dump", age=60)
    site.boat.run("collect", status=0)
    site.write(name="other")
    done = site.boat.run("board", "--format", "json", status=0)
    assert 'of the site "aragora", not of "other"' in done.err
    assert done.json()["site"] == "other"


def test_damaged_listing(site):
    site.set("dump", path="pg/")
    for i in range(3):
        site.file(f"pg/{i}.dump", age=60)
    site.boat.run("collect", status=0)
    directory = os.path.join(site.boat.state, "catalog")
    for name in os.listdir(directory):
        if name.endswith(".list"):
            with open(os.path.join(directory, name), "r+b") as f:
                f.truncate(100)
    assert "lifeboat collect" in site.boat.run("backups", status=1).err
    site.boat.run("board", status=0)  # the summary is enough
    site.boat.run("collect", status=0)
    site.boat.run("backups", status=0)


def test_old_listings_do_not_pile_up(site):
    site.set("dump", path="pg/")
    site.file("pg/x.dump", age=60)
    for _ in range(5):
        site.boat.run("collect", status=0)
    lists = [n for n in os.listdir(os.path.join(site.boat.state, "catalog"))
             if n.endswith(".list")]
    assert 1 <= len(lists) <= 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_second_user_with_the_catalog_and_nothing_else(site):
    site.set("dump", path="pg/", prove={"level": "intact"})
    site.file("pg/x.dump", dump_header(time.time() - 60), age=60)
    site.boat.run("collect", status=0)
    site.boat.run("verify", "db/dump/x.dump", "--level", "seen", status=0)
    site.boat.run("collect", status=0)
    nobody = scratch.unprivileged("nobody")
    home = scratch.directory(nobody)
    state = os.path.join(scratch.directory(), "state")
    shutil.copytree(site.boat.state, state)
    os.chmod(os.path.dirname(state), 0o711)
    os.chmod(state, 0o711)
    os.chmod(os.path.join(state, "catalog"), 0o755)
    os.makedirs(os.path.join(state, "proofs"), exist_ok=True)
    os.chmod(os.path.join(state, "proofs"), 0o700)
    binary = os.path.join(home, "lifeboat")
    shutil.copy(site.boat.argv()[0], binary)
    os.chmod(binary, 0o755)

    def run(*args):
        return subprocess.run([binary, *args], env={"LIFEBOAT_STATE": state, "HOME": home,
                                                    "PATH": "/usr/bin:/bin"},
                              user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], cwd="/",
                              capture_output=True, text=True, check=False)
    done = run("board", "--format", "json")
    assert done.returncode == 1, done  # not proven as far as is wanted: late
    row = json.loads(done.stdout)["sets"][0]
    assert row["newest"]["name"] == "x.dump" and row["verdict"] == "late"
    assert row["proven"]["level"] == "seen", "what was proven until then lies in the catalog"
    assert run("backups").returncode == 0
    assert "site file" in run("board", "--refresh").stderr


def test_a_reader_that_hangs_costs_one_row(site):
    """F60: the reader of one set is stopped, as a hung mount would stop it; the others go on."""
    site.set("good", path="a/")
    site.set("hung", path="b/")
    site.file("a/x.dump", age=60)
    for i in range(20000):
        os.makedirs(os.path.join(site.root, "b"), exist_ok=True)
        with open(os.path.join(site.root, f"b/{i}.dump"), "w", encoding="ascii") as f:
            f.write("x")
    site.write(extra={"locations": {"local": {"directory": site.root, "timeout": "1s"}}})
    collector = site.boat.popen("collect", stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def reader():       # ours: others may run the same test
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    argv = f.read().split(b"\0")
            except OSError:
                continue
            if f"--site={site.boat.site}".encode() in argv and b"db/hung" in argv:
                return int(pid)
        return None
    pid = scratch.wait_for(reader, 60, "the reader")
    os.kill(pid, signal.SIGSTOP)
    started = time.monotonic()
    try:
        out, err = collector.communicate(timeout=60)
    finally:
        if os.path.exists(f"/proc/{pid}"):
            os.kill(pid, signal.SIGKILL)
    assert collector.returncode == 2, (out, err)
    assert time.monotonic() - started < 30
    _, rows = site.board(refresh=False, status=2)
    assert rows["db/good"]["verdict"] == "ok"
    assert rows["db/hung"]["verdict"] == "unknown"
    assert "no sign of life" in rows["db/hung"]["reasons"][0]
    assert not os.path.exists(f"/proc/{pid}")


def test_two_collectors_at_once(site):
    site.set("dump", path="pg/")
    site.file("pg/x.dump", age=60)
    running = [site.boat.popen("collect", stdout=subprocess.PIPE) for _ in range(4)]
    assert [p.wait(60) for p in running] == [0, 0, 0, 0]
    for p in running:
        p.stdout.close()
    assert site.row(refresh=False, status=0)["verdict"] == "ok"


def test_watch(site):
    site.set("dump", path="pg/")
    site.write(extra={"catalog": {"refresh": "1s"}})
    site.file("pg/x.dump", age=60)
    watcher = site.boat.popen("collect", "--watch", stdout=subprocess.DEVNULL)
    try:
        scratch.wait_for(lambda: os.path.exists(summary(site)), 20, "the first round")
        site.file("pg/y.dump", age=10)
        scratch.wait_for(lambda: site.row(refresh=False)["newest"]["name"] == "y.dump", 20,
                         "the next round")
    finally:
        watcher.kill()
        watcher.wait()


def test_wrong_site_file(site):
    site.set("dump", path="pg/x_{time:%Q}")
    assert "%Q is not known" in site.boat.run("collect", status=2).err
    site.set("dump", path="pg/", location="locl")
    assert 'Did you mean "local"?' in site.boat.run("board", status=2).err


def test_time_zone_of_names_and_headers(site):
    site.set("dump", path="pg/app_{time:%Y%m%d_%H%M%S}.sql", rpo="400d", time_zone="Asia/Tokyo")
    site.file("pg/app_20260701_090000.sql", age=0)
    made = time.time() - 7200
    site.file("pg/app_20260601_090000.sql", dump_header(made + 9 * 3600), age=7000)
    rows = {b["name"]: b for b in site.boat.run("backups", "--format", "json").json()}
    assert rows["app_20260701_090000.sql"]["finished_at"] == "2026-07-01T00:00:00Z"
    assert rows["app_20260601_090000.sql"]["finished_at"] == rfc3339(made)
    site.set("dump", path="pg/", time_zone="Mars/Olympus")
    assert 'no time zone "Mars/Olympus"' in site.boat.run("board", status=2).err


def test_schedule_gives_next_due_and_missed_runs(site):
    site.set("dump", path="pg/", rpo="30d", schedule="0 * * * *")
    site.file("pg/x.dump", age=3 * 3600)
    row = site.row(status=1)
    assert row["verdict"] == "late" and 2 <= row["missed_runs"] <= 3
    due = (time.time() - 3 * 3600) // 3600 * 3600 + 3600
    assert row["next_due_at"] == rfc3339(due)
    site.file("pg/y.dump", age=1)
    row = site.row(status=0)
    assert row["missed_runs"] == 0 and row["next_due_at"] == rfc3339(
        (time.time() - 1) // 3600 * 3600 + 3600)
    site.set("dump", path="pg/", schedule="0 25 * * *")
    assert "the hour is wrong" in site.boat.run("board", status=2).err


def test_unusual_size(site):
    site.set("dump", path="pg/", rpo="30d")
    for i in range(10):
        site.file(f"pg/{i}.dump", size=10000 + i, age=DAY * (i + 2))
    site.file("pg/new.dump", size=1000, age=60)
    row = site.row(status=1)
    assert row["verdict"] == "late" and "unusually small" in row["reasons"][0]
