"""s3_server: a throw-away S3 server: OpenStack Swift with its s3api middleware.

    server = S3Server()              # four processes, three seconds
    server.endpoint                  # http://127.0.0.1:PORT; server.https_endpoint with tls=True
    server.client()                  # s3_client.S3Client
    server.environment()             # AWS_* for our program and other people's

The colon in the access key must survive: libcurl's user:password option splits there.
"""
import os
import shutil
import socket
import subprocess
import urllib.request

import s3_client
import scratch
import tls

ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing", "us-east-1"
BACKENDS = ("account", "container", "object")

SWIFT_CONF = """[swift-hash]
swift_hash_path_suffix = x
swift_hash_path_prefix = y
[storage-policy:0]
name = gold
default = yes
"""

BACKEND_CONF = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {etc}
devices = {devices}
mount_check = false
fallocate_reserve = 0
log_level = ERROR
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY_CONF = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {etc}
log_level = ERROR
{tls}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def available():
    return all(shutil.which(f"swift-{n}-server") for n in BACKENDS + ("proxy",))


class S3Server:
    def __init__(self, with_tls=False):
        if not available():
            raise RuntimeError("Swift's servers are not installed")
        self.user = scratch.unprivileged("swift")
        where = next((d for d in ("/tmp", "/var/tmp") if scratch.supports_xattr(d)), None)
        if where is None:
            raise RuntimeError("no temporary directory keeps extended attributes for Swift")
        self.directory = scratch.directory(self.user, where)
        self.etc = os.path.join(self.directory, "etc")
        self.devices = os.path.join(self.directory, "devices")
        os.makedirs(self.etc)
        os.makedirs(os.path.join(self.devices, "d1"))
        self.daemons, self.ports, self.tls = [], {}, None
        self._write("swift.conf", SWIFT_CONF)
        for name in BACKENDS:
            self._backend(name)
        self._proxy("proxy", "")
        if with_tls:
            self.tls = tls.Authority(self.directory)
            cert, key = self.tls.certificate()
            self._proxy("https", f"cert_file = {cert}\nkey_file = {key}")
        self._own()
        self._start()

    def _write(self, name, text):
        path = os.path.join(self.etc, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def _backend(self, name):
        port = self.ports[name] = scratch.free_port()
        builder = os.path.join(self.etc, name + ".builder")
        for args in (("create", "4", "1", "0"), ("add", f"r1z1-127.0.0.1:{port}/d1", "1"),
                     ("rebalance",)):
            # Status 1 means "done, with a warning" (one device can't be balanced).
            done = subprocess.run(["swift-ring-builder", builder, *args], capture_output=True,
                                  text=True, check=False)
            if done.returncode > 1:
                raise RuntimeError(f"swift-ring-builder {args}: {done.stdout}{done.stderr}")
        self._write(f"{name}-server.conf", BACKEND_CONF.format(
            name=name, port=port, user=self.user.pw_name, etc=self.etc, devices=self.devices))

    def _proxy(self, name, tls_lines):
        port = self.ports[name] = scratch.free_port()
        self._write(f"{name}-server.conf", PROXY_CONF.format(
            port=port, user=self.user.pw_name, etc=self.etc, tls=tls_lines))

    def _own(self):
        if os.geteuid() != 0:
            return
        for root, dirs, files in os.walk(self.directory):
            for name in dirs + files:
                os.chown(os.path.join(root, name), self.user.pw_uid, self.user.pw_gid)

    def _start(self):
        env = {"PATH": os.environ["PATH"], "HOME": self.directory, "LANG": "C.UTF-8"}
        for name in BACKENDS:
            self._daemon(name, f"swift-{name}-server", env)
        for name in ("proxy", "https"):
            if name in self.ports:
                self._daemon(name, "swift-proxy-server", env)
        for daemon in self.daemons:
            daemon.wait_ready(self._ready, 60)

    def _daemon(self, name, program, env):
        self.daemons.append(scratch.Daemon(
            program, [shutil.which(program), os.path.join(self.etc, f"{name}-server.conf")],
            os.path.join(self.directory, f"{name}.log"), user=self.user, env=env))

    def _ready(self):
        try:
            for port in self.ports.values():
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            with urllib.request.urlopen(self.endpoint + "/info", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports['proxy']}"

    @property
    def https_endpoint(self):
        return f"https://localhost:{self.ports['https']}"

    @property
    def ca_file(self):
        return self.tls.ca_file

    def client(self):
        return s3_client.S3Client(self.endpoint, ACCESS_KEY, SECRET_KEY, REGION)

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()
        self.daemons = []

    def remove(self):
        self.stop()
        scratch.remove(self.directory)
