"""How many copies AWS makes at once: quotas of an account, per destination Region and kind of resource.

Beyond them a job waits in CREATED at best and fails at worst, so they are kept before a job is spent. They are those of
the account that copies; the newest values of each service are AWS's defaults, also where AWS raises them on request.

- AWS Backup: 100 per destination Region of the types that it manages in full, and beyond that five into each vault;
  one job per resource. https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html
- EBS: 20 per destination Region, of images and gateway volumes, too, which are made of the same snapshots; more is
  ResourceLimitExceeded. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
- RDS, and what has its API: 20 per destination Region.
  https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
- FSx: 5 per destination Region. https://docs.aws.amazon.com/fsx/latest/WindowsGuide/copy-backups.html

Into logically air-gapped vaults there are as many, and 5 of gateway volumes (first page). Both kinds of vault are
counted together, since a job's row is kept without the kind of its vault: fewer than AWS would make, never more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from .seen import RunningCopy


@dataclass(frozen=True, slots=True)
class Quota:
    """So many copies of some types may an account have unfinished into one Region.

    Attributes:
        what: What is counted, for people.
        most_per_vault: Beyond ``most``, each vault may still have so many.
    """

    what: str
    most: int
    types: frozenset[str] | None = None
    most_per_vault: int = 0


_MANAGED = Quota("copies of types that it manages in full", 100, most_per_vault=5)
_QUOTAS = (
    Quota("snapshot copies of EBS, EC2 and Storage Gateway", 20, frozenset({"EBS", "EC2", "Storage Gateway"})),
    Quota("snapshot copies of Storage Gateway", 5, frozenset({"Storage Gateway"})),
    Quota(
        "snapshot copies of RDS, Aurora, DocumentDB and Neptune",
        20,
        frozenset({"RDS", "Aurora", "DocumentDB", "Neptune"}),
    ),
    Quota("backup copies of FSx", 5, frozenset({"FSx"})),
)


@cache
def quotas_of(resource_type: str) -> tuple[Quota, ...]:
    """Return the quotas that copies of a type count for; a type that is not known is taken for a managed one."""
    return tuple(each for each in _QUOTAS if each.types and resource_type in each.types) or (_MANAGED,)


def region_of(copy: RunningCopy) -> str:
    """Return the Region that a copy goes to."""
    arn = copy.vaults[1].split(":")
    return arn[3] if len(arn) > 3 else ""
