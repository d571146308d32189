"""What a world of the simulation is: accounts, vaults, policies, and what people and backup plans do meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from crossvault.engine.declared import PolicyKey

Json: TypeAlias = dict[str, Any]

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = 3600.0
FAULTS_END = HOUR / 2
"""Until then everything may go wrong, and people act."""
SHARED = 10
"""So many seeds in a row have the same world, whose end without faults is found once; their faults differ."""


def foreign(account: str) -> Json:
    """Return a statement of somebody else's, in a vault of an account."""
    return {
        "Sid": "Auditors",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["backup:DescribeBackupVault", "backup:ListRecoveryPointsByBackupVault"],
        "Resource": "*",
    }


@dataclass(frozen=True, slots=True)
class Place:
    """A vault of the world."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:backup:{self.region}:{self.account}:backup-vault:{self.name}"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup is made."""

    at: float
    vault: Place
    part: Json


@dataclass(frozen=True, slots=True)
class Declared:
    """Somebody edits a policy; a field that is None is taken out."""

    at: float
    policy: PolicyKey
    spec: Json


@dataclass(frozen=True, slots=True)
class Stripped:
    """Somebody takes our statements out of a vault's policy."""

    at: float
    vault: Place


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody deletes a policy, by its name if ``ordered``, else with its namespace."""

    at: float
    policy: PolicyKey
    ordered: bool = True


Happening: TypeAlias = Made | Declared | Stripped | Removed
Grant: TypeAlias = tuple[str, str, str]
"""An account, the direction in which it may be used, and the names of the vaults, with patterns."""


@dataclass(frozen=True, slots=True)
class World:
    """All that is given: AWS as it is at the start, what is declared, and what happens until the faults end.

    Attributes:
        sources: The vaults out of which copies go.
        doomed: So many recovery points of each source, the first ones, come to their end by when the faults do.
        targets: The vaults into which copies go, with whether somebody else made them, and keeps a statement in them.
        granted: What each namespace may use.
        refused: The policies that name what their namespace was not granted.
        wait: Seconds for which a deletion waits for AWS.
        planned: Somebody else has a backup plan in the account of the sources.
    """

    aws: Json
    accounts: tuple[Json, ...]
    policies: dict[PolicyKey, Json]
    happenings: tuple[Happening, ...]
    sources: tuple[Place, ...]
    targets: dict[Place, bool] = field(default_factory=dict)
    doomed: int = 0
    granted: dict[str, tuple[Grant, ...]] = field(default_factory=dict)
    refused: frozenset[PolicyKey] = frozenset()
    wait: float = 300.0
    planned: bool = False

    @property
    def places(self) -> tuple[Place, ...]:
        """All vaults of it."""
        return (*self.sources, *self.targets)


def arn_of(world: World, destination: Json) -> str:
    """Return the ARN of the vault that a destination of a policy means."""
    account = next(each for each in world.accounts if each["metadata"]["name"] == destination["accountRef"]["name"])
    return Place(account["spec"]["accountId"], destination["region"], destination["vault"]["name"]).arn


def edited(spec: Json, change: Json) -> Json:
    """Return a spec as an edit leaves it."""
    return {name: each for name, each in (spec | change).items() if each is not None}


# --- What of the end depends on how soon the operator acts ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may end otherwise with faults than without, because something was taken back meanwhile.

    Attributes:
        loose: Vaults in which there may be more, or fewer, copies and statements.
        unsure: Policies that do not act any more, and have had more done before, or less.
    """

    loose: frozenset[str]
    unsure: frozenset[PolicyKey]


def outlook(world: World) -> Outlook:
    """Return what cannot be compared; everything else can be."""
    loose: set[str] = set()
    for key in world.policies:
        if _takes_back(world, key):
            loose |= {arn_of(world, each) for spec in _specs(world, key) for each in spec["destinations"]}
    unsure = {
        key
        for key in world.policies
        for spec in [list(_specs(world, key))[-1]]
        if not _acts(spec) and loose.intersection(arn_of(world, each) for each in spec["destinations"])
    }
    return Outlook(frozenset(loose), frozenset(unsure))


def _acts(spec: Json) -> bool:
    return spec.get("mode") != "Observe" and not spec.get("suspend")


def _specs(world: World, key: PolicyKey) -> Iterable[Json]:
    """Yield what a policy declares, one after the other."""
    spec = world.policies[key]["spec"]
    yield spec
    for each in world.happenings:
        if isinstance(each, Declared) and each.policy == key:
            spec = edited(spec, each.spec)
            yield spec


_NARROWS = frozenset({"destinations", "recoveryPoints", "schedule"})


def _takes_back(world: World, key: PolicyKey) -> bool:
    """Tell whether a policy is deleted, wants less than before, or does not act in the end and has acted before."""
    if key in world.refused:
        return False
    edits = [each for each in world.happenings if isinstance(each, Declared | Removed) and each.policy == key]
    if any(isinstance(each, Removed) or _NARROWS & each.spec.keys() for each in edits):
        return True
    specs = list(_specs(world, key))
    return not _acts(specs[-1]) and any(map(_acts, specs))
