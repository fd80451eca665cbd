"""Steps of kind s3, against a real server (OpenStack Swift)."""
import hashlib
import json
import os
import subprocess

import pytest

import lifeboat
import runs

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def bucket(s3):
    client = s3.client()
    client.create_bucket("steps")
    client.create_bucket("other")
    client.put("steps", "daily/a b+\u00e4.dump", b"PGDMP old")
    client.put("steps", "daily/new.dump", b"PGDMP newer")
    return client


class Site:
    """A site with the bucket as the location `off`, and runbooks that have its keys as secrets."""

    def __init__(self, boat, s3):
        self.boat, self.s3 = boat, s3
        self.env = {"K": "test:tester", "S": "testing"}
        boat.write("site.yaml", json.dumps({
            "site": "t", "assets": {}, "targets": {},
            "locations": {"off": {"s3": {"bucket": "steps", "prefix": "/daily", "endpoint":
                                         s3.endpoint}},
                          "here": {"directory": boat.dir}}}))

    def go(self, *args, status=None, **kwargs):
        steps = [a for a in args if isinstance(a, dict)]
        args = [a for a in args if not isinstance(a, dict)]
        keys = {"AWS_ACCESS_KEY_ID": "{{key}}", "AWS_SECRET_ACCESS_KEY": "{{secret}}"}
        whole = [{"kind": "s3", "location": "off", "env": keys, **s} if "kind" not in s else s
                 for s in steps]
        book = runs.book(self.boat, whole, parameters={
            "key": {"type": "secret", "from": ["env K"]},
            "secret": {"type": "secret", "from": ["env S"]}})
        return runs.run(self.boat, book, *args, status=status,
                        env={**self.env, "AWS_ENDPOINT_URL": self.s3.endpoint}, **kwargs)


@pytest.fixture
def site(boat, s3, bucket):
    return Site(boat, s3)


def test_head_and_list(site):
    run = site.go({"id": "there", "object": "a b+\u00e4.dump", "expect": {"value": ">= 9"}},
                  {"id": "uri", "object": "s3://steps/daily/new.dump",
                   "expect": {"value": "11"}},
                  {"id": "all", "action": "list", "object": "ne", "expect": {"value": "1"}},
                  {"id": "none", "action": "list", "object": "nothing/", "expect": {"value": "0"}},
                  runs.command("say", "echo", "{{all.newest}} {{there.size}}"), status=0)
    assert run.result("there")["value"] == "9"
    assert b"daily/new.dump 9" in run.output("say")
    assert b"1 objects, 11 bytes" in run.output("all")
    assert run.result("none")["value"] == "0"


def test_missing_object(site):
    run = site.go({"id": "a", "object": "absent.dump"}, status=2)
    assert run.result("a")["code"] == "not-found"
    assert "s3://steps/daily/absent.dump" in run.result("a")["message"]


@pytest.mark.parametrize("size", [0, 11, 5 * MIB, 37 * MIB + 5])
def test_put_and_get(site, bucket, size):
    """Small ones at once, large ones in parts; what comes back is what was sent."""
    data = os.urandom(size)
    sha = hashlib.sha256(data).hexdigest()
    path = os.path.join(site.boat.dir, "x.dump")
    with open(path, "wb") as f:
        f.write(data)
    back = os.path.join(site.boat.dir, "back.dump")
    key = f"sent/{size} +\u00e4.dump"
    run = site.go({"id": "send", "action": "put", "effect": "write", "file": path, "object": key,
                   "sha256": sha, "expect": {"value": f"s3://steps/daily/{key}"}},
                  {"id": "fetch", "action": "get", "effect": "write", "object": key, "file": back,
                   "sha256": "{{send.sha256}}", "expect": {"value": sha}}, status=0)
    assert run.result("send")["outcome"] == "ok"
    with open(back, "rb") as f:
        assert f.read() == data
    head = {k.lower(): v for k, v in bucket.head("steps", "daily/" + key).items()}
    assert head["x-amz-meta-sha256"] == sha and int(head["content-length"]) == size
    assert os.listdir(site.boat.dir).count("back.dump") == 1
    assert not [n for n in os.listdir(site.boat.dir) if n.startswith("back.dump.")]
    # nothing of an upload in parts is left behind
    assert b"<Upload>" not in bucket.request("GET", "steps", query={"uploads": ""})[2]


def test_put_again_is_no_second_upload(site, bucket):
    path = site.boat.write("x", "PGDMP once")
    step = {"id": "send", "action": "put", "effect": "write", "file": path, "object": "once.dump"}
    site.go(step, status=0)
    assert b"there already, with the same content" in site.go(step, status=0).output("send")
    site.boat.write("x", "PGDMP something else")
    run = site.go(step, status=3)
    assert "something else in it" in run.result("send")["message"]
    assert bucket.get("steps", "daily/once.dump") == b"PGDMP once"


def test_overwrite_has_to_be_said(site, bucket):
    path = site.boat.write("x", "PGDMP after")
    bucket.put("steps", "daily/over.dump", b"PGDMP before")
    step = {"id": "send", "action": "put", "file": path, "object": "over.dump", "overwrite": True,
            "confirm": True, "irreversible": "The old object is lost.",
            "expect": {"value": "s3://steps/daily/over.dump"}}
    refused = site.go({**step, "effect": "write"}, status=2)
    assert "effect: destroy" in refused.done.err
    site.go({**step, "effect": "destroy"}, status=3)
    assert bucket.get("steps", "daily/over.dump") == b"PGDMP before"
    site.go({**step, "effect": "destroy"}, "--confirm", "send=yes", status=0)
    assert bucket.get("steps", "daily/over.dump") == b"PGDMP after"


def test_get_replaces_nothing(site):
    path = site.boat.write("mine", "precious")
    run = site.go({"id": "fetch", "action": "get", "effect": "write", "object": "new.dump",
                   "file": path}, status=3)
    assert run.result("fetch")["code"] == "refused"
    with open(path, encoding="utf-8") as f:
        assert f.read() == "precious"


def test_get_checks_what_came(site, bucket):
    back = os.path.join(site.boat.dir, "back")
    bucket.request("PUT", "steps", "daily/bad.dump", body=b"PGDMP bad",
                   headers={"x-amz-meta-sha256": "0" * 64})
    for step in ({"object": "bad.dump"}, {"object": "new.dump", "sha256": "1" * 64}):
        run = site.go({"id": "fetch", "action": "get", "effect": "write", "file": back, **step},
                      status=1)
        assert run.result("fetch")["code"] == "damaged"
        assert not [n for n in os.listdir(site.boat.dir) if n.startswith("back")]


def test_put_checks_what_goes(site, bucket):
    path = site.boat.write("x", "PGDMP x")
    run = site.go({"id": "send", "action": "put", "effect": "write", "file": path,
                   "object": "wrong.dump", "sha256": "2" * 64}, status=1)
    assert run.result("send")["code"] == "damaged"
    assert "daily/wrong.dump" not in bucket.keys("steps", "daily/wrong")


def test_sizes_are_bounded(site):
    path = site.boat.write("x", "PGDMP x")
    for step in ({"action": "put", "file": path, "object": "big.dump"},
                 {"action": "get", "file": path + "2", "object": "new.dump"}):
        run = site.go({"id": "a", "effect": "write", "max_size": "3", **step}, status=2)
        assert run.result("a")["code"] == "limit", run.result("a")
        assert not os.path.exists(path + "2")


def test_copy(site, bucket):
    step = {"id": "copy", "action": "copy", "effect": "write", "object": "a b+\u00e4.dump",
            "to": "kept/a b+\u00e4.dump"}
    run = site.go(step, status=0)
    assert run.result("copy")["value"] == "s3://steps/daily/kept/a b+\u00e4.dump"
    assert bucket.get("steps", "daily/kept/a b+\u00e4.dump") == b"PGDMP old"
    site.go({**step, "to": "s3://other/x.dump"}, status=0)
    assert bucket.get("other", "x.dump") == b"PGDMP old"
    # without a digest to compare, another object stays what it is
    run = site.go({**step, "object": "new.dump", "to": "s3://other/x.dump"}, status=3)
    assert run.result("copy")["code"] == "refused"


@pytest.mark.parametrize("step, says", [
    ({"action": "put", "file": "/x", "object": "o"}, "put changes something"),
    ({"action": "get", "file": "/x", "object": "o", "effect": "read"}, "get changes something"),
    ({"action": "copy", "to": "x", "object": "o"}, "copy changes something"),
    ({"action": "put", "effect": "write", "object": "o"}, 'needs "file"'),
    ({"action": "copy", "effect": "write", "object": "o"}, 'needs "to"'),
    ({"object": "o", "file": "/x"}, '"file" does not go with the action head'),
    ({"action": "delete", "object": "o"}, "head, list, get, put, copy"),
])
def test_faults(site, step, says):
    run = site.go({"id": "a", **step}, status=2)
    assert says in run.done.err, run.done.err


def test_read_only_is_checked_where_it_is_done(boat, s3):
    """Not by the runbook's check alone: the step's own process refuses."""
    boat.write("spec", json.dumps({
        "kind": "s3", "id": "a", "run": "r", "state": boat.state, "read_only": True,
        "timeout_s": 60, "params": {"action": "put", "object": "s3://steps/never",
                                    "file": boat.write("x", "PGDMP x")}}))
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" __step 3<spec 4>events', lifeboat.binary()],
                          cwd=boat.dir, env={**boat.env, "AWS_ENDPOINT_URL": s3.endpoint},
                          timeout=60, check=False)
    assert done.returncode == 3
    with open(os.path.join(boat.dir, "events"), encoding="utf-8") as f:
        assert json.loads(f.read())["code"] == "read-only"
