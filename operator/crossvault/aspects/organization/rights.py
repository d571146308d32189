"""What the looks at an organization, and the turn of its switch, need to be allowed."""

from __future__ import annotations

from ...engine.rights import ANY, Alone, AsDestination, AsManager, Right
from .keepers import KEEPERS
from .switch import Wanted


def _turned(use: AsManager) -> tuple[str, ...]:
    keeper = use.around[KEEPERS].get(use.account.account_id)
    return ANY if keeper is not None and keeper.wanted is not Wanted.UNMANAGED else ()


RIGHTS = (
    Right(
        "ReadOrganization",
        "see of which organization the account is a member",
        Alone,
        ("organizations:DescribeOrganization",),
    ),
    Right(
        "ReadSwitch",
        "see whether backups may cross accounts",
        Alone,
        ("backup:DescribeGlobalSettings",),
    ),
    Right(
        "ReadMembers",
        "see which accounts are members, and who administers AWS Backup besides",
        AsManager,
        ("organizations:ListAccounts", "organizations:ListDelegatedAdministrators"),
        without="The number of members, the delegated administrators, and whether copies lie outside of the members,"
        " are unknown.",
    ),
    Right(
        "ReadDepartures",
        "look up on which day an account left; asked only while one that has left still holds copies",
        AsManager,
        ("cloudtrail:LookupEvents",),
        without="Only the day on which a departure was noticed is told. The right opens the whole event history of the"
        " management account.",
    ),
    Right(
        "Turn",
        "turn the switch for cross-account backup; AWS has no narrower right, the operator sends that one setting only",
        AsManager,
        ("backup:UpdateGlobalSettings",),
        _turned,
    ),
    Right(
        "ReadControlPolicies",
        "see which control policies govern the accounts of sources, and what of copying they deny: IAM passes over"
        " those with conditions, and over all resource control policies",
        AsManager,
        ("organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:DescribePolicy"),
        without="That one keeps the copy role from copying is known only as far as IAM tells, and never which.",
    ),
    Right(
        "ReadPlaces",
        "see where an account is in its organization, as a delegated administrator may; asked only where a vault's"
        " policy has a condition on `aws:PrincipalOrgPaths` or `aws:ResourceOrgPaths`",
        AsDestination,
        ("organizations:ListParents",),
        without="Such a policy is unclear; copies are tried all the same.",
        told=True,
    ),
)
