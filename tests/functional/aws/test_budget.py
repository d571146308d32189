"""Who asks too much waits its turn, which comes however much others ask, and the wait is counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossvault.aws.aside import stepping
from crossvault.aws.budget import QUIET, READS, STARTS, Budgets, Line, Place, TokenBucket
from crossvault.aws.calls import CallCounts
from crossvault.engine.declared import Limits


class Time:
    """A monotonic clock on which sleeping moves the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


class TickingClock:
    """A clock that a test moves while threads sleep on it."""

    def __init__(self) -> None:
        self._now = 0.0
        self._changed = threading.Condition()
        self._sleepers: dict[int, float] = {}

    def read(self) -> float:
        """Return the time."""
        with self._changed:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Sleep until the test has moved the clock so far."""
        me = threading.get_ident()
        with self._changed:
            until = self._sleepers[me] = self._now + seconds
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._now >= until, 10)
            del self._sleepers[me]
            self._changed.notify_all()

    def wait_for_sleepers(self, count: int) -> None:
        """Wait until so many threads sleep, all of them beyond now."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: len(self._sleepers) == count and all(each > self._now for each in self._sleepers.values()), 10
            )

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        with self._changed:
            self._now += seconds
            self._changed.notify_all()


def test_bucket_lets_a_burst_through_and_then_keeps_the_rate() -> None:
    """The first tokens are free, the next come at the rate."""
    time = Time()
    bucket = TokenBucket(2.0, 3.0, clock=time.clock, sleep=time.sleep)

    waits = [bucket.take() for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 0.5, 0.5]


def test_bucket_fills_up_to_its_burst_only() -> None:
    """A long silence does not save up more than the burst."""
    time = Time()
    bucket = TokenBucket(2.0, 3.0, clock=time.clock, sleep=time.sleep)
    time.now += 3600

    waits = [bucket.take() for _ in range(4)]

    assert waits == [0.0, 0.0, 0.0, 0.5]


def served(line: Line, waiting: dict[str, Place], now: float) -> list[str]:
    """Let everybody who waits ask at an instant, and return who got a token."""
    got = [name for name, place in waiting.items() if line.wait(place, now) == 0]
    for name in got:
        del waiting[name]
    return got


@pytest.mark.parametrize(
    ("come", "order"),
    [
        pytest.param("a1 a2 a3", "a1 a2 a3", id="alone one namespace has all of it, in the order of arrival"),
        pytest.param("a1 a2 a3 b1 b2", "a1 b1 a2 b2 a3", id="two take turns"),
        pytest.param("a1 a2 a3 b1 c1 b2", "a1 b1 c1 a2 b2 a3", id="three go round"),
        pytest.param("a1 - a2 - a3 - b1", "a1 a2 a3 b1", id="who is gone when somebody comes is in nobody's way"),
        pytest.param("a1 a2 a3 a4 - - b1 b2 b3", "a1 a2 b1 a3 b2 a4 b3", id="who comes late joins the round"),
    ],
)
def test_namespaces_take_turns_at_tokens(come: str, order: str) -> None:
    """A dash is the time in which one token comes."""
    line, waiting, got, now = Line(1.0, 1.0, 0.0), dict[str, Place](), list[str](), 0.0
    for each in come.split():
        if each == "-":
            got += served(line, waiting, now)
            now += 1.0
        else:
            waiting[each] = line.join(each[0], now)
    while waiting:
        got += served(line, waiting, now)
        now += 1.0

    assert " ".join(got) == order


@given(
    steps=st.lists(st.one_of(st.sampled_from("abc"), st.integers(0, 3)), max_size=60),
    crowd=st.integers(0, 50),
    rate=st.sampled_from([0.1, 1.0, 3.0, 7.0]),
)
def test_however_many_wait_each_other_namespace_goes_first_once_at_most(
    steps: list[str | int], crowd: int, rate: float
) -> None:
    """Between two requests of one namespace, another has one; the rate is kept, and every token is used."""
    line, now, asked = Line(rate, 1.0, 0.0), 0.0, Counter[str]()
    waiting: dict[str, Place] = {}
    log: list[str] = []
    came: dict[str, int] = {}
    for step in [*["z"] * crowd, *steps, *[1] * (crowd + len(steps) + 1)]:
        if isinstance(step, str):
            name = f"{step}{asked[step]}"
            asked[step] += 1
            waiting[name], came[name] = line.join(step, now), len(log)
            continue
        for _ in range(step):
            got = served(line, waiting, now)
            assert len(got) <= 1, "one token comes at a time"
            assert got or not waiting, "no token is left lying while somebody waits"
            log += got
            now += 1 / rate

    assert not waiting
    for name, since in came.items():
        between = log[since : log.index(name)]
        others = Counter(each[0] for each in between)
        own = others.pop(name[0], 0)
        assert max(others.values(), default=0) <= own + 1


def test_who_comes_late_has_its_burst_in_advance_and_the_line_pays_it_back() -> None:
    """A busy account answers a newcomer as soon as an idle one, once; the crowd waits for as long as that cost."""
    line = Line(1.0, 3.0, 0.0)
    places = [line.join("crowd", 0.0) for _ in range(5)]
    assert [line.wait(each, 0.0) for each in places] == [0.0, 0.0, 0.0, 1.0, 2.0]

    assert [line.advance("late", 0.0) for _ in range(4)] == [True, True, True, False]

    assert [line.wait(each, 0.0) for each in places[3:]] == [4.0, 5.0]
    assert [line.advance("late", 4.0 + each) for each in (0.0, QUIET - 4.1)] == [False, False]


@pytest.mark.parametrize(
    ("quiet", "advances"), [pytest.param(QUIET - 0.1, 0, id="not yet"), pytest.param(QUIET, 3, id="for long enough")]
)
def test_who_was_quiet_is_a_newcomer_again(quiet: float, advances: int) -> None:
    """It counts from the last token; who waits for one is not quiet."""
    line = Line(1.0, 3.0, 0.0)
    assert [line.wait(line.join("late", 0.0), 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    for _ in range(200):
        line.join("crowd", 0.0)

    assert sum(line.advance("late", quiet) for _ in range(9)) == advances


def test_who_finds_tokens_takes_those_and_has_the_rest_in_advance() -> None:
    """Advances are no second burst for one that is alone."""
    line = Line(1.0, 3.0, 0.0)
    line.wait(line.join("crowd", 0.0), 0.0)

    got = [line.advance("late", 0.0) or line.wait(line.join("late", 0.0), 0.0) for _ in range(4)]

    assert got == [0.0, 0.0, True, 2.0]


@given(
    steps=st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0.0, 0.1, 1.0, 30.0, QUIET])), max_size=80),
    rate=st.sampled_from([0.1, 1.0, 5.0]),
    burst=st.sampled_from([1.0, 3.0, 10.0]),
)
def test_in_any_time_no_more_goes_out_than_comes_and_two_bursts(
    steps: list[tuple[int, float]], rate: float, burst: float
) -> None:
    """Whoever comes whenever; and those in advance leave the line half of what comes."""
    line, now = Line(rate, burst, 0.0), 0.0
    waiting: list[Place] = []
    out: list[float] = []
    advances: list[float] = []
    for tenant, later in steps:
        for _ in range(3):
            if line.advance(str(tenant), now):
                advances.append(now)
                out.append(now)
            else:
                waiting.append(line.join(str(tenant), now))
        end = now + later
        while now <= end:
            waits = {place: line.wait(place, now) for place in sorted(waiting)}
            out += [now for wait in waits.values() if wait == 0]
            waiting = [place for place, wait in waits.items() if wait > 0]
            now += min(waits.values(), default=0.0) or 0.001
        now = end

    for times, most, a_second in ((out, 2 * burst, rate), (advances, burst, rate / 2)):
        for first, since in enumerate(times):
            for last, until in enumerate(times[first:], first):
                assert last - first + 1 <= most + a_second * (until - since) + 1e-6


def test_who_is_asked_for_later_than_promised_finds_its_token() -> None:
    """A thread that oversleeps keeps nobody behind it waiting, and loses nothing."""
    line = Line(1.0, 1.0, 0.0)
    first, second, third = (line.join("a", 0.0) for _ in range(3))
    assert [line.wait(each, 0.0) for each in (first, second, third)] == [0.0, 1.0, 2.0]

    assert line.wait(third, 1.5) == 0.5
    assert line.wait(third, 2.0) == 0.0
    assert line.wait(second, 2.0) == 0.0


def test_bucket_forgets_who_gives_up() -> None:
    """When the process ends, whoever waits is told so and takes no token."""
    time = Time()

    def end(_seconds: float) -> None:
        raise KeyboardInterrupt

    bucket = TokenBucket(1.0, 1.0, clock=time.clock, sleep=end)
    bucket.take()
    with pytest.raises(KeyboardInterrupt):
        bucket.take()
    time.now += 1.0

    assert bucket.take() == 0.0


def test_bucket_gives_threads_of_two_namespaces_a_token_each_in_turn() -> None:
    """Nine threads of one namespace wait; one of another, that has had its advance, comes and goes second."""
    clock = TickingClock()
    bucket = TokenBucket(1.0, 1.0, clock=clock.read, sleep=clock.sleep)
    assert [bucket.take("crowd"), bucket.take("late")] == [0.0, 0.0]
    clock.tick(1.0)
    got: list[str] = []

    def ask(tenant: str) -> None:
        bucket.take(tenant)
        got.append(tenant)

    threads = [threading.Thread(target=ask, args=("crowd",)) for _ in range(9)]
    for thread in threads:
        thread.start()
    clock.wait_for_sleepers(9)
    late = threading.Thread(target=ask, args=("late",))
    late.start()
    clock.wait_for_sleepers(10)
    for left in range(9, -1, -1):
        clock.tick(1.0)
        clock.wait_for_sleepers(left)
    for thread in (*threads, late):
        thread.join(10)

    assert got.index("late") <= 1
    assert len(got) == 10


@pytest.mark.parametrize(
    ("limits", "kind", "burst"),
    [
        pytest.param(Limits(reads_per_second=1), READS, 10, id="reads have a burst of at least ten"),
        pytest.param(Limits(reads_per_second=20), READS, 40, id="reads have a burst of twice their rate"),
        pytest.param(Limits(starts_per_second=0.2), STARTS, 2, id="starts have a burst of at least two"),
        pytest.param(Limits(starts_per_second=4), STARTS, 8, id="starts have a burst of twice their rate"),
    ],
)
def test_budget_allows_its_burst(limits: Limits, kind: str, burst: int) -> None:
    """As much as the burst goes out at once, the next one waits and is counted."""
    time, counts = Time(), CallCounts()
    budgets = Budgets(counts, clock=time.clock, sleep=time.sleep)
    budgets.limit("prod", limits)
    for _ in range(burst):
        budgets.spend("prod", kind)
    assert time.slept == []

    budgets.spend("prod", kind)

    rate = limits.reads_per_second if kind == READS else limits.starts_per_second
    assert counts.waits() == {("prod", kind): pytest.approx(1 / rate)}


@pytest.mark.parametrize(("kind", "aside"), [pytest.param(STARTS, 2, id="start"), pytest.param(READS, 0, id="read")])
def test_who_waits_to_start_a_copy_steps_aside(kind: str, aside: int) -> None:
    """While it waits, and not for a token that is there; a read holds up nobody's pass but its own."""
    time, steps = Time(), list[float]()

    @contextmanager
    def noted() -> Iterator[None]:
        began = time.now
        yield
        steps.append(time.now - began)

    budgets = Budgets(CallCounts(), clock=time.clock, sleep=time.sleep)
    budgets.limit("prod", Limits(reads_per_second=1, starts_per_second=1))
    with stepping(noted):
        for _ in range(4 if kind == STARTS else 12):
            budgets.spend("prod", kind)

    assert len(time.slept) == 2
    assert steps == pytest.approx([1.0, 1.0][:aside])


def test_budget_takes_changed_limits_and_keeps_unchanged_ones() -> None:
    """Naming the same limits again refills nothing; other limits count at once."""
    time = Time()
    budgets = Budgets(CallCounts(), clock=time.clock, sleep=time.sleep)
    budgets.limit("prod", Limits(starts_per_second=1))
    budgets.spend("prod", STARTS)
    budgets.spend("prod", STARTS)
    budgets.limit("prod", Limits(starts_per_second=1))
    budgets.spend("prod", STARTS)
    assert time.slept == [1.0]

    budgets.limit("prod", Limits(starts_per_second=5))
    budgets.spend("prod", STARTS)

    assert time.slept == [1.0, 0.2]


def test_limits_that_go_up_and_down_give_no_more_than_one_burst() -> None:
    """What was left is left; what is owed stays owed."""
    time = Time()
    budgets = Budgets(CallCounts(), clock=time.clock, sleep=time.sleep)
    for number in range(50):
        budgets.limit("prod", Limits(reads_per_second=1 + number % 2))
        budgets.spend("prod", READS)

    assert sum(time.slept) >= (50 - 10) / 2


def test_budget_of_one_account_is_not_that_of_another() -> None:
    """An exhausted account holds up nobody else."""
    time = Time()
    budgets = Budgets(CallCounts(), clock=time.clock, sleep=time.sleep)
    for _ in range(10):
        budgets.spend("prod", READS)

    budgets.spend("dr", READS)

    assert time.slept == []
