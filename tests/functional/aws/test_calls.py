"""Nothing is sent that is not counted, and no broken answer is believed."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime

import pytest
from tests.kit.scripted_aws import Answer, Script, account, accounts, error_json, let_in, scripted

from crossvault.aspects.copies.aws import listing
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault_policy.aws.writes import vault_policy
from crossvault.aws import AwsSettings, CallCounts
from crossvault.aws.entered import Entered
from crossvault.words.problems import CrossvaultError
from crossvault.words.reasons import Reason

REGION = "eu-west-1"
POINT = {
    "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
    "ResourceArn": "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1",
    "ResourceType": "EBS",
    "CreationDate": 1.795410000123e9,
    "Status": "COMPLETED",
    "BackupSizeInBytes": None,
    "CalculatedLifecycle": None,
    "SourceBackupVaultArn": None,
}


def _enter(script: Script, aws: AwsAccounts) -> Entered:
    let_in(script)
    return aws._reach.sessions.enter(account())


def _counted(aws: AwsAccounts, operation: str) -> dict[str, int]:
    assert isinstance(aws.recorder, CallCounts)
    return {key[3]: count for key, count in aws.recorder.requests().items() if key[2] == operation}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(Answer('{"Policy": "{}"}'), "ok", id="an answer"),
        pytest.param(error_json("ResourceNotFoundException"), "ok", id="there is none is an answer too"),
        pytest.param(error_json("ThrottlingException"), "throttled", id="a throttle"),
        pytest.param(error_json("AccessDeniedException", status=403), "denied", id="a denial"),
        pytest.param(error_json("ServiceUnavailableException", status=500), "error", id="a failing service"),
        pytest.param(Answer('{"Policy": "{}"}', cut=4), "error", id="half an answer"),
        pytest.param(Answer("<html>proxy</html>"), "error", id="the answer of something else"),
        pytest.param(Answer(wait=threading.Event()), "timeout", id="no answer"),
    ],
)
def test_request_is_counted_by_its_outcome(answer: Answer, outcome: str) -> None:
    """One request, one count, whatever became of it."""
    with scripted() as script:
        aws = accounts(script.url, read_timeout=0.2 if answer.wait else 5.0)
        access = _enter(script, aws)
        script.on("GetBackupVaultAccessPolicy", answer)
        with contextlib.suppress(CrossvaultError):
            vault_policy(access, REGION, "orders")
        if answer.wait:
            answer.wait.set()
        aws.close()

    assert _counted(aws, "GetBackupVaultAccessPolicy") == {outcome: 1}


def test_request_that_finds_nobody_is_counted() -> None:
    """A closed port is an outcome."""
    with scripted() as script:
        gone = script.url
    aws = accounts(gone)

    with pytest.raises(CrossvaultError) as caught:
        aws._reach.sessions.enter(account()).verify()

    assert caught.value.problem.reason is Reason.UNREACHABLE
    assert _counted(aws, "AssumeRole") == {"error": 1}


def test_every_attempt_and_every_page_is_counted() -> None:
    """A retry of botocore costs the account's budget like any other request."""
    with scripted() as script:
        aws = accounts(script.url, attempts=2)
        access = _enter(script, aws)
        script.on(
            "ListRecoveryPointsByBackupVault",
            error_json("ServiceUnavailableException", status=500),
            {"RecoveryPoints": [POINT], "NextToken": "2"},
            {"RecoveryPoints": [{**POINT, "RecoveryPointArn": f"{POINT['RecoveryPointArn']}-2"}], "NextToken": None},
        )
        points = listing.recovery_points(access, REGION, "orders")
        aws.close()

    assert len(points) == 2
    assert _counted(aws, "ListRecoveryPointsByBackupVault") == {"error": 1, "ok": 2}


def test_listing_tolerates_explicit_nulls() -> None:
    """AWS sends null for what an item does not have, and epoch seconds with an exponent."""
    with scripted() as script:
        aws = accounts(script.url)
        access = _enter(script, aws)
        script.on(
            "ListRecoveryPointsByBackupVault",
            Answer(
                '{"RecoveryPoints":[{"RecoveryPointArn":"arn:p","ResourceArn":"arn:r","ResourceType":"EBS","Status":'
                '"COMPLETED","CreationDate":1.574163740907E9,"CalculatedLifecycle":null,"EncryptionKeyArn":null,'
                '"SourceBackupVaultArn":null,"IsParent":null,"BackupSizeInBytes":null}],"NextToken":null}'
            ),
        )
        (point,) = listing.recovery_points(access, REGION, "orders")
        aws.close()

    assert (point.size, point.encryption_key_arn, point.source_vault_arn, point.delete_at) == (0, None, None, None)
    assert point.created == datetime(2019, 11, 19, 11, 42, 20, 907000, tzinfo=UTC)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(error_json("ServiceUnavailableException", status=500), id="the second page fails"),
        pytest.param(Answer('{"RecoveryPoints": [], "NextToken": null}', cut=9), id="the second page is cut"),
        pytest.param(Answer("{}"), id="the second page says nothing"),
        pytest.param(Answer(""), id="the second page is empty"),
        pytest.param(Answer('{"RecoveryPoints": [], "NextToken": "2"}'), id="the second page points to itself"),
        pytest.param(Answer('{"RecoveryPoints": [{"Status": "COMPLETED"}]}'), id="a recovery point has no ARN"),
    ],
)
def test_half_a_listing_is_none(second: Answer) -> None:
    """A listing is whole or it is a problem: a shorter one would look like lost backups."""
    with scripted() as script:
        aws = accounts(script.url)
        access = _enter(script, aws)
        script.on("ListRecoveryPointsByBackupVault", {"RecoveryPoints": [POINT], "NextToken": "2"}, second)

        with pytest.raises(CrossvaultError) as caught:
            listing.recovery_points(access, REGION, "orders")
        aws.close()

    assert caught.value.problem.reason in {Reason.UNEXPECTED_ANSWER, Reason.SERVICE_UNAVAILABLE}


def test_listing_asks_for_the_largest_pages() -> None:
    """A thousand rows cost one request."""
    with scripted() as script:
        aws = accounts(script.url)
        access = _enter(script, aws)
        script.on("ListCopyJobs", {"CopyJobs": []})

        tuple(listing.copy_jobs(access, REGION))
        aws.close()

    assert "maxResults=1000" in script.asked[-1][1]


def test_request_says_who_sends_it() -> None:
    """The user agent names the product and its version, for whoever reads CloudTrail."""
    with scripted() as script:
        aws = accounts(script.url)
        _enter(script, aws).verify()
        aws.close()

    assert all("crossvault/9.9" in headers["user-agent"] for headers in script.headers)


def test_endpoint_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting, AWS_ENDPOINT_URL decides, as everywhere in AWS's tools."""
    with scripted() as script:
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        aws = AwsAccounts(AwsSettings(region=REGION, attempts=1))
        _enter(script, aws).verify()
        aws.close()

    assert [operation for operation, _ in script.asked] == ["AssumeRole", "GetCallerIdentity"]
