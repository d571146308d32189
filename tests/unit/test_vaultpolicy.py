"""Our statement in a vault's policy, and what such a policy decides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import (
    ORGANIZATION_ID,
    ROLE,
    SOURCE_ID,
    TARGET_ARN,
    desired,
    destination,
    target_vault,
)

from crossvault.aspects import vault_policy
from crossvault.aspects.vault_policy import claims_of
from crossvault.aspects.vault_policy.statement import COPY_INTO, sid_of, statement_for
from crossvault.engine.declared import DeletionPolicy, Ownership
from crossvault.engine.rows import Prerequisite
from crossvault.iam.context import Caller, NotKnown
from crossvault.iam.documents import MalformedPolicyError
from crossvault.iam.evaluation import Verdict
from crossvault.words.reasons import Reason

OURS = statement_for(ROLE)
PATH, VAULT_PATH = f"{ORGANIZATION_ID}/r-root/ou-root-workloads/", f"{ORGANIZATION_ID}/r-root/ou-root-backups/"
CALLER = Caller(ROLE, SOURCE_ID, ORGANIZATION_ID, ORGANIZATION_ID, PATH, VAULT_PATH)
ROOT = f"arn:aws:iam::{SOURCE_ID}:root"


def verdict(document: str | None, caller: Caller = CALLER) -> Verdict:
    """Return what a policy of the vault decides."""
    return vault_policy.decide(document, caller, TARGET_ARN).verdict


def test_the_sid_follows_from_the_role_alone() -> None:
    """Policies with one copy role share a statement; other roles have their own."""
    other = statement_for(ROLE + "2")

    assert sid_of(ROLE) == OURS["Sid"] != other["Sid"]
    assert OURS["Sid"].isalnum()


def test_every_destination_is_claimed_and_none_on_deletion() -> None:
    """Who only checks a vault's policy needs the statement as much as who keeps it, as long as it lives."""
    two = (destination(), destination("b", vault=target_vault("b"), vault_policy=Ownership.CHECK))
    gone = desired(*two, deleting=True, deletion_policy=DeletionPolicy.REMOVE_OWNED)

    assert claims_of(desired(*two)) == {(each.vault.arn, OURS["Sid"]) for each in two}
    assert claims_of(gone) == frozenset()


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


SESSION = f"arn:aws:sts::{SOURCE_ID}:assumed-role/copy-role/AWSBackup-copy-role"


def _all_but(*spared: str) -> dict[str, Any]:
    return _deny(Principal=None, NotPrincipal={"AWS": list(spared)})


A, N, D, U = Verdict.ALLOWED, Verdict.NOT_ALLOWED, Verdict.DENIED, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"Principal": {"AWS": ROLE}}, A, id="the role"),
        pytest.param({"Principal": {"AWS": ROOT}}, A, id="the account's root"),
        pytest.param({"Principal": {"AWS": SOURCE_ID}}, A, id="the bare account id"),
        pytest.param({"Principal": {"AWS": ROOT.replace("aws:", "aws-cn:")}}, N, id="a root of another partition"),
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
        pytest.param({"Resource": None}, A, id="no resource means the vault it is attached to"),
        pytest.param({"Resource": "arn:aws:backup:*:${aws:ResourceAccount}:*"}, A, id="a variable in the resource"),
        pytest.param({"Resource": "arn:aws:backup:*:${aws:SourceAccount}:*"}, U, id="an unknown variable there"),
        pytest.param({"Resource": "${backup:Invented}"}, N, id="a variable without value there"),
    ],
)
def test_an_allow_has_to_name_role_action_and_vault(members: dict[str, Any], expected: Verdict) -> None:
    """The role may copy in when one Allow statement means it."""
    assert verdict(_document(_allow(**members))) is expected


ORG, PATHS = "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param({"StringEquals": {ORG: ORGANIZATION_ID}}, True, id="the organization"),
        pytest.param({"StringEquals": {"aws:principalORGid": [ORGANIZATION_ID]}}, True, id="keys have no case"),
        pytest.param({"StringEquals": {ORG: "o-other"}}, False, id="another organization"),
        pytest.param({"StringEquals": {ORG: ["o-other", ORGANIZATION_ID]}}, True, id="one of two organizations"),
        pytest.param(
            {"StringNotEquals": {ORG: ["o-other", ORGANIZATION_ID]}}, False, id="neither of two organizations"
        ),
        pytest.param({"StringEqualsIgnoreCase": {ORG: ORGANIZATION_ID.upper()}}, True, id="without regard to case"),
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
        pytest.param({"ForAnyValue:StringLike": {PATHS: "o-*/r-*/*"}}, True, id="a path below a root"),
        pytest.param({"ForAnyValue:StringEquals": {PATHS: PATH}}, True, id="the very path"),
        pytest.param({"ForAnyValue:StringLike": {PATHS: PATH + "ou-*"}}, False, id="only below the unit"),
        pytest.param({"ForAllValues:StringNotLike": {PATHS: PATH + "*"}}, False, id="all paths but this"),
        pytest.param({"ForAnyValue:StringLike": {"aws:ResourceOrgPaths": VAULT_PATH}}, True, id="the vault's path"),
        pytest.param({"StringLike": {ORG: "${*}*"}}, False, id="a star that is a letter"),
        pytest.param({"StringEquals": {ORG: "${aws:Tag/x"}}, False, id="a variable that does not end"),
        pytest.param({"StringEquals": {ORG: "${}"}}, None, id="a variable without a name"),
        pytest.param({"StringEquals": {ORG: "${backup:Invented, 'o-examplecorp'}"}}, True, id="a default"),
        pytest.param(
            {"StringEquals": {ORG: "${aws:SourceVpc, 'o-examplecorp'}"}}, None, id="a default that may not be"
        ),
        pytest.param({"ArnLike": {"aws:PrincipalArn": "*"}}, None, id="a star that is no ARN"),
        pytest.param({"ArnLike": {ORG: "arn:aws:iam::*:role/x"}}, None, id="an organization that is no ARN"),
        pytest.param({"Bool": {ORG: "true"}}, None, id="a text as a boolean"),
        pytest.param({"Bool": {"backup:Invented": "true"}}, False, id="an invented boolean"),
        pytest.param({"NumericNotEquals": {"backup:Invented": "1"}}, True, id="an invented number negated"),
        pytest.param({"Some:StringEquals": {ORG: ORGANIZATION_ID}}, None, id="a quantifier nobody knows"),
        pytest.param({"Null": {ORG: ["true", "false"]}}, True, id="presence or absence"),
        pytest.param({"StringNotEquals": {ORG: []}}, True, id="none of no values"),
        pytest.param({"Bool": {"aws:SecureTransport": True}}, None, id="the transport"),
        pytest.param({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None, id="an address"),
        pytest.param({"StringMatchesSomehow": {ORG: ORGANIZATION_ID}}, None, id="an operator nobody knows"),
        pytest.param({"StringEquals": ["o-other"]}, None, id="an operator without keys"),
        pytest.param({"StringEquals": {"backup:CopySourceArn": "x"}}, False, id="an invented key"),
        pytest.param({"StringNotEquals": {"backup:CopyTargets": "x"}}, True, id="an invented key negated"),
        pytest.param({"StringEqualsIfExists": {"backup:CopySourceArn": "x"}}, True, id="an invented key if it exists"),
        pytest.param({"StringEqualsIfExists": {ORG: "o-other"}}, False, id="a known key if it exists"),
        pytest.param({"ForAllValues:StringEquals": {"backup:CopyTargets": "x"}}, True, id="all of no values"),
        pytest.param({"ForAllValues:ArnNotLike": {"backup:CopyTargets": "x"}}, True, id="all of no values negated"),
        pytest.param({"ForAnyValue:StringEquals": {"backup:CopyTargets": "x"}}, False, id="any of no values"),
        pytest.param({"ForAnyValue:ArnNotEquals": {"backup:CopyTargets": "x"}}, False, id="any of no values negated"),
        pytest.param({"ForAllValues:StringEquals": {ORG: ORGANIZATION_ID}}, True, id="all of one value"),
        pytest.param({"ForAnyValue:StringEquals": {ORG: "o-other"}}, False, id="any of one value"),
        pytest.param({"Null": {"backup:CopySourceRegion": "false"}}, False, id="a key that is there, but is not"),
        pytest.param({"Null": {"backup:CopySourceRegion": True}}, True, id="a key that is not there, as boolean"),
        pytest.param({"Null": {ORG: "true"}}, False, id="no organization"),
        pytest.param({"Null": {"aws:SourceVpc": "true"}}, None, id="presence of an unknown key"),
        pytest.param(
            {"StringEquals": {ORG: ORGANIZATION_ID, "aws:PrincipalAccount": "3"}}, False, id="both of two keys"
        ),
        pytest.param(
            {"StringEquals": {ORG: "o-other"}, "Bool": {"aws:SecureTransport": "true"}}, False, id="one false suffices"
        ),
    ],
)
def test_conditions_hold_fail_or_cannot_be_judged(condition: dict[str, Any], *, holds: bool | None) -> None:
    """The same condition decides an Allow and a Deny, and an open one leaves both open."""
    allowing = verdict(_document(_allow(condition)))
    denying = verdict(_document(OURS, _deny(condition)))

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
        pytest.param((OURS, _all_but(ROLE)), D, id="a Deny for all but the role, whose account is not spared"),
        pytest.param((OURS, _all_but(ROOT)), D, id="a Deny for all but the account, whose roles are not spared"),
        pytest.param((OURS, _all_but(ROLE, ROOT)), D, id="a Deny for all but role and account, whose sessions are not"),
        pytest.param((OURS, _all_but(ROLE, SOURCE_ID, SESSION)), U, id="a Deny for all but one session of the role"),
        pytest.param(
            (OURS, _all_but(ROLE, ROOT.replace("aws:", "aws-cn:"), SESSION)), D, id="another partition's root"
        ),
        pytest.param((OURS, _allow(Principal=None, NotPrincipal={"AWS": ROLE})), A, id="an Allow with NotPrincipal"),
        pytest.param((_allow(Principal=None, NotPrincipal={"AWS": ROLE}),), U, id="only an Allow with NotPrincipal"),
        pytest.param((_allow(Principal={"AWS": "333333333333"}), OURS), A, id="ours besides another's"),
        pytest.param((_allow({"Bool": {"aws:SecureTransport": "true"}}), OURS), A, id="ours besides an open one"),
    ],
)
def test_statements_decide_together(statements: tuple[dict[str, Any], ...], expected: Verdict) -> None:
    """A Deny wins, then an Allow is needed."""
    assert verdict(_document(*statements)) is expected


def test_no_policy_lets_nobody_in() -> None:
    """A vault without policy refuses other accounts."""
    assert verdict(None) is Verdict.NOT_ALLOWED


def test_a_statement_may_stand_alone() -> None:
    """A single statement needs no list."""
    assert verdict(json.dumps({"Statement": OURS})) is Verdict.ALLOWED


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_old_documents_have_no_variables(version: str | None) -> None:
    """There ``${...}`` is what it looks like."""
    allow = _allow({"StringEquals": {ORG: "${aws:ResourceOrgID}"}})
    document = {"Statement": [allow]} | ({"Version": version} if version else {})

    assert verdict(json.dumps(document)) is Verdict.NOT_ALLOWED


@pytest.mark.parametrize(
    ("key", "unseen"),
    [
        pytest.param(ORG, {"organization": NotKnown("x")}, id="the organization"),
        pytest.param(PATHS, {"path": NotKnown("x")}, id="the path"),
        pytest.param("aws:ResourceOrgID", {"vault_organization": NotKnown("x")}, id="the vault's organization"),
        pytest.param("aws:ResourceOrgPaths", {"vault_path": NotKnown("x")}, id="the vault's path"),
    ],
)
def test_invariant_7_an_unseen_organization_leaves_the_policy_open(key: str, unseen: dict[str, Any]) -> None:
    """An Allow for the organization cannot be judged while it is unseen; where there is none, it does not apply."""
    document = _document(_allow({"ForAnyValue:StringLike": {key: "o-*"}}))

    assert verdict(document, replace(CALLER, **unseen)) is Verdict.UNKNOWN
    assert verdict(document, replace(CALLER, **dict.fromkeys(unseen, ""))) is Verdict.NOT_ALLOWED


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        pytest.param(SOURCE_ID, A, id="a bare account id is the root of its own partition"),
        pytest.param(f"arn:aws-cn:iam::{SOURCE_ID}:root", A, id="the root in China"),
        pytest.param(ROOT, N, id="the root elsewhere"),
        pytest.param(ROLE, N, id="the role elsewhere"),
    ],
)
def test_accounts_in_china_are_recognised(principal: str, expected: Verdict) -> None:
    """The partition is part of a name."""
    caller = Caller(ROLE.replace("arn:aws:", "arn:aws-cn:"), SOURCE_ID)
    vault = TARGET_ARN.replace("arn:aws:", "arn:aws-cn:")

    found = vault_policy.decide(_document(_allow(Principal={"AWS": principal})), caller, vault)

    assert found.verdict is expected


@pytest.mark.parametrize("effect", [None, "allow", "Permit", 1])
def test_a_statement_without_a_known_effect_is_no_policy(effect: object) -> None:
    """It is neither taken for an Allow nor left out."""
    with pytest.raises(MalformedPolicyError, match=r"statement 1 \(no Sid\) has neither Effect Allow nor Deny"):
        verdict(_document(_allow(Effect=effect)))


# --- Explaining ----------------------------------------------------------------------------------------------------

DENY_ORG = {"StringNotEquals": {ORG: ["o-1", "o-2", "o-3"]}}


def _row(*statements: dict[str, Any], caller: Caller = CALLER, **more: Any) -> Prerequisite:
    return vault_policy.row(desired(), destination(**more), caller, _document(*statements), "ADDED")


@pytest.mark.parametrize(
    ("statements", "reason", "says", "remedy"),
    [
        pytest.param(
            (OURS, _deny(DENY_ORG, Sid="OnlyOurs")),
            Reason.VAULT_POLICY_DENIES,
            f"denies {ROLE} to copy in: statement OnlyOurs (StringNotEquals {ORG} o-1 or o-2 and 1 more:"
            f" it is {ORGANIZATION_ID}).",
            "Remove or narrow statement OnlyOurs: the operator touches only its own.",
            id="a Deny by its Sid, with its condition",
        ),
        pytest.param(
            (OURS, _allow(), _deny()),
            Reason.VAULT_POLICY_DENIES,
            "statement 3 (no Sid) (without a condition).",
            "Remove or narrow statement 3 (no Sid): the operator touches only its own.",
            id="a Deny by its position",
        ),
        pytest.param(
            (_deny(Sid="A b\u202e"), _deny(Sid="Two"), OURS),
            Reason.VAULT_POLICY_DENIES,
            'statement "A b\\u202e" (without a condition), statement Two (without a condition).',
            'Remove or narrow statement "A b\\u202e" and statement Two: the operator touches only its own.',
            id="every Deny, and no letter that turns the line",
        ),
        pytest.param(
            (_deny(Sid="No"),),
            Reason.VAULT_POLICY_DENIES,
            "statement No (without a condition). No statement allows it either, but to add one would not help.",
            "Remove or narrow statement No: the operator touches only its own.",
            id="a Deny before the missing statement",
        ),
        pytest.param(
            (OURS, _all_but(ROLE)),
            Reason.VAULT_POLICY_DENIES,
            "statement 2 (no Sid) (its NotPrincipal lacks the account and the session of the role).",
            "Remove or narrow statement 2 (no Sid): the operator touches only its own.",
            id="whom NotPrincipal lacks",
        ),
        pytest.param(
            (OURS, _deny({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, Sid="Vpc")),
            Reason.VAULT_POLICY_UNCLEAR,
            "depends on statement Vpc (aws:SourceVpc is not known from here).",
            "copies are tried",
            id="a key that is not known",
        ),
        pytest.param(
            (OURS, _deny({"StringFits": {ORG: "x"}}, Sid="Odd")),
            Reason.VAULT_POLICY_UNCLEAR,
            f"depends on statement Odd ({ORG}: the operator StringFits is not one that can be decided here).",
            "copies are tried",
            id="an operator that is not decided",
        ),
        pytest.param(
            (OURS, _deny({"StringEquals": {ORG: "${aws:SourceVpc}"}}, Sid="Odd")),
            Reason.VAULT_POLICY_UNCLEAR,
            f"depends on statement Odd ({ORG} is compared with ${{aws:SourceVpc}}, which is not known from here).",
            "copies are tried",
            id="a variable that is not known",
        ),
        pytest.param(
            (OURS, _all_but(ROLE, ROOT, SESSION)),
            Reason.VAULT_POLICY_UNCLEAR,
            "(its NotPrincipal spares one session of the role, and the name of AWS Backup's is not documented).",
            "copies are tried",
            id="one session of the role",
        ),
        pytest.param(
            (_allow({"StringEquals": {"backup:CopySourceArn": "x"}}, Sid="Wrong"),),
            Reason.VAULT_POLICY_MISSING,
            f"(statement {OURS['Sid']}). What speaks of it does not mean it: statement Wrong"
            " (StringEquals backup:CopySourceArn x: the request is without backup:CopySourceArn).",
            "ADDED",
            id="an Allow that never matches",
        ),
        pytest.param(
            (_allow(Principal={"AWS": "AROAEXAMPLEID"}, Resource="arn:aws:backup:*:*:backup-vault/x"),),
            Reason.VAULT_POLICY_MISSING,
            "statement 1 (no Sid) (its Principal is a role that was deleted, also if made anew: AROAEXAMPLEID;"
            " its Resource does not mean this vault).",
            "ADDED",
            id="an Allow for a deleted role and a misspelt vault",
        ),
        pytest.param(
            (_deny({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, Sid="Vpc"),),
            Reason.VAULT_POLICY_MISSING,
            "What may deny it all the same: statement Vpc (aws:SourceVpc is not known from here).",
            "ADDED",
            id="nothing, and a Deny that is not certain",
        ),
        pytest.param((), Reason.VAULT_POLICY_MISSING, f"(statement {OURS['Sid']}).", "ADDED", id="nothing"),
    ],
)
def test_a_verdict_explains_itself(
    statements: tuple[dict[str, Any], ...], reason: Reason, says: str, remedy: str
) -> None:
    """A row names the statement, the condition that matters and the remedy."""
    row = _row(*statements)

    assert row.reason is reason
    assert row.message.endswith(says)
    assert remedy in row.remedy
    assert row.blocks == (reason is not Reason.VAULT_POLICY_UNCLEAR)


def test_what_could_not_be_looked_at_says_why() -> None:
    """The refusal of AWS stands in the row, so that a person can end it."""
    caller = replace(CALLER, path=NotKnown("is not known: Role crossvault may not do that"))
    row = _row(_allow({"ForAnyValue:StringLike": {PATHS: "o-*"}}, Sid="Unit"), caller=caller)

    assert f"statement Unit ({PATHS} is not known: Role crossvault may not do that)." in row.message


def test_many_statements_are_counted() -> None:
    """A message stays readable."""
    row = _row(*(_deny(Sid=f"No{number}") for number in range(9)))

    assert "statement No2 (without a condition) and 6 more." in row.message


def test_an_unreadable_policy_says_what_is_wrong_with_it() -> None:
    """And that nothing is written into it."""
    row = vault_policy.row(desired(), destination(), CALLER, "{", "ADDED")

    assert row.reason is Reason.VAULT_POLICY_UNCLEAR
    assert row.message.startswith("The policy of vault orders-copies cannot be read: Expecting property name")


def test_checked_policies_say_what_to_add() -> None:
    """Where the operator does not write, a person does."""
    row = _row(vault_policy=Ownership.CHECK)

    assert row.remedy == f"Set vaultPolicy: Manage, or add a statement that allows {ROLE} the action {COPY_INTO}."
