"""One statement in the text of other people's documents."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import ROLE

from crossvault.aspects.vault_policy.statement import statement_for
from crossvault.iam import documents
from crossvault.iam.documents import MalformedPolicyError, named, put, remove

OURS = statement_for(ROLE)

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
def written(draw: st.DrawFn) -> tuple[str, list[str]]:
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


@given(written())
def test_invariant_3_foreign_statements_survive_put_and_remove_byte_for_byte(drawn: tuple[str, list[str]]) -> None:
    """Every foreign statement stands in the result as it was written, in the same order."""
    document, texts = drawn
    after = put(document, OURS)
    back = remove(after, named(OURS["Sid"]))

    for result in filter(None, (after, back)):
        position = 0
        for text in texts:
            position = result.index(text, position) + len(text)
    assert documents.statements(after) == (*documents.statements(document), OURS)
    assert documents.statements(back) == documents.statements(document)
    assert (back is None) == (not texts)


@given(written())
def test_putting_twice_is_putting_once(drawn: tuple[str, list[str]]) -> None:
    """The statement replaces itself, and a removal removes it wholly."""
    once = put(drawn[0], OURS)

    assert put(once, OURS) == once
    ours = named(OURS["Sid"])
    assert remove(remove(once, ours) or '{"Statement":[]}', ours) == remove(once, ours)


@given(written())
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

    assert remove(document, named(OURS["Sid"])) == f'{{"Statement":[{theirs},{theirs}]}}'


def test_the_last_of_two_statement_members_is_the_one_that_counts() -> None:
    """A repeated member is edited where every reader of JSON looks."""
    document = '{"Statement":[],"Statement":[{"Sid":"x"}]}'

    assert documents.statements(put(document, OURS)) == ({"Sid": "x"}, OURS)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Statement":1}', '{"Statement":[1]}', "{", '"Statement"', "null"])
def test_what_is_no_policy_is_refused_and_never_overwritten(text: str) -> None:
    """A document that cannot be read raises instead of being replaced."""
    for act in (documents.statements, lambda it: put(it, OURS), lambda it: remove(it, named(OURS["Sid"]))):
        with pytest.raises(MalformedPolicyError):
            act(text)


def test_no_document_becomes_one_with_our_statement_and_back() -> None:
    """Where nothing stood, nothing stays."""
    document = put(None, OURS)

    assert json.loads(document) == {"Version": "2012-10-17", "Statement": [OURS]}
    assert remove(document, named(OURS["Sid"])) is None
