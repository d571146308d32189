"""What AWS needs before a copy can work, row by row."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import (
    OUR_POLICY,
    ROLE,
    UNSEEN,
    absent,
    account_sight,
    blind,
    desired,
    destination,
    key,
    observed,
    sight,
    source_vault,
    stuck,
    target_vault,
    vault,
)
from tests.kit.judging import rows

from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.organization import ORGANIZATION, Organization
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.engine.declared import Desired, Mode, Ownership, Scope
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Result, hindered
from crossvault.engine.rows import Prerequisite, PrerequisiteStatus, block, cleared, told_once
from crossvault.words.reasons import Reason

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN
CREATE = destination(create=True)
CHECK = destination(vault_policy=Ownership.CHECK)
YEAR = destination(lifecycle=Lifecycle(delete_after_days=365))
INHERIT = destination(lifecycle=Lifecycle(delete_after_days=-1))
DENY = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "backup:*", "Resource": "*"}})
OPEN = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "backup:CopyIntoBackupVault",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-examplecorp"}},
        }
    }
)


def _row(name: str, wanted: Desired, seen: Observed, *, of: str = "dr") -> Prerequisite:
    return next(row for row in rows(wanted, seen) if row.name == name and row.destination == of)


@pytest.mark.parametrize(
    ("name", "looks", "wanted", "status", "reason"),
    [
        pytest.param("Identity", {}, desired(), MET, Reason.ALL_MET, id="identity"),
        pytest.param(
            "Identity",
            {"account": account_sight(identity=Unseen(stuck(reason=Reason.WRONG_ACCOUNT)))},
            desired(),
            UNMET,
            Reason.WRONG_ACCOUNT,
            id="an identity that is wrong",
        ),
        pytest.param("SameOrganization", {}, desired(), MET, Reason.ALL_MET, id="one organization"),
        pytest.param(
            "SameOrganization",
            {"account": account_sight(organization=Seen(Organization("o-other", "3")))},
            desired(),
            UNMET,
            Reason.DIFFERENT_ORGANIZATION,
            id="two organizations",
        ),
        pytest.param(
            "SameOrganization",
            {"account": account_sight(organization=Seen(None))},
            desired(),
            UNMET,
            Reason.NO_ORGANIZATION,
            id="no organization",
        ),
        pytest.param(
            "SameOrganization",
            {"account": account_sight(organization=UNSEEN)},
            desired(),
            UNKNOWN,
            Reason.THROTTLED,
            id="organization unseen",
        ),
        pytest.param("DestinationVault", {}, desired(), MET, Reason.ALL_MET, id="vault"),
        pytest.param(
            "DestinationVault",
            {"vault": Seen(None)},
            desired(),
            UNMET,
            Reason.DESTINATION_VAULT_MISSING,
            id="vault missing",
        ),
        pytest.param("DestinationVault", {"vault": UNSEEN}, desired(), UNKNOWN, Reason.THROTTLED, id="vault unseen"),
        pytest.param(
            "DestinationVault",
            {},
            desired(destination(vault=target_vault("Default"))),
            UNMET,
            Reason.DEFAULT_VAULT,
            id="the vault Default",
        ),
        pytest.param("VaultKey", {}, desired(), MET, Reason.ALL_MET, id="key"),
        pytest.param(
            "VaultKey",
            {"vault_key": Seen(key(manager="AWS"))},
            desired(),
            UNMET,
            Reason.AWS_MANAGED_VAULT_KEY,
            id="a key of AWS",
        ),
        pytest.param(
            "VaultKey",
            {"vault_key": Seen(key(manager="AWS"))},
            desired(scope=Scope(resource_types=("S3", "EFS"))),
            MET,
            Reason.ALL_MET,
            id="a key of AWS for types that may use it",
        ),
        pytest.param(
            "VaultKey",
            {"vault_key": Seen(key(manager="AWS"))},
            desired(scope=Scope(resource_types=("S3", "RDS"))),
            UNMET,
            Reason.AWS_MANAGED_VAULT_KEY,
            id="a key of AWS for a type that may not",
        ),
        pytest.param(
            "VaultKey",
            {"vault_key": Seen(key(state="PendingDeletion"))},
            desired(scope=Scope(resource_types=("S3",))),
            UNMET,
            Reason.KEY_NOT_USABLE,
            id="a key that goes",
        ),
        pytest.param("VaultKey", {"vault_key": Seen(None)}, desired(), UNMET, Reason.KEY_NOT_FOUND, id="a key gone"),
        pytest.param(
            "VaultKey",
            {"vault_key": Seen(None), "vault": Seen(vault(encryption_key_arn=None))},
            desired(),
            UNMET,
            Reason.AWS_MANAGED_VAULT_KEY,
            id="no key of one's own",
        ),
        pytest.param("VaultKey", {"vault_key": UNSEEN}, desired(), UNKNOWN, Reason.THROTTLED, id="key unseen"),
        pytest.param("VaultPolicy", {}, desired(), MET, Reason.ALL_MET, id="policy"),
        pytest.param("VaultPolicy", {"policy": OPEN}, desired(CHECK), MET, Reason.ALL_MET, id="the organization"),
        pytest.param("VaultPolicy", {"policy": None}, desired(), UNMET, Reason.VAULT_POLICY_MISSING, id="no policy"),
        pytest.param(
            "VaultPolicy",
            {"vault": Seen(None), "policy": None},
            desired(),
            UNKNOWN,
            Reason.DESTINATION_VAULT_MISSING,
            id="no vault to have a policy",
        ),
        pytest.param("VaultPolicy", {"policy": DENY}, desired(), UNMET, Reason.VAULT_POLICY_DENIES, id="a Deny"),
        pytest.param(
            "VaultPolicy", {"policy": "garbage"}, desired(), UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, id="unreadable"
        ),
        pytest.param(
            "VaultPolicy",
            {"policy": OPEN.replace("PrincipalOrgID", "SourceVpc")},
            desired(CHECK),
            UNKNOWN,
            Reason.VAULT_POLICY_UNCLEAR,
            id="a condition that cannot be judged",
        ),
        pytest.param("VaultPolicy", {"policy": UNSEEN}, desired(), UNKNOWN, Reason.THROTTLED, id="policy unseen"),
        pytest.param("VaultLockBounds", {}, desired(), MET, Reason.ALL_MET, id="no lock"),
        pytest.param(
            "VaultLockBounds",
            {"vault": Seen(vault(locked=True, min_retention_days=7, max_retention_days=365))},
            desired(YEAR),
            MET,
            Reason.ALL_MET,
            id="within the bounds",
        ),
        pytest.param(
            "VaultLockBounds",
            {"vault": Seen(vault(locked=True, max_retention_days=364))},
            desired(YEAR),
            UNMET,
            Reason.RETENTION_OUT_OF_BOUNDS,
            id="above the bounds",
        ),
        pytest.param(
            "VaultLockBounds",
            {"vault": Seen(vault(locked=True, min_retention_days=366))},
            desired(YEAR),
            UNMET,
            Reason.RETENTION_OUT_OF_BOUNDS,
            id="below the bounds",
        ),
        pytest.param(
            "VaultLockBounds",
            {"vault": Seen(vault(locked=True, min_retention_days=366))},
            desired(INHERIT),
            UNKNOWN,
            Reason.RETENTION_OUT_OF_BOUNDS,
            id="inherited retention",
        ),
        pytest.param("VaultLockBounds", {"vault": UNSEEN}, desired(YEAR), UNKNOWN, Reason.THROTTLED, id="lock unseen"),
    ],
)
def test_every_row_says_what_was_seen(
    name: str, looks: dict[str, Any], wanted: Desired, status: PrerequisiteStatus, reason: Reason
) -> None:
    """Met, unmet and unknown are told apart; only what was seen to be wrong is unmet, and has a remedy."""
    row = _row(name, wanted, observed((), sight(wanted.destinations[0], **looks)))

    assert (row.status, row.reason) == (status, reason)
    assert bool(row.remedy) or status is not UNMET
    assert row.message.endswith((".", ")"))


@pytest.mark.parametrize(
    ("name", "looks", "status", "reason"),
    [
        pytest.param("SourceVault", {}, MET, Reason.ALL_MET, id="source vault"),
        pytest.param(
            "SourceVault", {"source_vault": Seen(None)}, UNMET, Reason.SOURCE_VAULT_MISSING, id="source vault missing"
        ),
        pytest.param("SourceVault", {"source_vault": UNSEEN}, UNKNOWN, Reason.THROTTLED, id="source vault unseen"),
        pytest.param(
            "Identity", {"source": account_sight(identity=UNSEEN)}, UNKNOWN, Reason.THROTTLED, id="identity unseen"
        ),
    ],
)
def test_the_source_has_rows_of_its_own(
    name: str, looks: dict[str, Any], status: PrerequisiteStatus, reason: Reason
) -> None:
    """What concerns the source names no destination."""
    row = _row(name, desired(), observed(**looks), of="")

    assert (row.status, row.reason) == (status, reason)


@pytest.mark.parametrize(
    ("looks", "status", "reason"),
    [
        pytest.param({"cross_account_backup": Seen(value=True)}, MET, Reason.ALL_MET, id="on"),
        pytest.param({"cross_account_backup": Seen(value=False)}, UNMET, Reason.CROSS_ACCOUNT_BACKUP_OFF, id="off"),
        pytest.param({"cross_account_backup": UNSEEN}, UNKNOWN, Reason.THROTTLED, id="unseen"),
    ],
)
def test_the_switch_of_the_organization_is_the_source_accounts_view(
    looks: dict[str, Any], status: PrerequisiteStatus, reason: Reason
) -> None:
    """Cross-account backup is on, off, or not seen."""
    row = _row("OrganizationToggle", desired(), observed(source=account_sight(**looks)))

    assert (row.status, row.reason) == (status, reason)


@pytest.mark.parametrize(
    ("look", "status", "reason"),
    [
        pytest.param(Seen(key()), MET, Reason.ALL_MET, id="usable"),
        pytest.param(Seen(None), UNMET, Reason.KEY_NOT_FOUND, id="not there"),
        pytest.param(Seen(key(state="Disabled")), UNMET, Reason.KEY_NOT_USABLE, id="disabled"),
        pytest.param(Seen(key(manager="AWS")), UNMET, Reason.KEY_NOT_USABLE, id="managed by AWS"),
        pytest.param(UNSEEN, UNKNOWN, Reason.THROTTLED, id="unseen"),
    ],
)
def test_the_key_of_a_vault_to_be_created_has_to_be_usable(
    look: Any, status: PrerequisiteStatus, reason: Reason
) -> None:
    """Before a vault is created its key is judged."""
    row = _row("VaultKey", desired(CREATE), observed((), absent(wanted_key=look)))

    assert (row.status, row.reason) == (status, reason)


def test_the_key_of_a_vault_nobody_creates_is_unknown() -> None:
    """Without a vault and without the wish for one, there is no key to judge."""
    row = _row("VaultKey", desired(), observed((), absent(destination())))

    assert row.status is UNKNOWN


def test_invariant_7_an_unseen_organization_never_makes_a_policy_missing() -> None:
    """An Allow for the organization stays open while the organization cannot be looked at, and blocks nothing."""
    wanted = desired(CHECK)
    seen = observed((), sight(CHECK, policy=OPEN), source=account_sight(organization=UNSEEN))
    row = _row("VaultPolicy", wanted, seen)

    assert (row.status, row.blocks) == (UNKNOWN, False)


def test_invariant_7_what_was_not_seen_is_unknown_in_every_row() -> None:
    """A destination in the dark has no row that says unmet."""
    dark = blind().having(ORGANIZATION, UNSEEN).having(IDENTITY, UNSEEN)
    found = rows(desired(), observed((), dark, source=account_sight(cross_account_backup=UNSEEN)))

    assert {row.status for row in found if row.destination == "dr"} == {UNKNOWN}


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        pytest.param(observed(), False, id="all is well"),
        pytest.param(observed(source_vault=UNSEEN), True, id="source vault unseen"),
        pytest.param(observed((), sight(vault=UNSEEN)), True, id="destination vault unseen"),
        pytest.param(observed((), sight(policy=UNSEEN)), True, id="managed policy unseen"),
        pytest.param(
            observed((), sight(policy=Unseen(stuck(reason=Reason.ACCESS_DENIED)))),
            False,
            id="managed policy that may not be read",
        ),
        pytest.param(observed((), sight(policy=None)), True, id="policy missing"),
        pytest.param(observed((), sight(vault_key=UNSEEN)), False, id="key unseen"),
        pytest.param(
            observed((), sight(), source=account_sight(organization=UNSEEN, cross_account_backup=UNSEEN)),
            False,
            id="organization unseen",
        ),
        pytest.param(observed(source=account_sight(identity=UNSEEN)), True, id="identity unseen"),
    ],
)
def test_copies_wait_for_what_is_unmet_and_for_what_they_need_seen(seen: Observed, *, held: bool) -> None:
    """A permission to look that nobody granted does not keep backups from being copied."""
    assert block(rows(desired(), seen), "dr") is held


def test_a_row_of_one_destination_holds_no_other() -> None:
    """Destinations are independent of each other."""
    two = (destination(), destination("b", vault=target_vault("b")))
    found = rows(desired(*two), observed((), sight(policy=None), sight(two[1])))

    assert block(found, "dr")
    assert not block(found, "b")


def test_met_rows_clear_the_failures_they_caused() -> None:
    """Each prerequisite that is met makes the failures of its kind worth another try."""
    clear = cleared(rows(desired(), observed()), "dr")
    off = rows(desired(), observed((), sight(policy=None)))

    assert clear == {
        Reason.NOT_SAME_ORGANIZATION,
        Reason.FEATURE_NOT_ENABLED,
        Reason.DESTINATION_VAULT_MISSING,
        Reason.VAULT_KEY_UNSUITABLE,
        Reason.COPY_DENIED,
        Reason.KEY_NOT_SHARED,
        Reason.KEY_ACCESS_DENIED,
        Reason.RETENTION_REFUSED,
    }
    assert Reason.COPY_DENIED not in cleared(off, "dr")
    assert cleared(off, "another") == frozenset()


def test_messages_name_what_a_person_has_to_find() -> None:
    """The vault, the role and the remedy stand in the row."""
    row = _row("VaultPolicy", desired(CHECK), observed((), sight(CHECK, policy=None)))

    assert ROLE in row.message
    assert "orders-copies" in row.message
    assert "vaultPolicy: Manage" in row.remedy
    assert OUR_POLICY.startswith("{")
    assert source_vault().name in _row("SourceVault", desired(), observed(), of="").message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, "Nothing: the operator", id="an enforcing policy leaves it to the operator"),
        pytest.param({"suspend": True}, "Set spec.suspend: false: the operator then", id="a suspension has to end"),
        pytest.param({"mode": Mode.OBSERVE}, "Set spec.mode: Enforce: the operator then", id="observing has to end"),
        pytest.param(
            {"suspend": True, "mode": Mode.OBSERVE},
            "Set spec.suspend: false and spec.mode: Enforce: the operator then",
            id="both have to end",
        ),
    ],
)
def test_the_operator_is_no_remedy_while_it_may_not_act(changes: dict[str, Any], said: str) -> None:
    """Who suspends a policy or lets it observe is told so, and does not wait for an operator that does nothing."""
    wanted = replace(desired(CREATE), **changes)

    vault_row = _row("DestinationVault", wanted, observed((), absent(CREATE)))
    policy_row = _row("VaultPolicy", wanted, observed((), sight(CREATE, policy=None)))

    assert vault_row.remedy == f"{said} creates the vault."
    assert policy_row.remedy == f"{said} adds the statement."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(Seen(None), "There is no key alias/orders-copies", id="the key does not exist"),
        pytest.param(UNSEEN, UNSEEN.problem.message, id="the key could not be looked at"),
    ],
)
def test_a_vault_that_cannot_be_created_says_what_its_key_lacks(found: Any, said: str) -> None:
    """The row of the vault comes first and alone reaches kubectl get; it must not say that nothing is to be done."""
    row = _row("DestinationVault", desired(CREATE), observed((), absent(CREATE, wanted_key=found)))

    assert row.remedy.startswith("The operator cannot create it yet: ")
    assert said in row.remedy


def test_a_deny_keeps_its_remedy_when_our_statement_is_refused() -> None:
    """To be allowed to add ours would not help."""
    found = rows(desired(), observed((), sight(policy=DENY)))
    refused = Result(PutVaultPolicy("dr", destination().vault, DENY, OUR_POLICY, "sid"), stuck())

    assert hindered(found, (refused,), acts=True) == found


NOBODYS_WORK = {
    "a vault to create": (desired(CREATE), observed((), absent(CREATE))),
    "a vault to create, without the copy role": (desired(CREATE), observed((), absent(CREATE), copy_role=Seen(None))),
    "a statement to add, without the copy role": (desired(), observed((), sight(policy=None), copy_role=Seen(None))),
    "a statement to add, from another organization": (
        desired(),
        observed((), sight(policy=None, account=account_sight(organization=Seen(Organization("o-other", "3"))))),
    ),
    "a statement to add, with the switch off": (
        desired(),
        observed((), sight(policy=None), source=account_sight(cross_account_backup=Seen(value=False))),
    ),
}


@pytest.mark.parametrize(("wanted", "seen"), NOBODYS_WORK.values(), ids=NOBODYS_WORK.keys())
def test_what_the_operator_does_later_is_no_work_for_people(wanted: Desired, seen: Observed) -> None:
    """Of a policy that acts, whatever comes first; one that does not, or what was refused, has its commands."""
    found = rows(wanted, seen)
    ours = [row for row in found if row.ours]
    assert any(row.fix for row in ours)

    told = hindered(found, (), acts=True)
    assert not [row for row in told if row.ours and row.fix]
    assert [row for row in told if not row.ours] == [row for row in found if not row.ours]
    assert hindered(found, (), acts=False) == found
    for row in ours:
        said = hindered(found, (Result(_mending(row.name, wanted), stuck()),), acts=True)
        assert next(each for each in said if each.name == row.name) == replace(row, remedy=stuck().message)


def _mending(row: str, wanted: Desired) -> CreateVault | PutVaultPolicy:
    vault = wanted.destinations[0].vault
    return (
        CreateVault("dr", vault, "arn") if row == "DestinationVault" else PutVaultPolicy("dr", vault, None, "{}", "s")
    )


def test_a_refused_creation_says_what_aws_said() -> None:
    """A permission that is lacking stands where "nothing" would: it is what keeps the vault from being there."""
    found = rows(desired(CREATE), observed((), absent(CREATE)))

    told = hindered(found, (Result(CreateVault("dr", CREATE.vault, "arn"), stuck()),), acts=True)

    remedies = {row.name: row.remedy for row in told}
    assert remedies["DestinationVault"] == stuck().message
    assert [row for row in told if row.name != "DestinationVault"] == [
        row for row in found if row.name != "DestinationVault"
    ]


def test_what_failed_for_one_reason_is_told_by_the_first_row_alone() -> None:
    """Each row keeps its status, reason and effect; what only one of two sides could not see is told for that one."""
    (one, other, later, far) = told_once(
        (
            Prerequisite("A", "", UNMET, Reason.ASSUME_ROLE_DENIED, "No.", "Mend.", blocks=True),
            Prerequisite("B", "", UNKNOWN, Reason.ASSUME_ROLE_DENIED, "No."),
            Prerequisite("B", "dr", UNKNOWN, Reason.ASSUME_ROLE_DENIED, "No.", blocks=True),
            Prerequisite("C", "dr", UNKNOWN, Reason.ACCESS_DENIED, "No."),
        )
    )

    assert (one.message, one.remedy) == ("No.", "Mend.")
    assert (other.message, later.message) == ("Not looked at: see A.", "Not looked at: see A.")
    assert (later.status, later.reason, later.blocks) == (UNKNOWN, Reason.ASSUME_ROLE_DENIED, True)
    assert far.message == "No."


def test_a_row_of_one_destination_refers_to_none_of_another() -> None:
    """Whoever reads one side finds there what is wrong."""
    rows = tuple(Prerequisite(name, name, UNKNOWN, Reason.THROTTLED, "Slow.") for name in ("dr", "far"))

    assert told_once(rows) == rows
