"""Clients that lie, babble, stall or vanish on a run's socket. The run goes on as without them, its
journal stays whole, and nobody gets more than he may."""
import json
import os
import random
import socket

import pytest

import runs
import scratch

OPS = ["hello", "bye", "answer", "note", "stop", "interrupt", "pause", "continue", "secret", "approve",
       "approve-signed", "deny", "handover", "withdraw", "take", "inject", "clock", "launch", "", "x" * 300]
KEYS = ["ask", "choice", "text", "name", "value", "digest", "reason", "identity", "signature", "to", "what",
        "step", "seconds", "running", "role", "protocol", "origin", "login_uid", "op"]


def connect(run):
    """Through a short name: the address of a Unix socket has 107 bytes."""
    fd = os.open(run.dir, os.O_PATH)
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect(f"/proc/self/fd/{fd}/socket")
        s.settimeout(30)
        return s
    finally:
        os.close(fd)


def hello(s, role="observer", **more):
    s.sendall(json.dumps({"op": "hello", "protocol": 1, "role": role, **more}).encode() + b"\n")
    return json.loads(read_line(s))


def read_line(s):
    line = b""
    while not line.endswith(b"\n"):
        byte = s.recv(1)
        if not byte:
            return line
        line += byte
    return line


@pytest.fixture
def going(boat):
    """A run that waits for a file, so that every test has it alive as long as it wants."""
    gate = os.path.join(boat.dir, "gate")
    book = runs.book(boat, [
        runs.script("a", f"echo begun; until [ -e {gate} ]; do sleep 0.05; done; echo ended",
                    timeout="10m")])
    run = runs.start(boat, book)
    run.wait_event("step.intent", "a")
    run.wait_event("client.attached")
    yield run
    with open(gate, "w", encoding="ascii"):
        pass
    assert run.wait_finished()["outcome"] == "done"
    run.process.communicate(timeout=60)
    assert run.process.returncode == 0
    assert run.output("a") == b"begun\nended\n"
    run.verify()


def noise(rng):
    """A value of any type; strings that end things, and some that are long."""
    return rng.choice([None, True, False, -1, 0, 1, 2**53, -2**63, 1e308, 0.5, "", "a", "*", "\x00", "\x1b[2J",
                       "é" * 50, "..", "/etc/passwd", "-x", "x" * 5000, [], {}, [[[]]], {"op": "stop"},
                       "\n{\"op\":\"stop\"}\n"])


def test_babble_of_an_observer(going):
    """Every operation, with fields of every type: an observer changes nothing by it."""
    rng = random.Random(20261121)
    for _ in range(12):
        s = connect(going)
        hello(s)
        try:
            for _ in range(60):
                # Not these two: an observer may write notes and go.
                frame = {"op": rng.choice([op for op in OPS if op not in ("note", "bye", "hello")])}
                for key in rng.sample(KEYS[:-1], rng.randrange(6)):
                    frame[key] = noise(rng)
                s.sendall(json.dumps(frame).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()
    quiet = {"chain.opened", "run.started", "step.intent", "client.attached", "client.detached"}
    assert set(going.events()) <= quiet, set(going.events()) - quiet
    assert going.runner()


@pytest.mark.parametrize("bytes_", [
    b"\n", b"\x00" * 100 + b"\n", b"hello\n", b"[]\n", b"{}\n", b"{\"op\":5}\n", b"{\"op\":\"stop\"}\n",
    b"{" * 100000 + b"\n", b"[" * 60000 + b"\n", b"{\"op\":\"" + b"x" * 200000, b"\xff\xfe\n",
    b"{\"op\":\"hello\",\"protocol\":2}\n", b"{\"op\":\"hello\",\"protocol\":1e99}\n",
    b"{\"op\":\"hello\",\"protocol\":1,\"protocol\":1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=range(15))
def test_no_hello(going, bytes_):
    """Who does not begin with hello is hung up on, or never heard."""
    s = connect(going)
    try:
        s.sendall(bytes_)
        s.shutdown(socket.SHUT_WR)
        heard = b""
        while chunk := s.recv(65536):
            heard += chunk
        assert b'"op":"hello"' not in heard
    except (BrokenPipeError, ConnectionResetError):
        pass
    s.close()
    # Only the command that started the run is attached.
    assert len(going.find("client.attached")) == 1


def test_vanishing(going):
    """In the middle of a frame, before and behind hello, many at once."""
    for turn in range(30):
        s = connect(going)
        if turn % 3:
            hello(s)
        if turn % 2:
            s.sendall(b'{"op":"no')
        s.close()
    scratch.wait_for(lambda: len(going.find("client.detached")) == 20, 60, "20 to have gone")


def test_one_that_never_reads(going):
    """Its socket's buffer fills; what does not fit is left out, the runner does not wait for it."""
    deaf = connect(going)
    hello(deaf)
    talker = connect(going)
    hello(talker)
    for number in range(500):
        talker.sendall(b'{"op":"note","text":"%d %s"}\n' % (number, b"y" * 200))
        while b'"re":"note"' not in read_line(talker):
            pass
    assert len(going.find("run.note")) == 500
    deaf.close()
    talker.close()


def test_lies_about_itself(going):
    """What a client says of itself is recorded as its word, bounded and made visible."""
    s = connect(going)
    assert hello(s, origin="\x1b[2Jsudo from root\u202e", login_uid=2**40)["role"] == "observer"
    s.close()
    s = connect(going)
    hello(s, origin="x" * 5000, login_uid="0")
    s.close()
    scratch.wait_for(lambda: len(going.find("client.detached")) == 2, 60, "both to have gone")
    origins = [r["data"]["origin"] for r in going.find("client.attached")[1:]]
    assert origins == ["\\x1b[2Jsudo from root\\u202e", None]


def test_more_than_there_is_room_for(going):
    """Sixty-four may stay; the next is turned away, and the run does not care."""
    crowd = []
    for _ in range(64):
        s = connect(going)
        try:
            crowd.append((s, hello(s)["role"]))
        except (ValueError, ConnectionResetError, BrokenPipeError):
            s.close()
    assert 60 <= len(crowd) <= 64
    extra = connect(going)
    try:
        extra.sendall(b'{"op":"hello","protocol":1}\n')
        assert extra.recv(10) == b""
    except (ConnectionResetError, BrokenPipeError):
        pass
    extra.close()
    for s, _ in crowd:
        s.close()
