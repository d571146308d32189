"""The end of a policy: let go when nothing of ours is left, and in any case after a bounded wait."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from tests.kit.fake_api import POLICIES, account, policy
from tests.kit.kube_passes import WARNING, Bench, eventually

from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kube import objects
from crossvault.kube.client import ApiError, Trouble
from crossvault.status.events import Event
from crossvault.status.outcome import Outcome
from crossvault.words.problems import Problem
from crossvault.words.reasons import Reason
from crossvault.work.agenda import After, Done, Retry


async def test_done_deletion_lets_the_object_go_and_says_so() -> None:
    """One write: the finalizer away."""
    bench = Bench(policy(finalizers=["other/finalizer", objects.FINALIZER]))
    bench.delete()
    bench.outcome = Outcome(None, events=(Event("Normal", Reason.DELETION_RETAINED, "Left."),), done=True)

    assert await bench.work() == Done()
    assert bench.stored()["metadata"]["finalizers"] == ["other/finalizer"]
    assert [what for what, _, _ in bench.api.writes] == ["object"]
    assert bench.reasons() == ["DeletionRetained"]


async def test_object_that_waits_for_somebody_else_is_left_alone() -> None:
    """Our finalizer is gone, another holds it."""
    bench = Bench(policy(finalizers=["other/finalizer"]))
    bench.delete()

    assert await bench.work() == Done()
    assert bench.requests == []


async def test_unfinished_deletion_is_tried_until_its_time_is_over() -> None:
    """Dead credentials cannot keep an object for ever."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.delete()
    problem = Problem(Reason.ASSUME_ROLE_DENIED, "Role orders is not to be had.")
    bench.outcome = Outcome(None, requeue=timedelta(seconds=30), failed=True, problem=problem)
    first = await bench.work()
    assert isinstance(first, After)
    assert first.delay == timedelta(seconds=30)
    bench.now += timedelta(minutes=5)

    assert await bench.work() == Done()
    assert bench.stored() == {}
    assert bench.reasons() == ["DeletionIncomplete"]
    assert "Role orders is not to be had" in bench.api.events[0]["note"]


async def test_hanging_deletion_is_let_go_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread hangs on; the object does not."""
    monkeypatch.setattr("crossvault.kube.deletion._AT_LEAST", timedelta(seconds=0.05))
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.delete()
    bench.now += timedelta(minutes=6)
    bench.hold = threading.Event()
    working = asyncio.create_task(bench.work())
    await eventually(lambda: not bench.stored())
    assert not working.done()
    bench.hold.set()

    assert await working == Done()
    assert bench.told_to_stop == [True]


@pytest.mark.parametrize(
    ("kind", "news"),
    [
        pytest.param(POLICY.name, policy(version=90_000, generation=3), id="it is edited, to keep what it has"),
        pytest.param(
            ACCOUNT.name, account(version=90_000, generation=2, allowedNamespaces={}), id="its account is taken away"
        ),
    ],
)
async def test_running_deletion_stops_when_what_it_acts_for_changes(kind: str, news: dict[str, Any]) -> None:
    """Nothing is removed after somebody said otherwise."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.store.put(ACCOUNT.name, account())
    bench.delete()
    bench.hold = threading.Event()
    working = asyncio.create_task(bench.work())
    await eventually(lambda: bool(bench.requests))
    bench.store.put(kind, news)
    bench.hold.set()
    await working

    assert bench.told_to_stop == [True]


async def test_deletion_that_raises_is_counted_and_bounded() -> None:
    """A bug of ours cannot keep it either."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.delete()
    bench.raises = ValueError("bug")
    assert isinstance(await bench.work(), After)
    bench.now += timedelta(minutes=5)

    assert await bench.work() == Done()
    assert bench.vitals.internal_errors.read() == {"deletion": 2}


async def test_deletion_that_cannot_even_be_told_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the bug is in finding out what there is to do, saying what is waited for meets it again."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.delete()
    bench.raises = ValueError("bug")

    def fail(*_: object, **__: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr("crossvault.kinds.policy.endings.prepare", fail)
    assert isinstance(await bench.work(), After)
    bench.now += timedelta(minutes=5)

    assert await bench.work() == Done()
    assert bench.stored() == {}


def removing(bench: Bench, *, crd: str = "", place: str = "", missing: bool = False) -> None:
    """Have the policy own something in AWS, and its CRD and namespace be as given."""
    bench.body["spec"]["deletionPolicy"] = "RemoveOwned"
    bench.body = bench.api.add(POLICIES, bench.body)
    bench.store.put(POLICY.name, bench.body)
    for resource, name, since in (
        (objects.DEFINITIONS, f"{POLICIES.plural}.crossvault.io", crd),
        (objects.NAMESPACES, "shop", place),
    ):
        if not missing:
            bench.api.add(resource, {"metadata": {"name": name, **({"deletionTimestamp": since} if since else {})}})
    bench.delete()
    bench.outcome = Outcome(None, done=True)


@pytest.mark.parametrize(
    ("world", "ordered"),
    [
        pytest.param({}, True, id="deleted by name"),
        pytest.param({"crd": "2026-11-23T11:59:59Z"}, False, id="the CRD is going"),
        pytest.param({"place": "2026-11-23T11:59:59Z"}, False, id="the namespace is going"),
        pytest.param({"missing": True}, False, id="both are gone"),
    ],
)
async def test_only_a_deletion_by_name_is_ordered(world: dict[str, Any], ordered: bool) -> None:
    """Invariant 11: a terminating CRD or namespace removes nothing in AWS."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    removing(bench, **world)
    await bench.work()

    assert [request.ordered for request in bench.requests] == [ordered]


async def test_doubt_about_the_order_waits_and_then_retains() -> None:
    """Whether it was ordered cannot be asked: nothing is done; in the end nothing is removed."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    removing(bench)
    bench.api.refuse = lambda verb, _what: ApiError(Trouble.FORBIDDEN, "no") if verb == "look" else None
    assert isinstance(await bench.work(), Retry)
    assert bench.requests == []
    bench.now += timedelta(minutes=5)
    await bench.work()

    assert [request.ordered for request in bench.requests] == [False]


async def test_what_a_deletion_waits_for_stands_in_status_and_one_event() -> None:
    """Until it is let go; the store's copies of accounts, claims and claimants reach the core."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.delete()
    conditions = [{"type": "Ready", "status": "False", "reason": "DeletionWaiting"}]
    waiting = Event("Warning", Reason.DELETION_WAITING, "Role orders is not to be had.")
    bench.outcome = Outcome({"conditions": conditions}, events=(waiting,), failed=True)
    await bench.work()
    assert bench.stored()["status"]["conditions"] == conditions
    bench.outcome = Outcome({"conditions": conditions}, failed=True)
    await bench.work()

    assert bench.reasons() == ["DeletionWaiting"]


async def test_a_status_that_is_refused_holds_up_no_deletion() -> None:
    """What it waits for is told where it can be; the end comes at its time all the same."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.delete()
    bench.outcome = Outcome({"conditions": []}, failed=True, events=(WARNING,))
    bench.api.refuse = lambda _verb, what: ApiError(Trouble.REFUSED, "no") if what == "status" else None
    assert isinstance(await bench.work(), After)
    bench.now += timedelta(minutes=5)

    assert await bench.work() == Done()
    assert bench.stored() == {}


@pytest.mark.parametrize("hang", [True, False], ids=["a hanging AWS", "a bug"])
async def test_a_pass_without_an_end_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch, *, hang: bool) -> None:
    """Its status names the cause, so that somebody can act before the object is let go."""
    monkeypatch.setattr("crossvault.kube.deletion._AT_LEAST", timedelta(seconds=0.05))
    bench = Bench(policy(finalizers=[objects.FINALIZER]), pass_deadline=timedelta(seconds=0.05))
    removing(bench)
    bench.raises = None if hang else ValueError("bug")
    bench.hold = threading.Event() if hang else None
    working = asyncio.create_task(bench.work())
    await eventually(lambda: "status" in bench.stored() and bool(bench.stored()["status"].get("conditions")))
    if bench.hold is not None:
        bench.hold.set()
    await working
    (ready,) = [each for each in bench.stored()["status"]["conditions"] if each["type"] == "Ready"]

    assert (ready["status"], ready["reason"]) == ("False", "DeletionWaiting")
    (report,) = bench.board.reports()
    assert ("Ready", "False", "DeletionWaiting") in report.conditions, "metrics say the same"
    assert ("did not answer in time" if hang else "a bug") in ready["message"]
    assert bench.reasons() == ["DeletionWaiting"]
