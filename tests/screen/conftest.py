"""Screens for the tests of this folder; each is closed when its test ends."""
import pytest

import console_site
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


@pytest.fixture
def site(boat):
    """A site with sets in every verdict, collected."""
    return console_site.make(boat)


@pytest.fixture
def console(site):
    """console("--read-only", columns=80, rows=24, env={}): the console on that site."""
    made = []

    def make(*args, **kwargs):
        made.append(site.console(*args, **kwargs))
        return made[-1]
    yield make
    for each in made:
        each.close()
