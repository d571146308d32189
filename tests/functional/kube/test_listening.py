"""From a message in another thread to a pass in the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta

from tests.kit.fake_api import account
from tests.kit.kube_passes import NOW, ORDERS, Bench, eventually

from crossvault.engine.hints import Fate, Hint, Notice, Subject
from crossvault.kinds import ACCOUNT
from crossvault.kinds.kind import ObjectKey
from crossvault.kube.listening import Listening
from crossvault.work.agenda import After, Next
from crossvault.work.hearing import AGAIN, QUIET, Answer
from crossvault.work.vitals import Vitals
from crossvault.work.workers import Workers

SOURCE, TARGET = "111111111111", "222222222222"
CHANGED = Hint(TARGET, "eu-central-1", Subject.POLICY, "copies")


def known() -> Bench:
    """Return a bench with the accounts of its policy."""
    bench = Bench()
    for name, account_id in (("production", SOURCE), ("dr", TARGET)):
        bench.store.put(ACCOUNT.name, account(name, accountId=account_id))
    while bench.store.desk.settle():
        pass
    return bench


def notice(number: int = 1, *hints: Hint) -> Notice:
    """Return what a message was read as."""
    return Notice(str(number), frozenset(hints or (CHANGED,)))


async def test_a_pass_makes_old_what_it_was_sent_for_before_it_looks() -> None:
    """Everything else that was seen is new enough for it."""
    bench = known()
    bench.hearing.hear([notice()], 100.0)
    assert bench.hearing.due(100.0) == [ORDERS]
    await bench.work()

    assert bench.heeded == [(CHANGED, NOW)]
    assert bench.requests[0].not_before < NOW
    await bench.work()
    assert len(bench.heeded) == 1


async def test_what_a_pass_found_is_noted_for_the_next_hint() -> None:
    """The first pass writes a status, which is something; the second one finds nothing, and is repeated."""
    bench, loop = known(), asyncio.get_running_loop()
    bench.hearing.hear([notice(1)], loop.time())
    bench.hearing.due(loop.time())
    await bench.work()
    assert bench.hearing.next_due() is None
    bench.hearing.hear([notice(2)], loop.time() + QUIET)
    bench.hearing.due(loop.time() + QUIET)
    await bench.work()
    due = bench.hearing.next_due()

    assert due is not None
    assert due >= loop.time() + AGAIN - 1


async def test_a_pass_that_failed_has_found_nothing() -> None:
    """Its summary is about what could not be seen."""
    bench, loop = known(), asyncio.get_running_loop()
    bench.outcome = type(bench.outcome)(None, failed=True, summary="Ready is Unknown", requeue=timedelta(minutes=1))
    bench.hearing.hear([notice()], loop.time())
    bench.hearing.due(loop.time())
    await bench.work()

    assert bench.hearing.next_due() is not None


async def test_what_is_heard_in_a_thread_becomes_a_pass() -> None:
    """Once for many messages, by the loop's own time."""
    bench, loop = known(), asyncio.get_running_loop()
    begun: list[ObjectKey] = []

    async def handle(key: ObjectKey) -> Next:
        begun.append(key)
        bench.hearing.looked(key, bench.hearing.take(key), loop.time(), found=True)
        return After(timedelta(hours=1))

    workers = Workers[ObjectKey](handle, count=2, vitals=Vitals())
    workers.start()
    listening = Listening(bench.hearing, workers, loop)
    answers: Sequence[Answer] = [Fate.MALFORMED, *(notice(number) for number in range(10))]
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(listening.take(answers)))
    thread.start()
    await eventually(lambda: begun == [ORDERS])
    assert taken == [True]
    listening.take([notice(11)])
    await eventually(lambda: begun == [ORDERS, ORDERS])
    listening.close()

    assert bench.vitals.hints.read() == {"malformed": 1, "used": 11}
    assert not listening.take([notice(12)])
    await workers.drain(1)


async def test_nobody_takes_anything_after_the_end() -> None:
    """Not when the loop is gone, either: the message stays in the queue."""
    bench, loop = known(), asyncio.new_event_loop()
    workers = Workers[ObjectKey](bench.passes.handle, count=1, vitals=Vitals())
    listening = Listening(bench.hearing, workers, loop)
    loop.close()

    assert not listening.take([notice()])
    assert bench.vitals.hints.read() == {}
