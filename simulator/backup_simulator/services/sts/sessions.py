"""STS: what a session is made of: its length, its policies, its tags, its source identity."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...policies import policy
from ...policies.principal import Session
from ...records import principals
from ...records.state import Credential
from ...wire import AwsError, Params
from .. import tag_rules
from ..iam import aws_managed

if TYPE_CHECKING:
    from ...policies.policy import Policy
    from ...policies.principal import Principal
    from ...records.state import Identity, State
    from ..operation import Scope

PLAIN_LIMIT = 2048
PACKED_LIMIT = 2048
CHAINED = 3600


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants its session to be, checked."""

    name: str
    seconds: int
    policies: tuple[Policy, ...] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str | None = None
    provider: str | None = None
    packed: int | None = None


def length(params: Params, role: Identity, *, chained: bool) -> int:
    """The session's length in seconds, within the bounds of role and chaining."""
    seconds: int = params.get("DurationSeconds", 3600)
    if chained and seconds > CHAINED:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if seconds > role.max_session:
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError("ValidationError", message)
    return seconds


def tags(params: Params, caller: Session | None, inherited: dict[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    """The session's tags and which of them are handed on; transitive tags of the caller cannot be replaced."""
    found = tag_rules.read("sts", params.get("Tags", []))
    handed = {name for name in inherited if caller and name in caller.transitive}
    if {name.lower() for name in found} & {name.lower() for name in handed}:
        message = (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
        raise AwsError("InvalidParameterValue", message)
    wanted = set(params.get("TransitiveTagKeys", []))
    if not wanted <= set(found):
        message = "The specified transitive tag key must be included in the requested tags."
        raise AwsError("InvalidParameterValue", message)
    return found | {name: inherited[name] for name in handed}, frozenset(wanted | handed)


def policies(state: State, params: Params, role: Identity) -> tuple[tuple[Policy, ...] | None, int | None]:
    """The session policies and the percentage of their packed size; None where there are none."""
    texts, found = [], []
    if "Policy" in params:
        texts.append(params["Policy"])
        try:
            found.append(policy.identity_policy(policy.parse(params["Policy"])))
        except policy.MalformedPolicyError as error:
            raise AwsError("MalformedPolicyDocument", str(error)) from None
    for given in params.get("PolicyArns", []):
        arn = given["arn"]
        managed = state.accounts[role.account].policies.get(arn) or aws_managed.sought(arn)
        if managed is None:
            raise AwsError("ValidationError", f"The policy {arn} does not exist in the account of the role.")
        texts.append(arn)
        found.append(managed.policy)
    plain = sum(map(len, texts))
    tagged = [f"{tag['Key']}={tag['Value']}" for tag in params.get("Tags", [])]
    packed = len(zlib.compress("\n".join([*texts, *tagged]).encode())) * 100 // PACKED_LIMIT
    if plain > PLAIN_LIMIT or packed > 100:
        size = max(plain * 100 // PLAIN_LIMIT, packed)
        message = f"Packed policy consumes {size}% of allotted space, please use smaller policy."
        raise AwsError("PackedPolicyTooLarge", message)
    return (tuple(found) if texts else None), (packed if texts or tagged else None)


def open_session(scope: Scope, role: Identity, wish: Wish) -> Params:
    """Make the credentials of a session; clients compare Expiration with their own clock, so it is wall time."""
    session = Session(scope.now, wish.policies, wish.transitive, wish.source_identity, wish.provider)
    principal = principals.of_role(role, wish.name, tags=wish.tags, session=session)
    return {
        "Credentials": credentials(scope, principal, wish.seconds),
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        "PackedPolicySize": wish.packed,
        "SourceIdentity": wish.source_identity,
    }


def credentials(scope: Scope, principal: Principal, seconds: int) -> Params:
    """Temporary credentials as the API shows them."""
    made = _credential(scope, principal, seconds)
    return {
        "AccessKeyId": made.key_id,
        "SecretAccessKey": made.secret,
        "SessionToken": made.token,
        "Expiration": _shown(scope, seconds),
    }


def _shown(scope: Scope, seconds: int) -> float:
    clock = scope.state.clock
    return clock.real.wall() + seconds if scope.state.wall_sessions else clock.wall_moment(scope.now + seconds)


def _credential(scope: Scope, principal: Principal, seconds: int) -> Credential:
    ids, clock, state = scope.state.ids, scope.state.clock, scope.state
    expiry, wall = scope.now + seconds, state.wall_sessions
    made = Credential(
        ids.upper("ASIA", 16),
        ids.secret(),
        principal,
        ids.secret(160),
        expiry=None if wall else expiry,
        wall_expiry=_shown(scope, seconds) if wall else None,
    )
    # Forgotten long after its end, so that long runs do not grow.
    forget_at = expiry + seconds * clock.rate + 86_400.0
    key_id = made.key_id
    state.scheduler.at(forget_at, _forget, state, key_id)
    state.credentials[key_id] = made
    return made


def _forget(state: State, key_id: str, _now: float) -> None:
    state.credentials.pop(key_id, None)


FIDELITY = (
    Behaviour(
        "900 to 43200 s, MaxSessionDuration",
        "DG",
        "test_sessions.py::test_the_length_of_a_session_has_bounds",
    ),
    Behaviour(
        "One hour at most for chained roles",
        "DG",
        "test_sessions.py::test_a_chained_session_lasts_one_hour_at_most",
    ),
    Behaviour(
        "Sessions end on the virtual clock",
        "ours",
        "test_sessions.py::test_a_session_ends_on_the_virtual_clock",
    ),
    Behaviour(
        "`clock.sessions: wall` lets sessions last in real time",
        "ours",
        "test_sessions.py::test_sessions_may_last_in_wall_time",
    ),
    Behaviour(
        "Session policies, inline and by ARN, limit; 2048 letters of plain text; PackedPolicyTooLarge",
        "DG; how AWS packs: assumed",
        "test_session_policies.py::test_session_policies_limit_what_the_role_may",
    ),
    Behaviour(
        "Session tags are case-insensitively unique; transitive tags are handed on and cannot be replaced",
        "DG",
        "test_session_policies.py::test_transitive_tags_are_handed_on",
    ),
)
