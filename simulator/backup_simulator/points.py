"""Putting recovery points into vaults, one by one or in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import keys, resource_types
from .services.backup import ageing
from .state import Lifecycle, RecoveryPoint
from .world import schema
from .world.files import WorldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .state import State, Vault

SERVICE_ROLE = "arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"


def key_arn(state: State, name: str, account: str, region: str, *, where: str) -> str:
    """Resolve a key given as alias, id or ARN; aliases of AWS come into being when they are named."""
    name = "alias/" + name if name.startswith("aws/") else name
    found = state.accounts[account].region(region)
    if name.startswith("alias/aws/"):
        return keys.managed(state, account, region, name, state.now()).arn
    key = state.key(name) if name.startswith("arn:") else found.keys.get(found.aliases.get(name, name))
    if key is None:
        raise WorldError(f"{where}: {name!r} is no key of account {account} in {region}")
    return key.arn


def seed(
    state: State, vault: Vault, parts: Iterable[schema.PointPart | schema.GeneratePart], *, now: float
) -> list[RecoveryPoint]:
    """Add recovery points to a vault; ages count back from `now`."""
    added = []
    for part in parts:
        for resource, age, arn in _expanded(part):
            added.append(_add(state, vault, part, resource, created=now - age, now=now, arn=arn))
    return added


def _expanded(part: schema.PointPart | schema.GeneratePart) -> Sequence[tuple[str, float, str | None]]:
    """Resource, age and ARN of each recovery point, oldest first."""
    if isinstance(part, schema.PointPart):
        return [(part.resource, part.age, part.arn)]
    count = int(part.back // part.every) + 1
    return [
        (f"{part.name}-{index + 1}" if part.resources > 1 else part.name, part.offset + step * part.every, None)
        for step in reversed(range(count))
        for index in range(part.resources)
    ]


def _add(
    state: State, vault: Vault, part: schema.PointsPart, resource: str, *, created: float, now: float, arn: str | None
) -> RecoveryPoint:
    row = resource_types.TYPES[part.resource_type]
    if part.resource_type == "DynamoDB" and not part.advanced:
        row = resource_types.DYNAMODB_BASIC
    resource_arn = resource_types.resource_arn(row, resource, region=vault.region, account=vault.account)
    arn = arn or resource_types.point_arn(row, resource_arn, region=vault.region, account=vault.account, ids=state.ids)
    key: str | None = vault.key_arn
    if not row.fully_managed:
        where = f"account {vault.account}, vault {vault.name}, {part.resource_type} {resource}: key"
        key = key_arn(state, part.key, vault.account, vault.region, where=where) if part.key else None
    created = round(created, 3)
    point = RecoveryPoint(
        arn=arn,
        sequence=next(state.sequence),
        resource_arn=resource_arn,
        resource_type=part.resource_type,
        created=created,
        completed=round(created + 300.0, 3),
        size=part.size,
        role_arn=SERVICE_ROLE.format(account=vault.account),
        key_arn=key,
        lifecycle=Lifecycle(
            part.lifecycle.move_to_cold_after_days, part.lifecycle.delete_after_days, part.lifecycle.archive_opt_in
        ),
        status=part.status,
        continuous=part.continuous,
        storage_class=part.storage_class,
        resource_name=resource if not resource.startswith("arn:") else None,
        tags=dict(part.tags),
        marketplace=part.marketplace,
        options=tuple(part.options),
        is_parent=part.is_parent,
        parent_arn=part.parent,
        member=part.member,
    )
    ageing.enter(state, vault, point, now)
    return point
