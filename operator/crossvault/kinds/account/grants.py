"""Who may use what of an account: which namespaces, as source or destination, which vaults, with which copy roles.

A reference that no grant lets through reads the same as one to an account that does not exist (invariant 4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeAlias

from ...aspects.copy_role import DEFAULT, role_name
from ...aspects.source_keys.declared import KEY_POLICY
from ...aspects.vault_policy import Grantee
from ...aspects.vault_policy.statement import MOST_OF_ONE_ACCOUNT
from ...engine.declared import Ownership
from ...manifest.fields import Fields

Labels: TypeAlias = Mapping[str, str]

_VAULTS = re.compile(r"[A-Za-z0-9_*-]{1,50}")
_KEYS = re.compile(r"alias/[A-Za-z0-9/_*-]{1,250}|(?:mrk-)?[0-9a-f*-]{1,40}")
_ROLES = re.compile(r"[A-Za-z0-9_+=,.@/-]{1,576}")


_LETS = {
    Grantee.COPY_ROLE: "",
    Grantee.ACCOUNT: " and have it let the whole account in (grantee: Account)",
    Grantee.ORGANIZATION: " and have it let the whole organization in (grantee: Organization)",
}


class Direction(StrEnum):
    """As what a policy uses an account."""

    SOURCE = "Source"
    DESTINATION = "Destination"


@dataclass(frozen=True, slots=True)
class AllowedNamespaces:
    """Some namespaces; none by default. ``match_labels`` None means no selector."""

    all: bool = False
    names: tuple[str, ...] = ()
    match_labels: tuple[tuple[str, str], ...] | None = None

    def admits(self, namespace: str, labels: Labels) -> bool:
        """Tell whether a namespace with these labels is among them. A selector without labels admits nobody."""
        if self.all or namespace in self.names:
            return True
        return bool(self.match_labels) and all(labels.get(key) == value for key, value in self.match_labels or ())


@dataclass(frozen=True, slots=True)
class Use:
    """What a policy wants of an account.

    Attributes:
        vault: The name of the vault.
        copy_role: The role that AWS Backup assumes for the copy, of a source, as :func:`role_name` has it.
        key: The key that is named for a vault to be, an alias or an id; empty where none is.
        grantee: Whom a destination has the vault let in.
        manages_keys: Whether a source has its keys shared.
        air_gapped: Whether a destination has a logically air-gapped vault made.
        schedules: Whether a source has a backup plan.
        backup_roles: The roles that make its backups, or read them, as :func:`role_name` has them.
        backup_vaults: The other vaults that it backs up into.
        locks: Whether a destination has its vault locked.
    """

    direction: Direction
    vault: str
    copy_role: str = ""
    key: str = ""
    grantee: Grantee = Grantee.COPY_ROLE
    manages_keys: bool = False
    air_gapped: bool = False
    schedules: bool = False
    backup_roles: tuple[str, ...] = ()
    backup_vaults: tuple[str, ...] = ()
    locks: bool = False

    def __str__(self) -> str:
        if self.direction is Direction.DESTINATION:
            key = f" on key {self.key}" if self.key else ""
            made = " and have it made logically air-gapped" if self.air_gapped else ""
            locked = " and have it locked (vault.lock)" if self.locks else ""
            return f"copy into vault {self.vault}{key}{_LETS[self.grantee]}{made}{locked}"
        own, made = self.copy_role == role_name(DEFAULT), f" on key {self.key}" if self.key else ""
        keys = " and have its keys shared (keyPolicy: Manage)" if self.manages_keys else ""
        roles = f" with role {', '.join(sorted(set(self.backup_roles)))}" if self.backup_roles else ""
        into = " and ".join(("it", *self.backup_vaults))
        plan = f" and have a backup plan back up into {into}{roles} (schedule)" if self.schedules else ""
        return f"copy from vault {self.vault}{made} with role {DEFAULT if own else self.copy_role}{keys}{plan}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What some namespaces may use of an account.

    Attributes:
        vaults: Names of vaults; ``*`` stands for any characters.
        copy_roles: Copy roles, as :func:`role_name` has them; they bind sources only. No patterns: every role is a
            statement in the policies of shared vaults, and who grants has to see how many there can be.
        keys: Aliases and ids of keys that may be named for vaults to be, with patterns; by default none.
        grantees: Whom destinations may have the vaults let in. By default copy roles alone: those are granted one by
            one at the source, and a whole account, or organization, is everybody who may copy there.
        manages_keys: Whether sources may have the keys behind their recovery points shared with where they copy to.
        air_gapped: Whether destinations may have logically air-gapped vaults made, which nobody can empty or unlock.
        schedules: Whether sources may have backup plans, which may select whatever lies in the account.
        locks: Whether destinations may have vaults locked, which binds all who write into them.
        policies: How many policies of one namespace may use the account by this grant, None for any number.
    """

    namespaces: AllowedNamespaces
    directions: frozenset[Direction]
    vaults: tuple[str, ...]
    copy_roles: tuple[str, ...] = (f"service-role/{DEFAULT}",)
    keys: tuple[str, ...] = ()
    grantees: frozenset[Grantee] = frozenset({Grantee.COPY_ROLE})
    manages_keys: bool = False
    air_gapped: bool = False
    schedules: bool = False
    locks: bool = False
    policies: int | None = None

    def lets(self, use: Use) -> bool:
        """Tell whether a namespace that the grant is for may do this."""
        if use.direction not in self.directions or not _matches(use.vault, self.vaults):
            return False
        if use.direction is Direction.SOURCE:
            wanted = (self.manages_keys or not use.manages_keys) and (self.schedules or not use.schedules)
            filled = all(_matches(each, self.vaults) for each in use.backup_vaults)
            roles = {use.copy_role, *use.backup_roles} <= {*self.copy_roles}
            return wanted and filled and roles and self._lets_key(use)
        if (use.air_gapped and not self.air_gapped) or (use.locks and not self.locks):
            return False
        return use.grantee in self.grantees and self._lets_key(use)

    def _lets_key(self, use: Use) -> bool:
        return not use.key or _matches(use.key, self.keys)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, each) for each in patterns)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an account is good for in the eyes of one namespace.

    Attributes:
        permitted: Whether the use is let through at all.
        policies: How many policies of the namespace may do it, None for any number.
    """

    permitted: bool = False
    policies: int | None = None


def allowance(
    allowed: AllowedNamespaces, grants: tuple[Grant, ...], namespace: str, labels: Labels, use: Use
) -> Allowance:
    """Return what ``allowedNamespaces`` and the grants let a namespace do; the most generous of them counts."""
    if allowed.admits(namespace, labels):
        return Allowance(permitted=True)
    found = [each.policies for each in grants if each.namespaces.admits(namespace, labels) and each.lets(use)]
    most = [each for each in found if each is not None]
    return Allowance(permitted=bool(found), policies=max(most) if len(most) == len(found) and most else None)


def only_namespace(allowed: AllowedNamespaces, grants: tuple[Grant, ...]) -> str:
    """Return the one namespace that may use the account at all; empty where others may, or labels decide."""
    everybody = [allowed, *(each.namespaces for each in grants)]
    names = {name for each in everybody for name in each.names}
    others = any(each.all or each.match_labels is not None for each in everybody)
    return names.pop() if len(names) == 1 and not others else ""


def key_name(text: str) -> str:
    """Return alias or id of a key, however it is named: ``alias/orders``, an id, or the ARN of either."""
    return text.rsplit(":", 1)[-1].removeprefix("key/")


# --- Reading -------------------------------------------------------------------------------------------------------


def allowed_from(fields: Fields) -> AllowedNamespaces:
    """Read ``allowedNamespaces``, or the ``namespaces`` of a grant."""
    match_labels = None
    if fields.has("selector"):
        selector = fields.object("selector")
        match_labels = selector.pairs("matchLabels")
        if not match_labels:
            selector.fault("matchLabels", "must have at least one label; to allow every namespace set all")
    return AllowedNamespaces(all=fields.flag("all"), names=fields.texts("names"), match_labels=match_labels)


def grants_from(spec: Fields) -> tuple[Grant, ...]:
    """Read ``grants``; an absent list is empty."""
    grants = tuple(_grant(each) for each in spec.objects("grants", required=False))
    roles = {role for each in grants if Direction.SOURCE in each.directions for role in each.copy_roles}
    # Each can become a statement in a vault's policy; so all of them have room.
    if len(roles) > MOST_OF_ONE_ACCOUNT:
        spec.fault("grants", f"must name at most {MOST_OF_ONE_ACCOUNT} different copyRoles in all, name {len(roles)}")
    return grants


def _grant(fields: Fields) -> Grant:
    directions = frozenset(fields.choices("as", Direction))
    if fields.has("copyRoles") and Direction.SOURCE not in directions:
        fields.fault("copyRoles", "only with Source: the copy role is of the account that is copied from")
    if fields.says(KEY_POLICY, Ownership.MANAGE) and Direction.SOURCE not in directions:
        fields.fault(KEY_POLICY, "only with Source: the keys are those behind what is copied from there")
    if fields.says("schedules", True) and Direction.SOURCE not in directions:
        fields.fault("schedules", "only with Source: a plan backs up what lies there")
    if fields.says("airGappedVaults", True) and Direction.DESTINATION not in directions:
        fields.fault("airGappedVaults", "only with Destination: the vault is one that is copied into")
    if fields.says("vaultLocks", True) and Direction.DESTINATION not in directions:
        fields.fault("vaultLocks", "only with Destination: the vault is one that is copied into")
    if fields.has("grantees") and Direction.DESTINATION not in directions:
        fields.fault("grantees", "only with Destination: the policy is of the vault that is copied into")
    return Grant(
        namespaces=allowed_from(fields.object("namespaces", required=True)),
        directions=directions,
        vaults=_patterns(fields, "vaults", _VAULTS, "must be the name of a vault, with * for any characters"),
        copy_roles=_roles(_patterns(fields, "copyRoles", _ROLES, "must be the name of a role"))
        if fields.has("copyRoles")
        else _roles((DEFAULT,)),
        keys=_patterns(
            fields, "keys", _KEYS, "must begin with alias/, or be the id of a key, with * for any characters"
        )
        if fields.has("keys")
        else (),
        grantees=frozenset(fields.choices("grantees", Grantee))
        if fields.has("grantees")
        else frozenset({Grantee.COPY_ROLE}),
        manages_keys=fields.choice(KEY_POLICY, Ownership.CHECK) is Ownership.MANAGE,
        air_gapped=fields.flag("airGappedVaults"),
        schedules=fields.flag("schedules"),
        locks=fields.flag("vaultLocks"),
        policies=fields.object("limits").optional_integer("policies"),
    )


def _roles(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(role_name, texts))


def _patterns(fields: Fields, name: str, form: re.Pattern[str], wanted: str) -> tuple[str, ...]:
    patterns = fields.texts(name)
    if not patterns:
        fields.fault(name, "must have at least one item")
    for number, each in enumerate(patterns):
        if not form.fullmatch(each):
            fields.fault(f"{name}[{number}]", wanted)
    return patterns
