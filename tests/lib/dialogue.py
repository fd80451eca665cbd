"""dialogue: a person at a terminal, line by line: lifeboat run --plain, attach, resume.

    with Dialogue(boat, "run", book, "--plain") as d:
        d.expect("to confirm, type: confirm prod")
        d.say("confirm prod")
        assert d.end() == 0
"""
import os
import select
import signal
import time

import terminal


class Dialogue(terminal.Terminal):
    def __init__(self, boat, *args, env=None, columns=200, rows=50, wrap=None):
        """`wrap` is shell text that runs first, in the program's process."""
        argv = boat.argv(*args)
        if wrap:
            argv = ["/bin/sh", "-c", f'{wrap}; exec "$@"', "sh", *argv]
        super().__init__(argv, {**boat.env, **(env or {})}, columns, rows)
        self.raw = b""
        self.seen = 0       # up to where expect() has looked

    def _read(self, seconds):
        """False when the other side is gone."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += chunk
        return bool(chunk)

    @property
    def text(self):
        return self.raw.decode(errors="replace").replace("\r\n", "\n")

    def expect(self, text, seconds=60):
        """Until the text comes, behind what an earlier expect found."""
        deadline = time.monotonic() + seconds
        while True:
            at = self.text.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return self
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(min(left, 0.2)):
                raise AssertionError(f"no {text!r} came:\n{self.text}")

    def say(self, line):
        self.send(line.encode() + b"\n")

    def answer(self, line):
        """Waits for the prompt first: what is typed before it is thrown away."""
        self.expect("\n> ")
        self.say(line)

    def end(self, seconds=60):
        """The exit status, once the program has ended; -N for signal N."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._read(0.2):
            pass
        status = self.wait(max(deadline - time.monotonic(), 0) + 5)
        assert status is not None, f"it did not end:\n{self.text}"
        return os.waitstatus_to_exitcode(status)

    def hang_up(self):
        """The terminal goes away: a dropped connection, a closed window."""
        os.close(self.fd)
        self.fd = -1

    def controls(self):
        """The bytes that a terminal would act on, other than the ends of lines."""
        return bytes(sorted({c for c in self.raw.replace(b"\r\n", b"\n")
                             if (c < 0x20 and c != 0x0A) or c == 0x7F}))

    def close(self):
        if self.fd >= 0:
            super().close()
        elif self.wait(10) is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
