"""What an operation is to the dispatcher: a handler, and how the caller is judged before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..identity import gate
from ..policies import condition_keys
from ..wire import Params

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..policies.condition_keys import ConditionKeys, GatheredKeys
    from ..policies.policy import Policy
    from ..policies.principal import Principal
    from ..records.state import Account, Region, State


@dataclass(frozen=True, slots=True)
class Scope:
    """Who calls, where, when, in which world."""

    state: State
    principal: Principal
    credential_is_session: bool
    region_name: str
    now: float
    facts: ConditionKeys = field(default_factory=dict)
    """Condition keys that follow from the connection: address and user agent."""
    host: str = ""

    @property
    def account(self) -> Account:
        """The caller's account."""
        return self.state.accounts[self.principal.account]

    @property
    def region(self) -> Region:
        """The caller's account in the Region the request was signed for."""
        return self.account.region(self.region_name)

    @property
    def known(self) -> GatheredKeys:
        """The condition keys that every call has: the Region, the address, the user agent."""
        return {"aws:requestedregion": (self.region_name,), **self.facts}

    def arn(self, service: str, resource: str) -> str:
        """The ARN that something of the caller's account has in the Region of the call."""
        return f"arn:aws:{service}:{self.region_name}:{self.account.account_id}:{resource}"

    def authorise(
        self,
        action: str,
        resource: str,
        *,
        policy: Policy | None = None,
        keys: GatheredKeys | None = None,
    ) -> None:
        """Raise AccessDenied unless the caller may."""
        known = self.known | (keys or {})
        gate.authorise(self.state, self.principal, action, resource, resource_policy=policy, keys=known)


def anything(_scope: Scope, _params: Params) -> tuple[str, Policy | None]:
    """The resource of operations that know only `*`."""
    return "*", None


def forwarded(service: str) -> GatheredKeys:
    """The condition keys of a call that a service makes on with the caller's own rights."""
    return {
        "aws:viaawsservice": ("true",),
        "aws:calledvia": (service,),
        "aws:calledviafirst": (service,),
        "aws:calledvialast": (service,),
    }


def request_tags(tags: Mapping[str, str] | None) -> GatheredKeys:
    """The condition keys of tags in a request."""
    found = condition_keys.of_tags("request", tags or {})
    return found | ({"aws:tagkeys": tuple(tags)} if tags else {})


@dataclass(frozen=True, slots=True)
class Operation:
    """One implemented operation.

    `target` gives the ARN and the resource policy that the gate judges before the handler runs;
    None means that the handler judges by itself, or that the operation needs no permission.
    `patience` gives how many virtual seconds a call may wait as long as its answer is empty.
    """

    handle: Callable[[Scope, Params], Params]
    target: Callable[[Scope, Params], tuple[str, Policy | None]] | None = anything
    patience: Callable[[Scope, Params], float] | None = None
