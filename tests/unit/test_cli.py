"""The command line: help, wrong usage, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crossvault.cli import _COMMANDS, main


def crossvault(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, without any AWS identity."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "crossvault", *words],
        env={**environment, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("plan",), id="a missing option"),
        pytest.param(("plam",), id="an unknown command"),
        pytest.param(("run", "-f", "x", "--interval", "soon"), id="a length of time that is none"),
        pytest.param(("plan", "-f", "/does/not/exist"), id="a folder that is not there"),
    ],
)
def test_wrong_usage_ends_with_1_and_says_why(words: tuple[str, ...]) -> None:
    """2 means that something was found, so wrong usage must not end with it."""
    answer = crossvault(*words)

    assert answer.returncode == 1
    assert "Error: " in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("name", [*sorted(_COMMANDS), None])
def test_every_command_has_help(name: str | None) -> None:
    """Help works without a cluster, without AWS, and shows examples."""
    answer = crossvault(*([name] if name else []), "--help")

    assert answer.returncode == 0
    assert "Usage: crossvault" in answer.stdout
    assert name == "version" or "Examples:\n" in answer.stdout


def test_the_version_is_told() -> None:
    """The version is that of the installed distribution."""
    answer = crossvault("version")

    assert answer.stdout.startswith("crossvault 0.")


def test_every_listed_command_exists() -> None:
    """The lazy list names modules that are there."""
    folder = Path(sys.modules[main.__module__].__file__ or "").parent

    assert all((folder / f"{name}.py").exists() for name in _COMMANDS)


@pytest.mark.parametrize(
    ("command", "namespaces"),
    [
        pytest.param(("plan",), "orders", id="a plan without credentials"),
        pytest.param(("run", "--once"), "orders", id="a run without credentials"),
        pytest.param(("plan",), "others", id="a plan of a policy that may not use the account"),
        pytest.param(("run", "--once"), "others", id="a run of a policy that may not use the account"),
    ],
)
def test_what_could_not_be_looked_at_ends_with_1(tmp_path: Path, command: tuple[str, ...], namespaces: str) -> None:
    """2 means looked and found; a pipeline must not take a missing login for missing copies."""
    for each in (Path(__file__).resolve().parents[2] / "examples" / "quickstart").glob("*.yaml"):
        text = each.read_text("utf-8").replace("names: [orders]", f"names: [{namespaces}]")
        (tmp_path / each.name).write_text(text, "utf-8")

    answer = crossvault(*command, "-f", str(tmp_path))

    assert answer.returncode == 1, answer.stderr
    assert "orders" in answer.stdout
