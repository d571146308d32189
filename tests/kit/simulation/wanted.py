"""What protects in AWS, as facts, and which of them are declared: found out here by the shortest way, to compare with.

Not with the product's own words, which might be wrong in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from tests.kit.stage import COPY_ROLE

from .steps import Scene
from .world import Json, Place, arn_of

Fact: TypeAlias = tuple[str, ...]


def protection(scene: Scene) -> set[Fact]:
    """Return what protects now: who is let into which vault, and what our plans back up and copy where."""
    found: set[Fact] = {
        ("lets in", place.arn, who) for place in scene.world.targets for who in scene.cloud.let_into(place)
    }
    for policy, plan, selections in scene.cloud.plans_of_ours():
        found |= set(_of_plan(policy, plan, selections))
    return found


def _of_plan(policy: str, plan: Json, selections: list[Json]) -> Iterator[Fact]:
    for rule in plan["Rules"]:
        yield ("backs up", policy, rule["RuleName"], _days(rule.get("Lifecycle")))
        for each in rule.get("CopyActions", ()):
            yield ("copies", policy, rule["RuleName"], each["DestinationBackupVaultArn"])
    for selection in selections:
        yield ("selects", policy, json.dumps(sorted(selection.get("Resources", ()))))


def wanted(scene: Scene) -> set[Fact]:
    """Return what policies want that are declared, whether they may act now or not."""
    found: set[Fact] = set()
    for body in scene.living():
        vaults = [arn_of(scene.world, each) for each in body["spec"]["destinations"]]
        found |= {("lets in", vault, COPY_ROLE) for vault in vaults}
        metadata = body["metadata"]
        found |= set(_of_schedule(f"{metadata['namespace']}/{metadata['name']}", body["spec"], vaults))
    return found


def _of_schedule(policy: str, spec: Json, vaults: list[str]) -> Iterator[Fact]:
    schedule = spec.get("schedule") or {"rules": [], "selections": []}
    for rule in schedule["rules"]:
        yield ("backs up", policy, rule["name"], str(rule["lifecycle"]["deleteAfterDays"]))
        for vault in vaults:
            yield ("copies", policy, rule["name"], vault)
    for selection in schedule["selections"]:
        yield ("selects", policy, json.dumps(sorted(selection["resources"])))


def _days(lifecycle: Json | None) -> str:
    return str((lifecycle or {}).get("DeleteAfterDays", ""))


def is_wanted(scene: Scene, place: Place) -> bool:
    """Tell whether a policy that is declared copies into a vault."""
    return ("lets in", place.arn, COPY_ROLE) in wanted(scene)
