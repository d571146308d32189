"""The declared BackupOrganizations, which of them speak of one organization, and where policies hold copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...aspects.organization import KEEPERS
from ...aspects.organization.former import Holding
from ...aspects.organization.switch import Keeper
from ...engine.declared import PolicyKey
from ...engine.hints import Hint
from ...engine.parts import Parts
from ...engine.rights import AsManager
from ..account import ACCOUNT
from ..kind import Body, ObjectKey, Occasion, Others
from ..needs import needs_of
from .parse import KIND, OrganizationDeclaration, parse_organization
from .reconcile import OrganizationRequest

_NO_ACCOUNT = frozenset({""})


class OrganizationDrawer:
    """A :class:`~crossvault.kinds.kind.Drawer`."""

    def __init__(self, others: Others) -> None:
        self._accounts = others[ACCOUNT]
        self._declared: dict[str, OrganizationDeclaration] = {}
        self._holdings: dict[PolicyKey, tuple[Holding, ...]] = {}

    # --- sight

    def keepers(self) -> Mapping[str, Keeper]:
        """Return who is declared to keep the switch, by id of the management account; who manages it before others."""
        found: dict[str, Keeper] = {}
        accounts = self._accounts.accounts()
        for each in sorted(self._declared.values(), key=lambda one: (one.keeper.wanted, one.keeper.name)):
            named = accounts.get(each.account)
            if named is not None and named.account.account_id:
                found.setdefault(named.account.account_id, replace(each.keeper, account=named.account))
        return found

    def rivals_of(self, name: str) -> tuple[Keeper, ...]:
        """Return what else is declared of the same organization, by name."""
        return tuple(self._declared[each].keeper for each in self._beside(name))

    def accounts_of(self, key: ObjectKey) -> frozenset[str]:
        """Return the account that is named, where there is one."""
        declared = self._declared.get(key.name)
        there = declared is not None and declared.account in self._accounts.accounts()
        return frozenset({declared.account}) if declared is not None and there else _NO_ACCOUNT

    def request(self, key: ObjectKey, body: Body, occasion: Occasion) -> OrganizationRequest:
        """Return what a pass over an organization is given."""
        return OrganizationRequest(
            body=body,
            accounts=self._accounts.accounts(),
            not_before=occasion.not_before,
            rivals=self.rivals_of(key.name),
            holdings=tuple(each for held in self._holdings.values() for each in held),
        )

    def is_overtaken(self, _key: ObjectKey, request: OrganizationRequest) -> bool:
        """Tell whether the account that is named has changed; it is read as a whole and never changes."""
        name = request.account_named()
        return self._accounts.accounts().get(name) != request.accounts.get(name)

    def hinted(self, _hint: Hint) -> Mapping[ObjectKey, frozenset[Hint]]:
        """What happens to vaults changes nothing of an organization."""
        return {}

    # --- what is put in

    def hold(self, policy: PolicyKey, holdings: tuple[Holding, ...]) -> None:
        """Take in what a policy last counted in the vaults that it copies into; nothing forgets it."""
        if holdings:
            self._holdings[policy] = holdings
        else:
            self._holdings.pop(policy, None)

    def put(self, key: ObjectKey, body: Body, *, changed: bool) -> tuple[ObjectKey, ...]:
        """Take in an organization; one that cannot be parsed, or is to go, declares nothing. Returns its rivals."""
        if not changed:
            return ()
        declared = parse_organization(body)
        going = body["metadata"].get("deletionTimestamp") is not None
        usable = isinstance(declared, OrganizationDeclaration) and not going
        return self._declare(key.name, declared if usable else None)  # type: ignore[arg-type] # usable says so

    def drop(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Forget an organization; return its rivals of before."""
        return self._declare(key.name, None)

    def concerned(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Return the organizations that name an account, with all that speak of the same organization."""
        if key.kind != ACCOUNT.name:
            return ()
        self._need()
        naming = {name for name, each in self._declared.items() if each.account == key.name}
        return _keys(naming | {other for name in naming for other in self._beside(name)})

    def settle(self, _limit: int) -> bool:
        """Nothing is left to be found out."""
        return False

    def _declare(self, name: str, declared: OrganizationDeclaration | None) -> tuple[ObjectKey, ...]:
        others = self._beside(name)
        self._declared.pop(name, None)
        if declared is not None:
            self._declared[name] = declared
        else:
            self._accounts.need(_holder(name), {})
        self._need()
        return _keys(others | self._beside(name))

    def _need(self) -> None:
        """Say what each needs of the account that it names, which depends on what all declare."""
        around = Parts().having(KEEPERS, self.keepers())
        accounts = self._accounts.accounts()
        for name, each in self._declared.items():
            found = accounts.get(each.account)
            needs = {} if found is None else {each.account: needs_of(AsManager(found.account, around))}
            self._accounts.need(_holder(name), needs)

    def _beside(self, name: str) -> set[str]:
        """Return the others over the organization of one: an account manages one organization at most."""
        declared = self._declared.get(name)
        account_id = self._account_id(declared) if declared is not None else ""
        if not account_id:
            return set()
        return {
            other for other, each in self._declared.items() if other != name and self._account_id(each) == account_id
        }

    def _account_id(self, declared: OrganizationDeclaration) -> str:
        found = self._accounts.accounts().get(declared.account)
        return found.account.account_id if found is not None else ""


def _holder(name: str) -> str:
    return f"organization {name}"


def _keys(names: set[str]) -> tuple[ObjectKey, ...]:
    return tuple(ObjectKey(KIND, "", each) for each in sorted(names))
