"""Exit codes mean the same of every command: 0 all is well, 2 looked and found, 1 could not look."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.kit import harms, scheduling
from tests.kit import stage as scene
from tests.kit.doctoring import Json, Surgery

from crossvault.engine.rights import AsDestination, AsSource
from crossvault.kinds.needs import RIGHTS

COMMANDS: dict[str, tuple[str, ...]] = {
    "doctor": ("doctor",),
    "plan": ("plan",),
    "points": ("points", "orders"),
    "run": ("run", "--once"),
}
THERE: Json = {"vault": {"name": "orders-copies"}}


def nothing(_made: Json) -> None:
    """Leave the world as it is."""


def nothing_to_copy(made: Json) -> None:
    """Leave nothing without a copy: there is no recovery point, and the statement is there."""
    scene.account(made, scene.PRODUCTION)["vaults"][0]["recovery_points"] = []


def nothing_copyable(made: Json) -> None:
    """Leave only what AWS copies nowhere: continuous backups."""
    points = scene.account(made, scene.PRODUCTION)["vaults"][0]["recovery_points"]
    points[:] = [{**each, "continuous": True} for each in points if each["resource_type"] == "S3"]


def denied(account: str, role: str, *actions: str) -> Callable[[Json], None]:
    """Return what denies a role of ours some actions."""
    statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}

    def deny(made: Json) -> None:
        nothing_to_copy(made)
        scene.role(made, account, role)["policies"].append({"Version": "2012-10-17", "Statement": [statement]})

    return deny


def shut(account: str, role: str) -> Callable[[Json], None]:
    """Return what lets a role of ours have another External ID."""

    def close(made: Json) -> None:
        nothing_to_copy(made)
        scene.role(made, account, role)["trust"]["external_id"] = "another"

    return close


def lacking(harm: Callable[[Json], None]) -> Callable[[Json], None]:
    """Return what is wrong of a world in which nothing lacks its copy."""

    def both(made: Json) -> None:
        nothing_to_copy(made)
        harm(made)

    return both


def locked(made: Json) -> None:
    """Lock the vault for longer than copies are to live."""
    harms.vault_of(made)["lock"] = {"min_days": 30, "max_days": 365}


@dataclass(frozen=True)
class World:
    """What is wrong, how it is declared, and with what each command ends."""

    harm: Callable[[Json], None]
    codes: tuple[int, int, int, int]
    spec: Json = field(default_factory=dict)
    organization: Json | None = None


FINE, FOUND, NEVER, DARK = (0, 0, 0, 0), (2, 2, 0, 2), (2, 2, 2, 2), (1, 1, 1, 1)
SOURCE, TARGET, MANAGER = "crossvault-source", "crossvault-destination", "crossvault-management"
CHECKED = {"destinations": [scene.destination(**THERE, vaultPolicy="Check")]}
SHORT = {"destinations": [scene.destination(**THERE, lifecycle={"deleteAfterDays": 7})]}
LISTS = "backup:ListRecoveryPointsByBackupVault"
WORLDS: dict[str, World] = {
    "fine": World(nothing_to_copy, FINE, CHECKED),
    "copies to start": World(nothing, (0, 2, 2, 2), CHECKED),
    "drift that the operator mends": World(lacking(harms.no_policy), (0, 2, 0, 0)),
    "drift that somebody has to mend": World(lacking(harms.no_policy), FOUND, CHECKED),
    "a switch that is off": World(lacking(harms.toggle), FOUND, CHECKED),
    "a hazard": World(lacking(locked), FOUND, SHORT),
    "a look at a policy that is denied": World(
        denied(scene.BACKUP, TARGET, "backup:GetBackupVaultAccessPolicy"), DARK, CHECKED
    ),
    "nothing that AWS can copy": World(nothing_copyable, NEVER, CHECKED),
    "a look at the switch that is denied": World(
        denied(scene.PRODUCTION, SOURCE, "backup:DescribeGlobalSettings"), (2, 2, 0, 0), CHECKED
    ),
    "lists of the source denied": World(denied(scene.PRODUCTION, SOURCE, LISTS), DARK, CHECKED),
    "lists of the destination denied": World(denied(scene.BACKUP, TARGET, LISTS), DARK, CHECKED),
    "copy jobs denied": World(denied(scene.PRODUCTION, SOURCE, "backup:ListCopyJobs"), DARK, CHECKED),
    "a source that cannot be entered": World(shut(scene.PRODUCTION, SOURCE), DARK, CHECKED),
    "a destination that cannot be entered": World(shut(scene.BACKUP, TARGET), DARK, CHECKED),
    "an account that is not declared": World(
        nothing_to_copy, DARK, {"destinations": [scene.destination(accountRef={"name": "nobody"})]}
    ),
    "a manifest that is wrong": World(
        nothing_to_copy, DARK, {"destinations": [scene.destination(vault={"name": "x", "encryptionKey": "alias/y"})]}
    ),
    "an organization that is kept": World(nothing_to_copy, FINE, CHECKED, scene.organization()),
    "an organization whose account cannot be entered": World(
        shut(scene.PAYER, MANAGER), (1, 1, 0, 1), CHECKED, scene.organization()
    ),
    "an organization whose members are not shown": World(
        denied(scene.PAYER, MANAGER, "organizations:ListAccounts"), (1, 1, 0, 1), CHECKED, scene.organization()
    ),
    "an organization that another account manages": World(
        nothing_to_copy, (2, 2, 0, 2), CHECKED, scene.organization(account="production")
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_every_command_ends_with_what_it_saw(surgery: Surgery, name: str) -> None:
    """In each kind of world, and each document says the same as its code."""
    world, made = WORLDS[name], harms.sound()
    world.harm(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(**world.spec), organizations=[world.organization] if world.organization else ())
    ended = {}
    for command, words in COMMANDS.items():
        done = surgery.type_in(*words, "-f", surgery.manifests, "-o", "json")
        answer = json.loads(done.stdout)
        ended[command] = done.exit_code
        if "notLookedAt" in answer["summary"] and not answer.get("faults") and not world.organization:
            assert bool(answer["summary"]["notLookedAt"]) is (done.exit_code == 1), (command, answer["summary"])

    assert ended == dict(zip(COMMANDS, world.codes, strict=True))


READS = ("Describe", "Get", "List")
REFUSED = [
    (account, role, action)
    for use, account, role in ((AsSource, scene.PRODUCTION, SOURCE), (AsDestination, scene.BACKUP, TARGET))
    for action in sorted({each for right in RIGHTS if right.use is use for each in right.actions})
    if action.partition(":")[2].startswith(READS)
]
DEPENDED_ON = {
    (SOURCE, LISTS),
    (SOURCE, "backup:ListCopyJobs"),
    (SOURCE, "backup:ListTags"),
    (SOURCE, "backup:ListBackupPlans"),
    (SOURCE, "backup:GetBackupPlan"),
    (SOURCE, "backup:ListBackupSelections"),
    (SOURCE, "backup:GetBackupSelection"),
    (TARGET, LISTS),
    (TARGET, "backup:GetBackupVaultAccessPolicy"),
}
"""Without these the picture is not whole: Ready is CannotObserve. Of all others a row is unknown, or nothing is."""
SCHEDULED: Json = {
    **CHECKED,
    "schedule": {
        "rules": [{"name": "daily", "cron": "cron(0 5 ? * * *)", "lifecycle": {"deleteAfterDays": 35}}],
        "selections": [
            {"name": "tagged", "role": "AWSBackupDefaultServiceRole", "tags": {"backup": "true"}},
        ],
    },
}


@pytest.mark.parametrize(("account", "role", "action"), REFUSED, ids=lambda each: str(each).rpartition(":")[2])
def test_every_command_says_the_same_of_a_read_that_is_denied(
    surgery: Surgery, account: str, role: str, action: str
) -> None:
    """None looked where the picture is not whole, and all did where it is."""
    made = harms.sound()
    nothing_to_copy(made)
    scene.account(made, scene.PRODUCTION)["resources"] = [dict(scheduling.RESOURCES[0])]
    every = {"Sid": "All", "Effect": "Allow", "Action": ["backup:*", "tag:*"], "Resource": "*"}
    scene.role(made, scene.PRODUCTION, SOURCE)["policies"][0]["Statement"].append(every)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(**SCHEDULED))
    assert surgery.type_in(*COMMANDS["run"], "-f", surgery.manifests).exit_code == 0
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam = surgery.aws.client("iam", account, "admin", region=scene.HOME)
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=json.dumps(document))
    ended = {
        name: surgery.type_in(*words, "-f", surgery.manifests, "-o", "json").exit_code
        for name, words in COMMANDS.items()
    }

    assert {name: code == 1 for name, code in ended.items()} == dict.fromkeys(COMMANDS, (role, action) in DEPENDED_ON)


DARK_WORLDS = [name for name, world in WORLDS.items() if world.codes == DARK and "manifest" not in name]


@pytest.mark.parametrize("name", DARK_WORLDS)
def test_a_doctor_says_what_it_could_not_look_at(surgery: Surgery, name: str) -> None:
    """In one line that names the policy, whatever else it lists; why stands there once."""
    world, made = WORLDS[name], harms.sound()
    world.harm(made)
    surgery.aws.control.load(made)
    surgery.declare(scene.policy(**world.spec))
    lines = surgery.type_in("doctor", "-f", surgery.manifests).output.splitlines()

    (told,) = [each for each in lines if "could not be looked at" in each]
    assert told.startswith("!  orders/orders could not be looked at: ")
