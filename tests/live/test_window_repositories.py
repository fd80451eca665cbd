"""`lifeboat window` over the repositories of pgBackRest and Barman, made by the real tools."""
import os
import re
import shutil

import pytest

import scratch
import wal_cluster
from wal_cluster import lsn, micros, rfc


def tool(name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module", params=["none", "gz", "lz4", "zst"])
def pgbackrest(request):
    tool("pgbackrest")
    c = wal_cluster.WalCluster(16, start=False)
    c.repo = c.server.subdirectory("repo")
    logs = c.server.subdirectory("logs")
    config = os.path.join(c.server.scratch, "pgbackrest.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"[global]\nrepo1-path={c.repo}\nlog-path={logs}\nlock-path={logs}\n"
                f"spool-path={logs}\nstart-fast=y\ncompress-type={request.param}\n"
                f"repo1-retention-full=9\n[demo]\npg1-path={c.server.data}\n"
                f"pg1-socket-path={c.server.socket_dir}\npg1-user=postgres\n")
    os.chmod(config, 0o644)
    c.tool = ["pgbackrest", f"--config={config}", "--stanza=demo"]
    c.server.configure({"archive_command": " ".join(c.tool) + " archive-push %p"})
    c.server.start()
    c.server.run(*c.tool, "stanza-create")
    c.sql("CREATE TABLE record (label text)")
    c.commit("before")
    c.server.run(*c.tool, "backup", "--type=full")
    c.commit("a")
    c.sql("SELECT pg_switch_wal()")
    c.server.run(*c.tool, "backup", "--type=diff")
    c.commit("b")
    c.commit("c")
    c.server.run(*c.tool, "check")  # switches, and waits for the archive
    yield c
    c.remove()


def site(boat, kind, directory, extra=""):
    boat.write("site.yaml", f"""
site: test
locations: {{repo: {{directory: {directory}}}}}
assets:
  db:
    sets:
      all: {{type: {kind}, location: repo, rpo: 1d{extra}}}
""")


def test_pgbackrest(boat, pgbackrest):
    site(boat, "pgbackrest", pgbackrest.repo)
    w = boat.run("window", "db", "--format", "json", status=0).json()
    record = {r.label: r for r in pgbackrest.record}
    info = pgbackrest.server.run(*pgbackrest.tool, "info", "--output=json").stdout
    assert w["system_identifier"] == re.search(r'"system-id":(\d+)', info)[1]
    labels = [b["name"] for b in w["backups"]]
    assert labels == re.findall(r'"label":"([^"]+)"', info)
    assert [x["base_backup"] for x in w["windows"]] == labels
    assert {x["latest"] for x in w["windows"]} == {rfc(record["c"].at)}
    assert micros(w["windows"][0]["earliest"]) >= record["before"].at
    answer = boat.run("window", "db", "--format", "json", "--at", rfc(record["b"].at),
                      status=0).json()["at"]
    assert answer["base_backup"] == labels[-1] and answer["stops_before"]["xid"] == record["c"].xid


def test_pgbackrest_restores_to_the_moment(boat, pgbackrest):
    """Through its own tool, with the target that the answer gives."""
    site(boat, "pgbackrest", pgbackrest.repo)
    record = {r.label: r for r in pgbackrest.record}
    target = boat.run("window", "db", "--format", "json", "--at", rfc(record["b"].at),
                      status=0).json()["at"]["target"]
    base = pgbackrest.server.subdirectory("bases/restored")
    pgbackrest.server.run(*pgbackrest.tool, f"--pg1-path={base}", "restore")
    os.unlink(os.path.join(base, "recovery.signal"))
    name = f"r{len(pgbackrest.restores)}"
    data = os.path.join(pgbackrest.server.subdirectory("restored"), name)
    command = " ".join(pgbackrest.tool) + f' --pg1-path={data} archive-get %f "%p"'
    server = pgbackrest.restore_target(base, name, target, command=command)
    assert pgbackrest.labels(server) == {"before", "a", "b"}
    server.stop()
    shutil.rmtree(base)


def test_pgbackrest_gap(boat, pgbackrest):
    archive = os.path.join(pgbackrest.repo, "archive/demo/15-1/0000000100000000")
    segments = sorted(n for n in os.listdir(archive) if re.match("[0-9A-F]{24}-", n))
    aside = os.path.join(pgbackrest.server.scratch, segments[3])
    site(boat, "pgbackrest", pgbackrest.repo)
    w = boat.run("window", "db", "--format", "json", status=0).json()
    os.rename(os.path.join(archive, segments[3]), aside)
    for name in segments:
        if name != segments[3]:
            os.utime(os.path.join(archive, name), (1, 1))
    try:
        w = boat.run("window", "db", "--format", "json", status=1).json()
        assert [(g["from"], g["count"]) for g in w["gaps"]] == [(segments[3][:24], 1)]
    finally:
        os.rename(aside, os.path.join(archive, segments[3]))


def test_pgbackrest_unreadable(boat, pgbackrest, tmp_path):
    repo = tmp_path / "repo"
    shutil.copytree(pgbackrest.repo, repo)
    site(boat, "pgbackrest", repo)
    (repo / "backup/demo/backup.info").write_bytes(b"Salted__" + os.urandom(100))
    assert "encrypted" in boat.run("window", "db", status=2).err
    os.mkdir(repo / "backup/other")
    assert "2 stanzas" in boat.run("window", "db", status=2).err
    site(boat, "pgbackrest", repo, ", database: demo")
    assert "encrypted" in boat.run("window", "db", status=2).err
    site(boat, "pgbackrest", tmp_path)
    assert "no repository" in boat.run("window", "db", status=2).err


@pytest.fixture(scope="module", params=["", "gzip", "bzip2"])
def barman(request):
    tool("barman")
    c = wal_cluster.WalCluster(16, start=False)
    c.home = c.server.subdirectory("barman")
    config = os.path.join(c.server.scratch, "barman.conf")
    compression = f"compression = {request.param}\n" if request.param else ""
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"[barman]\nbarman_home = {c.home}\nbarman_user = {c.server.user.pw_name}\n"
                f"log_file = {c.server.scratch}/barman.log\npath_prefix = {c.server.bin}\n"
                f"{compression}[main]\ndescription = main\nbackup_method = postgres\n"
                f"archiver = on\nbackup_options = concurrent_backup\nminimum_redundancy = 0\n"
                f"immediate_checkpoint = true\n"
                f"conninfo = {c.server.conninfo()}\nstreaming_conninfo = {c.server.conninfo()}\n")
    os.chmod(config, 0o644)
    c.tool = ["barman", "-c", config]
    incoming = os.path.join(c.home, "main/incoming")
    c.server.configure({"archive_command": f"test ! -f {incoming}/%f && cp %p {incoming}/%f"})
    c.server.start()
    os.makedirs(incoming)
    c.own(c.home)
    c.sql("CREATE TABLE record (label text)")
    c.commit("before")
    take_in(c)
    c.server.run(*c.tool, "backup", "main")
    for label in ("a", "b"):
        c.commit(label)
        take_in(c)
    yield c
    c.remove()


def take_in(cluster):
    """Ends the segment and has Barman file it."""
    name = cluster.sql("SELECT pg_walfile_name(pg_switch_wal())")
    where = os.path.join(cluster.home, "main/wals", name[:16], name)

    def filed():
        # It makes its directories when it is first asked to do anything.
        cluster.server.run(*cluster.tool, "check", "main", check=False)
        cluster.server.run(*cluster.tool, "archive-wal", "main", check=False)
        return os.path.exists(where)
    scratch.wait_for(filed, 60, f"{name} in Barman's archive")


@pytest.mark.parametrize("below", ["", "main"])
def test_barman(boat, barman, below):
    site(boat, "barman", os.path.join(barman.home, below))
    w = boat.run("window", "db", "--format", "json", status=0).json()
    record = {r.label: r for r in barman.record}
    assert len(w["windows"]) == 1 and w["windows"][0]["latest"] == rfc(record["b"].at)
    backup = w["backups"][0]
    assert backup["form"] == "barman" and backup["usable"]
    listed = barman.server.run(*barman.tool, "list-backup", "main", "--minimal").stdout.split()
    assert [b["name"] for b in w["backups"]] == listed
    info = barman.server.run(*barman.tool, "show-backup", "main", "latest").stdout
    assert backup["start_lsn"] == re.search(r"Begin LSN\s*: (\S+)", info)[1]
    assert lsn(backup["stop_lsn"]) >= lsn(backup["start_lsn"])
    answer = boat.run("window", "db", "--format", "json", "--at", rfc(record["a"].at),
                      status=0).json()["at"]
    assert answer["stops_before"]["xid"] == record["b"].xid


def test_barman_failed_backup(boat, barman, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(barman.home, home, ignore=shutil.ignore_patterns("pg_wal"))
    site(boat, "barman", home)
    info = next((home / "main/base").iterdir()) / "backup.info"
    info.write_text(info.read_text().replace("status=DONE", "status=FAILED"))
    done = boat.run("window", "db", "--format", "json", status=1)
    assert "FAILED" in done.json()["backups"][0]["why"]
    info.write_text("begin_xlog=nonsense\n")
    assert "no position" in boat.run("window", "db", status=1).out
