"""A key's policy that would take away the caller's own right to write it is never written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossvault.aspects.source_keys import guard
from crossvault.aspects.source_keys.statement import statements_for
from crossvault.engine.declared import Account
from crossvault.iam import documents

ID, KEY = "111111111111", "arn:aws:kms:eu-west-1:111111111111:key/1"
ROLE, OTHER = f"arn:aws:iam::{ID}:role/crossvault-source", f"arn:aws:iam::{ID}:role/admin"
OWN, ROLELESS = Account("production", ID, ROLE), Account("production", ID)

Json = dict[str, Any]


def statement(principal: object, action: object = "kms:*", effect: str = "Allow", **members: Any) -> Json:
    """Return a statement of a key's policy."""
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*", **members}


def policy(*statements: Json) -> str:
    """Return a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ACCOUNT = statement({"AWS": f"arn:aws:iam::{ID}:root"})
BY_ROLE, BY_OTHER = statement({"AWS": ROLE}), statement({"AWS": OTHER})
USE_ONLY = statement({"AWS": ROLE}, ["kms:Decrypt", "kms:DescribeKey"])
DENY = statement({"AWS": "*"}, "kms:PutKeyPolicy", "Deny")
DENY_OTHERS = statement({"AWS": "*"}, "kms:Put*", "Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": OTHER}})
PERHAPS = statement({"AWS": ROLE}, Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
PERHAPS_DENY = statement({"AWS": "*"}, "kms:*", "Deny", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})
OURS = statements_for([ROLE])


@pytest.mark.parametrize(
    ("before", "after", "shut"),
    [
        pytest.param([ACCOUNT], [ACCOUNT, *OURS], False, id="only added to"),
        pytest.param([ACCOUNT], [*OURS], True, id="the account is taken out"),
        pytest.param([BY_ROLE], [BY_OTHER], True, id="the role is taken out"),
        pytest.param([BY_ROLE], [USE_ONLY], True, id="the role may use it only"),
        pytest.param([ACCOUNT, BY_ROLE], [BY_ROLE], False, id="the role itself is left"),
        pytest.param([ACCOUNT], [ACCOUNT, DENY], True, id="everybody is denied"),
        pytest.param([ACCOUNT], [ACCOUNT, DENY_OTHERS], True, id="all but another one are denied"),
        pytest.param([ACCOUNT], [ACCOUNT, PERHAPS_DENY], True, id="perhaps denied"),
        pytest.param([BY_ROLE], [PERHAPS], True, id="perhaps only"),
        pytest.param([PERHAPS], [PERHAPS, *OURS], False, id="perhaps as before"),
        pytest.param([PERHAPS], [*OURS], True, id="perhaps, and then not"),
        pytest.param([PERHAPS], [PERHAPS, DENY], True, id="perhaps, and then denied"),
        pytest.param([PERHAPS], [ACCOUNT], False, id="perhaps, and then for certain"),
        pytest.param([BY_OTHER], [BY_OTHER, *OURS], False, id="never had it: KMS refuses"),
        pytest.param([BY_OTHER, DENY], [BY_OTHER], False, id="denied before"),
    ],
)
def test_what_takes_away_the_right_to_write_is_not_written(
    before: list[Json], after: list[Json], *, shut: bool
) -> None:
    """However it is taken away: by an Allow that goes, a Deny that comes, or a condition."""
    assert guard.shuts_out(OWN, KEY, policy(*before), policy(*after)) is shut


@pytest.mark.parametrize(
    ("before", "after", "shut"),
    [
        pytest.param([ACCOUNT], [ACCOUNT, *OURS], False, id="only added to"),
        pytest.param([ACCOUNT], [BY_ROLE], True, id="the account is taken out"),
        pytest.param([BY_ROLE], [BY_ROLE, *OURS], False, id="the account never had it"),
    ],
)
def test_who_has_no_role_of_its_own_goes_with_the_account(before: list[Json], after: list[Json], *, shut: bool) -> None:
    """Its ARN is that of a session, which nobody knows beforehand."""
    assert guard.shuts_out(ROLELESS, KEY, policy(*before), policy(*after)) is shut


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Statement": 3}', '{"Statement": [{"Effect": "Maybe"}]}'])
def test_what_cannot_be_read_is_not_written(text: str) -> None:
    """Neither in the place of what can be, nor the other way round."""
    assert guard.shuts_out(OWN, KEY, policy(ACCOUNT), text)
    assert guard.shuts_out(OWN, KEY, text, policy(ACCOUNT))


STATEMENTS = st.lists(
    st.sampled_from([ACCOUNT, BY_ROLE, BY_OTHER, USE_ONLY, DENY, DENY_OTHERS, PERHAPS, PERHAPS_DENY]), max_size=4
)


@given(STATEMENTS)
def test_our_own_statements_never_shut_anybody_out(there: list[Json]) -> None:
    """Whatever stands in a policy, what this product puts into it takes nothing away, and is written."""
    before = after = policy(*there)
    for each in OURS:
        after = documents.put(after, each)

    assert not guard.shuts_out(OWN, KEY, before, after)


@given(STATEMENTS, STATEMENTS)
def test_what_is_written_leaves_the_right_as_certain_as_it_was(before: list[Json], after: list[Json]) -> None:
    """And what went one way without a word would be refused on the way back, or is as good as before."""
    there, back = (guard.shuts_out(OWN, KEY, policy(*a), policy(*b)) for a, b in ((before, after), (after, before)))

    assert not (there and back)
