"""What a doctor says: the document of ``crossvault doctor``. Its text is :mod:`.findings`.

Both hosts tell the same, because both tell what stands in the status of a policy: of files it is made for the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..aspects import ROOMS
from ..aspects.copies import FAILING
from ..aspects.copies.figures import Copies
from ..aspects.copy_role.permissions import MAY_COPY
from ..aspects.identity import ROW as IDENTITY
from ..aspects.organization import SAME
from ..aspects.organization.switch import SWITCH_ROW
from ..aspects.source_keys import NAME as SOURCE_KEYS
from ..aspects.vault_policy.leaving import ROW as SOURCE_POLICY
from ..engine import fixes
from ..engine.rows import MET, SEE, UNKNOWN, UNMET, PrerequisiteStatus
from ..status.conditions import condition_of
from ..words.explanations import EXPLANATIONS
from ..words.instants import instant
from ..words.reasons import Reason
from . import FAILED, FOUND, NOTHING, stakes, unaccounted, vault_pairs
from .render import API_VERSION


def order() -> tuple[str, ...]:
    """Return the names of all prerequisites in the order in which a person mends them."""
    return tuple(name for room in ROOMS for name in room.rows)


def names() -> tuple[str, ...]:
    """Return the names of all rows in that order: of each room what it needs, then what may differ; conditions last."""
    found = (name for room in ROOMS for name in (*room.rows, *room.drifts))
    return tuple(dict.fromkeys((*found, *unaccounted.NAMES)))


@dataclass(frozen=True, slots=True)
class Seen:
    """One object with what was seen for it.

    Attributes:
        name: ``NAMESPACE/NAME`` of a policy, ``organization NAME`` or ``account NAME``.
        body: The object, for where its vaults are.
        status: Its status.
        problem: Why it could not be looked at, as reason and message; what was seen of it all the same is its status.
        stale: Why the status is not of the object as it stands.
        since: When its status last changed; None where it was made now.
        beside: It is told besides, and counts as nothing that copies: an account, an organization.
    """

    name: str
    body: Mapping[str, Any]
    status: Mapping[str, Any] = field(default_factory=dict)
    problem: Mapping[str, str] | None = None
    stale: str = ""
    since: str | None = None
    beside: bool = False


REFUSED = frozenset({Reason.INVALID_SPEC, Reason.ACCOUNT_NOT_FOUND, Reason.POLICY_LIMIT_REACHED})
"""Reasons of Ready with which an object is not looked at."""


def read(body: Mapping[str, Any]) -> Seen:
    """Return a policy as a cluster has it: how old what it says is stands in its status."""
    metadata, status = body["metadata"], body.get("status") or {}
    name = f"{metadata['namespace']}/{metadata['name']}"
    ready = next((each for each in status.get("conditions") or () if each.get("type") == "Ready"), None)
    since = status.get("lastChanged")
    if ready is None:
        words = "The operator has not looked at it yet: see that it runs."
        return Seen(name, body, problem={"reason": str(Reason.CANNOT_OBSERVE), "message": words})
    if ready.get("reason") in REFUSED:
        return Seen(name, body, problem={each: str(ready.get(each, "")) for each in ("reason", "message")}, since=since)
    rows = [without_strange(each) for each in status.get("prerequisites") or ()]
    stale = stale_of(metadata, status, ready, dark=is_dark(status))
    return Seen(name, body, {**status, "prerequisites": rows}, stale=stale, since=since)


def without_strange(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out commands that no release prints: whoever can write a status must not put words into a shell."""
    if all(fixes.is_printed(line) for line in row.get("fix") or ()):
        return row
    words = "Its commands are none that this release prints: look with -f."
    return {**row, "fix": [], "remedy": f"{row.get('remedy', '')} {words}".strip()}


def stale_of(
    metadata: Mapping[str, Any], status: Mapping[str, Any], ready: Mapping[str, Any], *, dark: bool = False
) -> str:
    """Say why a status is not about the present; an operator that sees nothing new writes nothing.

    Of what is ``dark`` it is told anyway that it could not be looked at, and why.
    """
    if status.get("observedGeneration") != metadata.get("generation"):
        return "it was changed, and the operator has not looked at it since"
    old = min((each["lastObserved"] for each in status.get("destinations") or () if "lastObserved" in each), default="")
    if old:
        return f"a destination was last seen {old}"
    if ready.get("status") == UNKNOWN and not dark:
        return f"the last look was not whole: {ready.get('message', '')}".rstrip(": ")
    return ""


# --- The document --------------------------------------------------------------------------------------------------


def document(seen: Iterable[Seen], now: datetime, *, check: str | None = None) -> dict[str, Any]:
    """Return the whole answer, its summary first, what is not met before what is, in the order of mending."""
    entries = list(seen)
    groups = _groups(row for each in entries for row in _rows(each) if check in {None, row["name"]})
    for group in groups:
        served = dict.fromkeys((each["policy"], each["destination"]) for each in group)
        for row in group:
            row["serves"] = [{"policy": policy, "destination": destination} for policy, destination in served]
    rows, unseen = [row for group in groups for row in group], _not_looked_at(entries)
    counts = {status: sum(row["status"] == status for row in rows) for status in PrerequisiteStatus}
    held = stakes.Amount.of_all(rows, {each.name: each.status for each in entries})
    return {
        "apiVersion": API_VERSION,
        "kind": "DoctorReport",
        "summary": {
            "at": instant(now),
            "policies": sum(not each.beside for each in entries),
            **{name: counts[status] for name, status in (("met", MET), ("unmet", UNMET), ("unknown", UNKNOWN))},
            "toMend": sum(group[0]["status"] != MET for group in groups),
            "recoveryPoints": held.points,
            "bytes": held.size,
            **stakes.counts(rows),
            "sharedPairs": vault_pairs.declared(each.body for each in entries),
            "triedAgain": sum(map(_tried_again, entries)) if check is None else 0,
            "notLookedAt": len(unseen),
            "stale": sum(bool(each.stale) for each in entries),
        },
        "policies": [_age(each) for each in entries if not each.beside or each.stale],
        "notLookedAt": unseen,
        "rows": rows,
    }


def _groups(rows: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Put together what one fix serves, in the order of mending."""
    serving: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        serving.setdefault(cause(row), []).append(row)
    return sorted(serving.values(), key=_place)


def _age(seen: Seen) -> dict[str, str]:
    told = {"lastChanged": seen.since or "", "stale": seen.stale}
    return {"policy": seen.name, **{name: each for name, each in told.items() if each}}


def _not_looked_at(entries: Iterable[Seen]) -> list[dict[str, str]]:
    return [
        {"policy": each.name, "reason": str(problem["reason"]), "message": problem.get("message", "")}
        for each in entries
        if (problem := each.problem or _dark(each)) is not None
    ]


def _rows(seen: Seen) -> list[dict[str, Any]]:
    """Return the prerequisites of a status, and as rows like them all else that a person has to end."""
    rows = [*(seen.status.get("prerequisites") or ()), *_failures(seen)]
    rows += unaccounted.hazards(seen.status, rows)
    if not (seen.problem or _dark(seen) or _tried_again(seen)):
        rows += unaccounted.ready(seen.status, rows)
    return [
        {
            "policy": seen.name,
            "destination": row.get("destination", ""),
            "name": row["name"],
            "where": _where(seen, row),
            "status": str(row["status"]),
            "reason": str(row.get("reason", "")),
            "message": row.get("message", ""),
            "remedy": _remedy(seen, row),
            "fix": list(row.get("fix") or ()),
            "recoveryPoints": row.get("recoveryPoints", 0),
            "bytes": row.get("bytes", 0),
            "copies": row.get("copies", str(Copies.NONE)),
        }
        for row in rows
    ]


def _failures(seen: Seen) -> list[dict[str, Any]]:
    """Return what a person has to end and no prerequisite that is not met accounts for, or that nothing is copied."""
    return [
        {**each, "name": FAILING, "status": UNMET, "recoveryPoints": each.get("count", 0)}
        for each in seen.status.get("failures") or ()
        if each.get("needsAction") and not each.get("prerequisite")
    ] + [
        {**each, "name": FAILING, "status": UNMET}
        for each in seen.status.get("conditions") or ()
        if each.get("type") == "Ready" and each.get("reason") == Reason.NOTHING_COPYABLE
    ]


def _tried_again(seen: Seen) -> int:
    """Count the recovery points that failed and for which nobody has to act."""
    failures = () if seen.beside else seen.status.get("failures") or ()
    return sum(each.get("count", 0) for each in failures if not each.get("needsAction"))


def _remedy(seen: Seen, row: Mapping[str, Any]) -> str:
    """Return what to do: what the row says, or else its reason; of a role that lacks something, what prints all of it.

    A row that says what to do itself may say that nothing is; only that of an account says no more than its reason.
    """
    reason = next((each for each in Reason if each == row.get("reason")), None)
    if row["status"] == MET:
        return ""
    told = str(row.get("remedy") or "")
    if not told and reason is not None and (row["status"] == UNMET or reason is Reason.ACCESS_DENIED):
        told = EXPLANATIONS[reason].remedy
    own = bool(row.get("remedy")) and row["name"] != IDENTITY
    if reason not in _ABOUT_PERMISSIONS or own or str(row.get("message", "")).startswith(SEE):
        return told
    side = _side(seen, row)
    account = f" --account {side['accountRef']['name']}" if side and row["name"] != SAME else ""
    return f'{told} "crossvault iam -f DIR{account}" prints the whole documents.'.strip()


_OF_SOURCE = frozenset({MAY_COPY, SOURCE_KEYS, SOURCE_POLICY})
"""Rows of a destination that are looked up, and mended, in the account of the source."""

_ABOUT_PERMISSIONS = frozenset({Reason.ACCESS_DENIED, Reason.ASSUME_ROLE_DENIED, Reason.EXTERNAL_ID_REFUSED})


def _side(seen: Seen, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what the manifest says of the side that a row is about, by which the operator enters an account."""
    spec, name = seen.body.get("spec") or {}, row.get("destination", "")
    sides = (each for each in spec.get("destinations") or () if each.get("name") == name)
    found = spec.get("source") if row["name"] in {SWITCH_ROW, *_OF_SOURCE} else next(sides, spec.get("source"))
    if found is None and "managementAccountRef" in spec:
        return {"accountRef": spec["managementAccountRef"]}
    return found if isinstance(found, Mapping) else None


def _where(seen: Seen, row: Mapping[str, Any]) -> str:
    """Return where it is to be mended: the organization, or account, Region and vault of a side."""
    if row["name"] in {SAME, SWITCH_ROW}:
        known = seen.status.get("organization")
        return f"organization {known}" if known else "organization"
    side = _side(seen, row)
    if side is None or "vault" not in side:
        return seen.name
    account, vault = (side.get(each) or {} for each in ("accountRef", "vault"))
    return f"{account.get('name', '?')}/{side.get('region', '?')} {vault.get('name', '?')}"


def cause(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what rows have in common that one fix serves, or for which nothing is known of them."""
    if row["status"] == UNKNOWN and row["message"].startswith(SEE):
        return "", row["status"], row["reason"], row["message"]
    told = tuple(row["fix"]) or (row["message"], row["remedy"])
    met = row["status"] == MET
    return row["name"], row["status"], row["reason"], *((row["policy"], row["destination"]) if met else told)


def _place(group: Sequence[Mapping[str, Any]]) -> tuple[bool, bool, int, int, str]:
    """Return the place of what one fix serves: first what others depend on, then what holds up most.

    Behind that is what nothing can be done about: it is not known because of something else.
    """
    first, known = group[0], names()
    place = known.index(first["name"]) if first["name"] in known else len(known)
    follows = first["status"] == UNKNOWN and not first["fix"] and not first["remedy"]
    points = sum(each["recoveryPoints"] for each in group)
    return first["status"] == MET, follows, place, -points, first["policy"]


def _dark(seen: Seen) -> Mapping[str, Any] | None:
    """Return why the picture is not whole: an account that was not entered, a list that was not had.

    A prerequisite that is not known, and that nothing is written by, is none of that: it is a row of its own.
    """
    rows = (row for row in seen.status.get("prerequisites") or () if row["name"] == IDENTITY)
    outside = next((row for row in rows if row["status"] != MET), None)
    if outside is not None or not is_dark(seen.status):
        return outside
    conditions = seen.status.get("conditions") or ()
    return next((each for each in conditions if each.get("type") == "Ready"), {"reason": Reason.CANNOT_OBSERVE})


def is_dark(status: Mapping[str, Any]) -> bool:
    """Tell whether a destination has no figures, or old ones only, or the picture was not whole."""
    ready = condition_of(status, "Ready") or {}
    if ready.get("reason") == Reason.CANNOT_OBSERVE:
        return True
    return any("inScope" not in each or "lastObserved" in each for each in status.get("destinations") or ())


def exit_code(answer: Mapping[str, Any]) -> int:
    """Return 1 when something was not looked at, 2 when something is not met, not known or has failed, 0 otherwise."""
    summary = answer["summary"]
    if summary["notLookedAt"]:
        return FAILED
    return FOUND if summary["unmet"] or summary["unknown"] or summary["triedAgain"] else NOTHING
