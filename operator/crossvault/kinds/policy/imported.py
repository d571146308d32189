"""From what accounts do about copies already to the manifests that declare the same. Pure.

Nothing is dropped: what no manifest can say is told as a remark, and the plan that it is about is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from ...aspects.copy_role import DEFAULT, role_name
from ...aspects.schedule.seen import OWNER_TAG, POLICY_TAG
from ...aspects.schedule.stock import FoundPlan, Reading, copies_of, read
from ...aspects.stock import Route, Stock
from ...aspects.vault.seen import Vault
from ...engine.declared import Account, account_of, partition_of, region_of
from ...words.instants import instant
from ..account.parse import AccountDeclaration
from . import likeness
from .beside import beside
from .parse import KIND

Json: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, str]
"""Name of an account, and Region."""

API_VERSION = "crossvault.io/v1alpha1"
_LONGEST = 50
_ODD = re.compile(r"[^a-z0-9]+")


class Weight(StrEnum):
    """What a remark is about."""

    LEFT = "NotImported"
    DECIDE = "ToDecide"
    NOTE = "Note"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a manifest does not say, in a sentence."""

    weight: Weight
    account: str
    region: str
    about: str
    message: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What manifests are wanted of.

    Attributes:
        accounts: All accounts by name.
        made: The names of those that no manifest declares yet.
        namespace: Of the policies.
        since: From when on the policies copy by themselves what has no copy.
        policies: The bodies of the policies that are declared already.
    """

    accounts: Mapping[str, AccountDeclaration]
    made: frozenset[str]
    namespace: str
    since: datetime
    policies: tuple[Mapping[str, Any], ...] = ()

    def by_id(self, account_id: str) -> Account | None:
        """Return the account of an id; of several the first by name."""
        found = (each.account for _, each in sorted(self.accounts.items()))
        return next((each for each in found if each.account_id == account_id), None)


@dataclass(frozen=True, slots=True)
class Imported:
    """The manifests, accounts first, and what they do not say."""

    accounts: tuple[Json, ...]
    policies: tuple[Json, ...]
    remarks: tuple[Remark, ...]


def targets(asked: Asked, stocks: Iterable[Stock]) -> tuple[tuple[Account, str], ...]:
    """Return the accounts and Regions that anything is copied into, as far as they are given."""
    arns = {arn for each in stocks for plan in each.plans for arn in plan.copies}
    arns |= {route.destination for each in stocks for route in each.routes}
    found = {(account, region_of(arn)) for arn in arns if (account := asked.by_id(account_of(arn))) is not None}
    return tuple(sorted(found, key=lambda each: (each[0].name, each[1])))


def imported(asked: Asked, stocks: Iterable[Stock], vaults: Mapping[Place, Mapping[str, Vault]]) -> Imported:
    """Return what declares what there is.

    | found | becomes |
    |---|---|
    | a plan that copies into other accounts, all of which a schedule can say | a policy that adopts it |
    | the same, in a vault that others fill without copying it alike | that policy, with ``mode: Observe`` |
    | a plan that says more than a schedule | nothing; each such thing is told |
    | a plan that a policy of the organization pushes, or another policy of ours keeps | nothing; told |
    | a plan that copies into no other account | nothing; told |
    | copies between two vaults that no plan makes | a policy without schedule, with ``mode: Observe`` |
    """
    whole = tuple(sorted(stocks, key=lambda each: (each.account.name, each.region)))
    work = _Work(asked, vaults)
    for stock in whole:
        for plan in sorted(stock.plans, key=lambda each: (each.name, each.id)):
            work.take_plan(stock, plan)
        for route in stock.routes:
            work.take_route(stock, route)
    accounts = tuple(_account(asked.accounts[name].account, work.policies, asked) for name in sorted(asked.made))
    return Imported(accounts, tuple(work.policies), (*work.remarks, *_ungranted(asked, work.policies)))


def _ungranted(asked: Asked, policies: Iterable[Json]) -> Iterator[Remark]:
    for each in policies:
        for fault in likeness.ungranted(each, asked.accounts, asked.made):
            source = each["spec"]["source"]
            about = f"policy {each['metadata']['name']}"
            yield Remark(Weight.DECIDE, source["accountRef"]["name"], source["region"], about, f"{fault}.")


@dataclass(slots=True)
class _Work:
    """What has been made so far."""

    asked: Asked
    vaults: Mapping[Place, Mapping[str, Vault]]
    policies: list[Json] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names |= {
            each["metadata"]["name"]
            for each in self.asked.policies
            if each["metadata"].get("namespace") == self.asked.namespace
        }

    def take_plan(self, stock: Stock, plan: FoundPlan) -> None:
        """Declare a plan, or tell why not."""

        def tell(weight: Weight, message: str) -> None:
            self.remarks.append(Remark(weight, stock.account.name, stock.region, str(plan), message))

        known = self._known(plan)
        if known:
            tell(*known)
            return
        strangers = sorted({account_of(arn) for arn in plan.copies if self.asked.by_id(account_of(arn)) is None})
        reading = read(plan)
        lacks = [*(f"it copies into account {each}, which is not given" for each in strangers), *reading.lacks]
        body = None if lacks else self._scheduled(stock, plan, reading)
        if body is not None:
            lacks += likeness.otherwise(body, plan, self.asked.accounts)
        if body is None or lacks:
            for each in lacks:
                tell(Weight.LEFT, f"It is not imported: {each}.")
            return
        for arn in sorted(plan.copies):
            self._tell_lock(arn, stock, plan)
        if plan.stack:
            tell(Weight.NOTE, _of_stack(plan))
        for each in beside(stock, plan, reading.vault):
            body["spec"] = {"mode": "Observe", **body["spec"]}
            tell(Weight.DECIDE, f"{each} Policy {body['metadata']['name']} only observes until you decide.")
        self._keep(body)

    def _keep(self, body: Json) -> None:
        self.names.add(body["metadata"]["name"])
        self.policies.append(body)

    def _known(self, plan: FoundPlan) -> tuple[Weight, str] | None:
        """Return what is told of a plan that is nobody's to import."""
        if not any(account_of(arn) != account_of(plan.arn) for arn in plan.copies):
            return Weight.NOTE, "It copies into no other account."
        if plan.is_pushed:
            words = "It is not imported: a backup policy of the organization pushes it, and can be changed only there."
            return Weight.LEFT, words
        if plan.tags.get(OWNER_TAG):
            return Weight.NOTE, f"Policy {plan.tags.get(POLICY_TAG, '?')} keeps it already."
        for each in self.asked.policies:
            if (each["spec"].get("schedule") or {}).get("adopt") == plan.id:
                metadata = each["metadata"]
                return Weight.NOTE, f"Policy {metadata.get('namespace')}/{metadata['name']} adopts it already."
        return None

    def _tell_lock(self, arn: str, stock: Stock, plan: FoundPlan) -> None:
        """Tell of a lock, which a manifest could have kept, and does not without being asked to."""
        vault = self._vault(arn)
        if vault is None or vault.air_gapped or vault.lock is None:
            return
        least, most = vault.lock
        days = f"{least} to {most} days" if most else f"at least {least} days"
        words = f"Vault {vault.name} is locked to {days}, which is only looked at; vault.lock has it kept."
        if vault.lock_date is not None:
            words = f"Vault {vault.name} has a compliance lock to {days}, which is shown and never set."
        self.remarks.append(Remark(Weight.NOTE, stock.account.name, stock.region, str(plan), words))

    def take_route(self, stock: Stock, route: Route) -> None:
        """Declare copies that no plan makes."""
        planned = any(
            route.destination in copies_of(rule) and rule.get("TargetBackupVaultName") == _name_of(route.source)
            for plan in stock.plans
            for rule in plan.rules
        )
        if planned or self._declares(route):
            return
        about = f"copies from {route.source} into {route.destination}"

        def tell(weight: Weight, message: str) -> None:
            self.remarks.append(Remark(weight, stock.account.name, stock.region, about, message))

        target = self.asked.by_id(account_of(route.destination))
        if target is None:
            tell(Weight.LEFT, f"They are not imported: account {account_of(route.destination)} is not given.")
            return
        name = self._free(f"{_name_of(route.source)}-to-{target.name}")
        body = self._policy(stock, name, _name_of(route.source), route.role, {route.destination: {}})
        body["spec"] = {"mode": "Observe", **body["spec"]}
        faults = likeness.faults(body, self.asked.accounts)
        for each in faults:
            tell(Weight.LEFT, f"They are not imported: {each}.")
        if not faults:
            words = (
                "No plan makes these copies: somebody starts them, and both would copy. What a policy copies lives as"
                " long as its source, unless destinations[].lifecycle says otherwise."
            )
            tell(Weight.DECIDE, f"{words} Policy {name} only observes until you decide.")
            self._keep(body)

    def _declares(self, route: Route) -> bool:
        """Tell whether a policy is declared, or was just made, for the same two vaults."""
        wanted = (account_of(route.source), region_of(route.source), _name_of(route.source))
        into = (account_of(route.destination), region_of(route.destination), _name_of(route.destination))
        for each in (*self.asked.policies, *self.policies):
            spec = each["spec"]
            if self._ends(spec["source"]) == wanted and into in map(self._ends, spec["destinations"]):
                return True
        return False

    def _ends(self, side: Mapping[str, Any]) -> tuple[str, str, str]:
        declared = self.asked.accounts.get(side["accountRef"]["name"])
        account_id = declared.account.account_id if declared is not None else ""
        return account_id, str(side["region"]), str(side["vault"]["name"])

    # --- Manifests

    def _scheduled(self, stock: Stock, plan: FoundPlan, reading: Reading) -> Json:
        name = self._free(plan.name)
        body = self._policy(stock, name, reading.vault, reading.roles[0], reading.copies)
        body["spec"]["schedule"] = reading.spec
        return body

    def _policy(self, stock: Stock, name: str, vault: str, role: str, copies: Mapping[str, Json]) -> Json:
        names: set[str] = set()
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, "namespace": self.asked.namespace},
            "spec": {
                "source": {
                    "accountRef": {"name": stock.account.name},
                    "region": stock.region,
                    "vault": {"name": vault},
                    "copyRole": _short(role, stock),
                },
                "destinations": [self._destination(arn, kept, names) for arn, kept in sorted(copies.items())],
                "backfill": {"mode": "Since", "since": instant(self.asked.since)},
            },
        }

    def _destination(self, arn: str, lifecycle: Json, names: set[str]) -> Json:
        account = self.asked.by_id(account_of(arn))
        called = account.name if account is not None else account_of(arn)
        name = _label(called) if _label(called) not in names else _label(f"{called}-{_name_of(arn)}")
        name = _free(name, names)
        names.add(name)
        vault = self._vault(arn)
        kind = {"kind": "LogicallyAirGapped"} if vault is not None and vault.air_gapped else {}
        return {
            "name": name,
            "accountRef": {"name": called},
            "region": region_of(arn),
            "vault": {"name": _name_of(arn), **kind},
            "vaultPolicy": "Check",
            **({"lifecycle": lifecycle} if lifecycle else {}),
        }

    def _vault(self, arn: str) -> Vault | None:
        account = self.asked.by_id(account_of(arn))
        return self.vaults.get((account.name, region_of(arn)), {}).get(_name_of(arn)) if account is not None else None

    def _free(self, name: str) -> str:
        return _free(_label(name), self.names)


def _of_stack(plan: FoundPlan) -> str:
    return (
        f"It is made by CloudFormation stack {plan.stack}. Nothing is written while both say the same; before you"
        " change the schedule here, take the plan out of the stack with DeletionPolicy: Retain, or both will fight over"
        " it."
    )


def _account(account: Account, policies: Iterable[Json], asked: Asked) -> Json:
    """Return a BackupAccount that lets the namespace do what its policies do, and no more."""
    made = list(policies)
    sources = [each["spec"] for each in made if each["spec"]["source"]["accountRef"]["name"] == account.name]
    sides = [one for each in made for one in each["spec"]["destinations"] if one["accountRef"]["name"] == account.name]
    namespaces = {"names": [asked.namespace]}
    grants: list[Json] = []
    if sources:
        schedules = [each["schedule"] for each in sources if "schedule" in each]
        roles = {each["source"]["copyRole"] for each in sources}
        roles |= {one["role"] for each in schedules for one in each["selections"]}
        roles |= {each["scanSettings"]["role"] for each in schedules if "scanSettings" in each}
        vaults = {each["source"]["vault"]["name"] for each in sources}
        vaults |= {one["airGappedVault"] for each in schedules for one in each["rules"] if "airGappedVault" in one}
        grants.append(
            {
                "namespaces": namespaces,
                "as": ["Source"],
                "vaults": sorted(vaults),
                "copyRoles": sorted({each if each == DEFAULT else role_name(each) for each in roles}),
                **({"schedules": True} if schedules else {}),
            }
        )
    if sides:
        into = sorted({each["vault"]["name"] for each in sides})
        grants.append({"namespaces": namespaces, "as": ["Destination"], "vaults": into})
    spec: Json = {"accountId": account.account_id}
    if account.role_arn:
        spec["roleArn"] = account.role_arn
    if account.external_id:
        spec["externalId"] = account.external_id
    if grants:
        spec["grants"] = grants
    return {"apiVersion": API_VERSION, "kind": "BackupAccount", "metadata": {"name": account.name}, "spec": spec}


# --- Names ---------------------------------------------------------------------------------------------------------


def _label(text: str) -> str:
    """Return a text as the name of an object."""
    return _ODD.sub("-", text.lower())[:_LONGEST].strip("-") or "plan"


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _name_of(vault_arn: str) -> str:
    return vault_arn.rpartition(":")[2]


def _short(role: str, stock: Stock) -> str:
    """Return a role as a person would write it."""
    usual = f"arn:{partition_of(stock.region)}:iam::{stock.account.account_id}:role/{role_name(DEFAULT)}"
    return DEFAULT if role in {"", usual} else role


__all__ = ["Asked", "Imported", "Remark", "Weight", "imported", "targets"]
