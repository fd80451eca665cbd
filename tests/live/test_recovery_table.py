"""FACTS.md section 4, row by row: what PostgreSQL does, and what Lifeboat says about its log."""
import os
import pathlib
import shutil
import subprocess

import pytest

import live_tool
import postgres_server
import scratch
import wal_cluster
from wal_cluster import rfc


@pytest.fixture(scope="module")
def cluster():
    c = wal_cluster.WalCluster(1)
    c.commit("before")
    c.base = c.base_backup("base", "-Fp")
    c.stream = c.base_backup("stream", "-Fp", "-X", "stream")
    for i in range(4):
        c.commit(f"a{i}")
        c.switch()
    yield c
    c.remove()


def explain(server, tmp_path):
    """What the library makes of the server's log."""
    path = tmp_path / "server.log"
    path.write_text(server.daemon.log_text())
    return live_tool.run("waltool", "explain", path)


def prepare(cluster, name, lines="", signal="recovery.signal", base=None):
    """A restored data directory with settings written by hand, mistakes and all."""
    data = cluster.unpack(base or cluster.base, name)
    with open(os.path.join(data, "postgresql.auto.conf"), "a", encoding="utf-8") as f:
        f.write(lines + "archive_mode = off\n")
    if signal:
        pathlib.Path(data, signal).touch()
    cluster.own(data)
    server = postgres_server.PostgresServer(data=data, start=False)
    cluster.restores.append(server)
    return server


def fails(cluster, server, tmp_path):
    server.start(wait=False)
    log = cluster.wait_ended(server)
    assert "FATAL" in log
    return explain(server, tmp_path)


def command(cluster):
    return f"restore_command = 'cp {cluster.archive}/%f %p'\n"


def test_recovery_conf(cluster, tmp_path):
    server = prepare(cluster, "conf")
    pathlib.Path(server.data, "recovery.conf").write_text("standby_mode = off\n", encoding="utf-8")
    got = fails(cluster, server, tmp_path)
    assert got["code"] == "recovery-conf" and "recovery.signal" in got["way_out"]
    assert "recovery.conf" in got["line"]


def test_settings_without_signal_or_wal(cluster, tmp_path):
    """PostgreSQL blames the checkpoint."""
    server = prepare(cluster, "nosignal", command(cluster) + "recovery_target = 'immediate'\n",
                     signal=None)
    got = fails(cluster, server, tmp_path)
    assert got["code"] == "no-signal" and "checkpoint" in got["line"]


def test_settings_without_signal_take_writes(cluster, tmp_path):
    """The dangerous one, when the backup brings its own WAL: nothing fails."""
    server = prepare(cluster, "writes", command(cluster) + "recovery_target = 'immediate'\n",
                     signal=None, base=cluster.stream)
    server.start()
    assert server.sql("SELECT pg_is_in_recovery()") == "f"
    server.sql("CREATE TABLE written (i int)")
    got = explain(server, tmp_path)
    assert got["code"] == "no-signal" and "takes writes" in got["what"]


def test_two_targets(cluster, tmp_path):
    server = prepare(cluster, "two", command(cluster) + "recovery_target_xid = '750'\n"
                     "recovery_target_time = '2026-11-20 14:00:00+00'\n")
    assert fails(cluster, server, tmp_path)["code"] == "several-targets"


def test_no_restore_command(cluster, tmp_path):
    server = prepare(cluster, "norestore", "recovery_target = 'immediate'\n")
    assert fails(cluster, server, tmp_path)["code"] == "no-restore-command"


@pytest.mark.parametrize("why", ["late", "gap"])
def test_target_never_reached(cluster, tmp_path, boat, why):
    """A quiet database and a gap give one message; `lifeboat window` tells them apart."""
    archive, at = cluster.archive, cluster.record[-1].at + 3600 * 10**6
    if why == "gap":
        archive = wal_cluster.copy_archive(cluster, tmp_path)
        os.unlink(archive / cluster.segments()[-2])
        at = cluster.record[-1].at
    server = cluster.restore(cluster.base, f"never-{why}", "time", rfc(at), wait=False,
                             archive=archive)
    cluster.wait_ended(server)
    got = explain(server, tmp_path)
    assert got["code"] == "target-not-reached" and "lifeboat window --at" in got["way_out"]
    wal_cluster.site(boat, cluster, archive)
    answer = wal_cluster.window(boat, "--at", rfc(at), status=1)["at"]
    assert answer["reach"] == ("future" if why == "late" else "in_gap")


def test_target_before_the_end_of_the_backup(cluster, tmp_path, boat):
    """PostgreSQL gives no error, and a moment that nobody asked for; the window says so before."""
    at = cluster.record[0].at - 3600 * 10**6
    server = cluster.restore(cluster.base, "early", "time", rfc(at), wait=False)

    def settled():
        return not server.daemon.running() or server.run(
            "psql", "-XAtqc", "SELECT pg_get_wal_replay_pause_state()",
            check=False).stdout.strip() == "paused"
    scratch.wait_for(settled, 60, "the recovery to settle")
    if server.daemon.running():
        assert cluster.labels(server) == {"before"}
        assert explain(server, tmp_path)["code"] is None
    else:
        assert explain(server, tmp_path)["code"] == "target-too-early"
    wal_cluster.site(boat, cluster)
    assert wal_cluster.window(boat, "--at", rfc(at), status=1)["at"]["reach"] == "before_all"


def test_unknown_timeline(cluster, tmp_path):
    server = cluster.restore(cluster.base, "tli", "time", rfc(cluster.record[-1].at), tli=7,
                             wait=False)
    cluster.wait_ended(server)
    got = explain(server, tmp_path)
    assert got["code"] == "no-timeline" and "7" in got["line"]


def test_label_taken_away(cluster, tmp_path):
    """It starts and claims to be consistent."""
    server = prepare(cluster, "nolabel", command(cluster) + "recovery_target = 'immediate'\n",
                     base=cluster.stream)
    os.unlink(os.path.join(server.data, "backup_label"))
    server.start(wait=False)
    cluster.wait_paused(server)
    assert explain(server, tmp_path)["code"] == "no-label"


@pytest.mark.parametrize("text, good", [
    ("2026-11-20 14:00:00Z", False), ("2026-11-20T14:00:00Z", False), ("now", False),
    ("yesterday", False), ("2026-11-20 14:00:00+00", True), ("2026-11-20 14:00:00+00:00", True),
    ("2026-11-20 14:00:00 UTC", True), ("2026-11-20T14:00:00.123456+00", True)])
def test_forms_of_the_time(cluster, tmp_path, text, good):
    server = prepare(cluster, "form" + str(abs(hash(text))),
                     command(cluster) + f"recovery_target_time = '{text}'\n")
    done = subprocess.run(
        [os.path.join(server.bin, "postgres"), "-D", server.data, "-C", "recovery_target_time"],
        capture_output=True, text=True, check=False, user=server.user.pw_uid,
        group=server.user.pw_gid, extra_groups=[]) if os.geteuid() == 0 else subprocess.run(
        [os.path.join(server.bin, "postgres"), "-D", server.data, "-C", "recovery_target_time"],
        capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is good, done.stderr
    if not good:
        path = tmp_path / "log"
        path.write_text(done.stderr)
        assert live_tool.run("waltool", "explain", path)["code"] == "bad-time"
    shutil.rmtree(server.data)


def test_our_own_form_of_the_time_is_taken(cluster):
    """To the microsecond, whatever the zone of server and machine."""
    commit = cluster.record[2]
    server = cluster.restore(cluster.base, "ours", "time", rfc(commit.at),
                             extra={"timezone": "Asia/Kolkata", "log_timezone": "Asia/Kolkata"})
    assert cluster.labels(server) == {c.label for c in cluster.record[:3]}
    server.stop()


def test_settings_win_over_what_the_backup_brings(cluster):
    """A target, a cleaning command and archiving left over in the backup do no harm."""
    data = cluster.unpack(cluster.base, "leftovers-source")
    with open(os.path.join(data, "postgresql.auto.conf"), "a", encoding="utf-8") as f:
        f.write("recovery_target_xid = '999999'\nrecovery_target_action = 'promote'\n"
                f"archive_cleanup_command = 'touch {data}/cleaned'\n"
                f"recovery_end_command = 'touch {data}/ended'\nrecovery_min_apply_delay = '1h'\n"
                "recovery_target_inclusive = off\nhot_standby = off\n")
    commit = cluster.record[2]
    server = cluster.restore(data, "leftovers", "time", rfc(commit.at))
    assert cluster.labels(server) == {c.label for c in cluster.record[:3]}
    assert server.sql("SHOW archive_mode") == "off"
    server.sql("SELECT pg_promote()")
    scratch.wait_for(lambda: server.sql("SELECT pg_is_in_recovery()") == "f", 30, "promotion")
    assert not os.path.exists(data + "/cleaned") and not os.path.exists(data + "/ended")
    assert not os.path.exists(server.data + "/recovery.signal")
    server.stop()


@pytest.mark.parametrize("kind", ["immediate", "xid", "lsn", "name", "none"])
def test_every_kind_of_target(cluster, kind):
    cluster.sql("SELECT pg_create_restore_point('it''s here')")
    commit = cluster.record[1]
    if kind == "name":
        cluster.switch()
    value = {"immediate": "-", "none": "-", "xid": commit.xid, "lsn": commit.lsn,
             "name": "it's here"}[kind]
    server = cluster.restore(cluster.base, f"kind-{kind}", kind, value, inclusive=True,
                             wait=kind != "none")
    if kind == "none":
        server.daemon.wait_ready(server.ready)
        scratch.wait_for(lambda: server.sql("SELECT pg_is_in_recovery()") == "f", 30, "the end")
    expected = {"immediate": 1, "xid": 2, "lsn": 2, "name": 5, "none": 5}[kind]
    assert cluster.labels(server) == {c.label for c in cluster.record[:expected]}
    server.stop()


def test_first_wal_missing(cluster, tmp_path):
    archive = wal_cluster.copy_archive(cluster, tmp_path)
    label = next(p for p in archive.glob("*.backup"))
    os.unlink(archive / label.name[:24])
    server = cluster.restore(cluster.base, "nostart", "immediate", "-", archive=archive, wait=False)
    cluster.wait_ended(server)
    assert explain(server, tmp_path)["code"] == "no-start-wal"


def test_short_segment(cluster, tmp_path):
    archive = wal_cluster.copy_archive(cluster, tmp_path)
    os.truncate(archive / cluster.segments()[-1], 8192)
    server = cluster.restore(cluster.base, "short", "time", rfc(cluster.record[-1].at + 10**9),
                             archive=archive, wait=False)
    cluster.wait_ended(server)
    assert explain(server, tmp_path)["code"] == "short-wal"


def test_foreign_wal(cluster, tmp_path):
    other = wal_cluster.WalCluster(1)
    try:
        for name in range(12):
            other.commit(f"x{name}")
            other.switch()
        archive = wal_cluster.copy_archive(other, tmp_path)
        server = cluster.restore(cluster.base, "foreign", "immediate", "-", wait=False,
                                 archive=archive)
        cluster.wait_ended(server)
        assert explain(server, tmp_path)["code"] in ("foreign-wal", "no-start-wal")
    finally:
        other.remove()


def test_too_small_settings(cluster, tmp_path):
    server = cluster.restore(cluster.base, "small", "time", rfc(cluster.record[-1].at), wait=False,
                             extra={"max_connections": "5", "superuser_reserved_connections": "1",
                                    "max_wal_senders": "0"})
    scratch.wait_for(lambda: "insufficient parameter settings" in server.daemon.log_text()
                     or not server.daemon.running(), 30, "the complaint")
    assert explain(server, tmp_path)["code"] == "settings-too-small"
    server.stop(immediately=True)


def test_nothing_wrong(cluster, tmp_path):
    server = cluster.restore(cluster.base, "fine", "xid", cluster.record[2].xid, inclusive=False)
    assert cluster.labels(server) == {c.label for c in cluster.record[:2]}
    assert explain(server, tmp_path)["code"] is None
    server.stop()
