"""The key of a destination vault: vault kind, EncryptionKeyType and whose key it is decide what is asked and said."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.builders import KEY_ARN, UNSEEN, absent, desired, destination, key, observed, sight, stuck, vault
from tests.kit.judging import diff

from crossvault.aspects.resource_types.matrix import KEYED_BY_RESOURCE
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault import key as vault_key
from crossvault.aspects.vault.declared import CREATION, Creation
from crossvault.aspects.vault.seen import Key, Vault
from crossvault.engine.declared import Scope
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.rows import PrerequisiteStatus
from crossvault.words.reasons import Reason

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN
FOREIGN = KEY_ARN.replace("222222222222", "333333333333")
OWNED, CUSTOMERS = "AWS_OWNED_KMS_KEY", "CUSTOMER_MANAGED_KMS_KEY"
AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
NOT_FOUND, DENIED = Seen(None), Unseen(stuck())


def _vault(kind: str, key_type: str, arn: str | None) -> Vault:
    return vault(kind=kind, key_type=key_type, encryption_key_arn=arn)


@pytest.mark.parametrize("look", [NOT_FOUND, DENIED, UNSEEN, Seen(key("AWS"))])
@pytest.mark.parametrize(
    ("kind", "key_type", "status", "reason"),
    [
        (AIR_GAPPED, OWNED, MET, Reason.ALL_MET),
        (AIR_GAPPED, CUSTOMERS, MET, Reason.ALL_MET),
        (AIR_GAPPED, "", MET, Reason.ALL_MET),
        ("BACKUP_VAULT", CUSTOMERS, MET, Reason.ALL_MET),
        ("BACKUP_VAULT", OWNED, UNMET, Reason.AWS_MANAGED_VAULT_KEY),
        ("BACKUP_VAULT", "", UNKNOWN, Reason.FOREIGN_KEY),
        ("", OWNED, UNKNOWN, Reason.FOREIGN_KEY),
        ("", CUSTOMERS, MET, Reason.ALL_MET),
    ],
)
def test_what_kms_says_of_a_foreign_key_does_not_count(
    look: Any, kind: str, key_type: str, status: PrerequisiteStatus, reason: Reason
) -> None:
    """Neither "not found" nor "denied" about somebody else's key is "does not exist"; nothing unknown stops a copy."""
    there = sight(vault=Seen(_vault(kind, key_type, FOREIGN)), vault_key=look)
    row = vault_key.row(desired(scope=Scope(resource_types=("EBS", "RDS"))), destination(), there)
    assert (row.status, row.reason) == (status, reason)
    assert row.blocks is (status is UNMET)


@pytest.mark.parametrize(
    ("kind", "look", "status", "reason"),
    [
        ("BACKUP_VAULT", Seen(key()), MET, Reason.ALL_MET),
        ("BACKUP_VAULT", Seen(key("AWS")), UNMET, Reason.AWS_MANAGED_VAULT_KEY),
        ("BACKUP_VAULT", Seen(key(state="Disabled")), UNMET, Reason.KEY_NOT_USABLE),
        ("BACKUP_VAULT", NOT_FOUND, UNMET, Reason.KEY_NOT_FOUND),
        ("BACKUP_VAULT", DENIED, UNKNOWN, Reason.ACCESS_DENIED),
        (AIR_GAPPED, Seen(key()), MET, Reason.ALL_MET),
        (AIR_GAPPED, Seen(key("AWS")), MET, Reason.ALL_MET),
        (AIR_GAPPED, Seen(key(state="PendingDeletion")), UNMET, Reason.KEY_NOT_USABLE),
        (AIR_GAPPED, NOT_FOUND, UNMET, Reason.KEY_NOT_FOUND),
        (AIR_GAPPED, DENIED, UNKNOWN, Reason.ACCESS_DENIED),
    ],
)
def test_a_key_of_the_vaults_own_account_is_what_kms_says(
    kind: str, look: Any, status: PrerequisiteStatus, reason: Reason
) -> None:
    """There "not found" is "does not exist"."""
    there = sight(vault=Seen(_vault(kind, "", KEY_ARN)), vault_key=look)
    row = vault_key.row(desired(), destination(), there)
    assert (row.status, row.reason) == (status, reason)


@pytest.mark.parametrize(
    ("state", "what", "commands"),
    [
        ("Disabled", "nable it", ["enable-key"]),
        ("PendingDeletion", "ancel its deletion, and enable it", ["cancel-key-deletion", "enable-key"]),
        ("PendingImport", "mport its key material", []),
        ("Unavailable", "econnect its key store", []),
        ("Updating", "ait until AWS has made it usable", []),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_of_a_key_is_said_what_its_state_asks_for(
    state: str,
    what: str,
    commands: list[str],
    there: bool,
) -> None:
    """And nothing else: the state is known. So it is for the key of a vault, and for that of one to be made."""
    made = destination(create=True)
    look = Seen(key(state=state))
    seen = sight(vault_key=look) if there else absent(made, wanted_key=look)
    row = vault_key.row(desired(), made, seen)

    assert (row.status, row.reason) == (UNMET, Reason.KEY_NOT_USABLE)
    assert state in row.message
    assert row.remedy.partition(", or name")[0].rstrip(".")[1:] == what
    assert [line.split()[2] for line in row.fix[1:]] == commands


def test_a_vault_that_names_no_key_is_on_one_that_aws_owns() -> None:
    """Fine for an air-gapped one, and for types that AWS Backup manages in full."""
    for kind, types, status in (
        (AIR_GAPPED, (), MET),
        ("BACKUP_VAULT", (), UNMET),
        ("BACKUP_VAULT", ("EFS", "S3"), MET),
        ("BACKUP_VAULT", ("EFS", "EBS"), UNMET),
    ):
        there = sight(vault=Seen(_vault(kind, OWNED, None)), vault_key=NOT_FOUND)
        row = vault_key.row(desired(scope=Scope(resource_types=types)), destination(), there)
        assert row.status is status
        warned = "a key that AWS manages, which is enough for EFS, S3 and for no type" in row.message
        assert warned is (status is MET and kind != AIR_GAPPED)


@pytest.mark.parametrize(
    ("types", "blocks", "unfit"),
    [
        pytest.param(("EBS", "RDS"), True, False, id="none that it takes"),
        pytest.param(("EBS", "S3"), False, True, id="some that it takes"),
        pytest.param((), False, True, id="all types"),
        pytest.param(("EFS", "S3"), False, False, id="only such as it takes"),
        pytest.param(("Brand New",), False, True, id="one that is newer than this release"),
    ],
)
def test_a_key_of_aws_holds_what_needs_another(types: tuple[str, ...], *, blocks: bool, unfit: bool) -> None:
    """What AWS Backup manages in full goes into the vault all the same."""
    asked = desired(scope=Scope(resource_types=types)), destination(), sight(vault_key=Seen(key("AWS")))
    found = vault_key.unfit(*asked)

    assert vault_key.row(*asked).blocks is blocks
    assert bool(found) is unfit
    assert set(found) <= KEYED_BY_RESOURCE
    assert {reason for reason, _ in found.values()} <= {Reason.AWS_MANAGED_VAULT_KEY}


@pytest.mark.parametrize("declared", [KEY_ARN, KEY_ARN.split("/")[-1], "alias/orders-copies"])
@pytest.mark.parametrize(("look", "status"), [(Seen(key()), MET), (NOT_FOUND, UNMET), (DENIED, UNKNOWN)])
def test_a_vault_is_made_with_the_key_that_kms_finds(
    declared: str, look: Look[Key | None], status: PrerequisiteStatus
) -> None:
    """Whatever form it is declared in; with none that KMS does not show."""
    wanted = destination(create=True).having(CREATION, Creation(create=True, encryption_key=declared))
    made = diff(desired(wanted), observed((), absent(wanted, wanted_key=look)))
    row = next(row for row in made.prerequisites if row.name == "VaultKey")
    assert row.status is status
    keys = [each.key_arn for each in made.actions if isinstance(each, CreateVault)]
    assert keys == ([KEY_ARN] if status is MET else [])
