"""One seed: the same world twice, once with everything that may go wrong, and once without; both must end alike."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crossvault.engine.declared import PolicyKey
from crossvault.kinds import POLICY
from crossvault.status.outcome import Outcome

from . import making
from .cloud import OURS, Cloud
from .host import Host, stamp
from .invariants import INVARIANTS
from .steps import Passing, Scene, Witness
from .told import Told
from .troubles import FIRST_PASSES, Amid, Clocked, Failing, Lost, Timed, Troubles
from .world import FAULTS_END, HOUR, SHARED, Declared, Happening, Json, Removed, World, outlook

PAUSES = (*[HOUR / 8] * 4, *[HOUR] * 8)
"""Between looks after the faults, until nothing goes on any more: copies are soon made, doubts take hours to go."""

REPLAY = "python -m tests.kit.simulation --seed {seed} --steps"


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, as far as that does not depend on how soon the operator acts (:func:`.world.outlook`).

    Attributes:
        copies: What lies in each destination vault of what lies in the sources.
        conditions: What the statuses say.
        figures: How many recovery points they count.
        statements: What stands in the policies of vaults.
        plans: The backup plans of policies, with what they back up.
    """

    copies: dict[str, list[tuple[str, float]]]
    conditions: dict[str, list[tuple[str, str, str]]]
    figures: dict[str, list[dict[str, Any]]]
    statements: dict[str, list[str]]
    plans: dict[str, str]


@dataclass(slots=True)
class Verdict:
    """What came of a seed; ``broken`` has the numbers of the invariants that did not hold."""

    seed: int
    passes: int = 0
    calls: int = 0
    lives: int = 0
    troubles: int = 0
    violations: list[str] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    trace: list[str] = field(default_factory=list)

    @property
    def told(self) -> tuple[str, ...]:
        """What is violated, and the command that replays it exactly; nothing where all holds."""
        if not self.violations:
            return ()
        lines = [f"seed {self.seed}: {each}" for each in self.violations]
        return (*lines, f"seed {self.seed}: replay it with: {REPLAY.format(seed=self.seed)}")


def run(seed: int, met: Callable[[int, World], Troubles] = Troubles.of) -> Verdict:
    """Run a seed, with the troubles that are its own or with others that are ``met``."""
    world = making.of(seed)
    verdict = Verdict(seed)
    troubles = met(seed, world)
    verdict.trace.append(f"seed {seed}: {troubles.described()}")
    end = _Run(world, troubles, random.Random(f"order of {seed}"), verdict).end()  # noqa: S311 - the same each time
    differences = _differences(undisturbed(seed // SHARED), end)
    if differences and troubles.lost:
        # What nobody puts back (what a stranger copied, a statement of a policy that only observes) is gone for good.
        differences = _differences(_bereft(seed, world, troubles.lost), end)
    verdict.violations += differences
    verdict.trace += [f"VIOLATED: {each}" for each in verdict.violations]
    return verdict


@functools.lru_cache(maxsize=4)
def undisturbed(number: int) -> End:
    """Return how a world, by its number, ends in which nothing goes wrong."""
    seed = number * SHARED
    verdict = Verdict(seed)
    found = _Run(making.of(seed), Troubles.none(), random.Random(number), verdict).end()  # noqa: S311 - as above
    if verdict.violations:
        raise AssertionError(f"the world of seed {seed} is broken without faults: {verdict.violations}")
    return found


def _bereft(seed: int, world: World, lost: tuple[Lost, ...]) -> End:
    """Return how a world ends in which nothing goes wrong but that vaults are lost."""
    troubles = Troubles.none()
    troubles.lost = lost
    return _Run(world, troubles, random.Random(seed), Verdict(seed)).end()  # noqa: S311 - the same each time


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


def _is_of(what: Happening | Timed, policy: PolicyKey | None) -> bool:
    return policy is not None and isinstance(what, Declared | Removed) and what.policy == policy


class _Run:
    def __init__(self, world: World, troubles: Troubles, dice: random.Random, verdict: Verdict) -> None:
        self._world, self._troubles, self._dice, self._verdict = world, troubles, dice, verdict
        self._cloud = Cloud(world, troubles, verdict.trace.append)
        self._host = Host(world, self._cloud, dice, verdict.trace.append)
        self._scene = Scene(world, self._cloud, self._host.bodies, self._violated)
        self._witness = self._cloud.witness = Witness.of(self._scene, INVARIANTS)
        self._host.passing, self._host.passed = self._passing, self._passed
        self._awaited: list[Amid] = []
        self._cloud.meanwhile = self._meanwhile

    def _meanwhile(self) -> None:
        if self._awaited:
            self._let_happen(calls=1)

    def _violated(self, number: int, what: str) -> None:
        self._verdict.broken.add(number)
        self._verdict.violations.append(f"{stamp(self._cloud.now)} invariant {number}: {what}")

    def _passing(self, passing: Passing) -> None:
        self._scene.passing = passing

    def _passed(self, passing: Passing, before: Json, after: Json, outcome: Outcome) -> None:
        said = " ".join(f"{each['type']}={each['status']}/{each['reason']}" for each in after.get("conditions", ()))
        figures = [_counts(each) for each in after.get("destinations", ())]
        self._verdict.trace.append(f"{stamp(self._cloud.now)} {passing.key.name}: {said} {json.dumps(figures)}")
        self._witness.says(before, after, outcome)

    def end(self) -> End:
        """Run to the end."""
        try:
            self._until_faults_end()
            self._settle()
        finally:
            self._host.close()
        verdict = self._verdict
        verdict.passes, verdict.lives = self._host.passes, self._host.lives
        verdict.calls, verdict.troubles = self._cloud.calls, self._cloud.struck
        self._witness.ends()
        return self._found()

    def _until_faults_end(self) -> None:
        troubles = self._troubles
        for each in troubles.amid([*self._world.happenings, *troubles.timed]):
            self._host.run(each.at)
            self._awaited.append(each)
            self._let_happen()
        self._host.run(FAULTS_END)
        self._let_happen(calls=FIRST_PASSES)
        self._verdict.trace.append(f"{stamp(self._cloud.now)} the faults are over")
        troubles.over = True
        self._cloud.doom()
        self._cloud.control.faults.clear()
        self._cloud.control.clear_outcomes()
        self._host.ahead = 0.0

    def _let_happen(self, calls: int = 0) -> None:
        """Let happen what is due after so many more calls, and before it what was to come to the same policy."""
        for each in self._awaited:
            each.calls -= calls
        due = [number for number, each in enumerate(self._awaited) if each.calls <= 0]
        while due:
            whose = getattr(self._awaited[due[-1]].what, "policy", None)
            first = next(n for n, each in enumerate(self._awaited) if n == due[-1] or _is_of(each.what, whose))
            self._told(self._awaited.pop(first).what)
            due = [number for number, each in enumerate(self._awaited) if each.calls <= 0]

    def _told(self, what: Happening | Timed) -> None:
        self._verdict.trace.append(f"{stamp(self._cloud.now)} {what}")
        self._witness.happens()
        self._happen(what)
        self._witness.happens()

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
            case Removed():
                self._host.remove(what)
            case _:
                self._cloud.happen(what)

    def _settle(self) -> None:
        """Look until nothing goes on any more, and again after longer than an audit takes to come."""
        for first in (0.0, 7 * HOUR):
            for pause in (first, *PAUSES):
                written = self._cloud.writes
                self._cloud.wait(pause)
                self._host.wake()
                self._host.run(self._cloud.now + 1.0)
                quiet = self._cloud.writes == written  # what one has written others have not seen yet
                if quiet and not self._cloud.is_copying() and self._host.is_content():
                    break

    def _found(self) -> End:
        cloud, world, out = self._cloud, self._world, outlook(self._world)
        there = {(each.resource_arn, each.created) for place in world.sources for each in cloud.points(place)}
        sure = {key: body for key, body in self._host.bodies.items() if key.policy not in out.unsure}
        seen = {key: body for key, body in sure.items() if not _is_unread(body)}
        copies = {
            place.arn: sorted({(each.resource_arn, each.created) for each in cloud.points(place)} & there)
            for place in world.targets
        }
        return End(
            copies={arn: found for arn, found in copies.items() if arn not in out.loose},
            conditions={
                str(key): [
                    (each["type"], each["status"], each["reason"])
                    for each in body["status"]["conditions"]
                    if key in seen or each["type"] == "Ready"
                ]
                for key, body in sure.items()
            },
            figures={
                str(key): [_counts(each) for each in body["status"].get("destinations", ())]
                for key, body in seen.items()
            },
            statements={
                place.arn: [each for each in cloud.statements(place) if place.arn not in out.loose or OURS not in each]
                for place in world.targets
            },
            plans=self._plans(),
        )

    def _plans(self) -> dict[str, str]:
        """Return the plans of policies that are there and act, without what AWS makes up."""
        read = {key: body for key, body in self._host.bodies.items() if not _is_unread(body)}
        living = {str(key.policy): body["spec"] for key, body in read.items() if key.kind == POLICY.name}
        acting = {key for key, spec in living.items() if spec.get("mode") != "Observe" and not spec.get("suspend")}
        return {
            whose: json.dumps([_without_ids(plan), sorted(map(json.dumps, map(_without_ids, selected)))])
            for whose, plan, selected in self._cloud.plans_of_ours()
            if whose in acting
        }


def _is_unread(body: Json) -> bool:
    """Tell whether a policy ends as one that cannot be read: how far what was before it had come is chance."""
    return any(each["reason"] == "InvalidSpec" for each in body.get("status", {}).get("conditions", ()))


def _without_ids(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_ids(each) for name, each in value.items() if not name.endswith("Id")}
        case list() | tuple():
            return [_without_ids(each) for each in value]
        case _:
            return value


_COUNTS = ("name", "inScope", "copied", "inProgress", "waiting", "missing", "failed", "ineligible")


def _counts(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in _COUNTS}
