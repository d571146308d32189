"""What DescribeKey tells of a key, and the condition keys of its making. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...records.keys import KIND

if TYPE_CHECKING:
    from ...policies.condition_keys import GatheredKeys
    from ...records.state import Key
    from ...wire import Params


def of(key: Key) -> Params:
    """The metadata of a key."""
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
        "Origin": KIND["kms:keyorigin"],
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": KIND["kms:keyspec"],
        "KeySpec": KIND["kms:keyspec"],
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }


def creation_keys(params: Params) -> GatheredKeys:
    """The condition keys of making a key."""
    bypass = "true" if params.get("BypassPolicyLockoutSafetyCheck") else "false"
    found: GatheredKeys = {name: (value,) for name, value in KIND.items()}
    return found | {"kms:bypasspolicylockoutsafetycheck": (bypass,)}
