"""The roles that a schedule names, judged as the copy role is: one row for all of them, which holds nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import ROLE, SOURCE_ID, desired, destination, observed, role, target_vault
from tests.kit.judging import rows

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule.declared import OWNER, SCHEDULE, Rule, ScanSettings, Schedule, Selection
from crossvault.aspects.schedule.document import form_of, plan_document, plan_name
from crossvault.aspects.schedule.roles import ROLES, SCANNER, uses
from crossvault.aspects.schedule.seen import PLANS, BackupPlan, Plans
from crossvault.engine.declared import Desired
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.engine.rows import MET, UNKNOWN, UNMET, Prerequisite
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

BACKUP = "backup.amazonaws.com"
FIRST, SECOND = (f"arn:aws:iam::{SOURCE_ID}:role/{name}" for name in ("first", "second"))
DENIED = Unseen(Problem(Reason.ACCESS_DENIED, "Not allowed.", ErrorClass.STUCK))
MISSING, UNTRUSTING = Reason.BACKUP_ROLE_MISSING, Reason.BACKUP_ROLE_UNTRUSTING


def trusting(arn: str, service: str = BACKUP, effect: str = "Allow", **more: Any) -> Any:
    """Return a role that lets a service in."""
    statement = {"Sid": "T", "Effect": effect, "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more}
    return Seen(replace(role(Statement=[statement]), arn=arn))


def declared(*arns: str, scanner: str = "") -> Desired:
    """Return a policy whose selections name these roles."""
    rule = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35))
    selections = tuple(Selection(f"s{number}", arn, ("*",)) for number, arn in enumerate(arns))
    scan = ScanSettings(scanner, ("EBS",)) if scanner else None
    return desired(destination("dr", vault=target_vault())).having(SCHEDULE, Schedule((rule,), selections, scan=scan))


def seen(looks: dict[tuple[str, str], Any], *, plan: BackupPlan | None = None, **more: Any) -> Observed:
    """Return what is seen of the roles, and of the plan."""
    found = observed(**more)
    sight = found.source.having(PLANS, Seen(Plans((plan,) if plan is not None else ()))).having(ROLES, looks)
    return replace(found, source=sight)


def row_of(policy: Desired, found: Observed, name: str = "BackupRole") -> Prerequisite:
    """Return one row of the source."""
    return next(each for each in rows(policy, found) if each.name == name)


OTHER_ACCOUNT: dict[str, Any] = {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}
DEPENDS: dict[str, Any] = {"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:backup:eu-west-1:1:backup-plan:x"}}}
CASES = {
    "as it should be": (trusting(FIRST), MET, Reason.ALL_MET, "may assume first."),
    "not there": (Seen(None), UNMET, MISSING, "There is no role first in account orders-prod"),
    "in another path": (trusting(FIRST.replace("role/", "role/a/")), UNMET, MISSING, "is arn:aws:iam::"),
    "for another service": (trusting(FIRST, "ec2.amazonaws.com"), UNMET, UNTRUSTING, "does not let backup"),
    "for another account": (trusting(FIRST, **OTHER_ACCOUNT), UNMET, UNTRUSTING, "does not let backup"),
    "denied": (trusting(FIRST, effect="Deny"), UNMET, UNTRUSTING, "its trust policy denies it"),
    "not decided": (trusting(FIRST, **DEPENDS), UNKNOWN, UNTRUSTING, "depends on its trust policy"),
    "not allowed to look": (DENIED, UNKNOWN, Reason.ACCESS_DENIED, "Not allowed."),
}


@pytest.mark.parametrize("case", CASES)
def test_a_role_that_makes_backups_is_judged(case: str) -> None:
    """As the copy role is, with the selections that name it; no copy waits for it, and nothing else."""
    look, status, reason, told = CASES[case]
    row = row_of(declared(FIRST), seen({(BACKUP, FIRST): look}))

    assert (row.status, row.reason) == (status, reason), row.message
    assert told in row.message
    assert not row.blocks
    assert not row.proves
    assert bool(row.remedy) is (status is UNMET)


def test_what_is_wrong_is_told_before_what_is_not_known() -> None:
    """And how many more there are."""
    looks = {(BACKUP, FIRST): DENIED, (BACKUP, SECOND): Seen(None), (BACKUP, ROLE): Seen(None)}
    row = row_of(declared(FIRST, SECOND, ROLE), seen(looks))

    assert (row.status, row.reason) == (UNMET, MISSING)
    assert "role second" in row.message
    assert "role of s1 in spec.schedule.selections" in row.message
    assert row.message.endswith("1 more of this kind.")


def test_a_role_is_asked_for_once() -> None:
    """However many selections name it; that which scans is another one by who assumes it."""
    schedule = declared(FIRST, FIRST, scanner=FIRST)[SCHEDULE]
    assert schedule is not None
    assert [(each.service[0], each.arn) for each in uses(schedule)] == [(BACKUP, FIRST), (SCANNER, FIRST)]
    assert "role of s0, s1 in" in uses(schedule)[0].field


@pytest.mark.parametrize(
    ("service", "status"), [(SCANNER, MET), (BACKUP, UNMET)], ids=["trusts GuardDuty", "trusts AWS Backup only"]
)
def test_the_scanners_role_has_to_let_guardduty_in(service: str, status: Any) -> None:
    """AWS Backup is not who reads the backups for malware; the command adds who does."""
    looks = {(BACKUP, FIRST): trusting(FIRST), (SCANNER, SECOND): trusting(SECOND, service)}
    row = row_of(declared(FIRST, scanner=SECOND), seen(looks))

    assert row.status is status
    assert (SCANNER in " ".join(row.fix)) is (status is UNMET)
    assert ("GuardDuty may not assume role second" in row.message) is (status is UNMET)


def test_a_missing_scanner_is_made_with_its_own_policy() -> None:
    """Not with the one for backups."""
    looks = {(BACKUP, FIRST): trusting(FIRST), (SCANNER, SECOND): Seen(None)}
    row = row_of(declared(FIRST, scanner=SECOND), seen(looks))

    assert row.fix[-1].endswith("--policy-arn arn:aws:iam::aws:policy/AWSBackupGuardDutyRolePolicyForScans")


def test_the_copy_role_is_mended_in_its_own_row() -> None:
    """Where it makes the backups, too, nothing is to be pasted twice."""
    row = row_of(declared(ROLE), seen({(BACKUP, ROLE): Seen(None)}, copy_role=Seen(None)))

    assert (row.status, row.fix) == (UNMET, ())
    assert row.remedy == "It is the copy role, too: see CopyRole."


@pytest.mark.parametrize(
    ("look", "told", "ours"),
    [
        pytest.param(Seen(None), "aws iam create-role --role-name first", False, id="not there"),
        pytest.param(trusting(FIRST, "ec2.amazonaws.com"), "update-assume-role-policy", False, id="trusts others"),
        pytest.param(trusting(FIRST), "Nothing: the operator puts them right.", True, id="as it should be"),
        pytest.param(DENIED, "Nothing: the operator puts them right.", True, id="not seen"),
    ],
)
def test_a_selection_that_lacks_for_its_role_names_role_and_command(look: Any, told: str, ours: bool) -> None:
    """AWS refuses the selection until the role is mended: the operator alone cannot put it right."""
    policy = declared(FIRST)
    schedule = policy[SCHEDULE]
    assert schedule is not None
    name = plan_name(policy.key, policy.source.arn)
    document = plan_document(policy, schedule, name)
    plan = BackupPlan("id", "arn", name, "1", form_of(document), {"crossvault.io/owner": policy[OWNER]})
    row = row_of(policy, seen({(BACKUP, FIRST): look}, plan=plan), "BackupSelections")

    assert row.status is UNMET
    assert told in row.remedy
    assert row.ours is ours
    assert ours or "role first" in row.remedy
