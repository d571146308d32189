"""One seed: the same world twice, once with everything that may go wrong, and once without; both must end alike."""

from __future__ import annotations

import functools
import json
import random
from dataclasses import dataclass, field
from typing import Any

from crossvault.kinds.kind import ObjectKey
from crossvault.status.outcome import Outcome

from . import world as worlds
from .cloud import Cloud
from .host import Host, stamp
from .invariants import Invariants
from .told import Told
from .troubles import Clocked, Failing, Lost, Timed, Troubles
from .world import FAULTS_END, HOUR, SHARED, Declared, Happening, World

PAUSES = (*[HOUR / 8] * 4, *[HOUR] * 8)
"""Between looks after the faults, until nothing goes on any more: copies are soon made, doubts take hours to go."""


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: what lies where, what the statuses say, and what stands in the policies of vaults."""

    copies: dict[str, list[tuple[str, float]]]
    conditions: dict[str, list[tuple[str, str, str]]]
    figures: dict[str, list[dict[str, Any]]]
    statements: dict[str, list[str]]


@dataclass(slots=True)
class Verdict:
    """What came of a seed."""

    seed: int
    passes: int = 0
    calls: int = 0
    lives: int = 0
    troubles: int = 0
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)


def run(seed: int) -> Verdict:
    """Run a seed."""
    world = worlds.of(seed)
    verdict = Verdict(seed)
    troubles = Troubles.of(seed, world)
    verdict.trace.append(f"seed {seed}: {troubles.described()}")
    end = _Run(world, troubles, random.Random(f"order of {seed}"), verdict).end()  # noqa: S311 - the same each time
    verdict.violations += _differences(undisturbed(seed // SHARED), end)
    verdict.trace += [f"VIOLATED: {each}" for each in verdict.violations]
    return verdict


@functools.lru_cache(maxsize=4)
def undisturbed(number: int) -> End:
    """Return how a world, by its number, ends in which nothing goes wrong."""
    seed = number * SHARED
    verdict = Verdict(seed)
    found = _Run(worlds.of(seed), Troubles.none(), random.Random(number), verdict).end()  # noqa: S311 - as above
    if verdict.violations:
        raise AssertionError(f"the world of seed {seed} is broken without faults: {verdict.violations}")
    return found


def _differences(undisturbed: End, end: End) -> list[str]:
    found: list[str] = []
    for name in End.__slots__:
        before, after = getattr(undisturbed, name), getattr(end, name)
        found += [
            f"the {name} of {key} end as {after.get(key)}, without faults as {before.get(key)}"
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]
    return found


class _Run:
    def __init__(self, world: World, troubles: Troubles, dice: random.Random, verdict: Verdict) -> None:
        self._world, self._troubles, self._dice, self._verdict = world, troubles, dice, verdict
        self._cloud = Cloud(world, troubles, verdict.trace.append)
        self._host = Host(world, self._cloud, dice, verdict.trace.append)
        self._invariants = Invariants(world, self._cloud, self._violated)
        self._host.passing, self._host.passed = self._invariants.before, self._passed

    def _violated(self, what: str) -> None:
        self._verdict.violations.append(f"{stamp(self._cloud.now)} {what}")

    def _passed(self, key: ObjectKey, body: dict[str, Any], _outcome: Outcome) -> None:
        said = " ".join(f"{each['type']}={each['status']}/{each['reason']}" for each in body["status"]["conditions"])
        figures = [_counts(each) for each in body["status"].get("destinations", ())]
        self._verdict.trace.append(f"{stamp(self._cloud.now)} {key.name}: {said} {json.dumps(figures)}")
        self._invariants.after(body)

    def end(self) -> End:
        """Run to the end."""
        try:
            self._until_faults_end()
            self._settle()
        finally:
            self._host.close()
        verdict = self._verdict
        verdict.passes, verdict.lives = self._host.passes, self._host.lives
        verdict.calls = len(self._cloud.heard)
        verdict.troubles = sum(bool(each.fate) for each in self._cloud.heard)
        return self._found()

    def _until_faults_end(self) -> None:
        troubles = self._troubles
        coming: list[Happening | Timed] = [*self._world.happenings, *troubles.timed]
        for each in sorted(coming, key=lambda what: what.at):
            self._host.run(each.at)
            self._verdict.trace.append(f"{stamp(self._cloud.now)} {each}")
            self._invariants.look()
            self._happen(each)
            self._invariants.look()
        self._host.run(FAULTS_END)
        self._verdict.trace.append(f"{stamp(self._cloud.now)} the faults are over")
        troubles.over = True
        self._cloud.doom()
        self._cloud.control.faults.clear()
        self._cloud.control.clear_outcomes()
        self._host.ahead = 0.0

    def _happen(self, what: Happening | Timed) -> None:
        match what:
            case Clocked(_, ahead):
                self._host.ahead = ahead
            case Lost(_, vault):
                self._cloud.lose(vault, theirs=self._world.targets[vault])
            case Failing(_, times):
                self._cloud.control.order("FAILED", times=times, message="An internal error occurred.")
            case Told(_, body):
                self._host.hear(body)
            case Declared():
                self._host.declare(what)
            case _:
                self._cloud.happen(what)

    def _settle(self) -> None:
        """Look until nothing goes on any more, and again after longer than an audit takes to come."""
        for first in (0.0, 7 * HOUR):
            for pause in (first, *PAUSES):
                self._cloud.wait(pause)
                self._host.wake()
                self._host.run(self._cloud.now + 1.0)
                if not self._cloud.is_copying() and self._host.is_content():
                    break

    def _found(self) -> End:
        cloud, world = self._cloud, self._world
        there = {(each.resource_arn, each.created) for place in world.sources for each in cloud.points(place)}
        return End(
            copies={
                place.arn: sorted(
                    (each.resource_arn, each.created)
                    for each in cloud.points(place)
                    if (each.resource_arn, each.created) in there
                )
                for place in world.targets
            },
            conditions={
                key.name: [(each["type"], each["status"], each["reason"]) for each in body["status"]["conditions"]]
                for key, body in self._host.bodies.items()
            },
            figures={
                key.name: [_counts(each) for each in body["status"]["destinations"]]
                for key, body in self._host.bodies.items()
            },
            statements={place.arn: cloud.statements(place) for place in world.targets},
        )


_COUNTS = ("name", "inScope", "copied", "inProgress", "waiting", "missing", "failed", "ineligible")


def _counts(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in _COUNTS}
