"""The nightly proof: `lifeboat run postgres/verify-dump --unattended`, its exit status the verdict; and
what is left of a proof that was killed."""
import gzip
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import damage
import postgres_server
import redis_instance
import samples_pg
import scratch
from verify_site import Site, dump_set


class Made:
    """A few of the samples, for less than all of them cost."""
    def __init__(self, server, redis):
        self.server, self.out = server, server.subdirectory("made")
        server.create_database("shop")
        server.sql(samples_pg.FILL, database="shop")
        for name, args in (("custom", ["-Fc"]), ("directory", ["-Fd"]), ("tar", ["-Ft"]),
                           ("sql", [])):
            server.run("pg_dump", *args, "-d", "shop", "-f", self.path(name))
        for name, pack in (("sql.gz", "gzip"), ("sql.zst", "zstd")):
            with open(self.path(name), "wb") as f:
                subprocess.run([pack, "-c", self.path("sql")], stdout=f, check=True)
        server.run("pg_basebackup", "-c", "fast", "-Ft", "-D", self.path("base-tar"))
        redis.cli("SET", "key", "value")
        shutil.copy(redis.save(), self.path("rdb"))

    def path(self, name):
        return os.path.join(self.out, name)


@pytest.fixture(scope="module")
def samples():
    server, redis = postgres_server.PostgresServer(), redis_instance.RedisInstance()
    yield Made(server, redis)
    redis.remove()
    server.remove()


@pytest.fixture
def site(boat, samples, tmp_path):
    """site(sample, **fields of the set) -> Site with this one dump"""
    os.makedirs(tmp_path / "b/pg")
    made = []

    def build(sample, name="x.dump", **fields):
        shutil.copy(samples.path(sample), tmp_path / "b/pg" / name)
        made.append(Site(boat, str(tmp_path / "b"), {"dump": dump_set(**fields)}))
        return made[-1]
    return build


def nightly(boat, *args, status=None):
    return boat.run("run", "postgres/verify-dump", "--unattended", *args, status=status,
                    timeout=300)


def proofs(boat):
    with open(os.path.join(boat.state, "proofs/db+dump.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def sandboxes(boat):
    path = os.path.join(boat.state, "sandboxes")
    return [n for n in os.listdir(path) if n.endswith(".json")] if os.path.isdir(path) else []


@pytest.mark.parametrize("sample, name", [("custom", "x.dump"), ("sql.zst", "x.sql.zst"),
                                          ("directory", "x.dir"), ("tar", "x.tar")])
def test_passes_and_is_recorded(boat, samples, site, tmp_path, sample, name):
    if os.path.isdir(samples.path(sample)):
        shutil.copytree(samples.path(sample), tmp_path / "b/pg" / name)
        where = Site(boat, str(tmp_path / "b"), {"dump": dump_set()})
    else:
        where = site(sample, name)
    done = nightly(boat, "-v", status=0)
    assert "pass    load: Loaded without an error" in done.out, done
    kinds = [(p["kind"], p.get("level"), p.get("result")) for p in proofs(boat)]
    assert kinds == [("proof", "restored", "pass"), ("restore", None, None)]
    assert {"answers", "tables", "load"} <= {c["name"] for c in proofs(boat)[0]["checks"]}
    row = where.row("dump")
    assert row["proven"]["level"] == "restored" and row["proven"]["result"] == "pass"
    assert row["last_restore"]["mode"] == "sandbox" and row["last_restore"]["seconds"] < 100
    assert proofs(boat)[1]["seconds"] > 0
    assert sandboxes(boat) == []
    assert boat.run("audit", "verify").status in (0, 1)


def test_damaged_fails(boat, site, tmp_path):
    where = site("custom")
    damage.rewrite(tmp_path / "b/pg/x.dump", lambda d: damage.flip(d, 0.5))
    done = nightly(boat, status=1)
    assert 'Step "restore" failed' in done.out, done
    assert [(p["level"], p["result"]) for p in proofs(boat)] == [("restored", "fail")]
    assert where.row("dump")["verdict"] == "breach"


def test_check_that_does_not_hold_fails(boat, site):
    site("custom", checks=[{"table": "users", "at_least": 10 ** 9}])
    done = nightly(boat, status=1)
    assert "at least 1000000000 are wanted" in done.out, done
    assert sandboxes(boat) == []


def test_what_is_missing_here_is_unknown(boat, samples, site, tmp_path):
    site("sql.gz", "x.sql.gz")
    with gzip.open(samples.path("sql.gz")) as f:
        text = f.read()
    at = text.index(b"CREATE TABLE")
    (tmp_path / "b/pg/x.sql.gz").write_bytes(gzip.compress(
        text[:at] + b"CREATE EXTENSION IF NOT EXISTS nowhere_to_be_found;\n\n" + text[at:]))
    done = nightly(boat, status=2)
    assert 'extension "nowhere_to_be_found"' in done.out, done
    assert [(p["level"], p["result"]) for p in proofs(boat)] == [("restored", "unknown")]


def test_kept_sandbox_outlives_the_run(boat, site):
    site("custom")
    done = nightly(boat, "-v", "--keep-sandbox", status=0)
    conninfo = next(line for line in done.out.splitlines() if "The sandbox is kept" in line)
    conninfo = conninfo[conninfo.index("host="):]
    count = subprocess.run(["psql", "-XAtd", conninfo, "-c", "SELECT count(*) FROM users"],
                           capture_output=True, text=True, check=False)
    assert count.stdout == "20000\n", count
    (record,) = sandboxes(boat)
    path = os.path.join(boat.state, "sandboxes", record)
    with open(path, encoding="utf-8") as f:
        made = json.load(f)
    # once its time is over, whatever command comes next removes it
    path = os.path.join(boat.state, "sandboxes", record)
    with open(path, encoding="utf-8") as f:
        made = json.load(f)
    made["owner"] = {"until": "2001-01-01T00:00:00Z"}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(made, f)
    boat.run("runs")
    assert sandboxes(boat) == [] and not os.path.exists(made["directory"])


def test_in_a_bucket(boat, s3, samples):
    """By the site's own endpoint; nothing is downloaded to be restored."""
    client = s3.client()
    client.create_bucket("nightly")
    with open(samples.path("custom"), "rb") as f:
        client.put("nightly", "pg/x.dump", f.read())
    where = Site(boat, None, {"dump": dump_set()}, {"s3": {
        "bucket": "nightly", "endpoint": s3.endpoint, "region": "us-east-1"}})
    boat.env.update(s3.environment())
    nightly(boat, status=0)
    assert where.row("dump")["proven"]["level"] == "restored"


def test_several_sets_in_one_go(boat, samples, tmp_path):
    for name, sample in (("one", "custom"), ("two", "sql.gz"), ("three", "rdb")):
        os.makedirs(tmp_path / "b" / name)
        shutil.copy(samples.path(sample), tmp_path / "b" / name / "x.dump")
    damage.rewrite(tmp_path / "b/two/x.dump", lambda d: d[:-100])
    Site(boat, str(tmp_path / "b"), {
        "one": dump_set(path="one/"), "two": dump_set(path="two/"),
        "three": dump_set(path="three/", type="redis_rdb")})
    done = boat.run("verify", "--level", "restored", "--latest", "db/one", "--latest", "db/two",
                    "--latest", "db/three", "--format", "json", timeout=300, status=1).json()
    assert [r["result"] for r in done] == ["pass", "fail", "pass"]
    assert done[2]["target"].startswith("db/three/") and sandboxes(boat) == []


@pytest.mark.parametrize("sample", ["custom", "base-tar", "rdb"])
def test_killed_in_the_middle(boat, samples, sample):
    """kill -9: the servers go with it, and the next command removes what lies about."""
    process = boat.popen("verify", "--level", "restored", samples.path(sample),
                         stdout=subprocess.DEVNULL)
    scratch.wait_for(lambda: sandboxes(boat), 60, "a sandbox")
    path = os.path.join(boat.state, "sandboxes", sandboxes(boat)[0])
    with open(path, encoding="utf-8") as f:
        directory = json.load(f)["directory"]
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while sandboxes(boat) and time.monotonic() < deadline:
        boat.run("runs")
    assert sandboxes(boat) == [] and not os.path.exists(directory)
