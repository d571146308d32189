"""How a copy that is there gets another lifecycle: it is looked at, judged once more, changed, and looked at again.

A listing may be hours old, and somebody may have changed the copy meanwhile: what was planned from the one is done only
if it is still the same by the other. UpdateRecoveryPointLifecycle replaces all of a lifecycle, so whatever AWS shows of
it and is not to change is sent as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ....aws.entered import Entered, fingerprint
from ....aws.hands import Reach
from ....aws.reads import ReadKey
from ....engine.plan import Result
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ...lifecycle import Lifecycle
from ...lifecycle.existing import Life, Verdict, verdict
from ..seen import GOOD_STATUSES, RecoveryPoint
from ..updates import UpdateLifecycle, refused_for_all
from .kept import KeptListings
from .names import copies_key, points_key

NEVER = -1
"""How AWS writes that there is neither cold storage nor an end."""


@dataclass(frozen=True, slots=True)
class _Described:
    """A copy as DescribeRecoveryPoint shows it.

    Attributes:
        opted_in: Whether AWS moves it to an archive tier, where it says so.
        event: What it is deleted after besides; AWS does not take that in a request.
    """

    status: str
    life: Life
    opted_in: bool | None = None
    event: str | None = None


class ExistingCopies:
    """Changes the lifecycles of copies in destination vaults."""

    def __init__(self, reach: Reach, kept: KeptListings) -> None:
        self._reach = reach
        self._kept = kept

    def update(self, action: UpdateLifecycle) -> Result:
        """Give one copy its lifecycle, unless AWS has just refused that, or it has the lifecycle already."""
        if action.copy is None:
            return Result(action, withheld=True)
        refused, for_all = self._reach.refused_writes, replace(action, copy=None)
        with self._reach.turns.of(action.vault.arn):
            for each in (for_all, action):
                problem = refused.standing(each, self._reach.clock())
                if problem is not None:
                    return Result(action, problem)
            try:
                found = not self._update(action, action.copy)
            except CrossvaultError as error:
                concerns = for_all if refused_for_all(error.problem) else action
                refused.add(concerns, error.problem, self._reach.clock())
                return Result(action, error.problem)
            refused.discard(for_all)
            refused.discard(action)
            return Result(action, found=found)

    def _update(self, action: UpdateLifecycle, copy: RecoveryPoint) -> bool:
        """Change what is still to be changed; return False when nothing is."""
        access = self._reach.enter(action.vault)
        before = self._describe(access, action, copy)
        judged = self._verdict(action, before)
        if judged.target is None or judged.fate is not action.verdict.fate or before.status not in GOOD_STATUSES:
            if _as_shown(copy, before) == copy:
                raise CrossvaultError(_nothing_to_do(copy))  # the listing will go on saying that there is something
            return False
        if before.event is not None:
            raise CrossvaultError(_not_ours(copy, before.event))
        vault = action.vault
        with access.asking(f"change the lifecycle of {copy.arn}", "backup:UpdateRecoveryPointLifecycle", vault.region):
            access.backup(vault.region).update_recovery_point_lifecycle(
                BackupVaultName=vault.name,
                RecoveryPointArn=copy.arn,
                Lifecycle=members(judged.target, action.declared.opt_in_to_archive or before.opted_in),
            )
        after = self._describe(access, action, copy)
        if self._verdict(action, after).target is not None:
            raise CrossvaultError(_not_taken(copy, judged.target, after.life.days))
        return True

    def _verdict(self, action: UpdateLifecycle, shown: _Described) -> Verdict:
        return verdict(shown.life, action.declared, action.existing, self._reach.clock())

    def _describe(self, access: Entered, action: UpdateLifecycle, copy: RecoveryPoint) -> _Described:
        """Look at one copy, and let the kept listing of its vault know."""
        vault = action.vault
        with access.asking(f"look at {copy.arn}", "backup:DescribeRecoveryPoint", vault.region):
            answer = access.backup(vault.region).describe_recovery_point(
                BackupVaultName=vault.name, RecoveryPointArn=copy.arn
            )
        shown = described(answer)
        seen = _as_shown(copy, shown)
        if seen != copy:
            self._kept.correct(points_key(access.fingerprint, vault.region, vault.name), seen)
            self._reach.reads.invalidate(_read_of(access, action))
        return shown


def _as_shown(copy: RecoveryPoint, shown: _Described) -> RecoveryPoint:
    life = shown.life
    return replace(
        copy,
        status=shown.status,
        delete_at=life.delete_at,
        cold_at=life.cold_at,
        delete_after_days=life.days.delete_after_days,
    )


def _read_of(access: Entered, action: UpdateLifecycle) -> ReadKey:
    vault, source = action.vault, action.source
    return copies_key(access.fingerprint, vault.region, vault.name, fingerprint(source.account), source.region)


def described(answer: Mapping[str, Any]) -> _Described:
    """Read what DescribeRecoveryPoint answers. Days of which AWS shows no date count all the same."""
    created, days, dates = (
        answer["CreationDate"],
        answer.get("Lifecycle") or {},
        answer.get("CalculatedLifecycle") or {},
    )
    told = Lifecycle(_days(days.get("MoveToColdStorageAfterDays")), _days(days.get("DeleteAfterDays")))
    storage = answer.get("StorageClass")
    life = Life(
        created=created.astimezone(UTC),
        delete_at=_date(dates.get("DeleteAt"), created, told.delete_after_days),
        cold_at=_date(dates.get("MoveToColdStorageAt"), created, told.move_to_cold_storage_after_days),
        cold=storage != "WARM" if storage else None,
        told=told,
    )
    return _Described(
        answer["Status"], life, days.get("OptInToArchiveForSupportedResources"), days.get("DeleteAfterEvent") or None
    )


def _days(days: int | None) -> int | None:
    return days if days is not None and days > 0 else None


def _date(date: datetime | None, created: datetime, days: int | None) -> datetime | None:
    if date is None and days is not None:
        date = created + timedelta(days=days)
    return None if date is None else date.astimezone(UTC)


def members(target: Lifecycle, opted_in: bool | None) -> Any:  # noqa: ANN401 - as AWS shows and takes it
    """Return the whole lifecycle as AWS takes it; what is left out of it is reset, which is how it becomes never."""
    cold, end = target.move_to_cold_storage_after_days, target.delete_after_days
    days: dict[str, Any] = {"MoveToColdStorageAfterDays": cold, "DeleteAfterDays": end}
    if cold is None and end is None:
        days = dict.fromkeys(days, NEVER)
    return {
        **{name: value for name, value in days.items() if value is not None},
        **({"OptInToArchiveForSupportedResources": opted_in} if opted_in is not None else {}),
    }


def _not_ours(copy: RecoveryPoint, event: str) -> Problem:
    words = f"{copy.arn} is deleted after an event ({event}), which AWS takes back with every change of its lifecycle."
    return Problem(Reason.LIFECYCLE_KEPT, words, ErrorClass.STUCK)


def _nothing_to_do(copy: RecoveryPoint) -> Problem:
    words = f"Looked at by itself, {copy.arn} is not to be changed now: it is about to move, or is in use."
    return Problem(Reason.LIFECYCLE_KEPT, words, ErrorClass.STUCK)


def _not_taken(copy: RecoveryPoint, wanted: Lifecycle, has: Lifecycle) -> Problem:
    words = f"AWS took another lifecycle for {copy.arn}, {_told(wanted)}, and goes on showing {_told(has)}."
    return Problem(Reason.LIFECYCLE_KEPT, words, ErrorClass.STUCK)


def _told(lifecycle: Lifecycle) -> str:
    end, cold = lifecycle.delete_after_days, lifecycle.move_to_cold_storage_after_days
    return (
        f"{'no end' if end is None else f'{end} days'}, {'never cold' if cold is None else f'cold after {cold} days'}"
    )
