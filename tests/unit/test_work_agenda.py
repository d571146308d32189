"""Which key is next: dedupe, lanes, delays, back-off; as tables, and as rules that hold for every history."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crossvault.work.agenda import After, Agenda, Done, Lane, Next, Pace, Retry
from crossvault.work.shares import Shares


def middle(low: float, high: float) -> float:
    """Stand for a random number."""
    return (low + high) / 2


def agenda(pace: Pace | None = None) -> Agenda[str]:
    """Return an agenda without chance."""
    return Agenda(pace=pace or Pace(shorten=0.0, spread=0.0), uniform=middle)


def test_key_added_twice_is_taken_once() -> None:
    """A waiting key is there once, whatever was added."""
    queue = agenda()
    for _ in range(3):
        queue.add("a", 0.0)

    assert [queue.take(1.0), queue.take(1.0)] == ["a", None]


def test_key_added_while_it_runs_runs_once_more_afterwards() -> None:
    """Nothing is lost, and nothing runs twice at once."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.take(0.0)
    queue.add("a", 1.0)
    queue.add("a", 2.0)

    assert queue.take(3.0) is None
    queue.finish("a", Done(), 4.0)
    assert queue.take(4.0) == "a"
    queue.finish("a", Done(), 5.0)
    assert queue.take(5.0) is None


def test_keys_of_a_lane_come_in_the_order_they_were_added() -> None:
    """First in, first out."""
    queue = agenda()
    for key in "abc":
        queue.add(key, 0.0)

    assert [queue.take(1.0) for _ in range(3)] == ["a", "b", "c"]


def test_change_overtakes_resyncs() -> None:
    """A person does not wait for a thousand resyncs."""
    queue = agenda()
    for number in range(1000):
        queue.add(f"r{number}", 0.0, Lane.RESYNC)
    queue.add("user", 1.0)

    assert queue.take(2.0) == "user"


def test_change_lifts_a_waiting_resync_into_the_fast_lane() -> None:
    """A key that waits in the slow lane moves, and keeps its age."""
    queue = agenda()
    queue.add("a", 0.0, Lane.RESYNC)
    queue.add("b", 1.0, Lane.RESYNC)
    queue.add("b", 5.0)

    assert queue.figures(10.0).oldest_age == {"change": 9.0, "resync": 10.0}
    assert queue.take(10.0) == "b"
    assert queue.take(10.0) == "a"


def test_resync_of_a_changed_key_does_not_slow_it_down() -> None:
    """The fast lane is not left."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.add("a", 0.0, Lane.RESYNC)

    assert queue.figures(0.0).depth == {"change": 1, "resync": 0}


def test_flood_of_changes_does_not_starve_resyncs() -> None:
    """After eight overtakings a resync has its turn."""
    queue = agenda()
    queue.add("resync", 0.0, Lane.RESYNC)
    for number in range(20):
        queue.add(f"c{number}", 0.0)
    taken = [queue.take(1.0) for _ in range(10)]

    assert taken.index("resync") == 8


def test_later_look_waits_for_its_time() -> None:
    """After means after."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.take(0.0)
    queue.finish("a", After(timedelta(seconds=10)), 0.0)

    assert queue.next_due() == 10.0
    assert queue.take(9.9) is None
    assert queue.take(10.0) == "a"


def test_change_gives_up_the_wait() -> None:
    """A pass decides anew when the next one is due."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.take(0.0)
    queue.finish("a", After(timedelta(seconds=10)), 0.0)
    queue.add("a", 1.0)
    queue.take(1.0)
    queue.finish("a", Done(), 1.0)

    assert queue.take(100.0) is None


@pytest.mark.parametrize(
    ("failures", "delay"),
    [(1, 5.0), (2, 10.0), (3, 20.0), (8, 640.0), (9, 900.0), (100, 900.0), (2000, 900.0)],
)
def test_backoff_doubles_up_to_a_quarter_of_an_hour(failures: int, delay: float) -> None:
    """min(5 s * 2^n, 15 min)."""
    queue, now, due = agenda(), 0.0, 0.0
    queue.add("a", now)
    for _ in range(failures):
        assert queue.take(now) == "a"
        queue.finish("a", Retry(), now)
        due = queue.next_due() or 0.0
        before, now = now, due

    assert due - before == delay


def test_success_ends_the_backoff() -> None:
    """The next failure starts at five seconds again."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.take(0.0)
    queue.finish("a", Retry(), 0.0)
    queue.take(5.0)
    queue.finish("a", After(timedelta(seconds=1)), 5.0)
    queue.take(6.0)
    queue.finish("a", Retry(), 6.0)

    assert queue.next_due() == 11.0


def test_retry_can_be_bounded_by_its_reason() -> None:
    """Some causes end so often that fifteen minutes are too long."""
    queue, now = agenda(), 0.0
    queue.add("a", now)
    for _ in range(10):
        queue.take(now)
        queue.finish("a", Retry("api", timedelta(seconds=60)), now)
        before, now = now, queue.next_due() or 0.0

    assert now - before == 60.0


def test_recovery_of_a_cause_retries_what_waited_for_it() -> None:
    """When the API answers again nothing waits for it any longer; what waits for AWS does."""
    queue = agenda()
    for key, cause in (("a", "api"), ("b", "aws"), ("c", "api")):
        queue.add(key, 0.0)
        queue.take(0.0)
        queue.finish(key, Retry(cause), 0.0)

    assert queue.reset_backoffs(1.0, "api") == 2
    assert [queue.take(1.0) for _ in range(3)] == ["a", "c", None]
    assert queue.take(5.0) == "b"


def test_recovery_leaves_planned_looks_alone() -> None:
    """What waits for its time and not for a recovery goes on waiting."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.take(0.0)
    queue.finish("a", After(timedelta(seconds=10)), 0.0)

    assert queue.reset_backoffs(1.0, "api") == 0
    assert queue.take(1.0) is None


def test_jitter_parts_what_came_together() -> None:
    """Resyncs spread by a tenth in both directions, retries come up to a fifth earlier."""
    bounds: list[tuple[float, float]] = []

    def remember(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    queue: Agenda[str] = Agenda(uniform=remember)
    queue.add("a", 0.0)
    queue.take(0.0)
    queue.finish("a", After(timedelta(seconds=100)), 0.0)
    queue.take(90.0)
    queue.finish("a", Retry(), 90.0)

    assert bounds == [(0.9, 1.1), (0.8, 1.0)]
    assert queue.next_due() == 94.0


def test_figures_tell_what_is_going_on() -> None:
    """Depths and ages per lane, and how long the longest pass has been running."""
    queue = agenda()
    queue.add("a", 0.0)
    queue.add("b", 2.0)
    queue.add("c", 3.0, Lane.RESYNC)
    queue.take(4.0)
    figures = queue.figures(10.0)

    assert (figures.depth, figures.oldest_age) == ({"change": 1, "resync": 1}, {"change": 8.0, "resync": 7.0})
    assert (figures.running, figures.longest_running, figures.added) == (1, 6.0, 3)
    assert figures.waits["change"].total == 4.0


def test_given_up_waits_do_not_pile_up() -> None:
    """A key rescheduled ten thousand times takes the room of a few."""
    queue = agenda()
    for number in range(10_000):
        queue.add("a", float(number))
        queue.take(float(number))
        queue.finish("a", After(timedelta(hours=24)), float(number))

    assert len(queue._heap) < 200


def sharing(most: int = 1) -> Agenda[str]:
    """Return an agenda in which a key needs what its letters name."""
    shares: Shares[str] = Shares(lambda key: [each for each in key if each.isalpha()], most)
    return Agenda(pace=Pace(shorten=0.0, spread=0.0), shares=shares, uniform=middle)


def test_work_spreads_over_what_it_needs() -> None:
    """Fifty keys of one account come first in the queue; the others' turn comes all the same."""
    queue = sharing(10)
    for number in range(50):
        queue.add(f"x{number}", 0.0)
    for key in ("y1", "y2", "z1"):
        queue.add(key, 1.0)

    assert [queue.take(2.0) for _ in range(7)] == ["x0", "y1", "z1", "x1", "y2", "x2", "x3"]


def test_one_hanging_need_leaves_room_for_the_others() -> None:
    """Of what needs the same thing, only so many run, although nothing else is to be done."""
    queue = sharing(2)
    for key in ("x1", "x2", "x3", "x4"):
        queue.add(key, 0.0)

    assert [queue.take(1.0) for _ in range(3)] == ["x1", "x2", None]
    assert queue.ready(1.0, 9) == 0
    queue.add("y1", 1.0)
    assert [queue.take(1.0), queue.take(1.0)] == ["y1", None]
    queue.finish("x1", Done(), 2.0)
    assert queue.ready(2.0, 9) == 2
    assert [queue.take(2.0), queue.take(2.0)] == ["x3", None]


def test_a_key_that_waits_for_its_share_keeps_its_place_and_its_age() -> None:
    """A change lifts it into the fast lane, and it is queued once."""
    queue = sharing()
    queue.add("x1", 0.0)
    assert queue.take(0.0) == "x1"
    queue.add("x2", 1.0, Lane.RESYNC)
    queue.add("x2", 4.0)
    queue.add("x3", 5.0)

    assert queue.figures(6.0).depth == {"change": 2, "resync": 0}
    assert queue.figures(6.0).oldest_age["change"] == 5.0
    queue.finish("x1", Done(), 6.0)
    assert [queue.take(6.0), queue.take(6.0)] == ["x2", None]


def test_a_key_of_two_busy_needs_is_not_overtaken_for_ever() -> None:
    """Its needs are always a little in use; after a minute that counts no more."""
    queue = sharing(2)
    queue.add("x1", 0.0)
    assert queue.take(0.0) == "x1"
    queue.add("xy", 0.0)
    queue.add("z1", 61.0)
    queue.add("z2", 61.0)

    assert queue.take(59.0) == "z1"
    assert queue.take(61.0) == "xy"


def test_a_key_of_two_full_needs_finds_a_place_of_both() -> None:
    """After a minute, the place that becomes free in one of them is kept until there is one in the other."""
    queue = sharing()
    for place, key in enumerate(("x1", "y1", "xy", "x2", "y2", "z1")):
        queue.add(key, place / 10)
    assert [queue.take(1.0) for _ in range(4)] == ["x1", "y1", "z1", None]
    queue.finish("x1", Done(), 61.0)

    assert queue.take(61.0) is None
    assert queue.ready(61.0, 9) == 0
    queue.finish("y1", Done(), 62.0)
    assert [queue.take(62.0), queue.take(62.0)] == ["xy", None]
    queue.finish("xy", Done(), 63.0)
    assert [queue.take(63.0), queue.take(63.0)] == ["x2", "y2"]


def test_an_edited_key_needs_what_it_now_says() -> None:
    """A queued policy that names another account does not wait for the one it named before."""
    needs = {"a": ["x"], "b": ["x"]}
    queue: Agenda[str] = Agenda(shares=Shares(needs.__getitem__, 1))
    queue.add("a", 0.0)
    queue.add("b", 0.0)
    assert [queue.take(0.0), queue.take(0.0)] == ["a", None]
    needs["b"] = ["y"]
    queue.add("b", 1.0)

    assert queue.take(1.0) == "b"


KEYS = st.sampled_from(["a", "b", "c", "ab", "bc"])
NEXT: st.SearchStrategy[Next] = st.one_of(
    st.just(Done()),
    st.builds(After, st.timedeltas(timedelta(0), timedelta(minutes=5)), st.sampled_from(Lane)),
    st.builds(Retry, st.sampled_from(["api", "aws"])),
)


class AgendaMachine(RuleBasedStateMachine):
    """Any history of adding, taking, finishing and waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: Agenda[str] = Agenda(shares=Shares(list, 1))
        self.now = 0.0
        self.running: set[str] = set()
        self.owed: set[str] = set()

    @rule(key=KEYS, lane=st.sampled_from(Lane))
    def add(self, key: str, lane: Lane) -> None:
        """Somebody wants a pass."""
        self.queue.add(key, self.now, lane)
        self.owed.add(key)

    @rule()
    def take(self) -> None:
        """A worker is free."""
        key = self.queue.take(self.now)
        if key is None:
            in_use = {need for running in self.running for need in running}
            waiting = self.owed - self.running
            # A place may be kept for whoever needs two; also for one that comes back by itself, and is owed to nobody.
            both = (each for each in self.queue._queued if len(each) > 1 and in_use & set(each))
            held = in_use.union(*both)
            assert all(held & set(each) for each in waiting), "what is owed runs unless it is held"
            return
        assert not {need for running in self.running for need in running} & set(key), "a share is kept"
        assert key not in self.running, "no key runs twice at once"
        self.running.add(key)
        self.owed.discard(key)

    @rule(then=NEXT, data=st.data())
    def finish(self, then: Next, data: st.DataObject) -> None:
        """A pass ends."""
        if self.running:
            key = data.draw(st.sampled_from(sorted(self.running)))
            self.running.discard(key)
            self.queue.finish(key, then, self.now)
            if not isinstance(then, Done) and key not in self.owed:
                assert self.queue.next_due() is not None, "a key that is to be looked at again has its time"

    @rule(seconds=st.floats(0, 1000))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(cause=st.sampled_from(["api", "aws"]))
    def recover(self, cause: str) -> None:
        """Something answers again."""
        self.queue.reset_backoffs(self.now, cause)

    @invariant()
    def figures_agree(self) -> None:
        """The numbers are those of the queue, and no wait is longer than the longest."""
        figures = self.queue.figures(self.now)
        assert figures.running == len(self.running)
        assert sum(figures.depth.values()) + figures.delayed + figures.running <= 10
        assert all(wait.due - self.now <= 901 for wait in self.queue._waiting.values())


TestAgendaMachine = AgendaMachine.TestCase
TestAgendaMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
