"""One copy gets another lifecycle: what is sent, and what is made of every answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kit.scripted_aws import Answer, Script, account, accounts, error_json, let_in, policy, scripted

from crossvault.aspects.copies.aws.existing import described, members
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.copies.updates import UpdateLifecycle
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.lifecycle.existing import Existing, ExistingCopies, Life, verdict
from crossvault.engine.plan import Result
from crossvault.words.problems import ErrorClass
from crossvault.words.reasons import Reason

WHO = account()
DESIRED = policy(WHO, account("dr"), create=False, encryption_key=None)
TARGET = DESIRED.destinations[0].vault
CREATED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
UPDATE, LOOK = "UpdateRecoveryPointLifecycle", "DescribeRecoveryPoint"
Json = dict[str, Any]
TAKEN: Json = {"RecoveryPointArn": "arn:aws:ec2:eu-central-1::snapshot/snap-1"}


def shown(end: int | None, cold: int | None = None, **more: Any) -> Json:
    """Return what DescribeRecoveryPoint answers."""
    days = {"DeleteAfterDays": end, "MoveToColdStorageAfterDays": cold, **more.pop("lifecycle", {})}
    dates = {
        name: None if number is None else (CREATED + timedelta(days=number)).timestamp()
        for name, number in (("DeleteAt", end), ("MoveToColdStorageAt", cold))
    }
    return {
        "CreationDate": CREATED.timestamp(),
        "Status": "COMPLETED",
        "Lifecycle": days,
        "CalculatedLifecycle": dates,
        "StorageClass": "WARM",
        **more,
    }


def action(end: int | None, declared: int, *, accepted: bool = False) -> UpdateLifecycle:
    """Return the change of a copy that was listed with this end."""
    ends = None if end is None else CREATED + timedelta(days=end)
    copy = RecoveryPoint("arn:aws:ec2:eu-central-1::snapshot/snap-1", "r", "EBS", CREATED, "COMPLETED", delete_at=ends)
    existing = Existing(ExistingCopies.UPDATE_LIFECYCLE, declared if accepted else None)
    wanted = Lifecycle(None, declared)
    judged = verdict(Life(CREATED, ends), wanted, existing, datetime.now(UTC))
    assert judged.target is not None
    return UpdateLifecycle("dr", DESIRED.source, TARGET, copy, wanted, existing, judged)


def apply(script: Script, *actions: UpdateLifecycle) -> list[Result]:
    """Carry out actions, one after the other."""
    let_in(script)
    aws = accounts(script.url)
    results = [aws.apply(each) for each in actions]
    aws.close()
    return results


def sent(script: Script) -> list[Json]:
    """Return the lifecycles that were sent."""
    pairs = zip(script.asked, script.bodies, strict=True)
    return [json.loads(body)["Lifecycle"] for (operation, _), body in pairs if operation == UPDATE]


def test_what_is_opted_in_to_goes_along() -> None:
    """Declared for copies, it is sent with a lifecycle that is changed for another reason."""
    change = replace(action(30, 365), declared=Lifecycle(100, 365, opt_in_to_archive=True))
    with scripted() as script:
        script.on(LOOK, shown(200, 100), shown(365, 100))
        script.on(UPDATE, TAKEN)
        (result,) = apply(script, change)

    assert result.problem is None
    assert sent(script) == [
        {"DeleteAfterDays": 365, "MoveToColdStorageAfterDays": 100, "OptInToArchiveForSupportedResources": True}
    ]


@pytest.mark.parametrize(
    ("before", "after", "lifecycle"),
    [
        pytest.param(shown(30), shown(365), {"DeleteAfterDays": 365}, id="an end alone"),
        pytest.param(
            shown(200, 100),
            shown(365, 100),
            {"DeleteAfterDays": 365, "MoveToColdStorageAfterDays": 100},
            id="a date for cold storage is sent again",
        ),
        pytest.param(
            shown(30, lifecycle={"OptInToArchiveForSupportedResources": False}),
            shown(365),
            {"DeleteAfterDays": 365, "OptInToArchiveForSupportedResources": False},
            id="so is what is false",
        ),
    ],
)
def test_the_whole_lifecycle_is_sent(before: Json, after: Json, lifecycle: Json) -> None:
    """AWS resets what is not: all that it shows and that is not to change goes along."""
    cold = before["Lifecycle"]["MoveToColdStorageAfterDays"]
    change = action(30, 365)
    change = replace(change, declared=Lifecycle(cold, 365))
    with scripted() as script:
        script.on(LOOK, before, after)
        script.on(UPDATE, TAKEN)
        (result,) = apply(script, change)

    assert (result.problem, result.found, sent(script)) == (None, False, [lifecycle])


@pytest.mark.parametrize(
    ("now", "planned"),
    [
        pytest.param(shown(365), action(30, 365), id="somebody did it already"),
        pytest.param(shown(3650), action(30, 365), id="somebody prolonged it further"),
        pytest.param(shown(None), action(30, 365), id="somebody keeps it for ever"),
        pytest.param(shown(20), action(400, 60, accepted=True), id="somebody shortened it: that is another change"),
        pytest.param(shown(30, Status="DELETING"), action(30, 365), id="it is being deleted"),
    ],
)
def test_what_is_not_as_it_was_listed_is_not_changed(now: Json, planned: UpdateLifecycle) -> None:
    """The listing is hours old; the next look judges what is there now."""
    with scripted() as script:
        script.on(LOOK, now)
        (result,) = apply(script, planned)

    assert (result.problem, result.found, sent(script)) == (None, True, [])


def test_what_aws_takes_and_does_not_do_is_told_and_not_repeated() -> None:
    """A type whose lifecycle AWS ignores would else be changed in every pass for ever."""
    with scripted() as script:
        script.on(LOOK, shown(30))
        script.on(UPDATE, TAKEN)
        first, second = apply(script, action(30, 365), action(30, 365))

    assert first.problem == second.problem
    assert first.problem is not None
    assert first.problem.reason is Reason.LIFECYCLE_KEPT
    assert "365 days, never cold, and goes on showing 30 days, never cold" in first.problem.message
    assert len(sent(script)) == 1


def test_a_copy_that_goes_after_an_event_is_left_alone() -> None:
    """AWS takes no event in a request, so sending the rest would take it away."""
    with scripted() as script:
        script.on(LOOK, shown(30, lifecycle={"DeleteAfterEvent": "DELETE_AFTER_COPY"}))
        (result,) = apply(script, action(30, 365))

    assert result.problem is not None
    assert (result.problem.reason, sent(script)) == (Reason.LIFECYCLE_KEPT, [])


@pytest.mark.parametrize(
    ("error", "reason", "error_class", "asked"),
    [
        pytest.param("InvalidRequestException", Reason.REQUEST_REFUSED, ErrorClass.STUCK, 2, id="in use, continuous"),
        pytest.param(
            "InvalidParameterValueException", Reason.REQUEST_REFUSED, ErrorClass.STUCK, 2, id="an impossible lifecycle"
        ),
        pytest.param("ResourceNotFoundException", Reason.NOT_FOUND, ErrorClass.STUCK, 2, id="gone"),
        pytest.param("AccessDeniedException", Reason.ACCESS_DENIED, ErrorClass.STUCK, 1, id="not permitted: for all"),
    ],
)
def test_a_refusal_holds_the_copy_or_all_of_them(
    error: str, reason: Reason, error_class: ErrorClass, asked: int
) -> None:
    """The same is not asked again at once; for another copy only what may be another answer there."""
    one, other = action(30, 365), action(31, 365)
    assert other.copy is not None
    other = replace(other, copy=replace(other.copy, arn="arn:other"))
    with scripted() as script:
        script.on(LOOK, shown(30))
        script.on(UPDATE, error_json(error, status=403 if error == "AccessDeniedException" else 400))
        results = apply(script, one, one, other)

    problems = [each.problem for each in results]
    assert all(each is not None and (each.reason, each.error_class) == (reason, error_class) for each in problems)
    assert script.count(UPDATE) == asked


def test_what_time_ends_is_asked_again() -> None:
    """A throttled request, or one without a reply, is no refusal."""
    with scripted() as script:
        script.on(LOOK, shown(30), shown(30), shown(365))
        script.on(
            UPDATE, Answer(json.dumps({"message": "slow"}), 429, "ThrottlingException"), Answer(json.dumps(TAKEN))
        )
        first, second = apply(script, action(30, 365), action(30, 365))

    assert first.problem is not None
    assert first.problem.error_class is ErrorClass.RETRY
    assert (second.problem, second.found) == (None, False)


@pytest.mark.parametrize(
    ("target", "opted_in", "told"),
    [
        (Lifecycle(None, 365), None, {"DeleteAfterDays": 365}),
        (Lifecycle(30, 365), None, {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365}),
        (Lifecycle(30, None), None, {"MoveToColdStorageAfterDays": 30}),
        (Lifecycle(None, None), None, {"MoveToColdStorageAfterDays": -1, "DeleteAfterDays": -1}),
        (Lifecycle(None, 9), True, {"DeleteAfterDays": 9, "OptInToArchiveForSupportedResources": True}),
    ],
)
def test_never_is_written_as_aws_writes_it(target: Lifecycle, opted_in: bool | None, told: Json) -> None:
    """A member left out is reset to null; with neither date both are -1, as AWS documents it."""
    assert members(target, opted_in) == told


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        pytest.param({}, Life(CREATED, cold=None, told=Lifecycle()), id="kept for ever"),
        pytest.param(
            {"Lifecycle": {"DeleteAfterDays": 30}},
            Life(CREATED, CREATED + timedelta(days=30), told=Lifecycle(None, 30)),
            id="days without dates",
        ),
        pytest.param(
            {"CalculatedLifecycle": {"DeleteAt": CREATED + timedelta(days=30)}},
            Life(CREATED, CREATED + timedelta(days=30), told=Lifecycle()),
            id="dates without days",
        ),
        pytest.param(
            {"Lifecycle": {"DeleteAfterDays": -1, "MoveToColdStorageAfterDays": -1}, "StorageClass": "COLD"},
            Life(CREATED, cold=True, told=Lifecycle()),
            id="as AWS writes never",
        ),
    ],
)
def test_what_aws_shows_is_read(answer: Json, life: Life) -> None:
    """What is not there is never; what is said in one of two ways counts."""
    assert described({"CreationDate": CREATED, "Status": "COMPLETED", **answer}).life == life
