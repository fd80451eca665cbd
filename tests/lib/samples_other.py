"""samples_other: what no tool on this machine writes, after the format that its source gives:
Neo4j's dumps, Velero's tarballs and bucket; and archives of files by tar, zip and cpio."""
import io
import json
import os
import struct
import subprocess
import tarfile


def _tar(members, fmt=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if data is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _pipe(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def _write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


STORE = [("./", None), ("./neostore", os.urandom(8192)),
         ("./neostore.nodestore.db", bytes(range(256)) * 2000),
         ("./neostore.relationshipstore.db", b"relationship " * 9000),
         ("./neostore.transaction.db.0", os.urandom(100000)), ("./schema/", None),
         ("./schema/index/1", b"x" * 10)]


def neo4j_dump(members=None, count=None, version=1):
    members = STORE if members is None else members
    files = [m for m in members if m[1] is not None]
    header = b"zstd" + struct.pack(">iqq", version, len(files) if count is None else count,
                                   sum(len(m[1]) for m in files))
    return b"DZV1" + _pipe(["zstd", "-qc"], header + _tar(members))


def neo4j(out):
    dump = neo4j_dump()
    made = {
        "neo4j.dump": _write(os.path.join(out, "neo4j.dump"), dump),
        "neo4j-gzip.dump": _write(os.path.join(out, "neo4j-gzip.dump"),
                                  b"DGV1" + _pipe(["gzip", "-c"], _tar(STORE))),
        "neo4j-old.dump": _write(os.path.join(out, "neo4j-old.dump"), dump[4:]),
        "neo4j.backup": _write(os.path.join(out, "neo4j.backup"), b"BZV1" + b"\x01\x00\x05neo4j" +
                               os.urandom(40) + _pipe(["zstd", "-qc"], b"zstd" + _tar(STORE))),
        "neo4j-bundle.tar.gz": _write(
            os.path.join(out, "neo4j-bundle.tar.gz"),
            _pipe(["gzip", "-c"], _tar([("backup/", None), ("backup/neo4j.dump", dump),
                                        ("backup/system.dump", dump)]))),
        "neo4j-data.tar.gz": _write(
            os.path.join(out, "neo4j-data.tar.gz"),
            _pipe(["gzip", "-c"], _tar([("data/databases/neo4j/" + n[2:], d)
                                        for n, d in STORE if d is not None]))),
    }
    return made


def velero_tarball(drop=None, broken=None):
    def resource(name):
        text = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})
        return (text[:-3] if name == broken else text).encode()
    members = [("metadata/version", b"1.1.0\n")]
    for i in range(50):
        for place in ("", "v1-preferredversion/"):
            members.append((f"resources/pods/{place}namespaces/app/pod-{i}.json",
                            resource(f"pod-{i}")))
    members.append(("resources/namespaces/cluster/app.json", resource("app")))
    return _pipe(["gzip", "-c"], _tar([m for m in members if m[0] != drop], tarfile.GNU_FORMAT))


def velero(out):
    made = {"velero.tar.gz": _write(os.path.join(out, "velero.tar.gz"), velero_tarball())}
    made["velero"] = os.path.join(out, "velero")
    for name, data in (
            ("velero-backup.json", json.dumps({"kind": "Backup", "status": {"phase": "Completed"},
                                               "metadata": {"name": "nightly"}}).encode()),
            ("nightly.tar.gz", velero_tarball()),
            ("nightly-logs.gz", _pipe(["gzip", "-c"], b"time=\"2026\" level=info\n" * 100)),
            ("nightly-results.gz", _pipe(["gzip", "-c"], b'{"errors":{},"warnings":{}}')),
            ("nightly-resource-list.json.gz",
             _pipe(["gzip", "-c"], json.dumps({"v1/Pod": [f"app/pod-{i}" for i in range(50)]})
                   .encode())),
            ("nightly-volumesnapshots.json.gz", _pipe(["gzip", "-c"], b"[]"))):
        _write(os.path.join(made["velero"], name), data)
    return made


def archives(out):
    tree = os.path.join(out, "tree", "etc")
    for i in range(40):
        _write(os.path.join(tree, f"conf.d/{i}.conf"), f"setting {i}\n".encode() * (i * 7 + 1))
    _write(os.path.join(tree, "blob"), os.urandom(200000))
    os.symlink("/usr/share/zoneinfo/UTC", os.path.join(tree, "localtime"))
    os.symlink("conf.d/1.conf", os.path.join(tree, "inside"))
    os.link(os.path.join(tree, "blob"), os.path.join(tree, "hard"))
    where = os.path.join(out, "tree")
    made = {}
    for name, command in (
            ("files.tar", "tar -cf {} etc"), ("files.tar.gz", "tar -czf {} etc"),
            ("files.tar.zst", "tar -cf - etc | zstd -qc > {}"),
            ("files.tar.xz", "tar -cJf {} etc"), ("files.tar.bz2", "tar -cjf {} etc"),
            ("files.ustar.gz", "tar --format=ustar -czf {} etc"),
            ("files.pax.gz", "tar --format=pax -czf {} etc"),
            ("files.zip", "zip -qry {} etc"),
            ("files.cpio.gz", "find etc | cpio -o -H newc 2>/dev/null | gzip > {}")):
        made[name] = os.path.join(out, name)
        status = subprocess.run(command.format(made[name]), shell=True, cwd=where,
                                check=False).returncode
        if status != 0 or os.path.getsize(made[name]) < 1000:  # the tool is not installed
            if os.path.exists(made[name]):
                os.unlink(made[name])
            del made[name]
    return made
