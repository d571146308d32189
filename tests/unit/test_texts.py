"""Texts of others at the edge: bounded before anything looks at them, on one line, and with nothing that commands."""

import json
import logging
import signal
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from crossvault import __main__, cli
from crossvault.cli import render, tables
from crossvault.engine.declared import PolicyKey
from crossvault.iam import conditions
from crossvault.metrics import Exposition
from crossvault.status.outcome import Report
from crossvault.words import texts
from crossvault.words.sanitise import sanitise
from crossvault.work import logs
from crossvault.work.vitals import Vitals

CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\n\u202egnp\u2028\u2029\x85\x9b31m\ud800\ufeff\U000e0041\ufdd0\ue000\x00"
ANY = st.text(st.characters(codec=None), max_size=60)


def hidden(text: str) -> list[str]:
    """Return what of a text a terminal would obey, a reader would not see, or an encoder would refuse."""
    return [f"U+{ord(one):04X}" for one in text if unicodedata.category(one) in CATEGORIES]


def raised(message: str) -> ValueError:
    """Return an error as it is after it was raised, with its traceback."""
    try:
        int("1", base=99)
    except ValueError as error:
        return ValueError(message).with_traceback(error.__traceback__)
    raise AssertionError("there is no base 99")


class TestClean:
    """Sentences of others."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("plain words", "plain words", id="what is plain stays"),
            pytest.param("  two\t \n\r lines\u00a0 \u3000here ", "two lines here", id="white space is one blank"),
            pytest.param("a\x1b[31mb", "a [31mb", id="a control is a blank"),
            pytest.param("a\u202eb\u2066c", "a b c", id="marks of direction"),
            pytest.param("a\ud800b", "a b", id="half a character"),
            pytest.param("a\u2028b\u2029c\x85d", "a b c d", id="separators of lines"),
            pytest.param("a\ue000b\ufdd0c", "a b c", id="what has no meaning"),
            pytest.param("Zürich 東京 🚀", "Zürich 東京 🚀", id="letters of the world stay"),
            pytest.param("", "", id="nothing"),
            pytest.param(HOSTILE, "]0;owned [2J gnp 31m", id="all at once"),
        ],
    )
    def test_is_one_line_of_visible_text(self, text: str, expected: str) -> None:
        """All that is white or hidden between two words is one blank."""
        assert texts.clean(text) == expected

    @given(ANY, st.integers(2, 40))
    def test_is_bounded_and_stable(self, text: str, limit: int) -> None:
        """Whatever comes, it is clean, not too long, and cleaning it again changes nothing."""
        found = texts.clean(text, limit)

        assert len(found) <= limit
        assert hidden(found) == []
        assert "  " not in found
        assert texts.clean(found, limit) == found

    def test_length_comes_first(self) -> None:
        """What lies beyond the limit is never looked at: a text that is expensive to look at costs its beginning."""

        class Long(str):
            __slots__ = ()

            def isprintable(self) -> bool:
                raise AssertionError("the whole text was looked at")

        assert texts.clean(Long("x" * 100_000), 10) == "x" * 9 + "…"
        assert len(sanitise("request id " * 100_000)) <= 300


class TestNames:
    """Names of others, which must stay different where they are."""

    @given(ANY)
    def test_is_visible(self, text: str) -> None:
        """Nothing hidden is left, and what was visible stays."""
        found = texts.plain(text)

        assert hidden(found) == []
        assert found == text or not text.isprintable()

    @given(st.recursive(ANY, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3)))
    def test_document_is_visible_in_every_part(self, document: Any) -> None:
        """Also the names of members, at any depth."""
        assert hidden(json.dumps(texts.shown(document), ensure_ascii=False)) == []

    def test_label_is_bounded(self) -> None:
        """A label of megabytes would be in every scrape."""
        assert len(texts.label("x" * 10_000_000)) == texts.LABEL_LIMIT + 1


class TestLogs:
    """One record is one line."""

    @staticmethod
    def record(message: str, *, error: BaseException | None = None, **extra: object) -> logging.LogRecord:
        """Return a record as logging makes it."""
        trace = (type(error), error, error.__traceback__) if error else None
        made = logging.LogRecord("crossvault.x", logging.ERROR, "x.py", 1, "%s", (message,), trace)
        made.__dict__.update(extra)
        return made

    @pytest.mark.parametrize("formatter", [logs.TextFormatter(), logs.JsonFormatter()])
    @given(ANY, ANY, ANY)
    def test_record_is_one_visible_line(self, formatter: logging.Formatter, message: str, name: str, told: str) -> None:
        """Message, pairs and traceback: whatever they hold, nobody writes a second line, or paints the first."""
        record = self.record(message, error=raised(told), reason=name)
        with logs.about(namespace=name):
            line = formatter.format(record)

        assert hidden(line) == []
        assert len(line.splitlines()) == 1

    def test_forged_record_stays_in_its_line(self) -> None:
        """The attacker of a log ends a line and begins another one."""
        forged = "Denied\n05:02:10 INFO    All is well\r\x1b[1A"

        line = logs.TextFormatter().format(self.record(forged))

        assert line.endswith("ERROR   Denied\\n05:02:10 INFO    All is well\\u000d\\u001b[1A")

    def test_traceback_can_be_read_again(self) -> None:
        """The ends of its lines are where they were, once they are put back."""
        line = logs.TextFormatter().format(self.record("Ending", error=raised("one\ntwo")))

        told = line.partition("traceback=")[2].replace("\\n", "\n")
        assert told.startswith("Traceback (most recent call last):\n")
        assert told.endswith("ValueError: one\ntwo")

    @pytest.mark.parametrize("formatter", [logs.TextFormatter(), logs.JsonFormatter()])
    def test_line_is_bounded(self, formatter: logging.Formatter) -> None:
        """Megabytes in a message, in a pair and in an error are no megabytes in the log."""
        big = "\x1b" * 5_000_000

        line = formatter.format(self.record(big, error=raised(big), reason=big))

        assert len(line) < 400_000


class TestMetrics:
    """The page of metrics."""

    def test_label_cannot_end_the_page(self) -> None:
        """Half a character cannot be encoded: it would take all metrics of all tenants with it."""
        report = Report("BackupAccount", PolicyKey("", HOSTILE + "x" * 300), (("Ready", "True", "Protected"),))
        longer = Report("BackupAccount", PolicyKey("", HOSTILE + "x" * 301), (("Ready", "True", "Protected"),))
        exposition = Exposition(
            lambda: [report, longer],
            vitals=Vitals(),
            queue=lambda: None,
            clock=lambda: datetime(2026, 11, 1, tzinfo=UTC),
        )
        exposition.aws.record(HOSTILE, "backup", "ListCopyJobs", "ok", 0.1)

        page = exposition.render().decode()

        assert hidden(page.replace("\n", "")) == []
        families = {each.name: each for each in text_string_to_metric_families(page)}
        assert len(families["crossvault_account_condition"].samples) == 1


class TestTerminal:
    """What the command line prints."""

    @pytest.fixture(autouse=True)
    def _interrupts(self) -> Iterator[None]:
        """Leave Ctrl-C to the tests: a command takes it over for its process."""
        before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
        yield
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook

    @pytest.fixture(autouse=True)
    def _logging(self) -> Iterator[None]:
        """Leave logging to other tests as it was: a command sets it up for its process."""
        loggers = (logging.getLogger(), logging.getLogger("crossvault"))
        before = [(each, each.level, list(each.handlers)) for each in loggers]
        yield
        for each, level, handlers in before:
            each.setLevel(level)
            each.handlers[:] = handlers

    @pytest.mark.parametrize("output", ["json", "yaml", "table"])
    @given(ANY, ANY)
    def test_nothing_reaches_a_terminal_raw(self, output: str, name: str, value: str) -> None:
        """In every form, names of members included; JSON and YAML still mean what they meant."""
        said: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(click, "echo", lambda text, **_: said.append(text))
            render.emit({name: value, "list": [value]}, output, lambda shown: " ".join([*shown, *shown["list"]]))

        assert hidden("".join(said).replace("\n", "")) == []
        if output == "json":
            assert json.loads(said[0])["list"] == [value]

    def test_table_has_a_line_for_a_policy(self) -> None:
        """A name does not break out of its row."""
        entry = {"namespace": "a\nb", "name": HOSTILE, "ready": ("True", "Protected"), "suspended": False, "status": {}}

        printed = tables.policies([entry], datetime(2026, 11, 1, tzinfo=UTC) + timedelta(0))

        assert len(printed.splitlines()) == 2
        assert hidden(printed.replace("\n", "")) == []

    @pytest.mark.parametrize(
        "words",
        [
            pytest.param(["plan", f"--{HOSTILE}"], id="an option nobody knows"),
            pytest.param([HOSTILE], id="a command nobody knows"),
            pytest.param(["plan", "-f", f"/nowhere/{HOSTILE[:20]}"], id="a file that is not there"),
            pytest.param(["run", "-f", "x", "--interval", HOSTILE], id="no duration"),
        ],
    )
    def test_wrong_words_are_not_echoed_raw(
        self, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who makes somebody paste a command does not own the terminal by its error."""
        monkeypatch.setattr(sys, "argv", ["crossvault", *words])

        with pytest.raises(SystemExit) as ended:
            __main__.main()

        told = capsys.readouterr()
        assert ended.value.code == 1
        assert hidden((told.out + told.err).replace("\n", "")) == []
        assert told.out + told.err

    def test_bug_is_told_without_what_it_holds(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An error that nobody foresaw is printed with its traceback, and not raw."""

        def broken(**_: object) -> None:
            raise RuntimeError(HOSTILE)

        monkeypatch.setattr(cli.main, "main", broken)

        with pytest.raises(SystemExit) as ended:
            __main__.main()

        told = capsys.readouterr().err
        assert ended.value.code == 1
        assert "RuntimeError: \\u001b]0;owned" in told
        assert hidden(told.replace("\n", "")) == []


class TestPatternsOfOthers:
    """Patterns that somebody else writes, into a vault policy."""

    @given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
    def test_is_what_a_pattern_means(self, pattern: str, value: str) -> None:
        """The same as trying every length for every star."""

        def matches(rest: str, text: str) -> bool:
            if not rest:
                return not text
            if rest[0] == "*":
                return any(matches(rest[1:], text[at:]) for at in range(len(text) + 1))
            return bool(text) and rest[0] in {"?", text[0]} and matches(rest[1:], text[1:])

        assert conditions.like(value, pattern) is matches(pattern, value)

    @pytest.mark.timeout(20)
    def test_many_stars_do_not_hold_up_the_operator(self) -> None:
        """Forty stars in a policy of somebody else took centuries."""
        assert not conditions.like("a" * 200, "*a" * 40 + "b")
        assert conditions.like("a" * 200, "*a" * 40 + "*")
