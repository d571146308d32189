"""Comparing resource by resource, and only what happens, says what comparing everything at once would.

The reference has no memory and knows no resources: it is the pass as it was before anything was folded.
"""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    NOW,
    ROLE,
    SOURCE_ARN,
    TARGET_ARN,
    ago,
    copy_of,
    desired,
    destination,
    job_for,
    point,
    vault,
)
from tests.kit.judging import every_standing

from crossvault.aspects.copies import doubts, evidence, existing, figures, folding, newest, states
from crossvault.aspects.copies.contents import Contents
from crossvault.aspects.copies.declared import COPIES, Backfill, BackfillMode, Copies
from crossvault.aspects.copies.existing import Lifecycles
from crossvault.aspects.copies.foresight import Circumstances
from crossvault.aspects.copies.inventory import Inventory, by_age
from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.copies.judged import Judged
from crossvault.aspects.copies.memory import FEW, MOST_VIEWS, Memory
from crossvault.aspects.copies.pairing import Pairing, pair
from crossvault.aspects.copies.planned import Standing, State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.lifecycle.existing import EXISTING, Existing, ExistingCopies
from crossvault.aspects.vault.seen import AIR_GAPPED, Key
from crossvault.engine.declared import Scope
from crossvault.engine.looks import Seen

RESOURCES = ("arn:aws:ec2:eu-west-1:111111111111:volume/a", "arn:aws:ec2:eu-west-1:111111111111:volume/b", "")


@dataclass
class World:
    """Two vaults and their jobs, as they are listed look by look."""

    now: datetime = NOW
    points: dict[str, RecoveryPoint] = field(default_factory=dict)
    copies: dict[str, RecoveryPoint] = field(default_factory=dict)
    jobs: dict[str, CopyJob] = field(default_factory=dict)
    born: datetime = NOW - timedelta(days=400)
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self._inventories = Inventory(), Inventory(), Jobs()

    def restart(self) -> None:
        """Forget all that a process remembers."""
        self._inventories, self.memory = (Inventory(), Inventory(), Jobs()), Memory()

    def contents(self) -> Contents:
        """List both vaults; what has not changed stays the same object, as between two looks."""
        source, target, jobs = self._inventories
        long_ago = ago(days=99_999)
        source, _ = source.renewed(Inventory(self.points.values(), source), long_ago, ())
        target, _ = target.renewed(Inventory(self.copies.values(), target), long_ago, ())
        running = {each.id for each in jobs.running}
        gone = [each.id for each in jobs if each.id not in self.jobs and each.id not in running]
        jobs = Jobs(self.jobs.values()) if gone else jobs.renewed(self.jobs.values(), long_ago)
        self._inventories = source, target, jobs
        return Contents(source, target, jobs, self.memory)


def lives(paired: Pairing, standings: tuple[Standing, ...], view: states.Viewpoint) -> Lifecycles:
    """Return what is said of the lifecycles of copies that are there."""
    return existing.judge(paired.pairs, standings, existing.Look(view))


def whole(world: World, view: states.Viewpoint) -> tuple[Judged, Lifecycles]:
    """Judge everything together, without any memory."""
    ends = view.desired.source.arn, view.destination.vault.arn
    paired = pair(world.points.values(), world.copies.values(), world.jobs.values(), ends[0])
    found = evidence.traces(paired, *ends, view.copies_seen)
    weighed = evidence.weigh(found, Jobs(world.jobs.values()), ends[0], now=view.now, copies_seen=view.copies_seen)
    settled = doubts.settle(paired.pairs, states.stand(paired.pairs, view), weighed, view, locked=False)
    return Judged(settled, tuple(weighed.of_kind.values())), lives(paired, settled, view)


def folded(world: World, view: states.Viewpoint) -> Judged:
    """Judge as a pass does."""
    return both(world, view)[0]


def both(world: World, view: states.Viewpoint) -> tuple[Judged, Lifecycles]:
    """Judge as a pass does."""
    there = world.contents()
    done = folding.fold(there, view)
    weighed = evidence.weigh(
        done.traces, there.jobs, view.desired.source.arn, now=view.now, copies_seen=view.copies_seen
    )
    pairs = done.paired.pairs
    settled = doubts.settle(pairs, states.stand(pairs, view, done.begun), weighed, view, locked=False)
    return Judged(settled, tuple(weighed.of_kind.values()), done.settled), lives(done.paired, settled, view)


def same(one: Judged, other: Judged) -> bool:
    """Tell whether both say the same of every recovery point, and of what is known."""
    differ = [each for each in zip(every_standing(one), every_standing(other), strict=True) if each[0] != each[1]]
    assert not differ, differ
    proofs = zip(*(sorted(each.evidence, key=lambda each: each.kind) for each in (one, other)), strict=True)
    apart = [each for each in proofs if each[0] != each[1]]
    assert not apart, apart
    return True


def sums_fit(found: Judged) -> bool:
    """Tell whether the sums of what is settled are those of its recovery points."""
    standings = [each for each in every_standing(found) if each not in found.standings]
    meant = [each.point.created for each in standings if each.state is not State.OUT_OF_SCOPE]
    copied = [each.point for each in standings if each.state is State.COPIED]
    sums = found.settled
    assert sum(count for _, count in sums.counts) == len(standings)
    assert sums.copied == len(copied)
    assert sums.bytes_copied == sum(each.size for each in copied)
    assert sums.newest_source == max(meant, default=None)
    assert sums.newest_copy == max((each.created for each in copied), default=None)
    return True


# --- Histories -----------------------------------------------------------------------------------------------------

ages = st.sampled_from([0, 1, 24, 25, 24 * 9, 24 * 40])
offsets = st.sampled_from([timedelta(0), timedelta(0), timedelta(milliseconds=300), timedelta(seconds=5)])
origins = st.sampled_from([None, None, None, SOURCE_ARN, TARGET_ARN, "arn:aws:backup:eu-west-1:3:backup-vault:x"])
statuses = st.sampled_from(["COMPLETED", "COMPLETED", "COMPLETED", "PARTIAL", "CREATING", "EXPIRED", "STOPPED", "ODD"])
numbers = st.integers(0, 8)


HAPPENINGS = (
    *("point", "copy", "job", "end", "drop", "time", "cold"),
    *("forgotten", "retained", "by hand", "anew", "restart"),
)


@st.composite
def happenings(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return something that happens in one of the vaults, or to a job."""
    what = draw(st.sampled_from([*HAPPENINGS, *["point", "copy", "job"]]))
    return what, {
        "number": draw(numbers),
        "other": draw(numbers),
        "resource": draw(st.sampled_from(RESOURCES)),
        "age": draw(ages),
        "offset": draw(offsets),
        "origin": draw(origins),
        "status": draw(statuses),
        "parent": draw(st.sampled_from([None, None, None, None, 1])),
        "state": draw(st.sampled_from(["RUNNING", "COMPLETED", "COMPLETED", "FAILED", "PARTIAL"])),
        "named": draw(st.sampled_from(["copy", "copy", "other", "nothing", None])),
        "keep": draw(st.sampled_from([None, 3, 35, 400])),
    }


def happen(world: World, what: str, how: dict[str, Any]) -> None:
    """Let it happen."""
    match what:
        case "point" | "copy":
            _lie_there(world, how, copied=what == "copy")
        case "job":
            of = world.points.get(point(how["number"]).arn, point(how["number"], resource=how["resource"]))
            copies = {"copy": f"copy-{how['number']}", "other": f"copy-{how['other']}", "nothing": "nowhere"}
            job = job_for(of, state=how["state"], created=world.now - timedelta(hours=how["age"]))
            completed = None if how["state"] == "RUNNING" else world.now - timedelta(hours=how["age"] / 2)
            name, named = f"job-{how['other']}-{of.resource_arn}", copies.get(how["named"] or "")
            world.jobs[name] = replace(job, id=name, completed=completed, destination_point_arn=named)
        case "end":
            running = [job for job in world.jobs.values() if job.is_running]
            world.jobs |= {job.id: replace(job, state="COMPLETED", completed=world.now) for job in running}
        case "drop":
            for kept in (world.points, world.copies, world.jobs):
                names = sorted(kept)
                if names and how["other"] % 2:
                    del kept[names[how["number"] % len(names)]]
        case "cold":
            at = world.now + timedelta(hours=how["age"])
            world.points = {name: replace(each, cold_at=at) for name, each in world.points.items()}
        case "time":
            world.now += timedelta(hours=how["age"])
        case _:
            befall(world, what, how)


def befall(world: World, what: str, how: dict[str, Any]) -> None:
    """Let something happen to many at once."""
    match what:
        case "forgotten":
            world.now += timedelta(days=31)
            world.jobs = {name: job for name, job in world.jobs.items() if job.is_running}
        case "retained":
            days = timedelta(days=how["keep"]) if how["keep"] else None
            names = [name for name in sorted(world.copies) if how["other"] % 2 or name.endswith(str(how["number"]))]
            for name in names:
                made = world.copies[name]
                world.copies[name] = replace(made, delete_at=made.created + days if days else None)
        case "by hand":
            for name in sorted(world.points)[: how["other"]]:
                made = copy_of(world.points[name], arn=f"hand-{name}")
                world.copies[made.arn] = replace(made, source_vault_arn=how["origin"])
        case "anew":
            world.copies, world.born = {}, world.now
        case "restart":
            world.restart()
        case _:
            raise AssertionError(what)


def _lie_there(world: World, how: dict[str, Any], *, copied: bool) -> None:
    """Let there be a recovery point: one of the source, the copy of one, or one that is nobody's copy."""
    arn, copy_arn = point(how["number"]).arn, f"copy-{how['number']}"
    days = timedelta(days=how["keep"]) if how["keep"] else None
    made = point(how["number"], resource=how["resource"], created=world.now - timedelta(hours=how["age"]))
    of = world.points.get(arn)
    if not copied:
        parent = point(how["parent"]).arn if how["parent"] else None
        made = replace(made, source_vault_arn=how["origin"], parent_arn=parent)
    elif of is not None:
        parent = f"copy-{how['parent']}" if how["parent"] else None
        made = replace(copy_of(of, arn=copy_arn), created=of.created + how["offset"], parent_arn=parent)
        made = replace(made, source_vault_arn=how["origin"] or SOURCE_ARN)
    else:
        made = replace(made, arn=copy_arn, source_vault_arn=how["origin"])
    made = replace(made, status=how["status"], delete_at=made.created + days if days else None)
    (world.copies if copied else world.points)[made.arn] = made


VIEWS: dict[str, dict[str, Any]] = {
    "all": {},
    "latest": {"backfill": Backfill(BackfillMode.LATEST)},
    "none": {"backfill": Backfill(BackfillMode.NONE)},
    "short": {"days": 7},
    "long": {"days": 365},
    "updated": {"days": 30, "existing": Existing(ExistingCopies.UPDATE_LIFECYCLE)},
    "shortened": {"days": 30, "existing": Existing(ExistingCopies.UPDATE_LIFECYCLE, 30)},
    "one": {"scope": Scope(resources=(RESOURCES[0],))},
    "others": {"scope": Scope(exclude_resources=(RESOURCES[0],)), "backfill": Backfill(BackfillMode.LATEST)},
    "type": {"scope": Scope(resource_types=("RDS",), min_remaining_days=9)},
    "one updated": {
        "scope": Scope(resources=(RESOURCES[1],)),
        "days": 30,
        "existing": Existing(ExistingCopies.UPDATE_LIFECYCLE),
    },
}


def view_of(world: World, name: str) -> states.Viewpoint:
    """Return how one of the policies sees the world."""
    how = VIEWS[name]
    days = how.get("days")
    one = destination()
    if days is not None:
        one = one.having(LIFECYCLE, Lifecycle(delete_after_days=days))
    one = one.having(EXISTING, how.get("existing", Existing()))
    wanted = replace(desired(one), scope=how.get("scope", Scope()), created=ago(days=20))
    wanted = wanted.having(COPIES, Copies(backfill=how.get("backfill", Backfill(BackfillMode.ALL))))
    return states.Viewpoint(wanted, one, world.now, world.now, known=Circumstances(vault(created=world.born)))


some_views = st.lists(st.sampled_from(sorted(VIEWS)), min_size=1, max_size=3)


@given(st.lists(st.tuples(st.lists(happenings(), max_size=8), some_views), max_size=6))
def test_whatever_happens_the_fold_says_what_a_whole_comparison_says(
    looks: list[tuple[list[tuple[str, dict[str, Any]]], list[str]]],
) -> None:
    """Look by look, of any policies over the two vaults: of every recovery point, of the evidence, and in the sums."""
    world = World()
    for happened, names in looks:
        for each in happened:
            happen(world, *each)
        for name in names:
            view = view_of(world, name)
            found, lifecycles = both(world, view)
            everything, expected = whole(world, view)

            assert same(found, everything)
            assert sums_fit(found)
            assert (lifecycles.due, lifecycles.groups) == (expected.due, expected.groups)


def lived_in(days: int | None) -> World:
    """Return vaults of which everything is copied, for so long: what is settled is remembered there."""
    world = World()
    for number in range(6):
        made = point(number, resource=RESOURCES[number % 2], created=ago(days=1 + 9 * number, minutes=7))
        world.points[made.arn] = made
        until = made.created + timedelta(days=days) if days is not None else None
        world.copies[f"copy-{number}"] = replace(copy_of(made, arn=f"copy-{number}"), delete_at=until)
        job = job_for(made, state="COMPLETED", created=ago(hours=30), completed=ago(hours=20))
        world.jobs[f"job-{number}"] = replace(job, id=f"job-{number}", destination_point_arn=f"copy-{number}")
    return world


@given(
    st.sampled_from([None, 20, 35, 400]),
    st.lists(st.tuples(st.lists(happenings(), max_size=1), some_views), min_size=2, max_size=6),
)
def test_what_one_policy_has_settled_is_another_one_s_to_judge(
    days: int | None, looks: list[tuple[list[tuple[str, dict[str, Any]]], list[str]]]
) -> None:
    """Policies share what they remember of two vaults, and each sees them as if it were alone."""
    world = lived_in(days)
    for happened, names in looks:
        for each in happened:
            happen(world, *each)
        for view in (view_of(world, name) for name in names):
            found, everything = folded(world, view), whole(world, view)[0]

            assert same(found, everything)
            assert sums_fit(found)


@given(st.lists(st.lists(happenings(), max_size=8), max_size=6), st.sampled_from(sorted(VIEWS)))
def test_every_recovery_point_can_be_told_one_by_one(looks: list[list[tuple[str, dict[str, Any]]]], name: str) -> None:
    """Each once and as it was judged, the newest first, and so many of each state as a status counts."""
    world = World()
    for happened in looks:
        for each in happened:
            happen(world, *each)
        view = view_of(world, name)
        found = folded(world, view)
        told = list(newest.standings(world.contents(), found, lambda _: True))

        assert Counter(each.state for each in told) == +figures.states_of(found)
        assert [each.point.created for each in told] == sorted((each.point.created for each in told), reverse=True)
        assert tuple(sorted(told, key=lambda each: each.point.arn)) == every_standing(found)
        assert len(told) == len({each.point.arn for each in told}) == len(world.points)
        for resource in RESOURCES:
            of_it = [each for each in told if each.point.resource_arn == resource]
            assert list(newest.standings(world.contents(), found, lambda _: True, resource)) == of_it
        alone = list(newest.points(world.contents().points, lambda _: True))
        assert sorted(alone, key=by_age, reverse=True) == sorted(world.points.values(), key=by_age, reverse=True)
        assert [each.created for each in alone] == [each.point.created for each in told]


# --- What is settled -----------------------------------------------------------------------------------------------


def settled_world(resources: int = 3, each: int = 4) -> World:
    """Return vaults of which everything is copied, with the jobs that did it."""
    world = World()
    for number in range(resources * each):
        made = point(
            number,
            resource=f"arn:aws:ec2:eu-west-1:111111111111:volume/{number % resources}",
            created=ago(days=1 + number // resources, minutes=7),
        )
        world.points[made.arn] = made
        world.copies[f"copy-{number}"] = copy_of(made, arn=f"copy-{number}")
        job = job_for(made, state="COMPLETED", completed=ago(hours=20))
        world.jobs[f"job-{number}"] = replace(job, id=f"job-{number}", destination_point_arn=f"copy-{number}")
    return world


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which recovery points are compared."""
    seen: list[str] = []

    def noting(points: Any, *rest: Any, **members: Any) -> Any:
        points = tuple(points)
        seen.extend(each.arn for each in points)
        return pair(points, *rest, **members)

    monkeypatch.setattr(folding, "pair", noting)
    return seen


def test_what_is_settled_is_compared_once(compared: list[str]) -> None:
    """And leaves nothing to be judged but sums."""
    world = settled_world()
    found = folded(world, view_of(world, "all"))
    assert found.standings == ()
    assert found.settled.copied == 12
    compared.clear()

    assert folded(world, view_of(world, "all")).settled == found.settled
    assert compared == []


def test_one_new_recovery_point_is_compared_alone(compared: list[str]) -> None:
    """What is older of its resource, and the others, are what they were."""
    world = settled_world()
    folded(world, view_of(world, "all"))
    compared.clear()
    fresh = point(99, resource="arn:aws:ec2:eu-west-1:111111111111:volume/1", created=ago(hours=1))
    world.points[fresh.arn] = fresh
    found = folded(world, view_of(world, "all"))

    assert [each.state for each in found.standings] == [State.MISSING]
    assert found.settled.copied == 12
    assert set(compared) == {fresh.arn}
    compared.clear()
    assert same(folded(world, view_of(world, "all")), whole(world, view_of(world, "all"))[0])


@pytest.mark.parametrize("name", sorted(VIEWS))
@pytest.mark.parametrize("apart", [timedelta(milliseconds=400), timedelta(seconds=2), timedelta(hours=1)])
def test_what_is_near_in_time_is_compared_together(name: str, apart: timedelta) -> None:
    """A new recovery point beside one that is copied, from either side, and with a copy of its own or without."""
    for copied in (False, True):
        world = settled_world()
        folded(world, view_of(world, name))
        beside = max(world.points.values(), key=lambda each: each.created)
        fresh = replace(beside, arn="fresh", created=beside.created + apart)
        world.points["fresh"] = fresh
        if copied:
            world.copies["fresh copy"] = copy_of(fresh, arn="fresh copy")
        view = view_of(world, name)

        assert same(folded(world, view), whole(world, view)[0])


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_what_is_newer_may_have_all_that_is_unusual(name: str) -> None:
    """A failed job, a copy that came back, one in another state, a job that names an older copy, a job of none."""
    world = settled_world()
    resource = "arn:aws:ec2:eu-west-1:111111111111:volume/1"
    fresh = {number: point(number, resource=resource, created=ago(hours=number - 80)) for number in (90, 91, 92, 93)}
    fresh[91] = replace(fresh[91], source_vault_arn=TARGET_ARN)
    fresh[92] = replace(fresh[92], status="STOPPED")
    for number, each in fresh.items():
        world.points[each.arn] = each
        folded(world, view_of(world, name))
        failed = job_for(each, state="FAILED", created=ago(hours=1), completed=ago(minutes=30))
        world.jobs[f"failed-{number}"] = replace(failed, id=f"failed-{number}")
        assert same(folded(world, view_of(world, name)), whole(world, view_of(world, name))[0])
    strange = job_for(fresh[93], state="COMPLETED", completed=ago(hours=3))
    world.jobs["strange"] = replace(strange, id="strange", destination_point_arn="copy-1")
    assert same(folded(world, view_of(world, name)), whole(world, view_of(world, name))[0])


def test_a_job_that_names_a_copy_of_another_resource_opens_both() -> None:
    """However settled the other one was."""
    world = settled_world()
    view = view_of(world, "all")
    folded(world, view)
    stranger = point(99, resource="arn:aws:ec2:eu-west-1:111111111111:volume/new", created=ago(hours=5))
    world.points[stranger.arn] = stranger
    job = job_for(stranger, state="COMPLETED", completed=ago(hours=4))
    world.jobs["job-99"] = replace(job, id="job-99", destination_point_arn="copy-0")
    found = folded(world, view)

    assert same(found, whole(world, view)[0])
    assert {each.point.resource_arn[-1] for each in found.standings} == {"w", "0"}


def test_time_alone_opens_what_it_changes() -> None:
    """A recovery point that is not copied because its copy would be over: it never was, until then."""
    world = World()
    old = replace(point(1, created=ago(days=6)), status="STOPPED")
    world.points[old.arn] = old
    view = view_of(world, "short")
    assert folded(world, view).settled.counts == (((State.INELIGIBLE, "ContinuousBackup"), 1),)
    world.now += timedelta(days=2)

    assert folded(world, view_of(world, "short")).settled.counts == (((State.OUT_OF_SCOPE, "CopyExpiring"), 1),)


def test_many_views_of_two_vaults_do_not_grow_without_end() -> None:
    """The last ones are remembered; another one is compared anew, and right."""
    world = settled_world()
    resources = len(world.contents().points.groups)
    for days in range(1, FEW // resources + 3 * MOST_VIEWS):
        one = destination().having(LIFECYCLE, Lifecycle(delete_after_days=days))
        view = states.Viewpoint(desired(one), one, world.now, world.now)
        found = folded(world, view)
        assert days % 50 or same(found, whole(world, view)[0])

    assert FEW // resources <= len(world.memory._views) <= FEW // resources + 1


def scoped(world: World, number: int) -> states.Viewpoint:
    """Return how a policy sees the world that means one resource."""
    view = view_of(world, "all")
    resource = f"arn:aws:ec2:eu-west-1:111111111111:volume/{number}"
    return replace(view, desired=replace(view.desired, scope=Scope(resources=(resource,))))


def test_hundreds_of_policies_over_two_vaults_judge_each_resource_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for who means it, and once for all who do not; after that what has changed."""
    world, judged, found = settled_world(40, 3), list[str](), folding._found

    def noting(there: Contents, name: str, *rest: Any) -> Any:
        judged.append(name)
        return found(there, name, *rest)

    def look(policies: int) -> Counter[str]:
        judged.clear()
        there = world.contents()
        for number in range(policies):
            settled = folding.fold(there, scoped(world, number)).settled
            assert sum(count for _, count in settled.counts) == 120
            assert settled.copied == (3 if number < 40 else 0)
        return Counter(judged)

    monkeypatch.setattr(folding, "_found", noting)
    assert look(300) == dict.fromkeys(world.contents().points.groups, 2)
    assert look(300) == {}
    of = world.points[point(1).arn].resource_arn
    world.points = {
        name: replace(each, size=7) if each.resource_arn == of else each for name, each in world.points.items()
    }
    assert look(300) == {of: 2}
    assert same(folded(world, scoped(world, 1)), whole(world, scoped(world, 1))[0])


def test_a_view_that_nobody_has_any_more_keeps_no_listing() -> None:
    """It remembers what was settled, and not what lay in the vaults then."""
    world = settled_world()
    folded(world, view_of(world, "all"))
    before = [ref(each) for each in world.contents().whole]
    fresh = point(99, resource="arn:aws:ec2:eu-west-1:111111111111:volume/new", created=ago(hours=1))
    world.points[fresh.arn] = fresh
    folded(world, view_of(world, "long"))
    gc.collect()

    assert before[0]() is None


def test_settled_recovery_points_can_be_told_after_all() -> None:
    """Those from after a moment, as a loss needs them."""
    world = settled_world()
    found = folded(world, view_of(world, "all"))
    later: list[Standing] = list(found.settled.after(ago(days=2)))

    assert len(later) == 3
    assert all(each.state is State.COPIED and each.point.created > ago(days=2) for each in later)
    assert found.standings == ()


def test_what_differs_from_point_to_point_is_not_kept_for_each() -> None:
    """A message that names the point, or is that of its job, is one to all that are settled; told, it is its own."""
    world, key = settled_world(), "arn:aws:kms:eu-west-1:111111111111:key/of-aws"
    for number in range(40):
        resource = f"arn:aws:ec2:eu-west-1:111111111111:volume/closed-{number}"
        made = replace(point(100 + number, resource=resource, kind="EBS"), encryption_key_arn=key, encrypted=True)
        world.points[made.arn] = made
    world.jobs = {
        name: replace(job, message=f"A tag of {job.source_point_arn} was not copied.")
        for name, job in world.jobs.items()
    }
    view = view_of(world, "all")
    of_aws = {key: Seen(Key(key, "AWS", "Enabled"))}
    view = replace(view, known=replace(view.known, keys=of_aws))
    found, notes = folded(world, view), newest._Notes(world.contents())
    for each in found.settled.after(newest.EVER):
        notes.take(each)
    kinds = len(notes._said)
    told = list(notes.newest_first())

    assert tuple(sorted(told, key=lambda each: each.point.arn)) == every_standing(found)
    assert Counter(each.state for each in told) == {State.INELIGIBLE: 40, State.COPIED: 12}
    assert len({each.message for each in told}) == 52
    assert found.standings == ()
    assert kinds == 2


# --- Found by attacking --------------------------------------------------------------------------------------------


def test_a_torn_copy_is_told_where_only_others_list_parts() -> None:
    """The parts of others prove that this listing has parts, though nothing else about them matters."""
    world = World()
    composite = replace(point(1, resource=RESOURCES[0], created=ago(days=3)), is_parent=True)
    part = point(2, resource=RESOURCES[1], created=ago(days=3), parent=composite.arn)
    theirs = replace(part, arn="theirs", resource_arn="x", parent_arn="y", source_vault_arn="arn:elsewhere")
    world.points = {each.arn: each for each in (composite, part)}
    world.copies = {each.arn: each for each in (copy_of(composite, arn="copy"), theirs)}
    view = view_of(world, "all")
    found = folded(world, view)

    assert same(found, whole(world, view)[0])
    assert State.FAILED in {each.state for each in found.standings}


def test_what_another_role_was_refused_is_not_remembered_for_this_one() -> None:
    """How a recovery point stands hangs on whose jobs tell of it."""
    world = World()
    made = point(1, resource=RESOURCES[0], created=ago(days=3))
    world.points[made.arn] = made
    lost = job_for(made, state="COMPLETED", completed=ago(days=2))
    world.jobs["lost"] = replace(lost, id="lost", destination_point_arn="gone", role_arn=ROLE)
    failed = job_for(made, state="FAILED", created=ago(days=1), completed=ago(hours=20))
    world.jobs["failed"] = replace(failed, id="failed", role_arn="another")
    for role in ("another", ROLE):
        one = destination()
        wanted = desired(one).having(COPIES, Copies(Backfill(BackfillMode.ALL))).having(COPY_ROLE, role)
        known = Circumstances(vault(kind=AIR_GAPPED))
        view = states.Viewpoint(wanted, one, world.now, world.now, known=known)

        assert same(folded(world, view), whole(world, view)[0])


def test_a_clock_that_is_set_back_opens_what_time_has_settled() -> None:
    """A recovery point that was about to expire, by a clock that ran ahead."""
    world = World()
    made = replace(point(1, resource=RESOURCES[0], created=ago(days=3)), delete_at=ago(days=-2))
    world.points[made.arn] = made
    for later in (timedelta(0), timedelta(days=1, hours=12), timedelta(0)):
        world.now = NOW + later
        view = view_of(world, "all")

        assert same(folded(world, view), whole(world, view)[0])
