"""What is wrong with a manifest beside others is told with its file and line, by every command that reads files."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.kit import stage as scene
from tests.kit.folders import write
from tests.kit.stage import Json

from crossvault.cli import main

COMMANDS = (("doctor",), ("plan",), ("points",), ("run", "--once"), ("iam", "-o", "terraform"))


def policy(**spec: object) -> list[Json]:
    """Return a policy with its accounts."""
    accounts = scene.accounts()
    accounts["dr"]["spec"]["regions"] = ["eu-west-1", "eu-central-1"]
    return [*accounts.values(), scene.policy(**spec)]


def limited() -> list[Json]:
    """Return two policies of a namespace that may have one."""
    source = scene.accounts()["production"]
    del source["spec"]["allowedNamespaces"]
    source["spec"]["grants"] = [
        {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["orders"], "limits": {"policies": 1}}
    ]
    second = scene.policy()
    second["metadata"] = {**second["metadata"], "name": "paid"}
    return [source, *(each for name, each in scene.accounts().items() if name != "production"), scene.policy(), second]


WRONG: dict[str, tuple[list[Json], str, str]] = {
    "an account that is not declared": (
        policy(destinations=[scene.destination(accountRef={"name": "nobody"})]),
        "spec.destinations[0].accountRef.name",
        'no BackupAccount "nobody"',
    ),
    "a Region that the account does not list": (
        policy(destinations=[scene.destination(region="us-east-1")]),
        "spec.destinations[0].region",
        "us-east-1 is not among the regions of BackupAccount dr",
    ),
    "a destination in the account of the source": (
        policy(destinations=[scene.destination(accountRef={"name": "production"})]),
        "spec.destinations",
        "must be in another account than the source",
    ),
    "too many policies": (limited(), "spec.source.accountRef.name", "may name BackupAccount production in 1 policy"),
    "an organization whose account is not declared": (
        [*policy(), scene.organization(account="nobody")],
        "spec.managementAccountRef.name",
        "nobody",
    ),
}


def as_typed(body: Json) -> Json:
    """Return an object as somebody writes it."""
    made = copy.deepcopy(body)
    made.pop("status", None)
    made["metadata"].pop("generation", None)
    return made


def told(folder: Path, words: tuple[str, ...]) -> Result:
    """Return what a command says of a folder to somebody without credentials."""
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    return CliRunner().invoke(main, [words[0], "-f", str(folder), *words[1:]], env=environment)


@pytest.mark.parametrize(
    ("name", "words"),
    [(name, words) for name in WRONG for words in COMMANDS if "organization" not in name or words != ("points",)],
)
def test_every_fault_has_its_file_and_line(tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    """The line is that of the field, and the fault is told once."""
    bodies, field, message = WRONG[name]
    file = write(tmp_path, *map(as_typed, bodies)) / "all.yaml"
    done = told(tmp_path, words)
    lines = file.read_text("utf-8").splitlines()
    (said,) = [each for each in done.output.splitlines() if message in each and field in each]
    line = int(said.partition(f"{file}:")[2].split(" ")[0].rstrip(":"))

    assert done.exit_code == 1
    assert f": {field}: " in said
    assert lines[line - 1].strip().lstrip("- ").startswith(f"{field.rpartition('.')[2]}:")
