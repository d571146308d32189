"""Policies: statements, wildcards, condition operators, and what the simulator refuses to guess."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.simulator import scenes

from backup_simulator.identity import policy
from backup_simulator.identity.policy import Verdict
from backup_simulator.state import Principal
from backup_simulator.wire import SimulatorError

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROLE = Principal(
    "111111111111",
    "arn:aws:sts::111111111111:assumed-role/r/s",
    "arn:aws:iam::111111111111:role/r",
    "AROA1",
    "AROA1:s",
    "role",
    "r",
)
VAULT = "arn:aws:backup:eu-west-1:111111111111:backup-vault:orders"
Keys = dict[str, tuple[str, ...]]


def ask(document: scenes.Json, *, action: str = "backup:CopyIntoBackupVault", keys: Keys | None = None) -> Verdict:
    """What an identity policy says."""
    question = policy.Question(action, VAULT, ROLE, keys or {})
    return policy.judge_identity([policy.compiled(document)], question)


STATEMENTS = [
    pytest.param({"Action": "backup:*"}, Verdict.ALLOW, id="a wildcard in the action"),
    pytest.param({"Action": "BACKUP:copyintobackupvault"}, Verdict.ALLOW, id="actions ignore case"),
    pytest.param({"Action": "backup:Copy????BackupVault"}, Verdict.ALLOW, id="question marks"),
    pytest.param({"Action": "backup:Describe*"}, Verdict.SILENT, id="another action"),
    pytest.param({"NotAction": "backup:Delete*"}, Verdict.ALLOW, id="NotAction leaves the rest"),
    pytest.param({"NotAction": "backup:Copy*"}, Verdict.SILENT, id="NotAction excludes"),
    pytest.param({"Action": "*", "Resource": "arn:aws:backup:*:*:backup-vault:*"}, Verdict.ALLOW, id="resource glob"),
    pytest.param(
        {"Action": "*", "Resource": "arn:aws:backup:*:*:backup-vault/*"}, Verdict.SILENT, id="wrong separator"
    ),
    pytest.param({"Action": "*", "Resource": VAULT.upper()}, Verdict.SILENT, id="resources mind case"),
    pytest.param({"Action": "*", "NotResource": VAULT}, Verdict.SILENT, id="NotResource excludes"),
    pytest.param({"Action": ["s3:*", "backup:*"], "Effect": "Deny"}, Verdict.DENY, id="Deny"),
]


@pytest.mark.parametrize(("statement", "verdict"), STATEMENTS)
def test_statements_cover_what_they_name(statement: scenes.Json, verdict: Verdict) -> None:
    """Action, NotAction, Resource and NotResource with wildcards."""
    assert ask(scenes.policy({"Effect": "Allow", "Resource": "*"} | statement)) is verdict


def test_a_deny_beats_every_allow() -> None:
    """Order does not matter."""
    deny = {"Effect": "Deny", "Action": "backup:Copy*", "Resource": "*"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    assert ask(scenes.policy(allow, deny)) is Verdict.DENY
    assert ask(scenes.policy(deny, allow)) is Verdict.DENY


K = "backup:copytargets"
ORG = "aws:principalorgid"
ARN = "aws:principalarn"
CONDITIONS: list[Any] = [
    pytest.param("StringEquals", ORG, "o-1", {ORG: ("o-1",)}, True, id="StringEquals equal"),
    pytest.param("StringEquals", ORG, ["o-2", "o-1"], {ORG: ("o-1",)}, True, id="StringEquals one of several"),
    pytest.param("StringEquals", ORG, "O-1", {ORG: ("o-1",)}, False, id="StringEquals minds case"),
    pytest.param("StringEquals", ORG, "o-*", {ORG: ("o-1",)}, False, id="StringEquals knows no wildcard"),
    pytest.param("StringEquals", ORG, "o-1", {}, False, id="StringEquals on an absent key"),
    pytest.param("StringEqualsIfExists", ORG, "o-1", {}, True, id="IfExists on an absent key"),
    pytest.param("StringEqualsIfExists", ORG, "o-1", {ORG: ("o-2",)}, False, id="IfExists on a present key"),
    pytest.param("StringEqualsIgnoreCase", ORG, "O-1", {ORG: ("o-1",)}, True, id="IgnoreCase"),
    pytest.param("StringNotEquals", ORG, "o-1", {ORG: ("o-2",)}, True, id="StringNotEquals on another value"),
    pytest.param("StringNotEquals", ORG, "o-1", {}, True, id="StringNotEquals on an absent key"),
    pytest.param("StringNotEquals", ORG, ["o-1", "o-2"], {ORG: ("o-2",)}, False, id="StringNotEquals means none"),
    pytest.param("StringLike", ORG, "o-*", {ORG: ("o-1",)}, True, id="StringLike"),
    pytest.param("StringLike", ORG, "o-?", {ORG: ("o-12",)}, False, id="StringLike counts letters"),
    pytest.param("StringNotLike", ORG, "o-*", {ORG: ("x-1",)}, True, id="StringNotLike"),
    pytest.param("ArnLike", ARN, "arn:aws:iam::*:role/r", {ARN: (ROLE.identity_arn,)}, True, id="ArnLike"),
    pytest.param("ArnLike", ARN, "arn:aws:iam:*:role/r", {ARN: (ROLE.identity_arn,)}, False, id="ArnLike keeps colons"),
    pytest.param("ArnEquals", ARN, "arn:aws:iam::*:role/*", {ARN: (ROLE.identity_arn,)}, True, id="ArnEquals globs"),
    pytest.param("ArnNotLike", ARN, "arn:aws:iam::*:role/x", {ARN: (ROLE.identity_arn,)}, True, id="ArnNotLike"),
    pytest.param("ArnNotEquals", ARN, ROLE.identity_arn, {ARN: (ROLE.identity_arn,)}, False, id="ArnNotEquals"),
    pytest.param("Bool", "aws:SecureTransport", "true", {"aws:securetransport": ("true",)}, True, id="Bool text"),
    pytest.param("Bool", "aws:SecureTransport", False, {"aws:securetransport": ("true",)}, False, id="Bool of JSON"),
    pytest.param("Null", K, "true", {}, True, id="Null true on an absent key"),
    pytest.param("Null", K, "true", {K: ("a",)}, False, id="Null true on a present key"),
    pytest.param("Null", K, "false", {K: ("a",)}, True, id="Null false on a present key"),
    pytest.param("ForAllValues:StringLike", K, "a*", {K: ("a1", "a2")}, True, id="ForAllValues all"),
    pytest.param("ForAllValues:StringLike", K, "a*", {K: ("a1", "b")}, False, id="ForAllValues not all"),
    pytest.param("ForAllValues:StringNotLike", K, "a*", {}, True, id="ForAllValues applies when its key is absent"),
    pytest.param("ForAnyValue:StringLike", K, "a*", {K: ("b", "a1")}, True, id="ForAnyValue one"),
    pytest.param("ForAnyValue:StringLike", K, "a*", {}, False, id="ForAnyValue on an absent key"),
    pytest.param(
        "StringEquals", ORG, "${aws:ResourceOrgID}", {ORG: ("o",), "aws:resourceorgid": ("o",)}, True, id="var"
    ),
    pytest.param("StringEquals", ORG, "${aws:ResourceOrgID}", {ORG: ("o",)}, False, id="a variable without value"),
    pytest.param("StringEquals", "backup:CopySourceRegion", "x", {}, False, id="a key that AWS does not have"),
]


@pytest.mark.parametrize(("operator", "key", "wanted", "keys", "holds"), CONDITIONS)
def test_conditions_hold_as_documented(operator: str, key: str, wanted: Any, keys: Keys, holds: bool) -> None:
    """Each operator on present and absent keys."""
    document = scenes.allow("*", condition={operator: {key: wanted}})

    assert (ask(document, keys=keys) is Verdict.ALLOW) is holds


UNKNOWN = [
    pytest.param({"NumericLessThan": {"aws:x": "1"}}, "NumericLessThan", id="operator"),
    pytest.param({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "IpAddress", id="address operator"),
    pytest.param({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, "aws:sourcevpce", id="global key"),
    pytest.param({"StringEquals": {"aws:PrincipalOrgID": "${aws:CurrentTime}"}}, "aws:currenttime", id="variable"),
    pytest.param({"Sometimes:StringEquals": {"aws:PrincipalOrgID": "o"}}, "Sometimes", id="quantifier"),
]


@pytest.mark.parametrize(("condition", "named"), UNKNOWN)
def test_what_the_simulator_cannot_judge_is_an_error(condition: scenes.Json, named: str) -> None:
    """Never a silent "no match"."""
    with pytest.raises(SimulatorError, match=named):
        policy.compiled(scenes.allow("*", condition=condition))


def test_an_unknown_operator_over_the_wire_is_a_500_with_clear_text(server: SimulatorServer) -> None:
    """The client learns that the simulator, not AWS, is the limit."""
    bad = scenes.may_copy(condition={"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}})
    answer = scenes.signed(
        server,
        "backup",
        "PUT",
        "/backup-vaults/backups/access-policy",
        body=json.dumps({"Policy": json.dumps(bad)}).encode(),
    )

    assert answer.status == 500
    assert answer.json["Message"].startswith("simulator: ")
    assert "DateLessThan" in answer.json["Message"]


MALFORMED = [
    pytest.param({"Version": "2012-10-17"}, id="no statement is given"),
    pytest.param({"Version": "2020-01-01", "Statement": [{"Effect": "Allow", "Action": "*"}]}, id="unknown version"),
    pytest.param(scenes.policy({"Effect": "Maybe", "Action": "*"}), id="unknown effect"),
    pytest.param(scenes.policy({"Effect": "Allow"}), id="no action"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "NotAction": "*"}), id="both action and NotAction"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "Condition": []}), id="a condition that is a list"),
    pytest.param({"Version": "2012-10-17", "Statement": ["x"]}, id="a statement that is a text"),
]


@pytest.mark.parametrize("document", MALFORMED)
def test_malformed_policies_are_refused(document: scenes.Json) -> None:
    """They say so when they are read, not when they are judged."""
    with pytest.raises(policy.MalformedPolicyError):
        policy.compiled(document)


PRINCIPALS = [
    pytest.param("*", Verdict.ALLOW, id="a star"),
    pytest.param({"AWS": "*"}, Verdict.ALLOW, id="a star of AWS"),
    pytest.param({"AWS": "AROA1"}, Verdict.ALLOW, id="the role's unique id"),
    pytest.param({"AWS": ROLE.arn}, Verdict.ALLOW, id="the session"),
    pytest.param({"AWS": "arn:aws:iam::111111111111:root"}, Verdict.DELEGATE, id="the role's account"),
    pytest.param({"AWS": "arn:aws:iam::222222222222:root"}, Verdict.SILENT, id="another account"),
    pytest.param({"AWS": ["AROA2", "AROA1"]}, Verdict.ALLOW, id="one of several"),
    pytest.param({"Service": "backup.amazonaws.com"}, Verdict.SILENT, id="a service"),
]


@pytest.mark.parametrize(("principal", "verdict"), PRINCIPALS)
def test_principals_of_resource_policies_match(principal: Any, verdict: Verdict) -> None:
    """Who is named decides between allowed, left to the account, and not meant."""
    question = policy.Question("backup:CopyIntoBackupVault", VAULT, ROLE, {})

    assert policy.judge_resource(policy.compiled(scenes.may_copy(principal)), question) is verdict


def test_a_role_may_only_what_its_policies_say(server: SimulatorServer) -> None:
    """The denial text is AWS's."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = [scenes.allow("backup:ListBackupVaults")]
    server.control.load(scene)
    client = scenes.session_client(server, "backup", scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader"))
    client.list_backup_vaults()
    with scenes.refused() as refusal:
        client.describe_backup_vault(BackupVaultName="backups")

    vault = scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME)
    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert refusal.message == (
        f"User: arn:aws:sts::{scenes.SOURCE}:assumed-role/reader/test is not authorized to perform: "
        f"backup:DescribeBackupVault on resource: {vault} "
        "because no identity-based policy allows the backup:DescribeBackupVault action"
    )


def test_an_explicit_deny_says_so(server: SimulatorServer) -> None:
    """Explicit denies have their own words."""
    scene = scenes.world()
    deny = scenes.policy({"Effect": "Deny", "Action": "backup:List*", "Resource": "*"})
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = ["full", deny]
    server.control.load(scene)
    client = scenes.session_client(server, "backup", scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader"))
    with scenes.refused() as refusal:
        client.list_backup_vaults()

    assert refusal.message.endswith("with an explicit deny in an identity-based policy")


def test_a_region_may_be_a_condition(server: SimulatorServer) -> None:
    """aws:RequestedRegion is the Region the request was signed for."""
    scene = scenes.world()
    only = {"StringEquals": {"aws:RequestedRegion": scenes.HOME}}
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = [scenes.allow("backup:*", condition=only)]
    server.control.load(scene)
    found = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    scenes.session_client(server, "backup", found, region=scenes.HOME).list_backup_vaults()
    with scenes.refused() as refusal:
        scenes.session_client(server, "backup", found, region=scenes.AWAY).list_backup_vaults()

    assert refusal.code == "AccessDeniedException"
