"""The tagging API over the resources that can be backed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes

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


class Around:
    """A queue, a rule, a bus and a key of the source account."""

    def __init__(self, server: SimulatorServer) -> None:
        def client(service: str) -> Any:
            return scenes.client(server, service, scenes.SOURCE)

        self.sqs, self.events, self.kms = client("sqs"), client("events"), client("kms")
        self.sqs.create_queue(QueueName="news", tags={"team": "backup"})
        self.queue = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:news"
        tags = [{"Key": "team", "Value": "backup"}]
        self.bus = self.events.create_event_bus(Name="mine", Tags=tags)["EventBusArn"]
        self.rule = self.events.put_rule(Name="r", EventPattern='{"source": ["x"]}', Tags=tags)["RuleArn"]
        key = self.kms.create_key(Tags=[{"TagKey": "team", "TagValue": "backup"}])
        self.key = key["KeyMetadata"]["Arn"]
        self.all = sorted([self.queue, self.bus, self.rule, self.key])


def test_queues_rules_buses_and_keys_have_tags_too(tagging: Any, server: SimulatorServer) -> None:
    """Found, changed, and seen by their own services."""
    around = Around(server)
    only = [{"Key": "team", "Values": ["backup"]}]
    found = _found(tagging, TagFilters=only)
    failed = tagging.tag_resources(ResourceARNList=around.all, Tags={"cost": "1"})["FailedResourcesMap"]
    tagging.untag_resources(ResourceARNList=around.all, TagKeys=["team"])
    default = f"arn:aws:events:{scenes.HOME}:{scenes.SOURCE}:event-bus/default"
    tagging.tag_resources(ResourceARNList=[default], Tags={"cost": "2"})
    url = around.sqs.get_queue_url(QueueName="news")["QueueUrl"]

    assert found == around.all
    assert failed == {}
    assert around.sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"cost": "1"}
    assert around.events.list_tags_for_resource(ResourceARN=around.rule)["Tags"] == [{"Key": "cost", "Value": "1"}]
    assert around.events.list_tags_for_resource(ResourceARN=default)["Tags"] == [{"Key": "cost", "Value": "2"}]
    assert around.kms.list_resource_tags(KeyId=around.key)["Tags"] == [{"TagKey": "cost", "TagValue": "1"}]
    assert tagging.get_tag_values(Key="cost")["TagValues"] == ["1", "2"]


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ("sqs", "queue"),
        ("sqs:queue", "queue"),
        ("sqs:topic", None),
        ("events:rule", "rule"),
        ("events:event-bus", "bus"),
        ("kms:key", "key"),
    ],
)
def test_types_of_pipelines_are_filtered(tagging: Any, server: SimulatorServer, wanted: str, kind: str | None) -> None:
    """Also those of which the ARN says nothing."""
    around = Around(server)
    found = _found(tagging, ResourceTypeFilters=[wanted])

    assert found == ([getattr(around, kind)] if kind else [])


def test_each_failure_has_the_code_of_its_service(tagging: Any, server: SimulatorServer) -> None:
    """Gone, awaiting deletion, or of another Region."""
    around = Around(server)
    around.kms.schedule_key_deletion(KeyId=around.key)
    arns = {
        f"{around.queue}-gone": "AWS.SimpleQueueService.NonExistentQueue",
        f"{around.rule}-gone": "ResourceNotFoundException",
        f"{around.key[:-1]}x": "NotFoundException",
        around.key: "KMSInvalidStateException",
        around.queue.replace(scenes.HOME, scenes.AWAY): "AWS.SimpleQueueService.NonExistentQueue",
        scenes.vault_arn(scenes.SOURCE, "gone", scenes.HOME): "ResourceNotFoundException",
    }
    failed = tagging.tag_resources(ResourceARNList=list(arns), Tags={"a": "b"})["FailedResourcesMap"]

    assert {arn: found["ErrorCode"] for arn, found in failed.items()} == arns
    assert {found["StatusCode"] for found in failed.values()} == {400}


def test_a_keys_policy_decides_about_its_tags(tagging: Any, server: SimulatorServer) -> None:
    """And conditions on what is asked for."""
    kms = scenes.client(server, "kms", scenes.SOURCE)
    statement = {"Effect": "Allow", "Principal": {"AWS": scenes.SOURCE}, "Action": "kms:*", "Resource": "*"}
    deny = statement | {"Effect": "Deny", "Action": "kms:TagResource"}
    secret = deny | {"Condition": {"StringEquals": {"aws:RequestTag/secret": "yes"}}}
    key = kms.create_key(Policy=scenes.text(scenes.policy(statement, secret)))["KeyMetadata"]["Arn"]
    first = tagging.tag_resources(ResourceARNList=[key], Tags={"open": "yes"})["FailedResourcesMap"]
    second = tagging.tag_resources(ResourceARNList=[key], Tags={"secret": "yes"})["FailedResourcesMap"]

    assert first == {}
    assert (second[key]["StatusCode"], second[key]["ErrorCode"]) == (403, "AccessDeniedException")
    assert "kms:TagResource" in second[key]["ErrorMessage"]


@pytest.mark.parametrize("arn", ["nonsense", "arn:aws:sqs", scenes.COPIER])
def test_what_the_tagging_api_does_not_know_fails_the_call(tagging: Any, arn: str) -> None:
    """And nothing of it is done."""
    with scenes.refused() as refusal:
        tagging.tag_resources(ResourceARNList=[backup_kit.BUCKET, arn], Tags={"a": "b"})

    assert refusal.code == "InvalidParameterException"
    assert refusal.message == f"{arn} is not a valid AmazonResourceName (ARN)"
    assert _found(tagging, TagFilters=[{"Key": "a"}]) == []


def test_a_list_of_arns_has_no_pages(tagging: Any) -> None:
    """Unknown ones in it are passed over."""
    asked = [backup_kit.FILES, backup_kit.FILES + "-gone"]
    with scenes.refused() as refusal:
        tagging.get_resources(ResourceARNList=asked, ResourcesPerPage=5)

    assert _found(tagging, ResourceARNList=asked) == [backup_kit.FILES]
    assert refusal.code == "InvalidParameterException"


def test_keys_and_values_come_in_pages(tagging: Any, server: SimulatorServer) -> None:
    """Of a hundred; a made up token is refused."""
    sqs = scenes.client(server, "sqs", scenes.SOURCE)
    for number in range(3):
        tags = {f"key-{number}-{each:02}": f"value-{number}-{each:02}" for each in range(49)}
        sqs.create_queue(QueueName=f"queue-{number}", tags=tags | {"all": str(number)})
    first = tagging.get_tag_keys()
    second = tagging.get_tag_keys(PaginationToken=first["PaginationToken"])
    for call in (tagging.get_tag_keys, tagging.get_resources):
        with scenes.refused() as refusal:
            call(PaginationToken="x")
        assert refusal.code == "InvalidParameterException"

    assert (len(first["TagKeys"]), second["PaginationToken"]) == (100, "")
    assert sorted({*first["TagKeys"], *second["TagKeys"]}) == [*first["TagKeys"], *second["TagKeys"]]
    assert tagging.get_tag_values(Key="all")["TagValues"] == ["0", "1", "2"]


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
    with scenes.refused() as by_tags:
        tagging.get_resources(TagsPerPage=100)

    assert (report.status, details.status, by_tags.status) == (501, 501, 501)
