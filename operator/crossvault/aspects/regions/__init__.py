"""Whether the Regions are enabled in which an account is used: told of the account, with how to enable them.

Requests to one that is not are refused as if the credentials were wrong, so that says nothing by itself.
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...engine.declared import Account, region_of
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from ...engine.plan import Room
from ...engine.rows import UNKNOWN, UNMET, Prerequisite, met
from ...engine.wants import Want
from ...words.reasons import Reason
from . import rights

__all__ = ["NAME", "OPT_INS", "ROOM", "Region", "judge", "regions_of", "row"]

NAME = "Regions"
NAMED = 5
_ON_ITS_WAY = frozenset({"ENABLING", "DISABLING"})

OPT_INS: Part[Look[Mapping[str, str]]] = Part("opt-ins", UNASKED)
"""What AWS says of every Region of the account, in AWS's own words."""


@dataclass(frozen=True, slots=True)
class Region:
    """A Region to opt into, and whether it is: Enabled, Enabling, Disabling, Disabled, or Unknown."""

    name: str
    status: str


def regions_of(account: Account, wants: Iterable[Want]) -> tuple[str, ...]:
    """Return the Regions to opt into that are declared, or that policies use the account in."""
    used = {region_of(arn) for each in wants for arn in each.resources}
    return tuple(sorted(each for each in {*account.regions, *used} - {""} if rights.is_opted_into(each)))


def judge(sight: Sight, wants: Iterable[Want]) -> tuple[Region, ...]:
    """Return how it stands with each of them."""
    look = sight[OPT_INS]
    known: Mapping[str, str] = {} if isinstance(look, Unseen) else look.value
    return tuple(Region(each, known.get(each, "Unknown").title()) for each in regions_of(sight.account, wants))


def row(sight: Sight, found: tuple[Region, ...]) -> Prerequisite | None:
    """Judge all of them together; None where there is none.

    | AWS says | row |
    |---|---|
    | not enabled, of any | Unmet, with the commands |
    | on its way in or out, of any | Unmet; there is nothing to do but to wait |
    | could not be asked, or knows one of them not | Unknown |
    | all enabled | Met |
    """
    if not found:
        return None
    look, account = sight[OPT_INS], sight.account
    if isinstance(look, Unseen):
        return Prerequisite(NAME, "", UNKNOWN, look.problem.reason, look.problem.message)
    where = f"account {account.name} ({account.account_id})"
    off = [each for each in found if each.status not in {"Enabled", "Unknown"}]
    if off:
        listed = ", ".join(f"{each.name} ({each.status.lower()})" for each in off[:NAMED])
        more = f" and {len(off) - NAMED} more" if len(off) > NAMED else ""
        words = f"Regions are not enabled in {where}: {listed}{more}. Nothing can be copied from or into them."
        return Prerequisite(NAME, "", UNMET, Reason.REGION_DISABLED, words, _remedy(off))
    strange = [each.name for each in found if each.status == "Unknown"]
    if strange:
        words = f"AWS lists no Region {', '.join(strange[:NAMED])} for {where}. Is it spelt right?"
        return Prerequisite(NAME, "", UNKNOWN, Reason.REGION_DOUBTFUL, words)
    return met(NAME, "", f"All Regions are enabled in which {where} is used.")


def _remedy(off: list[Region]) -> str:
    disabled = [each.name for each in off if each.status.upper() not in _ON_ITS_WAY]
    if not disabled:
        return "Wait: it takes AWS minutes, sometimes hours."
    command = f"aws account enable-region --region-name {disabled[0]}"
    return f"Take the Region out of the manifests, or have the account opt into it: {command} (takes minutes to hours)."


def is_settled(found: tuple[Region, ...]) -> bool:
    """Tell whether nothing is to be expected of them."""
    return all(each.status == "Enabled" for each in found)


ROOM = Room("regions", rights=rights.RIGHTS, rows=(NAME,))
