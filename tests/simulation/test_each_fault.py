"""Each fault alone: it strikes, and the end is the same as without it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.kit.simulation import making, told
from tests.kit.simulation.run import Verdict, run
from tests.kit.simulation.told import Told
from tests.kit.simulation.troubles import RATES, Clocked, Denied, Lost, Trouble, Troubles
from tests.kit.simulation.world import FAULTS_END, SHARED, Made, Stripped, World
from tests.kit.stage import BACKUP, PRODUCTION, SECOND

STRUCK, TRIED = 2, 60
"""In so many worlds a fault has to strike, and in so many it is looked for."""

Met = Callable[[int, World], Troubles]


def _dice(seed: int) -> random.Random:
    return random.Random(f"alone in {seed}")  # noqa: S311 - the same each time


def _calls(kind: Trouble, *, small: bool = False) -> Met:
    """Let a kind of trouble come to many calls, and nothing else go wrong."""
    rates = {**RATES, kind: max(RATES[kind], 0.1)}
    return lambda seed, _world: Troubles(_dice(seed), kinds=(kind,), small_pages=small, rates=rates)


def _denied(seed: int, _world: World) -> Troubles:
    """Deny everything in half of the accounts that are backed up and hold backups, for half of the time."""
    accounts = _dice(seed).sample((PRODUCTION, BACKUP, SECOND), 2)
    return Troubles(_dice(seed), denied=tuple(Denied(0.0, FAULTS_END / 2, each) for each in accounts))


def _stale(seed: int, _world: World) -> Troubles:
    """Let half of all reads show what was twenty minutes ago."""
    return Troubles(_dice(seed), stale=1200.0)


def _lost(seed: int, world: World) -> Troubles:
    """Let each vault of copies be deleted; those of others are made again by them."""
    return Troubles(_dice(seed), lost=tuple(Lost(FAULTS_END / 2, each) for each in world.targets))


def _clock(seed: int, _world: World) -> Troubles:
    """Let the clock of the operator be ten minutes ahead, then ten behind, then right."""
    aheads = enumerate((600.0, -600.0, 0.0), start=1)
    return Troubles(_dice(seed), clocks=tuple(Clocked(number * FAULTS_END / 4, ahead) for number, ahead in aheads))


def _told(world: World, seed: int) -> list[Told]:
    """Return an honest event for each happening of which AWS tells, at its time."""
    dice = _dice(seed)
    points = {Made: told._point, Stripped: told._policy}
    honest = (each for each in world.happenings if isinstance(each, Made | Stripped))
    return [Told(each.at, points[type(each)](each.vault, dice)) for each in honest]


def _doubled(seed: int, world: World) -> Troubles:
    """Let each event come twice, once late."""
    found = _told(world, seed)
    again = (replace(each, at=min(each.at + 60.0, FAULTS_END)) for each in found)
    return Troubles(_dice(seed), told=(*found, *again))


def _reordered(seed: int, world: World) -> Troubles:
    """Let events come in the opposite order."""
    found = _told(world, seed)
    times = sorted(FAULTS_END - each.at / 2 for each in found)
    return Troubles(
        _dice(seed), told=tuple(replace(each, at=at) for each, at in zip(reversed(found), times, strict=True))
    )


def _gone(seed: int, world: World) -> Troubles:
    """Let the first event be lost, and each second one after it."""
    return Troubles(_dice(seed), told=tuple(_told(world, seed)[1::2]))


def _forged(seed: int, world: World) -> Troubles:
    """Let nothing be told but what is forged."""
    dice = _dice(seed)
    return Troubles(dice, told=tuple(told._forged(world, dice) for _ in range(12)))


FAULTS: dict[str, tuple[Met, str]] = {
    "the reply to StartCopyJob is lost": (_calls(Trouble.LOST), f"backup.StartCopyJob unanswered: {Trouble.LOST}"),
    "a request is carried out twice": (_calls(Trouble.TWICE), f"backup.StartCopyJob 200: {Trouble.TWICE}"),
    "throttling": (_calls(Trouble.THROTTLED), f": {Trouble.THROTTLED}"),
    "internal failures": (_calls(Trouble.FAILED), f": {Trouble.FAILED}"),
    "lists are stale": (_stale, "backup.ListRecoveryPointsByBackupVault"),
    "tokens expire": (_calls(Trouble.EXPIRED), f": {Trouble.EXPIRED}"),
    "half of the accounts are denied": (_denied, ": denied"),
    "a vault is deleted, and made again": (_lost, "Lost("),
    "the clock is off by ten minutes": (_clock, "Clocked("),
    "events are doubled": (_doubled, " told "),
    "events come in another order": (_reordered, " told "),
    "events are gone": (_gone, " told "),
    "events are forged": (_forged, " told "),
    "a page is cut in the middle": (
        _calls(Trouble.CUT, small=True),
        f"backup.ListRecoveryPointsByBackupVault 200: {Trouble.CUT}",
    ),
    "the same NextToken comes twice": (_calls(Trouble.SAME_TOKEN, small=True), f": {Trouble.SAME_TOKEN}"),
    "an empty page has a token": (_calls(Trouble.EMPTY_PAGE, small=True), f": {Trouble.EMPTY_PAGE}"),
    "recovery points vanish between two pages": (_calls(Trouble.VANISHED, small=True), f": {Trouble.VANISHED}"),
    "a member that is always there is missing": (_calls(Trouble.OMITTED), f": {Trouble.OMITTED}"),
    "killed before a request is sent": (_calls(Trouble.KILLED_BEFORE), "killed at"),
    "killed before an answer is heard": (_calls(Trouble.KILLED_AFTER), "killed at"),
}
"""By what they are: how they are made, and what a trace has where they strike."""


def struck(met: Met, mark: str) -> Iterator[Verdict]:
    """Yield runs, each in a world of its own, in which a fault strikes."""
    for seed in range(5, TRIED * SHARED, SHARED):
        if not met(seed, making.of(seed)).described():
            continue
        found = run(seed, met)
        if any(mark in line for line in found.trace[1:]):
            yield found


@pytest.mark.parametrize(("met", "mark"), FAULTS.values(), ids=FAULTS)
def test_the_end_is_the_same_with_a_fault_as_without_it(met: Met, mark: str) -> None:
    """In several worlds, in each of which it strikes; and all that must hold does at each step."""
    found = [verdict for verdict, _ in zip(struck(met, mark), range(STRUCK), strict=False)]
    violated = [line for verdict in found for line in verdict.told]

    assert not violated, "\n".join(violated)
    assert len(found) == STRUCK
