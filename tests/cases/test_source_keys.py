"""Keys of both sides as AWS has them: what a look tells before a job, and what mends it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.kit.cases import BUNKER, CLINIC, Case, Json, account_in, points_of, world_of
from tests.kit.doctoring import shared_keys

Begin = Callable[..., Case]

SERVICE = f"arn:aws:iam::{BUNKER}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
ROLE = f"arn:aws:iam::{CLINIC}:role/service-role/AWSBackupDefaultServiceRole"
OPERATIONS = ["DescribeKey", "CreateGrant", "Decrypt"]


def allow(principal: str, action: Any = "kms:*", effect: str = "Allow", **members: Any) -> Json:
    """Return a statement of a key's policy."""
    return {"Effect": effect, "Principal": {"AWS": principal}, "Action": action, "Resource": "*", **members}


def root(account: str) -> str:
    """Return the principal that means an account."""
    return f"arn:aws:iam::{account}:root"


def policy_of(*statements: Json) -> Json:
    """Return a key's policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def via(service: str) -> Json:
    """Return a condition on the service through which a key is used."""
    return {"StringLike": {"kms:ViaService": f"{service}.*.amazonaws.com"}}


def world(*statements: Json, own: bool = True) -> Json:
    """Return two volumes: one on the key in question, one on a key that the destination's account may use."""
    made = world_of("18-aws-ebs-key")
    keys = account_in(made, CLINIC)["keys"]
    keys[0]["policy"] = policy_of(*([allow(root(CLINIC))] if own else []), *statements)
    shared = copy.deepcopy(keys[0]) | {"aliases": ["alias/shared"]}
    shared["policy"] = policy_of(allow(root(CLINIC)), allow(root(BUNKER)))
    keys.append(shared)
    points_of(made)[:] = [
        {"resource_type": "EBS", "resource": "vol-1", "age": "6h", "key": "alias/records"},
        {"resource_type": "EBS", "resource": "vol-2", "age": "6h", "key": "alias/shared"},
    ]
    return made


def begun(case: Begin, made: Json, passes: int = 3) -> Case:
    """Begin with a world, and do a few passes."""
    began: Case = case("18-aws-ebs-key", world=made)
    began.passes(passes)
    return began


def kms(case: Case, account: str = CLINIC) -> Any:
    """Return KMS as somebody with all rights in an account has it."""
    return case.cloud.client("kms", account, "admin", region="eu-west-1")


def key_arn(case: Case, alias: str = "alias/records", account: str = CLINIC) -> str:
    """Return the ARN of a key."""
    return str(kms(case, account).describe_key(KeyId=alias)["KeyMetadata"]["Arn"])


def paste(case: Case, row: Json, account: str = CLINIC) -> None:
    """Put what a row prints between the statements of the policies of the keys that it names."""
    client = kms(case, account)
    for named, printed in shared_keys(row["fix"]):
        assert named in row["remedy"]
        policy = json.loads(client.get_key_policy(KeyId=named)["Policy"])
        policy["Statement"] += printed
        client.put_key_policy(KeyId=named, Policy=json.dumps(policy))


def asked(case: Case, operation: str) -> list[str]:
    """Return the accounts in which something was asked, once for each time."""
    return [each.account for each in case.control.calls() if each.operation == operation and each.account != "5" * 12]


def failed(case: Case) -> list[str]:
    """Return the messages of the copy jobs that failed."""
    jobs = case.cloud.state.accounts[CLINIC].regions["eu-west-1"].copy_jobs.values()
    return [str(each.message) for each in jobs if each.state == "FAILED"]


CLOSED = {
    "the policy shares with nobody": world(),
    "no grants": world(allow(SERVICE, ["kms:DescribeKey", "kms:Decrypt"])),
    "through another service": world(allow(SERVICE, Condition=via("rds"))),
    "the copy role is not named, and neither is its account": world(
        allow(SERVICE), allow(ROLE, "kms:Encrypt"), own=False
    ),
}


@pytest.mark.parametrize("made", CLOSED.values(), ids=CLOSED.keys())
def test_a_key_that_is_not_shared_holds_what_it_encrypts_and_what_is_printed_mends_it(case: Begin, made: Json) -> None:
    """No job is spent, the other volume is copied, and the statements work as printed, without a restart."""
    made = copy.deepcopy(made)
    account_in(made, CLINIC)["keys"][0]["policy"]["Statement"].append(
        allow(f"arn:aws:iam::{CLINIC}:user/admin") | {"Sid": "Administrators"}
    )
    role = f"arn:aws:iam::{CLINIC}:role/crossvault-source"
    read = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"]
    account_in(made, CLINIC)["keys"][0]["policy"]["Statement"].append(allow(role, read))
    began = begun(case, made)
    row = began.row("SourceKeys")

    assert (row["status"], row["reason"]) == ("Unmet", "KeyNotShared")
    assert key_arn(began) in row["message"]
    assert began.condition()[:2] == ("False", "PrerequisiteUnmet")
    assert (began.numbers()["copied"], began.numbers()["waiting"], sum(began.jobs().values())) == (1, 1, 1)

    paste(began, row)
    began.passes(4)

    assert began.row("SourceKeys")["status"] == "Met"
    assert (began.numbers()["copied"], failed(began)) == (2, [])


def test_a_key_that_is_held_would_have_failed(case: Begin) -> None:
    """What AWS does with such copies, where the operator may not look: the row is unknown, and nothing is held."""
    made = world()
    deny = {"Effect": "Deny", "Action": "kms:GetKeyPolicy", "Resource": "*"}
    account_in(made, CLINIC)["roles"][0]["policies"] = ["full", {"Version": "2012-10-17", "Statement": [deny]}]
    began = begun(case, made)
    row = began.row("SourceKeys")

    assert (row["status"], row["reason"]) == ("Unknown", "AccessDenied")
    assert len(failed(began)) == 1
    assert began.numbers()["copied"] == 1


OPEN = {
    "the destination's account decides": allow(root(BUNKER)),
    "the role by name": allow(SERVICE),
    "through EC2": allow(SERVICE, Condition=via("ec2")),
    "the organization": allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-fieldtest01"}}),
    "the caller's account": allow("*", Condition={"StringEquals": {"kms:CallerAccount": BUNKER}}),
}


@pytest.mark.parametrize("statement", OPEN.values(), ids=OPEN.keys())
def test_a_key_that_is_shared_holds_nothing(case: Begin, statement: Json) -> None:
    """In whatever form; grants are not asked for, and a key costs one question however many passes."""
    began = begun(case, world(statement), passes=4)

    assert began.row("SourceKeys")["status"] == "Met"
    assert (began.numbers()["copied"], failed(began)) == (2, [])
    assert sorted(asked(began, "GetKeyPolicy")) == [CLINIC, CLINIC, BUNKER]
    assert asked(began, "ListGrants") == []


def test_a_grant_shares_a_key_too(case: Begin) -> None:
    """It is looked for only where the policy does not let in who copies; being denied that holds nothing."""
    began = begun(case, world(), passes=1)
    assert began.row("SourceKeys")["status"] == "Unmet"
    kms(began).create_grant(KeyId=key_arn(began), GranteePrincipal=SERVICE, Operations=OPERATIONS)
    began.passes(4)

    assert began.row("SourceKeys")["status"] == "Met"
    assert (began.numbers()["copied"], failed(began)) == (2, [])


def test_grants_that_nobody_may_list_are_unknown(case: Begin) -> None:
    """There may be one, so the copy is tried."""
    made = world()
    deny = {"Effect": "Deny", "Action": "kms:ListGrants", "Resource": "*"}
    account_in(made, CLINIC)["roles"][0]["policies"] = ["full", {"Version": "2012-10-17", "Statement": [deny]}]
    began = begun(case, made, passes=1)

    assert began.row("SourceKeys")["status"] == "Unknown"
    assert len(began.jobs()) == 2


def test_a_disabled_key_holds_until_it_is_enabled(case: Begin) -> None:
    """The remedy says so; the next pass goes on by itself."""
    began: Case = case("18-aws-ebs-key", world=world(allow(SERVICE)))
    kms(began).disable_key(KeyId=key_arn(began))
    began.passes(3)
    row = began.row("SourceKeys")

    assert (row["status"], row["reason"]) == ("Unmet", "KeyNotUsable")
    assert "enable it" in row["remedy"]
    assert (began.numbers()["copied"], failed(began)) == (1, [])

    kms(began).enable_key(KeyId=key_arn(began))
    began.passes(4)

    assert (began.numbers()["copied"], failed(began)) == (2, [])
    assert began.row("SourceKeys")["status"] == "Met"


def test_a_deny_is_named(case: Begin) -> None:
    """To add a statement would not help."""
    deny = allow(
        "*", "kms:CreateGrant", "Deny", Condition={"StringEquals": {"kms:CallerAccount": BUNKER}}, Sid="KeepOut"
    )
    row = begun(case, world(allow(SERVICE), deny)).row("SourceKeys")

    assert (row["status"], row["reason"]) == ("Unmet", "KeyNotShared")
    assert "KeepOut" in row["message"]
    assert "remove or narrow statement KeepOut" in row["remedy"]


def test_the_service_linked_role_comes_first(case: Begin) -> None:
    """KMS refuses a statement that names a role which does not exist, so the remedy has it made before."""
    made = world()
    account_in(made, BUNKER)["service_linked_role"] = False
    account_in(made, CLINIC)["keys"][1]["policy"]["Statement"].pop()
    began = begun(case, made)
    row, client = began.row("SourceKeys"), kms(began)

    assert began.jobs() == {}
    assert f"First create the role in account {BUNKER}: aws iam create-service-linked-role" in row["remedy"]
    with pytest.raises(client.exceptions.MalformedPolicyDocumentException):
        client.put_key_policy(KeyId=key_arn(began), Policy=json.dumps(policy_of(allow(root(CLINIC)), allow(SERVICE))))
    began.cloud.client("iam", BUNKER, "admin", region="us-east-1").create_service_linked_role(
        AWSServiceName="backup.amazonaws.com"
    )
    for alias in ("alias/records", "alias/shared"):
        client.put_key_policy(
            KeyId=key_arn(began, alias), Policy=json.dumps(policy_of(allow(root(CLINIC)), allow(SERVICE)))
        )
    began.passes(4)
    assert (began.numbers()["copied"], failed(began)) == (2, [])


def test_the_key_of_the_vault_lets_in_who_copies_or_holds_it(case: Begin) -> None:
    """A policy that is too narrow is told with the statements, and they work as printed."""
    made = world(allow(SERVICE))
    admins = [f"arn:aws:iam::{BUNKER}:user/admin", f"arn:aws:iam::{BUNKER}:role/crossvault-destination"]
    account_in(made, BUNKER)["keys"][0]["policy"] = policy_of(*map(allow, admins))
    began = begun(case, made)
    row = began.row("VaultKeyPolicy")

    assert (row["status"], row["reason"]) == ("Unmet", "KeyNotShared")
    assert (began.numbers()["waiting"], began.jobs()) == (2, {})

    paste(began, row, BUNKER)
    began.passes(4)

    assert began.row("VaultKeyPolicy")["status"] == "Met"
    assert (began.numbers()["copied"], failed(began)) == (2, [])


def test_keys_of_types_managed_in_full_are_those_of_the_vault(case: Begin) -> None:
    """Its key has to let in the same two."""
    made = world()
    points_of(made)[:] = [{"resource_type": "EFS", "resource": "fs-1", "age": "6h"}]
    began = begun(case, made)
    row = began.row("SourceKeys")
    assert (row["status"], row["reason"], began.jobs()) == ("Unmet", "KeyNotShared", {})

    paste(began, row)
    began.passes(4)

    assert (began.numbers()["copied"], failed(began)) == (1, [])


def test_observing_says_the_same_and_nothing_is_written(case: Begin) -> None:
    """No key is ever written to."""
    began: Case = case("18-aws-ebs-key", world=world())
    for body in began.bodies.values():
        body["spec"]["mode"] = "Observe"
    began.passes(2)

    assert began.row("SourceKeys")["reason"] == "KeyNotShared"
    assert began.control.calls(mutating=True, service="kms") == []
