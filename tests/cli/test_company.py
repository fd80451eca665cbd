"""A run with company: several real OS users at one run. Approvals by another user and by SSH
signature, the wheel, notes, a facilitator, undo; the group that shares runs (F51, F52)."""
import contextlib
import grp
import hashlib
import json
import os
import pwd
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import people
import runs
import scratch
from dialogue import Dialogue

WHY_NOT = people.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")


@pytest.fixture(scope="module")
def crew():
    it = people.Crew("ops")
    for name in ("alice", "bob", "carol"):
        it.user(name)
    it.user("eve", member=False)
    yield it
    it.remove()


class Scene:
    """Alice's state directory, which the group shares, and everybody's programs."""

    def __init__(self, crew):
        self.crew, self.dir = crew, people.place()
        self.alice, self.bob, self.carol, self.eve = (crew.boat(u, self.dir) for u in crew.users)
        self.give(self.alice, "state")
        self.site()

    def give(self, who, name):
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        os.chown(path, who.entry.pw_uid, who.entry.pw_gid)
        return path

    def site(self, **operators):
        self.alice.write("site.yaml", json.dumps({
            "site": "test", "locations": {"here": {"directory": self.dir}},
            "targets": {"shared": {"directory": self.give(self.alice, "target"),
                                   "environment": "staging"}},
            "assets": {"db": {"sets": {"dump": {"type": "pg_dump", "location": "here",
                                                "path": "dumps/", "rpo": "24h"}}}},
            "operators": {"group": self.crew.group, **operators}}))

    def run(self, steps, *args, who=None, **fields):
        book = runs.book(self.alice, steps, **fields)
        return Dialogue(who or self.alice, "run", book, "--plain", *args)

    def only(self):
        return runs.only(self.alice)

    def end_runs(self):
        """Nobody can be removed of whom something still runs."""
        for run in runs.all_runs(self.alice):
            pid = run.runner()
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                run.wait_finished()


@pytest.fixture
def scene(crew):
    it = Scene(crew)
    yield it
    it.end_runs()
    for who in (it.alice, it.bob, it.carol, it.eve):
        assert who.findings() == ""


def gated(count=1, **approve):
    return runs.command("a", "echo", "consented", effect="write", irreversible="It goes.",
                        confirm=True, approve={"count": count, **approve})


def waiting(d):
    """Grants the first step, then waits for others."""
    d.expect("answers: confirm")
    d.answer("confirm")
    d.expect("needs the consent of")
    d.expect("\n> ")


def request(boat):
    return boat.run("approve", "last", "--show", "--format", "json", status=0).json()


def test_approval_by_another_user(scene):
    alice, bob = scene.alice, scene.bob
    with scene.run([gated()], why="The disk is gone.") as d:
        waiting(d)
        assert "lifeboat approve" in d.text and "anybody but the operator" in d.text
        shown = request(bob)
        exact = bob.run("approve", "last", "--show", status=0).out
        assert exact == shown["request"]
        assert hashlib.sha256(exact.encode()).hexdigest() == shown["digest"]
        for part in ("step: a: Step a\n", "why: The disk is gone.\n", "runs:\necho consented\n",
                     f"operator: {alice.login}@", "irreversible:\nIt goes.\n", "expires: "):
            assert part in exact, part
        # F52: the operator never, and nobody who has not seen the request.
        done = alice.run("approve", "last", "--digest", shown["digest"], status=3)
        assert "The operator can't approve his own step." in done.err
        done = bob.run("approve", "last", "--digest", "0" * 64, status=3)
        assert "not the request that stands now" in done.err
        assert "--digest" in bob.run("approve", "last", status=2).err
        assert scene.only().output("a") == b""
        bob.run("approve", "last", "--digest", shown["digest"], "--reason", "seen it", status=0)
        assert d.end() == 0
    run = scene.only()
    given = run.last("approval.given", "a")
    assert given["actor"].split("@")[0] == bob.login
    assert given["data"]["reason"] == "seen it"
    assert run.output("a") == b"consented\n"
    assert bob.run("approve", "last", "--show", status=2).err
    # Everybody of the group reads the run and its audit log; nobody else.
    bob.run("audit", "verify", status=0)
    assert "approved: seen it" in bob.run("report", "last", status=0).out
    assert scene.eve.run("report", "last", status=2).err


def test_approver_at_a_terminal(scene):
    with scene.run([gated()]) as d:
        waiting(d)
        with Dialogue(scene.bob, "approve") as b:
            b.expect("echo consented")
            b.expect("To approve this, type approve")
            b.answer("")
            assert b.end() == 3
        with Dialogue(scene.bob, "attach", "--plain") as b:
            b.expect("answers: approve deny")
            b.answer("approve fine with me")
            assert b.end() == 0
        assert d.end() == 0
    assert scene.only().last("approval.given")["data"]["reason"] == "fine with me"


def test_denied(scene):
    with scene.run([gated()]) as d:
        waiting(d)
        digest = request(scene.bob)["digest"]
        scene.bob.run("approve", "--deny", "--digest", digest, "--reason", "not today", status=0)
        d.expect("denied the approval: not today")
        d.answer("stop")
        assert d.end() == 4
    assert scene.only().output("a") == b""


def test_two_approvals(scene):
    scene.site(approvers=[scene.bob.login, scene.carol.login])
    with scene.run([gated(2)]) as d:
        waiting(d)
        digest = request(scene.bob)["digest"]
        # Who is not of the group can't even look.
        assert "Cannot read the runs" in scene.eve.run("approve", "--digest", digest, status=2).err
        scene.bob.run("approve", "--digest", digest, status=0)
        done = scene.bob.run("approve", "--digest", digest, status=3)
        assert "has approved this already" in done.err
        waits = scene.carol.run("runs", "--format", "json", status=0).json()[0]["waits_for"]
        assert (waits["kind"], waits["step"], waits["given"], waits["needed"]) == ("approve", "a", 1, 2)
        assert waits["from"] == [scene.bob.login, scene.carol.login]
        assert f"waits at a for consent (1 of 2, from {scene.bob.login}, " in scene.carol.run(
            "runs", status=0).out
        shown = request(scene.carol)
        assert [g["by"].split("@")[0] for g in shown["given"]] == [scene.bob.login]
        assert shown["from"] == [scene.bob.login, scene.carol.login]
        scene.carol.run("approve", "--digest", digest, status=0)
        assert d.end() == 0


def test_expires_and_asks_again(scene):
    with scene.run([gated(within="2s")]) as d:
        waiting(d)
        old = request(scene.bob)["digest"]
        run = scene.only()
        run.wait_event("ask.closed", "a")
        run.wait_event("ask.opened", "a", count=3)
        done = scene.bob.run("approve", "--digest", old, status=3)
        assert "not the request that stands now" in done.err or "under that number" in done.err
        d.answer("stop")
        assert d.end() == 4


# Those who must stay.

def stays(scene, on_leave, more=()):
    """Alice's run of a step that bob consents to and carol watches; his dialogue is the second."""
    gate = os.path.join(scene.give(scene.alice, "work"), "gate")
    step = {**gated(on_leave=on_leave), "run": [
        "sh", "-c", f"echo begun; while [ ! -e {gate} ]; do sleep 0.05; done"]}
    return gate, scene.run([step, *more])


@pytest.mark.parametrize("how", ["killed", "leaves"])
def test_f52_an_approver_who_leaves_stops_the_step(scene, how):
    gate, driver = stays(scene, "stop")
    with driver as d:
        waiting(d)
        assert "who consents stays: the step is stopped when one of them leaves" in d.text
        done = scene.bob.run("approve", "--digest", request(scene.bob)["digest"], status=3)
        assert "stays at the run" in done.err
        with Dialogue(scene.bob, "attach", "--plain") as b, \
                Dialogue(scene.bob, "attach", "--plain") as again:
            again.expect("answers: approve deny")
            b.answer("approve")
            d.expect("> begun")
            # At two terminals: one of them may go.
            again.send(b"\x03")
            assert again.end() == 2
            run = scene.only()
            run.wait_event("client.detached")
            assert run.find("approval.withdrawn") == [] and run.find("step.result") == []
            if how == "killed":
                os.kill(b.pid, signal.SIGKILL)
            else:
                b.send(b"\x03")
            b.end()
        run.wait_event("step.result", "a")
        assert run.result("a")["code"] == "stopped"
        assert run.last("approval.withdrawn", "a")["actor"].split("@")[0] == scene.bob.login
        # Nobody has consented to another try.
        d.answer("retry")
        waiting(d)
        d.say("stop")
        assert d.end() == 4
    assert len(run.find("step.intent", "a")) == 1


def test_f52_an_approver_who_leaves_pauses_the_run(scene):
    gate, driver = stays(scene, "pause", [runs.command("b", "true")])
    with driver as d:
        waiting(d)
        with Dialogue(scene.bob, "attach", "--plain") as b:
            b.answer("approve")
            d.expect("> begun")
            b.hang_up()
        run = scene.only()
        run.wait_event("run.paused")
        open(gate, "w", encoding="ascii").close()
        run.wait_event("step.result", "a")
        assert run.result("a")["outcome"] == "ok" and run.find("step.intent", "b") == []
        assert scene.alice.run("runs", status=0).out.split()[1] == "paused"
        scene.alice.run("stop", "last", status=0)
        assert d.end() == 4
    assert run.find("step.intent", "b") == []


def test_f52_an_approver_who_leaves_before_it_begins(scene):
    """One of two: his word goes with him."""
    with scene.run([gated(2, on_leave="stop")]) as d:
        waiting(d)
        run = scene.only()
        with Dialogue(scene.carol, "attach", "--plain") as c:
            with Dialogue(scene.bob, "attach", "--plain") as b:
                b.answer("approve")
                run.wait_event("approval.given")
                b.hang_up()
            run.wait_event("approval.withdrawn")
            c.answer("approve")
            run.wait_event("approval.given", count=2)
            assert [g["by"].split("@")[0] for g in request(scene.alice)["given"]] == \
                [scene.carol.login]
            assert run.find("step.intent") == []
            with Dialogue(scene.bob, "attach", "--plain") as b:
                b.answer("approve")
                assert b.end() == 0
                assert d.end() == 0
    assert run.output("a") == b"consented\n"


def test_f46_the_drivers_terminal_is_killed(scene):
    """The run goes on, who watches sees it, and the wheel can be handed over from another one."""
    gate = os.path.join(scene.give(scene.alice, "work"), "gate")
    steps = [runs.script("a", f"echo begun; while [ ! -e {gate} ]; do sleep 0.05; done"),
             runs.command("b", "true", effect="write")]
    with scene.run(steps) as d:
        d.expect("> begun")
        with Dialogue(scene.bob, "attach", "--plain") as b:
            b.expect("> begun")
            os.kill(d.pid, signal.SIGKILL)
            assert d.end() == -signal.SIGKILL
            run = scene.only()
            run.wait_event("client.detached")
            open(gate, "w", encoding="ascii").close()
            b.expect("1/2 a: ok")
            b.answer("go")
            b.expect("! You watch this run; ")
            scene.alice.run("handover", "--to", scene.bob.login, status=0)
            b.say("take")
            b.expect(f"wheel: {scene.bob.login}@")
            b.say("go")
            assert b.end() == 0
    assert run.wait_finished()["outcome"] == "done"
    assert run.find("step.interrupted") == [] and len(run.find("step.intent", "a")) == 1


def test_unattended_fails_closed(scene):
    book = runs.book(scene.alice, [gated()])
    done = scene.alice.run("run", book, "--unattended", "--confirm", "a=yes", status=3)
    assert "needs an approval, and nobody is there" in done.err
    assert runs.all_runs(scene.alice) == []


# Signatures.

def key(scene, who, name):
    path = os.path.join(scene.give(who, f"keys-{who.login}"), name)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path],
                   check=True)
    return path


def public(path):
    with open(path + ".pub", encoding="utf-8") as f:
        return f.read().strip()


def sign(path, text, namespace="lifeboat-approval"):
    request_file = path + ".request"
    with open(request_file, "w", encoding="utf-8") as f:
        f.write(text)
    if os.path.exists(request_file + ".sig"):
        os.unlink(request_file + ".sig")
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", path, request_file],
                   check=True, capture_output=True)
    os.chmod(request_file + ".sig", 0o644)
    return request_file + ".sig"


def test_approval_by_signature(scene):
    dba, other = key(scene, scene.alice, "dba"), key(scene, scene.alice, "other")
    signers = scene.alice.write("allowed_signers",
                                f'dba@example.org namespaces="lifeboat-approval" {public(dba)}\n'
                                f"{scene.alice.login}@example.org {public(other)}\n")
    scene.site(allowed_signers=signers, approvers=["dba"])
    with scene.run([gated()]) as d:
        waiting(d)
        run = scene.only()
        text = request(scene.alice)["request"]

        def refused(signature, identity):
            return scene.alice.run("approve", "last", "--signature", signature, "--as", identity,
                                   status=3).err
        # Another key, another text, another purpose; an identity that may not; the operator's own.
        assert "is not good" in refused(sign(other, text), "dba@example.org")
        assert "is not good" in refused(sign(dba, text + " "), "dba@example.org")
        assert "is not good" in refused(sign(dba, text, "file"), "dba@example.org")
        assert "not among those" in refused(sign(dba, text), "eve@example.org")
        assert "can't approve his own" in refused(sign(other, text),
                                                  f"{scene.alice.login}@example.org")
        assert run.output("a") == b"" and len(run.find("approval.refused")) == 3
        # Whoever carries it to the host: the key is what counts.
        done = scene.alice.run("approve", "last", "--signature", sign(dba, text), "--as",
                               "dba@example.org", "--reason", "by mail", status=0)
        assert done.out == "approved\n"
        assert d.end() == 0
    data = run.last("approval.given")["data"]
    assert data["identity"] == "dba@example.org" and data["reason"] == "by mail"
    assert "BEGIN SSH SIGNATURE" in data["signature"]
    assert run.output("a") == b"consented\n"


def test_allowed_signers_of_anybody(scene):
    """Who may write that file decides what runs."""
    dba = key(scene, scene.alice, "dba")
    signers = scene.alice.write("allowed_signers", f"dba@example.org {public(dba)}\n")
    os.chmod(signers, 0o666)
    scene.site(allowed_signers=signers)
    with scene.run([gated()]) as d:
        waiting(d)
        text = request(scene.alice)["request"]
        done = scene.alice.run("approve", "--signature", sign(dba, text), "--as",
                               "dba@example.org", status=3)
        assert "can be written by others" in done.err
        d.say("stop")
        assert d.end() == 4


# The wheel.

def two_questions():
    return [runs.command("a", "echo", "one", effect="write"),
            runs.command("b", "echo", "two", effect="write")]


def test_handover(scene):
    alice, bob = scene.alice, scene.bob
    with scene.run(two_questions()) as d:
        d.expect("answers: go")
        assert "has not offered you the wheel" in bob.run("handover", "--accept", status=3).err
        assert "You watch this run" in bob.run("handover", "--to", bob.login, status=3).err
        assert "You watch this run" in bob.run("stop", "last", status=3).err
        alice.run("handover", "--to", scene.carol.login, status=0)
        assert "has not offered you" in bob.run("handover", "--accept", status=3).err
        alice.run("handover", "--withdraw", status=0)
        assert "has not offered you" in scene.carol.run("handover", "--accept", status=3).err
        alice.run("handover", "--to", bob.login, status=0)
        assert "You drive." in bob.run("handover", "--accept", status=0).out
        # What was the operator's is so no more.
        d.answer("go")
        d.expect("! You watch this run; ")
        with Dialogue(bob, "attach", "--plain") as b:
            b.expect("answers: go")
            b.answer("go")
            b.expect("answers: go")
            b.answer("go")
            assert b.end() == 0
        assert d.end() == 0
    run = scene.only()
    assert [r["actor"].split("@")[0] for r in run.find("ask.answered")] == [bob.login] * 2
    assert run.last("wheel.taken")["data"]["from"].split("@")[0] == alice.login
    row = alice.run("runs", "--format", "json", status=0).json()[0]
    assert row["operator"].split("@")[0] == bob.login
    # What ran, ran as the user whose run it is.
    assert os.stat(os.path.join(run.dir, "output", "b.1.out")).st_uid == alice.entry.pw_uid


def test_handover_at_a_failure(scene):
    """Line by line: the one who is stuck says so, the other one takes it."""
    with scene.run([runs.command("a", "false")]) as d:
        d.expect("or: handover USER")
        with Dialogue(scene.bob, "attach", "--plain") as b:
            b.answer("take")
            b.expect("! You watch this run")
            d.answer(f"handover {scene.bob.login}")
            b.expect(f"wheel: offered to {scene.bob.login} by {scene.alice.login}@")
            b.say("take")
            b.expect(f"wheel: {scene.bob.login}@")
            d.expect(f"wheel: {scene.bob.login}@")
            b.say("note mine now")
            d.expect("note: mine now")
            b.say("skip it was only a test")
            assert b.end() == 0
        assert d.end() == 0
    assert scene.only().last("step.skipped")["actor"].split("@")[0] == scene.bob.login


def test_plan_shows_consent_and_way_back(scene):
    scene.site(approvers=["dba"])
    book = runs.book(scene.alice, [
        gated(2), runs.command("b", "true", effect="write", approve={"count": 1, "from": ["x", "y"]},
                               undo={"run": ["rm", "a b"]})])
    text = scene.alice.run("plan", book, status=0).out
    assert "approval: 2 of dba\n" in text and "approval: 1 of x, y\n" in text
    assert "undo: rm 'a b'\n" in text
    steps = scene.alice.run("plan", book, "--format", "json", status=0).json()["steps"]
    assert steps[0]["approve"] == {"count": 2, "from": ["dba"]}
    assert steps[1]["undo"] == "rm 'a b'"


def test_new_operator_does_not_approve_himself(scene):
    with scene.run([gated()]) as d:
        waiting(d)
        scene.alice.run("handover", "--to", "*", status=0)
        scene.bob.run("handover", "--accept", status=0)
        run = scene.only()
        digest = request(scene.carol)["digest"]
        assert "can't approve" in scene.bob.run("approve", "--digest", digest, status=3).err
        # Nor does she whose process runs it.
        assert "can't approve" in scene.alice.run("approve", "--digest", digest, status=3).err
        scene.carol.run("approve", "--digest", digest, status=0)
        assert run.wait_finished()["outcome"] == "done"
        assert d.end() == 0


def test_notes_and_who_watches(scene):
    with scene.run(two_questions()) as d:
        d.expect("answers: go")
        with Dialogue(scene.bob, "attach", "--plain", "--observe") as b:
            b.expect("a: waiting")
            scene.bob.run("note", "last", "I am here \x1b[31mred", status=0)
            b.expect("note: I am here \\x1b[31mred")
            d.expect("note: I am here \\x1b[31mred")
            b.hang_up()
        scene.only().wait_event("client.detached")
        d.say("stop")
        assert d.end() == 4
    run = scene.only()
    roles = {(r["actor"].split("@")[0], r["data"]["role"]) for r in run.find("client.attached")}
    assert {(scene.alice.login, "operator"), (scene.bob.login, "observer")} <= roles
    assert "write a note" in scene.bob.run("note", "--help", status=0).out


def test_origin_is_recorded(scene):
    with scene.run(two_questions()) as d:
        d.expect("answers: go")
        scene.bob.run("note", "last", "x", status=0,
                      env={"SSH_CONNECTION": "10.0.0.7 1 10.0.0.1 22", "SUDO_USER": "mallory"})
        d.answer("stop")
        assert d.end() == 4
    origins = [r["data"]["origin"] for r in scene.only().find("client.attached")]
    assert "sudo from mallory, ssh from 10.0.0.7" in origins


def test_sudo_makes_nobody_another(scene):
    """The operator, as another user out of his own login."""
    with scene.run([gated()]) as d:
        waiting(d)
        digest = request(scene.bob)["digest"]
        done = scene.bob.run("approve", "--digest", digest, status=3,
                             env={"SUDO_UID": str(scene.alice.entry.pw_uid)})
        assert "can't approve" in done.err
        d.say("stop")
        assert d.end() == 4


# The group.

def test_shared_directories(scene):
    with scene.run(two_questions()) as d:
        d.expect("answers: go")
        run, gid = scene.only(), scene_gid(scene)
        for path, mode in ((run.dir, 0o2750), (os.path.join(run.dir, "socket"), 0o660),
                           (os.path.join(run.dir, "output"), 0o2750),
                           (os.path.join(run.dir, "journal.jsonl"), 0o640),
                           (os.path.join(scene.alice.state, "audit/audit.log"), 0o660),
                           (os.path.join(scene.alice.state, "audit"), 0o3770),
                           (os.path.join(scene.alice.state, "runs"), 0o3770)):
            st = os.stat(path)
            assert (st.st_gid, oct(st.st_mode & 0o7777)) == (gid, oct(mode)), path
        assert scene.eve.run("attach", "last", status=2).err
        d.answer("stop")
        assert d.end() == 4


def scene_gid(scene):
    return grp.getgrnam(scene.crew.group).gr_gid


def test_only_the_owner_seals_and_everybody_anchors(scene):
    """F25, F27: the private key is the log owner's alone. What others of the group did is anchored at once,
    and sealed when the owner comes by."""
    alice, bob = scene.alice, scene.bob
    witness = bob.write("witness", "")
    os.chown(witness, pwd.getpwnam("nobody").pw_uid, grp.getgrnam(scene.crew.group).gr_gid)
    os.chmod(witness, 0o660)
    alice.write("site.yaml", json.dumps({
        "site": "test", "locations": {"here": {"directory": scene.dir}},
        "assets": {"db": {"sets": {"dump": {"type": "pg_dump", "location": "here",
                                            "path": "dumps/", "rpo": "24h"}}}},
        "operators": {"group": scene.crew.group},
        "audit": {"anchors": {"witness": {"file": witness}}}}))
    book = runs.book(alice, [runs.command("a", "echo", "done")])
    def anchored():
        with open(witness, encoding="utf-8") as f:
            return len(f.readlines())

    def run_as(who):
        before = anchored()
        who.run("run", book, "--unattended", status=0)
        # The runner does it after the end of the run.
        scratch.wait_for(lambda: anchored() > before, 60, "the head at the anchor")

    def verdict(who, **kwargs):
        return who.run("audit", "verify", "--format", "json", **kwargs).json()
    run_as(alice)
    key = os.path.join(alice.state, "keys", "audit.key")
    assert os.stat(key).st_mode & 0o777 == 0o600
    sealed = verdict(bob, status=0)
    assert sealed["verdict"] == "OK-TO-ANCHOR"
    run_as(bob)
    more = verdict(bob, status=0)
    assert more["verdict"] == "OK-TO-ANCHOR" and more["records"] > sealed["records"]
    assert "not sealed (the key is another user's)" in bob.run("audit", "seal", status=0).out
    cat = subprocess.run(["setpriv", f"--reuid={bob.login}", "--init-groups", f"--regid={bob.entry.pw_gid}",
                          "cat", key], capture_output=True, check=False)
    assert cat.returncode != 0 and b"denied" in cat.stderr
    alice.run("audit", "seal", status=0)
    log = os.path.join(alice.state, "audit", "audit.log")
    with open(log, "r+b") as f:
        text = f.read()
        assert text.count(bob.login.encode()) > 0
        f.seek(text.rindex(bob.login.encode()))
        f.write(b"xx")
    assert verdict(bob, status=1)["verdict"] == "BROKEN"


def test_f51_two_operators_one_target(scene):
    """Runs of two users in one state directory: the lock of a target holds between them."""
    step = [runs.command("a", "ls", "{{t.directory}}", effect="write")]
    parameters = {"t": {"type": "target", "default": "shared"}}
    with scene.run(step, parameters=parameters) as d:
        d.expect("answers: go")
        first = scene.only()
        book = runs.book(scene.alice, step, parameters=parameters)
        done = scene.bob.run("run", book, "--unattended", status=3)
        assert "The target shared is in use by run " + first.id in done.err
        assert f"(pid {first.runner()})" in done.err
        d.answer("go")
        assert d.end() == 0
    # The lock is free again, although another user made its file.
    scene.bob.run("run", book, "--unattended", status=0)
    scene.bob.run("audit", "verify", status=0)
    actors = {r.records()[1]["actor"].split("@")[0] for r in runs.all_runs(scene.alice)}
    assert actors == {scene.alice.login, scene.bob.login}


def test_shared_catalog(scene):
    """What one member observed and proved, the other one reads and goes on with."""
    dump = os.path.join(scene.dir, "dumps", "app_20261120.sql")
    os.makedirs(os.path.dirname(dump))
    with open(dump, "w", encoding="ascii") as f:
        f.write("--\n-- PostgreSQL database dump\n--\n")
    scene.alice.run("board")  # before anything is shared
    book = runs.book(scene.alice, [runs.command("a", "cat", "{{b.path}}")], parameters={
        "b": {"type": "backup", "asset": "db", "set": "dump", "choose": "newest"}})
    scene.alice.run("run", book, "--unattended", status=0)
    for who in (scene.bob, scene.alice, scene.carol):
        assert "app_20261120.sql" in who.run("backups", status=0).out
        who.run("collect", status=0)
        who.run("run", book, "--unattended", status=0)
        done = who.run("verify", "--latest", "db/dump", "--level", "seen")
        assert done.status != 2 and "denied" not in done.err, done
    assert len(runs.all_runs(scene.alice)) == 4
    assert scene.eve.run("backups", status=2).err


def test_group_that_is_not(scene):
    scene.site(group="nosuchgroup")
    book = runs.book(scene.alice, two_questions())
    done = scene.alice.run("run", book, "--unattended", status=2)
    assert 'no group "nosuchgroup"' in done.err
    scene.site(group="root")
    done = scene.alice.run("run", book, "--unattended", status=2)
    assert "to the group root" in done.err
    assert runs.all_runs(scene.alice) == []


# A drill's facilitator.

def test_inject(scene):
    steps = [{"id": "w", "kind": "manual", "instruction": "Wait."},
             runs.command("a", "echo", "one"), runs.command("b", "echo", "two")]
    with scene.run(steps, "--drill") as d:
        d.expect("answers: done")
        assert "no step" in scene.bob.run("inject", "last", "fail-step", "zz", status=2).err
        scene.bob.run("inject", "last", "fail-step", "b", status=0)
        scene.bob.run("inject", "last", "clock-stop", status=0)
        scene.bob.run("inject", "last", "clock-go", status=0)
        d.answer("done")
        d.expect("the facilitator of the drill wants it so")
        d.answer("retry")
        assert d.end() == 0
    run = scene.only()
    assert [r["data"]["outcome"] for r in run.find("step.result", "b")] == ["failed", "ok"]
    assert run.last("drill.injected")["actor"].split("@")[0] == scene.bob.login
    assert len(run.find("drill.clock")) == 2


def test_never_into_a_live_run(scene):
    with scene.run(two_questions()) as d:
        d.expect("answers: go")
        done = scene.bob.run("inject", "last", "fail-step", "a", status=3)
        assert "This run is live" in done.err
        assert "This run is live" in scene.bob.run("inject", "last", "clock-stop", status=3).err
        d.answer("stop")
        assert d.end() == 4


def test_drill_tells_what_needs_no_consent(scene):
    """What changes something and is no target of the drill is told, not done."""
    with scene.run([gated()], "--drill") as d:
        assert d.end() == 0
    assert scene.only().find("step.simulated", "a")


def test_approver_asleep(scene):
    step = gated()
    step["drill"] = "run"
    with scene.run([step], "--drill") as d:
        waiting(d)
        scene.carol.run("inject", "last", "approver-asleep", "10m", status=0)
        digest = request(scene.bob)["digest"]
        assert "asleep" in scene.bob.run("approve", "--digest", digest, status=3).err
        d.say("stop")
        assert d.end() == 4


# Taking back.

def test_undo_backwards(scene):
    where = scene.give(scene.alice, "work")

    def made(id, **undo):
        return {"id": id, "kind": "command", "effect": "write", "unattended": "run",
                "run": ["touch", os.path.join(where, id)], "undo": undo}
    steps = [made("a", run=["rm", os.path.join(where, "a")]),
             made("b", instruction="Take b away."),
             made("c", run=["rm", os.path.join(where, "c")]),
             runs.command("fails", "false")]
    with scene.run(steps) as d:
        for _ in "abc":
            d.expect("answers: go")
            d.answer("go")
        d.expect("answers: retry by-hand undo skip stop")
        # Proposed, never automatic.
        assert sorted(os.listdir(where)) == ["a", "b", "c"]
        d.answer("undo")
        d.expect('Take back "Step c"?')
        d.expect("rm ")
        d.answer("undo")
        d.expect('Take back "Step b"?')
        d.expect("Take b away.")
        assert sorted(os.listdir(where)) == ["a", "b"]
        d.answer("by-hand removed it")
        d.expect('Take back "Step a"?')
        d.answer("enough")
        # b is to be done again, and c; the rest stands.
        d.expect("answers: go")
        d.answer("stop")
        assert d.end() == 4
    run = scene.only()
    assert sorted(os.listdir(where)) == ["a", "b"]
    assert [r["step"] for r in run.find("step.undone")] == ["c", "b"]
    assert run.last("step.undo_result", "c")["data"]["outcome"] == "ok"
    assert "undone" in scene.bob.run("report", "last", status=0).out


def test_undo_that_fails_is_proposed_again(scene):
    steps = [{"id": "a", "kind": "command", "effect": "write", "run": ["true"],
              "undo": {"run": ["false"]}},
             runs.command("fails", "false")]
    with scene.run(steps) as d:
        d.expect("answers: go")
        d.answer("go")
        d.answer("undo")
        d.answer("undo")
        d.expect('Take back "Step a"?')
        d.answer("leave")
        d.expect("answers: retry")
        d.answer("stop")
        assert d.end() == 4
    run = scene.only()
    assert run.last("step.undo_result", "a")["data"]["outcome"] == "failed"
    assert run.find("step.undone") == []


def test_what_was_granted_before_an_undo_stands_no_more(scene):
    """The step that comes again is asked for again, whichever one was granted last."""
    mark = os.path.join(scene.give(scene.alice, "work"), "witness")
    steps = [{"id": "a", "kind": "command", "effect": "write", "run": runs.append(mark, "a"),
              "undo": {"run": ["true"]}},
             {"id": "b", "kind": "command", "effect": "write", "run": ["false"]}]
    with scene.run(steps) as d:
        for _ in "ab":
            d.expect("answers: go")
            d.answer("go")
        d.answer("undo")
        d.expect('Take back "Step a"?')
        d.answer("undo")
        d.expect("? Step a")
        d.expect("answers: go")
        d.expect("\n> ")
        assert runs.witness(mark) == ["a"]
        d.say("stop")
        assert d.end() == 4
    assert runs.witness(mark) == ["a"]


def test_killed_while_it_is_taken_back(scene):
    """Half taken back is neither done nor undone: a person decides."""
    where = scene.give(scene.alice, "work")
    hold = os.path.join(where, "hold")
    steps = [{"id": "a", "kind": "command", "effect": "write", "run": ["true"],
              "undo": {"run": ["sh", "-c", f"touch {hold}; exec sleep 300"]}},
             runs.command("fails", "false")]
    with scene.run(steps) as d:
        d.expect("answers: go")
        d.answer("go")
        d.answer("undo")
        d.answer("undo")
        run = scene.only()
        run.wait_event("step.undo_intent", "a")
        scratch.wait_for(lambda: os.path.exists(hold), 60, "the way back to be under way")
        run.kill_runner()
        assert d.end() == 2
    with Dialogue(scene.alice, "resume", "--plain") as d:
        d.expect("Its runner died while what takes it back ran")
        d.expect("answers: retry by-hand undo skip stop")
        d.answer("by-hand put it back")
        d.expect("answers: retry")
        d.answer("stop")
        assert d.end() == 4
    assert run.events("a").count("step.unknown") == 1


# The recovery clock.

def test_forecast_warns_before_the_rto_is_lost(scene):
    steps = [{"id": "w", "kind": "manual", "instruction": "Wait.", "budget": "1s"},
             runs.command("a", "true", budget="2h")]
    with scene.run(steps, rto="1h") as d:
        d.expect("LATE: ")
        d.expect("of 60m are gone, the rest takes about 2h00: the RTO will be missed")
        row = scene.bob.run("runs", "--format", "json", status=0).json()[0]
        assert row["late"] is True and row["forecast_s"] > 7000
        assert "  LATE" in scene.bob.run("runs", status=0).out
        d.answer("stop")
        assert d.end() == 4
    assert "the RTO will be missed" in scene.bob.run("report", "last", status=0).out


def test_forecast_in_time(scene):
    with scene.run([runs.command("a", "true", budget="1m", effect="write")], rto="1h") as d:
        d.expect("forecast: ")
        d.expect("the rest takes about 60s\n")
        d.answer("go")
        assert d.end() == 0
    run = scene.only()
    assert run.last("run.forecast")["data"]["late"] is False
    # The next one knows what it took.
    with scene.run([runs.command("a", "true", budget="1m", effect="write")], rto="1h") as d:
        d.expect("the rest takes about 1s\n")
        d.answer("stop")


def test_incident_counts(scene):
    with scene.run(two_questions(), "--incident", "2001-01-01T00:00:00Z") as d:
        assert d.end() == 2
    then = (datetime.now(timezone.utc) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with scene.run(two_questions(), "--incident", then, rto="1h") as d:
        d.expect("LATE: ")
        d.expect("the RTO will be missed")
        d.answer("stop")
        assert d.end() == 4
    row = scene.bob.run("runs", "--format", "json", status=0).json()[0]
    assert 7100 < row["seconds"] < 9000
