"""After-action reports, their scorecard, and recordings that other players take."""
import datetime
import hashlib
import html.parser
import json
import re

import pytest

import runs
from dialogue import Dialogue
from runs import command, script

HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m|`<b>&\u202e\u200b\rx"


def past(**delta):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**delta)
    return at.strftime("%Y-%m-%d %H:%M:%S.123+00")


def report(boat, run, format="json"):
    done = boat.run("report", run.id, "--format", format, status=0)
    return done.json() if format == "json" else done.out


def cells(markdown, title):
    """The second cell of the row that begins with the title."""
    for line in markdown.splitlines():
        row = [c.strip() for c in line.strip("|").split(" |")]
        if row[0].strip("| ") == title:
            return row[1]
    return None


# ---- the scorecard --------------------------------------------------------------------------

def test_objectives_met(boat):
    book = runs.book(boat, [command("restore", "true", budget="5m"),
                            command("newest", "echo", past(minutes=10))],
                     rto="1h", rpo="24h", newest_data="newest", done_when=["restore"])
    run = runs.run(boat, book, "--drill", status=0)
    score = report(boat, run)["scorecard"]
    assert score["rto_met"] is True and score["recovery_s"] <= 60 and score["rto_s"] == 3600
    assert score["rpo_met"] is True and 600 <= score["loss_s"] <= 720 and score["rpo_s"] == 86400
    assert score["loss_from"] == "newest_data"
    assert score["improve"] == [] and score["earlier"] == []
    text = report(boat, run, "md")
    assert "# DRILL: The book" in text and "This was the first." in text
    assert cells(text, "Recovery time (RTO)").endswith("01:00:00: met")
    assert cells(text, "Data loss (RPO)").endswith("met")


def test_objectives_from_the_incident(boat):
    """Both clocks begin with the accident, not with the run."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    book = runs.book(boat, [command("newest", "echo", past(hours=3))],
                     rto="1h", rpo="30m", newest_data="newest", done_when=["newest"])
    run = runs.run(boat, book, "--incident", at.strftime("%Y-%m-%dT%H:%M:%SZ"), status=1)
    whole = report(boat, run)
    score = whole["scorecard"]
    assert score["rto_met"] is False and 7200 <= score["recovery_s"] < 7300
    assert score["rpo_met"] is False and 3500 < score["loss_s"] < 3700
    assert whole["incident_at"] == at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert any("Recovery took 2h" in t for t in score["improve"]), score["improve"]
    assert any("back up more often" in t for t in score["improve"])
    assert "MISSED" in report(boat, run, "md")


def test_without_objectives(boat):
    run = runs.run(boat, runs.book(boat, [command("a", "true")]), status=0)
    score = report(boat, run)["scorecard"]
    assert score["improve"] == ["The runbook has no rto: nobody can say whether this was fast "
                                "enough."]
    assert "rto_met" not in score and "rpo_met" not in score


def test_newest_data_that_is_no_time(boat):
    book = runs.book(boat, [command("newest", "echo", "yesterday")], rpo="1h", newest_data="newest")
    score = report(boat, runs.run(boat, book, status=0))["scorecard"]
    assert "loss_s" not in score or score["loss_s"] is None
    assert "Step newest did not say how new the newest data is." in score["improve"]
    bad = runs.book(boat, [command("a", "true")], newest_data="nowhere")
    assert '"newest_data" names a step that does not exist' in boat.run("plan", bad, status=2).err


def test_what_to_improve_comes_from_facts(boat):
    flag = boat.write("flag", "")
    book = runs.book(boat, [
        script("slow", "sleep 1.2", budget="1s"),
        script("flaky", 'test ! -e "$F" || { rm "$F"; exit 3; }', env={"F": flag}),
        script("broken", "exit 4"), script("useless", "exit 5"),
        {**command("told", "true"), "drill": "simulate"}], rto="1h", done_when=["slow"])
    with Dialogue(boat, "run", book, "--plain", "--drill") as d:
        d.expect("exit status 3")
        d.answer("retry")
        d.expect("exit status 4")
        d.answer("by-hand copied the files with scp")
        d.expect("exit status 5")
        d.answer("skip not needed today")
        d.end()
    run = runs.only(boat)
    score = report(boat, run)["scorecard"]
    assert (score["failures"], score["retries"], score["by_hand"], score["skipped"],
            score["simulated"], score["over_budget"]) == (3, 1, 1, 1, 1, 1)
    improve = "\n".join(score["improve"])
    for text in ("slow took 1.", "planned were 1s", "flaky failed once before it passed",
                 "broken was done by hand (copied the files with scp)",
                 "useless was skipped (not needed today)", "told was only told, not done"):
        assert text in improve, improve
    text = report(boat, run, "md")
    for word in ("copied the files with scp", "not needed today", "Deviations"):
        assert word in text
    assert score["waited_s"] >= 0


def test_compared_with_earlier_drills(boat):
    book = runs.book(boat, [command("newest", "echo", past(minutes=10))], rto="1h", rpo="1h",
                     newest_data="newest", done_when=["newest"])
    other = runs.book(boat, [command("a", "true")], name="other")
    first = runs.run(boat, book, "--drill", status=0)
    runs.run(boat, other, "--drill", status=0)
    second = runs.run(boat, book, "--drill", status=0)
    third = runs.run(boat, book, status=0)
    earlier = report(boat, third)["scorecard"]["earlier"]
    assert [(e["run"], e["mode"]) for e in earlier] in (
        [(second.id, "drill"), (first.id, "drill")], [(first.id, "drill"), (second.id, "drill")])
    assert all(e["outcome"] == "done" and e["recovery_s"] >= 0 and e["loss_s"] >= 600
               for e in earlier)
    assert "this one" in report(boat, third, "md")
    rows = {r["run"]: r for r in boat.run("runs", "--format", "json", status=0).json()}
    assert rows[first.id]["recovery_s"] >= 0 and rows[first.id]["loss_s"] >= 600
    assert rows[first.id]["rpo_s"] == 3600 and rows[first.id]["mode"] == "drill"


# ---- the report -----------------------------------------------------------------------------

@pytest.fixture
def told(boat):
    """A run with something of everything, and text that means harm in all of it."""
    book = runs.book(boat, [
        {**script("a", 'printf "%s\\n" "$X"; echo tail', env={"X": "{{word}}"}),
         "title": "Say {{word}}"},
        command("b", "false", on_fail="continue")],
        parameters={"word": {"type": "text"}}, rto="1h", done_when=["a"])
    return runs.run(boat, book, "--set", "word=" + HOSTILE, status=1)


def test_json_has_everything(boat, told):
    whole = report(boat, told)
    assert whole["run"] == told.id and whole["outcome"] == "done" and whole["mode"] == "live"
    assert whole["operator"] and whole["sha256"] and whole["audit_head"] == \
        told.finished()["audit_head"]
    last = told.records()[-1]
    assert whole["journal_head"] == f"{last['seq']}:{last['hash']}"
    tries = {t["step"]: t for t in whole["tries"]}
    assert tries["a"]["output_sha256"] == told.result("a")["output_sha256"]
    assert "printf" in tries["a"]["ran"] and tries["b"]["outcome"] == "failed"
    assert [e for e in whole["timeline"] if e["deviation"]]
    assert whole["deviations"] == sum(e["deviation"] for e in whole["timeline"])


@pytest.mark.parametrize("format", ["md", "html", "json", "text"])
def test_f31_nothing_of_a_step_acts_on_who_reads_it(boat, told, format):
    text = report(boat, told, format) if format != "json" else \
        boat.run("report", told.id, "--format", "json", status=0).out
    for bad in "\x1b\x07\r\x9b\u202e\u200b":
        assert bad not in text, (format, repr(bad))
    assert "tail" in text


def test_f31_exports_of_a_log(boat):
    """Of records that somebody else wrote, whoever that was: every field is only text."""
    path, prev = boat.write("other.jsonl", ""), runs.ZERO
    with open(path, "w", encoding="utf-8") as f:
        for seq in (1, 2):
            body = json.dumps({"seq": seq, "at": "2026-11-20T14:32:07.000Z", "mono_ns": 1,
                               "run": f"r{HOSTILE}", "step": HOSTILE, "event": f"e{HOSTILE}",
                               "actor": f"a{HOSTILE}", "data": {"text": HOSTILE}, "prev": prev},
                              separators=(",", ":"))[:-1]
            prev = hashlib.sha256(body.encode()).hexdigest()
            f.write(f'{body},"hash":"{prev}"}}\n')
    for args in (["tail"], ["tail", "--format", "jsonl"], ["export"], ["export", "--format", "csv"],
                 ["export", "--redact", "actor"]):
        out = boat.run("audit", *args, "--file", path).out
        assert out.count("[2J") >= 2, args
        for bad in "\x1b\x07\x9b\u202e\u200b":
            assert bad not in out, (args, repr(bad))


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "srcset", "action", "style",
                                                    "onload", "onclick")]
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("tr", "td", "th") and self.open[-1] != tag:
            return
        assert self.open.pop() == tag, (tag, self.open)


def test_html_stands_alone(boat, told):
    text = report(boat, told, "html")
    page = Page()
    page.feed(text)
    assert page.open == [] and page.links == []
    assert not page.tags & {"script", "link", "img", "iframe", "b", "svg", "object"}
    assert "default-src 'none'" in text
    assert "&lt;b&gt;&amp;" in text


def test_markdown_tables_are_whole(boat, told):
    """Text from outside does not break out of its cell or its fence."""
    fence, columns = False, 0
    for line in report(boat, told, "md").splitlines():
        if line.startswith("```"):
            fence = not fence
        elif not fence and line.startswith("|"):
            n = len(re.findall(r"(?<!\\)\|", line))
            columns = columns or n
            assert n == columns, line
        else:
            columns = 0
    assert not fence


# ---- replay ---------------------------------------------------------------------------------

def test_asciicast_v2(boat, told):
    """What asciinema's documentation asks of a version 2 recording."""
    out = boat.run("replay", told.id, "--format", "asciicast", status=0).out
    head, *lines = out.split("\n")[:-1]
    head = json.loads(head)
    assert head["version"] == 2 and isinstance(head["width"], int) and head["height"] > 0
    assert isinstance(head["timestamp"], int)
    last, text = 0, ""
    for line in lines:
        at, kind, data = json.loads(line)
        assert isinstance(at, (int, float)) and at >= last and kind == "o"
        last, text = at, text + data
    assert "tail\r\n" in text and re.search(r"(?<!\r)\n", text) is None
    for bad in "\x1b\x07\x9b\u202e":
        assert bad not in text


def test_f31_replay_plays_text(boat, told):
    text = boat.run("replay", told.id, "--speed", "1000", status=0).out
    assert "\\x1b[2J" in text and "tail" in text
    for bad in "\x1b\x07\r\x9b\u202e\u200b":
        assert bad not in text, repr(bad)


def test_replay_is_as_fast_as_told(boat, told):
    text = boat.run("replay", told.id, "--speed", "1000", status=0).out
    assert "tail" in text and "\x1b" not in text
    boat.run("replay", told.id, "--speed", "0", status=2)
