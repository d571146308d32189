"""The workers in virtual time: how many at once, what a failing handler does, and how they end."""

import asyncio
import logging
from datetime import timedelta

import pytest
from tests.kit import work_loop

from crossvault.work.agenda import After, Agenda, Done, Lane, Next, Pace, Retry
from crossvault.work.vitals import Vitals
from crossvault.work.workers import Workers

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
