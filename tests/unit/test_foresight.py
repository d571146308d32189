"""What is known of a recovery point before a copy job is spent on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit import recorded
from tests.kit.builders import (
    NOW,
    ROLE,
    SOURCE_ID,
    TARGET_ARN,
    TARGET_ID,
    UNSEEN,
    account,
    ago,
    desired,
    destination,
    job_for,
    observed,
    point,
    sight,
    stuck,
    target_vault,
    vault,
)
from tests.kit.copies import ALL
from tests.kit.judging import diff, standings_of

from crossvault.aspects.copies.failures import FailureClass, classify_refusal
from crossvault.aspects.copies.foresight import SLOWEST
from crossvault.aspects.copies.planned import StartCopy, State
from crossvault.aspects.copies.seen import Asked, RecoveryPoint, Refusal
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.resource_types.matrix import FULLY_MANAGED, KEYED_BY_RESOURCE
from crossvault.aspects.schedule.matching import goes
from crossvault.aspects.vault.seen import Key
from crossvault.engine.declared import Desired, VaultRef
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.plan import Plan
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

EBS_KEY = f"arn:aws:kms:eu-west-1:{SOURCE_ID}:key/aaaaaaaa-0000-4000-8000-000000000001"
MANAGED, CUSTOMER = Seen(Key(EBS_KEY, "AWS", "Enabled")), Seen(Key(EBS_KEY, "CUSTOMER", "Enabled"))
NOT_IN_SUCH_REGIONS = frozenset({"CloudFormation", "Neptune", "Timestream"})
"""What AWS's table of features by resource says is not copied to another account where a Region has to be opted into.
https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html"""
AIR_GAPPED = Seen(vault(kind="LOGICALLY_AIR_GAPPED_BACKUP_VAULT", key_type="AWS_OWNED_KMS_KEY"))


def _encrypted(kind: str = "EBS", key: str | None = EBS_KEY, **members: Any) -> RecoveryPoint:
    return replace(point(kind=kind), encryption_key_arn=key, **members)


def _plan(one: RecoveryPoint, *, wanted: Desired | None = None, there: Any = None, **looks: Any) -> Plan:
    wanted = wanted or desired(backfill=ALL)
    return diff(wanted, observed((one,), there or sight(wanted.destinations[0]), **looks))


# --- Keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KEYED_BY_RESOURCE | FULLY_MANAGED | {"A type of 2031"}))
def test_a_snapshot_on_a_key_of_aws_is_ineligible(kind: str) -> None:
    """Types with a service of their own are; what AWS Backup keeps itself, or what nobody knows yet, is tried."""
    made = _plan(_encrypted(kind), keys={EBS_KEY: MANAGED})
    (standing,) = standings_of(made)["dr"]
    if kind in KEYED_BY_RESOURCE:
        assert (standing.state, standing.reason) == (State.INELIGIBLE, Reason.AWS_MANAGED_KEY)
        assert EBS_KEY in str(standing.message)
        assert not made.actions
    else:
        assert len(made.actions) == 1


@pytest.mark.parametrize(
    ("key", "known"),
    [
        pytest.param(EBS_KEY, {EBS_KEY: CUSTOMER}, id="a key of one's own"),
        pytest.param(EBS_KEY, {EBS_KEY: UNSEEN}, id="not seen"),
        pytest.param(EBS_KEY, {EBS_KEY: Unseen(stuck())}, id="may not be seen"),
        pytest.param(EBS_KEY, {EBS_KEY: Seen(None)}, id="gone"),
        pytest.param(EBS_KEY, {}, id="not asked about"),
        pytest.param(None, {EBS_KEY: MANAGED}, id="not encrypted"),
    ],
)
def test_what_is_not_known_to_be_impossible_is_tried(key: str | None, known: dict[str, Look[Key | None]]) -> None:
    """AWS decides."""
    assert len(_plan(_encrypted(key=key), keys=known).actions) == 1


# --- Air-gapped vaults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "enters"),
    [
        (_encrypted("EFS"), True),
        (_encrypted("EBS"), True),
        (_encrypted("RDS"), False),
        (_encrypted("SAP HANA on Amazon EC2"), False),
        (_encrypted("Aurora", encrypted=True), True),
        (_encrypted("Aurora", encrypted=None), True),
        (_encrypted("Aurora", key=None, encrypted=False), False),
        (_encrypted("Neptune", key=None, encrypted=False), False),
        (_encrypted("EBS", key=None, encrypted=False), True),
    ],
)
def test_an_air_gapped_vault_takes_some_types_only(one: RecoveryPoint, *, enters: bool) -> None:
    """Every type that it does not take is taken by a standard vault."""
    made = _plan(one, there=sight(vault=AIR_GAPPED))
    assert bool(made.actions) is enters
    assert [each.state for each in standings_of(made)["dr"]] == [State.MISSING if enters else State.INELIGIBLE]
    assert _plan(one).actions


# --- Regions to opt into -------------------------------------------------------------------------------------------


def _between(kind: str, home: str, away: str, account_id: str = TARGET_ID) -> Plan:
    """Return the plan for one point between two Regions."""
    source, to = VaultRef(account(), home, "orders"), replace(target_vault(account_id=account_id), region=away)
    where = destination(vault=to)
    return diff(replace(desired(where), source=source), observed((point(kind=kind),), sight(where)))


@pytest.mark.parametrize("kind", sorted(FULLY_MANAGED | KEYED_BY_RESOURCE))
@pytest.mark.parametrize(
    ("home", "away", "opted"),
    [
        pytest.param("eu-west-1", "eu-central-1", "", id="neither"),
        pytest.param("eu-west-1", "me-south-1", "me-south-1", id="into one"),
        pytest.param("af-south-1", "eu-west-1", "af-south-1", id="from one"),
        pytest.param("me-south-1", "me-south-1", "me-south-1", id="within one"),
    ],
)
def test_some_types_leave_no_region_to_opt_into(kind: str, home: str, away: str, opted: str) -> None:
    """Nor enter one; every other type does, and within an account all do."""
    stays = bool(opted) and kind in NOT_IN_SUCH_REGIONS
    made, within = _between(kind, home, away), _between(kind, home, away, SOURCE_ID)
    (found,) = standings_of(made)["dr"]

    assert bool(made.actions) is not stays
    to = destination(vault=replace(target_vault(), region=away))
    assert goes(kind, VaultRef(account(), home, "orders"), to, air_gapped=False) is not stays
    assert [each.state for each in standings_of(within)["dr"]] == [State.MISSING]
    if stays:
        assert (found.state, found.reason) == (State.INELIGIBLE, Reason.TYPE_NOT_SUPPORTED)
        assert f"from or into {opted}, a Region to opt into" in (found.message or "")


# --- What AWS refused ----------------------------------------------------------------------------------------------


def _no(said: str, code: str = "InvalidRequestException", reason: Reason = Reason.REQUEST_REFUSED) -> Problem:
    words = f'Cannot start a copy from vault orders in account orders-prod: AWS answers "{said}". ({code})'
    return Problem(reason, words, ErrorClass.STUCK, code, said)


COLD = _no("Recovery point in cold storage cannot be copied.")
DENIED = _no("User: x is not authorized to perform: iam:PassRole on resource: y", "AccessDenied", Reason.ACCESS_DENIED)
BAD = _no("Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays")


def _refused(one: RecoveryPoint, problem: Problem, at: datetime, times: int = 1, **changes: Any) -> dict[str, Any]:
    asked = replace(Asked.of(one, None, ROLE), **changes)
    return {"refused": {(one.arn, TARGET_ARN): Refusal(problem, at, asked, times)}}


@pytest.mark.parametrize(
    ("problem", "state", "reason"),
    [
        pytest.param(COLD, State.INELIGIBLE, Reason.COLD_STORAGE, id="cold, and the listing does not show it"),
        pytest.param(
            _no("Recovery point in status PARTIAL cannot be copied."),
            State.INELIGIBLE,
            Reason.NOT_COMPLETED,
            id="partial",
        ),
        pytest.param(
            _no("Copy of a continuous recovery point is not supported."),
            State.INELIGIBLE,
            Reason.CONTINUOUS_BACKUP,
            id="continuous",
        ),
        pytest.param(
            _no("Feature is not supported for provided resource type."),
            State.FAILED,
            Reason.UNSUPPORTED_COPY,
            id="unsupported",
        ),
        pytest.param(BAD, State.FAILED, Reason.LIFECYCLE_REFUSED, id="lifecycle"),
        pytest.param(
            _no("IAM Role x cannot be assumed by AWS Backup", "InvalidParameterValueException"),
            State.FAILED,
            Reason.COPY_ROLE_DENIED,
            id="role",
        ),
        pytest.param(DENIED, State.FAILED, Reason.ACCESS_DENIED, id="the caller may not"),
        pytest.param(_no("Something of 2031"), State.FAILED, Reason.REQUEST_REFUSED, id="an unknown text"),
    ],
)
def test_what_aws_refused_at_once_is_classified_and_not_asked_again(
    problem: Problem, state: State, reason: Reason
) -> None:
    """By the same table as failed jobs; the recovery point and AWS's words are named."""
    one = point()
    made = _plan(one, **_refused(one, problem, ago(minutes=1)))
    (standing,) = standings_of(made)["dr"]
    assert (standing.state, standing.reason) == (state, reason)
    assert one.arn in str(standing.message)
    assert problem.said in str(standing.message)
    assert not made.actions


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "AVAILABLE"},
        {"cold_at": NOW + timedelta(days=9)},
        {"delete_at": NOW + timedelta(days=90)},
        {"lifecycle": Lifecycle(delete_after_days=9)},
        {"role_arn": "another"},
    ],
)
@pytest.mark.parametrize("problem", [COLD, DENIED, BAD])
def test_another_question_is_asked_at_once(problem: Problem, changes: dict[str, Any]) -> None:
    """The point, the lifecycle or the role changed since: what AWS said does not apply."""
    one = point()
    assert len(_plan(one, **_refused(one, problem, ago(minutes=1), **changes)).actions) == 1


@pytest.mark.parametrize(
    ("problem", "times", "pause"),
    [
        pytest.param(DENIED, 1, timedelta(minutes=15), id="somebody may have acted: as declared for failures"),
        pytest.param(DENIED, 2, timedelta(minutes=30), id="and slower"),
        pytest.param(DENIED, 40, SLOWEST, id="but once a day at least"),
        pytest.param(COLD, 1, SLOWEST, id="nobody can: once a day"),
        pytest.param(_no("Unsupported resource type: x"), 1, SLOWEST, id="nobody can, either"),
    ],
)
def test_the_same_question_is_asked_more_and_more_slowly(problem: Problem, times: int, pause: timedelta) -> None:
    """To the second."""
    one = point()
    early = _plan(one, **_refused(one, problem, NOW - pause + timedelta(seconds=1), times))
    due = _plan(one, **_refused(one, problem, NOW - pause, times))
    assert (len(early.actions), len(due.actions)) == (0, 1)


def test_what_time_ends_is_no_standing_of_the_point() -> None:
    """It is asked again in the next pass, after the others."""
    one = point()
    throttled = Problem(Reason.THROTTLED, "AWS throttles.", ErrorClass.RETRY, "ThrottlingException", "Rate exceeded")
    assert len(_plan(one, **_refused(one, throttled, NOW)).actions) == 1


def test_a_job_that_began_later_than_the_refusal_makes_it_history() -> None:
    """Somebody else asked, and AWS took it: what the job says is what counts."""
    one = point()
    job = job_for(one, state="FAILED", created=ago(hours=5), message=recorded.said("internal-error"))
    made = _plan(one, there=sight(jobs=(job,)), **_refused(one, COLD, ago(hours=6)))
    assert [each.reason for each in standings_of(made)["dr"]] != [Reason.COLD_STORAGE]
    assert len(made.actions) == 1


def test_a_refusal_after_a_failed_job_keeps_the_attempts_for_the_token() -> None:
    """The next request must not repeat the token of one that AWS has already answered."""
    one = point()
    job = job_for(one, state="FAILED", created=ago(days=2), message=recorded.said("internal-error"))
    first = _plan(one).actions[0]
    again = _plan(one, there=sight(jobs=(job,)), **_refused(one, DENIED, ago(hours=6))).actions[0]
    assert isinstance(first, StartCopy)
    assert isinstance(again, StartCopy)
    assert again.token != first.token


@pytest.mark.parametrize(
    ("problem", "reason", "failure_class"),
    [
        (COLD, Reason.COLD_STORAGE, FailureClass.TERMINAL),
        (DENIED, Reason.ACCESS_DENIED, FailureClass.WAIT),
        (BAD, Reason.LIFECYCLE_REFUSED, FailureClass.WAIT),
        (_no("", "LimitExceededException", Reason.QUOTA_EXCEEDED), Reason.QUOTA_EXCEEDED, FailureClass.WAIT),
        (_no("", "ResourceNotFoundException", Reason.NOT_FOUND), Reason.NOT_FOUND, FailureClass.WAIT),
        (_no(recorded.said("no-recovery-point"), "R", Reason.NOT_FOUND), Reason.SOURCE_GONE, FailureClass.TERMINAL),
    ],
)
def test_a_refusal_is_understood(problem: Problem, reason: Reason, failure_class: FailureClass) -> None:
    """AWS's text first, its code second; a denial is about the caller, whatever its text says."""
    found = classify_refusal(problem)
    assert found is not None
    assert (found.reason, found.failure_class) == (reason, failure_class)


@pytest.mark.parametrize(
    "problem",
    [
        Problem(Reason.WRONG_ACCOUNT, "The role leads elsewhere.", ErrorClass.STUCK),
        Problem(Reason.ASSUME_ROLE_DENIED, "AWS denies it.", ErrorClass.STUCK, "AccessDenied", "no"),
        Problem(Reason.ACCESS_DENIED, "Ours, without an answer of AWS.", ErrorClass.STUCK),
        Problem(Reason.THROTTLED, "AWS throttles.", ErrorClass.RETRY, "ThrottlingException", "Rate exceeded"),
    ],
)
def test_what_is_not_about_the_recovery_point_is_not_held_against_it(problem: Problem) -> None:
    """The way into the account is no property of a point."""
    assert classify_refusal(problem) is None


def test_one_refused_point_holds_no_other() -> None:
    """The memory is per recovery point and destination."""
    one, other = point(1), point(2, resource="arn:aws:rds:eu-west-1:1:db:other")
    seen = observed((one, other), sight(), **_refused(one, DENIED, ago(minutes=1)))
    (start,) = diff(desired(destination(), backfill=ALL), seen).actions
    assert isinstance(start, StartCopy)
    assert start.point == other


@pytest.mark.parametrize("state", ["COMPLETED", "PARTIAL"])
def test_a_copy_that_was_there_and_is_gone_is_not_explained_away(state: str) -> None:
    """AWS made it once: what is foreseen must not hide that it is lost."""
    one = replace(_encrypted(), delete_after_days=90)
    job = job_for(one, state=state, created=ago(days=2))
    there = sight(jobs=(job,), vault=Seen(vault(locked=True, max_retention_days=30)))
    (standing,) = standings_of(_plan(one, there=there, keys={EBS_KEY: MANAGED}))["dr"]
    assert standing.reason in {Reason.COPY_VANISHED, Reason.COPY_PARTIAL}
