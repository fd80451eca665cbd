"""docs/pitr.md: every command of the walk, as it stands."""
import os
import re
import subprocess

import pytest

import lifeboat
import scratch

PAGE = os.path.join(lifeboat.TREE, "docs/pitr.md")

# The simulator's own accident is one, ours the second.
ARCHIVED = """for i in $(seq 300); do
    found=$(lifeboat moment aragora-db --around "$(date -u +%FT%TZ)" --table content_jobs --format json |
        grep -c '"moment"') || true
    if test "$found" -ge 2; then break; fi
    sleep 0.2
done"""


@pytest.mark.seconds(400)
def test_the_walk(boat):
    with open(PAGE, encoding="utf-8") as f:
        blocks = re.findall(r"^```sh\n(.*?)^```$", f.read(), re.M | re.S)
    assert len(blocks) > 8
    tmp = scratch.directory()
    os.chmod(tmp, 0o711)
    os.symlink(lifeboat.binary(), os.path.join(tmp, "lifeboat"))
    # Only where things are differs from what a reader types, and how long the archiver may take.
    script = "set -euo pipefail\n" + "\n".join(blocks).replace("/tmp/boat", f"{tmp}/boat")
    script = script.replace("sleep 2", ARCHIVED)
    home = {k: v for k, v in boat.env.items() if k != "LIFEBOAT_STATE"}
    try:
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp, text=True, capture_output=True, timeout=380, check=False,
            env={**home, "PATH": f"{tmp}:{os.environ['PATH']}", "TMPDIR": tmp})
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        assert "DROP public.content_jobs in aragora" in done.stdout
        assert re.search(r"^lsn:[0-9A-F]+/[0-9A-F]+$", done.stdout, re.M)
        walk = done.stdout[done.stdout.index("DROP TABLE"):]
        assert re.search(r"count *\n-+\n +9000\n", walk) and "written since" in walk
    finally:
        if os.path.exists(f"{tmp}/boat"):
            boat.run("demo", "--remove", f"{tmp}/boat",
                     env={"LIFEBOAT_STATE": boat.dir + "/.local/state/lifeboat"})
        scratch.remove(tmp)
