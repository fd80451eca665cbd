"""install.sh: into a prefix and out again, what it says, and what it does about packages. Packages are
never installed here (tests/clean_machine does): dpkg-query, apt and sudo are played."""
import os
import stat
import subprocess
import time

import lifeboat as lifeboat_module
import pytest

TREE = lifeboat_module.TREE
INSTALL = os.path.join(TREE, "install.sh")
RELEASE = os.path.join(TREE, "build/lifeboat")
TOOLS = ("bash basename cat chmod comm dirname env flock fold grep head id mktemp mv rm sed sort stat "
         "tail tr uname").split()


def run(*args, status=None, path=None, **env):
    done = subprocess.run(
        [INSTALL, *args], capture_output=True, text=True, timeout=600, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, **({"PATH": path} if path else {}), **env})
    if status is not None:
        assert done.returncode == status, (args, done)
    return done


def script(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/bash\n" + text)
    os.chmod(path, 0o755)


@pytest.fixture
def debian(tmp_path):
    """debian(missing, **kwargs): PATH with a Debian on which these packages are missing, driven by an
    ordinary user; what goes through sudo is in .log, and nothing of it happens."""
    play = tmp_path / "play"
    play.mkdir()
    log = tmp_path / "sudo.log"

    def make(missing, unavailable=(), user=1000, apt_status=0):
        script(play, "id", f'if [ "$*" = -u ]; then echo {user}; else exec /usr/bin/id "$@"; fi\n')
        script(play, "dpkg-query",
               f'for m in {" ".join(missing)}; do not[${{#not[@]}}]=$m; done\n'
               'shift 3\nfor p; do case " ${not[*]} " in *" $p "*) ;; *) echo "installed $p";; esac; done\n')
        script(play, "apt-cache",
               f'case " {" ".join(unavailable)} " in *" $2 "*) ;; *) echo "  Candidate: 1.0";; esac\n')
        script(play, "apt-get", f'echo "apt-get $*" >>{log}\n[ "$1" != -s ] || echo "Inst x (1.0)"\n'
               f'case "$*" in *" install "*) [ "$1" = -s ] || exit {apt_status};; esac\nexit 0\n')
        script(play, "sudo", f'echo "sudo $*" >>{log}\n[ "$1" != tee ] || cat >/dev/null\n'
               '[ "$1" = env ] && exec "$@"\nexit 0\n')
        make.log = lambda: log.read_text() if log.exists() else ""
        return f"{play}:{os.environ['PATH']}"
    return make


def test_usage(tmp_path):
    assert "--uninstall" in run("--help", status=0).stdout
    for args in (["--nonsense"], ["--prefix"], ["--prefix", "relative/dir"]):
        done = run(*args, status=2)
        assert done.stderr and not done.stdout


@pytest.mark.seconds(600)
def test_into_a_prefix_and_out_again(tmp_path, debian):
    path, prefix = debian([]), str(tmp_path / "new" / "prefix")
    assert os.path.exists(RELEASE), "make builds it"
    done = run("--prefix", prefix, status=0, path=path)
    assert f"below {prefix}" in done.stdout
    assert "Debian packages" not in done.stdout and debian.log() == ""
    for name in ("bin/lifeboat", "share/lifeboat/runbooks/postgres/restore-dump.yaml",
                 "share/lifeboat/themes/mono.theme", "share/man/man1/lifeboat.1",
                 "share/doc/lifeboat/README.md", "share/doc/lifeboat/docs/mistakes.md",
                 "share/bash-completion/completions/lifeboat", "share/zsh/site-functions/_lifeboat",
                 "share/fish/vendor_completions.d/lifeboat.fish"):
        assert os.path.getsize(os.path.join(prefix, name)) > 100, name
    # It works from there, with nothing of the tree.
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LIFEBOAT_STATE": str(tmp_path / "s")}
    books = subprocess.run([os.path.join(prefix, "bin/lifeboat"), "runbooks"], env=env, cwd="/",
                           capture_output=True, text=True, check=True).stdout
    assert "restore-dump" in books
    where = subprocess.run([os.path.join(prefix, "bin/lifeboat"), "plan", "postgres/restore-dump",
                            "--format", "json"], env=env, cwd="/", capture_output=True, text=True,
                           check=False)
    assert TREE not in where.stdout + where.stderr
    # Once more changes nothing, and builds nothing.
    before = os.stat(RELEASE).st_mtime_ns
    began = time.monotonic()
    run("--prefix", prefix, status=0, path=path)
    assert os.stat(RELEASE).st_mtime_ns == before
    assert time.monotonic() - began < 60
    # What is not ours stays, and what was there before.
    own = os.path.join(prefix, "share/lifeboat/runbooks/own.yaml")
    with open(own, "w", encoding="utf-8") as f:
        f.write("schema: 1\n")
    run("--uninstall", "--prefix", prefix, status=0, path=path)
    left = [os.path.join(d, name) for d, _, names in os.walk(prefix) for name in names]
    assert left == [own]
    os.unlink(own)
    assert debian.log() == ""


@pytest.mark.seconds(600)
def test_uninstall_leaves_an_empty_prefix(tmp_path, debian):
    path, prefix = debian([]), str(tmp_path / "prefix")
    os.mkdir(prefix)
    run("--prefix", prefix, status=0, path=path)
    run("--uninstall", f"--prefix={prefix}", status=0, path=path)
    assert os.listdir(prefix) == []
    done = run("--uninstall", "--prefix", prefix, path=path)
    assert done.returncode in (0, 2) and "Traceback" not in done.stderr


@pytest.mark.seconds(600)
def test_packages_through_sudo(tmp_path, debian):
    """It says what it will install before it does, and goes through sudo for that only."""
    path = debian(["libyaml-dev", "libisal-dev"])
    done = run("--prefix", str(tmp_path / "p"), status=0, path=path)
    assert "libyaml-dev" in done.stdout and "libisal-dev" in done.stdout
    assert done.stdout.index("libyaml-dev") < done.stdout.index("Building")
    log = debian.log()
    calls = [line for line in log.splitlines() if "apt-get" in line and " install " in line]
    assert any(line.startswith("sudo env") and "--no-install-recommends" in line and
               "libyaml-dev" in line for line in calls), log
    assert "sudo tee /usr/sbin/policy-rc.d" in log, "no service may start meanwhile"
    # All the rest of it is written as the user.
    assert os.stat(tmp_path / "p" / "bin" / "lifeboat").st_mode & stat.S_IXUSR


def test_package_that_is_not_to_be_had(tmp_path, debian):
    done = run("--prefix", str(tmp_path / "p"), status=2,
               path=debian(["libyaml-dev"], unavailable=["libyaml-dev"]))
    assert "libyaml-dev" in done.stderr and not os.path.exists(tmp_path / "p" / "bin")


def test_failing_apt_says_where_its_words_are(tmp_path, debian):
    done = run("--prefix", str(tmp_path / "p"), status=2, path=debian(["libyaml-dev"], apt_status=100))
    assert "failed" in done.stderr and "All of it is in " in done.stderr
    os.unlink(done.stderr.split("All of it is in ")[1].split()[0])
    assert not os.path.exists(tmp_path / "p" / "bin")


def test_unknown_system(tmp_path):
    """No apt, no dpkg: what is needed, and no further."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        for directory in ("/usr/bin", "/bin"):
            if os.path.exists(os.path.join(directory, name)):
                os.symlink(os.path.join(directory, name), tools / name)
                break
    done = run("--prefix", str(tmp_path / "p"), status=2, path=str(tools))
    assert "not Debian 12" in done.stderr
    for package in ("gcc", "libyaml-dev", "libncurses-dev", "libpq-dev"):
        assert package in done.stderr.split()
    assert "command not found" not in done.stderr
    assert not os.path.exists(tmp_path / "p")


def test_two_at_once(tmp_path):
    """The second waits for the first, which holds the lock on install.sh itself."""
    with open(INSTALL, "rb") as f:
        import fcntl
        fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
        waiting = subprocess.Popen([INSTALL, "--uninstall", "--prefix", str(tmp_path / "none")],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
    waiting.wait(60)
