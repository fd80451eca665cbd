"""F20 to F36: what was done to a log shows, by the numbers of FAULTS.md. Every bit and every record
of small logs is in tests/unit/audit/verify_test.c; here it is the file that a program left."""
import json

import pytest

from audit_log import AuditLog


@pytest.fixture
def log(tmp_path):
    made = AuditLog(tmp_path)
    assert len(made.append(5).acks) == 5
    return made


def test_f20_every_byte(log, tmp_path):
    """Every byte, to another one; every single bit is tried in the unit test."""
    data = log.read()
    other = AuditLog(tmp_path, "flipped")
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        other.write(bytes(changed))
        verdict = other.verify()
        assert not verdict.intact and verdict.status != 0, f"byte {at}"


def test_f21_records_moved_about(log):
    lines = log.lines()
    for number in range(1, len(lines)):
        log.write(b"".join(lines[:number] + lines[number + 1:]))
        verdict = log.verify()
        if number == len(lines) - 1:
            assert verdict.intact, "only an anchor tells that the last one is missing"
        else:
            assert verdict.name == "GAP" and verdict.at_seq == number + 1
        log.write(b"".join(lines[:number] + [lines[number]] + lines[number:]))
        verdict = log.verify()
        assert verdict.name == "BROKEN" and verdict.at_seq == number + 2
        log.write(b"".join(lines[:number] + [b'{"seq":1}\n'] + lines[number:]))
        assert log.verify().at_seq == number + 1
    for first in range(len(lines) - 1):
        swapped = lines[:first] + [lines[first + 1], lines[first]] + lines[first + 2:]
        log.write(b"".join(swapped))
        assert log.verify().name in ("GAP", "BROKEN") and log.verify().at_seq == first + 1


def test_f22_cut_at_every_record(log):
    lines, head = log.lines(), log.verify().head
    assert log.verify(head).name == "OK-TO-ANCHOR"
    for count in range(1, len(lines)):
        log.write(b"".join(lines[:count]))
        assert log.verify().name == "INTACT-UNANCHORED"
        anchored = log.verify(head)
        assert anchored.name == "BROKEN" and anchored.status == 1 and anchored.anchored_seq == 0


def test_f23_cut_and_resumed(log):
    head, lines = log.verify().head, log.lines()
    log.write(b"".join(lines[:3]))
    assert len(log.append(8).acks) == 8
    assert log.verify().intact
    assert log.verify(head).name == "BROKEN"


def test_f24_middle_missing(log):
    lines = log.lines()
    log.write(b"".join(lines[:2] + lines[4:]))
    verdict = log.verify()
    assert (verdict.name, verdict.at_seq, verdict.records) == ("GAP", 3, 2)


def test_f25_all_of_it_rewritten(log, tmp_path):
    head = log.verify().head
    other = AuditLog(tmp_path, "rewritten")
    other.append(5)
    assert other.verify().name == "INTACT-UNANCHORED" and other.verify(head).name == "BROKEN"


def test_f28_log_of_another_host(log, tmp_path):
    """Two logs with the same events are two logs: their ids differ, and so do all heads."""
    other = AuditLog(tmp_path, "other")
    other.append(5)
    ids = {json.loads(one.lines()[0])["data"]["file_id"] for one in (log, other)}
    assert len(ids) == 2
    mixed = log.lines()[:3] + other.lines()[3:]
    log.write(b"".join(mixed))
    assert log.verify().name == "BROKEN" and log.verify().at_seq == 4


@pytest.mark.parametrize("expect", ["", ":", "0:" + "0" * 64, "6:" + "0" * 64, "f" * 64, "x" * 64,
                                    "6", "99999999999999999999:" + "0" * 64])
def test_f29_forged_anchors(log, expect):
    verdict = log.verify(expect) if expect else None
    assert verdict is None or verdict.name == "BROKEN"


def test_f30_every_verdict_but_intact_fails(log):
    data = log.read()
    for damaged in (data[:-1], data[:-30], data[1:], data + b"x", b"", b"\n", data + b"\n"):
        log.write(damaged)
        assert log.verify().status != 0 and not log.verify().intact


def test_f36_records_are_lines(tmp_path):
    """Whatever is in a record, it is one line of JSON: see tests/unit/audit/record_test.c; here
    a program's log as other tools read it."""
    log = AuditLog(tmp_path)
    log.append(3, size=1000)
    records = [json.loads(line) for line in log.lines()]
    assert [r["seq"] for r in records] == [1, 2, 3, 4]
    assert all(r["prev"] == before["hash"] for before, r in zip(records, records[1:]))
