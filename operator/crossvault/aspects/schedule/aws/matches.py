"""Which resources of an account a selection means: the tagging API's listings, counted by type as their pages arrive.

What is kept of an account's resources is how many there are, for all policies that select the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from ....aws.entered import Entered
from ....aws.errors import code_of
from ....aws.pages import walked
from ....aws.places import DENIED, Pending, Place
from ....engine.looks import Look, Unseen
from ...resource_types.arns import FILTERS
from ..declared import Schedule, Selection
from ..matching import Counting, Question, meaning, questions
from ..seen import Matches

GOOD = timedelta(hours=1)
"""How long a count is shown. Nothing is decided by it."""
PAGES: Any = {"PageSize": 100}
"""The longest that AWS has for this."""
MOST = 5_000
"""So many rows of one listing are read: more tell a person nothing."""


def begin(place: Place, schedule: Schedule) -> Mapping[str, Pending[Matches]]:
    """Begin to count what each selection means, by its name."""

    def counting(selection: Selection) -> Pending[Matches]:
        same, access, region = meaning(selection), place.access, place.region
        return place.slowly(
            ("matches", access.fingerprint, region, same), lambda: matches(access, region, same), _lasts
        )

    return {each.name: counting(each) for each in schedule.selections}


def _lasts(look: Look[Matches]) -> timedelta:
    return DENIED if isinstance(look, Unseen) else GOOD


def matches(access: Entered, region: str, selection: Selection) -> Matches:
    """Count what a selection means.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    counting, whole = Counting(selection), True
    with access.asking("list the resources that selections mean", "tag:GetResources", region):
        client = access.tagging(region)
        for each in questions(selection):
            try:
                whole &= _listed(client, each, counting, FILTERS)
            except ClientError as error:
                # A Region may lack one of the services; then everything is listed, and ours is looked for in it.
                if code_of(error) != "InvalidParameterException":
                    raise
                whole &= _listed(client, each, counting, ())
    return counting.counted(whole=whole)


def _listed(client: Any, question: Question, counting: Counting, types: tuple[str, ...]) -> bool:  # noqa: ANN401 - untyped
    """List resources with tags, and tell whether all of them were."""
    asked: dict[str, Any] = {"PaginationConfig": PAGES}
    if types:
        asked["ResourceTypeFilters"] = list(types)
    if question.tags:
        asked["TagFilters"] = [
            {"Key": key, **({"Values": list(values)} if values else {})} for key, values in question.tags
        ]
    pages = client.get_paginator("get_resources").paginate(**asked)
    rows = walked(pages, "ResourceTagMappingList", lambda row: str(row["ResourceARN"]), pointer="PaginationToken")
    for row in itertools.islice(rows, MOST):
        counting.add(row["ResourceARN"], {each["Key"]: each["Value"] for each in row.get("Tags") or ()})
    return next(rows, None) is None
