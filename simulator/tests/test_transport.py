"""The simulator in process: what clients see is what they see over HTTP, and no time passes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError

from backup_simulator.server import SimulatorServer
from backup_simulator.transport import InProcess
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

Opened = SimulatorServer | InProcess


def outcome(call: Callable[..., Any], **asked: Any) -> Any:
    """What a call came to: the answer without its metadata, or the kind and words of the error."""
    try:
        answer = dict(call(**asked))
    except ClientError as error:
        return error.response["Error"], error.response["ResponseMetadata"]["RetryAttempts"]
    except HTTPClientError as error:
        return type(error).__name__
    metadata = answer.pop("ResponseMetadata")
    return answer, metadata["HTTPStatusCode"], metadata["RetryAttempts"]


def script(opened: Opened) -> list[Any]:
    """Reads, writes, refusals and every kind of fault, through every protocol."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, read_timeout=scenes.PATIENCE)
    source = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=config)
    hasty = opened.client(
        "backup", scenes.SOURCE, "admin", region=scenes.HOME, config=config.merge(Config(read_timeout=1.5))
    )
    found = [
        outcome(source.list_backup_vaults),
        outcome(source.describe_backup_vault, BackupVaultName="nowhere"),
        outcome(source.create_backup_vault, BackupVaultName="fresh/with/slashes"),
        outcome(source.list_tags, ResourceArn=scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME)),
        outcome(opened.client("sts", scenes.SOURCE, "admin", region=scenes.HOME, config=config).get_caller_identity),
        outcome(opened.client("kms", scenes.SOURCE, "admin", region=scenes.HOME, config=config).list_aliases),
        outcome(opened.client("iam", scenes.SOURCE, "admin", region=scenes.HOME, config=config).get_role, RoleName="x"),
    ]
    for fault in (
        {"kind": "throttle", "times": 1},
        {"kind": "error", "code": "IceCold", "status": 418},
        {"kind": "hang", "times": 1},
        {"kind": "hang"},
        {"kind": "latency", "seconds": 0.01},
        {"kind": "reset"},
        {"kind": "reset", "after_effect": True, "times": 1},
        {"kind": "truncate"},
    ):
        opened.control.faults.add(**fault)
        client = hasty if fault["kind"] == "hang" else source
        found.append(outcome(client.list_backup_vaults, MaxResults=1))
        opened.control.faults.clear()
    return found


def test_the_same_script_gives_the_same_result_over_http_and_in_process() -> None:
    """Answers, errors, retries and what the client makes of broken connections."""
    with SimulatorServer(scenes.world()) as server:
        over_http = script(server)

    assert script(InProcess(scenes.world())) == over_http


def test_no_real_time_passes() -> None:
    """An hour's hang is a timeout at once; ten seconds of latency are none."""
    opened = InProcess(scenes.world())
    client = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
    started = time.monotonic()
    opened.control.faults.add("hang", times=1)
    with pytest.raises(ReadTimeoutError):
        client.list_backup_vaults()
    opened.control.faults.add("latency", seconds=50)
    client.list_backup_vaults()
    opened.control.advance("90d")

    assert time.monotonic() - started < 40


@pytest.mark.parametrize("after", [False, True])
def test_an_answer_that_is_lost_may_have_had_its_effect(after: bool) -> None:
    """As with a cut connection over HTTP."""
    opened = InProcess(scenes.world())
    client = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
    opened.control.faults.add("reset", operation="CreateBackupVault", after_effect=after)
    with pytest.raises(ConnectionClosedError):
        client.create_backup_vault(BackupVaultName="fresh")

    assert ("fresh" in opened.state.accounts[scenes.SOURCE].region(scenes.HOME).vaults) is after


def test_signatures_are_verified() -> None:
    """A wrong secret is refused as over HTTP."""
    opened = InProcess(scenes.world())
    key = opened.credentials(scenes.SOURCE, "admin").aws_access_key_id
    with scenes.refused() as refusal:
        opened.client_with("backup", key, "not the secret", region_name=scenes.HOME).list_backup_vaults()

    assert refusal.code == "InvalidSignatureException"


def test_a_session_of_a_role_works_in_process() -> None:
    """Credentials of AssumeRole with their token."""
    opened = InProcess(scenes.world())
    operator = opened.client("sts", scenes.TOOLS, "operator", region=scenes.HOME)
    role = f"arn:aws:iam::{scenes.TARGET}:role/operator"
    given = operator.assume_role(RoleArn=role, RoleSessionName="test", ExternalId=scenes.EXTERNAL_ID)["Credentials"]
    client = opened.client_with(
        "sts", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=scenes.HOME
    )

    assert client.get_caller_identity()["Account"] == scenes.TARGET


def test_whole_sessions_are_answered_in_process() -> None:
    """Of botocore and of boto3; no endpoint needs to be given."""
    opened = InProcess(scenes.world())
    keys = opened.credentials(scenes.TARGET, "admin")
    bare = botocore.session.Session()
    opened.attach(bare)
    client: Any = bare.create_client(
        "sts",
        region_name=scenes.HOME,
        aws_access_key_id=keys.aws_access_key_id,
        aws_secret_access_key=keys.aws_secret_access_key,
    )
    boto = boto3.Session(keys.aws_access_key_id, keys.aws_secret_access_key, region_name=scenes.HOME)
    opened.attach(boto)

    assert client.get_caller_identity()["Account"] == scenes.TARGET
    assert boto.client("sts").get_caller_identity()["Account"] == scenes.TARGET


def test_two_simulators_do_not_meet() -> None:
    """Each client speaks to the one it was made by."""
    first, second = InProcess(scenes.world()), InProcess(scenes.world())
    first.client("backup", scenes.SOURCE, "admin", region=scenes.HOME).create_backup_vault(BackupVaultName="fresh")

    assert len(first.control.calls()) == 1
    assert second.control.calls() == []
