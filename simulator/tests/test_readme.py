"""What the simulator's README and its table of failures promise: whoever copies from there gets what they say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from backup_simulator.control import Control
from backup_simulator.control_api import ControlApi
from backup_simulator.server import SimulatorServer
from backup_simulator.services.backup.backups import texts as backup_texts
from backup_simulator.services.backup.copies import texts as copy_texts
from backup_simulator.simulator import Simulator
from backup_simulator.transport import InProcess
from backup_simulator.world import files
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[2]
SIMULATOR = ROOT / "simulator"
README = (SIMULATOR / "README.md").read_text("utf-8")
FAILURES = (SIMULATOR / "FAILURES.md").read_text("utf-8")
COPY = SIMULATOR / "worlds" / "copy.yaml"
POINT = "arn:aws:backup:eu-west-1:111111111111:recovery-point:0a1b2c3d-0000-4000-8000-000000000001"
TARGET = "arn:aws:backup:eu-west-1:222222222222:backup-vault:copies"
COPIER = "arn:aws:iam::111111111111:role/copier"


def blocks(language: str) -> list[str]:
    """All blocks of code in the README."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


SNIPPETS = [pytest.param(text, id=text.splitlines()[-1][:40]) for text in blocks("python")]


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_snippet_runs_as_it_stands(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the root of a checkout."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(compile(text, "README.md", "exec"), names)  # noqa: S102 - it is ours

    assert names["backup"].meta.service_model.service_name == "backup"


def copied(opened: InProcess) -> scenes.Json:
    """The job that copies the only recovery point of `copy.yaml`, when everything is over."""
    client = opened.client("backup", "111111111111", "admin", region="eu-west-1")
    job = client.start_copy_job(
        RecoveryPointArn=POINT,
        SourceBackupVaultName="orders",
        DestinationBackupVaultArn=TARGET,
        IamRoleArn=COPIER,
    )
    opened.control.advance("2m")
    return client.describe_copy_job(CopyJobId=job["CopyJobId"])["CopyJob"]  # type: ignore[no-any-return] # boto3 by name


def test_the_least_world_copies() -> None:
    """And the copy lies in the other account."""
    opened = InProcess(COPY)
    state = copied(opened)["State"]
    target = opened.client("backup", "222222222222", "admin", region="eu-west-1")
    (copy,) = target.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]

    assert (state, copy["ResourceType"]) == ("COMPLETED", "EFS")


def test_its_copy_role_has_no_right_too_many() -> None:
    """It is judged on what its policy allows, and on nothing else."""
    opened = InProcess(COPY)
    copied(opened)
    (role,) = yaml.safe_load(COPY.read_text("utf-8"))["accounts"][0]["roles"]
    allowed = {action for one in role["policies"][0]["Statement"] for action in listed(one["Action"])}

    assert opened.control.judged(role="copier") == {
        COPIER: {action: {"allowed": 1, "refused": 0} for action in sorted(allowed)}
    }


def listed(value: str | list[str]) -> list[str]:
    """One action or several, as a list."""
    return [value] if isinstance(value, str) else value


def test_the_world_in_the_readme_copies() -> None:
    """It is `copy.yaml` word for word, and comes to life from the README too."""
    (sketch,) = [part for part in blocks("yaml") if part.startswith("#")]

    assert sketch == COPY.read_text("utf-8")
    assert copied(InProcess(files.from_text(sketch)))["State"] == "COMPLETED"


def test_the_commands_in_the_readme_copy() -> None:
    """With the AWS CLI, at the rate that the README names."""
    (script,) = [part for part in blocks("sh") if "start-copy-job" in part]
    with SimulatorServer(COPY, rate=60) as server:
        user = server.credentials("111111111111", "admin")
        env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "AWS_REGION": "eu-west-1"}
        env |= {"AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "eu-west-1"}
        env |= {name.upper(): user[name] for name in user.keys()}  # noqa: SIM118 - no mapping, but spreads like one
        done = subprocess.run(["/bin/sh", "-ec", script], env=env, capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("COMPLETED", "")


def rows(text: str, width: int) -> Iterator[list[str]]:
    """The rows of all tables of so many columns."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == width:
            yield cells


def test_the_table_of_the_control_api_has_every_request_and_its_name_in_python() -> None:
    """Nothing that is not there, nothing left out."""
    control = Control(Simulator(files.read(COPY)))
    told, named = set(), set()
    for request, python, _body, _answer in rows(README, 4):
        words = re.findall(r"[A-Z]+(?=[` ])", request)
        (path,) = re.findall(r"/_sim/([a-z/]+)", request)
        told |= {(word, path) for word in words}
        named |= set(re.findall(r"`([a-z_.]+)`", python))
    ours = {name for name in dir(control) if not name.startswith("_") and callable(getattr(control, name))}

    assert told == set(ControlApi(control)._routes)
    assert ours - {"vault"} == {name for name in named if "." not in name}
    for name in named:
        part, _, rest = name.partition(".")
        assert callable(getattr(getattr(control, part), rest) if rest else getattr(control, part)), name


def spoken() -> set[str]:
    """Every text in the simulator's code, with `…` for what is filled in."""
    found = set()
    for path in (SIMULATOR / "backup_simulator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(blank(node.value))
            elif isinstance(node, ast.JoinedStr):
                found.add("".join(one.value if isinstance(one, ast.Constant) else "…" for one in node.values))  # type: ignore[misc] # of texts
    return found


def blank(text: str) -> str:
    """A template with `…` for its fields."""
    return re.sub(r"\{[a-z]*\}", "…", text)


def failures() -> set[str]:
    """The texts that the table of failures explains."""
    return {cell.strip("`") for cell, _ in rows(FAILURES, 2) if cell.startswith("`") and cell.count("`") == 2}


def test_every_text_of_the_table_of_failures_is_one_of_the_simulators() -> None:
    """Nobody looks for words that never come."""
    unknown = {text for text in failures() if not text.startswith("backup:")} - spoken()

    assert unknown == set()


def constants(module: ModuleType, *without: str) -> set[str]:
    """The texts that a module gives names."""
    named = {name: value for name, value in vars(module).items() if name.isupper() and name not in without}
    return {blank(value) for value in named.values() if isinstance(value, str)}


def test_the_table_of_failures_has_every_text_of_jobs() -> None:
    """The names of rules are no texts, and what only AWS brings about is ordered."""
    known = constants(copy_texts, "MANAGED", "CLOSED", "UNUSABLE")
    known |= constants(backup_texts, "WINDOW") | set(backup_texts.NO_RESOURCE_OF.values())

    assert known - failures() == set()


def _no_right_to_leave(world: scenes.Json) -> None:
    del world["accounts"][0]["roles"][0]["policies"][0]["Statement"][0]


def _no_policy(world: scenes.Json) -> None:
    del world["accounts"][1]["vaults"][0]["policy"]


def _no_vault(world: scenes.Json) -> None:
    world["accounts"][1]["vaults"][0]["name"] = "others"


FROM, INTO = "backup:CopyFromBackupVault", "backup:CopyIntoBackupVault"
CAUSES = [
    pytest.param(_no_right_to_leave, {FROM: "refused"}, id="the role"),
    pytest.param(_no_policy, {FROM: "allowed", INTO: "refused"}, id="the destination vault's policy"),
    pytest.param(_no_vault, {FROM: "allowed"}, id="no destination vault"),
]


@pytest.mark.parametrize(("change", "shown"), CAUSES)
def test_the_causes_of_access_denied_are_told_apart(
    change: Callable[[scenes.Json], None], shown: dict[str, str]
) -> None:
    """By what the copy role was judged on."""
    world = yaml.safe_load(COPY.read_text("utf-8"))
    change(world)
    opened = InProcess(world)
    job = copied(opened)
    judged = opened.control.judged(role="copier")[COPIER]

    assert job["StatusMessage"] == copy_texts.ACCESS
    assert {name: max(counts, key=lambda each: counts[each]) for name, counts in judged.items()} == shown
