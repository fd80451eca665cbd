"""docs/site.md: its example is a site file that works, and no field of the site file is missing."""
import json
import os
import re

import lifeboat as lifeboat_module
import pytest

from backup_site import stamp

PAGE = os.path.join(lifeboat_module.TREE, "docs/site.md")
SCHEMA = os.path.join(lifeboat_module.TREE, "runbooks/site.schema.json")


@pytest.fixture(scope="module")
def page():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


@pytest.fixture
def example(page, boat):
    text, = re.findall(r"^```yaml\n(.*?)^```$", page, re.S | re.M)
    root = os.path.join(boat.dir, "backup")
    text = text.replace("directory: /backup", f"directory: {root}")
    # Servers of others are not asked: they would only have to be waited for.
    text = text.replace("region: us-east-1", "endpoint: http://127.0.0.1:1")
    text = text.replace("https://minio.example.com:9000", "https://127.0.0.1:1")
    boat.write("site.yaml", text)
    return root


def test_example_is_accepted(boat, example):
    assert boat.run("lint", boat.site, status=0).err == ""


def test_example_is_collected(boat, example):
    """What is there is found by its name; what can't be asked is UNKNOWN, with a reason."""
    name = f"postgresql/daily/aragora_{stamp(0)}.dump"
    for path in (name, name + ".sha256", "redis/rdb/a.rdb", f"config/etc_{stamp(0)[:8]}.tar.gz"):
        os.makedirs(os.path.dirname(os.path.join(example, path)), exist_ok=True)
        with open(os.path.join(example, path), "wb") as f:
            f.write(b"-- x\n" * 2_500_000 if path == name else b"x")
    env = {"MINIO_ACCESS_KEY_ID": "a", "MINIO_SECRET_ACCESS_KEY": "b"}
    board = boat.run("board", "--refresh", "--format", "json", env=env, status=2).json()
    rows = {f"{s['asset']}/{s['set']}": s for s in board["sets"]}
    assert rows["aragora-db/daily-dump"]["newest"]["name"] == os.path.basename(name)
    assert rows["aragora-db/daily-dump"]["count"] == 1
    assert rows["aragora-db/daily-dump"]["newest"]["time_from"] == "name"
    assert rows["aragora-db/daily-dump"]["age_s"] < 3 * 3600, "two hours off at most, in Berlin"
    assert rows["cache/rdb"]["count"] == rows["configuration/etc"]["count"] == 1
    for other in ("namespaces/nightly", "models/artifacts", "aragora-db/wal"):
        assert rows[other]["verdict"] == "unknown" and rows[other]["reasons"], rows[other]
    assert rows["aragora-db/daily-dump"]["copies"][0]["verdict"] == "unknown"
    assert {s["type"] for s in board["sets"]} == set(types())


def types():
    found = []

    def walk(node):
        if isinstance(node, dict):
            if "pg_dump" in node.get("enum", []):
                found.extend(node["enum"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    with open(SCHEMA, encoding="utf-8") as f:
        walk(json.load(f))
    return found


def fields(node):
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for value in node.values():
            yield from fields(value)
    elif isinstance(node, list):
        for value in node:
            yield from fields(value)


def test_no_field_is_missing(page):
    with open(SCHEMA, encoding="utf-8") as f:
        names = set(fields(json.load(f)))
    assert len(names) > 40
    prose = re.sub(r"^```yaml\n.*?^```$", "", page, flags=re.S | re.M)
    headings = set(re.findall(r"^#+ (.*)$", prose, re.M))
    told = {word for code in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"\w+", code)}
    told |= {word for heading in headings for word in heading.split()}
    assert sorted(n for n in names if n not in told) == []
    for type_ in types():
        assert f"| `{type_}` |" in prose
