"""Writes that AWS refused: planned again in their time, told meanwhile; and what somebody else did, told by nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.kit.builders import (
    NOW,
    ROLE,
    TARGET_ARN,
    UNSEEN,
    absent,
    desired,
    destination,
    key,
    observed,
    point,
    policy_body,
    sight,
    stuck,
)
from tests.kit.judging import diff
from tests.kit.statuses import condition_in, declare, status_of, tell

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.organization import SWITCH
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.aspects.vault_policy.statement import digest_of, statement_for
from crossvault.engine.declared import DeletionPolicy, Desired
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed, RefusedWrite
from crossvault.engine.plan import Result, hindered
from crossvault.kinds.policy import endings
from crossvault.status.outcome import Cadence, Outcome
from crossvault.words.reasons import Reason

CREATE = destination(create=True)
WRITTEN = {TARGET_ARN: digest_of(statement_for(ROLE))}
GONE: dict[str, Any] = {"deleting": True, "deletion_policy": DeletionPolicy.REMOVE_OWNED}
LATER = NOW + timedelta(seconds=20)
WORLDS = [
    pytest.param(declare(CREATE), observed((), absent(CREATE)), "DestinationVault", id="a vault"),
    pytest.param(declare(), observed((), sight(policy=None)), "VaultPolicy", id="a statement"),
]


def refused(wanted: Desired, seen: Observed) -> Observed:
    """Return the same world after AWS has refused what would be done in it."""
    actions = [each for each in diff(wanted, seen, written=WRITTEN).actions if not isinstance(each, StartCopy)]
    assert actions
    return replace(
        seen, refused_writes={each.key: RefusedWrite(stuck(), LATER) for each in actions if each.key is not None}
    )


@pytest.mark.parametrize(("wanted", "seen", "row"), WORLDS)
def test_what_was_refused_waits_and_is_told(wanted: Desired, seen: Observed, row: str) -> None:
    """No action, the drift as before; row and condition say what AWS said, and when it is tried again."""
    after = refused(wanted, seen)
    made = diff(wanted, after)
    told = tell(wanted, after)
    status = status_of(told)

    assert made.actions == ()
    assert [type(each.action) for each in made.postponed] == [
        type(each) for each in diff(wanted, seen).actions if not isinstance(each, StartCopy)
    ]
    assert made.drift == diff(wanted, seen).drift
    assert next(each["remedy"] for each in status["prerequisites"] if each["name"] == row) == (
        f"{stuck().message} It is tried again at {LATER:%Y-%m-%dT%H:%M:%SZ}."
    )
    assert stuck().message in condition_in(status, "Synced")["message"]
    assert told.requeue == min(timedelta(seconds=20), Cadence().follow)
    assert not told.failed


def test_another_write_than_the_refused_one_is_planned() -> None:
    """What is declared or seen has changed: the refusal was of something else."""
    wanted = declare(CREATE)
    before = refused(wanted, observed((), absent(CREATE)))
    other = absent(CREATE, wanted_key=Seen(replace(key(), arn="another")))
    made = diff(wanted, observed((), other, refused_writes=before.refused_writes))

    assert [type(each) for each in made.actions] == [CreateVault]
    assert made.postponed == ()


def ended(wanted: Desired, seen: Observed, results: tuple[Result, ...] = ()) -> Outcome:
    """Return what a pass says of a policy that is being deleted."""
    postponed = diff(wanted, seen, written=WRITTEN).postponed
    body = policy_body(deleting=True, deletionPolicy="RemoveOwned")
    return endings.summarise(
        endings.Ending(wanted, written=WRITTEN), seen, results, postponed, body=body, now=NOW, cadence=Cadence()
    )


def test_a_refused_removal_is_not_the_end_of_a_deletion() -> None:
    """Nothing is done now, and something is left to do: the object stays and says why."""
    wanted = declare(**GONE)
    seen = refused(wanted, observed((), sight()))
    outcome = ended(wanted, seen)

    assert diff(wanted, seen, written=WRITTEN).actions == ()
    assert not outcome.done
    assert outcome.problem is not None
    assert stuck().message in outcome.problem.message


def test_rows_say_what_is_tried_when() -> None:
    """Of the rows, only the one that the write would mend changes."""
    wanted, seen = desired(CREATE), observed((), absent(CREATE))
    rows = diff(wanted, seen).prerequisites
    told = hindered(rows, (), diff(wanted, refused(wanted, seen)).postponed, acts=True)

    assert [one.name for one, other in zip(told, rows, strict=True) if one != other] == ["DestinationVault"]


@pytest.mark.parametrize("found", [False, True])
def test_an_event_is_told_by_who_did_it(found: bool) -> None:
    """A vault, a statement, copies that somebody else made are no news of ours."""
    wanted, before = declare(), observed((point(),))
    copies = diff(wanted, before).actions
    put = diff(declare(), observed((), sight(policy=None))).actions
    create = diff(declare(CREATE), observed((), absent(CREATE))).actions
    results = tuple(Result(each, found=found) for each in (*create, *put, *copies))
    told = tell(wanted, before, results=results)
    done = {Reason.VAULT_CREATED, Reason.VAULT_POLICY_UPDATED, Reason.COPIES_STARTED}

    assert [type(each.action) for each in results] == [CreateVault, PutVaultPolicy, StartCopy]
    assert {each.reason for each in told.events} & done == (set() if found else done)


def test_a_removal_that_was_found_done_is_not_counted() -> None:
    """The event of a deletion counts what this one removed."""
    wanted = declare(**GONE)
    (action,) = diff(wanted, observed((), sight()), written=WRITTEN).actions
    messages = [
        ended(wanted, observed((), sight(policy=None)), (Result(action, found=found),)).events[0].message
        for found in (False, True)
    ]

    assert messages[0].startswith("Removed 1 policy statement.")
    assert messages[1].startswith("Removed 0 policy statements.")


def test_the_switch_is_judged_by_the_source_account() -> None:
    """A destination's account is not asked; its sight says so, and no row misses it."""
    wanted = desired()
    (only,) = observed((point(),)).destinations
    unasked = only.having(SWITCH, UNSEEN)
    seen = observed((point(),), unasked)

    assert diff(wanted, seen) == diff(wanted, observed((point(),)))
