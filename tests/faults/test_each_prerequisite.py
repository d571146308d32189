"""Every prerequisite in a world in which it alone is wrong: told on every surface, AWS asked nothing in vain, mended.

One table has a line for each row that is judged; a test fails when a row has none. What is held is what AWS would
refuse, and nothing else: all other recovery points have their copy while the row is still unmet.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families
from tests.kit import harms, scheduling
from tests.kit import stage as scene
from tests.kit.doctoring import OF_CLUSTERS, Surgery, paste, unmet
from tests.kit.scheduling import SCHEDULE
from tests.kit.stage import Json, Stage

from backup_simulator.server import SimulatorServer
from backup_simulator.transport import InProcess
from crossvault.cli import accounts, diagnoses, organizations
from crossvault.metrics import Exposition
from crossvault.status.outcome import Outcome, Report
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals

THERE: Json = {"vault": {"name": "orders-copies"}}
SOURCE: Json = {"accountRef": {"name": "production"}, "region": scene.HOME, "vault": {"name": "orders"}}
CHECKED = {"destinations": [scene.destination(**THERE, vaultPolicy="Check")]}
COLD = {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 365}
LOCK = {"minRetentionDays": 7, "maxRetentionDays": 365}
Mend = Callable[[Stage], None]


# --- Harms, beside those of the kit --------------------------------------------------------------------------------


def nothing(_made: Json) -> None:
    """Leave the world as it is: the manifest is wrong."""


def outside(made: Json) -> None:
    """Take the destination's account out of the organization."""
    made["organization"]["members"].remove(scene.BACKUP)


def not_entered(made: Json) -> None:
    """Let the role at the destination have another External ID."""
    scene.role(made, scene.BACKUP, "crossvault-destination")["trust"]["external_id"] = "another"


def basic_tables(made: Json) -> None:
    """Have DynamoDB backed up without advanced features; no table is there."""
    scene.account(made, scene.PRODUCTION)["vaults"][0]["recovery_points"].append(
        {"resource_type": "EFS", "resource": "fs-1", "age": "1d"}
    )


def short_lock(made: Json) -> None:
    """Lock the destination vault for what lives 30 days at most."""
    harms.vault_of(made)["lock"] = {"min_days": 7, "max_days": 30}


def longer_lock(made: Json) -> None:
    """Lock it for longer than is declared, and let the operator lock."""
    harms.vault_of(made)["lock"] = {"min_days": 30, "max_days": 365}
    statements = scene.role(made, scene.BACKUP, "crossvault-destination")["policies"][0]["Statement"]
    action = "backup:PutBackupVaultLockConfiguration"
    statements.append({"Sid": "Lock", "Effect": "Allow", "Action": action, "Resource": "*"})


def kept_in(made: Json) -> None:
    """Deny copies out of the source vault."""
    stay = {"Sid": "Stay", "Effect": "Deny", "Principal": "*", "Action": "backup:CopyFromBackupVault", "Resource": "*"}
    scene.account(made, scene.PRODUCTION)["vaults"][0]["policy"] = {"Version": "2012-10-17", "Statement": [stay]}


def plans(made: Json) -> None:
    """Let the operator keep plans; only the manifest is wrong."""
    scheduling.allowed(made)


def nothing_tagged(made: Json) -> None:
    """Have nothing bear the tag that a selection asks for."""
    plans(made)
    tagged = {"region": scene.HOME, "resource_type": "RDS", "resource": "orders", "tags": {"backup": "ture"}}
    scene.account(made, scene.PRODUCTION)["resources"] = [tagged]


OWN_ROLE = "backup-service"


def own_role(made: Json, *, passed: bool = True) -> None:
    """Let a role make the backups that is not the copy role."""
    plans(made)
    twin = copy.deepcopy(scene.role(made, scene.PRODUCTION, harms.ROLE_NAME))
    scene.account(made, scene.PRODUCTION)["roles"].append({**twin, "name": OWN_ROLE, "path": "/"})
    if passed:
        arn = f"arn:aws:iam::{scene.PRODUCTION}:role/{OWN_ROLE}"
        pass_it = {"Sid": "PassIt", "Effect": "Allow", "Action": "iam:PassRole", "Resource": arn}
        scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"].append(pass_it)


def no_own_role(made: Json) -> None:
    """Let the manifest name one that is not there, which the operator may pass."""
    own_role(made)
    scene.account(made, scene.PRODUCTION)["roles"].pop()


def own_role_for_others(made: Json) -> None:
    """Let that role trust another service."""
    own_role(made)
    trust = scene.account(made, scene.PRODUCTION)["roles"][-1]["trust"]
    trust.clear()
    trust["services"] = ["ec2.amazonaws.com"]


def own_role_not_passed(made: Json) -> None:
    """Let the operator have no right to pass that role."""
    own_role(made, passed=False)


def warehouse(made: Json) -> None:
    """Have a selection find what is never copied."""
    plans(made)
    found = {"region": scene.HOME, "resource_type": "Redshift", "resource": "warehouse", "tags": {"backup": "true"}}
    scene.account(made, scene.PRODUCTION)["resources"] = [found]


# --- How each is mended where no command is printed ----------------------------------------------------------------


def declaring(**spec: Any) -> Mend:
    """Return what declares otherwise."""
    return lambda stage: stage.declare(**spec)


def scheduled(**changes: Any) -> Json:
    """Return a schedule that is like the usual one, and whose daily rule runs at the other end of the day."""
    usual = copy.deepcopy(SCHEDULE)
    usual["rules"][0]["cron"] = f"cron(0 {(datetime.now(UTC).hour + 12) % 24} ? * * *)"
    return {"schedule": usual | changes}


def let_in(stage: Stage) -> None:
    """Give the role at the destination its External ID back."""
    who = {"AWS": f"arn:aws:iam::{scene.TOOLS}:root"}
    only = {"StringEquals": {"sts:ExternalId": scene.EXTERNAL_ID}}
    trust = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole", "Condition": only}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = stage.admin(scene.BACKUP, scene.HOME, "iam")
    iam.update_assume_role_policy(RoleName="crossvault-destination", PolicyDocument=document)


def join(stage: Stage) -> None:
    """Make the destination's account a member again."""
    payer = stage.admin(scene.PAYER, "us-east-1", "organizations")
    handshake = payer.invite_account_to_organization(Target={"Id": scene.BACKUP, "Type": "ACCOUNT"})["Handshake"]
    stage.admin(scene.BACKUP, "us-east-1", "organizations").accept_handshake(HandshakeId=handshake["Id"])


def lock_as_declared(stage: Stage) -> None:
    """Lock the vault as the manifest says."""
    stage.admin().put_backup_vault_lock_configuration(
        BackupVaultName="orders-copies", MinRetentionDays=7, MaxRetentionDays=365
    )


def make_source(stage: Stage) -> None:
    """Make the source vault that is declared."""
    stage.admin(scene.PRODUCTION, scene.HOME).create_backup_vault(BackupVaultName="later")


def open_source(stage: Stage) -> None:
    """Take the source vault's policy away."""
    stage.admin(scene.PRODUCTION, scene.HOME).delete_backup_vault_access_policy(BackupVaultName="orders")


# --- The table -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong.

    Attributes:
        held: How many of the recovery points in scope AWS would not copy.
        mend: What puts it right; without it the printed commands are pasted.
        where: The destination whose row it is; empty for the source's.
        ready: Status and reason of Ready meanwhile.
    """

    harm: Callable[[Json], None]
    reason: str
    held: int
    spec: Json
    mend: Mend | None = None
    where: str = "vault-account"
    ready: tuple[str, str] = ("False", "PrerequisiteUnmet")


ELSEWHERE: Json = {"vault": {"name": "orders-copies"}, "lifecycle": {"deleteAfterDays": 365}}
TOO_LONG = {"destinations": [scene.destination(**ELSEWHERE)]}
FITS = declaring(destinations=[scene.destination(**THERE, lifecycle={"deleteAfterDays": 20})])
LOCKED = {
    "destinations": [
        scene.destination(vault={"name": "orders-copies", "lock": LOCK}, lifecycle={"deleteAfterDays": 90})
    ]
}
WARM = {"destinations": [scene.destination(**THERE, lifecycle=COLD)], "recoveryPoints": {"resourceTypes": ["EBS"]}}
OPTED = declaring(destinations=[scene.destination(**THERE, lifecycle={**COLD, "optInToArchive": True})])
OWN = [*SCHEDULE["selections"], {"name": "own", "role": OWN_ROLE, "tags": {"backup": "true"}}]
TYPO = [*SCHEDULE["selections"], {"name": "bad", "role": "typo", "tags": {"x": "y"}}]
PAST = [{**SCHEDULE["rules"][0], "cron": "cron(0 5 ? * * 2020)"}, SCHEDULE["rules"][1]]
NOT_TAGGED = [SCHEDULE["selections"][1]]
TABLES = {"recoveryPoints": {"resourceTypes": ["DynamoDB", "EFS"]}}
LATER = {"source": {**SOURCE, "vault": {"name": "later"}}}

WRONG: dict[str, Wrong] = {
    "Identity": Wrong(not_entered, "AssumeRoleDenied", 4, {}, let_in),
    "SameOrganization": Wrong(outside, "NoOrganization", 4, {}, join),
    "OrganizationToggle": Wrong(harms.toggle, "CrossAccountBackupOff", 4, {}),
    "ResourceTypes": Wrong(basic_tables, "BasicDynamoDb", 0, TABLES, where=""),
    "SourceVault": Wrong(nothing, "SourceVaultMissing", 0, LATER, make_source, where=""),
    "VaultKey": Wrong(harms.disabled_key, "KeyNotUsable", 4, {}),
    "DestinationVault": Wrong(
        harms.no_vault, "DestinationVaultMissing", 4, {"destinations": [scene.destination(**THERE)]}
    ),
    "VaultLock": Wrong(longer_lock, "VaultLockDiffers", 0, LOCKED, lock_as_declared),
    "CopyRole": Wrong(harms.no_role, "CopyRoleMissing", 4, {}, where=""),
    "PassRole": Wrong(harms.no_passing, "PassRoleDenied", 4, {}, where=""),
    "CopyRolePermissions": Wrong(harms.role_may_nothing, "CopyRoleLacksPermission", 4, {}),
    "VaultPolicy": Wrong(harms.no_policy, "VaultPolicyMissing", 4, CHECKED),
    "SourceVaultPolicy": Wrong(kept_in, "VaultPolicyDenies", 4, {}, open_source),
    "SourceKeys": Wrong(harms.own_account_only, "KeyNotShared", 3, {}),
    "VaultKeyPolicy": Wrong(harms.vault_key_for_nobody, "KeyNotShared", 3, {}),
    "VaultLockBounds": Wrong(short_lock, "RetentionOutOfBounds", 4, TOO_LONG, FITS),
    "ColdStorage": Wrong(nothing, "ColdStorageIgnored", 0, WARM, OPTED),
    "BackupPlan": Wrong(
        plans,
        "BackupPlanMissing",
        0,
        scheduled(adopt="00000000-0000-4000-8000-000000000009"),
        where="",
        mend=declaring(**scheduled()),
    ),
    "BackupRole": Wrong(no_own_role, "BackupRoleMissing", 0, scheduled(selections=OWN), where=""),
    "BackupSelections": Wrong(
        own_role_not_passed, "BackupPlanDiffers", 0, scheduled(selections=OWN), declaring(**scheduled()), where=""
    ),
    "SelectedResources": Wrong(
        warehouse, "SelectedNeverCopied", 0, scheduled(), declaring(**scheduled(selections=NOT_TAGGED)), where=""
    ),
    "Schedule": Wrong(plans, "ScheduleTooSparse", 0, scheduled(rules=PAST), declaring(**scheduled()), where=""),
}
ALSO: dict[str, tuple[str, Wrong]] = {
    "a role that trusts somebody else": (
        "BackupRole",
        Wrong(own_role_for_others, "BackupRoleUntrusting", 0, scheduled(selections=OWN), where=""),
    ),
    "a tag that nobody bears": (
        "SelectedResources",
        Wrong(
            nothing_tagged,
            "NothingSelected",
            0,
            scheduled(),
            declaring(**scheduled(selections=[{"name": "tagged", "tags": {"backup": "ture"}}])),
            where="",
        ),
    ),
}
"""What else may be wrong with a row."""
EVERY = {**{name: (name, wrong) for name, wrong in WRONG.items()}, **ALSO}


# --- What is seen --------------------------------------------------------------------------------------------------


def begin(stage: Stage, wrong: Wrong) -> None:
    """Load a world in which this alone is wrong."""
    made = harms.sound()
    wrong.harm(made)
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(**wrong.spec)
    if wrong.harm is basic_tables:
        basic_backups(stage.cloud)


def basic_backups(cloud: InProcess | SimulatorServer) -> None:
    """Turn the advanced features off with which DynamoDB is backed up."""
    cloud.client("backup", scene.PRODUCTION, "admin", region=scene.HOME).update_region_settings(
        ResourceTypeOptInPreference={"DynamoDB": False}, ResourceTypeManagementPreference={"DynamoDB": False}
    )


def settle(stage: Stage) -> Outcome:
    """Look until all that can be copied is; return what the last pass found."""
    for _ in range(6):
        stage.look()
        stage.control.advance(12)
    return stage.look()


def scraped(stage: Stage, report: Report | None, name: str) -> list[Mapping[str, str]]:
    """Return the labels of a metric's series, as Prometheus has them after a pass."""
    assert report is not None
    board = Board()
    board.put(report)
    text = Exposition(board.reports, vitals=Vitals(), queue=lambda: None, clock=stage.clock).render().decode()
    families = text_string_to_metric_families(text)
    return [each.labels for family in families for each in family.samples if each.name == name and each.value]


def doctor(stage: Stage, *seen: diagnoses.Seen | None) -> list[Json]:
    """Return what a doctor in a cluster lists as not met, of a policy where nothing else is said."""
    found = [each for each in seen if each is not None] or [diagnoses.read(stage.body)]
    rows = diagnoses.document(found, stage.clock())["rows"]
    return [each for each in rows if each["status"] != "Met"]


def refused(stage: Stage) -> list[str]:
    """Return how AWS refused copies that were asked for, at once or as jobs."""
    calls = [each.outcome for each in stage.writes("StartCopyJob") if each.outcome != "OK"]
    region = stage.cloud.state.accounts[scene.PRODUCTION].regions[scene.HOME]
    return [*calls, *(str(each) for each in region.copy_jobs.values() if each.state == "FAILED")]


def in_scope(wrong: Wrong) -> int:
    """Return how many recovery points the policy is about."""
    types = wrong.spec.get("recoveryPoints", {}).get("resourceTypes")
    found = [each["resource_type"] for each in scene.POINTS]
    if wrong.spec is LATER:
        return 0
    if wrong.spec is TABLES:
        return 1
    return len([each for each in found if not types or each in types])


def conditions(body: Json) -> Mapping[str, tuple[str, str]]:
    """Return status and reason of all conditions."""
    return {each["type"]: (each["status"], each["reason"]) for each in body["status"]["conditions"]}


@pytest.mark.parametrize("what", EVERY)
def test_what_alone_is_wrong(server: SimulatorServer, wired_stage: Stage, tmp_path: Path, what: str) -> None:
    """Row, condition, metric and doctor say it; what AWS takes goes, and nothing else; mended, all recovers."""
    stage, (name, wrong) = wired_stage, EVERY[what]
    begin(stage, wrong)
    outcome = settle(stage)
    row = next(
        each
        for each in stage.body["status"]["prerequisites"]
        if (each["name"], each.get("destination", "")) == (name, wrong.where)
    )
    assert (row["status"], row["reason"]) == ("Unmet", wrong.reason)
    assert row["message"]
    assert row["remedy"]
    assert conditions(stage.body)["Ready"] == wrong.ready
    assert conditions(stage.body)["PrerequisitesMet"][0] != "True"
    labels = {"prerequisite": name, "status": "Unmet", "reason": wrong.reason}
    assert any(
        labels.items() <= each.items() for each in scraped(stage, outcome.report, "crossvault_prerequisite_unmet")
    )
    first = doctor(stage)[0]
    assert (first["name"], first["reason"], first["message"]) == (name, wrong.reason, row["message"])
    assert first["remedy"].startswith(row["remedy"])
    assert refused(stage) == []
    assert len(stage.jobs()) == in_scope(wrong) - wrong.held

    assert bool(row.get("fix")) == (wrong.mend is None)
    if wrong.mend is not None:
        wrong.mend(stage)
    else:
        paste(server, tmp_path, row["fix"])
    stage.go_on(seconds=12)
    report = stage.look().report
    assert scene.row(stage.body, name, wrong.where)[0] == "Met"
    assert scraped(stage, report, "crossvault_prerequisite_unmet") == []
    assert doctor(stage) == []
    assert refused(stage) == []
    assert len(stage.jobs()) == in_scope(wrong)


@pytest.mark.parametrize("name", [name for name, wrong in WRONG.items() if wrong.held])
def test_what_is_held_aws_would_refuse(stage: Stage, name: str) -> None:
    """Each recovery point that was held is asked for by hand, as the operator would: at once or in the end it fails."""
    wrong = WRONG[name]
    begin(stage, wrong)
    settle(stage)
    copied = {point for point, _ in stage.jobs()}
    held = set(stage.vault("orders", scene.PRODUCTION, scene.HOME).points) - copied
    if name == "Identity":  # AWS would take them: what holds them is that nobody is proven to be there
        assert len(held) == wrong.held
        return
    backup = as_operator(stage)
    (wanted,) = stage.body["spec"]["destinations"]
    lifecycle = wanted.get("lifecycle", {}).get("deleteAfterDays")
    for arn in held:
        asked = {
            "RecoveryPointArn": arn,
            "SourceBackupVaultName": "orders",
            "DestinationBackupVaultArn": f"arn:aws:backup:{scene.AWAY}:{scene.BACKUP}:backup-vault:orders-copies",
            "IamRoleArn": scene.COPY_ROLE,
            **({"Lifecycle": {"DeleteAfterDays": lifecycle}} if lifecycle else {}),
        }
        with contextlib.suppress(ClientError):
            backup.start_copy_job(**asked)
    stage.control.advance("1h")

    assert len(held) == wrong.held
    assert len(refused(stage)) == wrong.held
    assert len(stage.vault().points if name != "DestinationVault" else ()) == in_scope(wrong) - wrong.held


def as_operator(stage: Stage) -> Any:
    """Return a client with the rights of the operator at the source."""
    cloud = stage.cloud
    assert isinstance(cloud, InProcess)
    sts = cloud.client_with("sts", *scene.OPERATOR_KEY.values(), region_name=scene.HOME)
    role = f"arn:aws:iam::{scene.PRODUCTION}:role/crossvault-source"
    given = sts.assume_role(RoleArn=role, RoleSessionName="hand", ExternalId=scene.EXTERNAL_ID)["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return cloud.client_with("backup", *keys, region_name=scene.HOME)


@pytest.mark.parametrize("what", EVERY)
def test_of_files_is_spoken_without_a_cluster(server: SimulatorServer, tmp_path: Path, what: str) -> None:
    """No command on files says a word that only a cluster gives a meaning, or anything twice; who asked is named."""
    (name, wrong), made, surgery = EVERY[what], harms.sound(), Surgery(tmp_path, server)
    wrong.harm(made)
    server.control.load(made)
    surgery.declare(scene.policy(**wrong.spec))
    if wrong.harm is basic_tables:
        basic_backups(server)
    said = {each["message"] for each in unmet(surgery.doctor()) if each["name"] == name}
    told = {
        command: surgery.type_in(command, "-f", surgery.manifests, *words).output
        for command, *words in (["doctor", "-v"], ["plan"], ["points"], ["run", "--once"])
    }

    assert {command: found[0] for command, text in told.items() if (found := OF_CLUSTERS.search(text))} == {}
    asked = f"arn:aws:iam::{scene.TOOLS}:user/crossvault-operator"
    assert name != "Identity" or [command for command, text in told.items() if asked not in text] == []
    assert said or name == "BackupSelections"  # those of a plan that is there already
    assert [
        (each, text.count(each)) for each in said for text in (told["doctor"], told["run"]) if text.count(each) != 1
    ] == []


_FOR_PEOPLE = ("unmet", "unknown", "failed", "needsAction", "lost", "hazards", "notReady", "notLookedAt")


@pytest.mark.parametrize("name", WRONG)
def test_a_doctor_says_what_a_plan_has_for_people(server: SimulatorServer, tmp_path: Path, name: str) -> None:
    """Where it finds something that the operator does not do by itself, so does the doctor, with the same remedies."""
    wrong, made, surgery = WRONG[name], harms.sound(), Surgery(tmp_path, server)
    wrong.harm(made)
    server.control.load(made)
    surgery.declare(scene.policy(**wrong.spec))
    if wrong.harm is basic_tables:
        basic_backups(server)
    plan = json.loads(surgery.type_in("plan", "-f", surgery.manifests, "-o", "json").stdout)
    found = surgery.type_in("doctor", "-f", surgery.manifests, "-o", "json")
    told = {each["remedy"] for each in json.loads(found.stdout)["rows"]}
    sides = [one for policy in plan["policies"] for one in (policy["source"], *policy["destinations"])]

    assert found.exit_code or not any(plan["summary"][each] for each in _FOR_PEOPLE)
    assert {hazard["remedy"] for one in sides for hazard in one["hazards"]} <= told


SOURCE_READS = (
    *("backup:DescribeGlobalSettings", "backup:DescribeRegionSettings", "backup:GetBackupVaultAccessPolicy"),
    *("iam:GetRole", "iam:SimulatePrincipalPolicy", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"),
    "organizations:DescribeOrganization",
)
DESTINATION_READS = (
    *("backup:GetBackupVaultAccessPolicy", "backup:DescribeBackupVault", "backup:DescribeGlobalSettings"),
    *("kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "organizations:DescribeOrganization"),
)
DARK = [
    *((scene.PRODUCTION, "crossvault-source", each) for each in SOURCE_READS),
    *((scene.BACKUP, "crossvault-destination", each) for each in DESTINATION_READS),
]


@pytest.mark.parametrize(("account", "role", "action"), DARK, ids=[f"{role}: {action}" for _, role, action in DARK])
@pytest.mark.parametrize("policies", ["Manage", "Check"])
def test_what_may_not_be_read_is_not_wrong_and_holds_nothing(
    stage: Stage, account: str, role: str, action: str, policies: str
) -> None:
    """Nothing else is amiss, so AWS takes every copy: none waits for a look that is denied, and no row is unmet."""
    made = harms.sound()
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    scene.role(made, account, role)["policies"].append({"Version": "2012-10-17", "Statement": [deny]})
    stage.begin(made)
    stage.declare(
        destinations=[scene.destination(**THERE, vaultPolicy=policies)], source={**SOURCE, "keyPolicy": policies}
    )
    settle(stage)

    assert not [each for each in stage.body["status"]["prerequisites"] if each["status"] == "Unmet"]
    assert len(stage.jobs()) == len(scene.POINTS)
    assert refused(stage) == []


# --- Rows of organizations and accounts ----------------------------------------------------------------------------


def manages_nothing(stage: Stage) -> Json:
    """Return an organization that names a member as its management account."""
    assert stage.body["status"] == {}
    return scene.organization(account="production")


def left_with_copies(stage: Stage) -> Json:
    """Have an account leave after copies were made in it."""
    stage.go_on(seconds=12)
    body = scene.organization()
    stage.look_at_organization(body)
    payer = stage.admin(scene.PAYER, "us-east-1", "organizations")
    payer.remove_account_from_organization(AccountId=scene.BACKUP)
    stage.later("30m")
    stage.look()
    return body


def names_payer(_stage: Stage, body: Json) -> None:
    """Name the account that manages the organization."""
    body["spec"]["managementAccountRef"] = {"name": "payer"}
    body["metadata"]["generation"] += 1


def comes_back(stage: Stage, _body: Json) -> None:
    """Have it join again."""
    join(stage)


AMISS = {
    "ManagementAccount": (manages_nothing, names_payer, "NotManagementAccount", "Synced"),
    "MembersOnly": (left_with_copies, comes_back, "FormerMemberHoldsCopies", "MembersOnly"),
}


@pytest.mark.parametrize("name", AMISS)
def test_what_is_wrong_of_an_organization(stage: Stage, name: str) -> None:
    """Condition, metric and doctor say it with what to do, and no copy waits for it; put right, it is gone."""
    harm, mend, reason, condition = AMISS[name]
    stage.begin(harms.sound())
    body = harm(stage)
    outcome = stage.look_at_organization(body)
    told = {"condition": condition, "status": "False", "reason": reason}
    (row,) = [each for each in doctor(stage, organizations.read(body)) if each["name"] == name]
    assert conditions(body)[condition] == ("False", reason)
    assert any(
        told.items() <= each.items() for each in scraped(stage, outcome.report, "crossvault_organization_condition")
    )
    assert row["reason"] == reason
    assert row["message"]
    assert row["remedy"]
    assert refused(stage) == []

    mend(stage, body)
    for _ in range(2):
        stage.later("31m")
        outcome = stage.look_at_organization(body)
    assert conditions(body)["Ready"] == ("True", "InSync")
    assert doctor(stage, organizations.read(body)) == []
    stage.go_on(seconds=12)


def far_away(stage: Stage) -> None:
    """Have the policy copy into a Region that the account has not enabled."""
    made = harms.sound()
    scene.role(made, scene.BACKUP, "crossvault-destination")["policies"] = ["full"]
    keys = scene.account(made, scene.BACKUP)["keys"]
    keys.append({**keys[0], "id": "22222222-0000-4000-8000-000000000009", "region": "eu-south-1"})
    stage.begin(made)
    stage.declare(destinations=[scene.destination(region="eu-south-1")])
    stage.cloud.state.accounts[scene.BACKUP].disabled_regions = frozenset({"eu-south-1"})


def lacks_a_right(stage: Stage) -> None:
    """Have the role at the source lack one that is not asked for yet."""
    made = harms.sound()
    (document,) = scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"]
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "PassCopyRole"]
    stage.begin(made)


def enables(stage: Stage, _row: Json, _home: Path, _server: SimulatorServer) -> None:
    """Enable the Region."""
    stage.cloud.state.accounts[scene.BACKUP].disabled_regions = frozenset()


def pastes(_stage: Stage, row: Json, home: Path, server: SimulatorServer) -> None:
    """Paste what is printed."""
    paste(server, home, row["fix"])


@dataclass(frozen=True)
class Lack:
    """What is wrong of an account, and how it is put right."""

    account: str
    harm: Callable[[Stage], None]
    mend: Callable[[Stage, Json, Path, SimulatorServer], None]
    reason: str
    condition: str


LACKS = {
    "Regions": Lack("dr", far_away, enables, "RegionDisabled", "RegionsEnabled"),
    "Permissions": Lack("production", lacks_a_right, pastes, "PermissionMissing", "PermissionsGranted"),
}


@pytest.mark.parametrize("name", LACKS)
def test_what_is_wrong_of_an_account(server: SimulatorServer, wired_stage: Stage, tmp_path: Path, name: str) -> None:
    """Condition, metric and doctor say it; nothing that AWS refuses is asked for; put right, all is copied."""
    stage, lack = wired_stage, LACKS[name]
    body = stage.declared[lack.account]
    lack.harm(stage)
    outcome = stage.look_at_named_account(lack.account)
    settle(stage)
    told = {"condition": lack.condition, "status": "False", "reason": lack.reason}
    (row,) = [each for each in doctor(stage, accounts.read(body)) if each["name"] == name]
    assert conditions(body)[lack.condition] == ("False", lack.reason)
    assert any(told.items() <= each.items() for each in scraped(stage, outcome.report, "crossvault_account_condition"))
    assert row["reason"] == lack.reason
    assert row["message"]
    assert row["remedy"]
    assert refused(stage) == []

    lack.mend(stage, row, tmp_path, server)
    for _ in range(2):
        stage.look_at_named_account(lack.account)
    assert conditions(body)[lack.condition][0] == "True"
    assert doctor(stage, accounts.read(body)) == []
    stage.go_on(seconds=12)


def test_every_row_that_is_judged_has_a_world() -> None:
    """Whether copies end well is no prerequisite of them; backups that fail want days (test_backup_jobs)."""
    assert {*WRONG, *AMISS, *LACKS, "BackupJobs", "CopiesHealthy"} == set(diagnoses.order())


def all_wrong(stage: Stage) -> frozenset[str]:
    """Begin with everything wrong that can be seen beside the rest; return the rows."""
    made = harms.sound()
    for harm in (
        *(harms.toggle, harms.no_passing, harms.role_may_nothing, harms.no_policy, harms.own_account_only),
        *(harms.vault_key_for_nobody, kept_in, short_lock, plans),
    ):
        harm(made)
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    lock = {"name": "orders-copies", "lock": LOCK}
    stage.declare(
        destinations=[scene.destination(vault=lock, vaultPolicy="Check", lifecycle=COLD)],
        recoveryPoints={"resourceTypes": ["EBS", "RDS"]},
        **scheduled(rules=PAST, selections=TYPO),
    )
    return frozenset(WRONG) - {
        *("Identity", "SameOrganization", "SourceVault", "DestinationVault", "CopyRole"),  # others could not be seen
        *("VaultKey", "BackupPlan"),  # the same key and plan are wrong in another way
        *("ResourceTypes", "SelectedResources"),  # of other types than those that stay warm
    }


def test_all_wrong_at_once_is_told_at_once(stage: Stage) -> None:
    """By one look, in the order of mending; nothing is asked for that AWS would refuse."""
    expected = all_wrong(stage)
    outcome = stage.look()
    rows = [each["name"] for each in stage.body["status"]["prerequisites"] if each["status"] == "Unmet"]
    listed = {each["prerequisite"] for each in scraped(stage, outcome.report, "crossvault_prerequisite_unmet")}

    assert expected - {*rows} == set()
    assert {*rows} <= listed
    told = [each["name"] for each in doctor(stage) if each["status"] == "Unmet"]
    assert told == sorted(told, key=diagnoses.order().index)
    assert {*told} >= expected
    assert not stage.jobs()
    assert refused(stage) == []
