"""What two statements differ in, however they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import ROLE, SOURCE_ID

from crossvault.aspects.vault_policy.statement import statement_for
from crossvault.iam.meaning import differences, same_meaning

OURS = statement_for(ROLE)
ROOT = f"arn:aws:iam::{SOURCE_ID}:root"
INTO = "backup:CopyIntoBackupVault"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="the same"),
        pytest.param({"Principal": {"AWS": [ROLE]}}, id="a list of one principal"),
        pytest.param({"Principal": {"AWS": [ROLE, ROLE]}}, id="a principal twice"),
        pytest.param({"Action": [INTO]}, id="a list of one action"),
        pytest.param({"Action": [INTO, INTO]}, id="an action twice"),
        pytest.param({"Action": "BACKUP:copyIntoBackupVault"}, id="letters of actions have no case"),
        pytest.param({"Resource": ["*"]}, id="a list of one resource"),
        pytest.param({"Condition": {}}, id="a condition without a test"),
        pytest.param({"Condition": {"StringEquals": {}}}, id="an operator without a test"),
    ],
)
def test_what_aws_rewrites_is_the_same(other: dict[str, Any]) -> None:
    """No drift where nothing has another meaning."""
    assert differences(OURS, {**OURS, **other}) == ()


@pytest.mark.parametrize(
    ("other", "clauses"),
    [
        pytest.param({"Principal": {"AWS": "AROAEXAMPLEID"}}, ["Principal is AROAEXAMPLEID"], id="a deleted role"),
        pytest.param({"Principal": {"AWS": [ROLE, ROOT]}}, [f"Principal is {ROLE}, {ROOT}"], id="one more principal"),
        pytest.param({"Principal": "*"}, ["Principal is *"], id="everybody"),
        pytest.param({"Principal": {"Service": "a.b"}}, ["Principal is Service a.b"], id="a service"),
        pytest.param({"Effect": "Deny"}, ["Effect is Deny"], id="the other effect"),
        pytest.param(
            {"Condition": {"StringEquals": {"aws:SourceVpc": "v"}, "Bool": {"aws:SecureTransport": True}}},
            ["Condition was added: aws:SourceVpc, aws:SecureTransport"],
            id="conditions",
        ),
        pytest.param({"Condition": "x"}, ["Condition was added: x"], id="a condition that is none"),
        pytest.param({"Action": [INTO, "backup:*"]}, [f"Action is {INTO}, backup:*"], id="one more action"),
        pytest.param({"Action": []}, ["Action is empty"], id="no action"),
        pytest.param({"Resource": "arn:x"}, ["Resource is arn:x"], id="another resource"),
        pytest.param({"NotResource": "arn:x"}, ["NotResource was added: arn:x"], id="a member more"),
        pytest.param({"Action": list("abcde")}, ["Action is a, b, c and 2 more"], id="many"),
        pytest.param({"Action": "x\u202e"}, ["Action is x\\u202e"], id="letters that turn the line"),
        pytest.param(
            {"Effect": "Deny", "Principal": "*"}, ["Effect is Deny", "Principal is *"], id="two things at once"
        ),
    ],
)
def test_drift_says_what_differs(other: dict[str, Any], clauses: list[str]) -> None:
    """One clause a member, with what is there now."""
    assert list(differences(OURS, {**OURS, **other})) == clauses


def test_what_is_gone_is_named() -> None:
    """A member or a condition that was taken out."""
    limited = {**OURS, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}

    assert differences(OURS, {key: OURS[key] for key in OURS if key != "Resource"}) == ("Resource was removed",)
    assert differences(limited, OURS) == ("Condition was removed: aws:PrincipalOrgID",)
    other = {**OURS, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-2"}}}
    assert differences(limited, other) == ("Condition is other: aws:PrincipalOrgID",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"AWS": SOURCE_ID}, {"AWS": ROOT}, True, id="a bare account id and its root"),
        pytest.param({"AWS": ROOT}, {"AWS": SOURCE_ID}, True, id="a root and its bare account id"),
        pytest.param({"AWS": ROOT}, {"AWS": ROOT.replace("aws:", "aws-cn:")}, False, id="roots of two partitions"),
        pytest.param({"AWS": ROOT.replace("aws:", "aws-cn:")}, {"AWS": SOURCE_ID}, True, id="a bare id in China"),
        pytest.param("*", {"AWS": "*"}, True, id="everybody in short"),
        pytest.param({"AWS": [ROLE, ROOT]}, {"AWS": [ROOT, ROLE]}, True, id="another order"),
        pytest.param("*", "x", False, id="what is no principal"),
    ],
)
def test_principals_have_several_spellings(one: object, other: object, *, same: bool) -> None:
    """The spellings AWS treats alike are alike; a partition is part of a name."""
    assert same_meaning({"Principal": one}, {"Principal": other}) is same


CONDITIONS = st.dictionaries(
    st.sampled_from(["StringEquals", "Bool"]),
    st.dictionaries(st.sampled_from(["aws:A", "aws:B"]), st.lists(st.sampled_from(["x", "y"]), min_size=1), max_size=2),
    max_size=2,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": st.lists(st.sampled_from([INTO, "backup:List*"]), min_size=1),
        "Principal": st.lists(st.sampled_from([ROOT, ROLE]), min_size=1).map(lambda them: {"AWS": them}),
        "Condition": CONDITIONS,
    },
)


def _rewritten(value: Any, member: str = "") -> Any:
    """Write the same in the other ways that AWS and people have."""
    if isinstance(value, dict):
        return {key: _rewritten(each, member or key) for key, each in reversed(value.items())}
    if isinstance(value, list):
        texts = [each.upper() if member == "Action" else each.replace(ROOT, SOURCE_ID) for each in reversed(value)]
        return texts[0] if len(texts) == 1 else texts
    return value


@given(STATEMENTS)
def test_another_way_to_write_it_is_no_difference(statement: dict[str, Any]) -> None:
    """Neither order nor lists, letter case of actions or account ids."""
    assert differences(statement, _rewritten(statement)) == ()


@given(STATEMENTS, STATEMENTS)
def test_a_difference_is_one_from_both_sides(one: dict[str, Any], other: dict[str, Any]) -> None:
    """And always has words."""
    assert bool(differences(one, other)) == bool(differences(other, one))
    assert all(differences(one, other))
