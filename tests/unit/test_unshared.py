"""A copy role that is deleted while it copies leaves snapshots shared with the other account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import (
    DISK,
    ROLE,
    TARGET_ID,
    UNSEEN,
    ago,
    desired,
    job_for,
    observed,
    point,
    role,
    sight,
)
from tests.kit.judging import diff

from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.copies.seen import CopyJob
from crossvault.aspects.copies.unshared import ASPECT
from crossvault.engine.looks import Look, Seen
from crossvault.engine.plan import Drift

UNSHARED = "Failed to unshare snapshot"
GONE: Look[Any] = Seen(None)
THERE: Look[Any] = Seen(role())
SNAPSHOT = point(arn="arn:aws:ec2:eu-west-1::snapshot/snap-1", resource=DISK, kind="EBS")


def job(source: Any = SNAPSHOT, *, by: str | None = ROLE, **members: Any) -> CopyJob:
    """Return a job by the copy role."""
    return replace(job_for(source, **members), role_arn=by)


def ended(source: Any = SNAPSHOT, *, hours: float = 1, message: str = UNSHARED, **members: Any) -> CopyJob:
    """Return a job that made its copy."""
    times: dict[str, Any] = {"created": ago(hours=hours + 1), "completed": ago(hours=hours)}
    return job(source, message=message, **{"state": "COMPLETED"} | times | members)


def told(*jobs: CopyJob, copy_role: Look[Any] = GONE, looked: Look[Jobs] | None = None) -> tuple[Drift, ...]:
    """Return the hazards about sharing."""
    there = sight(jobs=jobs if looked is None else looked)
    plan = diff(desired(), observed((SNAPSHOT,), there, copy_role=copy_role))
    return tuple(each for each in plan.drift if each.aspect == ASPECT)


@pytest.mark.parametrize(
    ("jobs", "copy_role", "is_told"),
    [
        pytest.param((job(),), GONE, True, id="gone while it copies"),
        pytest.param((job(),), Seen(role(ROLE.replace("role/", "role/x/"))), True, id="another of that name is there"),
        pytest.param((job(),), THERE, False, id="it is there"),
        pytest.param((job(),), UNSEEN, False, id="not seen is not gone"),
        pytest.param((job(by=ROLE + "2"),), GONE, False, id="copies by another role"),
        pytest.param((job(by=None),), GONE, False, id="AWS does not say by which"),
        pytest.param((job(replace(SNAPSHOT, resource_type="S3")),), GONE, False, id="no snapshot is shared of S3"),
        pytest.param((job(state="FAILED"),), GONE, False, id="a copy that failed"),
        pytest.param((ended(message=""),), GONE, False, id="a copy that was over before"),
        pytest.param((ended(),), THERE, True, id="made anew meanwhile, as AWS says"),
        pytest.param((ended(),), UNSEEN, True, id="whatever the role is"),
        pytest.param((ended(hours=23),), THERE, True, id="for a day"),
        pytest.param((ended(hours=25),), THERE, False, id="and no longer"),
        pytest.param((ended(message="Tags were not copied."),), THERE, False, id="another message"),
        pytest.param((), GONE, False, id="nothing is copied"),
    ],
)
def test_when_snapshots_stay_shared(jobs: tuple[CopyJob, ...], copy_role: Look[Any], *, is_told: bool) -> None:
    """AWS takes the sharing back with the role that shared, and only with that."""
    assert bool(told(*jobs, copy_role=copy_role)) is is_told


def test_nothing_is_told_of_jobs_that_are_not_seen() -> None:
    """Unknown is no hazard."""
    assert told(looked=UNSEEN) == ()


def test_the_hazard_names_snapshots_resources_and_account() -> None:
    """Newest first, a few by name."""
    jobs = [
        job(replace(SNAPSHOT, arn=f"arn:aws:ec2:eu-west-1::snapshot/snap-{each}"), job_id=f"j{each}") for each in "1234"
    ]
    (drift,) = told(*jobs)

    assert (drift.destination, drift.path) == ("dr", "copy-role")
    assert drift.observed == (
        f"deleted while it copied, so 4 snapshots stay shared with account dr ({TARGET_ID}): snap-4 of volume/vol-1,"
        " snap-3 of volume/vol-1, snap-2 of volume/vol-1 and 1 more"
    )
    assert drift.remedy.endswith("; likewise for the others.")


@pytest.mark.parametrize(
    ("kind", "arn", "command"),
    [
        pytest.param(
            "EBS",
            "arn:aws:ec2:eu-west-1::snapshot/snap-1",
            "aws ec2 modify-snapshot-attribute --snapshot-id snap-1 --attribute createVolumePermission"
            f" --operation-type remove --user-ids {TARGET_ID} --region eu-west-1",
            id="a disk",
        ),
        pytest.param(
            "EC2",
            "arn:aws:ec2:eu-west-1::image/ami-1",
            "aws ec2 modify-image-attribute --image-id ami-1 --attribute launchPermission"
            f" --operation-type remove --user-ids {TARGET_ID} --region eu-west-1",
            id="a machine",
        ),
        pytest.param(
            "RDS",
            "arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-1",
            "aws rds modify-db-snapshot-attribute --db-snapshot-identifier awsbackup:job-1 --attribute-name restore"
            f" --values-to-remove {TARGET_ID} --region eu-west-1",
            id="a database",
        ),
        pytest.param(
            "Aurora",
            "arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:awsbackup:job-1",
            "aws rds modify-db-cluster-snapshot-attribute --db-cluster-snapshot-identifier awsbackup:job-1"
            f" --attribute-name restore --values-to-remove {TARGET_ID} --region eu-west-1",
            id="a cluster of databases",
        ),
        pytest.param("FSx", "arn:aws:fsx:eu-west-1:111111111111:backup/backup-1", "", id="a file system"),
    ],
)
def test_the_command_that_takes_the_sharing_back(kind: str, arn: str, command: str) -> None:
    """As it is pasted; for file systems AWS publishes none."""
    (drift,) = told(ended(replace(SNAPSHOT, resource_type=kind, arn=arn)), copy_role=THERE)

    words = "When the copies have ended, take the sharing back by hand"
    assert drift.remedy == (f"{words}: {command}." if command else f"{words}.")
