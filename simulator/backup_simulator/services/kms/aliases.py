"""KMS aliases: create, point elsewhere, delete, list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import keys
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import lookup

if TYPE_CHECKING:
    from ...records.state import Key

NO_PREFIX = (
    'Alias must start with the prefix "alias/". '
    "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
)


def create(scope: Scope, params: Params) -> Params:
    """Name a key."""
    name = params["AliasName"]
    _require_name(name)
    key = _target(scope, params["TargetKeyId"], "kms:CreateAlias")
    _authorise(scope, name, "kms:CreateAlias")
    lookup.require_not_pending(key)
    if name in scope.region.aliases:
        raise AwsError("AlreadyExistsException", f"An alias with the name {_arn(scope, name)} already exists")
    scope.region.aliases[name] = key.key_id
    return {}


def update(scope: Scope, params: Params) -> Params:
    """Let an alias name another key."""
    name = params["AliasName"]
    _require_name(name)
    current = _held(scope, name)
    key = _target(scope, params["TargetKeyId"], "kms:UpdateAlias")
    _authorise(scope, name, "kms:UpdateAlias")
    lookup.require(scope, current, "kms:UpdateAlias")
    lookup.require_not_pending(key)
    scope.region.aliases[name] = key.key_id
    return {}


def delete(scope: Scope, params: Params) -> Params:
    """Forget an alias; the key stays."""
    name = params["AliasName"]
    _require_name(name)
    key = _held(scope, name)
    _authorise(scope, name, "kms:DeleteAlias")
    lookup.require(scope, key, "kms:DeleteAlias")
    del scope.region.aliases[name]
    return {}


def list_aliases(scope: Scope, params: Params) -> Params:
    """List aliases by name; AWS's predefined ones appear without a key until they are used."""
    scope.authorise("kms:ListAliases", "*")
    wanted = lookup.found(scope, params["KeyId"], "kms:ListAliases").key_id if "KeyId" in params else None
    aliases: dict[str, str | None] = {**dict.fromkeys(keys.MANAGED), **scope.region.aliases}
    found = [
        {
            "AliasName": name,
            "AliasArn": _arn(scope, name),
            "TargetKeyId": key_id,
            "CreationDate": scope.region.keys[key_id].created if key_id in scope.region.keys else None,
        }
        for name, key_id in sorted(aliases.items())
        if wanted is None or key_id == wanted
    ]
    return lookup.page(params, found, "Aliases")


def _require_name(name: str) -> None:
    if not name.startswith("alias/"):
        raise AwsError("ValidationException", NO_PREFIX)
    if name.startswith("alias/aws/"):
        raise AwsError("NotAuthorizedException", f"Alias {name} is not allowed")


def _held(scope: Scope, name: str) -> Key:
    key = scope.region.keys.get(scope.region.aliases.get(name, ""))
    if key is None:
        raise AwsError("NotFoundException", f"Alias {_arn(scope, name)} is not found.")
    return key


def _target(scope: Scope, name: str, action: str) -> Key:
    return lookup.customer(scope, name, action)


def _authorise(scope: Scope, name: str, action: str) -> None:
    """Aliases are judged by identity policies, keys by their own policy: both have to allow."""
    scope.authorise(action, _arn(scope, name))


def _arn(scope: Scope, name: str) -> str:
    return scope.arn("kms", name)


OPERATIONS = {
    "CreateAlias": Operation(create, target=None),
    "UpdateAlias": Operation(update, target=None),
    "DeleteAlias": Operation(delete, target=None),
    "ListAliases": Operation(list_aliases, target=None),
}

FIDELITY = (
    Behaviour(
        "CreateAlias, UpdateAlias and DeleteAlias need the right on the alias and on every key concerned",
        "DG",
        "test_kms_keys.py::test_an_alias_is_moved_and_deleted",
    ),
    Behaviour(
        "An alias needs its prefix and none of `alias/aws/`: ValidationException, NotAuthorizedException",
        "recordings; of `alias/aws/`: DG, code and text assumed",
        "test_kms_keys.py::test_aliases_of_aws_are_out_of_bounds",
    ),
)
