"""What the policies of keys have to say for copies: the statements that are printed before any key was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...engine.declared import Desired, Destination, Ownership
from ...engine.rights import AsDestination, one_or_all
from ..copy_role import COPY_ROLE
from ..vault.declared import CREATION
from ..vault.rights import RIGHTS as VAULT_RIGHTS
from ..vault.rights import creation_keys
from .admission import service_role
from .declared import KEY_OWNERSHIP
from .rights import keyed_by_resource
from .statement import statements_for

LOOK, WRITE = "CrossvaultKeyLook", "CrossvaultKeyWrite"


def of_source(policies: Sequence[Desired], own: str) -> list[dict[str, Any]]:
    """Return what the policies of the keys behind the recovery points of one vault have to say.

    Of what the operator keeps in them itself it is only that it may.

    Args:
        policies: Those that copy out of that vault.
        own: The identity that the operator looks, and writes, with.
    """
    checking = [each for each in policies if not _writes(each)]
    roles = {arn for each in checking for arn in (each[COPY_ROLE], *(service_role(one) for one in each.destinations))}
    statements = [one for arn in sorted(roles) for one in statements_for([arn])]
    look = _own(LOOK, own, ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"))
    writes = [_own(WRITE, own, ("kms:PutKeyPolicy",))] if len(checking) < len(policies) else []
    return [*statements, look, *writes]


def _writes(desired: Desired) -> bool:
    return desired[KEY_OWNERSHIP] is Ownership.MANAGE and desired.acts


def of_destination(policies: Sequence[tuple[Desired, Destination]], own: str) -> list[dict[str, Any]]:
    """Return what the policy of the key of one destination vault has to say.

    Args:
        policies: Those that copy into that vault, with their destination.
        own: The identity that the operator looks, and creates the vault, with.
    """
    uses = [AsDestination(*each) for each in policies]
    written = any(map(keyed_by_resource, uses))
    look = ["kms:DescribeKey", *(["kms:GetKeyPolicy", "kms:ListGrants"] if written else [])]
    made = next((each for each in uses if creation_keys(each)), None)
    return [
        *(statements_for([service_role(uses[0].destination)]) if written else ()),
        _own(LOOK, own, look),
        *(_to_create(made, own) if made is not None else ()),
    ]


def is_on_a_key_of_aws(destination: Destination) -> bool:
    """Tell whether a vault is made without a key of the customer's: the key that AWS owns has no policy to write."""
    return destination[CREATION].keyless


def key_name(destination: Destination) -> str:
    """Return the key that is declared for a vault; empty where none is."""
    return destination[CREATION].encryption_key or ""


def _own(sid: str, own: str, actions: Sequence[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": own}, "Action": one_or_all(actions), "Resource": "*"}


def _to_create(use: AsDestination, own: str) -> Iterable[dict[str, Any]]:
    """Yield the rights of the role to a vault's key as they stand in the key's policy: there an alias says nothing."""
    for right in VAULT_RIGHTS:
        if right.resources is not creation_keys or right.use is not AsDestination:
            continue
        condition = {
            operator: {key: value for key, value in keys.items() if key != "kms:ResourceAliases"}
            for operator, keys in right.condition(use).items()
        }
        kept = {operator: keys for operator, keys in condition.items() if keys}
        statement = {
            "Sid": f"CrossvaultVault{right.sid}",
            "Effect": "Allow",
            "Principal": {"AWS": own},
            "Action": one_or_all(right.actions),
            "Resource": "*",
        }
        yield {**statement, "Condition": kept} if kept else statement
