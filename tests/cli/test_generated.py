"""What is made from the command table: the manual page and the completions of three shells."""
import os
import re
import shutil
import subprocess

import pytest

import lifeboat


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def commands(boat):
    return [line.split()[0] for line in boat.run("help", status=0).out.splitlines()
            if re.match(r"  [a-z]", line)]


def options(boat, command):
    return re.findall(r"^  (?:-\w, )?(--[a-z0-9-]+)", boat.run(command, "--help", status=0).out,
                      re.M)


def test_man_has_everything(boat):
    page = boat.run("__man", status=0).out.replace("\\-", "-")
    for command in commands(boat):
        assert f'.SS "lifeboat {command}' in page
        for option in options(boat, command):
            assert option in page
    for section in ("EXIT STATUS", "ENVIRONMENT", "FILES", "KEYS"):
        assert f".SH {section}" in page or f'.SH "{section}"' in page


def test_man_is_clean(boat, tmp_path):
    need("mandoc")
    page = tmp_path / "lifeboat.1"
    page.write_text(boat.run("__man", status=0).out, encoding="utf-8")
    done = subprocess.run(["mandoc", "-T", "lint", str(page)], capture_output=True, text=True,
                          check=False)
    assert done.stdout + done.stderr == ""


def test_completion_of_an_unknown_shell(boat):
    done = boat.run("completion", "csh", status=2)
    assert "csh" in done.err and "bash, zsh, fish" in done.err


@pytest.fixture
def site(boat):
    """A site with a set of two dumps and a target."""
    backup = os.path.join(boat.dir, "backup")
    os.makedirs(backup)
    for name in ("db_20261101_020000.dump", "db_20261102_020000.dump"):
        with open(os.path.join(backup, name), "wb") as f:
            f.write(b"PGDMP" + b"x" * 100)
    boat.write("site.yaml", f"""\
site: s
locations: {{local: {{directory: {backup}}}}}
targets: {{scratch: {{sandbox: postgresql}}}}
assets:
  main-db: {{sets: {{daily: {{type: pg_dump, location: local, rpo: 24h,
             path: "db_{{time:%Y%m%d_%H%M%S}}.dump"}}}}}}
""")
    boat.run("collect")
    return boat


def bash(boat, tmp_path, line):
    """What bash offers behind this line; the program's own directory is on its PATH."""
    script = tmp_path / "completion.bash"
    script.write_text(boat.run("completion", "bash", status=0).out, encoding="utf-8")
    words = line.split(" ")
    quoted = " ".join(f"'{w}'" for w in words)
    code = (f"compopt() {{ :; }}; source {script}; COMP_WORDS=({quoted}); "
            f"COMP_CWORD={len(words) - 1}; _lifeboat; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    env = {**boat.env, "LIFEBOAT_SITE": boat.site,
           "PATH": os.path.dirname(lifeboat.binary()) + ":" + boat.env["PATH"]}
    done = subprocess.run(["bash", "--norc", "-c", code], env=env, cwd=boat.dir, text=True,
                          capture_output=True, check=True)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_bash_completes(site, tmp_path):
    assert bash(site, tmp_path, "lifeboat ver") == ["verify", "version"]
    assert "--level" in bash(site, tmp_path, "lifeboat verify --le")
    assert bash(site, tmp_path, "lifeboat board --format ") == ["text", "json"]
    assert bash(site, tmp_path, "lifeboat board --format j") == ["json"]
    assert bash(site, tmp_path, "lifeboat board --format = j") == ["json"]
    assert bash(site, tmp_path, "lifeboat backups ma") == ["main-db", "main-db/daily"]
    assert bash(site, tmp_path, "lifeboat show main-db/daily/db_20261102") == [
        "main-db/daily/db_20261102_020000.dump"]
    assert "site.yaml" in bash(site, tmp_path, "lifeboat board --site s")
    assert bash(site, tmp_path, "lifeboat help aud") == ["audit"]
    for command in commands(site):
        for option in options(site, command):
            assert option in bash(site, tmp_path, f"lifeboat {command} --")


def test_hostile_names_are_not_offered(site, tmp_path):
    backup = os.path.join(site.dir, "backup")
    odd = os.path.join(backup, "db_20261103_020000.dump\x1b[2J")
    with open(odd, "wb") as f:
        f.write(b"PGDMP" + b"x" * 100)
    site.run("collect")
    done = site.run("__complete", "backup", "main-db", status=0)
    assert "\x1b" not in done.out and "db_20261102" in done.out


def test_dynamic_words_never_fail(boat):
    """No site file, no catalog, an unknown kind: nothing to offer, and no complaint."""
    for kind in ("backup", "asset", "run", "target", "nonsense"):
        done = boat.run("__complete", kind, status=0)
        assert done.out == "" and done.err == ""
    assert "board" in boat.run("__complete", "command", status=0).out.split()


def test_zsh_parses(boat, tmp_path):
    need("zsh")
    script = tmp_path / "_lifeboat"
    script.write_text(boat.run("completion", "zsh", status=0).out, encoding="utf-8")
    subprocess.run(["zsh", "-n", str(script)], check=True)


def zsh(boat, tmp_path, line):
    """Types the line and a Tab into a real zsh on a pseudo-terminal; what it then holds."""
    (tmp_path / "_lifeboat").write_text(boat.run("completion", "zsh", status=0).out,
                                        encoding="utf-8")
    code = f"""
zmodload zsh/zpty
zpty shell zsh -f -i
read_until() {{ local all= part; repeat 500; do
    zpty -r -t shell part && all+=$part || sleep 0.01
    [[ $all == *$1* ]] && break
  done; print -r -- "$all" }}
zpty -w shell 'PS1=; fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -D'
zpty -w shell 'show() {{ print -r -- "<<$BUFFER>>"; BUFFER= }}; zle -N show; bindkey "^X" show'
zpty -w shell 'print re''ady'
read_until ready >/dev/null
zpty -w -n shell $'{line}\\t\\x18'
read_until '>>'
"""
    env = {**boat.env, "LIFEBOAT_SITE": boat.site, "TERM": "dumb",
           "PATH": os.path.dirname(lifeboat.binary()) + ":" + boat.env["PATH"]}
    done = subprocess.run(["zsh", "-f", "-c", code], env=env, cwd=boat.dir, text=True,
                          capture_output=True, check=False)
    match = re.search(r"<<(.*?)>>", done.stdout, re.S)
    assert match, done.stdout + done.stderr
    return match.group(1).strip()


def test_zsh_completes(site, tmp_path):
    need("zsh")
    assert zsh(site, tmp_path, "lifeboat backu") == "lifeboat backups"
    assert zsh(site, tmp_path, "lifeboat show main-db/daily/db_20261102") == (
        "lifeboat show main-db/daily/db_20261102_020000.dump")
    assert zsh(site, tmp_path, "lifeboat board --format j") == "lifeboat board --format json"


def test_fish_completes(site, tmp_path):
    need("fish")
    script = tmp_path / "lifeboat.fish"
    script.write_text(site.run("completion", "fish", status=0).out, encoding="utf-8")

    def fish(line):
        env = {**site.env, "LIFEBOAT_SITE": site.site,
               "PATH": os.path.dirname(lifeboat.binary()) + ":" + site.env["PATH"]}
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"], env=env,
            cwd=site.dir, text=True, capture_output=True, check=True)
        return [text.split("\t")[0] for text in done.stdout.splitlines()]
    assert "verify" in fish("lifeboat ver")
    assert fish("lifeboat board --format j") == ["json"]
    assert "main-db/daily/db_20261102_020000.dump" in fish("lifeboat show main-db/daily/db")
