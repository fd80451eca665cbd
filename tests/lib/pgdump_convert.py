"""pgdump_convert: a custom-format dump of archive version 1.14 (PostgreSQL 12 to 15) rewritten as
1.15 (16) or 1.16 (17, 18), after src/bin/pg_dump/pg_backup_archiver.c, for want of those servers."""
import subprocess
import zlib

PACK = {"none": lambda d, _: d, "gzip": lambda d, _: zlib.compress(d),
        "zstd": lambda d, c: _run(["zstd", "-qc"] + ([] if c else ["--no-check"]), d),
        "lz4": lambda d, c: _run(["lz4", "-qc"] + ([] if c else ["--no-frame-crc"]), d)}
NUMBER = {"none": 0, "gzip": 1, "lz4": 2, "zstd": 3}


def _run(argv, data):
    return subprocess.run(argv, input=data, stdout=subprocess.PIPE, check=True).stdout


def _int(value):
    return bytes([value < 0]) + abs(value).to_bytes(4, "little")


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def int(self):
        b = self.bytes(5)
        return int.from_bytes(b[1:], "little") * (-1 if b[0] else 1)

    def str(self):
        start, n = self.at, self.int()
        self.bytes(max(n, 0))
        return self.data[start:self.at]


def convert(data, minor, method, checked):
    r = _Reader(data)
    head = r.bytes(11)
    assert head[:7] == b"PGDMP\x01\x0e" and head[8:] == b"\x04\x08\x01"
    compressed = r.int() != 0
    out = [head[:6], bytes([minor]), head[7:], bytes([NUMBER[method]])]
    start = r.at
    for _ in range(7):
        r.int()
    for _ in range(3):
        r.str()
    out.append(data[start:r.at])
    count = r.int()
    out.append(_int(count))
    for _ in range(count):
        start = r.at
        r.int(), r.int()
        for _ in range(4):
            r.str()
        r.int()
        for _ in range(6):  # definition, drop, copy, name space, table space, access method
            r.str()
        out.append(data[start:r.at])
        if minor >= 16:
            out.append(_int(0))
        start = r.at
        r.str(), r.str()
        while r.str() != _int(-1):
            pass
        out.append(data[start:r.at])
        state = r.bytes(9)
        out.append((b"\x01" if state[0] == 2 else state[:1]) + bytes(8))  # offsets are not set
    while r.at < len(data):
        kind = r.bytes(1)
        out.append(kind)
        out.append(_int(r.int()))
        if kind == b"\x01":
            out.append(_chunks(r, compressed, method, checked))
            continue
        while True:
            oid = r.int()
            out.append(_int(oid))
            if oid == 0:
                break
            out.append(_chunks(r, compressed, method, checked))
    return b"".join(out)


def _chunks(r, compressed, method, checked):
    parts = []
    while True:
        n = r.int()
        if n == 0:
            break
        parts.append(r.bytes(n))
    plain = b"".join(parts)
    if compressed:
        plain = zlib.decompress(plain)
    if not plain and method == "gzip":
        return _int(0)  # since 16 an empty stream has no chunk
    packed = PACK[method](plain, checked)
    return b"".join(_int(len(p)) + p for p in
                    (packed[i:i + 4000] for i in range(0, len(packed), 4000))) + _int(0)
