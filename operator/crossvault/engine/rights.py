"""What a room needs to be allowed in AWS, as data: which actions, on what, in which account, and because of what.

A right follows from what is declared and from nothing that was seen, so that it can be granted before anybody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from .declared import Account, Desired, Destination, partition_of
from .parts import Parts

Condition: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The Condition of a statement: keys and values by operator."""

ANY = ("*",)
"""All resources: for actions that AWS cannot narrow, and for what no manifest names."""


@dataclass(frozen=True, slots=True)
class Alone:
    """An account that is declared, and looked at by itself."""

    account: Account


@dataclass(frozen=True, slots=True)
class AsManager:
    """The account that is said to manage an organization; ``around`` has what is declared of that."""

    account: Account
    around: Parts = field(default_factory=Parts)


@dataclass(frozen=True, slots=True)
class AsSource:
    """The account of a policy's source."""

    desired: Desired

    @property
    def account(self) -> Account:
        """The account that is used so."""
        return self.desired.source.account

    @property
    def region(self) -> str:
        """Where the vault is."""
        return self.desired.source.region

    @property
    def vaults(self) -> tuple[str, ...]:
        """The ARN of the vault."""
        return (self.desired.source.arn,)


@dataclass(frozen=True, slots=True)
class AsDestination:
    """The account of one of a policy's destinations."""

    desired: Desired
    destination: Destination

    @property
    def account(self) -> Account:
        """The account that is used so."""
        return self.destination.vault.account

    @property
    def region(self) -> str:
        """Where the vault is."""
        return self.destination.vault.region

    @property
    def vaults(self) -> tuple[str, ...]:
        """The ARN of the vault."""
        return (self.destination.vault.arn,)


Use: TypeAlias = Alone | AsManager | AsSource | AsDestination
U = TypeVar("U", Alone, AsManager, AsSource, AsDestination)


def one_or_all(texts: Sequence[str]) -> str | list[str]:
    """Return a member of a statement as people write it: one text by itself, several as a list."""
    return texts[0] if len(texts) == 1 else list(texts)


def anything(_use: object) -> tuple[str, ...]:
    """Return the resource of actions that AWS cannot narrow."""
    return ANY


def unconditional(_use: object) -> Condition:
    """Return no condition."""
    return {}


def keys_of(use: AsSource | AsDestination) -> tuple[str, ...]:
    """Return the keys of an account in the Region of a vault: which of them is behind what, no manifest says."""
    return (f"arn:{partition_of(use.region)}:kms:{use.region}:{use.account.account_id}:key/*",)


def named(role_arn: str) -> tuple[str, ...]:
    """Return the ARNs under which IAM may judge who asks for a role by its name, which no other role has.

    A role that is not there has no path, and one that is may have another than is expected.
    """
    account, _, path = role_arn.partition(":role/")
    name = path.rsplit("/", 1)[-1]
    return (f"{account}:role/{name}", f"{account}:role/*/{name}")


@dataclass(frozen=True, slots=True)
class Right(Generic[U]):
    """One reason to allow something: one statement of a policy.

    Attributes:
        sid: Its name in policies.
        why: What it is for, as a sentence that completes "It is allowed to".
        use: In which accounts.
        actions: What is allowed.
        resources: On what; nothing where what is declared does not need it.
        condition: Under which condition.
        besides: The action whose request AWS lets pass only with these, too; empty where each is asked for by itself.
        without: What is lost where it is not allowed and everything else goes on; empty where copies need it.
        told: Nothing that is declared tells that it is needed; the documentation does.
    """

    sid: str
    why: str
    use: type[U]
    actions: tuple[str, ...]
    resources: Callable[[U], tuple[str, ...]] = anything
    condition: Callable[[U], Condition] = unconditional
    besides: str = ""
    without: str = ""
    told: bool = False
