"""What the hosts know of a kind of object: where it is served, where it lies on the desk, and what it shows.

A kind is registered once, in :data:`crossvault.kinds.KINDS`. Hosts put its objects into its drawer and let what the
drawer gives do the passes; they know no kind by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from ..engine.declared import PolicyKey
from ..engine.hints import Hint
from ..engine.looks import NO_PATIENCE, Patience
from ..engine.rounds import Aws
from ..manifest.fields import Fault
from ..status.events import Event
from ..status.outcome import Cadence, Outcome, Report
from ..status.series import Metric, Sample
from ..words.problems import Problem

Body: TypeAlias = Mapping[str, Any]
Clock: TypeAlias = Callable[[], datetime]
Labels: TypeAlias = Mapping[str, str]

NAMESPACE = "Namespace"
"""The one kind that is not ours: its labels decide who may use an account."""
SYSTEM = "kube-system"
"""The namespace that every cluster has, and that lasts as long as it: its UID tells the cluster from every other."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Which object this is about; ``namespace`` is empty for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    @property
    def policy(self) -> PolicyKey:
        """The same without the kind."""
        return PolicyKey(self.namespace, self.name)

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"


class Request(Protocol):
    """Everything but AWS that one pass over one object looks at. Never changes."""

    @property
    def body(self) -> Body:
        """The object, as the pass took it up."""

    @property
    def not_before(self) -> datetime:
        """No observation may be older than this."""

    def reconcile(self, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]) -> Outcome:
        """Bring the object one pass closer to what it declares; ``stopping`` is asked before every action."""

    def unfinished(self, problem: Problem, *, now: datetime, cadence: Cadence) -> Outcome:
        """Say that a pass did not come to its end: what was true before is not known to be true now."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a host says of a pass.

    Attributes:
        not_before: No observation may be older than this.
        patience: How much older than that some of it may be.
        looked: When each destination was last seen in whole, as far as the process knows.
        ordered: A deletion was of this one object by name, not of its CRD or namespace.
        waiting: How many copies each other policy of the namespace has under way that waits for a place in the same
            account; the fewest first.
    """

    not_before: datetime
    looked: Mapping[str, datetime] = field(default_factory=dict)
    ordered: bool = True
    waiting: tuple[int, ...] = ()
    patience: Patience = NO_PATIENCE


R = TypeVar("R", bound=Request)


class Drawer(Protocol[R]):
    """The declared objects of one kind, and whom they refer to. Belongs to one thread; what it gives are snapshots."""

    def put(self, key: ObjectKey, body: Body, *, changed: bool) -> tuple[ObjectKey, ...]:
        """Take in an object; ``changed`` is False for one that declares what it did before.

        Returns:
            Others that have to be looked at because of that.
        """

    def drop(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Forget an object; return which others have to be looked at because of that."""

    def concerned(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Return the objects of this kind that refer to another one, of whatever kind, that has changed."""

    def settle(self, limit: int) -> bool:
        """Find out what up to ``limit`` changed objects mean for others; True while there are more."""

    def accounts_of(self, key: ObjectKey) -> frozenset[str]:
        """Return the names of the accounts that a pass over an object may ask."""

    def hinted(self, hint: Hint) -> Mapping[ObjectKey, frozenset[Hint]]:
        """Return the objects that a hint is about, each with what has to be seen anew for it; found by an index."""

    def request(self, key: ObjectKey, body: Body, occasion: Occasion) -> R:
        """Return what a pass over an object is given."""

    def is_overtaken(self, key: ObjectKey, request: R) -> bool:
        """Tell whether what an object refers to has changed since. May be called from any thread."""


D = TypeVar("D", bound=Drawer[Any])


class Others(Protocol):
    """What a drawer may know of the desk it is in."""

    def labels(self, namespace: str) -> Labels:
        """Return the labels of a namespace; an unknown one has none."""

    def cluster(self) -> str:
        """Return what tells the cluster from every other one; empty where it is not known, or there is none."""

    def __getitem__(self, kind: Kind[D]) -> D:
        """Return the drawer of a kind that was registered before."""


@dataclass(frozen=True, slots=True)
class Parting:
    """How objects end that have something of ours in AWS: they carry our finalizer until it is settled.

    Attributes:
        leaves: Whether there may be anything of ours in AWS after a pass over an object.
        removes: Whether the deletion of an object is to remove anything.
        given_up: What is said when that has been waited for long enough, from what keeps it.
    """

    leaves: Callable[[Body], bool]
    removes: Callable[[Body], bool]
    given_up: Callable[[Problem | None], Event]


def _no_faults(_body: Body) -> tuple[Fault, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind(Generic[D]):
    """One kind.

    Attributes:
        name: As in manifests.
        plural: As in the paths of the API server.
        drawer: Makes the place for its objects on a desk.
        metrics: What it shows to Prometheus.
        series: The samples of one object at an instant, from the report of its last pass.
        namespaced: Its objects lie in namespaces, which are the tenants.
        parting: How its objects end; None for those that may go at once.
        faults: What a file with such an object is refused for, beyond its CRD.
        is_way_in: Its objects are ways into AWS accounts; what is kept of one goes with it.
    """

    name: str
    plural: str
    drawer: Callable[[Others], D]
    metrics: tuple[Metric, ...]
    series: Callable[[Report, datetime], Iterator[Sample]]
    namespaced: bool = False
    parting: Parting | None = None
    faults: Callable[[Body], tuple[Fault, ...]] = _no_faults
    is_way_in: bool = False

    def key(self, policy: PolicyKey) -> ObjectKey:
        """Return the key of one of its objects."""
        return ObjectKey(self.name, policy.namespace, policy.name)
