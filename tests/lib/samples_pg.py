"""samples_pg: PostgreSQL backups of every kind, made by the real tools.

    made = make(server, directory)      # {"custom": path, "base-tar-gz": path, ...}
"""
import glob
import hashlib
import os
import shutil
import subprocess
import tarfile

FILL = """
CREATE TABLE users AS SELECT g AS id, md5(g::text) AS name, repeat('x', g % 50) AS pad
  FROM generate_series(1, 20000) g;
ALTER TABLE users ADD PRIMARY KEY (id);
CREATE TABLE empty (a int, b text);
CREATE TABLE "odd name (ä)" ("größe" int);
INSERT INTO "odd name (ä)" SELECT generate_series(1, 100);
COMMENT ON TABLE users IS 'Benutzer, größtenteils';
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW v AS SELECT * FROM users;
SELECT lo_from_bytea(0, decode(repeat('deadbeef', 10000), 'hex'));
SELECT lo_from_bytea(0, 'hello'), lo_create(0);
CREATE SCHEMA "s.p a-c'e";
CREATE TABLE "s.p a-c'e"."line
break" (t text, "co""l" bytea);
INSERT INTO "s.p a-c'e"."line
break" VALUES (E'-- PostgreSQL database dump complete\n\\.\n', '\\x00ff'), (E'\t\\N', NULL),
  ('PGDMP', ''), (E'COPY x FROM stdin;\r\n\\connect x', NULL);
CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO parted SELECT g, '2020-02-01' FROM generate_series(1, 50) g;
CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM users;
CREATE SEQUENCE seq;
"""


def _shell(server, command):
    """In bash without pipefail, as the runbooks do it."""
    return server.run("bash", "-c", command, check=False)


def _sidecar(path, kind):
    with open(path, "rb") as f:
        digest = hashlib.new(kind, f.read()).hexdigest()
    with open(f"{path}.{kind}", "w", encoding="ascii") as f:
        f.write(f"{digest}  {os.path.basename(path)}\n")


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'


def dumps(server, out, database="shop"):
    made = {}

    def dump(name, *args, program="pg_dump"):
        made[name] = os.path.join(out, name)
        server.run(program, *args, "-f", made[name], *(() if program == "pg_dumpall" else
                                                       ("-d", database)))

    dump("custom", "-Fc")
    dump("custom-z9", "-Fc", "-Z9")
    dump("custom-z0", "-Fc", "-Z0")
    dump("custom-z0-sha256", "-Fc", "-Z0")
    dump("custom-data-only", "-Fc", "-a")
    dump("custom-schema-only", "-Fc", "-s")
    dump("directory", "-Fd")
    dump("directory-z0", "-Fd", "-Z0")
    dump("directory-parallel", "-Fd", "-j2")
    dump("tar", "-Ft")
    dump("sql")
    dump("sql-inserts", "--inserts", "-t", "empty")
    dump("all.sql", program="pg_dumpall")
    dump("globals.sql", "-g", program="pg_dumpall")
    dump("custom-z1-clean", "-Fc", "-Z1", "-C", "-c", "--if-exists")
    dump("custom-section-data", "-Fc", "--section=data")
    dump("custom-section-post", "-Fc", "--section=post-data")
    dump("custom-no-blobs", "-Fc", "--no-blobs", "-O", "-x", "--exclude-table-data=users")
    dump("custom-one-table", "-Fc", "-t", "users", "-E", "LATIN1")
    dump("directory-section-data", "-Fd", "--section=data")
    dump("directory-z9-table", "-Fd", "-Z9", "-t", "parted*", "--load-via-partition-root")
    dump("sql-clean", "-C", "-c", "--if-exists", "--quote-all-identifiers")
    dump("sql-columns", "--column-inserts", "--rows-per-insert=100", "--disable-dollar-quoting")
    dump("sql-section-pre", "--section=pre-data")
    dump("sql-z6", "-Z6")
    dump("all-clean.sql", "--clean", "--if-exists", program="pg_dumpall")
    dump("roles.sql", "-r", program="pg_dumpall")
    made["custom-pipe"] = os.path.join(out, "custom-pipe")
    _shell(server, f"pg_dump -Fc -d {database} | cat > {made['custom-pipe']}")
    for kind in ("sha256", "sha512", "md5"):
        name = f"custom-{kind}"
        made[name] = shutil.copy(made["custom"], os.path.join(out, name))
        _sidecar(made[name], kind)
    _sidecar(made["custom-z0-sha256"], "sha256")
    for name, command in (("gz", "gzip -c"), ("zst", "zstd -qc"), ("lz4", "lz4 -qc"),
                          ("bz2", "bzip2 -c"), ("xz", "xz -c"),
                          ("zst-unchecked", "zstd -qc --no-check"),
                          ("lz4-unchecked", "lz4 -qc --no-frame-crc")):
        made[f"sql.{name}"] = os.path.join(out, f"sql.{name}")
        _shell(server, f"{command} {made['sql']} > {made[f'sql.{name}']}")
    odd = 'Odd "data" base ä'
    server.sql(f"CREATE DATABASE {_quoted(odd)}")
    for name, args in (("custom-empty", ["-Fc"]), ("directory-empty", ["-Fd"]),
                       ("sql-empty", ["-C"]), ("tar-empty", ["-Ft"])):
        made[name] = os.path.join(out, name)
        server.run("pg_dump", *args, "-d", odd, "-f", made[name])
    server.sql(f"DROP DATABASE {_quoted(odd)}")
    made["all.sql.gz"] = os.path.join(out, "all.sql.gz")
    _shell(server, f"gzip -c {made['all.sql']} > {made['all.sql.gz']}")
    made["tar.gz"] = os.path.join(out, "tar.gz")
    _shell(server, f"gzip -c {made['tar']} > {made['tar.gz']}")
    made["sql.gz-twice"] = os.path.join(out, "sql.gz-twice")  # two members, as pigz and cat make
    _shell(server, f"(head -c 100000 {made['sql']} | gzip; tail -c +100001 {made['sql']} | gzip)"
                   f" > {made['sql.gz-twice']}")
    return made


def base_backups(server, out):
    made = {}

    def backup(name, *args):
        made[name] = os.path.join(out, name)
        server.run("pg_basebackup", "--no-sync", "-c", "fast", "-D", made[name], *args)

    backup("base-plain")
    backup("base-plain-sha256", "--manifest-checksums=SHA256")
    backup("base-tar", "-Ft")
    backup("base-tar-gz", "-Ft", "-z")
    backup("base-tar-sha512", "-Ft", "-Z1", "--manifest-checksums=SHA512")
    backup("base-tar-sha224", "-Ft", "--manifest-checksums=SHA224")
    backup("base-tar-zst", "-Ft", "--compress=server-zstd")
    backup("base-tar-lz4", "-Ft", "--compress=server-lz4")
    backup("base-tar-fetch", "-Ft", "-z", "-X", "fetch")
    backup("base-tar-no-wal", "-Ft", "-z", "-X", "none")
    backup("base-tar-no-manifest", "-Ft", "-z", "--no-manifest")
    backup("base-tar-no-sums", "-Ft", "--manifest-checksums=NONE")
    backup("base-tar-no-sums-gz", "-Ft", "-z", "--manifest-checksums=NONE")
    backup("base-plain-fetch", "-X", "fetch", "-l", 'odd "label" ä')
    made["base-plain-manifest2"] = newer_manifest(made["base-plain-sha256"],
                                                  os.path.join(out, "base-plain-manifest2"))
    made["base-plain-incremental"] = newer_manifest(
        made["base-plain-sha256"], os.path.join(out, "base-plain-incremental"), incremental=True)
    made["base-stdout.tar"] = os.path.join(out, "base-stdout.tar")
    _shell(server, f"pg_basebackup --no-sync -c fast -D - -Ft -X fetch > {made['base-stdout.tar']}")
    return made


def newer_manifest(backup, to, incremental=False):
    """The same backup with a manifest as PostgreSQL 17 writes it."""
    shutil.copytree(backup, to, symlinks=True)
    with open(os.path.join(to, "global/pg_control"), "rb") as f:
        identifier = int.from_bytes(f.read(8), "little")
    path = os.path.join(to, "backup_manifest")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if incremental:
        os.rename(os.path.join(to, "base/1/1255"), os.path.join(to, "base/1/INCREMENTAL.1255"))
        text = text.replace('"base/1/1255"', '"base/1/INCREMENTAL.1255"')
    lines = text.split("\n")
    lines[0] = '{ "PostgreSQL-Backup-Manifest-Version": 2,'
    lines.insert(1, f'"System-Identifier": {identifier},')
    with open(path, "w", encoding="utf-8") as f:
        f.write(sealed("\n".join(lines)))
    return to


def sealed(text):
    """A manifest with its own checksum made right."""
    body = "\n".join(text.split("\n")[:-2]) + "\n"
    return body + f'"Manifest-Checksum": "{hashlib.sha256(body.encode()).hexdigest()}"}}\n'


def with_tablespace(server, out):
    """A backup of a cluster that has one, plain and tar."""
    space = server.subdirectory("space")
    mapped = server.subdirectory("space-copy")
    server.sql(f"CREATE TABLESPACE fast LOCATION '{space}'")
    server.sql("CREATE TABLE in_space TABLESPACE fast AS SELECT generate_series(1, 5000)",
               database="shop")
    made = {"base-space-tar": os.path.join(out, "base-space-tar"),
            "base-space-plain": os.path.join(out, "base-space-plain")}
    server.run("pg_basebackup", "--no-sync", "-c", "fast", "-Ft", "-z", "-D", made["base-space-tar"])
    server.run("pg_basebackup", "--no-sync", "-c", "fast", "-D", made["base-space-plain"],
               "-T", f"{space}={mapped}")
    server.sql("DROP TABLE in_space", database="shop")
    server.sql("DROP TABLESPACE fast")
    return made


def wal(server, archive, out):
    """Segments as they were archived: full ones, and one that a switch ended."""
    server.sql("SELECT pg_switch_wal()")
    server.sql("CREATE TABLE filler AS SELECT g, md5(g::text) FROM generate_series(1, 150000) g",
               database="shop")
    server.sql("CHECKPOINT")
    server.sql("DELETE FROM filler WHERE g % 3 = 0; SELECT pg_switch_wal()", database="shop")
    server.sql("SELECT pg_switch_wal()")
    names = sorted(n for n in os.listdir(archive) if len(n) == 24)
    made = {"wal-archive": os.path.join(out, "wal-archive")}
    shutil.copytree(archive, made["wal-archive"])
    full = next(n for n in names[2:] if not _switched(os.path.join(archive, n)))
    last = next(n for n in reversed(names) if _switched(os.path.join(archive, n)))
    for name, segment in (("wal-full", full), ("wal-switched", last)):
        directory = os.path.join(out, name)
        os.mkdir(directory)
        made[name] = shutil.copy(os.path.join(archive, segment), directory)
    directory = os.path.join(out, "wal-gz")
    os.mkdir(directory)
    made["wal-gz"] = os.path.join(directory, full + ".gz")
    subprocess.run(f"gzip -c {made['wal-full']} > {made['wal-gz']}", shell=True, check=True)
    return made


def _switched(path):
    with open(path, "rb") as f:
        f.seek(-8192, os.SEEK_END)
        return not any(f.read())


def extract(tar_backup, to):
    """A tar backup as a directory, for pg_verifybackup of 17 and before, which reads no tars."""
    os.makedirs(to, exist_ok=True)
    for path in glob.glob(os.path.join(tar_backup, "base.tar*")):
        if not path.endswith(("tar", "gz")):
            continue
        with tarfile.open(path) as tar:
            tar.extractall(to)
    shutil.copy(os.path.join(tar_backup, "backup_manifest"), to)
    for path in glob.glob(os.path.join(tar_backup, "pg_wal.tar*")):
        with tarfile.open(path) as tar:
            tar.extractall(os.path.join(to, "pg_wal"))
    return to
