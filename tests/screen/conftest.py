"""Screens for the tests of this folder; each is closed when its test ends."""
import pytest

import screen as screen_module


@pytest.fixture
def screen(tmp_path):
    """screen("--page", "list", columns=80, rows=24, env={}, term="xterm"): the gallery of widgets."""
    made = []

    def make(*args, **kwargs):
        made.append(screen_module.Screen(["__widgets", *args], **kwargs))
        return made[-1]
    yield make
    for each in made:
        each.close()
