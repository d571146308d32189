"""Putting recovery points into vaults, one by one or in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import keys, resource_types
from ..records.generated import Generated
from ..records.state import Lifecycle, RecoveryPoint
from ..services.backup.points import ageing, lifecycles
from ..wire import AwsError
from . import schema
from .files import WorldError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..records.state import State, Vault

SERVICE_ROLE = "arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"


def key_arn(state: State, name: str, account: str, region: str, *, where: str) -> str:
    """Resolve a key given as alias, id or ARN; aliases of AWS come into being when they are named."""
    name = "alias/" + name if name.startswith("aws/") else name
    if name.startswith("alias/aws/"):
        return keys.managed(state, account, region, name, state.now()).arn
    key = keys.named(state, account, region, name)
    if key is None:
        raise WorldError(f"{where}: {name!r} is no key of account {account} in {region}")
    return key.arn


def seed(
    state: State, vault: Vault, parts: Iterable[schema.PointPart | schema.GeneratePart], *, now: float
) -> list[RecoveryPoint]:
    """Add recovery points to a vault; ages count back from `now`."""
    before = state.sequence.following - 1
    fill(state, vault, parts, now=now)
    return list(vault.points.since(before))


def fill(state: State, vault: Vault, parts: Iterable[schema.PointPart | schema.GeneratePart], *, now: float) -> None:
    """Add recovery points to a vault; those in bulk are made when somebody looks at them."""
    parts = tuple(parts)
    _require_no_circle(vault, parts)
    for part in parts:  # what does not fit is told before anything has happened
        where = _where(vault, part, part.name if isinstance(part, schema.GeneratePart) else part.resource)
        _key_of(state, vault, part, where)
        _lifecycle(part.lifecycle, where)
    for part in parts:
        if isinstance(part, schema.GeneratePart):
            _generate(state, vault, part, now)
        else:
            point = _point(state, vault, part, part.resource, created=now - part.age, arn=part.arn)
            ageing.enter(state, vault, point, now)


def _require_no_circle(vault: Vault, parts: tuple[schema.PointPart | schema.GeneratePart, ...]) -> None:
    """No recovery point is nested in itself, by however many others in between."""
    parents = {part.arn: part.parent for part in parts if isinstance(part, schema.PointPart) and part.arn}
    for first, parent in parents.items():
        seen, arn = {first}, parent
        while arn is not None and arn not in seen:
            seen.add(arn)
            held = vault.points.get(arn)
            arn = parents.get(arn, held.parent_arn if held else None)
        if arn is not None:
            raise WorldError(f"account {vault.account}, vault {vault.name}: {first}: parent: is nested in itself")


def _generate(state: State, vault: Vault, part: schema.GeneratePart, now: float) -> None:
    steps = part.steps
    oldest = now - part.offset - (steps - 1) * part.every
    first = state.sequence.following
    prototype = _point(state, vault, part, part.name, created=oldest, arn=None)
    prototype.had_role = state.role(prototype.role_arn) is not None
    state.sequence.following = first + part.resources * steps
    block = Generated(
        prototype=prototype,
        row=_row(part),
        region=vault.region,
        account=vault.account,
        name=part.name,
        resources=part.resources,
        steps=steps,
        oldest=oldest,
        every=part.every,
        first=first,
        key=int(state.ids.hex(16), 16),
    )
    vault.points.add(block)
    _age(state, vault, block, 0, now)


def _age(state: State, vault: Vault, block: Generated, step: int, now: float) -> None:
    """Let the points of a step age when the first thing is due to them, and so on with the steps after it."""
    while step < block.steps:
        moment = ageing.due(block.sample(step))
        if moment is None:
            return
        if moment > now:
            _age_later(state, vault, block, step, moment)
            return
        for point in block.step(step):
            ageing.watch(state, vault, point, now)
        step += 1


def _age_later(state: State, vault: Vault, block: Generated, step: int, moment: float) -> None:
    state.scheduler.at(moment, _age, state, vault, block, step)


def _row(part: schema.PointsPart) -> resource_types.ResourceType:
    row = resource_types.TYPES[part.resource_type]
    return resource_types.DYNAMODB_BASIC if row.name == "DynamoDB" and not part.advanced else row


def _where(vault: Vault, part: schema.PointsPart, resource: str) -> str:
    return f"account {vault.account}, vault {vault.name}, {part.resource_type} {resource}"


def _key_of(state: State, vault: Vault, part: schema.PointsPart, where: str) -> str | None:
    """What encrypts a point: the vault's key where AWS Backup manages the type in full, else that of the part."""
    if _row(part).fully_managed:
        return vault.key_arn
    return key_arn(state, part.key, vault.account, vault.region, where=f"{where}: key") if part.key else None


def _point(
    state: State, vault: Vault, part: schema.PointsPart, resource: str, *, created: float, arn: str | None
) -> RecoveryPoint:
    row = _row(part)
    where = _where(vault, part, resource)
    resource_arn = resource_types.resource_arn(row, resource, region=vault.region, account=vault.account)
    fresh = resource_types.continuous_arn if part.continuous else resource_types.point_arn
    arn = arn or fresh(row, resource_arn, region=vault.region, account=vault.account, ids=state.ids)
    created = round(created, 3)
    return RecoveryPoint(
        arn=arn,
        sequence=next(state.sequence),
        resource_arn=resource_arn,
        resource_type=part.resource_type,
        created=created,
        completed=round(created + 300.0, 3),
        size=part.size,
        role_arn=SERVICE_ROLE.format(account=vault.account),
        key_arn=_key_of(state, vault, part, where),
        lifecycle=_lifecycle(part.lifecycle, where),
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
        source_vault_arn=part.source_vault,
    )


def _lifecycle(part: schema.LifecyclePart, where: str) -> Lifecycle:
    asked = Lifecycle(part.move_to_cold_after_days, part.delete_after_days, part.archive_opt_in)
    try:
        return lifecycles.checked(asked)
    except AwsError as error:
        raise WorldError(f"{where}: lifecycle: {error.message}") from None
