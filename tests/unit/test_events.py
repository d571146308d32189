"""What messages of the event queue hint at: the documented events, and anything else that somebody may send."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.event_queue import call, event, template

from crossvault.aws import events
from crossvault.engine.hints import Fate, Hint, Notice, Subject

ACCOUNT, OTHER = "123456789012", "999999999999"
SOURCE = f"arn:aws:backup:us-west-2:{ACCOUNT}:backup-vault:orders"
TARGET = f"arn:aws:backup:eu-central-1:{OTHER}:backup-vault:aws/efs/copies"
COPY = {
    "copyJobId": "0175DE71-5784-589F-D8AC-541ACCB4CAC8",
    "backupSizeInBytes": 3221225472,
    "creationDate": "2020-07-15T22:06:27.234Z",
    "resourceType": "EBS",
    "sourceBackupVaultArn": SOURCE,
    "destinationBackupVaultArn": TARGET,
    "destinationRecoveryPointArn": {},
}
COPIED = {
    Hint(ACCOUNT, "us-west-2", Subject.COPY, "orders"),
    Hint(OTHER, "eu-central-1", Subject.COPY, "aws/efs/copies"),
}
HERE = Hint(ACCOUNT, "us-west-2", Subject.BACKUP, "orders")


def backup(kind: str, **detail: Any) -> dict[str, Any]:
    """Return an event of AWS Backup in the account and Region of these tests."""
    return event(kind, detail, account_id=ACCOUNT, region="us-west-2")


def called(name: str, service: str = "backup", **changes: Any) -> dict[str, Any]:
    """Return an event of a call there."""
    told = call(name, {"backupVaultName": "orders"}, service, ACCOUNT, "us-west-2") | changes
    kind = "AWS API Call via CloudTrail"
    return event(kind, told, account_id=ACCOUNT, region="us-west-2", source=f"aws.{service}")


def hinted(found: Notice | Fate) -> set[Hint] | Fate:
    """Return the hints of a notice."""
    return set(found.hints) if isinstance(found, Notice) else found


@pytest.mark.parametrize(
    ("told", "hints"),
    [
        pytest.param(backup("Backup Job State Change", state="COMPLETED", backupVaultArn=SOURCE), {HERE}, id="backup"),
        pytest.param(backup("Backup Job State Change", state="COMPLETED", backupVaultName="orders"), {HERE}, id="name"),
        pytest.param(
            backup("Backup Job State Change", state="RUNNING", backupVaultName="orders"),
            Fate.IRRELEVANT,
            id="a backup that runs has made nothing yet",
        ),
        pytest.param(
            backup("Backup Job State Change", state="CREATED", backupJobId="1"), Fate.IRRELEVANT, id="of no vault"
        ),
        pytest.param(
            backup("Recovery Point State Change", status="COMPLETED", backupVaultName="orders", backupVaultArn=SOURCE),
            {HERE},
            id="a recovery point is there",
        ),
        pytest.param(
            backup("Recovery Point State Change", status="DELETED", backupVaultName="orders"), {HERE}, id="it is gone"
        ),
        pytest.param(
            backup("Recovery Point State Change", status="ODD", backupVaultName="orders"), {HERE}, id="a new status"
        ),
        pytest.param(backup("Copy Job State Change", state="COMPLETED", **COPY), COPIED, id="a copy is done"),
        pytest.param(backup("Copy Job State Change", state="FAILED", **COPY), COPIED, id="a copy has failed"),
        pytest.param(backup("Copy Job State Change", state="PARTIAL", **COPY), COPIED, id="a copy lacks parts"),
        pytest.param(backup("Copy Job State Change", state="RUNNING", **COPY), Fate.IRRELEVANT, id="a copy runs"),
        pytest.param(backup("Copy Job State Change", state="CREATED", **COPY), Fate.IRRELEVANT, id="a copy begins"),
        pytest.param(
            backup("Backup Vault State Change", state="MODIFIED", backupVaultName="orders"),
            {Hint(ACCOUNT, "us-west-2", Subject.VAULT, "orders")},
            id="a vault",
        ),
        pytest.param(backup("Restore Job State Change", state="COMPLETED"), Fate.IRRELEVANT, id="a restore"),
        pytest.param(backup("Backup Plan State Change", state="MODIFIED"), Fate.IRRELEVANT, id="a plan"),
        pytest.param(
            called("PutBackupVaultAccessPolicy"),
            {Hint(ACCOUNT, "us-west-2", Subject.POLICY, "orders")},
            id="a policy is put",
        ),
        pytest.param(
            called("DeleteBackupVaultAccessPolicy"),
            {Hint(ACCOUNT, "us-west-2", Subject.POLICY, "orders")},
            id="a policy is deleted",
        ),
        pytest.param(
            called("PutBackupVaultLockConfiguration"),
            {Hint(ACCOUNT, "us-west-2", Subject.VAULT, "orders")},
            id="a lock is put",
        ),
        pytest.param(called("DeleteRecoveryPoint"), {HERE}, id="a point is deleted"),
        pytest.param(
            called("PutKeyPolicy", "kms"), {Hint(ACCOUNT, "us-west-2", Subject.KEY)}, id="a key lets in others"
        ),
        pytest.param(called("PutKeyPolicy", "kms", requestParameters=None), {Hint(ACCOUNT, "us-west-2", Subject.KEY)},
                     id="a key without parameters"),
        pytest.param(called("CreateGrant", "kms"), Fate.IRRELEVANT, id="a grant, of which each copy makes some"),
        pytest.param(called("StartCopyJob"), Fate.IRRELEVANT, id="a call that shows in another event"),
        pytest.param(called("PutBackupVaultAccessPolicy", errorCode="AccessDenied"), Fate.IRRELEVANT, id="refused"),
        pytest.param(called("PutBackupVaultAccessPolicy", requestParameters=None), Fate.IRRELEVANT, id="of nothing"),
        pytest.param(backup("Order placed", state="COMPLETED"), Fate.IRRELEVANT, id="an event of an unknown kind"),
        pytest.param(
            backup("Copy Job State Change", state="COMPLETED", **COPY) | {"source": "shop"},
            Fate.IRRELEVANT,
            id="somebody's own event of a known kind",
        ),
        pytest.param(
            backup("Recovery Point State Change", backupVaultName="orders") | {"account": "1"},
            Fate.IRRELEVANT,
            id="no account",
        ),
        pytest.param(
            backup("Recovery Point State Change", backupVaultName="orders") | {"region": "eu-west-1.evil.example"},
            Fate.IRRELEVANT,
            id="no Region",
        ),
        pytest.param(
            backup("Recovery Point State Change", backupVaultName="x" * 5000), Fate.IRRELEVANT, id="no name of a vault"
        ),
        pytest.param(
            backup("Recovery Point State Change", backupVaultName=["orders"], backupVaultArn=17),
            Fate.IRRELEVANT,
            id="members of another kind",
        ),
        pytest.param({**backup("Copy Job State Change"), "detail": None}, Fate.MALFORMED, id="a detail that is null"),
        pytest.param({**backup("Copy Job State Change"), "detail": [1]}, Fate.MALFORMED, id="a detail that is a list"),
        pytest.param({**backup("Copy Job State Change"), "id": None}, Fate.MALFORMED, id="no id"),
        pytest.param({**backup("Copy Job State Change"), "id": "x" * 129}, Fate.MALFORMED, id="an endless id"),
        pytest.param({**backup("Copy Job State Change"), "detail-type": 5}, Fate.MALFORMED, id="a type that is none"),
        pytest.param({}, Fate.MALFORMED, id="an empty object"),
    ],
)  # fmt: skip
def test_a_message_is_what_it_hints_at(told: dict[str, Any], hints: set[Hint] | Fate) -> None:
    """What changes nothing that is looked at is told from what is no event at all."""
    assert hinted(events.read(json.dumps(told))) == hints


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "hello",
        "[]",
        "null",
        "7",
        '{"detail": ',
        "[" * 100_000,
        '{"a":' * 50_000,
        f'{{"detail": {{"n": {"9" * 5000}}}}}',
        '{"detail": {"n": 1e999}, "id": "1", "detail-type": 3}',
        "NaN",
        "\ud800",
        "x" * (events.LARGEST + 1),
        json.dumps(backup("Copy Job State Change", state="COMPLETED", rubbish="x" * events.LARGEST, **COPY)),
    ],
    ids=lambda body: repr(body)[:20],
)
def test_rubbish_is_told_as_such(body: str | None) -> None:
    """Whatever its size, its depth and its numbers."""
    assert events.read(body) is Fate.MALFORMED


def test_numbers_may_be_huge() -> None:
    """Where an event has numbers nobody reads them."""
    told = backup("Copy Job State Change", state="COMPLETED", **(COPY | {"backupSizeInBytes": 10**4000}))

    assert hinted(events.read(json.dumps(told))) == COPIED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
KNOWN = [
    backup("Copy Job State Change", state="COMPLETED", **COPY),
    backup("Recovery Point State Change", status="COMPLETED", backupVaultName="orders", backupVaultArn=SOURCE),
    called("PutBackupVaultAccessPolicy"),
    called("PutKeyPolicy", "kms"),
]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Make an event in which anything stands in some places."""
    told = json.loads(json.dumps(draw(st.sampled_from(KNOWN))))
    for _ in range(draw(st.integers(1, 3))):
        part = draw(st.sampled_from([told, told["detail"]])) if isinstance(told.get("detail"), dict) else told
        part[draw(st.sampled_from(sorted(part)))] = draw(JSON)
    return told


@given(JSON | spoilt())
def test_anything_is_read(told: Any) -> None:
    """Nothing raises, and what is hinted at has the form of what there can be."""
    found = events.read(json.dumps(told))

    for hint in found.hints if isinstance(found, Notice) else ():
        assert re.fullmatch(r"[0-9]{12}", hint.account_id)
        assert re.fullmatch(r"[a-z0-9-]{1,32}", hint.region)
        assert re.fullmatch(r"[A-Za-z0-9_/.-]{0,128}", hint.vault)
        assert hint.vault or hint.subject is Subject.KEY


@given(st.text())
def test_any_text_is_read(body: str) -> None:
    """It is no event, nearly always."""
    assert isinstance(events.read(body), Notice | Fate)


def test_the_example_forwards_the_calls_that_are_read() -> None:
    """Whoever deploys it hears all that the operator understands, and pays for nothing else."""
    pattern = template("account")["Resources"]["Calls"]["Properties"]["EventPattern"]["detail"]
    kinds = template("account")["Resources"]["Backup"]["Properties"]["EventPattern"]["detail-type"]

    assert sorted(pattern["eventName"]) == sorted(name for _, name in events.CALLS)
    assert set(pattern["eventSource"]) == {service for service, _ in events.CALLS}
    assert {each for source, each in events._READERS if source == "aws.backup"} == {
        *kinds,
        "AWS API Call via CloudTrail",
    }
