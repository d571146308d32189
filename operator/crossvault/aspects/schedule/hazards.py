"""What a schedule promises that AWS will not keep: told before a plan is written, and before a night is lost. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from ...engine.plan import Base
from ...engine.rows import Prerequisite, met, unmet
from ...manifest.fields import format_duration
from ...words.instants import instant
from ...words.reasons import Reason
from ..vault import vault_of, vault_to_be
from ..vault.lock import held_to
from ..vault.seen import KEYS
from . import overlaps, scanning, targets
from .actions import HAZARDS_ROW, PLAN_ROW
from .declared import AFTER_COLD, LONGEST_CONTINUOUS, Rule, Schedule, longest_interval
from .document import copy_lifecycle, keeps_by_itself

_DAY = 24 * 60


def refusal(base: Base, schedule: Schedule) -> Prerequisite | None:
    """Return the row about what AWS Backup would refuse: a copy that expires too early after it went cold."""
    for rule in schedule.rules:
        for each in base.desired.destinations:
            lifecycle = copy_lifecycle(rule, each)
            cold, days = lifecycle.move_to_cold_storage_after_days, lifecycle.delete_after_days
            if cold is None or days is None or days >= cold + AFTER_COLD:
                continue
            message = (
                f"Copies of rule {rule.name} at {each.name} would live {days} days and go cold after {cold}: what went"
                f" cold has to stay {AFTER_COLD} days."
            )
            remedy = (
                f"Set deleteAfterDays: {cold + AFTER_COLD} or more in spec.destinations[].lifecycle of {each.name}."
            )
            return unmet(PLAN_ROW, "", Reason.LIFECYCLE_REFUSED, message, remedy, blocks=False)
    return None


def hazards(base: Base, schedule: Schedule) -> tuple[Prerequisite, ...]:
    """Judge what a schedule promises.

    | rule | row |
    |---|---|
    | its backups live shorter, or longer, than the lock of the source vault allows | Unmet: backup jobs fail |
    | its copies inherit that, and the lock of their vault does not allow it | Unmet: copy jobs fail |
    | it does not run any more | Unmet |
    | none of them runs as often as objectives.maxCopyLag asks for new copies | Unmet: it cannot be kept |
    | two of its runs in a row are left out for another rule, whose start window overlaps | Unmet |
    | its backups may expire, or go cold, before a job that began late was copied | Unmet: they may never be copied |
    | it is continuous, and its copies would live as shortly as its backups, because a destination says nothing else |
    Unmet: they are snapshots, and no recovery to a point in time is possible from them |
    | it is continuous, and destinations say how long snapshots live there | Met, and says so |
    | its backups go into an air-gapped vault first | as :func:`.targets.hazards` has it; Met says what is not seen |
    | it makes indexes, or scans | as :func:`.scanning.hazards` has it |
    | a run of it, and not the one after it, is left out for another rule | Met, and says so: one backup is made |
    | anything else | Met |

    No copy is held because of it: those of backups that are there go on.
    """
    found = [
        *_over(base, schedule),
        *_sparse(base, schedule),
        *_overlapping(base, schedule),
        *(each for rule in schedule.rules for each in _of(base, rule)),
        *(each for rule in schedule.rules for each in _inherited(base, rule)),
        *(each for rule in schedule.rules if rule.continuous for each in _continuous(base, rule)),
        *targets.hazards(base, schedule),
        *scanning.hazards(base, schedule),
    ]
    if not found:
        names = ", ".join(rule.name for rule in schedule.rules if rule.continuous)
        snapshots = f" Copies of continuous backups are snapshots ({names})." if names else ""
        words = f"The rules keep backups for as long as their copies need them.{snapshots}{targets.told(schedule)}"
        return (met(HAZARDS_ROW, "", f"{words}{_single(base, schedule)}"),)
    more = f" {len(found) - 1} more of this kind." if len(found) > 1 else ""
    return (replace(found[0], message=f"{found[0].message}{more}"),)


def _continuous(base: Base, rule: Rule) -> Iterator[Prerequisite]:
    """Tell of copies of continuous backups that end with them: who wants to keep snapshots says for how long.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html
    """
    for each in base.desired.destinations:
        if keeps_by_itself(each):
            continue
        days = rule.lifecycle.delete_after_days
        message = (
            f"Rule {rule.name} makes continuous backups: their copies at {each.name} are snapshots, without recovery to"
            f" a point in time, and would be gone after {days} day{'' if days == 1 else 's'} like the backups, which"
            f" live {LONGEST_CONTINUOUS} at most."
        )
        remedy = f"Set lifecycle.deleteAfterDays of destination {each.name} to how long snapshots are to be kept there."
        yield unmet(HAZARDS_ROW, "", Reason.COPIES_ARE_SNAPSHOTS, message, remedy, blocks=False)


def _over(base: Base, schedule: Schedule) -> Iterator[Prerequisite]:
    """Tell of a rule that never runs again, as one of a year that has passed."""
    for rule in schedule.rules:
        if rule.next_run(base.case.observed.at) is None:
            message = f"Rule {rule.name} does not run any more: {rule.cron} names no moment to come."
            remedy = f"Correct cron in spec.schedule.rules of {rule.name}, or take the rule out."
            yield unmet(HAZARDS_ROW, "", Reason.SCHEDULE_TOO_SPARSE, message, remedy, blocks=False)


def _sparse(base: Base, schedule: Schedule) -> Iterator[Prerequisite]:
    """Compare the rule that runs most often with the objective: between two backups nothing new can be copied.

    An hour more is no wonder: the day on which the clock is set back has one.
    """
    lag, distance = schedule.objective, longest_interval(schedule.rules, base.case.observed.at)
    if lag is None or distance is None or distance <= lag + timedelta(hours=1):
        return
    message = (
        f"The rules make backups up to {format_duration(distance)} apart, and objectives.maxCopyLag is"
        f" {format_duration(lag)}: what changes in between has no copy for longer than that."
    )
    remedy = "Let a rule of spec.schedule run more often, or raise spec.objectives.maxCopyLag."
    yield unmet(HAZARDS_ROW, "", Reason.SCHEDULE_TOO_SPARSE, message, remedy, blocks=False)


def _overlapping(base: Base, schedule: Schedule) -> Iterator[Prerequisite]:
    """Tell of rules that lose more than a single run to another one, which makes that backup."""
    for each in overlaps.in_a_row(schedule.rules, base.case.observed.at):
        name, other = each.rule.name, each.instead.name
        message = (
            f"Runs of rule {name} are left out, next at {instant(each.at)}: rule {other} begins within the same start"
            f" window, and AWS Backup makes one backup then, as {other} has it, which keeps it longer or stands first."
        )
        remedy = (
            f"Let {name} and {other} begin further apart than their start windows, or shorten startWindowMinutes in"
            f" spec.schedule.rules."
        )
        yield unmet(HAZARDS_ROW, "", Reason.OVERLAPPING_RULES, message, remedy, blocks=False)


def _single(base: Base, schedule: Schedule) -> str:
    """Say which run is left out next, where no two in a row are: the backup of the other rule is there instead."""
    found = overlaps.left_out(schedule.rules, base.case.observed.at)
    first = min(found, key=lambda each: each.at, default=None)
    if first is None:
        return ""
    return (
        f" AWS Backup leaves the run of {first.rule.name} at {instant(first.at)} out for {first.instead.name}, whose"
        " start window overlaps."
    )


def _of(base: Base, rule: Rule) -> Iterator[Prerequisite]:
    vault, days = vault_of(base.sight), rule.lifecycle.delete_after_days or 0
    bounds = vault.bounds if vault is not None else None
    if vault is not None and bounds is not None and not bounds[0] <= days <= bounds[1]:
        message = (
            f"Rule {rule.name} keeps backups {days} days; the lock of vault {vault.name} allows {bounds[0]} to"
            f" {bounds[1]} days, so AWS fails its jobs."
        )
        remedy = f"Set deleteAfterDays within {bounds[0]} to {bounds[1]} in spec.schedule.rules of {rule.name}."
        yield unmet(HAZARDS_ROW, "", Reason.RETENTION_OUT_OF_BOUNDS, message, remedy, blocks=False)
    # A job may begin until the end of its start window; a day is what backup and copy seldom need more than.
    needed = rule.start_window + _DAY
    cold = rule.lifecycle.move_to_cold_storage_after_days
    ends = [("expire", days, "deleteAfterDays", "gone")]
    ends += [("go cold", cold, "moveToColdStorageAfterDays", "cold")] if cold is not None else []
    for what, after, field, then in ends:
        if after * _DAY < needed:
            message = (
                f"Backups of rule {rule.name} {what} after {after} day{'' if after == 1 else 's'}, and may begin"
                f" {rule.start_window / 60:.3g} hours late: AWS may come to copy what is {then}."
            )
            remedy = f"Shorten startWindowMinutes, or raise {field}, in spec.schedule.rules of {rule.name}."
            yield unmet(HAZARDS_ROW, "", Reason.SCHEDULE_TOO_TIGHT, message, remedy, blocks=False)


def _inherited(base: Base, rule: Rule) -> Iterator[Prerequisite]:
    """Compare copies that live as long as their backups with the lock of their vault, before there is any backup."""
    observed, days = base.case.observed, rule.lifecycle.delete_after_days or 0
    for each in base.desired.destinations:
        sight = observed.of(each.name)
        vault = vault_of(sight) or vault_to_be(each, sight[KEYS].wanted)
        bounds = held_to(each, vault).bounds if vault is not None and not keeps_by_itself(each) else None
        if vault is None or bounds is None or bounds[0] <= days <= bounds[1]:
            continue
        message = (
            f"Copies of rule {rule.name} at {each.name} live {days} days like its backups; the lock of vault"
            f" {vault.name} allows {bounds[0]} to {bounds[1]} days, so AWS fails their jobs."
        )
        remedy = f"Set lifecycle.deleteAfterDays of destination {each.name} within {bounds[0]} to {bounds[1]}."
        yield unmet(HAZARDS_ROW, "", Reason.RETENTION_OUT_OF_BOUNDS, message, remedy, blocks=False)


__all__ = ["HAZARDS_ROW", "hazards", "refusal"]
