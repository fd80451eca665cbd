"""The fixtures themselves: each starts, does its work and leaves nothing behind."""
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import bad_http
import postgres_server
import s3_client
import s3_server
import scratch
import tls


def test_postgres_answers_and_goes(postgres_factory):
    server = postgres_factory(settings={"work_mem": "5MB"})
    assert server.sql("SHOW work_mem") == "5MB"
    server.create_database("it's")
    assert server.sql("SELECT current_database()", "it's") == "it's"
    dump = server.subdirectory("out") + "/x.dump"
    server.run("pg_dump", "-Fc", "-f", dump, "it's")
    assert os.path.getsize(dump) > 500
    pid, directory = server.daemon.pid, server.scratch
    server.remove()
    assert not os.path.exists(directory)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_postgres_restarts(postgres):
    postgres.sql("CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)")
    postgres.restart()
    assert postgres.sql("SELECT count(*) FROM kept") == "1"
    with pytest.raises(RuntimeError, match="syntax error"):
        postgres.sql("SELEKT")


def test_postgres_versions():
    assert postgres_server.bin_directory(1) is None


def test_redis_saves(redis_server):
    redis_server.cli("SET", "a", "1")
    with open(redis_server.save(), "rb") as f:
        assert f.read(5) == b"REDIS"
    pid = redis_server.daemon.pid
    redis_server.remove()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


KEYS = ["plain", "with space", "plus+sign", "percent%41", "eq=ual", "a/b/c", "sl//ash", "süß/日本",
        "quote'\"", "~tilde*(x)"]


def test_s3_keeps_every_key(s3):
    client = s3.client()
    bucket = client.create_bucket("self-test")
    for key in KEYS:
        client.put(bucket, key, "text of " + key)
    assert sorted(client.keys(bucket)) == sorted(KEYS)
    for key in KEYS:
        assert client.get(bucket, key).decode() == "text of " + key
    client.multipart(bucket, "large", [b"x" * (5 << 20), b"y"])
    assert client.head(bucket, "large")["Content-Length"] == str((5 << 20) + 1)
    client.delete(bucket, "plain")
    assert "plain" not in client.keys(bucket)
    with pytest.raises(s3_client.S3Error) as e:
        client.get(bucket, "plain")
    assert e.value.status == 404


def test_s3_refuses_a_wrong_key(s3):
    client = s3_client.S3Client(s3.endpoint, s3_server.ACCESS_KEY, "wrong")
    with pytest.raises(s3_client.S3Error) as e:
        client.keys("self-test")
    assert e.value.status == 403 and b"SignatureDoesNotMatch" in e.value.body


def test_s3_speaks_https(s3):
    client = s3_client.S3Client(s3.https_endpoint, s3_server.ACCESS_KEY, s3_server.SECRET_KEY,
                                ca_file=s3.ca_file)
    client.create_bucket("over-tls")
    client.put("over-tls", "k", "v")
    assert s3.client().get("over-tls", "k") == b"v"


def read(url, **kwargs):
    with urllib.request.urlopen(url, timeout=2, **kwargs) as answer:
        return answer.read()


def test_bad_http_misbehaves(bad_server):
    good = bad_server(bad_http.status(200, "hello"))
    assert read(good.url + "/a%20b?x=1") == b"hello"
    assert good.requests[0].path == "/a b" and good.requests[0].query == {"x": "1"}
    with pytest.raises(OSError):
        read(bad_server(bad_http.reset).url)
    with pytest.raises(OSError):
        read(bad_server(bad_http.stall).url)
    with pytest.raises(Exception, match="IncompleteRead"):
        read(bad_server(bad_http.cut(b"abc", 10)).url)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        read(bad_server(bad_http.s3_error(503, "SlowDown")).url)
    twice = bad_server(bad_http.sequence(bad_http.status(500), bad_http.status(200, "now")))
    with pytest.raises(urllib.error.HTTPError):
        read(twice.url)
    assert read(twice.url) == b"now"


def test_bad_http_over_tls(bad_server, tmp_path):
    import ssl
    authority = tls.Authority(str(tmp_path))
    server = bad_server(bad_http.status(200, "x"), authority.certificate())
    assert read(server.url, context=ssl.create_default_context(cafile=authority.ca_file)) == b"x"
    wrong = bad_server(bad_http.status(200, "x"), authority.certificate(["elsewhere"]))
    with pytest.raises(urllib.error.URLError, match="Hostname mismatch"):
        read(wrong.url, context=ssl.create_default_context(cafile=authority.ca_file))
    with pytest.raises(urllib.error.URLError, match="verify failed"):
        read(server.url)


def test_nothing_survives_a_killed_test_process():
    """kill -9 of the process that started a server takes the server along, and its directory is
    swept by the next process that asks for one."""
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import redis_instance, time;"
            "s = redis_instance.RedisInstance();"
            "print(s.daemon.pid, s.scratch, flush=True); time.sleep(60)")
    try:
        lib = os.path.dirname(os.path.abspath(__file__))
        child = subprocess.Popen([sys.executable, "-c", code, lib], stdout=subprocess.PIPE,
                                 text=True)
        line = child.stdout.readline().split()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    if not line:
        pytest.skip("redis-server is not installed")
    pid, directory = int(line[0]), line[1]
    scratch.wait_for(lambda: not scratch._alive(pid), 10, "the server to be killed")
    scratch._sweep(os.path.dirname(directory))
    assert not os.path.exists(directory)


def test_free_ports_are_free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", scratch.free_port()))
