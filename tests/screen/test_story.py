"""The flight simulator's whole story in the console at 80x24: from the accident to the rows being
back, by recovery to the moment before it."""
import os

import pytest

import scratch
import screen as screen_module
from console_keys import confirm, confirm_by_name, press_until, press_until_gone


@pytest.mark.seconds(400)
def test_drop_table_from_the_timeline(boat):
    tmp = scratch.directory()
    os.chmod(tmp, 0o711)
    env = {**{k: v for k, v in boat.env.items() if k != "TERM"}, "TMPDIR": tmp}
    try:
        with screen_module.Screen(["demo", "--disaster", "drop-table"], env=env) as s:
            s.wait("Press Enter to open the console.", 200)
            s.keys("Enter")
            s.wait("why BREACH")
            s.keys("3")
            s.wait("can be reached")
            press_until(s, "t", "drop public.content_jobs", each=5)
            s.assert_fits()
            s.keys("Enter")
            s.wait("Recover to this moment")
            press_until(s, "Down", "2 of 2")
            s.keys("Enter")
            s.wait("Bring one table back from a moment")
            press_until(s, "s", "[ Show the plan ]", each=5)
            press_until(s, "Tab", " A text.  ")
            press_until(s, "Tab", "Enter chooses a backup")
            press_until(s, "Tab", " A text.  ")
            s.type("aragora")
            s.wait("aragora  ")
            s.keys("Tab")
            s.wait("It must look like")
            s.type("content_jobs")
            s.wait("content_jobs  ")
            press_until(s, "Tab", "Enter chooses where it goes.")
            s.keys("Enter")
            s.wait("TARGET")
            s.keys("Enter")
            s.wait("app-db (PRODUCTION)")
            press_until_gone(s, "Tab", "Space ticks it.")
            press_until_gone(s, "Space", "[ Show the plan ]")
            s.wait("start-run", 100)
            # The server lets us in without a password: none is asked for.
            press_until(s, "s", "[ Start ]", each=5)
            confirm(s, "Start")
            # A script is read to its end before it can be confirmed.
            s.wait("Type app-db here:")
            s.wait("PgDn shows the rest.")
            press_until_gone(s, "PageDown", "PgDn shows the rest.")
            confirm_by_name(s, "app-db")
            confirm(s, "Go ahead")
            s.wait("DONE")
            s.assert_fits()
            s.keys("Q")
            confirm(s, "Leave")
            s.wait("Every row is back as it was before the accident.")
            s.wait("Everything was removed.")
    finally:
        scratch.remove(tmp)
