"""BackupOrganizations from files: what a plan lists of them, what a run does, and what both print."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from tests.kit import builders
from tests.kit.builders import NOW, PAYER_ID, TARGET_ID, account_body, ago, organization_body, organization_sight
from tests.kit.fake_aws import FakeAws
from tests.kit.folders import FAST, KEY, aws_of_today, manifests, write
from tests.kit.waiting import until_in_loop

from crossvault.aspects.organization.seen import Settings
from crossvault.aspects.organization.switch import SetSwitch
from crossvault.cli import plan as plan_command
from crossvault.cli import plans, statuses, switches
from crossvault.cli.run import exit_code
from crossvault.engine.looks import Seen
from crossvault.kinds import ORGANIZATION
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.kinds.rejected import Rejected
from crossvault.local import Folder, LocalRunner, LocalSettings, ManifestError
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals

OFF = organization_sight(settings=Seen(Settings(on=False, changed=ago(minutes=5))))


def files(wanted: str = "Enabled", *, policy: bool = True) -> tuple[dict[str, Any], ...]:
    """Return the manifests of an organization, with a policy or without."""
    payer, organization = account_body("payer", PAYER_ID), organization_body(wanted=wanted)
    for each in (payer, organization):
        each["metadata"] = {"name": each["metadata"]["name"]}
    return (payer, organization, *(manifests() if policy else ()))


def runner(path: Path, aws: FakeAws, **members: Any) -> LocalRunner:
    """Return a runner that looks often."""
    settings = LocalSettings(cadence=FAST, reload=timedelta(milliseconds=50), **members)
    return LocalRunner(path, aws, settings=settings, board=Board(), vitals=Vitals())


def world(seen: Any = OFF) -> FakeAws:
    """Return an AWS of today with one recovery point."""
    aws = aws_of_today(builders.point())
    aws.organization = seen
    return aws


def planned(path: Path, aws: FakeAws) -> dict[str, Any]:
    """Return what a plan says of the organization of a folder."""
    desk = Folder.read(path).desk()
    request = desk[ORGANIZATION].request(
        ObjectKey(ORGANIZATION.name, "", "main"), organization_body(), Occasion(aws.now)
    )
    found = request.plan(aws, aws.now)
    entry = switches.rejected("main", found) if isinstance(found, Rejected) else switches.entry(*found)
    return plans.document([], reads=5, writes=0, organizations=[entry])


async def test_a_run_turns_the_switch(tmp_path: Path) -> None:
    """One pass over each object; what was done is seen, and the policy is worked for as without it."""
    aws = world()
    once = runner(write(tmp_path, *files()), aws, once=True)
    await asyncio.wait_for(once.run(), 30)
    body, outcome = once.organizations()["main"]

    assert [each for each in aws.log if isinstance(each, SetSwitch)] != []
    assert body["status"]["crossAccountBackup"] == "Enabled"
    assert outcome is not None
    assert set(once.outcomes) == {KEY}


async def test_a_folder_with_an_organization_alone_is_enough(tmp_path: Path) -> None:
    """It ends when the switch is as declared, and well."""
    aws = world()
    alone = runner(write(tmp_path, *files(policy=False)), aws, until_protected=True)
    await asyncio.wait_for(alone.run(), 30)

    assert exit_code(alone, LocalSettings(until_protected=True)) == 0
    assert alone.statuses() == {}


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        pytest.param(organization_sight(), 0, id="as declared"),
        pytest.param(organization_sight(organization=Seen(None)), 2, id="in no organization"),
        pytest.param(organization_sight(settings=builders.UNSEEN), 1, id="unseen"),
    ],
)
async def test_the_end_of_a_run_tells_how_it_stands(tmp_path: Path, seen: Any, code: int) -> None:
    """0, 2 and 1 as for policies."""
    once = runner(write(tmp_path, *files(policy=False)), world(seen), once=True)
    await asyncio.wait_for(once.run(), 30)

    assert exit_code(once, LocalSettings(once=True)) == code


async def test_what_policies_counted_is_known_to_the_next_look(tmp_path: Path) -> None:
    """A run remembers nothing, and a policy counts first: then its copies outside are told."""
    aws = aws_of_today(builders.point())
    going = runner(write(tmp_path, *files()), aws)
    life = asyncio.create_task(going.run())
    await until_in_loop(lambda: aws.jobs)
    aws.finish_jobs()
    await until_in_loop(lambda: going.statuses()[KEY]["status"].get("summary", {}).get("copied") == "1/1")
    left = {PAYER_ID: "ACTIVE", builders.SOURCE_ID: "ACTIVE"}
    aws.organization = organization_sight(members=Seen(left))
    await until_in_loop(lambda: going.organizations()["main"][0]["status"].get("former"))
    row = going.organizations()["main"][0]["status"]["formerMembers"][0]
    going.stop()
    await asyncio.wait_for(life, 30)

    assert (row["accountId"], row["recoveryPoints"], row["policies"]) == (TARGET_ID, 1, ["shop/orders"])


def test_a_file_that_is_gone_leaves_the_switch(tmp_path: Path) -> None:
    """A folder with neither policy nor organization is an error."""
    payer, *_ = files(policy=False)

    with pytest.raises(ManifestError, match="no CrossAccountBackupPolicy and no BackupOrganization"):
        Folder.read(write(tmp_path, payer)).require("here")


def test_a_plan_lists_the_update(tmp_path: Path) -> None:
    """One change, which is found; nothing is written."""
    aws = world()
    document = planned(write(tmp_path, *files()), aws)
    text = click.unstyle(plans.text(document))

    assert aws.log == []
    assert document["summary"]["toChange"] == 1
    assert "isCrossAccountBackupEnabled: Disabled → Enabled" in text
    assert "Plan: 0 to add, 1 to change" in text
    assert "Nothing of it is done" not in text
    assert plan_command.exit_code(document) == 2


def test_a_plan_with_nothing_to_do_says_so(tmp_path: Path) -> None:
    """As declared, one line."""
    document = planned(write(tmp_path, *files()), world(organization_sight()))

    assert plans.text(document).startswith("No changes. 0 policies, 1 organization;")
    assert plan_command.exit_code(document) == 0


def test_a_plan_says_what_is_amiss(tmp_path: Path) -> None:
    """A reference to nobody, an account of nobody's, and what was not seen."""
    payer, organization, *_ = files(policy=False)
    path = write(tmp_path, payer, organization)
    stray = planned(path, world(organization_sight(organization=Seen(None))))
    dark = planned(path, world(organization_sight(members=builders.UNSEEN)))
    absent = planned(write(tmp_path, organization), world())

    assert "ManagementAccount" in plans.text(stray)
    assert plan_command.exit_code(stray) == 2
    assert "MembersOnly" in plans.text(dark)
    assert "Not everything could be looked at: 1 organization." in plans.text(dark)
    assert plan_command.exit_code(dark) == 1
    assert "AccountNotFound" in plans.text(absent)
    assert plan_command.exit_code(absent) == 1


def test_a_run_shows_organizations_as_kubectl_does() -> None:
    """What was not seen is a question mark; what is wrong stands below, with who has left."""
    leak = {
        "accountId": TARGET_ID,
        "vaultArn": "arn:vault",
        "recoveryPoints": 3,
        "state": "Left",
        "noticedAt": "2026-11-23T12:00:00Z",
    }
    ready = {"type": "Ready", "status": "False", "reason": "FormerMemberHoldsCopies", "message": "Account left."}
    status = {"conditions": [ready], "crossAccountBackup": "Unknown", "former": 1, "formerMembers": [leak]}
    document = statuses.document({}, {}, NOW, [organization_body() | {"status": status}])
    lines = click.unstyle(statuses.text(document)).splitlines()

    assert lines[0].split() == ["ORGANIZATION", "READY", "REASON", "TOGGLE", "DESIRED", "MEMBERS", "FORMER"]
    assert lines[1].split() == ["main", "False", "FormerMemberHoldsCopies", "?", "Enabled", "?", "1"]
    assert "organization main  FormerMemberHoldsCopies: Account left." in lines
    assert "3 recovery points in arn:vault" in lines[-1]
