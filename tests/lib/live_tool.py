"""live_tool: runs a driver of tests/live (tests/live/NAME.c, built by `make live`)."""
import json
import os
import subprocess

import lifeboat

ENV = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent",
       "ASAN_OPTIONS": "exitcode=99:detect_leaks=1", "LSAN_OPTIONS": "exitcode=99",
       "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99"}


def path(name):
    """Beside $LIFEBOAT_BIN, so that a debug build is tested with its own drivers."""
    found = os.path.join(os.path.dirname(lifeboat.binary()), "live", name)
    assert os.path.exists(found), f"{found} is not built: make live"
    return found


def run(name, *args, env=None, timeout=60, status=0, **kwargs):
    """The JSON object that it prints."""
    done = subprocess.run([path(name), *map(str, args)], env={**ENV, **(env or {})}, text=True,
                          errors="surrogateescape", capture_output=True, timeout=timeout,
                          check=False, **kwargs)
    assert done.returncode == status, f"{args} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout)
