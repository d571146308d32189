"""Selections: what they may say, which role they need, which resources they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.services.backup.plans import selecting
from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

INVALID = "InvalidParameterValueException"
VOLUMES = "arn:aws:ec2:*:*:volume/*"


class Selections(Backups):
    """A plan and its selections."""

    def __init__(self, server: SimulatorServer, scene: scenes.Json | None = None) -> None:
        super().__init__(server, scene)
        rule = {"RuleName": "daily", "TargetBackupVaultName": "daily"}
        plan = self.client.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})
        self.plan_id = str(plan["BackupPlanId"])

    def add(self, request: str | None = None, **members: Any) -> str:
        """Add a selection and give its id."""
        selection = {"SelectionName": "some", "IamRoleArn": scenes.COPIER} | members
        asked = {"BackupPlanId": self.plan_id, "BackupSelection": selection}
        asked |= {"CreatorRequestId": request} if request else {}
        return str(self.client.create_backup_selection(**asked)["SelectionId"])


@pytest.fixture
def selections(server: SimulatorServer) -> Selections:
    """A plan without selections."""
    return Selections(server)


def _tag(key: str, value: str) -> scenes.Json:
    return {"ConditionType": "STRINGEQUALS", "ConditionKey": key, "ConditionValue": value}


def _test(key: str, value: str) -> scenes.Json:
    return {"ConditionKey": f"aws:ResourceTag/{key}", "ConditionValue": value}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"Resources": ["*"]}, "volume files database", id="everything"),
        pytest.param({"Resources": [backup_kit.VOLUME]}, "volume", id="one ARN"),
        pytest.param({"Resources": [VOLUMES, "arn:aws:rds:*:*:db:*"]}, "volume database", id="types"),
        pytest.param({"Resources": [backup_kit.VOLUME[:-1] + "*"]}, "volume", id="prefix"),
        pytest.param({"Resources": ["*"], "NotResources": [VOLUMES]}, "files database", id="all but a type"),
        pytest.param({"ListOfTags": [_tag("backup", "daily")]}, "volume files", id="one tag"),
        pytest.param({"ListOfTags": [_tag("team", "shop"), _tag("backup", "hourly")]}, "volume database", id="any tag"),
        pytest.param({"ListOfTags": [_tag("aws:ResourceTag/team", "shop")]}, "volume", id="tag with its prefix"),
        pytest.param({"ListOfTags": [_tag("backup", "Daily")]}, "", id="values are case sensitive"),
        pytest.param(
            {"Resources": ["arn:aws:rds:*:*:db:*"], "ListOfTags": [_tag("team", "shop")]}, "volume database", id="or"
        ),
        pytest.param(
            {"ListOfTags": [_tag("backup", "daily")], "NotResources": [VOLUMES]}, "files", id="tag but not a type"
        ),
        pytest.param(
            {"Resources": [VOLUMES], "Conditions": {"StringEquals": [_test("backup", "daily")]}}, "volume", id="and"
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringEquals": [_test("backup", "daily"), _test("team", "shop")]}},
            "volume",
            id="all conditions",
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringLike": [_test("backup", "*ly")]}},
            "volume files database",
            id="like",
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringLike": [_test("backup", "d*l*")]}},
            "volume files",
            id="stars inside",
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringLike": [_test("backup", "dail?")]}}, "", id="no other wildcard"
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringNotEquals": [_test("team", "shop")]}},
            "files database",
            id="not equal",
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringNotLike": [_test("backup", "da*")]}}, "database", id="not like"
        ),
        pytest.param(
            {
                "Resources": ["*"],
                "Conditions": {"StringLike": [_test("backup", "*")], "StringNotEquals": [_test("team", "shop")]},
            },
            "files database",
            id="mixed",
        ),
    ],
)
def test_a_selection_means_what_it_says(document: scenes.Json, expected: str) -> None:
    """ARNs, patterns and tags, joined as documented."""
    resources = {
        "volume": (backup_kit.VOLUME, {"backup": "daily", "team": "shop"}),
        "files": (backup_kit.FILES, {"backup": "daily"}),
        "database": (backup_kit.DATABASE, {"backup": "hourly"}),
    }
    found = [name for name, (arn, tags) in resources.items() if selecting.means(document, arn, tags)]

    assert found == expected.split()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        pytest.param({}, "Either 'ListOfTags' or 'Resources' section must be non-empty.", id="nothing"),
        pytest.param(
            {"Conditions": {"StringEquals": [_test("a", "b")]}},
            "Either 'ListOfTags' or 'Resources' section must be non-empty.",
            id="conditions only",
        ),
        pytest.param({"Resources": ["volume/vol-a"]}, "is no ARN", id="no ARN"),
        pytest.param({"Resources": ["arn:aws:s3:::*-logs"]}, "is not at its end", id="wildcard in front"),
        pytest.param({"Resources": ["*"], "NotResources": ["arn:aws:s3:::a*b"]}, "is not at its end", id="inside"),
        pytest.param(
            {"Resources": [f"arn:aws:s3:::bucket-{index}" for index in range(501)]}, "more than 500", id="501 ARNs"
        ),
        pytest.param(
            {"Resources": [f"arn:aws:s3:::b-{index}*" for index in range(31)]}, "30 with wildcards", id="31 patterns"
        ),
        pytest.param({"ListOfTags": [_tag(f"k{index}", "v") for index in range(31)]}, "more than 30", id="31 tags"),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringLike": [_test(f"k{index}", "v") for index in range(31)]}},
            "more than 30",
            id="31 conditions",
        ),
        pytest.param(
            {"Resources": ["*"], "Conditions": {"StringLike": [{"ConditionKey": "backup", "ConditionValue": "x"}]}},
            "aws:ResourceTag/",
            id="key without its prefix",
        ),
        pytest.param({"SelectionName": "s" * 51, "Resources": ["*"]}, "pattern", id="long name"),
        pytest.param(
            {"ListOfTags": [_tag("a", "b") | {"ConditionType": "STRINGLIKE"}]}, "enum", id="operator of ListOfTags"
        ),
    ],
)
def test_a_selection_that_cannot_be_is_refused(selections: Selections, members: dict[str, Any], message: str) -> None:
    """What is documented as impossible is refused and leaves nothing."""
    with scenes.refused() as refusal:
        selections.add(**members)

    assert refusal.code == INVALID
    assert message in refusal.message
    assert selections.client.list_backup_selections(BackupPlanId=selections.plan_id)["BackupSelectionsList"] == []


def test_selections_of_a_plan_are_limited(selections: Selections) -> None:
    """Ten by tag, a hundred in all."""
    for index in range(10):
        selections.add(ListOfTags=[_tag("number", str(index))])
    with scenes.refused() as tagged:
        selections.add(ListOfTags=[_tag("number", "11")])
    for _ in range(90):
        selections.add(Resources=["*"])
    with scenes.refused() as many:
        selections.add(Resources=["*"])

    assert tagged.code == many.code == "LimitExceededException"


def test_a_selection_reads_back(selections: Selections) -> None:
    """Get gives the document, list its name and role, page by page."""
    document = {
        "SelectionName": "tagged",
        "IamRoleArn": scenes.COPIER,
        "Resources": [VOLUMES],
        "NotResources": [backup_kit.VOLUME],
        "ListOfTags": [_tag("backup", "daily")],
        "Conditions": {"StringLike": [_test("team", "s*")]},
    }
    ids = [selections.add(request="one", **document), selections.add(Resources=["*"]), selections.add(Resources=["*"])]
    found = selections.client.get_backup_selection(BackupPlanId=selections.plan_id, SelectionId=ids[0])
    pages = selections.client.get_paginator("list_backup_selections").paginate(
        BackupPlanId=selections.plan_id, PaginationConfig={"PageSize": 2}
    )
    listed = [each for page in pages for each in page["BackupSelectionsList"]]

    assert found["BackupSelection"] == document | {
        "Conditions": {
            "StringEquals": [],
            "StringNotEquals": [],
            "StringLike": [_test("team", "s*")],
            "StringNotLike": [],
        }
    }
    assert (found["SelectionId"], found["CreatorRequestId"]) == (ids[0], "one")
    assert [each["SelectionId"] for each in listed] == ids
    assert (listed[0]["SelectionName"], listed[0]["IamRoleArn"]) == ("tagged", scenes.COPIER)


@pytest.mark.parametrize("chosen", [{"Resources": ["*"]}, {"ListOfTags": [_tag("backup", "daily")]}])
def test_a_selection_reads_back_with_its_empty_lists(selections: Selections, chosen: scenes.Json) -> None:
    """What nobody filled is there, and empty: clients index it without asking."""
    added = selections.add(**chosen)
    found = selections.client.get_backup_selection(BackupPlanId=selections.plan_id, SelectionId=added)
    nothing: scenes.Json = {"StringEquals": [], "StringNotEquals": [], "StringLike": [], "StringNotLike": []}
    empty: scenes.Json = {"Resources": [], "ListOfTags": [], "NotResources": [], "Conditions": nothing}

    assert {name: found["BackupSelection"][name] for name in empty} == empty | chosen


def test_the_same_request_gives_the_same_selection(selections: Selections) -> None:
    """A repeated request adds nothing."""
    assert selections.add(request="one", Resources=["*"]) == selections.add(request="one", Resources=["*"])
    assert len(selections.client.list_backup_selections(BackupPlanId=selections.plan_id)["BackupSelectionsList"]) == 1


def test_a_selection_needs_a_role_that_works(server: SimulatorServer) -> None:
    """The role trusts AWS Backup and may look for tags; internal code and context are those users saw."""
    scene = backup_kit.world()
    source = scenes.account(scene, scenes.SOURCE)
    trust = {"services": ["backup.amazonaws.com"]}
    source["roles"].append(scenes.role("blind", trust=trust, policies=[scenes.allow("ec2:*")]))
    selections = Selections(server, scene)
    blind, reader = (f"arn:aws:iam::{scenes.SOURCE}:role/{name}" for name in ("blind", "reader"))
    selections.add(IamRoleArn=blind, Resources=["*"])
    with scenes.refused() as tags:
        selections.add(IamRoleArn=blind, ListOfTags=[_tag("a", "b")])
    with scenes.refused() as trusting:
        selections.add(IamRoleArn=reader, Resources=["*"])
    with scenes.refused() as foreign:
        selections.add(IamRoleArn=f"arn:aws:iam::{scenes.TARGET}:role/operator", Resources=["*"])

    assert (tags.code, tags.message) == (INVALID, f"IAM Role {blind} is not authorized to call tag:GetResources")
    assert (trusting.code, trusting.message) == (INVALID, f"IAM Role {reader} cannot be assumed by AWS Backup")
    assert trusting.body
    assert trusting.body["Context"] == reader
    assert foreign.code == "AccessDeniedException"


def test_the_caller_has_to_be_allowed_to_pass_the_role(server: SimulatorServer) -> None:
    """iam:PassRole with backup.amazonaws.com as the service."""
    scene = backup_kit.world()
    for name, service in (("right", "backup.amazonaws.com"), ("wrong", "ec2.amazonaws.com")):
        passing = scenes.allow("iam:PassRole", condition={"StringEquals": {"iam:PassedToService": service}})
        key = {"id": f"AKIA{name.upper():A<16}", "secret": f"{name}-secret"}
        user = {"name": name, "access_key": key, "policies": [scenes.allow("backup:*"), passing]}
        scenes.account(scene, scenes.SOURCE)["users"].append(user)
    selections = Selections(server, scene)
    selections.client = scenes.client(server, "backup", scenes.SOURCE, user="right")
    selections.add(Resources=["*"])
    selections.client = scenes.client(server, "backup", scenes.SOURCE, user="wrong")
    with scenes.refused() as refusal:
        selections.add(Resources=["*"])

    assert refusal.code == "AccessDeniedException"
    assert "iam:PassRole" in refusal.message


def test_what_is_missing_is_an_invalid_parameter(selections: Selections) -> None:
    """Not ResourceNotFound, as one would expect."""
    client, nobody = selections.client, {"BackupPlanId": "nothing"}
    document = {"SelectionName": "s", "IamRoleArn": scenes.COPIER, "Resources": ["*"]}
    calls: list[Callable[[], Any]] = [
        lambda: client.create_backup_selection(BackupSelection=document, **nobody),
        lambda: client.get_backup_selection(SelectionId="nothing", **nobody),
        lambda: client.get_backup_selection(SelectionId="nothing", BackupPlanId=selections.plan_id),
        lambda: client.delete_backup_selection(SelectionId="nothing", BackupPlanId=selections.plan_id),
    ]
    for call in calls:
        with scenes.refused() as refusal:
            call()
        assert refusal.code == INVALID
        assert refusal.message.startswith("Cannot find Backup ")
