"""One pass, on one screen: look → judge → restrict → apply, in rounds, and what a plan foresees of it.

Looking and doing come in as an :class:`Aws`. Nothing here knows what the rooms are about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from . import plan
from .declared import Account, Desired
from .imagined import ImaginedAws
from .looks import NO_PATIENCE, Patience
from .observed import Observed, Sight
from .parts import NONE, Parts
from .plan import Action, Case, Plan, Result, Room

Stopping = Callable[[], bool]

ROUNDS = 3
"""Looks and actions of one pass: a vault, then its policy, then copies. Each round sees what the one before did, so
that status tells what was observed after the last action, and a tug-of-war over a statement ends with the pass."""


class Aws(Protocol):
    """What a pass needs from AWS. Implementations answer with values; they raise only for bugs of ours."""

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Read everything ``desired`` speaks of; no read may be older than ``not_before``. Must not mutate.

        Some of it may be older, by ``patience``.
        """

    def look_at_account(self, account: Account, *, not_before: datetime, around: Parts = NONE) -> Sight:
        """Read what one account shows by itself; ``around`` is what is declared of it elsewhere."""

    def look_at_organization(self, account: Account, *, not_before: datetime, departures: bool = False) -> Sight:
        """Read what an account shows of the organization that it is said to manage, and when accounts have left it."""

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Carry out an action for a namespace and say what became of it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a pass is sent to do.

    Attributes:
        rooms: Who judges, in the order in which protection grows.
        around: What others have at stake.
        not_before: No observation may be older than this.
        patience: How much older than that some of it may be.
        ordered: A deletion was of this one policy by name, not of its CRD or namespace.
    """

    desired: Desired
    rooms: Sequence[Room]
    not_before: datetime
    around: Parts = field(default_factory=Parts)
    ordered: bool = True
    patience: Patience = NO_PATIENCE


def act(errand: Errand, aws: Aws, stopping: Stopping) -> tuple[tuple[Result, ...], Observed, Plan]:
    """Look and act in rounds; return what was done, the last look, and what it leaves to be done.

    ``stopping`` is asked before every action, so that the end of the process waits for one AWS call at most.
    """
    results: tuple[Result, ...] = ()
    observed, intended = look(errand, aws)
    for _ in range(ROUNDS):
        permitted = plan.restrict(intended, errand.desired, ordered=errand.ordered).actions
        actions = _without_repeats(permitted, results)
        done = apply(actions, aws, stopping, before=results, namespace=errand.desired.key.namespace)
        if not done:
            break
        results += tuple(each for each in done if not each.withheld)
        observed, intended = look(errand, aws)
    return results, observed, intended


def look(errand: Errand, aws: Aws) -> tuple[Observed, Plan]:
    """Observe and compare. Writes have made the reads they touch stale, so a later look sees their effect."""
    observed = aws.observe(errand.desired, not_before=errand.not_before, patience=errand.patience)
    return observed, plan.diff(errand.rooms, Case(errand.desired, observed, errand.around))


def _without_repeats(actions: tuple[Action, ...], results: tuple[Result, ...]) -> tuple[Action, ...]:
    """Leave out copies once this pass has started some: the next pass, soon, has the budget for more."""
    begun = any(each.action.once for each in results)
    return tuple(each for each in actions if not (begun and each.once))


def apply(
    actions: Iterable[Action],
    aws: Aws,
    stopping: Stopping,
    *,
    before: tuple[Result, ...] = (),
    namespace: str = "",
) -> tuple[Result, ...]:
    """Carry out the actions in order, without those that a failure of this pass, or one ``before``, forbids."""
    done: list[Result] = []
    failed = [each for each in before if each.problem is not None]
    for action in actions:
        if stopping():
            break
        if not all(plan.may_go_on(each, action) for each in failed):
            continue
        result = aws.apply(action, namespace=namespace)
        done.append(result)
        failed += [result] if result.problem is not None else []
    return tuple(done)


def foresee(errand: Errand, observed: Observed) -> Plan:
    """Return what the next pass does, by doing that pass in an AWS that is imagined from what was seen.

    The actions are those of all its rounds; rows, drift and what rooms found are what they leave. A policy that only
    observes or is suspended is imagined without that: what it would do.
    """
    imagined = replace(errand, desired=errand.desired.acting())
    results, _, left = act(imagined, ImaginedAws(observed), lambda: False)
    return replace(left, actions=tuple(each.action for each in results))
