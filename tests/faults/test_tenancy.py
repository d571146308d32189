"""A namespace reaches the accounts that list it; others read like accounts that do not exist (invariant 4)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage


def told(stage: Stage) -> str:
    """Do one pass and return everything that a user of the namespace can read."""
    stage.body["status"] = {}
    outcome = stage.look()
    return json.dumps([stage.body["status"], [str(each) for each in outcome.events], outcome.summary])


@pytest.mark.parametrize("reference", ["dr", "production"])
@pytest.mark.parametrize("allowed", [{}, {"names": ["others"]}, {"selector": {"matchLabels": {"team": "others"}}}])
def test_not_allowed_reads_like_missing(stage: Stage, reference: str, allowed: Json) -> None:
    """Status, events and log of the two are equal to the letter, and AWS is not asked."""
    stage.control.freeze()
    stage.declared[reference]["spec"]["allowedNamespaces"] = allowed
    before = stage.control.snapshot()
    hidden = told(stage)
    assert not stage.control.calls()
    stage.control.restore(before)  # times are told too, and time moves forward only
    del stage.declared[reference]
    missing = told(stage)
    assert hidden == missing
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()


def test_a_label_selector_admits_the_namespaces_that_carry_it(stage: Stage) -> None:
    """The label decides; without it the account is out of reach again."""
    for each in stage.declared.values():
        each["spec"]["allowedNamespaces"] = {"selector": {"matchLabels": {"team": "orders"}}}
    stage.look()
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    stage.labels = {"team": "orders", "other": "label"}
    stage.go_on()
    stage.labels = {}
    stage.control.clear_calls()
    stage.look()
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()


@pytest.mark.parametrize("owner", [scene.STRANGER, scene.PRODUCTION, scene.TOOLS])
@pytest.mark.parametrize("form", ["key/0a0a0a0a-0000-4000-8000-000000000001", "alias/orders-copies"])
def test_no_vault_is_made_with_the_key_of_a_stranger(stage: Stage, owner: str, form: str) -> None:
    """Who holds the key holds the copies: its owner could make them unreadable, so AWS is not even asked about it."""
    wanted = stage.body["spec"]["destinations"][0]["vault"]
    wanted["encryptionKey"] = f"arn:aws:kms:{scene.AWAY}:{owner}:{form}"
    outcome = stage.look()

    assert scene.condition(stage.body) == ("False", "InvalidSpec")
    assert f"must be a key of the vault's own account {scene.BACKUP}, is of {owner}" in str(outcome.status)
    assert "spec.destinations[0].vault.encryptionKey" in str(outcome.status)
    assert not stage.control.calls()


OPERATOR = (f"arn:aws:iam::{scene.TOOLS}", scene.TOOLS)


def _refuse(stage: Stage, name: str) -> None:
    """Let the trust policy of an account ask for an External ID that nobody has."""
    stage.declared[name]["spec"]["externalId"] = "of-somebody-else"


def _lend(stage: Stage, name: str) -> None:
    """Have an account entered with the operator's own identity, which belongs elsewhere."""
    for member in ("roleArn", "externalId"):
        del stage.declared[name]["spec"][member]


@pytest.mark.parametrize("reference", ["production", "dr"])
@pytest.mark.parametrize("break_it", [_refuse, _lend])
def test_refused_way_in_tells_a_tenant_nothing_about_the_operator(
    stage: Stage, reference: str, break_it: Callable[[Stage, str], None]
) -> None:
    """What has to be put right stands there; whose identity it is for, the BackupAccount's status tells."""
    break_it(stage, reference)
    read = told(stage)
    stage.look_at_account(reference)
    administrators = json.dumps(stage.declared[reference]["status"])

    assert not [each for each in OPERATOR if each in read]
    assert scene.TOOLS in administrators
    if break_it is _refuse:
        assert "its trust policy does not give the operator sts:AssumeRole" in read


def test_all_admits_everybody(stage: Stage) -> None:
    """With all: true every namespace may."""
    for each in stage.declared.values():
        each["spec"]["allowedNamespaces"] = {"all": True}
    stage.body["metadata"]["namespace"] = "anywhere"
    stage.go_on()

    assert scene.condition(stage.body) == ("True", "Protected")


# --- Grants: two tenants of one account ----------------------------------------------------------------------------


ORDERS_ONLY: dict[str, Json] = {
    "production": {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["orders"]},
    "dr": {
        "namespaces": {"names": ["orders"]},
        "as": ["Destination"],
        "vaults": ["orders-*"],
        "keys": ["alias/orders-*"],
    },
}


def grant(stage: Stage, **changes: Json) -> None:
    """Take away the short form and give namespace orders its own vaults, or something else."""
    for name, given in (ORDERS_ONLY | changes).items():
        stage.declared[name]["spec"] |= {"allowedNamespaces": {}, "grants": [given]}


def test_what_is_granted_is_all_that_it_takes(stage: Stage) -> None:
    """A tenant with its own vaults on both sides becomes protected."""
    grant(stage)
    stage.go_on()

    assert scene.condition(stage.body) == ("True", "Protected")


PAYROLL: Json = {"accountRef": {"name": "production"}, "region": scene.HOME, "vault": {"name": "payroll"}}


def with_payroll() -> Json:
    """Return a world in which another tenant has a vault on both sides."""
    made = scene.world()
    for account_id, region in ((scene.PRODUCTION, scene.HOME), (scene.BACKUP, scene.AWAY)):
        scene.account(made, account_id).setdefault("vaults", []).append({"region": region, "name": "payroll"})
    return made


@pytest.mark.parametrize("exists", [True, False], ids=["a vault that is there", "a vault that is not"])
@pytest.mark.parametrize(
    ("theft", "account"),
    [
        pytest.param({"source": PAYROLL}, "production", id="copy another tenant's backups"),
        pytest.param(
            {"source": {**PAYROLL, "vault": {"name": "orders"}, "copyRole": "payroll"}},
            "production",
            id="with its role",
        ),
        pytest.param(
            {"destinations": [scene.destination(vault={"name": "payroll"}, lifecycle={"deleteAfterDays": 1})]},
            "dr",
            id="fill another tenant's vault",
        ),
        pytest.param(
            {"destinations": [scene.destination(accountRef={"name": "stranger"})]},
            "stranger",
            id="into an account for others",
        ),
    ],
)
def test_a_tenant_learns_nothing_of_another(stage: Stage, theft: Json, account: str, *, exists: bool) -> None:
    """AWS is not asked, and what can be read is to the letter what a missing account would give."""
    if exists:
        stage.begin(with_payroll())
    stage.control.freeze()
    grant(stage)
    stage.declared["stranger"]["spec"]["allowedNamespaces"] = {"names": ["others"]}
    stage.declare(**theft)
    before = stage.control.snapshot()
    refused = told(stage)
    stage.control.restore(before)
    del stage.declared[account]

    assert refused == told(stage)
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()


def test_a_grant_that_is_taken_away_stops_the_policy_and_removes_nothing(stage: Stage) -> None:
    """What was copied and the statement stay; nothing is asked of AWS any more."""
    grant(stage)
    stage.go_on()
    copies, statements = stage.copies(), stage.statements()
    stage.control.clear_calls()
    grant(stage, dr=ORDERS_ONLY["dr"] | {"vaults": ["payroll-*"]})
    stage.look()

    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()
    assert (stage.copies(), stage.statements()) == (copies, statements)


def test_one_policy_more_than_allowed_waits_until_another_goes(stage: Stage) -> None:
    """It is told so, and AWS is not asked for it."""
    grant(stage, dr=ORDERS_ONLY["dr"] | {"limits": {"policies": 2}})
    stage.look(elders={"dr": 2})
    assert scene.condition(stage.body) == ("False", "PolicyLimitReached")
    assert not stage.control.calls()
    stage.go_on()
    assert scene.condition(stage.body) == ("True", "Protected")
