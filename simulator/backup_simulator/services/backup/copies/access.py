"""Who may copy whereto: organization, toggle, copy role, vault policies, the rights of the role in other services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....identity import gate
from ....policies import condition_keys
from ....records import principals
from ...iam.service_role import SERVICE
from ..job_rules import Rule
from . import texts
from .attempt import Attempt, Moment, copier

if TYPE_CHECKING:
    from ....policies.condition_keys import GatheredKeys

# What the copy role does in the service whose snapshots a type is made of: within the account it copies, across
# accounts it shares and the destination's service-linked role copies. Clusters have calls of their own.
COPYING = {
    "EBS": "ec2:CopySnapshot",
    "Storage Gateway": "ec2:CopySnapshot",
    "EC2": "ec2:CopyImage",
    "RDS": "rds:CopyDBSnapshot",
    "Aurora": "rds:CopyDBClusterSnapshot",
    "DocumentDB": "rds:CopyDBClusterSnapshot",
    "Neptune": "rds:CopyDBClusterSnapshot",
    "FSx": "fsx:CopyBackup",
}
SHARING = {
    "EBS": "ec2:ModifySnapshotAttribute",
    "Storage Gateway": "ec2:ModifySnapshotAttribute",
    "EC2": "ec2:ModifyImageAttribute",
    "RDS": "rds:ModifyDBSnapshotAttribute",
    "Aurora": "rds:ModifyDBClusterSnapshotAttribute",
    "DocumentDB": "rds:ModifyDBClusterSnapshotAttribute",
    "Neptune": "rds:ModifyDBClusterSnapshotAttribute",
    "FSx": "fsx:ManageBackupPrincipalAssociations",
}
LISTING_TAGS = {"ec2": "ec2:DescribeTags", "rds": "rds:ListTagsForResource", "fsx": "fsx:ListTagsForResource"}


def _strangers(attempt: Attempt) -> str | None:
    together = attempt.state.same_organization(attempt.account, attempt.destination_account)
    return texts.ORGANIZATION if attempt.cross_account and not together else None


def _toggle_off(attempt: Attempt) -> str | None:
    organization = attempt.state.organization_of(attempt.account)
    if not attempt.cross_account or organization is None or organization.cross_account:
        return None
    lagging = attempt.now < organization.cross_account_changed + attempt.state.durations.toggle_off
    return None if lagging else texts.TOGGLE


def _role_untrusting(attempt: Attempt) -> str | None:
    known = {"aws:sourceaccount": (attempt.account,)} | _here(attempt)
    asked = gate.question(attempt.state, principals.of_service(SERVICE), "sts:AssumeRole", attempt.role_arn, known)
    role = attempt.role
    trusted = role is not None and gate.refusal(attempt.state, asked, role.trust, owner=role.account) is None
    return None if trusted else texts.ROLE.format(role=attempt.role_arn)


def _may_not_leave(attempt: Attempt) -> str | None:
    role, source = attempt.role, attempt.source
    if role is None or source is None:
        return texts.ACCESS
    known = {"backup:copytargets": (attempt.destination_arn,)} | _target_path(attempt) | _here(attempt)
    asked = gate.question(attempt.state, copier(role), "backup:CopyFromBackupVault", attempt.point_arn, known)
    refused = gate.refusal(attempt.state, asked, source.policy, owner=attempt.account)
    return texts.ACCESS if refused else None


def _here(attempt: Attempt) -> GatheredKeys:
    """The Region in which AWS Backup acts as the copy role."""
    return {"aws:requestedregion": (attempt.source_region,)}


def _target_path(attempt: Attempt) -> GatheredKeys:
    organization = attempt.state.organization_of(attempt.destination_account)
    return {"backup:copytargetorgpaths": (organization.path(attempt.destination_account),)} if organization else {}


def _region_off(attempt: Attempt) -> str | None:
    """AWS Backup has no access to a Region that the destination account has not enabled."""
    account = attempt.state.accounts.get(attempt.destination_account)
    return texts.ACCESS if account and attempt.destination_region in account.disabled_regions else None


def _may_not_enter(attempt: Attempt) -> str | None:
    role, vault = attempt.role, attempt.destination
    if role is None or vault is None:
        return texts.ACCESS
    there = {"aws:requestedregion": (vault.region,)}
    asked = gate.question(attempt.state, copier(role), "backup:CopyIntoBackupVault", vault.arn, there)
    return texts.ACCESS if gate.refusal(attempt.state, asked, vault.policy, owner=vault.account) else None


def _destination_gone(attempt: Attempt) -> str | None:
    return None if attempt.destination else texts.ACCESS


def _role_lacks(attempt: Attempt) -> str | None:
    row = attempt.row
    action = (SHARING if attempt.cross_account else COPYING).get(row.name) if row else None
    return texts.UNAUTHORIZED if action and not _role_may(attempt, action) else None


def _tags_hidden(attempt: Attempt) -> str | None:
    action = LISTING_TAGS.get(attempt.row.family) if attempt.row else None
    return texts.TAGS_HIDDEN if action and not _role_may(attempt, action) else None


def _role_may(attempt: Attempt, action: str) -> bool:
    """A role deleted in the meantime is no obstacle: AWS holds its session."""
    role, point = attempt.role, attempt.point
    if role is None or point is None:
        return True
    tags = {"aws:backup:source-resource": point.resource_arn} | point.tags
    known = condition_keys.of_tags("resource", tags) | _here(attempt)
    asked = gate.question(attempt.state, copier(role), action, point.arn, known)
    return gate.refusal(attempt.state, asked, None, owner=attempt.account) is None


START = (
    Rule("not one organization", Moment.START, "ACCESS_DENIED", _strangers),
    Rule("toggle off", Moment.START, "FEATURE_NOT_ENABLED", _toggle_off),
    Rule("Region disabled in the destination account", Moment.START, "ACCESS_DENIED", _region_off),
    Rule("role cannot be assumed", Moment.START, "ACCESS_DENIED", _role_untrusting),
    Rule("source vault or role refuses", Moment.START, "ACCESS_DENIED", _may_not_leave),
    Rule("destination vault missing, or it or the role refuses", Moment.START, "ACCESS_DENIED", _may_not_enter),
)
END = (
    Rule("destination vault gone while copying", Moment.END, "ACCESS_DENIED", _destination_gone),
    Rule("role lacks a right in the service of the resource", Moment.END, "ACCESS_DENIED", _role_lacks),
    Rule("role may not list tags", Moment.END, "ACCESS_DENIED", _tags_hidden),
)
