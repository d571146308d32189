"""What all operations of IAM share: finding things, reading policies, pages, what things look like.

Source: IAM API reference; the texts of NoSuchEntity, EntityAlreadyExists and DeleteConflict from public reports.
"""

from __future__ import annotations

import json
import urllib.parse
from typing import TYPE_CHECKING

from ...identity import anchors
from ...policies import policy
from ...wire import AwsError, Params
from .. import pages, tag_forms
from . import aws_managed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...policies.policy import Document, Policy
    from ...records.access import ManagedPolicy
    from ...records.state import Identity
    from ..operation import Scope


def missing(text: str) -> AwsError:
    """NoSuchEntity."""
    return AwsError("NoSuchEntity", text, status=404)


def taken(text: str) -> AwsError:
    """EntityAlreadyExists."""
    return AwsError("EntityAlreadyExists", text, status=409)


def conflict(text: str) -> AwsError:
    """DeleteConflict."""
    return AwsError("DeleteConflict", text, status=409)


def exceeded(text: str) -> AwsError:
    """LimitExceeded."""
    return AwsError("LimitExceeded", text, status=409)


def held(scope: Scope, kind: str) -> dict[str, Identity]:
    """The roles or users of the caller's account."""
    return scope.account.roles if kind == "role" else scope.account.users


def require_no_policies(found: Identity) -> None:
    """Raise unless nothing is attached to what is to be deleted."""
    if found.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if found.inline:
        raise conflict("Cannot delete entity, must delete policies first.")


def named(scope: Scope, kind: str, params: Params) -> str:
    """The ARN of the role or user that a call names; without a name it is the user that calls."""
    name = params.get(f"{kind.capitalize()}Name")
    if name is None and scope.principal.kind != "user":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return arn_of(scope, kind, name or scope.principal.name)


def identity(scope: Scope, kind: str, name: str) -> Identity:
    """A role or a user of the caller's account."""
    found = held(scope, kind).get(name)
    if found is None:
        raise missing(f"The {kind} with name {name} cannot be found.")
    return found


def changeable(scope: Scope, kind: str, name: str) -> Identity:
    """A role or a user that is not AWS's own."""
    found = identity(scope, kind, name)
    if found.service_linked:
        message = f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS."
        raise AwsError("UnmodifiableEntity", message)
    return found


def arn_of(scope: Scope, kind: str, name: str, path: str = "/") -> str:
    """The ARN under which a role or user is judged, whether it exists or not."""
    found, account = held(scope, kind).get(name), scope.account.account_id
    return found.arn if found else f"arn:aws:iam::{account}:{kind}{path}{name}"


def managed(scope: Scope, arn: str) -> ManagedPolicy:
    """A managed policy: the account's own, or AWS's."""
    if not arn.startswith("arn:"):
        raise AwsError("ValidationError", f"ARN {arn} is not valid.")
    found = scope.account.policies.get(arn) or aws_managed.sought(arn)
    if found is None:
        raise missing(f"Policy {arn} does not exist or is not attachable.")
    return found


def read(text: str, compile_: Callable[[Document], Policy]) -> Policy:
    """Read a policy document or refuse it."""
    try:
        return compile_(policy.parse(text))
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None


def read_trust(scope: Scope, text: str) -> Policy:
    """Read a role's trust policy and bind it to the principals it names."""
    found = read(text, policy.trust_policy)
    try:
        return anchors.anchored(scope.state, found.document)
    except anchors.UnknownPrincipalError as error:
        raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "{error.kind}":"{error}"') from None


def page(found: Sequence[object], params: Params, name: str) -> Params:
    """One page of a list, 100 long unless asked otherwise."""
    try:
        shown, more = pages.by_position(found, params.get("Marker"), params.get("MaxItems", 100))
    except pages.BadTokenError:
        raise AwsError("ValidationError", "Invalid Marker.") from None
    return {name: shown, "IsTruncated": more is not None, "Marker": more}


def document(found: Policy) -> str:
    """A policy as IAM sends it: URL-encoded JSON."""
    return urllib.parse.quote(json.dumps(found.document))


def shown(scope: Scope, found: Identity, *, in_list: bool = False) -> Params:
    """A role or user as the API shows it; lists leave boundary and tags out."""
    kind = found.kind.capitalize()
    answer: Params = {
        "Path": found.path,
        f"{kind}Name": found.name,
        f"{kind}Id": found.unique_id,
        "Arn": found.arn,
        "CreateDate": found.created,
    }
    if found.kind == "role":
        trust = anchors.rendered(scope.state, found.trust) if found.trust else {}
        answer["AssumeRolePolicyDocument"] = urllib.parse.quote(json.dumps(trust))
        answer["Description"] = found.description or None
        answer["MaxSessionDuration"] = found.max_session
    if in_list:
        return answer
    if found.tags:
        answer["Tags"] = tag_forms.as_pairs(found.tags)
    if found.boundary:
        answer["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",  # as the model has it; pages say `Policy`
            "PermissionsBoundaryArn": found.boundary.arn,
        }
    return answer
