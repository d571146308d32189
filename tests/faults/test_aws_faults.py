"""Each way in which AWS or the way to it can fail gives its own reason, loses nothing, and heals without a restart.

"Could not look" is Unknown and never "missing" (invariant 7); an identity is proven before anything else (5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

from backup_simulator.faults import Kind

Break = Callable[[Stage], None]


def fault(kind: Kind, **options: Any) -> Break:
    """Return what orders a fault that lasts."""

    def order(stage: Stage) -> None:
        stage.control.faults.add(kind, **options)

    return order


def other_external_id(account: str) -> Break:
    """Return what gives a BackupAccount an External ID that the role does not expect."""

    def change(stage: Stage) -> None:
        stage.declared[account] = _with(stage.declared[account], externalId="somebody-elses")

    return change


def other_role(account: str) -> Break:
    """Return what lets a BackupAccount name a role that does not exist."""

    def change(stage: Stage) -> None:
        before = stage.declared[account]
        arn = f"arn:aws:iam::{before['spec']['accountId']}:role/crossvault-missing"
        stage.declared[account] = _with(before, roleArn=arn)

    return change


def _with(declared: Json, **spec: Any) -> Json:
    return {**declared, "spec": {**declared["spec"], **spec}, "status": {}}


AWS_FAULTS: dict[str, tuple[Break, str]] = {
    "wrong External ID": (other_external_id("dr"), "AssumeRoleDenied"),
    "wrong External ID of the source": (other_external_id("production"), "AssumeRoleDenied"),
    "missing role": (other_role("dr"), "AssumeRoleDenied"),
    "missing role of the source": (other_role("production"), "AssumeRoleDenied"),
    "throttled": (fault(Kind.THROTTLE, service="backup"), "Throttled"),
    "throttled STS": (fault(Kind.THROTTLE, service="sts"), "Throttled"),
    "server error": (fault(Kind.ERROR, service="backup", code="InternalFailure", status=500), "ServiceUnavailable"),
    "unavailable": (
        fault(Kind.ERROR, service="backup", code="ServiceUnavailableException", status=503),
        "ServiceUnavailable",
    ),
    "hanging": (fault(Kind.HANG, service="backup", seconds=60), "TimedOut"),
    "hanging STS": (fault(Kind.HANG, service="sts", seconds=60), "TimedOut"),
    "connection reset": (fault(Kind.RESET), "Unreachable"),
    "cut off": (fault(Kind.TRUNCATE, service="backup"), "UnexpectedAnswer"),
    "expired token": (
        fault(Kind.ERROR, service="backup", code="ExpiredTokenException", status=400),
        "CredentialsExpired",
    ),
    "unknown key": (
        fault(Kind.ERROR, service="sts", code="InvalidClientTokenId", status=403),
        "CredentialsRefused",
    ),
    "denied listing": (
        fault(Kind.ERROR, operation="ListRecoveryPointsByBackupVault", code="AccessDeniedException", status=403),
        "AccessDenied",
    ),
    "denied jobs": (
        fault(Kind.ERROR, operation="ListCopyJobs", code="AccessDeniedException", status=403),
        "AccessDenied",
    ),
}


SHUT_OUT = ("False", "PrerequisiteUnmet")
"""Ready when AWS has answered that nobody gets in this way: an error of somebody, and not a look that failed."""


def ready_when(reason: str) -> tuple[str, str]:
    """Return Ready while AWS cannot be looked at for a reason."""
    return SHUT_OUT if reason in {"AssumeRoleDenied", "CredentialsRefused"} else ("Unknown", "CannotObserve")


OF_THE_WIRE = ("hanging", "connection reset", "cut off")


@pytest.fixture
def hasty(request: pytest.FixtureRequest) -> Stage:
    """An operator over HTTP where the wire is at fault, which gives up on an answer soon where none will come."""
    wired = any(each in request.node.name for each in OF_THE_WIRE)
    stage: Stage = request.getfixturevalue("wired_stage" if wired else "stage")
    if "hanging" in request.node.name:  # a busy machine must not look like that
        stage.settings = scene.hasty(stage)
        stage.restart()
    return stage


@pytest.mark.parametrize(("broken", "reason"), AWS_FAULTS.values(), ids=AWS_FAULTS.keys())
def test_before_the_first_look(hasty: Stage, broken: Break, reason: str) -> None:
    """Nothing is known: Ready says so with the cause below it, no copy starts; once it is over, copies begin."""
    declared = dict(hasty.declared)
    broken(hasty)
    outcome = hasty.look()
    assert scene.condition(hasty.body) == ready_when(reason)
    assert reason_of(hasty) == reason
    assert not hasty.writes("StartCopyJob")
    assert outcome.failed or outcome.requeue is not None
    hasty.control.faults.clear()
    hasty.declared = declared
    hasty.go_on()


@pytest.mark.parametrize(("broken", "reason"), AWS_FAULTS.values(), ids=AWS_FAULTS.keys())
def test_while_protected(hasty: Stage, broken: Break, reason: str) -> None:
    """What was known stays on record as the last known, nothing counts as missing, and it heals by itself."""
    hasty.go_on()
    known, writes, declared = scene.numbers(hasty.body), len(hasty.writes()), dict(hasty.declared)
    before = hasty.body["status"]
    broken(hasty)
    hasty.look()
    assert scene.condition(hasty.body) == ready_when(reason)
    assert reason_of(hasty) == reason
    told = scene.numbers(hasty.body)
    assert told.pop("lastObserved") == before["lastChanged"]
    assert told == known
    assert hasty.body["status"]["summary"]["copied"] == f"{len(scene.POINTS)}/{len(scene.POINTS)}"
    assert len(hasty.writes()) == writes
    hasty.control.faults.clear()
    hasty.declared = declared
    hasty.go_on(passes=2)
    assert len(hasty.writes()) == writes


def reason_of(stage: Stage) -> str:
    """Return the cause as it is told below Ready: by what is not as it should be, conditions first and then rows."""
    status = stage.body["status"]
    parts = [each for each in status["conditions"] if each["type"] in {"PrerequisitesMet", "Synced"}]
    rows = [each for each in status["prerequisites"] if each["status"] != "Met"]
    reasons = [each["reason"] for each in parts if each["status"] != "True"] + [each["reason"] for each in rows]
    return reasons[0] if reasons else ""


ACCOUNT_FAULTS: dict[str, tuple[Break, tuple[str, str]]] = {
    "wrong External ID": (other_external_id("dr"), ("False", "AssumeRoleDenied")),
    "missing role": (other_role("dr"), ("False", "AssumeRoleDenied")),
    "throttled": (fault(Kind.THROTTLE, service="sts"), ("Unknown", "Throttled")),
    "server error": (fault(Kind.ERROR, service="sts", status=500), ("Unknown", "ServiceUnavailable")),
    "hanging": (fault(Kind.HANG, service="sts", seconds=60), ("Unknown", "TimedOut")),
    "connection reset": (fault(Kind.RESET, service="sts"), ("Unknown", "Unreachable")),
    "cut off": (fault(Kind.TRUNCATE, service="sts"), ("Unknown", "UnexpectedAnswer")),
    "unknown key": (
        fault(Kind.ERROR, service="sts", code="InvalidClientTokenId", status=403),
        ("False", "CredentialsRefused"),
    ),
    "expired": (
        fault(Kind.ERROR, service="sts", code="ExpiredTokenException", status=400),
        ("Unknown", "CredentialsExpired"),
    ),
}


@pytest.mark.parametrize(("broken", "ready"), ACCOUNT_FAULTS.values(), ids=ACCOUNT_FAULTS.keys())
def test_an_account_says_why_it_cannot_be_entered(hasty: Stage, broken: Break, ready: tuple[str, str]) -> None:
    """The account's Ready has the reason; the next look after the cause is gone says Verified."""
    declared = dict(hasty.declared)
    broken(hasty)
    outcome = hasty.look_at_account("dr")
    assert scene.condition(hasty.declared["dr"]) == ready
    assert outcome.requeue is not None
    hasty.control.faults.clear()
    hasty.declared = declared
    hasty.look_at_account("dr")
    assert scene.condition(hasty.declared["dr"]) == ("True", "Verified")


def test_a_role_of_another_account_than_declared_reads_and_writes_nothing(stage: Stage) -> None:
    """GetCallerIdentity shows another account: WrongAccount, and not one more call with that identity (5)."""
    del stage.declared["dr"]["spec"]["roleArn"]  # the operator's own credentials, which are of the tools account
    stage.look()
    assert scene.condition(stage.body) == SHUT_OUT
    assert scene.row(stage.body, "Identity") == ("Unmet", "WrongAccount")
    stalled = next(each for each in stage.body["status"]["conditions"] if each["type"] == "Stalled")
    assert (stalled["status"], "another account than BackupAccount dr declares" in stalled["message"]) == ("True", True)
    assert scene.TOOLS not in str(stage.body["status"]), "whose identity the operator has is no tenant's business"
    made = {(each.service, each.operation) for each in stage.control.calls(account=scene.TOOLS)}
    assert made == {("sts", "GetCallerIdentity"), ("sts", "AssumeRole")}
    assert not stage.writes()
    stage.look_at_account("dr")
    assert scene.condition(stage.declared["dr"]) == ("False", "WrongAccount")


def test_an_operator_without_credentials_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS identity at all is NoCredentials; with an identity the same process goes on."""
    for name in scene.OPERATOR_KEY:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    stage.restart()
    stage.look()
    assert scene.row(stage.body, "Identity") == ("Unmet", "NoCredentials")
    assert not stage.control.calls()
    for name, value in scene.OPERATOR_KEY.items():
        monkeypatch.setenv(name, value)
    stage.go_on()


def test_replaced_credentials_are_taken_up_without_a_restart(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS does not know the operator's key: CredentialsRefused; the right one in its place is used by the next pass."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-at-all")
    stage.restart()
    stage.look()
    assert scene.row(stage.body, "Identity") == ("Unmet", "CredentialsRefused")
    for name, value in scene.OPERATOR_KEY.items():
        monkeypatch.setenv(name, value)
    stage.go_on()


def test_an_expired_session_is_replaced(stage: Stage) -> None:
    """The role's session ends earlier than botocore thinks: one pass may be blind, the next has a new session."""
    stage.go_on()
    writes = len(stage.writes())
    stage.control.advance("70m")
    stage.look()
    stage.look()
    assert stage.protected()
    assert len(stage.writes()) == writes


@pytest.mark.parametrize("times", [1, 2])
def test_short_disturbances_are_not_even_noticed(stage: Stage, times: int) -> None:
    """What ends within botocore's own retries leaves no trace in the status."""
    stage.settings = scene.patient(stage)
    stage.restart()
    stage.control.faults.add(Kind.ERROR, operation="ListCopyJobs", status=503, times=times)
    stage.look()
    assert scene.condition(stage.body) == ("True", "CatchingUp")


def test_a_listing_that_breaks_off_is_no_empty_vault(stage: Stage) -> None:
    """The destination's listing fails while everything lies there: nothing is copied again (7)."""
    stage.go_on()
    jobs = stage.jobs()
    stage.control.faults.add(Kind.TRUNCATE, operation="ListRecoveryPointsByBackupVault", account=scene.BACKUP)
    stage.control.faults.add(Kind.ERROR, operation="ListCopyJobs", code="ServiceUnavailableException", status=503)
    for _ in range(3):
        stage.look()
        stage.restart()
    assert scene.condition(stage.body) == ("Unknown", "CannotObserve")
    assert stage.jobs() == jobs


def test_one_sick_destination_does_not_blind_the_other(stage: Stage) -> None:
    """Of two destinations one cannot be entered: the other gets its copies meanwhile, and Ready is False."""
    stage.declare(
        destinations=[scene.destination("sick"), scene.destination("well", accountRef={"name": "second"})],
    )
    stage.declared["dr"]["spec"]["externalId"] = "somebody-elses"
    stage.go_on(lambda: len(_copies(stage)) == len(scene.POINTS))
    assert scene.condition(stage.body) == SHUT_OUT
    assert scene.row(stage.body, "Identity", "sick") == ("Unmet", "AssumeRoleDenied")
    stage.declared["dr"]["spec"]["externalId"] = scene.EXTERNAL_ID
    stage.go_on()


def _copies(stage: Stage) -> list[object]:
    try:
        return list(stage.copies(account_id=scene.SECOND))
    except LookupError:
        return []
