"""The source vault: whether it is there, and its creation where a schedule is to fill one that lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.plan import Base, Change, Drift, Finding
from ...engine.rows import Prerequisite, by_the_operator, met, unknown, unmet, unproven
from ...words.problems import Problem
from ...words.reasons import Reason
from .creation import CreateVault
from .declared import CREATION
from .seen import KEYS, VAULT, Key

ROW = "SourceVault"


@dataclass(frozen=True, slots=True)
class CreateSourceVault(CreateVault):
    """Create the source vault with its customer managed key."""

    mends: ClassVar[str] = ROW

    def told(self) -> Change:
        """Return how a plan lists it."""
        what = f"the source vault, with key {self.key_arn}"
        return Change("add", "vault", f"{self.vault.account.name}/{self.vault.name}", what)

    def done(self, *, repaired: bool) -> tuple[Reason, str]:  # noqa: ARG002 - a vault is made once
        """Return the event about it."""
        name, account = self.vault.name, self.vault.account.name
        text = f"Created source vault {name} in account {account} with its customer managed key."
        return Reason.VAULT_CREATED, text


def source(base: Base) -> Finding:
    """Judge the source vault.

    | vault | create | its key to be | found |
    |---|---|---|---|
    | not seen | | | Unknown; nothing is written |
    | there | | | Met |
    | absent | no | | Unmet |
    | absent | yes | an enabled customer managed key | Unmet, ours; CreateSourceVault |
    | absent | yes | anything else | Unmet |
    """
    vault, look = base.desired.source, base.sight[VAULT]
    if isinstance(look, Unseen):
        return Finding((unseen(ROW, "", look.problem, "spec.source.region"),))
    if look.value is not None:
        return Finding((met(ROW, "", f"Vault {vault.name} exists.", proves=True),))
    if not base.desired[CREATION].create:
        remedy = "Correct spec.source.vault.name or spec.source.region, or set create and encryptionKey there."
        return Finding((_absent(base, remedy),))
    key, why = _key(base.sight, base.desired[CREATION].encryption_key or "")
    drift = (Drift("", "vault", vault.name, "present", "absent"),)
    if key is None:
        return Finding((_absent(base, f"The operator cannot create it yet: {why}"),), drift)
    remedy = by_the_operator(base.desired, "creates the vault", unproven(base.rows, ""))
    return Finding((_absent(base, remedy, ours=True),), drift, (CreateSourceVault("", vault, key.arn),))


def _absent(base: Base, remedy: str, *, ours: bool = False) -> Prerequisite:
    vault = base.desired.source
    message = f"Account {vault.account.name} has no vault {vault.name} in {vault.region}."
    return unmet(ROW, "", Reason.SOURCE_VAULT_MISSING, message, remedy, proves=True, ours=ours)


def _key(source: Sight, wanted: str) -> tuple[Key | None, str]:
    """Return the key that the vault is to be created with, or why it cannot be."""
    look = source[KEYS].wanted
    if isinstance(look, Unseen):
        return None, look.problem.message
    if look.value is None:
        return None, f"there is no key {wanted}. Create it, or correct spec.source.vault.encryptionKey."
    if look.value.manager != "CUSTOMER" or look.value.state != "Enabled":
        return None, f"key {wanted} is {look.value.state} and managed by {look.value.manager}. Name another one."
    return look.value, ""


def unseen(name: str, of: str, problem: Problem, field: str) -> Prerequisite:
    """Return the row about a vault that could not be looked at."""
    row = unknown(name, of, problem, blocks=True, proves=not of, tells_the_region=True)
    if problem.reason is not Reason.REGION_DOUBTFUL:
        return row
    remedy = f"Correct {field}; a Region newer than this release works once its BackupAccount lists it."
    return replace(row, remedy=remedy)
