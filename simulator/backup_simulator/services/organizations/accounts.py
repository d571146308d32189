"""Organizations: making one, who is in it, and how accounts that exist come and go."""

from __future__ import annotations

from ...clock import DAY
from ...fidelity import Behaviour
from ...records.organization import Handshake, Organization
from ...wire import AwsError, Params, unimplemented
from ..operation import Operation, Scope
from . import rules, tags

INVITATION_DAYS = 15
WAIT_DAYS = 4
TERMINAL = frozenset({"ACCEPTED", "CANCELED", "DECLINED", "EXPIRED"})


def describe_organization(scope: Scope, _params: Params) -> Params:
    """Describe the caller's organization; any member may."""
    return {"Organization": rules.shown(scope, rules.of_caller(scope))}


def create_organization(scope: Scope, params: Params) -> Params:
    """Found an organization with the caller as management account; SCPs are off until EnablePolicyType."""
    caller = scope.principal.account
    if scope.state.in_organization(caller):
        message = "The AWS account is already a member of an organization."
        raise AwsError("AlreadyInOrganizationException", message)
    if params.get("FeatureSet", "ALL") != "ALL":
        raise unimplemented("consolidated billing")
    ids = scope.state.ids
    made = Organization(f"o-{ids.hex(10)}", caller, f"r-{ids.hex(4)}", False, scope.now, enabled=set())
    made.enter(caller, scope.now)
    scope.state.organizations[made.organization_id] = made
    return {"Organization": rules.shown(scope, made)}


def delete_organization(scope: Scope, _params: Params) -> Params:
    """Dissolve an organization that has no other member."""
    organization = rules.writable(scope)
    if len(organization.members) > 1 or any(one.state == "IN_PROGRESS" for one in organization.requests.values()):
        raise AwsError("OrganizationNotEmptyException", "The organization still has member accounts.")
    del scope.state.organizations[organization.organization_id]
    return {}


def list_accounts(scope: Scope, params: Params) -> Params:
    """List the members."""
    organization = rules.readable(scope)
    found = [rules.account(scope, organization, member) for member in sorted(organization.members)]
    return rules.page(found, params, "Accounts")


def describe_account(scope: Scope, params: Params) -> Params:
    """Describe one member."""
    organization = rules.readable(scope)
    account = rules.known_account(organization, params["AccountId"])
    return {"Account": rules.account(scope, organization, account)}


def leave_organization(scope: Scope, _params: Params) -> Params:
    """Let the caller's account leave."""
    organization = rules.of_caller(scope)
    _remove(organization, scope.principal.account, scope.now, "LEFT")
    return {}


def remove_account(scope: Scope, params: Params) -> Params:
    """Put an account out."""
    organization = rules.writable(scope)
    _remove(organization, rules.known_account(organization, params["AccountId"]), scope.now, "REMOVED")
    return {}


def _remove(organization: Organization, account: str, now: float, method: str) -> None:
    if account == organization.management:
        message = "You can't remove the management account from an organization."
        raise AwsError("MasterCannotLeaveOrganizationException", message)
    if any(delegate == account for delegate, _ in organization.delegated):
        message = "You can't remove an account that is a delegated administrator of a service."
        raise rules.constraint(message, "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
    member = organization.members[account]
    if member.method == "CREATED" and now < member.joined + WAIT_DAYS * DAY:
        message = "This operation requires a wait period.  Try again later."
        raise rules.constraint(message, "WAIT_PERIOD_ACTIVE")
    organization.leave(account, now, method)


def invite(scope: Scope, params: Params) -> Params:
    """Invite an account; it has fifteen days to accept."""
    organization, target = rules.writable(scope), params["Target"]
    account = target["Id"]
    if target["Type"] == "EMAIL":
        account = next((one.account_id for one in scope.state.accounts.values() if one.email == account), "")
    if account not in scope.state.accounts:
        raise AwsError("AccountOwnerNotVerifiedException", "You can't invite an account that doesn't exist.")
    if account in organization.members:
        message = "The account is already a member of an organization."
        raise AwsError("HandshakeConstraintViolationException", message, Reason="ALREADY_IN_AN_ORGANIZATION")
    ours = (one for one in scope.state.handshakes.values() if one.organization_id == organization.organization_id)
    waiting = [one for one in ours if _state(one, scope.now) == "OPEN"]
    if any(one.account == account for one in waiting):
        raise AwsError("DuplicateHandshakeException", "A handshake with the same action and target already exists.")
    if len(organization.members) + len(waiting) >= scope.state.limits.accounts_per_organization:
        message = "You have exceeded the allowed number of AWS accounts"
        raise AwsError("HandshakeConstraintViolationException", message, Reason="ACCOUNT_NUMBER_LIMIT_EXCEEDED")
    made = Handshake(
        f"h-{scope.state.ids.hex(10)}",
        organization.organization_id,
        organization.management,
        account,
        scope.now,
        scope.now + INVITATION_DAYS * DAY,
        notes=params.get("Notes"),
        tags=tags.given(scope, params),
    )
    scope.state.handshakes[made.handshake_id] = made
    return {"Handshake": _shown(scope, made)}


def accept(scope: Scope, params: Params) -> Params:
    """Join the organization that invites; an account that is in another one must leave that first."""
    found = _moved(scope, params["HandshakeId"], by_account=True)
    organization = scope.state.organizations.get(found.organization_id)
    if organization is None:
        raise rules.not_found("Handshake", "You specified a handshake that doesn't exist.")
    if scope.state.in_organization(found.account):
        message = "The account is already a member of an organization."
        raise AwsError("HandshakeConstraintViolationException", message, Reason="ALREADY_IN_AN_ORGANIZATION")
    organization.enter(found.account, scope.now, method="INVITED")
    organization.tags[found.account] = dict(found.tags)
    found.state = "ACCEPTED"
    return {"Handshake": _shown(scope, found)}


def decline(scope: Scope, params: Params) -> Params:
    """Refuse an invitation."""
    found = _moved(scope, params["HandshakeId"], by_account=True)
    found.state = "DECLINED"
    return {"Handshake": _shown(scope, found)}


def cancel(scope: Scope, params: Params) -> Params:
    """Take an invitation back."""
    found = _moved(scope, params["HandshakeId"], by_account=False)
    found.state = "CANCELED"
    return {"Handshake": _shown(scope, found)}


def describe_handshake(scope: Scope, params: Params) -> Params:
    """Describe an invitation, to either party."""
    found = _handshake(scope, params["HandshakeId"])
    if scope.principal.account not in {found.account, found.management}:
        raise rules.forbidden()
    return {"Handshake": _shown(scope, found)}


def handshakes_of_account(scope: Scope, params: Params) -> Params:
    """List the invitations of the caller's account."""
    mine = [one for one in scope.state.handshakes.values() if one.account == scope.principal.account]
    return rules.page([_shown(scope, one) for one in mine], params, "Handshakes")


def handshakes_of_organization(scope: Scope, params: Params) -> Params:
    """List the invitations that the organization sent."""
    organization = rules.readable(scope)
    ours = [one for one in scope.state.handshakes.values() if one.organization_id == organization.organization_id]
    return rules.page([_shown(scope, one) for one in ours], params, "Handshakes")


def _handshake(scope: Scope, handshake_id: str) -> Handshake:
    found = scope.state.handshakes.get(handshake_id)
    if found is None:
        raise rules.not_found("Handshake", "You specified a handshake that doesn't exist.")
    return found


def _moved(scope: Scope, handshake_id: str, *, by_account: bool) -> Handshake:
    """A handshake that its caller may move on, and that is still open."""
    found = _handshake(scope, handshake_id)
    if scope.principal.account != (found.account if by_account else found.management):
        raise rules.forbidden()
    state = _state(found, scope.now)
    if state in TERMINAL:
        message = f"The handshake is {state} and cannot be changed."
        raise AwsError("InvalidHandshakeTransitionException", message)
    return found


def _state(found: Handshake, now: float) -> str:
    return "EXPIRED" if found.state == "OPEN" and now >= found.expires else found.state


def _shown(scope: Scope, found: Handshake) -> Params:
    organization = scope.state.organizations.get(found.organization_id)
    email = scope.state.accounts[found.management].email
    held = [{"Type": "MASTER_EMAIL", "Value": email}, {"Type": "ORGANIZATION_FEATURE_SET", "Value": "ALL"}]
    resources: list[Params] = [
        {"Type": "ORGANIZATION", "Value": found.organization_id, "Resources": held if organization else []},
        {"Type": "ACCOUNT", "Value": found.account},
    ]
    if found.notes:
        resources.append({"Type": "NOTES", "Value": found.notes})
    tail = f"{found.organization_id}/invite/{found.handshake_id}"
    return {
        "Id": found.handshake_id,
        "Arn": f"arn:aws:organizations::{found.management}:handshake/{tail}",
        "Parties": [
            {"Id": found.organization_id.removeprefix("o-"), "Type": "ORGANIZATION"},
            {"Id": found.account, "Type": "ACCOUNT"},
        ],
        "State": _state(found, scope.now),
        "RequestedTimestamp": found.requested,
        "ExpirationTimestamp": found.expires,
        "Action": "INVITE",
        "Resources": resources,
    }


OPERATIONS = {
    "DescribeOrganization": Operation(describe_organization),
    "CreateOrganization": Operation(create_organization),
    "DeleteOrganization": Operation(delete_organization),
    "ListAccounts": Operation(list_accounts),
    "DescribeAccount": Operation(describe_account, rules.on("AccountId")),
    "LeaveOrganization": Operation(leave_organization),
    "RemoveAccountFromOrganization": Operation(remove_account, rules.on("AccountId")),
    "InviteAccountToOrganization": Operation(invite),
    "AcceptHandshake": Operation(accept),
    "DeclineHandshake": Operation(decline),
    "CancelHandshake": Operation(cancel),
    "DescribeHandshake": Operation(describe_handshake),
    "ListHandshakesForAccount": Operation(handshakes_of_account),
    "ListHandshakesForOrganization": Operation(handshakes_of_organization),
}


FIDELITY = (
    Behaviour(
        "Several organizations; accounts are invited, accept, decline, leave, are put out",
        "DG; texts assumed",
        "test_organizations.py::test_an_account_changes_its_organization",
    ),
    Behaviour(
        "Copies that leave CREATED after one of the accounts has left the organization fail; copies that exist stay",
        "DG",
        "test_organizations.py::test_copies_fail_once_an_account_has_left",
    ),
    Behaviour(
        "Copies that run when one of the accounts leaves go on, unless a key policy names the organization "
        "(`aws:PrincipalOrgID`)",
        "assumed",
        "test_organizations.py::test_a_running_copy_outlives_the_leaving",
    ),
    Behaviour(
        "An account that was made here must stay four days; invited ones, and those of the world file, need not",
        "botocore",
        "test_account_lifecycle.py::test_a_new_account_must_stay_four_days",
    ),
    Behaviour(
        "Invitations count towards the quota of accounts (ten unless the world says more)",
        "botocore, DG; text: issue (awslabs/compliant-framework-for-federal-and-dod-workloads-in-aws-govcloud-us 12)",
        "test_account_lifecycle.py::test_invitations_count_towards_the_quota",
    ),
    Behaviour(
        "Consolidated billing, transfer of responsibility, GovCloud",
        "missing",
    ),
)
