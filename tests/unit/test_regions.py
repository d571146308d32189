"""Regions to opt into: which they are, and what is told of an account that has not."""

from __future__ import annotations

from typing import Any

import pytest

from crossvault.aspects.regions import OPT_INS, judge, regions_of, row
from crossvault.aspects.regions.rights import ALWAYS, RIGHTS, is_opted_into
from crossvault.aws import regions as known
from crossvault.engine.declared import Account
from crossvault.engine.looks import UNASKED, Seen, Unseen
from crossvault.engine.observed import Sight
from crossvault.engine.parts import Parts
from crossvault.engine.rights import Alone
from crossvault.engine.rows import MET, UNKNOWN, UNMET
from crossvault.engine.wants import Want
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

SOUTH, ZURICH = "eu-south-1", "eu-central-2"


def account(*declared: str) -> Account:
    """Return an account for some Regions."""
    return Account("dr", "222222222222", regions=declared)


def want(region: str) -> Want:
    """Return something that is wanted of a vault there."""
    return Want("ReadVault", "see", ("backup:X",), (f"arn:aws:backup:{region}:222222222222:backup-vault:v",), {})


@pytest.mark.parametrize(
    ("region", "opted"),
    [
        pytest.param("eu-west-1", False, id="one that everybody has"),
        pytest.param(SOUTH, True, id="one to opt into"),
        pytest.param("eu-nowhere-9", True, id="a new one will be one to opt into"),
        pytest.param("cn-north-1", False, id="China has none"),
        pytest.param("us-gov-west-1", False, id="nor has GovCloud"),
    ],
)
def test_which_have_to_be_opted_into(region: str, opted: bool) -> None:
    """And for no other is anything asked, or a right printed."""
    right = next(each for each in RIGHTS if each.use is Alone)

    assert is_opted_into(region) is opted
    assert bool(right.resources(Alone(account("us-east-1", region)))) is opted


def test_the_list_of_those_that_everybody_has_is_of_regions_that_there_are() -> None:
    """A misspelt one would be asked about for nothing."""
    assert known.known() >= ALWAYS


@pytest.mark.parametrize(
    ("declared", "used", "found"),
    [
        pytest.param((), (), (), id="none"),
        pytest.param(("eu-west-1",), ("eu-central-1",), (), id="none to opt into"),
        pytest.param((SOUTH,), (), (SOUTH,), id="declared"),
        pytest.param((), (ZURICH,), (ZURICH,), id="used"),
        pytest.param((SOUTH, "eu-west-1"), (ZURICH, SOUTH), (ZURICH, SOUTH), id="both, each once"),
    ],
)
def test_declared_and_used_regions_count(declared: tuple[str, ...], used: tuple[str, ...], found: Any) -> None:
    """In order."""
    assert regions_of(account(*declared), tuple(map(want, used))) == found


DENIED = Unseen(Problem(Reason.ACCESS_DENIED, "May not.", ErrorClass.STUCK))


@pytest.mark.parametrize(
    ("look", "statuses", "told"),
    [
        pytest.param(Seen({SOUTH: "ENABLED", ZURICH: "ENABLED"}), {"Enabled"}, (MET, Reason.ALL_MET), id="enabled"),
        pytest.param(
            Seen({SOUTH: "DISABLED", ZURICH: "ENABLED"}),
            {"Disabled", "Enabled"},
            (UNMET, Reason.REGION_DISABLED),
            id="one is not",
        ),
        pytest.param(
            Seen({SOUTH: "ENABLING", ZURICH: "ENABLED"}),
            {"Enabling", "Enabled"},
            (UNMET, Reason.REGION_DISABLED),
            id="on its way",
        ),
        pytest.param(
            Seen({ZURICH: "ENABLED"}), {"Unknown", "Enabled"}, (UNKNOWN, Reason.REGION_DOUBTFUL), id="not listed"
        ),
        pytest.param(DENIED, {"Unknown"}, (UNKNOWN, Reason.ACCESS_DENIED), id="may not be asked"),
        pytest.param(UNASKED, {"Unknown"}, (UNKNOWN, Reason.CANNOT_OBSERVE), id="not asked"),
    ],
)
def test_what_is_told(look: Any, statuses: set[str], told: Any) -> None:
    """What was not seen is unknown, and what is on its way wants patience and no command."""
    sight = Sight(account(SOUTH, ZURICH), Parts().having(OPT_INS, look))
    found = judge(sight, ())
    one = row(sight, found)

    assert one is not None
    assert {each.status for each in found} == statuses
    assert (one.status, one.reason) == told
    assert ("enable-region" in one.remedy) is ("Disabled" in statuses)
    assert not one.blocks


def test_nothing_is_told_without_such_a_region() -> None:
    """Whatever was seen."""
    sight = Sight(account("eu-west-1"), Parts().having(OPT_INS, DENIED))

    assert row(sight, judge(sight, ())) is None
