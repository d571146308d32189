"""Policies share what they read, and nobody gets an answer older than it may be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.kit.scripted_aws import START, Clock

from crossvault.aws.reads import SharedReads
from crossvault.words.problems import CrossvaultError, Problem
from crossvault.words.reasons import Reason

KEY = ("vault", "prod", "orders")


class Flight:
    """A fetch that stays in the air until the test lets it land."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.began = threading.Event()
        self.land = threading.Event()
        self.count = 0

    def __call__(self) -> object:
        """Take off, and land when told."""
        self.count += 1
        self.began.set()
        assert self.land.wait(10)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def _never() -> object:
    raise AssertionError("this read was to be shared")


def _raise(error: Exception) -> Callable[[], object]:
    def fetch() -> object:
        raise error

    return fetch


class Waiting(threading.Event):
    """An event that tells how many wait for it."""

    def __init__(self, seen: threading.Semaphore) -> None:
        super().__init__()
        self.seen = seen

    def wait(self, timeout: float | None = None) -> bool:
        """Tell, then wait."""
        self.seen.release()
        return super().wait(timeout)


def test_reads_reuse_an_answer_that_is_young_enough() -> None:
    """The second caller gets the first one's answer and its age."""
    clock = Clock()
    reads = SharedReads(clock)
    reads.get(KEY, START, lambda: "v1")
    clock.tick(seconds=30)

    assert reads.get(KEY, START, _never) == ("v1", START)
    assert reads.cached(KEY, START) == ("v1", START)


def test_reads_fetch_again_when_the_answer_is_too_old() -> None:
    """Who may not use it gets a new one."""
    clock = Clock()
    reads = SharedReads(clock)
    reads.get(KEY, START, lambda: "v1")
    later = clock.tick(seconds=30)

    assert reads.cached(KEY, later) is None
    assert reads.get(KEY, later, lambda: "v2") == ("v2", later)


def test_reads_count_an_answer_from_the_moment_it_was_asked_for() -> None:
    """What changed while the answer was on its way may not be in it."""
    clock = Clock()
    reads = SharedReads(clock)

    _, at = reads.get(KEY, START, lambda: clock.tick(seconds=5))

    assert at == START


def test_reads_do_not_keep_errors() -> None:
    """After an error the next caller asks again."""
    reads = SharedReads(Clock())
    with pytest.raises(ValueError, match="throttled"):
        reads.get(KEY, START, _raise(ValueError("throttled")))

    assert reads.get(KEY, START, lambda: "v1") == ("v1", START)


def test_reads_keep_an_error_as_long_as_it_took_to_come_by() -> None:
    """Twenty passes that each wait a minute for one hanging account would keep every other account waiting."""
    clock = Clock()
    reads = SharedReads(clock)
    asked = []

    def hangs() -> object:
        asked.append(clock())
        clock.now += timedelta(seconds=40)
        raise CrossvaultError(Problem(Reason.TIMED_OUT, "AWS did not answer in time."))

    for _ in range(3):
        with pytest.raises(CrossvaultError, match="in time"):
            reads.get(KEY, clock(), hangs)
    assert len(asked) == 1
    clock.now += timedelta(seconds=40)

    assert reads.get(KEY, clock(), lambda: "v1")[0] == "v1"
    assert reads.get(KEY, START, _never)[0] == "v1"


@pytest.mark.parametrize(
    "value", [pytest.param("v1", id="an answer"), pytest.param(ValueError("throttled"), id="an error")]
)
def test_reads_share_what_is_in_the_air(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers who come while a fetch is running get its answer or its error, and AWS is asked once."""
    waiting = threading.Semaphore(0)
    flight = Flight(value)
    reads = SharedReads(Clock())
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(reads.get, KEY, START, flight)
        assert flight.began.wait(10)
        landed = Waiting(waiting)
        monkeypatch.setattr(reads._flights[KEY, ""], "landed", landed)
        others = [pool.submit(reads.get, KEY, START, _never) for _ in range(8)]
        for _ in others:
            assert waiting.acquire(timeout=10)
        flight.land.set()
        results = [future.exception(10) or future.result(10)[0] for future in (first, *others)]

    assert flight.count == 1
    assert results == [value] * 9


def test_reads_do_not_share_a_fetch_that_began_too_early() -> None:
    """Who needs a newer answer waits for the fetch in the air and then asks itself."""
    clock = Clock()
    reads = SharedReads(clock)
    flight = Flight("v1")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(reads.get, KEY, START, flight)
        assert flight.began.wait(10)
        later = clock.tick(seconds=1)
        second = pool.submit(reads.get, KEY, later, lambda: "v2")
        flight.land.set()

        assert first.result(10) == ("v1", START)
        assert second.result(10) == ("v2", later)


def test_reads_do_not_reuse_what_a_write_made_old() -> None:
    """After an invalidation the next caller asks again, and what is known stays countable."""
    reads = SharedReads(Clock())
    reads.get(KEY, START, lambda: "v1")

    reads.invalidate(KEY)

    assert reads.cached(KEY, START) is None
    assert [value for _, value, _ in reads.values("vault")] == ["v1"]
    assert reads.get(KEY, START, lambda: "v2")[0] == "v2"


def test_reads_do_not_keep_what_was_asked_before_a_write() -> None:
    """A fetch that was in the air during the write serves who waited for it, and nobody after."""
    reads = SharedReads(Clock())
    flight = Flight("before the write")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(reads.get, KEY, START, flight)
        assert flight.began.wait(10)
        reads.invalidate(KEY)
        assert reads.get(KEY, START, lambda: "after")[0] == "after"
        flight.land.set()
        assert first.result(10)[0] == "before the write"

    assert reads.get(KEY, START, _never)[0] == "after"


def test_reads_forget_what_nobody_asks_for() -> None:
    """An entry goes two hours after it was last used; one in use stays."""
    clock = Clock()
    reads = SharedReads(clock)
    reads.get(KEY, START, lambda: "old")
    reads.get(("used",), START, lambda: "used")
    for _ in range(5):
        clock.tick(minutes=30)
        reads.get(("used",), START, _never)

    assert len(reads) == 1
    assert reads.cached(("used",), START) == ("used", START)


def test_reads_forget_an_account_that_is_gone() -> None:
    """What was read through a dropped account is dropped with it."""
    reads = SharedReads(Clock())
    reads.get(("vault", "prod"), START, lambda: 1)
    reads.get(("vault", "dr"), START, lambda: 2)

    reads.forget(lambda key: key[1] == "prod")

    assert reads.cached(("vault", "prod"), START) is None
    assert reads.cached(("vault", "dr"), START) == (2, START)


def test_nobody_waits_for_a_fetch_of_somebody_else() -> None:
    """It may wait for a budget behind all that its tenant wants; the first to land serves everybody."""
    clock = Clock()
    reads = SharedReads(clock)
    slow = Flight("slow")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(reads.get, KEY, START, slow, "crowd")
        assert slow.began.wait(10)
        clock.tick(minutes=1)
        mine = reads.get(KEY, START, lambda: "quick", "late")
        slow.land.set()
        assert first.result(10) == ("slow", START)

    assert mine == ("quick", START + timedelta(minutes=1))
    assert reads.get(KEY, START, _never, "crowd") == mine, "what was asked later stays"
    assert reads._flights == {}


def test_a_write_is_seen_whoever_was_asking() -> None:
    """What is on its way to any tenant began before the write."""
    reads = SharedReads(Clock())
    flights = {who: Flight(f"old {who}") for who in ("a", "b")}
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(reads.get, KEY, START, flight, who) for who, flight in flights.items()]
        assert all(flight.began.wait(10) for flight in flights.values())
        reads.invalidate(KEY)
        for flight in flights.values():
            flight.land.set()
        for each in asked:
            each.result(10)

    assert reads.cached(KEY, START) is None


# --- What something has happened to --------------------------------------------------------------------------------


def marked(clock: Clock) -> SharedReads:
    """Return reads whose last word is the one mark that makes them old."""
    return SharedReads(clock, lambda key: (key[-1],))


def test_what_was_read_before_a_mark_is_read_again_once() -> None:
    """By everybody, however old it might be otherwise; what others have read since will do."""
    clock = Clock()
    reads, long_ago = marked(clock), START - timedelta(days=1)
    assert reads.get(KEY, long_ago, lambda: 1)[0] == 1
    clock.tick(seconds=1)
    reads.outdate(("orders", "nobody's"), clock())

    assert reads.cached(KEY, long_ago) is None
    assert reads.last(KEY) == 1
    assert reads.get(KEY, long_ago, lambda: 2)[0] == 2
    clock.tick(seconds=1)
    assert reads.get(KEY, long_ago, _never)[0] == 2
    assert reads.get(("vault", "prod", "bills"), long_ago, lambda: 3)[0] == 3


def test_an_older_mark_changes_nothing() -> None:
    """Marks come in any order."""
    clock = Clock()
    reads, long_ago = marked(clock), START - timedelta(days=1)
    reads.outdate(("orders",), clock())
    clock.tick(seconds=1)
    reads.get(KEY, long_ago, lambda: 1)
    reads.outdate(("orders",), START)

    assert reads.get(KEY, long_ago, _never)[0] == 1


def test_a_read_under_way_when_the_mark_comes_is_not_for_who_comes_after() -> None:
    """It may have been answered before."""
    clock = Clock()
    reads, long_ago, flight = marked(clock), START - timedelta(days=1), Flight(1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(reads.get, KEY, long_ago, flight)
        assert flight.began.wait(10)
        clock.tick(seconds=1)
        reads.outdate(("orders",), clock())
        second = pool.submit(reads.get, KEY, long_ago, lambda: 2)
        flight.land.set()

        assert first.result(10)[0] == 1
        assert second.result(10)[0] == 2


def test_marks_are_forgotten_when_nothing_older_is_kept() -> None:
    """They are few, and not for ever."""
    clock = Clock()
    reads = marked(clock)
    reads.outdate(("orders",), clock())
    clock.tick(days=3)
    reads.get(KEY, START, lambda: 1)

    assert reads._marks == {}
