"""What selections mean today, counted in a simulated AWS: shown where it is asked for, and held against nothing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.doctoring import Surgery
from tests.kit.scheduling import SCHEDULE, plans
from tests.kit.stage import Json, Stage

from backup_simulator.faults import Kind
from backup_simulator.server import SimulatorServer

ROW = "SelectedResources"


def with_resources(*more: Json) -> Json:
    """Return a world in which the operator may keep plans, with resources that plans find."""
    made = scheduling.with_resources(scheduling.allowed(scene.world()))
    scene.account(made, scene.PRODUCTION)["resources"] += more
    return made


def of_type(resource_type: str, name: str, **tags: str) -> Json:
    """Return a resource."""
    return {"region": scene.HOME, "resource_type": resource_type, "resource": name, "tags": tags}


def begin(stage: Stage, *more: Json, **schedule: Any) -> Stage:
    """Start an operator whose policy has a schedule."""
    stage.begin(with_resources(*more))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE) | schedule)
    return stage


def told(stage: Stage) -> dict[str, Json]:
    """Return what the status says of each selection."""
    return {each["name"]: each for each in stage.body["status"]["schedule"]["selections"]}


def listings(stage: Stage) -> int:
    """Count the pages of listings that the operator asked for."""
    return sum("/crossvault-" in each.principal for each in stage.control.calls(operation="GetResources"))


def test_what_each_selection_means_is_counted(stage: Stage) -> None:
    """By tags: all; by ARNs: at least those that have, or once had, tags."""
    begin(stage, of_type("RDS", "orders", team="orders"), of_type("RDS", "bare"))
    stage.go_on()

    assert told(stage) == {
        "named": {"name": "named", "matches": 1, "atLeast": True},
        "tagged": {"name": "tagged", "matches": 2, "atLeast": False},
    }
    assert scene.row(stage.body, ROW, "") == ("Met", "AllMet")


def test_it_is_counted_once_for_all_who_select_the_same(stage: Stage) -> None:
    """However often is looked within an hour, and whatever the selections are called."""
    same = {"tags": {"backup": "true"}}
    begin(stage, selections=[{"name": "one", **same}, {"name": "two", **same}])
    stage.go_on()
    for _ in range(5):
        stage.look()
    stage.control.advance("50m")
    stage.look()

    assert listings(stage) == 1


def test_what_comes_later_is_counted_later(stage: Stage) -> None:
    """The status is written when the count has changed."""
    begin(stage)
    stage.go_on()
    tagging = stage.admin(scene.PRODUCTION, scene.HOME, "resourcegroupstaggingapi")
    arn = next(
        each["ResourceARN"]
        for each in tagging.get_resources()["ResourceTagMappingList"]
        if each["ResourceARN"].endswith("fs-other")
    )
    tagging.tag_resources(ResourceARNList=[arn], Tags={"backup": "true"})
    stage.later("61m")
    stage.look()

    assert told(stage)["tagged"]["matches"] == 3


def test_more_than_a_page_is_counted(stage: Stage) -> None:
    """The tagging API has pages of a hundred."""
    begin(stage, *(of_type("EBS", f"vol-{number:08x}", backup="true") for number in range(250)))
    stage.go_on()

    assert told(stage)["tagged"]["matches"] == 252
    assert listings(stage) >= 3


def test_types_that_are_never_copied_are_named(stage: Stage) -> None:
    """With their count, in status and row; nothing is held because of it."""
    begin(stage, of_type("Redshift", "warehouse", backup="true"))
    stage.look()
    stage.look()

    assert told(stage)["tagged"]["neverCopied"] == [{"type": "Redshift", "count": 1}]
    assert scene.row(stage.body, ROW, "") == ("Unmet", "SelectedNeverCopied")
    assert len(plans(stage)) == 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottledException", "InternalServiceException"])
def test_who_cannot_count_keeps_the_plan_all_the_same(stage: Stage, code: str) -> None:
    """The row is unknown; what is selected is backed up."""
    begin(stage)
    stage.control.faults.add(Kind.ERROR, operation="GetResources", code=code, status=400)
    stage.look()

    assert scene.row(stage.body, ROW, "")[0] == "Unknown"
    assert len(plans(stage)) == 1
    assert told(stage)["tagged"] == {"name": "tagged"}


def test_a_region_without_one_of_the_services_is_listed_whole(stage: Stage) -> None:
    """It refuses the filter; then all that has the tags is listed, and what is backed up of it is counted."""
    begin(stage)
    stage.control.faults.add(
        Kind.ERROR, operation="GetResources", code="InvalidParameterException", status=400, times=1
    )
    stage.look()
    stage.go_on()

    assert told(stage)["tagged"]["matches"] == 2


def test_an_account_without_schedules_is_not_asked(stage: Stage) -> None:
    """Nor is one whose policy is being deleted."""
    stage.begin(with_resources())
    stage.go_on(lambda: bool(stage.body["status"]))

    assert listings(stage) == 0


DATABASES = f"arn:aws:rds:{scene.HOME}:{scene.PRODUCTION}:db:"
TAGGED = {
    "a": {"team": "orders", "stage": "prod"},
    "b": {"team": "orders", "stage": "test-1"},
    "c": {"team": "books", "stage": "prod"},
    "d": {"stage": "prod"},
}


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({"tags": {"team": "orders"}}, id="a tag"),
        pytest.param({"tags": {"team": "orders", "stage": "prod"}}, id="two tags at once"),
        pytest.param({"anyOfTags": {"team": "orders", "stage": "prod"}}, id="any of two tags"),
        pytest.param({"tags": {"stage": "prod"}, "conditions": {"notEqual": {"team": "books"}}}, id="and not another"),
        pytest.param({"conditions": {"like": {"stage": "test-*"}}}, id="a pattern"),
        pytest.param({"tags": {"team": "orders"}, "conditions": {"notLike": {"stage": "test*"}}}, id="no pattern"),
        pytest.param({"tags": {"team": "orders"}, "notResources": [f"{DATABASES}b"]}, id="but for one"),
        pytest.param({"resources": [f"{DATABASES}a*"], "anyOfTags": {"team": "books"}}, id="names, or a tag"),
    ],
)
def test_what_is_counted_is_what_is_backed_up(stage: Stage, chosen: Json) -> None:
    """The plan runs for a day: it makes recovery points of as many resources as the status has told."""
    begin(stage, *(of_type("RDS", name, **tags) for name, tags in TAGGED.items()), selections=[{"name": "x", **chosen}])
    vault = stage.vault("orders", scene.PRODUCTION, scene.HOME)
    before = set(vault.points)
    stage.go_on()
    count = told(stage)["x"]["matches"]
    stage.later("26h")
    stage.later("10h")

    vault = stage.vault("orders", scene.PRODUCTION, scene.HOME)
    made = {each.resource_arn for arn, each in vault.points.items() if arn not in before}
    assert count == len(made) > 0


def test_a_tag_that_nobody_bears_is_told_before_and_after_the_plan_is_made(
    server: SimulatorServer, tmp_path: Path
) -> None:
    """By plan, doctor and run: which selection it is, and what it asks for; the plan is made all the same."""
    server.control.load(with_resources())
    surgery = Surgery(tmp_path, server)
    wrong = copy.deepcopy(SCHEDULE) | {"selections": [{"name": "typo", "tags": {"backup": "ture"}}]}
    surgery.declare(scene.policy(schedule=wrong))
    told = "typo asks for tag backup=ture"
    before = {command: surgery.type_in(command, "-f", surgery.manifests) for command in ("plan", "doctor")}
    run = surgery.type_in("run", "-f", surgery.manifests, "--once")
    after = {command: surgery.type_in(command, "-f", surgery.manifests) for command in ("plan", "doctor")}

    assert [name for name, done in {**before, "run": run}.items() if told not in done.output] == []
    assert [name for name, done in after.items() if told not in done.output] == []
    assert {done.exit_code for done in (*before.values(), *after.values())} == {2}
    backup = server.client("backup", scene.PRODUCTION, "admin", region=scene.HOME)
    assert [each["SelectionName"] for one in scheduling.plans_of(backup) for each in one["selections"]] == ["typo"]
