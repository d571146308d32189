"""Who asks: the copy role as the policy of a vault sees it."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.declared import Desired
from ...engine.looks import Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from ...iam.context import UNSEEN, Caller, Fact, NotKnown
from ...words.problems import Problem
from ..copy_role import COPY_ROLE
from ..organization import ORGANIZATION, SAME


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the source's account and the vault's are in the organization, where a policy speaks of it, else None."""

    source: Look[str] | None = None
    vault: Look[str] | None = None


PATHS: Part[Paths] = Part("paths", Paths())


def caller_of(desired: Desired, source: Sight, sight: Sight) -> Caller:
    """Return the copy role as the vault's policy sees it; what could not be looked at says so."""
    return Caller(
        desired[COPY_ROLE],
        source.account.account_id,
        organization=_organization(source),
        vault_organization=_organization(sight),
        path=_path(sight[PATHS].source),
        vault_path=_path(sight[PATHS].vault),
    )


def _organization(sight: Sight) -> Fact:
    look = sight[ORGANIZATION]
    if isinstance(look, Unseen):
        return NotKnown(f"is not known, see {SAME}")
    return look.value.id if look.value is not None else ""


def _path(look: Look[str] | None) -> Fact:
    if look is None:
        return UNSEEN
    return _not_known(look.problem) if isinstance(look, Unseen) else look.value


def _not_known(problem: Problem) -> NotKnown:
    return NotKnown(f"is not known: {problem.message.removesuffix('.')}")
