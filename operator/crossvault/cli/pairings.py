"""What the pairing of a plan rests on, in lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..aspects.copies.grounds import Ground
from ..words.texts import plural
from .render import size
from .wrongs import WIDTH

GROUNDS = {
    Ground.JOBS: "younger than the oldest copy job",
    Ground.PROVEN: "of a kind that jobs prove",
    Ground.NOTHING_THERE: "that nothing in the destination could be",
    Ground.CANARY: "sent ahead to prove the kind",
    Ground.DECLARED: "assumed missing as declared",
}


def lines(pairing: Mapping[str, Any]) -> list[str]:
    """Return the lines for the kinds of which something would start or is held; none when nothing is."""
    shown = [line for each in pairing["kinds"] if each["starts"] or each["held"] for line in _kind(each)]
    if not shown:
        return []
    oldest = pairing["oldestJob"]
    seen = f"the oldest copy job seen is of {oldest}{_age(oldest)}" if oldest else "no copy job is seen"
    told = [f"  · {'pairing':<{WIDTH}} {seen}", *shown]
    until = pairing.get("undeletableUntil")
    if until is not None:
        when = "and it is kept for ever" if until == "never" else f"the last of it on {until}"
        told.append(f"      the vault is locked: what starts cannot be deleted before it expires, {when}")
    return told


def _age(instant: str) -> str:
    days = (datetime.now(UTC) - datetime.fromisoformat(instant)).days
    return f" ({plural(days, 'day')} ago)" if days > 0 else ""


def _kind(each: Mapping[str, Any]) -> list[str]:
    name = f"{each['resourceType'] or '?'}{', brought by copies' if each['brought'] else ''}"
    blind = each["blind"]
    proof = (
        f"{each['linked']} of {plural(each['jobs'], 'finished job')} linked, {each['mismatched']} of them mismatched,"
        f" dates at most {each['largestDifferenceSeconds']:g} s apart; pairing by date alone finds {blind['agree']} the"
        f" same, {blind['differ']} otherwise, {blind['none']} not; {each['byDate']} by date only;"
        f" {each['unexplained']} unexplained in the destination, {plural(each['twins'], 'twin')}"
    )
    telling = (
        *(each[name] for name in ("jobs", "byDate", "unexplained", "twins", "held")),
        *blind.values(),
    )
    if not any(telling):
        proof = "there are no finished copies of it to judge by, and nothing in the destination that could be one"
    starts = [
        f"{plural(found['count'], 'recovery point')} ({size(found['bytes'])}) {GROUNDS[Ground(ground)]}"
        for ground, found in each["starts"].items()
    ]
    held = [f"{plural(each['held'], 'recovery point')} held (CopyUncertain)"] if each["held"] else []
    return [f"      {name}: {each['verdict']}: {proof}", *(f"        {line}" for line in (*starts, *held))]
