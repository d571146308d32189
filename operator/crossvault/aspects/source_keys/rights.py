"""What the looks at keys need to be allowed."""

from __future__ import annotations

from ...engine.declared import Ownership
from ...engine.rights import AsDestination, AsSource, Condition, Right, keys_of, named
from ..resource_types.matrix import KEYED_BY_RESOURCE
from .admission import service_role
from .declared import KEY_OWNERSHIP


def keyed_by_resource(use: AsSource | AsDestination) -> bool:
    """Tell whether recovery points are meant whose copies the service-linked role writes with the vault's key."""
    types = use.desired.scope.resource_types
    return not types or not KEYED_BY_RESOURCE.isdisjoint(types)


def _vault_keys(use: AsDestination) -> tuple[str, ...]:
    return keys_of(use) if keyed_by_resource(use) else ()


def _shared(use: AsSource) -> tuple[str, ...]:
    managed = use.desired[KEY_OWNERSHIP] is Ownership.MANAGE
    return keys_of(use) if managed and use.desired.acts else ()


def _made(use: AsDestination) -> tuple[str, ...]:
    return (service_role(use.destination),) if use.account.makes_service_role and use.desired.acts else ()


def _for_backup(_use: AsDestination) -> Condition:
    return {"StringEquals": {"iam:AWSServiceName": "backup.amazonaws.com"}}


def _service_role(use: AsDestination) -> tuple[str, ...]:
    return named(service_role(use.destination))


RIGHTS = (
    Right(
        "ReadKeys",
        "see the keys behind the recovery points and whom they let in; grants are listed only where a key's policy"
        " alone does not let in who copies",
        AsSource,
        ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"),
        keys_of,
        without="Row *SourceKeys* is unknown, and a key that does not let in who copies is known only when copies have"
        " failed.",
    ),
    Right(
        "ShareKeys",
        "keep its statements in the policies of the keys behind the recovery points (`keyPolicy: Manage`)",
        AsSource,
        ("kms:PutKeyPolicy",),
        _shared,
    ),
    Right(
        "ReadKeyPolicies",
        "see whom the vault's key lets in",
        AsDestination,
        ("kms:GetKeyPolicy", "kms:ListGrants"),
        _vault_keys,
        without="Row *VaultKeyPolicy* is unknown.",
    ),
    Right(
        "ReadServiceRole",
        "see whether the account has AWS Backup's service-linked role, where a key of the source does not let that in",
        AsDestination,
        ("iam:GetRole",),
        _service_role,
        without="A key's remedy does not tell whether that role has to be created first.",
    ),
    Right(
        "CreateServiceRole",
        "make AWS Backup's service-linked role where a key has to name it (`serviceLinkedRole: Manage` of the"
        " BackupAccount)",
        AsDestination,
        ("iam:CreateServiceLinkedRole",),
        _made,
        _for_backup,
    ),
)
