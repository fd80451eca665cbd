"""S3 locations against a real server (OpenStack Swift) and against servers that misbehave."""
import json
import os
import shutil
import subprocess
import time

import pytest

import bad_http
import swift_fill
from s3_site import S3Site, listing

KEYS = ["plain.dump", "with space.dump", "plus+and%25percent.dump", "eq=amp&semi;.dump",
        "unicode-\u00e4\u00f6\u4e2d\u6587.dump", "quote'\"<>.dump", "tilde~star*.dump",
        "question?hash#.dump", "back\\slash.dump", "colon:at@.dump", "comma,dollar$.dump",
        "par(en)s[1]{2}.dump", "dot..dots.dump", "%2F.dump", "tab\tnew.dump"]


@pytest.fixture(scope="session")
def bucket(s3):
    client = s3.client()
    client.create_bucket("backups")
    for key in KEYS:
        client.put("backups", "pg/" + key, b"-- PostgreSQL database dump of " + key.encode())
    client.put("backups", "pg/", b"")  # what consoles make to look like a directory
    client.put("backups", "pg/x.dump.sha256", b"x")
    client.put("backups", "production/nested/pg/inner.dump", b"-- x")
    for i in range(3):
        client.put("backups", f"pg/dir/{i}.dat", b"1234")
    client.put("backups", "pg/dir/toc.dat", b"PGDMP")
    return "backups"


def test_names_of_all_kinds(boat, s3, bucket):
    site = S3Site(boat, s3.endpoint, bucket).set()
    assert sorted(site.names(s3.environment())) == sorted(KEYS + ["dir"])
    row = site.row(s3.environment())
    assert row["newest"]["uri"].startswith("s3://backups/pg/")
    rows = {r["name"]: r for r in site.run("backups", "--format", "json").json()}
    assert rows["dir"]["size_bytes"] == 3 * 4 + 5
    # what was read inside proves that reading by name works for every one of them
    for name in KEYS:
        shown = site.run("show", "db/dump/" + name, "--format", "json", status=0).json()
        assert shown["detail"]["format"] == "plain", name
        assert shown["etag"] and shown["uri"] == "s3://backups/pg/" + name


def test_prefix_of_the_location(boat, s3, bucket):
    for prefix in ("production/nested", "production/nested/", "/production/nested/"):
        site = S3Site(boat, s3.endpoint, bucket, prefix=prefix).set()
        assert site.names(s3.environment()) == ["inner.dump"]
        assert site.row(s3.environment())["newest"]["uri"] == \
            "s3://backups/production/nested/pg/inner.dump"


def test_https_with_its_own_authority(boat, s3, bucket):
    site = S3Site(boat, s3.https_endpoint, bucket, ca_file=s3.ca_file).set()
    assert len(site.names(s3.environment())) == len(KEYS) + 1


def test_certificate_that_does_not_verify(boat, s3, bucket):
    site = S3Site(boat, s3.https_endpoint, bucket).set()
    row = site.row(s3.environment(), status=2)
    assert row["verdict"] == "unknown"
    assert "certificate of localhost" in row["reasons"][0] and "does not verify" in row["reasons"][0]
    assert "ca_file" in site.run("collect", env=s3.environment(), status=2).out


def test_virtual_host_style(boat, s3, bucket):
    """The bucket in the host name: resolved by a proxy that is told where it is."""
    host = s3.endpoint.split("//")[1]
    site = S3Site(boat, "http://s3.test", bucket, path_style=False).set()

    def answer(request, reply):
        assert request.headers["host"] == "backups.s3.test"
        assert request.target.startswith("http://backups.s3.test/?")
        reply.send(200, listing([]))
    with bad_http.BadHttp(answer) as proxy:
        row = site.row({**s3.environment(), "http_proxy": proxy.url}, status=1)
    assert row["reasons"] == ["There is no backup at all."] and host


def test_many_pages_and_second_opinions(boat, s3):
    """10,500 keys in several directories: the same as aws, rclone and s3cmd see."""
    keys = [f"pg/b{i % 7}/{i:05d} +%&\u00e4={i}.dump" for i in range(10500)]
    swift_fill.fill(s3, "many", ((k, 1) for k in keys))
    env = s3.environment()
    site = S3Site(boat, s3.endpoint, "many").set(type="object_sync", path="pg/")
    row = site.row(env, status=0)
    assert row["count"] == 1 and row["total_bytes"] == 10500
    site.set(type="files", path="pg/")
    rows = site.run("backups", "--refresh", "--format", "jsonl", env=env, status=0).lines()
    assert {r["name"]: r["size_bytes"] for r in rows} == {f"b{i}": 1500 for i in range(7)}
    site.set(type="files", path="pg/b3/")
    ours = sorted("pg/b3/" + n for n in site.names(env))
    assert ours == sorted(k for k in keys if k.startswith("pg/b3/"))
    for opinion in (aws_keys, rclone_keys, s3cmd_keys):
        theirs = opinion(s3, env, "many", "pg/b3/", boat.dir)
        assert theirs is None or sorted(theirs) == ours, opinion.__name__


def run_tool(argv, env):
    if shutil.which(argv[0]) is None:
        return None
    ours = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.run(argv, env={**ours, **env}, capture_output=True, text=True,
                          check=True).stdout


def aws_keys(s3, env, bucket, prefix, _):
    out = run_tool(["aws", "--endpoint-url", s3.endpoint, "s3api", "list-objects-v2", "--bucket",
                    bucket, "--prefix", prefix, "--query", "Contents[].Key", "--output", "json"],
                   env)
    return out and json.loads(out)


def rclone_keys(s3, env, bucket, prefix, directory):
    out = run_tool(["rclone", "--config", os.path.join(directory, "none"), "lsf",
                    f":s3,provider=Other,env_auth=true,endpoint='{s3.endpoint}':{bucket}/{prefix}"],
                   env)
    return out and [prefix + line for line in out.splitlines()]


def s3cmd_keys(s3, env, bucket, prefix, directory):
    host = s3.endpoint.split("//")[1]
    out = run_tool(["s3cmd", "-c", os.path.join(directory, "none"), "--no-ssl",
                    f"--host={host}", f"--host-bucket={host}", "--region=us-east-1",
                    f"--access_key={env['AWS_ACCESS_KEY_ID']}",
                    f"--secret_key={env['AWS_SECRET_ACCESS_KEY']}", "ls",
                    f"s3://{bucket}/{prefix}"], env)
    return out and [line.split(f"s3://{bucket}/", 1)[1] for line in out.splitlines()]


def test_a_thousand_pages(boat, bad_server):
    """1,100 pages, flat and as ranges of prefixes: every key once."""
    keys = sorted(f"pg/r{i % 5}/{i:05d}.dump" for i in range(5500))

    def answer(request, reply):
        after = request.query.get("continuation-token", request.query.get("start-after", ""))
        prefix = request.query.get("prefix", "")
        mine = [k for k in keys if k > after and k.startswith(prefix)]
        if request.query.get("delimiter") and any("/" in k[len(prefix):] for k in mine):
            dirs = sorted({k[:k.index("/", len(prefix)) + 1] for k in mine})
            return reply.send(200, listing([]).replace("</ListBucketResult>", "".join(
                f"<CommonPrefixes><Prefix>{d}</Prefix></CommonPrefixes>" for d in dirs)
                + "</ListBucketResult>"))
        page = mine[:5]
        return reply.send(200, listing(page, next_=page[-1] if len(mine) > 5 else None))
    server, site = bad(boat, bad_server, answer, type="object_sync")
    row = site.row(ENV, status=0)
    assert row["total_bytes"] == 42 * len(keys)
    assert len(server.requests) >= 1100
    # From the second page on several connections were at it.
    assert len({r.query.get("start-after") for r in server.requests}) >= 5
    site.set(type="files", path="pg/r2/")
    assert sorted(site.names(ENV)) == sorted(k[6:] for k in keys if k.startswith("pg/r2/"))


ENV = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_EC2_METADATA_DISABLED": "true"}


def bad(boat, bad_server, answer, **fields):
    server = bad_server(answer)
    return server, S3Site(boat, server.url, "b").set(**fields)


def head(body=b"-- dump"):
    def answer(request, reply):
        if request.query.get("list-type") == "2":
            return reply.send(200, listing(["pg/x.dump"]))
        return reply.send(206, body, {"ETag": '"abc"', "Content-Range":
                                      f"bytes 0-{len(body) - 1}/{len(body)}"})
    return answer


@pytest.mark.parametrize("name,answer,says", [
    ("html", bad_http.html, "listing of s3://b/pg/ can't be understood: It has a document type"),
    ("html 403", bad_http.status(403, "<html>", {"Content-Type": "text/html"}), "web page"),
    ("empty", bad_http.status(200, ""), "It is not XML"),
    ("other xml", bad_http.status(200, "<a><b>1</b></a>"), "is no listing, but <a>"),
    ("no xml", bad_http.status(200, "\0\1\2"), "It is not XML"),
    ("entity bomb", bad_http.status(
        200, '<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult/>'), "document type"),
    ("deep", bad_http.status(200, "<a>" * 100), "nested deeper"),
    ("cut xml", bad_http.status(200, listing(["pg/a"])[:-40]), "It is not XML"),
    ("denied", bad_http.s3_error(403, "AccessDenied"), "AccessDenied"),
    ("signature", bad_http.s3_error(403, "SignatureDoesNotMatch"), "SignatureDoesNotMatch"),
    ("expired", bad_http.s3_error(400, "ExpiredToken"), "ExpiredToken"),
    ("skew", bad_http.s3_error(403, "RequestTimeTooSkewed"), "clock"),
    ("no bucket", bad_http.s3_error(404, "NoSuchBucket"), "NoSuchBucket"),
    ("elsewhere", bad_http.status(301, ""), "status 301"),
    ("teapot", bad_http.status(418, "x"), "status 418"),
    ("unavailable", bad_http.status(503, ""), "status 503"),
    ("reset", bad_http.reset, "broke off the connection"),
    ("short", bad_http.cut(listing(["pg/a"]), 100000), "broke off the connection"),
    ("stall", bad_http.stall, "sent nothing for"),
    ("bad size", bad_http.status(200, listing(["pg/a"]).replace("<Size>42<", "<Size>-1<")), "no size"),
    ("bad time", bad_http.status(200, listing(["pg/a"]).replace("T", "t").replace("Z", "")),
     "is no time"),
    ("foreign keys", bad_http.status(200, listing(["secret/x"])), "not asked for"),
    ("no token", bad_http.status(200, listing(["pg/a"]).replace("false", "true")), "cut off"),
])
def test_what_a_server_may_do_wrong(boat, bad_server, name, answer, says):
    server, site = bad(boat, bad_server, answer)
    site.location["timeout"] = "2s"
    site.write()
    started = time.monotonic()
    row = site.row(ENV, status=2)
    assert row["verdict"] == "unknown" and row["newest"] is None
    assert says in row["reasons"][0], row["reasons"]
    assert time.monotonic() - started < 15
    assert server.requests


def test_a_stalling_server_delays_nothing_else(boat, bad_server):    # F60
    server = bad_server(bad_http.stall)
    site = S3Site(boat, server.url, "b").set()
    os.makedirs(os.path.join(boat.dir, "local"))
    with open(os.path.join(boat.dir, "local/x.dump"), "w", encoding="ascii") as f:
        f.write("-- x")
    boat.write("site.yaml", json.dumps({
        "site": "t",
        "locations": {"off": {**site.location, "timeout": "2s"},
                      "local": {"directory": os.path.join(boat.dir, "local")}},
        "assets": {"db": {"sets": {
            "off": {"type": "pg_dump", "location": "off", "rpo": "1h"},
            "here": {"type": "pg_dump", "location": "local", "rpo": "1h"}}}}}))
    board = boat.run("board", "--refresh", "--format", "json", env=ENV, status=2).json()
    assert {s["set"]: s["verdict"] for s in board["sets"]} == {"off": "unknown", "here": "ok"}


def test_passing_faults_are_tried_again(boat, bad_server):
    answers = bad_http.sequence(
        bad_http.status(503, "", {"Retry-After": "0"}), bad_http.reset,
        bad_http.s3_error(429, "SlowDown"), bad_http.status(500), head())
    server, site = bad(boat, bad_server, answers)
    row = site.row(ENV, status=0)
    assert row["newest"]["name"] == "x.dump" and len(server.requests) >= 5


def test_a_page_that_breaks_is_asked_again_and_counts_once(boat, bad_server):
    state = {"n": 0}

    def answer(request, reply):
        if request.query.get("list-type") != "2":
            return reply.send(206, b"--", {"ETag": '"abc"', "Content-Range": "bytes 0-1/2"})
        if request.query.get("continuation-token") is None:
            return reply.send(200, listing([f"pg/{i:04d}.dump" for i in range(1000)],
                                           next_="t+/=1"))
        assert request.query["continuation-token"] == "t+/=1"
        state["n"] += 1
        body = listing([f"pg/{i:04d}.dump" for i in range(1000, 2000)])
        if state["n"] == 1:
            return reply.send(200, body[:len(body) // 2], length=len(body))
        return reply.send(200, body)
    _, site = bad(boat, bad_server, answer)
    names = site.names(ENV)
    assert len(names) == len(set(names)) == 2000


@pytest.mark.parametrize("token", ["same", "cycle", "new"])
def test_endless_listing(boat, bad_server, token):
    """Tokens that repeat, at once or in a longer circle, or ever new ones with the same keys."""
    state = {"n": 0}

    def answer(request, reply):
        state["n"] += 1
        name = {"same": "t", "cycle": f"t{state['n'] % 5}", "new": f"t{state['n']}"}[token]
        key = {"same": state["n"], "cycle": state["n"], "new": 0}[token]
        reply.send(200, listing([f"pg/{key:09d}.dump"], next_=name))
    _, site = bad(boat, bad_server, answer)
    row = site.row(ENV, status=2)
    assert "circle" in row["reasons"][0]
    assert state["n"] < 100


def test_wrong_region_is_followed(boat, bad_server):
    def answer(request, reply):
        if "/eu-central-1/s3/" not in request.headers["authorization"]:
            return bad_http.status(
                400, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region "
                "'us-east-1' is wrong; expecting 'eu-central-1'</Message><Region>eu-central-1"
                "</Region></Error>")(request, reply)
        return head()(request, reply)
    _, site = bad(boat, bad_server, answer)
    assert site.row(ENV, status=0)["newest"]["name"] == "x.dump"

    def redirect(request, reply):
        if "/eu-west-3/s3/" not in request.headers["authorization"]:
            return reply.send(301, "", {"x-amz-bucket-region": "eu-west-3"})
        return head()(request, reply)
    _, site = bad(boat, bad_server, redirect)
    assert site.row(ENV, status=0)["newest"]["name"] == "x.dump"


def test_clock_skew_is_said(boat, bad_server):    # F60
    server, site = bad(boat, bad_server, bad_http.s3_error(403, "RequestTimeTooSkewed"))
    server.answer = lambda request, reply: reply.send(
        403, "<Error><Code>RequestTimeTooSkewed</Code></Error>",
        {"Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 7300))})
    row = site.row(ENV, status=2)
    assert "this machine's clock is 2h01 ahead of that of the server" in row["reasons"][0]


def test_wrong_keys(boat, s3, bucket):
    site = S3Site(boat, s3.endpoint, bucket).set()
    row = site.row({**s3.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}, status=2)
    assert "SignatureDoesNotMatch" in row["reasons"][0]
    out = site.run("collect", env={**s3.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}).out
    assert "secret key is not that" in out and "AWS_ACCESS_KEY_ID" in out and "wrong" not in out
    site = S3Site(boat, s3.endpoint, "absent").set()
    assert "NoSuchBucket" in site.row(s3.environment(), status=2)["reasons"][0]


def test_secrets_appear_nowhere(boat, s3, bucket):
    site = S3Site(boat, s3.endpoint, bucket).set()
    secret = "verysecretindeed"
    env = {**s3.environment(), "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": secret + "2",
           "LIFEBOAT_DEBUG": os.path.join(boat.dir, "debug")}
    done = site.run("collect", env=env)
    assert secret not in done.out + done.err
    for root, _, files in os.walk(boat.dir):
        for name in files:
            with open(os.path.join(root, name), "rb") as f:
                assert secret.encode() not in f.read(), name


def test_plain_addresses_are_refused(boat):
    boat.write("site.yaml", json.dumps({
        "site": "t", "locations": {"off": {"s3": {"bucket": "b", "endpoint": "ftp://x",
                                                  "credentials": "AKIAXXXX:secret"}}},
        "assets": {"db": {"sets": {"d": {"type": "pg_dump", "location": "off", "rpo": "1h"}}}}}))
    assert "never the keys themselves" in boat.run("collect", status=2).err



CONFIGURATIONS = {
    "versioning": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    "object-lock": "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
                   "<DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention>"
                   "</Rule></ObjectLockConfiguration>",
    "encryption": "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
                  "<SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
                  "</Rule></ServerSideEncryptionConfiguration>",
    "lifecycle": "<LifecycleConfiguration><Rule><Expiration><Days>90</Days></Expiration></Rule>"
                 "<Rule><Status>Enabled</Status></Rule></LifecycleConfiguration>",
    "replication": "<ReplicationConfiguration><Rule/></ReplicationConfiguration>"}


def test_what_a_bucket_promises(boat, bad_server):
    def answer(request, reply):
        for name, body in CONFIGURATIONS.items():
            if name in request.query:
                return reply.send(200, body)
        if request.method == "HEAD":
            return reply.send(200, "", {"x-amz-replication-status": "PENDING"})
        return head()(request, reply)
    server, site = bad(boat, bad_server, answer)
    assert site.row(ENV, status=0)["promises"] == {
        "versioning": "enabled", "object_lock": "compliance 30 days", "encryption": "aws:kms",
        "lifecycle": "2 rules, deletes after 90 days", "replication": "1 rule",
        "newest_replicated": "PENDING", "clock_skew_s": 0}
    n = sum("versioning" in r.query for r in server.requests)
    assert site.row(ENV, status=0)["promises"]["versioning"] == "enabled"
    assert sum("versioning" in r.query for r in server.requests) == n == 1  # for an hour


def test_promises_that_are_not_known(boat, bad_server, s3, bucket):
    def answer(request, reply):
        if "lifecycle" in request.query:
            return bad_http.s3_error(404, "NoSuchLifecycleConfiguration")(request, reply)
        if "encryption" in request.query:
            return bad_http.s3_error(403, "AccessDenied")(request, reply)
        if "versioning" in request.query:
            return reply.send(200, "<VersioningConfiguration/>")
        if request.query.keys() & {"object-lock", "replication"}:
            return bad_http.status(501, "")(request, reply)
        return head()(request, reply)
    _, site = bad(boat, bad_server, answer)
    promises = site.row(ENV, status=0)["promises"]
    assert promises["lifecycle"] == "none" and promises["versioning"] == "off"
    assert promises["encryption"].startswith("unknown (") and "AccessDenied" in promises["encryption"]
    assert promises["object_lock"].startswith("unknown (")
    site = S3Site(boat, s3.endpoint, bucket).set()
    promises = site.row(s3.environment())["promises"]
    assert promises["encryption"].startswith("unknown")


def test_off_site_copy(boat, s3):
    client = s3.client()
    client.create_bucket("offsite")
    where = os.path.join(boat.dir, "backup/pg")
    os.makedirs(where)
    for name in ("a b+c.dump", "d.dump"):
        with open(os.path.join(where, name), "wb") as f:
            f.write(b"-- " + name.encode())
        os.utime(os.path.join(where, name), (time.time() - 3600, time.time() - 3600))
    client.put("offsite", "production/pg/a b+c.dump", b"-- a b+c.dump")
    boat.write("site.yaml", json.dumps({
        "site": "t", "locations": {
            "local": {"directory": os.path.join(boat.dir, "backup")},
            "off": {"s3": {"bucket": "offsite", "prefix": "production",
                           "endpoint": s3.endpoint}}},
        "assets": {"db": {"sets": {"dump": {
            "type": "pg_dump", "location": "local", "path": "pg/", "rpo": "24h",
            "copies": [{"location": "off", "within": "2h"}]}}}}}))

    def copy(status):
        board = boat.run("board", "--refresh", "--format", "json", env=s3.environment(),
                         status=status).json()
        return board["sets"][0]["copies"][0]
    assert copy(0)["missing"] == 1
    client.put("offsite", "production/pg/d.dump", b"-- d.dump")
    done = copy(0)
    assert done["missing"] == 0 and done["lag_s"] == 0 and done["verdict"] == "ok"


def test_fleet_in_a_bucket(boat, s3):
    """Published and read as the location with this bucket says, and by the environment alone."""
    client = s3.client()
    client.create_bucket("fleet")
    site = S3Site(boat, s3.https_endpoint, "fleet", ca_file=s3.ca_file).set()
    env = s3.environment()
    client.put("fleet", "pg/x.dump", b"-- x")
    site.run("collect", "--publish", "s3://fleet/summaries/", env=env, status=0)
    assert client.keys("fleet", "summaries/") == ["summaries/t.lifeboat"]
    board = site.run("board", "--fleet", "s3://fleet/summaries/", "--format", "json", env=env,
                     status=0).json()
    assert board["sites"][0]["site"] == "t"
    os.unlink(boat.site)
    env["AWS_ENDPOINT_URL_S3"] = s3.endpoint
    assert boat.run("board", "--fleet", "s3://fleet/summaries", "--format", "json", env=env,
                    status=0).json()["sites"][0]["verdict"] == "ok"
