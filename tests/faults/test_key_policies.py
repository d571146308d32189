"""Keys of the source whose policies are kept: what is written into them, against a simulated KMS, and by whom."""

from __future__ import annotations

import json

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

ONE = ({"resource_type": "EBS", "resource": "vol-0a", "key": "alias/orders-storage", "age": "1d"},)
HOME = {
    "Sid": "Account",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{scene.PRODUCTION}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
CLOSED = {"Version": "2012-10-17", "Statement": [HOME]}
MANAGED = {
    "accountRef": {"name": "production"},
    "region": scene.HOME,
    "vault": {"name": "orders"},
    "keyPolicy": "Manage",
}


def closed(*rights: str, policy: Json | None = None) -> Json:
    """Return a world with one snapshot on a key that is shared with nobody, whose role may do more than usual."""
    made = scene.world(*ONE)
    production = scene.account(made, scene.PRODUCTION)
    production["keys"][1]["policy"] = policy or CLOSED
    statements = scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]
    if rights:
        statements.append({"Sid": "ShareKeys", "Effect": "Allow", "Action": list(rights), "Resource": "*"})
    return made


def statements(stage: Stage) -> list[Json]:
    """Return the statements of the key's policy."""
    kms = stage.admin(scene.PRODUCTION, scene.HOME, "kms")
    found = json.loads(kms.get_key_policy(KeyId=arn(stage), PolicyName="default")["Policy"])
    return list(found["Statement"])


def arn(stage: Stage) -> str:
    """Return the key behind the snapshot."""
    kms = stage.admin(scene.PRODUCTION, scene.HOME, "kms")
    return str(kms.describe_key(KeyId="alias/orders-storage")["KeyMetadata"]["Arn"])


def making_the_role(stage: Stage) -> None:
    """Have the operator make the service-linked role of the destination, which is not there yet."""
    declared = scene.backup_account("dr", scene.BACKUP, "crossvault-destination", serviceLinkedRole="Manage")
    stage.declared["dr"] = declared


@pytest.fixture
def shared(stage: Stage) -> Stage:
    """An operator that may write key policies, and a policy that wants it to."""
    stage.begin(closed("kms:PutKeyPolicy"))
    making_the_role(stage)
    stage.declare(source=MANAGED)
    return stage


def granting(stage: Stage, grant: Json) -> None:
    """Have the source's account be used by one grant alone."""
    name, role = "production", "crossvault-source"
    made = scene.backup_account(name, scene.PRODUCTION, role, allowedNamespaces={}, grants=[grant])
    stage.declared[name] = made


def settle(stage: Stage) -> None:
    """Let time pass until the copies are there."""
    for _ in range(4):
        stage.look()
        stage.later("1m")
    stage.look()


def test_a_key_is_shared_and_copies_go(shared: Stage) -> None:
    """Only with whom it has to be, beside what stood there; then nothing more is written."""
    settle(shared)
    found = statements(shared)

    assert found[0] == HOME
    assert {each["Sid"][:16] for each in found[1:]} == {"CrossvaultKeyUse", "CrossvaultKeyGra"}
    assert all("AWSServiceRoleForBackup" in json.dumps(each["Principal"]) for each in found[1:])
    assert len(shared.control.calls(operation="PutKeyPolicy")) == 1
    assert scene.condition(shared.body) == ("True", "Protected")
    assert sum(shared.jobs().values()) == 1


def test_the_role_that_a_key_has_to_name_comes_first(stage: Stage) -> None:
    """Where nobody makes it, nothing is written, and the row says how; once it is there, the key is shared."""
    stage.begin(closed("kms:PutKeyPolicy"))
    stage.declare(source=MANAGED)
    settle(stage)
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "SourceKeys")
    assert "aws iam create-service-linked-role --aws-service-name backup.amazonaws.com" in row["remedy"]
    assert not stage.control.calls(operation="PutKeyPolicy")

    iam = stage.admin(scene.BACKUP, "us-east-1", "iam")
    iam.create_service_linked_role(AWSServiceName="backup.amazonaws.com")
    settle(stage)
    assert len(stage.control.calls(operation="PutKeyPolicy")) == 1
    assert scene.condition(stage.body) == ("True", "Protected")


def test_what_somebody_takes_out_comes_back(shared: Stage) -> None:
    """As one repair; what they added meanwhile stays."""
    settle(shared)
    theirs = {**HOME, "Sid": "Theirs", "Action": "kms:DescribeKey"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [HOME, theirs]})
    kms = shared.admin(scene.PRODUCTION, scene.HOME, "kms")
    kms.put_key_policy(KeyId=arn(shared), PolicyName="default", Policy=policy)
    shared.later("1h")
    outcome = shared.look()

    assert [str(each.reason) for each in outcome.events] == ["DriftCorrected"]
    assert [each["Sid"] for each in statements(shared)][:2] == ["Account", "Theirs"]
    assert len(statements(shared)) == 4


def test_kms_is_asked_again_seldom_where_the_right_is_lacking(stage: Stage) -> None:
    """The row tells what AWS says instead of a promise, and what is on other keys is copied."""
    stage.begin(closed())
    making_the_role(stage)
    stage.declare(source=MANAGED)
    for _ in range(5):
        stage.look()
        stage.control.advance("10s")
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "SourceKeys")

    assert len(stage.control.calls(operation="PutKeyPolicy")) == 1
    assert row["status"] == "Unmet"
    assert "kms:PutKeyPolicy" in row["remedy"]
    assert sum(stage.jobs().values()) == 0


def test_a_denied_key_is_left_to_a_person(stage: Stage) -> None:
    """To add a statement would be in vain."""
    deny = {**HOME, "Sid": "Shut", "Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant"}
    stage.begin(closed("kms:PutKeyPolicy", policy={"Version": "2012-10-17", "Statement": [HOME, deny]}))
    stage.declare(source=MANAGED)
    stage.look()

    assert not stage.control.calls(operation="PutKeyPolicy")
    assert scene.row(stage.body, "SourceKeys")[0] == "Unmet"


def test_deleting_the_policy_leaves_the_key_shared_and_says_so(shared: Stage) -> None:
    """Others may need it; who cleans up is told what to look for."""
    shared.declare(deletionPolicy="RemoveOwned")
    settle(shared)
    before = statements(shared)
    shared.body["metadata"]["deletionTimestamp"] = "2026-11-29T00:00:00Z"
    outcome = shared.look()

    assert statements(shared) == before
    assert "CrossvaultKeyUse" in outcome.summary


def test_a_namespace_that_was_not_granted_it_changes_no_key(stage: Stage) -> None:
    """It reads like an account that does not exist."""
    stage.begin(closed("kms:PutKeyPolicy"))
    grant = {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["*"]}
    making_the_role(stage)
    granting(stage, grant)
    stage.declare(source=MANAGED)
    stage.look()
    refused = scene.condition(stage.body)
    granting(stage, {**grant, "keyPolicy": "Manage"})
    stage.look()

    assert refused == ("False", "AccountNotFound")
    assert len(stage.control.calls(operation="PutKeyPolicy")) == 1


def close(stage: Stage, key_arn: str) -> None:
    """Have another tool put the policy that it knows, as it does in every minute."""
    kms = stage.admin(scene.PRODUCTION, scene.HOME, "kms")
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(CLOSED))


def shared_by_us(stage: Stage, key_arn: str) -> bool:
    """Tell whether our statements stand in the policy of a key."""
    kms = stage.admin(scene.PRODUCTION, scene.HOME, "kms")
    return "CrossvaultKeyUse" in kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]


def test_a_tool_that_takes_our_statements_out_in_every_minute_is_met_with_pauses(stage: Stage) -> None:
    """Told once, and per key: the statements in another key come back at once meanwhile, also after a restart."""
    made = closed("kms:PutKeyPolicy")
    keys = scene.account(made, scene.PRODUCTION)["keys"]
    scene.account(made, scene.PRODUCTION)["vaults"][0]["recovery_points"] = [dict(each) for each in scene.POINTS]
    for each in keys:
        each["policy"] = CLOSED
    stage.begin(made)
    making_the_role(stage)
    stage.declare(source=MANAGED)
    settle(stage)
    one = arn(stage)
    (other,) = {each["key"] for each in stage.body["status"]["repairs"]} - {one}
    first = [each["count"] for each in stage.body["status"]["repairs"]]

    told = []
    for _ in range(10):
        close(stage, one)
        stage.later("1m")
        told += [str(each.reason) for each in stage.look().events]
    held = shared_by_us(stage, one)
    close(stage, other)
    stage.later("1m")
    stage.look()
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "SourceKeys")

    assert first == [0, 0]
    assert told.count("Contested") == 1
    assert not held
    assert shared_by_us(stage, other)
    assert sum(each.role == "crossvault-source" for each in stage.control.calls(operation="PutKeyPolicy")) == 2 + 4 + 1
    counts = {each["key"]: each["count"] for each in stage.body["status"]["repairs"]}
    assert counts == {one: 4, other: 1}
    assert f"SourceKeys of {one} had to be restored 4 times" in row["remedy"]
    assert scene.condition(stage.body, "Synced")[0] == "False"


def test_a_policy_that_would_shut_the_operator_out_is_never_sent(
    shared: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made it up: it is told as a bug, the key's policy stays, and no request was made."""
    making = {"AWS": f"arn:aws:iam::{scene.BACKUP}:root"}
    less = {"Version": "2012-10-17", "Statement": [{**HOME, "Principal": making}]}
    shared.look()
    before = statements(shared)
    sent = len(shared.control.calls(operation="PutKeyPolicy"))
    kms = shared.admin(scene.PRODUCTION, scene.HOME, "kms")
    kms.put_key_policy(KeyId=arn(shared), PolicyName="default", Policy=json.dumps(CLOSED))
    monkeypatch.setattr("crossvault.iam.documents.put", lambda *_: json.dumps(less))
    shared.later("31m")
    outcomes = [shared.look() for _ in range(3)]
    problems = [each.problem for outcome in outcomes for each in outcome.results if each.problem]

    assert before != [HOME]
    assert {each.reason for each in problems} == {"InternalError"}
    assert len(shared.control.calls(operation="PutKeyPolicy")) == sent + 1
    assert statements(shared) == [HOME]
