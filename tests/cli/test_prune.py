"""Retention and prune: planned by default, confirmed and audited when done."""
import json
import os
import time

import pytest

from backup_site import DAY, Site, stamp


@pytest.fixture
def site(boat):
    return Site(boat)


def daily(site, n, **kwargs):
    names = []
    for i in range(n):
        names.append(f"app_{stamp(i * DAY + 3600)}.dump")
        site.file("pg/" + names[-1], age=i * DAY + 3600, **kwargs)
    return names


def left(site):
    return sorted(os.listdir(os.path.join(site.root, "pg")), reverse=True)


def set_(site, **fields):
    site.set("dump", path="pg/app_{time:%Y%m%d_%H%M%S}.dump", **fields)


def plan(site, *args, status=0):
    done = site.boat.run("prune", "db/dump", "--format", "json", *args, status=status)
    return done.json()[0]


def audit(site):
    with open(os.path.join(site.boat.state, "audit/audit.log"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def test_plan_changes_nothing(site):
    set_(site, keep={"daily": 3})
    names = daily(site, 6)
    p = plan(site)
    assert p["removes"] == 3 and p["removes_bytes"] == 300
    assert {b["id"].split("/")[2]: b["action"] for b in p["backups"]} == {
        **{n: "keep" for n in names[:3]}, **{n: "remove" for n in names[3:]}}
    assert "daily" in p["backups"][0]["kept_by"] and p["backups"][5]["kept_by"] == []
    assert p["rules"] == [{"rule": "daily", "wanted": 3, "have": 3, "missing": 0}]
    assert left(site) == sorted(names, reverse=True)
    text = site.boat.run("prune", status=0).out
    assert text.count("REMOVE") == 3 and "3 would go" in text
    assert not os.path.exists(os.path.join(site.boat.state, "audit"))


def test_what_is_missing_is_said(site):
    set_(site, keep={"daily": 7, "yearly": 7})
    daily(site, 2)
    rules = {r["rule"]: r for r in plan(site)["rules"]}
    assert rules["daily"]["missing"] == 5 and rules["yearly"]["missing"] >= 5
    assert "not so many yet" in site.boat.run("prune").out


def test_execute_needs_confirmation(site):
    set_(site, keep={"daily": 3})
    names = daily(site, 6)
    for args in (["--execute"], ["--execute", "--confirm", "yes"],
                 ["--execute", "--confirm", "db/other"]):
        done = site.boat.run("prune", "db/dump", *args, status=3)
        assert "not confirmed" in done.err and "--confirm db/dump" in done.err
    assert left(site) == sorted(names, reverse=True)


def test_execute(site):
    set_(site, keep={"daily": 3})
    names = daily(site, 6)
    for suffix in (".sha256", "-globals.sql"):
        site.file("pg/" + names[5] + suffix)
        site.file("pg/" + names[0] + suffix)
    done = site.boat.run("prune", "db/dump", "--execute", "--confirm", "db/dump", status=0)
    assert "3 removed" in done.out
    assert left(site) == sorted(names[:3] + [names[0] + ".sha256", names[0] + "-globals.sql"],
                                reverse=True)
    records = audit(site)
    intent = next(r for r in records if r["event"] == "prune.intent")
    ended = next(r for r in records if r["event"] == "prune.done")
    assert intent["seq"] < ended["seq"]
    assert sorted(intent["data"]["objects"]) == sorted("pg/" + n for n in names[3:])
    assert intent["data"]["set"] == "dump" and "@" in intent["actor"]
    site.boat.run("audit", "verify", status=0)
    assert site.row(refresh=False)["count"] == 3  # the catalog knows
    assert "0 would go" in site.boat.run("prune").out


def test_no_audit_no_action(site):
    set_(site, keep={"daily": 3})
    names = daily(site, 6)
    os.makedirs(site.boat.state, exist_ok=True)
    with open(os.path.join(site.boat.state, "audit"), "w", encoding="ascii"):
        pass  # a file where the directory should be
    done = site.boat.run("prune", "--execute", "--confirm", "db/dump", status=3)
    assert "record" in done.err
    assert left(site) == sorted(names, reverse=True)


def test_read_only(site):
    set_(site, keep={"daily": 3})
    names = daily(site, 6)
    site.boat.run("collect", status=0)
    assert "3 would go" in site.boat.run("prune", "--read-only", status=0).out
    site.boat.run("prune", "--read-only", "--execute", "--confirm", "db/dump", status=3)
    assert left(site) == sorted(names, reverse=True)


def test_failing_backups_never_take_the_last_good_one(site):
    """Ninety days of empty files behind one good backup: age alone would take it."""
    set_(site, keep={"for": "7d"}, minimum_size=50)
    good = f"app_{stamp(90 * DAY)}.dump"
    site.file("pg/" + good, age=90 * DAY)
    for i in range(1, 5):
        site.file(f"pg/app_{stamp(i * DAY)}.dump", b"", age=i * DAY)
    p = plan(site)
    assert p["removes"] == 0
    kept = {b["id"].split("/")[2]: b["kept_by"] for b in p["backups"]}
    assert kept[good] == ["the last good one"]


def test_bad_ones_behind_a_good_one_may_go(site):
    set_(site, keep={"at_least": 2}, minimum_size=50)
    names = daily(site, 4)
    site.file("pg/" + names[2], b"", age=2 * DAY)
    p = plan(site)
    assert [b["action"] for b in p["backups"]] == ["keep", "keep", "remove", "remove"]


def test_hold(site):
    names = daily(site, 5)
    set_(site, keep={"at_least": 1, "hold": [names[3], "*_000000.dump"]})
    actions = {b["id"].split("/")[2]: b["action"] for b in plan(site)["backups"]}
    assert actions[names[3]] == "keep" and actions[names[2]] == "remove"
    site.boat.run("prune", "db/dump", "--execute", "--confirm", "db/dump", status=0)
    assert left(site) == sorted([names[0], names[3]], reverse=True)


def test_the_last_proven_one_stays(site):
    set_(site, keep={"at_least": 1})
    names = daily(site, 5)
    row = next(b for b in site.boat.run("backups", "--format", "jsonl", "--refresh").lines()
               if b["name"] == names[3])
    detail = site.boat.run("show", row["id"], "--format", "json").json()
    proofs = os.path.join(site.boat.state, "proofs")
    os.makedirs(proofs, exist_ok=True)
    with open(os.path.join(proofs, "db+dump.jsonl"), "w", encoding="ascii") as f:
        f.write(json.dumps({
            "kind": "proof", "backup": row["id"], "etag": "", "size_bytes": detail["size_bytes"],
            "mtime": detail["modified_at"], "finished_at": detail["finished_at"],
            "level": "intact", "result": "pass", "at": detail["finished_at"], "by": "x",
            "checks": []}) + "\n")
    kept = {b["id"].split("/")[2]: b["kept_by"] for b in plan(site)["backups"]}
    assert kept[names[3]] == ["the last proven one"] and kept[names[2]] == []


def test_no_retention_keeps_all(site):
    set_(site)
    daily(site, 3)
    assert "No set has a retention" in site.boat.run("prune", status=0).out
    assert plan(site)["removes"] == 0
    set_(site, keep={"hold": ["x"]})
    assert plan(site)["removes"] == 0


def test_unreadable_location_lets_nothing_go(site):
    set_(site, keep={"at_least": 1})
    daily(site, 3)
    site.boat.run("collect", status=0)
    os.rename(site.root, site.root + ".away")
    p = plan(site, "--execute", "--confirm", "db/dump")
    assert p["removes"] == 0 and "could not be read" in p["nothing"]


def test_directories_go_whole(site):
    site.set("dump", type="files", path="pg/snap_{time:%Y%m%d}", keep={"at_least": 1})
    for i in range(3):
        name = time.strftime("snap_%Y%m%d", time.gmtime(time.time() - i * DAY))
        site.file(f"pg/{name}/sub/x.yaml", age=i * DAY)
        site.file(f"pg/{name}/y.yaml", age=i * DAY)
    site.boat.run("prune", "db/dump", "--execute", "--confirm", "db/dump", status=0)
    assert len(left(site)) == 1


def test_tools_expire_their_own(site):
    os.makedirs(os.path.join(site.root, "main/base"))
    site.set("dump", type="barman", path="main", database="main", keep={"at_least": 2})
    p = plan(site, "--execute", "--confirm", "db/dump")
    assert p["removes"] == 0 and "barman" in p["tool"]


def test_what_cannot_be_removed(site):
    set_(site, keep={"at_least": 1})
    names = daily(site, 3)
    if os.geteuid() == 0:
        pytest.skip("root may remove everything")
    os.chmod(os.path.join(site.root, "pg"), 0o500)
    done = site.boat.run("prune", "--execute", "--confirm", "db/dump", status=1)
    os.chmod(os.path.join(site.root, "pg"), 0o700)
    assert "could not be removed" in done.err and left(site) == sorted(names, reverse=True)
    assert any(r["event"] == "prune.failed" for r in audit(site))
