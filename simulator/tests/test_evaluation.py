"""The policy evaluation logic as one table: which policies are there, who asks, how it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_simulator.policies import evaluation, policy
from backup_simulator.policies.evaluation import Policies
from backup_simulator.policies.principal import Principal
from backup_simulator.records import principals
from simulator_kit import scenes

ACTION = "backup:DescribeBackupVault"
VAULT = "arn:aws:backup:eu-west-1:111111111111:backup-vault:orders"
ACCOUNT = "arn:aws:iam::111111111111:root"
SESSION = Principal(
    account="111111111111",
    arn="arn:aws:sts::111111111111:assumed-role/r/s",
    identity_arn="arn:aws:iam::111111111111:role/r",
    unique_id="AROA1",
    user_id="AROA1:s",
    kind="role",
    name="r",
)
USER = Principal(
    account="111111111111",
    arn="arn:aws:iam::111111111111:user/u",
    identity_arn="arn:aws:iam::111111111111:user/u",
    unique_id="AIDA1",
    user_id="AIDA1",
    kind="user",
    name="u",
)
BACKUP = "backup.amazonaws.com"
SERVICE = principals.of_service(BACKUP)


def own(effect: str = "Allow", action: str = ACTION) -> policy.Policy:
    """A policy that belongs to somebody."""
    return policy.compiled(scenes.policy({"Effect": effect, "Action": action, "Resource": "*"}))


def of_resource(principal: Any, effect: str = "Allow") -> policy.Policy:
    """A policy that belongs to the vault."""
    return policy.compiled(scenes.policy({"Effect": effect, "Principal": principal, "Action": ACTION, "Resource": "*"}))


YES, NO, OTHER = own(), own("Deny"), own(action="backup:ListTags")
TO_ROLE, TO_SESSION, TO_USER = (of_resource({"AWS": name}) for name in ("AROA1", SESSION.arn, "AIDA1"))
TO_ACCOUNT, TO_ALL = of_resource({"AWS": ACCOUNT}), of_resource("*")
IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
SCP, BOUNDARY, IN_SESSION = "service control policy", "permissions boundary", "session policy"
RCP = "resource control policy"


def no(kind: str) -> str:
    """The ending of an implicit refusal."""
    return f"because no {kind} allows the {ACTION} action"


def deny(kind: str) -> str:
    """The ending of an explicit refusal."""
    return f"with an explicit deny in {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def row(name: str, ending: str | None, principal: Principal = SESSION, **given: Any) -> Any:
    """One case."""
    return pytest.param(Policies(**given), principal, ending, id=name)


ONE_ACCOUNT = [
    row("nothing at all", no(IDENTITY)),
    row("an identity policy", None, identity=[YES]),
    row("an identity policy for something else", no(IDENTITY), identity=[OTHER]),
    row("an identity policy that denies", deny(IDENTITY), identity=[YES, NO]),
    row("a resource policy for the role", None, resource=TO_ROLE),
    row("a resource policy for the session", None, resource=TO_SESSION),
    row("a resource policy for the user", None, USER, resource=TO_USER),
    row("a resource policy for everybody", None, resource=TO_ALL),
    row("a resource policy for the account leaves it to the account", no(IDENTITY), resource=TO_ACCOUNT),
    row("a resource policy for the account, and an identity policy", None, identity=[YES], resource=TO_ACCOUNT),
    row("a resource policy that denies", deny(RESOURCE), identity=[YES], resource=of_resource("*", "Deny")),
    row(
        "a resource policy that denies the account",
        deny(RESOURCE),
        identity=[YES],
        resource=of_resource({"AWS": ACCOUNT}, "Deny"),
    ),
    row("a boundary that allows", None, identity=[YES], boundary=YES),
    row("a boundary alone gives nothing", no(IDENTITY), boundary=YES),
    row("a boundary that is silent", no(BOUNDARY), identity=[YES], boundary=OTHER),
    row("a boundary that denies", deny(BOUNDARY), identity=[YES], boundary=NO),
    row("a boundary limits what a resource gives the role", no(BOUNDARY), boundary=OTHER, resource=TO_ROLE),
    row("a boundary limits what a resource gives everybody", no(BOUNDARY), boundary=OTHER, resource=TO_ALL),
    row("a boundary does not limit what a resource gives the session", None, boundary=OTHER, resource=TO_SESSION),
    row("a boundary does not limit what a resource gives the user", None, USER, boundary=OTHER, resource=TO_USER),
    row("a boundary that denies limits even that", deny(BOUNDARY), boundary=NO, resource=TO_SESSION),
    row("a session policy that allows", None, identity=[YES], session=[YES]),
    row("a session policy that is silent", no(IN_SESSION), identity=[YES], session=[OTHER]),
    row("a session policy that denies", deny(IN_SESSION), identity=[YES], session=[YES, NO]),
    row("a session policy limits what a resource gives the role", no(IN_SESSION), session=[OTHER], resource=TO_ROLE),
    row(
        "a session policy does not limit what a resource gives the session", None, session=[OTHER], resource=TO_SESSION
    ),
    row("an SCP on every level", None, identity=[YES], control=[[YES], [OTHER, YES]]),
    row("a level without a fitting SCP", no(SCP), identity=[YES], control=[[YES], [OTHER]]),
    row("a level without any SCP", no(SCP), identity=[YES], control=[[YES], []]),
    row("an SCP that denies", deny(SCP), identity=[YES], control=[[YES, NO], [YES]]),
    row("an SCP gives nothing", no(IDENTITY), control=[[YES], [YES]]),
    row("an SCP limits what a resource gives", no(SCP), control=[[OTHER]], resource=TO_SESSION),
    row("an SCP is named before an identity policy", deny(SCP), identity=[NO], control=[[NO]]),
    row("an RCP on every level", None, identity=[YES], resource_control=[[YES], [YES]]),
    row("an RCP that denies", deny(RCP), identity=[YES], resource_control=[[YES], [YES, NO]]),
    row("an RCP gives nothing", no(IDENTITY), resource_control=[[YES]]),
    row(
        "an RCP limits what a resource gives the user", deny(RCP), USER, resource_control=[[YES, NO]], resource=TO_USER
    ),
    row("an RCP is named before an SCP", deny(RCP), identity=[YES], resource_control=[[NO]], control=[[NO]]),
    row("an RCP holds services", deny(RCP), SERVICE, resource_control=[[YES, NO]], resource=TO_ALL),
    row("a level without a fitting RCP", no(RCP), identity=[YES], resource_control=[[OTHER]]),
    row("a service the resource names", None, SERVICE, resource=of_resource({"Service": "backup.amazonaws.com"})),
    row(
        "a service the resource does not name",
        no(RESOURCE),
        SERVICE,
        resource=of_resource({"Service": "s3.amazonaws.com"}),
    ),
    row("a service that a star includes", None, SERVICE, resource=TO_ALL),
    row("a service that a star of AWS does not include", no(RESOURCE), SERVICE, resource=of_resource({"AWS": "*"})),
    row("a service that a star denies", deny(RESOURCE), SERVICE, resource=of_resource("*", "Deny")),
]
ACROSS = [
    row("across: an identity policy alone", no(RESOURCE), identity=[YES]),
    row("across: a resource policy alone", no(IDENTITY), resource=TO_ROLE),
    row("across: a resource policy for the session alone", no(IDENTITY), resource=TO_SESSION),
    row("across: both", None, identity=[YES], resource=TO_ROLE),
    row("across: the account is enough", None, identity=[YES], resource=TO_ACCOUNT),
    row("across: everybody is enough", None, identity=[YES], resource=TO_ALL),
    row("across: the boundary limits", no(BOUNDARY), identity=[YES], boundary=OTHER, resource=TO_SESSION),
    row("across: the session policy limits", no(IN_SESSION), identity=[YES], session=[OTHER], resource=TO_SESSION),
    row("across: the SCP of the caller's side limits", no(SCP), identity=[YES], control=[[OTHER]], resource=TO_ROLE),
    row("across: either side denies", deny(RESOURCE), identity=[YES], resource=of_resource("*", "Deny")),
]
RULED = [
    row("ruled: identity policies do not count for a key that is silent", no(RESOURCE), identity=[YES]),
    row("ruled: the key names the role", None, resource=TO_ROLE),
    row("ruled: the key names the account", None, identity=[YES], resource=TO_ACCOUNT),
    row("ruled: the key names the account only", no(IDENTITY), resource=TO_ACCOUNT),
]


@pytest.mark.parametrize(
    ("policies", "principal", "ending"),
    [
        *ONE_ACCOUNT,
        *(pytest.param(replace(r.values[0], same_account=False), *r.values[1:], id=r.id) for r in ACROSS),
        *(pytest.param(replace(r.values[0], resource_rules=True), *r.values[1:], id=r.id) for r in RULED),
    ],
)
def test_policies_decide_together(policies: Policies, principal: Principal, ending: str | None) -> None:
    """Which kind of policy is missing or denies is what AccessDenied says."""
    question = policy.Question(ACTION, VAULT, principal, {})

    assert evaluation.refusal(policies, question) == ending


def some_policies() -> st.SearchStrategy[list[policy.Policy]]:
    """Any few of: allows, denies, is about something else."""
    return st.lists(st.sampled_from([YES, NO, OTHER]), max_size=3)


SITUATIONS = st.builds(
    Policies,
    identity=some_policies(),
    boundary=st.sampled_from([None, YES, NO, OTHER]),
    session=st.none() | some_policies(),
    control=st.lists(some_policies(), max_size=3),
    resource_control=st.lists(some_policies(), max_size=3),
    resource=st.sampled_from([None, TO_ROLE, TO_SESSION, TO_ACCOUNT, TO_ALL, of_resource("*", "Deny")]),
    same_account=st.booleans(),
    resource_rules=st.booleans(),
)
QUESTION = policy.Question(ACTION, VAULT, SESSION, {})


@given(SITUATIONS)
def test_a_deny_anywhere_ends_it(policies: Policies) -> None:
    """Whatever else is there, in whichever kind of policy."""
    levels = [*policies.control, [YES, NO]]
    denying = [
        replace(policies, identity=[*policies.identity, NO]),
        replace(policies, boundary=NO),
        replace(policies, session=[*(policies.session or []), NO]),
        replace(policies, control=levels),
        replace(policies, resource_control=levels),
        replace(policies, resource=of_resource({"AWS": ACCOUNT}, "Deny")),
    ]

    assert all((evaluation.refusal(one, QUESTION) or "").startswith("with an explicit deny") for one in denying)


@given(SITUATIONS)
def test_limits_never_give(policies: Policies) -> None:
    """What is refused stays refused under one more boundary, session policy or level, and across accounts."""
    refused = evaluation.refusal(policies, QUESTION) is not None
    limited = [
        replace(policies, control=[*policies.control, [YES]]),
        replace(policies, resource_control=[*policies.resource_control, [YES]]),
        replace(policies, boundary=policies.boundary or YES),
        replace(policies, session=policies.session if policies.session is not None else [YES]),
        replace(policies, same_account=False),
        replace(policies, resource_rules=True),
    ]

    assert not refused or all(evaluation.refusal(one, QUESTION) is not None for one in limited)


@given(SITUATIONS)
def test_the_order_of_policies_does_not_matter(policies: Policies) -> None:
    """Within a kind."""
    turned = replace(
        policies,
        identity=policies.identity[::-1],
        session=policies.session[::-1] if policies.session is not None else None,
        control=policies.control[::-1],
        resource_control=policies.resource_control[::-1],
    )

    assert evaluation.refusal(turned, QUESTION) == evaluation.refusal(policies, QUESTION)
