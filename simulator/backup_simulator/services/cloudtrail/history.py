"""The event history of ninety days: of all that CloudTrail records, the accounts that left an organization.

Source: the API references of Organizations, as botocore has it (LeaveOrganization, RemoveAccountFromOrganization,
CloseAccount), and of CloudTrail (LookupEvents).
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...wire import AwsError, Params
from .. import pages
from ..operation import Operation, Scope

if TYPE_CHECKING:
    from ...records.organization import Departure, Organization

DAYS = 90 * 86400
PAGE = 50
HOME = "us-east-1"
DEPARTED = "AccountDepartedOrganization"


def lookup(scope: Scope, params: Params) -> Params:
    """Look events up, the newest first; only who manages an organization has any here."""
    found = [] if scope.region_name != HOME else _events(scope)
    for each in params.get("LookupAttributes", ()):
        if each["AttributeKey"] not in {"EventName", "EventSource"}:
            raise AwsError("InvalidLookupAttributesException", f"{each['AttributeKey']} is not looked up here.")
        found = [one for one in found if one[each["AttributeKey"]] == each["AttributeValue"]]
    try:
        shown, more = pages.by_position(found, params.get("NextToken"), params.get("MaxResults", PAGE))
    except pages.BadTokenError:
        raise AwsError("InvalidNextTokenException", "The token is invalid.") from None
    return {"Events": shown, "NextToken": more}


def _events(scope: Scope) -> list[Params]:
    organization = scope.state.organization_of(scope.principal.account)
    if organization is None or organization.management != scope.principal.account:
        return []
    kept = [each for each in organization.departures if scope.now - each.when <= DAYS]
    return [_event(organization, each) for each in reversed(kept)]


def _event(organization: Organization, gone: Departure) -> Params:
    name = f"{organization.organization_id}/{gone.account_id}/{gone.when}"
    made = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    when = datetime.fromtimestamp(gone.when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    record = {
        "eventVersion": "1.11",
        "eventTime": when,
        "eventSource": "organizations.amazonaws.com",
        "eventName": DEPARTED,
        "awsRegion": HOME,
        "eventID": made,
        "eventType": "AwsServiceEvent",
        "recipientAccountId": organization.management,
        "serviceEventDetails": {
            "accountId": gone.account_id,
            "departureMethod": gone.method,
            "departureTime": when,
        },
    }
    return {
        "EventId": made,
        "EventName": DEPARTED,
        "EventTime": gone.when,
        "EventSource": "organizations.amazonaws.com",
        "CloudTrailEvent": json.dumps(record),
    }


OPERATIONS = {"LookupEvents": Operation(lookup)}


FIDELITY = (
    Behaviour(
        "LookupEvents: AccountDepartedOrganization of ninety days in the management account, in us-east-1, with "
        "departureMethod LEFT, REMOVED or CLEANED and departureTime; the newest first, by EventName and EventSource",
        "botocore; where the account's id stands in the record, and its other members: assumed",
        "test_departures.py::test_who_left_stands_in_the_management_accounts_history",
    ),
    Behaviour("All other events of CloudTrail, time spans, other lookup attributes, two lookups a second", "missing"),
)
