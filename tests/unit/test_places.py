"""The places of an account: AWS's own quotas, one copy per resource, and parts of policies; as tables, and for all."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import SOURCE_ARN, TARGET_ARN, desired, destination, observed, point, sight, target_vault
from tests.kit.judging import diff, standings_of

from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying, Sharing
from crossvault.aspects.copies.places import Places
from crossvault.aspects.copies.planned import Bound, StartCopy, State
from crossvault.aspects.copies.seen import RecoveryPoint, RunningCopy
from crossvault.engine.declared import Limits, PolicyKey, VaultRef
from crossvault.words.reasons import Reason

HERE, BESIDE = target_vault(), target_vault("more-copies")
ELSEWHERE = VaultRef(target_vault().account, "eu-north-1", "far-copies")
OTHERS = VaultRef(target_vault().account, "eu-central-1", "others")
SOMEBODY = "arn:aws:backup:eu-west-1:111111111111:backup-vault:somebodys"
ALL_POINTS = Backfill(BackfillMode.ALL)
SHOP = PolicyKey("shop", "orders")

MOST = {"EBS": 20, "EC2": 20, "Storage Gateway": 5, "RDS": 20, "Neptune": 20, "FSx": 5, "S3": 100, "a new one": 100}
TOGETHER = (frozenset({"EBS", "EC2", "Storage Gateway"}), frozenset({"RDS", "Neptune"}))


def running(kind: str, number: int = 0, vault: VaultRef = OTHERS) -> RunningCopy:
    """Return a copy that somebody makes, of a resource of its own."""
    return RunningCopy((SOMEBODY, vault.arn), None, f"arn:aws:any:eu-west-1:1:{kind}/busy-{number}", kind)


def some(kind: str, count: int, *, first: int = 1) -> tuple[RecoveryPoint, ...]:
    """Return a recovery point each of some resources."""
    return tuple(
        point(number, resource=f"arn:aws:any:eu-west-1:1:{kind}/{number}", kind=kind, arn=f"arn:{kind}:{number}")
        for number in range(first, first + count)
    )


def wanting(*vaults: VaultRef, **limits: Any) -> Any:
    """Return a policy that may start everything at once."""
    at_once = Limits(starts_per_second=1000, **({"max_concurrent_copies": 1000} | limits))
    into = [destination(each.name, vault=each) for each in vaults or (HERE,)]
    return desired(*into, limits=at_once, copying=Copying(max_concurrent=1000), backfill=ALL_POINTS)


def planned(wanted: Any, points: tuple[RecoveryPoint, ...], alike: Counter[RunningCopy], **around: Any) -> Any:
    """Return the plan of a policy in an account in which these copies are under way."""
    sights = [sight(each) for each in wanted.destinations]
    return diff(wanted, observed(points, *sights, in_progress=alike.total(), alike=alike), **around)


def starts_of(made: Any) -> list[StartCopy]:
    """Return what a plan starts."""
    return [each for each in made.actions if isinstance(each, StartCopy)]


@pytest.mark.parametrize(
    ("kind", "there", "started"),
    [
        pytest.param("EBS", [], 20, id="twenty of EBS"),
        pytest.param("EBS", ["EBS"] * 15, 5, id="fewer where others copy"),
        pytest.param("EBS", ["EC2"] * 15 + ["Storage Gateway"] * 3, 2, id="images and gateways are snapshots of EBS"),
        pytest.param("EBS", ["RDS"] * 20 + ["FSx"] * 5 + ["S3"] * 100, 20, id="other types count by themselves"),
        pytest.param("Storage Gateway", [], 5, id="five of gateways"),
        pytest.param(
            "RDS", ["Aurora"] * 4 + ["DocumentDB"] * 4 + ["Neptune"] * 4, 8, id="clusters have the API of RDS"
        ),
        pytest.param("FSx", ["FSx"] * 2, 3, id="five of FSx"),
        pytest.param("S3", ["EFS"] * 60 + ["DynamoDB"] * 30, 10, id="a hundred of managed types"),
        pytest.param("S3", ["EFS"] * 110, 5, id="beyond it five into each vault"),
        pytest.param("a new one", ["S3"] * 90, 10, id="a type that is not known yet counts as managed"),
        pytest.param("FSx", ["FSx"] * 9, 0, id="others may be beyond"),
    ],
)
def test_aws_own_limits_are_kept_whoever_copies(kind: str, there: list[str], started: int) -> None:
    """Per destination Region, over all vaults; what has no place says which limit it waits for."""
    alike = Counter(running(each, number) for number, each in enumerate(there))
    made = planned(wanting(), some(kind, 130), alike)
    rest = [each for each in standings_of(made)[HERE.name] if each.state is State.WAITING]

    assert len(starts_of(made)) == started
    assert {each.reason for each in rest} == {Reason.ACCOUNT_LIMIT}
    assert {each.message is not None and f" {MOST[kind]} " in each.message for each in rest} == {True}
    assert {each.message is not None and "eu-central-1" in each.message for each in rest} == {True}


def test_every_destination_region_has_limits_of_its_own() -> None:
    """Into two vaults of a Region go twenty together, into another Region twenty more."""
    made = planned(wanting(HERE, BESIDE, ELSEWHERE), some("EBS", 100), Counter())
    by_region = Counter(each.destination_vault_arn.split(":")[3] for each in starts_of(made))

    assert by_region == {"eu-central-1": 20, "eu-north-1": 20}


def test_a_resource_that_anybody_copies_is_busy() -> None:
    """A plan's copy into a vault that the policy knows nothing of."""
    points = some("EBS", 3)
    theirs = replace(running("EBS"), resource_arn=points[0].resource_arn)
    made = planned(wanting(), points, Counter([theirs]))
    waiting = {each.point.arn: each.reason for each in standings_of(made)[HERE.name] if each.state is State.WAITING}

    assert {each.point for each in starts_of(made)} == set(points[1:])
    assert waiting == {points[0].arn: Reason.RESOURCE_BUSY}


def test_points_of_which_aws_names_no_resource_do_not_wait_for_each_other() -> None:
    """Each stands for itself."""
    points = tuple(replace(each, resource_arn="") for each in some("EBS", 3))

    assert len(starts_of(planned(wanting(), points, Counter()))) == 3


def test_what_is_full_keeps_back_nothing_else() -> None:
    """Two hundred volumes that are newer than ten buckets."""
    made = planned(wanting(), some("EBS", 200) + some("S3", 10, first=300), Counter())

    assert Counter(each.point.resource_type for each in starts_of(made)) == {"EBS": 20, "S3": 10}


@pytest.mark.parametrize(
    ("waiting", "mine", "theirs", "started"),
    [
        pytest.param((), 0, 0, 80, id="while nobody waits it has all places"),
        pytest.param((0,), 0, 0, 79, id="one that waits is left a place"),
        pytest.param((0,), 79, 0, 0, id="which is not taken when it becomes free"),
        pytest.param((5,), 60, 5, 14, id="until it has as many copies"),
        pytest.param((40,), 39, 40, 1, id="and no longer"),
        pytest.param((9,), 9, 70, 1, id="who has no more than others takes the last place"),
        pytest.param((0, 0, 30), 40, 30, 7, id="those that wait are left a place each"),
        pytest.param((0,) * 400, 0, 0, 60, id="a quarter at most"),
    ],
)
def test_a_policy_leaves_places_to_those_of_its_namespace_that_wait(
    waiting: tuple[int, ...], mine: int, theirs: int, started: int
) -> None:
    """As the last passes of those told."""
    copies = Counter({RunningCopy((SOURCE_ARN, TARGET_ARN), SHOP): mine})
    copies[RunningCopy((SOURCE_ARN, OTHERS.arn), PolicyKey("shop", "other"))] = theirs
    made = planned(wanting(max_concurrent_copies=80), some("S3", 100), +copies, sharing=Sharing(waiting=waiting))

    assert len(starts_of(made)) == started


# --- Whatever is under way -----------------------------------------------------------------------------------------

KINDS = ("EBS", "EC2", "Storage Gateway", "RDS", "Neptune", "FSx", "S3")
VAULTS = (HERE, BESIDE, ELSEWHERE)

busy = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from((*VAULTS, OTHERS)), st.integers(0, 40)), max_size=8)
points = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 30), st.integers(1, 60)), max_size=120, unique=True
).map(
    lambda rows: tuple(
        point(age, resource=f"arn:aws:any:eu-west-1:1:{kind}/{name}", kind=kind, arn=f"arn:{kind}:{name}:{age}")
        for kind, name, age in rows
    )
)


def counted(kind: str) -> list[tuple[frozenset[str], int]]:
    """Return with which types one counts, and how many of them there may be."""
    alone = frozenset({kind}), MOST[kind]
    return [alone, *((group, 20) for group in TOGETHER if kind in group)]


def full(kind: str, vault: VaultRef, copies: Counter[tuple[str, str, str]]) -> bool:
    """Tell whether AWS would not make one more copy of a type at once, by counting anew."""
    into = sum(count for (_, _, name), count in copies.items() if name == vault.arn)
    for kinds, most in counted(kind):
        there = sum(count for (each, region, _), count in copies.items() if each in kinds and region == vault.region)
        if there >= most and (kind != "S3" or into >= 5):
            return True
    return False


@given(busy=busy, points=points, taken=st.sets(st.integers(0, 30), max_size=5), most=st.integers(1, 120))
def test_starts_never_exceed_a_limit_and_nothing_waits_without_one(
    busy: list[tuple[str, VaultRef, int]], points: tuple[RecoveryPoint, ...], taken: set[int], most: int
) -> None:
    """Newest of every resource first, one of each; what waits has a limit that is full, whatever is under way."""
    alike = Counter(
        replace(running(kind, number, vault), resource_arn=f"arn:aws:any:eu-west-1:1:{kind}/{100 * batch + number}x")
        for batch, (kind, vault, count) in enumerate(busy)
        for number in range(count)
    )
    alike.update(replace(running("EBS"), resource_arn=f"arn:aws:any:eu-west-1:1:EBS/{name}") for name in taken)
    made = planned(wanting(*VAULTS, max_concurrent_copies=most), points, alike)
    starts = starts_of(made)
    copies = Counter((each.resource_type, each.vaults[1].split(":")[3], each.vaults[1]) for each in alike.elements())
    resources = {each.resource_arn for each in alike}
    for each in starts:
        vault = next(one for one in VAULTS if one.arn == each.destination_vault_arn)
        assert not full(each.point.resource_type, vault, copies)
        assert copies.total() < most
        assert each.point.resource_arn not in resources
        copies[each.point.resource_type, vault.region, vault.arn] += 1
        resources.add(each.point.resource_arn)

    newest = {each.resource_arn: each.created for each in sorted(points, key=lambda one: one.created)}
    assert all(each.point.created == newest[each.point.resource_arn] for each in starts)
    begun = {(each.destination, each.point.arn) for each in starts}
    for vault in VAULTS:
        for one in standings_of(made)[vault.name]:
            if (vault.name, one.point.arn) not in begun:
                excused = one.point.resource_arn in resources or copies.total() >= most
                assert excused or full(one.point.resource_type, vault, copies)
                assert one.reason in {Reason.RESOURCE_BUSY, Reason.ACCOUNT_LIMIT}


class Namespace:
    """Policies of one namespace that look one after the other, with what the last pass of each other one told."""

    def __init__(self, most: int, bigs: int) -> None:
        self.most, self.numbers = most, itertools.count()
        self.backlog = {PolicyKey("shop", f"big-{number}"): 200_000 for number in range(bigs)}
        self.copies: list[RunningCopy] = []
        self.told: dict[PolicyKey, int] = {}

    def count(self, key: PolicyKey) -> int:
        """Return how many copies a policy has under way."""
        return sum(each.policy == key for each in self.copies)

    def look(self, key: PolicyKey) -> None:
        """Start what there is room for."""
        waiting = tuple(sorted(running for each, running in self.told.items() if each != key))
        bound, begun = Bound(self.most, key, waiting=waiting), 0
        while begun < self.backlog[key]:
            copy = RunningCopy((SOURCE_ARN, TARGET_ARN), key, f"resource-{next(self.numbers)}", "S3")
            if Places(bound, Counter(self.copies)).refusal(copy) is not None:
                self.told[key] = self.count(key)
                break
            self.copies.append(copy)
            begun += 1
        else:
            self.told.pop(key, None)
        self.backlog[key] -= begun


@given(
    most=st.integers(4, 60),
    before=st.integers(0, 30),
    orders=st.lists(st.randoms(use_true_random=False), min_size=70, max_size=70),
    small=st.integers(1, 10),
    bigs=st.integers(1, 4),
)
def test_a_policy_with_few_points_never_waits_behind_one_with_two_hundred_thousand(
    most: int, before: int, orders: list[random.Random], small: int, bigs: int
) -> None:
    """Its first start is at one of the next places that become free: beside one at the first, beside more soon.

    Whoever looks first, and however long others have been at it.
    """
    town, late = Namespace(most, bigs), PolicyKey("shop", "small")
    for turn, dice in enumerate(orders):
        if turn == before:
            town.backlog[late] = small
            town.look(late)
        if town.copies:
            town.copies.pop(0)
        names = list(town.backlog)
        dice.shuffle(names)
        for key in names:
            town.look(key)
        assert len(town.copies) <= most
        if turn >= before + (0 if bigs == 1 else 2 * bigs):
            assert town.backlog[late] < small
