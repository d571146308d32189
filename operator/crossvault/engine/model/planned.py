"""What is to be done, and how everything was judged on the way there: actions, standings, prerequisites, drift."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from ...words.problems import Problem
from ...words.reasons import Reason
from .declared import Lifecycle, PolicyKey, VaultRef
from .evidence import Evidence, Ground
from .observed import CopyJob, RecoveryPoint, RunningCopy, WriteKey


@dataclass(frozen=True, slots=True)
class CreateVault:
    """Create the destination vault with its customer managed key."""

    destination: str
    vault: VaultRef
    key_arn: str

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("CreateVault", self.vault, self.key_arn)


@dataclass(frozen=True, slots=True)
class PutVaultPolicy:
    """Replace the vault policy ``expected`` by ``document``; they differ in our one statement only.

    A ``document`` of None removes the policy, which is planned only when nothing but our statement stood in it.
    ``replaces`` holds the statements of ``expected`` that are ours, as canonical JSON: nothing else of it may be lost.
    """

    destination: str
    vault: VaultRef
    expected: str | None
    document: str | None
    sid: str
    foreign_statements: int = 0
    replaces: frozenset[str] = frozenset()

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one: also what it replaces."""
        return ("PutVaultPolicy", self.vault, self.expected, self.document)


@dataclass(frozen=True, slots=True)
class Share:
    """How namespaces share the copies that an account may have unfinished at once.

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
    """What a namespace may have unfinished in an account beside others; judged when it plans, and at every start.

    Attributes:
        namespace: For whom copies are started.
        vaults: Between which vaults it declares copies: ARNs of source and destination.
    """

    share: Share
    namespace: str
    vaults: frozenset[tuple[str, str]]

    def is_own(self, copy: RunningCopy) -> bool:
        """Tell whether a copy counts as one of the namespace's own.

        AWS does not tell for whom it was made: of one that was started before this process, the vaults decide, so that
        it counts for each namespace that copies between them.
        """
        return copy.namespace == self.namespace if copy.namespace else copy.vaults in self.vaults


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


Action: TypeAlias = CreateVault | PutVaultPolicy | StartCopy


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one action; ``problem`` None means that it is done.

    ``found`` says that somebody else had done it: nothing was written, and it is not ours to tell. ``withheld`` says
    that nothing was asked of AWS, because others have taken the places since it was planned.
    """

    action: Action
    problem: Problem | None = None
    found: bool = False
    withheld: bool = False


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
        attempts: Failed copy jobs AWS shows for the pair; part of the idempotency token.
        retry_at: When a failed copy may be tried again; None when only a person can help.
        needs_action: A person has to act before this point can be copied.
        vanished: A copy job completed, and its copy is there no more.
        ground: Why it is certain that there is no copy, of a point that may be started.
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


class PrerequisiteStatus(StrEnum):
    """Met, not met, or not looked at."""

    MET = "Met"
    UNMET = "Unmet"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing AWS needs before a copy can work.

    ``blocks`` says that no copy is started while this row is not met; ``ours``, that the operator mends it by itself
    as soon as what comes before it is met and it may act.
    """

    name: str
    destination: str
    status: PrerequisiteStatus
    reason: Reason
    message: str
    remedy: str = ""
    blocks: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """One aspect that AWS has otherwise than declared.

    A ``remedy`` makes it a hazard: the operator cannot mend it, and a person has to.
    """

    destination: str
    aspect: str
    path: str
    desired: str
    observed: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two policies that want the same copies with different lifecycles."""

    destination: str
    other: PolicyKey
    message: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """A write that AWS refused when it was last asked, and that waits until it is asked again."""

    action: CreateVault | PutVaultPolicy
    problem: Problem
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass would do, as data. The order of ``actions`` is the order of execution.

    ``evidence`` says by destination what its pairing rests on, ``conflicts`` which policies want different things.
    ``postponed`` is what would be done, too, if AWS had not just refused it.
    """

    actions: tuple[Action, ...] = ()
    drift: tuple[Drift, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    standings: dict[str, tuple[Standing, ...]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    evidence: dict[str, tuple[Evidence, ...]] = field(default_factory=dict)
    postponed: tuple[Postponed, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event to post; ``type`` is Normal or Warning."""

    type: str
    reason: Reason
    message: str
