"""What the cluster holds, as far as we have heard: bodies by key, and a desk with what they declare.

Older news never replace newer ones: watch events, answers to our writes and lists arrive in any order, and the
resourceVersion says which is newest. Belongs to the event loop's thread; what passes get are snapshots.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..kinds.kind import NAMESPACE, SYSTEM, Body, Labels, ObjectKey
from ..work.desk import Desk
from . import objects

_BURIED = 2048
"""So many deletions are remembered; what overtakes one is on its way for a second at most."""


class Change(StrEnum):
    """What a piece of news means for the object; an echo is no news."""

    NEW = "new"
    CHANGED = "changed"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class _Place:
    """What counts of a namespace."""

    labels: Labels
    terminating: bool


class Store:
    """The objects in memory. ``on_change`` is told which keys have to be looked at, after the store has changed."""

    def __init__(self, on_change: Callable[[ObjectKey], None] = lambda _key: None, *, desk: Desk | None = None) -> None:
        self._on_change = on_change
        self.desk = desk or Desk()
        self._bodies: dict[str, dict[ObjectKey, Body]] = {kind: {} for kind in objects.WATCHED}
        self._seen: dict[str, int] = dict.fromkeys(objects.WATCHED, 0)
        self._buried: OrderedDict[str, int] = OrderedDict()

    # --- sight

    def get(self, key: ObjectKey) -> Body | None:
        """Return an object as last heard of."""
        return self._bodies[key.kind].get(key)

    def keys(self, kind: str) -> tuple[ObjectKey, ...]:
        """Return the keys of all objects of a kind."""
        return tuple(self._bodies[kind])

    def seen(self, kind: str) -> int:
        """Return the newest resourceVersion heard of for a kind."""
        return self._seen[kind]

    # --- news

    def put(self, kind: str, body: Body) -> Change:
        """Take in an object from a watch, a list, or the answer to a write of ours."""
        key = objects.key_of(kind, body)
        version = objects.version_of(body)
        self._seen[kind] = max(self._seen[kind], version)
        before = self._bodies[kind].get(key)
        if before is not None and version <= objects.version_of(before):
            return Change.ECHO
        if self._is_gone(kind, body, version):
            self._bury(body, version)
            self.drop(key)
            return Change.ECHO if before is None else Change.CHANGED
        self._bodies[kind][key] = kept = objects.slim(body, labels=kind == NAMESPACE)
        change = _change(kind, before, kept)
        self._announce(key, self._lay_down(key, kept, change), change)
        return change

    def remove(self, kind: str, body: Body) -> bool:
        """Take in the deletion of an object; news of an object's predecessor are no news."""
        key = objects.key_of(kind, body)
        version = objects.version_of(body)
        self._seen[kind] = max(self._seen[kind], version)
        self._bury(body, version)
        before = self._bodies[kind].get(key)
        if before is None or objects.version_of(before) > version:
            return False
        self.drop(key)
        return True

    def _bury(self, body: Body, version: int) -> None:
        """Remember a deletion: news from before it may still be on their way, from a watch, a list, or a write."""
        self._buried[objects.uid_of(body)] = max(version, self._buried.get(objects.uid_of(body), version))
        self._buried.move_to_end(objects.uid_of(body))
        if len(self._buried) > _BURIED:
            self._buried.popitem(last=False)

    def _is_gone(self, kind: str, body: Body, version: int) -> bool:
        """Tell whether news are of an object that is no more, although they look like any others.

        An object of ours without finalizers goes with the write that took the last one away; a namespace has others.
        """
        let_go = objects.deletion_of(body) is not None and not objects.finalizers_of(body)
        return (let_go and kind != NAMESPACE) or version <= self._buried.get(objects.uid_of(body), -1)

    def drop(self, key: ObjectKey) -> None:
        """Forget an object that does not exist any more."""
        if self._bodies[key.kind].pop(key, None) is None:
            return
        others = self.desk.put_labels(key.name, None) if key.kind == NAMESPACE else self.desk.drop(key)
        self._announce(key, others, Change.CHANGED)

    def differs(self, kind: str, listed: Iterable[Body], *, version: int) -> bool:
        """Tell whether :meth:`compare` would find anything."""
        present = {objects.key_of(kind, body): body for body in listed}
        known = self._bodies[kind]
        ghosts = (key not in present and objects.version_of(body) <= version for key, body in known.items())
        return any(ghosts) or any(self._is_news(kind, known.get(key), body) for key, body in present.items())

    def _is_news(self, kind: str, before: Body | None, body: Body) -> bool:
        version = objects.version_of(body)
        newer = before is None or version > objects.version_of(before)
        if not newer or self._is_gone(kind, body, version):
            return newer and before is not None
        return _change(kind, before, body) is not Change.ECHO

    def compare(self, kind: str, listed: Iterable[Body], *, version: int) -> tuple[int, int]:
        """Take in a whole list as of ``version``: missing objects come in, ghosts go.

        A deletion that happened while our watch was cut, before the server lost its history, is never delivered by a
        watch; without this, the object would be reconciled and its claims be honoured for ever.

        Returns:
            How many objects were missing or outdated, and how many were ghosts.
        """
        present: set[ObjectKey] = set()
        missing = 0
        for body in listed:
            present.add(objects.key_of(kind, body))
            missing += self.put(kind, body) is not Change.ECHO
        ghosts = [
            key
            for key, body in self._bodies[kind].items()
            if key not in present and objects.version_of(body) <= version
        ]
        for key in ghosts:
            self.drop(key)
        self._seen[kind] = max(self._seen[kind], version)
        return missing, len(ghosts)

    # --- consequences

    def _lay_down(self, key: ObjectKey, body: Body, change: Change) -> tuple[ObjectKey, ...]:
        """Put an object on the desk; return which others have to be looked at because of that."""
        changed = change is not Change.ECHO
        if key.kind != NAMESPACE:
            return self.desk.put(key, body, changed=changed)
        if key.name == SYSTEM:
            self.desk.name_cluster(objects.uid_of(body))
        return self.desk.put_labels(key.name, _place(body).labels) if changed else ()

    def _announce(self, key: ObjectKey, others: Iterable[ObjectKey], change: Change) -> None:
        """Tell which keys have to be looked at because of this one. A namespace is not looked at itself."""
        if change is not Change.ECHO and key.kind != NAMESPACE:
            self._on_change(key)
        for each in others:
            self._on_change(each)


def _place(body: Body) -> _Place:
    metadata: Mapping[str, Any] = body["metadata"]
    return _Place(dict(metadata.get("labels") or {}), terminating=bool(metadata.get("deletionTimestamp")))


def _change(kind: str, before: Body | None, after: Body) -> Change:
    """Tell whether a change is one to act on; the echo of a status write is not."""
    if before is None or objects.uid_of(before) != objects.uid_of(after):
        return Change.NEW
    if kind == NAMESPACE:
        return Change.CHANGED if _place(before) != _place(after) else Change.ECHO
    if objects.generation_of(before) != objects.generation_of(after):
        return Change.CHANGED
    if objects.deletion_of(before) != objects.deletion_of(after):
        return Change.CHANGED
    lost = objects.FINALIZER in objects.finalizers_of(before) and objects.FINALIZER not in objects.finalizers_of(after)
    return Change.CHANGED if lost else Change.ECHO
