"""What is sent to turn the switch, and how the members are listed, by an AWS that answers from a script."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tests.kit.scripted_aws import SOURCE_ID, account, accounts, let_in, scripted

from crossvault.aspects.organization.seen import MEMBERS
from crossvault.aspects.organization.switch import SetSwitch
from crossvault.engine.looks import Seen, Unseen

WHO = account("payer")
SETTINGS = {"isMpaEnabled": "true", "isDelegatedAdministratorEnabled": "false"}


@pytest.mark.parametrize(("on", "before"), [(True, "false"), (False, "true"), (False, "TRUE")])
def test_one_key_of_the_global_settings_is_sent(on: bool, before: str) -> None:
    """The others are somebody else's, whatever they are; it is read right before."""
    with scripted() as script:
        let_in(script)
        script.on("DescribeGlobalSettings", {"GlobalSettings": {**SETTINGS, "isCrossAccountBackupEnabled": before}})
        script.on("UpdateGlobalSettings", {})
        aws = accounts(script.url)
        result = aws.apply(SetSwitch(WHO, "o-abcdefghij", on))
        aws.close()

    assert (result.problem, result.found) == (None, False)
    assert [operation for operation, _ in script.asked][-2:] == ["DescribeGlobalSettings", "UpdateGlobalSettings"]
    assert json.loads(script.bodies[-1]) == {"GlobalSettings": {"isCrossAccountBackupEnabled": str(on).lower()}}


@pytest.mark.parametrize("on", [True, False])
def test_a_switch_that_is_turned_already_is_left(on: bool) -> None:
    """Somebody else was first."""
    with scripted() as script:
        let_in(script)
        script.on("DescribeGlobalSettings", {"GlobalSettings": {"isCrossAccountBackupEnabled": str(on).lower()}})
        aws = accounts(script.url)
        result = aws.apply(SetSwitch(WHO, "o-abcdefghij", on))
        aws.close()

    assert (result.problem, result.found) == (None, True)
    assert script.count("UpdateGlobalSettings") == 0


def test_a_stranger_is_not_written_to() -> None:
    """The role leads elsewhere by now: nothing is read or written with it."""
    with scripted() as script:
        let_in(script, "333333333333")
        aws = accounts(script.url)
        result = aws.apply(SetSwitch(WHO, "o-abcdefghij", on=True))
        aws.close()

    assert result.problem is not None
    assert result.problem.reason == "WrongAccount"
    assert {operation for operation, _ in script.asked} == {"AssumeRole", "GetCallerIdentity"}


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        pytest.param(
            [{"Accounts": [], "NextToken": "a"}, {"Accounts": [{"Id": SOURCE_ID, "State": "ACTIVE"}]}],
            {SOURCE_ID: "ACTIVE"},
            id="an empty page before others",
        ),
        pytest.param(
            [{"Accounts": [{"Id": "1", "Status": "SUSPENDED"}], "NextToken": "a"}, {"Accounts": [{"Id": "1"}]}],
            {"1": ""},
            id="an account that moved to the next page",
        ),
        pytest.param([{"Accounts": [{"Id": "1"}], "NextToken": "a"}], None, id="the same token for ever"),
    ],
)
def test_members_come_page_by_page(pages: list[dict[str, object]], expected: dict[str, str] | None) -> None:
    """To the last one; a listing that does not end is none."""
    with scripted() as script:
        let_in(script)
        script.on("ListAccounts", *pages)
        aws = accounts(script.url)
        look = aws.look_at_organization(WHO, not_before=datetime.now(UTC))[MEMBERS]
        aws.close()

    assert isinstance(look, Unseen) if expected is None else look == Seen(expected)
