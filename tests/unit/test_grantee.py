"""Whom our statement lets in: what it says, how it is found, how one takes the place of another."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    ORGANIZATION_ID,
    OUR_POLICY,
    ROLE,
    SOURCE_ID,
    TARGET_ARN,
    UNSEEN,
    account_sight,
    desired,
    destination,
    observed,
    sight,
)
from tests.kit.judging import diff

from crossvault.aspects.organization import ORGANIZATION
from crossvault.aspects.vault_policy import Grantee, PutVaultPolicy, claims_of, decide, guest_of, is_settled
from crossvault.aspects.vault_policy.grantee import wanted_for
from crossvault.aspects.vault_policy.statement import (
    EVERY_MEMBER,
    MOST,
    MOST_OF_ONE_ACCOUNT,
    digest_of,
    is_ours,
    no_room,
    sid_of,
    statement_for,
    usurped,
    written_in,
)
from crossvault.engine.declared import DeletionPolicy, Desired, Mode, Ownership
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Sight
from crossvault.engine.plan import Plan
from crossvault.engine.rows import MET, UNKNOWN, UNMET
from crossvault.iam import documents, meaning
from crossvault.iam.context import Caller, NotKnown
from crossvault.iam.evaluation import Verdict
from crossvault.words.reasons import Reason

ROOT = f"arn:aws:iam::{SOURCE_ID}:root"
GUESTS = {Grantee.COPY_ROLE: ROLE, Grantee.ACCOUNT: ROOT, Grantee.ORGANIZATION: EVERY_MEMBER}
CALLER = Caller(ROLE, SOURCE_ID, ORGANIZATION_ID, ORGANIZATION_ID)
FOREIGN: dict[str, Any] = {
    "Sid": "NobodyDeletes",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "backup:DeleteRecoveryPoint",
    "Resource": "*",
}


def statement(grantee: Grantee) -> dict[str, Any]:
    """Return our statement for a grantee."""
    return statement_for(GUESTS[grantee], ORGANIZATION_ID)


def document(*statements: dict[str, Any]) -> str:
    """Return a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def wanting(grantee: Grantee, **members: Any) -> Desired:
    """Return a policy with one destination."""
    return desired(destination(grantee=grantee), **members)


def planned(grantee: Grantee, policy: str | None, *, source: Sight | None = None, **around: Any) -> Plan:
    """Return what is to be done about a policy of the vault."""
    wanted = destination(grantee=grantee)
    return diff(desired(wanted), observed((), sight(wanted, policy=policy), source=source), **around)


def put_by(plan: Plan) -> PutVaultPolicy:
    """Return the one write of a plan."""
    (action,) = plan.actions
    assert isinstance(action, PutVaultPolicy)
    return action


# --- What it says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grantee", "principal", "condition"),
    [
        pytest.param(Grantee.COPY_ROLE, ROLE, None, id="the role"),
        pytest.param(Grantee.ACCOUNT, ROOT, None, id="the account, as in AWS's guide"),
        pytest.param(
            Grantee.ORGANIZATION, "*", {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION_ID}}, id="its organization"
        ),
    ],
)
def test_the_statement_of_a_grantee(grantee: Grantee, principal: str, condition: Any) -> None:
    """It allows one action, to those that are declared, and the role is among them."""
    action = put_by(planned(grantee, None))
    (there,) = documents.statements(action.document)

    assert there["Principal"] == {"AWS": principal}
    assert there.get("Condition") == condition
    assert there["Action"] == "backup:CopyIntoBackupVault"
    assert guest_of(wanting(grantee), destination(grantee=grantee)) == GUESTS[grantee]
    assert decide(action.document, CALLER, TARGET_ARN).verdict is Verdict.ALLOWED
    assert planned(grantee, action.document).actions == ()
    assert is_settled(wanting(grantee), destination(grantee=grantee), CALLER, action.document)


def test_each_grantee_has_a_sid_of_its_own() -> None:
    """So two policies that share a vault keep one statement each."""
    assert len({statement(each)["Sid"] for each in Grantee}) == len(Grantee)


@pytest.mark.parametrize("found", [UNSEEN, Seen(None)], ids=["not seen", "none"])
def test_an_organization_that_is_not_known_is_not_named(found: Any) -> None:
    """Nothing is written, and nothing said to differ; who is let in whatever it is stays in."""
    source = account_sight().having(ORGANIZATION, found)
    plan = planned(Grantee.ORGANIZATION, OUR_POLICY, source=source)
    row = next(each for each in plan.prerequisites if each.name == "VaultPolicy")

    assert (plan.actions, plan.drift) == ((), ())
    assert row.status is MET
    unseen = Caller(ROLE, SOURCE_ID, NotKnown("is not known"), ORGANIZATION_ID)
    assert wanted_for(wanting(Grantee.ORGANIZATION), destination(grantee=Grantee.ORGANIZATION), unseen) is None
    assert not is_settled(wanting(Grantee.ORGANIZATION), destination(grantee=Grantee.ORGANIZATION), unseen, OUR_POLICY)


def test_our_statement_is_unknown_while_the_organization_is() -> None:
    """It stands there as it should, perhaps; copies are tried."""
    source = account_sight().having(ORGANIZATION, UNSEEN)
    plan = planned(Grantee.ORGANIZATION, document(statement(Grantee.ORGANIZATION)), source=source)
    row = next(each for each in plan.prerequisites if each.name == "VaultPolicy")

    assert (row.status, row.reason, row.blocks) == (UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, False)
    assert plan.actions == ()


@pytest.mark.parametrize("grantee", Grantee)
@pytest.mark.parametrize("there", Grantee)
def test_whoever_lets_the_role_in_satisfies_check(grantee: Grantee, there: Grantee) -> None:
    """What is declared is what would be kept, not what has to stand there."""
    wanted = destination(grantee=grantee, vault_policy=Ownership.CHECK)
    policy = document(FOREIGN, statement(there) | {"Sid": "Admins"})
    plan = diff(desired(wanted), observed((), sight(wanted, policy=policy)))

    assert next(each for each in plan.prerequisites if each.name == "VaultPolicy").status is MET
    assert (plan.actions, plan.drift) == ((), ())


@pytest.mark.parametrize("grantee", Grantee)
@pytest.mark.parametrize(
    ("deny", "named"),
    [
        pytest.param({"Sid": "Quarantine"}, "statement Quarantine", id="by its Sid"),
        pytest.param({}, "statement 2 (no Sid)", id="by its position"),
    ],
)
def test_a_deny_that_shuts_us_out_is_named(grantee: Grantee, deny: dict[str, Any], named: str) -> None:
    """Whoever is let in."""
    shut = {"Effect": "Deny", "Principal": "*", "Action": "backup:*", "Resource": "*"}
    plan = planned(grantee, document(statement(grantee), {**deny, **shut}))
    row = next(each for each in plan.prerequisites if each.name == "VaultPolicy")

    assert (row.status, row.reason) == (UNMET, Reason.VAULT_POLICY_DENIES)
    assert named in row.message


# --- Whose it is ---------------------------------------------------------------------------------------------------


def _condition(operator: str = "StringEquals", *organizations: str, key: str = "aws:PrincipalOrgID") -> dict[str, Any]:
    return {"Condition": {operator: {key: list(organizations)}}}


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        pytest.param({}, True, id="as it was put"),
        pytest.param({"Principal": "*"}, True, id="everybody in a short form"),
        pytest.param(_condition("StringEquals", ORGANIZATION_ID), True, id="a list of one"),
        pytest.param(_condition("stringequals", ORGANIZATION_ID, key="AWS:principalorgid"), True, id="another case"),
        pytest.param(_condition("StringEquals", "o-formerone1"), True, id="the organization before"),
        pytest.param({"Action": "backup:*"}, True, id="changed in what is ours to restore"),
        pytest.param({"Condition": None}, False, id="opened to everybody"),
        pytest.param(_condition("StringEquals", ORGANIZATION_ID, "o-otherother"), False, id="opened to two"),
        pytest.param(_condition("StringLike", "o-*"), False, id="opened by a pattern"),
        pytest.param(_condition("StringEquals", "o-*"), False, id="no id"),
        pytest.param(_condition("ForAnyValue:StringEquals", ORGANIZATION_ID), False, id="another test"),
        pytest.param({"Principal": {"AWS": ROOT}}, False, id="somebody else"),
        pytest.param({"Principal": {"Service": "*"}}, False, id="services"),
    ],
)
def test_whose_the_statement_for_an_organization_is(changes: dict[str, Any], *, ours: bool) -> None:
    """Ours while it lets the members of one organization in; a Sid alone is a name that anybody may write."""
    members = statement(Grantee.ORGANIZATION) | changes
    there = {name: value for name, value in members.items() if value is not None}

    assert is_ours(there, EVERY_MEMBER) is ours
    assert (usurped((there,), EVERY_MEMBER) is None) is ours
    plan = planned(Grantee.ORGANIZATION, document(there))
    if not ours:
        assert plan.actions == ()
        assert "another Sid, or remove it; ours is then added." in plan.drift[0].remedy
    elif not meaning.same_meaning(there, statement(Grantee.ORGANIZATION)):
        assert documents.statements(put_by(plan).document) == (statement(Grantee.ORGANIZATION),)


def test_what_a_deleted_role_leaves_is_ours_in_the_statement_of_a_role_only() -> None:
    """AWS writes its unique id in the place of its ARN."""
    left = {"AWS": "AROAEXAMPLEID"}

    assert is_ours(statement(Grantee.COPY_ROLE) | {"Principal": left}, ROLE)
    assert not is_ours(statement(Grantee.ACCOUNT) | {"Principal": left}, ROOT)
    assert not is_ours(statement(Grantee.ORGANIZATION) | {"Principal": left}, EVERY_MEMBER)


def test_whole_accounts_take_no_place_of_a_role() -> None:
    """A policy that is full of the roles of an account has room for the account, and for the organization."""
    roles = [statement_for(f"{ROLE}-{number}") for number in range(MOST_OF_ONE_ACCOUNT)]
    full = document(*roles)
    one_less = document(*roles[1:], statement(Grantee.ACCOUNT), statement(Grantee.ORGANIZATION))

    assert no_room(full, ROLE) is not None
    assert no_room(full, ROOT) is no_room(full, EVERY_MEMBER) is None
    assert no_room(one_less, ROLE) is None
    crowd = [statement_for(f"arn:aws:iam::{number:012}:root") for number in range(MOST)]
    assert all(no_room(document(*crowd), each) is not None for each in GUESTS.values())


# --- Growing before shrinking --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), list(permutations(Grantee, 2)))
def test_another_grantee_takes_the_place_in_one_write(before: Grantee, after: Grantee) -> None:
    """Invariant 2: the role is let in before, by the write and after it; others' statements keep their bytes."""
    old = statement(before)
    current = document(FOREIGN, old)
    action = put_by(planned(after, current, written={TARGET_ARN: digest_of(old)}))

    assert documents.statements(action.document) == (FOREIGN, statement(after))
    assert action.foreign_statements == 1
    assert decide(current, CALLER, TARGET_ARN).verdict is Verdict.ALLOWED
    assert decide(action.document, CALLER, TARGET_ARN).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(("before", "after"), list(permutations(Grantee, 2)))
@pytest.mark.parametrize(
    "around",
    [
        pytest.param({}, id="it did not write it"),
        pytest.param({"written": True, "claims": True}, id="others need it"),
    ],
)
def test_what_is_not_only_ours_stays_beside_the_new_one(
    before: Grantee, after: Grantee, around: dict[str, bool]
) -> None:
    """Two policies that share a vault keep one each."""
    old = statement(before)
    action = put_by(
        planned(
            after,
            document(old),
            written={TARGET_ARN: digest_of(old)} if "written" in around else {},
            claims={(TARGET_ARN, old["Sid"])} if "claims" in around else (),
        )
    )

    assert documents.statements(action.document) == (old, statement(after))


@pytest.mark.parametrize(("before", "after"), list(permutations(Grantee, 2)))
def test_what_others_have_put_already_lets_the_old_one_go(before: Grantee, after: Grantee) -> None:
    """The statement that is wanted now stands there for another policy."""
    old, new = statement(before), statement(after)
    plan = planned(after, document(old, new), written={TARGET_ARN: digest_of(old)})

    assert documents.statements(put_by(plan).document) == (new,)
    assert f"beside {old['Sid']}" in plan.drift[0].observed


_STATEMENTS = st.lists(
    st.one_of(
        st.sampled_from([statement(each) for each in Grantee]),
        st.builds(lambda number: {**FOREIGN, "Sid": f"Foreign{number}"}, st.integers(0, 3)),
        st.just(statement_for(f"{ROLE}-of-others")),
    ),
    max_size=6,
    unique_by=lambda each: str(each["Sid"]),
)


@given(
    there=_STATEMENTS,
    grantee=st.sampled_from(Grantee),
    former=st.sampled_from([None, *Grantee]),
    claimed=st.sets(st.sampled_from(Grantee)),
)
def test_whatever_stands_there(
    there: list[dict[str, Any]], grantee: Grantee, former: Grantee | None, claimed: set[Grantee]
) -> None:
    """After the write the role is in, nothing of others or for others is gone, and there is nothing left to do."""
    current = document(*there) if there else None
    around: dict[str, Any] = {
        "claims": {(TARGET_ARN, statement(each)["Sid"]) for each in claimed - {grantee}},
        "written": {TARGET_ARN: digest_of(statement(former))} if former else {},
    }
    plan = planned(grantee, current, **around)
    after = put_by(plan).document if plan.actions else current
    left = documents.statements(after)
    may_go = [statement(former)] if former and former not in claimed | {grantee} else []

    assert decide(after, CALLER, TARGET_ARN).verdict is Verdict.ALLOWED
    assert [each for each in there if each not in left] == [each for each in may_go if each in there]
    assert [each for each in left if each not in there] == [each for each in [statement(grantee)] if each not in there]
    assert planned(grantee, after, **around).actions == ()


# --- Claiming and removing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grantee", "members", "sids"),
    [
        pytest.param(Grantee.COPY_ROLE, {}, [Grantee.COPY_ROLE], id="a role"),
        pytest.param(Grantee.ACCOUNT, {}, [Grantee.ACCOUNT], id="its own alone"),
        pytest.param(Grantee.COPY_ROLE, {"mode": Mode.OBSERVE}, [Grantee.COPY_ROLE], id="never more than declared"),
        pytest.param(
            Grantee.ACCOUNT, {"suspend": True}, [Grantee.COPY_ROLE, Grantee.ACCOUNT], id="less, if it writes nothing"
        ),
        pytest.param(Grantee.ORGANIZATION, {"mode": Mode.OBSERVE}, list(Grantee), id="all, if that is declared"),
        pytest.param(Grantee.ORGANIZATION, {"deleting": True}, [], id="none when it goes"),
    ],
)
def test_what_a_policy_claims(grantee: Grantee, members: dict[str, Any], sids: list[Grantee]) -> None:
    """So that a tenant that may not widen a vault's policy cannot keep it wide either."""
    assert claims_of(wanting(grantee, **members)) == {(TARGET_ARN, statement(each)["Sid"]) for each in sids}


@pytest.mark.parametrize("now", Grantee)
@pytest.mark.parametrize("then", Grantee)
@pytest.mark.parametrize("claimed", [False, True])
def test_what_was_written_is_removed_whatever_is_declared_now(now: Grantee, then: Grantee, *, claimed: bool) -> None:
    """The record says what this policy wrote, perhaps for whom it let in before; others' claims hold it."""
    old = statement(then)
    wanted = wanting(now, deleting=True, deletion_policy=DeletionPolicy.REMOVE_OWNED)
    current = document(FOREIGN, old)
    plan = diff(
        wanted,
        observed((), sight(wanted.destinations[0], policy=current)),
        written={TARGET_ARN: digest_of(old)},
        claims={(TARGET_ARN, old["Sid"])} if claimed else (),
    )

    if claimed:
        assert plan.actions == ()
    else:
        assert documents.statements(put_by(plan).document) == (FOREIGN,)


def test_the_record_finds_only_statements_of_ours() -> None:
    """Whatever a status says: it is written by us, and yet nothing of others may follow from it."""
    policy = document(FOREIGN, statement(Grantee.ACCOUNT))

    assert written_in(policy, digest_of(FOREIGN)) is None
    assert written_in(policy, digest_of(statement(Grantee.ACCOUNT))) == statement(Grantee.ACCOUNT)
    assert written_in(policy, None) is written_in(None, "x") is written_in("{", "x") is None
    assert sid_of(ROOT) == statement(Grantee.ACCOUNT)["Sid"]


# --- A role that was made anew -------------------------------------------------------------------------------------


def test_a_role_that_was_made_anew_is_let_in_again_and_that_is_told() -> None:
    """AWS left the unique id of the one before in our statement: that lets nobody in."""
    old = statement(Grantee.COPY_ROLE) | {"Principal": {"AWS": "AROAEXAMPLEID"}}
    plan = planned(Grantee.COPY_ROLE, document(FOREIGN, old))
    action = put_by(plan)
    _, said = action.done(repaired=True)

    assert documents.statements(action.document) == (FOREIGN, statement(Grantee.COPY_ROLE))
    assert said.endswith("It was for a role that was deleted: the copy role was made anew.")
    assert "Principal is AROAEXAMPLEID" in plan.drift[0].observed
    assert "made anew" not in put_by(planned(Grantee.COPY_ROLE, document(FOREIGN))).done(repaired=True)[1]


def test_what_is_left_of_a_deleted_role_is_named_where_it_is_only_checked() -> None:
    """A person sees why the statement that stands there lets nobody in."""
    wanted = destination(vault_policy=Ownership.CHECK)
    policy = document(statement(Grantee.COPY_ROLE) | {"Principal": {"AWS": "AROAEXAMPLEID"}})
    plan = diff(desired(wanted), observed((), sight(wanted, policy=policy)))
    row = next(each for each in plan.prerequisites if each.name == "VaultPolicy")

    assert (row.status, row.reason) == (UNMET, Reason.VAULT_POLICY_MISSING)
    assert "its Principal is a role that was deleted, also if made anew: AROAEXAMPLEID" in row.message
