"""A Region that does not exist is one row with one remedy; one that is newer than this release works when listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.kit.cases import Case

from backup_simulator.faults import Kind
from crossvault.aws import regions

Begin = Callable[..., Case]
WORLD = "02-air-gapped-owned-key"
NOWHERE = "eu-wset-1"


def _begin(case: Begin, **where: str) -> Case:
    began: Case = case(WORLD)
    for body in began.bodies.values():
        spec: dict[str, Any] = body["spec"]
        spec["source"]["region"] = where.get("source", "eu-west-1")
        spec["destinations"][0]["region"] = where.get("destination", "eu-west-1")
    return began


def _list(began: Case, *regions: str) -> None:
    """Name Regions in spec.regions of every BackupAccount."""
    began.accounts = {
        name: replace(each, account=replace(each.account, regions=regions)) for name, each in began.accounts.items()
    }


@pytest.mark.parametrize(
    ("where", "row", "field"),
    [
        ({"source": NOWHERE}, "SourceVault", "spec.source.region"),
        ({"destination": NOWHERE}, "DestinationVault", "spec.destinations[].region"),
        ({"source": NOWHERE, "destination": NOWHERE}, "SourceVault", "spec.source.region"),
    ],
    ids=["source", "destination", "both"],
)
def test_a_misspelt_region_is_one_row_with_one_remedy(case: Begin, where: dict[str, str], row: str, field: str) -> None:
    """No request finds it out; everything else there says that it was not looked at, and sends nobody anywhere."""
    began = _begin(case, **where)
    began.once()
    status = began.status()
    doubted = [each for each in status["prerequisites"] if "is eu-west-1 meant?" in str(each)]
    assert [(each["name"], each["status"], each["reason"]) for each in doubted] == [(row, "Unknown", "RegionDoubtful")]
    assert doubted[0]["remedy"].startswith(f"Correct {field};")
    others = [each for each in status["prerequisites"] if each["reason"] == "RegionUnseen"]
    assert others
    assert {(each["status"], each["message"][:13], each.get("remedy")) for each in others} == {
        ("Unknown", "Not looked at", None)
    }
    assert "clock" not in str(status)
    ready = began.condition()
    assert ready[:2] == ("Unknown", "CannotObserve")
    assert f"This release knows no Region {NOWHERE}: is eu-west-1 meant?" in ready[2]
    assert not [each for each in began.control.calls() if each.region == NOWHERE]
    assert not began.writes()


def test_a_listed_region_that_does_not_answer_is_asked_once(case: Begin) -> None:
    """Whoever lists a misspelt Region is told the same; one request finds it out."""
    began = _begin(case, source=NOWHERE)
    _list(began, NOWHERE, "eu-west-1")
    began.once()
    assert began.row("SourceVault")["reason"] == "RegionDoubtful"
    assert "is eu-west-1 meant?" in began.row("SourceVault")["message"]
    assert sum(each.region == NOWHERE for each in began.control.calls()) == 1


def test_the_plan_tells_it_once_for_the_policy_and_once_in_its_row(case: Begin) -> None:
    """Also where all that is printed is text."""
    text = _begin(case, source=NOWHERE).plan_text()
    assert text.count("is eu-west-1 meant?") == 2
    assert text.count("do: Correct spec.source.region;") == 1


@pytest.mark.usefixtures("unknown_region")
def test_a_region_that_is_newer_than_this_release_works(case: Begin) -> None:
    """It is listed, and it answers: that is all that counts."""
    began = _begin(case)
    _list(began, "eu-west-1")
    began.passes(3)
    assert began.condition()[:2] == ("True", "Protected")
    assert began.numbers()["copied"] == 2


@pytest.fixture
def unknown_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed botocore has not heard of eu-west-1 yet."""
    known = regions.known() - {"eu-west-1"}
    monkeypatch.setattr(regions, "known", lambda: known)


def test_a_region_where_one_may_not_ask_exists(case: Begin, unknown_region: None) -> None:
    """Who is refused a right has reached it."""
    del unknown_region
    began = _begin(case)
    _list(began, "eu-west-1")
    began.control.faults.add(Kind.ERROR, operation="DescribeGlobalSettings", code="AccessDeniedException", status=403)
    began.passes(3)
    assert began.row("OrganizationToggle")["reason"] == "AccessDenied"
    assert began.numbers()["copied"] == 2
