"""What commands tell machines has the same members whether something is wrong with the manifests or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.kit import harms
from tests.kit import stage as scene
from tests.kit.doctoring import Surgery
from tests.kit.stage import Json

from backup_simulator.server import SimulatorServer

COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": ("plan",),
    "doctor": ("doctor",),
    "points": ("points",),
    "run": ("run", "--once"),
    "iam": ("iam",),
    "import": ("import", "--region", scene.HOME),
}


@pytest.fixture
def surgery(server: SimulatorServer, tmp_path: Path) -> Surgery:
    """A folder in which all is well."""
    server.control.load(harms.sound())
    there = Surgery(tmp_path, server)
    there.declare(scene.policy())
    return there


def told(surgery: Surgery, command: tuple[str, ...], folder: Path) -> tuple[int, Json]:
    """Return exit code and document."""
    done = surgery.type_in(*command, "-f", folder, "-o", "json")
    answer: Json = json.loads(done.stdout)
    return done.exit_code, answer


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_members_are_the_same_with_faults_and_without(surgery: Surgery, command: tuple[str, ...]) -> None:
    """Those of the answer and of its summary; the faults are one more. It ends with 1, and says nothing elsewhere."""
    _, good = told(surgery, command, surgery.manifests)
    nothing = surgery.manifests.parent / "nothing"
    nothing.mkdir()
    unknown = surgery.manifests.parent / "unknown"
    unknown.mkdir()
    (unknown / "all.yaml").write_text((surgery.manifests / "all.yaml").read_text("utf-8") + "foo: 1\n", "utf-8")

    for folder in (nothing, unknown, surgery.manifests / "absent"):
        code, bad = told(surgery, command, folder)
        assert code == 1
        assert bad["faults"]
        assert {*bad} - {"faults"} == {*good} - {"faults"}
        assert {*good.get("summary", {})} <= {*bad.get("summary", {})}
