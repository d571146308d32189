"""Resources to back up: declared in a world, added and taken away at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backup_simulator.records import resource_types, resources
from backup_simulator.world import files
from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


def test_a_part_with_a_count_is_several_resources(server: SimulatorServer) -> None:
    """They are numbered from 1."""
    scene = backup_kit.world()
    part = backup_kit.resource("EBS", "vol-many", count=3, tags={"many": "yes"})
    scenes.account(scene, scenes.SOURCE)["resources"].append(part)
    server.control.load(scene)
    found = resources.listed(server.state, scenes.SOURCE, scenes.HOME)

    assert [each.name for each in found if each.tags.get("many")] == ["vol-many-1", "vol-many-2", "vol-many-3"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"resource_type": "SQS"}, r"resource_type: 'SQS' is none of", id="type"),
        pytest.param({"resource": backup_kit.VOLUME, "count": 2}, "an ARN names one resource", id="count of an ARN"),
        pytest.param({"key": "alias/nothing"}, "EBS vol-b: key: 'alias/nothing' is no key", id="key"),
        pytest.param({"colour": "blue"}, "colour", id="unknown field"),
    ],
)
def test_a_resource_that_cannot_be_is_named(server: SimulatorServer, changes: scenes.Json, message: str) -> None:
    """World files name what is wrong, run-time parts as well."""
    part = backup_kit.resource("EBS", "vol-b") | changes
    scene = backup_kit.world()
    scenes.account(scene, scenes.SOURCE)["resources"].append(part)
    for attempt in (
        lambda: server.control.load(scene),
        lambda: server.control.add_resources(scenes.SOURCE, [part]),
    ):
        with pytest.raises(files.WorldError, match=message):
            attempt()


def test_resources_come_and_go_at_run_time(server: SimulatorServer) -> None:
    """Over the control API, in process and over HTTP; recovery points stay."""
    backups = Backups(server)
    part = backup_kit.resource("EFS", "fs-late")
    (late,) = server.control.add_resources(scenes.SOURCE, [part])
    answer = scenes.control(
        server, "POST", "resources", {"account": scenes.SOURCE, "resources": [part | {"resource": "fs-later"}]}
    )
    jobs = [backups.start(late.arn), backups.start(answer.json["resources"][0])]
    backups.pass_time("2m")
    server.control.remove_resource(scenes.SOURCE, scenes.HOME, late.arn)
    gone = {"account": scenes.SOURCE, "region": scenes.HOME, "arn": answer.json["resources"][0]}
    removed = scenes.control(server, "DELETE", "resources", gone)
    again = backups.start(late.arn)
    backups.pass_time("2m")

    assert (answer.status, removed.status) == (200, 200)
    assert [backups.job(job)["State"] for job in [*jobs, again]] == ["COMPLETED", "COMPLETED", "FAILED"]
    assert len(backups.points()) == 2


@pytest.mark.parametrize("name", resource_types.TYPES)
def test_the_type_follows_from_the_arn(name: str) -> None:
    """Every type is known by the form of its ARNs; the three kinds of clusters look alike."""
    arn = resource_types.resource_arn(resource_types.TYPES[name], "some-1", region="eu-west-1", account="1" * 12)

    assert resources.type_of(arn) == ("Aurora" if name in {"DocumentDB", "Neptune"} else name)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:eu-west-1:111111111111:queue",
        "arn:aws:ec2:eu-west-1::snapshot/snap-1",
        "arn:aws:ec2:eu-west-1:111111111111:volume/",
        "volume/vol-1",
        "",
    ],
)
def test_other_arns_have_no_type(arn: str) -> None:
    """What AWS Backup does not protect is no resource."""
    assert resources.type_of(arn) is None
