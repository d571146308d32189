"""Answers that mean "there is none" are seen as that, and answers that mean nothing are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.kit.scripted_aws import Answer, Script, account, accounts, error_json, let_in, policy, scripted

from crossvault.aspects.copies.contents import ARRIVALS, POINTS
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.organization import ORGANIZATION, SWITCH
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault.seen import KEYS, Key
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.engine.declared import Desired
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed, Sight
from crossvault.words.reasons import Reason


def _now() -> datetime:
    return datetime.now(UTC)


def _observe(aws: AwsAccounts, desired: Desired) -> Observed:
    return aws.observe(desired, not_before=_now())


def _why(look: object) -> Reason:
    assert isinstance(look, Unseen), look
    return look.problem.reason


def _let_see(script: Script) -> None:
    let_in(script)
    script.on("DescribeOrganization", {"Organization": {"Id": "o-abcdefghij", "MasterAccountId": "999999999999"}})
    script.on("DescribeGlobalSettings", {"GlobalSettings": {"isCrossAccountBackupEnabled": "true"}})


@pytest.mark.parametrize(
    ("operation", "answer", "expected"),
    [
        pytest.param(
            "DescribeOrganization",
            error_json("AWSOrganizationsNotInUseException"),
            lambda sight: sight[ORGANIZATION] == Seen(None),
            id="an account outside of any organization",
        ),
        pytest.param(
            "DescribeGlobalSettings",
            error_json("InvalidRequestException", "Your account is not a member of an organization"),
            lambda sight: sight[SWITCH] == Seen(False),
            id="no organization, no switch",
        ),
        pytest.param(
            "DescribeGlobalSettings",
            Answer('{"GlobalSettings": {"isCrossAccountBackupEnabled": "false"}}'),
            lambda sight: sight[SWITCH] == Seen(False),
            id="the switch is off",
        ),
        pytest.param(
            "DescribeGlobalSettings",
            Answer('{"GlobalSettings": {}, "LastUpdateTime": null}'),
            lambda sight: _why(sight[SWITCH]) is Reason.UNEXPECTED_ANSWER,
            id="settings without the switch",
        ),
        pytest.param(
            "DescribeOrganization",
            error_json("AccessDeniedException", status=400),
            lambda sight: _why(sight[ORGANIZATION]) is Reason.ACCESS_DENIED,
            id="the organization may not be read",
        ),
        pytest.param(
            "DescribeOrganization",
            Answer('{"Organization": {"Arn": "x"}}'),
            lambda sight: _why(sight[ORGANIZATION]) is Reason.UNEXPECTED_ANSWER,
            id="an organization without an id",
        ),
    ],
)
def test_account_shows_its_organization(operation: str, answer: Answer, expected: Callable[[Sight], bool]) -> None:
    """Being in no organization is an answer; being unable to ask is none."""
    with scripted() as script:
        _let_see(script)
        script.on(operation, answer)
        aws = accounts(script.url)
        sight = aws.look_at_account(account(), not_before=_now())
        aws.close()

    assert expected(sight)


def test_alias_of_an_aws_managed_key_is_not_described() -> None:
    """DescribeKey of alias/aws/backup would create that key, and looking creates nothing."""
    with scripted() as script:
        _let_see(script)
        script.on("ListBackupVaults", {"BackupVaultList": []})
        script.on("ListCopyJobs", {"CopyJobs": []})
        aws = accounts(script.url)
        who = account()
        observed = _observe(aws, policy(who, replace(who, name="dr"), encryption_key="alias/aws/backup"))
        aws.close()

    assert observed.destinations[0][KEYS].wanted == Seen(Key("alias/aws/backup", "AWS", "Enabled"))
    assert observed.source[POINTS] == Seen(Inventory())
    assert script.count("DescribeKey") == 0


@pytest.mark.parametrize(
    ("create", "encryption_key"),
    [
        pytest.param(False, "alias/k", id="the vault is not ours to make"),
        pytest.param(True, None, id="no key is named"),
    ],
)
def test_wanted_key_is_looked_up_only_for_a_vault_to_be_made(create: bool, encryption_key: str | None) -> None:
    """A key nobody needs is not asked for."""
    with scripted() as script:
        _let_see(script)
        script.on("ListBackupVaults", {"BackupVaultList": []})
        script.on("ListCopyJobs", {"CopyJobs": []})
        aws = accounts(script.url)
        who = account()
        desired = policy(who, replace(who, name="dr"), create=create, encryption_key=encryption_key)
        (sight,) = _observe(aws, desired).destinations
        aws.close()

    assert sight[KEYS].wanted == Seen(None)
    assert script.count("DescribeKey") == 0


def test_what_moved_between_pages_counts_once() -> None:
    """A copy job that begins while jobs are listed pushes another one onto the next page: that one is no second try."""
    job = {"CopyJobId": "1", "State": "FAILED", "CreationDate": 1.7e9, "SourceRecoveryPointArn": "arn:1"}
    row = {"RecoveryPointArn": "arn:1", "ResourceType": "EBS", "Status": "COMPLETED", "CreationDate": 2.5e11}
    with scripted() as script:
        _let_see(script)
        who = account()
        desired = policy(who, replace(who, name="dr"))
        job["SourceBackupVaultArn"] = desired.source.arn
        job["DestinationBackupVaultArn"] = desired.destinations[0].vault.arn
        vaults = [
            {"BackupVaultArn": each.arn, "BackupVaultName": each.name, "EncryptionKeyArn": "arn:key"}
            for each in (desired.source, desired.destinations[0].vault)
        ]
        script.on("ListBackupVaults", {"BackupVaultList": vaults})
        script.on("GetBackupVaultAccessPolicy", error_json("ResourceNotFoundException"))
        script.on("ListCopyJobs", {"CopyJobs": [job], "NextToken": "2"}, {"CopyJobs": [job]})
        rows = {"RecoveryPoints": [row]}
        pages = [{**rows, "NextToken": str(number)} for number in range(4)]
        script.on("ListRecoveryPointsByBackupVault", *pages, rows)  # of both vaults, in any order
        aws = accounts(script.url)
        observed = _observe(aws, desired)
        aws.close()

    points, jobs = observed.source[POINTS], observed.destinations[0][ARRIVALS].jobs
    assert isinstance(points, Seen)
    assert isinstance(jobs, Seen)
    assert [each.arn for each in points.value] == ["arn:1"]
    assert [each.id for each in jobs.value] == ["1"]
    assert next(iter(points.value)).created.year == 8000


def test_policy_is_removed_when_nothing_of_it_is_wanted() -> None:
    """No document means no policy: AWS refuses an empty one."""
    vault = policy(account(), account()).source
    with scripted() as script:
        let_in(script)
        script.on("GetBackupVaultAccessPolicy", {"Policy": "{}"}, error_json("ResourceNotFoundException"))
        script.on("DeleteBackupVaultAccessPolicy", {})
        aws = accounts(script.url)
        result = aws.apply(PutVaultPolicy("dr", vault, "{}", None, "CrossvaultCopyIn"))
        aws.close()

    assert (result.problem, result.found) == (None, False)
    assert [operation for operation, _ in script.asked[-3:]] == [
        "GetBackupVaultAccessPolicy",
        "DeleteBackupVaultAccessPolicy",
        "GetBackupVaultAccessPolicy",
    ]


def test_requests_are_written_as_declared() -> None:
    """Tags, request id, token and lifecycle go over the wire exactly as planned."""
    desired = policy(account(), account())
    point = RecoveryPoint("arn:p", "arn:r", "EBS", _now(), "COMPLETED")
    copy = StartCopy("dr", point, desired.source, "arn:v", "arn:role", Lifecycle(delete_after_days=35), "token-1")
    with scripted() as script:
        let_in(script)
        script.on("DescribeBackupVault", error_json("ResourceNotFoundException"))
        script.on("CreateBackupVault", {"BackupVaultName": "orders"})
        script.on("StartCopyJob", {"CopyJobId": "J"})
        aws = accounts(script.url)
        created = aws.apply(CreateVault("dr", desired.source, "arn:key"))
        vault = json.loads(script.bodies[-1])
        started = aws.apply(copy)
        job = json.loads(script.bodies[-1])
        aws.close()

    assert (created.problem, started.problem) == (None, None)
    assert vault["BackupVaultTags"] == {"crossvault.io/managed-by": "crossvault"}
    assert vault["CreatorRequestId"].startswith("crossvault-")
    assert job == {
        "RecoveryPointArn": "arn:p",
        "SourceBackupVaultName": "orders",
        "DestinationBackupVaultArn": "arn:v",
        "IamRoleArn": "arn:role",
        "IdempotencyToken": "token-1",
        "Lifecycle": {"DeleteAfterDays": 35},
    }
