"""screen: the console in a terminal: tmux is the terminal, a test types and reads.

    with Screen(["__widgets"], columns=80, rows=24, env=boat.env) as s:
        s.wait("1 of 10,000")
        s.keys("j", "C-d")              # names as tmux has them
        assert s.row(0).startswith(" lifeboat")
        assert s.wait_exit() == 0

Each Screen has a tmux server of its own, ended through its own socket. Nothing sleeps: wait()
looks again until its deadline.
"""
import os
import re
import subprocess
import unicodedata

import lifeboat
import scratch

# Notes the program's process id and exit status; tmux's own word for the latter gets lost at times.
KEEPER = """sh -c 'echo $$ >"$0/pid"; exec "$@"' "$0" "$@"; echo $? >"$0/status"; """ \
         """cat >/dev/null"""

PATIENCE = int(os.environ.get("LIFEBOAT_SCREEN_SECONDS", "60"))

CONFIG = """
set -g status off
set -g default-terminal tmux-256color
set -g history-limit 0
set -sg escape-time 0
set -g focus-events off
"""


def width(text):
    """Columns of a text without escape sequences."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Screen:
    """`command` replaces the program: a shell that starts it, for example."""

    def __init__(self, args=(), columns=80, rows=24, env=None, term="tmux-256color", command=None,
                 cwd="/"):
        self.columns, self.rows = columns, rows
        self.dir = scratch.directory()
        self.socket = os.path.join(self.dir, "tmux")
        config = os.path.join(self.dir, "tmux.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.dir, "LANG": "C.UTF-8",
                    "LIFEBOAT_SHARE": lifeboat.TREE, **(env or {})}
        if term is not None:
            self.env["TERM"] = term
        else:
            self.env.pop("TERM", None)
        self.server = scratch.Daemon(
            "tmux", ["tmux", "-u", "-D", "-S", self.socket, "-f", config],
            os.path.join(self.dir, "log"), env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
        self.server.wait_ready(lambda: os.path.exists(self.socket))
        program = command or [lifeboat.binary(), *map(str, args)]
        # env -i: what tmux itself sets is not for the program.
        argv = ["env", "-i", *[f"{k}={v}" for k, v in self.env.items() if v is not None], *program]
        self.tmux("new-session", "-d", "-x", columns, "-y", rows, "-c", cwd, "--",
                  "sh", "-c", KEEPER, self.dir, *argv)
        self.pid = int(self._wait(lambda: self._noted("pid"), PATIENCE, "the program to start"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.server.running():
            try:
                self.tmux("kill-server")
                self.server.process.wait(10)
            except (subprocess.SubprocessError, AssertionError):
                pass
        self.server.stop()
        scratch.remove(self.dir)

    def tmux(self, *args):
        done = subprocess.run(
            ["tmux", "-u", "-S", self.socket, *map(str, args)], capture_output=True, text=True,
            errors="replace", timeout=60, check=False, env={**os.environ, "LANG": "C.UTF-8"})
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout

    def ask(self, *formats):
        """Values of tmux's own: alternate_on, cursor_flag, pane_title, ..."""
        return self.tmux("display-message", "-p",
                         "|".join(f"#{{{f}}}" for f in formats)).rstrip("\n")

    # Typing

    def keys(self, *names):
        """All at once, as type-ahead comes."""
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def bytes(self, raw):
        self.tmux("send-keys", "-H", *[f"{b:02x}" for b in raw])

    def paste(self, text):
        """In brackets, if the program asked for them: as a terminal does it."""
        self.tmux("set-buffer", "--", text)
        self.tmux("paste-buffer", "-p", "-r")

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.tmux("resize-window", "-x", columns, "-y", rows)

    # Reading

    def text(self):
        return self.tmux("capture-pane", "-p")

    def styled(self):
        """With SGR sequences."""
        return self.tmux("capture-pane", "-p", "-e")

    def lines(self):
        return self.text().split("\n")[:self.rows]

    def row(self, y):
        return self.lines()[y]

    def wait(self, text, seconds=PATIENCE):
        """Until the text (or a compiled pattern) is on the screen; returns the screen."""
        def there():
            screen = self.text()
            found = text.search(screen) if isinstance(text, re.Pattern) else text in screen
            return screen if found else None
        return self._wait(there, seconds, f"{text!r} to appear")

    def wait_gone(self, text, seconds=PATIENCE):
        return self._wait(lambda: text not in self.text(), seconds, f"{text!r} to go")

    def wait_until(self, condition, seconds=PATIENCE, what="the condition"):
        return self._wait(condition, seconds, what)

    def _wait(self, condition, seconds, what):
        try:
            return scratch.wait_for(condition, seconds, what)
        except TimeoutError as e:
            screen = self.text() if self.server.running() else "(the terminal is gone)"
            raise AssertionError(f"{e}; the screen:\n{screen}") from None

    def wait_exit(self, seconds=PATIENCE):
        """The exit status; 128 + N for signal N."""
        return int(self._wait(lambda: self._noted("status"), seconds, "the program to end"))

    def alive(self):
        return not self._noted("status")

    def _noted(self, name):
        try:
            with open(os.path.join(self.dir, name), encoding="ascii") as f:
                text = f.read()
        except FileNotFoundError:
            return ""
        return text if text.endswith("\n") else ""

    # What always holds

    def assert_fits(self):
        """No line is wider than the screen: lines that ran over an edge are joined by -J."""
        for line in self.tmux("capture-pane", "-p", "-J").split("\n"):
            assert width(line.rstrip()) <= self.columns, line
        assert self.alive()

    def assert_clean(self):
        """Nothing of an untrusted text was acted on by the terminal."""
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", self.text())
        assert self.ask("pane_title") not in ("owned", "0;owned")


def process_gone(pid, seconds):
    """Whether the process ends within the time; a zombie has ended."""
    def gone():
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True
    try:
        return scratch.wait_for(gone, seconds, "the process to end")
    except TimeoutError:
        return False
