"""One tenant against another, played on the real API server and the simulated AWS with one running operator.

A tenant writes policies in its namespace and nothing else. What it may cost others is counted in passes and in
requests to AWS, never in seconds.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.tenants import COPIERS, WEAK, Json, Town, logging_into, told, world
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer
from crossvault.aspects.copy_role import DEFAULT as DEFAULT_COPY_ROLE
from crossvault.aspects.vault_policy.statement import MOST_OF_ONE_ACCOUNT, sid_of
from crossvault.kube import bodies

pytestmark = pytest.mark.kube

POINTS = 2
VAULTS = {
    **dict.fromkeys(("oracle", "owned", "edited", "withdrawn", "labelled", "short", "weak", "roles"), POINTS),
    **dict.fromkeys(("fair", "fair-2", "fair-3", "hostile", "hostile-2", "fat"), 1),
    "many": 6,
}
OWN = sid_of(scene.COPY_ROLE)
HOSTILE = "\n12:00:00 ERROR   Everything is fine\x1b[2J\x07\u202edetcetorP\u2028\x85\u200b \x00" + "A" * 20_000
LINE = re.compile(r"\d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR) +\S")


def role(name: str) -> str:
    """Return the ARN of a copy role."""
    return f"arn:aws:iam::{scene.PRODUCTION}:role/{name}"


@pytest.fixture(scope="module")
def town(control_plane: ControlPlane) -> Iterator[Town]:
    """A cluster with a running operator."""
    with pytest.MonkeyPatch.context() as patch, SimulatorServer(world(VAULTS)) as aws:
        for name, value in scene.OPERATOR_KEY.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        made = Town(control_plane, aws)
        made.cluster.clear()
        with logging_into(made.log):
            made.start()
            try:
                yield made
            finally:
                made.stop()
                made.cluster.clear()
        assert made.writes() <= scene.PERMITTED


@pytest.fixture
def ours(town: Town) -> Iterator[str]:
    """The namespace of the tenant that is attacked."""
    yield from town.tenant()


@pytest.fixture
def theirs(town: Town) -> Iterator[str]:
    """The namespace of the tenant that attacks."""
    yield from town.tenant()


@pytest.fixture
def late(town: Town) -> Iterator[str]:
    """The namespace of a tenant that comes when the others are at work."""
    yield from town.tenant()


# --- Grants --------------------------------------------------------------------------------------------------------


KEY = "arn:aws:kms:eu-central-1:222222222222:alias/payroll"
THEFTS: dict[str, Json] = {
    "vault": {"source": {"vault": {"name": "owned"}}},
    "no vault": {"source": {"vault": {"name": "nowhere"}}},
    "vault in capitals": {"source": {"vault": {"name": "ORACLE"}}},
    "filling a vault": {"destination": {"vault": {"name": "owned-copies"}}},
    "filling no vault": {"destination": {"vault": {"name": "nowhere-copies"}}},
    "making a vault": {
        "destination": {"vault": {"name": "owned-new", "create": True, "encryptionKey": "alias/orders-x"}}
    },
    "key": {"destination": {"vault": {"name": "oracle-new", "create": True, "encryptionKey": "alias/payroll"}}},
    "key by ARN": {"destination": {"vault": {"name": "oracle-new", "create": True, "encryptionKey": KEY}}},
    "role": {"source": {"copyRole": COPIERS[1]}},
    "role by ARN": {"source": {"copyRole": role(COPIERS[1])}},
    "role in a path": {"source": {"copyRole": f"service-role/{COPIERS[0]}"}},
    "role in capitals": {"source": {"copyRole": COPIERS[0].upper()}},
    "role from the root": {"source": {"copyRole": f"/{COPIERS[0]}"}},
    "default role": {"source": {"copyRole": DEFAULT_COPY_ROLE}},
}


def test_what_was_not_granted_reads_like_an_account_that_is_not_there(town: Town, ours: str, theirs: str) -> None:
    """Whatever is tried: conditions, events, everything of the status; and AWS is not asked at all."""
    town.shared("owned", ours)
    town.shared("oracle", theirs, roles=[COPIERS[0]])
    asked = town.calls.count(theirs)
    for number, theft in enumerate(THEFTS.values()):
        side = "source" if "source" in theft else "destination"
        mine: Json = {"source": {"copyRole": COPIERS[0]}} | copy.deepcopy(theft)
        town.declare(theirs, f"x{number}-theft", "oracle", **copy.deepcopy(mine))
        mine[side] = {**mine[side], "accountRef": {"name": f"nowhere-{side}"}}
        town.declare(theirs, f"x{number}-twin", "oracle", **mine)
    for number, what in enumerate(THEFTS):
        found = []
        for kind in ("theft", "twin"):
            name = f"x{number}-{kind}"
            status = town.wait(theirs, name, "AccountNotFound")
            until(lambda name=name: town.events(theirs, name), "the event is posted")  # type: ignore[misc]
            text = told(status, town.events(theirs, name))
            found.append(re.sub(rf"{name}|nowhere-(?=source|dest)|oracle-(?=source|dest)", "", text))
        assert found[0] == found[1], what
    assert town.calls.count(theirs) == asked


def test_grant_that_is_withdrawn_and_given_back_copies_nothing_twice(town: Town, theirs: str) -> None:
    """In between AWS is not asked for it; afterwards it goes on where it was."""
    town.shared("withdrawn", theirs)
    town.declare(theirs, "backups", "withdrawn")
    town.copied(theirs, "backups")
    for _ in range(2):
        town.shared("withdrawn", "somebody-else")
        town.wait(theirs, "backups", "AccountNotFound")
        asked = town.calls.count(theirs)
        passes = town.core.ended[theirs]
        town.cluster.merge(theirs, "backups", {"spec": {"objectives": {"maxCopyLag": f"{passes}h"}}})
        until(lambda passes=passes: town.core.ended[theirs] > passes, "it is looked at")  # type: ignore[misc]
        assert town.calls.count(theirs) == asked
        town.shared("withdrawn", theirs)
        town.copied(theirs, "backups")

    assert town.jobs("withdrawn") == {"withdrawn-copies": POINTS}


def test_label_that_is_taken_away_stops_the_pass_that_runs(town: Town, theirs: str) -> None:
    """It was let in by a selector when its pass began: nothing is made for it any more."""
    whom: Json = {"namespaces": {"selector": {"matchLabels": {"crew": "yes"}}}}
    source = {**whom, "as": ["Source"], "vaults": ["labelled"]}
    into = {**whom, "as": ["Destination"], "vaults": ["labelled-*"], "keys": ["alias/orders-copies"]}
    town.accounts("labelled", [source], [into])
    label(town, theirs, "yes")
    new = {"vault": {"name": "labelled-new", "create": True, "encryptionKey": "alias/orders-copies"}}
    with town.core.hold(theirs):
        town.declare(theirs, "mine", "labelled", destination=new)
        until(lambda: town.core.begun.count((theirs, "mine")), "its pass begins")
        told_before = town.additions()
        label(town, theirs, "no")
        until(lambda: town.additions() > told_before, "the operator hears of it")
    town.wait(theirs, "mine", "AccountNotFound")

    assert not town.has_vault("labelled-new")
    label(town, theirs, "yes")
    town.copied(theirs, "mine")


def label(town: Town, namespace: str, value: str) -> None:
    """Label a namespace as an administrator does."""
    town.cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"crew": value}}}
    )


# --- Ownership -----------------------------------------------------------------------------------------------------


def test_removing_what_one_owns_leaves_what_others_need(town: Town, ours: str, theirs: str) -> None:
    """They wrote the statement, we only check it; a restart and a policy that cannot be resolved change nothing."""
    town.shared("owned", ours, theirs)
    town.declare(theirs, "mine", "owned", deletionPolicy="RemoveOwned")
    town.copied(theirs, "mine")
    town.declare(ours, "checked", "owned", destination={"vaultPolicy": "Check"})
    town.copied(ours, "checked")
    town.declare(
        ours, "checked", "owned", destination={"vaultPolicy": "Check"}, source={"accountRef": {"name": "gone"}}
    )
    town.wait(ours, "checked", "AccountNotFound")
    town.restart()
    town.cluster.delete(theirs, "mine")
    until(lambda: town.cluster.gone(theirs, "mine"), "the deletion is complete")

    assert OWN in town.statements("owned-copies")
    kept = until(lambda: town.events(theirs, "mine", "DeletionRetained"), "it is told what stays")
    assert "another policy needs it" in kept[0][1]
    assert ours not in json.dumps(town.events(theirs, "mine"))
    town.declare(ours, "checked", "owned", destination={"vaultPolicy": "Check"})
    town.copied(ours, "checked")

    town.declare(theirs, "mine", "owned", deletionPolicy="RemoveOwned")  # it finds it now, and so has not written it
    town.copied(theirs, "mine")
    town.cluster.delete(ours, "checked")
    town.cluster.delete(theirs, "mine")
    until(lambda: town.cluster.gone(theirs, "mine") and town.cluster.gone(ours, "checked"), "both are gone")
    assert OWN in town.statements("owned-copies")


def test_editing_takes_away_only_what_nobody_else_needs(town: Town, ours: str, theirs: str) -> None:
    """A copy role that is edited, the way of an edit and a deletion in a row, through a restart."""
    town.shared("edited", ours, theirs, roles=[DEFAULT_COPY_ROLE, *COPIERS[:2]])
    town.declare(theirs, "mine", "edited", deletionPolicy="RemoveOwned")
    town.copied(theirs, "mine")
    town.declare(ours, "checked", "edited", destination={"vaultPolicy": "Check"})
    town.copied(ours, "checked")
    for name in COPIERS[:2]:
        town.declare(theirs, "mine", "edited", deletionPolicy="RemoveOwned", source={"copyRole": name})
        town.copied(theirs, "mine")
        assert set(town.statements("edited-copies")) == {OWN, sid_of(role(name))}
        town.restart()
    town.declare(theirs, "mine", "edited", deletionPolicy="RemoveOwned")
    town.cluster.delete(theirs, "mine")
    until(lambda: town.cluster.gone(theirs, "mine"), "the deletion is complete")

    assert OWN in town.statements("edited-copies")
    town.copied(ours, "checked")


# --- Copies --------------------------------------------------------------------------------------------------------


def test_short_lived_copies_of_others_are_no_protection(town: Town, ours: str, theirs: str) -> None:
    """They copy first and keep it for a week; we declare a year, are told, and nothing is copied twice."""
    town.shared("short", ours, theirs)
    town.declare(theirs, "mine", "short", destination={"lifecycle": {"deleteAfterDays": 7}})
    town.copied(theirs, "mine")
    town.declare(ours, "backups", "short", destination={"lifecycle": {"deleteAfterDays": 365}})
    status = town.wait(ours, "backups", "CopiesFailing")

    assert [(each["reason"], each["count"]) for each in status["failures"]] == [("CopyExpiresEarly", POINTS)]
    assert theirs not in told(status, town.events(ours, "backups"))
    passes = Counter(town.core.begun)[ours, "backups"]
    until(lambda: Counter(town.core.begun)[ours, "backups"] > passes + 1, "it is looked at again")
    assert town.jobs("short") == {"short-copies": POINTS}


def test_copy_role_of_others_that_cannot_copy_holds_up_nobody(town: Town, ours: str, theirs: str) -> None:
    """Their jobs for the same copies fail, again and again; ours are made at once."""
    town.shared("weak", ours, theirs, roles=[DEFAULT_COPY_ROLE, WEAK])
    town.declare(theirs, "mine", "weak", source={"copyRole": WEAK}, copying={"retry": {"backoff": "1s"}})
    town.wait(theirs, "mine", "CopiesFailing")
    town.declare(ours, "backups", "weak")
    town.copied(ours, "backups")

    town.copied(theirs, "mine")  # one backup has one copy


def test_namespace_whose_copies_never_end_leaves_places(town: Town, ours: str, theirs: str) -> None:
    """In as many policies as it likes, into as many vaults: the other one copies beside it, one after the other."""
    town.shared("many", ours, theirs, maxConcurrentCopies=4)
    town.control.order("STUCK_RUNNING", destination="many-x")
    town.declare(ours, "backups", "many", recoveryPoints=volumes(3))
    town.copied(ours, "backups")
    for number in range(3):
        vault = {"name": f"many-x{number}", "create": True, "encryptionKey": "alias/orders-copies"}
        scope = {"recoveryPoints": volumes(0, 1, 2), "copying": {"maxConcurrent": 100}}
        town.declare(theirs, f"mine-{number}", "many", destination={"vault": vault}, **scope)
    until(lambda: town.jobs("many").total() >= 3, "they have taken what they can")
    town.declare(ours, "backups", "many", recoveryPoints=volumes(3, 4, 5))
    town.copied(ours, "backups")

    jobs = town.jobs("many")
    assert jobs.pop("many-copies") == 3
    assert jobs.total() == 3


def volumes(*numbers: int) -> Json:
    """Return the selection of some volumes of vault many."""
    return {"resources": [f"arn:aws:ec2:{scene.HOME}:{scene.PRODUCTION}:volume/vol-many-{each}" for each in numbers]}


# --- Fairness ------------------------------------------------------------------------------------------------------


def test_newcomer_waits_for_no_pass_and_takes_turns_at_requests(town: Town, ours: str, theirs: str, late: str) -> None:
    """They have sixty policies, of which no pass ends; then all of them ask AWS, as fast as the account lets them.

    Who has asked for nothing yet has its first status as if it was alone.
    """
    town.shared("fair", ours, theirs, late, readsPerSecond=5)
    with town.core.hold(theirs):
        for number in range(60):
            town.declare(theirs, f"mine-{number:02}", "fair", destinations=five(number))
        until(lambda: len(begun(town, theirs)) >= 4, "their passes hang")
        for name in ("one", "two"):
            town.declare(ours, name, "fair")
        for name in ("one", "two"):
            until(lambda name=name: town.status(ours, name), f"{name} has a status", timeout=90)  # type: ignore[misc]
        assert town.core.ended[theirs] == 0
    until(lambda: town.calls.of("fair-source").count(theirs) > 12, "they have used up what was left")
    before, elsewhere = len(town.calls.of("fair-source")), len(town.calls.of("fair-destination"))
    pair = {"source": {"vault": {"name": "fair-2"}}, "destination": {"vault": {"name": "fair-2-copies"}}}
    town.declare(ours, "three", "fair", **pair)
    until(lambda: town.status(ours, "three"), "three has a status", timeout=90)
    during = town.calls.of("fair-source")[before:]
    during = during[during.index(ours) : len(during) - during[::-1].index(ours)]

    # While it takes its turns in the other account, one after the other, theirs go on in this one.
    turns = during.count(ours) + town.calls.of("fair-destination")[elsewhere:].count(ours)
    assert during.count(theirs) <= turns + 2, during
    before = len(town.calls.of("fair-source"))
    pair = {"source": {"vault": {"name": "fair-3"}}, "destination": {"vault": {"name": "fair-3-copies"}}}
    town.declare(late, "first", "fair", **pair)
    until(lambda: town.status(late, "first"), "first has a status", timeout=90)
    during = town.calls.of("fair-source")[before:]
    during = during[during.index(late) : len(during) - during[::-1].index(late)]

    # Turns would be one of theirs for each of its own. It has eight, in four rounds of a quarter of a second.
    assert during.count(theirs) + 1 < during.count(late), during


def five(number: int) -> list[Json]:
    """Return five destinations of vault fair, whose copy jobs are asked for one by one; none has a vault."""
    where = {"accountRef": {"name": "fair-destination"}, "region": scene.AWAY}
    return [{"name": f"d{each}", **where, "vault": {"name": f"fair-x{number}-{each}"}} for each in range(5)]


def begun(town: Town, namespace: str) -> list[str]:
    """Return the policies of a namespace whose passes have begun, once for each pass."""
    return [name for where, name in list(town.core.begun) if where == namespace]


# --- Texts of others -----------------------------------------------------------------------------------------------


def test_hostile_texts_of_aws_are_one_clean_line(town: Town, ours: str) -> None:
    """The message of a failed job, and Sid and condition of a statement: in status, events and log."""
    town.shared("hostile", ours)
    town.control.order("FAILED", message=HOSTILE, resource="vol-hostile-0")
    deny: Json = {"Sid": HOSTILE[:300], "Effect": "Deny", "Principal": "*", "Resource": "*"}
    deny["Action"] = "backup:CopyIntoBackupVault"
    deny["Condition"] = {"StringEquals": {HOSTILE[:100]: HOSTILE[:100]}}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny, {**deny, "Sid": "Bare"}]})
    town.admin().put_backup_vault_access_policy(BackupVaultName="hostile-2-copies", Policy=text)
    town.declare(ours, "job", "hostile")
    town.declare(ours, "sid", "hostile", destination={"vault": {"name": "hostile-2-copies"}})
    statuses = [town.wait(ours, "job", "CopiesFailing")]
    until(lambda: "statement" in json.dumps(town.status(ours, "sid")), "the statement is told")
    statuses.append(town.status(ours, "sid"))
    for name in ("job", "sid"):
        until(lambda name=name: town.events(ours, name), "the event is posted")  # type: ignore[misc]
    read = [*leaves(statuses), *(note for name in ("job", "sid") for _, note in town.events(ours, name))]

    assert [each for each in read if "Everything is fine" in each]
    assert [each for each in read if not each.isprintable() or len(each) > 1024] == []
    lines = town.lines()
    assert [each for each in lines if "Everything is fine" in each]
    assert [each for each in lines if not (LINE.match(each) and each.isprintable())] == []
    assert not [each for each in lines if each.startswith(HOSTILE[1:30])]


def leaves(value: Any) -> Iterator[str]:
    """Yield every text in a document."""
    if isinstance(value, dict):
        yield from (text for each in value.items() for text in leaves(list(each)))
    elif isinstance(value, list):
        yield from (text for each in value for text in leaves(each))
    elif isinstance(value, str):
        yield value


# --- Copy roles ----------------------------------------------------------------------------------------------------


def test_all_roles_that_are_granted_have_room_and_no_other_gets_in(town: Town, ours: str, theirs: str) -> None:
    """They put in a statement for each role they have, and more policies with them; ours comes last."""
    roles = COPIERS[: MOST_OF_ONE_ACCOUNT - 1]
    source = {"as": ["Source"], "vaults": ["roles"]}
    both: Json = {"namespaces": {"names": [ours, theirs]}, "as": ["Destination"], "vaults": ["roles-*"]}
    mine = {**source, "namespaces": {"names": [ours]}}
    town.accounts("roles", [{**source, "namespaces": {"names": [theirs]}, "copyRoles": list(roles)}, mine], [both])
    for each in (*roles, COPIERS[-1]):
        town.declare(theirs, each, "roles", source={"copyRole": each}, backfill={"mode": "None"})
    town.declare(theirs, "again", "roles", source={"copyRole": role(roles[0])}, backfill={"mode": "None"})
    until(lambda: len(town.statements("roles-copies")) == len(roles), "they have put in all", timeout=90)
    town.wait(theirs, COPIERS[-1], "AccountNotFound")
    town.declare(ours, "backups", "roles")
    town.copied(ours, "backups")

    assert set(town.statements("roles-copies")) == {OWN, *(sid_of(role(each)) for each in roles)}
    too_many = [{**source, "namespaces": {"names": [theirs]}, "copyRoles": list(COPIERS)}, mine]
    town.accounts("roles", too_many, [both])
    refused = until(lambda: town.account_faults("roles-source"), "the account is refused")
    assert "must name at most 20 different copyRoles in all, name 21" in refused


# --- Size ----------------------------------------------------------------------------------------------------------


def test_policies_full_of_labels_make_the_operator_deaf_to_nobody(
    town: Town, ours: str, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of them is larger than what is read of one answer: it is asked for in smaller ones, by kopf as well."""
    monkeypatch.setattr(bodies, "LARGEST_ANSWER", 400_000)
    town.shared("fat", ours)
    labels = {f"{'a' * 63}.{'b' * 63}.{'c' * 63}/{'d' * 50}{number}": "e" * 63 for number in range(100)}
    for number in range(15):
        body = town.policy(theirs, f"fat-{number:02}", "fat")
        town.cluster.apply({**body, "metadata": {**body["metadata"], "labels": labels}})
    town.restart(page_size=16)
    try:
        town.declare(ours, "backups", "fat")
        town.copied(ours, "backups")
    finally:
        monkeypatch.undo()
        town.restart()

    assert [each for each in town.lines() if "Watching with at most 4 objects in one answer" in each]
