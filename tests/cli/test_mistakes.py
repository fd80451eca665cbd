"""docs/mistakes.md: a section for every rule that lint knows, and examples that do as they say."""
import glob
import json
import os
import re

import lifeboat as lifeboat_module
import pytest

TREE = lifeboat_module.TREE
PAGE = os.path.join(TREE, "docs/mistakes.md")
PARAMETERS = """parameters:
  target: {type: target, kind: postgresql}
  word: {type: text, default: x}
  secret: {type: secret, from: [env S]}
  backup: {type: backup}
"""
USES = """  - {id: z-uses, title: "{{target}} {{word}} {{backup}}", kind: manual, instruction: x}
  - {id: z-secret, title: t, kind: command, effect: read, run: [tool], env: {S: "{{secret}}"}}
"""
LAST = "  - {id: last, title: Last, kind: manual, instruction: x}\n"


def rules_of_the_source():
    """Every name that lint gives a problem."""
    text = ""
    for path in sorted(glob.glob(os.path.join(TREE, "core/runbook/*.c"))):
        with open(path, encoding="utf-8") as f:
            text += f.read()
    table = re.search(r"struct mistake mistakes\[\] = \{(.*?)\n\};", text, re.S).group(1)
    rules = set(re.findall(r'^\t\{"([a-z0-9-]+)",', table, re.M))
    rules |= set(re.findall(r'lint_report\([^";]*?"([a-z0-9-]+)"', text))
    rules |= set(re.findall(r'->rule = [^";]*"([a-z0-9-]+)"', text))
    return rules


def sections():
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    found = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        rule, body = part.split("\n", 1)
        assert rule not in found, f"{rule} has two sections"
        found[rule] = re.findall(r"^```(sh|yaml)\n(.*?)^```$", body, re.S | re.M)
    return found


def book(kind, text):
    """A runbook around an example: shell, steps, or keys of the runbook."""
    head, steps = PARAMETERS, USES + LAST
    if kind == "sh":
        steps = ("  - id: a\n    title: t\n    kind: command\n    effect: read\n    sh: |\n" +
                 "".join(f"      {line}\n" for line in text.splitlines())) + steps
    elif text.startswith("- "):
        steps = "".join(f"  {line}\n" for line in text.splitlines()) + steps
    elif text.startswith("parameters:"):
        head, steps = text, LAST
    else:
        head = text + head
    return f"schema: 1\nid: book\ntitle: t\n{head}steps:\n{steps}"


def lint(boat, kind, text):
    """The rules that lint finds broken; a fault of form is the example's own mistake."""
    path = boat.write("book.yaml", book(kind, text))
    problems = json.loads(boat.run("lint", path, "--format", "json").out)
    if isinstance(problems, dict):
        problems = problems["problems"]
    assert all(p["rule"] for p in problems), (book(kind, text), problems)
    return {p["rule"] for p in problems}


def test_every_rule_has_its_section():
    assert set(sections()) == rules_of_the_source()


def test_source_is_read():
    """The list is not empty by a change of the source's form."""
    rules = rules_of_the_source()
    assert len(rules) >= 27
    assert {"recovery-conf", "pipe-without-pipefail", "unknown-variable",
            "unsafe-permissions"} <= rules


@pytest.mark.parametrize("rule", sorted(set(sections()) - {"unsafe-permissions"}))
def test_examples(boat, rule):
    examples = sections()[rule]
    assert len(examples) == 2, "the mistake, then the better way"
    wrong, better = examples
    assert rule in lint(boat, *wrong)
    assert rule not in lint(boat, *better)


def test_unsafe_permissions(boat):
    path = boat.write("book.yaml", book("sh", "true"))
    os.chmod(path, 0o666)
    done = boat.run("plan", path, status=3)
    assert "unsafe-permissions" in done.err or "others" in done.err
    os.chmod(path, 0o600)
    assert "others" not in boat.run("plan", path).err
