"""What StartCopyJob refuses at once: no job comes into being.

Which rules are that early is derived; AWS documents the error names only.
"""

from __future__ import annotations

import re

from .... import arns
from ....identity import gate
from ...iam.service_role import SERVICE
from ..job_rules import Rule
from ..points import operations as recovery_points
from . import texts
from .attempt import Attempt, Moment

VAULT_ARN = re.compile(r"arn:aws:backup:[a-z0-9-]+:\d{12}:backup-vault:[a-zA-Z0-9_/-]{2,64}")
ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/.+")
DENIED = "AccessDenied"
INVALID, REQUEST, MISSING = "InvalidParameterValueException", "InvalidRequestException", "ResourceNotFoundException"


def _destination_malformed(attempt: Attempt) -> str | None:
    arn = attempt.destination_arn
    return None if VAULT_ARN.fullmatch(arn) else f"Invalid DestinationBackupVaultArn: {arn}"


def _role_malformed(attempt: Attempt) -> str | None:
    return None if ROLE_ARN.fullmatch(attempt.role_arn) else f"Invalid IamRoleArn: {attempt.role_arn}"


def _point_malformed(attempt: Attempt) -> str | None:
    return None if attempt.point_arn.startswith("arn:") else f"Invalid recovery point ARN: {attempt.point_arn}"


def _source_missing(attempt: Attempt) -> str | None:
    return None if attempt.source else texts.INSUFFICIENT


def _point_missing(attempt: Attempt) -> str | None:
    return None if attempt.point else texts.NO_POINT


def _continuous(attempt: Attempt) -> str | None:
    return texts.CONTINUOUS if attempt.point and attempt.point.continuous else None


def _cold(attempt: Attempt) -> str | None:
    return texts.COLD if attempt.point and attempt.point.storage_class == "COLD" else None


def _unfinished(attempt: Attempt) -> str | None:
    point = attempt.point
    usable = {"COMPLETED", "AVAILABLE"} | ({"PARTIAL"} if point and point.is_parent else set())
    if point is None or point.status in usable:
        return None
    return texts.UNFINISHED.format(status=point.status)


def _cluster_state(attempt: Attempt) -> str | None:
    return texts.CLUSTER_STATE if attempt.point and recovery_points.is_cluster_state(attempt.point) else None


def _may_not_pass(attempt: Attempt) -> str | None:
    if attempt.caller is None:
        return None
    if arns.of(attempt.role_arn).account != attempt.account:
        return texts.FOREIGN_ROLE
    passed = {"iam:passedtoservice": (SERVICE,), "aws:requestedregion": (attempt.source_region,)}
    asked = gate.question(attempt.state, attempt.caller, "iam:PassRole", attempt.role_arn, passed)
    reason = gate.refusal(attempt.state, asked, None, owner=attempt.account)
    return gate.denied(asked, reason).message if reason else None


RULES = tuple(
    Rule(name, Moment.REFUSED, code, broken)
    for name, code, broken in (
        ("destination ARN malformed", INVALID, _destination_malformed),
        ("role ARN malformed", INVALID, _role_malformed),
        ("recovery point ARN malformed", INVALID, _point_malformed),
        ("source vault missing", DENIED, _source_missing),
        ("recovery point not in the vault", MISSING, _point_missing),
        ("recovery point continuous", REQUEST, _continuous),
        ("recovery point cold", REQUEST, _cold),
        ("recovery point not completed", REQUEST, _unfinished),
        ("EKS cluster state without its parent", REQUEST, _cluster_state),
        ("role may not be passed", DENIED, _may_not_pass),
    )
)
