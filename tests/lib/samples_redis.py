"""samples_redis: RDB and append-only files with every type of value, made by Redis itself."""
import os
import shutil
import subprocess


def fill(server):
    commands = []
    for i in range(1000):
        commands.append(f"SET k{i} {'x' * (i % 300)}{i}")
    for i in range(200):
        commands += [f"RPUSH l{i % 5} {'abc' * i} {i}", f"ZADD z{i % 3} {i * 1.5} m{i}",
                     f"SADD numbers {i}", f"XADD stream * a {i} b {i * 2}"]
    for i in range(1500):
        commands += [f"HSET h{i % 4} f{i} v{i}", f"SADD words w{i}"]
    commands += ["RPUSH big " + "y" * 20000, "SADD few a b c", "HSET small a 1 b 2",
                 "ZADD ends inf a -inf b 0.1 c", "SET expires 1 EX 100000", "SETBIT bits 100000 1",
                 "PFADD hll a b c", "XGROUP CREATE stream g 0",
                 "XREADGROUP GROUP g consumer COUNT 10 STREAMS stream >", "XADD short * a 1",
                 "XDEL stream 0-1", "GEOADD geo 13.4 52.5 Berlin",
                 "SELECT 3", "SET x y", "MULTI", "SET m 1", "INCR m", "EXEC"]
    subprocess.run(["redis-cli", "-s", server.socket], input="\n".join(commands), text=True,
                   stdout=subprocess.DEVNULL, check=True)
    server.cli("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', "
                                   "function(keys, args) return 1 end)")


def make(factory, out):
    made = {}

    def keep(server, name):
        made[name] = shutil.copy(server.save(), os.path.join(out, name))

    plain = factory()
    fill(plain)
    keep(plain, "rdb")
    plain.cli("CONFIG", "SET", "rdbcompression", "no")
    keep(plain, "rdb-uncompressed")
    plain.cli("CONFIG", "SET", "hash-max-listpack-entries", "0", "set-max-intset-entries", "0",
              "zset-max-listpack-entries", "0", "list-max-listpack-size", "1")
    plain.cli("DEBUG", "RELOAD", check=False)
    keep(plain, "rdb-other-encodings")
    nosum = factory(settings=["--rdbchecksum", "no"])
    fill(nosum)
    keep(nosum, "rdb-no-checksum")
    empty = factory()
    keep(empty, "rdb-empty")
    for name, settings in (("aof", ["--aof-timestamp-enabled", "yes"]),
                           ("aof-plain-base", ["--aof-use-rdb-preamble", "no"])):
        server = factory(appendonly=True, settings=settings)
        fill(server)
        if name == "aof-plain-base":
            _rewrite(server)
            server.cli("SET", "after", "rewrite")
        server.stop()
        made[name] = shutil.copytree(os.path.join(server.data, "appendonlydir"),
                                     os.path.join(out, name))
    fresh = factory(appendonly=True)
    fill(fresh)
    _rewrite(fresh)
    fresh.stop()
    made["aof-rewritten"] = shutil.copytree(os.path.join(fresh.data, "appendonlydir"),
                                            os.path.join(out, "aof-rewritten"))
    return made


def _rewrite(server):
    import scratch
    server.cli("BGREWRITEAOF")
    scratch.wait_for(lambda: "aof_rewrite_in_progress:0" in server.cli("INFO").stdout
                     and "aof_last_bgrewrite_status:ok" in server.cli("INFO").stdout
                     and "aof_rewrite_scheduled:0" in server.cli("INFO").stdout, 30, "the rewrite")
