"""lifeboat verify over S3, by the names of the catalog, and at level restored."""
import json
import os
import shutil
import subprocess

import pytest

import damage
import detect_table
from verify_site import Site, dump_set


@pytest.fixture(scope="module")
def bucket(s3, samples):
    """The samples as objects: s3://proofs/<sample> or s3://proofs/<sample>/..."""
    client = s3.client()
    client.create_bucket("proofs")
    for sample in ("custom", "custom-z0-sha256", "sql.gz", "base-tar-gz", "base-plain", "aof",
                   "aof-rewritten", "rdb", "directory", "velero", "wal-archive", "tar"):
        path = samples.path(sample)
        if os.path.isfile(path):
            put(client, sample, path)
            if os.path.exists(path + ".sha256"):
                put(client, sample + ".sha256", path + ".sha256")
            continue
        for where, _, names in os.walk(path):
            for name in names:
                full = os.path.join(where, name)
                put(client, f"{sample}/{os.path.relpath(full, path)}", full)
    return client


def put(client, key, path):
    with open(path, "rb") as f:
        client.put("proofs", key, f.read())


@pytest.fixture
def cloud(boat, s3):
    boat.env.update(s3.environment())
    boat.env["AWS_ENDPOINT_URL_S3"] = s3.endpoint
    return boat


@pytest.mark.seconds(400)
@pytest.mark.parametrize("sample", ["custom", "custom-z0-sha256", "sql.gz", "base-tar-gz",
                                    "base-plain", "aof", "aof-rewritten", "rdb", "directory",
                                    "velero", "wal-archive", "tar"])
def test_s3_says_the_same(cloud, bucket, sample):
    done = cloud.run("verify", f"s3://proofs/{sample}", "--format", "json").json()
    assert done["result"] == detect_table.GOOD[sample], done
    if sample == "base-tar-gz":
        assert cloud.run("verify", f"s3://proofs/{sample}/", status=0)


def test_s3_damaged_and_missing(cloud, bucket, samples):
    with open(samples.path("custom"), "rb") as f:
        good = f.read()
    for name, data in (("flipped", damage.flip(good, 0.5)), ("cut", good[:-100]), ("empty", b""),
                       ("page", damage.HTML)):
        bucket.put("proofs", name, data)
        assert cloud.run("verify", f"s3://proofs/{name}", status=1), name
    assert cloud.run("verify", "s3://proofs/no-such-key", status=2)
    assert cloud.run("verify", "s3://no-such-bucket/x", status=2)


def test_s3_base_backup_with_wal_from_s3(cloud, bucket, samples):
    for where in (samples.path("base-tar-no-wal"),):
        assert cloud.run("verify", where, status=2)
        assert cloud.run("verify", where, "--wal", "s3://proofs/wal-archive", status=0)


@pytest.mark.seconds(400)
@pytest.mark.parametrize("sample", ["custom", "sql.gz", "tar", "base-tar-gz", "rdb", "aof"])
def test_s3_restored(cloud, bucket, sample):
    done = cloud.run("verify", "--level", "restored", f"s3://proofs/{sample}", "--format", "json",
                     timeout=300)
    assert done.json()["result"] == "pass", done
    assert done.json()["restore_seconds"] > 0
    assert os.listdir(os.path.join(cloud.state, "sandboxes")) == []


@pytest.mark.seconds(400)
@pytest.mark.parametrize("sample", [
    "custom", "custom-z0", "directory", "tar", "sql", "sql.zst", "base-plain", "base-tar-zst",
    "base-tar-fetch", "base-stdout.tar", "base-space-tar", "base-space-plain", "rdb",
    "rdb-no-checksum", "aof", "aof-plain-base", "aof-rewritten"])
def test_restored(boat, samples, sample):
    done = boat.run("verify", "--level", "restored", samples.path(sample), "--format", "json",
                    timeout=300)
    report = done.json()
    assert report["result"] == "pass", done
    assert report["level"] == "restored" and report["restore_seconds"] > 0
    assert report["sandbox"] is None
    assert os.listdir(os.path.join(boat.state, "sandboxes")) == []


def test_restored_of_what_no_sandbox_is_for(boat, samples):
    for sample in ("neo4j.dump", "velero.tar.gz", "files.tar.gz", "wal-full"):
        assert boat.run("verify", "--level", "restored", samples.path(sample), status=2), sample


def test_incremental_backups_are_not_restored_alone(boat, samples):
    done = boat.run("verify", "--level", "restored", samples.path("base-plain-incremental"), status=2)
    assert "pg_combinebackup" in done.out


def test_restored_without_wal_takes_it_from_the_archive(boat, samples):
    path = samples.path("base-tar-no-wal")
    assert boat.run("verify", "--level", "restored", path, status=2)
    assert boat.run("verify", "--level", "restored", path, "--wal", samples.path("wal-archive"),
                    status=0, timeout=200)


def test_restored_checks(boat, samples, tmp_path):
    """What must hold is data; what does not hold fails, what can't be known is unknown."""
    for text, status in (("- {table: users, at_least: 20000}", 0),
                         ("- {table: users, at_least: 20001}", 1),
                         ("- {table: nobody}", 1),
                         ("- {sql: 'SELECT count(*) FROM users', expect: '20000'}", 0),
                         ("- {sql: 'SELECT 1', expect: '2'}", 1)):
        checks = tmp_path / "checks.yaml"
        checks.write_text(f"checks:\n  {text}\n")
        for sample, database in (("custom", []), ("base-tar-gz", ["--database", "shop"])):
            done = boat.run("verify", "--level", "restored", "--checks", checks, *database,
                            samples.path(sample), timeout=200)
            assert done.status == status, (text, sample, done)


def test_kept_sandbox(boat, samples):
    done = boat.run("verify", "--level", "restored", "--keep-sandbox", samples.path("rdb"),
                    "--format", "json", status=0).json()
    socket = done["conninfo"]
    assert done["sandbox"] and os.path.exists(socket)
    count = subprocess.run(["redis-cli", "-s", socket, "DBSIZE"], capture_output=True, text=True,
                           check=True)
    assert int(count.stdout) > 1000
    subprocess.run(["redis-cli", "-s", socket, "SHUTDOWN", "NOSAVE"], check=False)


def test_damaged_page_that_no_manifest_shows(boat, samples, tmp_path):
    """A page that was damaged in the database itself: every checksum of the backup is right."""
    import gzip
    import io
    import tarfile
    copy = damage.copy_tree(samples.path("base-tar-no-sums-gz"), tmp_path / "copy")
    path = os.path.join(copy, "base.tar.gz")
    with open(path, "rb") as f:
        data = gzip.decompress(f.read())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = max((m for m in tar if m.name.startswith("base/")), key=lambda m: m.size)
    data = damage.flip(data, member.offset_data + 8192 + 4000)
    damage.write(path, gzip.compress(data, 1))
    assert boat.run("verify", copy, status=0)
    done = boat.run("verify", "--pages", copy, status=1)
    assert member.name in done.out and "block 1" in done.out
    assert boat.run("verify", "--pages", samples.path("base-tar-no-sums-gz"), status=0)


@pytest.fixture
def backups(samples, tmp_path):
    """Three dumps, the newest of them damaged at will."""
    os.makedirs(tmp_path / "b/pg")
    with open(samples.path("custom"), "rb") as f:
        good = f.read()
    for day in (1, 2, 3):
        path = tmp_path / f"b/pg/{day}.dump"
        path.write_bytes(good)
        os.utime(path, (1800000000 + day * 86400 - 86400 * 1000,) * 2)
    return tmp_path / "b"


def test_by_id_and_latest(boat, backups):
    site = Site(boat, str(backups), {"dump": dump_set()})
    done = boat.run("verify", "db/dump/2.dump", "--format", "json", status=0).json()
    assert done["target"] == "db/dump/2.dump" and done["level"] == "intact"
    row = site.row("dump")
    assert row["proven"]["backup"] == "db/dump/2.dump" and row["proven"]["result"] == "pass"
    done = boat.run("verify", "--latest", "db/dump", "--format", "json", status=0).json()
    assert done["target"] == "db/dump/3.dump"
    damage.rewrite(backups / "pg/3.dump", lambda d: damage.flip(d, 0.5))
    assert boat.run("verify", "--latest", "db/dump", status=1)
    row = site.row("dump")
    assert row["verdict"] == "breach" and row["proven"]["result"] == "fail"
    # what failed is still the newest: it is proven again, and not an older one in its place
    assert boat.run("verify", "--latest", "db/dump", status=1)
    assert boat.run("verify", "db/dump/none.dump", status=2)
    assert boat.run("verify", "--latest", "db/none", status=2)


def test_restored_is_recorded_with_its_time(boat, backups):
    site = Site(boat, str(backups), {"dump": dump_set(
        prove={"level": "restored", "every": "24h"}, checks=[{"table": "users", "at_least": 20000}])})
    done = boat.run("verify", "--latest", "db/dump", "--format", "json", timeout=200, status=0)
    assert done.json()["level"] == "restored"
    row = site.row("dump")
    assert row["proven"]["level"] == "restored"
    assert row["last_restore"]["mode"] == "sandbox" and row["last_restore"]["seconds"] >= 0


def test_stale(boat, backups):
    Site(boat, str(backups), {
        "dump": dump_set(prove={"level": "intact", "every": "24h"}),
        "other": dump_set(),
        "none": dump_set(path="empty/", prove={"level": "intact", "every": "24h"})})
    os.mkdir(backups / "empty")
    done = boat.run("verify", "--stale", "--format", "json", status=2).json()
    assert [(r["target"], r["result"]) for r in done] == [("db/dump/3.dump", "pass"),
                                                          ("db/none", "unknown")]
    done = boat.run("verify", "--stale", "--format", "json").json()
    assert done["target"] == "db/none"  # the other one is proven for today
    damage.rewrite(backups / "pg/3.dump", lambda d: damage.flip(d, 0.5))
    assert boat.run("verify", "db/dump/3.dump", status=1)
    assert [r["target"] for r in boat.run("verify", "--stale", "--format", "json", status=1).json()
            ] == ["db/dump/3.dump", "db/none"]  # what failed stays due


def test_base_backup_takes_the_wal_of_its_asset(boat, samples, tmp_path):
    """Made with -X none: what it needs is in the archive that the site file has for the asset."""
    shutil.copytree(samples.path("base-tar-no-wal"), tmp_path / "b/base/sunday")
    shutil.copytree(samples.path("wal-archive"), tmp_path / "b/wal")
    sets = {"base": {"type": "pg_basebackup", "location": "here", "path": "base/", "rpo": "1000d"},
            "wal": {"type": "wal", "location": "here", "path": "wal/", "rpo": "1000d"}}
    Site(boat, str(tmp_path / "b"), {"base": sets["base"]})
    assert "--wal" in boat.run("verify", "--latest", "db/base", status=2).out
    Site(boat, str(tmp_path / "b"), sets)
    done = boat.run("verify", "--latest", "db/base", "-v", status=0)
    assert f"is whole, in {tmp_path}/b/wal" in done.out, done
    assert boat.run("verify", "--level", "restored", "--latest", "db/base", timeout=200, status=0)
    # another cluster's archive has segments of the same names
    for path in (tmp_path / "b/wal").glob("?" * 24):
        damage.rewrite(path, lambda d: damage.flip(d, 24))
    done = boat.run("verify", "--latest", "db/base", status=1)
    assert "is of another cluster" in done.out, done


def test_recorded_digest(boat, samples, tmp_path):
    """Nothing in a -Z0 dump covers its data; once proven, the digest of that proof does."""
    path = tmp_path / "b/pg/x.dump"
    path.parent.mkdir(parents=True)
    shutil.copy2(samples.path("custom-z0"), path)
    Site(boat, str(tmp_path / "b"), {"dump": dump_set()})
    assert "unverifiable" in boat.run("verify", "--latest", "db/dump", status=2).out
    boat.run("verify", "--latest", "db/dump", "--level", "restored", timeout=200, status=0)
    done = boat.run("verify", "--latest", "db/dump", "-v", status=0)
    assert "SHA256 is what its proof of 20" in done.out, done
    times = os.stat(path).st_mtime_ns
    damage.rewrite(path, lambda d: d.replace(b"xxxx", b"xyxx", 1))  # bit rot leaves no trace
    os.utime(path, ns=(times, times))
    done = boat.run("verify", "--latest", "db/dump", status=1)
    assert "these are not the bytes that were stored" in done.out, done


def test_catalog_of_a_bucket(boat, s3, bucket, samples):
    """By the site's own endpoint and credentials."""
    bucket.create_bucket("catalogued")
    with open(samples.path("custom"), "rb") as f:
        bucket.put("catalogued", "pg/x.dump", f.read())
    Site(boat, None, {"dump": dump_set(prove={"level": "restored", "every": "1d"})},
         {"s3": {"bucket": "catalogued", "endpoint": s3.endpoint, "region": "us-east-1"}})
    boat.env.update(s3.environment())
    done = boat.run("verify", "--latest", "db/dump", "--format", "json", timeout=200, status=0)
    assert done.json()["target"] == "db/dump/x.dump" and done.json()["level"] == "restored"
