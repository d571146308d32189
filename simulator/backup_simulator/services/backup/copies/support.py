"""What can be copied whereto: types, Regions, kinds of vault, locks, quotas, images, option groups, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .... import arns
from ....policies import tag_policies
from ....records import organization, regions
from ... import tag_rules
from ..job_rules import Rule
from ..vaults import locks
from . import texts
from .attempt import Attempt, Moment

if TYPE_CHECKING:
    from ....records.state import CopyJob

UNFINISHED = frozenset({"CREATED", "RUNNING"})
NOT_IN_SUCH_REGIONS = frozenset({"CloudFormation", "Neptune", "Timestream"})
# The provider that stands for AWS's own air-gapped storage among allowed AMIs.
AIR_GAPPED_PROVIDER = "aws-backup-vault"


def _vanished(attempt: Attempt) -> str | None:
    return None if attempt.point and attempt.point.status != "DELETING" else texts.NO_POINT


def _crowded(attempt: Attempt) -> str | None:
    """The 31st copy of a resource: AWS documents the quota and the text, not whether the job waits or fails.

    Judged before the job lines up for its resource: later the others would have finished.
    """
    job, limits = attempt.job, attempt.state.limits
    if job is None or limits.beyond_resource != "fail" or not attempt.cross_account:
        return None
    jobs = attempt.state.accounts[attempt.account].region(attempt.source_region).copy_jobs.values()
    earlier = [other for other in jobs if _rivals(other, job) and other.sequence < job.sequence]
    return texts.CROWDED if len(earlier) >= limits.copies_per_resource else None


def _rivals(other: CopyJob, job: CopyJob) -> bool:
    return (
        other.state in UNFINISHED
        and other.resource_arn == job.resource_arn
        and arns.of(other.destination_vault_arn).region == arns.of(job.destination_vault_arn).region
    )


def _default_vault(attempt: Attempt) -> str | None:
    vault = attempt.destination
    return texts.SERVICE_KEY if attempt.cross_account and vault and vault.name == "Default" else None


def _never_copied(attempt: Attempt) -> str | None:
    row = attempt.row
    return texts.NEVER_COPIED.format(type=row.name) if row and not row.copies else None


def _not_copied_so(attempt: Attempt) -> str | None:
    row = attempt.row
    if row is None or not attempt.cross_account or (row.cross_account and not _barred(attempt, row.name)):
        return None
    return texts.UNSUPPORTED.format(source=attempt.source_region, destination=attempt.destination_region, type=row.name)


def _barred(attempt: Attempt, name: str) -> bool:
    """Opt-in Regions, and file systems that are volumes of an EKS cluster."""
    between = {attempt.source_region, attempt.destination_region}
    if name in NOT_IN_SUCH_REGIONS and between & regions.OPT_IN:
        return True
    source, point = attempt.source, attempt.point
    parent = source.points.get(point.parent_arn) if source and point and point.parent_arn else None
    return name == "EFS" and parent is not None and parent.resource_type == "EKS"


def _not_into_air_gapped(attempt: Attempt) -> str | None:
    vault, row = attempt.destination, attempt.row
    if vault is None or row is None or not vault.air_gapped:
        return None
    return None if row.air_gapped and not attempt.stays_unencrypted else texts.AIR_GAPPED.format(type=row.name)


def _service_key(attempt: Attempt) -> str | None:
    """DG, encryption: copies of types that are not fully managed cannot use such a key; within an account too."""
    row, key = attempt.row, attempt.destination_key
    if row is None or row.fully_managed or key is None or key.manager != "AWS":
        return None
    return texts.SERVICE_KEY


def _gateway_key(attempt: Attempt) -> str | None:
    gateway = attempt.row is not None and attempt.row.name == "Storage Gateway"
    return texts.GATEWAY if gateway and _service_key(attempt) else None


def _out_of_lock(attempt: Attempt) -> str | None:
    vault, point = attempt.destination, attempt.point
    if vault is None or point is None:
        return None
    asked = attempt.lifecycle.delete_after_days if attempt.lifecycle else None
    days = point.lifecycle.delete_after_days if asked in {None, -1} else asked
    return None if locks.admits(vault, days) else texts.LOCK


def _marketplace(attempt: Attempt) -> str | None:
    point = attempt.point
    return texts.MARKETPLACE if attempt.cross_account and point and point.marketplace else None


def _image_not_allowed(attempt: Attempt) -> str | None:
    """EC2's Allowed AMIs of the destination account; None means that the setting is off."""
    vault, row = attempt.destination, attempt.row
    if vault is None or row is None or row.name != "EC2" or not attempt.cross_account:
        return None
    allowed = attempt.state.accounts[vault.account].allowed_amis
    provider = AIR_GAPPED_PROVIDER if vault.air_gapped else attempt.account
    return None if allowed is None or provider in allowed else texts.IMAGE_HIDDEN


def _option_group(attempt: Attempt) -> str | None:
    """Options such as TDE do not travel across Regions."""
    point = attempt.point
    if point is None or not point.options or attempt.source_region == attempt.destination_region:
        return None
    return texts.OPTION_GROUP.format(options=", ".join(point.options))


def _too_many_tags(attempt: Attempt) -> str | None:
    return texts.TOO_MANY_TAGS if attempt.point and len(attempt.point.tags) > tag_rules.MOST else None


def _tags_forbidden(attempt: Attempt) -> str | None:
    """The destination's tag policies judge the tags that travel with the copy."""
    if attempt.point is None:
        return None
    kind = tag_policies.kind_of(attempt.point.arn)
    key = organization.tag_forbidden(attempt.state, attempt.destination_account, kind, attempt.point.tags)
    return texts.TAG_FORBIDDEN.format(key=key) if key else None


FIRST = (
    Rule("too many copies of the resource", Moment.ADMISSION, "CONCURRENT_JOB", _crowded),
    Rule("recovery point deleted meanwhile", Moment.START, "RESOURCE_NOT_FOUND", _vanished),
)
START = (
    Rule("default vault", Moment.START, "ACCESS_DENIED", _default_vault),
    Rule("type is never copied", Moment.START, "RESOURCE_NOT_SUPPORTED", _never_copied),
    Rule("type cannot be copied so", Moment.START, "UNSUPPORTED_OPERATION", _not_copied_so),
    Rule(
        "type cannot enter an air-gapped vault",
        Moment.START,
        "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED",
        _not_into_air_gapped,
    ),
    Rule("Storage Gateway into aws/backup", Moment.START, "UNSUPPORTED_OPERATION", _gateway_key),
    Rule("aws/backup at the destination", Moment.START, "ACCESS_DENIED", _service_key),
    Rule("retention outside the vault lock", Moment.START, "INVALID_LIFECYCLE", _out_of_lock),
)
END = (
    Rule("recovery point deleted while copying", Moment.END, "RESOURCE_NOT_FOUND", _vanished),
    Rule("image from the Marketplace", Moment.END, "ACCESS_DENIED", _marketplace),
    Rule("image not allowed in the destination", Moment.END, "RESOURCE_NOT_FOUND", _image_not_allowed),
    Rule("option group missing at the destination", Moment.END, "MISCELLANEOUS", _option_group),
    Rule("too many tags", Moment.END, "LIMIT_EXCEEDED", _too_many_tags),
    Rule("tag policy refuses a tag", Moment.END, "MISCELLANEOUS", _tags_forbidden),
)
