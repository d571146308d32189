"""Indexes and scans that a schedule declares and AWS Backup never makes. Pure.

https://docs.aws.amazon.com/aws-backup/latest/devguide/lag-vault-primary-backup.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.plan import Base
from ...engine.rows import Prerequisite, unmet
from ...words.reasons import Reason
from . import selected
from .actions import HAZARDS_ROW
from .declared import Rule, Scanned, Schedule

SCANNABLE = frozenset(each for each in Scanned if each is not Scanned.ALL)


def hazards(base: Base, schedule: Schedule) -> Iterator[Prerequisite]:
    """Judge indexes and scans.

    | rule | row |
    |---|---|
    | makes indexes, and its backups go into an air-gapped vault | Unmet: what is there, or on its way, is not indexed |
    | has backups scanned that get there by way of a temporary snapshot, and none that go straight into it | Unmet:
    neither the snapshot nor its copy is scanned by a plan |
    | makes indexes, or scans, of types of which nothing is selected, which is certain | Unmet |
    | anything else | nothing |
    """
    meant = selected.types_meant_by(base.case.observed, schedule)
    for rule in schedule.rules:
        indexed, scanned = frozenset(rule.indexed), _scanned(schedule, rule)
        if rule.air_gapped_vault and indexed:
            yield _never(rule, "an index", "indexResourceTypes", f"what goes into {rule.air_gapped_vault} gets none")
        elif rule.air_gapped_vault and scanned and Scanned.S3 not in scanned:
            why = f"a plan scans no copies, and {', '.join(sorted(scanned))} go into {rule.air_gapped_vault} as such"
            yield _never(rule, "a scan", "scanMode", why)
        for what, field, types in (("an index", "indexResourceTypes", indexed), ("a scan", "scanMode", scanned)):
            if types and meant is not None and meant and not types & meant:
                yield _never(rule, what, field, f"nothing that is selected is of {', '.join(sorted(types))}")


def _scanned(schedule: Schedule, rule: Rule) -> frozenset[str]:
    if rule.scan_mode is None or schedule.scan is None:
        return frozenset()
    types = frozenset(schedule.scan.resource_types)
    return SCANNABLE if Scanned.ALL in types else types


def _never(rule: Rule, what: str, field: str, why: str) -> Prerequisite:
    message = f"Rule {rule.name} declares {what} that AWS Backup never makes: {why}."
    remedy = f"Take {field} out of spec.schedule.rules of {rule.name}, or declare it in a rule for such backups."
    return unmet(HAZARDS_ROW, "", Reason.SCHEDULE_WITHOUT_EFFECT, message, remedy, blocks=False)
