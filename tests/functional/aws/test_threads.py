"""A few threads do an account's reads, and none outlives its use."""

from __future__ import annotations

import threading

import pytest

from crossvault.aws.threads import Threads


def test_threads_work_side_by_side_up_to_their_number() -> None:
    """Two jobs that wait for each other both end."""
    threads = Threads(2, name="t")
    barrier = threading.Barrier(2)

    both = [threads.submit(lambda: barrier.wait(10)) for _ in range(2)]

    assert sorted(future.result(10) for future in both) == [0, 1]
    threads.close()


def test_threads_hand_over_what_was_raised() -> None:
    """An error is raised where the result is asked for."""
    threads = Threads(1, name="t")

    def fail() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        threads.submit(fail).result(10)
    threads.close()


def test_threads_start_no_more_than_needed() -> None:
    """One job after the other needs one thread."""
    threads = Threads(4, name="t")
    names = {threads.submit(threading.get_ident).result(10) for _ in range(5)}

    assert 1 <= len(names) <= 4
    threads.close()


def test_threads_finish_what_was_submitted_before_they_close() -> None:
    """Closing loses nothing, and afterwards the caller works itself."""
    threads = Threads(1, name="t")
    go = threading.Event()
    waiting = [threads.submit(lambda: go.wait(10)) for _ in range(3)]

    threads.close()
    go.set()

    assert [future.result(10) for future in waiting] == [True] * 3
    assert threads.submit(threading.get_ident).result(0) == threading.get_ident()


def test_idle_threads_end_and_start_again() -> None:
    """Without work there is no thread; new work gets one."""
    threads = Threads(1, name="t", idle_seconds=0.0)
    for _ in range(20):
        worker = threads.submit(threading.current_thread).result(10)
        worker.join(10)
        assert not worker.is_alive()
    threads.close()
