"""DESIGN.md section 6: the JSON contract of board, backups and show, field by field, on a site
with every type of set and each verdict; times, ids, nulls, words and exit statuses."""
import hashlib
import io
import json
import os
import re
import struct
import tarfile
import time

import pytest

from backup_site import DAY, Site, dump_header, rfc3339, stamp

TYPES = ["pg_dump", "pg_basebackup", "wal", "pgbackrest", "barman", "redis_rdb", "redis_aof",
         "neo4j", "velero", "object_sync", "files"]
VERDICTS = ("ok", "late", "breach", "unknown")


# --- a small language for what a value must be ----------------------------------------------------

def text(value):
    assert isinstance(value, str) and value


def count(value):
    assert type(value) is int and value >= 0


def when(value):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), value


def one_of(*words):
    def check(value):
        assert value in words
    return check


def maybe(check):
    return lambda value: value is None or fits(value, check)


def list_of(check):
    def check_all(value):
        assert isinstance(value, list)
        for item in value:
            fits(item, check)
    return check_all


def fits(value, what):
    """A table names what must be there; more may be (fields are only ever added)."""
    if not isinstance(what, dict):
        return what(value)
    assert isinstance(value, dict), value
    for name, check in what.items():
        assert name in value, f"{name} is missing in {value}"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        try:
            fits(value[name], check)
        except AssertionError as e:
            raise AssertionError(f"{name}: {value[name]!r} {e}") from e
    return None


PROVEN = {"level": one_of("seen", "intact", "restored"),
          "result": one_of("pass", "fail", "unknown"), "at": when, "backup": text}
SET = {
    "asset": text, "set": text, "type": one_of(*TYPES), "verdict": one_of(*VERDICTS),
    "reasons": list_of(text),
    "newest": maybe({"id": text, "name": text, "uri": text, "finished_at": when,
                     "time_from": one_of("inside", "name", "mtime"), "size_bytes": count}),
    "age_s": maybe(count), "rpo_s": count, "rto_s": maybe(count), "next_due_at": maybe(when),
    "observed_at": maybe(when),
    "copies": list_of({"location": text, "verdict": one_of(*VERDICTS), "lag_s": maybe(count)}),
    "proven": maybe(PROVEN),
    "last_restore": maybe({"mode": one_of("live", "drill", "sandbox"), "seconds": count,
                           "at": when})}
BOARD = {"site": text, "generated_at": when, "verdict": one_of(*VERDICTS), "sets": list_of(SET)}
BACKUP = {"id": text, "asset": text, "set": text, "type": one_of(*TYPES), "name": text,
          "uri": text, "location": text, "finished_at": when,
          "time_from": one_of("inside", "name", "mtime"), "size_bytes": count,
          "verdict": one_of(*VERDICTS), "proven": maybe(PROVEN)}


# --- a site with everything -----------------------------------------------------------------------

def rdb(at):
    return (b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x05ctime\xc2" + struct.pack("<I", int(at))
            + b"\xff" + bytes(8))


def segment(number, size=1 << 20):
    """The first page of a segment of PostgreSQL 15, and nothing (FACTS.md section 1)."""
    head = struct.pack("<HHIQIxxxxQII", 0xD110, 2, 1, number * size, 0, 7, size, 8192)
    return head.ljust(size, b"\0")


MANIFEST = """{ "PostgreSQL-Backup-Manifest-Version": 1,
"Files": [
{ "Path": "PG_VERSION", "Size": 3, "Last-Modified": "2026-11-20 02:00:00 GMT", \
"Checksum-Algorithm": "CRC32C", "Checksum": "64440205" }
],
"WAL-Ranges": [
{ "Timeline": 1, "Start-LSN": "0/200028", "End-LSN": "0/200100" }
],
"Manifest-Checksum": "%s"}
"""


def manifest():
    lines = MANIFEST.split("\n")
    head = "\n".join(lines[:-2]) + "\n"
    return (head + lines[-2] % hashlib.sha256(head.encode()).hexdigest() + "\n").encode()


def base_tar(at):
    out = io.BytesIO()
    label = ("START WAL LOCATION: 0/200028 (file 000000010000000000000002)\n"
             "CHECKPOINT LOCATION: 0/200060\nBACKUP METHOD: streamed\nBACKUP FROM: primary\n"
             f"START TIME: {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(at))}\n"
             "LABEL: b1\nSTART TIMELINE: 1\n").encode()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in (("backup_label", label), ("PG_VERSION", b"15\n")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def barman_info(at):
    t = time.strftime("%Y-%m-%d %H:%M:%S+00:00", time.gmtime(at))
    return (f"begin_time={t}\nend_time={t}\nstatus=DONE\nbegin_wal=000000010000000000000002\n"
            "end_wal=000000010000000000000002\nbegin_xlog=0/2000028\nend_xlog=0/2000100\n"
            "timeline=1\nsize=1000\nsystemid=7\nversion=150000\nxlog_segment_size=16777216\n"
            "mode=postgres\n").encode()


def fill(site):
    """One set of each type; those that can't be made without their tool stay empty."""
    now = time.time()
    site.set("dump", path="pg/app_{time:%Y%m%d_%H%M%S}.dump", rto="4h", schedule="0 * * * *",
             rpo="30d", copies=[{"location": "off", "path": "copy/", "within": "1h"}])
    name = f"app_{stamp(20)}.dump"
    for place in ("pg/", "copy/"):
        site.file(place + name, dump_header(now - 20), age=15)
    site.set("base", type="pg_basebackup", path="base", rpo="8d")
    site.file("base/b1/base.tar.gz", base_tar(now - 65), age=60)
    site.file("base/b1/backup_manifest", manifest(), age=50)
    site.set("wal", type="wal", path="wal", rpo="5m")
    for n in (2, 3):
        site.file(f"wal/{'%08X%08X%08X' % (1, 0, n)}", segment(n), age=10)
    site.set("backrest", type="pgbackrest", path="backrest", rpo="8d")
    os.makedirs(site.root + "/backrest")
    site.set("barman", type="barman", path="barman/main", rpo="8d")
    site.file("barman/main/base/20261120T020000/backup.info", barman_info(now - 100))
    site.set("rdb", type="redis_rdb", path="redis/*.rdb", rpo="6h")
    site.file("redis/dump.rdb", rdb(now - 600), age=590)
    site.set("aof", type="redis_aof", path="aof", rpo="6h")
    site.file("aof/appendonly.aof.1.base.rdb", rdb(now - 600), age=60)
    site.file("aof/appendonly.aof.1.incr.aof", b"", age=60)
    site.file("aof/appendonly.aof.manifest",
              b"file appendonly.aof.1.base.rdb seq 1 type b\n"
              b"file appendonly.aof.1.incr.aof seq 1 type i\n", age=60)
    site.set("graph", type="neo4j", path="neo4j", rpo="1d")
    site.file("neo4j/neo4j.dump", b"DZV1" + bytes(600), age=2 * DAY)      # breach
    site.set("cluster", type="velero", location="cluster", rpo="1d")       # unknown
    site.set("artifacts", type="object_sync", path="mlflow/run_{time:%Y%m%d}", rpo="3d")
    site.file(f"mlflow/run_{time.strftime('%Y%m%d', time.gmtime(now))}/a/b.bin", b"x" * 10)
    site.set("etc", type="files", path="etc/etc_{time:%Y%m%d_%H%M%S}.tar.gz", rpo="9d",
             schedule="0 3 * * *")
    site.file(f"etc/etc_{stamp(4 * DAY)}.tar.gz", b"\x1f\x8b" + bytes(30), age=4 * DAY)  # late
    site.write(extra={"locations": {
        "local": {"directory": site.root}, "off": {"directory": site.root},
        "cluster": {"kubernetes": {"context": "none", "namespace": "velero",
                                   "kubeconfig": "/nonexistent"}}}})


@pytest.fixture
def site(boat):
    it = Site(boat)
    fill(it)
    return it


def test_board(site):
    began = int(time.time())
    done = site.boat.run("board", "--refresh", "--format", "json", status=1)
    board = done.json()
    fits(board, BOARD)
    assert began <= int(time.mktime(time.strptime(
        board["generated_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone) <= time.time()
    assert board["site"] == "aragora" and board["verdict"] == "breach"
    rows = {s["set"]: s for s in board["sets"]}
    assert sorted(s["type"] for s in board["sets"]) == sorted(TYPES)
    assert {s["verdict"] for s in board["sets"]} == set(VERDICTS), rows
    for row in board["sets"]:
        assert row["reasons"], "why, always"
        if row["newest"] is not None:
            assert row["newest"]["id"] == f"db/{row['set']}/{row['newest']['name']}"
            assert row["newest"]["uri"].startswith(site.root + "/")
            assert os.path.exists(row["newest"]["uri"])
            assert row["age_s"] is not None
    order = {"breach": 0, "unknown": 1, "late": 2, "ok": 3}
    ranks = [order[s["verdict"]] for s in board["sets"]]
    assert ranks == sorted(ranks), "worst first"
    # Everything that can be null is null somewhere, and something somewhere.
    for field in ("newest", "age_s", "rto_s", "next_due_at", "observed_at"):
        assert {row[field] is None for row in board["sets"]} == {True, False}, field
    assert rows["dump"]["copies"][0] == {**rows["dump"]["copies"][0], "location": "off",
                                         "verdict": "ok", "lag_s": 0}
    assert (rows["dump"]["rpo_s"], rows["dump"]["rto_s"]) == (30 * DAY, 14400)
    assert rows["dump"]["next_due_at"][14:] == "00:00Z"
    assert {n: rows[n]["newest"]["time_from"] for n in ("dump", "base", "wal", "barman", "rdb",
                                                        "graph", "etc")} == {
        "dump": "inside", "base": "inside", "wal": "mtime", "barman": "inside", "rdb": "inside",
        "graph": "mtime", "etc": "name"}


def test_backups(site):
    site.boat.run("collect")
    done = site.boat.run("backups", "--format", "json", status=0)
    rows = done.json()
    fits(rows, list_of(BACKUP))
    assert rows == site.boat.run("backups", "--format", "jsonl", status=0).lines()
    for row in rows:
        assert row["id"] == f"{row['asset']}/{row['set']}/{row['name']}"
        shown = site.boat.run("show", row["id"], "--format", "json", status=0).json()
        assert {k: shown[k] for k in row} == row, "show says the same and more"
    assert {r["type"] for r in rows} == set(TYPES) - {"pgbackrest", "velero"}
    some = site.boat.run("backups", "db/dump", "--format", "json", status=0).json()
    assert [r["set"] for r in some] == ["dump"] and some[0]["location"] == "local"
    assert site.boat.run("backups", "db", "--format", "json", status=0).json() == rows
    assert site.boat.run("backups", "none", "--format", "json", status=2).out == ""
    assert site.boat.run("show", "db/dump/none", "--format", "json", status=2).out == ""


def test_proofs(site):
    """What verify finds out is on the board, in both forms."""
    site.boat.run("collect")
    id_ = site.boat.run("backups", "db/dump", "--format", "json").json()[0]["id"]
    assert site.board(refresh=False)[1]["db/dump"]["proven"] is None
    site.boat.run("verify", id_, "--level", "seen", status=0)
    site.boat.run("verify", "db/graph/neo4j.dump", "--level", "intact")
    board, rows = site.board(refresh=False)
    fits(board, BOARD)
    assert rows["db/dump"]["proven"] == {**rows["db/dump"]["proven"], "level": "seen",
                                         "result": "pass", "backup": id_}
    row = site.boat.run("backups", "db/dump", "--format", "json").json()[0]
    assert row["proven"] == rows["db/dump"]["proven"]
    assert rows["db/graph"]["proven"]["result"] in ("fail", "unknown")


@pytest.mark.parametrize("verdict, status, nagios, word", [
    ("ok", 0, 0, "OK"), ("late", 1, 1, "WARNING"), ("breach", 1, 2, "CRITICAL"),
    ("unknown", 2, 3, "UNKNOWN")])
def test_exit_statuses(boat, verdict, status, nagios, word):
    site = Site(boat)
    keep = {"ok": "dump", "late": "etc", "breach": "graph", "unknown": "cluster"}[verdict]
    fill(site)
    site.sets = {keep: site.sets[keep]}
    boat.write("site.yaml", json.dumps({
        "site": "aragora", "assets": {"db": {"sets": site.sets}},
        "locations": {"local": {"directory": site.root}, "off": {"directory": site.root},
                      "cluster": {"kubernetes": {"kubeconfig": "/nonexistent"}}}}))
    board = boat.run("board", "--refresh", "--format", "json", status=status).json()
    assert board["verdict"] == verdict
    assert boat.run("board", status=status).out.startswith("aragora")
    done = boat.run("board", "--nagios", status=nagios)
    assert re.fullmatch(rf"LIFEBOAT {word} - aragora: \d+ breach, \d+ unknown, \d+ late, \d+ ok \| "
                        r"breach=\d+ unknown=\d+ late=\d+ ok=\d+", done.out.splitlines()[0])
    assert len(done.out.splitlines()) == (1 if verdict == "ok" else 2)


def test_nothing_to_find_out_with(boat):
    """Usage, configuration, a catalog that can't be had: 2, and 3 for Nagios."""
    assert boat.run("board", "--format", "xml", status=2).out == ""
    boat.write("site.yaml", "site: [")
    assert boat.run("board", "--format", "json", status=2).out == ""
    assert "site.yaml" in boat.run("board", "--nagios", status=3).err


def test_numbers_of_the_board_are_what_they_say(site):
    """Sizes in bytes, ages in seconds, of a backup whose every fact is known."""
    rows = {r["set"]: r for r in site.boat.run("backups", "--refresh", "--format", "json").json()}
    header = dump_header(0)
    assert rows["dump"]["size_bytes"] == len(header)
    assert rows["artifacts"]["size_bytes"] == 10 and rows["rdb"]["size_bytes"] == len(rdb(0))
    path = os.path.join(site.root, "redis/dump.rdb")
    with open(path, "rb") as f:
        at = struct.unpack("<I", f.read().split(b"ctime\xc2")[1][:4])[0]
    assert rows["rdb"]["finished_at"] == rfc3339(at)
    assert rows["rdb"]["uri"] == path
