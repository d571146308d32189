"""The command `backup-simulator`: serve, validate, end."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from backup_simulator import server as simulator_server
from backup_simulator.__main__ import main
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICKSTART = Path(__file__).parents[1] / "worlds" / "quickstart.yaml"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], Path]]:
    """A process that serves the quickstart, and what it printed to export."""
    port_file = tmp_path / "port"
    arguments = ["serve", "--world", str(QUICKSTART), "--rate", "60", "--port-file", str(port_file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "backup_simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    assert process.stdout is not None
    exports: dict[str, str] = {}
    for line in process.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            exports[name] = value
        if "AWS_REGION" in exports:
            break
    yield process, exports, port_file
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=scenes.PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_prints_exports_that_work_and_ends_on_a_signal(
    served: tuple[subprocess.Popen[str], dict[str, str], Path], number: signal.Signals
) -> None:
    """What is printed opens the first account; the process ends with 0 and says so."""
    process, exports, port_file = served
    client = simulator_server.client(
        "sts",
        exports["AWS_ENDPOINT_URL"],
        exports["AWS_ACCESS_KEY_ID"],
        exports["AWS_SECRET_ACCESS_KEY"],
        region_name=exports["AWS_REGION"],
    )
    account = client.get_caller_identity()["Account"]
    process.send_signal(number)
    out, errors = process.communicate(timeout=scenes.PATIENCE)

    assert account == "111111111111"
    assert exports["AWS_REGION"] == "eu-west-1"
    assert exports["AWS_ENDPOINT_URL"].endswith(f":{port_file.read_text().strip()}")
    assert process.returncode == 0
    assert "stopped" in out
    assert errors == ""


def test_validate_counts_what_is_in_a_world() -> None:
    """Accounts, vaults, recovery points."""
    result = CliRunner().invoke(main, ["validate", "--world", str(QUICKSTART)])

    assert result.exit_code == 0
    assert "4 accounts, 1 vaults, 24 recovery points" in result.output


@pytest.mark.parametrize("command", ["validate", "serve"])
def test_a_broken_world_ends_with_a_message(tmp_path: Path, command: str) -> None:
    """Exit code 1, file and field, no stack trace."""
    path = tmp_path / "broken.yaml"
    path.write_text("version: 1\naccounts: [{id: '1', name: x}]\n")
    result = CliRunner().invoke(main, [command, "--world", str(path)])

    assert result.exit_code == 1
    assert f"{path}:2: accounts[0].id" in result.output
    assert "Traceback" not in result.output


def test_a_port_in_use_ends_with_a_message() -> None:
    """Exit code 1."""
    with simulator_server.SimulatorServer(QUICKSTART) as server:
        result = CliRunner().invoke(main, ["serve", "--world", str(QUICKSTART), "--port", str(server.port)])

    assert result.exit_code == 1
    assert "cannot listen" in result.output


def test_the_control_api_has_a_port_of_its_own() -> None:
    """Then the port of AWS knows it no more, and its port knows no AWS."""
    with simulator_server.SimulatorServer(QUICKSTART, control_port=0) as server:
        state = fetched(server.control_port, "/_sim/state")
        elsewhere = fetched(server.port, "/_sim/state")
        aws = fetched(server.control_port, "/backup-vaults/")
        account = server.client("sts", "111111111111", "admin", region="eu-west-1").get_caller_identity()["Account"]

    assert server.port != server.control_port
    assert state[0] == 200
    assert elsewhere[0] == 403
    assert aws[0] == 404
    assert account == "111111111111"


def fetched(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=scenes.PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_control_port_in_use_frees_the_other() -> None:
    """Neither port is held after the failure."""
    with simulator_server.SimulatorServer(QUICKSTART) as server:
        with pytest.raises(OSError, match="in use"):
            simulator_server.SimulatorServer(QUICKSTART, control_port=server.port)
        arguments = ["serve", "--world", str(QUICKSTART), "--control-port", str(server.port)]
        result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 1
    assert f"and {server.port}" in result.output
