"""What is taken back in a world: policies and namespaces that go, and declarations that want less than before."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import chain

from tests.kit.stage import HOME, PRODUCTION

from crossvault.engine.declared import PolicyKey

from .world import FAULTS_END, Declared, Happening, Json, Removed


def schedule() -> Json:
    """Return a schedule that backs nothing up before the world ends."""
    tables = f"arn:aws:dynamodb:{HOME}:{PRODUCTION}:table"
    return {
        "rules": [
            {"name": "yearly", "cron": "cron(0 5 1 1 ? *)", "lifecycle": {"deleteAfterDays": 400}},
            {"name": "leap", "cron": "cron(0 5 2 1 ? *)", "lifecycle": {"deleteAfterDays": 500}},
        ],
        "selections": [
            {"name": "some", "resources": [f"{tables}/a*"]},
            {"name": "others", "resources": [f"{tables}/b*"]},
        ],
    }


def of(dice: random.Random, policies: Mapping[PolicyKey, Json], refused: frozenset[PolicyKey]) -> list[Happening]:
    """Return what is taken back: nothing in most worlds, one thing in some, and two in few."""
    if dice.random() < 0.5:
        return []
    if dice.random() < 0.15:
        namespace, at = dice.choice(sorted({each.namespace for each in policies})), dice.uniform(0, FAULTS_END)
        return [Removed(at, each, ordered=False) for each in policies if each.namespace == namespace]
    granted = [each for each in policies if each not in refused]
    chosen = dice.sample(granted, min(len(granted), dice.choice((1, 1, 2))))
    return list(chain.from_iterable(_parting(dice, each, policies[each]["spec"]) for each in chosen))


def _parting(dice: random.Random, key: PolicyKey, spec: Json) -> list[Happening]:
    at = dice.uniform(0, FAULTS_END)
    forms: list[list[Happening]] = [
        [Declared(0.0, key, {"deletionPolicy": "RemoveOwned"}), Removed(at, key)],
        [Declared(at, key, {"deletionPolicy": "RemoveOwned"}), Removed(dice.uniform(at, FAULTS_END), key)],
        [Removed(at, key)],
        [Declared(at, key, {"recoveryPoints": {"resourceTypes": ["S3", "DynamoDB"]}})],
        [Declared(at, key, {"mode": "Observe"})],
        [Declared(at, key, {"mode": "Observe"}), Declared(dice.uniform(at, FAULTS_END), key, {"mode": "Enforce"})],
        [Declared(at, key, {"copying": {"maxConcurrent": 1}})],
    ]
    if len(spec["destinations"]) > 1:
        forms += [[Declared(at, key, {"destinations": [each]})] for each in spec["destinations"]]
    if "schedule" in spec:
        whole = schedule()
        less = (
            {**whole, "rules": whole["rules"][:1]},
            {**whole, "selections": whole["selections"][1:]},
            {**whole, "selections": [{**whole["selections"][0], "resources": ["arn:aws:rds:*:*:db:*"]}]},
        )
        forms += [[Declared(at, key, {"schedule": each})] for each in less]
    return dice.choice(forms)
