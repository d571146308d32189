"""What a pass over a BackupOrganization says: the switch and since when, who is a member, and what lies outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...aspects.organization.former import ROW as MEMBERS_ROW
from ...aspects.organization.former import SHOWN, Leak, remembered
from ...aspects.organization.seen import ADMINISTRATORS, DEPARTURES, MEMBERS, ORGANIZATION, SETTINGS
from ...aspects.organization.switch import SWITCH_ROW, Keeper, SetSwitch
from ...engine.declared import PolicyKey
from ...engine.fights import Mended, Repair, Repairs
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.plan import Result, mended_by
from ...engine.rows import MET, UNMET, Prerequisite
from ...status import repairs, unseen
from ...status.announcements import log_line, transitions, turned_false
from ...status.conditions import FALSE, TRUE, UNKNOWN, Condition, condition_of, stamp, with_last_changed
from ...status.events import Event
from ...status.outcome import Cadence, Outcome, Report
from ...status.unseen import Face, summarise_refused
from ...words.instants import instant
from ...words.problems import ErrorClass, Problem
from ...words.reasons import Reason
from ...words.texts import clip
from ..rejected import Rejected
from .parse import KIND

_SWITCH = Mended("", SWITCH_ROW)

TOGGLES = {True: "Enabled", False: "Disabled"}
_ON = {"Enabled": True, "Disabled": False}


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is told of an organization.

    Attributes:
        rows: What was judged: the first that is not met decides Ready.
        leaks: The copies that lie outside.
    """

    own: Keeper
    body: Mapping[str, Any]
    sight: Sight
    rows: tuple[Prerequisite, ...]
    leaks: tuple[Leak, ...]
    now: datetime

    @property
    def previous(self) -> Mapping[str, Any]:
        """The status that the object had."""
        return self.body.get("status") or {}

    @property
    def repairs(self) -> Repairs:
        """What had to be restored of late, before this pass."""
        return repairs.remembered(self.previous, self.generation, self.now)

    @property
    def generation(self) -> int:
        """What of the object is spoken of."""
        generation: int = self.body["metadata"].get("generation", 1)
        return generation

    @property
    def switch(self) -> bool | None:
        """The switch as it was seen; None where it was not, or where the account has no organization."""
        look, organization = self.sight[SETTINGS], self.sight[ORGANIZATION]
        nowhere = not isinstance(organization, Unseen) and organization.value is None
        return None if isinstance(look, Unseen) or nowhere else look.value.on

    @property
    def toggle(self) -> str:
        """The switch in a word."""
        return "Unknown" if self.switch is None else TOGGLES[self.switch]


def due(picture: Picture, actions: Iterable[SetSwitch]) -> tuple[SetSwitch, ...]:
    """Leave out what others undo again and again, and what therefore waits."""
    waits = {each: repair.due for each, repair in picture.repairs.items()}
    return tuple(each for each in actions if waits.get(mended_by(each), picture.now) <= picture.now)


def summarise(picture: Picture, results: tuple[Result, ...], *, cadence: Cadence) -> Outcome:
    """Say what is true now; ``results`` is what was done before that was seen."""
    problem = next((each.problem for each in results if each.problem and not _is_done(each, picture)), None)
    waiting = None if results else _waiting(picture)
    judged = conditions_of(picture, problem or (waiting.problem(_SWITCH) if waiting is not None else None))
    previous, repaired = picture.previous, _repaired(picture, results)
    status = with_last_changed(
        {
            "observedGeneration": picture.generation,
            "conditions": stamp(judged, previous, picture.generation, picture.now),
            **_fields(picture),
            **({"repairs": repairs.rows(repaired)} if repaired else {}),
        },
        previous,
        picture.now,
    )
    turned = (*_turned(picture, results), *_more_left(picture), *repairs.begun(picture.repairs, repaired))
    told = [each.message.rstrip(".") for each in turned]
    return Outcome(
        status=status,
        events=(*turned, *transitions(judged, previous)),
        requeue=cadence.interval if waiting is None else min(cadence.interval, waiting.due - picture.now),
        failed=_retryable(picture, problem),
        summary="; ".join([*told, *filter(None, [log_line((), judged, previous)])]),
        warnings=turned_false(judged, previous),
        report=report_of(picture.own.name, judged, picture.switch, picture.leaks, picture.now),
        results=results,
    )


def _waiting(picture: Picture) -> Repair | None:
    """Return the fight because of which the switch is not turned now."""
    repair = picture.repairs.get(_SWITCH)
    return repair if repair is not None and repair.due > picture.now else None


def _repaired(picture: Picture, results: tuple[Result, ...]) -> Repairs:
    """Return what had to be restored of late, this pass included, whatever became of the replies."""
    done = [replace(each, problem=None) for each in results if _is_done(each, picture)]
    kept = (condition_of(picture.previous, "Synced") or {}).get("status") == TRUE
    met = [_SWITCH] if kept else []
    return repairs.after(picture.previous, picture.generation, done, met, picture.now)


def _retryable(picture: Picture, problem: Problem | None) -> bool:
    """Tell whether time ends what keeps the switch from being looked at or turned."""
    sight = picture.sight
    looks: list[Look[Any]] = [sight[ORGANIZATION], sight[SETTINGS], sight[MEMBERS]]
    problems = [problem, *(each.problem for each in looks if isinstance(each, Unseen))]
    return any(each is not None and each.error_class is ErrorClass.RETRY for each in problems)


def report_of(
    name: str, judged: Iterable[Condition], switch: bool | None, leaks: Iterable[Leak], now: datetime | None
) -> Report:
    """Return what metrics know of an organization."""
    return Report(
        kind=KIND,
        key=PolicyKey("", name),
        conditions=tuple((each.type, each.status, each.reason) for each in judged),
        observed_at=now,
        switch=switch,
        copies_outside=sum(each.copies for each in leaks),
    )


# --- Conditions ----------------------------------------------------------------------------------------------------


def conditions_of(picture: Picture, refused: Problem | None) -> tuple[Condition, ...]:
    """Return all conditions, Ready first, then by name."""
    parts = (_members_only(picture), _synced(picture, refused))
    ready = _ready(picture, parts)
    extra = () if ready.status == TRUE else (_while_true(ready),)
    return (ready, *sorted((*parts, *extra), key=lambda each: each.type))


def _ready(picture: Picture, parts: tuple[Condition, ...]) -> Condition:
    """Return Ready: the first row that is not met, and else that all is as declared.

    Unknown members make it Unknown: copies may lie outside that nobody sees.
    """
    members_only, synced = parts
    first = next((row for row in picture.rows if row.status is not MET), None)
    if first is not None and first.status is not UNMET:
        return Condition("Ready", UNKNOWN, Reason.CANNOT_OBSERVE, first.message)
    decides = members_only if first is not None and first.name == MEMBERS_ROW else synced
    return replace(decides, type="Ready")


def _synced(picture: Picture, refused: Problem | None) -> Condition:
    """Judge the switch: all rows but that of the members are about it."""
    rows = [each for each in picture.rows if each.name != MEMBERS_ROW]
    worst = next((each for each in rows if each.status is not MET), rows[-1])
    if worst.status is MET:
        return _condition("Synced", TRUE, worst)
    if worst.status is not UNMET:
        return _condition("Synced", UNKNOWN, worst)
    if worst.ours and refused is not None:
        return Condition("Synced", FALSE, refused.reason, f"{worst.message} {refused.message}", refused.detail)
    return _condition("Synced", FALSE, worst)


def _members_only(picture: Picture) -> Condition:
    row = next((each for each in picture.rows if each.name == MEMBERS_ROW), None)
    if row is None:
        first = picture.rows[0]
        return Condition("MembersOnly", UNKNOWN, first.reason, first.message)
    return _condition("MembersOnly", {MET: TRUE, UNMET: FALSE}.get(row.status, UNKNOWN), row)


def _condition(kind: str, status: str, row: Prerequisite) -> Condition:
    remedy = f" {row.remedy}" if row.remedy else ""
    return Condition(kind, status, row.reason, f"{row.message}{remedy}")


def _while_true(ready: Condition) -> Condition:
    """Return the condition that says who can end what is not ready (kstatus): time, or a person."""
    return replace(ready, type="Stalled" if ready.status == FALSE else "Reconciling", status=TRUE)


# --- Events --------------------------------------------------------------------------------------------------------


def _turned(picture: Picture, results: tuple[Result, ...]) -> tuple[Event, ...]:
    """Tell once that the switch was turned, by us or by somebody else."""
    previous, events = picture.previous, list[Event]()
    same = previous.get("observedGeneration") == picture.generation
    was_kept = same and (condition_of(previous, "Synced") or {}).get("status") == TRUE
    done = [one.action for one in results if not one.found and _is_done(one, picture)]
    for action in done:
        told = action.done(repaired=was_kept)
        events += [Event("Normal" if picture.switch else "Warning", told[0], clip(told[1]))] if told else []
    before = _ON.get(previous.get("crossAccountBackup", ""))
    if not done and picture.switch is not None and before is not None and before is not picture.switch:
        word, reason = ("on", Reason.SWITCHED_ON) if picture.switch else ("off", Reason.SWITCHED_OFF)
        text = f"Somebody switched cross-account backup {word} in the organization."
        events.append(Event("Normal" if picture.switch else "Warning", reason, text))
    return tuple(events)


def _more_left(picture: Picture) -> tuple[Event, ...]:
    """Tell of accounts that have left beside others: Ready has its reason already, and so no event of its own."""
    before = {each.get("accountId") for each in picture.previous.get("formerMembers") or ()}
    new = sorted({each.account_id for each in picture.leaks} - before)
    if not before or not new:
        return ()
    more = f" (+{len(new) - 1} more)" if len(new) > 1 else ""
    text = f"Account {new[0]}{more} is no member any more, too, and still holds copies of ours."
    return (Event("Warning", Reason.FORMER_MEMBER_HOLDS_COPIES, text),)


def _is_done(result: Result, picture: Picture) -> bool:
    """Tell whether the switch was seen turned, whatever became of the reply."""
    return isinstance(result.action, SetSwitch) and result.action.on is picture.switch


# --- The other members of the status -------------------------------------------------------------------------------


def _fields(picture: Picture) -> dict[str, Any]:
    """Return what was seen; what could not be looked at is left out with its reason, and the toggle says Unknown."""
    sight = picture.sight
    fields: dict[str, Any] = {
        "crossAccountBackup": picture.toggle,
        "former": len({each.account_id for each in picture.leaks}),
        "formerMembers": [each.row() for each in picture.leaks[:SHOWN]],
    }
    organization, settings = sight[ORGANIZATION], sight[SETTINGS]
    if not isinstance(organization, Unseen) and organization.value is not None:
        fields["organizationId"] = organization.value.id
        fields["managementAccountId"] = organization.value.management_account_id
        fields |= {"featureSet": organization.value.feature_set} if organization.value.feature_set else {}
    if not isinstance(settings, Unseen) and picture.switch is not None:
        told = {"settingsChangedAt": settings.value.changed, "copiesMayGoOnUntil": settings.value.going_on_until}
        fields |= {name: instant(each) for name, each in told.items() if each is not None}
    members, administrators = sight[MEMBERS], sight[ADMINISTRATORS]
    if not isinstance(members, Unseen):
        fields["members"] = len(members.value)
    if not isinstance(administrators, Unseen):
        fields["delegatedAdministrators"] = [
            {"accountId": each.account_id, **({"since": instant(each.since)} if each.since else {})}
            for each in administrators.value[:SHOWN]
        ]
    dark: dict[str, Look[Any]] = {
        "members": members,
        "delegatedAdministrators": administrators,
        "crossAccountBackup": settings,
        "leftAt": sight[DEPARTURES],
    }
    fields["notSeen"] = [
        {"name": name, "reason": str(look.problem.reason), "message": clip(look.problem.message)}
        for name, look in dark.items()
        if isinstance(look, Unseen) and look is not UNASKED
    ]
    return fields


# --- What cannot be worked with, or did not end --------------------------------------------------------------------


def _parts(_previous: Mapping[str, Any], reason: Reason, message: str) -> tuple[Condition, ...]:
    return (Condition("MembersOnly", UNKNOWN, reason, message), Condition("Synced", UNKNOWN, reason, message))


def _rest(
    status: dict[str, Any], previous: Mapping[str, Any], _message: str, _looked: unseen.Looked, now: datetime
) -> dict[str, Any]:
    return with_last_changed({**status, "crossAccountBackup": "Unknown"}, previous, now)


FACE = Face(_parts, _rest)


def summarise_rejected(rejected: Rejected, body: Mapping[str, Any], *, now: datetime) -> Outcome:
    """Say why nothing can be done until the manifest, or the account that it names, changes."""
    message = " ".join(str(each) for each in rejected.faults)
    return _reported(summarise_refused(FACE, rejected.reason, message, body, now=now), body, now)


def summarise_unfinished(problem: Problem, body: Mapping[str, Any], *, now: datetime) -> Outcome:
    """Say that a pass did not come to its end."""
    return _reported(unseen.summarise_unfinished(FACE, problem, body, now=now), body, now)


def _reported(outcome: Outcome, body: Mapping[str, Any], now: datetime) -> Outcome:
    """Let metrics go on counting the copies outside that the status still tells of."""
    leaks = remembered((body.get("status") or {}).get("formerMembers") or (), now)
    return (
        outcome
        if outcome.report is None
        else replace(outcome, report=replace(outcome.report, copies_outside=sum(each.copies for each in leaks)))
    )
