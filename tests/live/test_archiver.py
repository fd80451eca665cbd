"""The archiver of a live server on the board: what it says beside what the archive holds."""
import os
import time

import pytest

import scratch
import wal_cluster

pytestmark = pytest.mark.seconds(300)


@pytest.fixture(scope="module")
def cluster():
    c = wal_cluster.WalCluster(1)
    c.stop_file = os.path.join(c.server.scratch, "stop")
    command = c.sql("SHOW archive_command")
    c.sql(f"ALTER SYSTEM SET archive_command = 'test ! -e {c.stop_file} && {command}'")
    c.sql("SELECT pg_reload_conf()")
    c.commit("one")
    c.base_backup("base")
    c.commit("two")
    c.switch()
    yield c
    c.remove()


def board(boat, cluster, server="prod-db", rpo="5m", **targets):
    lines = [f'  prod-db: {{postgresql: "{cluster.server.conninfo()}", environment: production}}',
             '  nowhere: {postgresql: "host=/nonexistent dbname=x", environment: staging}']
    lines += [f'  {name}: {{postgresql: "{conninfo}", environment: staging}}'
              for name, conninfo in targets.items()]
    boat.write("site.yaml", f"""
site: test
locations:
  wal: {{directory: {cluster.archive}}}
  bases: {{directory: {cluster.bases}}}
targets:
{chr(10).join(lines)}
assets:
  db:
    sets:
      wal: {{type: wal, location: wal, rpo: {rpo}{f', server: {server}' if server else ''}}}
      base: {{type: pg_basebackup, location: bases, rpo: 8d}}
""")
    boat.run("collect")
    found = boat.run("board", "--format", "json").json()
    return next(s for s in found["sets"] if s["set"] == "wal")


def test_all_is_well(boat, cluster):
    row = board(boat, cluster)
    said = row["archiver"]
    assert row["verdict"] == "ok", row["reasons"]
    assert said["server"] == "prod-db" and said["failing"] is False
    assert said["last_archived"].startswith("0000000100000000") and said["failing_since"] is None
    assert said["lag_segments"] == 0 and said["lag_s"] == 0 and said["slots"] == []
    assert wal_cluster.micros(said["last_commit_at"]) // 10**6 == cluster.record[-1].at // 10**6
    assert any("prod-db archived " in reason for reason in row["reasons"])
    metrics = boat.run("metrics").out
    labels = '{site="test",asset="db",set="wal"}'
    assert f"lifeboat_archiver_failing{labels} 0" in metrics
    assert f"lifeboat_archiver_lag_segments{labels} 0" in metrics
    # Without a server in the site file nothing is asked, and the contract has a null.
    assert board(boat, cluster, server=None)["archiver"] is None


def test_quiet_is_not_old(boat, cluster):
    """Nothing was committed for two hours: the archive has not grown, and misses nothing."""
    cluster.commit("before the quiet")
    cluster.switch()
    for name in os.listdir(cluster.archive):
        os.utime(os.path.join(cluster.archive, name), (time.time() - 7200,) * 2)
    row = board(boat, cluster)
    assert row["verdict"] == "ok" and row["age_s"] < 60 and row["archiver"]["complete_at"]
    assert any("nothing was committed since" in reason for reason in row["reasons"])
    # One commit that is not in it, and it is as old as it looks.
    cluster.commit("not archived")
    row = board(boat, cluster)
    assert row["verdict"] == "breach" and row["age_s"] >= 7200
    assert row["archiver"]["complete_at"] is None
    assert board(boat, cluster, server=None)["verdict"] == "breach"


def test_failing_and_waiting(boat, cluster):
    with open(cluster.stop_file, "w", encoding="utf-8"):
        pass
    try:
        for label in ("s1", "s2", "s3"):
            cluster.commit(label)
            cluster.sql("SELECT pg_switch_wal()")
        scratch.wait_for(lambda: cluster.sql(
            "SELECT last_failed_time > last_archived_time FROM pg_stat_archiver") == "t", 60,
            "the archiver to fail")
        row = board(boat, cluster, rpo="30d")
        said = row["archiver"]
        assert said["failing"] is True and said["lag_segments"] == 3
        assert said["failing_since"] == said["last_archived_at"]
        assert row["verdict"] == "late"
        assert any("has been failing since" in r for r in row["reasons"]), row["reasons"]
        assert any("3 full segments" in r for r in row["reasons"]), row["reasons"]
        assert " 1\n" in [line + "\n" for line in boat.run("metrics").out.split("\n")
                          if line.startswith("lifeboat_archiver_failing")][0]
    finally:
        os.unlink(cluster.stop_file)
    cluster.wait_archived(cluster.sql("SELECT pg_walfile_name(pg_switch_wal())"))
    assert board(boat, cluster, rpo="30d")["verdict"] == "ok"


def test_slots_that_hold_wal(boat, cluster):
    cluster.sql("SELECT pg_create_physical_replication_slot('forgotten', true)")
    try:
        cluster.commit("held")
        cluster.switch()
        slot, = board(boat, cluster)["archiver"]["slots"]
        assert slot["name"] == "forgotten" and slot["active"] is False
        assert slot["held_bytes"] > 0 and slot["wal_status"] == "reserved"
        held = [line for line in boat.run("metrics").out.split("\n")
                if line.startswith("lifeboat_replication_slot_held_bytes{")]
        assert int(held[0].split()[-1]) > 0
    finally:
        cluster.sql("SELECT pg_drop_replication_slot('forgotten')")


def test_another_system_and_none(boat, cluster, postgres):
    row = board(boat, cluster, server="other", other=postgres.conninfo())
    assert row["verdict"] == "breach"
    assert any("another system" in r for r in row["reasons"])
    assert any("archive_mode is off" in r for r in row["reasons"])
    row = board(boat, cluster, server="nowhere", rpo="30d")
    assert row["verdict"] == "unknown" and row["archiver"] is None
    assert "could not be asked about its archiver" in row["reasons"][0]


def test_in_the_site_file(boat, cluster):
    for wrong in ("server: nobody", ):
        boat.write("site.yaml", f"""
site: test
locations: {{here: {{directory: /tmp}}}}
assets: {{db: {{sets: {{wal: {{type: wal, location: here, rpo: 5m, {wrong}}}}}}}}}
""")
        assert 'no PostgreSQL target "nobody"' in boat.run("board", status=2).err
    boat.write("site.yaml", """
site: test
locations: {here: {directory: /tmp}}
assets: {db: {sets: {dump: {type: pg_dump, location: here, rpo: 5m, server: nobody}}}}
""")
    assert "sets of type wal" in boat.run("board", status=2).err
