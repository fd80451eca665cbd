"""lifeboat: runs the program under test with a state, a home and an environment of its own.

    boat = Lifeboat(tmp_path)
    boat.write("site.yaml", "...")       # in boat.dir; taken as --site by run()
    done = boat.run("board", "--format", "json", status=0)
    done.json()
"""
import glob
import json
import os
import subprocess

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def binary():
    """$LIFEBOAT_BIN, else the release build."""
    return os.path.abspath(os.environ.get("LIFEBOAT_BIN", os.path.join(TREE, "build/lifeboat")))


class Done:
    def __init__(self, argv, process):
        self.argv, self.status = argv, process.returncode
        self.out, self.err = process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        """JSON lines"""
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"{self.argv} -> {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Lifeboat:
    def __init__(self, directory):
        self.dir = str(directory)
        self.state = os.path.join(self.dir, "state")
        self.site = os.path.join(self.dir, "site.yaml")
        self.env = {
            "PATH": os.environ["PATH"], "HOME": self.dir, "LIFEBOAT_STATE": self.state,
            "LANG": "C.UTF-8", "TERM": "xterm-256color", "TZ": "UTC",
            # A sanitizer's finding must never look like an exit status of ours. Runners and
            # steps have no standard error of the test's: their findings are files.
            "ASAN_OPTIONS": f"exitcode=99:detect_leaks=1:abort_on_error=0:log_path={self.dir}/san",
            "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:exitcode=99:"
                             f"log_path={self.dir}/san",
            "LSAN_OPTIONS": "exitcode=99"}

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def argv(self, *args):
        argv = [binary(), *map(str, args)]
        if os.path.exists(self.site) and "--site" not in argv:
            argv += ["--site", self.site]
        return argv

    def run(self, *args, status=None, env=None, timeout=120, **kwargs):
        """`status` is the exit status that must come of it. A sanitizer's report always fails."""
        argv = self.argv(*args)
        process = subprocess.run(
            argv, env={**self.env, **(env or {})}, cwd=self.dir, capture_output=True,
            text=True, errors="surrogateescape", timeout=timeout, check=False,
            **{"stdin": subprocess.DEVNULL, **kwargs})
        done = Done(argv, process)
        assert process.returncode != 99 and "Sanitizer" not in process.stderr, \
            f"{done}\n{self.findings()}"
        assert process.returncode >= 0, done
        if status is not None:
            assert process.returncode == status, done
        return done

    def findings(self):
        """What sanitizers have reported so far, of any of our processes."""
        text = ""
        for path in sorted(glob.glob(os.path.join(self.dir, "san.*"))):
            with open(path, encoding="utf-8", errors="replace") as f:
                # Of one that was ended while it looked for leaks: no finding.
                text += "".join(line for line in f if "Unable to get registers" not in line)
        return text

    def popen(self, *args, env=None, **kwargs):
        return subprocess.Popen(self.argv(*args), env={**self.env, **(env or {})}, cwd=self.dir,
                                **kwargs)
