"""A run in the console at 80x24: its questions, its failures, and a terminal that goes away."""
import os
import signal

import pytest

import runs
import screen as screen_module
from console_site import restore_book
from console_keys import choose, confirm, confirm_by_name, press_until, press_until_gone, write

WRONG = "count is 0"


def test_a_whole_run(site):
    book = restore_book(site.boat, restore='echo "restored a\tb"; printf "x\\033]0;owned\\007y\\n"')
    with site.begin(book) as s:
        # The target in words, wherever something is asked.
        s.wait("PRODUCTION")
        s.wait("Put prod-db into maintenance mode.")
        assert "of 01:00:00 RTO" in s.text()
        # Enter alone answers nothing: it looks around, and `a` comes back.
        press_until_gone(s, "Enter", "WHAT NOW?")
        assert runs.only(site.boat).find("ask.answered") == []
        s.wait("stop-writes waits for you: a opens the question.")
        press_until(s, "a", "WHAT NOW?")
        assert " PRODUCTION " in s.text()
        choose(s, "It is done")
        write(s, "maintenance page is up", "It is done")
        s.wait("Type prod-db here:")
        text = s.text()
        assert " PRODUCTION " in text and "This can't be taken back: The old contents" in text
        assert "target       prod-db" in text and "answered by" in text
        confirm_by_name(s, "prod-db")
        s.wait("DONE")
        s.wait("4 of 4 steps")
        s.assert_clean()
        s.keys("g", "j", "j")
        s.wait("what restore printed")
        s.wait("restored a")
        s.wait("x\\x1b]0;owned\\x07y")
        s.assert_clean()
        s.assert_fits()
        s.keys("e", "Tab", "g", "PageDown")
        s.wait('stop-writes answered "done": maintenance page is up')
        s.keys("q", "Q")
        assert s.wait_exit() == 0
    run = runs.only(site.boat)
    assert run.finished()["outcome"] == "done"
    run.verify()


def test_type_ahead_paste_and_enter_never_confirm(site):
    book = restore_book(site.boat)
    with site.begin(book) as s:
        choose(s, "It is done")
        s.wait("[ It is done ]")
        # The answer, and with it all that the next question wants, typed ahead.
        s.keys("Enter", "Enter", "Tab", *"prod-db", "Tab", "Space", "Space", "Enter", "y", "Enter")
        s.wait("Type prod-db here:")
        run = runs.only(site.boat)
        # A paste, with line ends and all, is refused; so is the name typed while Cancel has the focus.
        s.paste("prod-db\t \r\n")
        s.wait("A paste is not taken here: type it.")
        press_until(s, "p", "Tab goes to the field.")
        # A name that is not the target's is no key to the button, nor is a part of it.
        press_until(s, "Tab", "Tab goes on when it is typed.")
        s.type("prod")
        press_until(s, "Tab", "Type the name first.")
        assert run.find("step.intent", "restore") == []
        press_until(s, "Tab", "Tab goes on when it is typed.")
        s.type("-db")
        press_until(s, "Tab", "Space does it.")
        # Enter, many times, as a key that repeats.
        s.keys(*["Enter"] * 20)
        s.wait("Enter does nothing here: Space presses the button.")
        assert run.find("step.intent", "restore") == []
        press_until_gone(s, "Space", "Type prod-db here:")
        s.wait("DONE")


def test_cancel_has_the_focus(site):
    with site.begin(restore_book(site.boat)) as s:
        choose(s, "It is done")
        write(s, "x", "It is done")
        s.wait("Type prod-db here:")
        # Enter leaves the dialog, for the menu of all answers.
        press_until(s, "Enter", "WHAT NOW?")
        choose(s, "Stop the run")
        confirm(s, "Stop the run")
        s.wait("STOPPED")
        assert runs.only(site.boat).find("step.intent", "restore") == []
        s.keys("Q")
        assert s.wait_exit() == 4, "as without a console"


def test_failure_retry_by_hand(site):
    counter = os.path.join(site.boat.dir, "tries")
    book = restore_book(site.boat, smoke=f"echo try >> {counter}; echo {WRONG} >&2; exit 3")
    with site.begin(book) as s:
        choose(s, "It is done")
        write(s, "x", "It is done")
        confirm_by_name(s, "prod-db")
        s.wait("Step smoke failed: The users table is populated")
        assert " PRODUCTION " in s.text()
        assert "exit" in s.text() or "status 3" in s.text()
        # Nothing is the default: Enter only looks around, and the reason stands in the output.
        press_until_gone(s, "Enter", "WHAT NOW?")
        s.wait(WRONG)
        press_until(s, "a", "WHAT NOW?")
        choose(s, "Try the step again")
        confirm(s, "Try again")
        s.wait_until(lambda: len(runs.witness(counter)) == 2, what="the second try")
        s.wait("Step smoke failed")
        choose(s, "I did it by hand, mark it done")
        # What was done must be said.
        s.wait("[ Mark it done ]")
        s.keys("Enter")
        press_until(s, "Enter", "Say what was done: it goes into the record.")
        write(s, "counted them myself", "Mark it done")
        s.wait("done by hand")
    run = runs.only(site.boat)
    run.wait_finished()
    assert "counted them myself" in str(run.records())


def test_failure_skip_with_a_reason(site):
    book = restore_book(site.boat, smoke="exit 3")
    with site.begin(book) as s:
        choose(s, "It is done")
        write(s, "x", "It is done")
        confirm_by_name(s, "prod-db")
        s.wait("Step smoke failed")
        choose(s, "Skip this step, with a reason")
        s.wait("[ Skip it ]")
        s.keys("Enter")
        press_until(s, "Enter", "A reason is needed: it goes into the record.")
        write(s, "the table is known to be empty", "Skip it")
        s.wait("skipped")
    run = runs.only(site.boat)
    run.wait_finished()
    assert run.last("step.skipped", "smoke")["data"]["reason"] == "the table is known to be empty"


def test_failure_stop(site):
    book = restore_book(site.boat, smoke="exit 3")
    with site.begin(book) as s:
        choose(s, "It is done")
        write(s, "x", "It is done")
        confirm_by_name(s, "prod-db")
        s.wait("Step smoke failed")
        choose(s, "Stop the run")
        confirm(s, "Stop the run")
        s.wait("STOPPED")
        s.keys("Q")
        s.wait_exit()
    assert runs.only(site.boat).finished()["outcome"] == "stopped"


def gate(boat):
    """A step that prints, then waits for a file, then prints again."""
    path = os.path.join(boat.dir, "gate")
    return path, f'echo half way; while [ ! -e {path} ]; do sleep 0.05; done; echo arrived'


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_f46_the_terminal_goes_in_mid_step(site, how):
    """The run goes on, and whoever attaches sees where it is."""
    path, restore = gate(site.boat)
    s = site.begin(restore_book(site.boat, restore=restore))
    try:
        choose(s, "It is done")
        write(s, "x", "It is done")
        confirm_by_name(s, "prod-db")
        s.wait("half way")
        run = runs.only(site.boat)
        console = s.pid
        if how == "killed":
            os.kill(console, signal.SIGKILL)
            assert s.wait_exit() == 128 + signal.SIGKILL
        else:
            s.tmux("kill-server")
        # F47: it does not spin on a terminal that is not there any more.
        assert screen_module.process_gone(console, 60)
        assert run.runner() is not None and run.find("step.result", "restore") == []
    finally:
        s.close()
    with site.attach(run) as again:
        again.wait("half way")
        assert "running" in again.row(2) and "PRODUCTION" in again.row(2)
        open(path, "w", encoding="ascii").close()
        again.wait("DONE")
        again.keys("g", "j", "j")
        again.wait("arrived")
        again.keys("Q")
        assert again.wait_exit() == 0
    assert len(run.find("step.intent", "restore")) == 1
    run.verify()


def test_f51_two_consoles_one_answer(site):
    """What one has answered goes from the other's screen, and a step runs once."""
    with site.begin(restore_book(site.boat)) as one:
        one.wait("WHAT NOW?")
        run = runs.only(site.boat)
        with site.attach(run) as two:
            two.wait("stop-writes")
            one_is = "you: a opens" in one.text() or "WHAT NOW?" in one.text()
            assert one_is
            two.wait_until(lambda: "attached" in two.text() or "WHAT NOW?" in two.text(),
                           what="the other to be seen")
            choose(one, "It is done")
            write(one, "x", "It is done")
            confirm_by_name(one, "prod-db")
            one.wait("DONE")
            two.wait("DONE")
            assert "WHAT NOW?" not in two.text() and "Type prod-db" not in two.text()
    assert len(run.find("step.intent", "restore")) == 1


def test_interrupt_asks_first(site):
    path, restore = gate(site.boat)
    with site.begin(restore_book(site.boat, restore=restore)) as s:
        choose(s, "It is done")
        write(s, "x", "It is done")
        confirm_by_name(s, "prod-db")
        s.wait("half way")
        s.keys("C-c")
        s.wait("Interrupt the step")
        assert "[ Cancel ]" in s.text()
        press_until_gone(s, "Escape", "[ Interrupt it ]")
        run = runs.only(site.boat)
        assert run.find("step.result", "restore") == []
        # However often it comes, it never ends the step by itself.
        s.keys("C-c", "C-c", "C-c", "C-c")
        press_until(s, "C-c", "[ Interrupt it ]")
        assert run.find("step.result", "restore") == []
        press_until_gone(s, "C-c", "[ Interrupt it ]")
        press_until(s, "i", "[ Interrupt it ]")
        confirm(s, "Interrupt it")
        s.wait("Step restore failed")
        choose(s, "Stop the run")
        confirm(s, "Stop the run")
        s.wait("STOPPED")


def test_leaving_says_that_the_run_goes_on(site):
    with site.begin(restore_book(site.boat)) as s:
        s.wait("WHAT NOW?")
        press_until_gone(s, "Enter", "WHAT NOW?")
        s.keys("q")
        s.wait("1 run goes on without it")
        press_until(s, "Tab", "Enter or Space does it.")
        press_until_gone(s, "Space", "Leave the console")
        assert s.wait_exit() == 0
    assert runs.only(site.boat).runner() is not None
    runs.only(site.boat).kill_runner()


def test_runbooks_search_and_plan(console, site):
    """From the list to a plan, all of it read before anything can start."""
    s = console()
    s.wait("1 of 5")
    s.keys("4")
    s.wait("postgres/verify-dump")
    s.keys("/")
    s.type("restore a")
    s.wait("1 of 1")
    s.keys("Enter")
    s.wait("only rows with restore a")
    s.keys("Enter")
    s.wait("What it does, step by step")
    s.keys("/")
    s.type("safety")
    s.keys("Enter")
    s.wait("safety")
    s.keys("s")
    s.wait("[ Show the plan ]")
    s.wait("Nothing runs yet")
    s.keys("C-c")
    s.wait_gone("[ Show the plan ]")
    assert runs.all_runs(site.boat) == []
