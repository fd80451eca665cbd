"""samples_rdb: RDB files as versions of Redis write them that are not installed here (src/rdb.c of each):
old encodings with and without a CRC, and the newer ones. redis-check-rdb reads the old ones, too."""
import os
import struct


def crc64(data):
    """Jones, reflected, init 0 (FACTS.md section 8)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x95ac9329ac4bc9b5 if crc & 1 else 0)
    return crc


def length(n):
    if n < 64:
        return bytes([n])
    if n < 16384:
        return struct.pack(">H", 0x4000 | n)
    return b"\x80" + struct.pack(">I", n)


def text(value):
    data = value if isinstance(value, bytes) else str(value).encode()
    return length(len(data)) + data


def ziplist(values):
    body, previous = b"", 0
    for value in values:
        entry = (bytes([previous]) + bytes([len(value)]) + value)
        body, previous = body + entry, len(entry)
    tail = 10 + len(body) - previous if values else 10
    return struct.pack("<IIH", 11 + len(body), tail, len(values)) + body + b"\xff"


def listpack(values):
    body = b""
    for value in values:
        entry = bytes([0x80 | len(value)]) + value
        body += entry + bytes([len(entry)])
    return struct.pack("<IH", 7 + len(body), len(values)) + body + b"\xff"


def intset(values):
    return struct.pack("<II", 2, len(values)) + b"".join(struct.pack("<h", v)
                                                         for v in sorted(values))


def zipmap(pairs):
    body = bytes([len(pairs)])
    for key, value in pairs:
        body += bytes([len(key)]) + key + bytes([len(value), 0]) + value
    return body + b"\xff"


def _value(kind, key, body):
    return bytes([kind]) + text(key) + body


def _old_values():
    """Versions 1 to 5: plain lists, sets, hashes; scores as text; times in seconds."""
    return (_value(0, "string", text("hello " * 20)) + _value(0, "number", b"\xc1\x39\x30") +
            b"\xfd" + struct.pack("<I", 2000000000) + _value(0, "expires", text("x")) +
            _value(1, "list", length(3) + text("a") + text("b") + text("c" * 100)) +
            _value(2, "set", length(2) + text("one") + text("two")) +
            _value(3, "zset", length(3) + text("m") + b"\x031.5" + text("inf") + b"\xfe" +
                   text("ninf") + b"\xff") +
            _value(4, "hash", length(1) + text("field") + text("value")))


def _packed_values():
    """Versions 2 to 9: packed into one string each."""
    pairs = [(b"f1", b"v1"), (b"f2", b"v2")]
    return (_value(9, "zipmap", text(zipmap(pairs))) +
            _value(10, "ziplist", text(ziplist([b"a", b"bb", b"ccc"]))) +
            _value(11, "intset", text(intset([-5, 7, 300]))) +
            _value(12, "zset ziplist", text(ziplist([b"m", b"1.5", b"n", b"2"]))) +
            _value(13, "hash ziplist", text(ziplist([b"k", b"v"]))))


def _newer_values():
    """Versions 8 to 12: scores as doubles, listpacks, fields with a time to live."""
    return (_value(5, "zset2", length(1) + text("m") + struct.pack("<d", 1.25)) +
            b"\xfc" + struct.pack("<Q", 2000000000000) + _value(0, "expires", text("y")) +
            _value(16, "hash listpack", text(listpack([b"k", b"v"]))) +
            _value(17, "zset listpack", text(listpack([b"m", b"2"]))))


def rdb(version, body, aux=(), crc=True):
    data = b"REDIS%04d" % version
    for key, value in aux:
        data += b"\xfa" + text(key) + text(value)
    data += b"\xfe\x00" + body + b"\xff"
    if version < 5:
        return data
    return data + struct.pack("<Q", crc64(data) if crc else 0)


def make(out):
    quicklist = _value(14, "quicklist", length(2) + text(ziplist([b"a", b"b"])) +
                       text(ziplist([b"c"])))
    modern = [("redis-ver", "7.4.0"), ("redis-bits", "64"), ("ctime", "1760000000")]
    files = {
        "rdb-version-1": rdb(1, _old_values()),
        "rdb-version-4": rdb(4, _old_values() + _packed_values()),
        "rdb-version-6": rdb(6, _old_values() + _packed_values()),
        "rdb-version-7": rdb(7, b"\xfb\x0c\x01" + _old_values() + _packed_values() + quicklist,
                             [("redis-ver", "3.2.12"), ("redis-bits", "64")]),
        "rdb-version-9": rdb(9, _packed_values() + quicklist + b"\xf9\x05" +
                             _value(5, "zset2", length(1) + text("m") + struct.pack("<d", 1.25)),
                             [("redis-ver", "6.2.0")]),
        "rdb-version-11": rdb(11, _newer_values() + _value(
            20, "set listpack", text(listpack([b"x", b"y"]))), modern),
        "rdb-version-12": rdb(12, _newer_values() + _value(
            25, "hash with times", struct.pack("<Q", 2000000000000) +
            text(listpack([b"k", b"v", b"\x30"]))), modern),
    }
    made = {}
    for name, data in files.items():
        made[name] = os.path.join(out, name)
        with open(made[name], "wb") as f:
            f.write(data)
    return made
