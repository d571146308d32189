"""Which copies are started now, in what order, and what the others wait for."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...engine.declared import Desired, Destination
from ...engine.looks import Unseen
from ...engine.observed import Observed
from ...engine.plan import Case
from ...engine.rows import Prerequisite, block
from ...words.reasons import Reason
from ..copy_role import COPY_ROLE
from ..lifecycle import LIFECYCLE
from . import planned, states
from .contents import ARRIVALS
from .declared import COPIES, SHARING, Sharing
from .places import BUSY, POLICY, Places, Refusal
from .planned import Bound, Standing, StartCopy, State
from .seen import TRAFFIC, RunningCopy

PASS_SECONDS = 15
"""A pass starts at most as many copies as its account's rate allows in this time, so that status follows closely."""

_HELD, _QUEUED = Refusal(Reason.HELD), Refusal(Reason.QUEUED)


@dataclass(slots=True)
class _Budget:
    """What may still be started: of the policy, in its account, and in this pass."""

    policy: int
    places: Places
    this_pass: int
    busy: set[str]

    def refusal(self, copy: RunningCopy) -> Refusal | None:
        if copy.resource_arn in self.busy:
            return BUSY
        refusal = self.places.refusal(copy)
        if refusal is BUSY:
            return refusal
        if self.policy <= 0:
            return POLICY
        return refusal or (_QUEUED if self.this_pass <= 0 else None)

    def take(self, copy: RunningCopy) -> None:
        self.policy -= 1
        self.this_pass -= 1
        self.places.take(copy)


def choose_starts(
    case: Case, rows: tuple[Prerequisite, ...], standings: dict[str, tuple[Standing, ...]]
) -> tuple[tuple[StartCopy, ...], dict[str, tuple[Standing, ...]]]:
    """Choose the copies to start now and say of the others what they wait for.

    Newest recovery point of every resource first: that protects most, soonest. One resource is copied once at a time,
    whoever copies it, as AWS would queue the second job anyway (quota: one backup or copy job per resource). What has
    no place now does not keep back what comes after it and has one.
    """
    desired, observed = case.desired, case.observed
    traffic, bound = observed.source[TRAFFIC], _bound(desired, case.around[SHARING])
    running = [one for each in standings.values() for one in each if one.state is State.IN_PROGRESS]
    budget = _Budget(
        policy=desired[COPIES].copying.max_concurrent - len(running),
        places=Places(bound, traffic.alike, traffic.in_progress),
        this_pass=max(1, math.ceil(desired.source.account.limits.starts_per_second * PASS_SECONDS)),
        busy={one.point.resource_arn for one in running} | _resources_in_jobs(observed),
    )
    starts: list[StartCopy] = []
    waits: dict[tuple[str, str], Refusal] = {}
    blocked = {each.name for each in desired.destinations if block(rows, each.name)}
    for destination, standing in _in_order(desired, observed, standings):
        copy = planned.running(desired.source, destination.vault.arn, standing.point, bound)
        refusal = _HELD if destination.name in blocked else budget.refusal(copy)
        if refusal is not None:
            waits[destination.name, standing.point.arn] = refusal
            continue
        starts.append(_start(desired, destination, standing, bound))
        budget.take(copy)
    return tuple(starts), {
        name: tuple(_waiting(one, waits.get((name, one.point.arn))) for one in each) for name, each in standings.items()
    }


def _bound(desired: Desired, sharing: Sharing) -> Bound:
    """Return what the policy may have unfinished in the account beside others."""
    own = frozenset((desired.source.arn, each.vault.arn) for each in desired.destinations)
    return Bound(
        desired.source.account.limits.max_concurrent_copies,
        desired.key,
        sharing.vaults | own,
        own,
        sharing.namespaces,
        sharing.waiting,
    )


def _resources_in_jobs(observed: Observed) -> set[str]:
    """Return the resources with a copy under way, also of recovery points that are out of scope."""
    looks = (each[ARRIVALS].jobs for each in observed.destinations)
    seen = (look.value for look in looks if not isinstance(look, Unseen))
    return {job.resource_arn for jobs in seen for job in jobs.running}


def _in_order(
    desired: Desired, observed: Observed, standings: dict[str, tuple[Standing, ...]]
) -> Iterable[tuple[Destination, Standing]]:
    ranks = {each.name: _ranks(standings.get(each.name, ())) for each in desired.destinations}
    candidates = [
        (destination, standing)
        for destination in desired.destinations
        for standing in standings.get(destination.name, ())
        if states.may_start(standing, observed.at)
    ]
    newest_first = sorted(candidates, key=lambda each: (each[1].point.created, each[1].point.arn), reverse=True)
    ranked = []
    for position, (destination, standing) in enumerate(newest_first):
        # What AWS would not start comes last: it must not take the budget of all others in every pass.
        refused = (standing.point.arn, destination.vault.arn) in observed.source[TRAFFIC].refused
        rank = ranks[destination.name][standing.point.arn]
        ranked.append((refused, rank, position, destination, standing))
    return [(destination, standing) for *_, destination, standing in sorted(ranked, key=lambda each: each[:3])]


def _ranks(standings: Iterable[Standing]) -> dict[str, int]:
    """Return by ARN how many newer ones of its resource are meant to be copied, whether they are or not.

    What is copied counts, so that a resource with many backups has its turn for the next one when all others have had
    theirs for the newest. What is settled is older than all of these.
    """
    ranks: dict[str, int] = {}
    newer: Counter[str] = Counter()
    meant = (each.point for each in standings if each.state not in {State.OUT_OF_SCOPE, State.INELIGIBLE})
    for point in sorted(meant, key=lambda each: (each.created, each.arn), reverse=True):
        resource = point.resource_arn or point.arn
        ranks[point.arn] = newer[resource]
        newer[resource] += 1
    return ranks


def _waiting(standing: Standing, refusal: Refusal | None) -> Standing:
    if refusal is None or standing.state is not State.MISSING:
        return standing
    state = standing.state if refusal in {_HELD, _QUEUED} else State.WAITING
    return replace(standing, state=state, reason=refusal.reason, message=refusal.message)


def _start(desired: Desired, destination: Destination, standing: Standing, bound: Bound) -> StartCopy:
    return StartCopy(
        destination=destination.name,
        point=standing.point,
        source=desired.source,
        destination_vault_arn=destination.vault.arn,
        role_arn=desired[COPY_ROLE],
        lifecycle=destination[LIFECYCLE],
        token=_token(standing, destination.vault.arn),
        bound=bound,
    )


def _token(standing: Standing, vault_arn: str) -> str:
    """Return the idempotency token of one attempt at one copy.

    It follows from what AWS shows alone, so a restart, a lost reply or a second policy that wants the same copy
    repeats the request instead of making a new one.
    """
    last = standing.job.id if standing.job is not None else ""
    text = "\n".join((standing.point.arn, vault_arn, str(standing.attempts), last))
    return hashlib.sha256(text.encode()).hexdigest()[:48]
