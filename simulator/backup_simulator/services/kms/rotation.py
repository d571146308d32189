"""KMS: automatic rotation of keys, as far as it is seen: whether, how often, and when next in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...clock import DAY
from ...fidelity import Behaviour
from ...records.grants import Rotation
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import lookup, regions

if TYPE_CHECKING:
    from ...identity.condition_keys import GatheredKeys
    from ...records.state import Key

YEAR = 365


def enable(scope: Scope, params: Params) -> Params:
    """Rotate a key every so many days from now on; of multi-Region keys the primary decides."""
    days = params.get("RotationPeriodInDays", YEAR)
    key = _changeable(scope, params, "kms:EnableKeyRotation", {"kms:rotationperiodindays": (str(days),)})
    lookup.require_enabled(key)
    key.rotation = Rotation(days, scope.now)
    return {}


def disable(scope: Scope, params: Params) -> Params:
    """Rotate a key no more."""
    key = _changeable(scope, params, "kms:DisableKeyRotation")
    lookup.require_enabled(key)
    key.rotation = None
    return {}


def _changeable(scope: Scope, params: Params, action: str, known: GatheredKeys | None = None) -> Key:
    key = lookup.customer(scope, params["KeyId"], action, known)
    if regions.is_replica(key):
        text = f"{key.arn} is a multi-Region replica key; its rotation is that of its primary key."
        raise AwsError("UnsupportedOperationException", text)
    return key


def status(scope: Scope, params: Params) -> Params:
    """Tell whether and when a key rotates; those that AWS manages do every year."""
    key = lookup.own(scope, params["KeyId"], "kms:GetKeyRotationStatus")
    deciding = regions.primary(scope.state, key) or key
    rotation = deciding.rotation
    if key.manager == "AWS":
        rotation = Rotation(YEAR, key.created)
    if rotation is None or lookup.is_pending(key):
        return {"KeyRotationEnabled": False, "KeyId": key.arn}
    period = rotation.days * DAY
    passed = int((scope.now - rotation.since) // period)
    return {
        "KeyRotationEnabled": True,
        "KeyId": key.arn,
        "RotationPeriodInDays": rotation.days,
        "NextRotationDate": rotation.since + (passed + 1) * period,
    }


OPERATIONS = {
    "EnableKeyRotation": Operation(enable, target=None),
    "DisableKeyRotation": Operation(disable, target=None),
    "GetKeyRotationStatus": Operation(status, target=None),
}

FIDELITY = (
    Behaviour(
        "Rotation every 90 to 2560 days (default 365), the next one in virtual time; replicas show their primary's",
        "DG",
        "test_kms_rotation.py::test_a_key_tells_when_it_rotates_next",
    ),
    Behaviour(
        "Rotation on demand, and the list of past rotations: 501; a rotated key opens all its ciphertexts",
        "missing; the latter: DG",
        "test_kms_rotation.py::test_a_rotated_key_opens_what_it_closed",
    ),
)
