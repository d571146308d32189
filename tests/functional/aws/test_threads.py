"""A few threads do an account's reads, and none outlives its use."""

from __future__ import annotations

import functools
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from crossvault.aws import tenants
from crossvault.aws.aside import stepping
from crossvault.aws.threads import NoThreads, RequestThreads, awaited


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


def test_what_gets_no_thread_is_done_by_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process may have no more threads for a while, nobody waits for one, then or afterwards."""
    threads = RequestThreads(2, name="t")

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        done = [threads.submit(threading.get_ident).result(0) for _ in range(5)]

    assert set(done) == {threading.get_ident()}
    assert threads.submit(threading.get_ident).result(10) != threading.get_ident()
    threads.close()


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


def test_a_namespace_waits_for_no_thread_of_another() -> None:
    """Long lists of one namespace take both its threads; two reads of another one begin at once, its third later."""
    slow = Slow(RequestThreads(2, name="t"))
    jobs = [slow.submit("crowd", f"c{number}") for number in range(5)]
    assert {slow.next(), slow.next()} == {("c0", "crowd"), ("c1", "crowd")}

    jobs += [slow.submit("late", f"l{number}") for number in range(3)]
    assert {slow.next(), slow.next()} == {("l0", "late"), ("l1", "late")}
    assert slow.began.empty()

    slow.gates["l0"].set()
    assert slow.next() == ("l2", "late")
    slow.gates["c1"].set()
    assert slow.next() == ("c2", "crowd")
    assert slow.began.empty()
    for gate in slow.gates.values():
        gate.set()
    for each in jobs:
        each.result(10)
    slow.threads.close()


def test_threads_of_many_namespaces_end_when_there_is_nothing_left() -> None:
    """Twenty namespaces at once have a thread each, and afterwards there is none."""
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
    """Whoever submits how much, and from how many threads, all of it is done, and never too much at once."""
    threads = RequestThreads(size, name="t", idle_seconds=0.001)
    lock, running, most = threading.Lock(), Counter[str](), Counter[str]()

    def work() -> str:
        tenant = tenants.current()
        with lock:
            running[tenant] += 1
            most[tenant] = max(most[tenant], running[tenant])
        threading.Event().wait(0.0005)
        with lock:
            running[tenant] -= 1
        return tenant

    def ask(tenant: str) -> list[Future[str]]:
        with tenants.asking_for(tenant):
            return [threads.submit(work) for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        asked = {f"n{number}": pool.submit(ask, f"n{number}") for number in range(8)}
        found = {tenant: {each.result(10) for each in futures.result(10)} for tenant, futures in asked.items()}

    assert found == {tenant: {tenant} for tenant in asked}
    assert max(most.values()) <= size
    threads.close()


def test_without_threads_everything_is_done_by_whoever_asks() -> None:
    """One after the other in the order in which it is asked for; what goes wrong is raised where the result is read."""
    threads = NoThreads()
    done: list[int] = []
    asked = [threads.submit(functools.partial(done.append, number)) for number in range(3)]
    broken = threads.submit(lambda: 1 // 0)
    threads.close()

    assert done == [0, 1, 2]
    assert [each.done() for each in asked] == [True] * 3
    with pytest.raises(ZeroDivisionError):
        broken.result()


@contextmanager
def opening(gate: threading.Event, entered: list[str]) -> Iterator[None]:
    """Note who steps aside, and open a gate inside."""
    entered.append(threading.current_thread().name)
    gate.set()
    yield


def test_who_waits_long_for_an_answer_steps_aside() -> None:
    """The work ends only when somebody has stepped aside for it, in the thread that waits."""
    threads, gate, entered = RequestThreads(1, name="aws-test"), threading.Event(), list[str]()

    with stepping(lambda: opening(gate, entered)):
        assert awaited(threads.submit(lambda: gate.wait(10)))()

    assert entered == [threading.current_thread().name]
    threads.close()


@pytest.mark.parametrize("late", [pytest.param(False, id="prompt"), pytest.param(True, id="late")])
def test_what_work_raises_is_raised_where_it_is_awaited(late: bool) -> None:
    """A timeout of the work, too, which is none of the waiting."""
    threads, gate, entered = RequestThreads(1, name="aws-test"), threading.Event(), list[str]()
    if not late:
        gate.set()

    def work() -> None:
        gate.wait(10)
        raise TimeoutError("of the work")

    future = threads.submit(work)
    if not late:
        futures.wait([future], 10)
    with stepping(lambda: opening(gate, entered)), pytest.raises(TimeoutError, match="of the work"):
        awaited(future)()

    assert len(entered) == late
    threads.close()
