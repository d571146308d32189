"""Organizations: how accounts begin and how they end. Both take a while, on the virtual clock.

Source: Organizations API reference (CreateAccount, CreateAccountStatus, CloseAccount, the reasons of
ConstraintViolationException); Organizations User Guide, quotas, and monitoring the state of accounts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...policies import policy
from ...records.organization import AccountRequest
from ...records.state import Account, Identity
from ...wire import AwsError, Params
from ..iam import aws_managed
from ..operation import Operation, Scope
from . import rules, tags

if TYPE_CHECKING:
    from ...records.organization import Organization
    from ...records.state import State

ROLE = "OrganizationAccountAccessRole"
RESERVED = "AWSServiceRoleFor"
ADMINISTRATOR = f"{aws_managed.PREFIX}AdministratorAccess"
BEGINNING, ENDING = 5, 3
"""How many accounts may begin, and end, at a time."""
_EMAIL = re.compile(
    r"[^\s\"'()<>\[\]:;,\\|%&@.][^\s\"'()<>\[\]:;,\\|%&@]*@(?=.*\.)[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]"
)


def create(scope: Scope, params: Params) -> Params:
    """Begin to make an account: whether it succeeds turns out later. Access to billing opens nothing here."""
    organization = rules.writable(scope)
    role = params.get("RoleName", ROLE)
    if role.startswith(RESERVED):
        message = f"A role name can't begin with the reserved prefix {RESERVED}."
        raise rules.invalid(message, "INVALID_ROLE_NAME")
    given = tags.given(scope, params)
    if sum(one.state == "IN_PROGRESS" for one in organization.requests.values()) >= BEGINNING:
        message = "You have exceeded the number of accounts that can be in progress at a time."
        raise rules.constraint(message, "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED")
    made = AccountRequest(
        f"car-{scope.state.ids.hex(32)}", params["AccountName"], params["Email"], role, given, scope.now
    )
    organization.requests[made.request_id] = made
    due = scope.now + scope.state.durations.creating_account
    scope.state.scheduler.at(due, _begin, scope.state, organization, made)
    return {"CreateAccountStatus": _shown(made)}


def _begin(state: State, organization: Organization, made: AccountRequest, now: float) -> None:
    """End a request: with an account that stands under the root, or with the reason why there is none."""
    made.completed, made.reason = now, _flaw(state, organization, made)
    if made.reason:
        made.state = "FAILED"
        return
    account = state.ids.digits(12)
    while account in state.accounts:
        account = state.ids.digits(12)
    state.accounts[account] = Account(account, made.name, made.email)
    _add_role(state, organization, state.accounts[account], made.role, now)
    organization.enter(account, now)
    organization.tags[account] = dict(made.tags)
    made.state, made.account = "SUCCEEDED", account


def _flaw(state: State, organization: Organization, made: AccountRequest) -> str | None:
    if not _EMAIL.fullmatch(made.email) or not made.email.isascii():
        return "INVALID_EMAIL"
    if any(one.email.lower() == made.email.lower() for one in state.accounts.values()):
        mine = (one for one in organization.requests.values() if one.email == made.email and one.account)
        same = any(one.completed and one.completed >= made.requested for one in mine)
        return "CONCURRENT_ACCOUNT_MODIFICATION" if same else "EMAIL_ALREADY_EXISTS"
    if len(organization.members) >= state.limits.accounts_per_organization:
        return "ACCOUNT_LIMIT_EXCEEDED"
    return None


def _add_role(state: State, organization: Organization, account: Account, name: str, now: float) -> None:
    """The role by which the management account administers the new one."""
    manager = f"arn:aws:iam::{organization.management}:root"
    trust = {"Effect": "Allow", "Principal": {"AWS": manager}, "Action": "sts:AssumeRole"}
    role = Identity("role", account.account_id, name, "/", state.ids.upper("AROA"), now)
    role.trust = policy.compiled({"Version": "2012-10-17", "Statement": [trust]})
    administrator = aws_managed.find(ADMINISTRATOR)
    role.attached = {ADMINISTRATOR: administrator} if administrator else {}
    account.roles[name] = state.anchors[role.unique_id] = role


def describe(scope: Scope, params: Params) -> Params:
    """Tell how a request stands."""
    found = rules.readable(scope).requests.get(params["CreateAccountRequestId"])
    if found is None:
        message = "We can't find an create account request with the CreateAccountRequestId that you specified."
        raise rules.not_found("CreateAccountStatus", message)
    return {"CreateAccountStatus": _shown(found)}


def list_all(scope: Scope, params: Params) -> Params:
    """List the requests, those in some states if they are named."""
    organization, states = rules.readable(scope), params.get("States")
    found = [_shown(one) for one in organization.requests.values() if not states or one.state in states]
    return rules.page(found, params, "CreateAccountStatuses")


def _shown(found: AccountRequest) -> Params:
    return {
        "Id": found.request_id,
        "AccountName": found.name,
        "State": found.state,
        "RequestedTimestamp": found.requested,
        "CompletedTimestamp": found.completed,
        "AccountId": found.account,
        "FailureReason": found.reason,
    }


def close(scope: Scope, params: Params) -> Params:
    """Begin to close a member: it is PENDING_CLOSURE, then CLOSED, and ninety days later no member any more."""
    organization = rules.writable(scope)
    account = scope.state.accounts[rules.known_account(organization, params["AccountId"])]
    if account.account_id == organization.management:
        message = "You cannot close the management account."
        raise rules.constraint(message, "CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
    if account.state == "PENDING_CLOSURE":
        message = "The request failed because it conflicts with the current state of the specified resource."
        raise AwsError("ConflictException", message)
    if account.state != "ACTIVE":
        raise AwsError("AccountAlreadyClosedException", "This account is already closed.")
    if sum(scope.state.accounts[one].state == "PENDING_CLOSURE" for one in organization.members) >= ENDING:
        message = "You have exceeded the number of accounts that you can close at a time."
        raise rules.constraint(message, "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED")
    account.state = "PENDING_CLOSURE"
    due = scope.now + scope.state.durations.closing_account
    scope.state.scheduler.at(due, _end, scope.state, account.account_id)
    return {}


def _end(state: State, account: str, now: float) -> None:
    state.lock_out(account, "CLOSED")
    state.scheduler.at(now + state.durations.closed_account, _depart, state, account)


def _depart(state: State, account: str, now: float) -> None:
    organization = state.organization_of(account)
    if organization:
        organization.leave(account, now, "CLEANED")


OPERATIONS = {
    "CreateAccount": Operation(create),
    "DescribeCreateAccountStatus": Operation(describe),
    "ListCreateAccountStatus": Operation(list_all),
    "CloseAccount": Operation(close, rules.on("AccountId")),
}


FIDELITY = (
    Behaviour(
        "CreateAccount: IN_PROGRESS, after a while (`durations.creating_account`) SUCCEEDED; the account stands under "
        "the root and takes part in everything",
        "botocore; that it is seen from then on: assumed; the minute is ours",
        "test_account_lifecycle.py::test_an_account_is_made_and_backed_up_to",
    ),
    Behaviour(
        "The new account has OrganizationAccountAccessRole, or what RoleName says, with AdministratorAccess; it trusts "
        "the management account",
        "botocore, DG; that the policy is attached: assumed",
        "test_account_lifecycle.py::test_the_role_of_a_new_account_has_the_name_that_was_given",
    ),
    Behaviour(
        "CreateAccount FAILED: EMAIL_ALREADY_EXISTS, ACCOUNT_LIMIT_EXCEEDED (ten unless the world says more), "
        "INVALID_EMAIL, CONCURRENT_ACCOUNT_MODIFICATION; the other reasons never come",
        "botocore, DG; which reason goes first: assumed",
        "test_account_lifecycle.py::test_why_an_account_is_not_made",
    ),
    Behaviour(
        "Five accounts at most begin at a time, three end: ConstraintViolationException",
        "botocore, DG; texts assumed",
        "test_account_lifecycle.py::test_so_many_accounts_begin_at_a_time",
    ),
    Behaviour(
        "CloseAccount: `State` PENDING_CLOSURE, then CLOSED (`durations.closing_account`), gone from the organization "
        "ninety days later (`durations.closed_account`); `Status`, until it was retired in September 2026, SUSPENDED",
        "botocore, DG; that keys and roles work until it is CLOSED, and are then unknown: assumed",
        "test_account_lifecycle.py::test_an_account_is_closed",
    ),
    Behaviour(
        "That the resources of a closed account go with it; reopening; the quota of closures per month; access to "
        "billing; AWSServiceRoleForOrganizations",
        "missing",
    ),
)
