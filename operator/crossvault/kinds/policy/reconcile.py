"""A pass over one policy: parse → look and act → summarise; a deletion is a desired state with nothing in it.

Level-triggered: every trigger leads here and the trigger's content is ignored. Whatever happened, it ends in a
summary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...aspects import ROOMS
from ...aspects.copies.declared import NEIGHBOURS, SHARING, Neighbour, Sharing
from ...aspects.organization import KEEPERS, MANAGERS
from ...aspects.organization.switch import Keeper
from ...aspects.schedule.declared import CLUSTER
from ...aspects.schedule.rivals import ADOPTED, PlanClaim
from ...aspects.vault.lock import LOCKS, LockClaim
from ...aspects.vault_policy import CLAIMS, WRITTEN
from ...engine import plan
from ...engine.declared import Desired
from ...engine.fights import REPAIRS
from ...engine.looks import NO_PATIENCE, Patience
from ...engine.observed import Observed
from ...engine.parts import Parts
from ...engine.rounds import Aws, Errand, act, foresee
from ...status import outcome, repairs
from ...status.unseen import summarise_unfinished
from ...words.problems import Problem
from ..account.parse import AccountDeclaration
from ..kind import Clock
from ..rejected import Rejected
from . import endings, stakes, summary
from .parse import parse_policy

ALONE = Sharing()


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """Everything but AWS that a pass over one policy looks at.

    Attributes:
        body: The CrossAccountBackupPolicy object as the API server (or a file) has it.
        accounts: Every declared BackupAccount by name.
        namespace_labels: Labels of the policy's namespace, for ``allowedNamespaces.selector``.
        cluster: What tells the cluster that it lies in from every other one; empty for a file.
        claims: (vault ARN, Sid) of the statements other policies want; those outlive this policy.
        claimants: Which policies want them, as far as it is known; asked for a deletion only.
        neighbours: What other policies declare for the same pairs of vaults.
        locks: The locks that other policies keep its vaults in.
        plans: The claims of others to the backup plan that it adopts.
        elders: How many older policies of the namespace name each account, where an account limits their number.
        sharing: Who else copies out of the account of the policy's source.
        keepers: Who is declared to keep the switch of an organization, by id of its management account.
        not_before: No observation may be older than this.
        patience: How much older than that some of it may be.
        ordered: The deletion was of this one policy by name, not of its CRD or namespace.
        looked: When each destination was last seen in whole, as far as the process knows; figures that cannot be
            renewed are told with that time.
    """

    body: Mapping[str, Any]
    accounts: Mapping[str, AccountDeclaration]
    namespace_labels: Mapping[str, str]
    not_before: datetime
    cluster: str = ""
    claims: AbstractSet[tuple[str, str]] = frozenset()
    neighbours: tuple[Neighbour, ...] = ()
    locks: tuple[LockClaim, ...] = ()
    plans: tuple[PlanClaim, ...] = ()
    sharing: Sharing = ALONE
    ordered: bool = True
    claimants: endings.Claimants = field(default_factory=dict)
    looked: Mapping[str, datetime] = field(default_factory=dict)
    elders: Mapping[str, int] = field(default_factory=dict)
    patience: Patience = NO_PATIENCE
    keepers: Mapping[str, Keeper] = field(default_factory=dict)

    def parsed(self) -> Desired | Rejected:
        """Return what the policy declares."""
        found = parse_policy(self.body, self.accounts, self.namespace_labels, self.elders)
        if isinstance(found, Rejected):
            return found
        managers = tuple((each, one.account) for each, one in self.keepers.items() if one.account is not None)
        there = found.having(CLUSTER, self.cluster) if self.cluster else found
        return there.having(MANAGERS, managers) if managers else there

    def around(self) -> Parts:
        """Return what others have at stake, and what this policy wrote."""
        return (
            Parts()
            .having(CLAIMS, self.claims)
            .having(WRITTEN, stakes.written_by(self.body.get("status") or {}))
            .having(NEIGHBOURS, self.neighbours)
            .having(LOCKS, self.locks)
            .having(ADOPTED, self.plans)
            .having(SHARING, self.sharing)
            .having(KEEPERS, self.keepers)
        )

    def errand(self, desired: Desired) -> Errand:
        """Return what a pass over the policy is sent to do."""
        repaired = repairs.remembered(self.body.get("status") or {}, desired.generation, self.not_before)
        around = self.around().having(REPAIRS, repaired)
        return Errand(desired, ROOMS, self.not_before, around, self.ordered, self.patience)

    def reconcile(
        self, aws: Aws, *, clock: Clock, cadence: outcome.Cadence, stopping: Callable[[], bool] = lambda: False
    ) -> outcome.Outcome:
        """Bring the policy one pass closer to what it declares and report what is true now.

        ``stopping`` is asked before every action, so that the end of the process waits for one AWS call at most.
        """
        if is_ending(self.body):
            return _end(self, aws, clock=clock, cadence=cadence, stopping=stopping)
        desired = self.parsed()
        if isinstance(desired, Rejected):
            return summary.summarise_rejected(desired, self.body, now=clock(), looked=self.looked)
        results, observed, intended = act(self.errand(desired), aws, stopping)
        return summary.summarise(
            desired,
            observed,
            intended,
            results,
            previous=self.body.get("status") or {},
            now=clock(),
            cadence=cadence,
            looked=self.looked,
        )

    def unfinished(self, problem: Problem, *, now: datetime, cadence: outcome.Cadence) -> outcome.Outcome:
        """Say that the pass did not come to its end; of a deletion, what it waits for."""
        if is_ending(self.body):
            return endings.unfinished(self.body, ending_of(self), problem, now=now, cadence=cadence)
        return summarise_unfinished(summary.FACE, problem, self.body, now=now, looked=self.looked)


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
    request: PolicyRequest, aws: Aws, *, clock: Clock, cadence: outcome.Cadence, stopping: Callable[[], bool]
) -> outcome.Outcome:
    """Do one pass over a policy that is being deleted; AWS is asked only where something of ours may have to go."""
    ending = ending_of(request)
    if ending.desired is None:
        return endings.farewell(ending)
    results, observed, intended = act(request.errand(ending.desired), aws, stopping)
    return endings.summarise(
        ending, observed, results, intended.postponed, body=request.body, now=clock(), cadence=cadence
    )


def plan_policy(request: PolicyRequest, aws: Aws) -> tuple[Desired, Observed, plan.Plan] | Rejected:
    """Look once and say what the next pass would do; no mutating call is made."""
    desired = request.parsed()
    if isinstance(desired, Rejected):
        return desired
    observed = aws.observe(desired, not_before=request.not_before)
    return desired, observed, foresee(request.errand(desired), observed)


def judge_policy(request: PolicyRequest, aws: Aws) -> tuple[Desired, Observed, plan.Plan] | Rejected:
    """Look once and say how things stand: what the next pass leaves of one that acts, what is there of one that not.

    So the rows and recovery points are those that its status has.
    """
    planned = plan_policy(request, aws)
    if isinstance(planned, Rejected) or planned[0].acts:
        return planned
    desired, observed, _ = planned
    return desired, observed, plan.diff(ROOMS, plan.Case(desired, observed, request.around()))
