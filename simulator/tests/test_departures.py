"""CloudTrail's event history has who left an organization, and when."""

from __future__ import annotations

import json
from typing import Any

from backup_simulator.server import SimulatorServer
from simulator_kit import scenes

DEPARTED = [{"AttributeKey": "EventName", "AttributeValue": "AccountDepartedOrganization"}]


def departures(server: SimulatorServer, account: str = scenes.PAYER, region: str = "us-east-1") -> list[scenes.Json]:
    """Look up who left."""
    client = scenes.client(server, "cloudtrail", account, region=region)
    return list(client.lookup_events(LookupAttributes=DEPARTED)["Events"])


def organizations(server: SimulatorServer, account: str = scenes.PAYER) -> Any:
    """A client of Organizations."""
    return scenes.client(server, "organizations", account)


def test_who_left_stands_in_the_management_accounts_history(server: SimulatorServer) -> None:
    """By itself or put out, each with its way and time; nobody else's history has it, and no other Region."""
    assert departures(server) == []
    left = server.control.now()
    organizations(server, scenes.SOURCE).leave_organization()
    server.control.advance("1d")
    organizations(server).remove_account_from_organization(AccountId=scenes.TARGET)

    found = departures(server)
    told = [json.loads(each["CloudTrailEvent"])["serviceEventDetails"] for each in found]
    assert [(each["accountId"], each["departureMethod"]) for each in told] == [
        (scenes.TARGET, "REMOVED"),
        (scenes.SOURCE, "LEFT"),
    ]
    assert int(found[1]["EventTime"].timestamp()) == int(left)
    assert departures(server, region="eu-west-1") == []
    assert departures(server, scenes.SOURCE) == []


def test_the_history_ends_after_ninety_days(server: SimulatorServer) -> None:
    """What is older is forgotten."""
    organizations(server).remove_account_from_organization(AccountId=scenes.TARGET)
    server.control.advance("91d")

    assert departures(server) == []
