"""From a checked world file to a living state.

Order matters: identities first, then the policies that name them, then keys, vaults and recovery points.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from typing import TYPE_CHECKING

from .. import clock, ids
from ..identity import anchors
from ..policies import policy
from ..records import keys, knobs, state
from ..records.events import Feed
from ..services.backup.vaults import air_gapped, automatic, locks
from ..services.backup.vaults import operations as vaults
from ..services.backup.vaults import policy as vault_policies
from ..services.iam import service_role
from ..wire import AwsError, SimulatorError
from . import declared_resources, identities, order_names, organizations, points, schema
from .files import Flaws, WorldError, located

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .fault_parts import FaultPart, OutcomePart
    from .identity_parts import TrustPart
    from .part import PolicyDocument

# Streams of ids of their own, so that listening to events changes no id of the world.
QUEUES, EVENTS = 1 << 32, 2 << 32


def build(world: schema.World, *, rate: float | None = None, real: clock.RealTime = clock.REAL) -> state.State:
    """Bring a world to life; `rate` overrides the file's. A WorldError says what does not fit, and in which line."""
    try:
        return _built(world, rate, real)
    except WorldError as error:
        raise WorldError("\n".join(located(world, flaw) for flaw in str(error).splitlines())) from None


def _built(world: schema.World, rate: float | None, real: clock.RealTime) -> state.State:
    start = real.wall() if isinstance(world.clock.start, str) else _epoch(world.clock.start)
    living = state.State(
        clock=clock.Clock(real, round(start, 3), real.steady(), rate or world.clock.rate, world.clock.frozen),
        ids=ids.Ids(world.seed),
        durations=knobs.Durations(**world.durations.model_dump()),
        limits=knobs.Limits(**world.limits.model_dump()),
        copy_law=knobs.CopyLaw(**world.copies.model_dump()),
        wall_sessions=world.clock.sessions == "wall",
        outcomes=[state.Outcome(**part.model_dump()) for part in world.outcomes],
        dice=random.Random(world.seed),  # noqa: S311 - reproducible worlds
        queue_ids=ids.Ids(world.seed + QUEUES),
        feed=Feed(
            **world.events.model_dump(),
            ids=ids.Ids(world.seed + EVENTS),
            dice=random.Random(world.seed),  # noqa: S311 - reproducible worlds
        ),
    )
    for index, account in enumerate(world.accounts):
        living.accounts[account.id] = state.Account(
            account.id, account.name, account.email or f"aws-{index}@{account.name}.example"
        )
        living.accounts[account.id].disabled_regions = frozenset(account.disabled_regions)
        if account.allowed_amis is not None:
            living.accounts[account.id].allowed_amis = frozenset(account.allowed_amis)
    flaws = Flaws()
    _orders(world, flaws)
    _identities(living, world, start, flaws)
    for part in world.accounts:
        _keys(living, part, start, flaws)
    for part in world.accounts:
        declared_resources.declare(living, part.id, part.resources, now=start, flaws=flaws)
        for vault in part.vaults:
            with flaws.gathered():
                _vault(living, part.id, vault, start)
    flaws.tell()
    living.feed.opened = True
    return living


def _orders(world: schema.World, flaws: Flaws) -> None:
    """Faults and outcomes name what calls and jobs can have."""
    orders: dict[str, Sequence[FaultPart | OutcomePart]] = {"faults": world.faults, "outcomes": world.outcomes}
    for name, parts in orders.items():
        for index, part in enumerate(parts):
            with flaws.gathered():
                try:
                    order_names.check(part)
                except ValueError as error:
                    raise WorldError(f"{name}[{index}]: {error}") from None


def _identities(living: state.State, world: schema.World, start: float, flaws: Flaws) -> None:
    """Organizations, users and roles, and then the trust policies, which may name any of them."""
    for organization in world.all_organizations:
        with flaws.gathered():
            organizations.build(living, organization, start)
    for part in world.accounts:
        identities.build(living, part, start, flaws)
        if part.service_linked_role:
            service_role.ensure(living, part.id, start - living.durations.principals)
    for organization in world.all_organizations:
        for account_id in organization.suspended:
            living.lock_out(account_id, "SUSPENDED")
    for part in world.accounts:
        for role in part.roles:
            with flaws.gathered():
                living.accounts[part.id].roles[role.name].trust = _anchored(
                    living, _trust(role.trust), f"account {part.id}, role {role.name}: trust"
                )


def _epoch(moment: dt.datetime) -> float:
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()


def _trust(part: TrustPart | PolicyDocument) -> policy.Document:
    if isinstance(part, dict):
        return part
    principal = {kind: names for kind, names in (("AWS", part.aws), ("Service", part.services)) if names}
    statement: policy.Document = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRole", "sts:TagSession"] if part.tag_session else "sts:AssumeRole",
    }
    if part.external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": part.external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _anchored(living: state.State, document: policy.Document, where: str) -> policy.Policy:
    try:
        return anchors.anchored(living, document)
    except anchors.UnknownPrincipalError as error:
        remedy = "; service_linked_role: true makes it" if str(error).endswith(service_role.NAME) else ""
        raise WorldError(f"{where}: names {error}, which does not exist in this world{remedy}") from None
    except (policy.MalformedPolicyError, SimulatorError) as error:
        raise WorldError(f"{where}: {error}") from None


def _keys(living: state.State, part: schema.AccountPart, start: float, flaws: Flaws) -> None:
    for key in part.keys:
        policy = None
        if key.policy is not None:
            with flaws.gathered():
                policy = _anchored(living, key.policy, f"account {part.id}, key {key.aliases or key.id}: policy")
        created = keys.create(living, part.id, key.region, start, key_id=key.id)
        created.state, created.policy = key.state, policy or created.policy
        for alias in key.aliases:
            living.accounts[part.id].region(key.region).aliases[alias] = created.key_id


def _vault(living: state.State, account: str, part: schema.VaultPart, start: float) -> None:
    where = f"account {account}, vault {part.name}"
    region = living.accounts[account].region(part.region)
    if part.name in region.vaults:
        raise WorldError(f"{where}: exists twice in {part.region}")
    vault = state.Vault(
        part.name,
        account,
        part.region,
        _vault_key(living, account, part, where),
        start - 400 * clock.DAY,
        creator_request_id=living.ids.uuid(),
        tags=dict(part.tags),
        kind=air_gapped.KIND if part.air_gapped else "BACKUP_VAULT",
        state="AVAILABLE" if part.air_gapped else None,
    )
    policy = automatic.policy() if part.policy is None and part.name == automatic.NAME else part.policy
    if policy is not None:
        vault.policy = _anchored(living, policy, f"{where}: policy")
        with _as_aws(f"{where}: policy"):
            vault_policies.require_admissible(vault, policy)
    if part.lock is not None:
        lock = part.lock
        with _as_aws(f"{where}: lock"):
            locks.check_bounds(
                lock.min_days, lock.max_days, least=air_gapped.LEAST_DAYS if part.air_gapped else locks.MIN_DAYS
            )
        date = None if lock.cooling_off is None else start + lock.cooling_off
        vault.lock = state.Lock(lock.min_days, lock.max_days, date)
    vaults.add(living, vault)
    points.fill(living, vault, [*part.recovery_points, *part.generate], now=start)


@contextlib.contextmanager
def _as_aws(where: str) -> Iterator[None]:
    """What AWS would refuse is a flaw of the world."""
    try:
        yield
    except AwsError as error:
        raise WorldError(f"{where}: {error.message}") from None


def _vault_key(living: state.State, account: str, part: schema.VaultPart, where: str) -> str:
    """The ARN of a vault's key; air-gapped vaults without one have a key that AWS owns."""
    if part.air_gapped and part.key is None:
        return air_gapped.owned_key(living, part.region)
    return points.key_arn(living, part.key or "alias/aws/backup", account, part.region, where=f"{where}: key")
