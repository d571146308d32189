"""A policy names Regions, and whoever writes it may not be trusted: no name of theirs decides where requests go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import sessions
from tests.kit.scripted_aws import (
    Clock,
    Script,
    account,
    accounts,
    error_json,
    error_xml,
    let_in,
    policy,
    scripted,
)

from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault.seen import VAULT
from crossvault.aspects.vault_policy.aws.writes import vault_policy
from crossvault.aws import AwsSettings, regions
from crossvault.engine.declared import Account, is_region
from crossvault.engine.looks import Unseen
from crossvault.engine.observed import Observed
from crossvault.words.problems import CrossvaultError, ErrorClass
from crossvault.words.reasons import Reason

PROD = account()
CHINA = replace(PROD, role_arn="arn:aws-cn:iam::111111111111:role/x")
SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn")


def _without_endpoint(region: str | None) -> AwsAccounts:
    """An edge that would send requests to AWS itself, if one were made."""
    return AwsAccounts(AwsSettings(region=region), new_session=sessions.plain)


@pytest.mark.parametrize(
    ("operator", "who", "host"),
    [
        pytest.param("eu-west-1", PROD, "sts.eu-west-1.amazonaws.com", id="the operator's own Region"),
        pytest.param(
            "eu-west-1", replace(PROD, regions=("us-east-2",)), "sts.eu-west-1.amazonaws.com", id="which comes first"
        ),
        pytest.param(
            None, replace(PROD, regions=("eu-south-1", "eu-west-1")), "sts.eu-south-1.amazonaws.com", id="first listed"
        ),
        pytest.param(
            None, replace(PROD, regions=("eu-new-9",)), "sts.eu-new-9.amazonaws.com", id="also one that is new"
        ),
        pytest.param(None, PROD, "sts.us-east-1.amazonaws.com", id="one for the partition"),
        pytest.param(None, CHINA, "sts.cn-north-1.amazonaws.com.cn", id="one for another partition"),
        pytest.param(None, account(role=None), "sts.us-east-1.amazonaws.com", id="nothing is known at all"),
    ],
)
def test_sts_is_asked_where_administrators_say(operator: str | None, who: Account, host: str) -> None:
    """The operator's Region, else the account's first, else one per partition: a policy has no say."""
    aws = _without_endpoint(operator)
    asked = aws._reach.sessions.enter(who)._own_sts().meta.endpoint_url
    aws.close()

    assert asked == f"https://{host}"


def _look(aws: AwsAccounts, region: str) -> Observed:
    """Look at a policy whose source is in a Region of the attacker's choice."""
    wanted = policy(PROD, account("dr", "222222222222"))
    return aws.observe(replace(wanted, source=replace(wanted.source, region=region)), not_before=Clock()())


def _sts_hosts(script: Script) -> set[str]:
    """Return the Regions that requests to STS were signed for."""
    signed = [
        headers["authorization"]
        for headers, (operation, _) in zip(script.headers, script.asked, strict=True)
        if operation in {"AssumeRole", "GetCallerIdentity"}
    ]
    return {each.split("Credential=")[1].split("/")[2] for each in signed}


@pytest.mark.parametrize("named", ["eu-south-1", "ap-east-1", "eu-wset-1"])
def test_first_policy_does_not_choose_the_sts_of_all_others(named: str) -> None:
    """The attacker's policy is looked at first, in a Region of its choice; STS is asked elsewhere, for everybody."""
    with scripted() as script:
        let_in(script)
        aws = AwsAccounts(AwsSettings(endpoint_url=script.url, attempts=1), new_session=sessions.plain)
        _look(aws, named)
        aws.close()

    assert _sts_hosts(script) == {"us-east-1"}


HOSTILE = (
    *("evil.example", "eu-west-1.attacker.com/", "eu-west-1.attacker.com", "attacker.com#eu-west-1", "x@attacker.com"),
    *("eu-west-1/", "eu-west-1\n", " eu-west-1", "eu-west-1:8080", "eu-west-1?", "..", "", "-", "localhost", "127.1"),
    *("eu-wset-1", "zz-attacker-1", "cn-attacker-1", "us-gov-attacker-1", "us-iso-east-1", "aws-global", "EU-WEST-1"),
)


@pytest.mark.parametrize("region", HOSTILE)
@pytest.mark.parametrize("service", ["backup", "kms", "organizations", "iam"])
def test_no_client_is_made_for_a_region_that_nobody_knows(service: str, region: str) -> None:
    """Whatever parsers let through: where clients are made, the name is refused before it becomes a host."""
    aws = _without_endpoint("eu-west-1")
    access = aws._reach.sessions.enter(PROD)
    make: Callable[[str], object] = getattr(access, service)
    with pytest.raises(CrossvaultError) as caught:
        make(region)
    aws.close()

    assert caught.value.problem.reason is Reason.REGION_DOUBTFUL
    assert caught.value.problem.error_class is ErrorClass.STUCK


@pytest.mark.parametrize("region", [each for each in HOSTILE if not is_region(each)])
def test_not_even_a_listed_name_that_is_no_regions_becomes_a_host(region: str) -> None:
    """Administrators list Regions, and nothing else."""
    aws = _without_endpoint("eu-west-1")
    with pytest.raises(CrossvaultError, match="no name of an AWS Region"):
        aws._reach.sessions.enter(replace(PROD, regions=(region,))).backup(region)
    aws.close()


@given(
    region=st.one_of(
        st.text(max_size=20),
        st.from_regex(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}", fullmatch=True).filter(lambda text: len(text) <= 32),
        st.sampled_from(sorted(regions.known())),
    )
)
def test_admitted_is_what_is_known_or_listed(region: str) -> None:
    """No text passes that is not a Region's name, and no name that nobody vouches for."""
    assert (regions.refusal(region, ()) == "") == (region in regions.known())
    assert (regions.refusal(region, (region,)) == "") == is_region(region)


def test_known_regions_are_hosts_of_aws() -> None:
    """What is known without a list ends in AWS's own names."""
    aws = _without_endpoint("eu-west-1")
    access = aws._reach.sessions.enter(PROD)
    hosts = {region: urlsplit(access.backup(region).meta.endpoint_url).hostname or "" for region in regions.known()}
    aws.close()

    assert len(hosts) > 30
    assert not [host for region, host in hosts.items() if not host.startswith(f"backup.{region}.")]
    assert not [host for host in hosts.values() if not host.endswith(SUFFIXES)]


def test_unknown_region_is_refused_before_any_request_there() -> None:
    """The vault's row says so, with the way out; not a request is signed for it."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        vault = _look(aws, "zz-attacker-1").source[VAULT]
        aws.close()

    assert isinstance(vault, Unseen)
    assert vault.problem.reason is Reason.REGION_DOUBTFUL
    assert "spec.regions of BackupAccount prod" in vault.problem.message
    assert not [each for each in script.headers if "zz-attacker-1" in str(each)]


def test_listing_a_new_region_opens_it_at_once() -> None:
    """The administrator's word is enough, without a restart and without entering anew."""
    with scripted() as script:
        let_in(script)
        script.on("GetBackupVaultAccessPolicy", {"Policy": "{}"})
        aws = accounts(script.url)
        with pytest.raises(CrossvaultError):
            vault_policy(aws._reach.sessions.enter(PROD), "eu-new-9", "v")
        found = vault_policy(aws._reach.sessions.enter(replace(PROD, regions=("eu-new-9",))), "eu-new-9", "v")
        with pytest.raises(CrossvaultError):
            vault_policy(aws._reach.sessions.enter(PROD), "eu-new-9", "v")
        aws.close()

    assert found == "{}"
    assert script.count("AssumeRole") == 1


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"])
def test_region_that_the_account_has_not_enabled_throws_nobody_out(code: str) -> None:
    """AWS refuses good credentials there. The attacker's policy asks again and again; the others keep their session."""
    with scripted() as script:
        let_in(script)
        script.on("GetBackupVaultAccessPolicy", error_json(code, status=403))
        aws = accounts(script.url)
        victim = aws._reach.sessions.enter(PROD)
        victim.verify()
        for _ in range(3):
            with pytest.raises(CrossvaultError) as caught:
                vault_policy(aws._reach.sessions.enter(PROD), "eu-south-1", "v")
            assert caught.value.problem.reason is Reason.CREDENTIALS_REFUSED
        same = aws._reach.sessions.enter(PROD)
        aws.close()

    assert same is victim
    assert script.count("AssumeRole") == 1


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        pytest.param("AssumeRole", "AccessDenied", id="the role is refused"),
        pytest.param("AssumeRole", "RegionDisabledException", id="not in this Region"),
        pytest.param("AssumeRole", "NobodyKnowsThisCode", id="whatever STS says"),
        pytest.param("GetCallerIdentity", "AccessDenied", id="the identity is not told"),
    ],
)
def test_account_that_could_not_be_entered_is_entered_anew(operation: str, code: str) -> None:
    """Nothing of a way in that failed is kept, and the others' credentials are not fetched anew for it."""
    with scripted() as script:
        let_in(script)
        script.on(operation, error_xml(code))
        aws = accounts(script.url)
        failed = aws._reach.sessions.enter(PROD)
        own = aws._reach.sessions._own()
        before = own.credentials()
        with pytest.raises(CrossvaultError):
            failed.verify()
        let_in(script)
        entered = aws._reach.sessions.enter(PROD)
        found = entered.verify()
        after = own.credentials()
        aws.close()

    assert entered is not failed
    assert found == "111111111111"
    assert after is before


def test_another_first_region_is_another_sts() -> None:
    """An administrator who corrects spec.regions is heard at once."""
    with scripted() as script:
        let_in(script)
        aws = AwsAccounts(AwsSettings(endpoint_url=script.url, attempts=1), new_session=sessions.plain)
        wrong = aws._reach.sessions.enter(replace(PROD, regions=("eu-wset-1",)))
        wrong.verify()
        right = aws._reach.sessions.enter(replace(PROD, regions=("eu-west-1",)))
        right.verify()
        aws.close()

    assert (wrong.sts_region, right.sts_region) == ("eu-wset-1", "eu-west-1")
    assert _sts_hosts(script) == {"eu-wset-1", "eu-west-1"}
