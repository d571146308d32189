"""Everything that can go wrong with a copy, as one table: what, when, with which words.

REFUSED rows answer StartCopyJob at once; START rows fail a job as it leaves CREATED; END rows fail it after running.
The split follows facts §6 (last paragraph); real AWS's timing of each row is unconfirmed unless its source says more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ... import resource_types
from ...fidelity import Behaviour
from ...identity import gate, policy
from ...state import Principal
from . import copy_texts as texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...resource_types import ResourceType
    from ...state import Identity, Lifecycle, RecoveryPoint, State, Vault

VAULT_ARN = re.compile(r"arn:aws:backup:[a-z0-9-]+:\d{12}:backup-vault:[a-zA-Z0-9_/-]{2,64}")
ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/.+")
SERVICE = "backup.amazonaws.com"


class Moment(StrEnum):
    """When a rule speaks."""

    REFUSED = "refused"
    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A copy, asked for or under way."""

    state: State
    caller: Principal | None
    account: str
    source_vault_arn: str
    point_arn: str
    destination_arn: str
    role_arn: str
    lifecycle: Lifecycle | None
    now: float

    @property
    def source(self) -> Vault | None:
        """The source vault."""
        return self.state.vault(self.source_vault_arn)

    @property
    def point(self) -> RecoveryPoint | None:
        """The source recovery point."""
        return self.source.points.get(self.point_arn) if self.source else None

    @property
    def destination(self) -> Vault | None:
        """The destination vault."""
        return self.state.vault(self.destination_arn)

    @property
    def destination_account(self) -> str:
        """The account in the destination's ARN."""
        return self.destination_arn.split(":")[4]

    @property
    def cross_account(self) -> bool:
        """Whether the copy leaves the account."""
        return self.destination_account != self.account

    @property
    def row(self) -> ResourceType | None:
        """What the feature matrix says about the resource type."""
        return resource_types.of_point(self.point.resource_type, self.point.arn) if self.point else None

    @property
    def role(self) -> Identity | None:
        """The copy role."""
        return self.state.role(self.role_arn)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: `broken` gives the message when the rule is broken; `code` is an error code or a MessageCategory."""

    name: str
    moment: Moment
    code: str
    broken: Callable[[Attempt], str | None]


def first_broken(moment: Moment, attempt: Attempt) -> tuple[Rule, str] | None:
    """The first rule of a moment that an attempt breaks, with its message."""
    for rule in RULES:
        if rule.moment is moment:
            message = rule.broken(attempt)
            if message is not None:
                return rule, message
    return None


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
    if point is None or point.status in {"COMPLETED", "AVAILABLE"}:
        return None
    return texts.UNFINISHED.format(status=point.status)


def _may_not_pass(attempt: Attempt) -> str | None:
    if attempt.caller is None:
        return None
    if attempt.role_arn.split(":")[4] != attempt.account:
        return texts.FOREIGN_ROLE
    asked = gate.question(
        attempt.state, attempt.caller, "iam:PassRole", attempt.role_arn, {"iam:passedtoservice": (SERVICE,)}
    )
    reason = gate.refusal(attempt.state, asked, None, owner=attempt.account)
    return gate.denied(asked, reason).message if reason else None


def _strangers(attempt: Attempt) -> str | None:
    together = all(attempt.state.in_organization(account) for account in (attempt.account, attempt.destination_account))
    return texts.ORGANIZATION if attempt.cross_account and not together else None


def _toggle_off(attempt: Attempt) -> str | None:
    organization = attempt.state.organization
    if not attempt.cross_account or organization is None or organization.cross_account:
        return None
    lagging = attempt.now < organization.cross_account_changed + attempt.state.durations.toggle_off
    return None if lagging else texts.TOGGLE


def _role_untrusting(attempt: Attempt) -> str | None:
    service = Principal("", SERVICE, SERVICE, SERVICE, SERVICE, "service", SERVICE)
    keys = {"aws:sourceaccount": (attempt.account,)}
    asked = gate.question(attempt.state, service, "sts:AssumeRole", attempt.role_arn, keys)
    role = attempt.role
    trusted = role is not None and policy.judge_resource(role.trust, asked) is policy.Verdict.ALLOW
    return None if trusted else texts.ROLE.format(role=attempt.role_arn)


def _copier(role: Identity) -> Principal:
    """The copy role as the principal that policies see."""
    session = "AWSBackup-CopyJob"
    return Principal(
        role.account,
        f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session}",
        role.arn,
        role.unique_id,
        f"{role.unique_id}:{session}",
        "role",
        role.name,
    )


def _may_not_leave(attempt: Attempt) -> str | None:
    role, source = attempt.role, attempt.source
    if role is None or source is None:
        return texts.ACCESS
    keys = {"backup:copytargets": (attempt.destination_arn,)}
    asked = gate.question(attempt.state, _copier(role), "backup:CopyFromBackupVault", attempt.point_arn, keys)
    refused = gate.refusal(attempt.state, asked, source.policy, owner=attempt.account)
    return texts.ACCESS if refused else None


def _may_not_enter(attempt: Attempt) -> str | None:
    role, vault = attempt.role, attempt.destination
    if role is None or vault is None:
        return texts.ACCESS
    asked = gate.question(attempt.state, _copier(role), "backup:CopyIntoBackupVault", vault.arn)
    return texts.ACCESS if gate.refusal(attempt.state, asked, vault.policy, owner=vault.account) else None


def _default_vault(attempt: Attempt) -> str | None:
    vault = attempt.destination
    return texts.SERVICE_KEY if attempt.cross_account and vault and vault.name == "Default" else None


def _service_key(attempt: Attempt) -> str | None:
    vault, row = attempt.destination, attempt.row
    key = attempt.state.key(vault.key_arn) if vault else None
    if not attempt.cross_account or row is None or row.fully_managed or key is None or key.manager != "AWS":
        return None
    return texts.SERVICE_KEY


def _gateway_key(attempt: Attempt) -> str | None:
    gateway = attempt.row is not None and attempt.row.name == "Storage Gateway"
    return texts.GATEWAY if gateway and _service_key(attempt) else None


def _unsupported(attempt: Attempt) -> str | None:
    row = attempt.row
    if row is None or (row.copies and (row.cross_account or not attempt.cross_account)):
        return None
    source, destination = attempt.source_vault_arn.split(":")[3], attempt.destination_arn.split(":")[3]
    return texts.UNSUPPORTED.format(source=source, destination=destination, type=row.name)


def _out_of_lock(attempt: Attempt) -> str | None:
    vault, point = attempt.destination, attempt.point
    if vault is None or vault.lock is None or point is None:
        return None
    asked = attempt.lifecycle.delete_after_days if attempt.lifecycle else None
    days = point.lifecycle.delete_after_days if asked in {None, -1} else asked
    lasting = float("inf") if days in {None, -1} else float(days or 0)
    low, high = vault.lock.min_days or 0, vault.lock.max_days or float("inf")
    return None if low <= lasting <= high else texts.LOCK


def _destination_key(attempt: Attempt) -> str | None:
    vault = attempt.destination
    key = attempt.state.key(vault.key_arn) if vault else None
    return None if key is None or key.state == "Enabled" else texts.KEY_STATE


def _managed_source_key(attempt: Attempt) -> str | None:
    point, row = attempt.point, attempt.row
    if not attempt.cross_account or point is None or row is None or row.fully_managed or point.key_arn is None:
        return None
    key = attempt.state.key(point.key_arn)
    if key is None or key.manager != "AWS":
        return None
    return texts.EBS_DEFAULT_KEY if row.name == "EBS" else texts.MANAGED_KEY


def _source_key_state(attempt: Attempt) -> str | None:
    point = attempt.point
    key = attempt.state.key(point.key_arn) if point and point.key_arn else None
    return None if key is None or key.state == "Enabled" else texts.KEY_STATE


def _vanished(attempt: Attempt) -> str | None:
    return None if attempt.point else texts.NO_POINT


INVALID, DENIED, REQUEST = "InvalidParameterValueException", "AccessDenied", "InvalidRequestException"

RULES: tuple[Rule, ...] = (
    Rule("destination ARN malformed", Moment.REFUSED, INVALID, _destination_malformed),
    Rule("role ARN malformed", Moment.REFUSED, INVALID, _role_malformed),
    Rule("recovery point ARN malformed", Moment.REFUSED, INVALID, _point_malformed),
    Rule("source vault missing", Moment.REFUSED, DENIED, _source_missing),
    Rule("recovery point not in the vault", Moment.REFUSED, "ResourceNotFoundException", _point_missing),
    Rule("recovery point continuous", Moment.REFUSED, REQUEST, _continuous),
    Rule("recovery point cold", Moment.REFUSED, REQUEST, _cold),
    Rule("recovery point not completed", Moment.REFUSED, REQUEST, _unfinished),
    Rule("role may not be passed", Moment.REFUSED, DENIED, _may_not_pass),
    Rule("recovery point deleted meanwhile", Moment.START, "RESOURCE_NOT_FOUND", _vanished),
    Rule("not one organization", Moment.START, "ACCESS_DENIED", _strangers),
    Rule("toggle off", Moment.START, "FEATURE_NOT_ENABLED", _toggle_off),
    Rule("role cannot be assumed", Moment.START, "ACCESS_DENIED", _role_untrusting),
    Rule("source vault or role refuses", Moment.START, "ACCESS_DENIED", _may_not_leave),
    Rule("destination vault missing, or it or the role refuses", Moment.START, "ACCESS_DENIED", _may_not_enter),
    Rule("default vault", Moment.START, "ACCESS_DENIED", _default_vault),
    Rule("type cannot be copied so", Moment.START, "UNSUPPORTED_OPERATION", _unsupported),
    Rule("Storage Gateway into aws/backup", Moment.START, "UNSUPPORTED_OPERATION", _gateway_key),
    Rule("aws/backup at the destination", Moment.START, "ACCESS_DENIED", _service_key),
    Rule("retention outside the vault lock", Moment.START, "INVALID_LIFECYCLE", _out_of_lock),
    Rule("destination key unusable", Moment.END, "KMS_KEY_ERROR", _destination_key),
    Rule("source key managed by AWS", Moment.END, "ACCESS_DENIED", _managed_source_key),
    Rule("source key unusable", Moment.END, "KMS_KEY_ERROR", _source_key_state),
    Rule("destination vault gone while copying", Moment.END, "ACCESS_DENIED", _may_not_enter),
    Rule("recovery point deleted while copying", Moment.END, "RESOURCE_NOT_FOUND", _vanished),
)


FIDELITY = (
    Behaviour(
        "The rules of copies are one table; its rows say *refused* (by StartCopyJob), *start* "
        "(CREATED to FAILED) or *end* (RUNNING to FAILED)",
        "assumed (derived; AWS documents only the error names)",
        "test_copy_refusals.py::test_every_rule_of_the_table_is_shown_by_a_row",
    ),
    Behaviour(
        "Organization, toggle, vault policy, role, service-managed key, type, lock, managed source "
        "key: texts and MessageCategory (texts without a public source stand under *assumed* in "
        "`copy_texts.py`)",
        "DG, issue",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "Vault policies are judged with the copy role as principal",
        "DG",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "A missing destination vault gives `Access Denied trying to call AWS Backup service`",
        "DG (category); text assumed",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "The vault `Default` is refused with the service-managed-key text",
        "DG (rule); text assumed",
    ),
    Behaviour(
        "Copies in one account need neither organization nor toggle nor vault policy",
        "DG",
        "test_copy_jobs.py::test_a_copy_inside_the_account_needs_no_vault_policy",
    ),
    Behaviour(
        "Source key: AWS managed keys are refused for types not fully managed; disabled keys fail",
        "DG",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "Source key: whether its policy admits the copy role and the destination's service-linked role",
        "missing",
    ),
    Behaviour(
        "Destination key: state only; its policy is not judged",
        "missing",
    ),
)
