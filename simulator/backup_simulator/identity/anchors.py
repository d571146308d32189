"""Principals in stored policies are bound to identities, not to names.

AWS keeps the unique id: a role that was deleted reads back as `AROA…`, and a new role of the same name does not match.
Bare account ids become root ARNs (recordings).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from ..fidelity import Behaviour
from ..policies import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..records.state import State

_IDENTITY = re.compile(r"arn:aws:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")
_ROOT = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|aws\.internal)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/[^/]+/[^/]+")


class UnknownPrincipalError(ValueError):
    """A policy names somebody who does not exist; `kind` is how AWS calls the kind of principal in its messages."""

    def __init__(self, name: str, kind: str = "AWS") -> None:
        super().__init__(name)
        self.kind = kind


def anchored(state: State, document: policy.Document) -> policy.Policy:
    """Compile a resource policy with its principals bound to existing identities."""
    policy.compiled(document)
    return policy.compiled(_mapped(document, lambda value: _anchor(state, value)))


def rendered(state: State, stored: policy.Policy) -> policy.Document:
    """Give a stored policy back the way AWS reads it back."""

    def name(value: str) -> str:
        found = state.anchors.get(value)
        return found.arn if found else value

    found = _mapped(stored.document, name)
    return found | {"Statement": [_collapsed(statement) for statement in found["Statement"]]}


def _mapped(document: policy.Document, convert: Callable[[str], str]) -> policy.Document:
    statements = [
        statement
        | {name: _principal(statement[name], convert) for name in ("Principal", "NotPrincipal") if name in statement}
        for statement in policy.items(document["Statement"])
    ]
    return document | {"Statement": statements}


def _principal(element: Any, convert: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON of a policy
    if not isinstance(element, dict):
        return element
    for name in policy.items(element.get("Service", ())):
        if not _SERVICE.fullmatch(str(name)):
            raise UnknownPrincipalError(str(name), "SERVICE")
    found = {
        kind: [convert(str(value)) for value in policy.items(values)] if kind == "AWS" else values
        for kind, values in element.items()
        if kind != "CanonicalUser"
    }
    if "CanonicalUser" in element:
        named = [convert(str(value)) for value in policy.items(element["CanonicalUser"])]
        found["AWS"] = [*found.get("AWS", []), *named]
    return found


def canonical(account: str) -> str:
    """An account's canonical user id: 64 hexadecimal digits that say nothing."""
    return hashlib.sha256(f"canonical user {account}".encode()).hexdigest()


def _anchor(state: State, value: str) -> str:
    if value == "*" or value in state.anchors:
        return value
    if (root := _ROOT.fullmatch(value)) and root[1] in state.accounts:
        return f"arn:aws:iam::{root[1]}:root"
    if _CANONICAL.fullmatch(value):
        owner = next((account_id for account_id in state.accounts if value == canonical(account_id)), None)
        if owner:
            return f"arn:aws:iam::{owner}:root"
    if (session := _SESSION.fullmatch(value)) and session[1] in state.accounts:
        return value
    identity = _IDENTITY.fullmatch(value)
    account = state.accounts.get(identity[1]) if identity else None
    if identity and account:
        found = (account.roles if identity[2] == "role" else account.users).get(identity[3])
        if found and found.arn == value and state.propagated(found):
            return found.unique_id
    raise UnknownPrincipalError(value)


def _collapsed(statement: policy.Document) -> policy.Document:
    """Turn the single-element lists of a statement into their element."""
    return {
        name: {kind: _single(inner) for kind, inner in part.items()}
        if name in {"Principal", "NotPrincipal"} and part != "*"
        else _single(part)
        for name, part in statement.items()
    }


def _single(value: Any) -> Any:  # noqa: ANN401 - JSON of a policy
    return value[0] if isinstance(value, list) and len(value) == 1 else value


FIDELITY = (
    Behaviour(
        "Principals in stored policies are bound to unique ids; a deleted role reads back as `AROA…`",
        "issue, recordings",
        "test_vaults.py::test_a_deleted_role_reads_back_as_its_unique_id",
    ),
    Behaviour(
        "A principal that does not exist is refused when a policy is put",
        "DG, issue",
        "test_vaults.py::test_a_policy_names_only_who_exists",
    ),
    Behaviour(
        "A service principal has to look like one, `backup.amazonaws.com`; whether the service exists is not asked",
        "issue (the refusal: users' reports); that the form is enough: ours",
        "test_iam.py::test_a_service_principal_has_the_form_of_one",
    ),
    Behaviour(
        "A new user or role is unknown to policies, STS and AWS Backup for `durations.principals` (at once by default)",
        "issue (terraform-provider-aws waits two minutes); the same delay everywhere: ours",
        "test_propagation.py::test_a_new_role_cannot_be_used_before_the_services_know_it",
    ),
    Behaviour(
        "Read-back: account id becomes root ARN, one-element lists become their element",
        "recordings",
        "test_vaults.py::test_principals_read_back_normalised",
    ),
)
