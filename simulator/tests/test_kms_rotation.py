"""KMS: the rotation of keys, as it shows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def kms(server: SimulatorServer) -> Any:
    """The source account's admin."""
    return scenes.client(server, "kms", scenes.SOURCE)


def test_a_key_tells_when_it_rotates_next(server: SimulatorServer, kms: Any) -> None:
    """In virtual time, period after period, until it is switched off."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    before = kms.get_key_rotation_status(KeyId=key)
    kms.enable_key_rotation(KeyId=key)
    yearly = kms.get_key_rotation_status(KeyId=key)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    server.control.advance("200d")
    third = kms.get_key_rotation_status(KeyId=key)
    kms.disable_key_rotation(KeyId=key)
    after = kms.get_key_rotation_status(KeyId=key)

    assert (before["KeyRotationEnabled"], before["KeyId"]) == (False, key)
    assert "NextRotationDate" not in before
    assert (yearly["RotationPeriodInDays"], yearly["NextRotationDate"]) == (365, START + dt.timedelta(days=365))
    assert (third["RotationPeriodInDays"], third["NextRotationDate"]) == (90, START + dt.timedelta(days=270))
    assert after["KeyRotationEnabled"] is False


def test_a_rotated_key_opens_what_it_closed(server: SimulatorServer, kms: Any) -> None:
    """Nothing but the date changes."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    server.control.advance("91d")

    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_keys_that_aws_manages_rotate_every_year(kms: Any) -> None:
    """And nobody else decides."""
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"]
    status = kms.get_key_rotation_status(KeyId=key)
    with scenes.refused() as refusal:
        kms.disable_key_rotation(KeyId=key)

    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    assert refusal.code == "AccessDeniedException"


def test_a_key_that_cannot_be_used_does_not_rotate(kms: Any) -> None:
    """Disabled or awaiting its deletion."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.enable_key_rotation(KeyId=key)
    kms.disable_key(KeyId=key)
    with scenes.refused() as disabled:
        kms.enable_key_rotation(KeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    with scenes.refused() as pending:
        kms.disable_key_rotation(KeyId=key)

    assert disabled.code == "DisabledException"
    assert pending.code == "KMSInvalidStateException"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


@pytest.mark.parametrize(("days", "allowed"), [(90, True), (365, False)])
def test_the_period_is_judged(server: SimulatorServer, kms: Any, days: int, allowed: bool) -> None:
    """`kms:RotationPeriodInDays`."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    deny = {
        "Effect": "Deny",
        "Action": "kms:EnableKeyRotation",
        "Resource": "*",
        "Condition": {"NumericGreaterThan": {"kms:RotationPeriodInDays": "180"}},
    }
    scenes.client(server, "iam", scenes.SOURCE).put_user_policy(
        UserName="admin", PolicyName="no", PolicyDocument=scenes.text(scenes.policy(deny))
    )
    if allowed:
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
    else:
        with scenes.refused() as refusal:
            kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
        assert refusal.code == "AccessDeniedException"

    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is allowed
