"""Logically air-gapped destinations: declared, created once with what they keep for ever, told where they differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import absent, desired, destination, observed, point, sight
from tests.kit.judging import diff, foresee

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.vault import CREATION, CreateVault, Creation
from crossvault.aspects.vault.declared import VaultKind, creation_from
from crossvault.aspects.vault.seen import AIR_GAPPED, VAULT, Vault
from crossvault.engine.declared import Destination
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan
from crossvault.manifest.fields import Fault, Fields
from crossvault.words.reasons import Reason

BOUNDS = (7, 365)


def wanting(**changes: Any) -> Destination:
    """Return a destination whose vault is to be air-gapped."""
    made = Creation(create=True, kind=VaultKind.AIR_GAPPED, bounds=BOUNDS)
    return destination().having(CREATION, replace(made, **changes)).having(LIFECYCLE, Lifecycle(None, 30))


def being(wanted: Destination, **changes: Any) -> Vault:
    """Return the vault as it is in AWS."""
    air_gapped = Vault(wanted.vault.arn, wanted.vault.name, None, True, *BOUNDS, AIR_GAPPED, "AWS_OWNED_KMS_KEY")
    return replace(air_gapped, **changes)


def plan(wanted: Destination, vault: Vault | None) -> Plan:
    """Return the plan for one recovery point and a vault."""
    seen = absent(wanted) if vault is None else sight(wanted).having(VAULT, Seen(vault))
    return diff(desired(wanted), observed((point(1, kind="EBS"),), seen))


def created(found: Plan) -> list[tuple[str, tuple[int, int] | None]]:
    """Return what vaults are made with."""
    return [(each.key_arn, each.bounds) for each in found.actions if isinstance(each, CreateVault)]


def test_one_is_made_without_a_key() -> None:
    """AWS owns the key then; the plan says for how long the bounds hold."""
    found = plan(wanting(), None)
    (action,) = (each for each in found.actions if isinstance(each, CreateVault))

    assert created(found) == [("", BOUNDS)]
    assert action.told().what.endswith("logically air-gapped, bound for ever to 7 to 365 days of retention")


def test_one_is_made_with_a_key_that_is_declared() -> None:
    """The key is looked up as for any other vault."""
    found = plan(wanting(encryption_key="alias/orders-copies"), None)

    assert [bool(key) for key, _ in created(found)] == [True]


def test_what_follows_its_creation_is_foreseen() -> None:
    """Its policy, then the copies."""
    seen = observed((point(1, kind="EBS"),), absent(wanting()))
    found = foresee(desired(wanting()), seen)

    assert [type(each).__name__ for each in found.actions] == ["CreateVault", "PutVaultPolicy", "StartCopy"]


@pytest.mark.parametrize(
    ("changes", "aspect"),
    [
        ({}, None),
        ({"kind": "BACKUP_VAULT", "locked": False}, "vault_kind"),
        ({"kind": "", "locked": False}, "vault_kind"),
        ({"max_retention_days": 400}, "vault_retention"),
        ({"min_retention_days": 30}, "vault_retention"),
    ],
)
def test_what_cannot_be_changed_is_a_hazard(changes: dict[str, Any], aspect: str | None) -> None:
    """It is told with what a person can do, and nothing is tried again and again."""
    found = plan(wanting(), being(wanting(), **changes))
    told = [(each.aspect, bool(each.remedy)) for each in found.drift]

    assert told == ([] if aspect is None else [(aspect, True)])
    assert created(found) == []


def test_nothing_is_said_of_a_kind_that_is_not_declared() -> None:
    """As before there were kinds."""
    found = plan(destination(), being(destination()))

    assert [each.aspect for each in found.drift] == []


@pytest.mark.parametrize(("state", "status"), [("CREATING", "Unmet"), ("FAILED", "Unmet"), ("AVAILABLE", "Met")])
def test_no_copy_is_started_into_one_that_is_being_created(state: str, status: str) -> None:
    """It becomes ready by itself."""
    there = being(wanting(), state=state)
    found = plan(wanting(), there)
    row = next(each for each in found.prerequisites if each.name == "DestinationVault")

    assert row.status == status
    assert (row.reason is Reason.VAULT_NOT_READY) is (status == "Unmet")
    assert bool([each for each in found.actions if isinstance(each, StartCopy)]) is (status == "Met")


@pytest.mark.parametrize(
    ("vault", "field"),
    [
        ({"create": True, "kind": "LogicallyAirGapped", "minRetentionDays": 7, "maxRetentionDays": 9}, None),
        ({"kind": "LogicallyAirGapped"}, None),
        ({"kind": "Standard"}, None),
        ({"create": True, "kind": "LogicallyAirGapped", "maxRetentionDays": 9}, "minRetentionDays"),
        ({"create": True, "kind": "LogicallyAirGapped", "minRetentionDays": 7}, "maxRetentionDays"),
        ({"minRetentionDays": 7}, "minRetentionDays"),
        ({"kind": "Standard", "maxRetentionDays": 7}, "maxRetentionDays"),
        ({"kind": "LogicallyAirGapped", "minRetentionDays": 6, "maxRetentionDays": 9}, "minRetentionDays"),
        ({"kind": "LogicallyAirGapped", "minRetentionDays": 7, "maxRetentionDays": 40_000}, "maxRetentionDays"),
        ({"kind": "LogicallyAirGapped", "minRetentionDays": 9, "maxRetentionDays": 8}, "minRetentionDays"),
        ({"kind": "Vault"}, "kind"),
        ({"create": True, "kind": "Standard"}, "encryptionKey"),
    ],
)
def test_what_is_declared_is_checked_before_aws_is_asked(vault: dict[str, Any], field: str | None) -> None:
    """Each fault names its field."""
    faults: list[Fault] = []
    creation_from(Fields({"name": "orders-copies", **vault}, "vault", faults), destination().vault)

    assert [each.path.rsplit(".", 1)[-1] for each in faults] == ([field] if field else [])
