"""The example of docs/how-to/events.md: its templates hold together, and events go the way that they lay out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kit import event_queue, stage
from tests.kit.event_queue import template
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, STRANGER, TOOLS, Json

from backup_simulator.transport import InProcess
from crossvault.aws import events
from crossvault.engine.hints import Hint, Notice, Subject

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "events.md"
NAMES = ("hub", "account")


def references(part: Any) -> Iterator[str]:
    """Yield what a part of a template refers to."""
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            yield name
        case dict():
            for each in part.values():
                yield from references(each)
        case list():
            for each in part:
                yield from references(each)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_refers_to_what_is_there(name: str) -> None:
    """Every resource has its type and properties, and every reference its end."""
    made = template(name)
    known = {*made["Resources"], *made["Parameters"]}

    assert made["AWSTemplateFormatVersion"] == "2010-09-09"
    assert all(
        re.fullmatch(r"AWS::\w+::\w+", each["Type"]) and each["Properties"] for each in made["Resources"].values()
    )
    assert set(references(made)) <= known
    assert set(made["Parameters"]) <= set(references(made["Resources"]))


def test_the_page_gives_the_permissions_that_are_tested() -> None:
    """Two, on one queue."""
    found = re.search(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None

    assert json.loads(found[1].replace("HUB", TOOLS)) == event_queue.PERMISSIONS


def opened() -> tuple[InProcess, str]:
    """Return a world with the example, in which events leave at once."""
    cloud = InProcess(event_queue.permitted(stage.world()))
    url = event_queue.installed(cloud)
    cloud.control.events.set(batch=0)
    return cloud, url


def heard(cloud: InProcess, url: str) -> list[Hint]:
    """Return what the messages of the queue hint at."""
    sqs = cloud.client("sqs", TOOLS, "admin", region=HOME)
    bodies = [each["Body"] for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())]
    found = [events.read(each) for each in bodies]
    return [hint for each in found if isinstance(each, Notice) for hint in each.hints]


@pytest.mark.parametrize(("account_id", "region", "vault"), [(PRODUCTION, HOME, "orders"), (BACKUP, AWAY, "copies")])
def test_what_aws_backup_tells_reaches_the_queue(account_id: str, region: str, vault: str) -> None:
    """From either account, and from another Region."""
    cloud, url = opened()
    told: Json = {"backupVaultName": vault, "status": "COMPLETED"}
    cloud.control.events.publish("Recovery Point State Change", told, account=account_id, region=region)

    assert heard(cloud, url) == [Hint(account_id, region, Subject.BACKUP, vault)]
    assert {each.outcome for each in cloud.control.events.log()} == {"OK"}


@pytest.mark.parametrize("name", sorted({name for _, name in events.CALLS}))
def test_calls_that_matter_reach_the_queue(name: str) -> None:
    """Those that the operator understands, and none that changes nothing."""
    cloud, url = opened()
    service = next(service for service, known in events.CALLS if known == name).partition(".")[0]
    told = event_queue.call(name, {"backupVaultName": "copies"}, service)
    for detail in (told, told | {"eventName": "StartCopyJob"}):
        cloud.control.events.publish(
            "AWS API Call via CloudTrail", detail, account=BACKUP, region=AWAY, source=f"aws.{service}"
        )

    assert len(heard(cloud, url)) == 1
    assert len(cloud.control.events.log()) == 2


def test_an_account_outside_of_the_organization_is_kept_out() -> None:
    """Whatever role it has: the bus lets in who belongs to the organization."""
    made = event_queue.permitted(stage.world())
    role = next(each for each in stage.account(made, PRODUCTION)["roles"] if each["name"] == event_queue.ROLE)
    stage.account(made, STRANGER)["roles"].append(role)
    cloud = InProcess(made)
    url = event_queue.installed(cloud)
    cloud.control.events.set(batch=0)
    event_queue._listen(cloud, STRANGER, HOME)
    told = {"backupVaultName": "orders", "status": "COMPLETED"}
    cloud.control.events.publish("Recovery Point State Change", told, account=STRANGER, region=HOME)

    assert heard(cloud, url) == []
    assert [each.outcome for each in cloud.control.events.log()] != ["OK"]
