"""What is declared of a schedule: the rules of a backup plan, and what they back up. :mod:`.reading` reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ...engine.parts import Part
from ...manifest import cron as crons
from ..lifecycle.declared import Lifecycle

START_MINUTES, COMPLETION_MINUTES = 480, 10_080
"""AWS's own windows. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRuleInput.html"""
DAILY, UTC = crons.DEFAULT, crons.DEFAULT_ZONE
LONGEST, LONGEST_CONTINUOUS = 36_500, 35
"""Days of retention: AWS's most, and that of continuous backups.
https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html"""
AFTER_COLD = 90
"""Days for which what went cold has to stay. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html"""
Pairs = tuple[tuple[str, str], ...]


class Indexed(StrEnum):
    """Of which types AWS Backup makes an index of what a backup has in it.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_IndexAction.html
    """

    EBS = "EBS"
    S3 = "S3"


class Scanned(StrEnum):
    """Of which types GuardDuty scans backups; ``ALL`` is whatever it can.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html
    """

    EBS = "EBS"
    EC2 = "EC2"
    S3 = "S3"
    ALL = "ALL"


class ScanMode(StrEnum):
    """How much of a backup is scanned: all of it, or what is new since the one before."""

    FULL = "Full"
    INCREMENTAL = "Incremental"


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Which backups of a plan are scanned for malware, and with which role GuardDuty reads them."""

    role_arn: str
    resource_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a plan, with AWS's defaults in the place of what is not said. Windows are minutes.

    Attributes:
        indexed: Of which types an index is made.
        scan_mode: How backups are scanned for malware; None for not at all.
        air_gapped_vault: The logically air-gapped vault, of the source account and Region, that backups go into
            first; empty for none.
    """

    name: str
    cron: str
    lifecycle: Lifecycle
    timezone: str = UTC
    start_window: int = START_MINUTES
    completion_window: int = COMPLETION_MINUTES
    continuous: bool = False
    recovery_point_tags: Pairs = ()
    indexed: tuple[str, ...] = ()
    scan_mode: ScanMode | None = None
    air_gapped_vault: str = ""

    def next_run(self, after: datetime) -> datetime | None:
        """Return when it runs next after an instant, in UTC; None when it does not any more."""
        read = self._read()
        return crons.following(*read, after) if read is not None else None

    def longest_distance(self, since: datetime) -> timedelta | None:
        """Return the longest time from one run to the next; None when there are no two."""
        read = self._read()
        return crons.longest_distance(*read, since) if read is not None else None

    def _read(self) -> tuple[crons.Cron, ZoneInfo] | None:
        cron, zone = crons.parse(self.cron), crons.time_zone(self.timezone)
        return None if isinstance(cron, str) or isinstance(zone, str) else (cron, zone)


MOST_OF_A_JOB = timedelta(days=1)
"""What a backup that has begun seldom takes more than, whatever its completion window allows."""


def longest_interval(rules: Iterable[Rule], since: datetime) -> timedelta | None:
    """Return the longest time without the run of any rule; None where there are no two runs.

    It is that of the rule that runs most often: what others add between its runs is not counted on.
    """
    return min((each for rule in rules if (each := rule.longest_distance(since)) is not None), default=None)


def overdue_after(rules: Iterable[Rule], since: datetime) -> timedelta | None:
    """Return how old the newest backup may become while all goes well: a run, its late begin, and the job itself."""
    ends = [
        distance + timedelta(minutes=rule.start_window) + min(timedelta(minutes=rule.completion_window), MOST_OF_A_JOB)
        for rule in rules
        if (distance := rule.longest_distance(since)) is not None
    ]
    return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which tags a resource has to have, all of them: name and value."""

    equal: Pairs = ()
    not_equal: Pairs = ()
    like: Pairs = ()
    not_like: Pairs = ()

    def __len__(self) -> int:
        return len(self.equal) + len(self.not_equal) + len(self.like) + len(self.not_like)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a plan backs up, and with which role.

    Attributes:
        resources: ARNs, with patterns; ``*`` for everything.
        any_of_tags: One of these tags is enough.
        conditions: All of these have to hold.
    """

    name: str
    role_arn: str
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    any_of_tags: Pairs = ()
    conditions: Conditions = Conditions()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A backup plan and what it backs up.

    Attributes:
        adopt: The id of a plan that is there already, and is taken over; empty for one of our own.
        windows_vss: Whether Windows instances are backed up with the Volume Shadow Copy Service.
        objective: How long a recovery point may be without its copy; None where nothing is promised.
        scan: How backups are scanned for malware by the rules that say so.
    """

    rules: tuple[Rule, ...]
    selections: tuple[Selection, ...]
    adopt: str = ""
    windows_vss: bool = False
    objective: timedelta | None = None
    scan: ScanSettings | None = None

    @property
    def air_gapped_vaults(self) -> tuple[str, ...]:
        """The names of the air-gapped vaults that rules back up into, each once."""
        return tuple(sorted({each.air_gapped_vault for each in self.rules} - {""}))


SCHEDULE: Part[Schedule | None] = Part("schedule", None)
"""None where nothing is declared."""

KNOWN_PLAN: Part[str] = Part("known plan", "")
"""The id of the plan that a status says is the policy's own; empty for none."""

FILES = "files:"
"""How the owner begins that a policy of a file is."""

CLUSTER: Part[str] = Part("cluster", "")
"""What tells the cluster of the policy from every other one; empty where there is none."""

OWNER: Part[str] = Part("owner", "")
"""What tells the policy from every other one, of other clusters too, in the tags of its plan."""
