"""What DescribeKey tells of a key, and the condition keys of its making. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...records.keys import KIND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...identity.condition_keys import GatheredKeys
    from ...records.state import Key
    from ...wire import Params


def of(key: Key, relatives: Sequence[Key]) -> Params:
    """The metadata of a key; `relatives` are the keys of its id in all Regions."""
    return {
        "AWSAccountId": key.account,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": KIND["kms:keyusage"],
        "KeyState": key.state,
        "DeletionDate": key.deletion_date,
        "PendingDeletionWindowInDays": key.pending_days if key.deletion_date is None else None,
        "Origin": KIND["kms:keyorigin"],
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": KIND["kms:keyspec"],
        "KeySpec": KIND["kms:keyspec"],
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": key.primary_region is not None,
        "MultiRegionConfiguration": _configuration(key, relatives) if key.primary_region is not None else None,
    }


def _configuration(key: Key, relatives: Sequence[Key]) -> Params:
    shown = {one.region: {"Arn": one.arn, "Region": one.region} for one in relatives}
    return {
        "MultiRegionKeyType": "PRIMARY" if key.region == key.primary_region else "REPLICA",
        "PrimaryKey": shown.get(key.primary_region or ""),
        "ReplicaKeys": [one for region, one in shown.items() if region != key.primary_region],
    }


def creation_keys(params: Params, *, multi_region: str | None) -> GatheredKeys:
    """The condition keys of making a key; `multi_region` is PRIMARY, REPLICA or None."""
    bypass = "true" if params.get("BypassPolicyLockoutSafetyCheck") else "false"
    found: GatheredKeys = {name: (value,) for name, value in KIND.items()}
    found |= {
        "kms:bypasspolicylockoutsafetycheck": (bypass,),
        "kms:multiregion": ("true" if multi_region else "false",),
    }
    return found | ({"kms:multiregionkeytype": (multi_region,)} if multi_region else {})
