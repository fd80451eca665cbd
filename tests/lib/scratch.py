"""scratch: temporary directories and server processes that are certain to go away.

Every directory made here is named after the process that made it and is removed when the process
ends; what a killed process left behind is swept by the next one. Every server started here gets
SIGKILL from the kernel when the test process dies, whatever it dies of.
"""
import atexit
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PREFIX = "lifeboat-test-"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_directories = []
_daemons = []


def wait_for(condition, seconds, what):
    """Calls condition until it returns something true, which is returned; fails after `seconds`.
    `what` is waited for, in words; or a function that says at the end how things stand."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain for {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unprivileged(*names):
    """The first of these users that exists, as pwd entry; ourselves when we are not root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in names + ("nobody",):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no unprivileged user on this machine")


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sweep(where):
    for name in os.listdir(where):
        match = re.fullmatch(re.escape(PREFIX) + r"(\d+)-.*", name)
        if match and not _alive(int(match.group(1))):
            shutil.rmtree(os.path.join(where, name), ignore_errors=True)


def directory(owner=None, where=None):
    """A directory below /tmp with a short name (Unix sockets allow 107 bytes), removed at exit."""
    where = where or tempfile.gettempdir()
    if not _directories:
        _sweep(where)
    path = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=where)
    _directories.append(path)
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return path


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
    if path in _directories:
        _directories.remove(path)


def supports_xattr(path):
    probe = os.path.join(path, PREFIX + "xattr")
    try:
        with open(probe, "w", encoding="ascii"):
            os.setxattr(probe, "user.test", b"x")
        return True
    except OSError:
        return False
    finally:
        if os.path.exists(probe):
            os.unlink(probe)


class Daemon:
    """A server process: started, waited for until ready, ended by its process id."""

    def __init__(self, name, argv, log, user=None, env=None, stop_signal=signal.SIGTERM, cwd=None):
        self.name, self.log, self.stop_signal = name, log, stop_signal
        identity = {}
        if user is not None and os.geteuid() == 0 and user.pw_uid != 0:
            groups = os.getgrouplist(user.pw_name, user.pw_gid)
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups}
        parent = os.getpid()

        def die_with_parent():
            # After the change of user, which would clear it.
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(127)

        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                cwd=cwd or "/", start_new_session=True, preexec_fn=die_with_parent, **identity)
        _daemons.append(self)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_ready(self, ready, seconds=60):
        def check():
            if not self.running():
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}:\n"
                                   f"{self.log_text()[-2000:]}")
            return ready()
        try:
            wait_for(check, seconds, f"{self.name} to be ready")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, sig=None, seconds=10):
        if self.running():
            self.process.send_signal(sig or self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        if self in _daemons:
            _daemons.remove(self)


def _clean_up():
    for daemon in list(reversed(_daemons)):
        daemon.stop(seconds=3)
    for path in list(_directories):
        remove(path)


atexit.register(_clean_up)
