"""History: runs and drills, how long they took beside the RTO, and the report of each."""
import re

import runs
from console_keys import press_until


def test_history(console, site):
    book = runs.book(site.boat, [runs.command("look", "echo", "seen")], rto="1h",
                     parameters={"target": {"type": "target", "default": "stage-db"}},
                     done_when=["look"])
    for args in ([], ["--drill"], ["--drill"]):
        runs.run(site.boat, book, *args, status=0)
    s = console(columns=100, rows=40)
    s.wait("1 of 5")
    s.keys("6")
    s.wait("1 of 3")
    # They are read one after the other.
    s.wait_until(lambda: len(re.findall(r"done .*DRILL .* met 60m", s.text())) == 2)
    s.wait("3 times")
    assert "how long book took, newest right: 3 times, RTO 60m, missed 0" in s.text()
    # The report of a drill has its scorecard.
    press_until(s, "j", "2 of 3", each=5)
    s.keys("v")
    s.wait("Outcome: done")
    s.keys("/")
    s.type("corecard")
    s.keys("Enter")
    s.wait("Deviations from the plan: 0")
    assert "|" not in s.text() and "\\_" not in s.text()
    s.assert_fits()
    s.keys("q")
    s.wait("of 3")
    s.keys("Enter")
    s.wait("what look printed")
    s.wait("seen")
    s.assert_fits()
