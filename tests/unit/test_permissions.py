"""What a role may do of what is wanted of it: IAM's decisions read as a table, and needs that add up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import stage as scene

from crossvault.aspects.permissions import Lack, Standing, judge, probes, rights, standing
from crossvault.aspects.permissions.seen import DENIALS, PASSED, TRIAL, Denial
from crossvault.engine.declared import Account
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.observed import Sight
from crossvault.engine.parts import Parts
from crossvault.engine.rows import UNKNOWN, UNMET
from crossvault.engine.wants import Want
from crossvault.iam.decisions import Barrier, Decision, Decisions
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.account.reconcile import AccountRequest
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.kinds.needs import RIGHTS, Need, Needs, wants_of
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason
from crossvault.work.desk import Desk, desk_of

ROLE = "arn:aws:iam::111111111111:role/crossvault-source"
PRODUCTION = Account("production", "111111111111", ROLE)
VAULT, OTHER = (f"arn:aws:backup:eu-west-1:111111111111:backup-vault:{each}" for each in ("one", "two"))
KEYS = "arn:aws:kms:eu-west-1:111111111111:key/*"
BARE, PATH = "arn:aws:iam::111111111111:role/copy", "arn:aws:iam::111111111111:role/*/copy"
YES, NO, DENY = Decision(True), Decision(False), Decision(False, explicitly=True)
SCP = Decision(False, barriers=frozenset({Barrier.ORGANIZATION}))
OPEN = Decision(None, missing=("aws:sourcevpc",))
LIST = "backup:ListThings"


def want(*resources: str, actions: tuple[str, ...] = (LIST,), sid: str = "Look") -> Want:
    """Return something that is wanted."""
    return Want(sid, "look", actions, resources or ("*",), {}, wanted_by=("policy shop/orders",))


def sight(look: Look[Decisions | None], *denials: Denial, passed: frozenset[str] = frozenset()) -> Sight:
    """Return what was seen of the account."""
    return Sight(PRODUCTION, Parts().having(TRIAL, look).having(DENIALS, denials).having(PASSED, passed))


@pytest.mark.parametrize(
    ("resources", "decided", "known"),
    [
        pytest.param(("*",), {"*": YES}, Standing.ALLOWED, id="allowed"),
        pytest.param(("*",), {"*": NO}, Standing.DENIED, id="not allowed, of what AWS cannot narrow"),
        pytest.param((VAULT,), {VAULT: NO}, Standing.DENIED, id="not allowed on what is named in full"),
        pytest.param((VAULT, OTHER), {VAULT: YES, OTHER: NO}, Standing.DENIED, id="allowed on one of two"),
        pytest.param((VAULT, OTHER), {VAULT: NO, OTHER: DENY}, Standing.EXPLICITLY_DENIED, id="a Deny is worst"),
        pytest.param((KEYS,), {KEYS: NO}, Standing.PARTLY, id="not on all keys, perhaps on some"),
        pytest.param((KEYS,), {KEYS: DENY}, Standing.EXPLICITLY_DENIED, id="all keys are denied"),
        pytest.param((VAULT,), {VAULT: OPEN}, Standing.CONDITIONAL, id="keys decide"),
        pytest.param((VAULT, OTHER), {VAULT: OPEN, OTHER: NO}, Standing.DENIED, id="keys decide of one"),
        pytest.param((BARE, PATH), {BARE: NO, PATH: YES}, Standing.ALLOWED, id="a role under one of its names"),
        pytest.param((BARE, PATH), {BARE: NO, PATH: NO}, Standing.PARTLY, id="perhaps under its path"),
        pytest.param((BARE, PATH), {BARE: DENY, PATH: DENY}, Standing.EXPLICITLY_DENIED, id="denied under both"),
        pytest.param((VAULT,), {}, Standing.UNTRIED, id="left out of the answer"),
        pytest.param((VAULT, OTHER), {VAULT: YES}, Standing.UNTRIED, id="one left out of the answer"),
    ],
)
def test_what_is_known_of_an_action(resources: tuple[str, ...], decided: Mapping[str, Decision], known: object) -> None:
    """Only what is denied for certain is denied; what keys decide names them."""
    found, keys = standing(want(*resources), LIST, {(LIST, each): one for each, one in decided.items()})

    assert found is known
    assert keys == (("aws:sourcevpc",) if known is Standing.CONDITIONAL else ())


REFUSED = Problem(Reason.ACCESS_DENIED, "Cannot try.", ErrorClass.STUCK)
SLOW = Problem(Reason.THROTTLED, "Too fast.", ErrorClass.RETRY)
SAID = Denial(LIST, "Cannot list: lacks it.")
GRANTED_SINCE = Denial(LIST, "Cannot list: no identity-based policy allows it.", by_the_role=True)
DENIED = Denial(LIST, "Cannot list: it is explicitly denied.", explicitly=True)
NOT_TRIED = Denial(rights.ACTION, "Cannot try: it is explicitly denied.", explicitly=True)


@pytest.mark.parametrize(
    ("look", "denials", "rows"),
    [
        pytest.param(Seen({(LIST, "*"): YES}), (), [], id="granted"),
        pytest.param(Seen({(LIST, "*"): NO}), (), [(UNMET, Reason.PERMISSION_MISSING, True)], id="missing"),
        pytest.param(Seen({(LIST, "*"): DENY}), (), [(UNMET, Reason.PERMISSION_MISSING, False)], id="a Deny"),
        pytest.param(Seen({(LIST, "*"): OPEN}), (), [(UNKNOWN, Reason.PERMISSION_UNCLEAR, False)], id="conditions"),
        pytest.param(
            Seen({(LIST, "*"): YES}), (SAID,), [(UNMET, Reason.PERMISSION_MISSING, False)], id="denied all the same"
        ),
        pytest.param(
            Seen({(LIST, "*"): YES}),
            (GRANTED_SINCE,),
            [(UNKNOWN, Reason.PERMISSION_UNCLEAR, False)],
            id="granted since",
        ),
        pytest.param(
            Seen({(LIST, "*"): NO}),
            (GRANTED_SINCE,),
            [(UNMET, Reason.PERMISSION_MISSING, True)],
            id="missing, and denied",
        ),
        pytest.param(
            Seen({(LIST, "*"): OPEN}), (SAID,), [(UNMET, Reason.PERMISSION_MISSING, False)], id="denied by conditions"
        ),
        pytest.param(Seen({(LIST, "*"): SCP}), (), [(UNMET, Reason.PERMISSION_MISSING, False)], id="an SCP"),
        pytest.param(Unseen(REFUSED), (), [(UNKNOWN, Reason.ACCESS_DENIED, False)], id="may not be tried"),
        pytest.param(Unseen(SLOW), (), [(UNKNOWN, Reason.THROTTLED, False)], id="not answered"),
        pytest.param(
            Unseen(REFUSED),
            (SAID,),
            [(UNMET, Reason.PERMISSION_MISSING, True), (UNKNOWN, Reason.ACCESS_DENIED, False)],
            id="may not be tried, and AWS denied it",
        ),
        pytest.param(
            Unseen(REFUSED),
            (DENIED, NOT_TRIED),
            [(UNMET, Reason.PERMISSION_MISSING, False), (UNKNOWN, Reason.ACCESS_DENIED, False)],
            id="a Deny that AWS names, of both",
        ),
        pytest.param(Seen(None), (), [(UNKNOWN, Reason.ROLE_NOT_FOUND, False)], id="no such role"),
        pytest.param(
            Seen({(LIST, "*"): YES}), (Denial("kms:Sign", "Cannot."),), [], id="what nothing wants is nobody's matter"
        ),
    ],
)
def test_what_is_told(look: Any, denials: tuple[Denial, ...], rows: list[tuple[Any, ...]]) -> None:
    """Denied before unknown; a command only where a statement of the role would mend it."""
    found = judge(sight(look, *denials), (want(),))

    assert [(each.status, each.reason, bool(each.fix)) for each in found] == rows
    assert all(each.message.endswith(".") for each in found)
    for each in found:
        assert ("has to go first" in each.remedy) is (DENIED in denials or look == Seen({(LIST, "*"): DENY}))


@pytest.mark.parametrize(
    ("denials", "status"), [pytest.param((), UNKNOWN, id="untried"), pytest.param((SAID,), UNMET, id="refused")]
)
def test_what_no_policy_allows_on_all_keys_names_every_action_and_has_a_command(
    denials: tuple[Denial, ...], status: object
) -> None:
    """Nobody names the keys, so that IAM cannot tell a role that may use some from one that may use none."""
    actions = (LIST, "kms:GetKeyPolicy", "kms:ListGrants")
    look = Seen({(action, KEYS): NO for action in actions})
    (lack,) = judge(sight(look, *denials), (want(KEYS, actions=actions),))

    assert (lack.status, lack.actions) == (status, actions)
    assert " and ".join(actions) in lack.message
    assert all(f'"{action}"' in lack.fix[1] for action in actions)


CONTRADICTIONS = {
    "AWS does not say why": (YES, SAID, "takes some minutes"),
    "the role's own policies did": (YES, GRANTED_SINCE, "takes some minutes"),
    "a statement that AWS names": (YES, DENIED, "IAM allows it, so"),
    "keys decide": (OPEN, SAID, "by conditions"),
}


@pytest.mark.parametrize(("decided", "denial", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_no_cause_is_told_that_is_not_known(decided: Decision, denial: Denial, words: str) -> None:
    """What IAM allows and AWS refused may have been granted in between: only what AWS names is called the cause."""
    (lack,) = judge(sight(Seen({(LIST, "*"): decided}), denial), (want(),))
    told = f"{lack.message} {lack.remedy}"

    assert words in told
    assert ("IAM allows it, so" in told) is (denial is DENIED)
    assert lack.fix == ()


@pytest.mark.parametrize("denials", [(), (SAID,)], ids=["only IAM says no", "AWS says so, too"])
@pytest.mark.parametrize("passed", [frozenset(), frozenset({LIST})], ids=["never seen", "passed of late"])
def test_what_passed_of_late_and_iam_denies_says_both(passed: frozenset[str], denials: tuple[Denial, ...]) -> None:
    """Somebody has just changed it, or IAM knows less: neither is called the cause."""
    (lack,) = judge(sight(Seen({(LIST, "*"): NO}), *denials, passed=passed), (want(),))

    assert lack.status is UNMET
    assert ("it was changed since, or IAM decides without" in lack.message) is (bool(passed) and not denials)


def test_a_refusal_is_told_of_what_it_is_for_want_of() -> None:
    """AWS names the action that was asked for, and lacks another one beside it."""
    made, beside = (
        want(actions=("backup:Make",), sid="Make"),
        Want("Beside", "b", (LIST,), ("*",), {}, "", "backup:Make"),
    )
    look = Seen({("backup:Make", "*"): YES, (LIST, "*"): NO})
    found = judge(sight(look, Denial("backup:Make", "Cannot make: lacks one of these.")), (made, beside))

    assert [(each.want.sid, each.actions) for each in found] == [("Beside", (LIST,))]


def test_nothing_is_told_where_nothing_is_wanted() -> None:
    """Whatever was denied."""
    assert judge(sight(Unseen(REFUSED), SAID), ()) == ()


def test_the_operators_own_identity_is_not_tried_out() -> None:
    """Its ARN is that of a session; denials of it are told."""
    own = Sight(Account("production", "111111111111"), Parts().having(DENIALS, (SAID,)))
    found = judge(own, (want(),))

    assert [(each.status, bool(each.fix)) for each in found] == [(UNMET, False), (UNKNOWN, False)]
    assert "operator's own identity may not do" in found[0].message


def test_a_statement_that_is_too_long_has_no_command() -> None:
    """The whole document is printed elsewhere, in parts."""
    many = tuple(f"{VAULT}-{number}" for number in range(100))
    decided = {(LIST, each): NO for each in many}
    (lack,) = judge(sight(Seen(decided)), (want(*many),))

    assert isinstance(lack, Lack)
    assert lack.fix == ()
    assert "crossvault iam" in lack.remedy


def test_few_resources_are_tried_and_those_of_one_role_together() -> None:
    """The first eight, whatever more there are."""
    many = tuple(f"{VAULT}-{number:02}" for number in range(20))

    assert probes(want(*many)) == tuple((each,) for each in many[:8])
    assert probes(want(BARE, PATH)) == ((BARE, PATH),)


# --- Needs ---------------------------------------------------------------------------------------------------------

NEEDS = st.builds(
    Need,
    st.integers(0, len(RIGHTS) - 1),
    st.lists(st.sampled_from((VAULT, OTHER, "*")), min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from(("{}", '{"Bool": {"a": "true"}}')),
)
HELD = st.dictionaries(
    st.sampled_from(("dr", "production")), st.lists(NEEDS, max_size=4, unique=True).map(tuple), max_size=2
)
STEPS = st.lists(st.tuples(st.sampled_from(("policy a/a", "policy a/b", "organization o")), HELD), max_size=12)


@given(STEPS)
def test_what_is_added_up_is_what_all_hold_now(steps: list[tuple[str, dict[str, tuple[Need, ...]]]]) -> None:
    """However often somebody changed, and asked in between: nothing of before is left, and nobody is forgotten."""
    needs, now = Needs(), dict[str, dict[str, tuple[Need, ...]]]()
    for holder, held in steps:
        needs.hold(holder, held)
        now[holder] = held
        for account in ("dr", "production"):
            added: dict[Need, set[str]] = {}
            for who, each in now.items():
                for need in each.get(account, ()):
                    added.setdefault(need, set()).add(who)
            assert needs.wants(account, lambda: ()) == wants_of(added.items())


def test_an_account_by_itself_wants_nothing() -> None:
    """Only with somebody who names it; then what it needs by itself is nobody's."""
    needs, alone = Needs(), (Need(0, ("*",), "{}"),)
    assert needs.wants("dr", lambda: alone) == ()
    needs.hold("policy a/a", {"dr": (Need(1, ("*",), "{}"),)})
    told = {each.sid: each.wanted_by for each in needs.wants("dr", lambda: alone)}

    assert told == {RIGHTS[0].sid: (), RIGHTS[1].sid: ("policy a/a",)}


def _desk(namespace: str) -> Desk:
    """Return a desk with the accounts, which serve namespace orders, and a policy in some namespace."""
    policy = scene.policy()
    policy["metadata"]["namespace"] = namespace
    accounts = {ObjectKey(ACCOUNT.name, "", name): each for name, each in scene.accounts().items()}
    return desk_of({**accounts, ObjectKey(POLICY.name, namespace, "orders"): policy})


def _wants(desk: Desk, account: str) -> tuple[Want, ...]:
    body = scene.accounts()[account]
    request = desk.request(ObjectKey(ACCOUNT.name, "", account), body, Occasion(datetime(2026, 11, 1, tzinfo=UTC)))
    assert isinstance(request, AccountRequest)
    return request.wants


def test_a_policy_wants_something_of_the_accounts_that_it_may_use() -> None:
    """Until it is gone; of others nothing."""
    desk = _desk("orders")
    assert {name for each in _wants(desk, "production") for name in each.wanted_by} == {"policy orders/orders"}
    assert {"WriteVaultPolicy", "TryOut"} <= {each.sid for each in _wants(desk, "dr")}
    assert _wants(desk, "second") == ()

    desk.drop(ObjectKey(POLICY.name, "orders", "orders"))
    assert _wants(desk, "production") == _wants(desk, "dr") == ()


def test_a_namespace_that_may_not_use_an_account_wants_nothing_of_it() -> None:
    """It can neither stand in the account's status nor have anything asked of IAM."""
    desk = _desk("hostile")

    assert _wants(desk, "production") == _wants(desk, "dr") == ()
