"""What ``crossvault import`` makes of what accounts do already: the manifests that mean the same, and what is left."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.kit import importing as kit
from tests.kit import stage as scene

from crossvault.aspects.copies.seen import CopyJob
from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.schedule.declared import SCHEDULE, Schedule
from crossvault.aspects.schedule.document import plan_document, selection_document
from crossvault.aspects.schedule.stock import FoundPlan, read
from crossvault.aspects.stock import Route, Stock, routes_of
from crossvault.aspects.vault.seen import AIR_GAPPED, Vault
from crossvault.cli import importing
from crossvault.engine.declared import Desired, Mode
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.imported import Asked, Imported, Weight, imported, targets
from crossvault.kinds.policy.parse import parse_policy
from crossvault.manifest import schema

Json = dict[str, Any]
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
ARN = f"arn:aws:backup:{scene.HOME}:{scene.PRODUCTION}:backup-plan:plan-1"
SOURCE = f"arn:aws:backup:{scene.HOME}:{scene.PRODUCTION}:backup-vault:orders"
SECOND = f"arn:aws:backup:{scene.AWAY}:{scene.SECOND}:backup-vault:more-copies"


def declaration(name: str) -> AccountDeclaration:
    """Return an account of the usual world, as ``--account`` gives it."""
    body = scene.accounts()[name]
    for member in ("allowedNamespaces", "limits"):
        body["spec"].pop(member, None)
    parsed = parse_account(schema.check(body).body)
    assert isinstance(parsed, AccountDeclaration)
    return parsed


ACCOUNTS = {name: declaration(name) for name in ("production", "dr", "second")}
PRODUCTION = ACCOUNTS["production"].account
ASKED = Asked(ACCOUNTS, frozenset(ACCOUNTS), "shop", NOW)


def found(document: Json | None = None, *selections: Json, **changes: Any) -> FoundPlan:
    """Return the plan of the kit as AWS shows it, or another one."""
    plan = FoundPlan("plan-1", ARN, "Orders-nightly", document or kit.NIGHTLY, {}, selections or kit.SELECTIONS)
    return replace(plan, **changes)


def changed(change: Any) -> FoundPlan:
    """Return the plan of the kit with something else in it."""
    document, selections = copy.deepcopy(kit.NIGHTLY), copy.deepcopy(kit.SELECTIONS)
    change(document, selections)
    return found(document, *selections)


def of(
    *plans: FoundPlan, routes: tuple[Route, ...] = (), asked: Asked = ASKED, vaults: tuple[Vault, ...] = ()
) -> Imported:
    """Return what is made of plans in the source account."""
    stock = Stock(PRODUCTION, scene.HOME, plans, routes)
    named = {each.name: each for each in vaults}
    there = {(name, region): named for name in ACCOUNTS for region in (scene.HOME, scene.AWAY)}
    return imported(asked, [stock], there)


def told(answer: Imported, weight: Weight = Weight.LEFT) -> str:
    """Return what is told with some weight."""
    return "\n".join(each.message for each in answer.remarks if each.weight is weight)


def parsed(body: Mapping[str, Any], accounts: Mapping[str, AccountDeclaration] = ACCOUNTS) -> Desired:
    """Return what a manifest declares, through accounts that are declared as they were imported."""
    checked = schema.check(body)
    assert checked.faults == ()
    desired = parse_policy(checked.body, accounts, {})
    assert isinstance(desired, Desired)
    return desired


def granted(answer: Imported) -> dict[str, AccountDeclaration]:
    """Return the accounts as the imported manifests declare them."""
    made = {}
    for each in answer.accounts:
        checked = schema.check(each)
        assert checked.faults == ()
        account = parse_account(checked.body)
        assert isinstance(account, AccountDeclaration)
        made[account.account.name] = account
    return made


# --- The way there and back ----------------------------------------------------------------------------------------

WORDS = st.text("abcXYZ019_.-", min_size=1, max_size=12)
ASCII = st.text("abcXYZ019 _./=+@-", min_size=1, max_size=12)
TAGS = st.dictionaries(ASCII, ASCII, max_size=3)
CRONS = st.sampled_from(
    ["cron(0 5 ? * * *)", "cron(30 2 1 * ? *)", "cron(0 0/6 * * ? *)", "cron(15 1 ? * SUN#1 *)", "cron(0 3 L * ? *)"]
)
ZONES = st.sampled_from(["Etc/UTC", "Europe/Berlin", "America/New_York"])
ARNS = st.sampled_from(
    [
        "*",
        "arn:aws:ec2:*",
        "arn:aws:ec2:*:*:volume/*",
        "arn:aws:rds:eu-west-1:111111111111:db:orders",
        "arn:aws:s3:::orders*",
    ]
)


GAPPED = st.sampled_from(["orders-air-gapped", "other-air-gapped"])
SCANS = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["scanner", "security/scanner"]),
        "resourceTypes": st.sampled_from([["ALL"], ["EBS"], ["EBS", "S3"], ["EBS", "EC2", "S3"]]),
    }
)


@st.composite
def lifecycles(draw: st.DrawFn, *, whole: bool) -> Json:
    """Draw a lifecycle; ``whole`` for one that has an end."""
    made: Json = {}
    cold = draw(st.none() | st.integers(1, 400))
    if cold is not None:
        made["moveToColdStorageAfterDays"] = cold
        if draw(st.booleans()):
            made["optInToArchive"] = True
    if whole or draw(st.booleans()) or not made:
        made["deleteAfterDays"] = (cold + 90 if cold else 1) + draw(st.integers(0, 3000))
    return made


@st.composite
def rules(draw: st.DrawFn) -> Json:
    """Draw a rule, with or without what may be left out."""
    made: Json = {"lifecycle": draw(lifecycles(whole=True))}
    for name, values in (("cron", CRONS), ("timezone", ZONES), ("recoveryPointTags", TAGS)):
        if draw(st.booleans()):
            made[name] = draw(values)
    if draw(st.booleans()):
        made["startWindowMinutes"] = start = draw(st.integers(60, 1000))
        made["completionWindowMinutes"] = start + draw(st.integers(60, 9000))
    if draw(st.booleans()):
        made |= {"continuous": True, "lifecycle": {"deleteAfterDays": draw(st.integers(1, 35))}}
    types = st.lists(st.sampled_from(["EBS", "S3"]), min_size=1, max_size=2, unique=True)
    beside = (
        ("indexResourceTypes", types),
        ("scanMode", st.sampled_from(["Full", "Incremental"])),
        ("airGappedVault", GAPPED),
    )
    for name, drawn in beside:
        if draw(st.booleans()):
            made[name] = draw(drawn)
    return made


@st.composite
def selections(draw: st.DrawFn) -> Json:
    """Draw a selection that chooses something."""
    made: Json = {}
    if draw(st.booleans()):
        made["role"] = draw(st.sampled_from(["backup", "service-role/other", scene.COPY_ROLE]))
    made["tags"], made["anyOfTags"] = draw(TAGS), draw(TAGS)
    made["conditions"] = {name: draw(TAGS) for name in ("notEqual", "like", "notLike")}
    made["resources"] = draw(st.lists(ARNS, max_size=3, unique=True))
    made["notResources"] = draw(st.lists(ARNS, max_size=2, unique=True))
    if not (made["tags"] or made["anyOfTags"] or any(made["conditions"].values())):
        made["resources"] = made["resources"] or ["*"]
    return {name: value for name, value in made.items() if value}


@st.composite
def policies(draw: st.DrawFn) -> Json:
    """Draw a policy with a schedule, one of all that a manifest can say."""

    def named(each: st.SearchStrategy[Json], most: int) -> list[Json]:
        names = draw(st.lists(WORDS, min_size=1, max_size=most, unique=True))
        return [{"name": name, **draw(each)} for name in names]

    sides = [scene.destination("a", vault={"name": "orders-copies"})]
    if draw(st.booleans()):
        sides.append(scene.destination("b", accountRef={"name": "second"}, vault={"name": "more-copies"}))
    for each in sides:
        if draw(st.booleans()):
            each["lifecycle"] = draw(lifecycles(whole=False))
    schedule: Json = {"rules": named(rules(), 3), "selections": named(selections(), 3)}
    if any("scanMode" in each for each in schedule["rules"]):
        schedule["scanSettings"] = draw(SCANS)
    if draw(st.booleans()):
        schedule["windowsVss"] = True
    return scene.policy(schedule=schedule, destinations=sides)


OPEN = {name: parse_account(scene.accounts()[name]) for name in ACCOUNTS}


@given(policies())
def test_what_a_manifest_can_say_comes_back_from_aws(body: Json) -> None:
    """Declared, written as the documents of AWS, and imported: the same documents, with nothing left out."""
    accounts = {name: each for name, each in OPEN.items() if isinstance(each, AccountDeclaration)}
    desired = parsed(body, accounts)
    schedule = desired[SCHEDULE]
    assert schedule is not None
    document = plan_document(desired, schedule, "by-hand")
    chosen = tuple(selection_document(each) for each in schedule.selections)
    assume(not cold_too_late(document))
    answer = of(FoundPlan("plan-1", ARN, "by-hand", document, {}, chosen))

    assert answer.remarks == ()
    (policy,) = answer.policies
    again = parsed(policy, granted(answer))
    found_again = again[SCHEDULE]
    assert found_again is not None
    assert document_of(again, found_again) == document_of(desired, schedule)
    assert found_again.selections == schedule.selections
    assert again.source.arn == desired.source.arn
    assert {each.vault.arn for each in again.destinations} == {each.vault.arn for each in desired.destinations}


def cold_too_late(document: Json) -> bool:
    """Tell whether some copy would go cold less than 90 days before its end, so that AWS has no such plan."""
    found_there = [each["Lifecycle"] for rule in document["Rules"] for each in rule["CopyActions"]]
    return any(each["DeleteAfterDays"] < each.get("MoveToColdStorageAfterDays", -90) + 90 for each in found_there)


def document_of(desired: Desired, schedule: Schedule) -> Json:
    """Return a plan without what has an order only by chance."""
    document = plan_document(desired, schedule, "by-hand")
    for rule in document["Rules"]:
        rule["CopyActions"] = sorted(rule["CopyActions"], key=str)
    return document


# --- Rules, field by field -----------------------------------------------------------------------------------------


def of_rule(**members: Any) -> Json:
    """Return what a rule of AWS is declared as, but for its name."""
    rule = {"RuleName": "daily", "TargetBackupVaultName": "orders", "Lifecycle": {"DeleteAfterDays": 35}, **members}
    rule.setdefault("CopyActions", [{"DestinationBackupVaultArn": kit.COPIES, "Lifecycle": {"DeleteAfterDays": 35}}])
    reading = read(found({"BackupPlanName": "x", "Rules": [rule]}))
    assert reading.lacks == ()
    made = dict(reading.spec["rules"][0])
    assert made.pop("name") == "daily"
    return made


KEPT = {"lifecycle": {"deleteAfterDays": 35}}
FULL = {"MalwareScanner": "GUARDDUTY", "ScanMode": "FULL_SCAN"}
SCANNER = {
    "MalwareScanner": "GUARDDUTY",
    "ResourceTypes": ["EBS"],
    "ScannerRoleArn": f"arn:aws:iam::{scene.PRODUCTION}:role/scan",
}


@pytest.mark.parametrize(
    ("given_there", "declared"),
    [
        pytest.param({}, KEPT, id="what is not said has AWS's default on both sides"),
        pytest.param({"RuleId": "1234"}, KEPT, id="the id is AWS's"),
        pytest.param(
            {"ScheduleExpression": "cron(0 1 * * ? *)"},
            {"cron": "cron(0 1 * * ? *)", **KEPT},
            id="cron as it is written",
        ),
        pytest.param({"ScheduleExpressionTimezone": "Etc/UTC"}, KEPT, id="the default time zone is left out"),
        pytest.param(
            {"ScheduleExpressionTimezone": "Asia/Tokyo"}, {"timezone": "Asia/Tokyo", **KEPT}, id="another time zone"
        ),
        pytest.param(
            {"StartWindowMinutes": 480, "CompletionWindowMinutes": 10080}, KEPT, id="default windows are left out"
        ),
        pytest.param(
            {"StartWindowMinutes": 60, "CompletionWindowMinutes": 120},
            {"startWindowMinutes": 60, "completionWindowMinutes": 120, **KEPT},
            id="windows",
        ),
        pytest.param({"EnableContinuousBackup": False}, KEPT, id="not continuous"),
        pytest.param({"EnableContinuousBackup": True}, {**KEPT, "continuous": True}, id="continuous"),
        pytest.param(
            {"RecoveryPointTags": {"a": "b"}}, {**KEPT, "recoveryPointTags": {"a": "b"}}, id="tags of recovery points"
        ),
        pytest.param({"RecoveryPointTags": {}}, KEPT, id="no tags"),
        pytest.param(
            {"Lifecycle": {"DeleteAfterDays": 400, "MoveToColdStorageAfterDays": 30}},
            {"lifecycle": {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 400}},
            id="cold storage",
        ),
        pytest.param(
            {"Lifecycle": {"DeleteAfterDays": 35, "MoveToColdStorageAfterDays": -1}},
            KEPT,
            id="-1 is AWS's word for never",
        ),
        pytest.param(
            {
                "Lifecycle": {
                    "DeleteAfterDays": 400,
                    "MoveToColdStorageAfterDays": 30,
                    "OptInToArchiveForSupportedResources": True,
                }
            },
            {"lifecycle": {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 400, "optInToArchive": True}},
            id="archive",
        ),
        pytest.param(
            {"IndexActions": [], "ScanActions": None, "TargetLogicallyAirGappedBackupVaultArn": ""},
            KEPT,
            id="what AWS writes out as empty is nothing",
        ),
        pytest.param(
            {"IndexActions": [{"ResourceTypes": ["S3", "EBS"]}]},
            {**KEPT, "indexResourceTypes": ["EBS", "S3"]},
            id="an index",
        ),
        pytest.param({"ScanActions": [FULL]}, {**KEPT, "scanMode": "Full"}, id="a scan"),
        pytest.param(
            {"ScanActions": [{**FULL, "ScanMode": "INCREMENTAL_SCAN"}]},
            {**KEPT, "scanMode": "Incremental"},
            id="a scan of what is new",
        ),
        pytest.param(
            {"TargetLogicallyAirGappedBackupVaultArn": SOURCE.replace(":orders", ":gapped")},
            {**KEPT, "airGappedVault": "gapped"},
            id="an air-gapped vault first",
        ),
    ],
)
def test_a_field_of_a_rule(given_there: Json, declared: Json) -> None:
    """Each as it is declared."""
    assert of_rule(**given_there) == declared


def two(first: Json, second: Json, first_copy: Json, second_copy: Json) -> Json:
    """Return what is declared of copies that two rules make."""
    rules_there = [
        {
            "RuleName": name,
            "TargetBackupVaultName": "orders",
            "Lifecycle": kept,
            "CopyActions": [{"DestinationBackupVaultArn": kit.COPIES, "Lifecycle": copied}],
        }
        for name, kept, copied in (("a", first, first_copy), ("b", second, second_copy))
    ]
    reading = read(found({"BackupPlanName": "x", "Rules": rules_there}))
    return {"lacks": len(reading.lacks), **reading.copies[kit.COPIES]}


DAYS = {n: {"DeleteAfterDays": n} for n in (35, 100, 400)}


@pytest.mark.parametrize(
    ("rule_lives", "copy_lives", "declared"),
    [
        pytest.param((35, 400), (100, 100), {"lacks": 0, "deleteAfterDays": 100}, id="all alike"),
        pytest.param((35, 400), (35, 400), {"lacks": 0}, id="each as long as its backups"),
        pytest.param((35, 400), (400, 35), {"lacks": 1}, id="otherwise"),
        pytest.param((35, 400), (35, None), {"lacks": 2}, id="one for ever"),
        pytest.param((35, 400), (None, None), {"lacks": 2}, id="all for ever"),
    ],
)
def test_a_destination_has_one_lifecycle(
    rule_lives: tuple[int, int], copy_lives: tuple[int | None, int | None], declared: Json
) -> None:
    """Or none, where every rule's copies live as long as its backups."""
    copies = [DAYS[each] if each is not None else {} for each in copy_lives]

    assert two(DAYS[rule_lives[0]], DAYS[rule_lives[1]], *copies) == declared


def test_copies_that_go_cold_alike_and_live_as_long_as_their_backups() -> None:
    """The cold storage is the destination's, the end the rule's."""
    cold = {"MoveToColdStorageAfterDays": 5}

    assert two(DAYS[100], DAYS[400], DAYS[100] | cold, DAYS[400] | cold) == {
        "lacks": 0,
        "moveToColdStorageAfterDays": 5,
    }


# --- What cannot be said -------------------------------------------------------------------------------------------


def _put(*steps: str | int, **members: Any) -> Any:
    def change(document: Json, selected: Any) -> None:
        place: Any = {"plan": document, "selections": selected}
        for step in steps:
            place = place[step]
        place.update(members)

    return change


RULE = ("plan", "Rules", 0)
COPY = (*RULE, "CopyActions", 0)
CHOSEN = ("selections", 0)
NOT_LIKE = (*CHOSEN, "Conditions", "StringNotLike")
PLACES: Mapping[str, tuple[str | int, ...]] = {
    "the plan": ("plan",),
    "a rule": RULE,
    "the lifecycle of a rule": (*RULE, "Lifecycle"),
    "a copy action": COPY,
    "the lifecycle of copies": (*COPY, "Lifecycle"),
    "a setting": ("plan", "AdvancedBackupSettings", 0),
    "an index action": (*RULE, "IndexActions", 0),
    "a scan action": (*RULE, "ScanActions", 0),
    "a scan setting": ("plan", "ScanSettings", 0),
    "a selection": CHOSEN,
    "the conditions of a selection": (*CHOSEN, "Conditions"),
    "a condition": (*NOT_LIKE, 0),
    "a tag": ("selections", 1, "ListOfTags", 0),
}


def scanned(change: Any) -> FoundPlan:
    """Return the plan of the kit with an index and a scan in its first rule, and with something else in it."""

    def both(document: Json, selected: Any) -> None:
        _put(*RULE, IndexActions=[{"ResourceTypes": ["EBS"]}], ScanActions=[dict(FULL)])(document, selected)
        _put("plan", ScanSettings=[dict(SCANNER)])(document, selected)
        change(document, selected)

    return changed(both)


@pytest.mark.parametrize("value", [True, False, 1, "word", ["word"], {"Word": 1}], ids=repr)
@pytest.mark.parametrize("where", PLACES.values(), ids=PLACES)
def test_a_member_that_nobody_knows_is_told(where: tuple[str | int, ...], value: object) -> None:
    """AWS adds members: with one that is not understood, nothing says that the rest means the same."""
    answer = of(scanned(_put(*where, Novelty=value)))

    assert answer.policies == ()
    assert "Novelty" in told(answer)


SHAPES = {
    "BackupPlan": "the plan",
    "BackupRule": "a rule",
    "Lifecycle": "the lifecycle of a rule",
    "CopyAction": "a copy action",
    "AdvancedBackupSetting": "a setting",
    "IndexAction": "an index action",
    "ScanAction": "a scan action",
    "ScanSetting": "a scan setting",
    "BackupSelection": "a selection",
    "Conditions": "the conditions of a selection",
    "ConditionParameter": "a condition",
    "Condition": "a tag",
}
DECLARED = {
    "BackupPlan": {"BackupPlanName", "Rules", "AdvancedBackupSettings", "ScanSettings"},
    "IndexAction": {"ResourceTypes"},
    "ScanAction": {"MalwareScanner", "ScanMode"},
    "ScanSetting": {"MalwareScanner", "ResourceTypes", "ScannerRoleArn"},
    "BackupRule": {
        *("RuleName", "RuleId", "TargetBackupVaultName", "ScheduleExpression", "ScheduleExpressionTimezone"),
        *("StartWindowMinutes", "CompletionWindowMinutes", "Lifecycle", "RecoveryPointTags", "CopyActions"),
        *("EnableContinuousBackup", "IndexActions", "ScanActions", "TargetLogicallyAirGappedBackupVaultArn"),
    },
    "Lifecycle": {"MoveToColdStorageAfterDays", "DeleteAfterDays", "OptInToArchiveForSupportedResources"},
    "CopyAction": {"DestinationBackupVaultArn", "Lifecycle"},
    "AdvancedBackupSetting": {"ResourceType", "BackupOptions"},
    "BackupSelection": {
        *("SelectionName", "IamRoleArn", "Resources", "NotResources", "ListOfTags", "Conditions"),
    },
    "Conditions": {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike"},
    "ConditionParameter": {"ConditionKey", "ConditionValue"},
    "Condition": {"ConditionType", "ConditionKey", "ConditionValue"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_member_of_awss_model_is_declared_or_told(shape: str) -> None:
    """Also those that a later model has: they are told as soon as botocore gives them."""
    found_there = botocore.session.Session().get_service_model("backup").shape_for(shape)
    assert isinstance(found_there, StructureShape)
    members = set(found_there.members)

    assert members >= DECLARED[shape]
    for member in members - DECLARED[shape]:
        answer = of(scanned(_put(*PLACES[SHAPES[shape]], **{member: "something"})))
        assert answer.policies == ()
        assert member in told(answer)


def _without(*steps: str | int) -> Any:
    def change(document: Json, selected: Any) -> None:
        place: Any = {"plan": document, "selections": selected}
        for step in steps[:-1]:
            place = place[step]
        del place[steps[-1]]

    return change


OWN = f"arn:aws:backup:{scene.AWAY}:{scene.PRODUCTION}:backup-vault:elsewhere"
TWICE = [{"DestinationBackupVaultArn": kit.COPIES, "Lifecycle": {"DeleteAfterDays": n}} for n in (365, 366)]
BOTH = [{"DestinationBackupVaultArn": arn, "Lifecycle": {"DeleteAfterDays": 365}} for arn in (kit.COPIES, SECOND)]
UNKNOWN = f"arn:aws:backup:{scene.AWAY}:{scene.STRANGER}:backup-vault:far"


def _but(member: str, given_there: Json) -> Json:
    return {name: value for name, value in given_there.items() if name != member}


def _copy(arn: str) -> Json:
    return {"DestinationBackupVaultArn": arn, "Lifecycle": {"DeleteAfterDays": 365}}


def _test(key: str, value: str = "1") -> Json:
    return {"ConditionKey": key, "ConditionValue": value}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_put(*RULE, TargetBackupVaultName="b"), "several vaults (b, orders)", id="two vaults"),
        pytest.param(_put(*RULE, CopyActions=[]), "rule daily does not copy into", id="a rule without copies"),
        pytest.param(_put(*RULE, CopyActions=BOTH), "rule monthly does not copy into", id="a rule with one copy more"),
        pytest.param(_put(*RULE, CopyActions=TWICE), "into one vault more than once", id="two copies in one vault"),
        pytest.param(
            _put(*RULE, CopyActions=[_copy(kit.COPIES), _copy(OWN)]), "of its own account", id="into its own account"
        ),
        pytest.param(
            _put(*RULE, CopyActions=[_copy(kit.COPIES), _copy(UNKNOWN)]),
            f"account {scene.STRANGER}, which is not given",
            id="into an account that nobody gave",
        ),
        pytest.param(_put(*RULE, Lifecycle={}), "keeps its backups for ever", id="backups for ever"),
        pytest.param(_put(*COPY, Lifecycle={}), "are kept for ever", id="copies for ever"),
        pytest.param(_put(*COPY, Lifecycle={"DeleteAfterDays": 9}), "live differently (days: 9, 365)", id="two ends"),
        pytest.param(_put(*RULE, ScheduleExpression="rate(1 day)"), "cron", id="a rate"),
        pytest.param(_put(*RULE, RuleName="monthly"), "2 rules are named monthly", id="two rules of a name"),
        pytest.param(_put(*CHOSEN, SelectionName="either"), "2 selections are named either", id="two of a name"),
        pytest.param(
            _put("plan", AdvancedBackupSettings=[{"ResourceType": "S3", "BackupOptions": {"BackupACLs": "enabled"}}]),
            "BackupACLs=enabled, which cannot be declared",
            id="an option of S3",
        ),
        pytest.param(
            _put("plan", "AdvancedBackupSettings", 0, BackupOptions={"WindowsVSS": "sometimes"}),
            "WindowsVSS is sometimes",
            id="an unknown word",
        ),
        pytest.param(
            _put(*CHOSEN, "Conditions", StringEquals=[_test("aws:ResourceTag/a", each) for each in "xy"]),
            "tag a with several values",
            id="a tag of two values",
        ),
        pytest.param(
            _put(*CHOSEN, "Conditions", StringEquals=[_test("aws:RequestTag/a")]),
            "which is no tag of a resource",
            id="a condition on something else",
        ),
        pytest.param(
            _put("selections", 1, "ListOfTags", 0, ConditionType="STRINGLIKE"),
            "compares a tag by STRINGLIKE",
            id="a comparison",
        ),
        pytest.param(_put(*CHOSEN, Resources=["arn:aws:ec2:*:x"]), "else at its end only", id="an odd pattern"),
        pytest.param(
            _put(*CHOSEN, IamRoleArn=f"arn:aws:iam::{scene.BACKUP}:role/x"), "a role of the source", id="a foreign role"
        ),
        pytest.param(_without(*CHOSEN, "Resources"), "selection tagged would be another one", id="no resources"),
        pytest.param(
            _put(*RULE, IndexActions=[{"ResourceTypes": [each]} for each in ("EBS", "S3")]),
            "rule daily has 2 IndexActions, of which one can be declared",
            id="two index actions",
        ),
        pytest.param(_put(*RULE, IndexActions=[{}]), "indexResourceTypes", id="an index of nothing"),
        pytest.param(_put(*RULE, IndexActions=[{"ResourceTypes": ["EFS"]}]), "indexResourceTypes", id="a later type"),
        pytest.param(_put(*RULE, ScanActions=[FULL, FULL]), "2 ScanActions, of which one", id="two scan actions"),
        pytest.param(
            _put(*RULE, ScanActions=[{**FULL, "ScanMode": "QUICK"}]), "scanned by GUARDDUTY QUICK", id="a later mode"
        ),
        pytest.param(_put("plan", ScanSettings=[SCANNER] * 2), "2 ScanSettings, of which one", id="two scan settings"),
        pytest.param(
            _put("plan", ScanSettings=[{**SCANNER, "MalwareScanner": "OTHER"}]), "scanned by OTHER", id="a scanner"
        ),
        pytest.param(_put("plan", ScanSettings=[{**SCANNER, "ResourceTypes": []}]), "resourceTypes", id="no types"),
        pytest.param(_put("plan", ScanSettings=[_but("ScannerRoleArn", SCANNER)]), "role", id="no role"),
        pytest.param(_without("plan", "ScanSettings"), "required by scanMode", id="a scan without settings"),
        pytest.param(_without(*RULE, "ScanActions"), "only with scanMode", id="settings without a scan"),
        pytest.param(
            _put(*RULE, TargetLogicallyAirGappedBackupVaultArn=OWN),
            f"rule daily backs up into {OWN} first, which is not of this account and Region",
            id="an air-gapped vault elsewhere",
        ),
    ],
)
def test_what_cannot_be_said_is_told(change: Any, words: str) -> None:
    """By what it is, and no manifest is made that would change it."""
    answer = of(scanned(change))

    assert answer.policies == ()
    assert words in told(answer)


def test_a_plan_that_selects_nothing_is_told() -> None:
    """A schedule has to select."""
    answer = of(replace(found(), selections=()))

    assert answer.policies == ()
    assert "it selects nothing" in told(answer)


def test_the_order_of_awss_lists_means_nothing() -> None:
    """Two forms of one plan are adopted without a change."""
    turned = of(
        changed(
            lambda document, _: (
                document["Rules"].reverse(),
                document["Rules"][0].update(CopyActions=BOTH),
                document["Rules"][1].update(CopyActions=BOTH[::-1]),
            )
        )
    )

    assert turned.remarks == ()
    assert [each["name"] for each in turned.policies[0]["spec"]["destinations"]] == ["dr", "second"]


# --- Whose plan it is, and what lies beside it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "weight", "words"),
    [
        pytest.param(
            found(id="orgs/1", arn=ARN.replace("plan-1", "orgs/1")),
            Weight.LEFT,
            "a backup policy of the organization pushes it",
            id="of the organization",
        ),
        pytest.param(
            found(tags={"crossvault.io/owner": "uid", "crossvault.io/policy": "a/b"}),
            Weight.NOTE,
            "Policy a/b keeps it already.",
            id="of a policy of ours",
        ),
        pytest.param(
            changed(lambda document, _: [each.pop("CopyActions") for each in document["Rules"]]),
            Weight.NOTE,
            "It copies into no other account.",
            id="without copies",
        ),
    ],
)
def test_a_plan_that_is_nobodys_to_import(plan: FoundPlan, weight: Weight, words: str) -> None:
    """It is told, and there is no manifest."""
    answer = of(plan)

    assert answer.policies == ()
    assert words in told(answer, weight)


def test_a_plan_of_a_stack_is_adopted_with_a_note() -> None:
    """Nothing is written while both say the same; who changes it is told to decide."""
    answer = of(found(tags={"aws:cloudformation:stack-name": "orders-backup"}))

    assert len(answer.policies) == 1
    assert "stack orders-backup" in told(answer, Weight.NOTE)


def test_a_plan_that_a_policy_adopts_is_not_imported_again() -> None:
    """Whoever runs the import twice gets nothing twice."""
    (policy,) = of(found()).policies
    again = of(found(), routes=(Route(SOURCE, kit.COPIES, ""),), asked=replace(ASKED, policies=(policy,)))

    assert again.policies == ()
    assert told(again, Weight.NOTE) == "Policy shop/orders-nightly adopts it already."
    assert told(again, Weight.DECIDE) == ""


def test_a_vault_that_others_fill_is_only_observed() -> None:
    """A policy copies all that is in a vault: what another plan puts there would be copied from then on."""
    other = {"BackupPlanName": "other", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "orders"}]}
    answer = of(found(), found(other, id="plan-2", name="other"))
    (policy,) = answer.policies

    assert parsed(policy, granted(answer)).mode is Mode.OBSERVE
    assert "Besides it, backup plan other (plan-2) backs up into vault orders" in told(answer, Weight.DECIDE)


def test_two_plans_whose_copies_live_differently_are_only_observed() -> None:
    """Each would call the other's copies wrong, for ever."""
    other: dict[str, Any] = copy.deepcopy(dict(found().document))
    for rule in other["Rules"]:
        rule["CopyActions"][0]["Lifecycle"]["DeleteAfterDays"] = 90
    answer = of(found(), found(other, id="plan-2", name="other"))

    assert [parsed(each, granted(answer)).mode for each in answer.policies] == [Mode.OBSERVE, Mode.OBSERVE]
    decide = told(answer, Weight.DECIDE)
    assert "backup plan other (plan-2) copies from vault orders into" in decide
    assert "for another time" in decide


def test_two_plans_that_copy_alike_are_two_policies_that_act() -> None:
    """Each adopts its own; names are told apart."""
    answer = of(found(), found(id="plan-2"))

    assert [each["metadata"]["name"] for each in answer.policies] == ["orders-nightly", "orders-nightly-2"]
    assert [parsed(each, granted(answer)).mode for each in answer.policies] == [Mode.ENFORCE, Mode.ENFORCE]
    assert answer.remarks == ()


def test_copies_that_no_plan_makes_are_observed() -> None:
    """Somebody starts them: with two who copy, everything would be copied twice."""
    role = f"arn:aws:iam::{scene.PRODUCTION}:role/copies"
    answer = of(routes=(Route(SOURCE, kit.COPIES, role), Route(SOURCE, UNKNOWN, "")))
    (policy,) = answer.policies
    desired = parsed(policy, granted(answer))

    assert policy["metadata"]["name"] == "orders-to-dr"
    assert (desired.mode, desired[SCHEDULE], desired[COPY_ROLE]) == (Mode.OBSERVE, None, role)
    assert "somebody starts them" in told(answer, Weight.DECIDE)
    assert f"account {scene.STRANGER} is not given" in told(answer)


def test_copies_of_a_plan_are_no_copies_on_demand() -> None:
    """They are the plan's, also where the plan itself could not be imported."""
    routes = (Route(SOURCE, kit.COPIES, ""),)

    assert len(of(found(), routes=routes).policies) == 1
    assert of(changed(_put("plan", ScanSettings=[{}])), routes=routes).policies == ()


def job(number: int, source: str, into: str, state: str = "COMPLETED", role: str = "role") -> CopyJob:
    """Return a copy job of some day."""
    return CopyJob(str(number), state, "point", source, into, "resource", "EBS", NOW.replace(day=number), role_arn=role)


def test_routes_are_of_jobs_that_brought_copies_into_other_accounts() -> None:
    """With the role of the last one."""
    jobs = [
        job(2, SOURCE, kit.COPIES, role="new"),
        job(1, SOURCE, kit.COPIES, role="old"),
        job(3, SOURCE, SECOND, "FAILED"),
        job(4, SOURCE, OWN),
        job(5, kit.COPIES, SOURCE),
    ]

    assert routes_of(scene.PRODUCTION, jobs) == (Route(SOURCE, kit.COPIES, "new"),)


def test_vaults_that_are_copied_into_are_looked_at_where_they_are_given() -> None:
    """Nobody enters an account that was not named."""
    stock = Stock(PRODUCTION, scene.HOME, (found(),), (Route(SOURCE, UNKNOWN, ""), Route(SOURCE, SECOND, "")))

    assert [(each.name, region) for each, region in targets(ASKED, [stock])] == [
        ("dr", scene.AWAY),
        ("second", scene.AWAY),
    ]


@pytest.mark.parametrize(
    ("vault", "kind", "words"),
    [
        pytest.param({}, None, "", id="an open vault"),
        pytest.param({"kind": AIR_GAPPED, "min_retention_days": 7}, "LogicallyAirGapped", "", id="air-gapped"),
        pytest.param(
            {"locked": True, "min_retention_days": 7, "max_retention_days": 400},
            None,
            "is locked to 7 to 400 days, which is only looked at",
            id="a governance lock",
        ),
        pytest.param(
            {"locked": True, "lock_date": NOW}, None, "has a compliance lock to at least 1 days", id="a compliance lock"
        ),
    ],
)
def test_what_the_vault_is(vault: Json, kind: str | None, words: str) -> None:
    """Its kind is declared; its lock is told."""
    answer = of(found(), vaults=(Vault(kit.COPIES, "orders-copies", **vault),))
    (policy,) = answer.policies

    assert policy["spec"]["destinations"][0]["vault"].get("kind") == kind
    assert words in told(answer, Weight.NOTE)
    assert bool(words) == bool(answer.remarks)


def test_an_account_that_does_not_let_the_namespace_is_told() -> None:
    """Its manifest is somebody's: it is not written anew."""
    answer = of(found(), asked=replace(ASKED, made=frozenset({"dr"})))

    assert [each["metadata"]["name"] for each in answer.accounts] == ["dr"]
    assert len(answer.policies) == 1
    assert 'no BackupAccount "production" lets namespace shop' in told(answer, Weight.DECIDE)


# --- One realistic world -------------------------------------------------------------------------------------------

GOLDEN = Path(__file__).parent / "golden"


def realistic() -> Imported:
    """Return what is made of an account that several people have set up over the years."""
    weekly = {
        "BackupPlanName": "weekly",
        "Rules": [
            {
                "RuleName": "weekly",
                "TargetBackupVaultName": "archive",
                "ScheduleExpression": "cron(0 3 ? * SUN *)",
                "Lifecycle": {"DeleteAfterDays": 400},
                "CopyActions": [
                    {
                        "DestinationBackupVaultArn": SECOND,
                        "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 2555},
                    }
                ],
            }
        ],
    }
    role = f"arn:aws:iam::{scene.PRODUCTION}:role/backup/archive"
    everything = {"SelectionName": "everything", "IamRoleArn": role, "Resources": ["*"]}
    local = {"BackupPlanName": "local", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "archive"}]}
    indexed = changed(_put(*RULE, IndexActions=[{"ResourceTypes": ["EBS"]}, {"ResourceTypes": ["S3"]}]))
    plans = (
        found(tags={"aws:cloudformation:stack-name": "orders-backup"}),
        found(weekly, everything, id="plan-2", name="weekly"),
        found(local, everything, id="plan-3", name="local"),
        replace(indexed, id="plan-4", name="indexed"),
        found(id="orgs/5", name="company-wide"),
    )
    by_hand = Route(SOURCE.replace(":orders", ":reports"), kit.COPIES, scene.COPY_ROLE)
    locked = Vault(SECOND, "more-copies", locked=True, min_retention_days=30, max_retention_days=3650)
    return of(*plans, routes=(by_hand,), vaults=(locked,))


def test_the_manifests_of_a_realistic_world() -> None:
    """To the letter; what changes here is seen by whoever reviews it."""
    assert importing.manifests(importing.document(realistic())["manifests"]) == (GOLDEN / "import.yaml").read_text(
        "utf-8"
    )


def test_what_is_told_of_a_realistic_world() -> None:
    """What is left out, what is to be decided, and what is good to know."""
    told_there = "\n".join(importing.lines(importing.document(realistic())))

    assert f"{told_there}\n" == (GOLDEN / "import.txt").read_text("utf-8")


def test_the_document_for_machines_has_all_of_it() -> None:
    """Its summary first."""
    document = importing.document(realistic(), (importing.Blind("dr", scene.AWAY, "Denied."),), (Path("a.yaml"),))

    assert list(document) == ["apiVersion", "kind", "summary", "manifests", "remarks", "problems", "files"]
    assert document["summary"] == {
        "accounts": 3,
        "policies": 3,
        "notImported": 2,
        "toDecide": 2,
        "notes": 3,
        "notLookedAt": 1,
    }
    assert document["problems"] == [{"account": "dr", "region": scene.AWAY, "message": "Denied."}]
    assert "so there are no manifests" in importing.lines(document)[0]
    assert json.loads(json.dumps(document)) == document


def test_accounts_grant_the_role_that_scans_and_the_vault_that_backups_go_into() -> None:
    """A plan of ours may name neither otherwise."""
    target = SOURCE.replace(":orders", ":gapped")
    answer = of(scanned(_put(*RULE, TargetLogicallyAirGappedBackupVaultArn=target)))
    (grant,) = answer.accounts[1]["spec"]["grants"]
    (policy,) = answer.policies

    assert policy["spec"]["schedule"]["scanSettings"] == {"role": SCANNER["ScannerRoleArn"], "resourceTypes": ["EBS"]}
    assert (grant["vaults"], grant["copyRoles"]) == (["gapped", "orders"], ["AWSBackupDefaultServiceRole", "scan"])
    assert parsed(policy, granted(answer)).mode is Mode.ENFORCE


def test_accounts_grant_what_their_policies_use_and_no_more() -> None:
    """As narrow as a person would."""
    answer = of(found())
    (second,) = (each for each in answer.accounts if each["metadata"]["name"] == "second")

    assert "grants" not in second["spec"]
    assert answer.accounts[1]["spec"]["grants"] == [
        {
            "namespaces": {"names": ["shop"]},
            "as": ["Source"],
            "vaults": ["orders"],
            "copyRoles": ["AWSBackupDefaultServiceRole"],
            "schedules": True,
        }
    ]
