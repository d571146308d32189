"""How namespaces share the copies that one AWS account may have unfinished: as tables, and for every history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    SOURCE_ARN,
    SOURCE_ID,
    TARGET_ARN,
    desired,
    destination,
    observed,
    point,
    policy_body,
    target_vault,
)
from tests.kit.fake_aws import FakeAws
from tests.kit.judging import diff, standings_of
from tests.kit.passes import do_pass, kinds, small_world

from crossvault.aspects.copies.declared import Copying, Sharing
from crossvault.aspects.copies.doubts import neighbours_of
from crossvault.aspects.copies.planned import Bound, Share, StartCopy, State
from crossvault.aspects.copies.seen import RunningCopy
from crossvault.engine.declared import Limits, PolicyKey
from crossvault.engine.plan import Action, Result
from crossvault.kinds.policy import stakes
from crossvault.kinds.policy.stakes import Stake
from crossvault.words.reasons import Reason

OURS, OUR_OTHER, THEIRS = (SOURCE_ARN, TARGET_ARN), ("a:source", "a:target"), ("b:source", "b:target")


OUR_START, THEIR_START = RunningCopy(THEIRS, PolicyKey("shop", "other")), RunningCopy(OURS, PolicyKey("books", "sales"))

Running: TypeAlias = dict[tuple[str, str] | RunningCopy, int]


def starts(limit: int, sharing: Sharing, running: Running) -> tuple[list[StartCopy], set[Any]]:
    """Return what a policy with a long backlog starts, and what the rest waits for.

    A pair of vaults alone stands for copies of which nobody knows for whom they were started.
    """
    copies = {each if isinstance(each, RunningCopy) else RunningCopy(each): count for each, count in running.items()}
    many = tuple(point(number, resource=f"arn:aws:s3:::bucket-{number}", kind="S3") for number in range(1, 100))
    wanted = desired(
        limits=Limits(starts_per_second=1000, max_concurrent_copies=limit), copying=Copying(max_concurrent=1000)
    )
    seen = observed(many, in_progress=sum(running.values()), alike=copies)
    made = diff(wanted, seen, sharing=sharing)
    waiting = {each.reason for each in standings_of(made)["dr"] if each.state is State.WAITING}
    return [each for each in made.actions if isinstance(each, StartCopy)], waiting


@pytest.mark.parametrize(
    ("limit", "namespaces", "running", "started"),
    [
        pytest.param(80, 1, {}, 80, id="the only namespace has all places"),
        pytest.param(80, 2, {}, 79, id="of two, one that is alone at work leaves one place"),
        pytest.param(80, 2, {THEIRS: 79}, 1, id="the other one takes it at once"),
        pytest.param(80, 2, {THEIRS: 80}, 0, id="and waits while there is none"),
        pytest.param(80, 2, {OURS: 10, THEIRS: 60}, 10, id="below its share it takes every place that is free"),
        pytest.param(80, 2, {OURS: 40, THEIRS: 39}, 0, id="with its share it takes no last place"),
        pytest.param(80, 2, {OURS: 50, THEIRS: 20}, 9, id="beyond it, it takes what is free but for the last"),
        pytest.param(80, 2, {OURS: 20, OUR_OTHER: 30, THEIRS: 29}, 0, id="its other policies count"),
        pytest.param(80, 2, {OUR_START: 50, THEIRS: 29}, 0, id="what it started counts, whoever declares it now"),
        pytest.param(80, 2, {THEIR_START: 79}, 1, id="what another one started between the same vaults does not"),
        pytest.param(80, 2, {THEIRS: 20, ("c", "d"): 59}, 1, id="copies of nobody known count for the account only"),
        pytest.param(80, 10, {}, 71, id="of ten it leaves a place for each other one"),
        pytest.param(80, 500, {}, 60, id="of many it leaves a quarter"),
        pytest.param(80, 500, {THEIRS: 79}, 1, id="of many, each has a share of one"),
        pytest.param(80, 500, {OURS: 1, THEIRS: 78}, 0, id="and who has it leaves the rest"),
        pytest.param(2, 5, {}, 1, id="two places: one is left"),
        pytest.param(1, 5, {}, 1, id="one place: whoever looks first"),
        pytest.param(80, 2, {THEIRS: 95}, 0, id="an account beyond its limit"),
    ],
)
def test_a_namespace_starts_what_its_share_and_the_rest_allow(
    limit: int, namespaces: int, running: Running, started: int
) -> None:
    """And says of the others that they wait for the account."""
    made, waiting = starts(limit, Sharing(namespaces, frozenset({OUR_OTHER})), running)

    assert len(made) == started
    assert waiting == ({Reason.ACCOUNT_LIMIT} if started < 99 else set())


def test_a_start_carries_the_bound_under_which_it_was_planned() -> None:
    """The share of its namespace, and what counts as a copy of it."""
    made, _ = starts(8, Sharing(2, frozenset({OUR_OTHER})), {OURS: 2})

    assert len(made) == 5
    both = frozenset({OURS, OUR_OTHER})
    assert {each.bound for each in made} == {Bound(8, desired().key, both, frozenset({OURS}), namespaces=2)}


class Account:
    """An account whose namespaces look one after the other, and start what the rule allows."""

    def __init__(self, limit: int, namespaces: int) -> None:
        self.limit, self.names = limit, range(namespaces)
        self.share = Share.of(limit, namespaces)
        self.running: Counter[int] = Counter()

    def look(self, name: int, backlog: int) -> int:
        """Let a namespace start what it may of its backlog, and return how many that is."""
        begun = 0
        while begun < backlog and self.running.total() < self.share.ceiling(self.running[name]):
            self.running[name] += 1
            begun += 1
        return begun

    def end(self, name: int) -> None:
        """Let one copy of a namespace end."""
        if self.running[name]:
            self.running[name] -= 1


@given(
    limit=st.integers(1, 100),
    namespaces=st.integers(2, 30),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 1000), st.integers(0, 100)), max_size=80),
)
def test_a_backlog_of_one_namespace_never_keeps_out_another(
    limit: int, namespaces: int, steps: list[tuple[bool, int, int]]
) -> None:
    """Whoever looks and whatever ends in whatever order: who has nothing finds a place, or gets the next one."""
    account = Account(limit, namespaces)
    account.look(0, 10_000)
    alone = account.running[0]
    for looks, name, count in steps:
        if looks:
            account.look(name % namespaces, count)
        else:
            account.end(name % namespaces)
        assert account.running.total() <= limit
    late = next((name for name in account.names if not account.running[name]), None)
    if late is not None and limit > 1:
        account.look(0, 10_000)
        # At most all others have begun at once; then one that has more than its share ends, which there is.
        while account.running.total() >= limit and max(account.running.values()) > account.share.own:
            busiest = max(account.running, key=lambda name: account.running[name])
            account.end(busiest)
            account.look(busiest, 10_000)
        crowded = account.running.total() >= limit

        assert crowded is not bool(account.look(late, 2))
        assert not crowded or sum(count > 0 for count in account.running.values()) * account.share.own >= limit
    assert alone >= limit - max(1, limit // 4) or limit == 1


def test_two_copies_beside_ten_thousand_start_by_their_second_look() -> None:
    """One at once; the other as soon as one of the ten thousand has ended, whoever looks first then."""
    account = Account(80, 2)
    backlog = 10_000 - account.look(0, 10_000)
    first = account.look(1, 2)
    account.end(0)
    backlog -= account.look(0, backlog)
    second = account.look(1, 1)

    assert (first, second, account.running) == (1, 1, {0: 78, 1: 2})


def test_who_comes_gets_every_place_until_it_has_its_share() -> None:
    """Ten thousand on either side end as half and half."""
    account = Account(80, 2)
    account.look(0, 10_000)
    for _ in range(100):
        account.look(1, 10_000)
        account.end(0)
        account.look(0, 10_000)

    assert account.running == {0: 40, 1: 40}


def stake(namespace: str, name: str, *, suspend: bool = False, account_id: str = SOURCE_ID) -> tuple[PolicyKey, Stake]:
    """Return what a policy has at stake."""
    wanted = desired(destination(vault=target_vault(name)), suspend=suspend)
    source = replace(wanted.source, account=replace(wanted.source.account, account_id=account_id))
    wanted = replace(wanted, key=PolicyKey(namespace, name), source=source)
    return wanted.key, Stake(copies=neighbours_of(wanted))


def test_who_shares_an_account_are_the_namespaces_that_copy_out_of_it() -> None:
    """Not who copies out of another account, and not who is suspended; policies of one namespace are one.

    What was started before a policy was suspended may run on: its vaults still tell whose that is.
    """
    known = dict(
        (
            stake("shop", "a"),
            stake("shop", "b", suspend=True),
            stake("books", "c"),
            stake("idle", "d", suspend=True),
            stake("elsewhere", "e", account_id="333333333333"),
        )
    )
    pairs = {(SOURCE_ARN, target_vault(name).arn) for name in "ab"}
    copying = stakes.Copying()
    for key, each in known.items():
        copying.add(key.namespace, each)

    def sharing(namespace: str, name: str) -> Sharing:
        return copying.sharing(namespace, known.get(PolicyKey(namespace, name), Stake()))

    assert sharing("shop", "a") == Sharing(2, frozenset(pairs))
    assert sharing("elsewhere", "e").namespaces == 1
    assert sharing("idle", "d") == Sharing(3, frozenset({(SOURCE_ARN, target_vault("d").arn)}))
    assert sharing("nobody", "x") == Sharing()


def test_who_goes_shares_no_more() -> None:
    """A namespace counts as long as one of its policies copies."""
    copying = stakes.Copying()
    known = [stake("shop", "a"), stake("books", "c"), stake("books", "f")]
    for key, each in known:
        copying.add(key.namespace, each)
    seen = [copying.sharing("shop", known[0][1]).namespaces]
    for key, each in reversed(known):
        copying.remove(key.namespace, each)
        seen.append(copying.sharing("shop", known[0][1]).namespaces)

    assert seen == [2, 2, 1, 1]
    assert copying.sharing("shop", known[0][1]) == Sharing()


class Crowded(FakeAws):
    """An AWS in which another pass takes the places between the plan and the start."""

    withheld = 0

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Withhold every start."""
        if not isinstance(action, StartCopy):
            return super().apply(action, namespace=namespace)
        self.withheld += 1
        return Result(action, withheld=True)


def test_a_start_that_is_withheld_is_neither_done_nor_failed() -> None:
    """Nothing is told of it; the pass looks again, and the next one tries again."""
    aws, body = Crowded(*small_world().points), policy_body()
    outcome = do_pass(aws, body)

    assert aws.withheld > 0
    assert aws.asked_for == {"shop"}
    assert StartCopy not in kinds([each.action for each in outcome.results])
    assert outcome.requeue is not None
    assert not outcome.failed
    assert body["status"]["destinations"][0].get("failed", 0) == 0
