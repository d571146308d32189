"""Copies under a key of another account: told with a remedy, and no key that may be right is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.kit import builders
from tests.kit.builders import SOURCE_ID, TARGET_ID, copy_of, observed, point, sight, vault
from tests.kit.statuses import condition_in, declare, status_of, tell

from crossvault.engine.looks import Seen

POINTS = (point(1), point(2), point(3, resource=builders.DISK))
STRANGER = "arn:aws:kms:eu-central-1:999999999999:key/99999999-0000-4000-8000-000000000000"
OWN = f"arn:aws:kms:eu-central-1:{TARGET_ID}:key/99999999-0000-4000-8000-000000000000"
THEIRS = f"arn:aws:kms:eu-west-1:{SOURCE_ID}:key/mrk-99999999000040008000000000000000"
ELSEWHERE = "arn:aws:backup:eu-west-1:444444444444:backup-vault:others"


@pytest.mark.parametrize(
    ("key", "origin", "encrypted", "kind", "of_vault", "told"),
    [
        pytest.param(STRANGER, builders.SOURCE_ARN, True, "", builders.KEY_ARN, True, id="a stranger's"),
        pytest.param(THEIRS, builders.SOURCE_ARN, None, "", builders.KEY_ARN, True, id="the source account's"),
        pytest.param(builders.KEY_ARN, builders.SOURCE_ARN, True, "", builders.KEY_ARN, False, id="the vault's"),
        pytest.param(STRANGER, builders.SOURCE_ARN, True, "", STRANGER, False, id="the vault's, of a stranger"),
        pytest.param(OWN, builders.SOURCE_ARN, True, "", builders.KEY_ARN, False, id="another one of the account"),
        pytest.param(None, builders.SOURCE_ARN, True, "", builders.KEY_ARN, False, id="not told"),
        pytest.param("alias/aws/backup", builders.SOURCE_ARN, True, "", builders.KEY_ARN, False, id="an alias"),
        pytest.param(STRANGER, builders.SOURCE_ARN, False, "", builders.KEY_ARN, False, id="not encrypted"),
        pytest.param(STRANGER, ELSEWHERE, True, "", builders.KEY_ARN, False, id="of others' copies"),
        pytest.param(STRANGER, builders.SOURCE_ARN, True, "", None, False, id="the vault's is not known"),
        pytest.param(
            STRANGER,
            builders.SOURCE_ARN,
            True,
            "LOGICALLY_AIR_GAPPED_BACKUP_VAULT",
            builders.KEY_ARN,
            False,
            id="of an air-gapped vault",
        ),
    ],
)
def test_a_copy_under_a_key_of_another_account_is_a_hazard(
    *, key: str | None, origin: str, encrypted: bool | None, kind: str, of_vault: str | None, told: bool
) -> None:
    """Of whoever it is, as long as it is known not to be the vault's."""
    copies = tuple(
        replace(copy_of(each, from_vault=origin), encryption_key_arn=key, encrypted=encrypted) for each in POINTS
    )
    seen = observed(POINTS, sight(copies=copies, vault=Seen(replace(vault(), kind=kind, encryption_key_arn=of_vault))))
    status = status_of(tell(declare(), seen))
    found = [each for each in status["drift"]["items"] if each["aspect"] == "copy_keys"]

    assert bool(found) == told
    if told:
        first = min(each.resource_arn for each in POINTS)
        assert [each["observed"] for each in found] == [f"{key}, of copies of {first} and 1 more resource"]
        assert found[0]["remedy"].startswith("Nobody can encrypt a copy anew")
        assert condition_in(status, "Ready")["reason"] == "Drifted"
