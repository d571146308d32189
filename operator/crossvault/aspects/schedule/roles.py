"""The roles of a schedule: that which AWS Backup assumes for each selection, and that with which GuardDuty scans. Pure.

What AWS would say of one only when it refuses a selection, or when a backup job has failed, is read beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...engine import fixes
from ...engine.looks import UNASKED, Look
from ...engine.parts import Part
from ...engine.plan import Base
from ...engine.rows import UNKNOWN, UNMET, Prerequisite, met
from ...words.reasons import Reason
from ..copy_role import COPY_ROLE, assumed, permissions
from ..copy_role import NAME as COPY_ROLE_ROW
from ..copy_role.assumed import Role, Use
from ..copy_role.controlled import around
from .declared import Schedule

ROLES_ROW = "BackupRole"
SCANNER = "malware-protection.guardduty.amazonaws.com"
"""Who reads backups for malware. https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-backup-iam-permissions.html"""
SCANNING = "AWSBackupGuardDutyRolePolicyForScans"
"""AWS's own policy for it. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupGuardDutyRolePolicyForScans.html"""
_SHOWN = 3

ROLES: Part[Mapping[tuple[str, str], Look[Role | None]]] = Part("backup roles", {})
"""The roles that a schedule names, each by who assumes it and its ARN. Nothing waits for it."""


def uses(schedule: Schedule) -> tuple[Use, ...]:
    """Return each role once, with the selections that name it."""
    named: dict[str, list[str]] = {}
    for each in schedule.selections:
        named.setdefault(each.role_arn, []).append(each.name)
    missing, untrusting = Reason.BACKUP_ROLE_MISSING, Reason.BACKUP_ROLE_UNTRUSTING
    found = [
        Use(
            ROLES_ROW,
            arn,
            f"role of {_few(names)} in spec.schedule.selections",
            "to back up",
            permissions.MANAGED,
            missing,
            untrusting,
            holds=False,
        )
        for arn, names in named.items()
    ]
    if schedule.scan is not None:
        where = "role in spec.schedule.scanSettings"
        scanner = Use(
            ROLES_ROW, schedule.scan.role_arn, where, "to scan backups", SCANNING, missing, untrusting, holds=False
        )
        found.append(replace(scanner, service=(SCANNER, "GuardDuty"), sid="CrossvaultScanner"))
    return tuple(found)


def judge(base: Base, schedule: Schedule) -> Prerequisite:
    """Judge all roles of a schedule.

    | roles | row |
    |---|---|
    | one is not there, or does not let in who assumes it (as :func:`..copy_role.assumed.row` has it) | Unmet |
    | one was not seen, or has what cannot be judged from here | Unknown |
    | anything else | Met |

    Nothing is held because of it: AWS says what it takes.
    """
    found = [_row(base, each) for each in uses(schedule)]
    wrong = [each for each in found if each.status is UNMET] or [each for each in found if each.status is UNKNOWN]
    if wrong:
        more = f" {len(wrong) - 1} more of this kind." if len(wrong) > 1 else ""
        return replace(wrong[0], message=f"{wrong[0].message}{more}")
    names = _few([each.name for each in uses(schedule)])
    return met(ROLES_ROW, "", f"Who makes backups, or scans them, may assume {names}.")


def mending(base: Base, schedule: Schedule, selections: Iterable[str]) -> str:
    """Say what has to be done about the role of one of some selections, because of which AWS refuses them.

    Empty where none of their roles is known to be wrong.
    """
    names = set(selections)
    arns = {each.role_arn for each in schedule.selections if each.name in names}
    for use in uses(schedule):
        row = _row(base, use)
        if use.arn in arns and use.service[0] != SCANNER and row.status is UNMET:
            return f"First role {use.name} has to be mended (row {ROLES_ROW}): {row.remedy}"
    return ""


def _row(base: Base, use: Use) -> Prerequisite:
    look = base.sight[ROLES].get((use.service[0], use.arn), UNASKED)
    row = assumed.row(use, base.desired.source, look, around(base.sight))
    before = next((each for each in base.rows if each.name == COPY_ROLE_ROW), None)
    if row.status is not UNMET or use.arn != base.desired[COPY_ROLE] or before is None or before.status is not UNMET:
        return row
    # The same role is told, with its commands, in the row that holds copies.
    return replace(row, remedy=f"It is the copy role, too: see {COPY_ROLE_ROW}.", fix=fixes.NONE)


def _few(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return f"{', '.join(every[:_SHOWN])}{more}"
