"""Two people at one run, each at a console: consent, the wheel, undo, a drill's facilitator."""
import os
import pwd
import re

import pytest

import console_site
import lifeboat
import runs
import scratch
from console_keys import choose, confirm, confirm_by_name, press_until, press_until_gone, write

OTHER = "postgres"


@pytest.fixture
def theirs():
    """A site of another user: he starts the runs, root looks on."""
    if os.geteuid() != 0:
        pytest.skip("becomes another user")
    user = pwd.getpwnam(OTHER)
    home = scratch.directory(user)
    boat = lifeboat.Lifeboat(home)
    site = console_site.make(boat)
    for path, dirs, files in os.walk(home):
        for each in [path, *(os.path.join(path, f) for f in dirs + files)]:
            os.chown(each, user.pw_uid, user.pw_gid)
    yield site
    assert boat.findings() == ""
    for run in runs.all_runs(boat):
        if run.runner():
            run.kill_runner()
    scratch.remove(home)


def approved_book(boat, **approve):
    return runs.book(boat, [
        runs.command("look", "true"),
        {"id": "drop", "kind": "command", "effect": "destroy", "title": "Drop the old schema",
         "run": ["echo", "dropped"], "confirm": {"type": "{{target.name}}"},
         "expect": {"exit": 0}, "irreversible": "The schema is gone.",
         "approve": {"count": 1, **approve}}],
        parameters={"target": {"type": "target", "default": "prod-db"}}, title="Drop a schema")


def answer_until(s, text, name="prod-db"):
    """Whatever of the run's own question comes first, until the text is there."""
    s.wait(re.compile(re.escape(text) + "|Type .* here"))
    if text not in s.text():
        confirm_by_name(s, name)
    s.wait(text)


def test_consent_of_another_user(theirs):
    book = approved_book(theirs.boat)
    os.chown(book, *[getattr(pwd.getpwnam(OTHER), f) for f in ("pw_uid", "pw_gid")])
    with theirs.begin(book, user=OTHER) as driver:
        # Who drives sees on whom it waits, and has no say in it but to skip or stop.
        answer_until(driver, "drop waits for the consent of 1 other")
        assert "a skips or stops." in driver.text() and "WHAT NOW?" not in driver.text()
        run = runs.only(theirs.boat)
        press_until(driver, "a", "WHAT NOW?")
        assert "Approve" not in driver.text() and "Skip this step" in driver.text()
        press_until_gone(driver, "Enter", "WHAT NOW?")
        with theirs.attach(run, columns=100, rows=40) as approver:
            approver.wait("Your consent is asked for: drop")
            digest = run.last("ask.opened")["data"]["digest"]
            choose(approver, "Approve it")
            write(approver, "seen, and it is right", "Go on")
            text = approver.wait("Approve: ")
            # The request word for word, and its digest; nothing but Space, on the button.
            assert "lifeboat approval request 1" in text and "operator: " + OTHER in text
            assert "echo dropped" in text and "The schema is gone." in text
            assert digest[:50] in text and " PRODUCTION " in text
            assert run.find("approval.given") == []
            confirm(approver, "Approve it")
            given = run.wait_event("approval.given")["data"]
            assert given["digest"] == digest and given["reason"] == "seen, and it is right"
            driver.wait(re.compile("DONE|Type prod-db here"))
            if "Type prod-db here" in driver.text():
                confirm_by_name(driver, "prod-db")
            approver.wait("DONE")
    run.verify()


def test_consent_denied(theirs):
    book = approved_book(theirs.boat)
    os.chown(book, *[getattr(pwd.getpwnam(OTHER), f) for f in ("pw_uid", "pw_gid")])
    with theirs.begin(book, user=OTHER) as driver:
        answer_until(driver, "drop waits for the consent of 1 other")
        run = runs.only(theirs.boat)
        with theirs.attach(run) as approver:
            choose(approver, "Deny it, with a reason")
            approver.wait("[ Deny it ]")
            approver.keys("Enter")
            press_until(approver, "Enter", "A reason is needed: it goes into the record.")
            write(approver, "not before the dump is proven", "Deny it")
            driver.wait("Step drop failed")
            driver.wait("not before the dump is proven")
    assert run.find("step.intent", "drop") == []


def test_the_wheel(theirs):
    """Offered, seen, taken: from then on the questions are the other's."""
    book = runs.book(theirs.boat, [
        {"id": "ask", "kind": "manual", "instruction": "Look out of the window."}])
    os.chown(book, *[getattr(pwd.getpwnam(OTHER), f) for f in ("pw_uid", "pw_gid")])
    with theirs.begin(book, user=OTHER) as driver:
        driver.wait("WHAT NOW?")
        press_until_gone(driver, "Enter", "WHAT NOW?")
        run = runs.only(theirs.boat)
        press_until(driver, "H", "[ Offer it ]")
        write(driver, "root", "Offer it")
        driver.wait("The wheel is offered to root")
        run.wait_event("wheel.offered")
        with theirs.attach(run) as other:
            other.wait("offers you the wheel: H takes it.")
            press_until(other, "H", "[ Take it ]")
            confirm_plain(other, "Take it")
            run.wait_event("wheel.taken")
            driver.wait("waits for root")
            press_until(other, "a", "WHAT NOW?")
            choose(other, "It is done")
            write(other, "rain", "It is done")
            other.wait("DONE")
            driver.wait("DONE")
    assert run.last("ask.answered")["actor"].startswith("root@")
    run.verify()


def confirm_plain(s, action):
    """A dialog that destroys nothing."""
    press_until(s, "Tab", "Enter or Space does it.")
    press_until_gone(s, "Space", f"[ {action} ]")


def test_undo_is_proposed_in_the_failure_prompt(site):
    made = os.path.join(site.boat.dir, "made")
    book = runs.book(site.boat, [
        {**runs.command("make", "touch", made), "effect": "write", "title": "Make it",
         "undo": {"run": ["rm", made]}},
        runs.command("check", "false", on_fail="ask")])
    with site.begin(book) as s:
        s.wait("[ Go ahead ]")
        press_until(s, "Tab", "does it.")
        press_until_gone(s, "Space", "[ Go ahead ]")
        s.wait("Step check failed")
        assert "hand over the wheel" in s.text()
        choose(s, "Take back what was done, step by step")
        confirm_plain(s, "Take steps back")
        s.wait('Take back "Make it"?')
        assert f"rm {made}" in s.text().replace("\n", "") or "rm " in s.text()
        assert os.path.exists(made)
        confirm(s, "Take it back")
        s.wait_until(lambda: not os.path.exists(made), what="the undo")
        # What was taken back stands to be done again, and asks again.
        s.wait("[ Go ahead ]")
    run = runs.only(site.boat)
    run.wait_event("step.undone", "make")
    run.kill_runner()


def test_f58_a_drill_says_so_everywhere(site):
    """On every screen, in its questions; its clock stands still, and trouble comes into it."""
    book = runs.book(site.boat, [
        {"id": "ask", "kind": "manual", "instruction": "Find the runbook."},
        runs.command("look", "true", on_fail="ask")],
        parameters={"target": {"type": "target", "default": "stage-db"}}, rto="1h")
    with site.begin(book, "--drill") as s:
        s.wait("WHAT NOW?")
        assert s.text().count(" DRILL ") >= 2
        press_until_gone(s, "Enter", "WHAT NOW?")
        for key in "1234567":
            s.keys(key)
            s.wait_until(lambda: f" {key} " in s.row(1), what="the screen")
            assert " DRILL " in s.row(0), s.text()
        s.keys("5")
        s.wait("ask waits for you")
        press_until(s, "C", "CLOCK STOPPED", each=5)
        s.keys("C")
        s.wait_gone("CLOCK STOPPED")
        press_until(s, "I", "[ Let it happen ]")
        assert "Bring trouble into the drill" in s.text()
        s.keys("Tab")
        press_until(s, "Right", "< look >" if "<" in s.text() else "look  ")
        s.keys("Enter")
        press_until_gone(s, "Enter", "[ Let it happen ]")
        run = runs.only(site.boat)
        run.wait_event("drill.injected")
        press_until(s, "a", "WHAT NOW?")
        choose(s, "It is done")
        write(s, "found", "It is done")
        s.wait("Step look failed")
        assert " DRILL " in s.text()
        choose(s, "Stop the run")
        confirm(s, "Stop the run")
        s.wait("STOPPED")
        assert " DRILL " in s.row(2)
        # Its report, to read.
        s.keys("v")
        s.wait("DRILL")
        s.wait("report")


def test_a_forecast_warns_before_the_rto_is_lost(site):
    book = runs.book(site.boat, [
        {"id": "ask", "kind": "manual", "instruction": "Wait."},
        runs.command("long", "true", budget="2h")], rto="1h")
    with site.begin(book) as s:
        s.wait("RTO AT RISK: 02:00:")
        assert runs.only(site.boat).runner() is not None
    runs.only(site.boat).kill_runner()
