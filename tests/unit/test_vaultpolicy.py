"""Whose statements are whose in a vault policy, and what a vault policy decides."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.builders import ORGANIZATION, ROLE, SOURCE_ID, TARGET_ARN, desired, destination, target_vault

from crossvault import vaultpolicy
from crossvault.model import DeletionPolicy, Ownership
from crossvault.vaultpolicy import Caller, MalformedPolicyError, Verdict, put, remove, statement_for, verdict

OURS = statement_for(ROLE)
CALLER = Caller(ROLE, SOURCE_ID, ORGANIZATION, ORGANIZATION)
ROOT = f"arn:aws:iam::{SOURCE_ID}:root"

# --- Random documents, as odd as JSON allows -----------------------------------------------------------------------

WORDS = st.text(alphabet='aZ0 {}[]",:\\/ü\u2028\U0001f512', max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])}, optional={"Sid": WORDS, "Condition": VALUES, "Principal": VALUES}
)


def _space(dice: Random) -> str:
    return "".join(dice.choices(" \t\n\r", k=dice.choice((0, 0, 1, 3))))


def _write(value: object, dice: Random) -> str:
    """Write a value as JSON with arbitrary white space and escapes."""
    if isinstance(value, dict):
        members = [
            f"{_space(dice)}{_write(name, dice)}{_space(dice)}:{_item(each, dice)}" for name, each in value.items()
        ]
        return "{" + (",".join(members) or _space(dice)) + "}"
    if isinstance(value, list):
        return "[" + (",".join(_item(each, dice) for each in value) or _space(dice)) + "]"
    return json.dumps(value, ensure_ascii=dice.choice((True, False)))


def _item(value: object, dice: Random) -> str:
    return f"{_space(dice)}{_write(value, dice)}{_space(dice)}"


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Write a policy document and list the texts of its statements."""
    dice = draw(st.randoms(use_true_random=True))
    texts = [_write(each, dice) for each in draw(st.lists(STATEMENTS, max_size=3))]
    body = "[" + (",".join(f"{_space(dice)}{each}{_space(dice)}" for each in texts) or _space(dice)) + "]"
    if len(texts) == 1 and draw(st.booleans()):
        body = texts[0]
    name = dice.choice(('"Statement"', '"\\u0053tatement"'))
    members = [f"{_space(dice)}{name}{_space(dice)}:{_space(dice)}{body}{_space(dice)}"]
    if draw(st.booleans()):
        members.insert(dice.choice((0, 1)), f'{_space(dice)}"Version"{_space(dice)}:{_space(dice)}"2012-10-17"')
    if draw(st.booleans()):
        members.insert(0, '"Id":"an \\"Statement\\": [] in a text"')
    return _space(dice) + "{" + ",".join(members) + "}" + _space(dice), texts


@given(documents())
def test_invariant_3_foreign_statements_survive_put_and_remove_byte_for_byte(drawn: tuple[str, list[str]]) -> None:
    """Every foreign statement stands in the result as it was written, in the same order."""
    document, texts = drawn
    after = put(document, OURS)
    back = remove(after, OURS["Sid"])

    for result in filter(None, (after, back)):
        position = 0
        for text in texts:
            position = result.index(text, position) + len(text)
    assert vaultpolicy.statements(after) == (*vaultpolicy.statements(document), OURS)
    assert vaultpolicy.statements(back) == vaultpolicy.statements(document)
    assert (back is None) == (not texts)


@given(documents())
def test_putting_twice_is_putting_once(drawn: tuple[str, list[str]]) -> None:
    """The statement replaces itself, and a removal removes it wholly."""
    once = put(drawn[0], OURS)

    assert put(once, OURS) == once
    assert remove(remove(once, OURS["Sid"]) or '{"Statement":[]}', OURS["Sid"]) == remove(once, OURS["Sid"])


@given(documents())
def test_an_outdated_statement_is_replaced_in_its_place(drawn: tuple[str, list[str]]) -> None:
    """Position and surroundings of our statement stay when it changes."""
    document, _ = drawn
    old = {**OURS, "Principal": {"AWS": "AROAEXAMPLE"}}
    before = put(document, old)
    after = put(before, OURS)

    assert after.replace(json.dumps(OURS, separators=(",", ":")), "") == before.replace(
        json.dumps(old, separators=(",", ":")), ""
    )


def test_every_statement_with_our_sid_is_removed() -> None:
    """Doubles of our statement go, whatever stands between them."""
    ours, theirs = json.dumps(OURS), '{ "Sid": "x" }'
    document = f'{{"Statement":[{ours},{theirs},{ours}, {theirs} ,{ours}]}}'

    assert remove(document, OURS["Sid"]) == f'{{"Statement":[{theirs},{theirs}]}}'


def test_the_last_of_two_statement_members_is_the_one_that_counts() -> None:
    """A repeated member is edited where every reader of JSON looks."""
    document = '{"Statement":[],"Statement":[{"Sid":"x"}]}'

    assert vaultpolicy.statements(put(document, OURS)) == ({"Sid": "x"}, OURS)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Statement":1}', '{"Statement":[1]}', "{", '"Statement"', "null"])
def test_what_is_no_policy_is_refused_and_never_overwritten(text: str) -> None:
    """A document that cannot be read raises instead of being replaced."""
    for act in (vaultpolicy.statements, lambda it: put(it, OURS), lambda it: remove(it, OURS["Sid"])):
        with pytest.raises(MalformedPolicyError):
            act(text)


def test_no_document_becomes_one_with_our_statement_and_back() -> None:
    """Where nothing stood, nothing stays."""
    document = put(None, OURS)

    assert json.loads(document) == {"Version": "2012-10-17", "Statement": [OURS]}
    assert remove(document, OURS["Sid"]) is None


def test_the_sid_follows_from_the_role_alone() -> None:
    """Policies with one copy role share a statement; other roles have their own."""
    other = statement_for(ROLE + "2")

    assert vaultpolicy.sid_of(ROLE) == OURS["Sid"] != other["Sid"]
    assert OURS["Sid"].isalnum()


def test_only_managed_destinations_are_claimed_and_none_on_deletion() -> None:
    """A policy claims the statements it keeps, as long as it lives."""
    two = (destination(), destination("b", vault=target_vault("b"), vault_policy=Ownership.CHECK))
    gone = desired(*two, deleting=True, deletion_policy=DeletionPolicy.REMOVE_OWNED)

    assert vaultpolicy.claims_of(desired(*two)) == {(TARGET_ARN, OURS["Sid"])}
    assert vaultpolicy.claims_of(gone) == frozenset()


# --- Comparing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param({}, True, id="the same"),
        pytest.param({"Principal": {"AWS": [ROLE]}}, True, id="a list of one principal"),
        pytest.param({"Action": ["backup:CopyIntoBackupVault"]}, True, id="a list of one action"),
        pytest.param({"Resource": ["*"]}, True, id="a list of one resource"),
        pytest.param({"Principal": {"AWS": "AROAEXAMPLEID"}}, False, id="the unique id of a deleted role"),
        pytest.param({"Principal": {"AWS": [ROLE, ROOT]}}, False, id="one more principal"),
        pytest.param({"Effect": "Deny"}, False, id="the other effect"),
        pytest.param({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False, id="a condition"),
        pytest.param({"Action": ["backup:CopyIntoBackupVault", "backup:*"]}, False, id="one more action"),
    ],
)
def test_statements_are_compared_by_meaning(other: dict[str, Any], *, same: bool) -> None:
    """What AWS rewrites is the same; what somebody changed is not."""
    assert vaultpolicy.same_meaning(OURS, {**OURS, **other}) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"AWS": SOURCE_ID}, {"AWS": ROOT}, id="a bare account id and its root"),
        pytest.param({"AWS": SOURCE_ID}, {"AWS": f"arn:aws-cn:iam::{SOURCE_ID}:root"}, id="a root in China"),
        pytest.param("*", {"AWS": "*"}, id="everybody in short"),
        pytest.param({"AWS": [ROLE, ROOT]}, {"AWS": [ROOT, ROLE]}, id="another order"),
    ],
)
def test_principals_have_several_spellings(one: object, other: object) -> None:
    """The spellings AWS treats alike are alike."""
    assert vaultpolicy.same_meaning({"Principal": one}, {"Principal": other})


# --- Deciding ------------------------------------------------------------------------------------------------------


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(condition: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
        **members,
    }
    return {key: value for key, value in statement.items() if value is not None} | (
        {"Condition": condition} if condition else {}
    )


def _deny(condition: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return _allow(condition, Effect="Deny", **members)


A, N, D, U = Verdict.ALLOWED, Verdict.NOT_ALLOWED, Verdict.DENIED, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"Principal": {"AWS": ROLE}}, A, id="the role"),
        pytest.param({"Principal": {"AWS": ROOT}}, A, id="the account's root"),
        pytest.param({"Principal": {"AWS": SOURCE_ID}}, A, id="the bare account id"),
        pytest.param({"Principal": "*"}, A, id="everybody"),
        pytest.param({"Principal": {"AWS": ["arn:aws:iam::333333333333:root", ROLE]}}, A, id="one of several"),
        pytest.param({"Principal": {"AWS": "arn:aws:iam::333333333333:root"}}, N, id="another account"),
        pytest.param(
            {"Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:role/path/copy-role"}}, N, id="the name under a path"
        ),
        pytest.param({"Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:role/*"}}, N, id="a pattern is no principal"),
        pytest.param({"Principal": {"AWS": "AROAEXAMPLEID"}}, N, id="a deleted role"),
        pytest.param({"Principal": {"Service": "backup.amazonaws.com"}}, N, id="the service"),
        pytest.param(
            {"Principal": {"AWS": f"arn:aws:sts::{SOURCE_ID}:assumed-role/copy-role/session"}}, U, id="one session"
        ),
        pytest.param({"Principal": None}, N, id="nobody"),
        pytest.param({"Action": "backup:CopyFromBackupVault"}, N, id="copying out"),
        pytest.param({"Action": ["backup:DeleteRecoveryPoint", "BACKUP:copyintobackupvault"]}, A, id="other case"),
        pytest.param({"Action": "backup:Copy*"}, A, id="an action pattern"),
        pytest.param({"Action": None, "NotAction": "backup:Delete*"}, A, id="all but deleting"),
        pytest.param({"Action": None, "NotAction": ["backup:*"]}, N, id="all but backups"),
        pytest.param({"Resource": TARGET_ARN}, A, id="this vault"),
        pytest.param({"Resource": "arn:aws:backup:*:222222222222:backup-vault:*"}, A, id="a vault pattern"),
        pytest.param({"Resource": TARGET_ARN.replace("vault:orders", "vault/orders")}, N, id="a wrong separator"),
        pytest.param({"Resource": TARGET_ARN + "-2"}, N, id="another vault"),
        pytest.param({"Resource": None, "NotResource": TARGET_ARN}, N, id="every vault but this one"),
    ],
)
def test_an_allow_has_to_name_role_action_and_vault(members: dict[str, Any], expected: Verdict) -> None:
    """The role may copy in when one Allow statement means it."""
    assert verdict(_document(_allow(**members)), CALLER, TARGET_ARN) is expected


ORG = "aws:PrincipalOrgID"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param({"StringEquals": {ORG: ORGANIZATION}}, True, id="the organization"),
        pytest.param({"StringEquals": {"aws:principalORGid": [ORGANIZATION]}}, True, id="keys have no case"),
        pytest.param({"StringEquals": {ORG: "o-other"}}, False, id="another organization"),
        pytest.param({"StringEquals": {ORG: ["o-other", ORGANIZATION]}}, True, id="one of two organizations"),
        pytest.param({"StringNotEquals": {ORG: ["o-other", ORGANIZATION]}}, False, id="neither of two organizations"),
        pytest.param({"StringEqualsIgnoreCase": {ORG: ORGANIZATION.upper()}}, True, id="without regard to case"),
        pytest.param({"StringLike": {ORG: "o-ex?mple*"}}, True, id="a pattern"),
        pytest.param({"StringEquals": {ORG: "o-*"}}, False, id="a pattern in an equality"),
        pytest.param({"StringLike": {ORG: "[o]-*"}}, False, id="brackets are no wildcards"),
        pytest.param({"StringEquals": {ORG: "${aws:ResourceOrgID}"}}, True, id="a policy variable"),
        pytest.param({"StringEquals": {ORG: "${aws:SourceVpc}"}}, None, id="an unknown policy variable"),
        pytest.param({"StringNotEquals": {ORG: "${aws:SourceVpc}"}}, None, id="an unknown policy variable negated"),
        pytest.param({"StringEquals": {ORG: "${backup:Invented}"}}, False, id="a variable without value"),
        pytest.param({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/copy-role"}}, True, id="a role pattern"),
        pytest.param({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/copy-*"}}, True, id="equality of ARNs"),
        pytest.param({"ArnLike": {"aws:PrincipalArn": "arn:*:role/copy-role"}}, False, id="a * over colons"),
        pytest.param({"ArnNotLike": {"aws:PrincipalArn": ROLE}}, False, id="any role but this"),
        pytest.param({"StringEquals": {"aws:PrincipalAccount": SOURCE_ID}}, True, id="the account"),
        pytest.param({"StringEquals": {"aws:ResourceAccount": "222222222222"}}, True, id="the vault's account"),
        pytest.param({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-*/*"}}, None, id="paths"),
        pytest.param({"Bool": {"aws:SecureTransport": True}}, None, id="the transport"),
        pytest.param({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None, id="an address"),
        pytest.param({"StringMatchesSomehow": {ORG: ORGANIZATION}}, None, id="an operator nobody knows"),
        pytest.param({"StringEquals": ["o-other"]}, None, id="an operator without keys"),
        pytest.param({"StringEquals": {"backup:CopySourceArn": "x"}}, False, id="an invented key"),
        pytest.param({"StringNotEquals": {"backup:CopyTargets": "x"}}, True, id="an invented key negated"),
        pytest.param({"StringEqualsIfExists": {"backup:CopySourceArn": "x"}}, True, id="an invented key if it exists"),
        pytest.param({"StringEqualsIfExists": {ORG: "o-other"}}, False, id="a known key if it exists"),
        pytest.param({"ForAllValues:StringEquals": {"backup:CopyTargets": "x"}}, True, id="all of no values"),
        pytest.param({"ForAllValues:ArnNotLike": {"backup:CopyTargets": "x"}}, True, id="all of no values negated"),
        pytest.param({"ForAnyValue:StringEquals": {"backup:CopyTargets": "x"}}, False, id="any of no values"),
        pytest.param({"ForAnyValue:ArnNotEquals": {"backup:CopyTargets": "x"}}, False, id="any of no values negated"),
        pytest.param({"ForAllValues:StringEquals": {ORG: ORGANIZATION}}, True, id="all of one value"),
        pytest.param({"ForAnyValue:StringEquals": {ORG: "o-other"}}, False, id="any of one value"),
        pytest.param({"Null": {"backup:CopySourceRegion": "false"}}, False, id="a key that is there, but is not"),
        pytest.param({"Null": {"backup:CopySourceRegion": True}}, True, id="a key that is not there, as boolean"),
        pytest.param({"Null": {ORG: "true"}}, False, id="no organization"),
        pytest.param({"Null": {"aws:SourceVpc": "true"}}, None, id="presence of an unknown key"),
        pytest.param({"StringEquals": {ORG: ORGANIZATION, "aws:PrincipalAccount": "3"}}, False, id="both of two keys"),
        pytest.param(
            {"StringEquals": {ORG: "o-other"}, "Bool": {"aws:SecureTransport": "true"}}, False, id="one false suffices"
        ),
    ],
)
def test_conditions_hold_fail_or_cannot_be_judged(condition: dict[str, Any], *, holds: bool | None) -> None:
    """The same condition decides an Allow and a Deny, and an open one leaves both open."""
    allowing = verdict(_document(_allow(condition)), CALLER, TARGET_ARN)
    denying = verdict(_document(OURS, _deny(condition)), CALLER, TARGET_ARN)

    assert allowing is {True: A, False: N, None: U}[holds]
    assert denying is {True: D, False: A, None: U}[holds]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param((), N, id="nothing"),
        pytest.param((OURS, _deny()), D, id="a Deny beats an Allow"),
        pytest.param((_deny(),), D, id="a Deny alone"),
        pytest.param((OURS, _deny(Action="backup:DeleteRecoveryPoint")), A, id="a Deny of something else"),
        pytest.param((OURS, _deny(Principal=None, NotPrincipal={"AWS": "*"})), A, id="a Deny for nobody"),
        pytest.param(
            (OURS, _deny(Principal=None, NotPrincipal={"AWS": "arn:aws:iam::3:root"})), D, id="a Deny for all others"
        ),
        pytest.param((OURS, _deny(Principal=None, NotPrincipal={"AWS": ROLE})), U, id="a Deny for all but the role"),
        pytest.param((_allow(Principal={"AWS": "333333333333"}), OURS), A, id="ours besides another's"),
        pytest.param((_allow({"Bool": {"aws:SecureTransport": "true"}}), OURS), A, id="ours besides an open one"),
    ],
)
def test_statements_decide_together(statements: tuple[dict[str, Any], ...], expected: Verdict) -> None:
    """A Deny wins, then an Allow is needed."""
    assert verdict(_document(*statements), CALLER, TARGET_ARN) is expected


def test_no_policy_lets_nobody_in() -> None:
    """A vault without policy refuses other accounts."""
    assert verdict(None, CALLER, TARGET_ARN) is Verdict.NOT_ALLOWED


def test_a_statement_may_stand_alone() -> None:
    """A single statement needs no list."""
    assert verdict(json.dumps({"Statement": OURS}), CALLER, TARGET_ARN) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("organization", "expected"),
    [
        pytest.param(None, U, id="not seen is unknown, never missing"),
        pytest.param("", N, id="no organization has no id"),
    ],
)
def test_invariant_7_an_unseen_organization_leaves_the_policy_open(organization: str | None, expected: Verdict) -> None:
    """An Allow for the organization cannot be judged while the organization is unseen."""
    document = _document(_allow({"StringEquals": {ORG: ORGANIZATION}}))

    assert verdict(document, Caller(ROLE, SOURCE_ID, organization, ORGANIZATION), TARGET_ARN) is expected


@pytest.mark.parametrize("principal", [SOURCE_ID, f"arn:aws-cn:iam::{SOURCE_ID}:root"])
def test_accounts_in_china_are_recognised(principal: str) -> None:
    """A bare account id means the root of its own partition."""
    role = ROLE.replace("arn:aws:", "arn:aws-cn:")
    vault = TARGET_ARN.replace("arn:aws:", "arn:aws-cn:")

    assert verdict(_document(_allow(Principal={"AWS": principal})), Caller(role, SOURCE_ID), vault) is Verdict.ALLOWED
