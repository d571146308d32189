"""The small parts beside the queue: histograms, the board, and the log's formats and repeats."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import destination, point, sight

from crossvault.aspects.copies.figures import figures
from crossvault.aspects.copies.judged import Judged
from crossvault.aspects.copies.planned import Standing, State
from crossvault.engine.declared import PolicyKey
from crossvault.status.outcome import Report
from crossvault.words.reasons import Reason
from crossvault.work import logs
from crossvault.work.board import Board
from crossvault.work.vitals import Family, Histogram, Tally


def test_histogram_counts_cumulatively() -> None:
    """A value on a bound belongs below it, as Prometheus wants it."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.observe(value)
    buckets = histogram.read()

    assert (buckets.cumulative, buckets.count, buckets.total) == ((2, 3, 4), 4, 12.0)


def test_family_and_tally_grow_with_their_labels() -> None:
    """A label appears with its first value."""
    family: Family[str] = Family((1.0,))
    family.observe("a", 0.5)
    tally: Tally[str] = Tally()
    tally.add("b", 2)

    assert {label: each.count for label, each in family.read().items()} == {"a": 1}
    assert tally.read() == {"b": 2}


def report(name: str, reason: str = "Protected") -> Report:
    """Return a report."""
    return Report("CrossAccountBackupPolicy", PolicyKey("shop", name), (("Ready", "True", reason),))


def test_board_has_the_last_report_of_what_exists() -> None:
    """A new report replaces the old one, and a dropped object takes its own with it."""
    board = Board()
    board.put(report("b"))
    board.put(report("a", "Drifted"))
    board.put(report("a"))
    board.put(report("c"))
    board.drop("CrossAccountBackupPolicy", PolicyKey("shop", "c"))
    board.drop("CrossAccountBackupPolicy", PolicyKey("shop", "never"))

    assert board.reports() == (report("a"), report("b"))
    assert board.get("CrossAccountBackupPolicy", PolicyKey("shop", "c")) is None


def standing(name: str, reason: Reason, running: int, **changes: Any) -> Report:
    """Return the report of a policy with so many copies under way and one that waits."""
    standings = [Standing(point(number), State.IN_PROGRESS) for number in range(running)]
    judged = Judged((*standings, Standing(point(99), State.WAITING, reason)))
    figures_of = figures(destination(), sight(), judged, looked=changes.pop("looked", True))
    base = replace(report(name), acts=True, source="production", destinations=(figures_of,))
    return replace(base, **changes)


def test_board_knows_which_other_policies_of_a_namespace_wait_for_the_account() -> None:
    """With how many copies each; not those that cannot start any, wait for something else, or were not looked at."""
    board, kind = Board(), "CrossAccountBackupPolicy"
    limit, key = Reason.ACCOUNT_LIMIT, PolicyKey("shop", "a")
    assert board.waiting(kind, key) == ()
    for each in (
        standing("a", limit, 9),
        standing("b", limit, 7),
        standing("c", limit, 0),
        standing("busy", Reason.RESOURCE_BUSY, 1),
        standing("own", Reason.BUDGET, 2),
        standing("suspended", limit, 3, acts=False),
        standing("unseen", limit, 5, looked=False),
        standing("elsewhere", limit, 6, source="another"),
        standing("theirs", limit, 8, key=PolicyKey("books", "theirs")),
    ):
        board.put(each)

    assert board.waiting(kind, key) == (0, 7)
    assert board.waiting(kind, PolicyKey("books", "theirs")) == ()

    board.put(standing("b", Reason.RESOURCE_BUSY, 7))
    board.put(standing("c", limit, 2))
    assert board.waiting(kind, key) == (2,), "what waits no more, and what has more under way now"
    board.put(standing("c", limit, 2, source="another"))
    board.put(standing("d", limit, 4))
    assert board.waiting(kind, key) == (4,), "what copies out of another account now"
    board.drop(kind, PolicyKey("shop", "d"))
    assert board.waiting(kind, key) == (), "what is gone"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged; the logging of the tests is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("crossvault").level)
    yield io.StringIO()
    root.handlers[:], level, ours = before
    root.setLevel(level)
    logging.getLogger("crossvault").setLevel(ours)


def test_json_lines_have_the_documented_keys(stream: io.StringIO) -> None:
    """What the pass is about comes from the context, the rest from the line; unknown extras are not printed."""
    logs.configure("json", stream=stream)
    logger = logging.getLogger("crossvault.test")
    with logs.about(namespace="shop", name="orders", **{"pass": "8f2c"}):
        logger.info("Started %d copies", 20, extra={"destination": "dr", "secret": "s3cr3t"})
    line = json.loads(stream.getvalue())

    assert list(line) == ["ts", "level", "msg", "namespace", "name", "pass", "destination", "logger"]
    assert (line["msg"], line["level"], line["pass"]) == ("Started 20 copies", "info", "8f2c")
    assert "s3cr3t" not in stream.getvalue()


def test_json_lines_hold_their_traceback(stream: io.StringIO) -> None:
    """A bug is one line, too."""
    logs.configure("json", stream=stream)
    try:
        int("why")
    except ValueError:
        logging.getLogger("crossvault.test").exception("Failing")

    (line,) = stream.getvalue().splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["traceback"]


def test_text_lines_are_for_people(stream: io.StringIO) -> None:
    """Time, level, sentence, pairs."""
    logs.configure("text", stream=stream)
    with logs.about(namespace="shop"):
        logging.getLogger("crossvault.test").info("Started", extra={"bytes": 5})

    assert stream.getvalue()[9:] == "INFO    Started  namespace=shop  bytes=5\n"


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_line_holds_what_a_terminal_would_obey(stream: io.StringIO, style: str) -> None:
    """Names and messages of others are in it; JSON says the same as before."""
    logs.configure(style, stream=stream)
    odd = "ä \x1b[31m\u202e\x9b2J"
    with logs.about(name=odd):
        logging.getLogger("crossvault.test").info("Read %s", odd)
    (line,) = stream.getvalue().split("\n")[:-1]

    assert line.isprintable()
    assert "ä" in line
    assert style == "text" or json.loads(line)["msg"] == f"Read {odd}"


def test_what_is_told_once_per_change_is_never_held_back() -> None:
    """Whoever logs it knows that it is news."""
    repeats = logs.Repeats(lambda: 0.0)
    news = [record("The files cannot be used") for _ in range(2)]
    for each in news:
        each.transition = True

    assert all(map(repeats.filter, news))


def test_libraries_speak_up_from_warnings_on(stream: io.StringIO) -> None:
    """Kopf's and boto's own progress is nobody's business."""
    logs.configure("text", stream=stream)
    logging.getLogger("kopf").info("Initial authentication has been initiated.")
    logging.getLogger("crossvault.test").debug("Looking")

    assert stream.getvalue() == ""


def record(message: str, *args: object, level: int = logging.WARNING) -> logging.LogRecord:
    """Return a line to filter."""
    return logging.LogRecord("crossvault.test", level, __file__, 1, message, args, None)


def test_same_warning_comes_once_an_hour_with_its_count() -> None:
    """Logged at change and then hourly."""
    now = [0.0]
    repeats = logs.Repeats(lambda: now[0])

    assert repeats.filter(record("Trying again later: %s", "403"))
    assert not any(repeats.filter(record("Trying again later: %s", "403")) for _ in range(7))
    assert repeats.filter(record("Trying again later: %s", "timeout"))
    now[0] = 3600.0
    again = record("Trying again later: %s", "403")
    assert repeats.filter(again)
    assert again.getMessage() == "Trying again later: 403 (and 7 times more in the last hour)"


def test_attempt_numbers_do_not_make_a_warning_new() -> None:
    """Kopf counts its attempts in the text."""
    repeats = logs.Repeats(lambda: 0.0)

    assert repeats.filter(record("Request attempt #1 failed; will retry"))
    assert not repeats.filter(record("Request attempt #2 failed; will retry"))


def test_same_warning_about_another_object_is_another_warning() -> None:
    """What it is about counts."""
    repeats = logs.Repeats(lambda: 0.0)
    with logs.about(namespace="shop", name="orders"):
        assert repeats.filter(record("Trying again"))
    with logs.about(namespace="shop", name="payments"):
        assert repeats.filter(record("Trying again"))


def test_progress_is_never_held_back() -> None:
    """Only warnings and errors repeat."""
    repeats = logs.Repeats(lambda: 0.0)

    assert all(repeats.filter(record("Started", level=logging.INFO)) for _ in range(3))
