"""Kubernetes objects as plain mappings: which kinds there are, how they are named, and how two of them differ."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kinds import KINDS
from ..kinds.kind import NAMESPACE, Body, Kind, ObjectKey

GROUP = "crossvault.io"
VERSION = "v1alpha1"
FINALIZER = "crossvault.io/finalizer"


@dataclass(frozen=True, slots=True)
class Resource:
    """Where the API server serves a kind."""

    prefix: str
    plural: str
    api_version: str
    namespaced: bool = False

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path of the collection, of one object, or of its subresource."""
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "/".join(part for part in (self.plural, name, subresource) if part)
        return f"{self.prefix}{scope}/{tail}"


def resource_of(kind: Kind[Any]) -> Resource:
    """Return where a kind of ours is served."""
    return Resource(f"/apis/{GROUP}/{VERSION}", kind.plural, f"{GROUP}/{VERSION}", kind.namespaced)


NAMESPACES = Resource("/api/v1", "namespaces", "v1")
DEFINITIONS = Resource("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", "apiextensions.k8s.io/v1")
EVENTS = Resource("/apis/events.k8s.io/v1", "events", "events.k8s.io/v1", namespaced=True)
TOKEN_REVIEWS = Resource("/apis/authentication.k8s.io/v1", "tokenreviews", "authentication.k8s.io/v1")
ACCESS_REVIEWS = Resource("/apis/authorization.k8s.io/v1", "subjectaccessreviews", "authorization.k8s.io/v1")

WATCHED: Mapping[str, Resource] = {
    NAMESPACE: NAMESPACES,
    **{name: resource_of(kind) for name, kind in KINDS.items()},
}
"""What the operator watches, by kind; each may refer to those before it."""


def key_of(kind: str, body: Body) -> ObjectKey:
    """Return the key of an object as the API server names it."""
    metadata = body["metadata"]
    return ObjectKey(kind, metadata.get("namespace") or "", metadata["name"])


def version_of(body: Body) -> int:
    """Return the resourceVersion as a number; 0 when it has none.

    Versions of one resource type are comparable integers since Kubernetes 1.35 says so
    (https://kep.k8s.io/5504) and etcd always made them so.
    """
    text = str(body["metadata"].get("resourceVersion") or "")
    return int(text) if text.isdecimal() else 0


def uid_of(body: Body) -> str:
    """Return the uid, which tells a recreated object from the one before it."""
    return str(body["metadata"].get("uid") or "")


def generation_of(body: Body) -> int:
    """Return the generation: +1 on every change of the spec, and on deletion with finalizers."""
    return int(body["metadata"].get("generation") or 0)


def deletion_of(body: Body) -> datetime | None:
    """Return when the object's deletion was asked for, None when it was not."""
    text = body["metadata"].get("deletionTimestamp")
    return datetime.fromisoformat(text) if text else None


def identity_of(body: Body) -> tuple[object, ...]:
    """Return what makes a pass obsolete when it changes: which object it is, what it asks for, whether it is to go."""
    return uid_of(body), generation_of(body), deletion_of(body)


def finalizers_of(body: Body) -> tuple[str, ...]:
    """Return the object's finalizers."""
    return tuple(body["metadata"].get("finalizers") or ())


_NEVER_LOOKED_AT = frozenset({"managedFields", "annotations", "labels", "ownerReferences"})


def slim(body: Body, *, labels: bool = False) -> dict[str, Any]:
    """Return the object without what is never looked at: most of its size, and what anybody may fill with megabytes.

    ``labels`` stay where they are asked for: those of namespaces decide who may use an account.
    """
    kept = {
        name: value
        for name, value in body["metadata"].items()
        if name not in _NEVER_LOOKED_AT or (labels and name == "labels")
    }
    return {name: _with_shared_names(value) for name, value in {**body, "metadata": kept}.items()}


def _with_shared_names(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON whose objects name their members by the same strings: a third of what a thousand statuses take."""
    if isinstance(value, dict):
        return {sys.intern(name): _with_shared_names(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_shared_names(member) for member in value]
    return value


def merge_patch(old: object, new: object) -> dict[str, Any]:
    """Return the merge patch (RFC 7386) that turns ``old`` into ``new``; empty when they mean the same.

    None means absent, as it does to the API server: it drops null members of custom resources.
    """
    before = old if isinstance(old, Mapping) else {}
    after = new if isinstance(new, Mapping) else {}
    patch: dict[str, Any] = {name: None for name in before if after.get(name) is None and before[name] is not None}
    for name, value in after.items():
        if value is None:
            continue
        present = before.get(name)
        if isinstance(value, Mapping) and isinstance(present, Mapping):
            inner = merge_patch(present, value)
            if inner:
                patch[name] = inner
        elif (whole := without_nulls(value)) != present:
            patch[name] = whole
    return patch


def without_nulls(value: object) -> object:
    """Return the value without None members, at any depth."""
    if isinstance(value, (str, bool, int, float)):  # most of them; to ask for Mapping is slow
        return value
    if isinstance(value, (dict, Mapping)):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, (list, tuple)):
        return [without_nulls(member) for member in value]
    return value
