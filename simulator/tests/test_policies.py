"""Policies: statements, wildcards, condition operators, and what the simulator refuses to guess."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.identity import anchors
from backup_simulator.policies import policy
from backup_simulator.policies.policy import Verdict
from backup_simulator.policies.principal import Principal
from backup_simulator.wire import SimulatorError
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROLE = Principal(
    account="111111111111",
    arn="arn:aws:sts::111111111111:assumed-role/r/s",
    identity_arn="arn:aws:iam::111111111111:role/r",
    unique_id="AROA1",
    user_id="AROA1:s",
    kind="role",
    name="r",
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
    everywhere = {} if "NotResource" in statement else {"Resource": "*"}

    assert ask(scenes.policy({"Effect": "Allow"} | everywhere | statement)) is verdict


def test_a_deny_beats_every_allow() -> None:
    """Order does not matter."""
    deny = {"Effect": "Deny", "Action": "backup:Copy*", "Resource": "*"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    assert ask(scenes.policy(allow, deny)) is Verdict.DENY
    assert ask(scenes.policy(deny, allow)) is Verdict.DENY


K = "backup:copytargets"
ORG = "aws:principalorgid"
ARN = "aws:principalarn"
N, NOW, IP, MARCH = "x:count", "aws:currenttime", "aws:sourceip", "2026-03-01T00:00:00Z"
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
    pytest.param("NumericEquals", N, 5, {N: ("5.0",)}, True, id="NumericEquals"),
    pytest.param("NumericNotEquals", N, "5", {N: ("5",)}, False, id="NumericNotEquals"),
    pytest.param("NumericNotEquals", N, "5", {}, True, id="NumericNotEquals on an absent key"),
    pytest.param("NumericLessThan", N, 5, {N: ("5",)}, False, id="NumericLessThan"),
    pytest.param("NumericLessThanEquals", N, 5, {N: ("5",)}, True, id="NumericLessThanEquals"),
    pytest.param("NumericGreaterThan", N, 5, {N: ("10",)}, True, id="NumericGreaterThan compares numbers, not texts"),
    pytest.param("NumericGreaterThanEquals", N, 5, {N: ("4",)}, False, id="NumericGreaterThanEquals"),
    pytest.param("NumericGreaterThan", N, 5, {N: ("many",)}, False, id="a value that is no number"),
    pytest.param("NumericLessThanIfExists", N, 5, {}, True, id="NumericLessThanIfExists"),
    pytest.param("DateEquals", NOW, "2026-03-01T01:00:00+01:00", {NOW: (MARCH,)}, True, id="DateEquals across zones"),
    pytest.param("DateNotEquals", NOW, MARCH, {NOW: (MARCH,)}, False, id="DateNotEquals"),
    pytest.param("DateLessThan", NOW, "2026-03-02T00:00:00Z", {NOW: (MARCH,)}, True, id="DateLessThan"),
    pytest.param("DateLessThanEquals", NOW, MARCH, {NOW: (MARCH,)}, True, id="DateLessThanEquals"),
    pytest.param("DateGreaterThan", NOW, MARCH, {NOW: (MARCH,)}, False, id="DateGreaterThan"),
    pytest.param("DateGreaterThanEquals", NOW, "2026-02-01", {NOW: (MARCH,)}, True, id="a day is a date"),
    pytest.param("DateGreaterThan", NOW, "1772323199", {NOW: (MARCH,)}, True, id="a date in epoch seconds"),
    pytest.param("IpAddress", IP, "203.0.113.0/24", {IP: ("203.0.113.9",)}, True, id="IpAddress"),
    pytest.param("IpAddress", IP, "203.0.113.9", {IP: ("203.0.113.9",)}, True, id="IpAddress of one address"),
    pytest.param("IpAddress", IP, "2001:db8::/32", {IP: ("203.0.113.9",)}, False, id="IpAddress of the other family"),
    pytest.param("IpAddress", IP, ["10.0.0.0/8", "192.0.2.0/24"], {IP: ("192.0.2.1",)}, True, id="one of two networks"),
    pytest.param("NotIpAddress", IP, "203.0.113.0/24", {IP: ("203.0.113.9",)}, False, id="NotIpAddress"),
    pytest.param("NotIpAddress", IP, "203.0.113.0/24", {}, True, id="NotIpAddress on an absent key"),
    pytest.param("BinaryEquals", "x:blob", "QmFja3Vw", {"x:blob": ("QmFja3Vw",)}, True, id="BinaryEquals"),
    pytest.param("Null", "aws:SourceVpce", "true", {}, True, id="nobody comes through a VPC endpoint"),
]


@pytest.mark.parametrize(("operator", "key", "wanted", "keys", "holds"), CONDITIONS)
def test_conditions_hold_as_documented(operator: str, key: str, wanted: Any, keys: Keys, holds: bool) -> None:
    """Each operator on present and absent keys."""
    document = scenes.allow("*", condition={operator: {key: wanted}})

    assert (ask(document, keys=keys) is Verdict.ALLOW) is holds


VARIABLES = [
    pytest.param("orders-${aws:username}", {"aws:username": ("ann",)}, "orders-ann", True, id="in the middle"),
    pytest.param("orders-${aws:username}", {"aws:username": ("ann",)}, "orders-bob", False, id="another value"),
    pytest.param("orders-${aws:username}", {}, "orders-ann", False, id="no value"),
    pytest.param("orders-${aws:username, 'all'}", {}, "orders-all", True, id="a default"),
    pytest.param(
        "${aws:PrincipalTag/Team}-*", {"aws:principaltag/team": ("db",)}, "db-1", True, id="beside a wildcard"
    ),
    pytest.param("${aws:username}", {"aws:username": ("*",)}, "ann", False, id="a star in a value is a letter"),
    pytest.param("${aws:username}", {"aws:username": ("*",)}, "*", True, id="and matches itself"),
    pytest.param("what${?}", {}, "what?", True, id="a question mark"),
    pytest.param("what${?}", {}, "whats", False, id="that is no wildcard"),
    pytest.param("${$}{aws:username}", {}, "${aws:username}", True, id="a dollar"),
]


@pytest.mark.parametrize(("text", "keys", "name", "holds"), VARIABLES)
def test_variables_are_filled_from_the_request(text: str, keys: Keys, name: str, holds: bool) -> None:
    """In Resource and in conditions alike."""
    in_resource = policy.compiled(scenes.allow("*", resource=f"arn:aws:backup:*:*:backup-vault:{text}"))
    in_condition = policy.compiled(scenes.allow("*", condition={"StringLike": {"x:name": text}}))
    arn = f"arn:aws:backup:eu-west-1:111111111111:backup-vault:{name}"
    by_resource = policy.judge_identity([in_resource], policy.Question("backup:X", arn, ROLE, keys))
    by_condition = policy.judge_identity(
        [in_condition], policy.Question("backup:X", arn, ROLE, keys | {"x:name": (name,)})
    )

    assert (by_resource is Verdict.ALLOW) is holds
    assert (by_condition is Verdict.ALLOW) is holds


def test_old_policies_have_no_variables() -> None:
    """In version 2008-10-17, and without a version, `${…}` is plain text."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "${aws:username}"}
    keys = {"aws:username": ("ann",)}
    for version in ({}, {"Version": "2008-10-17"}):
        old = policy.compiled({"Statement": [statement], **version})

        assert policy.judge_identity([old], policy.Question("a:B", "ann", ROLE, keys)) is Verdict.SILENT
        assert policy.judge_identity([old], policy.Question("a:B", "${aws:username}", ROLE, keys)) is Verdict.ALLOW


UNKNOWN = [
    pytest.param({"NumericRoughly": {"aws:EpochTime": "1"}}, "NumericRoughly", id="operator"),
    pytest.param({"StringEquals": {"aws:SourceMoon": "full"}}, "aws:sourcemoon", id="global key"),
    pytest.param({"StringEquals": {"aws:PrincipalOrgID": "${aws:Weather}"}}, "aws:weather", id="variable"),
    pytest.param({"Sometimes:StringEquals": {"aws:PrincipalOrgID": "o"}}, "Sometimes", id="quantifier"),
]


@pytest.mark.parametrize(("condition", "named"), UNKNOWN)
def test_what_the_simulator_cannot_judge_is_an_error(condition: scenes.Json, named: str) -> None:
    """Never a silent "no match"."""
    with pytest.raises(SimulatorError, match=named):
        policy.compiled(scenes.allow("*", condition=condition))


def test_an_unknown_operator_over_the_wire_is_a_500_with_clear_text(server: SimulatorServer) -> None:
    """The client learns that the simulator, not AWS, is the limit."""
    bad = scenes.may_copy(condition={"DateAround": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}})
    answer = scenes.signed(
        server,
        "backup",
        "PUT",
        "/backup-vaults/backups/access-policy",
        body=json.dumps({"Policy": json.dumps(bad)}).encode(),
    )

    assert answer.status == 501
    assert answer.json["Message"].startswith("The simulator cannot tell: ")
    assert "DateAround" in answer.json["Message"]


MALFORMED = [
    pytest.param({"Version": "2012-10-17"}, id="no statement is given"),
    pytest.param({"Version": "2020-01-01", "Statement": [{"Effect": "Allow", "Action": "*"}]}, id="unknown version"),
    pytest.param(scenes.policy({"Effect": "Maybe", "Action": "*"}), id="unknown effect"),
    pytest.param(scenes.policy({"Effect": "Allow"}), id="no action"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "CopyIntoBackupVault"}), id="an action of no service"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "Ressource": "*"}), id="an unknown element"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "NotPrincipal": "*"}), id="NotPrincipal with Allow"),
    pytest.param(scenes.policy({"Effect": "Deny", "Action": "*", "Principal": {"Aws": "*"}}), id="a kind of principal"),
    pytest.param(scenes.allow("*", condition={"NumericEquals": {"aws:EpochTime": "soon"}}), id="no number"),
    pytest.param(scenes.allow("*", condition={"DateEquals": {"aws:CurrentTime": "soon"}}), id="no date"),
    pytest.param(scenes.allow("*", condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/40"}}), id="no address"),
    pytest.param(scenes.allow("*", condition={"Bool": {"aws:SecureTransport": "yes"}}), id="no boolean"),
    pytest.param(scenes.allow("*", condition={"BinaryEquals": {"x:y": "?"}}), id="no base64"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "NotAction": "*"}), id="both action and NotAction"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "Condition": []}), id="a condition that is a list"),
    pytest.param({"Version": "2012-10-17", "Statement": ["x"]}, id="a statement that is a text"),
    pytest.param(scenes.allow("*") | {"Version": ["2012-10-17"]}, id="a version in a list"),
    pytest.param(scenes.allow("*") | {"Version": {}}, id="a version that is an object"),
    pytest.param(scenes.allow("*") | {"Id": ["x"]}, id="an id in a list"),
    pytest.param(scenes.policy({"Effect": ["Allow"], "Action": "*"}), id="an effect in a list"),
    pytest.param(scenes.policy({"Effect": {}, "Action": "*"}), id="an effect that is an object"),
    pytest.param(scenes.policy({"Effect": "Allow", "Action": "*", "Sid": ["x"]}), id="a statement id in a list"),
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
    pytest.param({"Federated": "arn:aws:iam::111111111111:oidc-provider/x"}, Verdict.SILENT, id="a provider"),
    pytest.param({"AWS": ROLE.identity_arn}, Verdict.ALLOW, id="the role's ARN, where nobody anchored it"),
    pytest.param({"AWS": "111111111111"}, Verdict.DELEGATE, id="the account's id"),
    pytest.param({"AWS": ROLE.arn.replace("/s", "/t")}, Verdict.SILENT, id="another session of the role"),
]


@pytest.mark.parametrize(("principal", "verdict"), PRINCIPALS)
def test_principals_of_resource_policies_match(principal: Any, verdict: Verdict) -> None:
    """Who is named decides between allowed, left to the account, and not meant."""
    question = policy.Question("backup:CopyIntoBackupVault", VAULT, ROLE, {})

    assert policy.judge_resource(policy.compiled(scenes.may_copy(principal)), question) is verdict


ROOT = "arn:aws:iam::111111111111:root"
SPARED = [
    pytest.param([ROOT, "AROA1", ROLE.arn], False, False, id="account, role and session"),
    pytest.param([ROOT, "AROA1"], False, True, id="without the session"),
    pytest.param([ROOT, ROLE.arn], False, True, id="without the role"),
    pytest.param(["AROA1", ROLE.arn], False, True, id="without the account"),
    pytest.param([ROOT], False, True, id="the account only"),
    pytest.param(["arn:aws:iam::222222222222:root"], False, True, id="another account"),
    pytest.param([ROOT, "AROA1", ROLE.arn], True, True, id="whoever has a boundary"),
]


@pytest.mark.parametrize(("listed", "bounded", "denied"), SPARED)
def test_not_principal_spares_only_who_is_listed_in_full(listed: list[str], bounded: bool, denied: bool) -> None:
    """A Deny with NotPrincipal catches everybody else."""
    statement = {"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"}
    question = policy.Question("backup:DeleteRecoveryPoint", VAULT, ROLE, {})
    found = policy.granted(policy.compiled(scenes.policy(statement)), question, bounded=bounded)

    assert (found is None) is denied


def test_principals_are_put_and_read_back_in_every_form(server: SimulatorServer) -> None:
    """NotPrincipal is anchored too, and a canonical user id becomes the account."""
    client = scenes.client(server, "kms", scenes.SOURCE)
    key = client.describe_key(KeyId="alias/vault")["KeyMetadata"]["KeyId"]
    operator = f"arn:aws:iam::{scenes.SOURCE}:role/operator"
    spared = {"AWS": [scenes.SOURCE, operator]}
    deny = {"Effect": "Deny", "NotPrincipal": spared, "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}
    canonical = {"CanonicalUser": anchors.canonical(scenes.SOURCE)}
    allow = {"Effect": "Allow", "Principal": canonical, "Action": "kms:*", "Resource": "*"}
    put = scenes.text(scenes.policy(deny, allow))
    client.put_key_policy(KeyId=key, PolicyName="default", Policy=put)
    found = json.loads(client.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"]

    assert found[0]["NotPrincipal"] == {"AWS": [f"arn:aws:iam::{scenes.SOURCE}:root", operator]}
    assert found[1]["Principal"] == {"AWS": f"arn:aws:iam::{scenes.SOURCE}:root"}


FILLED = [
    pytest.param("StringEquals", "aws:PrincipalOrgID", "o-simulator01", id="organization"),
    pytest.param("StringLike", "aws:PrincipalOrgPaths", "o-simulator01/r-cv01/ou-cv01-workloads1/*", id="path"),
    pytest.param("StringEquals", "aws:PrincipalAccount", scenes.SOURCE, id="account"),
    pytest.param("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{scenes.SOURCE}:role/reader", id="role"),
    pytest.param("StringLike", "aws:userid", "AROA*:test", id="user id"),
    pytest.param("StringEquals", "aws:PrincipalType", "AssumedRole", id="type"),
    pytest.param("StringEquals", "aws:PrincipalTag/Team", "storage", id="tag of the role"),
    pytest.param("StringEquals", "aws:ResourceTag/Stage", "prod", id="tag of the vault"),
    pytest.param("StringEquals", "aws:ResourceAccount", scenes.SOURCE, id="owner"),
    pytest.param("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}", id="owner's organization"),
    pytest.param("IpAddress", "aws:SourceIp", "127.0.0.0/8", id="address"),
    pytest.param("StringLike", "aws:UserAgent", "Boto*", id="user agent"),
    pytest.param("DateGreaterThan", "aws:CurrentTime", "2026-02-28T00:00:00Z", id="time"),
    pytest.param("DateLessThan", "aws:CurrentTime", "2026-03-02T00:00:00Z", id="virtual time"),
    pytest.param("NumericLessThan", "aws:EpochTime", "1772409600", id="epoch"),
    pytest.param("DateEquals", "aws:TokenIssueTime", "2026-03-01T00:00:00Z", id="session's beginning"),
    pytest.param("Bool", "aws:MultiFactorAuthPresent", "false", id="MFA"),
    pytest.param("Bool", "aws:SecureTransport", "true", id="TLS"),
    pytest.param("Bool", "aws:ViaAWSService", "false", id="no service between"),
    pytest.param("StringEquals", "aws:RequestedRegion", scenes.HOME, id="Region"),
    pytest.param("Null", "aws:SourceVpce", "true", id="no VPC endpoint"),
]


@pytest.mark.parametrize(("operator", "key", "value"), FILLED)
def test_the_simulator_fills_the_keys_of_every_call(
    server: SimulatorServer, operator: str, key: str, value: str
) -> None:
    """A role whose only right depends on the key may."""
    scene = scenes.world()
    reader = scenes.account(scene, scenes.SOURCE)["roles"][2]
    reader["tags"] = {"team": "storage"}
    reader["policies"] = [scenes.allow("backup:DescribeBackupVault", condition={operator: {key: value}})]
    scenes.source_vault(scene)["tags"] = {"Stage": "prod"}
    server.control.load(scene)
    client = scenes.session_client(server, "backup", scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader"))

    assert client.describe_backup_vault(BackupVaultName="backups")["BackupVaultName"] == "backups"


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


JUDGED_APART = [
    pytest.param("kms", "describe_key", {"KeyId": "alias/vault"}, id="KMS"),
    pytest.param("sqs", "get_queue_url", {"QueueName": "queue"}, id="SQS"),
    pytest.param(
        "events", "put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}, id="EventBridge"
    ),
]


@pytest.mark.parametrize(("service", "operation", "params"), JUDGED_APART)
@pytest.mark.parametrize(("network", "allowed"), [("127.0.0.0/8", True), ("203.0.113.0/24", False)])
def test_services_with_policies_of_resources_know_the_address_too(
    server: SimulatorServer, service: str, operation: str, params: scenes.Json, network: str, allowed: bool
) -> None:
    """They judge by themselves, with the same keys as all others."""
    scene = scenes.world()
    here = scenes.allow("*", condition={"IpAddress": {"aws:SourceIp": network}})
    source = scenes.account(scene, scenes.SOURCE)
    source["roles"][2]["policies"] = [here]
    source["keys"][0]["policy"] = None
    server.control.load(scene)
    scenes.client(server, "sqs", scenes.SOURCE).create_queue(QueueName="queue")
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    call = getattr(scenes.session_client(server, service, session), operation)
    if allowed:
        assert call(**params)["ResponseMetadata"]["HTTPStatusCode"] == 200
        return
    with scenes.refused() as refusal:
        call(**params)
    assert refusal.code in {"AccessDenied", "AccessDeniedException"}
