"""terminal: a pseudo-terminal without a terminal behind it: the raw bytes that the console sends.

    with Terminal([lifeboat.binary(), "__widgets"], env=...) as t:
        first = t.read_until_quiet()
        t.send(b"j")
"""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time


class Terminal:
    def __init__(self, argv, env, columns=80, rows=24):
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                # As a terminal starts it, whatever these tests run under (nohup).
                signal.signal(signal.SIGHUP, signal.SIG_DFL)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(argv[0], argv, env)
            finally:
                os._exit(127)
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        os.write(self.fd, data)

    def read_until_quiet(self, quiet=0.15, seconds=10):
        """What comes until nothing came for `quiet` seconds."""
        out, deadline = b"", time.monotonic() + seconds
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.fd], [], [], quiet)
            if not ready:
                return out
            try:
                chunk = os.read(self.fd, 65536)
            except OSError:
                return out
            if not chunk:
                return out
            out += chunk
            self.last_byte = time.monotonic()
        return out

    def read_for(self, seconds):
        out, deadline = b"", time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                out += os.read(self.fd, 65536)
        return out

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0

    def wait(self, seconds=10):
        """The status as waitpid has it, or None when it still runs. Reads nothing meanwhile."""
        deadline = time.monotonic() + seconds
        while self.status is None and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
            else:
                select.select([], [], [], 0.005)
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        os.close(self.fd)
