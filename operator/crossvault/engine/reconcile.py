"""One pass, on one screen: parse → observe → diff → restrict → apply → summarise.

Level-triggered: every trigger leads here and the trigger's content is ignored. Looking and doing come in as an
:class:`Aws`, time as ``clock``; whatever happened, the pass ends in ``summarise``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from ..kinds import parse
from ..kinds.account import status
from ..kinds.policy import endings, stakes
from ..status import summary
from . import plan
from .imagined import ImaginedAws
from .model import Account, AccountSight, Action, Desired, Neighbour, Observed, Result, Sharing, StartCopy

Clock = Callable[[], datetime]

ROUNDS = 3
"""Looks and actions of one pass: a vault, then its policy, then copies. Each round sees what the one before did, so
that status tells what was observed after the last action, and a tug-of-war over a statement ends with the pass."""


class Aws(Protocol):
    """What a pass needs from AWS. Implementations answer with values; they raise only for bugs of ours."""

    def observe(self, desired: Desired, *, not_before: datetime) -> Observed:
        """Read everything ``desired`` speaks of; no read may be older than ``not_before``. Must not mutate."""

    def look_at_account(self, account: Account, *, not_before: datetime) -> AccountSight:
        """Read identity, organization and the cross-account switch of one account."""

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Carry out one action for a namespace and say what became of it."""


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """Everything but AWS that a pass over one policy looks at.

    Attributes:
        body: The CrossAccountBackupPolicy object as the API server (or a file) has it.
        accounts: Every declared BackupAccount by name.
        namespace_labels: Labels of the policy's namespace, for ``allowedNamespaces.selector``.
        claims: (vault ARN, Sid) of the statements other policies want; those outlive this policy.
        claimants: Which policies want them, as far as it is known; asked for a deletion only.
        neighbours: What other policies declare for the same pairs of vaults.
        elders: How many older policies of the namespace name each account, where an account limits their number.
        sharing: Who else copies out of the account of the policy's source.
        not_before: No observation may be older than this.
        ordered: The deletion was of this one policy by name, not of its CRD or namespace.
        looked: When each destination was last seen in whole, as far as the process knows; figures that cannot be
            renewed are told with that time.
    """

    body: Mapping[str, Any]
    accounts: Mapping[str, parse.AccountDeclaration]
    namespace_labels: Mapping[str, str]
    not_before: datetime
    claims: frozenset[tuple[str, str]] = frozenset()
    neighbours: tuple[Neighbour, ...] = ()
    sharing: Sharing = plan.ALONE
    ordered: bool = True
    claimants: endings.Claimants = field(default_factory=dict)
    looked: Mapping[str, datetime] = field(default_factory=dict)
    elders: Mapping[str, int] = field(default_factory=dict)

    def parsed(self) -> Desired | parse.Rejected:
        """Return what the policy declares."""
        return parse.parse_policy(self.body, self.accounts, self.namespace_labels, self.elders)


def reconcile_policy(
    request: PolicyRequest,
    aws: Aws,
    *,
    clock: Clock,
    cadence: summary.Cadence,
    stopping: Callable[[], bool] = lambda: False,
) -> summary.Outcome:
    """Bring one policy one pass closer to what it declares and report what is true now.

    ``stopping`` is asked before every action, so that the end of the process waits for one AWS call at most.
    """
    if is_ending(request.body):
        return _end(request, aws, clock=clock, cadence=cadence, stopping=stopping)
    previous = request.body.get("status") or {}
    desired = request.parsed()
    if isinstance(desired, parse.Rejected):
        return summary.summarise_rejected(desired, request.body, now=clock(), looked=request.looked)
    results, observed, intended = act(desired, request, aws, stopping)
    return summary.summarise(
        desired,
        observed,
        intended,
        results,
        previous=previous,
        now=clock(),
        cadence=cadence,
        looked=request.looked,
    )


def act(
    desired: Desired, request: PolicyRequest, aws: Aws, stopping: Callable[[], bool]
) -> tuple[tuple[Result, ...], Observed, plan.Plan]:
    """Look and act in rounds; return what was done, the last look, and what it leaves to be done."""
    results: tuple[Result, ...] = ()
    observed, intended = look(desired, request, aws)
    for _ in range(ROUNDS):
        actions = _without_more_copies(plan.restrict(intended, desired, ordered=request.ordered).actions, results)
        done = apply(actions, aws, stopping, before=results, namespace=desired.key.namespace)
        if not done:
            break
        results += tuple(each for each in done if not each.withheld)
        observed, intended = look(desired, request, aws)
    return results, observed, intended


def is_ending(body: Mapping[str, Any]) -> bool:
    """Tell whether an object is being deleted."""
    metadata = body.get("metadata")
    return isinstance(metadata, Mapping) and metadata.get("deletionTimestamp") is not None


def ending_of(request: PolicyRequest) -> endings.Ending:
    """Find out what the deletion of a policy has to do, without asking AWS."""
    return endings.prepare(
        request.body,
        request.accounts,
        request.namespace_labels,
        claims=request.claims,
        claimants=request.claimants,
        ordered=request.ordered,
    )


def _end(
    request: PolicyRequest, aws: Aws, *, clock: Clock, cadence: summary.Cadence, stopping: Callable[[], bool]
) -> summary.Outcome:
    """Do one pass over a policy that is being deleted; AWS is asked only where something of ours may have to go."""
    ending = ending_of(request)
    if ending.desired is None:
        return endings.farewell(ending)
    results, observed, intended = act(ending.desired, request, aws, stopping)
    return endings.summarise(
        ending, observed, results, intended.postponed, body=request.body, now=clock(), cadence=cadence
    )


def look(desired: Desired, request: PolicyRequest, aws: Aws) -> tuple[Observed, plan.Plan]:
    """Observe and compare. Writes have made the reads they touch stale, so a later look sees their effect."""
    observed = aws.observe(desired, not_before=request.not_before)
    intended = plan.diff(
        desired,
        observed,
        claims=request.claims,
        neighbours=request.neighbours,
        written=stakes.written_by(request.body.get("status") or {}),
        sharing=request.sharing,
    )
    return observed, intended


def _without_more_copies(actions: tuple[Action, ...], results: tuple[Result, ...]) -> tuple[Action, ...]:
    """Leave out copies once this pass has started some: the next pass, soon, has the budget for more."""
    started = any(isinstance(each.action, StartCopy) for each in results)
    return tuple(each for each in actions if not (started and isinstance(each, StartCopy)))


def apply(
    actions: Iterable[Action],
    aws: Aws,
    stopping: Callable[[], bool],
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


def plan_policy(request: PolicyRequest, aws: Aws) -> tuple[Desired, Observed, plan.Plan] | parse.Rejected:
    """Look once and say what the next pass would do; no mutating call is made."""
    desired = request.parsed()
    if isinstance(desired, parse.Rejected):
        return desired
    observed = aws.observe(desired, not_before=request.not_before)
    return desired, observed, foresee(desired, observed, request)


def foresee(desired: Desired, observed: Observed, request: PolicyRequest) -> plan.Plan:
    """Return what the next pass does, by doing that pass in an AWS that is imagined from what was seen.

    The actions are those of all its rounds; rows, drift and standings are what they leave. A policy that only
    observes or is suspended is imagined without that: what it would do.
    """
    results, _, left = act(desired.acting(), request, ImaginedAws(observed), lambda: False)
    return replace(left, actions=tuple(each.action for each in results))


def reconcile_account(
    body: Mapping[str, Any],
    aws: Aws,
    *,
    twins: tuple[str, ...] = (),
    not_before: datetime,
    clock: Clock,
    cadence: summary.Cadence,
) -> summary.Outcome:
    """Verify one BackupAccount and report what its role shows; ``twins`` are others that enter in the same way."""
    declared = parse.parse_account(body)
    if isinstance(declared, parse.Rejected):
        return summary.summarise_rejected(declared, body, now=clock())
    sight = aws.look_at_account(declared.account, not_before=not_before)
    return status.summarise_account(sight, body, twins=twins, now=clock(), cadence=cadence)
