"""One pass against an API server that fails at chosen moments: what is written, said, and when the next one is due."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.kit.fake_api import ACCOUNTS, POLICIES, account, namespace, policy
from tests.kit.kube_passes import NOW, ORDERS, SETTINGS, STATUS, WARNING, Bench, eventually, once

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.vault import CreateVault
from crossvault.engine.declared import Account, PolicyKey, VaultRef
from crossvault.engine.looks import NO_PATIENCE, Patience
from crossvault.engine.plan import Result
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.kind import NAMESPACE, ObjectKey
from crossvault.kube import objects, passes
from crossvault.kube.client import Trouble
from crossvault.status.events import Event
from crossvault.status.outcome import Report
from crossvault.words.reasons import Reason
from crossvault.work.agenda import After, Done, Retry

GRANT = {"namespaces": {"all": True}, "as": ["Destination"], "vaults": ["orders-*"]}


async def test_first_pass_holds_the_object_then_writes_then_speaks() -> None:
    """Finalizer, status, event, and the next look after the interval."""
    bench = Bench()
    bench.outcome = replace(bench.outcome, events=(WARNING,))

    assert await bench.work() == After(timedelta(minutes=5))
    assert [what for what, _, _ in bench.api.writes] == ["object", "status"]
    assert bench.stored()["metadata"]["finalizers"] == [objects.FINALIZER]
    assert bench.stored()["status"] == STATUS
    assert bench.reasons() == ["Drifted"]


async def test_second_pass_over_the_same_writes_nothing() -> None:
    """In sync means silent."""
    bench = Bench()
    await bench.work()
    bench.api.writes.clear()

    assert await bench.work() == After(timedelta(minutes=5))
    assert bench.api.writes == []


async def test_others_finalizers_stay() -> None:
    """Ours comes beside them."""
    bench = Bench(policy(finalizers=["other/finalizer"]))
    await bench.work()

    assert bench.stored()["metadata"]["finalizers"] == ["other/finalizer", objects.FINALIZER]


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ({}, False),
        ({"destinations": [{"vaultArn": "arn:v", "statementWritten": "d1"}]}, True),
        ({"schedule": {"planId": "p-1"}}, True),
        ({"schedule": {"planId": ""}}, False),
    ],
)
async def test_what_only_looks_is_held_where_it_once_wrote(status: dict[str, Any], *, held: bool) -> None:
    """Nothing has to wait for the end of a policy that leaves nothing in AWS."""
    body = policy()
    body["spec"]["mode"] = "Observe"
    bench = Bench({**body, "status": status})

    await bench.work()

    assert (bench.stored()["metadata"].get("finalizers") == [objects.FINALIZER]) is held
    assert bench.stored()["status"] == STATUS


async def test_what_begins_to_act_is_held_before_it_does() -> None:
    """Its deletion cannot be missed from its first write on."""
    body = policy()
    body["spec"]["mode"] = "Observe"
    bench = Bench(body)
    await bench.work()
    bench.api.writes.clear()

    begun = bench.api.add(POLICIES, {**bench.stored(), "spec": policy()["spec"]})
    bench.store.put(POLICY.name, begun)
    await bench.work()

    assert [what for what, _, _ in bench.api.writes] == ["object"]
    assert bench.stored()["metadata"]["finalizers"] == [objects.FINALIZER]


async def test_conflict_is_answered_by_looking_again() -> None:
    """Somebody labelled the object: the same status is written onto its new version."""
    bench = Bench()
    bench.api.touch(POLICIES, bench.body, labels={"a": "b"})

    assert await bench.work() == After(timedelta(minutes=5))
    assert bench.stored()["status"] == STATUS
    assert bench.stored()["metadata"]["labels"] == {"a": "b"}


async def test_conflict_with_a_new_spec_starts_over_and_loses_no_event() -> None:
    """The status is about a spec that is no more; what was done is told by the next pass."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.outcome = replace(bench.outcome, events=(Event("Normal", Reason.COPIES_STARTED, "Started."),))
    bench.api.touch(POLICIES, bench.body, generation=2)

    assert await bench.work() == passes.AGAIN
    assert bench.reasons() == []
    bench.outcome = replace(bench.outcome, events=())
    await bench.work()
    assert bench.reasons() == ["CopiesStarted"]


async def test_lost_answer_of_a_write_that_was_carried_out_is_healed() -> None:
    """The patch was applied and its answer lost: the next pass finds a conflict, looks, and has nothing to write."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.outcome = replace(bench.outcome, events=(WARNING,))
    bench.api.lost_answers = 1

    assert await bench.work() == Retry(passes.API, timedelta(minutes=1))
    assert bench.reasons() == []
    assert await bench.work() == After(timedelta(minutes=5))
    assert len(bench.api.writes) == 1
    assert bench.reasons() == ["Drifted"]


async def test_what_turned_false_is_a_warning_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What was done is told as news, what is wrong as a warning: somebody may read nothing else."""
    caplog.set_level("INFO", logger="crossvault")
    bench = Bench()
    bench.outcome = replace(bench.outcome, summary="Started 2 copies", warnings=("WithinObjective is False: late",))
    await bench.work()

    told = {record.message: record.levelname for record in caplog.records}
    assert told["Started 2 copies"] == "INFO"
    assert told["WithinObjective is False: late"] == "WARNING"


async def test_vanished_object_is_forgotten() -> None:
    """Metrics and memory go with it."""
    bench = Bench()
    report = Report(POLICY.name, PolicyKey("shop", "orders"), ())
    bench.outcome = replace(bench.outcome, report=report)
    await bench.work()
    assert bench.board.reports() == (report,)
    bench.api.objects.clear()
    bench.outcome = replace(bench.outcome, status={**STATUS, "organization": "o-1"})

    assert await bench.work() == Done()
    assert bench.store.get(ORDERS) is None
    assert bench.board.reports() == ()
    assert await bench.work() == Done()


async def test_recreated_object_is_not_given_its_predecessors_status() -> None:
    """Same name, another object."""
    bench = Bench()
    bench.hold = threading.Event()
    working = asyncio.create_task(bench.work())
    await eventually(lambda: bool(bench.requests))
    successor = bench.api.add(POLICIES, policy(uid="other"))
    bench.store.put(POLICY.name, successor)
    bench.hold.set()

    assert await working == passes.AGAIN
    assert "status" not in bench.stored()


@pytest.mark.parametrize("trouble", [Trouble.FORBIDDEN, Trouble.UNREACHABLE, Trouble.UNAUTHORIZED])
@pytest.mark.parametrize("what", ["object", "status"])
async def test_transient_refusals_are_tried_again_soon(trouble: Trouble, what: str) -> None:
    """None of them is terminal, and the wait for the API server is at most a minute."""
    bench = Bench()
    bench.api.refuse = once("patch", what, trouble)

    assert await bench.work() == Retry(passes.API, timedelta(minutes=1))
    assert await bench.work() == After(timedelta(minutes=5))
    assert bench.stored()["status"] == STATUS
    assert bench.vitals.internal_errors.read() == {}


async def test_refused_status_is_our_bug_and_does_not_loop() -> None:
    """Counted and logged; AWS goes on being looked at in its cadence."""
    bench = Bench()
    bench.api.refuse = once("patch", "status", Trouble.REFUSED)

    assert await bench.work() == After(timedelta(minutes=5))
    assert bench.vitals.internal_errors.read() == {"status": 1}


async def test_refused_finalizer_does_not_keep_backups_from_being_copied() -> None:
    """Going on without it protects more than stopping."""
    bench = Bench()
    bench.api.refuse = once("patch", "object", Trouble.REFUSED)

    assert await bench.work() == After(timedelta(minutes=5))
    assert bench.stored()["status"] == STATUS
    assert bench.vitals.internal_errors.read() == {"finalizer": 1}


async def test_finalizer_refused_because_of_a_deletion_is_no_bug() -> None:
    """A terminating object takes none (422): whoever deleted it meanwhile is heard."""
    bench = Bench()
    bench.api.touch(POLICIES, bench.body, deletionTimestamp="2026-11-23T12:00:00Z", generation=2)
    bench.api.refuse = once("patch", "object", Trouble.REFUSED)

    assert await bench.work() == passes.AGAIN
    assert bench.requests == []
    assert bench.vitals.internal_errors.read() == {}


async def test_failed_pass_is_tried_again_with_its_own_cause() -> None:
    """AWS's recovery is not the API server's."""
    bench = Bench()
    bench.outcome = replace(bench.outcome, failed=True)

    assert await bench.work() == Retry(passes.AWS)
    assert bench.stored()["status"] == STATUS


async def test_pass_that_raises_takes_the_green_away() -> None:
    """What was true is not known to be true; the worker logs and counts the bug."""
    bench = Bench(policy(finalizers=[objects.FINALIZER]))
    bench.raises = ValueError("bug")
    with pytest.raises(ValueError, match="bug"):
        await bench.work()
    ready = bench.stored()["status"]["conditions"][0]

    assert (ready["status"], ready["reason"]) == ("Unknown", "CannotObserve")


async def test_overdue_pass_is_reported_told_to_stop_and_waited_for() -> None:
    """Its key stays taken, and what it found in the end counts."""
    bench = Bench(pass_deadline=timedelta(seconds=0.05))
    bench.hold = threading.Event()
    working = asyncio.create_task(bench.work())
    await eventually(lambda: "status" in bench.stored())
    reason = bench.stored()["status"]["conditions"][0]["reason"]
    assert not working.done()
    bench.hold.set()

    assert await working == After(timedelta(minutes=5))
    assert (reason, bench.stored()["status"], bench.told_to_stop) == ("CannotObserve", STATUS, [True])


@pytest.mark.parametrize(
    ("kind", "news", "stops"),
    [
        pytest.param(POLICY.name, policy(version=90_000, generation=2), True, id="the policy is suspended"),
        pytest.param(POLICY.name, policy(version=90_000, deletionTimestamp="2026-11-23T12:00:00Z"), True, id="deleted"),
        pytest.param(ACCOUNT.name, account(version=90_000), True, id="its account is declared otherwise"),
        pytest.param(
            ACCOUNT.name,
            account(version=90_000, allowedNamespaces={}, grants=[GRANT]),
            True,
            id="a grant is given or taken away",
        ),
        pytest.param(NAMESPACE, namespace(version=90_000, team="a"), True, id="its namespace is labelled otherwise"),
        pytest.param(POLICY.name, policy(version=90_000, labels={"a": "b"}), False, id="the policy is labelled"),
        pytest.param(ACCOUNT.name, account("other", version=90_000), False, id="another account is declared"),
    ],
)
async def test_running_pass_stops_when_what_it_acts_for_changes(
    kind: str, news: dict[str, Any], *, stops: bool
) -> None:
    """Copies may wait minutes for their account's rate: none is started after somebody said so."""
    bench = Bench()
    bench.hold = threading.Event()
    working = asyncio.create_task(bench.work())
    await eventually(lambda: bool(bench.requests))
    bench.store.put(kind, news)
    bench.hold.set()
    await working

    assert bench.told_to_stop == [stops]


async def test_no_pass_starts_when_the_process_ends() -> None:
    """It would not come to its end."""
    bench = Bench()
    bench.stopping = True

    assert await bench.work() == Retry()
    assert bench.requests == []


async def test_account_is_looked_at_without_a_finalizer() -> None:
    """Nothing of ours is in its way."""
    bench = Bench()
    body = bench.api.add(ACCOUNTS, account())
    bench.store.put(ACCOUNT.name, body)

    assert await bench.work(ObjectKey(ACCOUNT.name, "", "dr")) == After(timedelta(minutes=5))
    assert (bench.api.get(ACCOUNTS, body) or {})["status"] == STATUS
    assert [what for what, _, _ in bench.api.writes] == ["status"]


async def test_credentials_of_a_deleted_account_are_forgotten() -> None:
    """A BackupAccount that is gone leaves no session behind."""
    bench = Bench()

    assert await bench.work(ObjectKey(ACCOUNT.name, "", "gone")) == Done()
    assert bench.forgotten == ["gone"]


async def test_pass_gets_what_the_cluster_holds() -> None:
    """Accounts, labels of the namespace, and how old AWS may be."""
    bench = Bench()
    bench.store.put(ACCOUNT.name, account())
    bench.store.put(NAMESPACE, namespace(team="a"))
    await bench.work()
    request = bench.requests[0]

    assert (set(request.accounts), request.namespace_labels) == ({"dr"}, {"team": "a"})
    assert request.not_before == NOW - timedelta(minutes=4, seconds=30)


async def test_own_writes_are_seen_by_the_next_pass() -> None:
    """What was done in AWS asks for a look that is not older."""
    bench = Bench()
    vault = VaultRef(Account("a", "111111111111"), "eu-west-1", "v")
    bench.outcome = replace(
        bench.outcome, results=(Result(CreateVault("dr", vault, "key")),), requeue=timedelta(seconds=30), calm=True
    )
    await bench.work()
    bench.now += timedelta(seconds=5)
    await bench.work()

    assert (bench.requests[1].not_before, bench.requests[1].patience) == (NOW, NO_PATIENCE)


async def test_what_a_copy_did_not_change_need_not_be_seen_anew() -> None:
    """The copy jobs are, as whoever started one had them listed again."""
    bench = Bench()
    vault = VaultRef(Account("a", "111111111111"), "eu-west-1", "v")
    start = StartCopy("dr", cast("Any", None), vault, "arn", "role", None, "token")
    bench.outcome = replace(bench.outcome, results=(Result(start),), requeue=timedelta(seconds=30), calm=True)
    await bench.work()
    bench.now += timedelta(seconds=5)
    await bench.work()

    assert bench.requests[1].not_before == bench.now - SETTINGS.cadence.follow / 2
    settings, settled = 0.9 * SETTINGS.cadence.interval, SETTINGS.cadence.settled
    moving = SETTINGS.cadence.follow / 2
    assert bench.requests[1].patience == Patience(settings - moving, settled - moving)
