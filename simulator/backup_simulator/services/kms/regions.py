"""KMS: multi-Region keys: a primary and its replicas, keys of one id and one material in several Regions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import anchors
from ...records import keys
from ...wire import AwsError, Params
from .. import tag_forms
from ..operation import Operation, Scope, request_tags
from . import key_policies, lookup, metadata

if TYPE_CHECKING:
    from ...identity.condition_keys import GatheredKeys
    from ...records.state import Key, State


def is_replica(key: Key) -> bool:
    """Whether a key is a replica of one in another Region."""
    return key.primary_region not in {None, key.region}


def related(state: State, key: Key) -> list[Key]:
    """A multi-Region key and its relatives in other Regions, in order of the Regions' names."""
    held = state.accounts[key.account].regions
    return [held[name].keys[key.key_id] for name in sorted(held) if key.key_id in held[name].keys]


def primary(state: State, key: Key) -> Key | None:
    """The primary of a multi-Region key, None for other keys."""
    return next((one for one in related(state, key) if one.region == key.primary_region), None)


def replicate(scope: Scope, params: Params) -> Params:
    """Make a replica of a primary key in another Region, with a policy, tags and a state of its own."""
    region = params["ReplicaRegion"]
    key = _primary(scope, params, "kms:ReplicateKey", {"kms:replicaregion": (region,)})
    if key.key_id in scope.state.accounts[key.account].region(region).keys:
        raise AwsError("AlreadyExistsException", f"A key with this id already exists in {region}.")
    tags = tag_forms.as_map(params.get("Tags", []))
    known = metadata.creation_keys(params, multi_region="REPLICA") | {"aws:requestedregion": (region,)}
    scope.authorise("kms:CreateKey", "*", keys=known | request_tags(tags))
    if tags:
        scope.authorise("kms:TagResource", "*", keys={"aws:requestedregion": (region,)} | request_tags(tags))
    stored = key_policies.parsed(scope, params["Policy"]) if "Policy" in params else None
    if stored:
        key_policies.require_no_lockout(scope, stored, params)
    replica = keys.create(scope.state, key.account, region, scope.now, key_id=key.key_id)
    replica.primary_region = key.primary_region
    replica.description, replica.tags = params.get("Description", ""), tags
    replica.policy = stored or replica.policy
    return {
        "ReplicaKeyMetadata": metadata.of(replica, related(scope.state, key)),
        "ReplicaPolicy": json.dumps(anchors.rendered(scope.state, replica.policy), indent=2),
        "ReplicaTags": tag_forms.as_pairs(tags, of_kms=True),
    }


def update_primary(scope: Scope, params: Params) -> Params:
    """Make one of the replicas the primary, and the primary a replica."""
    region = params["PrimaryRegion"]
    key = _primary(scope, params, "kms:UpdatePrimaryRegion", {"kms:primaryregion": (region,)})
    replica = scope.state.accounts[key.account].region(region).keys.get(key.key_id)
    if replica is None:
        raise lookup.missing(f"arn:aws:kms:{region}:{key.account}:key/{key.key_id}")
    lookup.require(scope, replica, "kms:UpdatePrimaryRegion", {"kms:primaryregion": (region,)})
    lookup.require_enabled(replica)
    replica.rotation, key.rotation = key.rotation, None
    for one in related(scope.state, key):
        one.primary_region = region
    return {}


def _primary(scope: Scope, params: Params, action: str, known: GatheredKeys) -> Key:
    key = lookup.customer(scope, params["KeyId"], action, known)
    if key.primary_region is None or is_replica(key):
        raise AwsError("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
    lookup.require_enabled(key)
    return key


OPERATIONS = {
    "ReplicateKey": Operation(replicate, target=None),
    "UpdatePrimaryRegion": Operation(update_primary, target=None),
}

FIDELITY = (
    Behaviour(
        "Multi-Region keys: `mrk-` ids, replicas with policies, tags, grants and aliases of their own, ready at once "
        "(AWS: Creating or Updating for a while); they open each other's ciphertexts",
        "DG",
        "test_kms_regions.py::test_a_replica_is_the_same_key_elsewhere",
    ),
    Behaviour(
        "A primary with replicas waits for their deletion: PendingReplicaDeletion",
        "DG",
        "test_kms_regions.py::test_a_primary_goes_after_its_replicas",
    ),
    Behaviour(
        "The right to make KMS's service-linked role for multi-Region keys is not asked for",
        "missing",
    ),
)
