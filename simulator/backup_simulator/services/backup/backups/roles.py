"""The role that AWS Backup assumes for a backup: whether it may be passed, assumed, and do what it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .... import arns
from ....fidelity import Behaviour
from ....identity import gate, key_access
from ....policies import condition_keys
from ....records import keys, principals
from ....wire import AwsError, CommonError
from ...iam.service_role import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ....records.state import Key, State
    from ...operation import Scope

FOREIGN = "Cross-account pass role is not allowed."
SESSION = "AWSBackup-BackupJob"


def require_passable(scope: Scope, role_arn: str) -> None:
    """Raise unless the ARN names a role of the caller's account that the caller may pass to AWS Backup."""
    arn = arns.of(role_arn)
    if arn.service != "iam" or not arn.resource.startswith("role/"):
        raise AwsError("InvalidParameterValueException", f"Invalid IamRoleArn: {role_arn}")
    if arn.account != scope.account.account_id:
        raise CommonError("AccessDenied", FOREIGN)
    scope.authorise("iam:PassRole", role_arn, keys={"iam:passedtoservice": (SERVICE,)})


def require_assumable(scope: Scope, role_arn: str) -> None:
    """Raise unless the role trusts AWS Backup (text: issue; ERROR_3018 in the body: issue)."""
    if not assumable(scope.state, scope.account.account_id, role_arn, region=scope.region_name):
        raise refused(role_arn, f"IAM Role {role_arn} cannot be assumed by AWS Backup")


def refused(role_arn: str, message: str) -> AwsError:
    """The error about a role, with the internal code and context that users saw."""
    return AwsError("InvalidParameterValueException", message, Code="ERROR_3018", Context=role_arn)


def assumable(state: State, account: str, role_arn: str, *, region: str) -> bool:
    """Whether the role exists and its trust policy lets AWS Backup assume it in a Region."""
    role = state.role(role_arn)
    if role is None:
        return False
    known = {"aws:sourceaccount": (account,), "aws:requestedregion": (region,)}
    asked = gate.question(state, principals.of_service(SERVICE), "sts:AssumeRole", role_arn, known)
    return gate.refusal(state, asked, role.trust, owner=role.account) is None


def may(
    state: State, role_arn: str, action: str, resource: str, *, region: str, tags: Mapping[str, str] | None = None
) -> bool:
    """Whether the role, assumed by AWS Backup, may act in a Region on a resource of its own account with these tags."""
    role = state.role(role_arn)
    if role is None:
        return False
    known = condition_keys.of_tags("resource", tags or {}) | {"aws:requestedregion": (region,)}
    asked = gate.question(state, principals.of_role(role, SESSION), action, resource, known)
    return gate.refusal(state, asked, None, owner=role.account) is None


def may_use(state: State, role_arn: str, key: Key, action: str) -> bool:
    """Whether the role may act on a key for AWS Backup, by key policy, grants and its own policies."""
    role = state.role(role_arn)
    via = {"kms:viaservice": (f"backup.{key.region}.amazonaws.com",), "kms:grantisforawsresource": ("true",)}
    via |= {"aws:requestedregion": (key.region,), "kms:encryptioncontextkeys": (keys.VAULT_CONTEXT,)}
    return role is not None and key_access.refusal(state, principals.of_role(role, SESSION), key, action, via) is None


FIDELITY = (
    Behaviour(
        "AWSBackupServiceRolePolicyForBackup is enough for every type, AWSBackupServiceRolePolicyForS3Backup for S3",
        "DG (AWS's documents)",
        "test_managed_policies.py::test_what_aws_gives_the_backup_role_is_enough",
    ),
    Behaviour(
        "The backup role is judged with its own policies, boundary and control policies, with the Region and the tags "
        "of the resource; one action stands for what a type needs",
        "DG; the actions: AWS's managed policies for backups (DG), that one suffices: assumed",
        "test_backup_controls.py::test_control_policies_hold_the_backup_role",
    ),
)
