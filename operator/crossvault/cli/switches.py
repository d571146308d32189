"""What a plan says of organizations: whether their switch would be turned, and what is amiss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from ..aspects.identity import ROW as IDENTITY
from ..aspects.organization.switch import SetSwitch, Wanted
from ..engine.rows import PrerequisiteStatus
from ..kinds.organization.status import Picture
from ..kinds.rejected import Rejected
from . import wrongs
from .wrongs import WIDTH


def rejected(name: str, reason: Rejected) -> dict[str, Any]:
    """Describe an organization that cannot be planned as it stands."""
    return {"organization": name, "reason": str(reason.reason), "faults": [str(each) for each in reason.faults]}


def entry(picture: Picture, actions: tuple[SetSwitch, ...]) -> dict[str, Any]:
    """Describe the plan of one organization."""
    rows = [row for row in picture.rows if row.status is not PrerequisiteStatus.MET and not row.ours]
    return {
        "organization": picture.own.name,
        "desired": str(picture.own.wanted),
        "acts": picture.own.wanted is not Wanted.UNMANAGED,
        "crossAccountBackup": picture.toggle,
        "changes": [asdict(each.told()) for each in actions],
        "unmet": [
            {
                "name": each.name,
                "status": str(each.status),
                "reason": str(each.reason),
                "message": each.message,
                "remedy": each.remedy,
            }
            for each in rows
        ],
        "formerMembers": [each.row() for each in picture.leaks],
    }


def lines(each: Mapping[str, Any]) -> list[str]:
    """Render what a plan says of one organization; nothing where nothing is amiss."""
    head = click.style(f"organization {each['organization']}", bold=True)
    if "faults" in each:
        return [f"{head}  {each['reason']}", *(f"  ✗ {fault}" for fault in each["faults"])]
    sign = click.style("~", fg="yellow")
    inside = [f"  {sign} {one['aspect']:<{WIDTH}} {one['where']}   {one['what']}" for one in each["changes"]]
    inside += wrongs.prerequisites(each["unmet"])
    inside += wrongs.former_members(each["formerMembers"])
    held = "" if each["acts"] else "   (Unmanaged: only reported)"
    return [head + held, *inside] if inside else []


def is_unseen(each: Mapping[str, Any]) -> bool:
    """Tell whether something of an organization could not be looked at, or not be planned at all."""
    return "faults" in each or unseen(each) is not None


def unseen(each: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the row for which an organization was not looked at: the first that is not met, as Ready has it."""
    first = next(iter(each["unmet"]), None)
    dark = first is not None and (first["status"] == PrerequisiteStatus.UNKNOWN or first["name"] == IDENTITY)
    return first if dark else None
