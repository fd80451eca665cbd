"""s3_client: just enough of S3 to fill and look into a bucket from a test.

Signature version 4 as AWS documents it ("Signature Calculations for the Authorization Header"),
written with the standard library only, so that it is an independent opinion on our own.
"""
import datetime
import hashlib
import hmac
import http.client
import ssl
import urllib.parse
import xml.etree.ElementTree as ElementTree


def _quote(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


class S3Error(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body[:300]!r}")
        self.status, self.body = status, body


class S3Client:
    def __init__(self, endpoint, access_key, secret_key, region="us-east-1", ca_file=None):
        url = urllib.parse.urlsplit(endpoint)
        self.host, self.tls = url.netloc, url.scheme == "https"
        self.access_key, self.secret_key, self.region = access_key, secret_key, region
        self.context = ssl.create_default_context(cafile=ca_file) if self.tls else None
        self.connection = None

    def _sign(self, method, path, query, headers, body):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": self.host, "x-amz-date": now,
                   "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
                   **{k.lower(): v for k, v in headers.items()}}
        signed = ";".join(sorted(headers))
        request = "\n".join([
            method, path, query, *(f"{k}:{headers[k].strip()}" for k in sorted(headers)), "",
            signed, headers["x-amz-content-sha256"]])
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                             hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}")
        return headers

    def request(self, method, bucket, key="", query=(), headers=None, body=b""):
        """Returns (status, headers, body); raises S3Error for anything but 2xx."""
        path = "/" + _quote(bucket) + ("/" + _quote(key, "/-_.~") if key else "")
        pairs = sorted((_quote(k), _quote(str(v))) for k, v in dict(query).items())
        text = "&".join(f"{k}={v}" for k, v in pairs)
        signed = self._sign(method, path, text, headers or {}, body)
        for attempt in (1, 2):
            if self.connection is None:
                make = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
                options = {"context": self.context} if self.tls else {}
                self.connection = make(self.host, timeout=60, **options)
            try:
                self.connection.request(method, path + ("?" + text if text else ""), body, signed)
                answer = self.connection.getresponse()
                data = answer.read()
                break
            except (http.client.HTTPException, OSError):
                # A keep-alive connection that the server closed meanwhile; once.
                self.connection = None
                if attempt == 2:
                    raise
        if answer.status >= 300:
            raise S3Error(answer.status, data)
        return answer.status, dict(answer.getheaders()), data

    def create_bucket(self, bucket):
        self.request("PUT", bucket)
        return bucket

    def put(self, bucket, key, data):
        self.request("PUT", bucket, key, body=data.encode() if isinstance(data, str) else data)

    def get(self, bucket, key):
        return self.request("GET", bucket, key)[2]

    def head(self, bucket, key):
        return self.request("HEAD", bucket, key)[1]

    def delete(self, bucket, key):
        self.request("DELETE", bucket, key)

    def keys(self, bucket, prefix=""):
        found, token = [], None
        while True:
            query = {"list-type": 2, "prefix": prefix, **({"continuation-token": token}
                                                          if token else {})}
            root = ElementTree.fromstring(self.request("GET", bucket, query=query)[2])
            space = {"s": root.tag.split("}")[0].strip("{")}
            found += [e.text for e in root.findall("s:Contents/s:Key", space)]
            token = root.findtext("s:NextContinuationToken", None, space)
            if not token:
                return found

    def multipart(self, bucket, key, parts):
        """Uploads the parts (each but the last at least 5 MiB) as one object."""
        root = ElementTree.fromstring(self.request("POST", bucket, key, {"uploads": ""})[2])
        upload = next(e.text for e in root.iter() if e.tag.endswith("UploadId"))
        body = "<CompleteMultipartUpload>"
        for number, part in enumerate(parts, 1):
            etag = self.request("PUT", bucket, key, {"partNumber": number, "uploadId": upload},
                                body=part)[1]["ETag"]
            body += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        body += "</CompleteMultipartUpload>"
        self.request("POST", bucket, key, {"uploadId": upload}, body=body.encode())
