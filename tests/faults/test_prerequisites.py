"""What AWS needs and does not have: the row says so with a remedy, no copy is lost to it, and it heals by itself."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

AWS_MANAGED: Json = {"vault": {"name": "orders-copies"}}
EXISTING = [scene.destination(vault={"name": "orders-copies"})]
ALLOW: Json = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Handmade",
            "Effect": "Allow",
            "Principal": {"AWS": scene.COPY_ROLE},
            "Action": "backup:CopyIntoBackupVault",
            "Resource": "*",
        }
    ],
}
DENY: Json = {
    "Version": "2012-10-17",
    "Statement": [{**ALLOW["Statement"][0], "Sid": "Closed", "Effect": "Deny", "Principal": "*"}],
}


def with_vault(key: str | None = "alias/orders-copies", policy: Json | None = None) -> Json:
    """Return a world in which the destination vault exists."""
    made = scene.world()
    vault: Json = {"region": scene.AWAY, "name": "orders-copies", "key": key}
    scene.account(made, scene.BACKUP)["vaults"] = [vault if policy is None else {**vault, "policy": policy}]
    return made


def no_organization() -> Json:
    """Return a world without an organization."""
    return scene.world(organization=None)


def two_organizations() -> Json:
    """Return a world in which the stranger has an organization of its own."""
    made = scene.world()
    theirs = {"id": "o-stranger001", "management": scene.STRANGER, "members": [], "cross_account_backup": True}
    made["organizations"] = [made.pop("organization"), theirs]
    return made


def toggle_off() -> Json:
    """Return a world whose organization never let backups cross accounts."""
    made = scene.world()
    made["organization"]["cross_account_backup"] = False
    return made


def no_key() -> Json:
    """Return a world whose backup account has no key."""
    made = scene.world()
    scene.account(made, scene.BACKUP)["keys"] = []
    return made


def dead_key() -> Json:
    """Return a world whose backup account's key is disabled."""
    made = scene.world()
    scene.account(made, scene.BACKUP)["keys"][0]["state"] = "Disabled"
    return made


STRANGER = [scene.destination(accountRef={"name": "stranger"})]
UNMET: dict[str, tuple[Callable[[], Json], Json, str, str]] = {
    "no organization": (no_organization, {}, "SameOrganization", "NoOrganization"),
    "a stranger's account": (scene.world, {"destinations": STRANGER}, "SameOrganization", "NoOrganization"),
    "an account of another organization": (
        two_organizations,
        {"destinations": STRANGER},
        "SameOrganization",
        "DifferentOrganization",
    ),
    "the toggle is off": (toggle_off, {}, "OrganizationToggle", "CrossAccountBackupOff"),
    "no vault": (scene.world, {"destinations": EXISTING}, "DestinationVault", "DestinationVaultMissing"),
    "no key": (no_key, {}, "VaultKey", "KeyNotFound"),
    "a disabled key": (dead_key, {}, "VaultKey", "KeyNotUsable"),
    "an AWS managed key": (
        lambda: with_vault(None),
        {"destinations": EXISTING, "recoveryPoints": {"resourceTypes": ["EBS", "RDS"]}},
        "VaultKey",
        "AwsManagedVaultKey",
    ),
    "a Deny of somebody else": (lambda: with_vault(policy=DENY), {}, "VaultPolicy", "VaultPolicyDenies"),
    "the policy is only checked": (
        with_vault,
        {"destinations": [{**EXISTING[0], "vaultPolicy": "Check"}]},
        "VaultPolicy",
        "VaultPolicyMissing",
    ),
    "the vault Default": (
        scene.world,
        {"destinations": [scene.destination(vault={"name": "Default"})]},
        "DestinationVault",
        "DefaultVault",
    ),
}


@pytest.mark.parametrize(("world", "spec", "name", "reason"), UNMET.values(), ids=UNMET.keys())
def test_what_is_missing_is_told(stage: Stage, world: Callable[[], Json], spec: Json, name: str, reason: str) -> None:
    """The row is Unmet with message and remedy, Ready repeats the reason's cause, and no copy is asked for."""
    stage.begin(world())
    stage.declare(**spec)
    for _ in range(2):
        stage.look()
    assert scene.row(stage.body, name) == ("Unmet", reason)
    assert scene.condition(stage.body) == ("False", "PrerequisiteUnmet")
    assert scene.condition(stage.body, "Stalled")[0] == "True"
    told = next(each for each in stage.body["status"]["prerequisites"] if each["reason"] == reason)
    assert told["message"]
    assert told["remedy"]
    assert not stage.writes("StartCopyJob")


def test_a_source_vault_that_does_not_exist(stage: Stage) -> None:
    """The missing source vault is a prerequisite of all destinations."""
    stage.declare(source={**stage.body["spec"]["source"], "vault": {"name": "odrers"}})
    stage.look()
    assert scene.row(stage.body, "SourceVault", "") == ("Unmet", "SourceVaultMissing")
    assert not stage.writes("StartCopyJob")


def test_switched_off_in_between_and_on_again(stage: Stage) -> None:
    """The organization's switch goes off and on: copies pause with the reason, and go on by themselves."""
    payer = stage.admin(scene.PAYER, "us-east-1")
    stage.look()
    payer.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    stage.control.advance("30m")
    stage.restart()
    stage.look()
    assert scene.row(stage.body, "OrganizationToggle") == ("Unmet", "CrossAccountBackupOff")
    starts = len(stage.writes("StartCopyJob"))
    stage.look()
    assert len(stage.writes("StartCopyJob")) == starts
    payer.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    stage.go_on()


def test_a_checked_policy_that_lets_the_role_in_is_enough(stage: Stage) -> None:
    """With vaultPolicy Check and a statement made by hand, copies run and the policy stays byte for byte."""
    stage.begin(with_vault(policy=ALLOW))
    stage.declare(destinations=[{**EXISTING[0], "vaultPolicy": "Check"}])
    before = stage.statements()
    stage.go_on()
    assert scene.row(stage.body, "VaultPolicy") == ("Met", "AllMet")
    assert {each.operation for each in stage.writes()} == {"StartCopyJob"}
    assert stage.statements() == before


def test_a_deny_that_is_lifted_is_noticed(stage: Stage) -> None:
    """Somebody narrows the Deny: copies begin without a restart; our statement was there beside it all the time."""
    stage.begin(with_vault(policy=DENY))
    stage.look()
    assert scene.row(stage.body, "VaultPolicy") == ("Unmet", "VaultPolicyDenies")
    assert stage.statements()[0]["Sid"] == "Closed"
    ours = [each for each in stage.statements() if each["Sid"] != "Closed"]
    document = json.dumps({"Version": "2012-10-17", "Statement": ours})
    stage.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=document)
    stage.go_on()


def test_a_deny_in_the_policy_of_the_source_vault(stage: Stage) -> None:
    """It lets copies go to other vaults only: no job is spent on that, and all go once it names ours."""
    only = {"ForAllValues:ArnNotLike": {"backup:CopyTargets": ["arn:aws:backup:*:222222222222:backup-vault:central"]}}
    stay = {"Sid": "Stay", "Effect": "Deny", "Principal": "*", "Action": "backup:CopyFromBackupVault", "Resource": "*"}
    made = scene.world()
    source = scene.account(made, scene.PRODUCTION)["vaults"][0]
    source["policy"] = {"Version": "2012-10-17", "Statement": [{**stay, "Condition": only}]}
    stage.begin(made)
    for _ in range(3):
        stage.look()
    assert scene.row(stage.body, "SourceVaultPolicy") == ("Unmet", "VaultPolicyDenies")
    assert scene.condition(stage.body) == ("False", "PrerequisiteUnmet")
    assert not stage.jobs()

    only["ForAllValues:ArnNotLike"]["backup:CopyTargets"].append("arn:aws:backup:*:*:backup-vault:orders-copies")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**stay, "Condition": only}]})
    admin = stage.admin(scene.PRODUCTION, scene.HOME)
    admin.put_backup_vault_access_policy(BackupVaultName="orders", Policy=policy)
    stage.go_on()
    assert scene.row(stage.body, "SourceVaultPolicy") == ("Met", "AllMet")


def test_types_that_aws_manages_in_full_need_no_own_key(stage: Stage) -> None:
    """A vault on an AWS managed key is good enough for S3 alone."""
    stage.begin(with_vault(None))
    stage.declare(destinations=EXISTING, recoveryPoints={"resourceTypes": ["S3"]})
    stage.look()
    assert scene.row(stage.body, "VaultKey") == ("Met", "AllMet")


@pytest.mark.parametrize("types", [[], ["EBS", "S3", "RDS"]], ids=["all types", "some of each"])
def test_what_a_vault_on_a_key_of_aws_takes_goes_and_all_else_is_held(stage: Stage, types: list[str]) -> None:
    """The row says which, and how many."""
    stage.begin(with_vault(None))
    stage.declare(destinations=EXISTING, **({"recoveryPoints": {"resourceTypes": types}} if types else {}))
    stage.go_on(lambda: scene.numbers(stage.body).get("copied") == 1, passes=6)
    stage.look()
    row = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == "VaultKey")

    assert (row["status"], row["reason"], row["recoveryPoints"]) == ("Unmet", "AwsManagedVaultKey", 3)
    assert [point for point, _ in stage.jobs() if ":recovery-point:" not in point] == []
    assert scene.condition(stage.body) == ("False", "PrerequisiteUnmet")


def test_where_nothing_needs_another_key_none_is_asked_for(stage: Stage) -> None:
    """All types are in scope, and what is there is managed in full by AWS Backup."""
    made = scene.world({"resource_type": "S3", "resource": "orders-invoices", "age": "1d"})
    vault: Json = {"region": scene.AWAY, "name": "orders-copies", "key": None}
    scene.account(made, scene.BACKUP)["vaults"] = [vault]
    stage.begin(made)
    stage.declare(destinations=EXISTING)
    stage.go_on()
    assert scene.row(stage.body, "VaultKey") == ("Met", "AllMet")


def test_a_key_made_later_is_found(stage: Stage) -> None:
    """The key is created while the operator runs: vault and copies follow."""
    stage.begin(no_key())
    stage.look()
    assert scene.row(stage.body, "VaultKey") == ("Unmet", "KeyNotFound")
    kms = stage.admin(service="kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/orders-copies", TargetKeyId=key)
    stage.go_on()


def test_of_two_destinations_the_sound_one_goes_on(stage: Stage) -> None:
    """One vault is missing and not to be created: the other gets every copy; Ready names the broken one."""
    stage.declare(
        destinations=[
            scene.destination("broken", vault={"name": "nowhere"}),
            scene.destination("sound", accountRef={"name": "second"}),
        ]
    )
    stage.go_on(lambda: scene.numbers(stage.body, "sound").get("copied") == len(scene.POINTS))
    assert scene.row(stage.body, "DestinationVault", "broken") == ("Unmet", "DestinationVaultMissing")
    assert scene.condition(stage.body) == ("False", "PrerequisiteUnmet")
    assert scene.condition(stage.body, "Stalled") == ("", "")


def test_five_destinations(stage: Stage) -> None:
    """Five vaults in two accounts get every recovery point once each."""
    names = [("dr", "copies-1"), ("dr", "copies-2"), ("dr", "copies-3"), ("second", "copies-4"), ("second", "copies-5")]
    stage.declare(
        destinations=[
            scene.destination(
                vault,
                accountRef={"name": account},
                vault={"name": vault, "create": True, "encryptionKey": "alias/orders-copies"},
            )
            for account, vault in names
        ]
    )
    stage.go_on(passes=60, seconds=12)
    assert len(stage.jobs()) == 5 * len(scene.POINTS)
    assert set(stage.jobs().values()) == {1}
    for account, vault in names:
        assert len(stage.copies(vault, scene.BACKUP if account == "dr" else scene.SECOND)) == len(scene.POINTS)
