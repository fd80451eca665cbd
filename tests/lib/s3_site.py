"""s3_site: a site file whose backups lie in a bucket, and what an S3 server lists."""
import json
import time
import urllib.parse


class S3Site:
    def __init__(self, boat, endpoint, bucket, **s3):
        self.boat, self.sets = boat, {}
        self.s3 = {"bucket": bucket, "endpoint": endpoint, **s3}
        self.location = {"s3": self.s3, "timeout": "20s"}

    def set(self, name="dump", **fields):
        self.sets[name] = {"type": "pg_dump", "location": "off", "rpo": "24h", "path": "pg/",
                           **fields}
        self.write()
        return self

    def write(self):
        self.boat.write("site.yaml", json.dumps({
            "site": "t", "locations": {"off": self.location},
            "assets": {"db": {"sets": self.sets}}}))

    def run(self, *args, **kwargs):
        return self.boat.run(*args, **kwargs)

    def row(self, env, status=None):
        board = self.run("board", "--refresh", "--format", "json", env=env, status=status).json()
        return board["sets"][0]

    def names(self, env):
        rows = self.run("backups", "--refresh", "--format", "jsonl", env=env, status=0).lines()
        return [r["name"] for r in rows]


def listing(keys, next_=None):
    out = '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws' \
          '.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType>'
    out += f"<IsTruncated>{'true' if next_ else 'false'}</IsTruncated>"
    if next_:
        out += f"<NextContinuationToken>{next_}</NextContinuationToken>"
    for key in keys:
        out += f"<Contents><Key>{urllib.parse.quote(key)}</Key><LastModified>" \
               f"{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(time.time() - 60))}" \
               '</LastModified><ETag>&quot;abc&quot;</ETag><Size>42</Size></Contents>'
    return out + "</ListBucketResult>"
