"""What is wrong, in lines for a person: the same for plans and statuses, rendered from their documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from ..aspects.copies.failures import SOMEBODYS_REASONS
from ..aspects.copies.figures import Copies
from ..aspects.copies.planned import State
from ..words.explanations import EXPLANATIONS
from ..words.reasons import Reason
from ..words.texts import clip, plural
from . import unaccounted

WIDTH = len("OrganizationToggle")


def failures(rows: Iterable[Mapping[str, Any]], lacking: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """Return what failed, waits for somebody or is lost: how many, who acts, AWS's text, what to do, and until when.

    What is because of a prerequisite that is ``lacking``, and so told already, is counted.
    """
    lines, told = [], {each["name"] for each in lacking if each["status"] == "Unmet"}
    for each in rows:
        if each.get("prerequisite") in told:
            count = plural(each["count"], "recovery point")
            see = f"{each['reason']}: see {each['prerequisite']}"
            lines.append(f"  {click.style('!', fg='red')} {_stand(each):<{WIDTH}} {count}: {see}")
            continue
        who = _who_ends(each)
        lines.append(
            f"  {click.style('!', fg='red')} {_stand(each):<{WIDTH}} {plural(each['count'], 'recovery point')}:"
            f" {each['reason']} ({who}): {each['message']}"
        )
        lines += [f"      do: {each['remedy']}"] if each.get("remedy") else []
        if each.get("example") and each["example"] not in each["message"]:
            lines.append(f"      {'one of them' if each['count'] > 1 else 'it'} is {each['example']}")
        lines += [f"      tried again at {each['retryAt']}"] if each.get("retryAt") else []
    return lines


def _who_ends(each: Mapping[str, Any]) -> str:
    """Return who ends what is amiss: time, or a person, who may have done so already."""
    if each["needsAction"]:
        return f"{each['whoActs']} acts"
    reason = next((one for one in Reason if one == each["reason"]), None)
    if reason not in SOMEBODYS_REASONS:
        return "time ends it"
    return f"what is seen of it is met, so it is tried again; {EXPLANATIONS[reason].who} acts if that fails"


def _stand(each: Mapping[str, Any]) -> str:
    """Return the state of recovery points with which the same is amiss; of those whose copies are gone, that."""
    return "lost" if each["copies"] == Copies.GONE else str(each["state"]).replace("_", " ")


def ineligible(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the points that are never copied, by reason, with what it means and what would make them copyable."""
    lines = []
    for each in rows:
        if each["state"] not in {State.INELIGIBLE, State.OUT_OF_SCOPE}:
            continue
        explained = EXPLANATIONS[Reason(each["reason"])]
        state = each["state"].replace("_", " ")
        types = ", ".join(f"{name} {count}" for name, count in each.get("types", {}).items())
        lines.append(
            f"  # {state:<{WIDTH}} {plural(each['count'], 'recovery point')}{f' ({types})' if types else ''}:"
            f" {each['reason']}:"
            f" {explained.meaning}"
        )
        lines += [f"      do: {explained.remedy}"] if explained.remedy else []
    return lines


def prerequisites(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what is not met or not known, several rows of one cause in one."""
    lines: list[str] = []
    same: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        same.setdefault((row["status"], row["message"], row.get("remedy", "")), []).append(row["name"])
    for (status, message, remedy), names in same.items():
        sign = click.style("!", fg="red") if status == "Unmet" else "?"
        lines += [f"  {sign} {names[0]:<{WIDTH}} {message}"] if len(names) == 1 else []
        lines += [f"  {sign} {', '.join(dict.fromkeys(names))}", f"      {message}"] if len(names) > 1 else []
        lines += [f"      do: {remedy}"] if remedy else []
    return lines


def hazards(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what is not as declared and cannot be mended from here."""
    return [line for each in rows if each.get("remedy") for line in (_differs(each), f"      do: {each['remedy']}")]


def _differs(each: Mapping[str, Any]) -> str:
    sign = click.style("!", fg="red")
    return f"  {sign} {'hazard':<{WIDTH}} {unaccounted.differs(each)}"


def of_status(policy: str, status: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with one policy; nothing for one whose points all have their copies."""
    ready: Mapping[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    lacking = [each for each in status.get("prerequisites", ()) if each["status"] != "Met"]
    failing = status.get("failures", ())
    inside = [
        *prerequisites(lacking),
        *failures(failing, lacking),
        *hazards((status.get("drift") or {}).get("items", ())),
        *ineligible(each for row in status.get("destinations", ()) for each in row.get("reasons", ())),
    ]
    if not inside and (ready.get("status"), ready.get("reason")) == ("True", "Protected"):
        return []
    head = click.style(policy, bold=True) + f"  {ready.get('reason', '?')}"
    return ["", head if _told_below(ready, lacking, failing) else f"{head}: {ready.get('message', '')}", *inside]


def _told_below(ready: Mapping[str, Any], lacking: Sequence[Mapping[str, Any]], failing: Sequence[Any]) -> bool:
    """Tell whether the rows below say all that Ready says."""
    match ready.get("reason"):
        case Reason.PREREQUISITE_UNMET:
            return any(each["status"] == "Unmet" for each in lacking)
        case Reason.COPIES_FAILING:
            return bool(failing)
        case _:
            return ready.get("message") in {clip(each["message"]) for each in lacking}


def of_organization(name: str, status: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with one organization, or not known of it; nothing for one that is ready."""
    conditions = [each for each in status.get("conditions", ()) if each["type"] == "Ready" and each["status"] != "True"]
    return [
        line
        for each in conditions
        for line in (
            "",
            click.style(f"organization {name}", bold=True) + f"  {each['reason']}: {each['message']}",
            *former_members(status.get("formerMembers", ())),
        )
    ]


def former_members(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the copies that lie in accounts that are no members any more."""
    return [
        f"  {click.style('!', fg='red')} {'former member':<{WIDTH}} {each['accountId']} ({each['state']}):"
        f" {plural(each['recoveryPoints'], 'recovery point')} in {each['vaultArn']}, noticed {each['noticedAt']}"
        for each in rows
    ]
