"""What is known of one recovery point before a copy job is spent on it: that AWS would refuse it, and who can end that.

| known | state | reason |
|---|---|---|
| its type cannot enter a logically air-gapped vault, or leave, or enter, a Region | Ineligible | TypeNotSupported |
| it is a snapshot under a key that AWS manages, and goes to another account | Ineligible | AwsManagedKey |
| its key, or the vault's, certainly does not let in who copies | Waiting, until somebody acts | KeyNotShared, … |
| the copy role may certainly copy none of its form out | Waiting, until somebody acts | CopyRoleLacksPermission |
| the policy of the source vault denies that | Waiting, until somebody acts | VaultPolicyDenies |
| its copy would live too short or too long for the vault's lock | Waiting, until somebody acts | RetentionOutOfBounds |
| AWS refused the same request, because of what the point is | Ineligible, asked again after a day | as AWS says |
| AWS refused the same request for another reason | Failed, asked again more and more slowly | as AWS says |
| the policy's own plan made it, which copies it itself, and the grace period runs | Waiting | ExpectedFromPlan |
| AWS refused another request, or time ends the refusal | | none of ours |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...engine.declared import Desired, Destination
from ...engine.looks import Look, Unseen
from ...iam.conditions import like
from ...words.reasons import Reason
from .. import lifecycle
from ..copy_role import COPY_ROLE
from ..lifecycle import LIFECYCLE
from ..resource_types.matrix import AS_OF, KEYED_BY_RESOURCE, NOT_AIR_GAPPED, STAYS_UNENCRYPTED, barred_from
from ..vault.seen import Key, Vault
from .declared import COPIES
from .failures import FailureClass, classify_refusal
from .planned import Standing, State
from .seen import Asked, CopyJob, RecoveryPoint, Refusal

OF_THE_POINT = frozenset({Reason.COLD_STORAGE, Reason.CONTINUOUS_BACKUP, Reason.NOT_COMPLETED})
"""Reasons of a refusal that would have made the point ineligible, had its listing shown them."""

SLOWEST = timedelta(hours=24)
"""How slowly is asked again at last what AWS has refused: somebody may have acted unseen."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What was seen that bears on single points, towards one destination.

    Attributes:
        vault: The destination vault, None while it was not seen.
        keys: What KMS says of the keys of the source account, by ARN.
        refused: What AWS refused to start to this destination, by ARN of the recovery point.
        closed: Why no copy can be made, by ARN of the key and resource type.
        unwritable: Why no copy can be written, by resource type.
        kept: Why no recovery point of a form leaves the source, by form.
        own_plan: The id of the policy's backup plan, which copies what it makes; empty where there is none.
    """

    vault: Vault | None = None
    keys: Mapping[str, Look[Key | None]] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    closed: Mapping[tuple[str, str], tuple[Reason, str]] = field(default_factory=dict)
    unwritable: Mapping[str, tuple[Reason, str]] = field(default_factory=dict)
    own_plan: str = ""
    kept: Mapping[str, tuple[Reason, str]] = field(default_factory=dict)


def foreseen(
    point: RecoveryPoint,
    desired: Desired,
    destination: Destination,
    known: Circumstances,
    now: datetime,
    last_job: CopyJob | None = None,
) -> Standing | None:
    """Return how an uncopied point without a running job stands when AWS would not copy it; None if it may be tried.

    A job that ended well knows better than what can be foreseen: its copy was there, and is gone. And a refusal from
    before the last job began is history.
    """
    if last_job is None or not last_job.ended_well:
        found = _as_listed(point, desired, destination, known)
        if found is not None:
            return found
    refusal = known.refused.get(point.arn)
    if refusal is None and last_job is None and known.own_plan and point.plan_id == known.own_plan:
        return _expected(point, desired, now)
    asks = Asked.of(point, destination[LIFECYCLE], desired[COPY_ROLE])
    if refusal is None or refusal.asked != asks or (last_job is not None and last_job.created >= refusal.at):
        return None
    return _refused(point, refusal, desired[COPIES].copying.backoff, now)


def _expected(point: RecoveryPoint, desired: Desired, now: datetime) -> Standing | None:
    """Leave a copy to the plan for a while: both would make it at once, when the backup has just ended.

    AWS starts the copies of a rule when the backup is complete; a big one takes hours, and so the period counts from
    its end.
    """
    until = point.created + timedelta(minutes=point.took) + desired[COPIES].copying.plan_grace
    if now >= until:
        return None
    words = "The policy's own backup plan made it, and copies it."
    return Standing(point, State.WAITING, Reason.EXPECTED_FROM_PLAN, retry_at=until, message=words)


def _as_listed(
    point: RecoveryPoint, desired: Desired, destination: Destination, known: Circumstances
) -> Standing | None:
    barred = _not_into_air_gapped(point, known.vault) or _not_between(point, desired, destination)
    if barred is not None:
        return Standing(point, State.INELIGIBLE, Reason.TYPE_NOT_SUPPORTED, message=barred)
    if _on_managed_key(point, desired, destination, known.keys):
        return Standing(point, State.INELIGIBLE, Reason.AWS_MANAGED_KEY, message=_managed_key(point))
    closed = _on_closed_key(point, known)
    if closed is not None:
        return Standing(point, State.WAITING, closed[0], needs_action=True, message=f"{point.arn}: {closed[1]}")
    kept = next((why for form, why in known.kept.items() if like(point.arn, form)), None)
    if kept is not None:
        return Standing(point, State.WAITING, kept[0], needs_action=True, message=f"{point.arn}: {kept[1]}")
    locked_out = lifecycle.refusal(point, destination, known.vault)
    if locked_out is not None:
        held = Reason.RETENTION_OUT_OF_BOUNDS
        return Standing(point, State.WAITING, held, needs_action=True, message=locked_out)
    return None


def _not_into_air_gapped(point: RecoveryPoint, vault: Vault | None) -> str | None:
    if vault is None or not vault.air_gapped:
        return None
    if point.resource_type in NOT_AIR_GAPPED:
        return f"AWS does not copy {point.resource_type} into logically air-gapped vaults such as {vault.name}."
    if point.resource_type in STAYS_UNENCRYPTED and point.encrypted is False:
        return f"{point.arn} is not encrypted, and so does not enter the logically air-gapped vault {vault.name}."
    return None


def _not_between(point: RecoveryPoint, desired: Desired, destination: Destination) -> str | None:
    if desired.source.account.account_id == destination.vault.account.account_id:
        return None
    region = barred_from(point.resource_type, (desired.source.region, destination.vault.region))
    if region is None:
        return None
    return (
        f"AWS Backup copies no {point.resource_type} to another account from or into {region}, a Region to opt into"
        f" (as of {AS_OF})."
    )


def _on_managed_key(
    point: RecoveryPoint, desired: Desired, destination: Destination, keys: Mapping[str, Look[Key | None]]
) -> bool:
    """Tell whether a snapshot is known to be under a key that cannot be shared; unknown is tried."""
    if desired.source.account.account_id == destination.vault.account.account_id:
        return False
    return point.resource_type in KEYED_BY_RESOURCE and _is_managed(keys.get(point.encryption_key_arn or ""))


def _on_closed_key(point: RecoveryPoint, known: Circumstances) -> tuple[Reason, str] | None:
    """Return why KMS would certainly refuse a copy; what is not certain is tried."""
    found = known.closed.get((point.encryption_key_arn or "", point.resource_type))
    return found or known.unwritable.get(point.resource_type)


def managed_keys(known: Circumstances) -> frozenset[str]:
    """Return the ARNs of the keys that are known to be managed by AWS."""
    return frozenset(arn for arn, look in known.keys.items() if _is_managed(look))


def _is_managed(look: Look[Key | None] | None) -> bool:
    return look is not None and not isinstance(look, Unseen) and look.value is not None and look.value.manager == "AWS"


def _managed_key(point: RecoveryPoint) -> str:
    return (
        f"{point.arn} is encrypted with {point.encryption_key_arn}, which AWS manages and nobody can share with another"
        f" account. Encrypt {point.resource_arn} with a customer managed key; what is backed up from then on is copied."
    )


def _refused(point: RecoveryPoint, refusal: Refusal, backoff: timedelta, now: datetime) -> Standing | None:
    failure = classify_refusal(refusal.problem)
    if failure is None:
        return None
    terminal = failure.failure_class is FailureClass.TERMINAL
    again = refusal.at + (SLOWEST if terminal else min(backoff * (1 << min(refusal.times - 1, 12)), SLOWEST))
    message = f"{point.arn}: {refusal.problem.message}"
    if failure.reason in OF_THE_POINT:
        return None if again <= now else Standing(point, State.INELIGIBLE, failure.reason, message=message)
    return Standing(point, State.FAILED, failure.reason, retry_at=again, needs_action=True, message=message)
