"""A tour with the AWS SDK for JavaScript: decoders of its own for each protocol, and a copy awaited to its end."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tools import clients

from backup_simulator.server import SimulatorServer
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READER = f"arn:aws:iam::{scenes.TARGET}:role/reader"


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    """A simulator whose source vault holds five recovery points; five minutes pass in a second, but for sessions."""
    scene = scenes.world()
    scene["clock"] |= {"frozen": False, "rate": 300, "sessions": "wall"}
    scenes.source_vault(scene)["recovery_points"] = []
    scenes.source_vault(scene)["generate"] = [
        {"resource_type": "EFS", "name": "fs-1", "resources": 1, "every": "1d", "back": "4d"}
    ]
    trust = {"aws": [f"arn:aws:iam::{scenes.SOURCE}:root"], "external_id": scenes.EXTERNAL_ID}
    scenes.account(scene, scenes.TARGET)["roles"].append(scenes.role("reader", trust=trust))
    with SimulatorServer(scene) as running:
        yield running


@pytest.fixture(scope="module")
def seen(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> scenes.Json:
    """What the tour saw."""
    user = server.credentials(scenes.SOURCE, "admin")
    home: Path = tmp_path_factory.mktemp("home")
    environment = {
        "HOME": str(home),
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": scenes.HOME,
        "AWS_ACCESS_KEY_ID": user.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": user.aws_secret_access_key,
    }
    node, tour = clients.js_tour()
    command = [str(node), str(tour), scenes.vault_arn(), scenes.COPIER, READER, scenes.EXTERNAL_ID]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return] # JSON


def _moment(text: str) -> float:
    """Epoch seconds of what JavaScript writes for a Date."""
    return dt.datetime.fromisoformat(text).timestamp()


def test_it_is_who_it_signed_as_and_whom_it_assumed(seen: scenes.Json) -> None:
    """The query protocol; the session of a role in the other account carries its token along."""
    assert seen["callers"]["caller"] == f"arn:aws:iam::{scenes.SOURCE}:user/admin"
    assert seen["callers"]["assumed"] == f"arn:aws:sts::{scenes.TARGET}:assumed-role/reader/from-js"
    assert _moment(seen["callers"]["expiration"]) > 0


def test_a_vault_comes_and_goes(seen: scenes.Json) -> None:
    """On a key that was made over json 1.1; letters, spaces and signs of tags arrive as they were sent."""
    vaults = seen["vaults"]
    made, held = vaults["keys"]

    assert made == held
    assert vaults["tags"] == {"client": "js", "a key": "ä / +"}
    assert vaults["policy"]["Statement"][0]["Action"] == "backup:StartRestoreJob"
    assert vaults["names"] == ["backups", "from-js"]
    assert vaults["left"] == ["backups"]


def test_a_plan_reads_back(seen: scenes.Json) -> None:
    """With copy action, lifecycles and selection as they were put, and dates that are dates."""
    plans = seen["plans"]

    assert plans["rule"]["Lifecycle"] == {"DeleteAfterDays": 35}
    assert plans["rule"]["CopyActions"] == [
        {"DestinationBackupVaultArn": scenes.vault_arn(), "Lifecycle": {"DeleteAfterDays": 90}}
    ]
    condition = {"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "daily"}
    assert plans["selection"]["Conditions"]["StringEquals"] == [condition]
    assert plans["selection"]["Resources"] == ["*"]
    assert plans["deleted"] is True


def test_pages_cover_the_list(server: SimulatorServer, seen: scenes.Json) -> None:
    """Its paginator makes three pages of two, in order, and ends at the null token."""
    pages = seen["copies"]["pages"]
    held = server.state.accounts[scenes.SOURCE].region(scenes.HOME).vaults["backups"].points

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [arn for page in pages for arn in page] == list(held)


def test_a_copy_ends_in_the_other_account(seen: scenes.Json) -> None:
    """The job is COMPLETED while the client waits, and the destination shows the copy to a session of its own."""
    copies = seen["copies"]
    job, copy = copies["job"], copies["copy"]

    assert job["State"] == "COMPLETED"
    assert _moment(copies["started"]) == _moment(job["CreationDate"]) < _moment(job["CompletionDate"])
    assert copy["RecoveryPointArn"] == job["DestinationRecoveryPointArn"]
    assert copy["BackupVaultArn"] == scenes.vault_arn()
    assert copy["ResourceArn"] == job["ResourceArn"]
    assert copy["Lifecycle"]["DeleteAfterDays"] == 90
    kept = dt.timedelta(days=90).total_seconds()
    assert _moment(copy["CalculatedLifecycle"]["DeleteAt"]) == _moment(copy["CreationDate"]) + kept


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(
            ("refusals", "vault"),
            {"name": "AccessDeniedException", "status": 403},
            id="a vault that is not there, as AWS does not tell it from one that may not be seen",
        ),
        pytest.param(
            ("refusals", "job"),
            {
                "kind": "ResourceNotFoundException",
                "name": "ResourceNotFoundException",
                "status": 400,
                "message": "Cannot find copy job missing",
            },
            id="a copy job that is not there, as the SDK's own type",
        ),
        pytest.param(
            ("vaults", "refusals", "twice"),
            {"kind": "AlreadyExistsException", "name": "AlreadyExistsException", "status": 400},
            id="a vault that is there already",
        ),
        pytest.param(
            ("vaults", "refusals", "without"),
            {"kind": "ResourceNotFoundException", "name": "ResourceNotFoundException", "status": 400},
            id="the policy of a vault that has none",
        ),
        pytest.param(
            ("plans", "refusals", "tooEarly"),
            {"kind": "InvalidRequestException", "name": "InvalidRequestException", "status": 400},
            id="a plan that still has selections",
        ),
        pytest.param(
            ("refusals", "key"),
            {"kind": "NotFoundException", "name": "NotFoundException", "status": 400},
            id="a key that is not there, over json 1.1",
        ),
        pytest.param(
            ("refusals", "role"),
            {"name": "AccessDenied", "status": 403},
            id="a role without its External ID, over the query protocol",
        ),
        pytest.param(
            ("refusals", "unknown"),
            {"name": "NotImplemented", "status": 501},
            id="what the simulator has not",
        ),
    ],
)
def test_refusals_have_the_types_of_the_sdk(seen: scenes.Json, where: tuple[str, ...], expected: scenes.Json) -> None:
    """By class where AWS models the error, by code and status everywhere; none is asked for twice."""
    found: Any = seen
    for name in where:
        found = found[name]

    assert {name: found[name] for name in expected} == expected
    assert found["message"]
    assert found["attempts"] == 1
