"""What becomes of the lifecycle of a copy that is there already: declared, and judged for one copy at a time.

| the copy | shortening accepted | what it is to have |
|---|---|---|
| ends earlier than declared, the declared end is to come | | the declared end |
| ends later than declared, or never | no | its own end: it is only told |
| ends later than declared, or never | yes | the declared end |
| as before, and the declared end is less than a day away, or over | yes | its own end: AWS would delete it at once |
| as before, and is in cold storage, where AWS keeps it for 90 days | yes | its own end |
| goes cold earlier than declared, and is warm | | the later date; never, where its end is too near for cold storage |
| is cold, or goes cold later than declared, or never | | its own date: nothing comes back from cold storage |

Retention counts from the copy's CreationDate, which is its source's. UpdateRecoveryPointLifecycle resets what is not
sent again, changes no date of a copy that is cold, and takes none for cold storage that is less than a day away.
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateRecoveryPointLifecycle.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ...engine.parts import Part
from ...manifest.fields import Fields
from .declared import Lifecycle

A_DAY = timedelta(days=1)
COLD_FOR = 90
"""Days for which AWS keeps in cold storage what has moved there."""

# --- Declared ------------------------------------------------------------------------------------------------------


class ExistingCopies(StrEnum):
    """What is done about copies whose lifecycle is another one than is declared."""

    KEEP = "Keep"
    UPDATE_LIFECYCLE = "UpdateLifecycle"


@dataclass(frozen=True, slots=True)
class Existing:
    """What is declared for the copies that are there; ``shorten_to_days`` is the retention accepted for longer ones."""

    mode: ExistingCopies = ExistingCopies.KEEP
    shorten_to_days: int | None = None

    @property
    def updates(self) -> bool:
        """Whether lifecycles of copies are changed at all."""
        return self.mode is ExistingCopies.UPDATE_LIFECYCLE


EXISTING: Part[Existing] = Part("existing copies", Existing())


def existing_from(fields: Fields, lifecycle: Lifecycle | None) -> Existing:
    """Read ``existingCopies`` and ``shortenExistingToDays`` of a destination."""
    mode = fields.choice("existingCopies", ExistingCopies.KEEP)
    accepted = fields.optional_integer("shortenExistingToDays")
    days = lifecycle.delete_after_days if lifecycle is not None else None
    if mode is ExistingCopies.UPDATE_LIFECYCLE and days is None:
        fields.fault("existingCopies", "UpdateLifecycle needs lifecycle.deleteAfterDays: declare how long copies live")
    elif accepted is not None and mode is not ExistingCopies.UPDATE_LIFECYCLE:
        fields.fault("shortenExistingToDays", "only with existingCopies: UpdateLifecycle")
    elif accepted is not None and accepted != days:
        words = f"must be lifecycle.deleteAfterDays, {days}, is {accepted}: shortening is accepted for one retention"
        fields.fault("shortenExistingToDays", words)
    return Existing(mode, accepted)


# --- Judged --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Life:
    """How long a copy lives, as AWS shows it.

    Attributes:
        created: From when its days count.
        delete_at: When AWS deletes it; None for never.
        cold_at: When it moves to cold storage, or has; None for never.
        cold: Whether it is in cold storage; None where AWS has not said, so that its date has to tell.
        told: The days from which the dates follow, as far as AWS has told them; None where they follow from the dates.
    """

    created: datetime
    delete_at: datetime | None = None
    cold_at: datetime | None = None
    cold: bool | None = None
    told: Lifecycle | None = None

    @property
    def days(self) -> Lifecycle:
        """The lifecycle from which the dates follow."""
        told = self.told or Lifecycle()
        return Lifecycle(
            self._days(self.cold_at, told.move_to_cold_storage_after_days),
            self._days(self.delete_at, told.delete_after_days),
        )

    def _days(self, at: datetime | None, told: int | None) -> int | None:
        if at is None:
            return None
        return told if told is not None else max(1, round((at - self.created) / A_DAY))

    def is_cold(self, now: datetime) -> bool:
        """Tell whether it is in cold storage, as far as is known."""
        return self.cold if self.cold is not None else self.cold_at is not None and self.cold_at <= now


class Fate(StrEnum):
    """How the end of a copy's life stands to the declared one, and what is to become of it."""

    AS_DECLARED = "as_declared"
    PROLONG = "prolong"
    SHORTEN = "shorten"
    LONGER = "longer"
    END_PASSED = "end_passed"
    IN_COLD = "in_cold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a copy; ``target`` is the whole lifecycle that it gets, None for the one that it has."""

    fate: Fate
    target: Lifecycle | None = None

    @property
    def shortens(self) -> bool:
        """Whether the copy is to go earlier than it would."""
        return self.fate is Fate.SHORTEN


def verdict(life: Life, declared: Lifecycle, existing: Existing, now: datetime) -> Verdict:
    """Judge one copy by the table of this module."""
    days = declared.delete_after_days
    if not existing.updates or days is None:
        return Verdict(Fate.AS_DECLARED)
    fate = _fate(life, days, now, accepted=existing.shorten_to_days == days)
    has = life.days
    end = days if fate in {Fate.PROLONG, Fate.SHORTEN} else has.delete_after_days
    if life.is_cold(now):
        if fate is Fate.SHORTEN and not _cold_long_enough(has.move_to_cold_storage_after_days, days):
            fate, end = Fate.IN_COLD, has.delete_after_days
        return _verdict(fate, life, replace(has, delete_after_days=end), now)
    cold = _later(life, declared.move_to_cold_storage_after_days)
    if cold is not None and (not _cold_long_enough(cold, end) or _is_over(life.created, cold, now)):
        cold = None
    elif cold is not None and life.created + timedelta(days=cold) < now + A_DAY:
        return Verdict(fate)  # It is about to move, and AWS would not take the date again; afterwards it does.
    return _verdict(fate, life, Lifecycle(cold, end), now)


def _fate(life: Life, days: int, now: datetime, *, accepted: bool) -> Fate:
    end = life.created + timedelta(days=days)
    if life.delete_at is not None and life.delete_at < end - A_DAY:
        return Fate.PROLONG if end > now else Fate.AS_DECLARED
    if life.delete_at is not None and life.delete_at <= end + A_DAY:
        return Fate.AS_DECLARED
    if not accepted:
        return Fate.LONGER
    return Fate.SHORTEN if end >= now + A_DAY else Fate.END_PASSED


def _later(life: Life, declared: int | None) -> int | None:
    """Return after how many days a warm copy moves to cold storage: never earlier than it would."""
    own = life.days.move_to_cold_storage_after_days
    if own is None or declared is None:
        return None
    return declared if declared > own + 1 else own


def _cold_long_enough(cold: int | None, end: int | None) -> bool:
    return cold is None or end is None or end >= cold + COLD_FOR


def _is_over(created: datetime, cold: int, now: datetime) -> bool:
    """Tell whether the date is over of a copy that is warm all the same: AWS ignores it for many types."""
    return created + timedelta(days=cold) < now - A_DAY


def _verdict(fate: Fate, life: Life, target: Lifecycle, now: datetime) -> Verdict:
    """Return the verdict; nothing is sent for what has it already, nor with an end that has passed."""
    days = target.delete_after_days
    over = days is not None and life.created + timedelta(days=days) <= now
    return Verdict(fate) if over or target == life.days else Verdict(fate, target)
