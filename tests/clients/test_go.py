"""A tour with the AWS SDK for Go: another language, another HTTP client, another signer."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tools import clients

from backup_simulator.server import SimulatorServer
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    """A simulator whose source vault holds five recovery points."""
    scene = scenes.world()
    scenes.source_vault(scene)["recovery_points"] = []
    scenes.source_vault(scene)["generate"] = [
        {"resource_type": "EFS", "name": "fs-1", "resources": 1, "every": "1d", "back": "4d"}
    ]
    with SimulatorServer(scene) as running:
        yield running


@pytest.fixture(scope="module")
def seen(server: SimulatorServer) -> scenes.Json:
    """What the tour saw."""
    user = server.credentials(scenes.SOURCE, "admin")
    environment = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": scenes.HOME,
        "AWS_ACCESS_KEY_ID": user.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": user.aws_secret_access_key,
    }
    command = [str(clients.go_tour()), scenes.vault_arn(), scenes.COPIER]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return] # JSON


def test_it_is_who_it_signed_as(seen: scenes.Json) -> None:
    """The query protocol, read by Go's XML decoder."""
    assert seen["Caller"] == f"arn:aws:iam::{scenes.SOURCE}:user/admin"


def test_a_vault_comes_and_goes(server: SimulatorServer, seen: scenes.Json) -> None:
    """Dates are read to the millisecond, policies as they were put."""
    assert "from-go" in seen["Vaults"]
    assert seen["Created"] == server.state.now()
    assert json.loads(seen["Policy"])["Statement"][0]["Effect"] == "Deny"
    assert "from-go" not in server.state.accounts[scenes.SOURCE].region(scenes.HOME).vaults


def test_pages_cover_the_list(server: SimulatorServer, seen: scenes.Json) -> None:
    """Three pages of two, in order; a null token ends the list."""
    held = server.state.accounts[scenes.SOURCE].region(scenes.HOME).vaults["backups"].points

    assert seen["Pages"] == 3
    assert seen["Points"] == list(held)
    assert seen["Retention"] == 50


def test_a_copy_ends_in_the_other_account(server: SimulatorServer, seen: scenes.Json) -> None:
    """What Go started the simulator finishes."""
    server.control.advance("10m")
    jobs = server.state.accounts[scenes.SOURCE].region(scenes.HOME).copy_jobs

    assert seen["State"] == "CREATED"
    assert jobs[seen["Job"]].state == "COMPLETED"


def test_a_plan_reads_back(seen: scenes.Json) -> None:
    """With the copy in its rule."""
    assert seen["Plan"] == "from-go"
    assert seen["CopyDestination"] == scenes.vault_arn()


def test_errors_have_the_types_of_the_sdk(seen: scenes.Json) -> None:
    """By code, and as the SDK's own exception type."""
    assert seen["MissingVault"] == "AccessDeniedException"
    assert seen["MissingJob"] == "Cannot find copy job missing"
    assert seen["NotImplemented"] == "NotImplemented"


def test_what_is_not_implemented_is_asked_for_once(server: SimulatorServer, seen: scenes.Json) -> None:
    """Go's SDK repeats 501 no more than any other answer that is not one of its four statuses."""
    assert seen["NotImplemented"] == "NotImplemented"
    assert len(server.control.calls(operation="ListFrameworks")) == 1
