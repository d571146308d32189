"""What AWS says of a backup plan and of its selections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...engine.declared import Desired
from ...engine.looks import UNASKED, Look
from ...engine.parts import Part
from ..vault.seen import Vault
from .declared import OWNER, SCHEDULE

OWNER_TAG, MANAGED_TAG, POLICY_TAG, CLUSTER_TAG = (
    "crossvault.io/owner",
    "crossvault.io/managed-by",
    "crossvault.io/policy",
    "crossvault.io/cluster",
)


STACK_TAG = "aws:cloudformation:stack-name"
"""What CloudFormation, and whatever is built on it, writes on what it makes."""

_MAKERS = frozenset(("managedby", "createdby", "provisioner", "terraform", "pulumi", "opentofu", "iac"))
"""Keys of tags by which people say what keeps a thing; no tool but CloudFormation writes one of its own."""

_PREFIX = re.compile(r"[:/.]")

PUSHED = "orgs/"
"""How the id of a plan begins that a backup policy of the organization pushes into its accounts.

https://docs.aws.amazon.com/aws-backup/latest/devguide/logging-using-cloudtrail.html shows one.
"""


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A plan in the form in which equal ones are equal.

    Attributes:
        rules: The members of every rule by its name; of more rules of one name, the later ones are numbered.
        settings: The options of each resource type.
        others: What else the plan says of all its rules, where it does.
    """

    rules: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selected:
    """One selection that a plan has; ``form`` is what it selects, in the form in which equal ones are equal."""

    id: str
    name: str
    form: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """One backup plan.

    Attributes:
        form: What it says.
        tags: Of the plan.
    """

    id: str
    arn: str
    name: str
    version: str
    form: PlanForm
    tags: Mapping[str, str] = field(default_factory=dict)
    selections: tuple[Selected, ...] = ()

    @property
    def pushed(self) -> bool:
        """Whether a backup policy of the organization made it, which alone may change it."""
        return self.id.startswith(PUSHED)

    @property
    def owner(self) -> str:
        """Which policy says that it is its own; empty where none does."""
        return self.tags.get(OWNER_TAG, "")

    @property
    def maker(self) -> str:
        """Who else keeps it, by its tags, in words; empty where they say nothing of it."""
        stack = self.tags.get(STACK_TAG)
        if stack:
            return f"CloudFormation stack {stack}"
        told = (f"tag {key}={value}" for key, value in sorted(self.tags.items()) if _is_of_a_maker(key))
        return next(told, "")


def _is_of_a_maker(key: str) -> bool:
    """Tell whether a tag says what keeps a thing, in whatever spelling, and whoever's prefix it has."""
    word = _PREFIX.split(key)[-1].lower().replace("-", "").replace("_", "").replace(" ", "")
    return key != MANAGED_TAG and word in _MAKERS


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans that a policy may mean: the adopted one, or those of its name, or the one that its status knows.

    Attributes:
        others: All others of the account that have a name such as policies give theirs, by id.
    """

    found: tuple[BackupPlan, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict, compare=False)

    def own(self, owner: str, known: str = "") -> BackupPlan | None:
        """Return the policy's own; of several the one that is known as such."""
        own = [each for each in self.found if each.owner == owner]
        return next((each for each in own if each.id == known), own[0] if own else None)


def relies_on(desired: Desired, plan: BackupPlan) -> bool:
    """Tell whether a plan makes what a policy copies: its own, or the adopted one that nobody claims.

    The latter is not the policy's before it was changed for it, and does not go with it.
    """
    if plan.owner == desired[OWNER]:
        return True
    schedule = desired[SCHEDULE]
    return schedule is not None and schedule.adopt == plan.id and not plan.owner


@dataclass(frozen=True, slots=True)
class Matches:
    """What a selection means today, of resources that have, or once had, tags.

    Attributes:
        types: How many there are by the types of which they may be.
        whole: All of them were counted; else there are more than one cares to list.
    """

    types: tuple[tuple[tuple[str, ...], int], ...] = ()
    whole: bool = True

    @property
    def count(self) -> int:
        """How many resources there are."""
        return sum(count for _, count in self.types)


def _needed(look: Look[Plans]) -> Iterable[Look[Any]]:
    return () if look is UNASKED else (look,)


PLANS: Part[Look[Plans]] = Part("backup plans", UNASKED, _needed)

MATCHES: Part[Mapping[str, Look[Matches]]] = Part("selected resources", {})
"""What each selection means, by its name. Nothing waits for it."""

TARGETS: Part[Mapping[str, Look[Vault | None]]] = Part("air-gapped targets", {})
"""The air-gapped vaults that rules back up into, by name; None for one that is not there. Nothing waits for it."""
