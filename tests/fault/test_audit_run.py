"""F01, F02, F04, F12, F19, F30 in runs of the whole program: what it does when the audit log does not
take a record, and what it says about clocks that jumped and logs that were altered."""
import json
import os
import resource
import subprocess

import pytest

import audit_log
import console_keys
import console_site
import lifeboat
import runs
import scratch


def shim_env(boat, **orders):
    """The runner inherits these; its steps do not."""
    env = {"LD_PRELOAD": audit_log.built("shim.so"), **{f"FAULT_{k}": str(v) for k, v in orders.items()}}
    env["ASAN_OPTIONS"] = boat.env["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
    return env


def log(boat):
    return os.path.join(boat.state, "audit", "audit.log")


def two_steps(boat):
    """A runbook whose steps leave a mark, and the marks."""
    marks = [os.path.join(boat.dir, name) for name in ("a.ran", "b.ran")]
    return runs.book(boat, [runs.command(m[-5], "touch", m) for m in marks]), marks


@pytest.mark.parametrize("kind", ["ENOSPC", "full", "EDQUOT", "EROFS"])
def test_f01_f04_no_record_no_step(boat, kind):
    """The audit log takes two more records (chain.opened, run.started): the first step's intent is
    the next. It does not start, that is said, and whoever only reads is not disturbed."""
    book, marks = two_steps(boat)
    env = shim_env(boat, CALLS="write", PATH="*/audit.log", NTH=3, KIND=kind, STICKY=1)
    run = runs.run(boat, book, status=3, env=env)
    assert "Nothing runs without a record of it." in run.done.out and "Cannot write" in run.done.out
    assert not any(map(os.path.exists, marks))
    assert run.find("step.intent") == [] and run.finished()["outcome"] == "refused"
    run.verify()
    for args in (["runs"], ["report", run.id], ["audit", "verify"], ["audit", "tail"],
                 ["plan", book]):
        boat.run(*args, status=0, env={**env, "FAULT_NTH": "1"})
    again = boat.run("run", book, "--unattended", status=3, env={**env, "FAULT_NTH": "1"})
    assert "Nothing runs without a record of it." in again.err
    # Room was made.
    assert runs.run(boat, book, status=0).finished()["outcome"] == "done"
    assert all(map(os.path.exists, marks))
    boat.run("audit", "verify", status=0)


def test_f01_the_banner(boat):
    """The console says why nothing runs, and goes on showing what there is."""
    site, (book, marks) = console_site.make(boat), two_steps(boat)
    env = shim_env(boat, CALLS="write", PATH="*/audit.log", NTH=3, KIND="ENOSPC", STICKY=1)
    with site.begin(book, env=env) as s:
        s.wait("left on device")
        assert "REFUSED" in s.text() and "Cannot write" in s.text() and "0 of 2 steps" in s.text()
        console_keys.press_until(s, "1", "daily-dump")
        console_keys.press_until(s, "5", "REFUSED")
        s.keys("Q")
        assert s.wait_exit() == 3
    assert not any(map(os.path.exists, marks))


@pytest.mark.parametrize("name", ["audit.log", "journal.jsonl"])
def test_f03_a_failed_sync_is_for_good(boat, name):
    """The kernel may have dropped what it could not write: nobody syncs again as if it were there, in
    the run or behind it, and no step starts."""
    book, marks = two_steps(boat)
    trace = os.path.join(boat.dir, "trace")
    run = runs.run(boat, book, status=3, env=shim_env(
        boat, CALLS="fdatasync", PATH=f"*/{name}", NTH=3, KIND="EIO", TRACE=trace))
    run.wait_finished() if name == "audit.log" else scratch.wait_for(
        lambda: run.runner() is None, 60, "the runner to end")
    assert "Cannot sync" in run.done.out and not any(map(os.path.exists, marks))
    with open(trace, encoding="utf-8") as f:
        assert f.read().count("fdatasync") == 3
    assert runs.run(boat, book, status=0).finished()["outcome"] == "done"
    boat.run("audit", "verify", status=0)


def test_f02_f07_a_result_that_the_journal_does_not_take(boat):
    """The audit log has it, and that the journal has not; the next step does not start."""
    book, marks = two_steps(boat)
    run = runs.run(boat, book, status=3, env=shim_env(
        boat, CALLS="write", PATH="*/journal.jsonl", NTH=4, KIND="ENOSPC", STICKY=1))
    assert "journal.jsonl" in run.done.out and "No space left on device" in run.done.out
    assert os.path.exists(marks[0]) and not os.path.exists(marks[1])
    assert run.find("step.result") == []
    with open(log(boat), encoding="utf-8") as f:
        records = [json.loads(line) for line in f]
    assert [r["step"] for r in records if r["event"] == "step.result"] == ["a"]
    told = [r["data"] for r in records if r["event"] == "ledger.diverged"]
    assert len(told) == 1 and told[0]["failed"] == "journal" and "No space" in told[0]["message"]
    # What it did is not known to those who go on: a person or a check decides.
    boat.run("resume", run.id, "--unattended", status=2)
    assert run.finished()["outcome"] == "unknown" and not os.path.exists(marks[1])


def test_f04_file_size_limit(boat):
    """RLIMIT_FSIZE, to which the answer of a program that knows nothing of it is its death."""
    book, marks = two_steps(boat)
    for _ in range(8):
        runs.run(boat, book, status=0)
    for mark in marks:
        os.unlink(mark)
    limit = os.path.getsize(log(boat)) + 100

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    done = boat.run("run", book, "--unattended", status=3, preexec_fn=small_files)
    assert "File too large" in done.err and "Nothing runs without a record of it." in done.err
    assert not any(map(os.path.exists, marks))
    boat.run("audit", "verify", status=0)


@pytest.fixture
def small_disk(tmp_path):
    """The program with its state on a file system of its own, of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)],
            capture_output=True, check=False).returncode != 0:
        pytest.skip("no right to mount a file system")
    boat = lifeboat.Lifeboat(tmp_path)
    boat.state = boat.env["LIFEBOAT_STATE"] = str(place / "state")
    yield boat
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    assert boat.findings() == ""


def test_f02_the_step_fills_the_disk(small_disk):
    """A step ends on a disk that has no room any more, with a long result, which was given room before
    the step began. The others begin as long as there is room for theirs, and then no more."""
    boat, count = small_disk, 100
    fill = os.path.join(os.path.dirname(boat.state), "fill")
    marks = [os.path.join(boat.dir, f"s{i:02}.ran") for i in range(count)]
    steps = [runs.script("fill", f"printf %020000d 7; cat /dev/zero > {fill} || true", capture="x"),
             *(runs.command(os.path.basename(m)[:3], "touch", m) for m in marks)]
    run = runs.run(boat, runs.book(boat, steps), status=3)
    assert os.path.getsize(fill) > 1 << 20
    assert "No space left on device" in run.done.out and "Make room" in run.done.out
    assert len(run.result("fill")["value"]) == 20000
    ran = sum(map(os.path.exists, marks))
    assert ran < count
    with open(log(boat), encoding="utf-8") as f:
        audit = [json.loads(line) for line in f if '"step":' in line]
    for records in (run.records(), audit):
        for event in ("step.intent", "step.result"):
            assert sum(r["event"] == event for r in records) == 1 + ran
    os.unlink(fill)
    run.verify()
    boat.run("audit", "verify", status=0)
    boat.run("resume", run.id, "--unattended", status=0)
    assert all(map(os.path.exists, marks)) and len(run.find("step.intent", "fill")) == 1
    run.wait_finished()


def test_f19_the_clock_jumps(boat):
    """Ahead by ten years, back, and to 1970, from one run to the next: it is warned of, and that is all."""
    book, _ = two_steps(boat)
    for offset in (0, 10 * 365 * 86400, 0, -56 * 365 * 86400, 0):
        run = runs.run(boat, book, status=0, env=shim_env(boat, CLOCK=offset))
        run.wait_finished()  # its runner has sealed what it wrote
        run.verify()
    done = boat.run("audit", "verify", status=0)
    assert "INTACT-UNANCHORED" in done.out and "warning: the clock jumped 4 times" in done.out
    # The first run's, which opened the log and was the first to seal it, are nine.
    found = boat.run("audit", "verify", "--format", "json", status=0).json()
    assert found["clock_jumps"] == 4 and found["clock_seq"] == 10


def alter(path, old, new):
    """One record in the middle, to one of the same length."""
    with open(path, "rb") as f:
        data = f.read()
    assert old in data and len(old) == len(new) and not data.rstrip().endswith(old)
    with open(path, "wb") as f:
        f.write(data.replace(old, new, 1))


def test_f30_readers_of_a_damaged_log(boat):
    """They show what there is; that it can't be relied on is said, and is the exit status."""
    book, _ = two_steps(boat)
    run = runs.run(boat, book, status=0)
    run.wait_finished()
    readers = [["report", run.id], ["report", run.id, "--format", "json"],
               ["report", run.id, "--format", "html"], ["replay", run.id, "--speed", "1000"],
               ["replay", run.id, "--format", "asciicast"], ["audit", "tail"],
               ["audit", "tail", "--format", "jsonl"], ["audit", "tail", "--file", run.journal]]
    for args in readers:
        assert boat.run(*args, status=0).err == ""
    for path in (run.journal, log(boat)):
        alter(path, b'"outcome":"ok"', b'"outcome":"OK"')
    for args in readers:
        done = boat.run(*args, status=1)
        assert "BROKEN" in done.err and "can be relied on" in done.err and done.out != "", args


def test_f12_nothing_goes_on_from_an_altered_journal(boat):
    """A result that somebody wrote into the journal would keep its step from running."""
    book = runs.book(boat, [runs.command("a", "true"), runs.command("b", "sleep", "60")])
    run = runs.start(boat, book)
    run.wait_event("step.intent", "b")
    run.kill_runner()
    run.process.communicate(timeout=60)
    alter(run.journal, b'"outcome":"ok"', b'"outcome":"OK"')
    with open(run.journal, "rb") as f:
        before = f.read()
    done = boat.run("resume", run.id, "--unattended", status=3)
    assert "is BROKEN" in done.err and "Nothing is done on its word" in done.err
    with open(run.journal, "rb") as f:
        assert f.read() == before
