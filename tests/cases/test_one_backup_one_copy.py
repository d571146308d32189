"""Two vaults open in both directions: a backup is copied once each way at most, and then there is silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.cases.kit import BUNKER, CLINIC, Case, world_of

BOTH = "01-both-directions"


def test_both_directions_make_one_copy_and_fall_silent(case: Callable[..., Case]) -> None:
    """However many passes: one copy in the bunker, nothing sent back, and both policies say that all is there."""
    both = case(BOTH)
    both.passes(12)

    assert sum(both.jobs(CLINIC).values()) == 1
    assert sum(both.jobs(BUNKER).values()) == 0
    assert set(both.copies("records-copies").values()) == {1}
    assert set(both.copies("records", CLINIC).values()) == {1}
    for policy in ("records", "way-back"):
        assert both.condition(name=policy)[:2] == ("True", "Protected")
        assert both.numbers(policy)["copied"] == both.numbers(policy)["inScope"] == 1


@pytest.mark.parametrize("origin", ["immediate", "first"])
def test_a_restore_drill_is_not_sent_again(case: Callable[..., Case], origin: str) -> None:
    """Somebody copies the backup home: it lies there twice, is one backup, and nothing follows from it."""
    world = world_of(BOTH) | {"copies": {"origin": origin}}
    for account in world["accounts"]:
        for vault in account.get("vaults", ()):
            for point in vault.get("recovery_points", ()):
                del point["lifecycle"]
    both = case(BOTH, world=world)
    both.passes(6)
    (copy,) = both.control.vault(BUNKER, "eu-west-1", "records-copies").points
    both.server.client("backup", BUNKER, "admin", region="eu-west-1").start_copy_job(
        RecoveryPointArn=copy,
        SourceBackupVaultName="records-copies",
        DestinationBackupVaultArn=f"arn:aws:backup:eu-west-1:{CLINIC}:backup-vault:records",
        IamRoleArn=f"arn:aws:iam::{BUNKER}:role/service-role/AWSBackupDefaultServiceRole",
    )
    for wait in ("20s", "3h", "40d"):
        both.advance(wait)
        both.passes(4)

    assert set(both.copies("records", CLINIC).values()) == {2}
    assert set(both.copies("records-copies").values()) == {1}
    assert both.condition()[:2] == ("True", "Protected")
