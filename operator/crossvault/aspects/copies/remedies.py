"""What a person does about recovery points that fail for one reason: with the key, or the actions, that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...words.explanations import EXPLANATIONS
from ...words.reasons import Reason
from .planned import Standing

KEY_REASONS = frozenset(
    {Reason.KEY_NOT_SHARED, Reason.KEY_ACCESS_DENIED, Reason.AWS_MANAGED_KEY, Reason.VAULT_KEY_UNSUITABLE}
)
"""Failures that are about a key of KMS: what is told of them names it."""

SHARING_ACTIONS = {
    "EBS": "ec2:ModifySnapshotAttribute",
    "Storage Gateway": "ec2:ModifySnapshotAttribute",
    "EC2": "ec2:ModifyImageAttribute",
    "RDS": "rds:ModifyDBSnapshotAttribute",
    "Aurora": "rds:ModifyDBClusterSnapshotAttribute",
    "DocumentDB": "rds:ModifyDBClusterSnapshotAttribute",
    "Neptune": "rds:ModifyDBClusterSnapshotAttribute",
    "FSx": "fsx:ManageBackupPrincipalAssociations",
}
"""With what the copy role shares a snapshot of a type with the other account (AWSBackupServiceRolePolicyForBackup).

AWS's own text for a role that may not says "You are not authorized to perform this operation" and names no action.
"""

_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/[A-Za-z0-9/_-]+")
_ACTION = re.compile(r"perform:? ([a-z0-9-]+:[A-Za-z*]+)")


def remedy(reason: Reason, group: Iterable[Standing]) -> str:
    """Return what to do about points that fail for ``reason``: one key by name, more by their number."""
    group, text = tuple(group), EXPLANATIONS[reason].remedy
    if reason is Reason.COPY_ROLE_DENIED:
        actions = sorted({action for each in group for action in _actions(each)})
        return f"Allow the copy role {', '.join(actions)}." if actions else text
    keys = sorted({key for each in group if (key := _key(each))}) if reason in KEY_REASONS else []
    if not keys:
        return text
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"Key {keys[0]}{more}: {text}"


def _key(standing: Standing) -> str | None:
    """Return the key that AWS's text names, or else the one of the recovery point."""
    found = _KEY_ARN.search(standing.message or "")
    return found.group() if found else standing.point.encryption_key_arn


def _actions(standing: Standing) -> tuple[str, ...]:
    """Return the actions that AWS's text names, or else the one that copies of this type need."""
    named = _ACTION.findall(standing.message or "")
    needed = SHARING_ACTIONS.get(standing.point.resource_type)
    return tuple(named) or ((needed,) if needed else ())
