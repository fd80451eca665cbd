"""lifeboat verify over a bucket that misbehaves: connections that break, objects that change underneath."""
import gzip
import random
import re

import pytest

WORDS = random.Random(4)
SQL = (b"--\n-- PostgreSQL database dump\n--\n\nCOPY public.t (x) FROM stdin;\n" +
       b"".join(b"%x\n" % WORDS.getrandbits(400) for _ in range(60000)) + b"\\.\n\n" +
       b"--\n-- PostgreSQL database dump complete\n--\n\n")
DUMP = gzip.compress(SQL, 1)
WHEN = "Fri, 20 Nov 2026 02:00:00 GMT"


class Bucket:
    """One object, s3://b/x.sql.gz. `piece`: the connection breaks after so many bytes; `changed_after`:
    from this request on it is another object of the same size."""

    def __init__(self, piece=None, changed_after=10 ** 9, obeys=True, ranges=True):
        self.piece, self.changed_after = piece, changed_after
        self.obeys, self.ranges = obeys, ranges
        self.gets = []

    def __call__(self, request, reply):
        if request.path != "/b/x.sql.gz":
            return reply.send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        etag = '"one"' if len(self.gets) < self.changed_after else '"two"'
        headers = {"ETag": etag, "Last-Modified": WHEN}
        if request.method == "HEAD":
            return reply.raw(f"HTTP/1.1 200 OK\r\nContent-Length: {len(DUMP)}\r\nETag: {etag}\r\n"
                             f"Last-Modified: {WHEN}\r\n\r\n".encode())
        wanted = {k.lower(): v for k, v in request.headers.items()}
        self.gets.append((wanted.get("range"), wanted.get("if-match")))
        if self.obeys and wanted.get("if-match") not in (None, etag):
            return reply.send(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        start = 0
        if wanted.get("range") and self.ranges:
            start = int(re.match(r"bytes=(\d+)-", wanted["range"]).group(1))
            headers["Content-Range"] = f"bytes {start}-{len(DUMP) - 1}/{len(DUMP)}"
        body = DUMP[start:]
        if self.piece is None or len(body) <= self.piece:
            return reply.send(206 if start else 200, body, headers)
        return reply.send(206 if start else 200, body[:self.piece], headers, length=len(body))


@pytest.fixture
def verify(boat, bad_server):
    def run(bucket):
        server = bad_server(bucket)
        boat.env.update({"AWS_ENDPOINT_URL_S3": server.url, "AWS_ACCESS_KEY_ID": "a",
                         "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"})
        return boat.run("verify", "s3://b/x.sql.gz", "--format", "json", timeout=120)
    return run


def test_resumed_where_it_broke(verify):
    bucket = Bucket(piece=len(DUMP) // 3 + 1)
    done = verify(bucket)
    assert done.status == 0, done
    assert done.json()["bytes"] == len(DUMP)
    starts = [int(r.split("=")[1].split("-")[0]) for r, _ in bucket.gets if r]
    assert len(bucket.gets) == 3 and starts == sorted(starts) and starts[0] > 0
    assert [m for _, m in bucket.gets[1:]] == ['"one"', '"one"']  # this object and no other


@pytest.mark.parametrize("obeys", [True, False])
def test_an_object_that_changed_fails(verify, obeys):
    """Whether the server minds If-Match or not."""
    done = verify(Bucket(piece=len(DUMP) // 3 + 1, changed_after=1, obeys=obeys))
    assert done.status == 1, done
    assert "changed while it was being read" in str(done.json()["checks"])


def test_never_ending_breaks_are_no_failure_of_the_backup(verify):
    """It could not be found out: that is 2, and not 1."""
    done = verify(Bucket(piece=10))
    assert done.status == 2 and done.json()["result"] == "unknown", done


def test_a_server_that_ignores_ranges(verify):
    done = verify(Bucket(piece=len(DUMP) // 2, ranges=False))
    assert done.status == 2, done
    assert "byte 0 came" in str(done.json()["checks"])
