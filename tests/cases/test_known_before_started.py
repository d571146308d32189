"""Worlds in which AWS would refuse a copy, and a look tells so before a job is spent on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from tests.kit.cases import BUNKER, CLINIC, Case, Json, account_in, points_of, prerequisite_names, world_of

from backup_simulator.faults import Kind
from crossvault.aspects.copies.planned import State
from crossvault.words.reasons import Reason

Begin = Callable[..., Case]

ROLE = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"


def _asked(case: Case, operation: str) -> int:
    return sum(each.operation == operation for each in case.control.calls())


# --- 02: an air-gapped vault whose key AWS owns --------------------------------------------------------------------


def test_an_air_gapped_vault_on_a_key_of_aws_takes_both_copies(case: Begin) -> None:
    """What kind of vault it is decides; KMS is not asked about a key that is not the account's."""
    began: Case = case("02-air-gapped-owned-key")
    plan = began.plan()
    assert (plan["summary"]["unmet"], plan["summary"]["unknown"], plan["summary"]["copies"]) == (0, 0, 2)
    began.passes(3)
    assert prerequisite_names(began.status(), "Met") == [each["name"] for each in began.status()["prerequisites"]]
    assert began.condition()[:2] == ("True", "Protected")
    assert (began.numbers()["copied"], len(began.jobs())) == (2, 2)
    assert {each.account for each in began.control.calls() if each.operation == "DescribeKey"} <= {CLINIC}


def test_a_type_that_no_air_gapped_vault_takes_is_never_tried(case: Begin) -> None:
    """RDS is copied to other accounts, but not into such a vault."""
    world = world_of("02-air-gapped-owned-key")
    points_of(world)[0] |= {"resource_type": "RDS", "resource": "ledger"}
    began: Case = case("02-air-gapped-owned-key", world=world)
    began.passes(3)
    assert (began.numbers()["copied"], began.numbers()["ineligible"], len(began.jobs())) == (1, 1, 1)
    standing = began.standings()[f"arn:aws:rds:eu-west-1:{CLINIC}:db:ledger"]
    assert (standing.state, standing.reason) == (State.INELIGIBLE, Reason.TYPE_NOT_SUPPORTED)
    assert "logically air-gapped" in str(standing.message)


# --- 04: a copy role that is not there -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["04-copy-role-missing", "04b-copy-role-missing-check"])
def test_a_missing_copy_role_is_told_before_anything_is_done(case: Begin, name: str) -> None:
    """A row of its own with everything somebody needs; no write and no job, in the plan as in the pass."""
    began: Case = case(name)
    text = began.plan_text()
    assert "0 copies to start" in text
    assert "CopyRole" in text
    began.passes(3)
    row = began.row("CopyRole")
    assert (row["status"], row["reason"]) == ("Unmet", "CopyRoleMissing")
    for part in ("AWSBackupDefaultServiceRole", "clinic", CLINIC, "spec.source.copyRole"):
        assert part in row["message"]
    assert "aws iam create-role --role-name AWSBackupDefaultServiceRole --path /service-role/" in row["remedy"]
    assert "backup.amazonaws.com" in row["remedy"]
    ready = began.condition()
    assert ready[:2] == ("False", "PrerequisiteUnmet")
    assert row["message"] in ready[2]
    assert began.condition("Stalled")[0] == "True"
    assert (began.writes(), began.jobs()) == ([], {})


@pytest.mark.parametrize("name", ["04-copy-role-missing", "04b-copy-role-missing-check"])
def test_the_copy_goes_once_the_role_is_there(case: Begin, name: str) -> None:
    """The remedy is enough: the next pass sees the role, without a restart."""
    began: Case = case(name)
    began.passes(2)
    iam = began.cloud.client("iam", CLINIC, "admin", region="us-east-1")
    made = iam.create_role(
        RoleName="AWSBackupDefaultServiceRole",
        Path="/service-role/",
        AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        '"Principal":{"Service":"backup.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
    )
    iam.attach_role_policy(
        RoleName="AWSBackupDefaultServiceRole",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    )
    assert made["Role"]["Arn"] == ROLE
    began.passes(3)
    assert began.row("CopyRole")["status"] == "Met"
    assert began.numbers()["copied"] == 1


def test_a_role_that_does_not_trust_aws_backup_is_told_as_such(case: Begin) -> None:
    """It is there, and AWS would still fail every job."""
    world = world_of("05-tag-policy")
    account_in(world, CLINIC)["roles"][1]["trust"] = {"services": ["ec2.amazonaws.com"]}
    began: Case = case("05-tag-policy", world=world)
    began.passes(2)
    row = began.row("CopyRole")
    assert (row["status"], row["reason"]) == ("Unmet", "CopyRoleUntrusting")
    assert "update-assume-role-policy --role-name AWSBackupDefaultServiceRole" in row["remedy"]
    assert (began.writes(), began.jobs()) == ([], {})


def test_a_role_that_may_not_be_looked_at_stops_nothing(case: Begin) -> None:
    """Without iam:GetRole the row is Unknown, and AWS decides."""
    world = world_of("02-air-gapped-owned-key")
    account_in(world, CLINIC)["roles"][0]["policies"] = ["full", _deny("iam:GetRole")]
    began: Case = case("02-air-gapped-owned-key", world=world)
    began.passes(3)
    row = began.row("CopyRole")
    assert (row["status"], row["reason"]) == ("Unknown", "AccessDenied")
    assert began.numbers()["copied"] == 2


def test_a_role_that_is_as_it_should_be_is_asked_about_once(case: Begin) -> None:
    """Many passes, one GetRole."""
    began: Case = case("02-air-gapped-owned-key")
    began.passes(6)
    assert _asked(began, "GetRole") == 1


# --- A source that is not proven -----------------------------------------------------------------------------------


def _another_external_id(case: Case) -> None:
    """The source's role lets nobody in who does not know this one."""
    declared = case.accounts["clinic"]
    changed = replace(declared, account=replace(declared.account, external_id="another"))
    case.accounts = {**case.accounts, "clinic": changed}


def _no_organization(case: Case) -> None:
    """Nobody may ask for the organization."""
    case.control.faults.add(Kind.ERROR, operation="DescribeOrganization", code="AccessDeniedException", status=400)


def _another_vault(case: Case) -> None:
    """The source has no vault of this name."""
    for body in case.bodies.values():
        body["spec"]["source"]["vault"]["name"] = "another"


@pytest.mark.parametrize(
    ("broken", "row"),
    [(_another_external_id, "Identity"), (_no_organization, "SameOrganization"), (_another_vault, "SourceVault")],
)
def test_nothing_is_written_for_a_source_that_is_not_proven(
    case: Begin, broken: Callable[[Case], None], row: str
) -> None:
    """No statement lets anybody in; its row says what it waits for, and once that is mended it is written."""
    began: Case = case("02-air-gapped-owned-key")
    accounts, bodies = began.accounts, deepcopy(began.bodies)
    broken(began)
    began.passes(3)
    assert began.writes() == []
    waiting = began.row("VaultPolicy")
    assert waiting["status"] == "Unmet"
    assert f"First {row} has to be met, the operator then adds the statement" in waiting["remedy"]
    began.control.faults.clear()
    began.accounts, began.bodies = accounts, bodies
    began.passes(3)
    assert began.numbers()["copied"] == 2


# --- 05: a tag policy over the destination -------------------------------------------------------------------------


def test_a_refused_tag_is_a_reason_of_its_own_and_not_tried_again_quickly(case: Begin) -> None:
    """The other point is copied; the refused one waits for somebody, with AWS's text that names the tag."""
    began: Case = case("05-tag-policy")
    began.passes(4)
    assert (began.numbers()["copied"], began.numbers()["failed"]) == (1, 1)
    (failure,) = began.status()["failures"]
    assert (failure["reason"], failure["class"]) == ("TagPolicyRefused", "stuck")
    assert "tag policy" in failure["message"]
    assert "'team'" in failure["message"]
    began.advance("30m")
    began.passes(2)
    assert sorted(began.jobs().values()) == [1, 1]


# --- 06: a lock, and copies that inherit their retention -----------------------------------------------------------


def test_copies_that_the_lock_would_refuse_are_held_and_the_others_go(case: Begin) -> None:
    """Point by point against what it would inherit; the row counts, and says what to declare."""
    began: Case = case("06-lock-inherit")
    assert began.plan()["summary"]["copies"] == 1
    began.passes(4)
    row = began.row("VaultLockBounds")
    assert (row["status"], row["reason"]) == ("Unmet", "RetentionOutOfBounds")
    assert row["message"].startswith("2 of 3 recovery points are held")
    assert "et deleteAfterDays: 30" in row["remedy"]
    ready = began.condition()
    assert ready[:2] == ("False", "PrerequisiteUnmet")
    assert row["remedy"] in ready[2]
    assert [each["type"] for each in began.status()["conditions"] if each["type"] == "Stalled"] == []
    numbers = began.numbers()
    assert (numbers["copied"], numbers["failed"], numbers["waiting"]) == (1, 0, 2)
    assert "oldestGap" in numbers
    assert {arn: state for (arn, _), state in _ended(began).items()} == {_point(began, "fs-fits"): "COMPLETED"}
    held = {name: each for name, each in began.standings().items() if each.needs_action}
    assert held.keys() == {"fs-longer", "fs-forever"}
    assert "would live 35 days" in str(held["fs-longer"].message)
    assert "would be kept for ever" in str(held["fs-forever"].message)


def test_what_the_remedy_of_a_lock_says_is_enough(case: Begin) -> None:
    """With the declared retention all three are copied, and nothing failed on the way."""
    began: Case = case("06-lock-inherit")
    began.passes(3)
    for body in began.bodies.values():
        body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 30}
        body["metadata"]["generation"] = 2
    began.passes(3)
    assert began.numbers()["copied"] == 3
    assert set(_ended(began).values()) == {"COMPLETED"}
    assert began.row("VaultLockBounds")["status"] == "Met"


# --- 18: snapshots on a key that AWS manages -----------------------------------------------------------------------


def test_snapshots_on_a_key_of_aws_are_ineligible_before_any_job(case: Begin) -> None:
    """One DescribeKey for each key that the listing names, however many passes and points; the others are copied."""
    began: Case = case("18-aws-ebs-key")
    assert began.plan()["summary"]["copies"] == 1
    began.passes(5)
    numbers = began.numbers()
    assert (numbers["copied"], numbers["ineligible"], numbers["failed"]) == (1, 3, 0)
    assert [arn for arn, _ in began.jobs()] == [_point(began, "vol-cmk")]
    described = [each for each in began.control.calls() if each.operation == "DescribeKey" and each.account == CLINIC]
    assert len(described) == 2
    standing = began.standings()["vol-0"]
    assert (standing.state, standing.reason) == (State.INELIGIBLE, Reason.AWS_MANAGED_KEY)
    for part in ("AWS manages", "Encrypt", "volume/vol-0", "customer managed key"):
        assert part in str(standing.message)


def test_keys_that_nobody_may_ask_about_are_unknown_and_the_copies_are_tried(case: Begin) -> None:
    """Without kms:DescribeKey AWS says it in the job, and only then."""
    world = world_of("18-aws-ebs-key")
    account_in(world, CLINIC)["roles"][0]["policies"] = ["full", _deny("kms:DescribeKey")]
    began: Case = case("18-aws-ebs-key", world=world)
    began.passes(5)
    assert (began.numbers()["copied"], began.numbers()["failed"], len(began.jobs())) == (1, 3, 4)
    described = [each for each in began.control.calls() if each.operation == "DescribeKey" and each.account == CLINIC]
    assert len(described) == 2


def test_types_that_aws_backup_manages_in_full_leave_an_aws_managed_key(case: Begin) -> None:
    """Their key is the vault's affair."""
    world = world_of("18-aws-ebs-key")
    for each in points_of(world):
        each |= {"resource_type": "EFS", "resource": each["resource"].replace("vol", "fs")}
    began: Case = case("18-aws-ebs-key", world=world)
    began.passes(3)
    assert began.numbers()["ineligible"] == 0


# --- What a world is made of ---------------------------------------------------------------------------------------


def _deny(action: str) -> Json:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _point(case: Case, resource: str) -> str:
    points = case.control.vault(CLINIC, "eu-west-1", "records").points.values()
    return next(each.arn for each in points if each.resource_arn.endswith(f"/{resource}"))


def _ended(case: Case) -> Mapping[tuple[str, str], Any]:
    jobs = case.cloud.state.accounts[CLINIC].regions["eu-west-1"].copy_jobs.values()
    assert all(each.destination_vault_arn.split(":")[4] == BUNKER for each in jobs)
    return {(each.source_point_arn, each.job_id): each.state for each in jobs}
