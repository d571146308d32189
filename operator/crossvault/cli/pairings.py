"""What the pairing of a plan rests on, in sentences: where it is in doubt, and for who asks of all that starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..aspects.copies.grounds import Ground, Verdict
from ..words.texts import plural
from .render import size
from .wrongs import WIDTH

GROUNDS = {
    Ground.JOBS: "no copy job is of what is younger than the oldest one",
    Ground.PROVEN: "copy jobs prove how copies of the type are dated, and none is dated like it",
    Ground.NOTHING_THERE: "nothing in the destination could be a copy of it",
    Ground.CANARY: "its copy will prove how copies of the type are dated",
    Ground.DECLARED: "copying.whenUncertain: AssumeMissing says so",
}
"""Why recovery points start that pair with nothing, behind "because"."""


def lines(pairing: Mapping[str, Any], *, verbose: bool = False) -> list[str]:
    """Return what is in doubt, and what cannot be taken back; ``verbose`` what all else that starts rests on, too."""
    moving = [each for each in pairing["kinds"] if each["starts"] or each["held"]]
    shown = [each for each in moving if verbose or each["held"] or each["verdict"] == Verdict.CONTRADICTED]
    told = [f"  · {'pairing':<{WIDTH}} {_oldest(pairing['oldestJob'])}"] if shown else []
    told += [f"      {sentence}" for each in shown for sentence in _kind(each, verbose=verbose)]
    until = pairing.get("undeletableUntil")
    if until is not None and any(each["starts"] for each in moving):
        when = "and it is kept for ever" if until == "never" else f"the last of it on {until}"
        locked = f"what starts cannot be deleted before it expires, {when}"
        told.append(f"  · {'locked vault':<{WIDTH}} {locked}")
    return told


def _oldest(instant: str | None) -> str:
    if not instant:
        return "AWS lists no copy job."
    days = (datetime.now(UTC) - datetime.fromisoformat(instant)).days
    ago = f", {plural(days, 'day')} ago" if days > 0 else ""
    return f"The oldest copy job that AWS lists is of {instant}{ago}."


def _kind(each: Mapping[str, Any], *, verbose: bool) -> Iterator[str]:
    """Yield what is held and why, what is known of the type, and what starts because of what."""
    name = f"{each['resourceType'] or '?'}{' that copies brought' if each['brought'] else ''}"
    if each["held"]:
        told = f"{plural(each['held'], 'recovery point')} {'is' if each['held'] == 1 else 'are'} held (CopyUncertain)"
        yield f"{name}: {told}: whether there is a copy cannot be told."
    yield f"{name}: {_proof(each)}"
    if each["unexplained"]:
        yield f"{name}: in the destination {plural(each['unexplained'], 'recovery point')} may be a copy of anything."
    if verbose:
        yield from (f"{name}: {words}" for words in _details(each))
        for ground, found in each["starts"].items():
            count = plural(found["count"], "recovery point")
            start = "starts" if found["count"] == 1 else "start"
            yield f"{name}: {count} ({size(found['bytes'])}) {start}, because {GROUNDS[Ground(ground)]}."


def _proof(each: Mapping[str, Any]) -> str:
    jobs = plural(each["jobs"], "finished copy job")
    if each["mismatched"]:
        return f"{each['mismatched']} of {jobs} left a copy with another date or resource than its source."
    if each["verdict"] == Verdict.CONTRADICTED:
        return f"of {jobs} no copy is listed."
    if each["verdict"] == Verdict.PROVEN:
        pairs = f" and {plural(each['byDate'], 'pair')} by date" if each["byDate"] else ""
        return f"{jobs}{pairs} prove that copies keep date and resource of their source."
    if not each["jobs"]:
        return "no finished copy job shows whether copies keep date and resource."
    return f"{jobs} {'is' if each['jobs'] == 1 else 'are'} too few to prove that copies keep date and resource."


def _details(each: Mapping[str, Any]) -> Iterator[str]:
    blind = each["blind"]
    if each["linked"]:
        apart = f"{each['largestDifferenceSeconds']:g} s"
        yield (
            f"{each['linked']} of these jobs have their copy listed, dated at most {apart} from its source; by date"
            f" alone {blind['agree']} would be paired alike, {blind['differ']} otherwise and {blind['none']} not."
        )
    if each["byDate"]:
        yield f"{plural(each['byDate'], 'pair')} {'is' if each['byDate'] == 1 else 'are'} found by date alone."
    if each["twins"]:
        yield f"{plural(each['twins'], 'recovery point')} lie within a second of another of the same resource."
