"""What IAM says of a role, and what half an answer of it is: none."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.kit.quickstart import DR, PROD, now, observe
from tests.kit.scripted_aws import SOURCE_ID, Answer, account, accounts, policy, scripted

from backup_simulator.server import SimulatorServer
from crossvault.aspects import copy_role
from crossvault.aspects.copy_role import COPY_ROLE, ROLE
from crossvault.engine.looks import Seen, Unseen
from crossvault.words.reasons import Reason

ARN = f"arn:aws:iam::{SOURCE_ID}:role/service-role/AWSBackupDefaultServiceRole"
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"backup.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>x</Arn><UserId>u</UserId><Account>{SOURCE_ID}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


DENIED = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"


def _role(arn: str = f"<Arn>{ARN}</Arn>", trust: str = f"<AssumeRolePolicyDocument>{quote(TRUST)}<") -> str:
    document = f"{trust}/AssumeRolePolicyDocument>" if trust else ""
    return (
        '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
        f"<RoleName>r</RoleName>{arn}{document}</Role></GetRoleResult></GetRoleResponse>"
    )


def test_a_role_is_seen_with_its_trust_policy(simulator: SimulatorServer) -> None:
    """As AWS keeps it, decoded."""
    aws = accounts(simulator.url)
    look = observe(aws).source[ROLE]
    aws.close()
    assert isinstance(look, Seen)
    assert look.value is not None
    assert look.value.arn == ARN
    assert copy_role.trusts(look.value, SOURCE_ID) is True


def test_a_role_that_is_not_there_is_seen_to_be_missing(simulator: SimulatorServer) -> None:
    """NoSuchEntity is an answer, and is asked for again at the next look."""
    aws = accounts(simulator.url)
    wanted = policy(PROD, DR).having(COPY_ROLE, f"arn:aws:iam::{SOURCE_ID}:role/nobody")
    first, second = observe(aws, wanted).source[ROLE], observe(aws, wanted).source[ROLE]
    aws.close()
    assert first == second == Seen(None)
    assert sum(each.operation == "GetRole" for each in simulator.control.calls()) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer(_role(arn="")), Reason.UNEXPECTED_ANSWER, id="without an ARN"),
        pytest.param(Answer(_role(trust="")), Reason.UNEXPECTED_ANSWER, id="without a trust policy"),
        pytest.param(
            Answer(_role(trust="<AssumeRolePolicyDocument>nonsense<")), Reason.UNEXPECTED_ANSWER, id="no document"
        ),
        pytest.param(Answer("<GetRoleResponse/>"), Reason.UNEXPECTED_ANSWER, id="without anything"),
        pytest.param(Answer(DENIED, 403), Reason.ACCESS_DENIED, id="denied"),
    ],
)
def test_half_an_answer_is_no_role_that_is_missing_or_untrusting(
    answer: Answer, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unseen, so that nothing stops because of it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with scripted() as script:
        script.on("GetCallerIdentity", Answer(IDENTITY))
        script.on("GetRole", answer)
        own = account("prod", SOURCE_ID, None)
        aws = accounts(script.url)
        look = aws.observe(policy(own, own), not_before=now()).source[ROLE]
        aws.close()
    assert isinstance(look, Unseen)
    assert look.problem.reason is reason
