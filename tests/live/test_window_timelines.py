"""`lifeboat window` over several timelines, quiet times, and backups of other kinds."""
import glob
import os
import pathlib
import shutil
import time

import pytest

import postgres_server
import scratch
import wal_cluster
from wal_cluster import copy_archive, lsn, micros, pack, rfc, site, window


@pytest.fixture(scope="module")
def promoted():
    """A server restored to a moment in its past and promoted: timeline 2, while 1 went on."""
    c = wal_cluster.WalCluster(1)
    c.base_backup("base")
    for i in range(4):
        c.commit(f"a{i}")
        c.switch()
    # What everybody shares ends here; timeline 1 goes on with b0 to b2.
    fork = c.record[-1]
    for i in range(3):
        c.commit(f"b{i}")
        c.switch()
    c.fork_record = list(c.record)
    second = c.restore(os.path.join(c.bases, "base"), "second", "time", rfc(fork.at),
                       extra={"archive_mode": "on"})
    second.sql("SELECT pg_promote()")
    scratch.wait_for(lambda: second.sql("SELECT pg_is_in_recovery()") == "f", 30, "promotion")
    c.first, c.server = c.server, second
    c.second_record = [r for r in c.record if r.label.startswith("a")]
    for i in range(3):
        xid = second.sql(f"INSERT INTO record VALUES ('c{i}') RETURNING xmin")
        c.second_record.append(c.keep(f"c{i}", xid))
        c.wait_archived(second.sql("SELECT pg_walfile_name(pg_switch_wal())"))
    c.wait_archived("00000002.history")
    c.server = c.first
    c.second = second
    yield c
    c.remove()


def test_windows_of_two_timelines(boat, promoted):
    site(boat, promoted)
    w = window(boat)
    assert w["verdict"] == "ok" and w["missing_history"] == []
    latest = {x["timeline"]: x["latest"] for x in w["windows"]}
    assert latest == {1: rfc(promoted.fork_record[-1].at), 2: rfc(promoted.second_record[-1].at)}
    assert len({x["earliest"] for x in w["windows"]}) == 1


@pytest.mark.seconds(300)
def test_restores_on_either_timeline(boat, promoted):
    """A moment when both lived shows what each of them had."""
    site(boat, promoted)
    base = os.path.join(promoted.bases, "base")
    shared = {"a0", "a1", "a2", "a3"}
    at = rfc(next(r for r in promoted.fork_record if r.label == "b1").at)
    answer = window(boat, "--at", at, "--timeline", "1")["at"]
    assert answer["timeline"] == 1 and answer["target"]["recovery_target_timeline"] == "1"
    server = promoted.restore_target(base, "old", answer["target"])
    assert promoted.labels(server) == shared | {"b0", "b1"}
    server.stop()
    # Without being told, the newest timeline counts: there b1 never was.
    answer = window(boat, "--at", at)["at"]
    assert answer["timeline"] == 2
    server = promoted.restore_target(base, "new", answer["target"])
    assert promoted.labels(server) == shared
    server.stop()
    at = rfc(promoted.second_record[-2].at)
    answer = window(boat, "--at", at)["at"]
    server = promoted.restore_target(base, "newer", answer["target"])
    assert promoted.labels(server) == shared | {"c0", "c1"}
    server.stop()
    assert window(boat, "--at", at, "--timeline", "1", status=1)["at"]["reach"] == "behind"


def test_a_backup_of_the_second_timeline(boat, promoted):
    """It can't reach what the first one did after the fork."""
    promoted.base_backup("second", server=promoted.second)
    try:
        promoted.server = promoted.second
        promoted.commit("d0")
        promoted.switch()
        promoted.server = promoted.first
        site(boat, promoted)
        w = window(boat)
        assert sorted((x["base_backup"], x["timeline"]) for x in w["windows"]) == [
            ("base", 1), ("base", 2), ("second", 2)]
    finally:
        promoted.server = promoted.first
        shutil.rmtree(os.path.join(promoted.bases, "second"))


def test_missing_and_damaged_histories(boat, promoted, tmp_path):
    archive = copy_archive(promoted, tmp_path)
    site(boat, promoted, archive)
    assert window(boat)["verdict"] == "ok"
    text = (archive / "00000002.history").read_bytes()
    os.unlink(archive / "00000002.history")
    w = window(boat, status=1)
    assert w["missing_history"] == ["00000002.history"]
    assert [x["timeline"] for x in w["windows"]] == [1]
    # A later history names its ancestors; PostgreSQL's "latest" stops at the hole all the same.
    (archive / "00000004.history").write_bytes(
        text + b"2\t0/FF000000\tno recovery target specified\n\n")
    w = window(boat, status=1)
    assert w["missing_history"] == ["00000002.history", "00000003.history"]
    os.unlink(archive / "00000004.history")
    (archive / "00000002.history").write_bytes(b"x" + text)
    w = window(boat, status=1)
    assert [d["file"] for d in w["damaged"]] == ["00000002.history"]


def test_a_gap_on_each_timeline(boat, promoted, tmp_path):
    archive = copy_archive(promoted, tmp_path)
    site(boat, promoted, archive)
    ones = sorted(p.name for p in archive.glob("00000001" + "?" * 16))
    twos = sorted(p.name for p in archive.glob("00000002" + "?" * 16))
    os.unlink(archive / ones[-2])
    os.unlink(archive / twos[-2])
    w = window(boat, status=1)
    assert [(g["timeline"], g["from"], g["count"]) for g in w["gaps"]] == [
        (1, ones[-2], 1), (2, twos[-2], 1)]
    # A hole before the fork breaks both, and is one hole.
    os.unlink(archive / ones[3])
    w = window(boat, status=1)
    assert [g["from"] for g in w["gaps"]].count(ones[3]) == 1 and len(w["gaps"]) == 3
    assert [x["timeline"] for x in w["windows"]] == [1]


def test_partial_segment_of_a_promoted_standby(boat):
    """A standby that is promoted archives the last piece of the old timeline as .partial."""
    c = wal_cluster.WalCluster(1)
    try:
        base = c.base_backup("base", "-Fp")
        c.commit("a0")
        c.switch()
        data = c.unpack(base, "standby")
        with open(os.path.join(data, "postgresql.auto.conf"), "a", encoding="utf-8") as f:
            f.write(f"primary_conninfo = '{c.server.conninfo()}'\nhot_standby = on\n"
                    f"restore_command = 'cp {c.archive}/%f %p'\n")
        pathlib.Path(data, "standby.signal").touch()
        c.own(data)
        standby = postgres_server.PostgresServer(data=data)
        c.restores.append(standby)
        last = c.commit("tail")
        scratch.wait_for(lambda: "tail" in standby.sql("SELECT * FROM record"), 30, "streaming")
        c.server.stop(immediately=True)
        standby.sql("SELECT pg_promote()")
        scratch.wait_for(lambda: glob.glob(c.archive + "/*.partial"), 30, "the partial segment")
        c.server = standby
        after = c.commit("after")
        c.switch()
        site(boat, c)
        w = window(boat)
        assert len(w["partial"]) == 1 and w["verdict"] == "ok" and w["gaps"] == []
        latest = {x["timeline"]: x["latest"] for x in w["windows"]}
        # Recovery reads no partial file: what only it holds belongs to the new timeline.
        assert latest[2] == rfc(after.at) and micros(latest[1]) < last.at
        assert "partial" in boat.run("window", "db", status=0).out
        server = c.restore_target(base, "check", window(boat, "--at", rfc(last.at))["at"]["target"])
        assert c.labels(server) == {"a0", "tail"}
    finally:
        c.remove()


def test_quiet_is_not_a_gap(boat, tmp_path):
    """Checkpoints behind the last commit prove that nothing happened until then."""
    c = wal_cluster.WalCluster(1)
    try:
        base = c.base_backup("base")
        last = c.commit("last")
        c.switch()
        time.sleep(1.2)  # the moments themselves are what is tested: they must lie apart
        quiet = int(c.sql("SELECT (extract(epoch FROM now()) * 1000000)::bigint"))
        time.sleep(1.2)
        c.sql("CHECKPOINT")
        c.switch()
        site(boat, c)
        answer = window(boat, "--at", rfc(quiet))["at"]
        assert answer["reach"] == "quiet" and answer["stops_before"] is None
        assert answer["last_commit"]["xid"] == last.xid
        assert "recovery_target_lsn" in answer["target"]
        server = c.restore_target(base, "quiet", answer["target"])
        assert c.labels(server) == {"last"}
        server.stop()
        # With the target that was asked for, PostgreSQL would have refused to come up.
        server = c.restore(base, "refused", "time", rfc(quiet), wait=False)
        assert "before configured recovery target was reached" in c.wait_ended(server)
        # Behind the checkpoint nobody knows.
        answer = window(boat, "--at", rfc(quiet + 60 * 10**6), status=1)["at"]
        assert answer["reach"] in ("behind", "future")
        # The same moment with the segment of the checkpoint gone, and WAL behind it: a gap.
        archive = copy_archive(c, tmp_path)
        os.unlink(archive / c.segments()[-1])
        c.commit("later")
        c.switch()
        shutil.copy(os.path.join(c.archive, c.segments()[-1]), archive)
        os.utime(archive / c.segments()[-1], (time.time() - 3600, time.time() - 3600))
        site(boat, c, archive)
        answer = window(boat, "--at", rfc(quiet), status=1)["at"]
        assert answer["reach"] == "in_gap" and answer["before"]["at"] == rfc(last.at)
    finally:
        c.remove()


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "+05:45", "Europe/Berlin"])
def test_labels_in_any_time_zone(boat, zone):
    c = wal_cluster.WalCluster(1, {"log_timezone": zone})
    try:
        c.commit("x")
        before = time.time()
        c.base_backup("base")
        c.commit("y")
        after = time.time()
        c.switch()
        site(boat, c)
        w = window(boat)
        earliest = micros(w["windows"][0]["earliest"]) / 1e6
        assert before - 1 <= earliest <= after
        finished = micros(w["backups"][0]["finished_at"]) / 1e6
        assert before - 1 <= finished <= after
    finally:
        c.remove()


@pytest.fixture(scope="module")
def plain():
    c = wal_cluster.WalCluster(1)
    c.commit("a")
    c.base_backup("manifest", "-Fp")
    c.base_backup("none", "-Ft", "--no-manifest")
    c.commit("b")
    c.switch()
    yield c
    c.remove()


def test_backups_without_manifest(boat, plain, tmp_path):
    """From the label and the archived .backup file, else from the WAL itself."""
    site(boat, plain)
    w = window(boat)
    expected = {b["name"]: b["stop_lsn"] for b in w["backups"]}
    assert len(w["windows"]) == 2 and all(expected.values())
    archive = copy_archive(plain, tmp_path)
    for label in archive.glob("*.backup"):
        os.unlink(label)
    site(boat, plain, archive)
    w = window(boat)
    got = {b["name"]: b["stop_lsn"] for b in w["backups"]}
    assert got["manifest"] == expected["manifest"]
    # The record of the backup's end is what recovery goes by; the label's stop lies behind it.
    assert 0 <= lsn(expected["none"]) - lsn(got["none"]) < 1 << 20
    assert [x["latest"] for x in w["windows"]] == [rfc(plain.record[-1].at)] * 2


@pytest.mark.parametrize("suffix", ["", ".gz", ".lz4", ".zst", ".bz2"])
def test_one_tar_alone(boat, plain, tmp_path, suffix):
    bases = tmp_path / "bases"
    bases.mkdir()
    data = pathlib.Path(plain.bases, "none", "base.tar").read_bytes()
    path = bases / ("nightly.tar" + suffix)
    path.write_bytes(data) if suffix == "" else pack(data, path)
    (bases / "notes.tar").write_bytes(b"\0" * 10240)
    boat.write("site.yaml", "")
    os.unlink(boat.site)
    w = boat.run("window", "--wal", plain.archive, "--base", bases, "--format", "json",
                 status=0).json()
    assert [x["base_backup"] for x in w["windows"]] == ["nightly.tar" + suffix]


def test_a_label_taken_away(boat, plain, tmp_path):
    bases = tmp_path / "bases"
    shutil.copytree(os.path.join(plain.bases, "manifest"), bases / "x")
    os.unlink(bases / "x" / "backup_label")
    done = boat.run("window", "--wal", plain.archive, "--base", bases, "--format", "json", status=1)
    assert "backup_label" in done.json()["backups"][0]["why"]


def test_backup_of_another_system(boat, plain, tmp_path):
    other = wal_cluster.WalCluster(1)
    try:
        base = other.base_backup("foreign", "-Fp")
        done = boat.run("window", "--wal", plain.archive, "--base", base, "--format", "json",
                        status=1)
        assert done.json()["windows"] == []
    finally:
        other.remove()


def test_backup_from_a_standby(boat):
    """No .backup file is archived for it; the manifest says where its WAL ends."""
    c = wal_cluster.WalCluster(1)
    try:
        base = c.base_backup("first", "-Fp")
        c.commit("a")
        c.switch()
        data = c.unpack(base, "standby")
        with open(os.path.join(data, "postgresql.auto.conf"), "a", encoding="utf-8") as f:
            f.write(f"primary_conninfo = '{c.server.conninfo()}'\n")
        pathlib.Path(data, "standby.signal").touch()
        c.own(data)
        standby = postgres_server.PostgresServer(data=data)
        c.restores.append(standby)
        c.base_backup("standby", "-Ft", server=standby)
        last = c.commit("b")
        c.switch()
        site(boat, c)
        w = window(boat)
        by_name = {x["base_backup"]: x for x in w["windows"]}
        assert set(by_name) == {"first", "standby"}
        assert by_name["standby"]["latest"] == rfc(last.at)
        target = window(boat, "--at", rfc(last.at - 1))["at"]["target"]
        server = c.restore_target(os.path.join(c.bases, "standby"), "again", target)
        assert c.labels(server) == {"a"}
    finally:
        c.remove()
