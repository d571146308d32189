"""Tenants in the queue: whoever has many policies, the others' turn comes.

As tables, as a rule for every history, and in virtual time.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit import work_loop

from crossvault.aws.budget import Line
from crossvault.work.agenda import After, Agenda, Done, Lane, Next, Pace
from crossvault.work.shares import Shares
from crossvault.work.vitals import Vitals
from crossvault.work.workers import Workers, shares_of

EXACT = Pace(shorten=0.0, spread=0.0)


@dataclass(frozen=True, slots=True, order=True)
class Policy:
    """A key: whose it is, which accounts it needs, and which one of these it is."""

    tenant: str
    accounts: str
    number: int = 0

    def __str__(self) -> str:
        return f"{self.tenant}{self.number}"


def policies(tenant: str, accounts: str, count: int) -> list[Policy]:
    """Return so many policies."""
    return [Policy(tenant, accounts, number) for number in range(count)]


def shares(most: int = 100, **more: Any) -> Shares[Policy]:
    """Return shares in which a policy needs the accounts that its letters name."""
    return Shares(lambda key: key.accounts, most, tenant_of=lambda key: key.tenant, **more)


def agenda(most: int = 100, **more: Any) -> Agenda[Policy]:
    """Return an agenda without chance."""
    return Agenda(pace=EXACT, shares=shares(most, **more), uniform=lambda low, high: (low + high) / 2)


def taken(queue: Agenda[Policy], count: int, now: float = 1.0, *, then: Next | None = None) -> str:
    """Take so many keys one after the other, each when the one before has ended, and tell them by tenant and number."""
    found = []
    for _ in range(count):
        key = queue.take(now)
        assert key is not None
        queue.finish(key, then or Done(), now)
        found.append(str(key))
    return " ".join(found)


@pytest.mark.parametrize(
    ("queued", "order"),
    [
        pytest.param([("a", "X", 5), ("b", "X", 2)], "a0 b0 a1 b1 a2 a3 a4", id="two in one account alternate"),
        pytest.param(
            [("a", "X", 4), ("b", "X", 2), ("c", "X", 1)], "a0 b0 c0 a1 b1 a2 a3", id="three in one account go round"
        ),
        pytest.param(
            [("a", "XZ", 3), ("b", "YZ", 2)], "a0 b0 a1 b1 a2", id="with sources of their own they share the target"
        ),
        pytest.param(
            [("a", "X", 3), ("b", "Y", 2)], "a0 b0 a1 b1 a2", id="without anything in common they share the workers"
        ),
        pytest.param([("a", "X", 3)], "a0 a1 a2", id="alone there is nobody to wait for"),
        pytest.param([("a", "X", 2), ("", "X", 1), ("a", "Y", 1)], "a0 0 a0 a1", id="an account is a tenant, too"),
    ],
)
def test_namespaces_take_turns(queued: list[tuple[str, str, int]], order: str) -> None:
    """Within one namespace its accounts go round, and in an account the first comes first."""
    queue = agenda()
    for each in queued:
        for key in policies(*each):
            queue.add(key, 0.0)

    assert taken(queue, len(order.split())) == order
    assert queue.take(1.0) is None


def test_accounts_go_round_however_many_keys_of_each_wait() -> None:
    """Whose keys came first does not finish before the others begin, also where one key at a time is worked on."""
    queue, order = agenda(), []
    for account in "XYZ":
        for number in range(3):
            queue.add(Policy("a", account, number), 0.0)

    for now in range(9):
        key = queue.take(1.0 + now)
        assert key is not None
        order.append(f"{key.accounts}{key.number}")
        queue.finish(key, Done(), 1.5 + now)

    assert " ".join(order) == "X0 Y0 Z0 X1 Y1 Z1 X2 Y2 Z2"


def test_who_comes_late_joins_the_round_that_goes_on() -> None:
    """Nobody is made to wait for what was queued before, and nobody is given turns for having been away."""
    queue = agenda()
    for key in policies("a", "X", 9):
        queue.add(key, 0.0)
    assert taken(queue, 5) == "a0 a1 a2 a3 a4"
    for key in policies("b", "X", 3):
        queue.add(key, 1.0)

    assert taken(queue, 7, 1000.0) == "b0 a5 b1 a6 b2 a7 a8"


def test_long_waiting_does_not_overturn_turns() -> None:
    """After the minute in which use counts no more, five hundred old keys still let two young ones in between."""
    queue = agenda()
    for key in policies("a", "X", 500):
        queue.add(key, 0.0)
    assert taken(queue, 1) == "a0"
    for key in policies("b", "XY", 2):
        queue.add(key, 1000.0)
    queue.add(Policy("c", "Y"), 1000.0)
    assert queue.take(1000.0) is not None

    assert "b1" in taken(queue, 5, 1000.0)


def test_a_tenant_of_many_idle_accounts_comes_after_who_has_had_no_turn() -> None:
    """A hundred accounts that nobody uses are one tenant's backlog, not a hundred reasons to go first."""
    queue = agenda()
    for account in range(100):
        for number in range(3):
            queue.add(Policy("a", chr(1000 + account), number), 0.0)
    for key in policies("b", "X", 2):
        queue.add(key, 1.0)

    assert taken(queue, 4, 2.0) == "a0 b0 a0 b1"


def test_the_last_places_are_never_one_tenants() -> None:
    """Who comes late begins at once, in the account and among the workers."""
    queue = agenda(5, most_of_one=4, workers=12)
    for account in "XYZ":
        for key in policies("a", account, 10):
            queue.add(key, 0.0)
    mine = [queue.take(1.0) for _ in range(7)]
    assert (mine[-1], Counter(each.accounts for each in mine if each)) == (None, {"X": 2, "Y": 2, "Z": 2})
    assert queue.ready(1.0, 9) == 0
    for key in policies("b", "X", 4):
        queue.add(key, 2.0)

    assert queue.ready(2.0, 9) == 4
    assert [str(queue.take(2.0)) for _ in range(4)] == ["b0", "b1", "b2", "None"]


@pytest.mark.parametrize(("count", "bounds"), [(1, (1, 1)), (2, (1, 1)), (4, (2, 2)), (10, (5, 4)), (20, (10, 8))])
def test_so_many_places_there_are_for_so_many_workers(count: int, bounds: tuple[int, int]) -> None:
    """Half of the workers for an account; a tenant leaves a fifth of them, where there are any."""
    found: Shares[Policy] = shares_of(count, lambda key: key.accounts, lambda key: key.tenant)

    assert (found.most, found.most_of_one, found.workers) == (*bounds, count)
    assert shares_of(count, lambda _key: ()).most_of_one is None


@pytest.mark.parametrize(
    ("alone", "tenants", "places"),
    [
        pytest.param(True, "a", [18], id="alone it leaves a tenth"),
        pytest.param(False, "a", [10], id="where there are others it leaves half"),
        pytest.param(False, "abcde", [10, 5, 3, 1, 1], id="and so does everybody of what is left"),
    ],
)
def test_tenants_whose_passes_hang_leave_workers_to_others(alone: bool, tenants: str, places: list[int]) -> None:
    """Each has accounts enough; none of its passes ends."""
    queue = agenda(100, workers=20, alone=lambda: alone)
    for tenant in tenants:
        for number in range(50):
            queue.add(Policy(tenant, tenant + chr(1000 + number)), 0.0)
        while queue.take(1.0) is not None:
            pass

    assert [sum(key.tenant == each for key in queue.running()) for each in tenants] == places


def test_edits_of_one_tenant_overtake_resyncs_of_others_once_each() -> None:
    """Edits cost whoever makes them nothing; those of several tenants may still come before a resync."""
    queue = agenda()
    for tenant in "abc":
        for number in range(4):
            queue.add(Policy(tenant, "X", number), 0.0)
    for number in range(3):
        queue.add(Policy("v", "X", number), 1.0, Lane.RESYNC)

    assert [each[0] for each in taken(queue, 12, 2.0).split()] == list("abcvabcvabcv")


def test_a_change_of_a_busy_tenant_does_not_overtake_others_for_ever() -> None:
    """Of resyncs that changes overtake, the other namespace's is among the first."""
    queue = agenda()
    for key in policies("a", "X", 100):
        queue.add(key, 0.0)
    for number in range(100, 200):
        queue.add(Policy("a", "X", number), 0.0, Lane.RESYNC)
    queue.add(Policy("b", "X"), 1.0, Lane.RESYNC)

    assert "b0" in taken(queue, 20, 2.0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc"), st.sampled_from("XYZ")),
        st.just(("take", "", "")),
        st.tuples(st.just("finish"), st.integers(0, 5).map(str), st.just("")),
    ),
    max_size=120,
)


@given(steps=STEPS, crowd=st.integers(0, 60), most=st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_for_any_arrival_order_k_passes_wait_for_k_and_two_of_each_other(
    steps: list[tuple[str, str, str]], crowd: int, most: int
) -> None:
    """Before the k-th pass of a namespace in an account, no other one has had more than k + 1 there since."""
    queue, running, made = agenda(most), list[Policy](), Counter[str]()
    log: list[Policy] = []
    since: dict[Policy, int] = {}
    for key in policies("crowd", "X", crowd):
        queue.add(key, 0.0)
    draining = [("finish", "0", ""), ("take", "", "")] * 200
    for now, (what, which, account) in enumerate([*steps, *draining], start=1):
        if what == "add":
            key = Policy(which, account, made[which])
            made[which] += 1
            since[key] = len(log)
            queue.add(key, float(now))
        elif what == "finish" and running:
            key = running.pop(int(which) % len(running))
            queue.finish(key, Done(), float(now))
            if key.tenant == "crowd" and now <= len(steps):
                queue.add(key, float(now))
        elif what == "take" and (found := queue.take(float(now))) is not None:
            running.append(found)
            log.append(found)

    assert since.keys() <= set(log)
    for key, begin in since.items():
        between = log[begin : log.index(key)]
        k = 1 + sum(each.tenant == key.tenant for each in between)
        others = Counter(each.tenant for each in between if each.accounts == key.accounts)
        del others[key.tenant]
        assert max(others.values(), default=0) <= k + 1


class Cluster:
    """Workers in virtual time, and accounts that take one call a second, of whoever's turn it is."""

    def __init__(self) -> None:
        self.workers: Workers[Policy] = Workers(
            self.handle,
            count=20,
            vitals=Vitals(),
            agenda=Agenda(pace=EXACT, shares=shares_of(20, lambda key: key.accounts, lambda key: key.tenant)),
            kind_of=lambda _key: "policy",
        )
        self.budgets: dict[str, Line] = {}
        self.calls: list[str] = []
        self.done: dict[Policy, int] = {}

    async def handle(self, key: Policy) -> Next:
        """Do one pass of ten calls to the account that all policies share."""
        clock = asyncio.get_running_loop().time
        budget = self.budgets.setdefault(key.accounts[-1], Line(1.0, 1.0, clock()))
        for _ in range(10):
            place = budget.join(key.tenant, clock())
            while (wait := budget.wait(place, clock())) > 0:  # noqa: ASYNC110 - it asks again when its token is due
                await asyncio.sleep(wait)
            self.calls.append(key.tenant)
        self.done.setdefault(key, len(self.calls))
        return After(timedelta(hours=1))


def calls_until_statuses(crowds: dict[str, int]) -> tuple[int, int]:
    """Return after how many calls of anybody the first and the second of two policies that come late have a status."""

    async def story() -> tuple[int, int]:
        cluster = Cluster()
        for tenant, count in crowds.items():
            for key in policies(tenant, f"{tenant}Z", count):
                cluster.workers.add(key, Lane.RESYNC)
        cluster.workers.start()
        await asyncio.sleep(200)
        before = len(cluster.calls)
        late = policies("l", "lZ", 2)
        for key in late:
            cluster.workers.add(key, Lane.RESYNC)
        await asyncio.sleep(500)
        await cluster.workers.drain(0)
        first, second = sorted(cluster.done[key] - before for key in late)
        return first, second

    return work_loop.run(story())


def test_beside_five_hundred_policies_two_have_their_first_status_within_twice_their_time_alone() -> None:
    """Time is counted in calls, of which an account takes one after the other; the one under way comes first."""
    alone, beside = calls_until_statuses({}), calls_until_statuses({"c": 500})

    assert alone == (18, 20)
    assert all(late <= 1 + 2 * early for late, early in zip(beside, alone, strict=True))


def test_how_many_policies_the_others_have_makes_no_difference() -> None:
    """Beside ten namespaces it takes eleven times as long, and as long beside fifty policies as beside five hundred."""
    ten = "abcdefghij"
    beside_many = calls_until_statuses(dict.fromkeys(ten, 50))

    assert beside_many == calls_until_statuses(dict.fromkeys(ten, 20))
    assert beside_many[1] <= 11 * 20 + 100
