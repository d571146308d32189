"""What a doctor prints mends what is wrong: worlds in which one thing is, the commands pasted, nothing left to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.kit import harms
from tests.kit import stage as scene
from tests.kit.doctoring import OF_CLUSTERS, Json, Surgery, fixes, unmet

from crossvault.aspects.vault_policy.statement import sid_of

THERE: Json = {"vault": {"name": "orders-copies"}}
CHECKED = [scene.destination(**THERE, vaultPolicy="Check")]
WRONG: dict[str, tuple[Callable[[Json], None], Json, str, str, int]] = {
    "the switch is off": (harms.toggle, {}, "OrganizationToggle", "CrossAccountBackupOff", 4),
    "no vault, and none is to be created": (
        harms.no_vault,
        {"destinations": [scene.destination(**THERE)]},
        "DestinationVault",
        "DestinationVaultMissing",
        4,
    ),
    "the vault's key is disabled": (harms.disabled_key, {}, "VaultKey", "KeyNotUsable", 4),
    "a vault without a policy": (harms.no_policy, {"destinations": CHECKED}, "VaultPolicy", "VaultPolicyMissing", 4),
    "a policy for others": (harms.policy_of_others, {"destinations": CHECKED}, "VaultPolicy", "VaultPolicyMissing", 4),
    "a policy that only observes": (
        harms.policy_of_others,
        {"mode": "Observe"},
        "VaultPolicy",
        "VaultPolicyMissing",
        4,
    ),
    "a source key of its account only": (harms.own_account_only, {}, "SourceKeys", "KeyNotShared", 3),
    "a source key that is disabled": (harms.disabled_source_key, {}, "SourceKeys", "KeyNotUsable", 3),
    "a vault's key for one user": (harms.vault_key_for_nobody, {}, "VaultKeyPolicy", "KeyNotShared", 3),
    "no copy role": (harms.no_role, {}, "CopyRole", "CopyRoleMissing", 4),
    "a copy role for another service": (harms.untrusting, {}, "CopyRole", "CopyRoleUntrusting", 4),
    "a copy role that may nothing": (harms.role_may_nothing, {}, "CopyRolePermissions", "CopyRoleLacksPermission", 4),
    "a copy role that may not be passed": (harms.no_passing, {}, "PassRole", "PassRoleDenied", 4),
}


@pytest.mark.parametrize(("harm", "spec", "name", "reason", "points"), WRONG.values(), ids=WRONG.keys())
def test_what_is_printed_mends_it(
    surgery: Surgery, harm: Callable[[Json], None], spec: Json, name: str, reason: str, points: int
) -> None:
    """One row first, with what it holds up; its commands are pasted as they are, and the doctor is content.

    But for a policy that only observes: nothing is copied while it does, so it is not ready.
    """
    made = harms.sound()
    harm(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(**spec))

    found = surgery.doctor(code=2)
    first = unmet(found)[0]
    assert (first["name"], first["status"], first["reason"]) == (name, "Unmet", reason)
    assert first["message"]
    assert first["remedy"]
    assert first["recoveryPoints"] == points
    assert found["summary"]["recoveryPoints"] == points
    assert found["summary"]["bytes"] == points * 10 * 1024**3
    assert max(map(len, first["fix"])) < 4096
    surgery.paste(first["fix"])

    observes = spec.get("mode") == "Observe"
    after = surgery.doctor(code=2 if observes else 0)
    assert [each["name"] for each in unmet(after)] == (["Synced"] if observes else [])
    assert after["summary"]["recoveryPoints"] == 0


def test_what_the_organization_does_not_allow(surgery: Surgery) -> None:
    """No command of the account's own helps, so none is printed; without the control policy all is well again."""
    made = harms.sound()
    denies = {"Sid": "NoCopies", "Effect": "Deny", "Action": "backup:CopyFromBackupVault", "Resource": "*"}
    policy = {"id": "p-nocopies1", "name": "no-copies", "document": {"Version": "2012-10-17", "Statement": [denies]}}
    made["organization"]["control_policies"] = [{**policy, "targets": [scene.PRODUCTION]}]
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    (row, *_) = unmet(surgery.doctor(code=2))

    assert (row["name"], row["reason"], row["fix"]) == ("CopyRolePermissions", "CopyRoleLacksPermission", [])
    assert "a service control policy of the organization does not allow it" in row["message"]
    assert "management account" in row["remedy"]

    made["organization"]["control_policies"] = []
    surgery.aws.control.load(made)
    surgery.doctor(code=0)


def test_settings_of_the_region(surgery: Surgery) -> None:
    """DynamoDB is backed up in a way that nothing copies: one command turns that over."""
    surgery.aws.control.load(harms.sound())
    surgery.declare(scene.policy(recoveryPoints={"resourceTypes": ["DynamoDB", "EFS"]}))
    client = surgery.aws.client("backup", scene.PRODUCTION, "admin", region=scene.HOME)
    client.update_region_settings(
        ResourceTypeOptInPreference={"DynamoDB": False}, ResourceTypeManagementPreference={"DynamoDB": False}
    )
    (row,) = unmet(surgery.doctor(code=2))
    assert (row["name"], row["reason"]) == ("ResourceTypes", "BasicDynamoDb")
    surgery.paste(row["fix"])
    surgery.doctor(code=0)


def test_a_key_that_is_made_is_shared_next(surgery: Surgery) -> None:
    """The declared alias leads nowhere: the key is made; where KMS's own policy is not enough, the next row says it."""
    made = scene.world()
    scene.account(made, scene.BACKUP)["keys"] = []
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    told = []
    for _ in range(3):
        rows = unmet(surgery.doctor())
        if not rows:
            break
        told.append(rows[0]["name"])
        surgery.paste(rows[0]["fix"])
    surgery.doctor(code=0)
    assert told[0] == "VaultKey"
    assert set(told) <= {"VaultKey", "VaultKeyPolicy"}


def test_a_sound_world_has_nothing_to_do(surgery: Surgery) -> None:
    """The text says so in one line, and nothing is written."""
    surgery.aws.control.load(harms.sound())
    surgery.declare(scene.policy())
    surgery.aws.control.clear_calls()
    done = surgery.crossvault("doctor", "-f", surgery.manifests)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(" met. Nothing to do.")
    assert not [each for each in surgery.aws.control.calls(mutating=True) if each.operation != "AssumeRole"]


def test_all_wrong_at_once_is_mended_in_one_go(surgery: Surgery) -> None:
    """Every row is told at once, in the order in which its commands are pasted."""
    made = harms.sound()
    for harm in (
        harms.toggle,
        harms.disabled_key,
        harms.own_account_only,
        harms.no_role,
        harms.policy_of_others,
        harms.no_passing,
    ):
        harm(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(destinations=CHECKED))

    found = surgery.doctor(code=2)
    names = [each["name"] for each in unmet(found) if each["status"] == "Unmet"]
    before = ["OrganizationToggle", "VaultKey", "CopyRole", "PassRole", "VaultPolicy", "SourceKeys"]
    assert names == [*before, "Permissions"]
    surgery.paste(fixes(found))
    surgery.doctor(code=0)


def test_the_policies_of_others_are_kept_and_pasting_twice_changes_nothing(surgery: Surgery) -> None:
    """The command adds to what stands there when it runs, be it written like a shell's own words; never doubled."""
    made = harms.sound()
    harms.policy_of_others(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(destinations=CHECKED))
    lines = fixes(surgery.doctor(code=2))
    later = {**harms.HERS["Statement"][0], "Sid": "Later", "Condition": {"Null": {"aws:MultiFactorAuthAge": "false"}}}
    document = json.dumps({**harms.HERS, "Statement": [*harms.HERS["Statement"], later]}, indent=2)
    client = surgery.aws.client("backup", scene.BACKUP, "admin", region=scene.AWAY)
    client.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=document)

    for _ in range(2):
        surgery.paste(lines)
    stands = json.loads(client.get_backup_vault_access_policy(BackupVaultName="orders-copies")["Policy"])["Statement"]
    assert stands[:2] == [*harms.HERS["Statement"], later]
    assert len(stands) == 3
    surgery.doctor(code=0)


def test_a_policy_that_came_meanwhile_is_not_replaced(surgery: Surgery) -> None:
    """There was none when it was looked at: what somebody has put there since stays, and the next doctor adds to it."""
    made = harms.sound()
    harms.no_policy(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(destinations=CHECKED))
    lines = fixes(surgery.doctor(code=2))
    client = surgery.aws.client("backup", scene.BACKUP, "admin", region=scene.AWAY)
    client.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(harms.HERS))

    surgery.paste(lines)
    stands = json.loads(client.get_backup_vault_access_policy(BackupVaultName="orders-copies")["Policy"])
    assert stands["Statement"] == harms.HERS["Statement"]
    surgery.paste(fixes(surgery.doctor(code=2)))
    surgery.doctor(code=0)


def test_one_fix_serves_many(surgery: Surgery) -> None:
    """Three policies need one switch: it is printed once, and says whom it serves."""
    made = harms.sound()
    harms.toggle(made)
    surgery.aws.control.load(made)
    names = ("orders", "paid", "sent")
    surgery.declare(*({**scene.policy(), "metadata": {"name": each, "namespace": "orders"}} for each in names))

    found = surgery.doctor(code=2)
    rows = unmet(found)
    assert [each["policy"] for each in rows] == [f"orders/{each}" for each in names]
    assert {each["name"] for each in rows} == {"OrganizationToggle"}
    assert all(
        each["serves"] == [{"policy": f"orders/{name}", "destination": "vault-account"} for name in names]
        for each in rows
    )
    assert found["summary"]["toMend"] == 1
    text = surgery.crossvault("doctor", "-f", surgery.manifests).stdout
    assert text.count("aws backup update-global-settings --region") == 1
    assert "for: orders/orders → vault-account, orders/paid → vault-account, orders/sent → vault-account" in text


def test_what_the_operator_mends_is_not_for_people(surgery: Surgery) -> None:
    """A vault to create and a statement to keep are no work for anybody; for a policy that observes they are."""
    surgery.aws.control.load(scene.world())
    surgery.declare(scene.policy())
    surgery.doctor(code=0)
    surgery.declare(scene.policy(mode="Observe"))
    found = surgery.doctor(code=2)
    (row,) = [each for each in unmet(found) if each["status"] == "Unmet"]
    assert row["remedy"] == "Set spec.mode: Enforce: the operator then creates the vault."
    surgery.paste(fixes(found))
    surgery.paste(fixes(surgery.doctor(code=2)))
    assert [each["name"] for each in unmet(surgery.doctor(code=2))] == ["Synced"]  # that it copies nothing


def test_what_the_operator_does_once_a_person_has_acted_is_not_printed(surgery: Surgery) -> None:
    """Without the copy role nothing is written; with it the operator adds its statement, so nobody pastes one."""
    made = harms.sound()
    harms.no_role(made)
    harms.no_policy(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    rows = {each["name"]: each for each in unmet(surgery.doctor(code=2)) if each["status"] == "Unmet"}

    assert rows["VaultPolicy"]["remedy"] == "First CopyRole has to be met, the operator then adds the statement."
    assert rows["VaultPolicy"]["fix"] == []
    surgery.paste(rows["CopyRole"]["fix"])
    surgery.doctor(code=0)


def test_a_disabled_key_beside_one_that_is_not_shared_is_one_row(surgery: Surgery) -> None:
    """The row of the keys tells both, and all that waits for them is held up once, with its size."""
    made = harms.sound()
    production = scene.account(made, scene.PRODUCTION)
    production["keys"][1]["policy"] = harms.closed_key(scene.PRODUCTION)
    alone = {"id": "11111111-0000-4000-8000-000000000003", "aliases": ["alias/alone"], "state": "Disabled"}
    production["keys"].append({**production["keys"][0], **alone})
    production["vaults"][0]["recovery_points"][2]["key"] = "alias/alone"
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    found = surgery.doctor(code=2)

    (row,) = unmet(found)
    assert (row["name"], row["recoveryPoints"], row["bytes"]) == ("SourceKeys", 3, 3 * 10 * 1024**3)
    assert (found["summary"]["recoveryPoints"], found["summary"]["bytes"]) == (3, 3 * 10 * 1024**3)
    surgery.paste(row["fix"])
    surgery.doctor(code=0)


def test_an_air_gapped_vault(surgery: Surgery) -> None:
    """It is made with the declared bounds and needs no key; while AWS is at it, the row says so."""
    surgery.aws.control.load(scene.world())
    air_gapped = {"name": "orders-copies", "create": True, "kind": "LogicallyAirGapped"}
    bounds = {"minRetentionDays": 7, "maxRetentionDays": 400}
    spec = {"destinations": [scene.destination(vault={**air_gapped, **bounds}, lifecycle={"deleteAfterDays": 35})]}
    surgery.declare(scene.policy(mode="Observe", **spec))
    (row,) = [each for each in unmet(surgery.doctor(code=2)) if each["status"] == "Unmet"]
    assert "create-logically-air-gapped-backup-vault" in row["fix"][1]
    surgery.paste(row["fix"])
    surgery.aws.control.advance("1h")
    after = unmet(surgery.doctor(code=2))
    assert [each["name"] for each in after] == ["VaultPolicy"]
    surgery.paste(fixes({"rows": after}))
    assert [each["name"] for each in unmet(surgery.doctor(code=2))] == ["Synced"]  # that it copies nothing


def test_an_account_that_cannot_be_asked_ends_with_1(surgery: Surgery) -> None:
    """Nothing is known of it, which is neither good nor found; the same when its role is refused."""
    surgery.aws.control.load(harms.sound())
    surgery.declare(scene.policy())
    dark = surgery.crossvault("doctor", "-f", surgery.manifests, environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert dark.returncode == 1
    assert "could not be looked at" in dark.stdout
    assert "the AWS endpoint of sts cannot be reached" in dark.stdout
    assert "The endpoint is http://127.0.0.1:9, from AWS_ENDPOINT_URL." in dark.stdout

    made = harms.sound()
    scene.role(made, scene.BACKUP, "crossvault-destination")["trust"]["external_id"] = "another"
    surgery.aws.control.load(made)
    found = surgery.doctor(code=1)
    assert (unmet(found)[0]["name"], unmet(found)[0]["reason"]) == ("Identity", "AssumeRoleDenied")
    assert found["notLookedAt"][0]["message"] == unmet(found)[0]["message"]


def test_one_account_that_cannot_be_entered_is_told_once(surgery: Surgery) -> None:
    """Every row after it refers to that one, in one line together; a machine has them all by name."""
    made = harms.sound()
    scene.role(made, scene.PRODUCTION, "crossvault-source")["trust"]["external_id"] = "another"
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    found = [each for each in surgery.doctor(code=1)["rows"] if each["policy"] == "orders/orders"]
    told = [each for each in found if each["status"] != "Met"]
    text = surgery.crossvault("doctor", "-f", surgery.manifests).stdout

    assert [each["name"] for each in told if "Not looked at" not in each["message"]] == ["Identity"]
    assert len(told) > 8
    assert {each["message"] for each in told[1:]} == {"Not looked at: see Identity."}
    assert text.count("Not looked at: see Identity.") == 1
    assert f"(+{len({each['name'] for each in told[1:]}) - 1})" in text


def test_an_external_id_in_a_secret_is_beyond_what_files_can_read(surgery: Surgery) -> None:
    """Nothing is called wrong that is right in the cluster: it could not be looked at, and who can is named."""
    surgery.aws.control.load(harms.sound())
    surgery.declare(scene.policy())
    reference = "externalIdSecretRef: {name: external-ids, key: production}"
    for path in surgery.manifests.rglob("*.yaml"):
        text = path.read_text("utf-8")
        path.write_text(text.replace(f"externalId: {scene.EXTERNAL_ID}", reference, 1), "utf-8")
    done = surgery.crossvault("doctor", "-f", surgery.manifests, "-o", "json")
    found = json.loads(done.stdout)
    rows = [each for each in found["rows"] if each["reason"] == "ExternalIdInCluster"]

    assert done.returncode == 1
    assert {each["status"] for each in rows} == {"Unknown"}
    first = next(each for each in rows if each["name"] == "Identity")
    assert "externalIdSecretRef (key production of external-ids)" in first["message"]
    assert "crossvault doctor -n NAMESPACE NAME" in first["remedy"]
    for words in (("doctor",), ("plan",), ("points",), ("run", "--once")):
        told = surgery.type_in(*words, "-f", surgery.manifests)
        assert told.exit_code == 1
        assert not OF_CLUSTERS.findall(told.stdout)
    assert "Create it" not in json.dumps(found)


def test_a_read_that_is_denied_is_unknown_and_says_which_action(surgery: Surgery) -> None:
    """It holds nothing up that AWS might take."""
    made = harms.sound()
    role = scene.role(made, scene.BACKUP, "crossvault-destination")
    (document,) = role["policies"]
    for each in document["Statement"]:
        if each["Sid"] == "Vault":
            each["Action"].remove("backup:GetBackupVaultAccessPolicy")
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(destinations=CHECKED))

    found = surgery.doctor(code=1)
    row, told = unmet(found)
    assert (told["name"], told["status"], told["where"]) == ("Permissions", "Unmet", "account dr")
    assert "backup:GetBackupVaultAccessPolicy" in told["fix"][1]
    assert (row["name"], row["status"], row["reason"]) == ("VaultPolicy", "Unknown", "AccessDenied")
    assert "backup:GetBackupVaultAccessPolicy" in row["message"]
    printed = '"crossvault iam -f DIR --account dr" prints the whole documents.'
    assert row["remedy"] == f"Allow the action that is named, or take away what denies it. {printed}"
    assert row["recoveryPoints"] == 0
    surgery.paste(told["fix"])
    assert unmet(surgery.doctor()) == []


NOWHERE = {
    "no start of a copy": ["backup:StartCopyJob"],
    "no read of a key": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"],
}


@pytest.mark.parametrize("actions", NOWHERE.values(), ids=NOWHERE.keys())
def test_what_no_policy_allows_anywhere_is_named_in_whole_with_the_command(
    surgery: Surgery, actions: list[str]
) -> None:
    """Of actions on what no manifest names, of which IAM cannot say that a role may none at all."""
    made = harms.sound()
    (document,) = scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"]
    for each in document["Statement"]:
        listed = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
        each["Action"] = [one for one in listed if one not in actions]
    document["Statement"] = [each for each in document["Statement"] if each["Action"]]
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    (row,) = [each for each in unmet(surgery.doctor(code=2)) if each["name"] == "Permissions"]

    assert " and ".join(actions) in row["message"]
    assert "…" not in row["message"]
    surgery.paste(row["fix"])
    assert unmet(surgery.doctor(code=0)) == []


def test_one_prerequisite_alone(surgery: Surgery) -> None:
    """``--check`` tells of that one only; a name that is none is wrong usage, and says which there are."""
    made = harms.sound()
    harms.toggle(made)
    harms.own_account_only(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())

    found = surgery.doctor("--check", "SourceKeys", code=2)
    assert [each["name"] for each in found["rows"]] == ["SourceKeys"]
    assert found["summary"]["recoveryPoints"] == 3
    wrong = surgery.crossvault("doctor", "-f", surgery.manifests, "--check", "Sourcekey")
    assert wrong.returncode == 1
    assert "SourceKeys, VaultKeyPolicy" in wrong.stderr


def test_what_nobody_but_a_person_can_mend_is_told_with_its_remedy(surgery: Surgery) -> None:
    """Another key behind the alias, and a Deny under our Sid beside what lets us in: as a plan has them."""
    made = harms.sound()
    surgery.aws.control.load(made)
    surgery.declare(scene.policy())
    kms, backup = (surgery.aws.client(each, scene.BACKUP, "admin", region=scene.AWAY) for each in ("kms", "backup"))
    kms.update_alias(AliasName="alias/orders-copies", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    known = json.loads(backup.get_backup_vault_access_policy(BackupVaultName="orders-copies")["Policy"])
    (ours,) = known["Statement"]
    nobody = {**ours, "Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{scene.STRANGER}:root"}}
    known["Statement"] = [{**ours, "Sid": "Mine"}, {**nobody, "Sid": sid_of(scene.COPY_ROLE)}]
    backup.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(known))

    plan = json.loads(surgery.type_in("plan", "-f", surgery.manifests, "-o", "json").stdout)
    (side,) = plan["policies"][0]["destinations"]
    rows = unmet(surgery.doctor(code=2))
    assert [each["aspect"] for each in side["hazards"]] == ["vault_key", "vault_policy"]
    assert [(each["name"], each["remedy"]) for each in rows] == [
        (each["aspect"], each["remedy"]) for each in side["hazards"]
    ]
    assert "Nothing to do" not in surgery.type_in("doctor", "-f", surgery.manifests).output
