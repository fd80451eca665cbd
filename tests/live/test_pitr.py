"""The runbooks around recovery to a moment, run on real clusters; what they bring back is compared
with a record of every commit, made as it happened."""
import os
import re

import pytest

import runs
import wal_cluster
from wal_cluster import rfc

pytestmark = pytest.mark.seconds(300)


@pytest.fixture(scope="module")
def cluster():
    """Two base backups, commits before, between and behind them, then a dropped table."""
    c = wal_cluster.WalCluster(1)
    c.sql("CREATE TABLE orders (id int PRIMARY KEY, what text);"
          "INSERT INTO orders SELECT g, 'x' || g FROM generate_series(1, 500) g;"
          "CREATE TABLE items (order_id int REFERENCES orders, n int);"
          "INSERT INTO items SELECT g, g FROM generate_series(1, 100) g;"
          "CREATE VIEW seen AS SELECT * FROM orders WHERE id < 10;"
          "CREATE VIEW seen_again AS SELECT * FROM seen")
    c.commit("before")
    c.base_backup("one")
    for i in range(4):
        c.commit(f"a{i}")
        c.switch()
    c.base_backup("two", "-Fp")
    for i in range(4):
        c.commit(f"b{i}")
        c.switch()
    c.sql("SELECT pg_create_restore_point('upgrade')")
    xid = c.sql("BEGIN; DROP TABLE orders CASCADE; SELECT pg_current_xact_id(); COMMIT")
    c.drop = c.keep("drop", xid)
    c.commit("after")
    c.switch()
    yield c
    c.remove()


def site(boat, cluster, archive=None, **targets):
    lines = [f'  prod-db: {{postgresql: "{cluster.server.conninfo()}", environment: production}}',
             f'  stage-db: {{postgresql: "{cluster.server.conninfo("staging")}", environment: staging}}']
    lines += [f"  {name}: {{directory: {path}, environment: staging}}"
              for name, path in targets.items()]
    wal_cluster.site(boat, cluster, archive, extra="targets:\n" + "\n".join(lines) + "\n")


def pitr(boat, moment, *args, status=0, labels="SELECT coalesce(string_agg(label, ' '), '') FROM record"):
    """The runbook unattended, with what a query showed at that moment."""
    run = runs.run(boat, "postgres/restore-pitr", "--set", f"moment={moment}", "--set",
                   f"query={labels}", *args, status=status, timeout=240)
    if status == 0:
        shown = run.output("look").decode()
        run.labels = set(shown.split("\n")[2].split())
    return run


def before(cluster, label):
    """The labels committed before that one, and that one."""
    labels = [c.label for c in cluster.record if c.label != "drop"]
    return set(labels[:labels.index(label)]), {label}


def test_before_at_and_after_a_commit(boat, cluster):
    site(boat, cluster)
    record = {c.label: c for c in cluster.record}
    earlier, this = before(cluster, "b1")
    run = pitr(boat, rfc(record["b1"].at - 1))
    assert run.labels == earlier
    assert run.result("paused")["value"].startswith("paused at ")
    assert "base/two" in run.output("recover").decode()
    run = pitr(boat, rfc(record["b1"].at))
    assert run.labels == earlier | this
    run = pitr(boat, f"xid:{record['b1'].xid}", "--set", "backup=db/base/one")
    assert run.labels == earlier
    assert "base/one" in run.output("recover").decode()


def test_points_positions_and_the_end(boat, cluster):
    site(boat, cluster)
    everything = {c.label for c in cluster.record if c.label != "drop"}
    run = pitr(boat, "name:upgrade")
    assert run.labels == everything - {"after"}
    # The last commit that the archive holds, and nothing is waited for that never comes.
    run = pitr(boat, "end")
    assert run.labels == everything
    assert "orders" not in run.output("tables").decode()
    # Where the sandbox stood, to the byte.
    again = pitr(boat, "lsn:" + run.result("here")["value"])
    assert again.labels == everything
    assert again.result("here")["value"] == run.result("here")["value"]


def test_just_before_the_accident_and_compared_with_production(boat, cluster):
    site(boat, cluster)
    found = boat.run("moment", "db", "--around", rfc(cluster.drop.at), "--table", "orders",
                     "--format", "json", status=0).json()
    one = found["transactions"][0]
    assert one["xid"] == cluster.drop.xid and one["moment"].startswith("lsn:")
    text = boat.run("moment", "db", "--around", rfc(cluster.drop.at), status=0).out
    assert f"lifeboat run postgres/restore-pitr --set moment={one['moment']}" in text
    run = pitr(boat, one["moment"], "--set", "production=prod-db",
               labels="SELECT count(*) FROM orders")
    assert run.labels == {"500"}
    compared = run.output("compare").decode()
    assert re.search(r"^-public\.orders 500$", compared, re.M), compared
    assert re.search(r"^-public\.record \d+$", compared, re.M)
    assert re.search(r"^\+public\.record \d+$", compared, re.M)


def test_to_another_moment_on_and_back(boat, cluster):
    """Decided beforehand, once: the same sandbox goes on, or begins anew; then it is left alone."""
    site(boat, cluster)
    record = {c.label: c for c in cluster.record}
    for first, second, how in (("a2", "b1", "goes on from where it is"),
                               ("b1", "a2", "begins anew from the base backup")):
        run = pitr(boat, rfc(record[first].at), "--set", "backup=db/base/one", "--confirm",
                   "decide=another moment", "--confirm", f"where={rfc(record[second].at)}")
        earlier, this = before(cluster, first)
        assert run.labels == earlier | this
        assert how in run.output("move").decode()
        earlier, this = before(cluster, second)
        assert set(run.output("look", 2).decode().split("\n")[2].split()) == earlier | this
        answers = [r["data"].get("text") for r in run.find("ask.answered", "decide")]
        assert answers == ["another moment", "keep it as it is"]
        run.verify()


def test_promoted(boat, cluster):
    site(boat, cluster)
    run = pitr(boat, rfc(cluster.record[1].at), "--confirm", "decide=promote the sandbox",
               "--confirm", "promote=")
    assert run.result("promote")["value"] == "t"
    assert sorted(os.listdir(cluster.archive)) == sorted(
        n for n in os.listdir(cluster.archive) if not n.startswith("00000002"))


def test_a_moment_that_can_not_be_reached(boat, cluster, tmp_path):
    """Refused before anything is extracted, with what could be had instead."""
    site(boat, cluster)
    run = pitr(boat, rfc(cluster.record[-1].at + 3600 * 10**6), status=2)
    assert "has not come yet" in run.done.out
    assert rfc(cluster.record[-1].at) in run.result("recover")["hint"]
    archive = wal_cluster.copy_archive(cluster, tmp_path)
    record = {c.label: c for c in cluster.record}
    os.unlink(archive / cluster.segments()[-3])
    site(boat, cluster, archive)
    run = pitr(boat, rfc(cluster.record[-1].at), status=2)
    assert "missing or damaged" in run.result("recover")["message"]
    assert "The last moment before it" in run.result("recover")["hint"]
    run = pitr(boat, rfc(record["b0"].at))
    assert run.labels == set.union(*before(cluster, "b0"))
    assert "no moment" in pitr(boat, "half past two", status=2).done.err
    for wrong, why in (("xid:4000000000", "transaction 4000000000"),
                       ("name:nothing", "no restore point"), ("lsn:FF/0", "whole WAL up to it")):
        run = pitr(boat, wrong, status=2)
        assert why in run.result("recover")["message"]
    assert not os.listdir(os.path.join(boat.state, "sandboxes"))


def test_compressed_archives_are_unpacked_beside_the_data(boat, cluster, tmp_path):
    archive = wal_cluster.copy_archive(cluster, tmp_path)
    for name in cluster.segments():
        wal_cluster.pack((archive / name).read_bytes(), archive / f"{name}.gz")
        os.unlink(archive / name)
    site(boat, cluster, archive)
    run = pitr(boat, rfc(cluster.record[-1].at))
    assert "0 segments linked" in run.output("recover").decode()
    assert run.labels == {c.label for c in cluster.record if c.label != "drop"}


def test_a_damaged_base_backup_is_not_started_from(boat, cluster):
    broken = os.path.join(cluster.bases, "zbroken")
    os.system(f"cp -a {cluster.bases}/two {broken}")
    path = os.path.join(broken, "base", "1", "1259")
    with open(path, "r+b") as f:
        f.seek(100)
        f.write(b"\xff")
    try:
        site(boat, cluster)
        run = pitr(boat, rfc(cluster.record[-1].at), "--set", "backup=db/base/zbroken", status=1)
        assert "is damaged" in run.result("recover")["message"]
    finally:
        os.system(f"rm -rf {broken}")


def test_extract_table(boat, cluster):
    """The dropped table comes back with its rows; what was written since stays."""
    site(boat, cluster)
    cluster.server.create_database("staging")
    cluster.sql("CREATE TABLE items AS SELECT g AS order_id, g AS n FROM generate_series(1, 50) g",
                "staging")
    moment = boat.run("moment", "db", "--around", rfc(cluster.drop.at), "--format", "json",
                      status=0).json()["transactions"][0]["moment"]
    args = ["--set", f"moment={moment}", "--set", "database=postgres", "--set", "table=orders",
            "--set", "target=stage-db"]
    run = runs.run(boat, "postgres/extract-table", *args, status=3)
    assert "copy" in run.done.err
    run = runs.run(boat, "postgres/extract-table", *args, "--confirm", "copy=stage-db", status=0)
    assert run.result("rows")["value"] == run.result("same")["value"] == "500"
    assert cluster.sql("SELECT count(*), max(what) FROM orders", "staging") == "500|x99"
    # What the CASCADE took with it is back, too.
    assert cluster.sql("SELECT count(*) FROM seen_again", "staging") == "9"
    assert cluster.sql("SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM "
                       "pg_constraint WHERE contype = 'f'", "staging") == \
        "items FOREIGN KEY (order_id) REFERENCES orders(id)"
    # It is there now: refused, and nothing of it is touched.
    run = runs.run(boat, "postgres/extract-table", *args, "--confirm", "copy=stage-db", status=1)
    assert run.finished()["outcome"] == "failed" and "absent" in run.done.out
    cluster.sql("DELETE FROM items; DELETE FROM orders WHERE id <= 100", "staging")
    # Rows that collide: all or nothing.
    run = runs.run(boat, "postgres/extract-table", *args, "--set", "what=rows", "--confirm",
                   "copy=stage-db", status=1)
    assert cluster.sql("SELECT count(*) FROM orders", "staging") == "400"
    cluster.sql("TRUNCATE orders CASCADE", "staging")
    runs.run(boat, "postgres/extract-table", *args, "--set", "what=rows", "--confirm",
             "copy=stage-db", status=0)
    assert cluster.sql("SELECT count(*) FROM orders", "staging") == "500"


@pytest.fixture
def fresh():
    """A server that archives nothing yet."""
    c = wal_cluster.WalCluster(1, {"archive_mode": "off", "archive_command": ""})
    c.commit("first")
    yield c
    c.remove()


def test_archiving_base_backup_and_pruning(boat, fresh):
    """From a server without archiving to a moment that is reached, by runbooks alone."""
    c = fresh
    site(boat, c)
    where = ("--set", "target=prod-db", "--confirm", "settings=prod-db")
    # archive_mode needs a restart, which is a person's: unattended the run ends there.
    run = runs.run(boat, "postgres/wal-archiving", *where, status=3)
    assert c.sql("SHOW archive_mode") == "off" and run.result("mode")["value"] == "f"
    c.server.restart()
    run = runs.run(boat, "postgres/wal-archiving", *where, "--set", "timeout=30", status=0)
    segment = run.result("segment")["value"]
    assert os.path.getsize(os.path.join(c.archive, segment)) == 1 << 20
    assert c.sql("SHOW archive_timeout") == "30s"
    command = c.sql("SHOW archive_command")
    # What is there already is good when it is the same, and never replaced.
    path = os.path.join(c.archive, segment)
    for change, good in ((None, True), (b"other", False)):
        if change:
            with open(path, "r+b") as f:
                f.write(change)
        filled = command.replace("%f", segment).replace("%p", "pg_wal/" + segment)
        source = os.path.join(c.server.data, "pg_wal", segment)
        if not os.path.exists(source):
            break
        done = c.server.run("sh", "-c", f"cd {c.server.data} && {filled}", check=False)
        assert (done.returncode == 0) == good, done.stderr
        assert not [n for n in os.listdir(c.archive) if n.endswith(".tmp")]
    else:
        c.server.run("cp", source, path)

    bases = []
    for label in ("second", "third"):
        run = runs.run(boat, "postgres/backup-base", "--set", "source=prod-db", status=0, timeout=240)
        bases += [n for n in os.listdir(c.bases) if n not in bases]
        assert not bases[-1].startswith(".") and int(run.result("publish")["value"]) > 1000000
        c.commit(label)
        c.switch()
    done = boat.run("verify", os.path.join(c.bases, bases[-1]), status=0).out
    assert "pass" in done.lower()
    assert pitr(boat, rfc(c.record[-1].at)).labels == {"first", "second", "third"}
    assert pitr(boat, rfc(c.record[-1].at - 1)).labels == {"first", "second"}

    # Everything before the newer backup goes, and nothing else.
    wanted = f"oldest=db/base/{bases[-1]}"
    held = c.segments()
    run = runs.run(boat, "postgres/wal-prune", "--set", wanted, "--confirm", f"prune={bases[-1]}",
                   status=0)
    first = run.result("label")["value"]
    assert c.segments() == [n for n in held if n >= first] and first in c.segments()
    assert len(c.segments()) < len(held)
    assert pitr(boat, rfc(c.record[-1].at)).labels == {"first", "second", "third"}
    run = runs.run(boat, "postgres/wal-prune", "--set", wanted, "--confirm", f"prune={bases[-1]}",
                   status=0)
    assert run.events("prune")[-1] == "step.skipped"


def test_into_a_data_directory_for_a_server(boat, cluster):
    """Restored, started by somebody, paused, promoted, and rid of what the recovery set."""
    data = os.path.join(cluster.server.subdirectory("target"), "data")
    site(boat, cluster, scratch=data)
    record = {c.label: c for c in cluster.record}
    pitr(boat, rfc(record["b2"].at), "--set", "into=scratch", "--confirm", "restore=scratch")
    server = cluster.serve(data)
    cluster.wait_paused(server)
    earlier, this = before(cluster, "b2")
    assert cluster.labels(server) == earlier | this
    assert server.sql("SHOW archive_mode") == "off"
    server.stop()
    # It is not empty any more, and kept as it is, beside; what is no cluster is refused at once.
    run = pitr(boat, rfc(record["b1"].at), "--set", "into=scratch", "--confirm", "restore=scratch")
    kept = f"{data}.before-{run.id}"
    assert kept in run.output("old").decode() and kept in run.output("restore").decode()
    server = cluster.serve(kept)
    cluster.wait_paused(server)
    assert cluster.labels(server) == earlier | this
    server.stop()
    os.unlink(os.path.join(data, "PG_VERSION"))
    run = pitr(boat, rfc(record["b2"].at), "--set", "into=scratch", "--confirm", "restore=scratch",
               status=1)
    assert "no data directory of PostgreSQL" in run.output("old").decode()
    assert "step.intent" not in run.events("recover")
