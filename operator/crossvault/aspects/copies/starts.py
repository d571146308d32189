"""Which copies are started now, in what order, and what the others wait for."""

from __future__ import annotations

import hashlib
import math
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
from . import states
from .contents import ARRIVALS
from .declared import COPIES, SHARING, Sharing
from .planned import Bound, Share, Standing, StartCopy, State
from .seen import TRAFFIC

PASS_SECONDS = 10
"""A pass starts at most as many copies as its account's rate allows in this time, so that status follows closely."""


@dataclass(slots=True)
class _Budget:
    """What may still be started: over time (policy, account) and in this pass."""

    policy: int
    bound: Bound
    running: int
    mine: int
    this_pass: int
    busy: set[str]

    def refuses(self, resource_arn: str) -> Reason | None:
        if resource_arn in self.busy:
            return Reason.RESOURCE_BUSY
        if self.policy <= 0 or self.running >= self.ceiling():
            return Reason.BUDGET
        return Reason.QUEUED if self.this_pass <= 0 else None

    def ceiling(self) -> int:
        return self.bound.share.ceiling(self.mine)

    def take(self, resource_arn: str) -> None:
        self.policy -= 1
        self.running += 1
        self.mine += 1
        self.this_pass -= 1
        self.busy.add(resource_arn)


def choose_starts(
    case: Case, rows: tuple[Prerequisite, ...], standings: dict[str, tuple[Standing, ...]]
) -> tuple[tuple[StartCopy, ...], dict[str, tuple[Standing, ...]]]:
    """Choose the copies to start now and say of the others what they wait for.

    Newest recovery point of every resource first: that protects most, soonest. One resource is copied once at a time,
    as AWS would queue the second job anyway (quota: one backup or copy job per resource).
    """
    desired, observed = case.desired, case.observed
    traffic, bound = observed.source[TRAFFIC], _bound(desired, case.around[SHARING])
    running = [one for each in standings.values() for one in each if one.state is State.IN_PROGRESS]
    budget = _Budget(
        policy=desired[COPIES].copying.max_concurrent - len(running),
        bound=bound,
        running=traffic.in_progress,
        mine=sum(count for copy, count in traffic.alike.items() if bound.is_own(copy)),
        this_pass=max(1, math.ceil(desired.source.account.limits.starts_per_second * PASS_SECONDS)),
        busy={one.point.resource_arn for one in running} | _resources_in_jobs(observed),
    )
    starts: list[StartCopy] = []
    waits: dict[tuple[str, str], Reason] = {}
    blocked = {each.name for each in desired.destinations if block(rows, each.name)}
    for destination, standing in _in_order(desired, observed, standings):
        refusal = Reason.HELD if destination.name in blocked else budget.refuses(standing.point.resource_arn)
        if refusal is not None:
            waits[destination.name, standing.point.arn] = refusal
            continue
        starts.append(_start(desired, destination, standing, bound))
        budget.take(standing.point.resource_arn)
    return tuple(starts), {
        name: tuple(_waiting(one, waits.get((name, one.point.arn))) for one in each) for name, each in standings.items()
    }


def _bound(desired: Desired, sharing: Sharing) -> Bound:
    """Return what the policy's namespace may have unfinished in the account beside others."""
    return Bound(
        Share.of(desired.source.account.limits.max_concurrent_copies, sharing.namespaces),
        desired.key.namespace,
        sharing.vaults | {(desired.source.arn, each.vault.arn) for each in desired.destinations},
    )


def _resources_in_jobs(observed: Observed) -> set[str]:
    """Return the resources with a copy under way, also of recovery points that are out of scope."""
    looks = (each[ARRIVALS].jobs for each in observed.destinations)
    seen = (look.value for look in looks if not isinstance(look, Unseen))
    return {job.resource_arn for jobs in seen for job in jobs.running}


def _in_order(
    desired: Desired, observed: Observed, standings: dict[str, tuple[Standing, ...]]
) -> Iterable[tuple[Destination, Standing]]:
    candidates = [
        (destination, standing)
        for destination in desired.destinations
        for standing in standings.get(destination.name, ())
        if states.may_start(standing, observed.at)
    ]
    newest_first = sorted(candidates, key=lambda each: (each[1].point.created, each[1].point.arn), reverse=True)
    rank: dict[tuple[str, str], int] = {}
    ranked = []
    for position, (destination, standing) in enumerate(newest_first):
        of_resource = (destination.name, standing.point.resource_arn)
        rank[of_resource] = rank.get(of_resource, -1) + 1
        # What AWS would not start comes last: it must not take the budget of all others in every pass.
        refused = (standing.point.arn, destination.vault.arn) in observed.source[TRAFFIC].refused
        ranked.append((refused, rank[of_resource], position, destination, standing))
    return [(destination, standing) for *_, destination, standing in sorted(ranked, key=lambda each: each[:3])]


def _waiting(standing: Standing, refusal: Reason | None) -> Standing:
    if refusal is None or standing.state is not State.MISSING:
        return standing
    if refusal in {Reason.HELD, Reason.QUEUED}:
        return replace(standing, reason=refusal)
    return replace(standing, state=State.WAITING, reason=refusal)


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
