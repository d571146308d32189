"""The matrix of resource types: one place, held against the simulator's; and the row about the Region's settings."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.builders import SOURCE_ID, account_sight, desired, observed, point, stuck
from tests.kit.judging import diff, rows, standings_of

from backup_simulator.records import resource_types as theirs
from crossvault.aspects.copies.planned import State
from crossvault.aspects.resource_types import NAME, matrix
from crossvault.aspects.resource_types.seen import REGION_SETTINGS, RegionSettings
from crossvault.engine.declared import Scope
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.rows import Prerequisite
from crossvault.words.reasons import Reason

ADVANCED = RegionSettings({"DynamoDB": True, "RDS": True}, {"DynamoDB": True, "EFS": True})
BASIC = RegionSettings({"DynamoDB": True, "RDS": True}, {"DynamoDB": False, "EFS": True})


@pytest.mark.parametrize("name", sorted(theirs.TYPES))
def test_the_matrix_is_that_of_the_guide(name: str) -> None:
    """Written down twice, from the same page: here, and for the simulator, which refuses by it."""
    ours, other = matrix.TYPES[name], theirs.TYPES[name]

    assert ours.cross_account == other.cross_account
    assert ours.cold == other.cold
    assert ours.stays_unencrypted == other.stays_unencrypted
    assert (ours.fully_managed, ours.air_gapped) == (other.fully_managed, other.air_gapped)
    assert matrix.service_of(name) == other.family or not other.copies


def test_sets_follow_from_the_rows() -> None:
    """Nothing is both, and what is never copied has no key to share."""
    assert matrix.TYPES.keys() == matrix.COPIED | matrix.NEVER_COPIED
    assert not matrix.FULLY_MANAGED & matrix.KEYED_BY_RESOURCE
    assert not matrix.COPIED & matrix.NEVER_COPIED
    assert {"CloudFormation", "Redshift", "Redshift Serverless"} == matrix.NEVER_COPIED


@pytest.mark.parametrize(
    ("kind", "arn", "words"),
    [
        ("Redshift", "arn:aws:redshift:eu-west-1:1:snapshot:a/awsbackup:job-1", "does not copy Redshift"),
        ("CloudFormation", "arn:aws:backup:eu-west-1:1:recovery-point:1", "does not copy CloudFormation"),
        ("DynamoDB", "arn:aws:dynamodb:eu-west-1:1:table/a/backup/01", "basic backup of DynamoDB"),
        ("DynamoDB", "arn:aws:backup:eu-west-1:1:recovery-point:1", None),
        ("RDS", "arn:aws:rds:eu-west-1:1:cluster-snapshot:awsbackup:job-1", "Multi-AZ clusters of RDS"),
        ("RDS", "arn:aws:rds:eu-west-1:1:snapshot:awsbackup:job-1", None),
        ("Aurora", "arn:aws:rds:eu-west-1:1:cluster-snapshot:awsbackup:job-1", None),
        ("A type of 2031", "arn:aws:backup:eu-west-1:1:recovery-point:1", None),
    ],
)
def test_what_is_never_copied_is_known_before(kind: str, arn: str, words: str | None) -> None:
    """By type, and by the form of the ARN; what is not known is tried."""
    found = matrix.never_copied(kind, arn)

    assert (found is None) is (words is None)
    assert words is None or words in str(found)


def test_a_cluster_of_rds_is_ineligible_with_its_reason() -> None:
    """No job is spent on it."""
    one = point(1, kind="RDS", arn="arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:awsbackup:job-1")
    (standing,) = standings_of(diff(desired(), observed((one,))))["dr"]

    assert (standing.state, standing.reason) == (State.INELIGIBLE, Reason.TYPE_NOT_SUPPORTED)
    assert "Multi-AZ clusters of RDS" in str(standing.message)


# --- The row -------------------------------------------------------------------------------------------------------


def row(look: Look[RegionSettings], *types: str) -> Prerequisite:
    """Return the row about the settings of the source's Region."""
    seen = observed((), source=account_sight().having(REGION_SETTINGS, look))
    (found,) = (each for each in rows(desired(scope=Scope(resource_types=types)), seen) if each.name == NAME)
    return found


@pytest.mark.parametrize(
    ("look", "types", "status", "words"),
    [
        pytest.param(Seen(ADVANCED), (), "Met", "All types that are meant", id="as they should be"),
        pytest.param(Seen(ADVANCED), ("DynamoDB",), "Met", "All types that are meant", id="advanced"),
        pytest.param(Seen(BASIC), ("DynamoDB",), "Unmet", "basic backups cannot be copied", id="basic and declared"),
        pytest.param(Seen(BASIC), (), "Met", "All types that are meant", id="basic and perhaps not used"),
        pytest.param(Seen(RegionSettings()), ("DynamoDB",), "Met", "All types that are meant", id="AWS says nothing"),
        pytest.param(
            Seen(RegionSettings({"DynamoDB": False}, {"DynamoDB": True})),
            ("DynamoDB", "EFS"),
            "Unmet",
            "basic backups cannot be copied",
            id="managed, and not opted in to",
        ),
        pytest.param(
            Seen(RegionSettings({"RDS": False, "EBS": False, "EFS": True}, {})),
            ("EFS", "RDS"),
            "Met",
            "skip RDS in",
            id="declared and not opted in to",
        ),
        pytest.param(Unseen(stuck("Not allowed.")), (), "Met", "could not be read", id="denied, and nothing depends"),
        pytest.param(Unseen(stuck("Not allowed.")), ("DynamoDB",), "Unknown", "Not allowed.", id="denied"),
    ],
)
def test_settings_of_the_region_are_told(look: Look[RegionSettings], types: Any, status: str, words: str) -> None:
    """Every row of the table; none of them holds a copy."""
    found = row(look, *types)

    assert (found.status, found.blocks) == (status, False)
    assert words in found.message
    assert (status == "Unmet") == found.remedy.startswith("Turn them on, from the next backup on: aws backup")
    assert SOURCE_ID not in found.remedy
