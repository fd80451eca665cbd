"""postgres_server: a throw-away PostgreSQL, on a Unix socket in a directory of its own.

    server = PostgresServer()                    # initdb and start
    server.sql("SELECT 1")                       # -> "1"; several rows and columns as psql -At
    server.conninfo()                            # for PGHOST-less tools: "host=... dbname=..."
    server.run("pg_dump", "-Fc", "-f", path)     # a client program of the same version, as its user
    server.remove()

PostgreSQL refuses to run as root: as root it runs as user postgres. Files that the server is to
read or write (archives, backups) belong below server.scratch, which is its user's.
"""
import glob
import os
import signal
import subprocess

import scratch


def bin_directory(version=None):
    """The newest server's programs, or those of one major version; None when it is missing."""
    found = {}
    for path in glob.glob("/usr/lib/postgresql/*/bin/postgres"):
        found[int(path.split("/")[-3])] = os.path.dirname(path)
    if version is not None:
        return found.get(version)
    return found[max(found)] if found else None


class PostgresServer:
    def __init__(self, version=None, settings=None, initdb=(), data=None, start=True):
        """`settings` are lines for postgresql.conf, name to value; `data` is a data directory
        that exists already (a restored one) and is then used as it is."""
        self.bin = bin_directory(version)
        if self.bin is None:
            raise RuntimeError("PostgreSQL's server programs are not installed")
        self.user = scratch.unprivileged("postgres")
        self.scratch = scratch.directory(self.user)
        self.socket_dir = self.scratch
        self.data = data or os.path.join(self.scratch, "data")
        self.log = os.path.join(self.scratch, "server.log")
        self.daemon = None
        if data is None:
            self.run("initdb", "-k", "--auth=trust", "--no-sync", "--encoding=UTF8",
                     "--locale=C.UTF-8", "--username=postgres", *initdb, "-D", self.data)
            self.configure({"fsync": "off", "max_connections": "30", "timezone": "UTC"})
        if settings:
            self.configure(settings)
        if start:
            self.start()

    def configure(self, settings):
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as f:
            for name, value in settings.items():
                text = str(value).replace("'", "''")
                f.write(f"{name} = '{text}'\n")

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        env.update(PGHOST=self.socket_dir, PGUSER="postgres", PGDATABASE="postgres",
                   PATH=f"{self.bin}:{os.environ['PATH']}", HOME=self.scratch)
        return env

    def run(self, program, *args, check=True, text=True, **kwargs):
        """A program of this version, as the server's user, in its scratch directory."""
        identity = {}
        if os.geteuid() == 0:
            identity = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        path = os.path.join(self.bin, program)
        argv = [path if os.path.exists(path) else program, *args]
        done = subprocess.run(argv, env=self.environment(), cwd=self.scratch, text=text,
                              capture_output=True, check=False, **identity, **kwargs)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{done.stderr}")
        return done

    def start(self, wait=True):
        self.daemon = scratch.Daemon(
            "postgres", [os.path.join(self.bin, "postgres"), "-D", self.data,
                         "-k", self.socket_dir, "-c", "listen_addresses="],
            self.log, user=self.user, env=self.environment(), stop_signal=signal.SIGINT)
        if wait:
            self.daemon.wait_ready(self.ready)
        return self

    def ready(self):
        return self.run("pg_isready", "-q", check=False).returncode == 0

    def stop(self, immediately=False):
        if self.daemon is not None:
            self.daemon.stop(signal.SIGQUIT if immediately else signal.SIGINT)
            self.daemon = None

    def restart(self):
        self.stop()
        return self.start()

    def sql(self, text, database="postgres"):
        """Runs statements and returns what psql -At prints, without the last newline."""
        done = self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, input=text)
        return done.stdout.rstrip("\n")

    def create_database(self, name):
        self.sql(f'CREATE DATABASE "{name}"')

    def conninfo(self, database="postgres"):
        return f"host={self.socket_dir} user=postgres dbname={database}"

    def subdirectory(self, name):
        """A directory that the server's user may write to."""
        path = os.path.join(self.scratch, name)
        os.makedirs(path, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    def remove(self):
        self.stop(immediately=True)
        scratch.remove(self.scratch)
