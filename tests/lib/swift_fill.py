"""swift_fill: many entries in a bucket of s3_server at once, by Swift's own library.

    fill(server, "bucket", ((key, size) for ...))

Only the listing is filled: the objects themselves do not exist and can't be read. Through the
front door a hundred thousand objects would take half an hour.
"""
import glob
import hashlib
import os
import sqlite3
import time


def _database(server, bucket):
    pattern = os.path.join(server.devices, "d1", "containers", "*", "*", "*", "*.db")
    for path in glob.glob(pattern):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            if db.execute("SELECT container FROM container_stat").fetchone()[0] == bucket:
                return path
    raise RuntimeError(f"there is no bucket {bucket}")


def fill(server, bucket, entries):
    from swift.common.utils import Timestamp
    from swift.container.backend import ContainerBroker
    client = server.client()
    client.create_bucket(bucket)
    path = _database(server, bucket)
    broker = ContainerBroker(path, account="AUTH_test", container=bucket)
    etag, batch = hashlib.md5(b"x").hexdigest(), []
    at = Timestamp(time.time() - 3600).internal

    def flush():
        if batch:
            broker.merge_items(list(batch))
            batch.clear()
    for key, size in entries:
        batch.append({"name": key, "created_at": at, "size": size, "etag": etag,
                      "content_type": "application/octet-stream", "deleted": 0,
                      "storage_policy_index": 0})
        if len(batch) == 10000:
            flush()
    flush()
    if os.geteuid() == 0:
        for root, _, files in os.walk(os.path.dirname(path)):
            for name in files:
                os.chown(os.path.join(root, name), server.user.pw_uid, server.user.pw_gid)
