"""The CRDs as files: described, bounded, small, and in agreement with the Python that reads them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossvault.aspects.copies.declared import BackfillMode
from crossvault.aspects.resource_types.matrix import COPIED
from crossvault.engine.declared import DeletionPolicy, Mode, Ownership
from crossvault.engine.rows import PrerequisiteStatus
from crossvault.manifest import schema

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
SERVER_FIELDS = {".apiVersion", ".kind", ".metadata"}

Node = Mapping[str, Any]


def nodes(node: Node, where: str = "", *, listed: bool = False) -> Iterator[tuple[str, Node, bool]]:
    """Walk a schema; the last member tells whether the node lies inside a list."""
    yield where, node, listed
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{where}.{name}", listed=listed)
    if "items" in node:
        yield from nodes(node["items"], f"{where}[]", listed=True)
    if "additionalProperties" in node:
        yield from nodes(node["additionalProperties"], f"{where}.*", listed=listed)


def version(path: Path) -> dict[str, Any]:
    """Return the one version a CRD has."""
    (only,) = yaml.safe_load(path.read_text())["spec"]["versions"]
    return dict(only)


def fields(path: Path) -> list[tuple[str, Node, bool]]:
    """Return every field of a CRD."""
    return list(nodes(version(path)["schema"]["openAPIV3Schema"]))


def is_bounded(node: Node) -> bool:
    """Tell whether the size of a value is limited, which the cost of CEL rules needs."""
    match node["type"]:
        case "array":
            return "maxItems" in node
        case "string":
            return "maxLength" in node or "enum" in node or node.get("format") == "date-time"
        case "object":
            return "maxProperties" in node or "properties" in node
        case _:
            return "maximum" in node or node["type"] == "boolean"


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.stem)
class TestEveryCrd:
    """What holds for each."""

    def test_every_field_is_described(self, path: Path) -> None:
        """``kubectl explain`` has something to say about everything, in sentences."""
        assert [where for where, node, _ in fields(path) if where != ".metadata" and not _is_told(node)] == []

    def test_every_default_and_unit_is_told(self, path: Path) -> None:
        """A default that a scalar has stands in its description."""
        untold = [
            where
            for where, node, _ in fields(path)
            if "default" in node and node["type"] != "object" and f"{_written(node['default'])}" not in _told(node)
        ]

        assert untold == []

    def test_every_spec_field_is_bounded(self, path: Path) -> None:
        """No list, map, number or string of a spec may grow without end."""
        assert [where for where, node, _ in fields(path) if where.startswith(".spec") and not is_bounded(node)] == []

    def test_every_status_text_and_list_is_bounded(self, path: Path) -> None:
        """A status stays far below what etcd takes."""
        inside = [(where, node) for where, node, _ in fields(path) if where.startswith(".status")]

        assert [where for where, node in inside if node["type"] != "integer" and not is_bounded(node)] == []

    def test_no_default_lies_inside_a_list(self, path: Path) -> None:
        """JSON merge patch replaces lists: a default in one makes kubectl and Argo CD see a change for ever."""
        assert [where for where, node, listed in fields(path) if listed and "default" in node] == []

    def test_nothing_unknown_is_kept(self, path: Path) -> None:
        """No field is accepted and ignored."""
        assert "preserve-unknown-fields" not in path.read_text()

    def test_file_is_small_enough_for_client_side_apply(self, path: Path) -> None:
        """The last-applied annotation holds the whole file, and annotations end at 256 KiB."""
        assert path.stat().st_size < 200 * 1024

    def test_columns_are_described_and_wide_ones_come_after_the_age(self, path: Path) -> None:
        """Kubectl prints columns in the order of their definition."""
        columns = version(path)["additionalPrinterColumns"]
        names = [column["name"] for column in columns if not column.get("priority")]

        assert all(column["description"].endswith(".") for column in columns)
        assert names[-1] == "Age"
        assert [column.get("priority", 0) for column in columns] == sorted(
            column.get("priority", 0) for column in columns
        )

    def test_every_rule_has_a_message(self, path: Path) -> None:
        """Without one people would read the source of the rule."""
        rules = [rule for _, node, _ in fields(path) for rule in node.get("x-kubernetes-validations", ())]

        assert rules
        assert all("message" in rule for rule in rules)

    def test_belongs_to_our_category_with_a_status(self, path: Path) -> None:
        """``kubectl get crossvault`` finds it, and status is a subresource."""
        assert yaml.safe_load(path.read_text())["spec"]["names"]["categories"] == ["crossvault"]
        assert version(path)["subresources"] == {"status": {}}


class TestAgreement:
    """The same fact in the CRD and in Python is the same."""

    @pytest.mark.parametrize(
        ("place", "words"),
        [
            pytest.param(".spec.mode", Mode, id="mode"),
            pytest.param(".spec.destinations[].vaultPolicy", Ownership, id="vaultPolicy"),
            pytest.param(".spec.backfill.mode", BackfillMode, id="backfill"),
            pytest.param(".spec.deletionPolicy", DeletionPolicy, id="deletionPolicy"),
            pytest.param(".status.prerequisites[].status", PrerequisiteStatus, id="prerequisite"),
        ],
    )
    def test_enumerations_are_those_of_the_model(self, place: str, words: type[Any]) -> None:
        """A word the schema lets in is one the code knows."""
        found = {where: node for where, node, _ in nodes(schema.kinds()["CrossAccountBackupPolicy"].schema)}

        assert found[place]["enum"] == [str(word) for word in words]

    def test_no_type_is_offered_that_cannot_be_copied(self) -> None:
        """A policy for types AWS cannot copy would protect nothing."""
        found = {where: node for where, node, _ in nodes(schema.kinds()["CrossAccountBackupPolicy"].schema)}

        assert set(found[".spec.recoveryPoints.resourceTypes[]"]["enum"]) == COPIED


def _told(node: Node) -> str:
    return " ".join(str(node.get("description", "")).split())


def _is_told(node: Node) -> bool:
    return len(_told(node)) > 10 and _told(node).endswith(".")


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
