"""What `lifeboat verify` says beside the reference tool on the same data: pg_verifybackup,
redis-check-rdb, redis-check-aof, pg_restore. Where it is stricter, the difference is named here. Its own
word on every damage is detect_table's, and test_detect.py holds it to that."""
import os
import shutil
import subprocess

import pytest

import damage
import detect_build
import detect_table
import samples_pg


def result(boat, path):
    return boat.run("verify", path, "--format", "json").json()["result"]


def run(*argv, **kwargs):
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                          **kwargs).returncode


def verifybackup(samples, path):
    return samples.server.run("pg_verifybackup", path, check=False).returncode


def give(samples, path):
    """The server's programs run as its user."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", samples.server.user.pw_name, path], check=True)
    return path


# pg_verifybackup ends with 1 where we say that it can't be known: without a manifest it does not
# look at the files at all, and without WAL in the backup it does not ask where else it may be.
STRICTER = {"the manifest missing", "the WAL missing"}


@pytest.mark.seconds(600)
@pytest.mark.parametrize("sample", ["base-plain", "base-plain-sha256"])
def test_pg_verifybackup_plain(boat, samples, sample):
    assert verifybackup(samples, samples.path(sample)) == 0
    work = samples.server.subdirectory("agree")
    for name, path, ours in detect_build.damaged(sample, samples.path(sample), work):
        theirs = verifybackup(samples, give(samples, path))
        if name in STRICTER:
            assert theirs == 1 and ours != "pass", name
        else:
            assert ours == ("pass" if theirs == 0 else "fail"), (name, theirs, ours)


@pytest.mark.seconds(600)
@pytest.mark.parametrize("sample", ["base-tar", "base-tar-gz", "base-tar-sha512"])
def test_pg_verifybackup_tar(boat, samples, sample):
    """Theirs after extraction, ours without. What is wrong with the tar alone, only ours can see."""
    work = samples.server.subdirectory("agree-tar")
    extracted = samples_pg.extract(samples.path(sample), os.path.join(work, "extracted"))
    assert verifybackup(samples, give(samples, extracted)) == 0
    for name, change in detect_table.RETARRED.items():
        copy = damage.copy_tree(samples.path(sample), os.path.join(work, "tar"))
        base = next(n for n in os.listdir(copy) if n.startswith("base.tar"))
        damage.rewrite(os.path.join(copy, base), lambda d, c=change: detect_table._retar(d, c))
        shutil.rmtree(extracted)
        give(samples, samples_pg.extract(copy, extracted))
        assert verifybackup(samples, extracted) == 1, name
        assert result(boat, copy) == "fail", name


def test_redis_check_rdb(boat, samples, tmp_path):
    for sample in ("rdb", "rdb-uncompressed", "rdb-other-encodings", "rdb-empty"):
        path = samples.path(sample)
        assert run("redis-check-rdb", path) == 0 and result(boat, path) == "pass"
        for name, copy, ours in detect_build.damaged(sample, path, str(tmp_path)):
            theirs = run("redis-check-rdb", copy)
            if name in ("extra bytes", "extra zeros"):
                assert theirs == 0 and ours == "fail", name  # it does not look behind the end
            else:
                assert theirs != 0 and ours == "fail", (sample, name, theirs, ours)


def test_redis_check_rdb_without_checksum(boat, samples, tmp_path):
    """The reason for "unverifiable": what redis-check-rdb calls OK."""
    with open(samples.path("rdb"), "rb") as f:
        good = f.read()
    changed = good.replace(b"xxxxx", b"xyxxx", 1)
    assert changed != good
    path = tmp_path / "zeroed.rdb"
    path.write_bytes(changed[:-8] + bytes(8))
    assert run("redis-check-rdb", path) == 0
    assert result(boat, path) == "unknown"


def test_redis_check_aof(boat, samples, tmp_path):
    def theirs(directory):
        manifest = [n for n in os.listdir(directory) if n.endswith(".manifest")]
        return run("redis-check-aof", os.path.join(directory, manifest[0])) if manifest else 1
    for sample in ("aof", "aof-plain-base", "aof-rewritten"):
        assert theirs(samples.path(sample)) == 0
        assert result(boat, samples.path(sample)) == detect_table.GOOD[sample]
    for name, copy, ours in detect_build.damaged("aof", samples.path("aof"), str(tmp_path)):
        if name == "a value changed":
            assert theirs(copy) == 0 and ours == "unknown"
        elif name == "the manifest empty":
            assert theirs(copy) == 0 and ours == "fail"  # "all AOF files": there are none
        else:
            assert theirs(copy) != 0 and ours == "fail", (name, ours)


# Where pg_restore -f /dev/null is content and we are not: it stops reading where its table of
# contents ends, and has nothing to compare a plain block with (FACTS 3.3).
BLIND = {"extra bytes", "extra zeros"}


def test_pg_restore(boat, samples, tmp_path):
    for sample in ("custom", "custom-z9", "custom-pipe"):
        path = samples.path(sample)
        assert restore(samples, path) == 0 and result(boat, path) == "pass"
        for name, copy, expected in detect_build.damaged(sample, path, str(tmp_path)):
            theirs = restore(samples, copy)
            # What nothing in the file could show (docs/verify.md), both pass.
            assert (theirs == 0) == (name in BLIND or expected == "pass"), (sample, name, theirs)


def test_pg_restore_list_is_blind(boat, samples, tmp_path):
    """The runbooks' way of verifying: rc 0 on half a dump and on a flipped bit (FACTS 3.3)."""
    with open(samples.path("custom"), "rb") as f:
        good = f.read()
    for data in (good[:len(good) // 2], damage.flip(good, 0.5)):
        path = tmp_path / "x.dump"
        path.write_bytes(data)
        assert run(os.path.join(samples.server.bin, "pg_restore"), "-l", path) == 0
        assert result(boat, path) == "fail"


def restore(samples, path):
    return run(os.path.join(samples.server.bin, "pg_restore"), "-f", "/dev/null", path)


def test_other_versions_of_archives(boat, samples, tmp_path):
    """PostgreSQL 16 to 18 write archive versions 1.15 and 1.16, with zstd and lz4 too."""
    import pgdump_convert
    with open(samples.path("custom"), "rb") as f:
        data = f.read()
    for minor in (15, 16):
        for method, checked, expected in (("gzip", True, "pass"), ("zstd", True, "pass"),
                                          ("zstd", False, "unknown"), ("lz4", True, "pass"),
                                          ("lz4", False, "unknown"), ("none", False, "unknown")):
            path = tmp_path / f"{minor}-{method}.dump"
            converted = pgdump_convert.convert(data, minor, method, checked)
            path.write_bytes(converted)
            assert result(boat, path) == expected, (minor, method)
            path.write_bytes(converted[:-20])
            assert result(boat, path) == "fail", (minor, method)
            if expected == "pass":
                path.write_bytes(damage.flip(converted, 0.6))
                assert result(boat, path) == "fail", (minor, method)
    path = tmp_path / "newer.dump"
    path.write_bytes(data[:6] + bytes([17]) + data[7:])
    assert result(boat, path) == "unknown"
