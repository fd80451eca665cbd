#!/usr/bin/env python3
"""detect_report: prints the detection table: what `lifeboat verify` says of every good backup and every
damage of tests/lib/detect_table.py, beside what the tools say that people trust.

usage: tests/live/detect_report.py [--all] [SAMPLE...] > docs/detection.md

The samples are made by real servers, here and now. --all: every damage of every sample; else of one of each
kind, and the sums of the others. Exit status 1 when anything is not as the table wants it.
"""
import collections
import concurrent.futures
import datetime
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import detect_build  # noqa: E402
import detect_table  # noqa: E402
import lifeboat  # noqa: E402
import samples_pg  # noqa: E402

# One of each kind, shown damage by damage.
SHOWN = ["custom", "custom-z0", "custom-z0-sha256", "directory", "tar", "sql", "sql.gz", "sql.zst",
         "base-plain", "base-tar-gz", "base-tar", "wal-full", "rdb", "rdb-no-checksum", "aof",
         "neo4j.dump", "velero", "files.tar.gz"]


def quiet(*argv, **kwargs):
    try:
        return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                              timeout=60, **kwargs).returncode
    except subprocess.TimeoutExpired:
        return 124


class Peers:
    """The tools that a runbook would use, and their exit status on one path; None: not for this."""

    def __init__(self, samples):
        self.server = samples.server
        self.bin = samples.server.bin

    def _restore(self, *args):
        return lambda path: quiet(os.path.join(self.bin, "pg_restore"), *args, path)

    def _verifybackup(self, path):
        self._give(path)
        return self.server.run("pg_verifybackup", path, check=False).returncode

    def _give(self, path):
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", self.server.user.pw_name, path], check=True)

    def _extracted(self, path):
        """tar -x, then pg_verifybackup: the user's way before PostgreSQL 18."""
        to = tempfile.mkdtemp(prefix="extracted-", dir=self.server.subdirectory("peers"))
        try:
            samples_pg.extract(path, to)
        except Exception:  # whatever tar says
            return 1
        return self._verifybackup(to)

    def of(self, sample):
        """[(name, function of a path)]"""
        if sample.startswith("custom") or sample in ("tar", "directory", "directory-parallel"):
            return [("pg_restore -l", self._restore("-l")),
                    ("pg_restore -f /dev/null", self._restore("-f", "/dev/null"))]
        if sample.startswith(("base-plain", "base-space-plain")):
            return [("pg_verifybackup", self._verifybackup)]
        if sample == "base-tar-gz":
            return [("gzip -t", lambda p: max(quiet("gzip", "-t", f) for f in
                                              glob.glob(p + "/*.gz") or [""])),
                    ("tar -x, pg_verifybackup", self._extracted)]
        if sample.startswith("base-tar"):
            return [("tar -x, pg_verifybackup", self._extracted)]
        if sample.startswith("rdb"):
            return [("redis-check-rdb", lambda p: quiet("redis-check-rdb", p))]
        if sample.startswith("aof"):
            return [("redis-check-aof", self._check_aof)]
        if sample.startswith("wal-") and sample not in ("wal-archive", "wal-gz"):
            return [("pg_waldump -q", lambda p: quiet(os.path.join(self.bin, "pg_waldump"), "-q", p))]
        if sample == "velero":
            return [("gzip -t", lambda p: max(quiet("gzip", "-t", f)
                                              for f in glob.glob(p + "/*.gz") or [""]))]
        if sample.endswith(".gz") or "gz" in sample:
            peers = [("gzip -t", lambda p: quiet("gzip", "-t", "-S", ".gz", p)
                      if p.endswith(".gz") else self._stdin(["gzip", "-t"], p))]
            return peers + ([("tar -t", lambda p: quiet("tar", "-tzf", p))] if "tar" in sample else [])
        for ending, tool in ((".zst", "zstd"), (".lz4", "lz4"), (".xz", "xz"), (".bz2", "bzip2")):
            if sample.endswith(ending):
                return [(f"{tool} -t", lambda p, t=tool: self._stdin([t, "-t"], p))]
        return []

    @staticmethod
    def _stdin(argv, path):
        with open(path, "rb") as f:
            return quiet(*argv, stdin=f)

    @staticmethod
    def _check_aof(path):
        manifest = glob.glob(os.path.join(path, "*.manifest"))
        return quiet("redis-check-aof", manifest[0]) if manifest else 1


class Table:
    def __init__(self):
        self.samples = detect_build.Samples()
        self.peers = Peers(self.samples)
        self.work = tempfile.mkdtemp(prefix="lifeboat-detect-")
        os.chmod(self.work, 0o755)
        self.boat = lifeboat.Lifeboat(self.work)
        self.wrong = []

    def verify(self, path):
        status = self.boat.run("verify", path).status
        return {0: "pass", 1: "fail", 2: "unknown"}.get(status, f"status {status}")

    def row(self, sample, name, path, expected):
        allowed = (expected,) if isinstance(expected, str) else expected
        got = self.verify(path)
        if got not in allowed:
            self.wrong.append(f"{sample}, {name}: {got}, not {' or '.join(allowed)}")
        return name, got, [run(path) for _, run in self.peers.of(sample)]

    def of(self, sample):
        """Rows (name, ours, peers), the good one first."""
        path = self.samples.made.get(sample)
        if path is None:
            return []
        rows = [self.row(sample, "as it was made", path, detect_table.GOOD[sample])]
        work = os.path.join(self.samples.server.subdirectory("damaged"), sample.replace("/", "_"))
        os.makedirs(work, exist_ok=True)
        for name, damaged, expected in detect_build.damaged(sample, path, work):
            rows.append(self.row(sample, name, damaged, expected))
        shutil.rmtree(work, ignore_errors=True)
        return rows

    def close(self):
        self.samples.remove()
        shutil.rmtree(self.work, ignore_errors=True)


def folded(rows):
    """The same damage in many places as one line: (name, ours, peers), each a Counter."""
    out = {}
    for name, ours, theirs in rows:
        name = re.sub(r" at \d+ %$", "", name) if name.startswith(("bit flipped", "16 bytes")) else name
        entry = out.setdefault(name, (collections.Counter(), [collections.Counter() for _ in theirs]))
        entry[0][ours] += 1
        for counter, status in zip(entry[1], theirs):
            counter["good" if status == 0 else "bad"] += 1
    return out


def words(counter):
    if sum(counter.values()) == 1:
        return next(iter(counter))
    return ", ".join(f"{n} {word}" for word, n in sorted(counter.items()))


def print_sample(table, sample, rows):
    names = [name for name, _ in table.peers.of(sample)]
    print(f"### {sample}\n")
    print(("| what was done to it | lifeboat | " + "".join(f"{n} | " for n in names)).rstrip())
    print("|---|---|" + "---|" * len(names))
    for name, (ours, theirs) in folded(rows).items():
        cells = [f"**{words(c)}**" if c["good"] and ours["fail"] else words(c) for c in theirs]
        print((f"| {name} | {words(ours)} | " + "".join(f"{c} | " for c in cells)).rstrip())
    print()


def versions(table):
    def first_line(*argv):
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()[0]
    return [first_line(os.path.join(table.peers.bin, "pg_restore"), "--version"),
            first_line("redis-server", "--version").split(" sha=")[0], first_line("gzip", "--version"),
            table.boat.run("version").out.strip()]


HEAD = """# What verify detects

Every line is a real backup, made by the real tool, damaged in one way, and shown to `lifeboat verify` (level
intact) and to the tools that runbooks trust. Generated: `tests/live/detect_report.py > docs/detection.md`;
the same table is a test, `tests/live/test_detect.py`.

- **lifeboat**: `pass`, `fail`, or `unknown`: it can't be known. A dump that no checksum covers (`-Z0`, plain
  text, an append-only file, an RDB without its CRC) is *unknown* when it is whole, and a change that leaves
  its structure whole stays *unknown*: it is never called good. A digest beside it (`.sha256`), one recorded
  by an earlier proof, or level restored settles it.
- **the tools**: `good` is exit status 0. In bold where that was said of a backup that fails.
- The same damage in several places is one line, with counts.
- Known to pass: a letter changed in a definition of a pg_dump archive. Its table of contents carries no checksum;
  only a digest shows that, and no other tool does.
"""


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("-")]
    table = Table()
    try:
        wanted = args or list(detect_table.GOOD)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            found = dict(zip(wanted, pool.map(table.of, wanted)))
        print(HEAD)
        print(f"Made {datetime.date.today()} with {'; '.join(versions(table))}.\n")
        count = sum(len(r) - 1 for r in found.values() if r)
        missed = {}
        for sample, rows in found.items():
            for i, (name, _) in enumerate(table.peers.of(sample)):
                entry = missed.setdefault(name, [0, 0])
                bad = [r for r in rows[1:] if r[1] == "fail"]
                entry[0] += sum(r[2][i] == 0 for r in bad)
                entry[1] += len(bad)
        print(f"{sum(bool(r) for r in found.values())} good backups, none called bad; {count} damaged "
              f"ones, none called good that should not be.\n" if not table.wrong else
              "NOT as the table wants it:\n\n" + "\n".join(f"- {w}" for w in table.wrong) + "\n")
        print("Of the damaged backups that lifeboat fails, the tools call good:\n")
        print("| tool | damaged backups | called good |\n|---|---|---|")
        for name, (bad, of) in sorted(missed.items(), key=lambda e: -e[1][0] / max(e[1][1], 1)):
            print(f"| {name} | {of} | {bad} |")
        print("\n## Damage by damage\n")
        for sample in wanted:
            if found[sample] and (args or "--all" in sys.argv or sample in SHOWN):
                print_sample(table, sample, found[sample])
        print("## All samples\n\n| sample | as made | damaged | fail | unknown | pass (harmless) |\n"
              "|---|---|---|---|---|---|")
        for sample, rows in found.items():
            if rows:
                n = collections.Counter(r[1] for r in rows[1:])
                print(f"| {sample} | {rows[0][1]} | {len(rows) - 1} | {n['fail']} | {n['unknown']} | "
                      f"{n['pass']} |")
    finally:
        table.close()
    for wrong in table.wrong:
        print(f"detect_report: {wrong}", file=sys.stderr)
    return 1 if table.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
