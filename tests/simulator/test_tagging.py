"""The tagging API over the resources that can be backed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.simulator import backup_kit, scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def tagging(server: SimulatorServer) -> Any:
    """A client of the source account."""
    server.control.load(backup_kit.world())
    return scenes.client(server, "resourcegroupstaggingapi", scenes.SOURCE)


def _found(tagging: Any, **asked: Any) -> list[str]:
    return [each["ResourceARN"] for each in tagging.get_resources(**asked)["ResourceTagMappingList"]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, [backup_kit.TABLE, backup_kit.VOLUME, backup_kit.FILES, backup_kit.DATABASE], id="all tagged"),
        pytest.param({"TagFilters": [{"Key": "team"}]}, [backup_kit.VOLUME], id="key"),
        pytest.param(
            {"TagFilters": [{"Key": "backup", "Values": ["daily", "hourly"]}]},
            [backup_kit.VOLUME, backup_kit.FILES, backup_kit.DATABASE],
            id="any value",
        ),
        pytest.param(
            {"TagFilters": [{"Key": "backup", "Values": ["daily"]}, {"Key": "team", "Values": ["shop"]}]},
            [backup_kit.VOLUME],
            id="all filters",
        ),
        pytest.param(
            {"ResourceTypeFilters": ["ec2:volume", "rds"]}, [backup_kit.VOLUME, backup_kit.DATABASE], id="types"
        ),
        pytest.param({"ResourceTypeFilters": ["ec2:vol"]}, [], id="no prefix of a type"),
        pytest.param({"ResourceARNList": [backup_kit.FILES, backup_kit.BUCKET]}, [backup_kit.FILES], id="ARNs"),
    ],
)
def test_resources_are_found_by_their_tags(tagging: Any, asked: scenes.Json, expected: list[str]) -> None:
    """Filters are joined by AND, values and types by OR."""
    assert _found(tagging, **asked) == expected


def test_pages_cover_the_list_once(tagging: Any) -> None:
    """Pages join up to the whole list."""
    pages = tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 3})

    assert [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]] == _found(tagging)


def test_tags_come_and_go(tagging: Any) -> None:
    """Tags of several resources are set and removed in one call."""
    both = [backup_kit.BUCKET, backup_kit.VOLUME]
    tagging.tag_resources(ResourceARNList=both, Tags={"team": "legal", "backup": "weekly"})
    tagged = _found(tagging, TagFilters=[{"Key": "team", "Values": ["legal"]}])
    tagging.untag_resources(ResourceARNList=both, TagKeys=["team", "unknown"])

    assert sorted(tagged) == sorted(both)
    assert _found(tagging, TagFilters=[{"Key": "team"}]) == []
    assert tagging.get_tag_keys()["TagKeys"] == ["backup"]
    assert tagging.get_tag_values(Key="backup")["TagValues"] == ["Daily", "daily", "hourly", "weekly"]


def test_vaults_plans_and_recovery_points_have_tags_too(tagging: Any, server: SimulatorServer) -> None:
    """What AWS Backup lets be tagged is found as well."""
    backup = scenes.client(server, "backup", scenes.SOURCE)
    rule = {"RuleName": "r", "TargetBackupVaultName": "daily"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})["BackupPlanArn"]
    backup.start_backup_job(BackupVaultName="daily", ResourceArn=backup_kit.FILES, IamRoleArn=scenes.COPIER)
    server.control.advance("2m")
    vault = scenes.vault_arn(scenes.SOURCE, "daily", scenes.HOME)
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName="daily")["RecoveryPoints"]
    arns = [plan, vault, point["RecoveryPointArn"]]
    failed = tagging.tag_resources(ResourceARNList=arns, Tags={"owner": "me"})["FailedResourcesMap"]

    assert failed == {}
    assert sorted(_found(tagging, TagFilters=[{"Key": "owner"}])) == sorted(arns)


def test_what_cannot_be_tagged_is_told_apart(tagging: Any) -> None:
    """The others are tagged nevertheless."""
    missing = backup_kit.VOLUME + "-gone"
    failed = tagging.tag_resources(ResourceARNList=[missing, backup_kit.BUCKET], Tags={"a": "b"})["FailedResourcesMap"]

    assert list(failed) == [missing]
    assert (failed[missing]["StatusCode"], failed[missing]["ErrorCode"]) == (400, "InvalidParameterException")
    assert _found(tagging, TagFilters=[{"Key": "a"}]) == [backup_kit.BUCKET]


@pytest.mark.parametrize("tags", [{"AWS:x": "y"}, {f"tag-{index}": "" for index in range(51)}])
def test_tags_that_cannot_be_are_refused(tagging: Any, tags: scenes.Json) -> None:
    """Reserved keys and more than fifty tags."""
    with scenes.refused() as refusal:
        tagging.tag_resources(ResourceARNList=[backup_kit.BUCKET], Tags=tags)

    assert refusal.code == "InvalidParameterException"


def test_the_caller_needs_the_right_of_the_service_too(server: SimulatorServer) -> None:
    """tag:TagResources alone tags nothing; without it the call is refused."""
    scene = backup_kit.world()
    for name, *actions in (("some", "tag:TagResources", "ec2:CreateTags"), ("none", "ec2:*")):
        key = {"id": f"AKIA{name.upper():A<16}", "secret": f"{name}-secret"}
        user = {"name": name, "access_key": key, "policies": [scenes.allow(*actions)]}
        scenes.account(scene, scenes.SOURCE)["users"].append(user)
    server.control.load(scene)
    asked = {"ResourceARNList": [backup_kit.VOLUME, backup_kit.FILES], "Tags": {"a": "b"}}
    some = scenes.client(server, "resourcegroupstaggingapi", scenes.SOURCE, user="some")
    failed = some.tag_resources(**asked)["FailedResourcesMap"]
    none = scenes.client(server, "resourcegroupstaggingapi", scenes.SOURCE, user="none")
    with scenes.refused() as refusal:
        none.tag_resources(**asked)

    assert [(arn, each["StatusCode"]) for arn, each in failed.items()] == [(backup_kit.FILES, 403)]
    assert refusal.code == "AccessDeniedException"
    assert "tag:TagResources" in refusal.message


def test_what_is_not_simulated_says_so(tagging: Any) -> None:
    """Reports and compliance are not there."""
    with scenes.refused() as report:
        tagging.start_report_creation(S3Bucket="documents")
    with scenes.refused() as details:
        tagging.get_resources(IncludeComplianceDetails=True)

    assert (report.status, details.status) == (501, 501)
