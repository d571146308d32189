"""The workers in virtual time: how many at once, what a failing handler does, and how they end."""

import asyncio
import logging
from collections import defaultdict
from datetime import timedelta

import pytest
from tests.kit import work_loop

from crossvault.work.agenda import After, Agenda, Done, Lane, Next, Pace, Retry
from crossvault.work.shares import Shares
from crossvault.work.vitals import Vitals
from crossvault.work.workers import LENT, Workers

EXACT = Pace(shorten=0.0, spread=0.0)


class Bench:
    """Workers with a handler that takes ``seconds`` and then says ``then``."""

    def __init__(self, count: int = 2, *, seconds: float = 1.0, then: Next | None = None) -> None:
        self.vitals = Vitals()
        self.seconds = seconds
        self.then = then or Done()
        self.started: list[tuple[float, str]] = []
        self.now_running = 0
        self.most_running = 0
        self.broken: set[str] = set()
        self.workers: Workers[str] = Workers(
            self.handle, count=count, vitals=self.vitals, agenda=Agenda(pace=EXACT), kind_of=lambda _key: "kind"
        )

    async def handle(self, key: str) -> Next:
        """Do one pass."""
        self.started.append((asyncio.get_running_loop().time(), key))
        self.now_running += 1
        self.most_running = max(self.most_running, self.now_running)
        try:
            await asyncio.sleep(self.seconds)
            if key in self.broken:
                raise ValueError(key)
        finally:
            self.now_running -= 1
        return self.then


def test_no_more_passes_at_once_than_workers() -> None:
    """Ten keys, three workers of one second: four seconds."""

    async def story() -> None:
        bench = Bench(3)
        for number in range(10):
            bench.workers.add(str(number))
        bench.workers.start()
        await asyncio.sleep(10)

        assert bench.most_running == 3
        assert [at for at, _ in bench.started] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]
        assert await bench.workers.drain(1)

    work_loop.run(story())


class Waiting:
    """Workers whose handler steps aside for ``seconds``, as a thread of theirs would, and then works for one."""

    def __init__(
        self, count: int, *, seconds: float = 5.0, shares: Shares[str] | None = None, then: Next | None = None
    ) -> None:
        self.seconds, self.started, self.working, self.most = seconds, dict[str, float](), 0, 0
        self.begun: defaultdict[str, list[float]] = defaultdict(list)
        self.then = then or Done()
        self.long: dict[str, float] = {}
        self.workers: Workers[str] = Workers(
            self.handle, count=count, vitals=Vitals(), agenda=Agenda(pace=EXACT, shares=shares)
        )

    async def handle(self, key: str) -> Next:
        """Wait, then work."""
        loop = asyncio.get_running_loop()
        self.started[key] = loop.time()
        self.begun[key].append(loop.time())
        with self.workers.aside(key):
            await asyncio.sleep(self.long.get(key, self.seconds))
        self.working += 1
        self.most = max(self.most, self.working)
        await asyncio.sleep(1)
        self.working -= 1
        return self.then


def test_others_work_while_a_pass_only_waits() -> None:
    """Twenty that wait five seconds and work for one: two workers begin them all at once."""

    async def story() -> None:
        bench = Waiting(2)
        for number in range(20):
            bench.workers.add(str(number))
        bench.workers.start()
        await asyncio.sleep(30)

        assert set(bench.started.values()) == {0.0}
        assert bench.workers.running() == frozenset()
        assert bench.workers.alive()
        assert await bench.workers.drain(1)

    work_loop.run(story())


def test_what_becomes_due_while_all_only_wait_is_worked_on() -> None:
    """Both workers wait for a minute; a third pass comes again a second after its end, in their places."""

    async def story() -> None:
        bench = Waiting(2, then=After(timedelta(seconds=1)))
        bench.long = {"a": 60.0, "b": 60.0}
        for key in "abc":
            bench.workers.add(key)
        bench.workers.start()
        await asyncio.sleep(30)

        assert bench.begun["c"] == [0.0, 7.0, 14.0, 21.0, 28.0]
        assert not await bench.workers.drain(1)
        assert await bench.workers.drain(60)

    work_loop.run(story())


def test_no_more_wait_than_there_is_room_for() -> None:
    """Beyond that a pass waits in its worker's place."""

    async def story() -> None:
        bench = Waiting(1)
        for number in range(40):
            bench.workers.add(str(number))
        bench.workers.start()
        await asyncio.sleep(1)

        assert len(bench.started) == LENT + 1
        await asyncio.sleep(60)
        assert len(bench.started) == 40
        assert await bench.workers.drain(1)

    work_loop.run(story())


def test_who_waits_goes_on_to_need_what_it_shares() -> None:
    """No account has more passes at once than its share, however many of them wait; others are let in."""

    async def story() -> None:
        shares: Shares[str] = Shares(lambda key: [key[0]], 2, tenant_of=lambda key: key[0], workers=4)
        bench = Waiting(4, shares=shares)
        for key in ("a1", "a2", "a3", "b1", "b2", "b3", "c1"):
            bench.workers.add(key)
        bench.workers.start()
        await asyncio.sleep(1)

        assert set(bench.started) == {"a1", "a2", "b1", "b2", "c1"}
        await asyncio.sleep(60)
        assert len(bench.started) == 7
        assert await bench.workers.drain(1)

    work_loop.run(story())


def test_nobody_stands_in_any_more_at_the_end() -> None:
    """Those who stand in are waited for as all others are."""

    async def story() -> None:
        bench = Waiting(1)
        for key in "abc":
            bench.workers.add(key)
        bench.workers.start()
        await asyncio.sleep(1)
        assert not await bench.workers.drain(2)
        assert await bench.workers.drain(10)
        assert len(asyncio.all_tasks()) == 1

    work_loop.run(story())


def test_idle_worker_takes_a_key_at_once() -> None:
    """Nothing polls."""

    async def story() -> None:
        bench = Bench()
        bench.workers.start()
        await asyncio.sleep(5)
        bench.workers.add("a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert bench.started == [(5, "a")]
        await bench.workers.drain(2)

    work_loop.run(story())


def test_resync_comes_when_it_is_due() -> None:
    """The alarm wakes a worker at the right instant, again and again."""

    async def story() -> None:
        bench = Bench(seconds=0.0, then=After(timedelta(seconds=10)))
        bench.workers.add("a", Lane.RESYNC)
        bench.workers.start()
        await asyncio.sleep(31)

        assert [round(at, 6) for at, _ in bench.started] == [0, 10, 20, 30]
        await bench.workers.drain(1)

    work_loop.run(story())


def test_handler_that_raises_is_a_bug_that_is_counted_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """The worker lives on, the traceback is logged, and the key comes back with back-off."""

    async def story() -> Bench:
        bench = Bench(1, seconds=0.0)
        bench.broken.add("a")
        bench.workers.add("a")
        bench.workers.add("b")
        bench.workers.start()
        await asyncio.sleep(16)
        assert bench.workers.alive()
        await bench.workers.drain(1)
        return bench

    with caplog.at_level(logging.ERROR):
        bench = work_loop.run(story())

    assert [(round(at, 6), key) for at, key in bench.started] == [(0, "a"), (0, "b"), (5, "a"), (15, "a")]
    assert bench.vitals.internal_errors.read() == {"pass": 3}
    assert {key: each.count for key, each in bench.vitals.passes.read().items()} == {
        ("kind", "error"): 3,
        ("kind", "ok"): 1,
    }
    assert caplog.records[0].exc_info is not None


def test_recovery_wakes_what_waited_for_it() -> None:
    """Keys in back-off start as soon as their cause has recovered."""

    async def story() -> None:
        bench = Bench(seconds=0.0, then=Retry("api"))
        bench.workers.add("a")
        bench.workers.start()
        await asyncio.sleep(1)
        bench.then = Done()
        bench.workers.reset_backoffs("api")
        await asyncio.sleep(0.1)

        assert bench.started == [(0, "a"), (1, "a")]
        await bench.workers.drain(1)

    work_loop.run(story())


def test_drain_waits_for_running_passes_and_starts_no_other() -> None:
    """What runs ends; what waits stays."""

    async def story() -> None:
        bench = Bench(1)
        bench.workers.add("a")
        bench.workers.add("b")
        bench.workers.start()
        await asyncio.sleep(0.5)

        assert await bench.workers.drain(5)
        assert [key for _, key in bench.started] == ["a"]
        assert asyncio.get_running_loop().time() == 1.0

    work_loop.run(story())


def test_drain_does_not_wait_for_ever() -> None:
    """A pass that hangs is left behind."""

    async def story() -> None:
        bench = Bench(2, seconds=1000)
        bench.workers.add("a")
        bench.workers.start()
        await asyncio.sleep(1)

        assert not await bench.workers.drain(2)
        assert asyncio.get_running_loop().time() == 3.0

    work_loop.run(story())


def test_drain_before_the_start_is_nothing() -> None:
    """An operator can be told to end before it began."""

    async def story() -> None:
        assert await Bench().workers.drain(1)

    work_loop.run(story())


def test_figures_are_those_of_the_moment() -> None:
    """What is running and for how long can be asked at any time."""

    async def story() -> None:
        bench = Bench(1, seconds=10)
        bench.workers.add("a")
        bench.workers.add("b")
        bench.workers.start()
        await asyncio.sleep(3)
        figures = bench.workers.figures()

        assert (figures.running, figures.longest_running, figures.depth["change"]) == (1, 3.0, 1)
        assert bench.workers.running() == frozenset({"a"})
        await bench.workers.drain(0)

    work_loop.run(story())
