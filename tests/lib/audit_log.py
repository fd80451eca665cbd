"""audit_log: drives core/audit through tests/fault/audit_driver.c, with faults at will.

    log = AuditLog(tmp_path)
    log.append(3)                                          # Result: acks, heads, error
    log.append(1, calls="write", nth=1, kind="ENOSPC")     # the shim's orders (tests/fault/shim.c)
    log.verify() -> Verdict
"""
import dataclasses
import os
import re
import subprocess

import lifeboat


def built(name):
    path = os.path.join(os.path.dirname(lifeboat.binary()), "fault", name)
    assert os.path.exists(path), f"{path} is not built: make fault"
    return path


def environment(calls=None, path=None, nth=0, kind=None, sticky=False, trace=None, data=False,
                clock=None):
    """The environment of a process that the shim is to trouble."""
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LD_PRELOAD": built("shim.so"),
           "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99:detect_leaks=0",
           "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99"}
    for name, value in (("CALLS", calls), ("PATH", path), ("KIND", kind), ("TRACE", trace),
                        ("CLOCK", clock)):
        if value is not None:
            env["FAULT_" + name] = str(value)
    env["FAULT_NTH"] = str(nth)
    if sticky:
        env["FAULT_STICKY"] = "1"
    if data:
        env["FAULT_TRACE_DATA"] = "1"
    return env


@dataclasses.dataclass
class Result:
    status: int
    acks: list       # (seq, hash) that the driver was told to be safe
    intents: int     # how many appends it began
    torn: bool       # whether it found a torn record when it opened the log
    error: str       # "audit ...", or None

    @property
    def killed(self):
        return self.status < 0


@dataclasses.dataclass
class Verdict:
    name: str
    records: int
    at_seq: int
    recoveries: int
    anchored_seq: int
    head: str
    status: int

    @property
    def intact(self):
        return self.name in ("INTACT-UNANCHORED", "OK-TO-ANCHOR")


class AuditLog:
    def __init__(self, directory, name="log"):
        self.dir = str(directory)
        self.path = os.path.join(self.dir, name)

    def append(self, count=1, mode="owned", size=20, timeout=60, limit=None, **faults):
        argv = [built("audit_driver"), "append", self.path, mode, str(count), str(size)]
        if limit is not None:
            argv = ["prlimit", f"--fsize={limit}", *argv]
        done = subprocess.run(argv, env=environment(**faults), text=True, capture_output=True,
                              timeout=timeout, check=False)
        assert done.returncode != 99 and "Sanitizer" not in done.stderr, done.stderr
        acks = [(int(s), h) for s, h in re.findall(r"^ack (\d+) (\w+)$", done.stdout, re.M)]
        error = re.search(r"^error (.*)$", done.stdout, re.M)
        return Result(done.returncode, acks, done.stdout.count("intent "),
                      bool(re.search(r"^opened .* torn$", done.stdout, re.M)),
                      error.group(1) if error else None)

    def verify(self, expect=None, path=None):
        done = subprocess.run([built("audit_driver"), "verify", path or self.path,
                               *([expect] if expect else [])], text=True, capture_output=True,
                              env=environment(), timeout=60, check=False)
        words = done.stdout.split()
        if words[:1] == ["error"]:
            return None
        return Verdict(words[0], *map(int, words[1:5]), words[5], done.returncode)

    def read(self):
        with open(self.path, "rb") as f:
            return f.read()

    def write(self, data):
        with open(self.path, "wb") as f:
            f.write(data)

    def lines(self):
        return self.read().splitlines(keepends=True)

    def torn_files(self):
        """Saved ones; a temporary file of a saver that was killed has a longer name."""
        name = re.escape(os.path.basename(self.path)) + r"\.torn-[0-9a-f]{16}"
        return sorted(f for f in os.listdir(self.dir) if re.fullmatch(name, f))
