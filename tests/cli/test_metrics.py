"""lifeboat metrics: promtool has no complaints, and what is not known has no sample."""
import json
import os
import re
import shutil
import subprocess

import pytest

import bad_http
from backup_site import DAY, Site


@pytest.fixture
def site(boat):
    site = Site(boat)
    site.set("good", path="a/", rto="4h", schedule="0 2 * * *",
             copies=[{"location": "local", "path": "copy/"}])
    site.set("old", path="b/")
    site.set("lost", path="c/")
    site.file("a/x.dump", age=60, size=1234)
    site.file("copy/x.dump", age=60, size=1234)
    site.file("b/x.dump", age=2 * DAY)
    boat.run("collect", status=2)
    return site


def samples(text):
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (-?\d+)", line).groups()
            found[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))] = int(value)
    return found


def one(found, name, **labels):
    hits = [v for (n, l), v in found.items() if n == name and set(labels.items()) <= l]
    return hits[0] if len(hits) == 1 else hits


def test_samples(site):
    found = samples(site.boat.run("metrics", status=0).out)
    assert one(found, "lifeboat_set_verdict", set="good", verdict="ok") == 1
    assert one(found, "lifeboat_set_verdict", set="old", verdict="breach") == 1
    assert one(found, "lifeboat_set_verdict", set="old", verdict="ok") == 0
    assert one(found, "lifeboat_set_verdict", set="lost", verdict="unknown") == 1
    assert one(found, "lifeboat_site_verdict", verdict="breach") == 1
    assert one(found, "lifeboat_newest_backup_size_bytes", set="good") == 1234
    assert one(found, "lifeboat_rto_seconds", set="good") == 14400
    assert one(found, "lifeboat_location_reachable", set="lost") == 0
    assert one(found, "lifeboat_copy_lag_seconds", set="good", location="local") == 0
    assert one(found, "lifeboat_copy_verdict", set="good", verdict="ok") == 1
    # unknown is no zero
    for name in ("newest_backup_timestamp_seconds", "newest_backup_age_seconds", "backups"):
        assert one(found, "lifeboat_" + name, set="lost") == []
    assert one(found, "lifeboat_rto_seconds", set="old") == []


def test_promtool(site):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    text = site.boat.run("metrics").out
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and not (done.stdout + done.stderr).strip(), done


def test_output_is_replaced_atomically(site):
    path = os.path.join(site.boat.dir, "lifeboat.prom")
    assert site.boat.run("metrics", "-o", path, status=0).out == ""
    with open(path, encoding="utf-8") as f:
        assert "lifeboat_site_verdict" in f.read()
    assert os.stat(path).st_mode & 0o777 == 0o644
    assert not [n for n in os.listdir(site.boat.dir) if n.startswith("lifeboat.prom.")]
    site.boat.run("metrics", "-o", "/nowhere/x.prom", status=2)


def test_push(site, bad_server):
    server = bad_server(bad_http.status(202))
    site.boat.run("metrics", "--push", server.url + "/", status=0)
    request = server.requests[0]
    assert request.method == "PUT" and request.path == "/metrics/job/lifeboat/site/aragora"
    assert b"lifeboat_site_verdict" in request.body
    server.answer = bad_http.status(400, "no")
    assert "status 400: no" in site.boat.run("metrics", "--push", server.url, status=2).err


def test_real_pushgateway(site):
    if shutil.which("prometheus-pushgateway") is None:
        pytest.skip("the Pushgateway is not installed")
    import scratch
    import urllib.request
    port = scratch.free_port()
    gateway = scratch.Daemon(
        "pushgateway", ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{port}"],
        os.path.join(site.boat.dir, "gateway.log"))
    url = f"http://127.0.0.1:{port}"

    def get(path):
        try:
            with urllib.request.urlopen(url + path, timeout=30) as answer:
                return answer.read().decode()
        except OSError:
            return None
    try:
        gateway.wait_ready(lambda: get("/-/ready"))
        site.boat.run("metrics", "--push", url, status=0)
        assert 'lifeboat_set_verdict{asset="db",instance="",job="lifeboat",set="good",' in \
            get("/metrics")
    finally:
        gateway.stop()


def test_json_and_metrics_agree(site):
    board = json.loads(site.boat.run("board", "--format", "json").out)
    found = samples(site.boat.run("metrics").out)
    for row in board["sets"]:
        assert one(found, "lifeboat_set_verdict", set=row["set"], verdict=row["verdict"]) == 1
