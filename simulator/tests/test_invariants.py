"""Whatever happens in whatever order, nothing is counted wrongly: slots, busy resources, copies, waiting snapshots."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.transport import InProcess
from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import resource
from simulator_kit.sums import flaws, flaws_of_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.records.state import State

OWN = f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:backup-vault:"
STEPS = 150


def world() -> scenes.Json:
    """Few slots, a stack of a cluster and more, databases, an air-gapped vault."""
    scene = backup_kit.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["resources"] += [
        resource("RDS", "ledger", key="alias/data"),
        resource("EBS", "pv-1", key="alias/data"),
        resource("EKS", "shop", members=["pv-1", "vol-a"]),
        resource("CloudFormation", "web", members=["shop", "fs-a", "documents"]),
    ]
    lock = {"min_days": 7, "max_days": 400}
    source["vaults"].append({"region": scenes.HOME, "name": "gapped", "air_gapped": True, "lock": lock})
    return scene | {"limits": {"copies_per_region": 2, "copies_per_vault": 1, "rds_copies_per_region": 1}}


class Story:
    """Somebody who does this and that."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - the same story each time
        self.opened = InProcess(world())
        self.backup = self.opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())

    @property
    def state(self) -> State:
        """The living world."""
        return self.opened.state

    def step(self) -> None:
        """Do one thing; what AWS refuses is as good as any."""
        deeds: list[Callable[[], Any]] = [
            self.back_up,
            self.copy,
            self.copy,
            self.stop,
            self.delete,
            self.plan,
            self.plan,
        ]
        deeds += [self.plan, self.wait, self.wait, self.come_back]
        deeds += [self.order, self.take_away, self.replace_vault]
        with contextlib.suppress(self.backup.exceptions.ClientError):
            self.dice.choice(deeds)()

    def back_up(self) -> None:
        """Back something up."""
        found = sorted(self.state.accounts[scenes.SOURCE].region(scenes.HOME).resources)
        self.backup.start_backup_job(
            BackupVaultName="daily", ResourceArn=self.dice.choice(found), IamRoleArn=scenes.COPIER
        )

    def point(self) -> tuple[str, str]:
        """A vault and something that lies in it."""
        vaults = self.state.accounts[scenes.SOURCE].region(scenes.HOME).vaults
        held = [(vault.name, arn) for vault in vaults.values() for arn in vault.points]
        return self.dice.choice(held) if held else ("daily", "arn:aws:nothing")

    def destination(self) -> str:
        """Where a copy goes to."""
        return self.dice.choice([scenes.vault_arn(), f"{OWN}gapped", f"{OWN}daily", f"{OWN}nowhere"])

    def copy(self) -> None:
        """Copy something."""
        vault, arn = self.point()
        self.backup.start_copy_job(
            RecoveryPointArn=arn,
            SourceBackupVaultName=vault,
            DestinationBackupVaultArn=self.destination(),
            IamRoleArn=scenes.COPIER,
            Lifecycle={"DeleteAfterDays": 30},
        )

    def stop(self) -> None:
        """Stop a backup."""
        jobs = sorted(self.state.accounts[scenes.SOURCE].region(scenes.HOME).backup_jobs)
        self.backup.stop_backup_job(BackupJobId=self.dice.choice([*jobs, "none"]))

    def delete(self) -> None:
        """Delete a recovery point."""
        vault, arn = self.point()
        self.backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=arn)

    def plan(self) -> None:
        """Let a continuous rule with copies run over everything."""
        rule: scenes.Json = {
            "RuleName": "often",
            "TargetBackupVaultName": "daily",
            "ScheduleExpression": "cron(0/30 * * * ? *)",
        }
        rule |= {"EnableContinuousBackup": True, "StartWindowMinutes": 60}
        rule["Lifecycle"] = {"DeleteAfterDays": 30}
        rule["CopyActions"] = [{"DestinationBackupVaultArn": self.destination()} for _ in range(2)]
        plan = self.backup.create_backup_plan(BackupPlan={"BackupPlanName": "all", "Rules": [rule]})
        chosen = {"SelectionName": "all", "IamRoleArn": scenes.COPIER, "Resources": ["*"]}
        self.backup.create_backup_selection(BackupPlanId=plan["BackupPlanId"], BackupSelection=chosen)

    def wait(self) -> None:
        """Let time pass, which never goes backwards."""
        before = self.state.now()
        self.opened.control.advance(self.dice.choice(["5s", "20s", "61s", "10m", "31m"]))
        assert self.state.now() > before

    def order(self) -> None:
        """Let a job end otherwise."""
        end: Any = self.dice.choice(["FAILED", "VANISHED", "VANISHED", "COMPLETED", "STUCK_RUNNING", "STUCK_CREATED"])
        which = {"kind": self.dice.choice(["copy", "backup"]), "resource": self.dice.choice(["", "ledger", "shop"])}
        self.opened.control.order(end, **which, times=1, message="ordered")

    def take_away(self) -> None:
        """Take a member away."""
        self.opened.control.remove_resource(scenes.SOURCE, scenes.HOME, backup_kit.FILES)

    def replace_vault(self) -> None:
        """Put an ordinary vault in the place of an air-gapped one, if that is empty."""
        self.backup.delete_backup_vault(BackupVaultName="gapped")
        self.backup.create_backup_vault(BackupVaultName="gapped")

    def come_back(self) -> None:
        """Keep the world, or bring it back as it was."""
        control = self.opened.control
        if control.snapshots() and self.dice.random() < 0.5:
            control.restore()
        else:
            control.snapshot()


@pytest.mark.parametrize("seed", range(12))
def test_everything_adds_up_after_every_step(seed: int) -> None:
    """Backups, copies, stops, deletions, orders, vaults that go, worlds that come back."""
    story = Story(seed)
    for number in range(STEPS):
        story.step()

        assert [*flaws(story.state), *flaws_of_points(story.state)] == [], f"after step {number}"
