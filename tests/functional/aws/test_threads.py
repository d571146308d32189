"""A few threads do an account's reads, and none outlives its use."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from crossvault.aws import tenants
from crossvault.aws.threads import RequestThreads


def test_threads_work_side_by_side_up_to_their_number() -> None:
    """Two jobs that wait for each other both end."""
    threads = RequestThreads(2, name="t")
    barrier = threading.Barrier(2)

    both = [threads.submit(lambda: barrier.wait(10)) for _ in range(2)]

    assert sorted(future.result(10) for future in both) == [0, 1]
    threads.close()


def test_threads_hand_over_what_was_raised() -> None:
    """An error is raised where the result is asked for."""
    threads = RequestThreads(1, name="t")

    def fail() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        threads.submit(fail).result(10)
    threads.close()


def test_threads_start_no_more_than_needed() -> None:
    """One job after the other needs one thread."""
    threads = RequestThreads(4, name="t")
    used = set()
    for _ in range(5):
        used.add(threads.submit(threading.get_ident).result(10))
        _come_to_rest(threads)

    assert len(used) == 1
    threads.close()


def _come_to_rest(threads: RequestThreads) -> None:
    """Let the one thread that has just handed over its result wait for more; nobody is told when it does."""
    with threads._changed:
        for _ in range(10_000):
            if threads._idle == 1:
                return
            threads._changed.wait(0.001)
    pytest.fail("the thread does not come to rest")


def test_threads_finish_what_was_submitted_before_they_close() -> None:
    """Closing loses nothing, and afterwards the caller works itself."""
    threads = RequestThreads(1, name="t")
    go = threading.Event()
    waiting = [threads.submit(lambda: go.wait(10)) for _ in range(3)]

    threads.close()
    go.set()

    assert [future.result(10) for future in waiting] == [True] * 3
    assert threads.submit(threading.get_ident).result(0) == threading.get_ident()


def test_idle_threads_end_and_start_again() -> None:
    """Without work there is no thread; new work gets one."""
    threads = RequestThreads(1, name="t", idle_seconds=0.0)
    for _ in range(20):
        worker = threads.submit(threading.current_thread).result(10)
        worker.join(10)
        assert not worker.is_alive()
    threads.close()


class Slow:
    """Work that takes until the test lets it go, and tells in which order it began and for whom."""

    def __init__(self, threads: RequestThreads) -> None:
        self.threads = threads
        self.began: queue.Queue[tuple[str, str]] = queue.Queue()
        self.gates: dict[str, threading.Event] = {}

    def submit(self, tenant: str, name: str) -> Future[None]:
        """Have some work done for a tenant."""
        gate = self.gates[name] = threading.Event()

        def work() -> None:
            self.began.put((name, tenants.current()))
            assert gate.wait(10)

        with tenants.asking_for(tenant):
            return self.threads.submit(work)

    def next(self) -> tuple[str, str]:
        """Return what begins next, and for whom."""
        return self.began.get(timeout=10)


def test_a_namespace_for_which_nothing_is_done_gets_a_thread_of_its_own() -> None:
    """Two long lists of one namespace take both threads; the read of another one does not wait for their end."""
    slow = Slow(RequestThreads(2, name="t"))
    crowd = [slow.submit("crowd", f"c{number}") for number in range(5)]
    assert {slow.next(), slow.next()} == {("c0", "crowd"), ("c1", "crowd")}

    late = slow.submit("late", "l0")
    assert slow.next() == ("l0", "late")
    after = slow.submit("late", "l1")
    slow.gates["l0"].set()
    late.result(10)

    assert slow.next() == ("l1", "late")
    assert slow.began.empty()
    for gate in slow.gates.values():
        gate.set()
    for each in (*crowd, after):
        each.result(10)
    slow.threads.close()


def test_namespaces_take_turns_at_a_thread() -> None:
    """What was submitted first by many waits for one of each other namespace."""
    slow = Slow(RequestThreads(1, name="t"))
    first = slow.submit("crowd", "c0")
    assert slow.next() == ("c0", "crowd")
    others = [slow.submit("crowd", f"c{number}") for number in (1, 2)]
    with_its_own = slow.submit("late", "l0")
    assert slow.next() == ("l0", "late")
    others += [slow.submit("late", f"l{number}") for number in (1, 2)]
    slow.gates["l0"].set()
    with_its_own.result(10)
    assert slow.next() == ("l1", "late")
    slow.gates["c0"].set()
    first.result(10)
    assert slow.next() == ("c1", "crowd")

    for gate in slow.gates.values():
        gate.set()
    for each in others:
        each.result(10)
    assert {slow.next(), slow.next()} == {("c2", "crowd"), ("l2", "late")}
    slow.threads.close()


def test_threads_beyond_their_number_end_when_their_namespace_has_nothing_left() -> None:
    """Twenty namespaces at once have twenty threads, and afterwards there are as many as before."""
    threads = RequestThreads(2, name="of-many", idle_seconds=0.0)
    slow = Slow(threads)
    jobs = [slow.submit(f"n{number}", str(number)) for number in range(20)]
    assert {slow.next()[1] for _ in range(20)} == {f"n{number}" for number in range(20)}
    alive = [each for each in threading.enumerate() if each.name == "of-many"]
    for gate in slow.gates.values():
        gate.set()
    for job in jobs:
        job.result(10)
    for thread in alive:
        thread.join(10)

    assert len(alive) == 20
    assert not any(each.is_alive() for each in alive)
    threads.close()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_nothing_that_is_submitted_is_lost(size: int) -> None:
    """Whoever submits how much, and from how many threads, all of it is done."""
    threads = RequestThreads(size, name="t", idle_seconds=0.001)

    def ask(tenant: str) -> list[Future[str]]:
        with tenants.asking_for(tenant):
            return [threads.submit(tenants.current) for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        asked = {f"n{number}": pool.submit(ask, f"n{number}") for number in range(8)}
        found = {tenant: {each.result(10) for each in futures.result(10)} for tenant, futures in asked.items()}

    assert found == {tenant: {tenant} for tenant in asked}
    threads.close()
