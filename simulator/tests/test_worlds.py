"""World files: what they mean, and what is said about broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.clock import Clock
from backup_simulator.wire import SimulatorError
from backup_simulator.world import building, files
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Callable


QUICKSTART = Path(__file__).parents[1] / "worlds" / "quickstart.yaml"


def edit(path: str, value: Any) -> Callable[[scenes.Json], None]:
    """Set one field of a world, by a path of names and numbers."""

    def change(scene: scenes.Json) -> None:
        place: Any = scene
        *steps, last = path.split(".")
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value

    return change


BROKEN = [
    pytest.param(edit("version", 2), "version", id="another version"),
    pytest.param(edit("accounts", []), "accounts", id="no accounts"),
    pytest.param(edit("colour", "red"), "colour", id="an unknown field"),
    pytest.param(edit("organization.id", "crossvault"), "organization.id", id="an organization id of another form"),
    pytest.param(edit("organization.members", ["444444444444"]), "444444444444", id="a member that does not exist"),
    pytest.param(edit("accounts.1.id", 12), "accounts[1].id", id="an account id that is a number"),
    pytest.param(edit("accounts.1.id", scenes.TARGET), "same id", id="an account twice"),
    pytest.param(edit("accounts.1.roles.0.trust", {}), "trust", id="a trust that names nobody"),
    pytest.param(edit("accounts.1.roles.0.policies", ["all"]), "policies", id="an unknown policy word"),
    pytest.param(edit("accounts.1.users.0.access_key.id", "short"), "access_key.id", id="a key id of another form"),
    pytest.param(edit("accounts.2.users.0.access_key.id", "AKIAADMIN11111111111"), "access key", id="a key twice"),
    pytest.param(edit("accounts.1.vaults.0.recovery_points.0.resource_type", "Tape"), "Tape", id="an unknown type"),
    pytest.param(edit("accounts.1.vaults.0.recovery_points.0.age", "3 days"), "age", id="a duration in words"),
    pytest.param(edit("accounts.1.vaults.0.recovery_points.0.age", {"a": 1}), "age", id="a duration that is a mapping"),
    pytest.param(edit("accounts.1.vaults.0.recovery_points.0.age", 10**400), "age", id="a duration without end"),
    pytest.param(edit("accounts.1.vaults.0.recovery_points.0.size", 10**400), "size", id="a size without end"),
    pytest.param(edit("accounts.1.vaults.0.recovery_points.0.size", "big"), "size", id="a size in words"),
    pytest.param(edit("durations", {"running": -1}), "durations.running", id="a negative duration"),
    pytest.param(edit("clock", {"start": "9999-12-31T00:00:00Z"}), "9000", id="a start at the end of all dates"),
    pytest.param(edit("clock", {"rate": 0}), "clock.rate", id="a rate of zero"),
]


@pytest.mark.parametrize(("change", "named"), BROKEN)
def test_a_broken_world_names_field_and_cause(change: Callable[[scenes.Json], None], named: str) -> None:
    """The message starts with the file and holds the path."""
    scene = scenes.world()
    change(scene)
    with pytest.raises(files.WorldError, match=r"^scene\.yaml: ") as raised:
        files.from_object(scene, source="scene.yaml")

    assert named in str(raised.value)


IMPOSSIBLE = [
    pytest.param(edit("accounts.1.vaults.0.key", "alias/nobody"), "alias/nobody", id="a vault without its key"),
    pytest.param(
        edit("accounts.1.vaults.0.recovery_points.0.key", "alias/nobody"),
        "vol-1",
        id="a point without its key",
    ),
    pytest.param(
        edit("accounts.1.roles.1.trust", {"aws": ["arn:aws:iam::555555555555:user/nobody"]}),
        "role operator: trust",
        id="a trust in nobody",
    ),
    pytest.param(
        edit("accounts.2.vaults.0.policy", scenes.may_copy({"AWS": "000000000000"})),
        "vault copies: policy",
        id="a vault policy for nobody",
    ),
    pytest.param(
        edit("accounts.1.roles.0.policies", [scenes.allow("*", condition={"NumericRoughly": {"aws:EpochTime": "1"}})]),
        "NumericRoughly",
        id="a policy with an operator that is not simulated",
    ),
    pytest.param(edit("accounts.1.roles.0.policies", [{"Statement": []}]), "Statement", id="an empty policy"),
]


@pytest.mark.parametrize(("change", "named"), IMPOSSIBLE)
def test_a_world_that_cannot_be_says_where(change: Callable[[scenes.Json], None], named: str) -> None:
    """Found when it is built; the account and the part are named."""
    scene = scenes.world()
    change(scene)
    with pytest.raises((files.WorldError, SimulatorError), match=r"account \d{12}") as raised:
        building.build(files.from_object(scene))

    assert named in str(raised.value)


TEXTS = [
    pytest.param("version: 1\naccounts: [", "broken.yaml:2", id="broken YAML names the line"),
    pytest.param("- a", "a world is a mapping", id="a list"),
    pytest.param("", "a world is a mapping", id="an empty file"),
    pytest.param("version: 1\nname: caf\xe9\n", "broken.yaml:2: not UTF-8", id="Latin-1"),
    pytest.param("version: 1\n\x01", "broken.yaml:2: the character 0x0001", id="a control character"),
    pytest.param("[" * 3000, "broken.yaml: nested", id="nested without end"),
    pytest.param("a: &a [*a]", "broken.yaml: nested", id="nested in itself"),
    pytest.param("a: 2026-13-45", "broken.yaml:1: 2026-13-45: month", id="a date that is none"),
    pytest.param("!!python/object:os.system {}", "broken.yaml", id="a tag that makes objects"),
]


@pytest.mark.parametrize(("text", "named"), TEXTS)
def test_a_file_that_is_no_world_says_so(tmp_path: Path, text: str, named: str) -> None:
    """File and line."""
    path = tmp_path / "broken.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(files.WorldError) as raised:
        files.read(path)

    assert named in str(raised.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """The path and the reason."""
    with pytest.raises(files.WorldError, match=r"nowhere\.yaml: No such file"):
        files.read(tmp_path / "nowhere.yaml")


def test_the_same_world_comes_out_the_same() -> None:
    """All ids follow from the seed."""
    world = files.from_object(scenes.world())
    first, second = (building.build(world).accounts[scenes.SOURCE] for _ in range(2))
    one, other = (list(account.region(scenes.HOME).vaults["backups"].points) for account in (first, second))

    assert one == other
    assert first.roles["copier"].unique_id == second.roles["copier"].unique_id


def test_another_seed_gives_other_ids() -> None:
    """Nothing is hidden in the code."""
    first, second = (
        building.build(files.from_object(scenes.world() | {"seed": seed})).accounts[scenes.SOURCE] for seed in (1, 2)
    )

    assert first.roles["copier"].unique_id != second.roles["copier"].unique_id


def test_points_are_generated_in_bulk() -> None:
    """Resources times moments, oldest first, none in the future."""
    scene = scenes.world()
    scenes.source_vault(scene)["generate"] = [
        {
            "resource_type": "EFS",
            "name": "fs",
            "resources": 3,
            "every": "12h",
            "back": "2d",
            "offset": "1h",
            "size": "2GiB",
        }
    ]
    state = building.build(files.from_object(scene))
    points = [
        point
        for point in state.accounts[scenes.SOURCE].region(scenes.HOME).vaults["backups"].points.values()
        if point.resource_type == "EFS"
    ]
    now = Clock.now(state.clock)

    assert len(points) == 15
    assert {point.size for point in points} == {2 * 2**30}
    assert [now - point.created for point in points[:3]] == [2 * scenes.DAY + 3600] * 3
    assert now - points[-1].created == 3600


def test_the_quickstart_is_what_the_demo_needs() -> None:
    """Twenty-four points of five types over four days; a destination without any vault."""
    state = building.build(files.read(QUICKSTART))
    vault = state.accounts["111111111111"].region("eu-west-1").vaults["orders"]

    assert len(vault.points) == 24
    assert {point.resource_type for point in vault.points.values()} == {"EBS", "RDS", "DynamoDB", "EFS", "S3"}
    assert not state.accounts["222222222222"].region("eu-central-1").vaults
    assert "alias/orders-copies" in state.accounts["222222222222"].region("eu-central-1").aliases
    assert state.in_organization("555555555555")
