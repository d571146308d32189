"""The threads of passes: enough for what waits, gone when nothing does, and no job lost in between."""

import threading
import time
from concurrent.futures import CancelledError, Future, wait
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.waiting import until

from crossvault.work.pool import Pool


def threads_of(name: str) -> int:
    """Return how many threads bear a name."""
    return sum(each.name == name for each in threading.enumerate())


@given(st.integers(1, 6), st.lists(st.integers(0, 3), max_size=40))
def test_every_job_is_done_once_whatever_ends_meanwhile(most: int, pauses: list[int]) -> None:
    """Threads that end as soon as they are idle race with what comes in; no more than the most run at once."""
    lock, running, highest, done = threading.Lock(), [0], [0], list[int]()

    def job(number: int) -> int:
        with lock:
            running[0] += 1
            highest[0] = max(highest[0], running[0])
        time.sleep(pauses[number] / 10_000)
        with lock:
            running[0] -= 1
            done.append(number)
        return number

    with Pool(most, idle_seconds=0.0) as pool:
        found = [pool.submit(job, number) for number in range(len(pauses))]
        assert [each.result(timeout=10) for each in found] == list(range(len(pauses)))
    assert sorted(done) == list(range(len(pauses)))
    assert highest[0] <= most


def test_there_are_as_many_threads_as_work_and_none_after_it() -> None:
    """Idle ones are used again before another begins, and end by themselves."""
    pool, gate = Pool(3, name="few", idle_seconds=0.2), threading.Event()
    held = [pool.submit(gate.wait, 10) for _ in range(5)]
    until(lambda: sum(each.running() for each in held) == 3, "three run")
    assert threads_of("few") == 3

    gate.set()
    wait(held, timeout=10)
    pool.submit(int).result(timeout=10)
    assert threads_of("few") <= 3
    until(lambda: threads_of("few") == 0, "the threads are gone")

    assert pool.submit(int).result(timeout=10) == 0, "and one begins when there is work again"
    pool.shutdown()
    assert threads_of("few") == 0


def test_what_a_job_raises_is_raised_where_it_is_asked_for() -> None:
    """The thread goes on."""
    with Pool(1) as pool:
        failed = pool.submit(int, "x")
        assert pool.submit(int, "7").result(timeout=10) == 7
        with pytest.raises(ValueError, match="invalid literal"):
            failed.result(timeout=10)


@pytest.mark.parametrize("leaves", [True, False])
def test_the_end_waits_for_what_runs_and_leaves_what_waits_where_told_to(*, leaves: bool) -> None:
    """Nothing begins after it."""
    gate, pool = threading.Event(), Pool(1, name="last")
    running, waiting = pool.submit(gate.wait, 10), pool.submit(int, "7")
    until(running.running, "it runs")

    pool.shutdown(wait=False, cancel_futures=leaves)
    with pytest.raises(RuntimeError, match="after the end"):
        pool.submit(int)
    gate.set()
    pool.shutdown()

    assert running.result(timeout=10) is True
    assert threads_of("last") == 0
    with ExitStack() as stack:
        if leaves:
            stack.enter_context(pytest.raises(CancelledError))
        assert waiting.result(timeout=10) == 7


def test_a_process_without_more_threads_goes_on_with_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none at all, whoever asks is told."""
    pool, gate = Pool(2), threading.Event()
    held = pool.submit(gate.wait, 10)
    until(held.running, "it runs")

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    later: Future[Any] = pool.submit(int, "7")
    gate.set()
    assert later.result(timeout=10) == 7
    with pytest.raises(RuntimeError, match="can't start"):
        Pool(1).submit(int)
    monkeypatch.undo()
    pool.shutdown()
