"""Writes of many at once, and writes that AWS refuses: one writer per vault, nothing of others lost, no vain calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.scripted_aws import (
    DESTINATION_ID,
    SOURCE_ID,
    Answer,
    Clock,
    Script,
    account,
    accounts,
    error_json,
    let_in,
    policy,
    scripted,
)

from backup_simulator.server import SimulatorServer
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault_policy import POLICY, PutVaultPolicy
from crossvault.aws import policies
from crossvault.aws.backoff import FIRST, LONGEST, REMEMBERED, RefusedWrites
from crossvault.aws.policies import Edit, Place
from crossvault.engine.declared import PolicyKey
from crossvault.engine.plan import Result
from crossvault.iam import documents
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

Json = dict[str, Any]

PROD = account("prod", SOURCE_ID, "crossvault-source", external_id="demo-external-id")
DR = account("dr", DESTINATION_ID, "crossvault-destination", external_id="demo-external-id")
DESIRED = policy(PROD, DR)
VAULT = DESIRED.destinations[0].vault
KEY = "arn:aws:kms:eu-central-1:222222222222:key/22222222-0000-4000-8000-000000000001"
CREATE = CreateVault("dr", VAULT, KEY)
DENY = {"Sid": "theirs", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}


def statement(sid: str) -> Json:
    """Return a statement of ours."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:root"},
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
    }


def document(*statements: Json) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def put(sid: str, *others: Json, expected: str | None = None) -> PutVaultPolicy:
    """Return the write that adds one statement of ours to what is expected."""
    return PutVaultPolicy("dr", VAULT, expected, document(*others, statement(sid)), sid, len(others))


@contextmanager
def opened(url: str, **more: Any) -> Iterator[AwsAccounts]:
    """Open the edge."""
    aws = accounts(url, **more)
    try:
        yield aws
    finally:
        aws.close()


def sids(simulator: SimulatorServer) -> list[str]:
    """Return what stands in the vault's policy."""
    found = simulator.control.vault(DESTINATION_ID, "eu-central-1", VAULT.name).policy
    return [] if found is None else [each["Sid"] for each in found.document["Statement"]]


def writes(simulator: SimulatorServer, operation: str) -> int:
    """Count the requests for a mutating operation."""
    return len(simulator.control.calls(mutating=True, operation=operation))


def at_once(*work: Callable[[], Result]) -> list[Result]:
    """Do everything at the same moment."""
    gate = threading.Barrier(len(work))

    def run(each: Callable[[], Result]) -> Result:
        gate.wait(30)
        return each()

    with ThreadPoolExecutor(len(work)) as pool:
        return [each.result() for each in [pool.submit(run, each) for each in work]]


# --- Many at once in one process -----------------------------------------------------------------------------------


def test_one_of_many_creates_a_vault(simulator: SimulatorServer) -> None:
    """Eight policies want the same vault: one request, and one that says it made it."""
    with opened(simulator.url) as aws:
        results = at_once(*[lambda: aws.apply(CREATE)] * 8)

    assert [each.problem for each in results] == [None] * 8
    assert sorted(each.found for each in results) == [False, *[True] * 7]
    assert writes(simulator, "CreateBackupVault") == 1


def test_one_of_many_writes_the_same_statement(simulator: SimulatorServer) -> None:
    """Eight policies with one copy role share one statement: one writes it, the others find it."""
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        results = at_once(*[lambda: aws.apply(put("shared"))] * 8)

    assert [each.problem for each in results] == [None] * 8
    assert sorted(each.found for each in results) == [False, *[True] * 7]
    assert writes(simulator, "PutBackupVaultAccessPolicy") == 1


def test_statements_of_many_policies_do_not_overwrite_each_other(simulator: SimulatorServer) -> None:
    """Eight policies saw the same policy with somebody's Deny and add a statement each: all nine stand there."""
    names = [f"ours{number}" for number in range(8)]
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        aws.apply(PutVaultPolicy("dr", VAULT, None, document(DENY), "none"))
        planned = [put(each, DENY, expected=document(DENY)) for each in names]
        results = at_once(*[lambda each=each: aws.apply(each) for each in planned])

    assert [(each.problem, each.found) for each in results] == [(None, False)] * 8
    assert sorted(sids(simulator)) == sorted(["theirs", *names])
    # Each tells how many others it left untouched, as it found them and not as planned.
    assert sorted(getattr(each.action, "foreign_statements", 0) for each in results) == list(range(1, 9))


def test_a_statement_is_removed_from_what_another_policy_left(simulator: SimulatorServer) -> None:
    """A deletion planned on an older policy takes its own statement out of the present one."""
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        aws.apply(put("one"))
        aws.apply(put("two", statement("one"), expected=document(statement("one"))))
        ours = frozenset({documents.canonical(statement("one"))})
        remove = PutVaultPolicy("dr", VAULT, document(statement("one")), None, "one", replaces=ours)
        result = aws.apply(remove)
        again = aws.apply(replace(remove, expected="older"))

    assert (result.problem, result.found) == (None, False)
    assert (again.problem, again.found) == (None, True)
    assert sids(simulator) == ["two"]


def test_what_somebody_else_changes_has_the_first_word(simulator: SimulatorServer) -> None:
    """After a write of ours somebody adds a Deny: a plan from before that is not written over it."""
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        aws.apply(put("one"))
        admin.put_backup_vault_access_policy(BackupVaultName=VAULT.name, Policy=document(statement("one"), DENY))
        result = aws.apply(put("two"))

    assert result.problem is not None
    assert result.problem.reason is Reason.CHANGED_MEANWHILE
    assert sids(simulator) == ["one", "theirs"]


# --- The guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lies", [1, 2, 3])
def test_a_policy_that_suddenly_looks_empty_is_read_again(simulator: SimulatorServer, lies: int) -> None:
    """AWS denies that there is a policy: in the look, and in the guard before the write. The Deny stays."""
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        admin.put_backup_vault_access_policy(BackupVaultName=VAULT.name, Policy=document(DENY))
        lie: dict[str, Any] = {
            "operation": "GetBackupVaultAccessPolicy",
            "code": "ResourceNotFoundException",
            "status": 400,
        }
        simulator.control.faults.add("error", **lie, account=DESTINATION_ID, times=lies)
        observed = aws.observe(DESIRED, not_before=datetime.now(UTC)).destinations[0]
        simulator.control.faults.clear()
        if lies > 1:
            simulator.control.faults.add("error", **lie, account=DESTINATION_ID, times=1)
        result = aws.apply(put("ours"))

    assert getattr(observed[POLICY], "value", "unseen") is None
    assert result.problem is not None
    assert result.problem.reason is Reason.CHANGED_MEANWHILE
    assert sids(simulator) == ["theirs"]


@pytest.mark.parametrize(
    "planned",
    [
        pytest.param(document(statement("ours")), id="without the Deny"),
        pytest.param(document({**DENY, "Action": "*"}, statement("ours")), id="with another Deny"),
        pytest.param(None, id="nothing at all"),
        pytest.param('{"Version":"2012-10-17"}', id="without statements"),
        pytest.param(document(DENY, statement("ours")).replace("2012-10-17", "2008-10-17"), id="another version"),
        pytest.param("no document", id="no document"),
    ],
)
def test_a_plan_that_would_lose_a_statement_is_not_written(simulator: SimulatorServer, planned: str | None) -> None:
    """Whoever planned it: what is written holds everything of the raw document that is not ours, or is not written."""
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        admin.put_backup_vault_access_policy(BackupVaultName=VAULT.name, Policy=document(DENY))
        there = aws.observe(DESIRED, not_before=datetime.now(UTC)).destinations[0][POLICY]
        result = aws.apply(PutVaultPolicy("dr", VAULT, getattr(there, "value", None), planned, "ours", 1))

    assert result.problem is not None
    assert (result.problem.reason, result.problem.error_class) == (Reason.INTERNAL_ERROR, ErrorClass.BUG)
    assert sids(simulator) == ["theirs"]


SIDS = st.sampled_from(["ours", "a", "b", "", None])
STATEMENTS = st.builds(
    lambda sid, action: {"Effect": "Deny", "Action": action, **({} if sid is None else {"Sid": sid})},
    SIDS,
    st.sampled_from(["x", "y"]),
)


@given(st.lists(STATEMENTS, max_size=4), st.lists(STATEMENTS, max_size=4))
def test_the_guard_lets_through_what_loses_nothing(there: list[Json], new: list[Json]) -> None:
    """Every statement has to be in the new document at least as often, but what is ours by content and by Sid."""
    lost = list(new)
    loses = False
    for each in there:
        if each.get("Sid") == "ours" and each["Action"] == "x":
            continue
        if each in lost:
            lost.remove(each)
        else:
            loses = True

    replaced = frozenset(documents.canonical(each) for each in there if each["Action"] == "x")
    place = Place("arn", "The policy", lambda: None, lambda _: None, ("ours",))
    assert policies._loses(place, document(*there), document(*new), Edit(None, None, replaced)) is loses


# --- Across processes ----------------------------------------------------------------------------------------------


def _meanwhile(script: Script, *after: Answer | Json) -> Result:
    """Write a statement beside somebody's Deny, and find ``after`` when it is read back."""
    let_in(script, DESTINATION_ID)
    before = document(DENY)
    script.on("GetBackupVaultAccessPolicy", {"Policy": before}, *after)
    script.on("PutBackupVaultAccessPolicy", {})
    with opened(script.url) as aws:
        return aws.apply(put("ours", DENY, expected=before))


@pytest.mark.parametrize(
    ("after", "named"),
    [
        pytest.param(document(DENY), "ours", id="our statement is gone"),
        pytest.param(document(statement("ours")), "theirs", id="somebody's statement is gone"),
        pytest.param(document(), "theirs, ours", id="both are gone"),
        pytest.param(document(DENY, {**statement("ours"), "Action": "x"}), "ours", id="our statement is another"),
        pytest.param("{}", "theirs, ours", id="it is no policy any more"),
    ],
)
def test_what_was_written_is_read_back(after: str, named: str) -> None:
    """Another process wrote in the same moment: the write is no success, and what is gone is named."""
    with scripted() as script:
        result = _meanwhile(script, {"Policy": after})

    assert result.problem is not None
    assert result.problem.reason is Reason.CHANGED_MEANWHILE
    assert result.problem.error_class is ErrorClass.RETRY
    assert named in result.problem.message


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([{"Policy": document(DENY, statement("ours"))}], id="as written"),
        pytest.param([{"Policy": document(statement("more"), DENY, statement("ours"))}], id="somebody added one"),
        pytest.param([{"Policy": document(DENY)}, {"Policy": document(DENY, statement("ours"))}], id="late"),
        pytest.param([error_json("ServiceUnavailableException", status=500)], id="not to be read: the next look tells"),
    ],
)
def test_a_write_that_stands_is_a_success(after: list[Answer | Json]) -> None:
    """What AWS rewrites, or shows a moment later, is what was written."""
    with scripted() as script:
        result = _meanwhile(script, *after)

    assert (result.problem, result.found) == (None, False)


def test_two_processes_at_one_vault_end_with_both_statements(simulator: SimulatorServer) -> None:
    """Each plans on what it sees; who is late finds another policy than planned, looks again, and adds its own."""
    with opened(simulator.url) as one, opened(simulator.url) as other:
        one.apply(CREATE)
        first, late = one.apply(put("one")), other.apply(put("other"))
        again = other.apply(put("other", statement("one"), expected=document(statement("one"))))

    assert first.problem is None
    assert late.problem is not None
    assert late.problem.reason is Reason.CHANGED_MEANWHILE
    assert again.problem is None
    assert sids(simulator) == ["one", "other"]


# --- Refused for good ----------------------------------------------------------------------------------------------


def _refuse(simulator: SimulatorServer, operation: str) -> None:
    simulator.control.faults.add("error", operation=operation, code="LimitExceededException", status=400)


def test_a_refused_vault_is_asked_for_ever_more_seldom(simulator: SimulatorServer) -> None:
    """Two hours of tries, one every ten seconds, cost seven requests instead of 720."""
    clock = Clock(datetime.now(UTC))
    _refuse(simulator, "CreateBackupVault")
    with opened(simulator.url, clock=clock) as aws:
        for _ in range(720):
            result = aws.apply(CREATE)
            assert result.problem is not None
            assert result.problem.reason is Reason.QUOTA_EXCEEDED
            clock.tick(seconds=10)

    assert writes(simulator, "CreateBackupVault") == 7


def test_many_policies_are_refused_once(simulator: SimulatorServer) -> None:
    """Eight policies ask for one vault at the quota: one request, and all are told why."""
    _refuse(simulator, "CreateBackupVault")
    with opened(simulator.url) as aws:
        results = at_once(*[lambda: aws.apply(CREATE)] * 8)

    assert {each.problem and each.problem.reason for each in results} == {Reason.QUOTA_EXCEEDED}
    assert writes(simulator, "CreateBackupVault") == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(CREATE, key_arn=f"{KEY}x"), id="another key"),
        pytest.param(replace(CREATE, vault=replace(VAULT, name="more")), id="another vault"),
        pytest.param(replace(CREATE, vault=replace(VAULT, account=replace(DR, session_tags=()))), id="the same"),
        pytest.param(put("ours"), id="another action"),
    ],
)
def test_another_write_is_not_held_up(simulator: SimulatorServer, other: CreateVault | PutVaultPolicy) -> None:
    """What was refused is this write; anything else is asked at once."""
    simulator.control.faults.add("error", operation="CreateBackupVault", code="LimitExceededException", status=400)
    with opened(simulator.url) as aws:
        aws.apply(CREATE)
        simulator.control.clear_calls()
        aws.apply(other)

    assert bool(simulator.control.calls(service="backup")) is (other.key != CREATE.key)


@pytest.mark.parametrize("generation", [1, 2])
def test_a_policy_that_is_declared_anew_is_tried_at_once(simulator: SimulatorServer, generation: int) -> None:
    """An edit may be the remedy; a look without one keeps the refusal and says when it is tried again."""
    clock = Clock(datetime.now(UTC))
    _refuse(simulator, "CreateBackupVault")
    with opened(simulator.url, clock=clock) as aws:
        aws.observe(DESIRED, not_before=clock())
        refusal = aws.apply(CREATE)
        seen = aws.observe(replace(DESIRED, generation=generation), not_before=clock()).refused_writes

    assert refusal.problem is not None
    if generation == 2:
        assert seen == {}
    else:
        assert seen[CREATE.key].problem == refusal.problem
        assert seen[CREATE.key].retry_at == clock() + FIRST


def test_a_success_forgets_the_refusals(simulator: SimulatorServer) -> None:
    """After AWS took it, the next refusal begins with the shortest wait again."""
    clock = Clock(datetime.now(UTC))
    _refuse(simulator, "CreateBackupVault")
    with opened(simulator.url, clock=clock) as aws:
        aws.apply(CREATE)
        clock.tick(seconds=FIRST.total_seconds())
        simulator.control.faults.clear()
        done = aws.apply(CREATE)
        seen = aws.observe(DESIRED, not_before=clock()).refused_writes

    assert (done.problem, done.found) == (None, False)
    assert seen == {}


@given(st.lists(st.floats(0, 7200), min_size=1, max_size=40))
def test_the_wait_grows_to_its_limit_and_never_beyond(pauses: list[float]) -> None:
    """Whenever somebody asks: between two requests lies at least the doubled wait, and never more than an hour."""
    refused, now, last, wait = RefusedWrites(), datetime(2026, 11, 29, tzinfo=UTC), None, timedelta()
    for pause in pauses:
        now += timedelta(seconds=pause)
        if refused.standing(CREATE, now) is not None:
            assert last is not None
            assert now - last < wait
            continue
        assert last is None or now - last >= wait
        refused.add(CREATE, Problem(Reason.QUOTA_EXCEEDED, "full", ErrorClass.STUCK), now)
        last, wait = now, min(max(FIRST, wait * 2), LONGEST)


def test_policies_that_come_and_go_leave_nothing_behind() -> None:
    """Whoever makes and deletes them in a row would use up the memory of all; those that stay are remembered."""
    refused, now = RefusedWrites(), datetime(2026, 11, 29, tzinfo=UTC)
    stays = DESIRED
    refused.add(CREATE, Problem(Reason.QUOTA_EXCEEDED, "full", ErrorClass.STUCK), now)
    for number in range(REMEMBERED + 10):
        gone = replace(stays, key=PolicyKey("evil", f"p-{number}"), destinations=())
        refused.for_policy(gone, now)
        if number % 1000 == 0:
            refused.for_policy(stays, now)

    assert len(refused._generations) == REMEMBERED
    assert refused.for_policy(stays, now)
    assert not refused.for_policy(replace(stays, generation=stays.generation + 1), now)


def test_what_time_ends_is_no_refusal() -> None:
    """A throttle or a time-out is tried again with the pass, as before."""
    refused, now = RefusedWrites(), datetime(2026, 11, 29, tzinfo=UTC)
    refused.add(CREATE, Problem(Reason.TIMED_OUT, "late", ErrorClass.RETRY), now)

    assert refused.standing(CREATE, now) is None
