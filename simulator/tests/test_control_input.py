"""What the control API says about requests that are almost right: in words, with what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from backup_simulator.services.backup.backups import rules as backup_rules
from backup_simulator.services.backup.copies import rules as copy_rules
from backup_simulator.services.backup.copies.attempt import Moment
from backup_simulator.world import order_names
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

FILTERS = "there are account, role, service, operation, region, mutating, outcome, since"
SAID = [
    pytest.param(
        "GET",
        "calls?acount=1",
        None,
        f"'acount' is no filter of calls, did you mean 'account'? {FILTERS}",
        id="a filter of calls",
    ),
    pytest.param(
        "GET", "calls/summary?colour=1", None, f"'colour' is no filter of calls; {FILTERS}", id="no filter at all"
    ),
    pytest.param(
        "GET",
        "actions?rol=x",
        None,
        "'rol' is no filter of actions, did you mean 'role'? there are account, role",
        id="a filter of actions",
    ),
    pytest.param(
        "POST",
        "seed",
        {"account": "1", "vaults": "v"},
        "'vaults' is no field here, did you mean 'vault'? there are account, region, vault, recovery_points",
        id="a field",
    ),
    pytest.param("POST", "tokens", {"account": "1"}, "missing: host, subject", id="fields that lack"),
    pytest.param("POST", "resources", {}, "missing: account, resources", id="resources without a field"),
    pytest.param(
        "POST",
        "faults",
        {"kind": "throttle", "operation": "StartCopyJobs"},
        "no fault: operation: 'StartCopyJobs' is no operation; did you mean 'StartCopyJob'?",
        id="an operation",
    ),
    pytest.param(
        "POST",
        "faults",
        {"kind": "throttle", "service": "kms", "operation": "StartCopyJob"},
        "no fault: operation: 'StartCopyJob' is no operation of kms",
        id="an operation of another service",
    ),
    pytest.param(
        "POST",
        "faults",
        {"kind": "throttle", "service": "backups"},
        "no fault: service: 'backups' is not known here; did you mean 'backup'?",
        id="a service",
    ),
    pytest.param(
        "POST",
        "outcomes",
        {"state": "FAILED", "category": "FATAL_EROR"},
        "no outcome: category: 'FATAL_EROR' is no category of jobs; did you mean 'FATAL_ERROR'?",
        id="a category",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "text"), SAID)
def test_a_name_that_is_not_known_comes_with_the_one_meant(
    server: SimulatorServer, method: str, path: str, body: scenes.Json | None, text: str
) -> None:
    """No word of Python, and nothing is ordered that would wait for ever."""
    answer = scenes.control(server, method, path, body)

    assert (answer.status, answer.json["error"]) == (400, text)
    assert server.control.faults.list() == []
    assert server.control.outcomes() == []


def test_every_category_that_a_rule_gives_can_be_ordered() -> None:
    """Those of copies and of backups."""
    of_jobs = {rule.code for rule in copy_rules.RULES if rule.moment is not Moment.REFUSED}
    of_jobs |= {rule.code for rule in backup_rules.RULES}

    assert of_jobs <= set(order_names.CATEGORIES)


SEEDS = [
    pytest.param({"resource": "fs-1", "agee": "1d"}, "[0].agee: is no field here; age?", id="a point with a typo"),
    pytest.param({"name": "fs", "resources": 1, "every": "1d"}, "[0].back: is missing", id="points in bulk"),
    pytest.param({}, "[0].resource: is missing", id="neither"),
]


@pytest.mark.parametrize(("part", "text"), SEEDS)
def test_a_seed_is_told_the_flaws_of_its_own_form(server: SimulatorServer, part: scenes.Json, text: str) -> None:
    """One point or points in bulk: its fields tell which."""
    body = {"account": scenes.SOURCE, "region": scenes.HOME, "vault": "backups"}
    points = [{"resource_type": "EFS"} | part]

    assert scenes.control(server, "POST", "seed", body | {"recovery_points": points}).json["error"] == text


def test_points_in_bulk_are_seeded(server: SimulatorServer) -> None:
    """Both forms work at run time."""
    part = {"resource_type": "EFS", "name": "fs", "resources": 2, "every": "1d", "back": "2d"}

    assert len(server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [part])) == 6


def test_an_outcome_counts_the_jobs_that_it_hit(server: SimulatorServer) -> None:
    """As a fault counts its calls."""
    server.control.order("FAILED", message="no", category="FATAL_ERROR")
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")

    assert [one["hits"] for one in scenes.control(server, "GET", "outcomes").json["outcomes"]] == [1]


def test_credentials_make_a_session_of_boto3(server: SimulatorServer) -> None:
    """With two stars, as they come."""
    session = boto3.Session(**server.credentials(scenes.SOURCE, "admin"))
    sts = session.client("sts", endpoint_url=server.url, region_name=scenes.HOME)

    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{scenes.SOURCE}:user/admin"
