"""Indexes, scans and air-gapped vaults of a schedule: what AWS Backup will not do of it is told, and holds nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import desired, destination, observed, source_vault
from tests.kit.builders import vault as there
from tests.kit.judging import diff, rows

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule import UpdatePlan
from crossvault.aspects.schedule.declared import OWNER, SCHEDULE, Rule, ScanMode, ScanSettings, Schedule, Selection
from crossvault.aspects.schedule.document import form_of
from crossvault.aspects.schedule.seen import PLANS, TARGETS, BackupPlan, Plans
from crossvault.aspects.vault.seen import AIR_GAPPED, Vault
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.rows import Prerequisite
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

HERE = "eu-west-1:111111111111"
VOLUMES, BUCKETS, DATABASES = f"arn:aws:ec2:{HERE}:volume/*", "arn:aws:s3:::*", f"arn:aws:rds:{HERE}:db:*"
DAILY = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35))
TROUBLE = Problem(Reason.ACCESS_DENIED, "Not allowed.", ErrorClass.STUCK)
GAPPED = replace(source_vault(), name="gapped")
TARGET_MEMBER = "TargetLogicallyAirGappedBackupVaultArn"
LOCKED = {"kind": AIR_GAPPED, "min_retention_days": 7, "max_retention_days": 90}
TARGET = there(GAPPED, **LOCKED)
MET, WITHOUT, UNUSABLE = Reason.ALL_MET, Reason.SCHEDULE_WITHOUT_EFFECT, Reason.AIR_GAPPED_TARGET_UNUSABLE


def judged(
    resources: tuple[str, ...] = ("*",),
    target: Look[Vault | None] | None = None,
    scanned: tuple[str, ...] = ("ALL",),
    **members: Any,
) -> Prerequisite:
    """Return the row of a policy with one rule that has these members."""
    rule = replace(DAILY, **members)
    scan = ScanSettings("role", scanned) if rule.scan_mode is not None else None
    schedule = Schedule((rule,), (Selection("some", "role", resources),), scan=scan)
    found = observed()
    looked = found.source.having(PLANS, Seen(Plans()))
    if target is not None:
        looked = looked.having(TARGETS, {"gapped": target})
    policy = desired(destination("dr")).having(SCHEDULE, schedule)
    return next(each for each in rows(policy, replace(found, source=looked)) if each.name == "Schedule")


INTO: dict[str, Any] = {"target": Seen(TARGET), "air_gapped_vault": "gapped"}
SCANNING: dict[str, Any] = {"scan_mode": ScanMode.FULL}


@pytest.mark.parametrize(
    ("declared", "reason", "told"),
    [
        pytest.param({}, MET, "", id="nothing of it"),
        pytest.param(INTO, MET, "What goes straight into gapped the plan copies", id="a vault that takes it"),
        pytest.param({**INTO, "target": Seen(None)}, UNUSABLE, "has no vault gapped in eu-west-1", id="no vault"),
        pytest.param(
            {**INTO, "target": Seen(there(GAPPED))}, UNUSABLE, "gapped is not logically air-gapped", id="another vault"
        ),
        pytest.param({**INTO, "target": Unseen(TROUBLE)}, Reason.ACCESS_DENIED, "Not allowed.", id="not seen"),
        pytest.param(
            {**INTO, "lifecycle": Lifecycle(None, 91)},
            Reason.RETENTION_OUT_OF_BOUNDS,
            "gapped allows 7 to 90 days",
            id="longer than it allows",
        ),
        pytest.param({**INTO, "lifecycle": Lifecycle(None, 90)}, MET, "", id="as long as it allows"),
        pytest.param(
            {**INTO, "resources": (DATABASES,)}, WITHOUT, "takes RDS", id="nothing selected goes into such a vault"
        ),
        pytest.param({**INTO, "resources": (DATABASES, VOLUMES)}, MET, "", id="some of it goes"),
        pytest.param({"indexed": ("EBS",)}, MET, "", id="an index"),
        pytest.param({"indexed": ("EBS",), "resources": (VOLUMES,)}, MET, "", id="an index of what is selected"),
        pytest.param(
            {"indexed": ("EBS",), "resources": (BUCKETS,)},
            WITHOUT,
            "declares an index that AWS Backup never makes: nothing that is selected is of EBS",
            id="an index of what is not selected",
        ),
        pytest.param({**INTO, "indexed": ("EBS", "S3")}, WITHOUT, "goes into gapped gets none", id="an index there"),
        pytest.param(SCANNING, MET, "", id="a scan"),
        pytest.param({**SCANNING, "resources": (BUCKETS,)}, MET, "", id="a scan of what is selected"),
        pytest.param({**SCANNING, "resources": (DATABASES,)}, WITHOUT, "is of EBS, EC2, S3", id="a scan of databases"),
        pytest.param(
            {**SCANNING, "scanned": ("EBS",), "resources": (BUCKETS,)}, WITHOUT, "is of EBS", id="a scan of volumes"
        ),
        pytest.param({**SCANNING, **INTO}, MET, "", id="a scan of what goes straight into the vault"),
        pytest.param(
            {**SCANNING, **INTO, "scanned": ("EBS", "EC2")},
            WITHOUT,
            "a plan scans no copies, and EBS, EC2 go into gapped as such",
            id="a scan of copies",
        ),
    ],
)
def test_what_aws_will_not_do_is_told(declared: dict[str, Any], reason: Reason, told: str) -> None:
    """In the row of the schedule; the plan is kept all the same."""
    row = judged(**declared)

    assert row.reason is reason, row.message
    assert told in row.message
    assert not row.blocks


TAKEN_OUT = ("rules[daily].airGappedVault", "none", GAPPED.arn)


@pytest.mark.parametrize(
    ("owner", "declared", "reason", "out"),
    [
        pytest.param("uid", "gapped", Reason.BACKUP_PLAN_DIFFERS, False, id="ours, and declared"),
        pytest.param("uid", "", Reason.BACKUP_PLAN_DIFFERS, True, id="ours, and declared no more"),
        pytest.param("", "gapped", Reason.BACKUP_PLAN_DIFFERS, False, id="nobody's, and declared"),
        pytest.param("", "", Reason.BACKUP_PLAN_OF_OTHERS, False, id="nobody's, and not declared"),
    ],
)
def test_whoever_adopts_a_plan_takes_nothing_out_of_another_vault(
    owner: str, declared: str, reason: Reason, *, out: bool
) -> None:
    """One vault was granted: a plan that fills another one, too, is adopted by who declares that, and nobody else."""
    rule = {"RuleName": "daily", "TargetBackupVaultName": "orders", TARGET_MEMBER: GAPPED.arn}
    tags = {"crossvault.io/owner": owner} if owner else {}
    plan = BackupPlan("id", "arn", "by-hand", "version", form_of({"BackupPlanName": "by-hand", "Rules": [rule]}), tags)
    schedule = Schedule((replace(DAILY, air_gapped_vault=declared),), (Selection("some", "role", ("*",)),), adopt="id")
    found = observed()
    found = replace(found, source=found.source.having(PLANS, Seen(Plans((plan,)))))
    done = diff(desired(destination("dr")).having(SCHEDULE, schedule).having(OWNER, "uid"), found)
    row = next(each for each in done.prerequisites if each.name == "BackupPlan")
    changes = [each for action in done.actions if isinstance(action, UpdatePlan) for each in action.changes]

    assert row.reason is reason
    assert (TAKEN_OUT in changes) is out
    assert bool(changes) is (reason is Reason.BACKUP_PLAN_DIFFERS)
