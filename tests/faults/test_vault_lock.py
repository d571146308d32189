"""The lock of a destination vault against a simulated AWS: put, put right, shown, left alone, agreed upon."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

from backup_simulator.faults import Kind
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.work.desk import Desk

PUT = "PutBackupVaultLockConfiguration"
LOCK = {"minRetentionDays": 7, "maxRetentionDays": 365}
MADE = {"name": "orders-copies", "create": True, "encryptionKey": "alias/orders-copies"}


def locking(lock: Json | None = None, **changes: Any) -> Json:
    """Return a destination whose vault is kept locked."""
    return scene.destination(vault={**MADE, "lock": lock or LOCK}, lifecycle={"deleteAfterDays": 35}, **changes)


def world() -> Json:
    """Return a world whose destination role may lock vaults."""
    made = scene.world()
    statements = scene.role(made, scene.BACKUP, "crossvault-destination")["policies"][0]["Statement"]
    statements.append({"Sid": "Lock", "Effect": "Allow", "Action": f"backup:{PUT}", "Resource": "*"})
    return made


def locked(stage: Stage) -> tuple[bool, int | None, int | None, bool]:
    """Return whether the vault is locked, its bounds, and whether in compliance mode."""
    found = stage.admin().describe_backup_vault(BackupVaultName="orders-copies")
    return found["Locked"], found.get("MinRetentionDays"), found.get("MaxRetentionDays"), "LockDate" in found


def lock_by_hand(stage: Stage, **bounds: int) -> None:
    """Have somebody else lock the vault."""
    stage.admin().put_backup_vault_lock_configuration(BackupVaultName="orders-copies", **bounds)


def puts(stage: Stage) -> int:
    """Count the locks that the operator put, with success or without."""
    return sum(each.role == "crossvault-destination" for each in stage.control.calls(operation=PUT))


def told(stage: Stage) -> Json:
    """Return the row about the lock."""
    found: Json = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == "VaultLock")
    return found


def begin(stage: Stage, **spec: Any) -> None:
    """Begin with a vault that is made and locked."""
    stage.begin(world())
    stage.declare(destinations=[locking()], **spec)
    stage.go_on()


def test_a_vault_is_locked_before_the_first_copy_and_never_again(stage: Stage) -> None:
    """In governance mode, with what is declared."""
    begin(stage)
    writes = [each.operation for each in stage.writes()]
    for _ in range(3):
        stage.later("10m")
        stage.look()

    assert locked(stage) == (True, 7, 365, False)
    assert writes.index("CreateBackupVault") < writes.index(PUT) < writes.index("StartCopyJob")
    assert puts(stage) == 1
    assert told(stage)["status"] == "Met"


def test_a_lock_that_is_taken_away_comes_back(stage: Stage) -> None:
    """Told as drift, and as repaired."""
    begin(stage)
    stage.admin().delete_backup_vault_lock_configuration(BackupVaultName="orders-copies")
    stage.later("10m")
    outcome = stage.look()

    assert locked(stage) == (True, 7, 365, False)
    assert [each.reason for each in outcome.events] == ["DriftCorrected"]
    assert scene.condition(stage.body) == ("True", "Protected")


def test_a_shorter_retention_is_not_put_without_a_word(stage: Stage) -> None:
    """Somebody has made it longer by hand: that stays, until what is declared accepts less."""
    begin(stage)
    lock_by_hand(stage, MinRetentionDays=30, MaxRetentionDays=90)
    stage.later("10m")
    stage.look()
    kept, row, drift = locked(stage), told(stage), stage.body["status"]["drift"]["items"]
    stage.declare(destinations=[locking({**LOCK, "shortenToDays": 7})])
    stage.look()

    assert kept == (True, 30, 365, False)
    assert (row["status"], row["reason"]) == ("Unmet", "VaultLockDiffers")
    assert "shortenToDays: 7" in row["remedy"]
    assert [(each["aspect"], each["path"], each["observed"]) for each in drift] == [
        ("vault", "lock.minRetentionDays", "30")
    ]
    assert locked(stage) == (True, 7, 365, False)
    assert scene.condition(stage.body) == ("True", "Protected")


@pytest.mark.parametrize("days", [1, 5], ids=["cooling off", "for ever"])
def test_a_lock_in_compliance_mode_is_shown_and_never_touched(stage: Stage, days: int) -> None:
    """While it is cooling off a write would take its date away; copies that fit in go on."""
    stage.begin(world())
    stage.declare(destinations=[scene.destination(lifecycle={"deleteAfterDays": 35})])
    stage.go_on()
    lock_by_hand(stage, MinRetentionDays=14, ChangeableForDays=3)
    stage.later(f"{days}d")
    stage.look()
    shown = told(stage)
    stage.declare(destinations=[locking()])
    stage.control.seed(
        scene.PRODUCTION, scene.HOME, "orders", [{"resource_type": "S3", "resource": "one-more", "age": "1h"}]
    )
    for _ in range(5):
        stage.look()
        stage.control.advance("1m")

    assert shown["status"] == "Met"
    assert ("it may still be changed" if days < 3 else "nobody can change it") in shown["message"]
    assert locked(stage) == (True, 14, None, True)
    assert puts(stage) == 0
    assert (told(stage)["status"], told(stage)["reason"]) == ("Unmet", "VaultLockFixed")
    assert scene.numbers(stage.body)["copied"] == scene.numbers(stage.body)["inScope"]


def test_a_lock_that_became_one_for_ever_since_the_look_is_not_written(stage: Stage) -> None:
    """What is there is read right before: a list may be late by a moment that matters."""
    begin(stage)
    stage.admin().delete_backup_vault_lock_configuration(BackupVaultName="orders-copies")
    stage.later("10m")
    real = stage.aws.apply

    def apply(action: Any, **options: Any) -> Any:
        lock_by_hand(stage, MinRetentionDays=1, ChangeableForDays=3)
        return real(action, **options)

    stage.aws.apply = apply  # type: ignore[method-assign] # somebody is faster
    outcome = stage.look()

    assert locked(stage) == (True, 1, None, True)
    assert [str(each.problem.reason) for each in outcome.results if each.problem] == ["ChangedMeanwhile"]


@pytest.mark.parametrize("held", [{"mode": "Observe"}, {"suspend": True}])
def test_who_does_not_act_locks_nothing(stage: Stage, held: Json) -> None:
    """The vault is there; what would be done is told."""
    begin(stage)
    stage.admin().delete_backup_vault_lock_configuration(BackupVaultName="orders-copies")
    stage.declare(**held)
    stage.later("10m")
    stage.look()

    assert puts(stage) == 1
    assert locked(stage)[0] is False
    assert told(stage)["status"] == "Unmet"
    assert "put-backup-vault-lock-configuration" in told(stage)["fix"][1]


def test_a_role_that_may_not_lock_copies_all_the_same(stage: Stage) -> None:
    """A copy in a vault without a lock is better than none; once it may, the vault is locked without a restart."""
    stage.begin(world())
    stage.control.faults.add(Kind.ERROR, operation=PUT, code="AccessDeniedException", status=403)
    stage.declare(destinations=[locking()])
    stage.go_on(lambda: len(stage.copies()) == len(scene.POINTS))
    denied = told(stage)
    stage.control.faults.clear()
    stage.control.advance("2h")
    stage.go_on()

    assert denied["status"] == "Unmet"
    assert "PutBackupVaultLockConfiguration" in denied["remedy"]
    assert locked(stage) == (True, 7, 365, False)


def test_a_vault_that_may_not_be_read_is_not_locked(stage: Stage) -> None:
    """What was not seen is not written."""
    begin(stage)
    stage.admin().delete_backup_vault_lock_configuration(BackupVaultName="orders-copies")
    stage.restart()
    for operation in ("ListBackupVaults", "DescribeBackupVault"):
        stage.control.faults.add(Kind.ERROR, operation=operation, code="AccessDeniedException", status=403)
    stage.look()

    assert told(stage)["status"] == "Unknown"
    assert puts(stage) == 1


def test_an_answer_that_does_not_say_whether_a_vault_is_locked_has_nothing_written(stage: Stage) -> None:
    """Half an answer is none."""
    begin(stage)
    stage.admin().delete_backup_vault_lock_configuration(BackupVaultName="orders-copies")
    stage.restart()
    stage.control.faults.add(Kind.OMIT, operation="ListBackupVaults", member="BackupVaultList[].Locked")
    stage.look()
    listed = told(stage)
    stage.control.faults.clear()
    stage.control.faults.add(Kind.OMIT, operation="DescribeBackupVault", member="Locked")
    stage.later("10m")
    outcome = stage.look()

    assert (listed["status"], listed["reason"]) == ("Unknown", "UnexpectedAnswer")
    assert [str(each.problem.reason) for each in outcome.results if each.problem] == ["UnexpectedAnswer"]
    assert puts(stage) == 1


def test_a_lost_reply_is_looked_up(stage: Stage) -> None:
    """The lock was put; the next look sees it, and nothing is put again."""
    stage.begin(world())
    stage.control.faults.add(Kind.RESET, operation=PUT, times=1, after_effect=True)
    stage.declare(destinations=[locking()])
    stage.go_on()

    assert puts(stage) == 1
    assert locked(stage) == (True, 7, 365, False)


# --- Several policies ----------------------------------------------------------------------------------------------


def _key(body: Json) -> ObjectKey:
    return ObjectKey(POLICY.name, body["metadata"]["namespace"], body["metadata"]["name"])


class Office:
    """Some policies over one stage, with what they have at stake for each other."""

    def __init__(self, stage: Stage, *policies: Json) -> None:
        self._stage, self.bodies = stage, {_key(each): each for each in policies}
        self._desk = Desk()
        for each in stage.declared.values():
            self._desk.put(ObjectKey(ACCOUNT.name, "", each["metadata"]["name"]), each)
        for key, body in self.bodies.items():
            self._desk.put(key, body)

    def rounds(self, count: int = 3) -> None:
        """Pass over all."""
        stage = self._stage
        for _ in range(count):
            for key, body in self.bodies.items():
                stage.control.advance(1)
                request = self._desk.request(key, body, Occasion(stage.clock()))
                outcome = request.reconcile(stage.aws, clock=stage.clock, cadence=scene.CADENCE, stopping=lambda: False)
                body["status"] = outcome.status
                self._desk.put(key, body, changed=False)
            stage.later("10m")

    def edit(self, key: ObjectKey, **spec: Any) -> None:
        """Change a policy as kubectl would."""
        self.bodies[key]["spec"] |= spec
        self.bodies[key]["metadata"]["generation"] += 1
        self._desk.put(key, self.bodies[key])


def policy(namespace: str, name: str, lock: Json) -> Json:
    """Return a policy that keeps a lock."""
    made = scene.policy(destinations=[locking(lock)])
    made["metadata"] |= {"namespace": namespace, "name": name}
    return made


def row(body: Json) -> Json:
    """Return the row about the lock."""
    found: Json = next(each for each in body["status"]["prerequisites"] if each["name"] == "VaultLock")
    return found


@pytest.mark.parametrize("namespace", ["orders", "bank"])
def test_two_policies_that_disagree_write_nothing_until_they_agree(stage: Stage, namespace: str) -> None:
    """Both are told; by name within a namespace, and across namespaces that there is one."""
    stage.begin(world())
    for each in stage.declared.values():
        each["spec"]["allowedNamespaces"] = {"all": True}
    office = Office(stage, policy("orders", "one", LOCK), policy(namespace, "two", {"minRetentionDays": 30}))
    _, two = office.bodies
    office.rounds()
    rows = [row(each) for each in office.bodies.values()]
    before = puts(stage)
    office.edit(two, destinations=[locking(LOCK)])
    office.rounds()

    assert {each["reason"] for each in rows} == {"VaultLockConflict"}
    assert before == 0
    names = ["orders/one", f"{namespace}/two"]
    for mine, other, each in zip(names, reversed(names), rows, strict=True):
        assert mine in each["message"]
        assert (other in str(each)) is (namespace == "orders")
    assert locked(stage) == (True, 7, 365, False)
    assert puts(stage) == 1
    assert {row(each)["status"] for each in office.bodies.values()} == {"Met"}


def test_a_namespace_locks_none_unless_it_was_granted(stage: Stage) -> None:
    """A lock binds everybody who writes into the vault: who gives the account decides who puts one."""
    stage.begin(world())
    stage.declare(destinations=[locking()])
    grant = {"namespaces": {"names": ["orders"]}, "as": ["Destination"], "vaults": ["*"], "keys": ["*"]}
    reasons = []
    for each in ({}, {"vaultLocks": False}, {"vaultLocks": True}):
        role = "crossvault-destination"
        grants = [{**grant, **each}]
        stage.declared["dr"] = scene.backup_account("dr", scene.BACKUP, role, allowedNamespaces={}, grants=grants)
        stage.look()
        reasons.append(scene.condition(stage.body)[1])
        assert puts(stage) == (1 if each.get("vaultLocks") else 0)

    assert reasons[:2] == ["AccountNotFound"] * 2
    assert reasons[2] != "AccountNotFound"
