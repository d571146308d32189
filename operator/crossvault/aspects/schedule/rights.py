"""What the looks at a schedule's plan, and its upkeep, need to be allowed."""

from __future__ import annotations

from dataclasses import replace

from ...engine.declared import DeletionPolicy, partition_of
from ...engine.rights import AsSource, Condition, Right, named
from ..copy_role.declared import COPY_ROLE
from .declared import SCHEDULE


def _declared(use: AsSource) -> bool:
    return use.desired[SCHEDULE] is not None


def _any(use: AsSource) -> tuple[str, ...]:
    return ("*",) if _declared(use) else ()


def _plans(use: AsSource) -> tuple[str, ...]:
    """Return the plans of the Region: the id of one that is not there yet is AWS's to give."""
    partition, account = partition_of(use.region), use.account.account_id
    return (f"arn:{partition}:backup:{use.region}:{account}:backup-plan:*",) if _declared(use) else ()


def _written(use: AsSource) -> tuple[str, ...]:
    return _plans(use) if use.desired.acts else ()


def _removed(use: AsSource) -> tuple[str, ...]:
    return _written(use) if use.desired.deletion_policy is DeletionPolicy.REMOVE_OWNED else ()


def _roles(use: AsSource) -> tuple[str, ...]:
    schedule = use.desired[SCHEDULE]
    if schedule is None or not use.desired.acts:
        return ()
    # Which passes the copy role for copies may pass it for backups, too.
    return tuple(sorted({each.role_arn for each in schedule.selections} - {use.desired[COPY_ROLE]}))


def _read_roles(use: AsSource) -> tuple[str, ...]:
    """Return the roles that a schedule names; which is the copy role is read anyway."""
    schedule = use.desired[SCHEDULE]
    arns = {each.role_arn for each in schedule.selections} if schedule is not None else set[str]()
    arns |= {schedule.scan.role_arn} if schedule is not None and schedule.scan is not None else set()
    return tuple(each for arn in sorted(arns - {use.desired[COPY_ROLE]}) for each in named(arn))


def _to_backup(_use: AsSource) -> Condition:
    return {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}}


def _scanner(use: AsSource) -> tuple[str, ...]:
    """Return the role of which a plan says that GuardDuty reads its backups with it.

    That AWS asks for the right is not documented; for other roles of its requests it does.
    """
    schedule = use.desired[SCHEDULE]
    scans = schedule.scan if schedule is not None and use.desired.acts else None
    return () if scans is None else (scans.role_arn,)


def _to_the_scanner(_use: AsSource) -> Condition:
    return {"StringEquals": {"iam:PassedToService": "malware-protection.guardduty.amazonaws.com"}}


def _targets(use: AsSource) -> tuple[str, ...]:
    schedule = use.desired[SCHEDULE]
    names = schedule.air_gapped_vaults if schedule is not None else ()
    return tuple(replace(use.desired.source, name=name).arn for name in names)


RIGHTS = (
    Right("ListPlans", "find the backup plan of a schedule", AsSource, ("backup:ListBackupPlans",), _any),
    Right(
        "ReadPlan",
        "see the plan and what it selects",
        AsSource,
        ("backup:GetBackupPlan", "backup:ListBackupSelections", "backup:GetBackupSelection", "backup:ListTags"),
        _plans,
    ),
    Right(
        "ReadSelected",
        "count what the selections of a schedule mean, and say what of it cannot be copied",
        AsSource,
        ("tag:GetResources",),
        _any,
        without="What the selections mean is not counted: row *SelectedResources* is unknown.",
    ),
    Right(
        "ReadBackupRoles",
        "see whether the roles that a schedule names are there and let in who assumes them",
        AsSource,
        ("iam:GetRole",),
        _read_roles,
        without="Row *BackupRole* is unknown; a role that is missing is known when AWS refuses the selection.",
    ),
    Right(
        "ReadBackupJobs",
        "tell which backup jobs of a schedule fail",
        AsSource,
        ("backup:ListBackupJobs",),
        _any,
        without="Row *BackupJobs* is unknown: nobody tells of backups that fail before there are too few.",
    ),
    Right(
        "KeepPlan",
        "create the plan and keep it as declared (`spec.schedule`)",
        AsSource,
        (
            *("backup:CreateBackupPlan", "backup:UpdateBackupPlan", "backup:TagResource"),
            *("backup:CreateBackupSelection", "backup:DeleteBackupSelection"),
        ),
        _written,
    ),
    Right(
        "RemovePlan",
        "remove the plan with its policy (`deletionPolicy: RemoveOwned`)",
        AsSource,
        ("backup:DeleteBackupPlan",),
        _removed,
    ),
    Right(
        "PassBackupRole",
        "let the plan's selections name the role that makes the backups",
        AsSource,
        ("iam:PassRole",),
        _roles,
        _to_backup,
        besides="backup:CreateBackupSelection",
    ),
    Right(
        "PassScannerRole",
        "let the plan name the role with which GuardDuty reads backups (`scanSettings`)",
        AsSource,
        ("iam:PassRole",),
        _scanner,
        _to_the_scanner,
        besides="backup:CreateBackupPlan",
    ),
    Right(
        "ReadTarget",
        "see an air-gapped vault that backups go into first (`airGappedVault`), of which the list leaves something out",
        AsSource,
        ("backup:DescribeBackupVault",),
        _targets,
        without="A vault of which the list leaves something out is unknown.",
    ),
)
