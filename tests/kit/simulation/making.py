"""Small worlds from a seed, each as its dice fall.

What happens is such that most of the end does not depend on how soon the operator acts; what does, because somebody
took something back, is known (:func:`.world.outlook`). Whatever else may not be so belongs to the faults.
"""

from __future__ import annotations

import copy
import json
import random

from tests.kit import scheduling, stage
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, SECOND

from crossvault.engine.declared import PolicyKey

from . import partings, tenants
from .world import FAULTS_END, SHARED, START, Declared, Happening, Json, Made, Place, Stripped, World, foreign

KINDS = ("EBS", "RDS", "S3", "DynamoDB", "EFS")
KEYED = frozenset({"EBS", "RDS"})


def of(seed: int) -> World:
    """Return the world of a seed."""
    return _Making(random.Random(seed // SHARED)).made()  # noqa: S311 - the same each time


class _Making:
    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._aws = _accounts()
        self._aws["durations"] = {"created": "30s", "running": dice.choice(("3m", "6m", "20m")), "toggle_off": "15m"}
        self._targets: dict[Place, bool] = {}
        if dice.random() < 0.85:
            _may_not_try_roles_out(self._aws)
        self._sources = [Place(PRODUCTION, HOME, "orders")]
        if dice.random() < 0.3:
            self._sources.append(Place(PRODUCTION, HOME, "bills"))
            stage.account(self._aws, PRODUCTION)["vaults"].append(
                {"region": HOME, "name": "bills", "key": "alias/orders", "recovery_points": []}
            )

    def made(self) -> World:
        dice = self._dice
        for place in self._sources:
            self._vault(place)["recovery_points"] = self._points(place)
        policies = {}
        for number in range(dice.choice((*[1] * 12, 2, 2, 3))):
            body = self._policy(number)
            policies[PolicyKey("orders", body["metadata"]["name"])] = body
        happenings = [*self._arrivals(), *self._edits(policies), *self._strips()]
        doomed = dice.choice((0, 0, 1, 2))
        if dice.random() < 0.2:
            happenings += self._crowd(policies)
        if dice.random() < 0.1 and self._strange(policies):
            doomed = 0
        others = tenants.of(dice, self._aws, self._sources, self._targets)
        policies |= others.policies
        happenings += partings.of(dice, policies, others.refused)
        return World(
            aws=self._aws,
            accounts=others.accounts,
            policies=policies,
            happenings=tuple(sorted(happenings, key=lambda each: each.at)),
            sources=tuple(self._sources),
            targets=self._targets,
            doomed=doomed,
            granted=others.granted,
            refused=others.refused,
            wait=dice.choice((300.0, 3600.0)),
            planned=dice.random() < 0.3,
        )

    # --- backups

    def _points(self, place: Place) -> list[Json]:
        dice = self._dice
        return [
            self._point(place, number, age=f"{day * 24 + number}h")
            for number in range(dice.choice((1, 1, 2, 3)))
            for day in range(dice.choice((1, 1, 1, 2)))
        ]

    def _point(self, place: Place, number: int, age: str) -> Json:
        kind = KINDS[(number * 2 + len(place.name)) % len(KINDS)]
        part: Json = {"resource_type": kind, "resource": f"{place.name}-{number}", "age": age}
        if kind in KEYED:
            part["key"] = "alias/orders-storage"
        return part

    def _crowd(self, policies: dict[PolicyKey, Json]) -> list[Happening]:
        """Let many resources be backed up in one second, and few of them be copied at a time."""
        for body in policies.values():
            body["spec"]["copying"]["maxConcurrent"] = 2
        place, step = self._dice.choice(self._sources), self._dice.choice((0.0, 0.01))
        names = (f"{place.name}-crowd-{each}" for each in range(6))
        return [
            Made(1 + number * step, place, {"resource_type": "S3", "resource": name, "age": "0s"})
            for number, name in enumerate(names)
        ]

    def _arrivals(self) -> list[Happening]:
        dice = self._dice
        found: list[Happening] = []
        for _ in range(dice.choice((0, 1, 1, 2))):
            place = dice.choice(self._sources)
            # Never within a second of one that was there: AWS makes one backup of a resource at a time.
            found.append(Made(dice.uniform(2, FAULTS_END), place, self._point(place, dice.randint(0, 3), "0s")))
        return found

    # --- what is declared

    def _policy(self, number: int) -> Json:
        dice = self._dice
        source = dice.choice(self._sources)
        body = stage.policy(
            source={"accountRef": {"name": "production"}, "region": HOME, "vault": {"name": source.name}},
            destinations=[self._destination(each) for each in range(dice.choice((1, 1, 1, 1, 1, 2)))],
            backfill={"mode": dice.choice(("All", "All", "All", "Latest", "None"))},
            copying={"maxConcurrent": dice.choice((1, 20, 20))},
        )
        if dice.random() < 0.1:
            body["spec"]["mode"] = "Observe"
        if dice.random() < 0.2:
            body["spec"]["objectives"] = {"maxCopyLag": "2h"}
        elif dice.random() < 0.12:
            body["spec"]["schedule"] = partings.schedule()
        body["metadata"] |= {"name": f"policy-{number}", "creationTimestamp": START.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return body

    def _destination(self, number: int) -> Json:
        """Return a destination: the first is the backup account's, the other one the second account's."""
        dice = self._dice
        account, name = ((BACKUP, "dr"), (SECOND, "second"))[number]
        place = Place(account, AWAY, dice.choice(("orders-copies", "orders-copies", "more-copies")))
        if place not in self._targets:
            theirs = self._targets[place] = dice.random() < 0.3
            if theirs:
                stage.account(self._aws, account).setdefault("vaults", []).append(
                    {
                        "region": AWAY,
                        "name": place.name,
                        "key": "alias/orders-copies",
                        "policy": {"Version": "2012-10-17", "Statement": [foreign(account)]},
                    }
                )
        vault: Json = {"name": place.name}
        if not self._targets[place]:
            vault |= {"create": True, "encryptionKey": "alias/orders-copies"}
        return stage.destination(name, accountRef={"name": name}, vault=vault)

    def _strange(self, policies: dict[PolicyKey, Json]) -> bool:
        """Let a vault of somebody else's hold copies that nothing explains, if a policy copies into such a one."""
        source = self._sources[0]
        for body in policies.values():
            spec = body["spec"]
            account, vault = spec["destinations"][0]["accountRef"]["name"], spec["destinations"][0]["vault"]["name"]
            place = Place({"dr": BACKUP, "second": SECOND}[account], AWAY, vault)
            if spec["source"]["vault"]["name"] != source.name or not self._targets[place]:
                continue
            spec["backfill"] = {"mode": "All"}
            names = [f"{source.name}-odd-{each}" for each in range(3)]
            table: Json = {"resource_type": "DynamoDB"}
            self._vault(source)["recovery_points"] += [
                {**table, "resource": each, "age": f"{30 + number}h"} for number, each in enumerate(names)
            ]
            self._vault(place)["recovery_points"] = [
                {**table, "resource": _resource(each), "age": "26h", "source_vault": source.arn} for each in names
            ]
            return True
        return False

    # --- what people do

    def _edits(self, policies: dict[PolicyKey, Json]) -> list[Happening]:
        dice = self._dice
        found: list[Happening] = []
        for key in policies:
            if dice.random() < 0.2:
                since = dice.uniform(0, FAULTS_END / 2)
                found.append(Declared(since, key, {"suspend": True}))
                found.append(Declared(dice.uniform(since, FAULTS_END), key, {"suspend": False}))
            if dice.random() < 0.2:
                found.append(Declared(dice.uniform(0, FAULTS_END), key, {"backfill": {"mode": "All"}}))
            if dice.random() < 0.1:
                found.append(Declared(dice.uniform(0, FAULTS_END), key, {"mode": "Enforce"}))
        return found

    def _strips(self) -> list[Happening]:
        dice = self._dice
        return [Stripped(dice.uniform(0, FAULTS_END), each) for each in self._targets if dice.random() < 0.2]

    def _vault(self, place: Place) -> Json:
        vaults: list[Json] = stage.account(self._aws, place.account)["vaults"]
        return next(each for each in vaults if each["name"] == place.name)


def _resource(name: str) -> str:
    """Return the ARN of a table of the source account."""
    return f"arn:aws:dynamodb:{HOME}:{PRODUCTION}:table/{name}"


def _may_not_try_roles_out(made: Json) -> None:
    """Take away the right that costs a third of all calls, and is not asked for in most accounts."""
    for statement in stage.role(made, PRODUCTION, "crossvault-source")["policies"][0]["Statement"]:
        if statement["Sid"] == "Preflight":
            statement["Action"].remove("iam:SimulatePrincipalPolicy")


def _accounts() -> Json:
    """Return the accounts of the demo, and a second one for backups, at a moment that is the same each time."""
    made = scheduling.allowed(copy.deepcopy(stage.world()))
    made["accounts"] = [each for each in made["accounts"] if each["id"] != stage.STRANGER]
    made["clock"] = {"start": START.strftime("%Y-%m-%dT%H:%M:%SZ"), "frozen": True}
    found: Json = json.loads(json.dumps(made, default=str))
    return found
