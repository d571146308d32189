"""What is imported is declared, and what is declared is imported: a wheel brings what it needs, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = {"pyproject.toml": "operator/crossvault", "simulator/pyproject.toml": "simulator/backup_simulator"}
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    """Write a distribution's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(project: str) -> set[str]:
    """Return the distributions that a project depends on when it runs."""
    listed = tomllib.loads((ROOT / project).read_text("utf-8"))["project"]["dependencies"]
    return {normal(found.group()) for each in listed if (found := _NAME.match(each))}


def imports(node: ast.AST) -> Iterator[str]:
    """Yield what is imported when the code runs: what only types need comes with the development dependencies."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield node.module or ""
    for each in ast.iter_child_nodes(node):
        yield from imports(each)


def imported(package: str) -> set[str]:
    """Return the distributions that a package imports."""
    files = (ROOT / package).rglob("*.py")
    tops = {name.partition(".")[0] for file in files for name in imports(ast.parse(file.read_text("utf-8")))}
    brought = packages_distributions()
    return {normal(brought[top][0]) for top in tops - sys.stdlib_module_names - {Path(package).name}}


@pytest.mark.parametrize("project", PROJECTS)
def test_what_is_imported_is_declared(project: str) -> None:
    """What comes along with something else may be gone with its next release."""
    assert imported(PROJECTS[project]) - declared(project) == set()


@pytest.mark.parametrize("project", PROJECTS)
def test_what_is_declared_is_imported(project: str) -> None:
    """boto3 is declared for its core, which is what is imported: each of its releases names the one that fits.

    tzdata is read by Python where a machine has no time zones of its own.
    """
    unused = declared(project) - imported(PROJECTS[project])

    assert unused <= {"boto3", "tzdata"}
    assert any(each.startswith("botocore") for each in requires("boto3") or ())
