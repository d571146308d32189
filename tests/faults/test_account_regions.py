"""Regions that an account has not opted into, and its service-linked role, in the status of its BackupAccount."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

SOUTH = "eu-south-1"


def disable(stage: Stage, *regions: str) -> None:
    """Let the backup account have opted out of some Regions."""
    stage.cloud.state.accounts[scene.BACKUP].disabled_regions = frozenset(regions)


def enabled(body: Json) -> tuple[str, str] | None:
    """Return status and reason of the condition; None where there is none."""
    found = [each for each in body["status"]["conditions"] if each["type"] == "RegionsEnabled"]
    return (found[0]["status"], found[0]["reason"]) if found else None


@pytest.fixture
def far(stage: Stage) -> Stage:
    """A policy copies into a Region to opt into, and the role may do everything."""
    made = scene.world()
    scene.role(made, scene.BACKUP, "crossvault-destination")["policies"] = ["full"]
    stage.begin(made)
    stage.declare(destinations=[scene.destination(region=SOUTH)])
    return stage


def test_where_no_region_has_to_be_opted_into_nothing_is_asked(stage: Stage) -> None:
    """The right is not needed either."""
    stage.look_at_named_account("dr")

    assert enabled(stage.declared["dr"]) is None
    assert not stage.control.calls(operation="ListRegions")


def test_a_region_that_is_not_enabled_is_told_and_noticed_once_it_is(far: Stage) -> None:
    """By condition, status and one event; nothing is asked again within the hour after that."""
    disable(far, SOUTH)
    body = far.declared["dr"]
    first, second = far.look_at_named_account("dr"), far.look_at_named_account("dr")
    assert enabled(body) == ("False", "RegionDisabled")
    assert body["status"]["regions"] == [{"name": SOUTH, "status": "Disabled"}]
    assert sum(each.reason == "RegionDisabled" for each in first.events) == 1
    assert not second.events

    disable(far)
    for _ in range(3):
        far.look_at_named_account("dr")
    assert enabled(body) == ("True", "AllMet")
    assert body["status"]["regions"] == [{"name": SOUTH, "status": "Enabled"}]
    assert len(far.control.calls(operation="ListRegions")) == 3


def test_a_region_that_is_declared_counts_without_a_policy(stage: Stage) -> None:
    """As spec.regions of an account that nothing names."""
    body = stage.declared["second"]
    body["spec"]["regions"] = ["eu-west-1", SOUTH]
    made = scene.world()
    role = body["spec"]["roleArn"].rsplit("/", 1)[-1]
    scene.role(made, scene.SECOND, role)["policies"] = ["full"]
    stage.begin(made)
    stage.look_at_named_account("second")

    assert enabled(body) == ("True", "AllMet")


def test_who_may_not_list_regions_is_unknown(far: Stage) -> None:
    """And the permission is among those that are missing."""
    statement = {"Effect": "Deny", "Action": "account:ListRegions", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = far.admin(scene.BACKUP, scene.HOME, "iam")
    iam.put_role_policy(RoleName="crossvault-destination", PolicyName="deny", PolicyDocument=document)
    far.look_at_named_account("dr")
    status = far.declared["dr"]["status"]

    assert enabled(far.declared["dr"]) == ("Unknown", "AccessDenied")
    assert status["regions"] == [{"name": SOUTH, "status": "Unknown"}]
    assert [each["actions"] for each in status["permissions"]] == [["account:ListRegions"]]


@pytest.mark.parametrize(
    ("there", "word"), [pytest.param(True, "Present", id="there"), pytest.param(False, "Absent", id="not there")]
)
def test_the_service_linked_role_stands_in_status(stage: Stage, there: bool, word: str) -> None:
    """Of an account that is copied into, and of no other; that it is absent is nothing to mend."""
    made: Any = scene.world()
    scene.account(made, scene.BACKUP)["service_linked_role"] = there
    stage.begin(made)
    for name in ("dr", "production"):
        stage.look_at_named_account(name)

    assert stage.declared["dr"]["status"]["serviceLinkedRole"] == word
    assert "serviceLinkedRole" not in stage.declared["production"]["status"]
