"""The detection table (tests/lib/detect_table.py): every backup that a tool here can make, good and
damaged in every way of FACTS.md, and what `lifeboat verify` must say. No false alarm, no miss."""
import os
import shutil

import pytest

import detect_build
import detect_table


def check(boat, path, expected, what, wrong):
    done = boat.run("verify", path, "--format", "json")
    got = done.json()["result"]
    assert done.status == {"pass": 0, "fail": 1, "unknown": 2}[got], done
    allowed = (expected,) if isinstance(expected, str) else expected
    if got not in allowed:
        bad = [c for c in done.json()["checks"] if c["result"] != "pass"]
        wrong.append(f"{what}: {got}, not {' or '.join(allowed)}: {bad}")


@pytest.mark.seconds(600)
def test_samples_are_made(samples):
    missing = set(detect_table.GOOD) - set(samples.made)
    assert missing <= {"files.cpio.gz", "files.zip"}, missing


@pytest.mark.parametrize("sample", detect_table.GOOD)
def test_good(boat, samples, sample):
    wrong = []
    check(boat, samples.path(sample), detect_table.GOOD[sample], sample, wrong)
    assert not wrong


@pytest.mark.seconds(600)
@pytest.mark.parametrize("sample", [s for s in detect_table.GOOD if s not in detect_table.ALIKE])
def test_damaged(boat, samples, sample, tmp_path):
    path, wrong = samples.path(sample), []
    for name, damaged, expected in detect_build.damaged(sample, path, str(tmp_path)):
        check(boat, damaged, expected, f"{sample}, {name}", wrong)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", detect_table.MADE)
def test_made(boat, name, tmp_path):
    make, expected = detect_table.MADE[name]
    path, wrong = tmp_path / "backup", []
    path.write_bytes(make())
    check(boat, path, expected, name, wrong)
    assert not wrong


def test_names_do_not_matter(boat, samples, tmp_path):
    """What a file is, its bytes say."""
    for sample, name in (("custom", "x.sql"), ("sql.gz", "x.dump"), ("rdb", "x.tar.gz"),
                         ("base-stdout.tar", "x.rdb"), ("neo4j.dump", "x.dump")):
        path = shutil.copy(samples.path(sample), tmp_path / name)
        assert boat.run("verify", path).status == 0


def test_other_digest_fails(boat, samples, tmp_path):
    """A dump that is whole in itself, and not the one that was stored."""
    for kind in ("sha256", "sha512", "md5"):
        path = shutil.copy(samples.path(f"custom-{kind}"), tmp_path / "x.dump")
        with open(samples.path(f"custom-{kind}") + f".{kind}", encoding="ascii") as f:
            digest = f.read().split()[0]
        wrong = ("0" if digest[0] != "0" else "1") + digest[1:]
        for text, status in ((f"{digest}  x.dump\n", 0), (f"{digest} *x.dump\n", 0),
                             (f"{digest}\n", 0), (f"{digest.upper()}  ./x.dump\r\n", 0),
                             (f"{kind.upper()} (x.dump) = {digest}\n", 0),
                             (f"{wrong}  other\n{digest}  x.dump\n", 0),
                             (f"{wrong}  x.dump\n", 1), (f"{digest}  x.dump\n"[1:], 1),
                             ("no digest at all\n", 1), ("", 1)):
            with open(f"{path}.{kind}", "w", encoding="ascii", newline="") as f:
                f.write(text)
            done = boat.run("verify", path)
            assert done.status == status, (text, done)
        os.unlink(f"{path}.{kind}")


def test_given_digest(boat, samples):
    path = samples.path("custom-z0")
    digest = boat.run("verify", path, "--format", "json", status=2).json()["sha256"]
    assert boat.run("verify", path, "--sha256", digest).status == 0
    assert boat.run("verify", path, "--sha256", "0" * 64).status == 1
    assert boat.run("verify", path, "--sha256", "xyz").status == 2


def test_wal_from_an_archive(boat, samples, tmp_path):
    backup, archive = samples.path("base-tar-no-wal"), samples.path("wal-archive")
    assert boat.run("verify", backup).status == 2
    assert boat.run("verify", backup, "--wal", archive).status == 0
    # the archive as it was before the backup
    early = tmp_path / "early"
    early.mkdir()
    for name in sorted(os.listdir(archive))[:2]:
        shutil.copy(os.path.join(archive, name), early)
    done = boat.run("verify", backup, "--wal", early, status=1)
    assert "is missing in the archive" in done.out
    assert boat.run("verify", backup, "--wal", tmp_path / "none").status == 2


def test_partial_segment(boat, samples, tmp_path):
    """What pg_receivewal is still writing: it may end early, but not in the middle of nonsense."""
    with open(samples.path("wal-full"), "rb") as f:
        data = f.read()
    name = os.path.basename(samples.path("wal-full"))
    partial = tmp_path / f"{name}.partial"
    partial.write_bytes(data[:8192 * 700])
    assert boat.run("verify", partial).status == 0
    partial.write_bytes(data[:8192 * 700] + bytes(len(data) - 8192 * 700))
    assert boat.run("verify", partial).status == 1  # a record is cut off by the zeros
    whole = tmp_path / name
    whole.write_bytes(data[:8192 * 700])
    assert boat.run("verify", whole).status == 1


def test_segment_under_another_name(boat, samples, tmp_path):
    name = os.path.basename(samples.path("wal-full"))
    other = tmp_path / (name[:-1] + ("0" if name[-1] != "0" else "1"))
    shutil.copy(samples.path("wal-full"), other)
    assert "Its name says" in boat.run("verify", other, status=1).out
