"""Every row of what AWS documents about failed backups is brought about, with its text and category.

Rows whose cause lies in the world have a case here; those whose cause is AWS's own are ordered as outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.services.backup.backups import rules, texts
from backup_simulator.services.backup.copies.texts import Documented
from simulator_kit import backup_kit, changes, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

VOLUME = f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}:volume/vol-none"
TABLE = f"arn:aws:dynamodb:{scenes.HOME}:{scenes.SOURCE}:table/none"
MACHINE = f"arn:aws:backup-gateway:{scenes.HOME}:{scenes.SOURCE}:vm/none"
DATABASE = f"arn:aws:rds:{scenes.HOME}:{scenes.SOURCE}:db:none"
# What happens to a job rather than to what it needs.
ENDS = {"start window over", "completion window over", "stopped"}


@dataclass(frozen=True, slots=True)
class Case:
    """A world, what is backed up in it and how, and what happens meanwhile."""

    resource: str = backup_kit.FILES
    change: Callable[[scenes.Json], None] | None = None
    before: Callable[[Backups], object] | None = None
    meanwhile: Callable[[Backups, str], object] | None = None
    long: bool = False


def _role_may(*actions: str) -> Callable[[scenes.Json], None]:
    return changes.with_copier(policies=[scenes.allow(*actions)])


def _key_off(world: scenes.Json) -> None:
    source = scenes.account(world, scenes.SOURCE)
    source["keys"].append({"region": scenes.HOME, "aliases": ["alias/off"], "state": "Disabled"})
    source["vaults"][1]["key"] = "alias/off"


def _many_tags(world: scenes.Json) -> None:
    scenes.account(world, scenes.SOURCE)["resources"][1]["tags"] = {f"tag-{number}": "x" for number in range(51)}


def _lasts(duration: str) -> Callable[[scenes.Json], None]:
    def change(world: scenes.Json) -> None:
        world["durations"] = {"running": duration}

    return change


def _delete_vault(backups: Backups, _job: str) -> object:
    return backups.client.delete_backup_vault(BackupVaultName="daily")


def _stop(backups: Backups, job: str) -> object:
    return backups.client.stop_backup_job(BackupJobId=job)


CASES: dict[str, Case] = {
    "vault missing": Case(meanwhile=_delete_vault),
    "volume missing": Case(VOLUME),
    "table missing": Case(TABLE),
    "machine missing": Case(MACHINE),
    "resource missing": Case(DATABASE),
    "role lacks permission": Case(change=_role_may("backup:*", "kms:*")),
    "bucket hidden": Case(backup_kit.BUCKET, change=_role_may("elasticfilesystem:*", "kms:*")),
    "versioning hidden": Case(backup_kit.BUCKET, change=_role_may("s3:ListBucket", "kms:*")),
    "key state": Case(change=_key_off),
    "too many tags": Case(change=_many_tags),
    "running job": Case(change=_lasts("30h"), before=lambda backups: backups.start(), long=True),
    "expired": Case(change=_lasts("30h"), long=True),
    "stopped": Case(meanwhile=_stop),
}
NATURAL = [row for row in texts.DOCUMENTED if row.rule]
ORDERED = [row for row in texts.DOCUMENTED if not row.rule]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in NATURAL])
def test_a_documented_failure_is_brought_about(server: SimulatorServer, row: Documented) -> None:
    """By a world that has its cause; the text is AWS's, the category is AWS's."""
    case, world = CASES[row.name], backup_kit.world()
    if case.change:
        case.change(world)
    backups = Backups(server, world)
    if case.before:
        case.before(backups)
    job_id = backups.start(case.resource, CompleteWindowMinutes=600)
    if case.meanwhile:
        case.meanwhile(backups, job_id)
    backups.pass_time("11h" if case.long else "2m")
    job = backups.job(job_id)

    assert (job["State"], job["MessageCategory"]) == (row.ending, row.category)
    assert (row.text in job["StatusMessage"]) if row.fragment else (row.text == job["StatusMessage"])


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ORDERED])
def test_a_failure_of_the_service_is_ordered(server: SimulatorServer, row: Documented) -> None:
    """In the world file; nothing that the simulated services know of brings these about."""
    world = backup_kit.world()
    order = {"kind": "backup", "state": row.ending, "message": row.text, "category": row.category}
    world["outcomes"] = [order]
    backups = Backups(server, world)
    job_id = backups.start()
    backups.pass_time("2m")
    job = backups.job(job_id)

    assert (job["State"], job["MessageCategory"], job["StatusMessage"]) == (row.ending, row.category, row.text)
    assert len(backups.points()) == (row.ending == "COMPLETED")


def test_every_row_has_a_case_and_names_a_rule_that_exists() -> None:
    """Categories of rows and rules agree."""
    known: dict[Any, str] = {rule.name: rule.code for rule in rules.RULES}
    named = [row for row in NATURAL if row.rule not in ENDS]

    assert set(CASES) == {row.name for row in NATURAL}
    assert [row.name for row in named if known.get(row.rule) != row.category] == []
