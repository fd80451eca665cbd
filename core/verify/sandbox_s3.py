"""A throw-away S3 server: OpenStack Swift with its s3api middleware, four servers in one process.

Started in an empty directory, which it keeps to. On loopback, at ports that nobody else has.
Objects stay in memory, so that the file system needs no extended attributes. When it listens it
writes `credentials`, as AWS's tools read them, and then `port`.
"""
import os
import secrets

import eventlet
eventlet.monkey_patch()
from eventlet import wsgi                                           # noqa: E402
from swift.common import utils                                      # noqa: E402
from swift.common.ring import RingBuilder                           # noqa: E402
from swift.common.wsgi import loadapp                               # noqa: E402

HERE = os.getcwd()
BACKENDS = {"account": "account", "container": "container", "object": "mem_object"}
DEFAULTS = """[DEFAULT]
swift_dir = {here}
devices = {here}/devices
mount_check = false
fallocate_reserve = 0
log_level = ERROR
"""
BACKEND = """[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{egg}
"""
PROXY = """[pipeline:main]
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
user_lifeboat_demo = {secret} .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def write(name, text):
    with open(name + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(name + ".new", name)


def ring(name, port):
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1",
                     "replication_ip": "127.0.0.1", "replication_port": port, "weight": 1.0,
                     "meta": ""})
    builder.rebalance()
    builder.get_ring().save(f"{HERE}/{name}.ring.gz")


def load(name, text):
    write(f"{name}.conf", DEFAULTS.format(here=HERE) + text)
    return loadapp(f"{HERE}/{name}.conf")


def serve(sock, app, log):
    wsgi.server(sock, app, log=log, log_output=False)


def main():
    os.umask(0o077)
    secret = secrets.token_hex(20)
    os.makedirs("devices/d1")
    write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = x\nswift_hash_path_prefix = y\n"
          "[storage-policy:0]\nname = gold\ndefault = yes\n")
    utils.SWIFT_CONF_FILE = HERE + "/swift.conf"
    utils.HASH_PATH_PREFIX, utils.HASH_PATH_SUFFIX = b"y", b"x"
    sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in [*BACKENDS, "proxy"]}
    for name in BACKENDS:
        ring(name, sockets[name].getsockname()[1])
    with open(os.devnull, "w", encoding="ascii") as log:
        for name, egg in BACKENDS.items():
            eventlet.spawn(serve, sockets[name], load(name, BACKEND.format(egg=egg)), log)
        proxy = load("proxy", PROXY.format(secret=secret))
        write("credentials", "[default]\naws_access_key_id = lifeboat:demo\n"
              f"aws_secret_access_key = {secret}\nregion = us-east-1\n")
        write("port", str(sockets["proxy"].getsockname()[1]) + "\n")
        serve(sockets["proxy"], proxy, log)


main()
