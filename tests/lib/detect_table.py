"""detect_table: the detection table as data: every sample, what a good one must get, every damage,
and what that must get. test_detect.py runs it; `python3 tests/live/detect_report.py` prints it
beside what other tools say of the same files.

Results: "pass", "fail", "unknown". A tuple allows several; NEVER_PASS is for what no checksum
covers: a change that leaves the structure whole can't be noticed, and must not be called good.
"""
import gzip
import io
import os
import re
import shutil
import tarfile

import damage
import samples_other
import samples_pg

NEVER_PASS = ("fail", "unknown")

# What a good one gets. Unknown is right where nothing would show a changed byte (FACTS 3.3).
GOOD = {
    "custom": "pass", "custom-z9": "pass", "custom-pipe": "pass", "custom-data-only": "pass",
    "custom-schema-only": "unknown", "custom-z0": "unknown", "custom-z0-sha256": "pass",
    "custom-sha256": "pass", "custom-sha512": "pass", "custom-md5": "pass",
    "directory": "pass", "directory-z0": "unknown", "directory-parallel": "pass",
    "tar": "unknown", "tar.gz": "pass",
    "sql": "unknown", "sql-inserts": "unknown", "all.sql": "unknown", "globals.sql": "unknown",
    "custom-z1-clean": "pass", "custom-section-data": "pass", "custom-section-post": "unknown",
    "custom-no-blobs": "pass", "custom-one-table": "pass", "custom-empty": "unknown",
    "directory-section-data": "pass", "directory-z9-table": "pass", "directory-empty": "unknown",
    "tar-empty": "unknown", "sql-clean": "unknown", "sql-columns": "unknown",
    "sql-section-pre": "unknown", "sql-empty": "unknown", "sql-z6": "pass",
    "all-clean.sql": "unknown", "roles.sql": "unknown",
    "sql.gz": "pass", "sql.zst": "pass", "sql.lz4": "pass", "sql.bz2": "pass", "sql.xz": "pass",
    "sql.zst-unchecked": "unknown", "sql.lz4-unchecked": "unknown", "sql.gz-twice": "pass",
    "all.sql.gz": "pass",
    "base-plain": "pass", "base-plain-sha256": "pass", "base-tar": "pass", "base-tar-gz": "pass",
    "base-tar-sha512": "pass", "base-tar-sha224": "pass", "base-tar-zst": "pass",
    "base-tar-lz4": "pass", "base-tar-fetch": "pass", "base-tar-no-wal": "unknown",
    "base-tar-no-manifest": "unknown", "base-tar-no-sums": "unknown",
    "base-tar-no-sums-gz": "pass", "base-stdout.tar": "pass", "base-space-tar": "pass",
    "base-space-plain": "pass", "base-plain-fetch": "pass", "base-plain-manifest2": "pass",
    "base-plain-incremental": "pass",
    "wal-archive": "pass", "wal-full": "pass", "wal-switched": "pass", "wal-gz": "pass",
    "rdb": "pass", "rdb-uncompressed": "pass", "rdb-other-encodings": "pass",
    "rdb-no-checksum": "unknown", "rdb-empty": "pass",
    "rdb-version-1": "unknown", "rdb-version-4": "unknown", "rdb-version-6": "pass",
    "rdb-version-7": "pass", "rdb-version-9": "pass", "rdb-version-11": "pass",
    "rdb-version-12": "pass",
    "aof": "unknown", "aof-plain-base": "unknown", "aof-rewritten": "pass",
    "neo4j.dump": "pass", "neo4j-gzip.dump": "pass", "neo4j-old.dump": "pass",
    "neo4j.backup": "pass", "neo4j-bundle.tar.gz": "pass", "neo4j-data.tar.gz": "pass",
    "velero.tar.gz": "pass", "velero": "pass",
    "files.tar": "unknown", "files.tar.gz": "pass", "files.tar.zst": "pass",
    "files.tar.xz": "pass", "files.tar.bz2": "pass", "files.ustar.gz": "pass",
    "files.pax.gz": "pass", "files.zip": "pass", "files.cpio.gz": "pass",
}

# Close to others: the test takes them as they are made, the report (detect_report.py) damages them, too.
ALIKE = {
    "custom-z1-clean", "custom-section-data", "custom-section-post", "custom-one-table",
    "custom-empty", "tar-empty", "sql-clean", "sql-columns", "sql-section-pre", "sql-empty",
    "sql-z6", "all-clean.sql", "roles.sql", "rdb-version-1", "rdb-version-6", "rdb-version-7",
    "rdb-version-11",
}

# Of what no checksum covers, these must fail all the same.
STRUCTURAL = {"empty", "one byte", "100 bytes", "cut in half", "cut at 90 %", "extra bytes",
              "wrong magic", "an HTML page", "a foreign file", "only zeros"}


def _garble(data, at):
    """16 bytes: single ones may be padding between WAL records, which nobody reads."""
    start = int(len(data) * at)
    return (data[:start] + bytes(b ^ 0x5a for b in data[start:start + 16]) + data[start + 16:])


WAL = {f"16 bytes changed at {p} %": (lambda d, p=p: _garble(d, p / 100))
       for p in range(1, 100, 7)}


def _regzip(data, change):
    return gzip.compress(change(gzip.decompress(data)), 6)


# A dump that was cut before it was compressed: gzip -t and psql say it is fine (FACTS 3.5).
CUT_FIRST = {
    "cut before compression": lambda d: _regzip(d, lambda t: t[:len(t) // 3]),
    "its last line cut before compression": lambda d: _regzip(d, lambda t: t[:-120]),
    "nothing compressed": lambda d: gzip.compress(b""),
    "text behind its end": lambda d: _regzip(d, lambda t: t + b"DROP TABLE users;\n"),
}


def _retar(data, change, mode=""):
    """Rewrites the members of a tar (or tar.gz): change(list of (TarInfo, bytes))."""
    packed = data[:2] == b"\x1f\x8b"
    if packed:
        data = gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [(m, tar.extractfile(m).read() if m.isreg() else b"") for m in tar]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in change(members):
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), 1) if packed else out.getvalue()


def _largest(members):
    return max((m for m in members if m[0].isreg()), key=lambda m: len(m[1]))


def _changed(members):
    big = _largest(members)
    return [(i, damage.flip(c, 0.5) if i is big[0] else c) for i, c in members]


def _without(members):
    big = _largest(members)
    return [m for m in members if m[0] is not big[0]]


def _with_extra(members):
    return members + [(tarfile.TarInfo("base/1/99999"), b"not mine")]


def _shortened(members):
    big = _largest(members)
    return [(i, c[:-1] if i is big[0] else c) for i, c in members]


RETARRED = {
    "a member changed": _changed, "a member missing": _without, "a member too many": _with_extra,
    "a member shorter": _shortened,
}


def _in(name, change):
    """Damages one file of a directory; `name` may be a function of the directory."""
    def apply(directory):
        path = name(directory) if callable(name) else name
        damage.rewrite(os.path.join(directory, path), change)
    return apply


def _remove(name):
    def apply(directory):
        path = os.path.join(directory, name(directory) if callable(name) else name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    return apply


def _add(name, data=b"not mine"):
    def apply(directory):
        damage.write(os.path.join(directory, name), data)
    return apply


def _big(suffix=""):
    return lambda directory: damage.largest(directory, suffix)


def _big_relation(directory):
    return os.path.join("base", damage.largest(os.path.join(directory, "base")))


def _segment(directory):
    return os.path.join("pg_wal", max(n for n in os.listdir(os.path.join(directory, "pg_wal"))
                                      if len(n) == 24))


def _first(prefix, suffix=""):
    return lambda directory: min(n for n in os.listdir(directory)
                                 if n.startswith(prefix) and n.endswith(suffix))


_DIRECTORY = {
    "a data file missing": (_remove(_big(".dat.gz")), "fail"),
    "a data file changed": (_in(_big(".dat.gz"), lambda d: damage.flip(d, 0.5)), "fail"),
    "a data file cut": (_in(_big(".dat.gz"), lambda d: d[:-5]), "fail"),
    "a data file empty": (_in(_big(".dat.gz"), lambda d: b""), "fail"),
    "a data file with more behind it": (_in(_big(".dat.gz"), lambda d: d + b"x"), "fail"),
    "a data file of HTML": (_in(_big(".dat.gz"), lambda d: damage.HTML), "fail"),
    "a large object missing": (_remove(_first("blob_")), "fail"),
    "a large object changed": (_in(_first("blob_"), lambda d: damage.flip(d, 0.7)), "fail"),
    "the list of large objects missing": (_remove("blobs.toc"), "fail"),
    "the list of large objects cut": (_in("blobs.toc", lambda d: d[:-3]), "fail"),
    "toc.dat missing": (_remove("toc.dat"), "fail"),
    "toc.dat cut": (_in("toc.dat", lambda d: d[:-1]), "fail"),
    "toc.dat in half": (_in("toc.dat", lambda d: d[:len(d) // 2]), "fail"),
    "toc.dat with more behind it": (_in("toc.dat", lambda d: d + b"x"), "fail"),
    "toc.dat of zeros": (_in("toc.dat", lambda d: bytes(len(d))), "fail"),
    "an unrelated file beside it": (_add("README"), "pass"),
}
_PLAIN = {
    "a relation missing": (_remove(_big_relation), "fail"),
    "a relation changed": (_in(_big_relation, lambda d: damage.flip(d, 0.5)), "fail"),
    "a relation shorter": (_in(_big_relation, lambda d: d[:-8192]), "fail"),
    "a relation longer": (_in(_big_relation, lambda d: d + bytes(8192)), "fail"),
    "an extra file": (_add("base/1/99999"), "fail"),
    "pg_control missing": (_remove("global/pg_control"), "fail"),
    "pg_control changed": (_in("global/pg_control", lambda d: damage.flip(d, 20)), "fail"),
    "backup_label missing": (_remove("backup_label"), "fail"),
    "the manifest changed": (_in("backup_manifest", lambda d: damage.flip(d, 0.4)), "fail"),
    "the manifest cut": (_in("backup_manifest", lambda d: d[:len(d) // 2]), "fail"),
    "the manifest's newline missing": (_in("backup_manifest", lambda d: d[:-1]), "fail"),
    "the manifest empty": (_in("backup_manifest", lambda d: b""), "fail"),
    "the manifest missing": (_remove("backup_manifest"), "unknown"),
    "the WAL missing": (_remove(_segment), NEVER_PASS),
    "the WAL changed": (_in(_segment, lambda d: damage.flip(d, 60)), "fail"),
    "the WAL cut": (_in(_segment, lambda d: d[:4096]), "fail"),
    "postgresql.auto.conf changed": (_in("postgresql.auto.conf", lambda d: d + b"# x\n"), "pass"),
    "standby.signal added": (_add("standby.signal", b""), "pass"),
}
def _of_another_cluster(data):
    text = re.sub(r'("System-Identifier": \d+)\d,', r"\g<1>0,", data.decode())
    changed = re.sub(r'("System-Identifier": \d+)\d,', r"\g<1>1,", data.decode())
    return samples_pg.sealed(changed if text.encode() == data else text).encode()


_TARS = {
    "base.tar missing": (_remove(_first("base.tar")), "fail"),
    "base.tar cut": (_in(_first("base.tar"), lambda d: d[:len(d) * 2 // 3]), "fail"),
    "base.tar without its end": (_in(_first("base.tar"), lambda d: d[:-1024]), "fail"),
    "base.tar changed": (_in(_first("base.tar"), lambda d: damage.flip(d, 0.5)), "fail"),
    "base.tar with more behind it": (_in(_first("base.tar"), lambda d: d + b"x" * 512), "fail"),
    "pg_wal.tar missing": (_remove(_first("pg_wal.tar")), "unknown"),
    "the manifest changed": (_in("backup_manifest", lambda d: damage.flip(d, 0.6)), "fail"),
    "the manifest missing": (_remove("backup_manifest"), "unknown"),
    "a checksum file beside it": (_add("base.tar.sha256x", b"none"), "pass"),
}
_AOF = {
    "the increment cut": (_in(_first("", ".incr.aof"), lambda d: d[:-3]), "fail"),
    "the increment cut in half": (_in(_first("", ".incr.aof"), lambda d: d[:len(d) // 2]), "fail"),
    "the increment missing": (_remove(_first("", ".incr.aof")), "fail"),
    "the increment with more behind it": (_in(_first("", ".incr.aof"), lambda d: d + b"x"), "fail"),
    "the increment's end of zeros": (_in(_first("", ".incr.aof"), lambda d: d[:-100] + bytes(100)),
                                     "fail"),
    "a length changed": (_in(_first("", ".incr.aof"), lambda d: d.replace(b"$3", b"$4", 1)), "fail"),
    "a value changed": (_in(_first("", ".incr.aof"), lambda d: d.replace(b"xxx", b"xyx", 1)),
                        "unknown"),
    "the manifest missing": (_remove(_first("", ".manifest")), "fail"),
    "the manifest cut": (_in(_first("", ".manifest"), lambda d: d[:-5]), "fail"),
    "the manifest empty": (_in(_first("", ".manifest"), lambda d: b""), "fail"),
    "the base missing": (_remove(_first("", ".base.rdb")), "fail"),
    "the base changed": (_in(_first("", ".base.rdb"), lambda d: damage.flip(d, 0.5)), "fail"),
}
_VELERO = {
    "the tarball missing": (_remove("nightly.tar.gz"), "fail"),
    "the tarball changed": (_in("nightly.tar.gz", lambda d: damage.flip(d, 0.5)), "fail"),
    "the tarball cut": (_in("nightly.tar.gz", lambda d: d[:-9]), "fail"),
    "the log changed": (_in("nightly-logs.gz", lambda d: damage.flip(d, 0.5)), "fail"),
    "the resource list cut": (_in("nightly-resource-list.json.gz", lambda d: d[:-4]), "fail"),
    "velero-backup.json missing": (_remove("velero-backup.json"), "fail"),
    "velero-backup.json cut": (_in("velero-backup.json", lambda d: d[:-1]), "fail"),
}

DIRECTORIES = {
    "directory": _DIRECTORY, "directory-parallel": _DIRECTORY,
    "base-plain-manifest2": {
        "a relation changed": _PLAIN["a relation changed"],
        "the manifest of another cluster": (_in("backup_manifest", _of_another_cluster), "fail")},
    "base-plain": _PLAIN, "base-plain-sha256": _PLAIN,
    "base-tar": {**_TARS, **{
        name: (_in("base.tar", lambda d, c=change: _retar(d, c)), "fail")
        for name, change in RETARRED.items()}},
    "base-tar-gz": {**{k: v for k, v in _TARS.items() if k != "base.tar without its end"}, **{
        name: (_in("base.tar.gz", lambda d, c=change: _retar(d, c)), "fail")
        for name, change in RETARRED.items()},
        # 16 bytes: of a compressed run of zeros, a single bit may mean the same as before
        "pg_wal.tar changed": (_in("pg_wal.tar.gz", lambda d: _garble(d, 0.2)), "fail"),
        "base.tar cut between members": (_in("base.tar.gz", lambda d: _regzip(
            d, lambda t: t[:_half_way(t)])), "fail")},
    "base-tar-zst": {"base.tar changed": _TARS["base.tar changed"],
                     "base.tar cut": _TARS["base.tar cut"]},
    "base-tar-lz4": {"base.tar changed": _TARS["base.tar changed"],
                     "base.tar cut": _TARS["base.tar cut"]},
    "base-tar-fetch": {"base.tar changed": _TARS["base.tar changed"]},
    "base-space-tar": {"a tablespace missing": (_remove(lambda d: min(
        n for n in os.listdir(d) if n[0].isdigit())), "fail")},
    "base-space-plain": {"a relation changed": _PLAIN["a relation changed"]},
    "wal-archive": {
        "a segment changed": (_in(_first("0"), lambda d: _garble(d, 0.1)), "fail"),
        "a segment cut": (_in(_first("0"), lambda d: d[:-8192]), "fail"),
        "a segment of zeros": (_in(_first("0"), lambda d: bytes(len(d))), "fail"),
        "a history file beside them": (_add("00000002.history", b"1\t0/3000000\tx\n"), "pass")},
    "aof": _AOF,
    "aof-rewritten": {"the base changed": _AOF["the base changed"],
                      "the base missing": _AOF["the base missing"]},
    "velero": _VELERO,
}


def _half_way(tar):
    """The offset of a member's header near the middle."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as t:
        return next(m.offset for m in t if m.offset > len(tar) // 2)


def _hostile(name, link=None, kind=tarfile.REGTYPE, more=()):
    def make():
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("good"), io.BytesIO(b""))
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link or ""
            tar.addfile(info)
            for other in more:
                tar.addfile(tarfile.TarInfo(other))
        return gzip.compress(out.getvalue())
    return make


# Whole files that must not pass (or must), made from nothing.
MADE = {
    "tar with an absolute name": (_hostile("/etc/passwd"), "fail"),
    "tar with ..": (_hostile("a/../../etc/passwd"), "fail"),
    "tar with a device": (_hostile("dev", kind=tarfile.CHRTYPE), "fail"),
    "tar with a pipe": (_hostile("fifo", kind=tarfile.FIFOTYPE), "fail"),
    "tar writing through a link": (_hostile("a", "/etc", tarfile.SYMTYPE, ["a/passwd"]), "fail"),
    "tar writing through a link that climbs": (
        _hostile("x/a", "../../etc", tarfile.SYMTYPE, ["x/a/passwd"]), "fail"),
    "tar with a hard link out": (_hostile("h", "../../etc/shadow", tarfile.LNKTYPE), "fail"),
    "tar with a link inside": (_hostile("x/a", "../good", tarfile.SYMTYPE), "pass"),
    "tar with nothing in it": (lambda: gzip.compress(bytes(10240)), "fail"),
    "neo4j dump that climbs out": (lambda: samples_other.neo4j_dump(
        samples_other.STORE + [("./../../etc/passwd", b"x")]), "fail"),
    "neo4j dump with other counts": (lambda: samples_other.neo4j_dump(count=7), "fail"),
    "neo4j dump without a store": (lambda: samples_other.neo4j_dump(
        [("./readme", b"hello")]), "fail"),
    "neo4j dump of a newer version": (lambda: samples_other.neo4j_dump(version=2), "unknown"),
    "velero without metadata/version": (
        lambda: samples_other.velero_tarball(drop="metadata/version"), "fail"),
    "velero with half a resource": (
        lambda: samples_other.velero_tarball(broken="pod-7"), "fail"),
    "sql that was never a dump": (lambda: b"SELECT 1;\n", "fail"),
    "a shell script": (lambda: b"#!/bin/sh\necho hello\n", "fail"),
    "an S3 error": (lambda: b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "fail"),
}


# Damages that harm nothing, by the format's own rules.
_FLIPS = [n for n in damage.COVERED if n.startswith("bit flipped")]
HARMLESS = {
    # the last bits of bzip2 are padding; zeros behind xz and behind a tar are, too
    ("sql.bz2", "a flip in the last byte"), ("files.tar.bz2", "a flip in the last byte"),
    ("sql.xz", "extra zeros"), ("files.tar.xz", "extra zeros"), ("base-stdout.tar", "extra zeros"),
    # a zip's directory carries no checksum
    ("files.zip", "a flip in the last byte"), *[("files.zip", n) for n in _FLIPS[-2:]],
    # what lies behind the end of the WAL that is needed; and the manifest, gone with the end
    *[("base-stdout.tar", n) for n in _FLIPS[-5:]], ("base-stdout.tar", "zeros at the end"),
}


# Hardly more than a table of contents, which carries no checksum in pg_dump's formats: nothing but a
# digest shows a letter that was changed there, and neither does any other tool. Known, and documented.
DEFINITIONS_ONLY = {"custom-no-blobs"}


def file_damages(sample):
    """name -> (change, expected) for a sample that is one file."""
    covered = GOOD[sample] == "pass"
    rows = {}
    if sample in DEFINITIONS_ONLY:
        return rows
    if sample in ("custom", "custom-sha256"):
        rows["a letter of a function's text changed"] = (
            lambda d: d.replace(b"SELECT 1 ", b"SELECT 2 ", 1),
            "fail" if sample == "custom-sha256" else "pass")  # see DEFINITIONS_ONLY
    for name, change in damage.ANY_FILE.items():
        if (sample, name) not in HARMLESS:
            rows[name] = (change, "fail" if covered or name in STRUCTURAL else NEVER_PASS)
    if not covered and "sql" in sample:
        rows["wrong magic"] = (rows["wrong magic"][0], NEVER_PASS)  # it is text like any other
    if sample.startswith("wal-"):
        rows.update({name: (change, "fail") for name, change in WAL.items()})
        if sample != "wal-gz":
            return rows
    for name, change in damage.COVERED.items():
        if (sample, name) not in HARMLESS:
            rows[name] = (change, "fail" if covered else NEVER_PASS)
    if sample in ("sql.gz", "all.sql.gz"):
        rows.update({name: (change, "fail") for name, change in CUT_FIRST.items()})
    return rows
