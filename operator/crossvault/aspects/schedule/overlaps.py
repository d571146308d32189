"""Rules of one plan whose start windows overlap: AWS Backup then makes one backup, for the rule that keeps it longer.

The whole start window counts, not the moment at which a rule runs.
https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html
Which of two that keep equally long runs is not documented; the one that stands first is taken for it. A continuous rule
and one that is not have nothing to do with each other.
https://docs.aws.amazon.com/aws-backup/latest/devguide/understanding-backup-plan-summaries.html
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from .declared import LONGEST, Rule

AHEAD = 60
"""So many runs of a rule are looked at."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One run of a rule that is left out, and the rule for which AWS makes the backup instead."""

    rule: Rule
    at: datetime
    instead: Rule


def instead_of(rules: tuple[Rule, ...], rule: Rule, at: datetime) -> Rule | None:
    """Return the rule because of which a run of another one is left out; None where it is not."""
    place = rules.index(rule)
    end = at + timedelta(minutes=rule.start_window)
    for number, other in enumerate(rules):
        if number == place or other.continuous != rule.continuous:
            continue
        kept = _kept(other) - _kept(rule)
        if kept < 0 or (kept == 0 and number > place):
            continue
        begins = other.next_run(at - timedelta(minutes=other.start_window))
        if begins is not None and begins < end:
            return other
    return None


def _kept(rule: Rule) -> int:
    return rule.lifecycle.delete_after_days or LONGEST + 1


def next_run(rules: tuple[Rule, ...], rule: Rule, after: datetime) -> datetime | None:
    """Return when a rule runs next after an instant and makes backups; None where none of its next runs does."""
    runs = itertools.islice(_runs(rule, after), AHEAD)
    return next((at for at in runs if instead_of(rules, rule, at) is None), None)


def _runs(rule: Rule, after: datetime) -> Iterator[datetime]:
    at = rule.next_run(after)
    while at is not None:
        yield at
        at = rule.next_run(at)


def left_out(rules: tuple[Rule, ...], now: datetime) -> tuple[LeftOut, ...]:
    """Return the runs that are left out in the time to come, those of each rule in their order."""
    return tuple(each for rule in rules for each in _left_out(rules, rule, now.date()) if each.at > now)


@lru_cache(maxsize=4096)
def _left_out(rules: tuple[Rule, ...], rule: Rule, day: date) -> tuple[LeftOut, ...]:
    if len(rules) < 2:
        return ()
    runs = itertools.islice(_runs(rule, datetime.combine(day, time(), UTC)), AHEAD)
    found = ((at, instead_of(rules, rule, at)) for at in runs)
    return tuple(LeftOut(rule, at, other) for at, other in found if other is not None)


def in_a_row(rules: tuple[Rule, ...], now: datetime) -> Iterator[LeftOut]:
    """Yield the first of two runs of a rule that are left out one after the other, of each rule that has such."""
    for rule in rules:
        found = [each for each in left_out(rules, now) if each.rule is rule]
        pairs = itertools.pairwise(found)
        first = next((one for one, two in pairs if rule.next_run(one.at) == two.at), None)
        if first is not None:
            yield first
