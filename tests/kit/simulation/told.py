"""What the operator is told of what happens, as events: late, twice, in another order, not at all, and what is forged.

Drawn from dice of their own, so that without events everything else goes on as it did.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.kit.event_queue import call, event
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, SECOND

from .world import FAULTS_END, Happening, Json, Made, Place, Stripped, World

LATEST = 300.0
"""Seconds by which an event comes late at most, as batches of AWS do."""
FORGED = (0, 0, 1, 2, 3)
RUBBISH = ("", "[]", "null", '{"detail": {}}', '{"detail": null, "id": null, "detail-type": null}')


@dataclass(frozen=True, slots=True)
class Told:
    """A message comes."""

    at: float
    body: str

    def __str__(self) -> str:
        return f"told {self.body[:200]}"


def of(seed: int, world: World) -> tuple[Told, ...]:
    """Return all that is told in the life of a seed."""
    dice = random.Random(f"events of {seed}")  # noqa: S311 - the same each time
    honest = [told for each in world.happenings for told in _of(each, dice)]
    return (*honest, *(_forged(world, dice) for _ in range(dice.choice(FORGED))))


def _of(happening: Happening, dice: random.Random) -> Iterator[Told]:
    """Yield what comes of the event of a happening: nothing, one, or the same one twice."""
    match happening:
        case Made(at, vault, _):
            body = _point(vault, dice)
        case Stripped(at, vault):
            body = _policy(vault, dice)
        case _:
            return
    for _ in range(dice.choice((0, 1, 1, 2))):
        yield Told(min(at + dice.choice((0.0, dice.uniform(0, LATEST))), FAULTS_END), body)


def _forged(world: World, dice: random.Random) -> Told:
    """Return what nobody but a forger says, or AWS of something that is nobody's here."""
    places = [*world.sources, *world.targets, Place(SECOND, HOME, "orders"), Place(BACKUP, AWAY, "elsewhere")]
    place = dice.choice(places)
    copied = {
        "state": dice.choice(("COMPLETED", "FAILED", "RUNNING")),
        "sourceBackupVaultArn": dice.choice(world.sources).arn,
        "destinationBackupVaultArn": place.arn,
    }
    body = dice.choice(
        (
            _point(place, dice),
            _policy(place, dice),
            _event("Copy Job State Change", copied, PRODUCTION, HOME, dice),
            _event("Backup Vault State Change", {"backupVaultName": place.name}, place.account, place.region, dice),
            _call("DisableKey", place, dice),
            dice.choice(RUBBISH),
        )
    )
    return Told(dice.uniform(0, FAULTS_END), body)


def _point(place: Place, dice: random.Random) -> str:
    detail = {"backupVaultName": place.name, "status": dice.choice(("COMPLETED", "DELETED"))}
    return _event("Recovery Point State Change", detail, place.account, place.region, dice)


def _policy(place: Place, dice: random.Random) -> str:
    return _call("DeleteBackupVaultAccessPolicy", place, dice)


def _call(name: str, place: Place, dice: random.Random) -> str:
    service = "kms" if name == "DisableKey" else "backup"
    detail = call(name, {"backupVaultName": place.name}, service, place.account, place.region)
    return _event("AWS API Call via CloudTrail", detail, place.account, place.region, dice, source=f"aws.{service}")


def _event(kind: str, detail: Json, account: str, region: str, dice: random.Random, **more: str) -> str:
    identity = f"{dice.getrandbits(64):016x}"
    return json.dumps(event(kind, detail, account_id=account, region=region, id=identity, **more))
