"""Whether keys let in who copies, what is said where they do not, and that what is printed is enough."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    KEY_POLICY,
    ORGANIZATION_ID,
    ROLE,
    SOURCE_ID,
    TARGET_ID,
    UNSEEN,
    absent,
    copy_of,
    desired,
    destination,
    observed,
    point,
    sight,
    stuck,
)
from tests.kit.judging import diff, rows, standings_of

from crossvault.aspects.copies.planned import StartCopy, State
from crossvault.aspects.source_keys.admission import admit, parties
from crossvault.aspects.source_keys.seen import SERVICE_ROLE, SOURCE_KEYS, VAULT_KEY, Behind, Grant, Picture, SourceKeys
from crossvault.aspects.source_keys.statement import statements_for
from crossvault.aspects.vault.seen import Key
from crossvault.engine.declared import Scope
from crossvault.engine.looks import UNASKED, Look, Seen, Unseen
from crossvault.engine.observed import Sight
from crossvault.engine.rows import Prerequisite
from crossvault.iam.evaluation import Verdict
from crossvault.words.reasons import Reason

Json = dict[str, Any]

KEY = f"arn:aws:kms:eu-west-1:{SOURCE_ID}:key/11111111-0000-4000-8000-000000000001"
SERVICE = f"arn:aws:iam::{TARGET_ID}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
HOME, AWAY = f"arn:aws:iam::{SOURCE_ID}:root", f"arn:aws:iam::{TARGET_ID}:root"
GOOD = Seen(Key(KEY, "CUSTOMER", "Enabled"))
ALL = ("kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant")


def allow(principal: object, action: object = "kms:*", condition: Json | None = None, effect: str = "Allow") -> Json:
    """Return a statement of a key's policy."""
    named = principal if principal == "*" else {"AWS": principal}
    made = {"Effect": effect, "Principal": named, "Action": action, "Resource": "*"}
    return made | ({"Condition": condition} if condition else {})


def document(*statements: Json) -> str:
    """Return a key's policy, which lets its own account decide unless nothing is given."""
    return json.dumps({"Version": "2012-10-17", "Statement": [allow(HOME), *statements]})


def keys(
    policy: Look[str] | str,
    *,
    kind: str = "RDS",
    key: Look[Key | None] = GOOD,
    grants: dict[str, Look[tuple[Grant, ...]]] | None = None,
) -> Seen[SourceKeys]:
    """Return one key behind the recovery points."""
    picture = Picture(key, Seen(policy) if isinstance(policy, str) else policy, grants or {})
    return Seen(SourceKeys((Behind(KEY, kind, 1, ("arn:aws:rds:…:db:orders",)),), {KEY: picture}))


def row(seen: Look[SourceKeys], name: str = "SourceKeys", **sights: Any) -> Prerequisite:
    """Return a row about keys."""
    found = rows(desired(), observed((), sight(source_keys=seen, **sights)))
    return next(each for each in found if each.name == name)


def via(*services: str) -> Json:
    """Return a condition on the service that asks."""
    return {"StringLike": {"kms:ViaService": list(services)}}


FOR_RESOURCES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
IN_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION_ID}, "ArnLike": {"aws:PrincipalArn": SERVICE}}


@pytest.mark.parametrize(
    ("statements", "status", "reason"),
    [
        pytest.param([], "Unmet", Reason.KEY_NOT_SHARED, id="the default policy shares with nobody"),
        pytest.param([allow(SERVICE)], "Met", Reason.ALL_MET, id="the service-linked role may do everything"),
        pytest.param([allow(AWAY)], "Met", Reason.ALL_MET, id="the destination's account decides"),
        pytest.param([allow("222222222222")], "Met", Reason.ALL_MET, id="the account by its bare number"),
        pytest.param([allow(SERVICE, list(ALL))], "Met", Reason.ALL_MET, id="the actions of the guide"),
        pytest.param([allow(SERVICE, list(ALL[:-1]))], "Unmet", Reason.KEY_NOT_SHARED, id="without CreateGrant"),
        pytest.param([allow(SERVICE, "kms:CreateGrant")], "Unmet", Reason.KEY_NOT_SHARED, id="CreateGrant alone"),
        pytest.param(
            [allow(SERVICE, [ALL[0], "kms:Encrypt", ALL[4]])], "Unmet", Reason.KEY_NOT_SHARED, id="nothing to read with"
        ),
        pytest.param(
            [allow(SERVICE, list(ALL[:-1])), allow(SERVICE, "kms:CreateGrant", FOR_RESOURCES)],
            "Met",
            Reason.ALL_MET,
            id="grants for resources of AWS only",
        ),
        pytest.param([allow("*", "kms:*", IN_ORGANIZATION)], "Met", Reason.ALL_MET, id="the organization's role"),
        pytest.param(
            [allow("*", "kms:*", {"StringEquals": {"aws:PrincipalOrgID": "o-other"}})],
            "Unmet",
            Reason.KEY_NOT_SHARED,
            id="another organization",
        ),
        pytest.param(
            [allow("*", "kms:*", {"StringEquals": {"kms:CallerAccount": TARGET_ID}})],
            "Met",
            Reason.ALL_MET,
            id="caller",
        ),
        pytest.param([allow(SERVICE, "kms:*", via("rds.*.amazonaws.com"))], "Met", Reason.ALL_MET, id="through RDS"),
        pytest.param(
            [allow(SERVICE, "kms:*", via("ec2.*.amazonaws.com"))], "Unmet", Reason.KEY_NOT_SHARED, id="through EC2 only"
        ),
        pytest.param(
            [allow(SERVICE, "kms:*", via("rds.eu-west-1.amazonaws.com"))],
            "Unknown",
            Reason.KEY_POLICY_UNCLEAR,
            id="through RDS in one of two Regions",
        ),
        pytest.param(
            [allow(SERVICE, "kms:*", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
            "Unknown",
            Reason.KEY_POLICY_UNCLEAR,
            id="a condition nobody can judge from here",
        ),
        pytest.param(
            [allow(SERVICE, "kms:*", FOR_RESOURCES)],
            "Unknown",
            Reason.KEY_POLICY_UNCLEAR,
            id="everything for resources of AWS only",
        ),
        pytest.param(
            [allow(SERVICE), allow("*", "kms:CreateGrant", effect="Deny")], "Unmet", Reason.KEY_NOT_SHARED, id="a Deny"
        ),
        pytest.param(
            [allow(f"arn:aws:iam:::{TARGET_ID}:role/AWSServiceRoleForBackup")],
            "Unmet",
            Reason.KEY_NOT_SHARED,
            id="a typing error in the ARN",
        ),
    ],
)
def test_a_policy_of_a_key_is_judged(statements: list[Json], status: str, reason: Reason) -> None:
    """By whom it lets in and to what; what cannot be told is unknown and holds nothing."""
    found = row(keys(document(*statements)))

    assert (found.status, found.reason) == (status, reason)
    assert not found.blocks


def test_a_policy_that_names_no_account_has_to_name_the_copy_role_too() -> None:
    """Without the statement for the own account no permission of the role counts."""
    bare = json.dumps({"Version": "2012-10-17", "Statement": [allow(SERVICE)]})
    found = row(keys(bare))

    assert (found.status, found.reason) == ("Unmet", Reason.KEY_NOT_SHARED)
    assert f'"AWS":"{ROLE}"' in found.fix[-1]
    assert SERVICE not in found.fix[-1]


def test_a_statement_is_told_once() -> None:
    """The remedy names what the command adds, or has it whole where no command can."""
    found = row(keys(document()))

    assert all(each["Sid"] in found.remedy for each in statements_for([SERVICE]))
    assert "{" not in found.remedy
    assert "".join(found.fix).count('"Sid":"CrossvaultKeyUse') == 1


@pytest.mark.parametrize(
    ("key", "kind", "status", "reason"),
    [
        pytest.param(Seen(None), "RDS", "Met", Reason.ALL_MET, id="gone, and nothing is left to be copied"),
        pytest.param(Seen(Key(KEY, "CUSTOMER", "Disabled")), "RDS", "Met", Reason.ALL_MET, id="disabled, likewise"),
        pytest.param(Seen(Key(KEY, "AWS", "Enabled")), "EBS", "Met", Reason.ALL_MET, id="managed by AWS"),
        pytest.param(Seen(Key(KEY, "AWS", "Enabled")), "S3", "Met", Reason.ALL_MET, id="aws/backup"),
        pytest.param(UNSEEN, "RDS", "Unknown", Reason.THROTTLED, id="not seen"),
        pytest.param(Unseen(stuck()), "RDS", "Unknown", Reason.ACCESS_DENIED, id="denied"),
    ],
)
def test_a_key_is_judged_before_its_policy(key: Look[Key | None], kind: str, status: str, reason: Reason) -> None:
    """Denied is never missing, and what AWS manages needs no policy."""
    seen = keys(document(allow(SERVICE)), key=key, kind=kind)
    plan = diff(desired(), observed((), sight(source_keys=seen)))
    found = next(each for each in plan.prerequisites if each.name == "SourceKeys")

    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (None, Reason.KEY_NOT_FOUND, "lost"),
        ("PendingDeletion", Reason.KEY_NOT_USABLE, f"Key {KEY}: cancel its deletion, and enable it."),
        ("Disabled", Reason.KEY_NOT_USABLE, f"Key {KEY}: enable it."),
        ("PendingImport", Reason.KEY_NOT_USABLE, f"Key {KEY}: import its key material."),
        ("Unavailable", Reason.KEY_NOT_USABLE, f"Key {KEY}: reconnect its key store."),
        ("Creating", Reason.KEY_NOT_USABLE, f"Key {KEY}: wait until AWS has made it usable."),
    ],
)
def test_what_an_unusable_key_encrypts_is_held_until_it_is_copied(
    state: str | None, reason: Reason, words: str
) -> None:
    """A job would be spent for nothing; a recovery point that has its copy needs the key no more."""
    key = Seen(Key(KEY, "CUSTOMER", state) if state else None)
    one = replace(point(1), encryption_key_arn=KEY)
    seen = keys(document(allow(SERVICE)), key=key)
    plan = diff(desired(), observed((one,), sight(source_keys=seen)))
    after = diff(desired(), observed((one,), sight(source_keys=seen, copies=(copy_of(one),))))
    found, then = (next(each for each in p.prerequisites if each.name == "SourceKeys") for p in (plan, after))

    assert (found.status, found.reason) == ("Unmet", reason)
    assert words in found.remedy
    assert not [each for each in plan.actions if isinstance(each, StartCopy)]
    assert then.status == "Met"


def test_a_key_of_another_account_is_unknown() -> None:
    """KMS answers about keys of the own account only, so nobody asks."""
    foreign = Behind("arn:aws:kms:eu-west-1:333333333333:key/1", "RDS")
    found = row(Seen(SourceKeys((foreign,), {})))

    assert (found.status, found.reason) == ("Unknown", Reason.FOREIGN_KEY)
    assert "333333333333" in found.message


def test_a_denied_policy_is_unknown() -> None:
    """Nothing is held that AWS may take."""
    one = replace(point(1), encryption_key_arn=KEY)
    plan = diff(desired(), observed((one,), sight(source_keys=keys(Unseen(stuck())))))
    found = next(each for each in plan.prerequisites if each.name == "SourceKeys")

    assert (found.status, found.reason) == ("Unknown", Reason.ACCESS_DENIED)
    assert [each for each in plan.actions if isinstance(each, StartCopy)]


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        pytest.param(Seen((Grant(("DescribeKey", "CreateGrant", "Decrypt")),)), "Met", id="all of it"),
        pytest.param(Seen((Grant(("DescribeKey",)), Grant(("CreateGrant", "ReEncryptFrom")))), "Met", id="in two"),
        pytest.param(Seen((Grant(("Decrypt",)),)), "Unmet", id="too little"),
        pytest.param(
            Seen((Grant(("DescribeKey", "CreateGrant", "Decrypt"), constrained=True),)), "Unknown", id="a context"
        ),
        pytest.param(Seen(()), "Unmet", id="none"),
        pytest.param(Unseen(stuck()), "Unknown", id="denied"),
    ],
)
def test_grants_let_in_where_the_policy_does_not(grants: Look[tuple[Grant, ...]], status: str) -> None:
    """As far as what they allow is known."""
    assert row(keys(document(), grants={SERVICE: grants})).status == status


def test_a_deny_wins_over_a_grant() -> None:
    """It is named, and to add a statement is not the remedy."""
    deny = allow(SERVICE, "kms:*", effect="Deny") | {"Sid": "KeepOut"}
    whole: dict[str, Look[tuple[Grant, ...]]] = {SERVICE: Seen((Grant(("DescribeKey", "CreateGrant", "Decrypt")),))}
    found = row(keys(document(deny), grants=whole))

    assert (found.status, found.reason) == ("Unmet", Reason.KEY_NOT_SHARED)
    assert "remove or narrow statement KeepOut" in found.remedy


def test_what_a_key_keeps_out_is_held_and_all_else_is_copied() -> None:
    """Point by point: the others have their copies started, and the row blocks nothing."""
    shut, open_ = replace(point(1), encryption_key_arn=KEY), point(2, resource="arn:aws:rds:eu-west-1:1:db:other")
    plan = diff(desired(), observed((shut, open_), sight(source_keys=keys(document()))))
    (held,) = [each for each in standings_of(plan)["dr"] if each.point == shut]

    assert (held.state, held.reason, held.needs_action) == (State.WAITING, Reason.KEY_NOT_SHARED, True)
    assert [each.point for each in plan.actions if isinstance(each, StartCopy)] == [open_]


def test_snapshots_on_keys_of_aws_are_named_with_what_would_make_them_copyable() -> None:
    """The row is met: each such recovery point is ineligible by itself."""
    found = row(keys("", key=Seen(Key(KEY, "AWS", "Enabled")), kind="EBS"))

    assert "encrypt arn:aws:rds:…:db:orders with a customer managed key" in found.message


def test_the_role_comes_before_the_statement_that_names_it() -> None:
    """KMS refuses a policy with a principal that does not exist."""
    seen = observed((), sight(source_keys=keys(document())).having(SERVICE_ROLE, Seen(value=False)))
    found = next(each for each in rows(desired(), seen) if each.name == "SourceKeys")

    assert found.remedy.index("create-service-linked-role --aws-service-name backup") < found.remedy.index("Add state")
    assert any("create-service-linked-role" in line for line in found.fix)


@pytest.mark.parametrize(
    ("there", "made"),
    [
        pytest.param(UNASKED, True, id="nobody asked"),
        pytest.param(Unseen(stuck()), True, id="nobody may look"),
        pytest.param(Seen(value=False), True, id="absent"),
        pytest.param(Seen(value=True), False, id="present"),
    ],
)
def test_a_role_that_is_there_is_not_made(there: Look[bool], made: bool) -> None:
    """Of both sides' keys: a command that makes it is printed only where it may lack."""
    shut = Picture(GOOD, Seen(document()), service_role=there)
    parts = sight(source_keys=keys(document())).having(SERVICE_ROLE, there).having(VAULT_KEY, shut)
    found = {each.name: each for each in rows(desired(), observed((), parts)) if each.fix}

    assert set(found) == {"SourceKeys", "VaultKeyPolicy"}
    for each in found.values():
        assert any("create-service-linked-role" in line for line in each.fix) is made


def test_keys_with_one_trouble_are_one_remedy() -> None:
    """However many they are, the row stays short enough to be stored, and says the same every time."""
    arns = [f"{KEY[:-3]}{number:03}" for number in range(200)]
    picture = Picture(GOOD, Seen(document()))
    many = SourceKeys(tuple(Behind(arn, "RDS") for arn in arns), dict.fromkeys(arns, picture))
    found, again = row(Seen(many)), row(Seen(replace(many, behind=many.behind[::-1])))

    assert found == again
    assert "and 197 more" in found.remedy
    assert found.remedy.count("CrossvaultKeyUse") == 1
    assert len(found.remedy) < 4096 > len(found.message)


# --- Laws ----------------------------------------------------------------------------------------------------------

_PRINCIPALS = st.sampled_from(["*", HOME, AWAY, SERVICE, ROLE, "arn:aws:iam::333333333333:root"])
_ACTIONS = st.lists(st.sampled_from([*ALL, "kms:*", "kms:ReEncryptFrom", "kms:PutKeyPolicy"]), min_size=1, max_size=3)
_CONDITIONS = st.sampled_from(
    [
        *(None, FOR_RESOURCES, IN_ORGANIZATION, via("rds.*.amazonaws.com"), via("ec2.*.amazonaws.com")),
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringNotEquals": {"aws:PrincipalAccount": SOURCE_ID}},
    ]
)
_STATEMENTS = st.builds(allow, _PRINCIPALS, _ACTIONS, _CONDITIONS, st.sampled_from(["Allow", "Allow", "Deny"]))
_SIGHT, _SOURCE = sight(), observed().source
ORDER = [Verdict.DENIED, Verdict.NOT_ALLOWED, Verdict.UNKNOWN, Verdict.ALLOWED]


def decided(statements: list[Json], grants: tuple[Grant, ...] = ()) -> list[Verdict]:
    """Return whether a key lets in the copy role, and the service-linked role."""
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    asked = parties(desired(), destination(), _SOURCE, _SIGHT)
    picture = Picture(grants={each.arn: Seen(grants) for each in asked})
    return [admit(picture, text, each, KEY, "rds", ("eu-west-1", "eu-central-1")).verdict for each in asked]


@given(st.lists(_STATEMENTS, max_size=5))
def test_what_is_printed_is_enough(statements: list[Json]) -> None:
    """Whoever is not let in is so with the printed statements, unless a Deny is, or may be, in the way."""
    printed = list(statements_for([ROLE, SERVICE]))

    for before, after in zip(decided(statements), decided([*statements, *printed]), strict=True):
        assert after is Verdict.ALLOWED or any(each["Effect"] == "Deny" for each in statements)
        assert ORDER.index(after) >= ORDER.index(before)


@given(st.lists(_STATEMENTS, max_size=5), st.lists(st.sampled_from(ALL[:1] + ALL[-1:] + ("kms:Decrypt",)), max_size=3))
def test_a_grant_never_keeps_anybody_out(statements: list[Json], operations: list[str]) -> None:
    """It adds to what the policy allows, and takes nothing away."""
    granted = Grant(tuple(each.removeprefix("kms:") for each in operations))

    for before, after in zip(decided(statements), decided(statements, (granted,)), strict=True):
        assert ORDER.index(after) >= ORDER.index(before)


@given(st.lists(_STATEMENTS, max_size=5), _PRINCIPALS)
def test_a_deny_never_lets_anybody_in(statements: list[Json], principal: str) -> None:
    """Whoever is not let in for certain stays out, or unclear."""
    shut = decided([*statements, allow(principal, "kms:*", effect="Deny")])

    for before, after in zip(decided(statements), shut, strict=True):
        assert after is not Verdict.ALLOWED or before is Verdict.ALLOWED


# --- The destination's key -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        pytest.param(KEY_POLICY, "Met", id="its own account decides"),
        pytest.param(json.dumps({"Statement": [allow(SERVICE)]}), "Met", id="the service-linked role is named"),
        pytest.param(json.dumps({"Statement": [allow(HOME)]}), "Unmet", id="somebody else's only"),
        pytest.param("nonsense", "Unknown", id="unreadable"),
        pytest.param(Unseen(stuck()), "Unknown", id="denied"),
    ],
)
def test_the_key_of_the_vault_is_judged_alike(policy: Look[str] | str, status: str) -> None:
    """Snapshots are written with it by the destination's service-linked role."""
    one = point(1)
    seen = keys(document(allow(SERVICE)))
    plan = diff(desired(), observed((one,), sight(source_keys=seen, vault_key_policy=policy)))
    found = next(each for each in plan.prerequisites if each.name == "VaultKeyPolicy")

    assert found.status == status
    assert bool([each for each in plan.actions if isinstance(each, StartCopy)]) is (status != "Unmet")
    assert status != "Unmet" or re.search(r"CrossvaultKeyUse[0-9a-f]{32}", found.remedy)


@pytest.mark.parametrize(("principal", "status"), [(SERVICE, "Met"), (HOME, "Unmet")])
def test_the_key_of_a_vault_to_be_is_judged_before_it_is_made(principal: str, status: str) -> None:
    """It keeps that key for ever, and what is planned to follow its creation is judged by it."""
    wanted = destination(create=True)
    shut = absent(wanted).having(VAULT_KEY, Picture(policy=Seen(json.dumps({"Statement": [allow(principal)]}))))
    behind = shut.having(SOURCE_KEYS, keys(document(allow(SERVICE))))
    found = rows(desired(wanted), observed((point(1),), behind))

    assert [each.status for each in found if each.name == "VaultKeyPolicy"] == [status]


def test_types_that_aws_backup_manages_in_full_need_nothing_of_it() -> None:
    """Their copies go through the grant that the vault took when it was made."""
    only = desired(scope=Scope(resource_types=("S3",)))
    shut: Sight = sight(vault_key_policy=json.dumps({"Statement": [allow(HOME)]}))
    found = next(each for each in rows(only, observed((), shut)) if each.name == "VaultKeyPolicy")

    assert found.status == "Met"
