"""Why a job failed, told from outside: of one text of AWS the cause among many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes
from simulator_kit.backup_kit import FILES, Backups, world
from simulator_kit.changes import ACCESS, no_vault, with_copier, with_policy
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

ENTERING = "destination vault missing, or it or the role refuses"
COPIER = f"arn:aws:sts::{scenes.SOURCE}:assumed-role/copier/AWSBackup-CopyJob"
INTO, FROM = "backup:CopyIntoBackupVault", "backup:CopyFromBackupVault"
CAUSES = [
    pytest.param(no_vault, ENTERING, None, "", [scenes.vault_arn()], id="there is no destination vault"),
    pytest.param(
        with_policy(None),
        ENTERING,
        INTO,
        f"because no resource-based policy allows the {INTO} action",
        [],
        id="its policy lets nobody in",
    ),
    pytest.param(
        with_policy(scenes.may_copy("*", effect="Deny")),
        ENTERING,
        INTO,
        "with an explicit deny in a resource-based policy",
        [],
        id="its policy denies",
    ),
    pytest.param(
        with_copier(policies=[scenes.allow(FROM)]),
        ENTERING,
        INTO,
        f"because no identity-based policy allows the {INTO} action",
        [],
        id="the role may not copy into it",
    ),
    pytest.param(
        with_copier(policies=[scenes.allow(INTO)]),
        "source vault or role refuses",
        FROM,
        f"because no identity-based policy allows the {FROM} action",
        [],
        id="the role may not copy out of the source",
    ),
]


@pytest.mark.parametrize(("change", "rule", "action", "reason", "missing"), CAUSES)
def test_of_one_text_the_cause_is_told(
    server: SimulatorServer,
    change: Callable[[scenes.Json], None],
    rule: str,
    action: str | None,
    reason: str,
    missing: list[str],
) -> None:
    """All of them fail with the same words at AWS."""
    world = scenes.world()
    change(world)
    server.control.load(world)
    scene = Scene(server)
    job = scene.start(scene.add())
    server.control.advance("2m")
    (found,) = server.control.explanations(job=job)

    assert scene.job(job)["StatusMessage"] == found.message == ACCESS
    assert (found.kind, found.rule, found.category) == ("copy", rule, "ACCESS_DENIED")
    assert [(one.principal, one.action, one.reason) for one in found.refused] == (
        [(COPIER, action, reason)] if action else []
    )
    assert list(found.missing) == missing


def test_over_http_explanations_are_found_by_job_and_account(server: SimulatorServer) -> None:
    """JSON with the same fields; what went well needs none."""
    world = scenes.world()
    with_policy(None)(world)
    server.control.load(world)
    scene = Scene(server)
    arn = scene.add()
    first, second = scene.start(arn), scene.start(arn)
    well = scene.start(arn, DestinationBackupVaultArn=scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME))
    server.control.advance("10m")
    told = scenes.control(server, "GET", f"explanations?job={second}").json["explanations"]
    of_account = scenes.control(server, "GET", f"explanations?account={scenes.SOURCE}").json["explanations"]
    wrong = scenes.control(server, "GET", "explanations?jobs=1")

    assert [(one["job"], one["refused"][0]["action"], one["missing"]) for one in told] == [(second, INTO, [])]
    assert told[0]["refused"][0]["resource"] == scenes.vault_arn()
    assert [one["job"] for one in of_account] == [first, second]
    assert server.control.explanations(job=well) == []
    assert wrong.status == 400
    assert "did you mean 'job'?" in wrong.json["error"]


def test_backup_jobs_are_explained_too(server: SimulatorServer) -> None:
    """Who may not do what to which resource, and that a vault is not there."""
    scene = world()
    with_copier(policies=[scenes.allow("elasticfilesystem:Backup", resource="arn:aws:elasticfilesystem:*:*:fs-b")])(
        scene
    )
    backups = Backups(server, scene)
    job, homeless = backups.start(), backups.start(BackupVaultName="daily")
    server.state.accounts[scenes.SOURCE].region(scenes.HOME).backup_jobs[homeless].vault_name = "gone"
    backups.pass_time("1h")
    (found,) = server.control.explanations(job=job)
    (gone,) = server.control.explanations(job=homeless)

    assert (found.kind, found.rule, found.message) == (
        "backup",
        "role lacks permission",
        backups.job(job)["StatusMessage"],
    )
    assert [(one.action, one.resource) for one in found.refused] == [("elasticfilesystem:Backup", FILES)]
    assert found.refused[0].reason == "because no identity-based policy allows the elasticfilesystem:Backup action"
    assert (gone.rule, gone.missing) == ("vault missing", (scenes.vault_arn(scenes.SOURCE, "gone", scenes.HOME),))
