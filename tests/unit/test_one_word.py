"""What failed, what waits for somebody, what is lost: plan, run, points, status, doctor and metrics count alike."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import click
import pytest
from tests.kit import builders
from tests.kit.builders import ago, copy_of, destination, job_for, point, policy_body, sight, vault
from tests.kit.judging import diff, standings_of
from tests.kit.statuses import declare

from crossvault.aspects.copies.figures import Copies
from crossvault.aspects.copies.planned import GAP_STATES, State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.source_keys.seen import Behind, Picture, SourceKeys
from crossvault.aspects.vault.seen import Key
from crossvault.cli import diagnoses, plans, points, statuses
from crossvault.engine.declared import Desired, Mode, Ownership, PolicyKey
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Drift
from crossvault.engine.rows import block
from crossvault.kinds.policy.series import RECOVERY_POINTS, series
from crossvault.kinds.policy.summary import summarise
from crossvault.status.outcome import Cadence
from crossvault.words.reasons import Reason

Json = dict[str, Any]
DENIED, BUSY = "You are not authorized to perform this operation.", "An internal error occurred."
CLOSED, DISABLED = (f"arn:aws:kms:eu-west-1:{builders.SOURCE_ID}:key/{name}" for name in ("closed", "disabled"))


@dataclass(frozen=True)
class One:
    """A recovery point with what AWS shows of it."""

    point: RecoveryPoint
    copies: tuple[RecoveryPoint, ...] = ()
    jobs: tuple[CopyJob, ...] = ()


def dice_of(seed: int) -> random.Random:
    """Return what chooses."""
    return random.Random(seed)  # noqa: S311 - no secret


def one(number: int, **members: Any) -> RecoveryPoint:
    """Return a recovery point of a resource of its own."""
    return point(number, resource=f"{builders.DATABASE}-{number}", **members)


def ended(source: RecoveryPoint, message: str | None, state: str = "FAILED", **members: Any) -> CopyJob:
    """Return the job of a recovery point that ended."""
    return job_for(source, state=state, job_id=f"of {source.arn}", message=message, **members)


def _world() -> dict[str, One]:
    """Return recovery points in every state in which one may be, for every reason that matters."""
    (
        copied,
        denied,
        busy,
        lost,
        again,
        stuck,
        unlisted,
        partial,
        early,
        missing,
        running,
        closed,
        disabled,
        expired,
    ) = (one(number) for number in range(1, 15))
    closed, disabled = replace(closed, encryption_key_arn=CLOSED), replace(disabled, encryption_key_arn=DISABLED)
    gone = ended(again, None, "COMPLETED", created=ago(days=4), completed=ago(days=4), to=copy_of(again))
    ended_long_ago = {"created": ago(days=3), "completed": ago(days=3)}
    return {
        "copied": One(copied, (copy_of(copied),)),
        "denied": One(denied, (), (ended(denied, DENIED),)),
        "busy": One(busy, (), (ended(busy, BUSY),)),
        "lost": One(lost, (), (ended(lost, None, "COMPLETED", to=copy_of(lost), **ended_long_ago),)),
        "on its way again": One(again, (), (gone, job_for(again, job_id="again"))),
        "a job without an end": One(stuck, (), (job_for(stuck, job_id="stuck", created=ago(days=9)),)),
        "not listed": One(
            unlisted, (), (ended(unlisted, None, "COMPLETED", to=copy_of(unlisted), completed=ago(minutes=60)),)
        ),
        "in parts": One(partial, (copy_of(partial, status="PARTIAL"),)),
        "expires early": One(early, (replace(copy_of(early), delete_at=ago(days=-1)),)),
        "missing": One(missing),
        "running": One(running, (), (job_for(running, job_id="running"),)),
        "on a closed key": One(closed),
        "on a disabled key": One(disabled, (), (ended(disabled, "The key is disabled."),)),
        "expired": One(replace(expired, status="EXPIRED")),
    }


WORLD = _world()


def scene(names: frozenset[str], dice: random.Random) -> tuple[Desired, Observed]:
    """Return a policy and what AWS shows of the named recovery points, with one setting of AWS or another wrong."""
    known = [WORLD[name] for name in sorted(names)]
    locked = dice.random() < 0.3
    ownership = dice.choice((Ownership.MANAGE, Ownership.CHECK))
    days = Lifecycle(delete_after_days=100)
    wanted = destination(vault_policy=ownership, lifecycle=None if locked else days)
    second = replace(destination("second", vault=builders.target_vault("second")), parts=wanted.parts)
    assert second[LIFECYCLE] == wanted[LIFECYCLE]
    keys = SourceKeys(
        tuple(Behind(arn, "RDS") for arn in (CLOSED, DISABLED)),
        {
            CLOSED: Picture(Seen(Key(CLOSED, "CUSTOMER", "Enabled")), Seen(builders.KEY_POLICY)),
            DISABLED: Picture(Seen(Key(DISABLED, "CUSTOMER", "Disabled")), Seen(builders.KEY_POLICY)),
        },
    )
    there = (
        vault(wanted.vault, locked=True, min_retention_days=7, max_retention_days=30) if locked else vault(wanted.vault)
    )
    policy = None if dice.random() < 0.3 else builders.OUR_POLICY
    copies = tuple(copy for each in known for copy in each.copies)
    jobs = tuple(job for each in known for job in each.jobs)
    first = sight(wanted, vault=Seen(there), policy=policy, copies=copies, jobs=jobs, source_keys=Seen(keys))
    other = sight(second, copies=copies[:1], source_keys=Seen(keys))
    source = builders.account_sight(cross_account_backup=Seen(value=dice.random() < 0.8))
    seen = builders.observed(tuple(each.point for each in known), first, other, source=source)
    return declare(wanted, second, mode=dice.choice((Mode.ENFORCE, Mode.OBSERVE))), seen


def cases() -> list[Any]:
    """Return each recovery point alone, all of them, and mixtures."""
    dice = dice_of(20261130)
    mixed = [frozenset(dice.sample(sorted(WORLD), dice.randint(2, len(WORLD)))) for _ in range(60)]
    chosen = [*(frozenset({name}) for name in sorted(WORLD)), frozenset(WORLD), *mixed]
    return [pytest.param(each, number, id=f"{number}: {len(each)}") for number, each in enumerate(chosen)]


@pytest.mark.parametrize(("names", "seed"), cases())
def test_every_surface_counts_the_same(names: frozenset[str], seed: int) -> None:
    """By state, as failed, as needing somebody, and as lost."""
    wanted, seen = scene(names, dice_of(seed))
    plan = diff(wanted, seen)
    told = summarise(wanted, seen, plan, (), previous={}, now=builders.NOW, cadence=Cadence())
    status = told.status or {}
    key = PolicyKey("shop", "orders")
    of_run = statuses.document({key: policy_body(status=status)}, {key: True}, builders.NOW)
    of_plan = plans.document([plans.entry(wanted, seen, plan)], reads=0, writes=0)
    lines = list(points._of_policy(wanted, seen, plan, points.Wanted()))
    by_state = Counter(each.state for each in lines)

    assert told.report is not None
    measured = Counter[str]()
    for metric, labels, value in series(told.report, builders.NOW):
        measured.update({labels[-1]: int(value)} if metric is RECOVERY_POINTS else {})
    failed = by_state["failed"]
    assert of_plan["summary"]["failed"] == of_run["summary"]["failed"] == status["summary"]["failed"] == failed
    assert failed == measured["failed"] == sum(each["failed"] for each in status["destinations"])
    assert +measured == by_state
    open_ = [each.standing for each in lines if each.standing is not None and each.state in set(GAP_STATES)]
    needing = sum(each.needs_action for each in open_)
    assert of_plan["summary"]["needsAction"] == of_run["summary"]["needsAction"] == needing
    assert status["summary"]["needsAction"] == needing
    lost = {(each["destination"], each["reason"]): each["count"] for each in _gone(status)}
    assert of_plan["summary"]["lost"] == sum(lost.values())


def _gone(status: Json) -> list[Json]:
    return [each for each in status["failures"] if each["copies"] == Copies.GONE]


@pytest.mark.parametrize(("names", "seed"), cases())
def test_what_is_amiss_is_told_by_what_it_is(names: frozenset[str], seed: int) -> None:
    """The entries of a state are no more than it has, say what there is of copies, and add up to what is amiss."""
    wanted, seen = scene(names, dice_of(seed))
    plan = diff(wanted, seen)
    entry = plans.entry(wanted, seen, plan)
    for each in entry["destinations"]:
        standings = standings_of(plan)[each["name"]]
        failed = [one for one in standings if one.state is State.FAILED]
        counts = Counter[tuple[str, str]]()
        for row in each["failures"]:
            counts[row.get("state", "lost"), row["copies"]] += row["count"]
        assert counts["failed", "none"] + counts["failed", "there"] == sum(
            one.reason is not Reason.COPY_VANISHED for one in failed
        )
        assert counts["failed", "there"] == sum(one.copy is not None for one in failed)
        assert counts["waiting", "none"] == sum(one.state is State.WAITING and one.needs_action for one in standings)
        assert counts["in_progress", "under_way"] == sum(
            one.state is State.IN_PROGRESS and one.needs_action for one in standings
        )
        assert counts["lost", "gone"] == sum(one.vanished or one.reason is Reason.COPY_VANISHED for one in standings)
    text = click.unstyle(plans.text(plans.document([entry], reads=0, writes=0)))
    assert "failing" not in text


@pytest.mark.parametrize(("names", "seed"), cases())
def test_a_doctor_tells_one_cause_once_and_all_that_it_is_about(names: frozenset[str], seed: int) -> None:
    """What waits or failed because of a row is held up by that row alone, with its size; what has a copy is not."""
    wanted, seen = scene(names, dice_of(seed))
    plan = diff(wanted, seen)
    told = summarise(wanted, seen, plan, (), previous={}, now=builders.NOW, cadence=Cadence())
    body = policy_body(status=told.status)
    found = diagnoses.document([diagnoses.Seen("shop/orders", body, told.status or {})], builders.NOW)
    held = {
        (name, one.point.arn)
        for name, standings in standings_of(plan).items()
        for one in standings
        if one.state in {State.WAITING, State.MISSING, State.FAILED} and one.copy is None
        if block(plan.prerequisites, name)
        or (one.needs_action and one.reason is not Reason.COPY_VANISHED)
        or any(row.accounts_for(one.reason) for row in plan.prerequisites)
    }

    summary = found["summary"]
    assert summary["recoveryPoints"] == len(held)
    assert summary["bytes"] == summary["recoveryPoints"] * 1024
    told_by_rows = {(each["destination"], each["reason"]) for each in found["rows"] if each["name"] == "SourceKeys"}
    for row in found["rows"]:
        if row["name"] == "CopiesHealthy":
            assert row["bytes"] == row["recoveryPoints"] * 1024
            assert row["reason"] not in {"KeyNotShared", "KeyNotUsable"} or not told_by_rows
    short = [each for each in found["rows"] if each["copies"] == Copies.THERE]
    assert summary["fallShort"] == sum(each["recoveryPoints"] for each in short)


_FOR_PEOPLE = ("unmet", "unknown", "failed", "needsAction", "lost", "hazards", "notReady", "notLookedAt")
"""What of a plan's summary is for somebody; all else the operator does itself."""


@pytest.mark.parametrize(("names", "seed"), cases())
def test_a_doctor_has_nothing_to_do_only_where_nothing_is(names: frozenset[str], seed: int) -> None:
    """Not while Ready is not True, nor while a plan has something for a person; every remedy of a plan is told."""
    dice = dice_of(seed)
    wanted, seen = scene(names, dice)
    plan = diff(wanted, seen)
    other = Drift(wanted.destinations[0].name, "vault_key", "encryptionKey", "this", "that", "Name another vault.")
    plan = replace(plan, drift=(*plan.drift, *dice.choice(((), (other,)))))
    told = summarise(wanted, seen, plan, (), previous={}, now=builders.NOW, cadence=Cadence())
    body = policy_body(status=told.status)
    found = diagnoses.document([diagnoses.Seen("shop/orders", body, told.status or {})], builders.NOW)
    of_plan = plans.document([plans.entry(wanted, seen, plan)], reads=0, writes=0)
    ready = next(each["status"] for each in body["status"]["conditions"] if each["type"] == "Ready")
    amiss = ready != "True" or any(of_plan["summary"][each] for each in _FOR_PEOPLE)
    hazards = [each for line in of_plan["policies"][0]["destinations"] for each in line["hazards"]]

    assert not amiss or diagnoses.exit_code(found)
    assert {each["remedy"] for each in hazards} <= {each["remedy"] for each in found["rows"]}
    total = click.unstyle(plans.text(of_plan)).splitlines()[-1]
    assert (f"{len(hazards)} hazard" in total) is bool(hazards)
