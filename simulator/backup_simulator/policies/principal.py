"""Whom policies judge: a user, a session of a role, a service, somebody from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .policy import Policy


@dataclass(frozen=True, slots=True)
class Session:
    """What only temporary credentials have: session policies, tags to hand on, where they come from."""

    issued: float
    policies: tuple[Policy, ...] | None = None
    transitive: frozenset[str] = frozenset()
    source_identity: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls: a user, a role session or a service."""

    kind: str
    account: str = ""
    arn: str = ""
    identity_arn: str = ""
    unique_id: str = ""
    user_id: str = ""
    name: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    session: Session | None = None
