"""console_keys: how a person answers the console's dialogs: one key, a look, the next key.

A dialog takes nothing in its first moments, and no button within a moment of another key: so a key
is given again until what it does is on the screen.
"""
import re

import scratch
from screen import PATIENCE


def press_until(s, key, text, seconds=PATIENCE, each=0.5):
    """The key, again and again, until the text is there; `each` is how long one may take."""
    def there():
        if text in s.text():
            return True
        s.keys(key)
        try:
            scratch.wait_for(lambda: text in s.text(), each, text)
        except TimeoutError:
            return False
        return True
    s.wait_until(there, seconds, f"{text!r} after {key}")


def press_until_gone(s, key, text, seconds=PATIENCE):
    def gone():
        s.keys(key)
        try:
            scratch.wait_for(lambda: text not in s.text(), 0.5, text)
        except TimeoutError:
            return False
        return True
    s.wait_until(gone, seconds, f"{text!r} to go after {key}")


def confirm_by_name(s, name):
    """Types the name into the dialog that stands and presses its button."""
    s.wait(f"Type {name} here:")
    press_until(s, "Tab", "Tab goes on when it is typed.")
    s.type(name)
    s.wait(f"│ {name} ")
    press_until(s, "Tab", "Space does it.")
    press_until_gone(s, "Space", f"Type {name} here:")


def confirm(s, action):
    """Presses the button of a dialog that asks for no name."""
    s.wait(f"[ {action} ]")
    press_until(s, "Tab", "Space does it.")
    press_until_gone(s, "Space", f"[ {action} ]")


def choose(s, label, title="WHAT NOW?"):
    """The row of the menu that stands."""
    s.wait(title)
    s.wait(label)

    def row_of_label():
        inside = [line.split("│")[1].strip() for line in s.lines() if line.count("│") >= 2]
        first = inside.index(title) + 1
        return 1 + next(i for i, each in enumerate(inside[first:]) if each.startswith(label))

    def there():
        at = re.search(r"(\d+) of \d+ │", s.text())
        if at is None:
            return False
        steps = row_of_label() - int(at.group(1))
        if steps == 0:
            return True
        s.keys("Down" if steps > 0 else "Up")
        try:
            scratch.wait_for(lambda: at.group(0) not in s.text(), 0.5, "the cursor to move")
        except TimeoutError:
            pass
        return False
    s.wait_until(there, what=f"the cursor on {label!r}")
    s.keys("Enter")
    s.wait_gone(title)


def write(s, text, action):
    """A text into the form that stands, and its button."""
    s.wait(f"[ {action} ]")
    s.type(text)
    s.wait(text)
    s.keys("Enter")
    press_until_gone(s, "Enter", f"[ {action} ]")
