"""Whom a vault lets in for a policy: its copy role, the account of its source, or every member of the organization.

The example of AWS's guide is an account; a role is the least that works.
https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ...engine.declared import Desired, Destination, Ownership
from ...engine.parts import Part, Parts
from ...engine.plan import Declaring
from ...iam.context import Caller, NotKnown
from ...iam.meaning import partition_of, root_of
from ...manifest.fields import Fields
from ..copy_role import COPY_ROLE
from .statement import EVERY_MEMBER, sid_of, statement_for


class Grantee(StrEnum):
    """Whom our statement lets in, from the least to the most."""

    COPY_ROLE = "CopyRole"
    ACCOUNT = "Account"
    ORGANIZATION = "Organization"


OWNERSHIP: Part[Ownership] = Part("vault policy", Ownership.MANAGE)
"""Whether our statement is kept at a destination, or only checked."""

GRANTEE: Part[Grantee] = Part("grantee", Grantee.COPY_ROLE)
"""Whom our statement lets in at a destination."""


def destination(declaring: Declaring) -> Parts:
    """Read ``vaultPolicy`` and ``grantee`` of a destination."""
    fields = declaring.fields
    kept = Parts().having(OWNERSHIP, fields.choice("vaultPolicy", Ownership.MANAGE))
    return kept.having(GRANTEE, fields.choice("grantee", Grantee.COPY_ROLE))


def grantee_in(fields: Fields) -> Grantee:
    """Return what a destination names as ``grantee``, the least for what is no such word: that is told elsewhere."""
    return next((each for each in Grantee if fields.says("grantee", each)), Grantee.COPY_ROLE)


def guest_of(desired: Desired, destination: Destination) -> str:
    """Return the principal that our statement at a destination lets in."""
    return _guest(desired, destination[GRANTEE])


def _guest(desired: Desired, grantee: Grantee) -> str:
    role = desired[COPY_ROLE]
    match grantee:
        case Grantee.COPY_ROLE:
            return role
        case Grantee.ACCOUNT:
            return root_of(desired.source.account.account_id, partition_of(role))
        case Grantee.ORGANIZATION:
            return EVERY_MEMBER


def wanted_for(desired: Desired, destination: Destination, caller: Caller) -> dict[str, Any] | None:
    """Return our statement as it should be; None while the organization that it has to name is not known."""
    guest = guest_of(desired, destination)
    if guest != EVERY_MEMBER:
        return statement_for(guest)
    known = "" if isinstance(caller.organization, NotKnown) else caller.organization
    return statement_for(guest, known) if known else None


def claims_of(desired: Desired) -> frozenset[tuple[str, str]]:
    """Return (vault ARN, Sid) of every statement that a policy needs.

    One that keeps no statement of its own is let in by whoever keeps that, so it needs those for less than it declares,
    too. Those for more it must not hold: a tenant that may not widen a vault's policy would keep it wide for ever.
    """
    if desired.deleting:
        return frozenset()
    return frozenset(
        (each.vault.arn, sid_of(_guest(desired, grantee)))
        for each in desired.destinations
        for grantee in ((each[GRANTEE],) if _keeps(desired, each) else _up_to(each[GRANTEE]))
    )


def _up_to(grantee: Grantee) -> tuple[Grantee, ...]:
    """Return a grantee and those that are part of it."""
    from_least = tuple(Grantee)
    return from_least[: from_least.index(grantee) + 1]


def _keeps(desired: Desired, destination: Destination) -> bool:
    return desired.acts and destination[OWNERSHIP] is Ownership.MANAGE
