"""What a doctor in a cluster says of organizations: the rows that their conditions are about, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit import builders

from crossvault.cli import diagnoses, organizations

Json = dict[str, Any]


def condition(kind: str, status: str, reason: str) -> Json:
    """Return a condition."""
    return {"type": kind, "status": status, "reason": reason, "message": f"{reason} it is."}


def body(synced: tuple[str, str], members: tuple[str, str], ready: tuple[str, str] | None = None) -> Json:
    """Return an organization as a cluster has it; Ready is the first condition that is not true."""
    first = ready or next((each for each in (synced, members) if each[0] != "True"), synced)
    listed = [("Ready", *first), ("Synced", *synced), ("MembersOnly", *members)]
    return {
        "metadata": {"name": "main", "generation": 1},
        "spec": {"managementAccountRef": {"name": "payer"}},
        "status": {
            "observedGeneration": 1,
            "organizationId": "o-example",
            "lastChanged": "2026-11-23T05:02:10Z",
            "conditions": [condition(*each) for each in listed],
        },
    }


def document(*bodies: Json) -> Json:
    """Return the answer about some organizations."""
    return diagnoses.document(map(organizations.read, bodies), builders.NOW)


WELL = ("True", "InSync"), ("True", "AllMet")


@pytest.mark.parametrize(
    ("synced", "members", "rows"),
    [
        pytest.param(*WELL, [], id="all is well"),
        pytest.param(("True", "NotManaged"), WELL[1], [], id="nobody's"),
        pytest.param(
            ("False", "NotManagementAccount"),
            ("True", "AllMet"),
            [("ManagementAccount", "Unmet", "NotManagementAccount")],
            id="a member",
        ),
        pytest.param(
            ("False", "NoOrganization"),
            ("Unknown", "NoOrganization"),
            [("ManagementAccount", "Unmet", "NoOrganization")],
            id="no organization is told once",
        ),
        pytest.param(
            ("False", "DeclarationsDisagree"),
            WELL[1],
            [("OrganizationToggle", "Unmet", "DeclarationsDisagree")],
            id="two disagree",
        ),
        pytest.param(
            ("False", "Contested"), WELL[1], [("OrganizationToggle", "Unmet", "Contested")], id="somebody turns it back"
        ),
        pytest.param(
            ("Unknown", "AccessDenied"),
            ("Unknown", "AccessDenied"),
            [("OrganizationToggle", "Unknown", "AccessDenied"), ("MembersOnly", "Unknown", "AccessDenied")],
            id="nothing may be read",
        ),
        pytest.param(
            ("False", "AssumeRoleDenied"),
            ("Unknown", "AssumeRoleDenied"),
            [("Identity", "Unmet", "AssumeRoleDenied")],
            id="a role that cannot be entered",
        ),
        pytest.param(
            WELL[0],
            ("False", "FormerMemberHoldsCopies"),
            [("MembersOnly", "Unmet", "FormerMemberHoldsCopies")],
            id="an account that left",
        ),
    ],
)
def test_what_is_not_so_is_a_row(
    synced: tuple[str, str], members: tuple[str, str], rows: list[tuple[str, str, str]]
) -> None:
    """With what to do, where something is wrong; and it counts as no policy."""
    found = document(body(synced, members))

    assert [(each["name"], each["status"], each["reason"]) for each in found["rows"]] == rows
    assert all(each["policy"] == "organization main" and each["message"] for each in found["rows"])
    assert all(each["remedy"] for each in found["rows"] if each["status"] == "Unmet")
    assert found["summary"]["policies"] == 0
    dark = bool(rows) and (rows[0][0] == "Identity" or rows[0][1] == "Unknown")
    assert diagnoses.exit_code(found) == (1 if dark else 2 if rows else 0)
    assert [each["message"] for each in found["notLookedAt"]] == [each["message"] for each in found["rows"][:dark]]


def test_where_to_go() -> None:
    """The switch is the organization's; what may not be read is looked up with the role of its account."""
    found = document(body(("Unknown", "AccessDenied"), WELL[1]))
    (row,) = found["rows"]

    assert row["where"] == "organization o-example"
    assert "--account payer" in row["remedy"]


@pytest.mark.parametrize("reason", ["AccountNotFound", "InvalidSpec"])
def test_what_cannot_be_worked_with_was_not_looked_at(reason: str) -> None:
    """As of a policy: nobody knows how it is."""
    found = document(body(("Unknown", reason), ("Unknown", reason), ready=("False", reason)))

    assert found["rows"] == []
    assert [(each["policy"], each["reason"]) for each in found["notLookedAt"]] == [("organization main", reason)]
    assert diagnoses.exit_code(found) == 1


def test_what_nobody_has_looked_at_is_told() -> None:
    """A new object, or one whose operator is gone."""
    found = document({"metadata": {"name": "main", "generation": 1}, "spec": {}})

    assert [each["reason"] for each in found["notLookedAt"]] == ["CannotObserve"]


def test_a_status_of_before_a_change_is_said_to_be_old() -> None:
    """It is listed beside the policies, of which it is none."""
    changed = body(*WELL)
    changed["metadata"]["generation"] = 2
    found = document(changed)

    assert [each["stale"] for each in found["policies"]] == [
        "it was changed, and the operator has not looked at it since"
    ]
