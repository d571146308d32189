"""Who may use the accounts of a world: its namespace, and in some worlds another one beside it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.kit import stage
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, SECOND

from crossvault.engine.declared import PolicyKey

from .world import START, Grant, Json, Place

OTHER = "bills"
EVERYTHING: tuple[Grant, ...] = tuple(
    (account, way, "*") for account in (PRODUCTION, BACKUP, SECOND) for way in ("Source", "Destination")
)


@dataclass(frozen=True, slots=True)
class Tenants:
    """What is declared of accounts, and by others than namespace orders."""

    accounts: tuple[Json, ...]
    granted: dict[str, tuple[Grant, ...]]
    policies: dict[PolicyKey, Json] = field(default_factory=dict)
    refused: frozenset[PolicyKey] = frozenset()


def of(dice: random.Random, aws: Json, sources: Sequence[Place], targets: Mapping[Place, bool]) -> Tenants:
    """Return the tenants of a world; where there are two they share accounts, a source vault, and a destination."""
    accounts = {name: stage.accounts()[name] for name in ("production", "dr", "second")}
    granted = {"orders": EVERYTHING}
    shared = sorted((each for each in targets if each.account == BACKUP), key=lambda each: each.name)
    if not shared or dice.random() >= 0.2:
        return Tenants(tuple(accounts.values()), granted)
    source, target = sources[-1], dice.choice(shared)
    whom = {"namespaces": {"names": [OTHER]}}
    accounts["production"]["spec"]["grants"] = [{**whom, "as": ["Source"], "vaults": [f"{source.name}*"]}]
    accounts["dr"]["spec"]["grants"] = [
        {**whom, "as": ["Destination"], "vaults": [target.name], "keys": ["alias/orders-*"]}
    ]
    granted[OTHER] = ((PRODUCTION, "Source", f"{source.name}*"), (BACKUP, "Destination", target.name))
    found = {"theirs": _policy("theirs", source.name, target, create=not targets[target])}
    refused: set[PolicyKey] = set()
    if dice.random() < 0.5:
        refused.add(PolicyKey(OTHER, "greedy"))
        _payroll(aws)
        found["greedy"] = dice.choice(
            (
                _policy("greedy", "payroll", target, create=False),
                _policy("greedy", source.name, Place(BACKUP, AWAY, "payroll"), create=False),
                _policy("greedy", source.name, Place(SECOND, AWAY, target.name), create=False),
            )
        )
    policies = {PolicyKey(OTHER, name): body for name, body in found.items()}
    return Tenants(tuple(accounts.values()), granted, policies, frozenset(refused))


def _payroll(aws: Json) -> None:
    """Let there be vaults that are nobody's in Kubernetes."""
    for account, region, key in ((PRODUCTION, HOME, "alias/orders"), (BACKUP, AWAY, "alias/orders-copies")):
        stage.account(aws, account).setdefault("vaults", []).append({"region": region, "name": "payroll", "key": key})


def _policy(name: str, source: str, target: Place, *, create: bool) -> Json:
    vault: Json = {"name": target.name} | ({"create": True, "encryptionKey": "alias/orders-copies"} if create else {})
    account = {BACKUP: "dr", SECOND: "second"}[target.account]
    body = stage.policy(
        source={"accountRef": {"name": "production"}, "region": HOME, "vault": {"name": source}},
        destinations=[stage.destination("there", accountRef={"name": account}, vault=vault)],
    )
    created = START.strftime("%Y-%m-%dT%H:%M:%SZ")
    body["metadata"] |= {"name": name, "namespace": OTHER, "creationTimestamp": created}
    return body
