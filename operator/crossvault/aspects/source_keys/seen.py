"""What is seen of keys: which lie behind the recovery points in scope, and what KMS says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...engine.looks import UNASKED, Look
from ...engine.parts import Part
from ..vault.seen import Key


@dataclass(frozen=True, slots=True)
class Behind:
    """One key behind recovery points of one type, as the listing names it.

    Attributes:
        resources: How many resources have such recovery points.
        examples: A few of them, by ARN.
    """

    key_arn: str
    resource_type: str
    resources: int = 1
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a grant on a key lets its grantee do; ``constrained`` to some encryption context."""

    operations: tuple[str, ...]
    constrained: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """What KMS says of a key.

    Attributes:
        policy: Its key policy.
        grants: The grants of those whom the policy alone does not let in, by the ARN of the grantee.
        service_role: Whether the service-linked role is there; asked of a vault's key that does not let it in.
    """

    key: Look[Key | None] = UNASKED
    policy: Look[str] = UNASKED
    grants: Mapping[str, Look[tuple[Grant, ...]]] = field(default_factory=dict)
    service_role: Look[bool] = UNASKED


@dataclass(frozen=True, slots=True)
class SourceKeys:
    """The keys behind the recovery points in scope, towards one destination; ``pictures`` by ARN of the key."""

    behind: tuple[Behind, ...] = ()
    pictures: Mapping[str, Picture] = field(default_factory=dict)


SOURCE_KEYS: Part[Look[SourceKeys]] = Part("source keys", UNASKED)

VAULT_KEY: Part[Picture] = Part("vault key", Picture())
"""The key of the destination vault, where it is one of the vault's account."""

SERVICE_ROLE: Part[Look[bool]] = Part("service role", UNASKED)
"""Whether the destination's account has its service-linked role; asked where a key does not let it in, and for
the account by itself."""
