"""Schedules: what is read of a manifest, what AWS is sent for it, and which plans that AWS shows mean the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import stage as scene
from tests.kit.builders import account, desired, destination, source_vault, target_vault

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule.declared import SCHEDULE, Schedule
from crossvault.aspects.schedule.document import (
    differences,
    form_of,
    plan_document,
    plan_name,
    selection_differences,
    selection_document,
    selection_form,
)
from crossvault.aspects.schedule.reading import schedule_from
from crossvault.engine.declared import Desired, PolicyKey
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.parse import parse_policy
from crossvault.kinds.rejected import Rejected
from crossvault.manifest.fields import Fault, Fields

Json = dict[str, Any]
CRDS = Path(__file__).parents[2] / "crds"

EVERYTHING: Json = {
    "windowsVss": True,
    "scanSettings": {"role": "scanner", "resourceTypes": ["S3", "EBS"]},
    "rules": [
        {
            "name": "hourly",
            "cron": "cron(0 * ? * MON-FRI *)",
            "timezone": "Europe/Berlin",
            "startWindowMinutes": 60,
            "completionWindowMinutes": 180,
            "lifecycle": {"deleteAfterDays": 14},
            "continuous": True,
            "recoveryPointTags": {"tier": "gold", "app": "orders"},
            "airGappedVault": "orders-air-gapped",
        },
        {
            "name": "daily",
            "indexResourceTypes": ["S3", "EBS"],
            "scanMode": "Incremental",
            "lifecycle": {"moveToColdStorageAfterDays": 10, "optInToArchive": True, "deleteAfterDays": 100},
        },
    ],
    "selections": [
        {
            "name": "chosen",
            "role": "backup/makes-backups",
            "resources": ["arn:aws:rds:*", "arn:aws:ec2:eu-west-1:111111111111:volume/*"],
            "notResources": ["arn:aws:rds:eu-west-1:111111111111:db:scratch"],
            "tags": {"stage": "prod"},
            "anyOfTags": {"backup": "yes"},
            "conditions": {
                "equal": {"team": "orders"},
                "notEqual": {"kind": "cache"},
                "like": {"name": "orders-*"},
                "notLike": {"name": "*-tmp"},
            },
        },
        {"name": "all"},
    ],
}
EVERYTHING["selections"][1]["resources"] = ["*"]


GAPPED = replace(source_vault(), name="orders-air-gapped").arn


def read(declared: Json) -> tuple[Schedule, list[str]]:
    """Return a schedule, and what is wrong with it."""
    faults: list[Fault] = []
    return schedule_from(Fields(declared, "spec.schedule", faults), source_vault()), [str(each) for each in faults]


def test_every_field_becomes_the_member_of_its_name() -> None:
    """The exact requests, for two destinations: one with a lifecycle of its own, one that inherits the rule's."""
    schedule, faults = read(EVERYTHING)
    cold = destination("cold", lifecycle=Lifecycle(30, 365))
    plain = destination("plain", vault=target_vault("other"))
    document = plan_document(desired(cold, plain), schedule, "the-plan")

    assert faults == []
    assert document == {
        "BackupPlanName": "the-plan",
        "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}],
        "ScanSettings": [
            {
                "MalwareScanner": "GUARDDUTY",
                "ResourceTypes": ["EBS", "S3"],
                "ScannerRoleArn": "arn:aws:iam::111111111111:role/scanner",
            }
        ],
        "Rules": [
            {
                "RuleName": "hourly",
                "TargetBackupVaultName": "orders",
                "ScheduleExpression": "cron(0 * ? * MON-FRI *)",
                "ScheduleExpressionTimezone": "Europe/Berlin",
                "StartWindowMinutes": 60,
                "CompletionWindowMinutes": 180,
                "Lifecycle": {"DeleteAfterDays": 14},
                "EnableContinuousBackup": True,
                "RecoveryPointTags": {"app": "orders", "tier": "gold"},
                "TargetLogicallyAirGappedBackupVaultArn": GAPPED,
                "CopyActions": [
                    {
                        "DestinationBackupVaultArn": cold.vault.arn,
                        "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365},
                    },
                    {"DestinationBackupVaultArn": plain.vault.arn, "Lifecycle": {"DeleteAfterDays": 14}},
                ],
            },
            {
                "RuleName": "daily",
                "TargetBackupVaultName": "orders",
                "ScheduleExpression": "cron(0 5 ? * * *)",
                "ScheduleExpressionTimezone": "Etc/UTC",
                "StartWindowMinutes": 480,
                "CompletionWindowMinutes": 10080,
                "Lifecycle": {
                    "MoveToColdStorageAfterDays": 10,
                    "DeleteAfterDays": 100,
                    "OptInToArchiveForSupportedResources": True,
                },
                "EnableContinuousBackup": False,
                "IndexActions": [{"ResourceTypes": ["EBS", "S3"]}],
                "ScanActions": [{"MalwareScanner": "GUARDDUTY", "ScanMode": "INCREMENTAL_SCAN"}],
                "CopyActions": [
                    {
                        "DestinationBackupVaultArn": cold.vault.arn,
                        "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365},
                    },
                    {"DestinationBackupVaultArn": plain.vault.arn, "Lifecycle": {"DeleteAfterDays": 100}},
                ],
            },
        ],
    }
    chosen, everything = (selection_document(each) for each in schedule.selections)
    assert chosen == {
        "SelectionName": "chosen",
        "IamRoleArn": "arn:aws:iam::111111111111:role/backup/makes-backups",
        "Resources": ["arn:aws:ec2:eu-west-1:111111111111:volume/*", "arn:aws:rds:*"],
        "NotResources": ["arn:aws:rds:eu-west-1:111111111111:db:scratch"],
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "yes"}],
        "Conditions": {
            "StringEquals": [
                {"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "prod"},
                {"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "orders"},
            ],
            "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/kind", "ConditionValue": "cache"}],
            "StringLike": [{"ConditionKey": "aws:ResourceTag/name", "ConditionValue": "orders-*"}],
            "StringNotLike": [{"ConditionKey": "aws:ResourceTag/name", "ConditionValue": "*-tmp"}],
        },
    }
    assert everything["Resources"] == ["*"]
    assert everything["IamRoleArn"].endswith(":role/service-role/AWSBackupDefaultServiceRole")


BARE: Json = {"name": "daily", "lifecycle": {"deleteAfterDays": 100}}
COLD: Json = {"deleteAfterDays": 100, "moveToColdStorageAfterDays": 10}
RULE_FIELDS: list[tuple[Json, Json]] = [
    ({"name": "other"}, {"RuleName": "other"}),
    ({"cron": "cron(0 6 ? * SAT *)"}, {"ScheduleExpression": "cron(0 6 ? * SAT *)"}),
    ({"timezone": "Asia/Kolkata"}, {"ScheduleExpressionTimezone": "Asia/Kolkata"}),
    ({"startWindowMinutes": 61}, {"StartWindowMinutes": 61}),
    ({"completionWindowMinutes": 541}, {"CompletionWindowMinutes": 541}),
    ({"lifecycle": {"deleteAfterDays": 7}}, {"Lifecycle": {"DeleteAfterDays": 7}, "copied": {"DeleteAfterDays": 7}}),
    ({"lifecycle": COLD}, {"Lifecycle": {"DeleteAfterDays": 100, "MoveToColdStorageAfterDays": 10}}),
    (
        {"lifecycle": {**COLD, "optInToArchive": True}},
        {
            "Lifecycle": {
                "DeleteAfterDays": 100,
                "MoveToColdStorageAfterDays": 10,
                "OptInToArchiveForSupportedResources": True,
            }
        },
    ),
    (
        {"continuous": True, "lifecycle": {"deleteAfterDays": 35}},
        {
            "EnableContinuousBackup": True,
            "Lifecycle": {"DeleteAfterDays": 35},
            "copied": {"DeleteAfterDays": 35},
        },
    ),
    ({"recoveryPointTags": {"b": "2", "a": "1"}}, {"RecoveryPointTags": {"a": "1", "b": "2"}}),
    ({"indexResourceTypes": ["EBS"]}, {"IndexActions": [{"ResourceTypes": ["EBS"]}]}),
    ({"scanMode": "Full"}, {"ScanActions": [{"MalwareScanner": "GUARDDUTY", "ScanMode": "FULL_SCAN"}]}),
    ({"scanMode": "Incremental"}, {"ScanActions": [{"MalwareScanner": "GUARDDUTY", "ScanMode": "INCREMENTAL_SCAN"}]}),
    ({"airGappedVault": "orders-air-gapped"}, {"TargetLogicallyAirGappedBackupVaultArn": GAPPED}),
]
PLAN_FIELDS: list[tuple[Json, Json]] = [
    (
        {"windowsVss": True},
        {"AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}]},
    ),
    (
        {"scanSettings": {"role": "scanner", "resourceTypes": ["ALL"]}},
        {
            "ScanSettings": [
                {
                    "MalwareScanner": "GUARDDUTY",
                    "ResourceTypes": ["ALL"],
                    "ScannerRoleArn": "arn:aws:iam::111111111111:role/scanner",
                }
            ]
        },
    ),
]
"""Of ``adopt`` nothing is sent, and rules and selections have tables of their own."""
SELECTION_FIELDS: list[tuple[Json, Json]] = [
    ({"name": "other", "resources": ["*"]}, {"SelectionName": "other"}),
    ({"role": "path/mine", "resources": ["*"]}, {"IamRoleArn": "arn:aws:iam::111111111111:role/path/mine"}),
    ({"resources": ["arn:aws:rds:*", "arn:aws:ec2:*"]}, {"Resources": ["arn:aws:ec2:*", "arn:aws:rds:*"]}),
    ({"resources": ["*"], "notResources": ["arn:aws:rds:*"]}, {"NotResources": ["arn:aws:rds:*"]}),
    (
        {"anyOfTags": {"a": "1"}},
        {
            "Resources": None,
            "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "1"}],
        },
    ),
    *(
        (declared, {"Conditions": {group: [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "1"}]}})
        for declared, group in (
            ({"tags": {"a": "1"}}, "StringEquals"),
            ({"conditions": {"equal": {"a": "1"}}}, "StringEquals"),
            ({"conditions": {"notEqual": {"a": "1"}}}, "StringNotEquals"),
            ({"conditions": {"like": {"a": "1"}}}, "StringLike"),
            ({"conditions": {"notLike": {"a": "1"}}}, "StringNotLike"),
        )
    ),
]


@pytest.mark.parametrize(("declared", "sent"), RULE_FIELDS, ids=str)
def test_each_field_of_a_rule_becomes_its_members_alone(declared: Json, sent: Json) -> None:
    """The exact request: all other members are AWS's defaults, or follow from the policy."""
    scans = {"scanSettings": {"role": "r", "resourceTypes": ["ALL"]}} if "scanMode" in declared else {}
    schedule, faults = read({**scans, "rules": [BARE | declared], "selections": [{"name": "all", "resources": ["*"]}]})
    copied = sent.get("copied", {"DeleteAfterDays": 100})
    expected = {
        "RuleName": "daily",
        "TargetBackupVaultName": "orders",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowMinutes": 480,
        "CompletionWindowMinutes": 10080,
        "Lifecycle": {"DeleteAfterDays": 100},
        "EnableContinuousBackup": False,
        "CopyActions": [{"DestinationBackupVaultArn": target_vault().arn, "Lifecycle": copied}],
    } | {name: value for name, value in sent.items() if name != "copied"}

    assert faults == []
    assert plan_document(desired(), schedule, "p")["Rules"] == [expected]


@pytest.mark.parametrize(("declared", "sent"), PLAN_FIELDS, ids=str)
def test_each_field_of_a_schedule_becomes_its_members_alone(declared: Json, sent: Json) -> None:
    """The exact request, but for the rules."""
    rule = BARE | ({"scanMode": "Full"} if "scanSettings" in declared else {})
    schedule, faults = read({"rules": [rule], "selections": [{"name": "all", "resources": ["*"]}], **declared})
    document = plan_document(desired(), schedule, "p")

    assert faults == []
    assert {name: value for name, value in document.items() if name != "Rules"} == {"BackupPlanName": "p", **sent}


@pytest.mark.parametrize(("declared", "sent"), SELECTION_FIELDS, ids=str)
def test_each_field_of_a_selection_becomes_its_members_alone(declared: Json, sent: Json) -> None:
    """The exact request: conditions choose from everything."""
    schedule, faults = read({"rules": [BARE], "selections": [{"name": "some", **declared}]})
    role = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
    expected: Json = {"SelectionName": "some", "IamRoleArn": role, "Resources": ["*"]} | sent

    assert faults == []
    assert selection_document(schedule.selections[0]) == {
        name: value for name, value in expected.items() if value is not None
    }


@pytest.mark.parametrize(
    ("member", "table"), [("", PLAN_FIELDS), ("rules", RULE_FIELDS), ("selections", SELECTION_FIELDS)]
)
def test_no_field_is_without_its_request(member: str, table: list[tuple[Json, Json]]) -> None:
    """A new one of the CRD is told of here."""
    crd = yaml.safe_load((CRDS / "crossvault.io_crossaccountbackuppolicies.yaml").read_text("utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["schedule"]
    asked = {path for declared, _ in table for path in _paths(declared)}
    fields = set(_fields(schema["properties"][member]["items"] if member else schema))

    assert asked >= fields - {"adopt", "rules", "selections"}


def _fields(schema: Json) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from (f"{name}.{each}" for each in _fields(inner))


def _paths(declared: Json) -> Iterator[str]:
    for name, value in declared.items():
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{each}" for each in _paths(value))


# --- Wrong manifests -----------------------------------------------------------------------------------------------


def altered(path: str, value: Any) -> Json:
    """Return the schedule with a member changed; the path is of keys and numbers."""
    made = copy.deepcopy(EVERYTHING)
    *steps, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    place: Any = made
    for each in steps:
        place = place[each]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("rules.0.cron", "cron(0 5 * * *)", "rules[0].cron: must"),
        ("rules.0.cron", "rate(1 day)", "rules[0].cron: must"),
        ("rules.0.cron", "cron(0,30 5 ? * * *)", "rules[0].cron: must"),
        ("rules.0.timezone", "Mars/Olympus", "rules[0].timezone: must"),
        ("rules.0.startWindowMinutes", 59, "startWindowMinutes"),
        ("rules.0.completionWindowMinutes", 100, "at least an hour more than startWindowMinutes"),
        ("rules.0.lifecycle", {}, "kept for ever"),
        ("rules.0.lifecycle.deleteAfterDays", 36, "at most 35 with continuous"),
        ("rules.0.lifecycle", {"deleteAfterDays": 30, "moveToColdStorageAfterDays": 1}, "no cold storage"),
        ("rules.1.lifecycle.deleteAfterDays", 99, "at least 90 days after moveToColdStorageAfterDays, 100"),
        ("rules.0.lifecycle.optInToArchive", True, "only with moveToColdStorageAfterDays"),
        ("rules.1.lifecycle.deleteAfterDays", 36_501, "at most 36500"),
        ("rules.1.name", "hourly", "hourly is there twice"),
        ("rules.1.name", "every day", "must be 1 to 50 letters"),
        ("rules.0.recoveryPointTags", {"AWS:x": "y"}, "AWS keeps for itself"),
        ("rules.1.indexResourceTypes", [], "at least one item"),
        ("rules.1.indexResourceTypes", ["RDS"], "must be one of EBS, S3"),
        ("rules.1.scanMode", "FULL_SCAN", "must be one of Full, Incremental"),
        ("rules.1.scanMode", None, "scanSettings: only with scanMode of a rule"),
        ("rules.0.airGappedVault", "a/b", "must be 2 to 50 letters"),
        ("rules.0.airGappedVault", "orders", "must be another vault than spec.source.vault"),
        ("scanSettings", None, "scanSettings: required by scanMode of a rule"),
        ("scanSettings.resourceTypes", ["ALL", "EBS"], "ALL goes with no other type"),
        ("scanSettings.resourceTypes", ["RDS"], "must be one of EBS, EC2, S3, ALL"),
        ("scanSettings.role", None, "scanSettings.role: is required"),
        ("scanSettings.role", "arn:aws:iam::222222222222:role/scanner", "role of the source account"),
        ("selections.1.resources", None, '["*"] means everything'),
        ("selections.1.resources", ["volumes"], "must be an ARN"),
        ("selections.1.resources", ["arn:aws:ec2:*:volume/x"], "at its end only"),
        ("selections.1.resources", ["arn:aws:s3:::*-logs"], "at its end only"),
        ("selections.1.resources", ["arn:aws:*:eu-west-1:*:volume/*"], "at its end only"),
        ("selections.1.resources", ["arn:aws:ec2:eu-*:*:volume/*"], "at its end only"),
        ("selections.1.notResources", ["arn:aws:ec2:*:*:vol*/vol-*"], "at its end only"),
        ("selections.1.resources", [f"arn:aws:ec2:x:y:volume/{n}*" for n in range(31)], "30 with *"),
        ("selections.1.role", "role/*", "must be the name of a role"),
        ("selections.1.role", "a b", "must be the name of a role"),
        ("selections.1.role", "arn:aws:iam::111111111111:user/bob", "must be the name of a role"),
        ("selections.1.role", "arn:aws:iam::222222222222:role/elsewhere", "role of the source account"),
        ("selections.0.conditions.like", {str(n): "x" for n in range(40)}, "at most 30"),
    ],
)
def test_what_aws_would_refuse_is_told_at_its_field(path: str, value: Any, told: str) -> None:
    """Before anything is sent."""
    _, faults = read(altered(path, value))

    assert any(told in each for each in faults), faults


@pytest.mark.parametrize(
    "pattern",
    [
        *("arn:aws:ec2:*:*:instance/*", "arn:aws:rds:*:*:db:*", "arn:aws:ec2:eu-west-1:*:volume/*"),
        *("arn:aws:ec2:*:111111111111:volume/vol-1", "arn:aws:ec2:*:*", "arn:aws:ec2:*", "arn:aws:s3:::logs-*"),
    ],
)
@pytest.mark.parametrize("member", ["resources", "notResources"])
def test_patterns_that_the_guide_has_are_taken_as_they_are(member: str, pattern: str) -> None:
    """For the whole Region or account, and at the end: as the console writes them."""
    schedule, faults = read(altered(f"selections.1.{member}", [pattern]))
    named = {"resources": "resources", "notResources": "not_resources"}[member]

    assert faults == []
    assert schedule is not None
    assert getattr(schedule.selections[1], named) == (pattern,)


# --- The same plan in other words ----------------------------------------------------------------------------------


DEFAULTS = (
    ("ScheduleExpressionTimezone", "Etc/UTC"),
    ("StartWindowMinutes", 480),
    ("CompletionWindowMinutes", 10080),
    ("EnableContinuousBackup", False),
    ("ScheduleExpression", "cron(0 5 ? * * *)"),
)


def as_aws_shows_it(draw: st.DrawFn, rule: Json) -> Json:
    """Return a rule as AWS may give it back."""
    shown = {**copy.deepcopy(rule), "RuleId": "some-id"}
    for member, default in DEFAULTS:
        how = draw(st.sampled_from(["there", "null", "absent"])) if shown[member] == default else "there"
        if how == "absent":
            del shown[member]
        else:
            shown[member] = None if how == "null" else shown[member]
    for lifecycle in (shown["Lifecycle"], *(each["Lifecycle"] for each in shown["CopyActions"])):
        lifecycle.setdefault("MoveToColdStorageAfterDays", draw(st.sampled_from([-1, None])))
        lifecycle.setdefault("OptInToArchiveForSupportedResources", draw(st.sampled_from([False, None])))
    expression = shown.get("ScheduleExpression")
    if expression and draw(st.booleans()):
        shown["ScheduleExpression"] = expression.replace("MON-FRI", "2-6").replace("cron(0 ", "cron(0  ")
    shown["CopyActions"] = draw(st.permutations(shown["CopyActions"]))
    for member in ("IndexActions", "ScanActions", "TargetLogicallyAirGappedBackupVaultArn"):
        if member not in rule:
            shown[member] = draw(st.sampled_from([None, [] if member.endswith("Actions") else ""]))
    for each in shown["IndexActions"] or ():
        each["ResourceTypes"] = draw(st.permutations(each["ResourceTypes"]))
    return dict(draw(st.permutations(list(shown.items()))))


@st.composite
def shown_plans(draw: st.DrawFn) -> tuple[Json, Json]:
    """Return a plan as it is sent, and as AWS may show it."""
    schedule, _ = read(EVERYTHING)
    both = desired(destination("a", lifecycle=Lifecycle(30, 365)), destination("b", vault=target_vault("other")))
    sent = plan_document(both, schedule, "the-plan")
    rules = draw(st.permutations([as_aws_shows_it(draw, each) for each in sent["Rules"]]))
    (scans,) = sent["ScanSettings"]
    types = draw(st.permutations(scans["ResourceTypes"]))
    return sent, {**sent, "Rules": rules, "ScanSettings": [{**scans, "ResourceTypes": types}]}


@given(shown_plans())
def test_a_plan_in_other_words_is_the_same(plans: tuple[Json, Json]) -> None:
    """Each update would be one of 2,000 versions."""
    sent, shown = plans

    assert differences(form_of(sent), form_of(shown)) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rule: rule.update(ScheduleExpression="cron(0 6 ? * * *)"), "rules[daily].cron"),
        (lambda rule: rule.update(ScheduleExpressionTimezone="Europe/Paris"), "rules[daily].timezone"),
        (lambda rule: rule.update(TargetBackupVaultName="other"), "rules[daily].vault"),
        (lambda rule: rule.update(StartWindowMinutes=60), "rules[daily].startWindowMinutes"),
        (lambda rule: rule["Lifecycle"].update(DeleteAfterDays=101), "rules[daily].lifecycle.deleteAfterDays"),
        (lambda rule: rule.pop("Lifecycle"), "rules[daily].lifecycle.moveToColdStorageAfterDays"),
        (lambda rule: rule.update(EnableContinuousBackup=True), "rules[daily].continuous"),
        (lambda rule: rule.update(RecoveryPointTags={"a": "b"}), "rules[daily].recoveryPointTags"),
        (lambda rule: rule.update(CopyActions=[]), "rules[daily].copies"),
        (lambda rule: rule["CopyActions"][0].pop("Lifecycle"), "copies[arn:aws:backup:eu-central-1"),
        (lambda rule: rule.update(IndexActions=[{"ResourceTypes": ["EBS"]}]), "rules[daily].indexResourceTypes"),
        (lambda rule: rule.update(ScanActions=[{"MalwareScanner": "GUARDDUTY"}]), "rules[daily].scanMode"),
        (lambda rule: rule.pop("ScanActions"), "rules[daily].scanMode"),
        (lambda rule: rule.update(TargetLogicallyAirGappedBackupVaultArn=GAPPED), "rules[daily].airGappedVault"),
        (lambda rule: rule.update(RuleName="other"), "rules[daily]"),
    ],
)
def test_every_difference_is_found_and_named(change: Any, told: str) -> None:
    """By the name of its field: the update would take it away."""
    schedule, _ = read(EVERYTHING)
    sent = plan_document(desired(), schedule, "the-plan")
    shown = copy.deepcopy(sent)
    change(next(each for each in shown["Rules"] if each["RuleName"] == "daily"))

    assert any(path.startswith(told) or told in path for path, *_ in differences(form_of(sent), form_of(shown)))


def shown_by_aws() -> Json:
    """Return a plan with the least of each list that AWS may show."""
    schedule, _ = read(EVERYTHING)
    return plan_document(desired(), schedule, "the-plan")


MODEL = botocore.session.get_session().get_service_model("backup")
AWS_OWN = frozenset({"BackupPlanName", "RuleId", "DeleteAfterEvent"})
"""The name is kept, ids are AWS's, and API_Lifecycle says of the event: not valid as an input."""


@pytest.mark.parametrize(
    ("shape", "find"),
    [
        pytest.param("BackupPlan", lambda plan: plan, id="plan"),
        pytest.param("BackupRule", lambda plan: plan["Rules"][1], id="rule"),
        pytest.param("Lifecycle", lambda plan: plan["Rules"][1]["Lifecycle"], id="lifecycle"),
        pytest.param("CopyAction", lambda plan: plan["Rules"][1]["CopyActions"][0], id="copy action"),
        pytest.param("Lifecycle", lambda plan: plan["Rules"][1]["CopyActions"][0]["Lifecycle"], id="of copies"),
        pytest.param("IndexAction", lambda plan: plan["Rules"][1]["IndexActions"][0], id="index action"),
        pytest.param("ScanAction", lambda plan: plan["Rules"][1]["ScanActions"][0], id="scan action"),
        pytest.param("ScanSetting", lambda plan: plan["ScanSettings"][0], id="scan setting"),
    ],
)
def test_no_member_that_aws_knows_is_overlooked(shape: str, find: Any) -> None:
    """An update replaces a plan as a whole, so whatever is not compared would go without a word."""
    sent = shown_by_aws()
    members: Mapping[str, Any] = MODEL.shape_for(shape).members  # type: ignore[attr-defined]
    for name, member in members.items():
        if name in AWS_OWN:
            continue
        shown = copy.deepcopy(sent)
        there = find(shown)
        there[name] = other_value(member, there.get(name))

        assert differences(form_of(sent), form_of(shown)) != (), name


def other_value(shape: Any, value: Any) -> Any:
    """Return what AWS might show of a member, and does not."""
    match shape.type_name:
        case "structure":
            return {name: other_value(member, None) for name, member in shape.members.items()}
        case "list":
            return [*(value or ()), other_value(shape.member, None)]
        case "map":
            return {"other": "value"}
        case "boolean":
            return not value
        case "long":
            return (value or 0) + 97
        case _:
            return "cron(7 7 ? * * *)" if value and value.startswith("cron(") else "other"


@pytest.mark.parametrize("listed", ["Rules", "CopyActions"])
def test_what_is_listed_twice_is_told(listed: str) -> None:
    """Also where the second one has the name of the first: it would hide behind it, with another vault."""
    sent = shown_by_aws()
    shown = copy.deepcopy(sent)
    there = shown if listed == "Rules" else shown["Rules"][0]
    there[listed] = [{**there[listed][0], "TargetBackupVaultName": "other"}, *there[listed]]

    found = [(want, have) for _, want, have in differences(form_of(sent), form_of(shown))]
    assert any(want in {"absent", "none"} or have.count(",") > want.count(",") for want, have in found)


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("within", [True, False])
def test_settings_are_the_same_wherever_aws_gives_them(*, beside: bool, within: bool) -> None:
    """Beside the plan, in it, or in both; only where they are in neither there are none."""
    sent = shown_by_aws()
    settings = sent["AdvancedBackupSettings"]
    shown = {**sent, "AdvancedBackupSettings": settings if within else None}

    assert (form_of(shown, settings if beside else None) == form_of(sent)) is (beside or within)


SELECTED: dict[str, tuple[Json, str, str]] = {
    "role": ({"role": "other"}, "role", "role/other"),
    "ARNs": ({"resources": ["arn:aws:s3:::b"]}, "resources", "arn:aws:s3:::b"),
    "what is left out": ({"notResources": ["arn:aws:s3:::b"]}, "notResources", "arn:aws:s3:::b"),
    "one of some tags": ({"anyOfTags": {"c": "d"}}, "anyOfTags", "c=d"),
    "tags": ({"tags": {"a": "c"}}, "tags", "a=c"),
    "tags as a condition": ({"tags": {}, "conditions": {"equal": {"a": "c"}}}, "tags", "a=c"),
    "not these": ({"conditions": {"notEqual": {"c": "d"}}}, "conditions.notEqual", "c=d"),
    "like these": ({"conditions": {"like": {"c": "d*"}}}, "conditions.like", "c=d*"),
    "not like these": ({"conditions": {"notLike": {"c": "d*"}}}, "conditions.notLike", "c=d*"),
}


@pytest.mark.parametrize("what", SELECTED)
def test_a_changed_selection_is_told_member_by_member(what: str) -> None:
    """By the name of the field, with what is declared and what AWS has, and nothing that is the same."""
    changes, member, value = SELECTED[what]
    before: Json = {"name": "some", "resources": ["arn:aws:s3:::a"], "tags": {"a": "b"}}
    schedules = [read({"rules": [BARE], "selections": [each]})[0] for each in (before, before | changes)]
    have, want = (selection_form(selection_document(each.selections[0])) for each in schedules)

    assert selection_differences(want, want) == ()
    ((path, desired_, observed_),) = selection_differences(want, have)
    assert path == member
    assert desired_.endswith(value)
    assert observed_ != desired_


@given(st.data())
def test_a_selection_in_other_words_is_the_same(data: st.DataObject) -> None:
    """AWS shows empty lists that nobody sent, and no order is promised."""
    schedule, _ = read(EVERYTHING)
    for each in schedule.selections:
        sent = selection_document(each)
        shown: Json = {**json.loads(json.dumps(sent)), "SelectionId": "x"}
        for member in ("Resources", "NotResources", "ListOfTags"):
            shown[member] = data.draw(st.permutations(shown.get(member) or []))
        given_ = shown.get("Conditions") or {}
        groups = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
        shown["Conditions"] = {group: data.draw(st.permutations(given_.get(group) or [])) for group in groups}
        assert selection_form(shown) == selection_form(sent)
        shown["Resources"] = ["arn:aws:s3:::other"]
        assert selection_form(shown) != selection_form(sent)


# --- Names and owners ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["orders", "o" * 63, "o" * 253, "a.b-c"])
def test_plans_of_different_policies_have_different_names(name: str) -> None:
    """Of at most fifty characters, as the console allows."""
    names = {
        plan_name(PolicyKey(namespace, each), vault.arn)
        for namespace in ("shop", "bank")
        for each in (name, f"{name[:-1]}x")
        for vault in (source_vault(), replace(source_vault(), name="other"), target_vault())
    }

    assert len(names) == 12
    assert max(map(len, names)) <= 50


def declarations() -> dict[str, AccountDeclaration]:
    """Return the accounts of a policy."""
    parsed = {name: parse_account(each) for name, each in scene.accounts().items()}
    return {name: each for name, each in parsed.items() if isinstance(each, AccountDeclaration)}


def test_a_role_belongs_to_the_sources_account() -> None:
    """By name it does; the ARN of a stranger's is refused."""
    schedule, faults = read(EVERYTHING)

    assert account().account_id in schedule.selections[0].role_arn
    assert faults == []


@pytest.mark.parametrize(
    "status", [None, [], {"schedule": []}, {"schedule": {"planId": 3}}, {"schedule": {"planId": ""}}]
)
def test_a_strange_status_names_no_plan(status: Any) -> None:
    """Whoever wrote it."""
    body = scene.policy(schedule=EVERYTHING) | {"status": status}
    found = parse_policy(body, declarations(), {})

    assert not isinstance(found, Rejected), found
    assert isinstance(found, Desired)
    assert found[SCHEDULE] is not None
