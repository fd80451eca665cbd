"""Seals, rotation, anchors, export: F06, F07, F18, F22 to F30 by what a person sees of them. Every
forged signature and every kill in between is in tests/unit/audit."""
import csv
import datetime
import hashlib
import io
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import threading

import pytest

import audit_other
import bad_http
import lifeboat
import runs
import scratch

HEAD = r"sealed +([0-9a-f]{32}):(\d+):([0-9a-f]{64})"


def site(boat, **anchors):
    whole = {"site": "t", "locations": {"here": {"directory": boat.dir}},
             "assets": {"db": {"sets": {"dump": {"type": "pg_dump", "location": "here",
                                                 "path": "dumps/", "rpo": "24h"}}}},
             "audit": {"anchors": anchors}}
    return boat.write("site.yaml", json.dumps(whole))


def log(boat, part=None):
    return os.path.join(boat.state, "audit", "audit.log" + (f".{part:06d}" if part else ""))


def seal(boat, status=0, env=None):
    return boat.run("audit", "seal", status=status, env=env)


def verdict(boat, *args, status=None, env=None):
    return boat.run("audit", "verify", "--format", "json", *args, status=status, env=env).json()


def note(boat):
    """Any command that leaves a record: here a run of one step."""
    runs.run(boat, runs.book(boat, [runs.command("a", "true")]), status=0)


def lines(path):
    with open(path, "rb") as f:
        return f.read().splitlines(keepends=True)


def cut(path, count):
    kept = lines(path)[:count]
    with open(path, "wb") as f:
        f.write(b"".join(kept))


@pytest.fixture
def sealed(boat):
    """A log of three parts, two keys, and seals."""
    seal(boat)
    note(boat)
    boat.run("audit", "keys", "--rotate", status=0)
    boat.run("audit", "rotate", status=0)
    note(boat)
    seal(boat)
    boat.run("audit", "rotate", status=0)
    return boat


def bundle(boat, name="bundle"):
    out = os.path.join(boat.dir, name)
    boat.run("audit", "export", "--format", "bundle", "-o", out, status=0)
    return out


# ---- what others make of it ------------------------------------------------------------------

def test_a_third_party_agrees(sealed):
    ours = verdict(sealed, status=0)
    assert ours["verdict"] == "INTACT-UNANCHORED" and ours["key_trusted"] and ours["parts"] == 3
    out = bundle(sealed)
    names = [os.path.join(out, n) for n in ("audit.log.000001", "audit.log.000002", "audit.log")]
    theirs = audit_other.verify(names, os.path.join(out, "keys.pem"))
    assert (theirs.records, theirs.sealed, theirs.epoch, f"{theirs.records}:{theirs.head}") == (
        ours["records"], ours["sealed_seq"], ours["epoch"], ours["head"]) and theirs.epoch == 2
    # Both notice the same change.
    changed = b"".join(lines(names[0])).replace(b"run.started", b"run.stArted", 1)
    with open(names[0], "wb") as f:
        f.write(changed)
    with pytest.raises(audit_other.Wrong):
        audit_other.verify(names, os.path.join(out, "keys.pem"))
    assert verdict(sealed, "--file", names[2], "--key", f"{out}/keys.pem",
                   status=1)["verdict"] == "BROKEN"


def test_keys_are_what_openssl_reads(sealed):
    printed = sealed.run("audit", "keys", status=0).out
    assert printed.count("BEGIN PUBLIC KEY") == 2 and "epoch 2" in printed
    done = subprocess.run(["openssl", "pkey", "-pubin", "-noout", "-text"], input=printed, text=True,
                          capture_output=True, check=True)
    assert "ED25519" in done.stdout
    key = os.path.join(sealed.state, "keys", "audit.key")
    assert os.stat(key).st_mode & 0o777 == 0o600
    subprocess.run(["openssl", "pkey", "-in", key, "-noout"], check=True)


# ---- tampering, without and with anchors -----------------------------------------------------

def test_f22_cut_off_end(sealed):
    head = verdict(sealed)["head"]
    assert verdict(sealed, "--expect-head", head, status=0)["verdict"] == "OK-TO-ANCHOR"
    assert sealed.run("audit", "verify", "--require-anchor", status=2).out.count("UNANCHORED") == 1
    path = log(sealed, 2)
    os.rename(path, log(sealed))
    # The newest file is gone, and so is all that it would tell.
    assert verdict(sealed, status=1)["verdict"] == "MISSING"
    with open(path, "wb") as f:
        f.write(b"".join(lines(log(sealed))))
    assert verdict(sealed, "--expect-head", head, status=1)["verdict"] in ("BROKEN", "MISSING")


def test_f24_files_of_a_rotated_log(sealed):
    for part, wanted in ((1, "MISSING"), (2, "GAP"), (None, "MISSING")):
        os.rename(log(sealed, part), log(sealed) + ".aside")
        found = verdict(sealed, status=1)
        assert found["verdict"] == wanted, (part, found)
        if part is None:
            done = runs.run(sealed, runs.book(sealed, [runs.command("a", "true")]), status=3)
            assert done.dir is None or "is missing" in done.done.err
        os.rename(log(sealed) + ".aside", log(sealed, part))
    assert verdict(sealed, status=0)["parts"] == 3


def test_f25_f27_wrong_keys(sealed, tmp_path):
    out = bundle(sealed)
    with open(f"{out}/keys.pem", encoding="ascii") as f:
        first, second = re.findall(r"-----BEGIN.*?-----END PUBLIC KEY-----\n", f.read(), re.S)
    for name, text, wanted in (("first", first, "INTACT-UNANCHORED"),
                               ("second", second, "UNSUPPORTED")):
        sealed.write(f"{name}.pem", text)
        assert verdict(sealed, "--key", f"{name}.pem")["verdict"] == wanted
    for text in ("", "rubbish", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        sealed.write("bad.pem", text)
        done = sealed.run("audit", "verify", "--key", "bad.pem", status=2)
        assert "OK" not in done.out and "INTACT" not in done.out
    # A log that was never sealed, and somebody who expects seals.
    other = type(sealed)(tmp_path / "other")
    os.makedirs(other.dir)
    note(other)
    path = os.path.join(other.dir, "plain.log")
    with open(path, "wb") as f:
        f.write(b"".join(lines(log(other))[:1]))
    assert verdict(sealed, "--file", path, "--key", "first.pem", status=1)["verdict"] == "BROKEN"


def test_f28_anchors_of_another_log(sealed, tmp_path):
    head = verdict(sealed)
    ours = {"lifeboat_anchor": 1, "file_id": head["file_id"],
            "seq": int(head["head"].split(":")[0]), "hash": head["head"].split(":")[1]}
    for change, wanted, status in (({}, "OK-TO-ANCHOR", 0), ({"file_id": "f" * 32}, "BROKEN", 1),
                                   ({"hash": "0" * 64}, "BROKEN", 1),
                                   ({"seq": 10 ** 6}, "BROKEN", 1)):
        line = json.dumps({**ours, **change}, separators=(",", ":"))
        sealed.write("syslog.txt", "noise\nNov 20 10:00:00 host lifeboat[1]: " + line + "\n{}\n")
        assert verdict(sealed, "--anchors", "syslog.txt", status=status)["verdict"] == wanted
    expect = f"{'f' * 32}:{head['head']}"
    assert verdict(sealed, "--expect-head", expect, status=1)["verdict"] == "BROKEN"
    sealed.write("syslog.txt", "nothing here\n")
    sealed.run("audit", "verify", "--anchors", "syslog.txt", status=2)


# ---- anchors ---------------------------------------------------------------------------------

def head_of(done):
    match = re.search(HEAD, done.out)
    return match.group(1), int(match.group(2)), match.group(3)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_anchor_in_a_file_of_another_user(boat):
    witness = boat.write("witness", "")
    os.chmod(boat.dir, 0o755)
    site(boat, witness={"file": witness})
    # Of our own it would prove nothing.
    done = seal(boat, status=1)
    assert "belongs to ourselves" in done.out and "FAILED" in done.out
    os.chown(witness, 65534, -1)
    seal(boat)  # its success ends the failure before, which is a record again
    first = head_of(seal(boat))
    assert f'"seq":{first[1]},"hash":"{first[2]}"' in open(witness, encoding="utf-8").read()
    assert verdict(boat, status=0)["verdict"] == "OK-TO-ANCHOR"
    size = os.path.getsize(witness)
    seal(boat)
    assert os.path.getsize(witness) == size, "nothing new, nothing written"
    # F23: cut back and resumed.
    cut(log(boat), first[1] - 1)
    note(boat)
    note(boat)
    found = verdict(boat, status=1)
    assert found["verdict"] == "BROKEN" and "witness" in found["why"]


def test_a_log_that_is_gone_is_missing_to_its_anchor(boat):
    """All of it removed: what was kept of the last anchored head says which log to ask for."""
    path = boat.write("witness", "")
    os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
    site(boat, witness={"file": path})
    assert "Cannot open the log" in boat.run("audit", "verify", status=2).err
    note(boat)
    seal(boat)
    os.unlink(log(boat))
    r = verdict(boat, status=1)
    assert r["verdict"] == "MISSING" and r["anchors"][0]["newest_seq"] > 0
    assert "Cannot open the log" in boat.run("audit", "verify", "--offline", status=2).err


def test_f06_an_anchor_that_hangs(boat):
    """A FIFO that nobody reads: it costs its time-out; required, it refuses the run."""
    fifo = os.path.join(boat.dir, "fifo")
    os.mkfifo(fifo)
    site(boat, stuck={"file": fifo, "timeout": "1s"})
    done = seal(boat, status=1)
    assert "did not answer" in done.out
    note(boat)
    site(boat, stuck={"file": fifo, "timeout": "1s", "required": True})
    book = runs.book(boat, [runs.script("a", f"touch {boat.dir}/ran")])
    refused = boat.run("run", book, "--unattended", status=3)
    assert "required" in refused.err and not os.path.exists(f"{boat.dir}/ran")
    assert boat.run("runs", "--format", "json", status=0).json()[0]["runbook"] != "ran"


def test_f07_one_of_two_anchors_fails(boat):
    """The other one gets the head; the failure is recorded once, and so is its end."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = os.path.join(boat.dir, "log.sock")
    listener.bind(path)
    listener.settimeout(60)
    dead = os.path.join(boat.dir, "dead.sock")
    site(boat, good={"syslog": "auth", "socket": path}, bad={"syslog": "auth", "socket": dead})
    done = seal(boat, status=1)
    message = listener.recv(65536).decode()
    fid, seq, digest = head_of(done)
    assert message.startswith("<37>") and f'"file_id":"{fid}","seq":{seq},"hash":"{digest}"' in message
    assert re.search("FAILED +bad", done.out) and re.search("anchored +good", done.out)

    def changes():
        events = [json.loads(line) for line in lines(log(boat))]
        return [(r["event"], r["data"]["anchor"]) for r in events if r["event"].startswith("anchor")]
    assert changes() == [("anchor.failed", "bad")]
    seal(boat, status=1)
    assert changes() == [("anchor.failed", "bad")]
    second = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)  # rsyslog's other kind
    second.bind(dead)
    second.listen(1)
    got = []
    thread = threading.Thread(target=lambda: got.append(second.accept()[0].recv(65536)))
    thread.start()
    seal(boat)
    thread.join(60)
    assert b"lifeboat_anchor" in got[0]
    assert changes() == [("anchor.failed", "bad"), ("anchor.recovered", "bad")]
    # What syslog kept is what --anchors takes.
    boat.write("kept.txt", message + "\n")
    assert verdict(boat, "--anchors", "kept.txt", "--offline")["verdict"] == "OK-TO-ANCHOR"
    listener.close()
    second.close()


def test_anchor_in_postgresql(boat, postgres):
    postgres.sql("DROP DATABASE IF EXISTS anchors")
    postgres.create_database("anchors")
    site(boat, db={"postgresql": postgres.conninfo("anchors")})
    done = seal(boat, status=1)
    assert "CREATE TABLE lifeboat_anchors" in done.out
    create = re.search(r"CREATE TABLE.*?\);", done.out).group(0)
    postgres.sql(create, database="anchors")
    fid, seq, digest = head_of(seal(boat))
    row = postgres.sql("SELECT file_id, seq, hash, site FROM lifeboat_anchors", database="anchors")
    assert row == f"{fid}|{seq}|{digest}|t"
    found = verdict(boat, status=0)
    assert found["verdict"] == "OK-TO-ANCHOR" and found["anchored_seq"] == seq
    assert found["anchors"][0]["newest_seq"] == seq
    # F25: whoever rewrites all of it has the database against him.
    boat.run("audit", "verify", "--require-anchor", status=0)
    cut(log(boat), seq - 1)
    assert verdict(boat, status=1)["verdict"] == "BROKEN"
    assert boat.run("audit", "verify", "--offline").status in (0, 1)


def test_anchor_in_postgresql_that_is_gone(boat):
    site(boat, db={"postgresql": f"host={boat.dir} dbname=x", "timeout": "2s", "required": True})
    seal(boat, status=1)
    found = verdict(boat, status=0)
    assert found["verdict"] == "INTACT-UNANCHORED" and not found["anchors"][0]["readable"]
    boat.run("audit", "verify", "--require-anchor", status=2)
    book = runs.book(boat, [runs.script("a", f"touch {boat.dir}/ran")])
    boat.run("run", book, "--unattended", status=3)
    assert not os.path.exists(f"{boat.dir}/ran")


def test_anchor_in_s3(boat, s3):
    client, env = s3.client(), s3.environment()
    client.create_bucket("anchors")
    place = {"bucket": "anchors", "prefix": "p/", "endpoint": s3.endpoint}
    site(boat, vault={"s3": place, "timeout": "30s"})
    fid, seq, digest = head_of(seal(boat, env=env))
    key = f"p/lifeboat-anchors/{fid}/{seq:020d}-{digest}.json"
    assert json.loads(client.get("anchors", key))["hash"] == digest
    assert verdict(boat, status=0, env=env)["verdict"] == "OK-TO-ANCHOR"
    # This server takes the lock's headers and locks nothing: that is said, not believed.
    site(boat, vault={"s3": place, "timeout": "30s", "retain": "1d"})
    note(boat)
    done = seal(boat, status=1, env=env)
    assert "does not lock objects" in done.out
    cut(log(boat), seq - 1)
    assert verdict(boat, status=1, env=env)["verdict"] == "BROKEN"


def test_anchor_in_s3_that_locks(boat):
    """No server here locks objects: what ours is asked for, and what it takes for an answer."""
    asked, until = [], {}

    def answer(request, reply):
        headers = {k.lower(): v for k, v in dict(request.headers).items()}
        asked.append((request.method, headers))
        lock = "x-amz-object-lock-retain-until-date"
        if request.method == "PUT":
            until[request.path] = headers.get(lock)
            return reply.send(200, b"")
        return reply.send(200, b"", {lock: until[request.path]})
    with bad_http.BadHttp(answer) as server:
        site(boat, vault={"s3": {"bucket": "b", "endpoint": server.url, "path_style": True},
                          "retain": "30d"})
        seal(boat, env={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    assert [m for m, _ in asked] == ["PUT", "HEAD"]
    put = asked[0][1]
    assert put["x-amz-object-lock-mode"] == "COMPLIANCE" and put["content-md5"]
    days = (datetime.datetime.fromisoformat(put["x-amz-object-lock-retain-until-date"])
            - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400
    assert 29.9 < days <= 30
    for name in ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "content-md5"):
        assert name in put["authorization"], "signed, or somebody on the way could take it out"


def test_rotate_at(boat):
    whole = json.load(open(site(boat), encoding="utf-8"))
    whole["audit"]["rotate_at"] = "4KiB"
    boat.write("site.yaml", json.dumps(whole))
    for _ in range(4):
        note(boat)
        seal(boat)
    assert os.path.exists(log(boat, 1)) and verdict(boat, status=0)["parts"] > 1


@pytest.mark.parametrize("anchor,word", [
    ({}, "exactly one"), ({"file": "x"}, "slash"), ({"file": "/x", "syslog": "auth"}, "exactly one"),
    ({"syslog": "kern"}, "syslog"), ({"postgresql": "password=x"}, "password"),
    ({"postgresql": "a", "table": "x; DROP"}, "plain name"), ({"file": "/x", "retain": "1d"}, "retain"),
    ({"file": "/x", "color": 1}, "color")])
def test_site_is_strict(boat, anchor, word):
    site(boat, a=anchor)
    assert word in boat.run("audit", "seal", status=2).err


# ---- export ----------------------------------------------------------------------------------

def test_export(sealed):
    records = [json.loads(line) for line in sealed.run("audit", "export", status=0).out.splitlines()]
    assert [r["seq"] for r in records] == list(range(1, len(records) + 1))
    rows = list(csv.DictReader(io.StringIO(
        sealed.run("audit", "export", "--format", "csv", status=0).out)))
    assert [int(r["seq"]) for r in rows] == [r["seq"] for r in records]
    assert [json.loads(r["data"]) for r in rows] == [r["data"] for r in records]
    actor = records[0]["actor"]
    for format_ in ("jsonl", "csv"):
        out = sealed.run("audit", "export", "--format", format_, "--redact", "actor",
                         "--redact", "data.signature", status=0).out
        assert actor not in out and records[1]["data"]["signature"] not in out
        assert out.count("redacted:") > len(records)
    sealed.run("audit", "export", "--redact", "seq", status=2)
    sealed.run("audit", "export", "--format", "bundle", status=2)


def test_f40_what_an_export_hides(sealed):
    """Equal values stay equal within one export; no dictionary finds them, nor another export."""
    records = [json.loads(line) for line in sealed.run("audit", "export", status=0).out.splitlines()]

    def hide():
        out = sealed.run("audit", "export", "--redact", "actor", "--redact", "run", status=0).out
        return [json.loads(line) for line in out.splitlines()]
    first, second = hide(), hide()
    seen = {}
    for plain, masked, again in zip(records, first, second):
        for name in ("actor", "run"):
            if plain[name] is None:
                continue
            token = masked[name].removeprefix("redacted:")
            assert token != masked[name] and len(token) >= 12 and again[name] != masked[name]
            assert seen.setdefault(plain[name], token) == token
            for algorithm in ("md5", "sha1", "sha256", "sha512"):
                assert token not in hashlib.new(algorithm, plain[name].encode()).hexdigest()
    assert len(seen) >= 3 and len(set(seen.values())) == len(seen)


def test_f30_export_of_a_damaged_log(sealed):
    data = b"".join(lines(log(sealed, 2)))
    with open(log(sealed, 2), "wb") as f:
        f.write(data.replace(b"run.started", b"run.stopped", 1))
    done = sealed.run("audit", "export", status=1)
    assert "BROKEN" in done.err and len(done.out.splitlines()) < verdict(sealed)["at_seq"]
    out = os.path.join(sealed.dir, "b")
    assert "BROKEN" in sealed.run("audit", "export", "--format", "bundle", "-o", out, status=1).err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is two users")
def test_f18_rotation_by_another_user():
    """Of a log that a group shares only the owner can exchange the names: it is not even closed."""
    nobody = pwd.getpwnam("nobody")
    place = scratch.directory(nobody)
    os.chown(place, 0, -1)
    os.chmod(place, 0o755)
    boat = lifeboat.Lifeboat(place)
    seal(boat)
    before = lines(log(boat))
    os.chmod(boat.state, 0o755)
    os.chmod(os.path.dirname(log(boat)), 0o3777)
    os.chmod(log(boat), 0o664)
    os.chown(log(boat), -1, nobody.pw_gid)
    os.chmod(os.path.join(boat.state, "keys"), 0o755)
    os.chmod(os.path.join(boat.state, "keys", "lock"), 0o644)
    binary = os.path.join(place, "lifeboat")
    shutil.copy(lifeboat.binary(), binary)
    os.chmod(binary, 0o755)
    for args in (["rotate"], ["seal"], ["keys", "--rotate"]):
        done = subprocess.run([binary, "audit", *args], env=boat.env, cwd="/", user=nobody.pw_uid,
                              group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True,
                              check=False)
        assert done.returncode in (2, 3) and "ermission" in done.stderr, done
    assert lines(log(boat)) == before and verdict(boat, status=0)["parts"] == 1
