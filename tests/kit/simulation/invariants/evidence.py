"""On what ground a copy is started, or a policy written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from backup_simulator.records.state import RecoveryPoint

from ..steps import Call, Checks, Heard, Scene
from ..world import Place

Violated = Callable[[str], None]
Read: TypeAlias = tuple[str, str, str]

_DAY = 86_400.0
_WEEK = 7 * _DAY
_ENOUGH = 3
"""So many copies that are found where they belong prove how those of a type are written down."""


# --- 12 ------------------------------------------------------------------------------------------------------------


def halves_are_none(scene: Scene, violated: Violated) -> Checks:
    """Let nothing be started or written in a pass in which the last answer that it rests on is half of one."""
    halves: set[Read] = set()
    passing: list[object] = [None]

    def asks(call: Call) -> None:
        if passing[0] is not scene.passing:
            passing[0] = scene.passing  # what is known from before, and not too old, may be whole
            halves.clear()
        if resting := halves.intersection(_needed(call)):
            violated(f"{call.operation} rests on half an answer: {sorted(resting)}")

    def hears(call: Call, heard: Heard) -> None:
        read = call.operation, call.account, call.vault
        if heard.spoilt and not call.mutating:
            halves.add(read)
        elif heard.status:
            halves.discard(read)
            if call.operation == "ListCopyJobs":
                # That nothing has arrived since, jobs tell too: the listing before the spoilt one holds on then.
                halves.difference_update([each for each in halves if each[0].startswith("ListRecoveryPoints")])

    return Checks(asks=asks, hears=hears)


def _needed(call: Call) -> Iterator[Read]:
    """Yield the reads without which a write is a guess."""
    match call.operation:
        case "StartCopyJob":
            target = call.sent["DestinationBackupVaultArn"].split(":")
            for account, vault in ((call.account, call.sent["SourceBackupVaultName"]), (target[4], target[6])):
                yield ("ListRecoveryPointsByBackupVault", account, vault)
                yield ("ListBackupVaults", account, "")
            yield ("ListCopyJobs", call.account, "")
            yield ("GetBackupVaultAccessPolicy", target[4], target[6])
        case "PutBackupVaultAccessPolicy" | "DeleteBackupVaultAccessPolicy":
            yield ("GetBackupVaultAccessPolicy", call.account, call.vault)
        case "CreateBackupVault":
            yield ("ListBackupVaults", call.account, "")
        case _:
            return


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
        """Tell whether it is the newest of its type that has no job, and young enough for one to be known."""
        alike = [each for each in self._points if each.resource_type == point.resource_type]
        begun = {each.source_point_arn for each in self._jobs if each.state != "FAILED"}
        open_ = [each for each in alike if each.arn not in begun]
        newest = max(open_, key=lambda each: (each.created, each.arn), default=point)
        return point.created >= newest.created and point.created > self._now - _WEEK
