"""What lies in a vault, looked up by everybody and sorted once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import DATABASE, DISK, ago, point

from crossvault.aspects.copies.inventory import Inventory, by_age

points = st.lists(
    st.builds(
        lambda number, days, resource: point(number, created=ago(days=days), resource=resource),
        st.integers(0, 30),
        st.integers(0, 5),
        st.sampled_from([DATABASE, DISK, ""]),
    ),
    max_size=20,
)


@given(points)
def test_every_point_is_there_once_and_with_its_resource(listed: list[object]) -> None:
    """By ARN as listed last, by resource from the oldest on; a point without a resource is in no group."""
    inventory = Inventory(listed)  # type: ignore[arg-type]
    grouped = [each for group in inventory.by_resource.values() for each in group]

    assert len(inventory) == len({each.arn for each in inventory})
    assert set(grouped) == {each for each in inventory if each.resource_arn}
    assert all(list(group) == sorted(group, key=by_age) for group in inventory.by_resource.values())
    assert inventory == Inventory(inventory) != Inventory([*inventory, point(99)])


def test_an_inventory_sorts_once_for_all_who_ask() -> None:
    """The listing of a vault is shared between policies, and so is what it takes to read it."""
    inventory = Inventory((point(1), point(2)))

    assert inventory.by_resource is inventory.by_resource
