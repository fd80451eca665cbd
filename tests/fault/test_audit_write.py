"""F01 to F19: the write path of a chained log under faults, by the numbers of FAULTS.md.

What is done in one process is in tests/unit/audit; here processes are killed, limited and raced.
"""
import os
import re
import shutil
import signal
import subprocess

import pytest

import audit_log
from audit_log import AuditLog


@pytest.fixture
def log(tmp_path):
    return AuditLog(tmp_path)


def traced(log, count=1, calls="all", data=False, **kwargs):
    """The calls on the log's directory, as (call, path) or, with data, (call, path, offset, bytes)."""
    trace = log.path + ".trace"
    if os.path.exists(trace):
        os.unlink(trace)
    result = log.append(count, calls=calls, path=log.dir + "*", trace=trace, data=data, **kwargs)
    events = []
    with open(trace, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words[1] == trace:
                continue
            if len(words) == 4:
                words = [words[0], words[1], int(words[2]), bytes.fromhex(words[3])]
            events.append(tuple(words))
    os.unlink(trace)
    return result, events


@pytest.mark.parametrize("kind", ["ENOSPC", "full", "EDQUOT", "EROFS", "EIO"])
def test_f01_f04_intent_fails(log, kind):
    """The record is absent, nothing runs on it, and when there is room again all is well."""
    assert len(log.append(2).acks) == 2
    before = log.read()
    result = log.append(3, calls="write", path=log.path, nth=2, kind=kind, sticky=True)
    assert result.status == 3 and result.error.startswith("audit ")
    assert len(result.acks) == 1 and result.intents == 2
    assert log.read().startswith(before) and log.verify().records == 4
    assert log.verify().intact
    assert len(log.append(1).acks) == 1 and log.verify().records == 5


def test_f01_new_log_without_room(log):
    result = log.append(1, calls="write", path=log.path, nth=1, kind="full", sticky=True)
    assert result.status == 3 and result.acks == []
    assert len(log.append(1).acks) == 1
    assert log.verify().intact


def test_f01_on_a_file_system_that_is_full(log, tmp_path):
    """No shim: a real file system of 256 KiB."""
    place = tmp_path / "full"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)],
            capture_output=True, check=False).returncode != 0:
        pytest.skip("no right to mount a file system")
    try:
        full = AuditLog(place)
        result = full.append(10000, size=500)
        assert result.status == 3 and "No space left" in result.error
        assert len(result.acks) > 100
        verdict = full.verify()
        assert verdict.intact and verdict.records == len(result.acks) + 1
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_f02_room_for_the_result(log):
    """chain_reserve is in tests/unit/audit/chain_test.c; here: an append needs no more than it."""
    log.append(1)
    result = log.append(1, calls="fallocate", path=log.path, nth=1, kind="ENOSPC")
    assert len(result.acks) == 1


def test_f03_failed_sync_is_for_good(log):
    log.append(1)
    trace = log.path + ".trace"
    result = log.append(3, calls="fdatasync", path=log.path, nth=1, kind="EIO", trace=trace)
    assert result.status == 3 and "Cannot sync" in result.error and result.acks == []
    with open(trace, encoding="ascii") as f:
        assert f.read().count("fdatasync") == 1, "a failed fdatasync must not be tried again"


def test_f04_file_size_limit(log):
    """RLIMIT_FSIZE: SIGXFSZ is no death."""
    result = log.append(100, limit=4096)
    assert result.status == 3 and "File too large" in result.error and len(result.acks) > 3
    verdict = log.verify()
    assert verdict.intact and verdict.records == len(result.acks) + 1
    assert len(log.append(1).acks) == 1


@pytest.mark.parametrize("kind", ["short", "EINTR"])
def test_f05_short_and_interrupted(log, kind):
    for nth in range(1, 5):
        result = log.append(2, calls="write", path=log.path, nth=nth, kind=kind)
        assert len(result.acks) == 2
    assert log.append(3, calls="write", path=log.path, nth=1, kind="short", sticky=True).status == 0
    assert log.verify().intact and log.verify().records == 1 + 8 + 3


def assert_survived(log, result, acked, deaths=1):
    """Every record that was acknowledged is there, at most one for every death that was not, and
    the next append works. Returns all that were acknowledged."""
    acked = acked + result.acks
    recovered = log.append(1)
    assert recovered.status == 0, recovered
    verdict = log.verify()
    assert verdict.intact, verdict
    lines = log.lines()
    hashes = [re.search(rb'"hash":"(\w+)"', line).group(1).decode() for line in lines]
    for seq, digest in acked:
        assert hashes[seq - 1] == digest, f"record {seq} was acknowledged and is gone"
    events = [line for line in lines if b'"event":"test.event"' in line]
    assert len(events) <= len(acked) + 1 + deaths
    # Dying in the middle of the record of a recovery leaves a mixture, which is saved in its turn.
    assert verdict.recoveries <= len(log.torn_files()) <= verdict.recoveries + deaths
    assert (verdict.recoveries > 0) == (len(log.torn_files()) > 0)
    return acked + recovered.acks


@pytest.mark.parametrize("kind", ["kill-before", "kill-half", "kill-after"])
def test_f08_killed_at_every_call(tmp_path, kind):
    """kill -9 before, in the middle of and after every write and sync, for each N, from the very
    first call on the new file; again and again in the same directory."""
    number, killed = 0, 0
    while True:
        number += 1
        log = AuditLog(tmp_path, f"log{number}")
        result = log.append(3, calls="all", path=log.path + "*", nth=number, kind=kind)
        if not result.killed:
            break
        killed += 1
        assert result.status == -signal.SIGKILL
        assert_survived(log, result, [])
    assert killed >= 8, "the log is written with fewer calls than expected"


@pytest.mark.parametrize("kind", ["kill-before", "kill-half", "kill-after"])
def test_f08_f11_killed_in_the_recovery(tmp_path, kind):
    """The same while a torn record is being saved: its bytes are never lost, whatever happens."""
    number = killed = 0
    for cut in (1, 100, 300):
        while True:
            number += 1
            log = AuditLog(tmp_path, f"log{cut}-{number}")
            acked = log.append(2).acks
            whole = log.lines()
            torn = whole[-1][:cut]
            log.write(b"".join(whole[:-1]) + torn)
            result = log.append(1, calls="all", path=log.path + "*", nth=number, kind=kind)
            if not result.killed:
                number = 0
                break
            killed += 1
            assert_survived(log, result, acked[:-1])
            saved = [open(os.path.join(log.dir, name), "rb").read() for name in log.torn_files()]
            assert any(data == torn for data in saved), "the torn bytes are gone"
            told = [name for name in log.torn_files() if name.encode() in log.read()]
            assert told == log.torn_files() or kind == "kill-half"
    assert killed >= 20


def test_f08_one_log_killed_again_and_again(log):
    """One log lives through hundreds of deaths."""
    acked = log.append(1).acks
    for round_number in range(120):
        kind = ("kill-before", "kill-half", "kill-after")[round_number % 3]
        result = log.append(4, calls="all", path=log.path + "*", nth=1 + round_number % 9,
                            kind=kind)
        acked += result.acks
    acked = assert_survived(log, log.append(0), acked, deaths=120)
    assert len(acked) > 60


def crash_states(events, log):
    """What may lie on the disk after a power cut at each point: what was synced, and of the rest
    any part (nothing, all of it, or all but some bytes at its end or start). With it, what was
    acknowledged by then: the driver begins a record when it was told that the one before is safe."""
    synced, dirty, acked = b"", [], b""
    for event in [e for e in events if e[1] == log.path] + [("end", log.path)]:
        if event[0] in ("write", "end"):
            acked = synced + b"".join(dirty)
        if event[0] == "write":
            dirty.append(event[3])
        elif event[0] in ("fdatasync", "fsync"):
            synced += b"".join(dirty)
            dirty = []
        rest = b"".join(dirty)
        yield synced, acked
        for part in (rest, rest[: len(rest) // 2], rest[:-1]):
            if part:
                yield synced + part, acked
        if len(rest) > 20:
            # The size arrived, some of the bytes did not.
            yield synced + rest[:-20] + b"\0" * 20, acked
            yield synced + b"\0" * 20 + rest[20:-1] + b"\0", acked


def test_f09_power_cut(tmp_path):
    """Unsynced writes are dropped, cut or left as zeros: what was acknowledged survives."""
    log = AuditLog(tmp_path)
    result, events = traced(log, 4, data=True)
    assert len(result.acks) == 4
    seen = set()
    for state, acked in crash_states(events, log):
        assert state.startswith(acked), "lost though it was acknowledged"
        if state in seen:
            continue
        seen.add(state)
        crashed = AuditLog(tmp_path, f"crashed{len(seen)}")
        crashed.write(state)
        after = crashed.append(1)
        assert after.status == 0, (after, state[-200:])
        verdict = crashed.verify()
        assert verdict.intact, (verdict, state[-200:])
        assert crashed.read().startswith(acked)
    assert acked == log.read() and len(seen) > 15


def test_f10_directory_is_synced_before_the_first_ack(log):
    result, events = traced(log, 1)
    assert len(result.acks) == 1
    calls = [(e[0], e[1]) for e in events]
    first_write = calls.index(("write", log.path))
    assert ("fsync", log.dir) in calls
    syncs = [i for i, c in enumerate(calls) if c == ("fdatasync", log.path)]
    assert first_write < syncs[0] < calls.index(("fsync", log.dir)) < syncs[1]


def test_f12_damage_in_the_middle_is_not_repaired(log):
    log.append(3)
    lines = log.lines()
    # A record in the middle that looks torn: its end and its newline are missing.
    damaged = lines[0] + lines[1] + lines[2][:100] + lines[3]
    log.write(damaged)
    assert log.verify().name == "BROKEN" and log.verify().at_seq == 3
    log.append(1)
    assert log.read().startswith(damaged), "nothing of a damaged log may be changed"
    assert log.verify().name == "BROKEN"


def test_f13_garbage_lengths(log):
    """Numbers and lines beyond all bounds: refused in bounded memory."""
    log.append(1)
    for text in (b'{"seq":9223372036854775808,"at"' + b"x" * 200 + b"\n",
                 b'{"seq":' + b"9" * 3000000 + b"\n", b"\0" * 5000000):
        log.write(log.lines()[0] + text)
        argv = [audit_log.built("audit_driver"), "verify", log.path]
        env = audit_log.environment()
        if "debug" not in argv[0]:
            argv = ["prlimit", "--data=200000000", *argv]
        done = subprocess.run(argv, text=True, capture_output=True, env=env, timeout=30, check=False)
        assert done.returncode == 1, done
        assert done.stdout.split()[0] in ("BROKEN", "TORN-TAIL")


@pytest.fixture
def holder(log):
    """A process that owns the log."""
    process = subprocess.Popen([audit_log.built("audit_driver"), "hold", log.path], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=audit_log.environment())
    assert process.stdout.readline().startswith("opened")
    yield process
    process.kill()
    process.communicate()


def test_f14_second_writer_is_refused(log, holder):
    result = log.append(1)
    assert result.status == 3 and result.error.startswith("lock-held")
    assert f"pid {holder.pid}" in result.error
    holder.communicate("")
    assert len(log.append(1).acks) == 1


def test_f14_many_sharing_writers_never_mix(log):
    log.append(1, mode="shared")
    argv = [audit_log.built("audit_driver"), "append", log.path, "shared", "40", "300"]
    writers = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True,
                                env=audit_log.environment()) for _ in range(6)]
    acks = []
    for process in writers:
        out = process.communicate(timeout=120)[0]
        assert process.returncode == 0, out
        acks += re.findall(r"^ack (\d+) (\w+)$", out, re.M)
    assert len(acks) == 240 == len({seq for seq, _ in acks})
    verdict = log.verify()
    assert verdict.intact and verdict.records == 1 + 1 + 240


def test_f14_sharing_writers_that_are_killed(log):
    """Some die in the middle of a record; the others save it and go on."""
    log.append(1, mode="shared")
    acked = []
    for round_number in range(12):
        steady = subprocess.Popen(
            [audit_log.built("audit_driver"), "append", log.path, "shared", "15", "100"],
            stdout=subprocess.PIPE, text=True, env=audit_log.environment())
        dying = log.append(5, mode="shared", calls="write", path=log.path,
                           nth=1 + round_number % 4, kind="kill-half")
        out = steady.communicate(timeout=60)[0]
        assert steady.returncode == 0, out
        acked += dying.acks + [(int(s), h) for s, h in
                               re.findall(r"^ack (\d+) (\w+)$", out, re.M)]
    assert_survived(log, log.append(0, mode="shared"), acked, deaths=12)


def test_f15_stale_lock(log, holder):
    holder.kill()
    holder.wait()
    assert len(log.append(1).acks) == 1


def test_f16_replaced_while_in_use(log, tmp_path):
    """Between two records of one process: the next one is refused, whatever was done."""
    def between(action):
        shutil.rmtree(tmp_path / "w", ignore_errors=True)
        (tmp_path / "w").mkdir()
        one = AuditLog(tmp_path / "w")
        one.append(1)
        process = subprocess.Popen(
            [audit_log.built("audit_driver"), "append", one.path, "shared", "200000", "10"],
            stdout=subprocess.PIPE, text=True, env=audit_log.environment())
        try:
            for line in process.stdout:
                if line.startswith("ack"):
                    break
            action(one)
            rest = process.communicate(timeout=60)[0]
        finally:
            process.kill()
            process.wait()
        assert "error audit" in rest, rest[-300:]

    between(lambda one: os.rename(one.path, one.path + ".old"))
    between(lambda one: os.unlink(one.path))
    between(lambda one: os.link(one.path, one.path + ".second"))
    between(lambda one: os.truncate(one.path, 100))

    def swapped(one):
        shutil.copy(one.path, one.path + ".copy")
        os.rename(one.path + ".copy", one.path)
    between(swapped)


def test_f17_odd_files(tmp_path):
    log = AuditLog(tmp_path, "real")
    log.append(1)
    before = log.read()
    os.symlink(log.path, tmp_path / "link")
    os.mkfifo(tmp_path / "fifo")
    for name, why in ((tmp_path / "link", "is a symbolic link"),
                      (tmp_path / "fifo", "is not a regular file"),
                      ("/dev/null", "is not a regular file")):
        # Not even opened: a record is refused by other checks as well.
        for count in (0, 1):
            result = AuditLog(os.path.dirname(name), os.path.basename(name)).append(count)
            assert result.status == 3 and result.intents == 0, name
            assert result.error.startswith("audit ") and why in result.error
    os.link(log.path, tmp_path / "hard")
    for name in ("hard", "real"):
        result = AuditLog(tmp_path, name).append(0)
        assert result.status == 3 and "has 2 names (hard links)" in result.error
    assert log.read() == before
    os.unlink(tmp_path / "hard")
    assert len(log.append(1).acks) == 1


def test_f19_clock_jumps(log):
    """The wall clock goes back, forward and to 1970: numbers decide, nothing fails."""
    for offset in (0, -86400, 10 * 365 * 86400, -60 * 365 * 86400, 3600):
        assert len(log.append(1, clock=offset).acks) == 1
    assert log.verify().intact and log.verify().records == 6
    times = [re.search(rb'"at":"(\d{4})', line).group(1) for line in log.lines()]
    assert len(set(times)) >= 3, "the clock did not jump"
    monotonic = [int(re.search(rb'"mono_ns":(\d+)', line).group(1)) for line in log.lines()]
    assert monotonic == sorted(monotonic)
    assert b'"boot_id":"' in log.lines()[0]
