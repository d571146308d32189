"""What is kept of listings tells as much as listing everything would, for the price of what may have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import NOW

from crossvault.aspects.copies.aws.arriving import LATE, MOST_RESOURCES, Span, windows
from crossvault.aspects.copies.aws.kept import (
    COUNTED,
    DOUBTED,
    LONG,
    NEAR,
    REMEMBERED,
    Described,
    Holding,
    KeptListings,
)
from crossvault.aspects.copies.evidence import SETTLING
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import JobBook, Jobs
from crossvault.aspects.copies.records import JOBS as RECORDS
from crossvault.aspects.copies.records import POINTS, Apart
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.vault.seen import Vault

KEY = ("points", ("prod",), "eu-west-1", "orders")
JOBS = ("jobs", ("prod",), "eu-west-1", "arn:vault")
MINUTE = timedelta(minutes=1)
AUDIT = timedelta(hours=6)


def _point_as_kept(point: RecoveryPoint) -> tuple[str, Apart]:
    return point.resource_arn, POINTS.apart(point)


def _as_kept(job: CopyJob) -> tuple[tuple[str, str], str, Apart]:
    return (job.source_vault_arn, job.destination_vault_arn), job.resource_arn, RECORDS.apart(job)


@dataclass
class World:
    """One vault and its copy jobs, as AWS has them, and what is kept of them."""

    now: datetime = NOW
    points: dict[str, RecoveryPoint] = field(default_factory=dict)
    jobs: dict[str, CopyJob] = field(default_factory=dict)
    created: datetime = NOW - timedelta(days=400)
    tells_number: bool = True
    listed: list[datetime | None] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    rows: int = 0
    fails: bool = False
    dated: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = count()
        self.kept = KeptListings(lambda: self.now, AUDIT)

    # --- what happens

    def add(self, *, age: timedelta = timedelta(0), status: str = "COMPLETED", keep: timedelta | None = None) -> str:
        """Let a recovery point be created so long ago."""
        name, at = f"p{next(self._names)}", self.now - age
        self.points[name] = RecoveryPoint(name, "r", "EBS", at, status, delete_at=self.now + keep if keep else None)
        return name

    def wait(self, by: timedelta) -> None:
        """Let time pass; AWS removes what is over."""
        self.now += by
        for name in [name for name, each in self.points.items() if each.delete_at and each.delete_at <= self.now]:
            del self.points[name]

    def job(self, state: str, *, copy: str | None = None, completed: timedelta | None = None) -> str:
        """Let there be a copy job; it ended so long ago."""
        name = f"j{next(self._names)}"
        ended = self.now - completed if completed is not None else None
        self.jobs[name] = CopyJob(name, state, "s", "v", "d", "r", "EBS", self.now, ended, copy)
        return name

    # --- what is seen

    def vault(self) -> Described:
        """Describe the vault."""
        number = len(self.points) if self.tells_number else None
        return Described(Vault("arn:v", "v", created=self.created, points=number), self.now)

    def _list(
        self,
        since: datetime | None = None,
        before: datetime | None = None,
        like: Inventory | None = None,
        *,
        resource: str | None = None,
    ) -> Inventory:
        if resource is None:
            self.listed.append(since)
        else:
            self.resources.append(resource)
        if self.fails:
            raise OSError("no")
        meant = (each for each in self.points.values() if since is None or each.created > since)
        found = [each for each in meant if before is None or each.created < before]
        found = [each for each in found if resource is None or each.resource_arn == resource]
        self.rows += len(found)
        return Inventory.listed(found, _point_as_kept, like, whole=since is before is None and resource is None)

    def _list_jobs(
        self, since: datetime | None = None, *, ended: datetime | None = None, like: JobBook | None = None
    ) -> JobBook:
        self.listed.append(since or ended)
        remembered = (
            each
            for each in self.jobs.values()
            if each.is_running or self.now - (each.completed or each.created) < REMEMBERED
        )
        found = (
            each
            for each in remembered
            if (since is None or each.created > since)
            and (ended is None or (each.completed is not None and each.completed > ended))
        )
        return JobBook.listed(found, _as_kept, like, whole=since is ended is None)

    def source(self) -> Inventory:
        """Look into the vault as a source."""
        return self.kept.source(KEY, self.vault(), self._list)

    def destination(self) -> Inventory:
        """Look into the vault as a destination of the jobs."""
        return self.hold().points

    def hold(self) -> Holding:
        """Look into the vault as a destination of the jobs, and tell when it was listed."""
        return self.kept.destination(KEY, self.vault(), (Jobs(self.jobs.values()),), self._list, self.date)

    def date(self, job: CopyJob) -> datetime | None:
        """Return when the source of a copy was created, where that is known."""
        return self.dated.get(job.id)

    def look_at_jobs(self) -> JobBook:
        """Look at the copy jobs."""
        return self.kept.jobs(JOBS, self._list_jobs)

    def whole(self) -> int:
        """Return how many whole listings there were since this was asked last."""
        found = self.listed.count(None)
        self.listed.clear()
        self.rows = 0
        return found


def settled(count: int = 3) -> World:
    """Return a world with some old recovery points that has been looked at."""
    world = World()
    for number in range(count):
        world.add(age=timedelta(days=100 + number))
    world.source()
    assert world.whole() == 1
    world.wait(5 * MINUTE)
    return world


def same(found: Inventory, world: World) -> bool:
    """Tell whether all is seen as it is, in whatever order."""
    return {each.arn: each for each in found} == world.points


# --- Vaults --------------------------------------------------------------------------------------------------------


def test_nothing_new_costs_the_window_at_the_source_and_nothing_at_the_destination() -> None:
    """However many recovery points there are; what is returned is the same object."""
    world = settled()
    before = world.source()

    assert world.source() is before
    assert world.listed == [NOW - NEAR, NOW + 5 * MINUTE - NEAR]
    world.listed.clear()
    assert world.destination() is before
    assert world.listed == []


CHANGES: dict[str, Callable[[World], object]] = {
    "a new recovery point": lambda world: world.add(),
    "one whose backup ran for half a day": lambda world: world.add(age=timedelta(hours=12)),
    "one that comes from elsewhere, with its old date": lambda world: world.add(age=timedelta(days=50)),
    "one that is deleted": lambda world: world.points.pop("p1"),
    "all of them gone": lambda world: world.points.clear(),
    "another vault of that name": lambda world: setattr(world, "created", world.now),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_is_seen_at_the_next_look(change: Callable[[World], object]) -> None:
    """By the window, by the number that AWS tells, by the date of the vault."""
    world = settled()
    change(world)

    assert same(world.source(), world)


def test_a_deletion_beside_arrivals_is_seen_a_look_later() -> None:
    """The vault was described before it was listed: what is new may not be counted yet, but what is older is."""
    world = settled()
    world.points.pop("p1")
    for _ in range(5):
        world.add()
    world.source()
    world.wait(COUNTED)

    assert same(world.source(), world)


def test_a_recovery_point_is_looked_at_until_it_is_complete() -> None:
    """However long its backup runs."""
    world = settled()
    name = world.add(status="CREATING")
    for _ in range(40):
        assert same(world.source(), world)
        world.wait(timedelta(hours=2))
    world.points[name] = replace(world.points[name], status="COMPLETED")

    assert same(world.source(), world)


def test_one_that_was_being_made_and_is_gone_is_no_doubt() -> None:
    """A backup that failed leaves nothing behind."""
    world = settled()
    world.add(status="CREATING")
    world.source()
    world.points.popitem()
    world.tells_number = False
    world.whole()

    assert same(world.source(), world)
    assert world.whole() == 0


def test_a_window_that_lacks_what_should_be_in_it_is_not_believed() -> None:
    """As where AWS filtered by another date than the one that it shows."""
    world = settled()
    world.add()
    world.source()
    world.whole()
    hidden = world.points.popitem()
    world.tells_number = False

    def listing(
        since: datetime | None = None,
        before: datetime | None = None,
        like: Inventory | None = None,
        *,
        resource: str | None = None,
    ) -> Inventory:
        found = world._list(since, before, like, resource=resource)
        return Inventory([*found, *([hidden[1]] if since is None else [])])

    found = world.kept.source(KEY, Described(), listing)

    assert world.whole() == 1
    assert hidden[0] in {each.arn for each in found}


def test_what_expires_makes_an_audit_an_hour_at_most() -> None:
    """AWS tells of fewer, and it was to be expected."""
    world = World()
    for minutes in range(1, 500):
        world.add(age=timedelta(days=30), keep=minutes * MINUTE)
    world.source()
    world.whole()
    for _ in range(40):
        world.wait(5 * MINUTE)
        world.source()

    assert world.whole() <= 3


def test_a_deletion_among_many_that_expire_is_seen_within_the_hour() -> None:
    """AWS need not have removed what is over, so that one that is gone may be one of those."""
    world = World()
    names = [world.add(age=timedelta(days=30), keep=hours * timedelta(hours=1)) for hours in range(1, 50)]
    world.source()
    for _ in range(7):
        world.wait(10 * MINUTE)
        world.source()
    del world.points[names[-1]]
    world.wait(LATE)

    assert same(world.source(), world)


def test_a_number_that_never_fits_costs_an_audit_ever_more_seldom() -> None:
    """AWS calls it an approximation."""
    world = settled()
    world.whole()
    for minute in range(1, 121):
        world.wait(MINUTE)
        vault = replace(world.vault().vault or Vault("", ""), points=3 + 5 * (minute % 2))
        world.kept.source(KEY, Described(vault, world.now), world._list)

    assert 1 <= world.whole() <= 2 + 120 / (DOUBTED / MINUTE) / 2


def test_everything_is_listed_again_after_a_while_whatever_the_number_says() -> None:
    """A deletion and an arrival make the same number."""
    world = settled()
    world.points.pop("p1")
    world.add(age=timedelta(days=70))
    world.source()
    world.wait(AUDIT)

    assert same(world.source(), world)


@pytest.mark.parametrize("look", [World.source, World.destination, World.look_at_jobs])
def test_who_began_before_another_one_has_listed_lists_nothing_again(look: Callable[[World], object]) -> None:
    """Its clock was not set back: it only waited for its turn."""
    world, asked = World(), list[datetime]()
    world.add(age=timedelta(days=9))
    world.job("COMPLETED", completed=timedelta(hours=3))

    def clock() -> datetime:
        """Tell the time; before anything is made of the first answer, another one looks."""
        told = world.now
        asked.append(told)
        if len(asked) == 1:
            world.now += MINUTE
            look(world)
        return told

    world.kept = KeptListings(clock, AUDIT)
    look(world)

    assert world.whole() == 1


def test_audits_of_many_vaults_are_spread() -> None:
    """What began together is not listed in whole together six hours later, and none of it later than that."""
    world = World(points={"p": RecoveryPoint("p", "r", "EBS", NOW - timedelta(days=9), "COMPLETED")})
    keys = [("points", ("prod",), "eu-west-1", f"vault-{number}") for number in range(50)]
    whole = list[int]()
    for _ in range(6 * 60 // 5 + 1):
        for key in keys:
            world.kept.source(key, world.vault(), world._list)
        whole.append(world.whole())
        world.wait(5 * MINUTE)

    assert sum(whole) == 2 * len(keys)
    assert whole[0] == len(keys)
    assert max(whole[1:]) < len(keys) // 4


def test_a_clock_that_jumps_back_makes_an_audit() -> None:
    """Nothing is known of the time in between."""
    world = settled()
    world.now -= timedelta(days=3)

    world.source()
    assert world.whole() == 1


def test_an_error_leaves_what_is_kept() -> None:
    """And the next look asks for what this one did not see."""
    world = settled()
    world.add()
    world.fails = True
    with pytest.raises(OSError, match="no"):
        world.source()
    world.fails = False
    world.whole()

    assert same(world.source(), world)
    assert world.whole() == 0


def test_a_copy_that_a_job_has_brought_is_listed_until_it_is_there() -> None:
    """A listing may lag; one that never shows is looked for once more when it is judged to be lost."""
    world = settled()
    world.job("COMPLETED", copy="late", completed=timedelta(0))
    ended, looked = world.now, []
    for _ in range(18):
        world.wait(10 * MINUTE)
        world.destination()
        looked += [(world.now - ended) // MINUTE] * world.whole()

    assert looked == [10, 20, 30, 40, 50, 60, SETTLING // MINUTE]
    world.points["late"] = RecoveryPoint("late", "r", "EBS", NOW, "COMPLETED")
    assert same(world.destination(), world)


def test_a_copy_is_awaited_however_seldom_one_looks() -> None:
    """Its job ended long ago, and nothing has been listed since; an expiry hides it in the number."""
    world = settled()
    short = world.add(age=timedelta(days=9), keep=timedelta(hours=1))
    world.destination()
    world.wait(10 * MINUTE)
    running = world.job("RUNNING")
    world.wait(65 * MINUTE)
    world.points["copy"] = RecoveryPoint("copy", "r", "EBS", NOW, "COMPLETED")
    ended = world.now - timedelta(minutes=63)
    world.jobs[running] = replace(world.jobs[running], state="COMPLETED", completed=ended, destination_point_arn="copy")

    assert short not in world.points
    assert same(world.destination(), world)


def test_a_holding_is_as_old_as_its_listing() -> None:
    """What nobody has listed since cannot be said to be missing."""
    world = settled()
    listed = world.hold().listed
    world.wait(10 * MINUTE)

    assert world.hold().listed == listed == NOW


def test_nobody_waits_for_copy_jobs_that_somebody_else_lists() -> None:
    """Who lists may wait for the budget; and what was listed later is not forgotten for what was listed before."""
    world = World()
    world.job("RUNNING")
    world.look_at_jobs()
    world.wait(5 * MINUTE)
    early = world.now

    def slowly(since: datetime | None = None, *, ended: datetime | None = None, like: JobBook | None = None) -> JobBook:
        before = world._list_jobs(since, ended=ended, like=like)
        world.now = early + MINUTE
        name = world.job("RUNNING")
        assert name in {each.id for each in world.look_at_jobs()}, "another one lists meanwhile, and waits for nobody"
        return before

    assert {each.id for each in world.kept.jobs(JOBS, slowly)} == set(world.jobs)
    world.wait(MINUTE)
    assert {each.id for each in world.look_at_jobs()} == set(world.jobs)


def arrived(world: World, *, age: timedelta, dated: bool = True) -> str:
    """Let the copy of a recovery point of that age arrive a minute ago."""
    name = world.add(age=age)
    job = world.job("COMPLETED", copy=name, completed=MINUTE)
    if dated:
        world.dated[job] = world.points[name].created
    return name


@pytest.mark.parametrize(
    ("age", "dated"),
    [
        pytest.param(timedelta(days=50), True, id="an old one"),
        pytest.param(timedelta(hours=3), True, id="a new one"),
        pytest.param(timedelta(hours=3), False, id="one of which the source is not known, and it is new"),
    ],
)
def test_an_arrival_is_looked_for_at_the_date_of_its_source(age: timedelta, dated: bool) -> None:
    """And nothing else is listed for it."""
    world = settled()
    world.destination()
    world.whole()
    arrived(world, age=age, dated=dated)

    assert same(world.destination(), world)
    assert world.listed
    assert world.whole() == 0


def test_arrivals_of_one_look_are_listed_together() -> None:
    """However many there are, in one window."""
    world = settled()
    world.destination()
    world.whole()
    for days in range(10, 40):
        arrived(world, age=timedelta(days=days))

    assert same(world.destination(), world)
    assert len(world.listed) == 1
    assert world.listed[0] is not None


@pytest.mark.parametrize(
    ("moved", "dated"),
    [
        pytest.param(timedelta(days=20), True, id="its date is another one than its source's"),
        pytest.param(timedelta(0), False, id="its source is not known, and it is old"),
    ],
)
def test_an_arrival_that_is_not_where_it_should_be_is_looked_for_by_its_resource(
    moved: timedelta, dated: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The date that copies keep is documented, and not seen for each type; the log says of which copy it is not so."""
    world = settled()
    world.destination()
    world.whole()
    name = arrived(world, age=timedelta(days=50), dated=dated)
    world.points[name] = replace(world.points[name], created=world.points[name].created + moved)

    with caplog.at_level("INFO"):
        assert same(world.destination(), world)

    assert (len(world.listed), world.resources) == (1, ["r"])
    assert caplog.messages == [f"A copy has another date than its source: {name}"]
    assert same(world.destination(), world)
    assert (len(world.listed), world.resources) == (1, ["r"])


@pytest.mark.parametrize(
    ("resource", "many"),
    [
        pytest.param("another", 1, id="its resource is another one, too"),
        pytest.param("", 1, id="AWS names no resource"),
        pytest.param(None, MOST_RESOURCES + 1, id="there are many such at once"),
    ],
)
def test_an_arrival_that_is_nowhere_near_has_the_vault_listed(resource: str | None, many: int) -> None:
    """A copy at another date, too, that is of another resource than its job says, or of too many."""
    world = settled()
    world.destination()
    world.whole()
    for number in range(many):
        name = arrived(world, age=timedelta(days=50))
        point = world.points[name]
        job = next(key for key, one in world.jobs.items() if one.destination_point_arn == name)
        of = f"r{number}" if resource is None else resource
        world.points[name] = replace(point, created=point.created + timedelta(days=20), resource_arn=of)
        world.jobs[job] = replace(world.jobs[job], resource_arn=of if resource is None or not resource else "r")

    assert same(world.destination(), world)
    assert world.whole() == 1


def test_a_copy_that_takes_for_ever_has_nothing_listed_beside_it() -> None:
    """Nor has an old arrival what lies between it and a new one, where that is more than a page."""
    world = settled(1100)
    world.add(age=timedelta(days=1300), status="CREATING")
    world.destination()
    world.whole()
    for age in (timedelta(hours=3), timedelta(days=1290)):
        arrived(world, age=age)

    assert same(world.destination(), world)
    assert len(world.listed) == 2
    assert world.rows == 3
    assert world.whole() == 0


moments = st.integers(0, 60).map(lambda each: NOW + each * MINUTE)
some_spans = st.lists(st.tuples(moments, st.integers(0, 5)), min_size=1, max_size=8)


@given(some_spans, st.lists(st.tuples(moments, st.sampled_from([1, 400, 1001])), max_size=6))
def test_what_is_asked_for_is_listed_and_no_page_of_others(
    asked: list[tuple[datetime, int]], lying: list[tuple[datetime, int]]
) -> None:
    """Each span lies in a window, and no call is spent where one more would have saved none."""
    spans = sorted((begin, begin + minutes * MINUTE) for begin, minutes in asked)

    def between(ends: Sequence[datetime]) -> list[int]:
        return [sum(number for at, number in lying if one < at <= other) for one, other in pairwise(ends)]

    found = windows(spans, between)
    apart = [between((one[1], other[0]))[0] for one, other in pairwise(found)]

    assert all(any(begin <= each[0] and each[1] <= end for begin, end in found) for each in spans)
    assert all(count > 1000 for count in apart)
    assert all(sum(_beside(each, spans, between)) <= 1000 * len(spans) for each in found)


def _beside(window: Span, spans: list[Span], between: Callable[[Sequence[datetime]], list[int]]) -> list[int]:
    """Return how many lie in a window between one span and the next, each of which is a page at most."""
    inside = [each for each in spans if window[0] <= each[0] and each[1] <= window[1]]
    gaps = [(max(end for _, end in inside[:at]), inside[at][0]) for at in range(1, len(inside))]
    counts = [between(gap)[0] for gap in gaps if gap[0] < gap[1]]
    assert all(count <= 1000 for count in counts)
    return counts


@given(st.lists(moments, max_size=9), st.lists(moments, max_size=5).map(sorted))
def test_what_lies_between_two_moments_is_counted(created: list[datetime], ends: list[datetime]) -> None:
    """Of all resources, after the one and until the other."""
    points = [
        RecoveryPoint(f"p{number}", f"r{number % 3}", "EBS", at, "COMPLETED") for number, at in enumerate(created)
    ]

    assert Inventory(points).between(ends) == [
        sum(one < at <= other for at in created) for one, other in pairwise(ends)
    ]


def _elsewhere(world: World) -> None:
    name = arrived(world, age=timedelta(days=50))
    created = world.points[name].created + timedelta(days=20)
    world.points[name] = replace(world.points[name], created=created, resource_arn="another")


def _set_back(world: World) -> None:
    world.now -= timedelta(days=3)


def _made_anew(world: World) -> None:
    world.created = world.now


def _hidden(world: World) -> None:
    """Let something go that the last look had in its window."""
    name = world.add()
    world.source()
    del world.points[name]
    world.tells_number = False


def _counted(world: World) -> None:
    del world.points["p1"]


DOUBTS = {
    "a copy that a finished job names is at neither the date of its source nor its resource": (
        _elsewhere,
        World.destination,
    ),
    "the clock was set back": (_set_back, World.source),
    "it is another vault of that name": (_made_anew, World.source),
    "what was there is missing among the newest": (_hidden, World.source),
    "AWS tells of another number of recovery points": (_counted, World.source),
}


@pytest.mark.parametrize("why", DOUBTS)
def test_a_doubt_says_why_everything_is_listed(why: str, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with the vault; and a look without a doubt says nothing."""
    world = settled()
    happen, look = DOUBTS[why]
    with caplog.at_level("INFO"):
        for _ in range(2):
            world.wait(MINUTE)
            look(world)
        assert not caplog.messages
        happen(world)
        world.whole()
        look(world)

    assert world.whole() == 1
    assert caplog.messages == [f"Listing points/eu-west-1/orders in whole: {why}"]


@pytest.mark.parametrize(("age", "whole"), [(timedelta(hours=30), 0), (timedelta(days=9), 1)])
def test_what_others_copy_into_a_vault_is_looked_for_among_what_is_recent(age: timedelta, whole: int) -> None:
    """The number of recovery points tells that there is something; hardly ever is it old."""
    world = settled()
    world.destination()
    world.whole()
    world.add(age=age)

    assert same(world.destination(), world)
    assert world.whole() == whole


def test_a_copy_that_is_being_made_is_looked_at_alone() -> None:
    """Look by look, until it is complete."""
    world = settled()
    world.add(age=timedelta(days=30), status="CREATING")
    world.source()
    world.wait(5 * MINUTE)
    world.destination()
    world.whole()
    (name,) = (name for name, each in world.points.items() if each.status == "CREATING")
    world.points[name] = replace(world.points[name], status="COMPLETED")

    assert same(world.destination(), world)
    assert world.whole() == 0
    assert world.destination() is world.destination()


def test_a_destination_whose_jobs_are_not_known_is_listed() -> None:
    """What arrived cannot be told then."""
    world = settled()
    world.kept.destination(KEY, world.vault(), None, world._list, world.date)

    assert world.whole() == 1


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "late", "old", "short", "creating", "complete", "delete", "copy", "nothing"]),
        st.sampled_from([0, 1, 4, 30, 61, 400]),
    ),
    max_size=40,
)


@given(OPERATIONS, st.booleans())
def test_whatever_happens_a_look_says_what_aws_has(operations: list[tuple[str, int]], numbered: bool) -> None:
    """But for what an expiry hides; and, without a number, what else a window cannot see, until the audit."""
    world = World(tells_number=numbered)
    for what, minutes in operations:
        world.wait(minutes * MINUTE)
        name = next(iter(world.points), "")
        match what:
            case "add" | "late" | "old":
                world.add(age={"add": timedelta(0), "late": timedelta(hours=20), "old": timedelta(days=90)}[what])
            case "short":
                world.add(keep=timedelta(hours=1))
            case "creating":
                world.add(status="CREATING")
            case "complete" if name:
                world.points = {arn: replace(each, status="COMPLETED") for arn, each in world.points.items()}
            case "delete" if name:
                del world.points[name]
            case "copy":
                world.job("COMPLETED", copy=world.add(age=timedelta(days=40)), completed=timedelta(0))
        world.source()
        world.wait(2 * COUNTED)  # a description from before the last listing says nothing
        for look in (world.source, world.destination):
            found = {each.arn: each for each in look()}
            over = {arn for arn, each in found.items() if each.delete_at and each.delete_at <= world.now}
            unseen = set(found.keys() ^ world.points.keys()) - over
            assert numbered is False or over or not unseen, what
    world.wait(AUDIT)

    assert same(world.source(), world)


@pytest.mark.parametrize("look", [World.source, World.destination])
def test_arrivals_while_everything_is_listed_blind_nobody(look: Callable[[World], Inventory]) -> None:
    """The vault had been described before; what is deleted later is seen at once."""
    world = World()
    for number in range(6):
        world.add(age=timedelta(days=100 + number))
    before = Described(Vault("arn:v", "v", created=world.created, points=3), world.now)
    world.wait(MINUTE)
    world.kept.source(KEY, before, world._list)
    world.wait(5 * MINUTE)
    look(world)
    world.points.popitem()
    world.wait(5 * MINUTE)

    assert same(look(world), world)


def test_a_description_from_before_the_listing_is_no_doubt() -> None:
    """Another policy's pass had described the vault, and comes second."""
    world = settled()
    early = Described(Vault("arn:v", "v", created=world.created, points=2), NOW - MINUTE)
    world.whole()
    world.kept.destination(KEY, early, (), world._list, world.date)

    assert world.whole() == 0


def _described(world: World, points: int, at: datetime) -> Described:
    return Described(Vault("arn:v", "v", created=world.created, points=points), at)


def test_a_copy_that_came_after_the_number_was_told_is_no_doubt() -> None:
    """One list of vaults serves many policies: who looks last sees more than was counted, and audits nothing."""
    world = settled()
    world.whole()
    world.wait(5 * MINUTE)
    told, number = world.now, len(world.points)
    for age in (1, 2):
        world.wait(2 * MINUTE)
        copy = world.add(age=timedelta(days=100 * age))
        job = world.job("COMPLETED", copy=copy, completed=MINUTE)
        world.dated[job] = world.points[copy].created
        jobs = (Jobs(world.jobs.values()),)
        held = world.kept.destination(KEY, _described(world, number, told), jobs, world._list, world.date)
        assert same(held.points, world)

    assert None not in world.listed
    assert (same(world.destination(), world), world.listed.count(None)) == (True, 0)


def test_a_backup_that_ran_for_long_and_came_after_the_number_was_told_is_no_doubt() -> None:
    """Its creation is hours ago, and it was listed a moment ago: the next number tells of it."""
    world = settled()
    world.whole()
    world.wait(5 * MINUTE)
    told, number = world.now, len(world.points)
    world.wait(2 * MINUTE)
    world.add(age=timedelta(hours=12))
    world.kept.source(KEY, _described(world, number, told), world._list)
    world.wait(5 * MINUTE)

    assert same(world.source(), world)
    assert None not in world.listed


def test_what_is_listed_late_is_seen_within_the_hour_whatever_the_number_tells() -> None:
    """A number may not tell of it, or be that of as many that are gone; without a number every look reaches so far."""
    for tells in (True, False):
        world = settled()
        world.tells_number = tells
        world.source()
        number = len(world.points)
        late = world.add(age=timedelta(hours=12))
        world.wait(NEAR if tells else MINUTE)
        told = _described(world, number, world.now) if tells else world.vault()

        assert late in {each.arn for each in world.kept.source(KEY, told, world._list)}


@pytest.mark.parametrize(("age", "later"), [(timedelta(0), 5 * MINUTE), (timedelta(hours=12), NEAR)])
def test_what_came_after_the_number_hides_no_deletion_for_long(age: timedelta, later: timedelta) -> None:
    """The number after the arrival was seen has to count it, and one that is listed late is seen within the hour."""
    world = settled()
    world.points.pop("p1")
    world.add(age=age)
    world.source()
    world.wait(later)
    world.source()
    world.wait(5 * MINUTE)

    assert same(world.source(), world)


def test_a_vault_that_could_not_be_described_is_listed_once_more_when_it_can() -> None:
    """Nothing could tell until then whether it is the same, and how much it holds."""
    world = World()
    world.add(age=timedelta(days=100))
    world.kept.source(KEY, Described(), world._list)
    world.wait(5 * MINUTE)
    world.add(age=timedelta(days=50))
    found = world.source()

    assert same(found, world)
    world.whole()
    world.wait(5 * MINUTE)
    world.source()
    assert world.whole() == 0


def test_what_lasts_without_being_complete_is_not_listed_for_ever() -> None:
    """PARTIAL stays; and what is stuck is left to audits after a week."""
    world = settled()
    world.add(age=timedelta(days=50), status="PARTIAL")
    world.add(age=timedelta(days=8), status="DELETING")
    world.source()
    world.wait(5 * MINUTE)
    world.listed.clear()
    world.source()
    world.destination()

    assert world.listed == [world.now - 5 * MINUTE - NEAR]


def test_an_audit_that_fails_leaves_what_was_known() -> None:
    """A window lacked something, and the listing that should tell fails."""
    world = settled()
    name = world.add()
    world.source()
    hidden = world.points.pop(name)
    calls: list[datetime | None] = []

    def once(
        since: datetime | None = None,
        before: datetime | None = None,
        like: Inventory | None = None,
        *,
        resource: str | None = None,
    ) -> Inventory:
        calls.append(since)
        if since is None:
            raise OSError("no")
        return world._list(since, before, like, resource=resource)

    with pytest.raises(OSError, match="no"):
        world.kept.source(KEY, Described(), once)
    world.points[name] = hidden
    world.tells_number = False

    assert len(calls) == 2
    assert same(world.source(), world)


def test_what_is_kept_goes_with_its_account() -> None:
    """And with it the jobs."""
    world = settled()
    world.look_at_jobs()
    world.kept.forget(lambda key: key[1] == ("prod",))
    world.listed.clear()
    world.source()
    world.look_at_jobs()

    assert world.listed == [None, None]


# --- Jobs ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["start", "end", "fail", "nothing"]), st.integers(0, 3000)), max_size=40))
def test_jobs_are_seen_as_aws_lists_them(operations: list[tuple[str, int]]) -> None:
    """Whatever ends whenever; those that AWS forgets are forgotten."""
    world = World()
    for what, minutes in operations:
        world.wait(minutes * MINUTE)
        running = next((each for each in world.jobs.values() if each.is_running), None)
        if what == "start":
            world.job("RUNNING")
        elif what != "nothing" and running is not None:
            state = "COMPLETED" if what == "end" else "FAILED"
            world.jobs[running.id] = replace(running, state=state, completed=world.now)
        known = {each.id: each for each in world.look_at_jobs()}

        assert known == {each.id: each for each in world._list_jobs(None)}


def test_a_job_that_runs_for_longer_than_aws_remembers_ended_ones_is_kept() -> None:
    """Forgetting it would start its copy once more."""
    world = World()
    running = world.job("RUNNING")
    for _ in range(40):
        assert [each.id for each in world.look_at_jobs()] == [running]
        world.wait(timedelta(days=1))


def test_a_job_that_is_stuck_has_not_all_since_then_listed() -> None:
    """Whether it has ended is asked by when jobs end."""
    world = World()
    stuck = world.job("RUNNING")
    for _ in range(20):
        world.wait(timedelta(hours=3))
        world.job("COMPLETED", completed=timedelta(0))
        world.look_at_jobs()
    world.listed.clear()
    world.wait(5 * MINUTE)
    world.look_at_jobs()
    assert all(since is not None and world.now - since <= LATE + 5 * MINUTE for since in world.listed)
    assert len(world.listed) == 2
    assert world.now - world.jobs[stuck].created > LONG

    world.jobs[stuck] = replace(world.jobs[stuck], state="FAILED", completed=world.now)
    world.wait(5 * MINUTE)
    assert {each.id: each for each in world.look_at_jobs()} == world.jobs


def test_jobs_that_have_ended_are_not_listed_again() -> None:
    """Only what was created since the oldest that has not."""
    world = World()
    for _ in range(100):
        world.job("COMPLETED", completed=timedelta(0))
        world.wait(10 * MINUTE)
    world.look_at_jobs()
    running = world.job("RUNNING")
    world.wait(MINUTE)
    world.look_at_jobs()
    world.wait(MINUTE)
    world.listed.clear()
    world.look_at_jobs()

    assert world.listed == [world.jobs[running].created - LATE]


# --- What is looked at by itself -----------------------------------------------------------------------------------


def test_a_point_that_was_looked_at_by_itself_is_known_and_costs_no_listing() -> None:
    """Its vault need not be listed to see what became of it; an unknown one changes nothing."""
    world = settled()
    world.destination()
    world.whole()
    name, before = next(iter(world.points.items()))
    world.points[name] = changed = replace(before, delete_at=world.now + timedelta(days=365))
    world.kept.correct(KEY, changed)
    world.kept.correct(KEY, replace(changed, arn="unknown"))
    world.kept.correct(("points", "another vault"), changed)

    assert same(world.destination(), world)
    assert world.listed == []
