"""What selections mean, as the tagging API lists it: what is asked, how far, and how long an answer does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.kit.builders import SOURCE_ID, desired
from tests.kit.scripted_aws import Clock, Script, accounts, error_json, let_in, scripted

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.resource_types.arns import FILTERS
from crossvault.aspects.schedule.aws import matches
from crossvault.aspects.schedule.declared import SCHEDULE, Conditions, Rule, Schedule, Selection
from crossvault.aspects.schedule.seen import MATCHES, Matches
from crossvault.engine.looks import Look, Seen, Unseen

Json = dict[str, Any]
RULE = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35))
BY_TAG = Selection("some", "role", ("*",), conditions=Conditions(equal=(("backup", "true"),)))
REFUSED = error_json("InvalidParameterException", "no such service")


def volumes(first: int, count: int) -> list[Json]:
    """Return rows of a listing."""
    tags = [{"Key": "backup", "Value": "true"}]
    return [
        {"ResourceARN": f"arn:aws:ec2:eu-west-1:{SOURCE_ID}:volume/vol-{number:08x}", "Tags": tags}
        for number in range(first, first + count)
    ]


def page(rows: list[Json], token: str = "") -> Json:
    """Return one page; the last has an empty token."""
    return {"ResourceTagMappingList": rows, "PaginationToken": token}


def asked(script: Script) -> list[Json]:
    """Return the requests for listings."""
    return [
        json.loads(body) for (name, _), body in zip(script.asked, script.bodies, strict=True) if name == "GetResources"
    ]


def counted(script: Script, *selections: Selection) -> Look[Matches]:
    """Look once and return what the first selection means."""
    let_in(script)
    policy = desired().having(SCHEDULE, Schedule((RULE,), selections or (BY_TAG,)))
    clock = Clock()
    aws = accounts(script.url, clock=clock)
    found = aws.observe(policy, not_before=clock.now).source[MATCHES]
    aws.close()
    return found[(selections or (BY_TAG,))[0].name]


def test_aws_is_asked_for_what_has_the_tags_and_may_be_backed_up() -> None:
    """A page is as long as AWS makes it."""
    with scripted() as script:
        script.on("GetResources", page(volumes(0, 2)))
        look = counted(script)

    assert look == Seen(Matches(((("EBS",), 2),)))
    assert asked(script) == [
        {
            "TagFilters": [{"Key": "backup", "Values": ["true"]}],
            "ResourceTypeFilters": list(FILTERS),
            "ResourcesPerPage": 100,
        }
    ]
    assert len(FILTERS) <= 100


def test_all_pages_are_read() -> None:
    """Until one has no token; AWS may send empty ones in between."""
    with scripted() as script:
        script.on("GetResources", page(volumes(0, 100), "a"), page([], "b"), page(volumes(100, 7)))
        look = counted(script)

    assert look == Seen(Matches(((("EBS",), 107),)))
    assert [each.get("PaginationToken") for each in asked(script)] == [None, "a", "b"]


def test_very_many_are_not_listed_to_the_end() -> None:
    """It is told that there are more."""
    with scripted() as script:
        pages = [page(volumes(number * 100, 100), str(number)) for number in range(matches.MOST // 100 + 5)]
        script.on("GetResources", *pages)
        look = counted(script)

    assert look == Seen(Matches(((("EBS",), matches.MOST),), whole=False))


def test_pages_that_do_not_end_are_no_answer() -> None:
    """What has been seen of them is not told as a count."""
    with scripted() as script:
        script.on("GetResources", page(volumes(0, 1), "a"), page(volumes(1, 1), "a"))
        look = counted(script)

    assert isinstance(look, Unseen)


def test_a_refused_filter_is_left_out() -> None:
    """Which services a Region lists is not documented."""
    with scripted() as script:
        script.on("GetResources", REFUSED, page(volumes(0, 3)))
        look = counted(script)

    assert look == Seen(Matches(((("EBS",), 3),)))
    assert ["ResourceTypeFilters" in each for each in asked(script)] == [True, False]


def test_who_refuses_everything_is_told() -> None:
    """Also where the filter was not what is wrong."""
    with scripted() as script:
        script.on("GetResources", REFUSED)
        look = counted(script)

    assert isinstance(look, Unseen)
    assert "list the resources" in look.problem.message


@pytest.mark.parametrize("later", [timedelta(minutes=59), timedelta(minutes=61)])
def test_a_count_does_for_an_hour(later: timedelta) -> None:
    """Then it is made anew."""
    clock = Clock()
    policy = desired().having(SCHEDULE, Schedule((RULE,), (BY_TAG,)))
    with scripted() as script:
        let_in(script)
        script.on("GetResources", page(volumes(0, 1)), page(volumes(0, 2)))
        aws = accounts(script.url, clock=clock)
        aws.observe(policy, not_before=clock.now)
        clock.now += later
        look = aws.observe(policy, not_before=clock.now).source[MATCHES]["some"]
        aws.close()

    assert look == Seen(Matches(((("EBS",), 1 if later < matches.GOOD else 2),)))
