"""The conditions of a policy: each from what was observed, each alone testable, Ready from the others.

Positive polarity; Stalled and Reconciling exist only while true (kstatus). Messages hold instants, never ages, and
change only when a fact does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...aspects.copies.backfill import catching_up
from ...aspects.copies.contents import ARRIVALS
from ...aspects.copies.declared import COPIES
from ...aspects.copies.figures import Copies, Failed, Figures, in_order
from ...aspects.copies.jobs import REMARKED
from ...aspects.copies.judged import JUDGED, judged, standings_of
from ...aspects.copies.losses import losses, told_once
from ...aspects.copies.planned import StartCopy, State
from ...aspects.copies.seen import TRAFFIC
from ...aspects.vault.seen import KEYS
from ...engine.declared import Desired, Mode
from ...engine.fights import Repairs
from ...engine.looks import Unseen
from ...engine.observed import Observed
from ...engine.plan import Drift, Plan, Result
from ...engine.rows import Prerequisite, PrerequisiteStatus
from ...manifest.fields import format_duration
from ...status import repairs
from ...status.conditions import FALSE, TRUE, UNKNOWN, Condition, condition_of, sentence
from ...words.explanations import EXPLANATIONS
from ...words.instants import instant
from ...words.problems import ErrorClass, Problem
from ...words.reasons import Reason
from ...words.sanitise import sanitise
from ...words.texts import clip, plural


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the conditions of a policy are judged from."""

    desired: Desired
    observed: Observed
    plan: Plan
    results: tuple[Result, ...]
    figures: tuple[Figures, ...]
    previous: Mapping[str, Any]
    now: datetime
    repairs: Repairs = field(init=False, repr=False, compare=False)
    """What had to be restored of late, this pass included; the status, an event and metrics tell of it."""

    def __post_init__(self) -> None:
        """Work out once what several ask for."""
        generation, met = self.desired.generation, repairs.met_before(self.previous)
        found = repairs.after(self.previous, generation, self.results, met, self.now)
        object.__setattr__(self, "repairs", found)

    @property
    def failures(self) -> tuple[Failed, ...]:
        """What is amiss at every destination, losses first."""
        lost = losses(self.desired, self.observed, self.plan[JUDGED], self.previous)
        lost, others = told_once(lost, [failure for each in self.figures for failure in each.failures])
        return (*lost, *sorted(others, key=lambda each: in_order(each)[:3]))


def and_more(items: Sequence[str], what: str) -> str:
    """Return the first item and how many more there are, as a sentence."""
    return sentence(items[0] if len(items) == 1 else f"{items[0]} (+{len(items) - 1} more {what})")


def conditions_of(picture: Picture) -> tuple[Condition, ...]:
    """Return all conditions, Ready first, then by name."""
    parts = (
        copies_healthy(picture),
        prerequisites_met(picture),
        synced(picture),
        within_objective(picture),
    )
    ready = summarise(picture, {each.type: each for each in parts})
    extra = tuple(each for each in (reconciling(ready), stalled(picture, ready)) if each is not None)
    return (ready, *sorted((*parts, *extra), key=lambda each: each.type))


# --- One by one ----------------------------------------------------------------------------------------------------


def prerequisites_met(picture: Picture) -> Condition:
    """Judge whether AWS has all it needs."""
    rows = picture.plan.prerequisites
    unmet = [row for row in rows if row.status is PrerequisiteStatus.UNMET]
    unknown = [row for row in rows if row.status is PrerequisiteStatus.UNKNOWN]
    if unmet:
        message = and_more([_row(row) for row in unmet], "unmet")
        return Condition("PrerequisitesMet", FALSE, unmet[0].reason, message)
    if unknown:
        message = and_more([_row(row) for row in unknown], "unknown")
        return Condition("PrerequisitesMet", UNKNOWN, unknown[0].reason, message)
    return Condition("PrerequisitesMet", TRUE, Reason.ALL_MET, f"{len(rows)} of {len(rows)} met.")


def _row(row: Prerequisite) -> str:
    where = f"{row.destination}: " if row.destination else ""
    remedy = f" {row.remedy}" if row.remedy else ""
    return f"{where}{row.name}: {row.message}{remedy}"


def synced(picture: Picture) -> Condition:
    """Judge whether AWS is as declared, as far as the operator keeps it so."""
    problem = picture.observed.problem
    drift = picture.plan.drift
    missing = sum(each.states.get(State.MISSING, 0) + each.states.get(State.WAITING, 0) for each in picture.figures)
    if drift:
        message = and_more([difference(each) for each in drift], "differences")
        return Condition("Synced", FALSE, Reason.DRIFTED, f"{message}{_held_because(picture)}")
    if missing and not picture.desired.acts:
        message = f"{_points(missing)} would be copied.{_held_because(picture)}"
        return Condition("Synced", FALSE, Reason.DRIFTED, message)
    if unconfirmed(picture):
        before = condition_of(picture.previous, "Synced") or {}
        return Condition("Synced", FALSE, Reason.DRIFTED, before.get("message", "A vault has another key."))
    if problem is not None:
        return Condition("Synced", UNKNOWN, problem.reason, problem.message)
    message = " ".join(["Vaults and policy statements as declared.", *repairs.fights(picture.repairs)])
    return Condition("Synced", TRUE, Reason.IN_SYNC, message)


def unconfirmed(picture: Picture) -> list[Mapping[str, Any]]:
    """Return the hazards the status tells of keys that this pass could not look up, and so does not take back."""
    dark = {each.name for each in picture.observed.destinations if isinstance(each[KEYS].wanted, Unseen)}
    items = (picture.previous.get("drift") or {}).get("items", ())
    return [each for each in items if each.get("aspect") == "vault_key" and each.get("destination") in dark]


def difference(each: Drift) -> str:
    """Say what is otherwise than declared, and what a person does about it."""
    remedy = f", not {each.desired}. {each.remedy}" if each.remedy else ""
    where = f"{each.destination}: " if each.destination else ""
    return f"{where}{each.aspect} {each.path} is {each.observed}{remedy}"


def _held_because(picture: Picture) -> str:
    if picture.desired.suspend:
        return " The policy is suspended."
    if picture.desired.mode is Mode.OBSERVE:
        return " The policy only observes."
    refused = [each.problem.message for each in picture.results if each.problem is not None]
    refused += [each.problem.message for each in picture.plan.postponed]
    return f" {refused[0]}" if refused else ""


def copies_healthy(picture: Picture) -> Condition:
    """Judge whether copies ended well and are still there, and none waits for somebody."""
    failures = picture.failures
    if failures:
        return Condition("CopiesHealthy", FALSE, failures[0].reason, _amiss(failures[0], others=len(failures) - 1))
    refused = _refused(picture)
    if refused is not None:
        return Condition("CopiesHealthy", FALSE, refused.reason, refused.message)
    blind = _blind(picture)
    if blind is not None:
        return Condition("CopiesHealthy", UNKNOWN, Reason.CANNOT_OBSERVE, blind)
    message = " ".join(["No copy is failing.", *_remarks(picture)])
    return Condition("CopiesHealthy", TRUE, Reason.NO_FAILURES, clip(message))


def _remarks(picture: Picture) -> Iterator[str]:
    """Say of copies that are there, of which AWS said that something was left undone, such as their tags."""
    for destination, sight in zip(picture.desired.destinations, picture.observed.destinations, strict=True):
        look = sight[ARRIVALS].jobs
        job = None if isinstance(look, Unseen) else look.value.remarked
        if job is not None and not isinstance(look, Unseen):
            count = look.value.outcomes[REMARKED]
            jobs = plural(count, "copy job")
            words = sentence(sanitise(job.message or ""))
            yield f"{destination.name}: {jobs} completed with a message, the last for {job.source_point_arn}: {words}"


def _amiss(worst: Failed, *, others: int) -> str:
    """Return what is amiss, why, and what ends it: a person, or time."""
    why = sentence(worst.message or EXPLANATIONS[worst.reason].meaning)
    more = f"; +{others} more reason{'' if others == 1 else 's'}" if others else ""
    parts = [f"{worst.destination}: {_stand(worst)} ({worst.reason}{more}): {why}"]
    if worst.needs_action:
        parts.append(worst.remedy)
    if worst.retry_at is not None:
        parts.append(f"Tried again at {instant(worst.retry_at)}.")
    return " ".join([*parts, *([f"Example: {worst.example}."] if worst.example else [])])


def _stand(each: Failed) -> str:
    """Say how many recovery points stand how: what waits for somebody did not fail."""
    if each.copies is Copies.GONE or each.state is None:
        return f"{_points(each.count)} lost {'its copy' if each.count == 1 else 'their copies'}"
    return f"{_points(each.count)} {each.state.replace('_', ' ')}"


def _blind(picture: Picture) -> str | None:
    """Return why the figures are not whole, or None when every destination was looked at."""
    problem = picture.observed.problem
    if problem is None or all(each.looked for each in picture.figures):
        return None
    return problem.message


def _refused(picture: Picture) -> Problem | None:
    """Return why AWS would not start a copy: in this pass, or when it was last asked for one that is still wanted."""
    wanted = {
        (one.point.arn, destination.vault.arn)
        for destination in picture.desired.destinations
        for one in judged(picture.plan, destination.name).standings
        if one.state in {State.MISSING, State.WAITING}
    }
    for each in picture.results:
        action = each.action
        if not isinstance(action, StartCopy) or each.problem is None:
            continue
        if (action.point.arn, action.destination_vault_arn) in wanted:
            return each.problem
    for pair, refusal in picture.observed.source[TRAFFIC].refused.items():
        if pair in wanted and refusal.problem.error_class is not ErrorClass.RETRY:
            return refusal.problem
    return None


def within_objective(picture: Picture) -> Condition:
    """Judge the age of the oldest gap against the declared objective."""
    name, objective = "WithinObjective", picture.desired[COPIES].max_copy_lag
    blind = _blind(picture)
    if blind is not None:
        return objective_unseen(picture.previous, Reason.CANNOT_OBSERVE, blind)
    gaps = [each for each in picture.figures if each.oldest_gap is not None]
    if gaps and picture.desired.acts and _catching_up(picture):
        return Condition(name, UNKNOWN, Reason.CATCHING_UP, f"The first backfill goes on. {_gaps(gaps)}")
    if objective is None:
        return Condition(name, TRUE, Reason.NO_OBJECTIVE, "No objective is declared.")
    missed = [each for each in gaps if each.oldest_gap is not None and picture.now - each.oldest_gap > objective]
    if missed:
        return Condition(
            name, FALSE, Reason.OBJECTIVE_MISSED, f"{_gaps(missed)} The objective is {format_duration(objective)}."
        )
    return Condition(name, TRUE, Reason.WITHIN_OBJECTIVE, f"No gap is older than {format_duration(objective)}.")


def objective_unseen(previous: Mapping[str, Any], reason: Reason, message: str) -> Condition:
    """Return WithinObjective for a pass that saw no figures; a first backfill that went on still does."""
    name, before = "WithinObjective", condition_of(previous, "WithinObjective") or {}
    if before.get("reason") == Reason.CATCHING_UP:
        return Condition(name, UNKNOWN, Reason.CATCHING_UP, before.get("message", message))
    return Condition(name, UNKNOWN, reason, message)


def parts_unseen(previous: Mapping[str, Any], reason: Reason, message: str) -> tuple[Condition, ...]:
    """Return every condition but Ready for a pass that saw nothing."""
    return (
        Condition("CopiesHealthy", UNKNOWN, reason, message),
        Condition("PrerequisitesMet", UNKNOWN, reason, message),
        Condition("Synced", UNKNOWN, reason, message),
        objective_unseen(previous, reason, message),
    )


def _catching_up(picture: Picture) -> bool:
    return catching_up(picture.desired, picture.observed, standings_of(picture.plan), picture.previous, picture.now)


def _points(count: int) -> str:
    return plural(count, "recovery point")


def _gaps(figures: Sequence[Figures]) -> str:
    worst = min(figures, key=lambda each: (each.oldest_gap is None, each.oldest_gap))
    have = "has" if worst.gaps == 1 else "have"
    text = f"{worst.destination.name}: {worst.gaps:,} of {_points(worst.copyable)} {have} no copy"
    more = f"; +{len(figures) - 1} more destinations" if len(figures) > 1 else ""
    return f"{text}, the oldest of {instant(worst.oldest_gap)}{more}."


# --- All together --------------------------------------------------------------------------------------------------


def summarise(picture: Picture, parts: Mapping[str, Condition]) -> Condition:
    """Return Ready: the first of the reasons, in the order of who has to act soonest."""
    problem = picture.observed.problem
    if problem is not None and not _shut_out(picture):
        return Condition("Ready", UNKNOWN, Reason.CANNOT_OBSERVE, problem.message)
    for name, reason in (
        ("PrerequisitesMet", Reason.PREREQUISITE_UNMET),
        ("CopiesHealthy", Reason.COPIES_FAILING),
        ("WithinObjective", Reason.OBJECTIVE_MISSED),
        ("Synced", Reason.DRIFTED),
    ):
        if parts[name].status == FALSE:
            return Condition("Ready", FALSE, reason, parts[name].message)
    gaps = [each for each in picture.figures if each.gaps]
    if parts["WithinObjective"].reason is Reason.CATCHING_UP:
        return Condition("Ready", TRUE, Reason.CATCHING_UP, _gaps(gaps))
    if gaps:
        return Condition("Ready", TRUE, Reason.COPIES_PENDING, _gaps(gaps))
    meant = sum(each.in_scope for each in picture.figures)
    if meant and not any(each.copyable for each in picture.figures):
        return Condition("Ready", FALSE, Reason.NOTHING_COPYABLE, _all_copied(picture.figures))
    return Condition("Ready", TRUE, Reason.PROTECTED, _all_copied(picture.figures))


def _shut_out(picture: Picture) -> bool:
    """Tell whether an identity is known to be wrong: an error of somebody, and not a look that failed."""
    return any(row.name == "Identity" and row.status is PrerequisiteStatus.UNMET for row in picture.plan.prerequisites)


def _all_copied(figures: Sequence[Figures]) -> str:
    copied = sum(each.states.get(State.COPIED, 0) for each in figures)
    text = (
        f"Every one of {_points(copied)} in scope has its copy" if copied else "No recovery point in scope lacks a copy"
    )
    remarks = {
        reason: sum(each.reasons.get((State.COPIED, reason), 0) for each in figures)
        for reason in (Reason.ASSUMED_COPIED, Reason.COPY_COLD_EARLY)
    }
    assumed, cold = remarks.values()
    text += f", {assumed} of them only by assumption (copying.whenUncertain)" if assumed else ""
    text += f", {cold} of them to go cold earlier than declared (CopyColdEarly)" if cold else ""
    never: dict[Reason, int] = {}
    for each in figures:
        for (state, reason), count in each.reasons.items():
            if state is State.INELIGIBLE:
                never[reason] = never.get(reason, 0) + count
    if not never:
        return f"{text}."
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(never.items(), key=lambda item: -item[1]))
    return f"{text}; {sum(never.values())} cannot be copied ({reasons})."


def reconciling(ready: Condition) -> Condition | None:
    """Return Reconciling while the state is unknown (kstatus: in progress)."""
    if ready.status != UNKNOWN:
        return None
    return Condition("Reconciling", TRUE, ready.reason, ready.message)


def stalled(picture: Picture, ready: Condition) -> Condition | None:
    """Return Stalled while nothing at all can proceed until somebody acts."""
    rows = [row for row in picture.plan.prerequisites if row.blocks]
    unmet = {row.destination for row in rows if row.status is PrerequisiteStatus.UNMET}
    everywhere = "" in unmet or all(each.name in unmet for each in picture.desired.destinations)
    if ready.reason is Reason.PREREQUISITE_UNMET and everywhere:
        return Condition("Stalled", TRUE, ready.reason, ready.message)
    return None
