"""The declared objects of any host: a drawer for each kind, and the labels of namespaces.

A host puts in what it hears and takes out what a pass is given. Belongs to one thread; what it gives are snapshots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..engine.hints import Hint
from ..kinds import KINDS
from ..kinds.kind import NAMESPACE, Body, D, Drawer, Kind, Labels, ObjectKey, Occasion, Request

_NO_LABELS: Labels = {}


class Desk:
    """What is declared."""

    def __init__(self, kinds: Iterable[Kind[Any]] = KINDS.values()) -> None:
        self._labels: dict[str, Labels] = {}
        self._cluster = ""
        self._there: set[ObjectKey] = set()
        self._tenants: Counter[str] = Counter()
        self._drawers: dict[str, Drawer[Any]] = {}
        for kind in kinds:
            self._drawers[kind.name] = kind.drawer(self)

    def __getitem__(self, kind: Kind[D]) -> D:
        """Return the drawer of a kind."""
        return self._drawers[kind.name]  # type: ignore[return-value] # which the kind has made

    # --- what a pass is given

    def request(self, key: ObjectKey, body: Body, occasion: Occasion) -> Request:
        """Return everything but AWS that a pass over an object looks at.

        What was put in since the last :meth:`settle` is settled first, so that nobody's claim is overlooked.

        Args:
            key: The object.
            body: The object, as the pass took it up.
            occasion: What the host says of the pass.
        """
        while self.settle():
            pass
        request: Request = self._drawers[key.kind].request(key, body, occasion)
        return request

    def is_overtaken(self, key: ObjectKey, request: Request) -> bool:
        """Tell whether what an object refers to has changed since a pass was given it. Any thread may ask."""
        return self._drawers[key.kind].is_overtaken(key, request)

    def labels(self, namespace: str) -> Labels:
        """Return the labels of a namespace; an unknown one has none."""
        return self._labels.get(namespace, _NO_LABELS)

    def cluster(self) -> str:
        """Return what tells the cluster from every other one; empty where it is not known, or there is none."""
        return self._cluster

    def accounts_of(self, key: ObjectKey) -> frozenset[str]:
        """Return the names of the accounts that a pass over an object may ask."""
        return self._drawers[key.kind].accounts_of(key)

    def one_tenant(self) -> bool:
        """Tell whether all objects that lie in a namespace lie in the same one."""
        return len(self._tenants) < 2

    def hinted(self, hint: Hint) -> Mapping[ObjectKey, frozenset[Hint]]:
        """Return the objects of any kind that a hint is about, each with what has to be seen anew for it.

        What was put in since the last :meth:`settle` is looked at anyway.
        """
        return {key: hints for each in self._drawers.values() for key, hints in each.hinted(hint).items()}

    # --- what is put in

    def put(self, key: ObjectKey, body: Body, *, changed: bool = True) -> tuple[ObjectKey, ...]:
        """Take in an object; ``changed`` is False for one that declares what it did before.

        Returns:
            Others that have to be looked at because of that.
        """
        if key not in self._there:
            self._there.add(key)
            self._tenants.update([key.namespace] if key.namespace else ())
        others = self._drawers[key.kind].put(key, body, changed=changed)
        return (*self.concerned(key), *others) if changed else others

    def drop(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Forget an object; return which others have to be looked at because of that."""
        if key not in self._there:
            return ()
        self._there.remove(key)
        self._tenants -= Counter([key.namespace] if key.namespace else [])
        others = self._drawers[key.kind].drop(key)
        return (*self.concerned(key), *others)

    def put_labels(self, namespace: str, labels: Labels | None) -> tuple[ObjectKey, ...]:
        """Take in the labels of a namespace, or forget it; return which objects have to be looked at."""
        if labels is None:
            self._labels.pop(namespace, None)
        else:
            self._labels[namespace] = labels
        return self.concerned(ObjectKey(NAMESPACE, "", namespace))

    def name_cluster(self, cluster: str) -> None:
        """Take in what tells the cluster from every other one."""
        self._cluster = cluster

    def concerned(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Return the objects of any kind that refer to one that has changed; what they mean is found out anew."""
        return tuple(each for drawer in self._drawers.values() for each in drawer.concerned(key))

    def settle(self, limit: int = 50) -> bool:
        """Find out what up to ``limit`` changed objects of each kind mean for others; True while there are more.

        In slices, so that an event loop gets its turn between them.
        """
        more = [drawer.settle(limit) for drawer in self._drawers.values()]
        return any(more)


def desk_of(objects: Mapping[ObjectKey, Body], labels: Mapping[str, Labels] | None = None) -> Desk:
    """Return a desk with all of this on it, settled."""
    desk = Desk()
    for namespace, each in (labels or {}).items():
        desk.put_labels(namespace, each)
    for key, body in objects.items():
        desk.put(key, body)
    while desk.settle():
        pass
    return desk
