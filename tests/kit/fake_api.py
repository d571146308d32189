"""An API server small enough to be told what to do: objects with versions, and errors on request.

It stands in for :class:`crossvault.kube.client.Api` where the real server cannot be made to fail at the right moment.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.kind import Body
from crossvault.kube import objects
from crossvault.kube.client import ApiError, Listing, Trouble

POLICY_SPEC = {
    "source": {"accountRef": {"name": "production"}, "region": "eu-west-1", "vault": {"name": "orders"}},
    "destinations": [
        {"name": "dr", "accountRef": {"name": "dr"}, "region": "eu-central-1", "vault": {"name": "copies"}}
    ],
}

POLICIES, ACCOUNTS = objects.WATCHED[POLICY.name], objects.WATCHED[ACCOUNT.name]


def policy(name: str = "orders", *, version: int = 1, **metadata: Any) -> dict[str, Any]:
    """Return a policy as the API server has it."""
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "CrossAccountBackupPolicy",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "generation": 1,
            "creationTimestamp": "2026-11-01T00:00:00Z",
            **metadata,
        },
        "spec": copy.deepcopy(POLICY_SPEC),
    }


def account(name: str = "dr", *, version: int = 1, generation: int = 1, **spec: Any) -> dict[str, Any]:
    """Return an account as the API server has it."""
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "BackupAccount",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "generation": generation,
        },
        "spec": {"accountId": "222222222222", "allowedNamespaces": {"all": True}} | spec,
    }


def namespace(name: str = "shop", *, version: int = 1, **labels: str) -> dict[str, Any]:
    """Return a namespace as the API server has it."""
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version), "labels": labels}}


class FakeApi:
    """Keeps objects, counts writes, and raises what ``refuse`` returns for a request."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.version = 100
        self.writes: list[tuple[str, str, Mapping[str, Any]]] = []
        self.events: list[Body] = []
        self.refuse: Callable[[str, str], ApiError | None] = lambda _verb, _what: None
        self.lost_answers = 0

    def add(self, resource: objects.Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have an object exist, as its newest version."""
        self.version += 1
        stored = copy.deepcopy(dict(body))
        stored["metadata"]["resourceVersion"] = str(self.version)
        self.objects[_key(resource, stored)] = stored
        return copy.deepcopy(stored)

    def touch(self, resource: objects.Resource, body: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
        """Have somebody else change an object."""
        stored = self.objects[_key(resource, body)]
        stored["metadata"].update(metadata)
        return self.add(resource, stored)

    def get(self, resource: objects.Resource, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return an object as it is."""
        return copy.deepcopy(self.objects.get(_key(resource, body)))

    async def patch(
        self, resource: objects.Resource, body: Body, change: Mapping[str, Any], *, subresource: str = ""
    ) -> dict[str, Any]:
        """Merge a change, as the API server does."""
        what = subresource or "object"
        self._maybe_refuse("patch", what)
        stored = self.objects.get(_key(resource, body))
        if stored is None:
            raise ApiError(Trouble.GONE, "not found")
        if stored["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise ApiError(Trouble.CONFLICT, "the object has been modified")
        self.writes.append((what, body["metadata"]["name"], change))
        changed = self.add(resource, merged(stored, change))
        if changed["metadata"].get("deletionTimestamp") and not changed["metadata"].get("finalizers"):
            del self.objects[_key(resource, body)]
        if self.lost_answers:
            self.lost_answers -= 1
            raise ApiError(Trouble.UNREACHABLE, "no answer in time")
        return changed

    async def look(
        self, resource: objects.Resource, namespace: str, name: str, *, metadata_only: bool = False
    ) -> dict[str, Any] | None:
        """Read one object."""
        del metadata_only
        self._maybe_refuse("look", resource.plural)
        found = self.objects.get((resource.plural, namespace, name))
        return copy.deepcopy(found)

    async def list(self, resource: objects.Resource) -> Listing:
        """Read all objects."""
        self._maybe_refuse("list", resource.plural)
        items = tuple(copy.deepcopy(each) for key, each in self.objects.items() if key[0] == resource.plural)
        return Listing(items, self.version)

    async def create(self, resource: objects.Resource, body: Body) -> dict[str, Any]:
        """Create an event."""
        del resource
        self._maybe_refuse("create", "events")
        self.events.append(body)
        return dict(body)

    def _maybe_refuse(self, verb: str, what: str) -> None:
        error = self.refuse(verb, what)
        if error is not None:
            raise error


def merged(old: object, patch: object) -> Any:
    """Apply a merge patch (RFC 7386)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _key(resource: objects.Resource, body: Mapping[str, Any]) -> tuple[str, str, str]:
    metadata = body["metadata"]
    return resource.plural, metadata.get("namespace", ""), metadata["name"]
