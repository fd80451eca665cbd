"""lifeboat verify without any server: the contract, exit codes, records, odd files and terminals."""
import gzip
import io
import json
import os
import pty
import select
import signal
import subprocess
import tarfile
import time

import pytest

import lifeboat
import scratch

SQL = (b"--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n" + b"-- a row of data\n" * 200 +
       b"--\n-- PostgreSQL database dump complete\n--\n\n")
CHECK_KEYS = ["name", "result", "detail"]
KEYS = ["target", "format", "level", "result", "checks", "bytes", "seconds"]


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.sql.gz"
    path.write_bytes(gzip.compress(SQL))
    return str(path)


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.sql.gz"
    path.write_bytes(gzip.compress(SQL)[:-5])
    return str(path)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "plain.sql"
    path.write_bytes(SQL)
    return str(path)


def test_contract(boat, good):
    done = boat.run("verify", good, "--format", "json", status=0).json()
    assert list(done)[:len(KEYS)] == KEYS
    assert done["target"] == good and done["format"] == "pg_dump_plain"
    assert done["level"] == "intact" and done["result"] == "pass"
    assert all(list(c) == CHECK_KEYS for c in done["checks"])
    assert done["bytes"] == os.path.getsize(good) and done["seconds"] >= 0


def test_several_give_an_array_and_the_worst_wins(boat, good, bad, plain):
    for targets, status, results in (
            ([good, plain], 2, ["pass", "unknown"]), ([plain, bad], 1, ["unknown", "fail"]),
            ([good, bad, plain], 1, ["pass", "fail", "unknown"]), ([good, good], 0, ["pass"] * 2)):
        done = boat.run("verify", *targets, "--format", "json", status=status)
        assert [r["result"] for r in done.json()] == results


def test_exit_codes_in_text(boat, good, bad, plain):
    assert boat.run("verify", good, status=0).out.startswith("PASS     intact")
    assert "fail" in boat.run("verify", bad, status=1).out
    assert "unverifiable" in boat.run("verify", plain, status=2).out


def test_missing_is_unknown_not_damaged(boat, tmp_path):
    for path in (tmp_path / "none", tmp_path / "none" / "deep", tmp_path / "none/"):
        done = boat.run("verify", path, status=2)
        assert "No such file" in done.out or "nothing at" in done.out, done
    assert boat.run("verify", "ftp://x/y", status=2)


def test_usage(boat, good):
    for args in ([], ["--level", "deep", good], ["--format", "xml", good], ["--sha256", "1", good],
                 ["--sha256", "0" * 64, good, good], ["--no-such-option", good],
                 ["--checks", "/nonexistent", good], ["--latest", "a/b"], ["--stale"]):
        done = boat.run("verify", *args, status=2)
        assert done.err.startswith("lifeboat: ") and done.out == "", (args, done)


def test_unreadable_is_unknown(boat, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    path = tmp_path / "secret.dump"
    path.write_bytes(SQL)
    path.chmod(0)
    assert boat.run("verify", path, status=2)


def test_not_a_file(boat, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", "/dev/null"):
        assert boat.run("verify", path, timeout=60).status in (1, 2)
    os.mkdir(tmp_path / "empty")
    assert boat.run("verify", tmp_path / "empty", status=1)
    assert boat.run("verify", tmp_path, status=2)  # a directory of what?
    os.symlink(tmp_path / "gone", tmp_path / "dangling")
    assert boat.run("verify", tmp_path / "dangling", status=2)


def test_seen_looks_at_the_beginning_only(boat, good, tmp_path):
    path = tmp_path / "cut.sql"
    path.write_bytes(SQL[:200])
    assert boat.run("verify", "--level", "seen", path, status=0)
    assert boat.run("verify", "--level", "intact", path, status=1)
    path.write_bytes(b"")
    assert boat.run("verify", "--level", "seen", path, status=1)
    path.write_bytes(b"<html>not today</html>")
    assert boat.run("verify", "--level", "seen", path, status=1)


def test_file_uri_and_relative_paths(boat, good):
    assert boat.run("verify", f"file://{good}", status=0)
    assert boat.run("verify", os.path.relpath(good, boat.dir), status=0)


def test_a_broken_site_file_does_not_matter_for_a_path(boat, good):
    boat.env["LIFEBOAT_SITE"] = boat.write("broken.yaml", "site: [")
    assert boat.run("verify", good, status=0)
    assert boat.run("verify", "asset/set/name", status=2)


def records(boat):
    with open(os.path.join(boat.state, "audit/audit.log"), encoding="utf-8") as f:
        return [json.loads(line) for line in f if '"verify' in line]


def test_every_verification_is_recorded(boat, good, bad):
    boat.run("verify", good)
    boat.run("verify", bad)
    found = [(r["event"], r["data"]["target"], r["data"]["result"]) for r in records(boat)]
    assert found == [("verify.result", good, "pass"), ("verify.result", bad, "fail")]
    assert boat.run("audit", "verify").status in (0, 1)


def test_works_without_a_state_directory(boat, good, bad):
    boat.env["LIFEBOAT_STATE"] = "/proc/nothing"
    for path, status in ((good, 0), (bad, 1)):
        done = boat.run("verify", path, status=status)
        assert "not in the audit log" in done.err


def test_restored_needs_a_record(boat, good):
    """Up to intact it only reads; restored runs things (promise 5)."""
    boat.env["LIFEBOAT_STATE"] = "/proc/nothing"
    done = boat.run("verify", "--level", "restored", good)
    assert done.status in (2, 3) and "PASS" not in done.out, done


def test_names_from_inside_are_harmless_on_a_terminal(boat, tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../\x1b]0;evil\x07\x1b[31m\u202egpj.exe"))
    path = tmp_path / "\x1b[31mx.tar"
    path.write_bytes(out.getvalue())
    for args in ([], ["--format", "json"]):
        done = boat.run("verify", path, *args, status=1)
        assert "\x1b" not in done.out + done.err and "\u202e" not in done.out
        assert "\x07" not in done.out


def test_object_that_changes_while_it_is_read(boat, tmp_path):
    path = tmp_path / "growing.sql"
    with open(path, "wb") as f:
        f.write(b"--\n-- PostgreSQL database dump\n--\n\n")
        line = b"INSERT INTO t VALUES (1, 'the same row again and again and again');\n" * 10000
        for _ in range(600):
            f.write(line)
        f.write(b"--\n-- PostgreSQL database dump complete\n--\n\n")

    def reading():
        try:
            return any(os.readlink(f"/proc/{process.pid}/fd/{n}") == str(path)
                       for n in os.listdir(f"/proc/{process.pid}/fd"))
        except OSError:
            return False
    process = boat.popen("verify", path, "--format", "json", stdout=subprocess.PIPE)
    scratch.wait_for(reading, 60, "the file to be opened")
    os.kill(process.pid, signal.SIGSTOP)
    with open(path, "ab") as f:
        f.write(b"-- more\n")
    os.kill(process.pid, signal.SIGCONT)
    report = json.loads(process.communicate()[0])
    assert process.returncode == 1 and report["result"] == "fail"
    assert "changed while it was being read" in json.dumps(report)


def test_progress_on_a_terminal(boat, tmp_path):
    path = tmp_path / "large.sql"
    with open(path, "wb") as f:
        f.write(b"-- PostgreSQL database dump\n")
        f.truncate(3 << 30)  # sparse: a zero byte ends it, but only behind the digest's chunks
    path = tmp_path / "zeros.tar"
    with open(path, "wb") as f, tarfile.open(fileobj=f, mode="w") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 2 << 30
        f.write(info.tobuf())
        f.truncate(512 + info.size + 1024)
    master, slave = pty.openpty()
    process = subprocess.Popen(boat.argv("verify", path), env={**boat.env}, stderr=slave,
                               stdout=subprocess.PIPE, cwd=boat.dir)
    os.close(slave)
    seen = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        try:
            chunk = os.read(master, 4096) if ready else b""
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    assert process.wait() == 2
    assert b"/s" in seen and b"left" in seen and b" of " in seen
    assert b"\x1b" not in seen


def test_memory_does_not_grow_with_the_size(boat, tmp_path):
    """Of what must be read to its end: a tar of 3 GiB."""
    path = tmp_path / "large.tar"
    with open(path, "wb") as f:
        info = tarfile.TarInfo("zeros")
        info.size = 3 << 30
        f.write(info.tobuf(tarfile.GNU_FORMAT))
        f.truncate(512 + info.size + 1024)
    if "debug" in lifeboat.binary():
        pytest.skip("sanitizers keep freed memory")
    process = boat.popen("verify", path, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
                peak = max([peak] + [int(w.split()[1]) for w in f if w.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.01)
    assert process.returncode == 2
    assert 0 < peak < 32 << 10, f"{peak} KiB"
