"""On what ground a copy is started, or a policy written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

from backup_simulator.records.state import RecoveryPoint

from ..steps import Call, Checks, Heard, Passing, Scene
from ..world import Place

Violated = Callable[[str], None]
Read: TypeAlias = tuple[str, str, str]

_LISTING = "ListRecoveryPointsByBackupVault"
_AN_HOUR = 3_600.0
_LONGEST = {_LISTING: 7 * _AN_HOUR}
"""How long a whole answer may be believed: an interval with what may be added to it; a listing, until the audit."""
_DAY = 86_400.0
_WEEK = 7 * _DAY
_ENOUGH = 3
"""So many copies that are found where they belong prove how those of a type are written down."""


# --- 12 ------------------------------------------------------------------------------------------------------------


def halves_are_none(scene: Scene, violated: Violated) -> Checks:
    """Let nothing be started or written that rests on half an answer, in whatever pass that came.

    It does if the last answer is half of one and came in the same pass; or if none was whole since the operator
    began, or none for so long that it must not be believed any more.
    """
    evidence = _Evidence(scene, violated)
    return Checks(asks=evidence.asks, hears=evidence.hears)


class _Evidence:
    """What the life that is going on has heard of each read: half an answer last, and when a whole one."""

    def __init__(self, scene: Scene, violated: Violated) -> None:
        self._scene, self._violated = scene, violated
        self._life = 0
        self._passing: Passing | None = None
        self._halves: dict[Read, Passing | None] = {}
        self._walks: dict[Read, bool] = {}
        self._whole: dict[Read, float] = {}

    def asks(self, call: Call) -> None:
        self._passing = self._scene.passing
        if call.life != self._life:
            self._life = call.life
            for each in (self._halves, self._walks, self._whole):
                each.clear()
        needed, listed = set(_needed(call)), set(_listed(call))
        if resting := sorted(each for each in needed & self._halves.keys() if self._is_doubtful(each)):
            self._violated(f"{call.operation} rests on half an answer: {resting}")
        elif unseen := sorted(listed - self._whole.keys()):
            self._violated(f"{call.operation} rests on what was never listed in whole: {unseen}")

    def _is_doubtful(self, read: Read) -> bool:
        whole = self._whole.get(read)
        longest = _LONGEST.get(read[0], _AN_HOUR)
        same = self._halves[read] is self._passing
        return same or whole is None or self._scene.cloud.now - whole > longest

    def hears(self, call: Call, heard: Heard) -> None:
        read = call.operation, call.account, call.vault or call.plan
        if call.mutating or not heard.status:
            return
        if heard.spoilt:
            self._halves[read] = self._passing
            self._walks.pop(read, None)
        elif heard.whole and call.operation.startswith("List"):
            self._note(read, call, heard)
        elif heard.whole:
            self._is_known(read)
            if call.operation == "DescribeBackupVault":
                self._halves.pop(("ListBackupVaults", call.account, ""), None)  # which is asked where this says nothing
        else:
            self._walks.pop(read, None)
            if not heard.fate:
                self._is_known(read)  # that there is none is an answer

    def _note(self, read: Read, call: Call, heard: Heard) -> None:
        """Note a good page: a list is known when its last page has come, and in whole if nothing was left out."""
        if not call.goes_on:
            self._walks[read] = not call.narrowed
        if read not in self._walks or json.loads(heard.body).get("NextToken"):
            return
        if self._walks.pop(read) or read in self._whole:
            self._is_known(read)
        if call.operation == "ListCopyJobs":
            # That nothing has arrived since, jobs tell too: the listing before the spoilt one holds on then.
            for each in [each for each in self._halves if each[0] == _LISTING and each in self._whole]:
                del self._halves[each]

    def _is_known(self, read: Read) -> None:
        self._halves.pop(read, None)
        self._whole[read] = self._scene.cloud.now


def _needed(call: Call) -> Iterator[Read]:
    """Yield the reads without which a write is a guess."""
    account, plan = call.account, call.plan
    match call.operation:
        case "StartCopyJob":
            yield from _listed(call)
            yield ("GetBackupVaultAccessPolicy", *_target(call))
            yield ("ListBackupVaults", account, "")
            yield ("ListBackupVaults", _target(call)[0], "")
        case "PutBackupVaultAccessPolicy" | "DeleteBackupVaultAccessPolicy":
            yield ("GetBackupVaultAccessPolicy", account, call.vault)
        case "CreateBackupVault":
            yield ("ListBackupVaults", account, "")
        case "CreateBackupPlan":
            yield ("ListBackupPlans", account, "")
        case "UpdateBackupPlan" | "DeleteBackupPlan":
            yield ("GetBackupPlan", account, plan)
        case "CreateBackupSelection" | "DeleteBackupSelection":
            yield ("ListBackupSelections", account, plan)
        case _:
            return


def _listed(call: Call) -> Iterator[Read]:
    """Yield the lists that have to be known in whole before a copy is started."""
    if call.operation == "StartCopyJob":
        target = _target(call)
        yield (_LISTING, call.account, call.sent["SourceBackupVaultName"])
        yield (_LISTING, *target)
        yield ("ListCopyJobs", call.account, "")


def _target(call: Call) -> tuple[str, str]:
    arn = call.sent["DestinationBackupVaultArn"].split(":")
    return arn[4], arn[6]


# --- 13 ------------------------------------------------------------------------------------------------------------


def no_start_in_doubt(scene: Scene, violated: Violated) -> Checks:
    """Let nothing be started for a recovery point that an unexplained copy might be of, but on a ground."""
    ever: dict[Place, dict[str, RecoveryPoint]] = {place: {} for place in scene.world.sources}

    def look() -> None:
        for place, known in ever.items():
            known.update({each.arn: each for each in scene.cloud.points(place)})

    def asks(call: Call) -> None:
        if call.operation != "StartCopyJob":
            return
        look()
        source = next(each for each in ever if each.name == call.sent["SourceBackupVaultName"])
        target = next(
            (each for each in scene.world.targets if each.arn == call.sent["DestinationBackupVaultArn"]), None
        )
        point = ever[source].get(call.sent["RecoveryPointArn"])
        if point is None or target is None:
            return
        case = _Case(scene, source, target, tuple(ever[source].values()))
        if (strange := case.could_be(point)) and not case.has_ground(point):
            violated(f"{point.arn} is started, and {strange[0].arn} in {target.name} might be its copy")

    look()
    return Checks(asks=asks, happens=look)


class _Case:
    """One pair of vaults, as it lies there."""

    def __init__(self, scene: Scene, source: Place, target: Place, points: tuple[RecoveryPoint, ...]) -> None:
        self._now, self._points = scene.cloud.moment, points
        self._listed = self._now - scene.cloud.trouble.stale
        self._jobs = [each for each in scene.cloud.jobs(source) if each.destination_vault_arn == target.arn]
        self._copies = scene.cloud.points(target)
        self._source = source.arn

    def could_be(self, point: RecoveryPoint) -> list[RecoveryPoint]:
        """Return what nothing explains and is not older than the point."""
        named = {each.destination_point_arn for each in self._jobs}
        backups = {(each.resource_arn, each.created) for each in self._points}
        return [
            each
            for each in self._copies
            if each.resource_type == point.resource_type
            and each.resource_arn == point.resource_arn
            and each.source_vault_arn == self._source
            and each.arn not in named
            and (each.resource_arn, each.created) not in backups
            and each.created >= point.created - _DAY
        ]

    def has_ground(self, point: RecoveryPoint) -> bool:
        """Tell whether jobs, other copies, or being the first of its type to go make it certain enough."""
        ended = [each for each in self._jobs if each.state == "COMPLETED" and each.completed is not None]
        if any(each.completed is not None and each.completed < point.created for each in ended):
            return True
        backups = {(each.resource_arn, each.created) for each in self._points}
        alike = [each for each in self._copies if each.resource_type == point.resource_type]
        proven = sum((each.resource_arn, each.created) in backups for each in alike) >= _ENOUGH
        return proven or self._goes_ahead(point)

    def _goes_ahead(self, point: RecoveryPoint) -> bool:
        """Tell whether it is the newest in doubt of its type that was never tried, alone, and young."""
        alike = {each.arn: each for each in self._points if each.resource_type == point.resource_type}
        alike = {arn: each for arn, each in alike.items() if self.could_be(each)}
        jobs = [each for each in self._jobs if each.source_point_arn in alike]
        # A life that begins while lists are old cannot know of the jobs of the one before it.
        running = [each for each in jobs if each.state in {"CREATED", "RUNNING"} and each.created < self._listed]
        if any(each.source_point_arn != point.arn for each in running):
            return False
        untried = alike.keys() - {each.source_point_arn for each in jobs}
        newest = max((alike[each].created for each in untried), default=point.created)
        return point.created >= newest and point.created > self._now - _WEEK
