"""What gives access: sessions, managed policies, identity providers. Mutable and plain; times are epoch seconds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..policies.policy import Policy
    from ..wire import Params


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody may not do something; `reason` says which kind of policy denies, or does not allow."""

    principal: str
    action: str
    resource: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job failed: the rule it broke, what was refused to whom while that was judged, and what is not there."""

    time: float
    kind: str
    job: str
    account: str
    rule: str
    message: str
    category: str
    refused: tuple[Refusal, ...]
    missing: tuple[str, ...]


@dataclass(slots=True)
class ManagedPolicy:
    """A policy that many identities may share; versions by id (`v1`)."""

    arn: str
    policy_id: str
    created: float
    versions: dict[str, tuple[Policy, float]]
    default: str = "v1"
    description: str = ""
    updated: float | None = None
    latest: int = 1
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Its path, `/` at both ends."""
        return self.arn.split(":policy", 1)[1].rpartition("/")[0] + "/"

    @property
    def policy(self) -> Policy:
        """The version that counts."""
        return self.versions[self.default][0]


def signing_secret(seed: int, host: str) -> str:
    """What the simulator signs a provider's tokens with, the same in every run of a world."""
    return hashlib.sha256(f"{seed} {host}".encode()).hexdigest()


@dataclass(slots=True)
class OidcProvider:
    """An OpenID Connect provider that an account trusts; `keys` are the JSON web keys that sign its tokens."""

    arn: str
    issuer: str
    audiences: list[str]
    created: float
    secret: str
    keys: tuple[Params, ...] = ()
    thumbprints: list[str] = field(default_factory=list)
