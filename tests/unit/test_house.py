"""The house: rooms are whole and registered once, judging is pure, and what is decided once has no second place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import crossvault
from crossvault.aspects import ROOMS
from crossvault.aspects.effects import EFFECTS, AwsAccounts
from crossvault.engine.plan import Action
from crossvault.kinds import KINDS
from crossvault.work.desk import Desk

HOUSE = Path(crossvault.__file__).parent
ASPECTS = HOUSE / "aspects"
REACHES_OUT = frozenset(
    (
        *("kopf", "kubernetes", "boto3", "botocore", "prometheus_client", "aiohttp", "click", "rich", "yaml"),
        *("os", "time", "socket", "random", "threading", "subprocess", "asyncio", "pathlib", "logging"),
    )
)


def imports_of(path: Path) -> Iterator[str]:
    """Yield what a module imports, with the package ``crossvault`` written out."""
    here = ("crossvault", *path.relative_to(HOUSE).with_suffix("").parts)
    package = here[:-1]
    for each in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(each, ast.Import):
            yield from (name.name for name in each.names)
        elif isinstance(each, ast.ImportFrom):
            base = package[: len(package) - each.level + 1] if each.level else ()
            module = ".".join((*base, *(each.module.split(".") if each.module else ())))
            yield module
            yield from (f"{module}.{name.name}" for name in each.names)


def is_of_aws(path: Path) -> bool:
    """Tell whether a file of the rooms may reach AWS."""
    return path.name == "effects.py" or "aws" in path.relative_to(ASPECTS).with_suffix("").parts


PURE = sorted(path for path in ASPECTS.rglob("*.py") if not is_of_aws(path))
TELLING = sorted(path for folder in ("kinds", "status") for path in (HOUSE / folder).rglob("*.py"))


@pytest.mark.parametrize("path", [*PURE, *TELLING], ids=lambda path: str(path.relative_to(HOUSE)))
def test_judging_is_pure(path: Path) -> None:
    """Of a room only its ``aws`` reaches AWS; everything else takes values and the present."""
    found = set(imports_of(path))

    assert not {each.split(".")[0] for each in found} & REACHES_OUT
    assert not {
        each for each in found if each.startswith("crossvault.aws") or ".aws" in each.removeprefix("crossvault")
    }


def test_every_room_is_registered_once_and_every_folder_is_a_room() -> None:
    """A folder that nobody listed would never be asked."""
    names = [room.name for room in ROOMS]
    folders = {path.name for path in ASPECTS.iterdir() if (path / "__init__.py").exists()}

    assert len(set(names)) == len(names)
    assert set(names) == folders


@pytest.mark.parametrize("name", [room.name for room in ROOMS])
def test_a_room_knows_only_those_before_it(name: str) -> None:
    """The order of the list is that in which a person mends; what comes later may lean on what came before."""
    names = [room.name for room in ROOMS]
    later = names[names.index(name) + 1 :]
    found = {each for path in (ASPECTS / name).rglob("*.py") for each in imports_of(path)}

    assert not [each for each in found for room in later if f"{each}.".startswith(f"crossvault.aspects.{room}.")]


def test_every_room_that_reaches_aws_has_its_effects_in_the_table() -> None:
    """In the order of the list, so that looks and acts come in it."""
    reaching = [room.name for room in ROOMS if any((ASPECTS / room.name).glob("aws*"))]

    assert list(EFFECTS) == reaching


def test_every_action_of_a_room_has_an_effect() -> None:
    """What is planned and cannot be done would be a bug at the worst of moments."""
    acts = set(AwsAccounts()._acts)
    planned = {
        getattr(__import__(f"crossvault.aspects.{'.'.join(where)}", fromlist=[name]), name)
        for where, name in _actions()
    }

    assert planned == acts
    assert all(hasattr(kind, member) for kind in planned for member in ("mends", "once", "alone", "after", "told"))
    assert Action.__name__ not in {kind.__name__ for kind in planned}


def _actions() -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the classes of the rooms that say what a plan tells of them."""
    for path in PURE:
        parts = path.relative_to(ASPECTS).with_suffix("").parts
        where = parts[:-1] if parts[-1] == "__init__" else parts
        for each in ast.parse(path.read_text("utf-8")).body:
            if isinstance(each, ast.ClassDef) and any(
                isinstance(one, ast.FunctionDef) and one.name == "told" for one in each.body
            ):
                yield where, each.name


def test_no_list_outside_of_the_rooms_names_them() -> None:
    """The engine and the words know no aspect by name."""
    rooms = {room.name for room in ROOMS}
    for folder in ("engine", "iam", "words", "manifest"):
        for path in (HOUSE / folder).rglob("*.py"):
            assert not {each for each in imports_of(path) if each.startswith("crossvault.aspects")}, path
    assert rooms


def test_drifts_are_told_apart() -> None:
    """Metrics count them by name."""
    drifts = [name for room in ROOMS for name in room.drifts]

    assert len(set(drifts)) == len(drifts) > 0


KIND_FOLDERS = sorted(path for path in (HOUSE / "kinds").iterdir() if (path / "__init__.py").exists())


def test_every_kind_is_registered_once_and_every_folder_is_a_kind() -> None:
    """What is declared of a kind that nobody listed would never be heard of."""
    registered = {type(kind.drawer(Desk())).__module__.split(".")[2]: kind for kind in KINDS.values()}

    assert set(registered) == {path.name for path in KIND_FOLDERS}
    assert len({kind.plural for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("folder", ["work", "metrics", "kube"])
def test_hosts_know_no_kind_by_name(folder: str) -> None:
    """A third kind is a folder and a CRD: what is done for one is done for all that are listed."""
    names = {"ACCOUNT", "POLICY"} | {path.name for path in KIND_FOLDERS}
    for path in (HOUSE / folder).rglob("*.py"):
        found = {each.removeprefix("crossvault.kinds.") for each in imports_of(path) if "crossvault.kinds." in each}
        assert not {each for each in found if each.split(".")[0] in names}, path


def test_a_kind_is_what_its_crd_says() -> None:
    """Where the API server serves it, and whether in namespaces."""
    crds = [yaml.safe_load(path.read_text("utf-8")) for path in (HOUSE.parents[1] / "crds").glob("*.yaml")]
    served = {each["spec"]["names"]["kind"]: each["spec"] for each in crds}

    assert {name: (each["names"]["plural"], each["scope"] == "Namespaced") for name, each in served.items()} == {
        kind.name: (kind.plural, kind.namespaced) for kind in KINDS.values()
    }
