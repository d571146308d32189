"""Two vaults as AWS would list them under a law: how copies are dated, what they name, how long jobs are kept.

What is known of AWS is one of these laws; the others are what it might turn out to be for some type.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from tests.kit.builders import NOW, SOURCE_ARN, TARGET_ARN, TARGET_ID, desired, observed, sight
from tests.kit.judging import diff

from crossvault.aspects.copies.declared import Backfill, BackfillMode
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.engine.declared import Desired
from crossvault.engine.plan import Plan

ELSEWHERE = "arn:aws:backup:eu-west-1:111111111111:backup-vault:first"
HANDS = "arn:aws:backup:eu-west-1:333333333333:backup-vault:theirs"


@dataclass(frozen=True, slots=True)
class Law:
    """How AWS writes copies down. The first value of each is what is documented, or was seen."""

    date: Literal["source", "second", "copy", "hour"] = "source"
    origin: Literal["immediate", "first", "null"] = "immediate"
    resource: Literal["source", "absent", "other"] = "source"
    job_arn: Literal["listed", "other"] = "listed"
    history: Literal[30, 14] = 30

    @property
    def documented(self) -> bool:
        """Whether pairing by date and by job works as the documentation says."""
        return self.date in {"source", "second"} and self.resource == "source" and self.job_arn == "listed"


@dataclass(slots=True)
class TwoVaults:
    """A source and a destination vault under a law. ``made`` says whose copy each listed recovery point is."""

    law: Law
    now: datetime = NOW
    points: list[RecoveryPoint] = field(default_factory=list)
    copies: list[RecoveryPoint] = field(default_factory=list)
    jobs: list[CopyJob] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    copied: int = 0

    def copy(self, point: RecoveryPoint, at: datetime) -> None:
        """Let a copy job run at some time; its source may have gone since."""
        number = self.copied = self.copied + 1
        copy = self._listed(point, at, f"copy-{number}")
        named = copy.arn if self.law.job_arn == "listed" else f"job-says-{number}"
        self.copies.append(copy)
        self.made[copy.arn] = point.arn
        self.jobs.append(
            CopyJob(
                id=f"job-{number}",
                state="COMPLETED",
                source_point_arn=point.arn,
                source_vault_arn=SOURCE_ARN,
                destination_vault_arn=TARGET_ARN,
                resource_arn=point.resource_arn,
                resource_type=point.resource_type,
                created=at,
                completed=at + timedelta(minutes=30),
                destination_point_arn=named,
            )
        )

    def _listed(self, point: RecoveryPoint, at: datetime, arn: str) -> RecoveryPoint:
        dates = {
            "source": point.created,
            "copy": at,
            "second": point.created.replace(microsecond=0),
            "hour": point.created.replace(minute=0, second=0, microsecond=0),
        }
        first = point.source_vault_arn or SOURCE_ARN
        return replace(
            point,
            arn=arn,
            created=dates[self.law.date],
            resource_arn={"source": point.resource_arn, "absent": "", "other": f"arn:aws:x:::{arn}"}[self.law.resource],
            source_vault_arn={"immediate": SOURCE_ARN, "first": first, "null": None}[self.law.origin],
        )

    def own_backup(self, number: int, kind: str, created: datetime) -> None:
        """Put a backup of the destination account's own into the destination vault."""
        resource = f"arn:aws:x:eu-central-1:{TARGET_ID}:own/{number % 3}"
        self.copies.append(RecoveryPoint(f"own-{number}", resource, kind, created, "COMPLETED"))

    def others_copy(self, number: int, kind: str, created: datetime) -> None:
        """Put a copy out of somebody else's vault into the destination vault."""
        resource = f"arn:aws:x:eu-west-1:333333333333:theirs/{number % 3}"
        made = RecoveryPoint(f"theirs-{number}", resource, kind, created, "COMPLETED", source_vault_arn=HANDS)
        self.copies.append(made)

    # --- what a pass sees and does

    def planned(self, wanted: Desired | None = None) -> Plan:
        """Return the plan of a pass now."""
        wanted = wanted or desired(backfill=Backfill(BackfillMode.ALL))
        since = self.now - timedelta(days=self.law.history)
        jobs = tuple(each for each in self.jobs if (each.completed or each.created) >= since)
        there = sight(copies=tuple(self.copies), jobs=jobs, copies_at=self.now)
        return diff(wanted, observed(tuple(self.points), there, at=self.now))

    def look(self) -> Plan:
        """Do a pass: what it starts is copied within the hour."""
        found = self.planned()
        for action in found.actions:
            assert isinstance(action, StartCopy)
            self.started.append(action.point.arn)
            self.copy(action.point, self.now)
        return found

    def doubles(self) -> list[str]:
        """Return the source points of which more than one copy was made."""
        sources = list(self.made.values())
        return sorted({each for each in sources if sources.count(each) > 1})
