"""runs: runbooks, runs and their records, for the tests of plans and runs.

    book = runs.book(boat, [dict(id="a", kind="command", run=["true"])])
    run = runs.run(boat, book, status=0)            # unattended, to its end
    run.step("a").value, run.events(), run.output("a")
    going = runs.start(boat, book)                  # in the background
    going.wait_event("step.intent", step="a")
"""
import contextlib
import glob
import hashlib
import json
import os
import signal
import subprocess

import scratch

FIELDS = ["seq", "at", "mono_ns", "run", "step", "event", "actor", "data", "prev", "hash"]
ZERO = "0" * 64


def book(boat, steps, name="book", **fields):
    """Writes a runbook (JSON is YAML) below the test's directory and returns its path."""
    whole = {"schema": 1, "id": os.path.basename(name), "title": f"The {name}", **fields}
    whole["steps"] = [{"title": f"Step {s['id']}", **s} for s in steps]
    return boat.write(f"{name}.yaml", json.dumps(whole, indent=1))


def command(id, *argv, **fields):
    return {"id": id, "kind": "command", "effect": "read", "run": list(map(str, argv)), **fields}


def script(id, sh, **fields):
    return {"id": id, "kind": "command", "effect": "read", "sh": sh, **fields}


def site(boat, **targets):
    """A site with nothing but these targets: name=environment, each a directory of its own."""
    whole = {"site": "test", "locations": {"here": {"directory": boat.dir}}, "targets": {},
             "assets": {"db": {"sets": {"dump": {"type": "pg_dump", "location": "here",
                                                 "path": "dumps/", "rpo": "24h"}}}}}
    for name, environment in targets.items():
        whole["targets"][name] = {"directory": os.path.join(boat.dir, name),
                                  "environment": environment}
    return boat.write("site.yaml", json.dumps(whole))


class Run:
    """A run's directory, as it is now."""

    def __init__(self, boat, directory):
        self.boat, self.dir = boat, directory
        self.id = os.path.basename(directory)
        self.journal = os.path.join(directory, "journal.jsonl")

    def records(self):
        """Whole lines only: a runner may be writing."""
        try:
            with open(self.journal, encoding="utf-8") as f:
                text = f.read()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.split("\n")[:-1]]

    @contextlib.contextmanager
    def address(self):
        """Of its socket, short enough for sockaddr_un wherever the tests' directory is."""
        fd = os.open(self.dir, os.O_PATH | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{fd}/socket"
        finally:
            os.close(fd)

    def connect(self, s):
        with self.address() as address:
            s.connect(address)

    def events(self, step=None):
        return [r["event"] for r in self.records() if step is None or r.get("step") == step]

    def find(self, event, step=None):
        return [r for r in self.records()
                if r["event"] == event and (step is None or r.get("step") == step)]

    def last(self, event, step=None):
        found = self.find(event, step)
        assert found, f"no {event} {step or ''} in {self.events()}"
        return found[-1]

    def result(self, step):
        return self.last("step.result", step)["data"]

    def finished(self):
        return self.last("run.finished")["data"]

    def wait_event(self, event, step=None, seconds=60, count=1):
        return scratch.wait_for(
            lambda: (self.find(event, step) if len(self.find(event, step)) >= count else None),
            seconds, lambda: f"{event} {step or ''} in {self.id}: {self.events()}")[count - 1]

    def wait_finished(self, seconds=60):
        self.wait_event("run.finished", seconds=seconds)
        scratch.wait_for(lambda: self.runner() is None, seconds, "the runner to end")
        return self.finished()

    def output(self, step, attempt=1):
        """What there is of it; nothing before the step has begun."""
        try:
            with open(os.path.join(self.dir, "output", f"{step}.{attempt}.out"), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def runner(self):
        """The runner's pid while it lives."""
        return runner_of(self.dir)

    def kill_runner(self, sig=signal.SIGKILL):
        pid = self.runner()
        os.kill(pid, sig)
        scratch.wait_for(lambda: not alive(pid), 60, "the runner's death")
        return pid

    def verify(self):
        """The chain of the journal, by the program and by ourselves."""
        self.boat.run("audit", "verify", "--file", self.journal, status=0)
        check_chain(self.journal)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def terminal_of(pid):
    """The number of its controlling terminal, 0 when it has none."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        return int(f.read().rsplit(")", 1)[1].split()[4])


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return [a.decode(errors="surrogateescape") for a in f.read().split(b"\0")[:-1]]
    except OSError:
        return []


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def runner_of(directory):
    for pid in pids():
        argv = cmdline(pid)
        if argv[1:2] == ["__runner"] and os.path.realpath(argv[2]) == os.path.realpath(directory) \
                and alive(pid):
            return pid
    return None


def processes_with(text):
    """The pids whose command line holds the text: mark what a test starts with a word of its own."""
    return [pid for pid in pids() if any(text in a for a in cmdline(pid)) and alive(pid)]


def all_runs(boat):
    """Oldest first."""
    found = sorted(glob.glob(os.path.join(boat.state, "runs", "*")), key=os.path.getmtime)
    return [Run(boat, path) for path in found]


def only(boat):
    found = all_runs(boat)
    assert len(found) == 1, [r.id for r in found]
    return found[0]


def newest_since(boat, known):
    new = [r for r in all_runs(boat) if r.id not in known]
    return new[0] if new else None


def check_chain(path):
    """Independent of the program: every hash, every link, every number; the order of the fields."""
    prev, records = ZERO, []
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    assert lines[-1] == b""
    for number, line in enumerate(lines[:-1], 1):
        record = json.loads(line)
        assert list(record) == [k for k in FIELDS if k in record], line
        assert set(FIELDS) - set(record) <= {"step"}, line
        assert record["seq"] == number and record["prev"] == prev, line
        body = line[:line.rindex(b',"hash":"')]
        assert hashlib.sha256(body).hexdigest() == record["hash"], line
        prev = record["hash"]
        records.append(record)
    return records


def run(boat, runbook, *args, status=None, timeout=120, env=None, **kwargs):
    """`lifeboat run --unattended`, to its end; the Run with .done, what the command printed."""
    known = {r.id for r in all_runs(boat)}
    done = boat.run("run", runbook, "--unattended", *args, status=status, timeout=timeout, env=env,
                    **kwargs)
    found = newest_since(boat, known)
    if found is not None:
        found.done = done
    else:
        found = type("Nothing", (), {"done": done, "dir": None})()
    return found


def start(boat, runbook, *args, env=None, **kwargs):
    """The same in the background: a Run with .process."""
    known = {r.id for r in all_runs(boat)}
    process = boat.popen("run", runbook, "--unattended", *args, env=env,
                         **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                            "stderr": subprocess.PIPE, "text": True, "errors": "surrogateescape",
                            **kwargs})

    def begun():
        assert process.poll() is None or newest_since(boat, known), process.communicate()
        return newest_since(boat, known)
    going = scratch.wait_for(begun, 60, "the run to begin")
    going.process = process
    return going


def witness(path):
    """The lines of a file that steps append to."""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().split("\n")[:-1]
    except FileNotFoundError:
        return []


def append(path, word):
    """argv of a step that appends the word as a line, in one write."""
    return ["/bin/sh", "-c", 'printf "%s\\n" "$2" >> "$1"', "sh", path, word]
