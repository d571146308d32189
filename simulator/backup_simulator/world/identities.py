"""Users, roles, managed policies and identity providers of a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..policies import policy
from ..records import access, principals, state
from ..services.iam import aws_managed
from ..wire import SimulatorError
from .files import Flaws, WorldError
from .identity_parts import UserPart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from . import schema
    from .identity_parts import RolePart

ADMINISTRATOR = aws_managed.PREFIX + "AdministratorAccess"


def build(living: state.State, part: schema.AccountPart, start: float, flaws: Flaws) -> None:
    """Make an account's policies, users, roles and providers; trust comes later, when all names exist."""
    _policies(living, part, start, flaws)
    _providers(living, part, start)
    for user in part.users:
        _user(living, part.id, user, start, flaws)
    for role in part.roles:
        identity = _identity(living, part.id, role, start, flaws)
        identity.max_session = int(role.max_session)
        living.accounts[part.id].roles[role.name] = identity


def _policies(living: state.State, part: schema.AccountPart, start: float, flaws: Flaws) -> None:
    account = living.accounts[part.id]
    for given in part.policies:
        arn = f"arn:aws:iam::{part.id}:policy{given.path}{given.name}"
        compiled = policy.compiled(policy.FULL)
        with flaws.gathered():
            compiled = _compiled(given.document, f"account {part.id}, policy {given.name}")
        account.policies[arn] = access.ManagedPolicy(arn, living.ids.upper("ANPA"), start, {"v1": (compiled, start)})


def _providers(living: state.State, part: schema.AccountPart, start: float) -> None:
    account = living.accounts[part.id]
    for provider in part.oidc_providers:
        account.providers[provider.host] = access.OidcProvider(
            f"arn:aws:iam::{part.id}:oidc-provider/{provider.host}",
            f"https://{provider.host}",
            list(provider.audiences),
            start,
            access.signing_secret(living.ids.seed, provider.host),
            tuple(provider.keys),
        )


def _user(living: state.State, account_id: str, part: UserPart, start: float, flaws: Flaws) -> None:
    """Make a user with its access key."""
    made = living.accounts[account_id].users[part.name] = _identity(living, account_id, part, start, flaws)
    key, caller = part.access_key, principals.of_identity(made)
    living.credentials[key.id] = state.Credential(key.id, key.secret, caller)


def _identity(
    living: state.State, account: str, part: UserPart | RolePart, start: float, flaws: Flaws
) -> state.Identity:
    kind = "user" if isinstance(part, UserPart) else "role"
    unique_id = living.ids.upper("AIDA" if kind == "user" else "AROA")
    created = start - living.durations.principals  # known everywhere from the start
    identity = state.Identity(kind, account, part.name, part.path, unique_id, created, tags=dict(part.tags))
    where = f"account {account}, {kind} {part.name}"
    with flaws.gathered():
        _grant(living, identity, part.policies, where)
    if part.boundary is not None:
        with flaws.gathered():
            identity.boundary = _managed(living, account, part.boundary, f"{where}: boundary")
    living.anchors[unique_id] = identity
    return identity


def _grant(living: state.State, identity: state.Identity, parts: Sequence[str | policy.Document], where: str) -> None:
    for index, part in enumerate(parts):
        if isinstance(part, str):
            arn = ADMINISTRATOR if part == "full" else part
            identity.attached[arn] = _managed(living, identity.account, arn, f"{where}: policies")
        else:
            identity.inline[f"inline-{index}"] = _compiled(part, f"{where}: policies")


def _managed(living: state.State, account: str, arn: str, where: str) -> access.ManagedPolicy:
    found = living.accounts[account].policies.get(arn) or aws_managed.find(arn)
    if found is None:
        raise WorldError(f"{where}: {aws_managed.unknown(arn) or _no_policy(arn)}")
    return found


def _no_policy(arn: str) -> str:
    namesake = aws_managed.namesake(arn)
    return f"{arn} is no policy of AWS; {namesake}?" if namesake else f"{arn} is no policy of the account"


def _compiled(document: policy.Document, where: str) -> policy.Policy:
    try:
        return policy.compiled(document)
    except (policy.MalformedPolicyError, SimulatorError) as error:
        raise WorldError(f"{where}: {error}") from None
