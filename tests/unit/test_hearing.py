"""When hints lead to looks: soon, once for many, the last one always, and ever more seldom where nothing is found."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import SOURCE_ID, TARGET_ID, account_body, policy_body
from tests.kit.desks import account_of, desk_of

from crossvault.engine.declared import PolicyKey
from crossvault.engine.hints import Fate, Hint, Notice, Subject
from crossvault.kinds import POLICY
from crossvault.kinds.kind import ObjectKey
from crossvault.work.desk import Desk
from crossvault.work.hearing import AGAIN, PATIENT, QUIET, REMEMBERED, Hearing
from crossvault.work.vitals import Vitals

START = datetime(2026, 3, 2, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)
ORDERS = ObjectKey(POLICY.name, "shop", "orders")
NEW_POINT = Hint(SOURCE_ID, "eu-west-1", Subject.BACKUP, "orders")
JOBS = Hint(SOURCE_ID, "eu-west-1", Subject.COPY, "orders")
COPIES = Hint(TARGET_ID, "eu-central-1", Subject.COPY, "orders-copies")
CHANGED = Hint(TARGET_ID, "eu-central-1", Subject.POLICY, "orders-copies")


def desk(*names: str) -> Desk:
    """Return a desk with policies that all copy the same vault into the same one."""
    bodies = {PolicyKey("shop", name): policy_body(name=name) for name in names or ("orders",)}
    accounts = {
        name: account_of(account_body(name, account_id))
        for name, account_id in (("orders-prod", SOURCE_ID), ("dr", TARGET_ID))
    }
    return desk_of(bodies, accounts)


class Listener:
    """A hearing with its time."""

    def __init__(self, declared: Desk | None = None) -> None:
        self.now, self.numbers = 1000.0, iter(range(10**6))
        self.vitals = Vitals()
        self.hearing = Hearing(declared or desk(), self.vitals, longest=INTERVAL, clock=self.clock)

    def clock(self) -> datetime:
        """Return the present."""
        return START + timedelta(seconds=self.now)

    def hear(self, *hints: Hint, identity: str = "") -> None:
        """Hear of an event."""
        self.hearing.hear([Notice(identity or str(next(self.numbers)), frozenset(hints))], self.now)

    def looks(self, seconds: float, *, found: bool | Callable[[], bool] = False, step: float = 0.5) -> list[float]:
        """Let time pass; return when a look was taken, each of which ends at once."""
        began, moments = self.now, []
        while self.now <= began + seconds:
            for key in self.hearing.due(self.now):
                moments.append(self.now - began)
                heard = self.hearing.take(key)
                self.hearing.looked(key, heard, self.now, found=found() if callable(found) else found)
            self.now += step
        return moments

    def fates(self) -> dict[str, int]:
        """Return what became of messages."""
        return self.vitals.hints.read()


@pytest.mark.parametrize(
    ("hint", "anew"),
    [
        pytest.param(NEW_POINT, {NEW_POINT, JOBS, COPIES}, id="a new point: the vault, the jobs, and what has arrived"),
        pytest.param(COPIES, {JOBS, COPIES}, id="an arrival: the jobs of the source tell of it"),
        pytest.param(CHANGED, {CHANGED}, id="a policy: itself alone"),
        pytest.param(
            Hint(TARGET_ID, "eu-central-1", Subject.KEY),
            {Hint(TARGET_ID, "eu-central-1", Subject.KEY)},
            id="a key: all who have a vault there",
        ),
    ],
)
def test_a_hint_is_about_what_is_declared_there(hint: Hint, anew: set[Hint]) -> None:
    """Source and destination, by account, Region and vault; each with what has to be seen anew."""
    assert desk().hinted(hint) == {ORDERS: frozenset(anew)}


@pytest.mark.parametrize(
    "hint",
    [
        Hint("000000000000", "eu-west-1", Subject.BACKUP, "orders"),
        Hint(SOURCE_ID, "eu-west-3", Subject.BACKUP, "orders"),
        Hint(SOURCE_ID, "eu-west-1", Subject.BACKUP, "ORDERS"),
        Hint(SOURCE_ID, "eu-west-1", Subject.BACKUP, "orders-copies"),
        Hint(SOURCE_ID, "us-east-1", Subject.KEY),
    ],
)
def test_a_hint_about_anything_else_is_about_nobody(hint: Hint) -> None:
    """A foreign account, another Region, another vault; nothing is kept of it."""
    listener = Listener()
    listener.hear(hint)

    assert listener.fates() == {"unknown": 1}
    assert listener.looks(60) == []
    assert not listener.hearing._ears
    assert not listener.hearing._known


def test_policies_that_go_are_not_hinted_at() -> None:
    """Nor those that name other vaults now."""
    declared = desk("orders", "bills")
    declared.drop(ORDERS)
    bills = ObjectKey(POLICY.name, "shop", "bills")
    moved = policy_body(name="bills", source={"accountRef": {"name": "orders-prod"}, "region": "eu-west-1",
                                              "vault": {"name": "elsewhere"}})  # fmt: skip
    declared.put(bills, moved)
    while declared.settle():
        pass

    assert declared.hinted(NEW_POINT) == {}
    assert set(declared.hinted(Hint(SOURCE_ID, "eu-west-1", Subject.BACKUP, "elsewhere"))) == {bills}
    assert set(declared.hinted(COPIES)) == {bills}
    declared.drop(bills)
    assert declared.hinted(COPIES) == declared.hinted(Hint(SOURCE_ID, "eu-west-1", Subject.KEY)) == {}


def test_the_first_hint_is_looked_at_at_once_and_the_last_one_too() -> None:
    """What comes while nobody may look yet is one look more, with the moment of the last."""
    listener = Listener()
    listener.hear(NEW_POINT)
    assert listener.hearing.due(listener.now) == [ORDERS]
    first = listener.hearing.take(ORDERS)
    listener.hearing.looked(ORDERS, first, listener.now, found=True)
    for _ in range(5):
        listener.now += 0.1
        listener.hear(NEW_POINT)
    last = listener.clock()
    assert listener.hearing.due(listener.now) == []
    listener.now += QUIET
    assert listener.hearing.due(listener.now) == [ORDERS]

    assert first[NEW_POINT] < last
    assert listener.hearing.take(ORDERS)[NEW_POINT] == last
    assert listener.hearing.take(ORDERS) == {}


def test_a_look_that_finds_nothing_is_repeated_once() -> None:
    """AWS's lists may be late; not for ever."""
    listener = Listener()
    listener.hear(NEW_POINT)

    assert listener.looks(600) == [0.0, AGAIN]


def test_a_look_that_is_repeated_sees_everything_anew() -> None:
    """What the first one saw is too old for it."""
    listener = Listener()
    listener.hear(NEW_POINT)
    listener.hearing.due(listener.now)
    first = listener.hearing.take(ORDERS)
    listener.hearing.looked(ORDERS, first, listener.now, found=False)
    listener.now += AGAIN
    assert listener.hearing.due(listener.now) == [ORDERS]
    again = listener.hearing.take(ORDERS)

    assert again.keys() == first.keys()
    assert set(again.values()) == {listener.clock()}


def test_a_look_that_finds_something_is_not_repeated() -> None:
    """What else there is will be told."""
    listener = Listener()
    listener.hear(NEW_POINT)

    assert listener.looks(600, found=True) == [0.0]


def test_the_same_event_twice_is_one() -> None:
    """By its id, as long as that is remembered; reordered events are others."""
    listener = Listener()
    for identity in ("one", "two", "one", "one"):
        listener.hear(NEW_POINT, identity=identity)

    assert listener.fates() == {"used": 2, "duplicate": 2}
    for number in range(REMEMBERED):
        listener.hear(NEW_POINT, identity=f"other {number}")
    listener.hear(NEW_POINT, identity="one")
    assert listener.fates() == {"used": 3 + REMEMBERED, "duplicate": 2}
    assert len(listener.hearing._known) == REMEMBERED


def test_a_flood_of_forged_events_is_a_few_looks() -> None:
    """Twice as many as without events, once it has gone on for some intervals."""
    listener = Listener()
    looks = 0
    for _ in range(1200):  # an hour, an event every three seconds
        listener.hear(NEW_POINT, CHANGED)
        looks += len(listener.looks(2.5))

    assert looks <= 12 + PATIENT + 8  # one an interval, and those in which it grew deaf
    assert listener.fates() == {"used": 1200}


def test_who_was_deaf_hears_again() -> None:
    """As soon as something is found."""
    listener = Listener()
    for _ in range(100):
        listener.hear(NEW_POINT)
        listener.looks(2.5)
    listener.looks(700)
    listener.hear(NEW_POINT)
    assert listener.looks(1, found=True) == [0.0]
    listener.hear(NEW_POINT)

    assert listener.looks(10, found=True) == [pytest.approx(QUIET - 1.5, abs=0.5)]


def test_silence_makes_up_for_a_flood_slowly() -> None:
    """Whoever floods again after each interval is not heard more often for it."""
    listener = Listener()
    looks = []
    for _ in range(12):
        for _ in range(30):
            listener.hear(NEW_POINT)
            looks += listener.looks(2.5)
        listener.looks(INTERVAL.total_seconds())

    assert len(looks) <= 12 * 2 + PATIENT + 8


def test_events_that_tell_of_the_same_make_nobody_deaf() -> None:
    """Of a copy that has ended both accounts tell, and only one of them has something to show."""
    listener = Listener()
    late: list[float] = []
    for _ in range(50):
        listener.hear(NEW_POINT)
        late += listener.looks(10, found=True)
        listener.hear(COPIES)
        listener.looks(10)

    assert max(late) <= QUIET


def test_all_who_share_a_vault_look() -> None:
    """Once each; what AWS is asked for they share."""
    names = tuple(f"orders-{number}" for number in range(50))
    listener = Listener(desk(*names))
    listener.hear(NEW_POINT)

    assert {key.name for key in listener.hearing.due(listener.now)} == set(names)
    assert listener.fates() == {"used": 1}


def test_what_is_gone_is_forgotten() -> None:
    """A look that was planned does not come."""
    listener = Listener()
    listener.hear(NEW_POINT)
    listener.hearing.forget(ORDERS)

    assert listener.hearing.due(listener.now + 100) == []
    assert listener.hearing.take(ORDERS) == {}
    assert not listener.hearing._ears


def test_messages_that_are_none_are_counted() -> None:
    """And when the last one came."""
    listener = Listener()
    listener.hearing.hear([Fate.MALFORMED, Fate.IRRELEVANT, Fate.MALFORMED], listener.now)

    assert listener.fates() == {"malformed": 2, "irrelevant": 1}
    assert listener.vitals.last_hint == listener.clock()


STEPS = st.lists(
    st.tuples(st.floats(0.01, 400), st.sampled_from([NEW_POINT, CHANGED, JOBS]), st.booleans()), max_size=40
)


@given(STEPS)
def test_every_hint_is_looked_at_and_never_by_what_was_seen_before(steps: Iterable[tuple[float, Hint, bool]]) -> None:
    """Whatever comes when: within the interval, after it was heard, and never twice within the quiet time."""
    listener = Listener()
    rung: list[float] = []
    listener.hearing.rescheduled = rung.append
    heard_at: dict[Hint, datetime] = {}
    looked_at: list[float] = []

    def ring(*, found: bool) -> None:
        for key in listener.hearing.due(listener.now):
            heard = listener.hearing.take(key)
            looked_at.append(listener.now)
            for hint, at in heard.items():
                assert at >= heard_at.get(hint, at)
                heard_at.pop(hint, None)
            listener.hearing.looked(key, heard, listener.now, found=found)

    for seconds, hint, found in steps:
        end = listener.now + seconds
        while (due := listener.hearing.next_due()) is not None and due <= end:
            listener.now = max(listener.now, due)
            ring(found=found)
        listener.now = end
        listener.hear(hint)
        heard_at[hint] = listener.clock()
        due = listener.hearing.next_due()
        assert due is not None
        assert due <= listener.now + INTERVAL.total_seconds()
    while (due := listener.hearing.next_due()) is not None:
        listener.now = max(listener.now, due)
        ring(found=False)

    assert heard_at == {}
    assert all(later - earlier >= QUIET - 1e-6 for earlier, later in itertools.pairwise(looked_at))
