"""Backup plans as documents: what they may say, how they read back, their versions and their end."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

COPY = {"DestinationBackupVaultArn": scenes.vault_arn()}
SCANNER = f"arn:aws:iam::{scenes.SOURCE}:role/scanner"
SCAN = {"MalwareScanner": "GUARDDUTY", "ScanMode": "INCREMENTAL_SCAN"}
SCANS = {"MalwareScanner": "GUARDDUTY", "ResourceTypes": ["EBS", "S3"], "ScannerRoleArn": SCANNER}


def _rule(**changes: Any) -> scenes.Json:
    return {"RuleName": "daily", "TargetBackupVaultName": "daily"} | changes


def _plan(*rules: scenes.Json, name: str = "plan", **members: Any) -> scenes.Json:
    return {"BackupPlanName": name, "Rules": list(rules) or [_rule()]} | members


def _create(backups: Backups, *rules: scenes.Json, **members: Any) -> scenes.Json:
    return backups.client.create_backup_plan(BackupPlan=_plan(*rules, **members))  # type: ignore[no-any-return] # boto3 by name


def test_a_plan_reads_back_with_its_defaults(backups: Backups) -> None:
    """Defaults are filled in, rules have ids, versions are base64 of a uuid; a missing vault does not matter yet."""
    created = _create(backups, _rule(TargetBackupVaultName="not-yet-there"))
    found = backups.client.get_backup_plan(BackupPlanId=created["BackupPlanId"])

    (rule,) = found["BackupPlan"]["Rules"]
    assert str(uuid.UUID(rule["RuleId"])) == rule.pop("RuleId")
    assert rule == {
        "RuleName": "daily",
        "TargetBackupVaultName": "not-yet-there",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowMinutes": 480,
        "CompletionWindowMinutes": 10080,
        "EnableContinuousBackup": False,
    }
    plan_id = created["BackupPlanId"]
    assert created["BackupPlanArn"] == f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:backup-plan:{plan_id}"
    assert len(str(uuid.UUID(base64.b64decode(created["VersionId"]).decode()))) == 36
    assert found["VersionId"] == created["VersionId"]
    assert "AdvancedBackupSettings" not in found


def test_a_plan_reads_back_as_it_was_sent(backups: Backups) -> None:
    """Whatever a rule says comes back; advanced settings stand beside the plan."""
    sent = _rule(
        ScheduleExpression="cron(30 2 ? * MON#1 *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        StartWindowMinutes=60,
        CompletionWindowMinutes=120,
        EnableContinuousBackup=False,
        Lifecycle={"MoveToColdStorageAfterDays": 7, "DeleteAfterDays": 97},
        RecoveryPointTags={"made-by": "plan"},
        CopyActions=[
            COPY | {"Lifecycle": {"DeleteAfterDays": 30}},
            {"DestinationBackupVaultArn": scenes.vault_arn(name="more")},
        ],
        IndexActions=[{"ResourceTypes": ["EBS"]}],
        ScanActions=[SCAN],
        TargetLogicallyAirGappedBackupVaultArn=scenes.vault_arn(scenes.SOURCE, "gapped", scenes.HOME),
    )
    advanced = [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}]
    created = _create(backups, sent, AdvancedBackupSettings=advanced, ScanSettings=[SCANS])
    found = backups.client.get_backup_plan(BackupPlanId=created["BackupPlanId"])

    (rule,) = found["BackupPlan"]["Rules"]
    del rule["RuleId"]
    assert rule == sent
    assert found["BackupPlan"]["ScanSettings"] == [SCANS]
    assert created["AdvancedBackupSettings"] == found["AdvancedBackupSettings"] == advanced


INVALID = "InvalidParameterValueException"
PREFIX = "Error in some rules due to : "


def _wrong(id_: str, message: str, *rules: scenes.Json, **members: Any) -> Any:
    return pytest.param(rules, members, message, id=id_)


@pytest.mark.parametrize(
    ("rules", "members", "message"),
    [
        _wrong("long name", "1 to 50 alphanumeric", name="n" * 51),
        _wrong("bad name", "1 to 50 alphanumeric", name="my plan"),
        _wrong("eleven rules", "1 to 10 rules", *[_rule(RuleName=f"rule-{index}") for index in range(11)]),
        _wrong(
            "five fields",
            PREFIX + "Invalid schedule expression",
            _rule(ScheduleExpression="cron(0 5 * * *)"),
        ),
        _wrong("rate", PREFIX + "Invalid schedule expression", _rule(ScheduleExpression="rate(1 day)")),
        _wrong(
            "no time zone",
            "Invalid schedule expression. Mars is no time zone",
            _rule(ScheduleExpressionTimezone="Mars"),
        ),
        _wrong("too often", "shouldn't be less than 60 minutes", _rule(ScheduleExpression="cron(0/30 * ? * * *)")),
        _wrong("short start window", "Invalid start window", _rule(StartWindowMinutes=59)),
        _wrong("long start window", "Invalid start window", _rule(StartWindowMinutes=52_560_001)),
        _wrong("no completion window", "Invalid completion window", _rule(CompletionWindowMinutes=0)),
        _wrong(
            "no retention",
            PREFIX + "Invalid lifecycle. DeleteAfterDays cannot be less than 1 or more than 36500 days",
            _rule(Lifecycle={"DeleteAfterDays": 0}),
        ),
        _wrong(
            "cold for too short",
            PREFIX + "Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from "
            "MoveToColdStorageAfterDays",
            _rule(Lifecycle={"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 119}),
        ),
        _wrong("event", "DeleteAfterEvent", _rule(Lifecycle={"DeleteAfterEvent": "DELETE_AFTER_COPY"})),
        _wrong(
            "continuous without lifecycle",
            "Lifecycle must be specified for backup rule enabled continuous backup",
            _rule(EnableContinuousBackup=True),
        ),
        _wrong(
            "continuous and cold",
            PREFIX + "Invalid lifecycle. MoveToColdStorageAfterDays is unavailable",
            _rule(EnableContinuousBackup=True, Lifecycle={"MoveToColdStorageAfterDays": 730, "DeleteAfterDays": 2555}),
        ),
        _wrong(
            "continuous for long",
            "DeleteAfterDays cannot be less than 1 or more than 35 days",
            _rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 36}),
        ),
        _wrong(
            "eleven tags", "more than 10 tags", _rule(RecoveryPointTags={f"tag-{index}": "x" for index in range(11)})
        ),
        _wrong("reserved tag", "cannot start with aws:", _rule(RecoveryPointTags={"aws:x": "y"})),
        _wrong("six copies", "more than 5 copy actions", _rule(CopyActions=[COPY] * 6)),
        _wrong(
            "no vault ARN",
            "Invalid DestinationBackupVaultArn: copies",
            _rule(CopyActions=[{"DestinationBackupVaultArn": "copies"}]),
        ),
        _wrong(
            "lifecycle of a copy",
            PREFIX + "Invalid lifecycle",
            _rule(CopyActions=[COPY | {"Lifecycle": {"DeleteAfterDays": 36_501}}]),
        ),
        _wrong(
            "two index actions",
            PREFIX + "Invalid IndexActions. There can be one",
            _rule(IndexActions=[{"ResourceTypes": ["EBS"]}, {"ResourceTypes": ["S3"]}]),
        ),
        _wrong("an index of nothing", PREFIX + "Invalid IndexActions. ResourceTypes", _rule(IndexActions=[{}])),
        _wrong(
            "an index of a database",
            PREFIX + "Invalid IndexActions. ResourceTypes",
            _rule(IndexActions=[{"ResourceTypes": ["RDS"]}]),
        ),
        _wrong(
            "a scan without a mode",
            PREFIX + "Invalid ScanActions. ScanMode",
            _rule(ScanActions=[{"MalwareScanner": "GUARDDUTY"}]),
        ),
        _wrong(
            "a scan by nobody",
            PREFIX + "Invalid ScanActions. MalwareScanner",
            _rule(ScanActions=[{"ScanMode": "FULL_SCAN"}]),
        ),
        _wrong(
            "scans without a role",
            "ScannerRoleArn is required",
            ScanSettings=[{"MalwareScanner": "GUARDDUTY", "ResourceTypes": ["ALL"]}],
        ),
        _wrong(
            "scans of a database",
            "Invalid ScanSettings. ResourceTypes",
            ScanSettings=[SCANS | {"ResourceTypes": ["RDS"]}],
        ),
        _wrong("options of nothing", "Invalid Resource Type : EFS", AdvancedBackupSettings=[{"ResourceType": "EFS"}]),
        _wrong(
            "unknown option",
            "Invalid backup option",
            AdvancedBackupSettings=[{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "Enabled"}}],
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    backups: Backups, rules: tuple[scenes.Json, ...], members: dict[str, Any], message: str
) -> None:
    """Whatever is documented as impossible is refused on creation and on update, and leaves nothing."""
    name = members.get("name", "plan")
    with scenes.refused() as refusal:
        _create(backups, *rules, **members)
    plans = backups.client.list_backup_plans()["BackupPlansList"]
    plan_id = _create(backups)["BackupPlanId"]
    with scenes.refused() as again:
        backups.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=_plan(*rules, **(members | {"name": name})))

    assert plans == []
    assert refusal.code == again.code == INVALID
    assert message in refusal.message
    assert message in again.message
    assert len(backups.client.list_backup_plan_versions(BackupPlanId=plan_id)["BackupPlanVersionsList"]) == 1


def test_an_error_of_a_rule_tells_its_name_and_code(backups: Backups) -> None:
    """As users saw it: ERROR_3015 in the body, the rule and the text as JSON in Context."""
    text = "Invalid lifecycle. MoveToColdStorageAfterDays is unavailable"
    rule = _rule(
        RuleName="Yearly",
        EnableContinuousBackup=True,
        Lifecycle={"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 9},
    )
    body = json.dumps({"BackupPlan": _plan(rule)}).encode()
    answer = scenes.signed(backups.server, "backup", "PUT", "/backup/plans/", body=body)

    assert answer.headers["x-amzn-errortype"] == INVALID
    assert answer.json["Code"] == "ERROR_3015"
    assert answer.json["Message"] == PREFIX + text
    assert json.loads(answer.json["Context"]) == ["Yearly", text]


@pytest.mark.parametrize(
    ("rule", "members"),
    [
        pytest.param(
            {
                "TargetLogicallyAirGappedBackupVaultArn": scenes.vault_arn(),
                "EnableContinuousBackup": True,
                "Lifecycle": {"DeleteAfterDays": 9},
            },
            {},
            id="air-gapped and continuous",
        ),
    ],
)
def test_what_is_not_simulated_says_so(backups: Backups, rule: scenes.Json, members: scenes.Json) -> None:
    """Nothing is accepted and ignored."""
    with scenes.refused() as refusal:
        _create(backups, _rule(**rule), **members)

    assert (refusal.status, refusal.code) == (501, "NotImplemented")


def test_the_same_request_gives_the_same_plan(backups: Backups) -> None:
    """Equal request ids give the plan that is there; an equal document under another id is refused."""
    asked = {"BackupPlan": _plan(), "CreatorRequestId": "once"}
    first, again = (backups.client.create_backup_plan(**asked) for _ in range(2))
    with scenes.refused() as refusal:
        _create(backups)
    other = _create(backups, name="other")

    assert first["BackupPlanId"] == again["BackupPlanId"] != other["BackupPlanId"]
    assert refusal.code == "AlreadyExistsException"
    assert (refusal.body["Arn"], refusal.body["CreatorRequestId"]) == (first["BackupPlanArn"], "once")


@pytest.mark.parametrize(
    ("tags", "code"),
    [pytest.param({"a": "b"}, "AccessDeniedException", id="with tags"), pytest.param({}, "", id="without tags")],
)
def test_a_plan_with_tags_needs_the_right_to_tag(server: SimulatorServer, tags: dict[str, str], code: str) -> None:
    """backup:CreateBackupPlan alone makes plans without tags."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"][1]["policies"] = [scenes.allow("backup:CreateBackupPlan")]
    server.control.load(world)
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    backup = scenes.session_client(server, "backup", session)
    found = ""
    try:
        backup.create_backup_plan(BackupPlan=_plan(), BackupPlanTags=tags)
    except backup.exceptions.ClientError as error:
        found = error.response["Error"]["Code"]

    assert found == code


@pytest.mark.parametrize(
    ("service", "code"),
    [("malware-protection.guardduty.amazonaws.com", ""), ("backup.amazonaws.com", "AccessDeniedException")],
)
def test_scan_settings_need_the_right_to_pass_their_role(server: SimulatorServer, service: str, code: str) -> None:
    """To the scanner, which is another service."""
    world = scenes.world()
    to = {"StringEquals": {"iam:PassedToService": service}}
    passing = scenes.allow("iam:PassRole", resource=SCANNER, condition=to)
    scenes.account(world, scenes.SOURCE)["roles"][1]["policies"] = [scenes.allow("backup:CreateBackupPlan"), passing]
    server.control.load(world)
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    backup = scenes.session_client(server, "backup", session)
    found = ""
    try:
        backup.create_backup_plan(BackupPlan=_plan(_rule(ScanActions=[SCAN]), ScanSettings=[SCANS]))
    except backup.exceptions.ClientError as error:
        found = error.response["Error"]["Code"]

    assert found == code


def test_every_update_is_a_version(backups: Backups) -> None:
    """Versions pile up, old ones stay readable, a rule keeps its id by its name."""
    plan_id = _create(backups, _rule(), _rule(RuleName="weekly"))["BackupPlanId"]
    for rules in ([_rule()], [_rule()], [_rule(StartWindowMinutes=60), _rule(RuleName="monthly")]):
        backups.pass_time("1m")
        backups.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=_plan(*rules))
    versions = backups.client.list_backup_plan_versions(BackupPlanId=plan_id)["BackupPlanVersionsList"]
    read = [
        backups.client.get_backup_plan(BackupPlanId=plan_id, VersionId=version["VersionId"])["BackupPlan"]["Rules"]
        for version in versions
    ]
    current = backups.client.get_backup_plan(BackupPlanId=plan_id)

    assert len({version["VersionId"] for version in versions}) == 4
    assert [[rule["RuleName"] for rule in rules] for rules in read] == [
        ["daily", "weekly"],
        ["daily"],
        ["daily"],
        ["daily", "monthly"],
    ]
    assert len({rules[0]["RuleId"] for rules in read}) == 1
    assert current["VersionId"] == versions[-1]["VersionId"]
    assert [version["CreationDate"].minute for version in versions] == [0, 1, 2, 3]


def test_the_name_of_a_plan_stays(backups: Backups) -> None:
    """A plan is not renamed."""
    plan_id = _create(backups)["BackupPlanId"]
    with scenes.refused() as refusal:
        backups.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=_plan(name="other"))

    assert refusal.code == INVALID


def test_a_plan_is_deleted_after_its_selections(backups: Backups) -> None:
    """First its selections go, then the plan; what it was before its last version stays readable."""
    plan_id = _create(backups)["BackupPlanId"]
    backups.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=_plan(_rule(StartWindowMinutes=60)))
    first, last = backups.client.list_backup_plan_versions(BackupPlanId=plan_id)["BackupPlanVersionsList"]
    selection = backups.client.create_backup_selection(
        BackupPlanId=plan_id,
        BackupSelection={"SelectionName": "all", "IamRoleArn": scenes.COPIER, "Resources": ["*"]},
    )["SelectionId"]
    with scenes.refused() as refusal:
        backups.client.delete_backup_plan(BackupPlanId=plan_id)
    backups.client.delete_backup_selection(BackupPlanId=plan_id, SelectionId=selection)
    deleted = backups.client.delete_backup_plan(BackupPlanId=plan_id)
    listed = backups.client.list_backup_plans(IncludeDeleted=True)["BackupPlansList"]

    assert refusal.code == "InvalidRequestException"
    assert refusal.message == "Related backup plan selections must be deleted prior to backup plan deletion"
    assert deleted["VersionId"] == last["VersionId"]
    assert backups.client.list_backup_plans()["BackupPlansList"] == []
    assert [plan["DeletionDate"] for plan in listed] == [deleted["DeletionDate"]]
    assert backups.client.get_backup_plan(BackupPlanId=plan_id, VersionId=first["VersionId"])["DeletionDate"]
    for version in ({}, {"VersionId": last["VersionId"]}):
        with scenes.refused() as gone:
            backups.client.get_backup_plan(BackupPlanId=plan_id, **version)
        assert gone.code == "ResourceNotFoundException"
    _create(backups, _rule(StartWindowMinutes=60))


def test_a_missing_plan_is_not_found(backups: Backups) -> None:
    """All operations on a plan say so."""
    calls = [
        ("get_backup_plan", {}),
        ("update_backup_plan", {"BackupPlan": _plan()}),
        ("delete_backup_plan", {}),
        ("list_backup_plan_versions", {}),
        ("list_backup_selections", {}),
    ]
    for operation, more in calls:
        with scenes.refused() as refusal:
            getattr(backups.client, operation)(BackupPlanId="nothing", **more)
        assert (refusal.code, refusal.status) == ("ResourceNotFoundException", 400)


def test_the_number_of_versions_is_limited(backups: Backups) -> None:
    """The 2001st version is refused."""
    plan_id = _create(backups)["BackupPlanId"]
    plan = backups.server.state.accounts[scenes.SOURCE].region(scenes.HOME).plans[plan_id]
    plan.versions[:] = [plan.current] * 1999
    backups.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=_plan())
    with scenes.refused() as refusal:
        backups.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=_plan())

    assert refusal.code == "LimitExceededException"


def test_plans_are_listed_page_by_page(backups: Backups) -> None:
    """Pages join up to all plans in order of creation."""
    names = [f"plan-{index}" for index in range(5)]
    for name in names:
        _create(backups, name=name)
    pages = backups.client.get_paginator("list_backup_plans").paginate(PaginationConfig={"PageSize": 2})

    assert [plan["BackupPlanName"] for page in pages for plan in page["BackupPlansList"]] == names


def test_plans_have_tags(backups: Backups) -> None:
    """Tags given on creation are listed, added to and taken away."""
    arn = backups.client.create_backup_plan(BackupPlan=_plan(), BackupPlanTags={"team": "shop"})["BackupPlanArn"]
    backups.client.tag_resource(ResourceArn=arn, Tags={"cost": "low"})
    both = backups.client.list_tags(ResourceArn=arn)["Tags"]
    backups.client.untag_resource(ResourceArn=arn, TagKeyList=["team"])

    assert both == {"team": "shop", "cost": "low"}
    assert backups.client.list_tags(ResourceArn=arn)["Tags"] == {"cost": "low"}


def test_the_next_runs_are_previewed(backups: Backups) -> None:
    """Up to ten runs of all rules in order of time; none unless asked for."""
    plan_id = _create(
        backups,
        _rule(),
        _rule(
            RuleName="noon",
            ScheduleExpression="cron(0 12 ? * SUN *)",
            EnableContinuousBackup=True,
            Lifecycle={"DeleteAfterDays": 9},
        ),
    )["BackupPlanId"]
    answer = backups.client.get_backup_plan(BackupPlanId=plan_id, MaxScheduledRunsPreview=4)
    runs = [
        (run["ExecutionTime"].strftime("%d %H"), run["RuleExecutionType"]) for run in answer["ScheduledRunsPreview"]
    ]

    assert runs == [("01 05", "SNAPSHOTS"), ("01 12", "CONTINUOUS"), ("02 05", "SNAPSHOTS"), ("03 05", "SNAPSHOTS")]
    assert "ScheduledRunsPreview" not in backups.client.get_backup_plan(BackupPlanId=plan_id)
