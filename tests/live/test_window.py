"""`lifeboat window` beside a record of what was committed when, and beside real recoveries."""
import gzip
import os
import shutil
import time

import pytest

import wal_cluster
from wal_cluster import copy_archive, lsn, micros, pack, rfc, site, window

HOUR_AGO = time.time() - 3600


@pytest.fixture(scope="module", params=[1, 16], ids=["1MB", "16MB"])
def cluster(request):
    """Two base backups, commits before, between and behind them in many segments."""
    c = wal_cluster.WalCluster(request.param)
    c.segment_mb = request.param
    c.commit("before")
    c.switch()
    c.base_backup("one")
    for i in range(6):
        c.commit(f"a{i}")
        c.switch()
    c.base_backup("two", "-Fp")
    for i in range(6):
        c.commit(f"b{i}")
        c.commit(f"b{i}x")
        c.switch()
    yield c
    c.remove()


def test_windows_are_what_was_committed(boat, cluster):
    site(boat, cluster)
    w = window(boat)
    assert w["asset"] == "db" and w["verdict"] == "ok"
    assert w["segment_bytes"] == cluster.segment_mb << 20
    assert w["system_identifier"] == cluster.sql("SELECT system_identifier FROM pg_control_system()")
    assert w["gaps"] == w["damaged"] == w["missing_history"] == w["in_flight"] == []
    by_name = {x["base_backup"]: x for x in w["windows"]}
    assert set(by_name) == {"one", "two"}
    last = cluster.record[-1]
    record = {c.label: c for c in cluster.record}
    for name, before, after in (("one", "before", "a0"), ("two", "a5", "b0")):
        x = by_name[name]
        assert (x["timeline"], x["latest_is"]) == (1, "last_commit")
        assert (x["latest"], x["latest_xid"]) == (rfc(last.at), last.xid)
        # The label gives whole seconds; what was committed before the backup's end is exact.
        assert record[before].at <= micros(x["earliest"]) < record[after].at
    assert by_name["one"]["base_backup_id"] == "db/base/one"
    text = boat.run("window", "db", status=0).out
    assert "RECOVERY WINDOWS" in text and "base/two" in text and "ok: nothing is missing" in text


@pytest.mark.seconds(300)
@pytest.mark.parametrize("label", ["a3", "b2x", "b5x"])
def test_restores_before_at_and_after_a_commit(boat, cluster, label):
    site(boat, cluster)
    commit = next(c for c in cluster.record if c.label == label)
    index = cluster.record.index(commit)
    known = [c.label for c in cluster.record]
    for name, at, expected in (("before", commit.at - 1, known[:index]),
                               ("at", commit.at, known[:index + 1]),
                               ("after", commit.at + 1, known[:index + 1])):
        last = index == len(known) - 1
        if last and name == "after":
            # Behind the last commit the archive tells of nothing more.
            answer = window(boat, "--at", rfc(at), status=1)["at"]
            assert (answer["reachable"], answer["reach"]) == (False, "behind")
            assert answer["before"]["at"] == rfc(commit.at) and answer["after"] is None
            continue
        answer = window(boat, "--at", rfc(at))["at"]
        assert answer["reachable"] is True
        assert answer["base_backup"] == ("one" if label == "a3" else "two")
        assert answer["last_commit"]["at"] == rfc(cluster.record[len(expected) - 1].at)
        if last and name == "at":
            assert answer["stops_before"] is None and "recovery_target_lsn" in answer["target"]
        else:
            assert answer["stops_before"]["xid"] == cluster.record[len(expected)].xid
        base = os.path.join(cluster.bases, answer["base_backup"])
        server = cluster.restore_target(base, f"{label}-{name}", answer["target"])
        assert cluster.labels(server) == set(expected)
        assert lsn(server.sql("SELECT pg_last_wal_replay_lsn()")) >= lsn(answer["replay"]["to_lsn"])
        server.stop()


def test_the_forecast_follows_the_rate(boat, cluster):
    site(boat, cluster)
    at = rfc(cluster.record[-2].at)
    replay = window(boat, "--at", at, "--rate", "64kB")["at"]["replay"]
    assert replay["rate_from"] == "given" and replay["bytes_per_second"] == 64000
    assert replay["seconds"] == -(-replay["bytes"] // 64000)
    assert replay["bytes"] == lsn(replay["to_lsn"]) - lsn(replay["from_lsn"])
    assert window(boat, "--at", at)["at"]["replay"]["rate_from"] == "assumed"


def test_moments_outside(boat, cluster):
    site(boat, cluster)
    first, w = cluster.record[0], window(boat)
    answer = window(boat, "--at", rfc(first.at - 10**9), status=1)["at"]
    assert answer["reach"] == "before_all" and answer["before"] is None
    assert answer["after"]["at"] == min(x["earliest"] for x in w["windows"])
    answer = window(boat, "--at", "2999-01-01T00:00:00Z", status=1)["at"]
    assert answer["reach"] == "future"
    for bad in ("yesterday", "2026-11-20 14:00:00", "14:00Z"):
        done = boat.run("window", "db", "--at", bad, status=2)
        assert "not a time with a zone" in done.err


def test_a_gap_is_named_and_splits_the_windows(boat, cluster, tmp_path):
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    record = {c.label: c for c in cluster.record}
    segments = cluster.segments()
    # Take out what holds a2 to a4: three neighbours.
    gone = segments_of(cluster, "a2", "a4")
    assert len(gone) == 3
    for name in gone:
        os.unlink(archive / name)
    w = window(boat, status=1)
    assert w["verdict"] == "breach"
    assert w["gaps"] == [{"timeline": 1, "from": gone[0], "to": gone[-1], "count": 3}]
    one, two = sorted(w["windows"], key=lambda x: x["base_backup"])
    assert (one["latest"], one["broken"]) == (rfc(record["a1"].at), True)
    assert (two["latest"], two["broken"]) == (rfc(cluster.record[-1].at), False)
    answer = window(boat, "--at", rfc(record["a3"].at), status=1)["at"]
    assert answer["reach"] == "in_gap" and answer["why"]
    assert answer["before"]["at"] == rfc(record["a1"].at)
    assert answer["after"]["at"] == two["earliest"]
    text = boat.run("window", "db", "--at", rfc(record["a3"].at), status=1).out
    assert gone[0] in text and gone[-1] in text and "can not be reached" in text
    # The moment that it names instead can really be reached.
    answer = window(boat, "--at", answer["before"]["at"])["at"]
    server = cluster.restore_target(os.path.join(cluster.bases, "one"), "gap", answer["target"],
                                    archive=archive)
    assert cluster.labels(server) == {"before", "a0", "a1"}
    server.stop()
    assert segments == cluster.segments()


def segments_of(cluster, first, last):
    """The segments that hold the commits from one label to another."""
    labels = [c.label for c in cluster.record]
    size = cluster.segment_mb << 20
    names = []
    for commit in cluster.record[labels.index(first):labels.index(last) + 1]:
        per_log = (1 << 32) // size
        number = (lsn(commit.lsn) - 1) // size
        name = f"00000001{number // per_log:08X}{number % per_log:08X}"
        if name not in names:
            names.append(name)
    return names


def test_the_first_segment_behind_a_backup_counts(boat, cluster, tmp_path):
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    start = next(b for b in window(boat)["backups"] if b["name"] == "one")
    first = segment_at(cluster, start["start_lsn"])
    os.unlink(archive / first)
    w = window(boat, status=0)
    # "two" is whole, and what lies before the oldest usable backup is no alarm ...
    assert [x["base_backup"] for x in w["windows"]] == ["two"] and w["gaps"] == []
    bad = next(b for b in w["backups"] if b["name"] == "one")
    assert not bad["usable"] and first in bad["why"]
    # ... but with no other backup it is the first thing missing.
    shutil.rmtree(tmp_path / "only", ignore_errors=True)
    shutil.copytree(os.path.join(cluster.bases, "one"), tmp_path / "only" / "one")
    site(boat, cluster, archive)
    boat.write("site.yaml", open(boat.site).read().replace(cluster.bases, str(tmp_path / "only")))
    w = window(boat, status=1)
    assert w["windows"] == [] and w["gaps"][0]["from"] == w["gaps"][0]["to"] == first


def segment_at(cluster, position):
    size = cluster.segment_mb << 20
    number = lsn(position) // size
    per_log = (1 << 32) // size
    return f"00000001{number // per_log:08X}{number % per_log:08X}"


def test_holes_before_the_oldest_backup_and_at_the_tail(boat, cluster, tmp_path):
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    segments = cluster.segments()
    os.unlink(archive / segments[0])
    assert window(boat)["gaps"] == []
    # A hole that may still be filled: near the newest, which came a moment ago.
    os.unlink(archive / segments[-2])
    os.utime(archive / segments[-1])
    w = window(boat)
    assert w["gaps"] == [] and w["verdict"] == "ok"
    assert [(g["from"], g["count"]) for g in w["in_flight"]] == [(segments[-2], 1)]
    os.utime(archive / segments[-1], (HOUR_AGO, HOUR_AGO))
    w = window(boat, status=1)
    assert [g["from"] for g in w["gaps"]] == [segments[-2]] and w["in_flight"] == []


def test_damaged_short_and_foreign_segments(boat, cluster, tmp_path, postgres_factory):
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    record = {c.label: c for c in cluster.record}
    short, foreign, misnamed = (segments_of(cluster, x, x)[0] for x in ("b1", "b2", "b3"))
    os.truncate(archive / short, 100000)
    stranger = wal_cluster.WalCluster(cluster.segment_mb)
    try:
        stranger.commit("x")
        shutil.copy(os.path.join(stranger.archive, stranger.switch()), archive / foreign)
    finally:
        stranger.remove()
    shutil.copy(archive / segments_of(cluster, "b4", "b4")[0], archive / misnamed)
    w = window(boat, status=1)
    why = {d["file"]: d["why"] for d in w["damaged"]}
    assert set(why) == {short, foreign, misnamed}
    assert "100000" in why[short] and "another system" in why[foreign]
    assert "not what its name says" in why[misnamed]
    two = next(x for x in w["windows"] if x["base_backup"] == "two")
    assert two["latest"] == rfc(record["b0x"].at) and two["broken"]


def test_a_flipped_bit_in_the_last_segments(boat, cluster, tmp_path):
    """Found by the checksum of the record when the end of the run is read."""
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    record = {c.label: c for c in cluster.record}
    last = archive / segments_of(cluster, "b5", "b5")[0]
    with open(last, "r+b") as f:
        data = f.read()
        # The label lies in the record of its insert.
        at = data.index(b"b5x")
        f.seek(at)
        f.write(b"X")
    w = window(boat, status=1)
    assert [d["file"] for d in w["damaged"]] == [last.name] and "checksum" in w["damaged"][0]["why"]
    assert {x["latest"] for x in w["windows"]} == {rfc(record["b5"].at)}


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".lz4", ".zst"])
def test_compressed_archives(boat, cluster, tmp_path, suffix):
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    expected = window(boat)
    for name in cluster.segments():
        data = (archive / name).read_bytes()
        pack(data, archive / (name + suffix))
        os.unlink(archive / name)
    packed = window(boat)
    assert packed["windows"] == expected["windows"] and packed["verdict"] == "ok"
    # Both forms of one segment: it is there twice, and nothing is wrong.
    shutil.copy(os.path.join(cluster.archive, cluster.segments()[3]), archive)
    w = window(boat)
    assert w["archives"][0]["duplicates"] == 1 and w["verdict"] == "ok"
    # Cut short in the middle of the compressed data.
    victim = archive / (cluster.segments()[-1] + suffix)
    os.truncate(victim, victim.stat().st_size * 2 // 3)
    w = window(boat, status=1)
    assert len(w["damaged"]) == 1 and w["damaged"][0]["file"] == cluster.segments()[-1]


def test_tidy_subdirectories(boat, cluster, tmp_path):
    """Barman's layout: a directory for each 16 digits, and compression that no name tells of."""
    archive = copy_archive(cluster, tmp_path)
    site(boat, cluster, archive)
    expected = window(boat)["windows"]
    for name in cluster.segments():
        os.makedirs(archive / name[:16], exist_ok=True)
        (archive / name[:16] / name).write_bytes(gzip.compress((archive / name).read_bytes(), 1))
        os.unlink(archive / name)
    w = window(boat)
    assert w["windows"] == expected and w["verdict"] == "ok"


def test_without_a_site_file(boat, cluster):
    done = boat.run("window", "--wal", cluster.archive, "--base", cluster.bases, "--format", "json",
                    status=0)
    assert {x["base_backup"] for x in done.json()["windows"]} == {"one", "two"}
    one = os.path.join(cluster.bases, "one")
    w = boat.run("window", "--wal", cluster.archive, "--base", one, "--format", "json",
                 status=0).json()
    assert [x["base_backup"] for x in w["windows"]] == ["one"]
    # An archive alone: is it whole?
    w = boat.run("window", "--wal", cluster.archive, "--format", "json", status=0).json()
    assert w["windows"] == [] and w["verdict"] == "ok"
    assert "where its WAL is" in boat.run("window", status=2).err


def test_bad_input(boat, cluster, tmp_path):
    site(boat, cluster)
    assert 'no asset "nonsense"' in boat.run("window", "nonsense", status=2).err
    empty = tmp_path / "empty"
    empty.mkdir()
    site(boat, cluster, empty)
    w = window(boat, status=1)
    assert w["windows"] == [] and w["verdict"] == "breach" and w["segment_bytes"] is None
    site(boat, cluster, tmp_path / "missing")
    assert "No such file" in boat.run("window", "db", status=2).err
    garbage = tmp_path / "garbage"
    garbage.mkdir()
    (garbage / "000000010000000000000001").write_bytes(b"nothing of WAL" * 1000)
    site(boat, cluster, garbage)
    done = boat.run("window", "db", status=2)
    assert "tells the size of segments" in done.err
    (garbage / "000000010000000000000001").write_bytes(b"Salted__" + os.urandom(5000))
    assert "encrypted" in boat.run("window", "db", status=2).err


def test_a_backup_being_written_is_not_counted(boat, cluster, tmp_path):
    bases = tmp_path / "bases"
    shutil.copytree(cluster.bases, bases)
    os.rename(bases / "one" / "backup_manifest", bases / "one" / "backup_manifest.tmp")
    text = open(bases / "two" / "backup_manifest", encoding="utf-8").read()
    (bases / "two" / "backup_manifest").write_text(text[:-300])
    site(boat, cluster)
    boat.write("site.yaml", open(boat.site).read().replace(cluster.bases, str(bases)))
    w = window(boat, status=1)
    assert w["windows"] == []
    why = {b["name"]: b["why"] for b in w["backups"]}
    assert "still being written" in why["one"]
    assert "cut short" in boat.run("window", "db", status=1).out


def test_read_little_of_a_long_archive(boat, cluster):
    """Only the segments at the ends of runs and backups are read (B16)."""
    site(boat, cluster)
    w = window(boat)
    read = w["archives"][0]["segments_read"]
    assert read <= 6 < w["archives"][0]["segments"]
