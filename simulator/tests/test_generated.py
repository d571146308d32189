"""Recovery points in bulk: made when somebody looks, and then like any others."""

from __future__ import annotations

import itertools
import pickle
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_simulator.records import generated, resource_types
from backup_simulator.records.contents import Contents
from backup_simulator.records.generated import Generated
from backup_simulator.records.state import Lifecycle, RecoveryPoint
from backup_simulator.simulator import Simulator
from backup_simulator.transport import InProcess
from backup_simulator.world import building, files
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.records.state import State, Vault

DAY = 86_400.0


def point(arn: str = "arn:single", sequence: int = 0, **changes: Any) -> RecoveryPoint:
    """A recovery point."""
    fixed: scenes.Json = {
        "resource_arn": "arn:r", "resource_type": "EFS", "created": 0.0, "completed": 300.0, "size": 1,
        "role_arn": "arn:role", "key_arn": None, "lifecycle": Lifecycle(),
    }  # fmt: skip
    return RecoveryPoint(arn=arn, sequence=sequence, **(fixed | changes))


def block(kind: str = "EFS", *, resources: int = 3, steps: int = 4, first: int = 10, key: int = 12345) -> Generated:
    """A block of generated points."""
    row = resource_types.TYPES[kind]
    prototype = point(resource_type=kind, tags={"a": "b"})
    return Generated(
        prototype, row, scenes.HOME, scenes.SOURCE, "thing", resources, steps, 0.0, DAY, first, key,
    )  # fmt: skip


def looked_at(made: Generated) -> int:
    """How many points of a block were made."""
    return sum(each is not None for each in made.made)


@given(st.integers(0, generated.WHOLE), st.integers(0, 2**64 - 1))
def test_scrambling_can_be_undone(number: int, key: int) -> None:
    """Every number has its own image, whatever the key."""
    image = generated._scrambled(number, key)

    assert 0 <= image <= generated.WHOLE
    assert generated._unscrambled(image, key) == number


@pytest.mark.parametrize("kind", sorted(resource_types.TYPES))
def test_a_generated_point_is_found_by_its_arn(kind: str) -> None:
    """In the ARN form of every type, and without making the others."""
    made = block(kind)
    arns = list(made.arns())

    assert len(set(arns)) == 12
    assert looked_at(made) == 0
    for number, arn in enumerate(arns):
        found = made.get(arn)
        assert found is not None
        assert (found.arn, found.sequence) == (arn, 10 + number)


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("", id="nothing"),
        pytest.param("arn:aws:backup:eu-west-1:222222222222:recovery-point:", id="no id"),
        pytest.param("arn:aws:ec2:eu-west-1::snapshot/snap-0123456789abcdef0", id="of another type"),
        pytest.param("ffffffff-ffff-ffff-ffff-ffffffffffff", id="an id out of range"),
        pytest.param("-----------------", id="an id without digits"),
        pytest.param("arn:aws:ec2:eu-west-1::snapshot/snap-aaaaaaaa-aaaa-aaaa-", id="an id that is cut short"),
    ],
)
def test_foreign_arns_are_not_found(arn: str) -> None:
    """Nor is a point of another block."""
    assert block().get(arn) is None
    assert block(key=99).get(next(block().arns())) is None


def test_the_oldest_step_comes_first() -> None:
    """And every resource has a point in it."""
    points = list(block().since(-1))

    assert [each.created for each in points] == [step * DAY for step in range(4) for _ in range(3)]
    assert [each.completed - each.created for each in points] == [300.0] * 12
    assert [each.resource_name for each in points[:4]] == ["thing-1", "thing-2", "thing-3", "thing-1"]


def test_what_was_made_stays() -> None:
    """A change is seen by whoever looks next, and by nobody who looks at another point."""
    made = block()
    one, other, *_ = made.arns()
    found = made.get(one)
    assert found is not None
    found.status = "DELETING"
    found.tags["c"] = "d"
    again, neighbour = made.get(one), made.get(other)

    assert again is found
    assert neighbour is not None
    assert (neighbour.status, neighbour.tags) == ("COMPLETED", {"a": "b"})


class Machine:
    """A vault's contents beside a dictionary that is to say the same."""

    def __init__(self) -> None:
        self.contents = Contents()
        self.model: dict[str, RecoveryPoint] = {}
        self.numbers = itertools.count()

    def single(self) -> None:
        """Add one point."""
        number = next(self.numbers)
        self.contents[f"arn:{number}"] = self.model[f"arn:{number}"] = point(f"arn:{number}", number)

    def bulk(self, resources: int, steps: int) -> None:
        """Add a block."""
        first = next(self.numbers)
        added = block(resources=resources, steps=steps, first=first, key=first)
        for _ in range(resources * steps - 1):
            next(self.numbers)
        self.contents.add(added)
        self.model |= {arn: each for arn in added.arns() if (each := added.get(arn))}

    def remove(self, index: int) -> None:
        """Take one away."""
        if self.model:
            arn = list(self.model)[index % len(self.model)]
            del self.contents[arn]
            del self.model[arn]

    def agree(self) -> None:
        """Compare all ways to look."""
        assert len(self.contents) == len(self.model)
        assert list(self.contents) == list(self.model)
        assert list(self.contents.values()) == list(self.model.values())
        assert all(self.contents[arn] is self.model[arn] for arn in self.model)
        for position in (0, 3, 7):
            later = [each for each in self.model.values() if each.sequence > position]
            assert list(self.contents.since(position)) == later


ACTIONS = st.one_of(
    st.tuples(st.just("single")),
    st.tuples(st.just("bulk"), st.integers(1, 3), st.integers(1, 4)),
    st.tuples(st.just("remove"), st.integers(0, 50)),
)


@given(st.lists(ACTIONS, max_size=12))
def test_contents_behave_like_a_dictionary(actions: list[Any]) -> None:
    """Whatever comes and goes, in order of arrival."""
    machine = Machine()
    for name, *arguments in actions:
        getattr(machine, name)(*arguments)
    machine.agree()


def test_what_is_not_there_cannot_be_taken() -> None:
    """As in a dictionary."""
    contents = Contents()
    contents.add(block())

    assert contents.get("arn:none") is None
    assert "arn:none" not in contents
    with pytest.raises(KeyError):
        del contents["arn:none"]
    with pytest.raises(KeyError):
        contents["arn:none"]


def test_a_block_survives_a_pickle() -> None:
    """Snapshots are pickles."""
    made = block()
    changed = made.get(next(made.arns()))
    assert changed is not None
    changed.status = "EXPIRED"
    copy = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own

    assert list(copy.since(-1)) == list(made.since(-1))
    assert next(copy.since(-1)).status == "EXPIRED"


def large(lifecycle: scenes.Json | None = None, *, back: str = "999d", resources: int = 1000) -> scenes.Json:
    """A world whose source vault holds a million points."""
    scene = scenes.world()
    scenes.source_vault(scene)["recovery_points"] = []
    scenes.source_vault(scene)["generate"] = [
        {
            "resource_type": "EFS",
            "name": "fs",
            "resources": resources,
            "every": "1d",
            "back": back,
            "lifecycle": lifecycle or {},
        }
    ]
    return scene


def source(state: State) -> Vault:
    """The source vault of a living world."""
    return state.accounts[scenes.SOURCE].region(scenes.HOME).vaults["backups"]


def test_a_million_points_cost_nothing_until_somebody_looks() -> None:
    """Loading, counting, finding one and resetting make next to nothing."""
    tracemalloc.start()
    simulator = Simulator(files.from_object(large()))
    simulator.reset()
    points = source(simulator.state).points
    count = len(points)
    found = points[next(iter(points))]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 1_000_000
    assert found.created == simulator.state.now() - 999 * DAY
    assert peak < 20e6


def test_a_page_makes_what_is_on_it() -> None:
    """Listing the first thousand of a million leaves the others unmade."""
    opened = InProcess(large())
    client = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME)
    first = client.list_recovery_points_by_backup_vault(BackupVaultName="backups", MaxResults=1000)
    second = client.list_recovery_points_by_backup_vault(
        BackupVaultName="backups", MaxResults=1000, NextToken=first["NextToken"]
    )
    part = source(opened.state).points._parts[0]
    arns = {each["RecoveryPointArn"] for page in (first, second) for each in page["RecoveryPoints"]}

    assert len(arns) == 2000
    assert isinstance(part, Generated)
    assert looked_at(part) <= 2002


def test_generated_points_expire_step_by_step() -> None:
    """Each step goes within eight hours after its time, and the others are not made for it."""
    opened = InProcess(large({"delete_after_days": 10}, back="9d", resources=50))
    points = source(opened.state).points
    opened.control.freeze()
    assert len(points) == 500
    opened.control.advance("1d8h1m")
    assert len(points) == 450
    opened.control.advance("1d")
    assert len(points) == 400
    part = points._parts[0]
    assert isinstance(part, Generated)
    assert looked_at(part) <= 100


def test_the_same_seed_gives_the_same_arns() -> None:
    """Reset brings them back."""
    scene = large(back="3d", resources=2)
    first, second = (building.build(files.from_object(scene)) for _ in range(2))

    assert list(source(first).points) == list(source(second).points)
