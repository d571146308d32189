"""A member of an answer is missing: nothing foreign is erased, nothing copied twice, nobody called Protected falsely.

Every member that AWS always sends is taken out in turn, and whole lives are led under answers that lack one here and
there. Half an answer is none (invariant 12).
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Stage

from backup_simulator.faults import Kind
from crossvault.aws.members import ANSWERS

DENY = {
    "Sid": "somebody-elses",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "backup:DeleteRecoveryPoint",
    "Resource": "*",
}
EXPLAINING = frozenset(
    {"DescribeOrganization", "DescribeGlobalSettings", "GetRole", "GetKeyPolicy", "SimulatePrincipalPolicy"}
)
"""Nothing is done from these answers: AWS judges by itself whether a copy may cross, and a job says why not."""
OF_ORGANIZATIONS = frozenset({"ListAccounts", "ListDelegatedAdministrators", "LookupEvents"})
"""Are asked for a BackupOrganization only: test_organization.py."""
SKIPPED = OF_ORGANIZATIONS | {
    *("StartCopyJob", "AssumeRoleWithWebIdentity", "ListParents", "DescribeRecoveryPoint"),
    # Only beside a BackupOrganization: functional/aws/test_members.py
    *("ListPoliciesForTarget", "DescribePolicy"),
    "ListRegions",  # only of an account that is used in a Region to opt into: functional/aws/test_members.py
    # Only with a schedule: functional/aws/test_members.py
    *("ListBackupPlans", "GetBackupPlan", "ListBackupSelections", "GetBackupSelection", "ListBackupJobs"),
    "GetResources",
    "ListGrants",  # only of a key whose policy does not let somebody in
}
DENIED = {"code": "AccessDeniedException", "status": 403}
MEMBERS = [
    pytest.param(operation, member, id=f"{operation}: {member}")
    for operation, members in ANSWERS.items()
    if operation not in SKIPPED
    for member in members.always
    if not (operation == "SimulatePrincipalPolicy" and "[]." in member)  # rows of XML: functional/aws/test_members.py
]
REMEMBERED = frozenset({"AssumeRole", "GetCallerIdentity", "GetRole", "SimulatePrincipalPolicy"})
"""What is remembered is not asked again before a restart."""
INSTEAD = ("nothing", "null", "other")


def omit(stage: Stage, operation: str, member: str, **options: Any) -> None:
    """Let an answer lack a member."""
    stage.control.faults.add(Kind.OMIT, operation=operation, member=member, **options)


def withhold(stage: Stage, operation: str, member: str) -> None:
    """Let an answer lack a member, and be asked for: vaults are described where they may not be listed."""
    if operation == "DescribeBackupVault":
        stage.control.faults.add(Kind.ERROR, operation="ListBackupVaults", **DENIED)
    omit(stage, operation, member)


def copied_once(stage: Stage) -> bool:
    """Tell whether every recovery point has one job and one copy at most."""
    return set(stage.jobs().values()) <= {1} and set(stage.copies().values()) <= {1}


def deny(stage: Stage) -> None:
    """Let somebody add a Deny to the vault's policy, beside our statement."""
    document = {"Version": "2012-10-17", "Statement": [DENY, *stage.statements()]}
    stage.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(document))


def lose_our_statement(stage: Stage) -> None:
    """Let somebody take our statement out of the vault's policy, and leave the Deny."""
    document = {"Version": "2012-10-17", "Statement": [DENY]}
    stage.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(document))


def one_more(stage: Stage, name: str = "one-more") -> None:
    """Let the source make another recovery point."""
    points = [{"resource_type": "S3", "resource": name, "age": "1h"}]
    stage.control.seed(scene.PRODUCTION, scene.HOME, "orders", points)


def sids(stage: Stage) -> list[str]:
    """Return what stands in the vault's policy."""
    return [each["Sid"] for each in stage.statements()]


@pytest.mark.parametrize(("operation", "member"), MEMBERS)
def test_before_the_first_look(stage: Stage, operation: str, member: str) -> None:
    """Nothing is known yet: no copy starts from half an answer, and once answers are whole, copies begin."""
    withhold(stage, operation, member)
    for _ in range(2):
        stage.look()
    if operation not in EXPLAINING and "CopyJobs[]" not in member:  # before the first copy there is no row
        assert not stage.writes("StartCopyJob")
    assert not stage.protected()
    assert told(stage, member)
    stage.control.faults.clear()
    stage.go_on()
    assert copied_once(stage)


@pytest.mark.parametrize(("operation", "member"), MEMBERS)
def test_while_there_is_something_to_do(stage: Stage, operation: str, member: str) -> None:
    """Our statement is lost, somebody's Deny stands there, a recovery point has no copy: half an answer waits."""
    stage.go_on()
    deny(stage)
    lose_our_statement(stage)
    one_more(stage)
    before = len(stage.writes())
    withhold(stage, operation, member)
    if operation in {
        "AssumeRole",
        "GetCallerIdentity",
        "GetRole",
        "SimulatePrincipalPolicy",
    }:  # what is remembered is not asked again
        stage.restart()
    stage.look()
    assert "somebody-elses" in sids(stage)
    assert not stage.protected()
    assert told(stage, member)
    if operation not in {*EXPLAINING, "DescribeKey"}:
        assert not stage.writes("StartCopyJob")[len(scene.POINTS) :]
    if operation in {
        *("DescribeBackupVault", "ListBackupVaults", "GetBackupVaultAccessPolicy"),
        *("AssumeRole", "GetCallerIdentity"),
    }:
        assert len(stage.writes()) == before
    stage.control.faults.clear()
    stage.go_on()
    assert copied_once(stage)
    assert len(stage.jobs()) == len(scene.POINTS) + 1
    assert sorted(sids(stage))[1:] == ["somebody-elses"]


def told(stage: Stage, member: str) -> bool:
    """Tell whether the status says which member is missing."""
    return member in json.dumps(stage.body["status"])


@pytest.mark.parametrize("instead", INSTEAD)
def test_a_started_copy_whose_id_is_missing_is_started_once(stage: Stage, instead: str) -> None:
    """AWS took the request and its answer says nothing: the next look finds the job."""
    omit(stage, "StartCopyJob", "CopyJobId", instead=instead, times=2)
    outcome = stage.look()
    assert [each.problem.reason for each in outcome.results if each.problem] == ["UnexpectedAnswer"]
    stage.go_on()
    assert copied_once(stage)


@pytest.mark.parametrize("member", ["BackupVaultList", "BackupVaultList[].BackupVaultName"])
def test_a_vault_is_not_missing_because_its_name_is(stage: Stage, member: str) -> None:
    """A vault that could not be described, and a list without names: nothing is created, nothing copied."""
    stage.go_on()
    before = len(stage.writes())
    stage.control.faults.add(Kind.ERROR, operation="DescribeBackupVault", account=scene.BACKUP, **DENIED)
    omit(stage, "ListBackupVaults", member)
    one_more(stage)
    stage.look()
    assert scene.row(stage.body, "DestinationVault") == ("Unknown", "UnexpectedAnswer")
    assert len(stage.writes()) == before


@pytest.mark.parametrize("member", [path for path in ANSWERS["ListCopyJobs"].sometimes if path != "NextToken"])
def test_what_a_job_may_leave_out_starts_no_second_copy(stage: Stage, member: str) -> None:
    """Without the members that not every job has, everything that is copied stays copied."""
    stage.go_on()
    jobs = stage.jobs()
    omit(stage, "ListCopyJobs", member)
    for _ in range(3):
        stage.look()
        stage.restart()
    assert stage.jobs() == jobs
    assert stage.protected()


@pytest.mark.parametrize("seed", range(4))
def test_a_life_under_answers_that_lack_something(stage: Stage, seed: int) -> None:
    """Members vanish at random in every pass, processes die, recovery points come, our statement goes."""
    chance = random.Random(seed)  # noqa: S311 - the same life every time
    everything = [(operation, path) for operation, members in ANSWERS.items() for path in members.always]
    stage.go_on(lambda: bool(stage.writes("PutBackupVaultAccessPolicy")))
    deny(stage)
    points = len(scene.POINTS)
    for step in range(20):
        stage.control.faults.clear()
        for operation, member in chance.sample(everything, chance.randrange(3)):
            few = chance.choice((None, 1, 2))
            omit(stage, operation, member, instead=chance.choice(INSTEAD), probability=0.7, times=few)
        if step % 8 == 3:
            one_more(stage, f"more-{step}")
            points += 1
        if step % 8 == 5:
            lose_our_statement(stage)
        if chance.random() < 0.2:
            stage.restart()
        stage.look()
        assert "somebody-elses" in sids(stage)
        assert copied_once(stage)
        assert not stage.protected() or len(stage.copies()) == points
        stage.control.advance(chance.choice((1, 7, 40)))
    stage.control.faults.clear()
    stage.go_on()
    assert copied_once(stage)
    assert len(stage.copies()) == points
    assert sorted(sids(stage))[1:] == ["somebody-elses"]
