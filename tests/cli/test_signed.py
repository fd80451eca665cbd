"""F54, F55: what may run: who may write it, and who answers for it. Real SSH keys."""
import json
import os
import shutil
import subprocess


import pytest

import runs


def keygen(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    with open(path + ".pub", encoding="ascii") as f:
        return f.read().strip()


@pytest.fixture
def signing(boat):
    """A site that runs only what lead signs; a runbook of his, signed."""
    boat.key, boat.other = os.path.join(boat.dir, "lead"), os.path.join(boat.dir, "other")
    signers = boat.write("signers", f'lead namespaces="lifeboat-runbook" {keygen(boat.key)}\n')
    keygen(boat.other)
    os.chmod(signers, 0o644)
    whole = json.load(open(runs.site(boat), encoding="utf-8"))
    whole["runbooks"] = {"signed_by": signers}
    boat.write("site.yaml", json.dumps(whole))
    boat.signers, boat.ran = signers, os.path.join(boat.dir, "ran")
    boat.book = book(boat, 2)
    sign(boat, boat.book)
    return boat


def book(boat, version, name="book", word="x"):
    return runs.book(boat, [runs.script("a", f"echo {word} >> {boat.ran}")], name=name,
                     version=version)


def sign(boat, path, key=None):
    boat.run("sign", path, "--key", key or boat.key, status=0)


def go(boat, path=None):
    return boat.run("run", path or boat.book, "--unattended", timeout=120)


def runs_it(boat, path=None):
    before = os.path.getsize(boat.ran) if os.path.exists(boat.ran) else 0
    done = go(boat, path)
    assert done.status == 0 and os.path.getsize(boat.ran) > before, done


def refuses(boat, word, path=None):
    before = os.path.getsize(boat.ran) if os.path.exists(boat.ran) else 0
    done = go(boat, path)
    assert done.status == 3 and word in done.err, done
    assert (os.path.getsize(boat.ran) if os.path.exists(boat.ran) else 0) == before
    assert boat.run("plan", path or boat.book).status == 3


def test_f55_signed(signing):
    runs_it(signing)
    # By hand it is the same.
    text = signing.run("sign", signing.book, status=0).out
    done = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", signing.key, "-n", "lifeboat-runbook"],
                          input=text, text=True, capture_output=True, check=True)
    signing.write("book.yaml.sig", done.stdout)
    runs_it(signing)


def test_f55_missing_and_bad(signing):
    os.rename(signing.book + ".sig", signing.book + ".kept")
    refuses(signing, "is not signed")
    for text in ("", "rubbish", open(signing.book + ".kept", encoding="ascii").read()[:200]):
        signing.write("book.yaml.sig", text)
        refuses(signing, "signed by nobody")
    os.rename(signing.book + ".kept", signing.book + ".sig")
    runs_it(signing)
    with open(signing.book, "a", encoding="utf-8") as f:
        f.write("\n")
    refuses(signing, "not what was signed")


def test_f55_not_by_him(signing):
    sign(signing, signing.book, signing.other)
    refuses(signing, "signed by nobody")
    # His signature, made for something else.
    text = signing.run("sign", signing.book, status=0).out
    done = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", signing.key, "-n", "file"],
                          input=text, text=True, capture_output=True, check=True)
    signing.write("book.yaml.sig", done.stdout)
    assert go(signing).status == 3


def test_f55_of_another_file(signing):
    """Neither its signature beside ours, nor all of it under our name."""
    other = book(signing, 2, name="other", word="destroyed")
    sign(signing, other)
    shutil.copy(other + ".sig", signing.book + ".sig")
    refuses(signing, "not what was signed")
    shutil.copy(other, signing.book)
    refuses(signing, 'has the id "other"')


def test_f55_older_version(signing):
    old = {name: open(signing.book + name, encoding="utf-8").read() for name in ("", ".sig")}
    runs_it(signing)
    book(signing, 3)
    sign(signing, signing.book)
    runs_it(signing)
    for name, text in old.items():
        signing.write("book.yaml" + name, text)
    refuses(signing, "version 3 has been here")
    # The same version with another content: whoever signed it forgot to raise it.
    book(signing, 3, word="y")
    sign(signing, signing.book)
    refuses(signing, "was something else")
    book(signing, 4, word="y")
    sign(signing, signing.book)
    runs_it(signing)


def test_f55_runbook_in_a_runbook(signing):
    inner = book(signing, 1, name="inner")
    outer = runs.book(signing, [{"id": "in", "kind": "runbook", "runbook": "./inner.yaml",
                                 "effect": "write"}], name="outer")
    sign(signing, outer)
    refuses(signing, "is not signed", outer)
    sign(signing, inner)
    runs_it(signing, outer)


def test_f54_signers_that_others_may_write(signing):
    os.chmod(signing.signers, 0o666)
    refuses(signing, "can be written by others")
    os.chmod(signing.signers, 0o644)
    runs_it(signing)


def test_f54_runbook_that_others_may_write(boat):
    book_ = runs.book(boat, [runs.script("a", f"touch {boat.dir}/ran")], name="deep/er/book")
    places = [book_, os.path.dirname(book_), os.path.dirname(os.path.dirname(book_))]
    for place in places:
        mode = os.stat(place).st_mode & 0o777
        for bit in (0o002, 0o020):
            os.chmod(place, mode | bit)
            done = boat.run("run", book_, "--unattended", status=3)
            assert place in done.err and "can be written by others" in done.err
        os.chmod(place, mode)
    link = os.path.join(boat.dir, "link.yaml")
    os.symlink(book_, link)
    os.chmod(places[2], 0o777)
    boat.run("run", link, "--unattended", status=3)
    os.chmod(places[2], 0o755)
    if os.geteuid() == 0:
        for place in places:
            os.chown(place, 65534, -1)
            done = boat.run("run", book_, "--unattended", status=3)
            assert place in done.err and "belongs to user id 65534" in done.err
            os.chown(place, 0, -1)
    assert not os.path.exists(f"{boat.dir}/ran")
    boat.run("run", book_, "--unattended", status=0)


def test_f54_no_regular_file(boat):
    path = os.path.join(boat.dir, "fifo.yaml")
    os.mkfifo(path)
    done = boat.run("run", path, "--unattended", status=3)
    assert "not a regular file" in done.err
