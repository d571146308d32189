"""The operator in worlds whose AWS writes copies down otherwise than documented: nothing is copied twice in any."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Stage

LAWS: tuple[dict[str, str], ...] = (
    {},
    {"job_history": "14d"},
    {"date": "copy", "job_history": "14d"},
    {"date": "second"},
    {"date": "hour"},
    {"date": "copy"},
    {"origin": "first"},
    {"origin": "null"},
    {"resource": "absent"},
    {"resource": "other"},
    {"job_arn": "other"},
    {"date": "copy", "job_arn": "other"},
    {"date": "hour", "origin": "null", "resource": "absent"},
)
DAYS = 5


def world(law: dict[str, str]) -> dict[str, Any]:
    """Return a world with a few days of backups under a law."""
    points = [
        {"resource_type": "S3", "resource": "orders-invoices", "age": f"{24 * day + 3}h17m"} for day in range(DAYS)
    ]
    made = scene.world(*points, copies={name: value for name, value in law.items() if name != "job_history"})
    made["durations"] |= {"job_history": law.get("job_history", "30d")}
    return made


@pytest.mark.parametrize("law", LAWS, ids=lambda law: ",".join(map(str, law.values())) or "documented")
def test_no_law_makes_a_second_copy(stage: Stage, law: dict[str, str]) -> None:
    """Each is copied once, by whatever law it is listed; when AWS has forgotten the jobs, none is copied again.

    Where neither date nor job leads to the first copy, the others wait: they might be there, too.
    """
    stage.begin(world(law))
    for _ in range(8):
        stage.look()
        stage.control.advance(20)
    lost = law.get("date") == "copy" and law.get("job_arn") == "other"
    copied = 1 if lost else DAYS
    assert sorted(stage.jobs().values()) == [1] * copied
    for wait in ("3h", "2d", "16d", "20d"):
        stage.later(wait)
        stage.look()
        stage.control.advance(20)
        stage.look()

    assert len(stage.vault().points) == copied
    numbers = scene.numbers(stage.body)
    documented = law.get("date", "source") in {"source", "second"} and "resource" not in law
    assert (numbers["copied"], numbers["waiting"]) == ((DAYS, 0) if documented else (0, DAYS))
