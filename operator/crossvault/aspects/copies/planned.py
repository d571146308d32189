"""How every recovery point stands towards a destination, and the copies that are started."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from ...engine.declared import PolicyKey, VaultRef
from ...engine.observed import Sight, WriteKey
from ...words.reasons import Reason
from ...words.texts import plural
from ..lifecycle import Lifecycle
from .grounds import Ground
from .seen import CopyJob, RecoveryPoint, RunningCopy


@dataclass(frozen=True, slots=True)
class Share:
    """How namespaces share the copies of which an account may have so many unfinished at once.

    Below its share a namespace may take any place that is free. Beyond it, it leaves a reserve: a place for each other
    namespace, at most a quarter of all. So one that is alone at work has nearly all places, one that comes finds a
    place at once, and gets every one that becomes free until it has its share.

    Attributes:
        most: So many copies may be unfinished.
        own: The share of a namespace: its part of them, at least one.
        reserve: So many places are left free by who has its share.
    """

    most: int
    own: int
    reserve: int

    @classmethod
    def of(cls, most: int, namespaces: int) -> Share:
        """Divide ``most`` places between namespaces."""
        return cls(most, max(1, most // namespaces), min(namespaces - 1, max(1, most // 4), most - 1))

    def ceiling(self, mine: int) -> int:
        """Return how many copies there may be once a namespace that has ``mine`` starts another one."""
        return self.most if mine < self.own else self.most - self.reserve


@dataclass(frozen=True, slots=True)
class Bound:
    """What a policy may have unfinished in an account beside others; judged when it plans, and at every start.

    Attributes:
        most: So many copies may the account have unfinished.
        policy: For which copies are started.
        vaults: Between which vaults its namespace declares copies: ARNs of source and destination.
        own_vaults: Between which it declares them itself.
        namespaces: So many share the account.
        waiting: How many copies each other policy of the namespace has that waits for a place in the account; the
            fewest first.
    """

    most: int
    policy: PolicyKey
    vaults: frozenset[tuple[str, str]] = frozenset()
    own_vaults: frozenset[tuple[str, str]] = frozenset()
    namespaces: int = 1
    waiting: tuple[int, ...] = ()

    def ceiling(self, most: int, of_namespace: int, of_policy: int) -> int:
        """Return how many copies there may be, of ``most`` at once, when the policy has started another one.

        Between namespaces see :class:`Share`. In its namespace a policy leaves a place to each other one that waits and
        has fewer copies than itself, a quarter of all at most: so one with few recovery points has its turn at the next
        places that become free, however many recovery points others have, and nobody leaves places to who needs none.

        Args:
            most: How many the account may have of this kind.
            of_namespace: How many of them the namespace has.
            of_policy: How many of them the policy has.
        """
        left = bisect.bisect_left(self.waiting, of_policy)
        return Share.of(most, self.namespaces).ceiling(of_namespace) - min(left, max(1, most // 4), most - 1)

    def is_own(self, copy: RunningCopy) -> bool:
        """Tell whether a copy counts as one of the namespace's own.

        AWS does not tell for whom it was made: of one that was started before this process, the vaults decide, so that
        it counts for each namespace that copies between them.
        """
        return copy.policy.namespace == self.policy.namespace if copy.policy else copy.vaults in self.vaults

    def is_of_policy(self, copy: RunningCopy) -> bool:
        """Tell whether a copy counts as one of the policy's own; of one from before this process, the vaults decide."""
        return copy.policy == self.policy if copy.policy else copy.vaults in self.own_vaults


@dataclass(frozen=True, slots=True)
class StartCopy:
    """Start one copy job in the source account. ``token`` makes the request safe to repeat.

    It is not started beyond ``bound``; None for no such bound.
    """

    destination: str
    point: RecoveryPoint
    source: VaultRef
    destination_vault_arn: str
    role_arn: str
    lifecycle: Lifecycle | None
    token: str
    bound: Bound | None = None

    mends: ClassVar[str] = ""
    once: ClassVar[bool] = True
    alone: ClassVar[bool] = True
    bars: ClassVar[bool] = True
    tells: ClassVar[bool] = True
    restores: ClassVar[bool] = False
    which: ClassVar[str] = ""
    piece: ClassVar[str] = ""

    @property
    def key(self) -> WriteKey | None:
        """None: a refused copy is judged by its recovery point."""
        return None

    def after(self, sight: Sight) -> Sight:
        """Return the destination as it is: a pass starts copies once, and what is left to judge is from before."""
        return sight

    @property
    def copy(self) -> RunningCopy:
        """The copy, as those see it that count what is unfinished."""
        return running(self.source, self.destination_vault_arn, self.point, self.bound)

    def told(self) -> None:
        """Return nothing: copies are counted."""

    def done(self, *, repaired: bool) -> None:
        """Return nothing: copies are counted."""

    def summed(self, count: int) -> tuple[Reason, str]:
        """Return the event about so many to one destination."""
        copies = plural(count, "copy", "copies")
        return Reason.COPIES_STARTED, f"Started {copies} to {self.destination}, newest of each resource first."


def running(source: VaultRef, vault_arn: str, point: RecoveryPoint, bound: Bound | None) -> RunningCopy:
    """Return the copy of a recovery point, as those see it that count what is unfinished."""
    policy = bound.policy if bound is not None else None
    return RunningCopy((source.arn, vault_arn), policy, point.resource_arn or point.arn, point.resource_type)


class State(StrEnum):
    """The state of one recovery point towards one destination."""

    COPIED = "copied"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    MISSING = "missing"
    FAILED = "failed"
    INELIGIBLE = "ineligible"
    OUT_OF_SCOPE = "out_of_scope"


GAP_STATES = frozenset({State.IN_PROGRESS, State.WAITING, State.MISSING, State.FAILED})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one recovery point stands towards one destination, and why.

    Attributes:
        job: The last copy job AWS shows for the pair, whoever asked for it.
        attempts: How many AWS shows; both are part of the idempotency token.
        retry_at: When a failed copy may be tried again; None when only a person can help.
        needs_action: A person has to act before this point can be copied.
        vanished: A copy job completed, and its copy is there no more.
        ground: Why it is certain that there is no copy, of a point that may be started.
        copy: What lies in the destination for it, whether it does or not.
        trial_at: When it is found out by one of its kind whether what failed for good still does.
    """

    point: RecoveryPoint
    state: State
    reason: Reason | None = None
    job: CopyJob | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    needs_action: bool = False
    message: str | None = None
    vanished: bool = False
    ground: Ground | None = None
    copy: RecoveryPoint | None = None
    trial_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two policies that want the same copies with different lifecycles."""

    destination: str
    other: PolicyKey
    message: str
