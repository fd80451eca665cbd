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
          "INSERT INTO orders SELECT g, 'x' || g FROM generate_series(1, 500) g")
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
    xid = c.sql("BEGIN; DROP TABLE orders; SELECT pg_current_xact_id(); COMMIT")
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
