"""What a copy role leaves behind that is deleted while it copies: snapshots that stay shared with the other account.

AWS shares a snapshot for the time of its copy, and takes that back with the same role. A role of the same name that was
made anew is another one to AWS. https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ...engine.declared import Account, Destination
from ...engine.looks import Seen, Unseen
from ...engine.observed import Sight
from ...engine.plan import Case, Drift
from ..copy_role import COPY_ROLE, ROLE
from .contents import ARRIVALS
from .remedies import SHARING_ACTIONS
from .seen import CopyJob

ASPECT = "copy_role"
TOLD_FOR = timedelta(days=1)
"""How long it is told of a copy that has ended: that somebody has taken the sharing back is not seen from here."""

_SHOWN = 3
_COMMANDS = {
    "ec2:ModifySnapshotAttribute": "aws ec2 modify-snapshot-attribute --snapshot-id {id}"
    " --attribute createVolumePermission --operation-type remove --user-ids {account} --region {region}",
    "ec2:ModifyImageAttribute": "aws ec2 modify-image-attribute --image-id {id}"
    " --attribute launchPermission --operation-type remove --user-ids {account} --region {region}",
    "rds:ModifyDBSnapshotAttribute": "aws rds modify-db-snapshot-attribute --db-snapshot-identifier {id}"
    " --attribute-name restore --values-to-remove {account} --region {region}",
    "rds:ModifyDBClusterSnapshotAttribute": "aws rds modify-db-cluster-snapshot-attribute"
    " --db-cluster-snapshot-identifier {id} --attribute-name restore --values-to-remove {account} --region {region}",
}


def hazards(case: Case) -> Iterator[Drift]:
    """Yield what is still shared, or will be, at each destination."""
    for destination, sight in case.sides():
        jobs = (*_orphaned(case, sight), *_left(sight, case.observed.at))
        if jobs:
            yield _hazard(case, destination, jobs)


def _orphaned(case: Case, sight: Sight) -> Iterator[CopyJob]:
    """Yield the copies under way whose role is known to be gone."""
    role, jobs = case.observed.source[ROLE], sight[ARRIVALS].jobs
    arn = case.desired[COPY_ROLE]
    if isinstance(role, Seen) and (role.value is None or role.value.arn != arn) and not isinstance(jobs, Unseen):
        yield from (
            each for each in jobs.value.running if each.role_arn == arn and each.resource_type in SHARING_ACTIONS
        )


def _left(sight: Sight, now: datetime) -> Iterator[CopyJob]:
    """Yield the copies that have ended, and of which AWS says that it could not take the sharing back."""
    jobs = sight[ARRIVALS].jobs
    if not isinstance(jobs, Unseen):
        yield from (each for each in jobs.value.unshared if now - (each.completed or each.created) <= TOLD_FOR)


def _hazard(case: Case, destination: Destination, jobs: tuple[CopyJob, ...]) -> Drift:
    account = destination.vault.account
    newest = sorted(jobs, key=lambda each: (each.created, each.id), reverse=True)
    count = "1 snapshot stays" if len(jobs) == 1 else f"{len(jobs)} snapshots stay"
    return Drift(
        destination.name,
        ASPECT,
        case.desired[COPY_ROLE].rsplit("/", 1)[-1],
        "kept until its copies end",
        f"deleted while it copied, so {count} shared with account {account.name} ({account.account_id}):"
        f" {_named(newest)}",
        _remedy(newest[0], account, case.desired.source.region, more=len(jobs) > 1),
    )


def _named(jobs: Iterable[CopyJob]) -> str:
    names = [f"{_snapshot(each)} of {each.resource_arn.rsplit(':', 1)[-1]}" for each in jobs]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _snapshot(job: CopyJob) -> str:
    """Return a snapshot as the API of its service knows it: by what follows its kind in the ARN."""
    name = job.source_point_arn.split(":", 5)[-1]
    return name.partition("snapshot:")[2] or name.partition("/")[2] or name


def _remedy(job: CopyJob, account: Account, region: str, *, more: bool) -> str:
    command = _COMMANDS.get(SHARING_ACTIONS.get(job.resource_type, ""))
    if command is None:
        return "When the copies have ended, take the sharing back by hand."
    likewise = "; likewise for the others" if more else ""
    run = command.format(id=_snapshot(job), account=account.account_id, region=region)
    return f"When the copies have ended, take the sharing back by hand: {run}{likewise}."
