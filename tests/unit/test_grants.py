"""Grants: what a namespace may use of an account, and nothing else (invariant 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.broken_manifests import ACCOUNT, POLICY, altered
from tests.kit.naive import elders_of

from crossvault.aspects.copy_role import DEFAULT, role_name
from crossvault.aspects.vault_policy import GRANTEE, Grantee
from crossvault.engine.declared import Account, Desired
from crossvault.kinds.account.grants import (
    Allowance,
    AllowedNamespaces,
    Direction,
    Grant,
    Use,
    allowance,
    only_namespace,
)
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.parse import parse_policy
from crossvault.kinds.rejected import Rejected
from crossvault.words.reasons import Reason

SOURCE, DESTINATION = Direction.SOURCE, Direction.DESTINATION
NOBODY, ORDERS = AllowedNamespaces(), AllowedNamespaces(names=("default",))
TEAM_DR = AllowedNamespaces(match_labels=(("team", "dr"),))
OUT = Use(SOURCE, "orders", role_name(DEFAULT))
INTO = Use(DESTINATION, "orders-copies")
ACCOUNTS = frozenset({Grantee.ACCOUNT})


def grant(*directions: Direction, vaults: tuple[str, ...] = ("*",), **members: Any) -> Grant:
    """Return a grant for namespace ``default``, both ways unless told."""
    return Grant(ORDERS, frozenset(directions or Direction), vaults, **members)


# --- What a grant lets through -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "use", "lets"),
    [
        pytest.param(grant(SOURCE), OUT, True, id="from every vault"),
        pytest.param(grant(SOURCE), INTO, False, id="a source is no destination"),
        pytest.param(grant(DESTINATION), OUT, False, id="a destination is no source"),
        pytest.param(grant(DESTINATION), INTO, True, id="into every vault"),
        pytest.param(grant(vaults=("orders",)), OUT, True, id="by name"),
        pytest.param(grant(vaults=("orders",)), INTO, False, id="a longer name is another"),
        pytest.param(grant(vaults=("orders*",)), INTO, True, id="by its beginning"),
        pytest.param(grant(vaults=("*-copies",)), INTO, True, id="by its end"),
        pytest.param(grant(vaults=("o*-c*s",)), INTO, True, id="by parts"),
        pytest.param(grant(vaults=("Orders",)), OUT, False, id="letters have a case"),
        pytest.param(grant(vaults=("a", "orders")), OUT, True, id="any pattern will do"),
        pytest.param(grant(), replace(OUT, copy_role="Admin"), False, id="AWS's own role unless told"),
        pytest.param(grant(copy_roles=("copy",)), replace(OUT, copy_role="copy"), True, id="a role by its name"),
        pytest.param(grant(copy_roles=("copy",)), replace(OUT, copy_role="x/copy"), False, id="its path is of it"),
        pytest.param(grant(copy_roles=("copy-*",)), replace(OUT, copy_role="copy-a"), False, id="no role by pattern"),
        pytest.param(grant(copy_roles=("copy",)), OUT, False, id="then AWS's own no more"),
        pytest.param(grant(copy_roles=("copy",)), INTO, True, id="roles bind sources only"),
        pytest.param(grant(), replace(INTO, key="alias/orders"), False, id="no key unless told"),
        pytest.param(grant(keys=("alias/orders*",)), replace(INTO, key="alias/orders-eu"), True, id="a key by pattern"),
        pytest.param(grant(keys=("alias/orders*",)), replace(INTO, key="alias/payroll"), False, id="another key"),
        pytest.param(grant(keys=("alias/*",)), replace(INTO, key="1234-abcd"), False, id="an id is no alias"),
        pytest.param(grant(keys=("x",)), INTO, True, id="a vault that is there needs no key"),
        pytest.param(grant(), replace(INTO, grantee=Grantee.ACCOUNT), False, id="no account unless told"),
        pytest.param(grant(), replace(INTO, grantee=Grantee.ORGANIZATION), False, id="no organization unless told"),
        pytest.param(grant(grantees=ACCOUNTS), replace(INTO, grantee=Grantee.ACCOUNT), True, id="an account if told"),
        pytest.param(grant(grantees=ACCOUNTS), INTO, False, id="then a role no more"),
        pytest.param(
            grant(grantees=ACCOUNTS), replace(INTO, grantee=Grantee.ORGANIZATION), False, id="an account is no more"
        ),
        pytest.param(grant(grantees=ACCOUNTS), OUT, True, id="grantees bind destinations only"),
        pytest.param(grant(), replace(INTO, locks=True), False, id="no lock unless told"),
        pytest.param(grant(locks=True), replace(INTO, locks=True), True, id="a lock if told"),
        pytest.param(grant(locks=True), INTO, True, id="and none as before"),
        pytest.param(grant(air_gapped=True), replace(INTO, locks=True), False, id="what is born locked is another"),
        pytest.param(grant(), replace(OUT, schedules=True), False, id="no plan unless told"),
        pytest.param(grant(schedules=True), replace(OUT, schedules=True, backup_roles=("scan",)), False, id="its role"),
        pytest.param(
            grant(schedules=True, vaults=("orders",)),
            replace(OUT, schedules=True, backup_vaults=("payroll",)),
            False,
            id="what its plan fills besides",
        ),
        pytest.param(
            grant(schedules=True, vaults=("orders*",)),
            replace(OUT, schedules=True, backup_vaults=("orders-air-gapped",)),
            True,
            id="another vault that is granted",
        ),
    ],
)
def test_a_grant_lets_through_what_it_names(given_: Grant, use: Use, *, lets: bool) -> None:
    """And nothing else."""
    assert given_.lets(use) is lets


LABELLED = AllowedNamespaces(match_labels=(("team", "orders"),))


@pytest.mark.parametrize(
    ("allowed", "grants", "only"),
    [
        pytest.param(NOBODY, (), "", id="nobody may"),
        pytest.param(ORDERS, (), "default", id="one may"),
        pytest.param(AllowedNamespaces(names=("a", "b")), (), "", id="two may"),
        pytest.param(AllowedNamespaces(all=True, names=("default",)), (), "", id="everybody may"),
        pytest.param(replace(LABELLED, names=("default",)), (), "", id="labels decide"),
        pytest.param(NOBODY, (grant(SOURCE),), "default", id="one may use a part"),
        pytest.param(ORDERS, (grant(SOURCE), grant(DESTINATION)), "default", id="always the same one"),
        pytest.param(AllowedNamespaces(names=("a",)), (grant(SOURCE),), "", id="another may use a part"),
        pytest.param(ORDERS, (replace(grant(), namespaces=LABELLED),), "", id="labels decide about a part"),
    ],
)
def test_an_account_of_one_namespace_is_known_as_such(
    allowed: AllowedNamespaces, grants: tuple[Grant, ...], only: str
) -> None:
    """Then CloudTrail can name it; a session of several is nobody's."""
    assert only_namespace(allowed, grants) == only


@pytest.mark.parametrize(
    ("allowed", "grants", "found"),
    [
        pytest.param(NOBODY, (), Allowance(), id="nothing by default"),
        pytest.param(ORDERS, (), Allowance(permitted=True), id="the short form is everything"),
        pytest.param(NOBODY, (grant(policies=3),), Allowance(permitted=True, policies=3), id="a limit"),
        pytest.param(
            NOBODY, (grant(policies=3), grant(policies=5)), Allowance(permitted=True, policies=5), id="the higher limit"
        ),
        pytest.param(NOBODY, (grant(policies=3), grant()), Allowance(permitted=True), id="no limit is the highest"),
        pytest.param(ORDERS, (grant(policies=3),), Allowance(permitted=True), id="the short form knows no limit"),
        pytest.param(
            NOBODY,
            (grant(policies=3), grant(DESTINATION)),
            Allowance(permitted=True, policies=3),
            id="of those that fit",
        ),
        pytest.param(NOBODY, (replace(grant(), namespaces=NOBODY),), Allowance(), id="for others"),
    ],
)
def test_the_most_generous_counts(allowed: AllowedNamespaces, grants: tuple[Grant, ...], found: Allowance) -> None:
    """Grants add up."""
    assert allowance(allowed, grants, "default", {}, OUT) == found


@given(
    st.lists(st.sampled_from(["orders", "orders-*", "*", "o*s", "**", "x"]), min_size=1, max_size=3),
    st.sampled_from(["orders", "orders-copies", "x", "Orders", "o", ""]),
)
def test_only_a_star_stands_for_anything(patterns: list[str], name: str) -> None:
    """A pattern lets a name through exactly where its parts stand in it, in order, ends bound."""

    def stands(pattern: str, rest: str) -> bool:
        if not pattern:
            return not rest
        if pattern[0] == "*":
            return any(stands(pattern[1:], rest[cut:]) for cut in range(len(rest) + 1))
        return rest.startswith(pattern[0]) and stands(pattern[1:], rest[1:])

    expected = any(stands(each, name) for each in patterns)
    assert grant(vaults=tuple(patterns)).lets(Use(DESTINATION, name)) is expected


# --- Manifests -----------------------------------------------------------------------------------------------------


GRANTS: list[dict[str, Any]] = [
    {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["orders*"], "limits": {"policies": 50}},
    {
        "namespaces": {"selector": {"matchLabels": {"team": "dr"}}},
        "as": ["Destination", "Source"],
        "vaults": ["*"],
        "copyRoles": ["copies", "team/copies", "AWSBackupDefaultServiceRole"],
        "keys": ["alias/dr-*"],
        "grantees": ["Account", "CopyRole"],
        "vaultLocks": True,
    },
]


def test_every_member_of_a_grant_arrives() -> None:
    """Nothing is lost."""
    found = parse_account(altered(ACCOUNT, {"spec.grants": GRANTS}))

    assert isinstance(found, AccountDeclaration)
    assert found.grants == (
        Grant(AllowedNamespaces(names=("orders",)), frozenset({SOURCE}), ("orders*",), policies=50),
        Grant(
            AllowedNamespaces(match_labels=(("team", "dr"),)),
            frozenset(Direction),
            ("*",),
            ("copies", "team/copies", "service-role/AWSBackupDefaultServiceRole"),
            ("alias/dr-*",),
            frozenset({Grantee.ACCOUNT, Grantee.COPY_ROLE}),
            locks=True,
        ),
    )


@pytest.mark.parametrize(
    ("granted", "refused"),
    [
        pytest.param([20], False, id="as many as have room"),
        pytest.param([20, 20], False, id="the same twice"),
        pytest.param([20, None], True, id="and AWS's own"),
        pytest.param([11, 21], True, id="one too many"),
    ],
)
def test_granted_copy_roles_have_room_in_the_policy_of_a_vault(granted: list[int | None], *, refused: bool) -> None:
    """So that no tenant can take the place of another's role by using all that it was granted."""
    grants = [
        {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["*"]}
        | ({} if count is None else {"copyRoles": [f"copy-{number}" for number in range(count)]})
        for count in granted
    ]
    found = parse_account(altered(ACCOUNT, {"spec.grants": grants}))

    assert isinstance(found, Rejected) is refused
    if isinstance(found, Rejected):
        assert str(found.faults[0]) == "spec.grants: must name at most 20 different copyRoles in all, name 21"


@pytest.mark.parametrize("empty", [None, []])
def test_no_grants_are_none(empty: object) -> None:
    """An empty list is what the API server accepts, too."""
    found = parse_account(altered(ACCOUNT, {"spec.grants": empty}))

    assert isinstance(found, AccountDeclaration)
    assert found.grants == ()


PRODUCTION = AccountDeclaration(Account("production", "1" * 12), NOBODY, (grant(SOURCE, vaults=("orders",)),))
INTO_ORDERS = grant(DESTINATION, vaults=("orders-*",), keys=("alias/orders-copies",))
DR = AccountDeclaration(Account("dr", "2" * 12, regions=("eu-central-1",)), NOBODY, (INTO_ORDERS,))
GOOD = altered(POLICY, {"spec.destinations": POLICY["spec"]["destinations"][:1]})


def parsed(
    changes: Mapping[str, Any] | None = None,
    elders: Mapping[str, int] | None = None,
    **accounts: AccountDeclaration | None,
) -> Desired | Rejected:
    """Parse a policy of namespace ``default`` with one destination."""
    known = {"production": PRODUCTION, "dr": DR} | accounts
    usable = {name: each for name, each in known.items() if each is not None}
    return parse_policy(altered(GOOD, changes or {}), usable, {}, elders or {})


def test_what_is_granted_is_resolved() -> None:
    """Both sides."""
    assert isinstance(parsed(), Desired)


KEY = "spec.destinations[0].vault.encryptionKey"
SOMEBODY_ELSES = "spec.destinations[0].vault.name"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        pytest.param({"spec.source.vault.name": "payroll"}, "production", id="copy from another tenant's vault"),
        pytest.param({"spec.source.copyRole": "Admin"}, "production", id="copy with another role"),
        pytest.param(
            {"spec.source.copyRole": "arn:aws:iam::111111111111:role/deep/Admin"},
            "production",
            id="with one by its ARN",
        ),
        pytest.param({SOMEBODY_ELSES: "payroll-copies"}, "dr", id="copy into another tenant's vault"),
        pytest.param(
            {"spec.destinations[0].vault.encryptionKey": "alias/payroll"},
            "dr",
            id="make a vault on another tenant's key",
        ),
        pytest.param(
            {"spec.destinations[0].vault.encryptionKey": "arn:aws:kms:eu-central-1:222222222222:alias/payroll"},
            "dr",
            id="by its ARN",
        ),
        pytest.param({"spec.destinations[0].grantee": "Account"}, "dr", id="open a vault to a whole account"),
        pytest.param(
            {"spec.destinations[0].grantee": "Organization", "spec.destinations[0].vaultPolicy": "Check"},
            "dr",
            id="or to the organization",
        ),
        pytest.param(
            {"spec.destinations[0].vault.lock": {"minRetentionDays": 7}}, "dr", id="lock a vault for all who use it"
        ),
        pytest.param(
            {SOMEBODY_ELSES: "payroll-copies", "spec.destinations[0].region": "eu-west-1"},
            "dr",
            id="in a Region that the account does not have",
        ),
        pytest.param(
            {"spec.source.accountRef.name": "dr", "spec.destinations[0].accountRef.name": "production"},
            None,
            id="turn the direction round",
        ),
    ],
)
def test_what_is_not_granted_reads_like_an_account_that_is_missing(
    changes: Mapping[str, Any], missing: str | None
) -> None:
    """Reason, path and words are the same: nobody learns by asking what there is."""
    refused = parsed(changes)
    gone: dict[str, None] = dict.fromkeys([missing] if missing else ["production", "dr"])

    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.ACCOUNT_NOT_FOUND
    assert refused == parsed(changes, **gone)


@pytest.mark.parametrize(
    ("schedule", "rule", "told"),
    [
        pytest.param({}, {}, "", id="no more than is granted"),
        pytest.param({}, {"airGappedVault": "payroll"}, "back up into it and payroll", id="into another vault"),
        pytest.param(
            {"scanSettings": {"role": "scanner", "resourceTypes": ["ALL"]}},
            {"scanMode": "Full"},
            "with role scanner, service-role/AWSBackupDefaultServiceRole",
            id="with another role",
        ),
    ],
)
def test_what_a_plan_fills_and_who_reads_it_has_to_be_granted(
    schedule: dict[str, Any], rule: dict[str, Any], told: str
) -> None:
    """A tenant's plan fills no vault of others, which might never be emptied, and has nobody read its backups."""
    plan = {
        "rules": [{"name": "daily", "lifecycle": {"deleteAfterDays": 35}, **rule}],
        "selections": [{"name": "tagged", "tags": {"backup": "true"}}],
        **schedule,
    }
    scheduling = replace(PRODUCTION, grants=(grant(SOURCE, vaults=("orders",), schedules=True),))
    found = parsed({"spec.schedule": plan}, production=scheduling)

    assert isinstance(found, Rejected) is bool(told)
    assert told in ("; ".join(map(str, found.faults)) if isinstance(found, Rejected) else "")


def test_the_message_names_the_use_and_the_remedy() -> None:
    """What somebody else could grant."""
    refused = parsed({SOMEBODY_ELSES: "payroll-copies"})

    assert isinstance(refused, Rejected)
    assert "; ".join(map(str, refused.faults)) == (
        'spec.destinations[0].accountRef.name: no BackupAccount "dr" lets namespace default copy into vault'
        " payroll-copies on key alias/orders-copies. Whoever keeps the BackupAccounts can create it, or allow that in"
        " its spec.grants or spec.allowedNamespaces."
    )


@pytest.mark.parametrize("grantee", Grantee)
def test_who_has_all_of_an_account_may_open_its_vaults(grantee: Grantee) -> None:
    """The short form gives everything; a grant only whom it names."""
    changes = {"spec.destinations[0].grantee": grantee.value}
    whole = parsed(changes, dr=replace(DR, allowed=ORDERS, grants=()))
    part = parsed(changes, dr=replace(DR, grants=(replace(INTO_ORDERS, grantees=frozenset({grantee})),)))

    assert isinstance(whole, Desired)
    assert whole == part
    assert whole.destinations[0][GRANTEE] is grantee


def test_grants_do_not_add_up_to_one_that_nobody_gave() -> None:
    """One vault for a whole account and another for a role: the other is not for the account."""
    wide = grant(DESTINATION, vaults=("shared",), keys=("*",), grantees=ACCOUNTS)
    refused = parsed({"spec.destinations[0].grantee": "Account"}, dr=replace(DR, grants=(INTO_ORDERS, wide)))

    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.ACCOUNT_NOT_FOUND
    assert "and have it let the whole account in (grantee: Account)" in str(refused.faults[0])


def test_a_word_that_is_no_grantee_is_told_once() -> None:
    """As a fault of the field, whatever is granted."""
    refused = parsed({"spec.destinations[0].grantee": "Everybody"})

    assert isinstance(refused, Rejected)
    assert list(map(str, refused.faults)) == [
        "spec.destinations[0].grantee: must be one of CopyRole, Account, Organization, is Everybody"
    ]


# --- How many policies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("elders", "taken"), [(0, False), (1, False), (2, True), (7, True)])
def test_the_oldest_policies_have_the_places(elders: int, *, taken: bool) -> None:
    """Two may use the account; the third is told why not."""
    limited = replace(DR, grants=(grant(DESTINATION, keys=("*",), policies=2),))
    found = parsed(elders={"dr": elders}, dr=limited)

    assert isinstance(found, Rejected) is taken
    if isinstance(found, Rejected):
        assert found.reason is Reason.POLICY_LIMIT_REACHED
        (fault,) = found.faults
        assert fault.path == "spec.destinations[0].accountRef.name"
        assert "may name BackupAccount dr in 2 policies" in fault.message


def policy(name: str, created: str = "", *, namespace: str = "default", **metadata: str) -> dict[str, Any]:
    """Return a policy of some age."""
    made = {"creationTimestamp": created} if created else {}
    return {**GOOD, "metadata": {"name": name, "namespace": namespace, **made, **metadata}}


@pytest.mark.parametrize(
    ("others", "elders"),
    [
        pytest.param([], {}, id="alone"),
        pytest.param([policy("b", "2026-01-01T00:00:00Z")], {"dr": 1}, id="an older one"),
        pytest.param([policy("b", "2026-03-01T00:00:00Z")], {}, id="a younger one"),
        pytest.param([policy("a", "2026-02-01T00:00:00Z")], {"dr": 1}, id="of the same second by name"),
        pytest.param([policy("b", "2026-01-01T00:00:00Z", namespace="other")], {}, id="of another namespace"),
        pytest.param(
            [policy("b", "2026-01-01T00:00:00Z", deletionTimestamp="2026-01-02T00:00:00Z")],
            {},
            id="one that is leaving",
        ),
    ],
)
def test_elders_are_older_policies_of_the_namespace(others: list[dict[str, Any]], elders: Mapping[str, int]) -> None:
    """Only where the account limits their number is anything counted."""
    mine = policy("m", "2026-02-01T00:00:00Z")
    limited = replace(DR, grants=(grant(DESTINATION, keys=("*",), policies=2),))

    assert elders_of(mine, [*others, mine], {"production": PRODUCTION, "dr": limited}) == elders
    assert elders_of(mine, [*others, mine], {"production": PRODUCTION, "dr": DR}) == {}


@given(st.permutations(list(range(8))), st.integers(1, 8))
def test_exactly_as_many_as_allowed_have_a_place_whatever_their_order(order: list[int], limit: int) -> None:
    """And they are the oldest."""
    limited = replace(DR, grants=(grant(DESTINATION, keys=("*",), policies=limit),))
    accounts = {"production": PRODUCTION, "dr": limited}
    policies = [policy(f"p{number}", f"2026-01-0{number + 1}T00:00:00Z") for number in order]
    accepted = {
        each["metadata"]["name"]
        for each in policies
        if isinstance(parse_policy(each, accounts, {}, elders_of(each, policies, accounts)), Desired)
    }

    assert accepted == {f"p{number}" for number in range(limit)}


def test_the_accounts_of_the_guide_grant_what_it_says() -> None:
    """Each tenant reaches its own, and not the other's."""
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "tenants.md").read_text("utf-8")
    blocks = [block.split("```")[0] for block in guide.split("```yaml")[1:]]
    bodies = [body for block in blocks for body in yaml.safe_load_all(block) if body["kind"] == "BackupAccount"]
    accounts = {each["metadata"]["name"]: parse_account(each) for each in bodies}

    def may(namespace: str, labels: Mapping[str, str], name: str, use: Use) -> bool:
        account = accounts[name]
        assert isinstance(account, AccountDeclaration)
        return account.allowance(namespace, labels, use).permitted

    payroll = {"team": "payroll"}
    assert may("shop", {}, "production", replace(OUT, vault="shop-orders"))
    assert may("hr", payroll, "production", Use(SOURCE, "payroll", "payroll-copies"))
    assert may("hr", payroll, "dr", Use(DESTINATION, "payroll-eu"))
    assert not may("shop", {}, "production", Use(SOURCE, "payroll", "payroll-copies"))
    assert not may("shop", {}, "dr", Use(DESTINATION, "payroll-eu"))
    assert not may("hr", payroll, "production", replace(OUT, vault="payroll"))
    assert not may("hr", payroll, "dr", replace(OUT, vault="payroll-eu"))
