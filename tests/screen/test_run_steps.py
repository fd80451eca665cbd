"""Steps of a run beside each other, and a step that is a run of its own, as the console shows them."""
import os

import runs
from console_keys import press_until, press_until_gone

HOLD = 'echo "$ME begins"; while ! test -e "$G"; do sleep 0.05; done; echo "$ME done"'


def hold(site, id, go, **fields):
    return runs.script(id, HOLD, env={"G": os.path.join(site.boat.dir, go), "ME": id}, **fields)


def let_go(site, go):
    site.boat.write(go, "")


def row(s, step):
    return next((line for line in s.lines() if f" {step} " in line[:28]), "")


def test_steps_at_once(site):
    book = runs.book(site.boat, [
        runs.command("before", "true"), *[hold(site, f"copy-{x}", f"go-{x}", parallel="copies",
                                               budget="5m") for x in "abc"],
        runs.command("after", "true")], rto="12m")
    with site.begin(book, columns=120, rows=30) as s:
        s.wait("3 steps run at once: copy-a, copy-b, copy-c.")
        # Together they take as long as one of them: the RTO of 12 minutes is not at risk.
        s.wait("forecast 00:05:")
        assert "RISK" not in s.text()
        assert "[>]  | copy-b" in row(s, "copy-b") and "|" not in row(s, "before")[:28]
        s.wait("what copy-a printed (2 more run)")
        press_until(s, "j", "what copy-b printed (2 more run)")
        s.wait("copy-b begins")
        press_until(s, "Enter", "step copy-b in detail")
        s.wait("at once with copy-a, copy-c (group copies)")
        # What is ended is all that runs, and that is said.
        press_until(s, "i", "Interrupt the steps")
        for step in "abc":
            assert f"copy-{step}: Step copy-{step}" in s.text()
        assert "All 3 steps that run are ended" in " ".join(s.text().split())
        press_until_gone(s, "Escape", "Interrupt the steps")
        let_go(site, "go-a")
        s.wait("2 steps run at once: copy-b, copy-c.")
        let_go(site, "go-c")
        s.wait_until(lambda: "run at once" not in s.text(), what="one step")
        press_until(s, "s", "Stop the run")
        text = " ".join(s.text().split())
        assert "copy-b" in text and "The step is ended: it gets TERM" in text
        press_until_gone(s, "Escape", "[ Stop the run ]")
        let_go(site, "go-b")
        s.wait("DONE")
        s.assert_fits()


def test_a_run_in_a_run(site):
    inner = runs.book(site.boat, [runs.command("look", "true"), hold(site, "work", "go"),
                                  runs.command("end", "true")], name="inner")
    book = runs.book(site.boat, [{"id": "nested", "kind": "runbook", "runbook": inner},
                                 runs.command("after", "true")], name="outer")
    with site.begin(book) as s:
        # It is one run: what is in it is not counted beside it.
        s.wait("look: ok")
        s.wait("1 run on (5)")
        press_until(s, "Enter", "step nested in detail")
        s.wait(": running work. Enter opens it.")
        outside, inside = sorted(runs.all_runs(site.boat),
                                 key=lambda r: "parent" in r.last("run.started")["data"])
        assert f"its run      {inside.id}: running work." in s.text()
        s.keys("Enter")
        s.wait(f"step nested of {outside.id}")
        s.wait("work begins")
        assert f"Run > {inside.id}" in s.row(0)
        s.keys("q")
        s.wait("step nested in detail")
        # The list of runs tells them apart.
        s.keys("6")
        s.wait("inner (in outer)")
        s.keys("5")
        let_go(site, "go")
        s.wait("DONE")
        s.keys("g")
        s.wait(f"{inside.id}: done. Enter opens it.")
        s.assert_fits()
