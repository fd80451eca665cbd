"""redis_instance: a throw-away Redis on a Unix socket.

    server = RedisInstance()
    server.cli("SET", "a", "1"); server.save()   # dump.rdb in server.data
"""
import os
import shutil
import subprocess

import scratch


class RedisInstance:
    def __init__(self, appendonly=False, settings=(), start=True):
        if shutil.which("redis-server") is None:
            raise RuntimeError("redis-server is not installed")
        self.user = scratch.unprivileged("redis")
        self.scratch = scratch.directory(self.user)
        self.data = os.path.join(self.scratch, "data")
        os.mkdir(self.data)
        if os.geteuid() == 0:
            os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        self.socket = os.path.join(self.scratch, "redis.sock")
        self.log = os.path.join(self.scratch, "server.log")
        self.settings = ["--appendonly", "yes" if appendonly else "no", *settings]
        self.daemon = None
        if start:
            self.start()

    def start(self):
        argv = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.data,
                "--save", "", "--daemonize", "no", *self.settings]
        self.daemon = scratch.Daemon("redis-server", argv, self.log, user=self.user)
        self.daemon.wait_ready(
            lambda: self.cli("PING", check=False).stdout.strip() == "PONG")
        return self

    def cli(self, *args, check=True, **kwargs):
        done = subprocess.run(["redis-cli", "-s", self.socket, *args], text=True,
                              capture_output=True, check=False, **kwargs)
        if check and (done.returncode != 0 or done.stdout.startswith("ERR")):
            raise RuntimeError(f"redis-cli {args}: {done.stdout}{done.stderr}")
        return done

    def save(self):
        self.cli("SAVE")
        return os.path.join(self.data, "dump.rdb")

    def stop(self):
        if self.daemon is not None:
            self.daemon.stop()
            self.daemon = None

    def remove(self):
        self.stop()
        scratch.remove(self.scratch)
