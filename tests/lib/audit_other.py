"""audit_other: a verifier of audit logs that shares nothing with ours: docs/audit.md in Python, with
the signatures checked by openssl(1). A second opinion, and the proof that the document is enough.

    opinion = verify(["audit.log.000001", "audit.log"], "keys.pem")
    opinion.records, opinion.sealed, opinion.head, opinion.epoch; raises Wrong when it is not good
"""
import dataclasses
import hashlib
import json
import re
import subprocess
import tempfile


class Wrong(Exception):
    pass


@dataclasses.dataclass
class Opinion:
    records: int = 0
    sealed: int = 0
    epoch: int = 0
    head: str = "0" * 64
    file_id: str = ""


SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: Ed25519, then the 32 bytes


def signed(public, text, signature):
    with tempfile.TemporaryDirectory() as d:
        for name, data in (("k.der", SPKI + bytes.fromhex(public)), ("t", text.encode()),
                           ("s", bytes.fromhex(signature))):
            with open(f"{d}/{name}", "wb") as f:
                f.write(data)
        return subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", f"{d}/k.der",
             "-rawin", "-in", f"{d}/t", "-sigfile", f"{d}/s"],
            capture_output=True, check=False).returncode == 0


def raw_keys(pem_path):
    with open(pem_path, encoding="ascii") as f:
        blocks = re.findall(r"-----BEGIN PUBLIC KEY-----(.*?)-----END", f.read(), re.S)
    done = [subprocess.run(["openssl", "base64", "-d", "-A"], input="".join(b.split()).encode(),
                           capture_output=True, check=True).stdout for b in blocks]
    assert all(d.startswith(SPKI) for d in done)
    return [d[len(SPKI):].hex() for d in done]


def _seal(record, before, opinion, keys, public):
    d = record["data"]
    if (d["file_id"], d["seq"], d["hash"]) != (opinion.file_id, before[0], before[1]):
        raise Wrong(f"{record['seq']}: a seal for another place")
    place = f"{d['seq']}\n{d['hash']}\n"
    if record["event"] == "audit.sealed":
        if public is None or d["epoch"] != opinion.epoch:
            raise Wrong(f"{record['seq']}: sealed with a key that does not hold here")
        if not signed(public, f"lifeboat-seal-1\n{d['file_id']}\n{d['epoch']}\n{place}",
                      d["signature"]):
            raise Wrong(f"{record['seq']}: bad signature")
        opinion.sealed = d["seq"]
        return public
    new, body = d["public"], f"{d['file_id']}\n{d['epoch']}\n{d['public']}\n{place}"
    if not signed(new, f"lifeboat-key-1\n{body}", d["signature"]):
        raise Wrong(f"{record['seq']}: bad key")
    if public is None and new != keys[0]:
        raise Wrong(f"{record['seq']}: an unknown first key")
    if public is not None and new != public and not (
            d["epoch"] == opinion.epoch + 1
            and signed(public, f"lifeboat-endorse-1\n{body}", d["endorsement"])):
        raise Wrong(f"{record['seq']}: a key that was not endorsed")
    opinion.epoch, opinion.sealed = d["epoch"], d["seq"]
    return new


def verify(paths, pem_path):
    opinion, public, keys = Opinion(), None, raw_keys(pem_path)
    for part, path in enumerate(paths, 1):
        with open(path, "rb") as f:
            data = f.read()
        if not data.endswith(b"\n"):
            raise Wrong(f"{path}: torn")
        for number, line in enumerate(data.splitlines()):
            record = json.loads(line)
            tail = b',"hash":"%s"}' % record["hash"].encode()
            if not line.endswith(tail) or hashlib.sha256(
                    line[:-len(tail)]).hexdigest() != record["hash"]:
                raise Wrong(f"{path}:{number + 1}: not what was written")
            if record["prev"] != opinion.head or record["seq"] != opinion.records + 1:
                raise Wrong(f"{path}:{number + 1}: does not follow")
            if number == 0:
                d = record["data"]
                event = "chain.opened" if part == 1 else "chain.continued"
                if record["event"] != event or d.get("part", 1) != part or d["format"] != 1 or (
                        part > 1 and d["file_id"] != opinion.file_id):
                    raise Wrong(f"{path}: does not begin a part")
                opinion.file_id = d["file_id"]
            elif record["event"] in ("audit.key", "audit.sealed"):
                public = _seal(record, (opinion.records, opinion.head), opinion, keys, public)
            opinion.records, opinion.head = record["seq"], record["hash"]
    return opinion
