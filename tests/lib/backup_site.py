"""backup_site: a site with backups in a directory, made up by the test."""
import json
import os
import struct
import time

DAY = 86400


def dump_header(when, database="app", version=(1, 14)):
    """The head of a custom dump, as PostgreSQL's pg_backup_archiver.c writes it; `when` in UTC."""
    def integer(n):
        return b"\0" + struct.pack("<I", n)

    def text(s):
        return integer(len(s)) + s.encode()
    t = time.gmtime(when)
    head = b"PGDMP" + bytes([version[0], version[1], 0, 4, 8, 1])
    head += integer(0) if version < (1, 15) else b"\1"
    for n in (t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon - 1, t.tm_year - 1900, 0):
        head += integer(n)
    return head + text(database) + text("15.18") + text("15.18")


class Site:
    """A site with one location, /backup in the test's directory."""

    def __init__(self, boat):
        self.boat = boat
        self.root = os.path.join(boat.dir, "backup")
        os.makedirs(self.root)
        self.sets = {}

    def set(self, name, **fields):
        self.sets[name] = {"type": "pg_dump", "location": "local", "rpo": "24h", **fields}
        self.write()

    def write(self, name="aragora", extra=None):
        site = {"site": name, "locations": {"local": {"directory": self.root}},
                "assets": {"db": {"sets": self.sets}}, **(extra or {})}
        self.boat.write("site.yaml", json.dumps(site))

    def file(self, name, data=None, age=0, size=100):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        when = time.time() - age
        with open(path, "wb") as f:
            f.write(data if data is not None else b"-- dump\n".ljust(size, b"x"))
        os.utime(path, (when, when))
        return path

    def board(self, status=None, refresh=True):
        args = ["board", "--format", "json"] + (["--refresh"] if refresh else [])
        board = self.boat.run(*args, status=status).json()
        return board, {f"{s['asset']}/{s['set']}": s for s in board["sets"]}

    def row(self, name="db/dump", **kwargs):
        return self.board(**kwargs)[1][name]


def stamp(age=0):
    return time.strftime("%Y%m%d_%H%M%S", time.gmtime(time.time() - age))


def rfc3339(when):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
