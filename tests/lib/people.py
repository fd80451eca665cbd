"""people: OS users of this machine, made for the tests and removed after them.

    crew = people.Crew("ops")                    # a group; skip with crew.why_not() when not root
    alice, eve = crew.user("alice"), crew.user("eve", member=False)
    boat = crew.boat(alice, directory)           # a Lifeboat that runs as her
"""
import atexit
import os
import pwd
import shutil
import subprocess

import lifeboat
import scratch


def why_not():
    """Why there can't be any, or None."""
    if os.geteuid() != 0:
        return "only root can make users"
    for tool in ("useradd", "userdel", "groupadd", "groupdel", "setpriv"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return None


def _quietly(*argv):
    subprocess.run(argv, check=True, capture_output=True)


class Crew:
    def __init__(self, group):
        # Two test processes may have one of the same name each.
        self.mark = f"{os.getpid() % 100000}"
        self.group = f"lb{group}{self.mark}"
        self.users = []
        atexit.register(self.remove)
        _quietly("groupadd", self.group)

    def user(self, name, member=True):
        login = f"lb{name}{self.mark}"
        _quietly("useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh",
                 *(["--groups", self.group] if member else []), login)
        self.users.append(login)
        return login

    def boat(self, login, directory):
        return Person(login, directory)

    def remove(self):
        for login in self.users:
            subprocess.run(["userdel", "--force", login], check=False, capture_output=True)
        subprocess.run(["groupdel", self.group], check=False, capture_output=True)
        self.users = []


class Person(lifeboat.Lifeboat):
    """The program as this user runs it. The directory must be one that he may enter."""

    def __init__(self, login, directory):
        super().__init__(directory)
        self.login, self.entry = login, pwd.getpwnam(login)
        # The tree may lie where only root may look.
        self.program = os.path.join(self.dir, "lifeboat")
        if not os.path.exists(self.program):
            shutil.copy(lifeboat.binary(), self.program)
        self.findings_dir = os.path.join(self.dir, f"san-{login}")
        os.makedirs(self.findings_dir, exist_ok=True)
        os.chown(self.findings_dir, self.entry.pw_uid, self.entry.pw_gid)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            self.env[name] = self.env[name].replace(f"{self.dir}/san", f"{self.findings_dir}/san")
        self.env["LIFEBOAT_SHARE"] = lifeboat.TREE

    def argv(self, *args):
        argv = super().argv(*args)
        return [shutil.which("setpriv"), f"--reuid={self.login}", f"--regid={self.entry.pw_gid}",
                "--init-groups", "--", self.program, *argv[1:]]

    def run(self, *args, env=None, **kwargs):
        return super().run(*args, env={"USER": self.login, **(env or {})}, **kwargs)

    def findings(self):
        text = ""
        for name in sorted(os.listdir(self.findings_dir)):
            with open(os.path.join(self.findings_dir, name), encoding="utf-8", errors="replace") as f:
                text += f.read()
        return text


def place():
    """A directory that everybody may enter, removed at the end."""
    path = scratch.directory()
    os.chmod(path, 0o755)
    return path
