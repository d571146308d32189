"""Every way AWS can fail becomes one reason, one class, and words for the person who can help."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from botocore import exceptions, parsers
from tests.kit.scripted_aws import account

from crossvault.aws import causes, errors
from crossvault.words.problems import CrossvaultError, ErrorClass, Problem
from crossvault.words.reasons import Reason
from crossvault.words.texts import LONGEST, clip

ROLE = "arn:aws:iam::222222222222:role/crossvault-dr"
DR = account("dr", "222222222222", "crossvault-dr", external_id="tenant-7")
VAULT = causes.Ask("read vault orders-copies", DR, "backup:DescribeBackupVault", "eu-central-1")
ASSUME = causes.Ask("assume role crossvault-dr", DR, "sts:AssumeRole")
UUID = "0f6b8f0a-1c2d-4e3f-8a9b-0c1d2e3f4a5b"


def _answer(code: str, message: str = "", status: int = 400) -> exceptions.ClientError:
    return exceptions.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # the rest plays no part
        "DescribeBackupVault",
    )


RETRY, STUCK, BUG = ErrorClass.RETRY, ErrorClass.STUCK, ErrorClass.BUG


@pytest.mark.parametrize(
    ("error", "reason", "error_class"),
    [
        pytest.param(_answer("ThrottlingException"), Reason.THROTTLED, RETRY, id="throttling of AWS Backup"),
        pytest.param(_answer("TooManyRequestsException"), Reason.THROTTLED, RETRY, id="throttling of Organizations"),
        pytest.param(_answer("RequestLimitExceeded"), Reason.THROTTLED, RETRY, id="throttling of an old service"),
        pytest.param(_answer("Strange", status=429), Reason.THROTTLED, RETRY, id="any code with 429"),
        pytest.param(_answer("AccessDeniedException", "", 403), Reason.ACCESS_DENIED, STUCK, id="a missing permission"),
        pytest.param(_answer("AccessDenied", "", 403), Reason.ACCESS_DENIED, STUCK, id="a missing permission of STS"),
        pytest.param(_answer("ExpiredToken", "", 403), Reason.CREDENTIALS_EXPIRED, RETRY, id="an expired session"),
        pytest.param(_answer("ExpiredTokenException"), Reason.CREDENTIALS_EXPIRED, RETRY, id="an expired token"),
        pytest.param(
            _answer("UnrecognizedClientException"), Reason.CREDENTIALS_REFUSED, STUCK, id="a key AWS does not know"
        ),
        pytest.param(_answer("InvalidClientTokenId"), Reason.CREDENTIALS_REFUSED, STUCK, id="a key STS does not know"),
        pytest.param(_answer("SignatureDoesNotMatch"), Reason.CREDENTIALS_REFUSED, STUCK, id="a wrong secret"),
        pytest.param(_answer("InvalidSignatureException"), Reason.CREDENTIALS_REFUSED, STUCK, id="a bad signature"),
        pytest.param(
            _answer("ServiceUnavailableException", status=500), Reason.SERVICE_UNAVAILABLE, RETRY, id="the modelled 500"
        ),
        pytest.param(_answer("InternalFailure", status=500), Reason.SERVICE_UNAVAILABLE, RETRY, id="the common 500"),
        pytest.param(_answer("Brand-new", status=503), Reason.SERVICE_UNAVAILABLE, RETRY, id="any code with a 5xx"),
        pytest.param(_answer("InvalidParameterValueException"), Reason.REQUEST_REFUSED, STUCK, id="a refused value"),
        pytest.param(_answer("InvalidRequestException"), Reason.REQUEST_REFUSED, STUCK, id="a refused request"),
        pytest.param(_answer("LimitExceededException"), Reason.QUOTA_EXCEEDED, STUCK, id="a used-up quota"),
        pytest.param(_answer("ResourceNotFoundException"), Reason.NOT_FOUND, STUCK, id="something that is not there"),
        pytest.param(_answer("InvalidResourceStateException"), Reason.RESOURCE_BUSY, RETRY, id="a busy resource"),
        pytest.param(_answer("Brand-new"), Reason.INTERNAL_ERROR, BUG, id="a code outside the table"),
        pytest.param(exceptions.ReadTimeoutError(endpoint_url="x"), Reason.TIMED_OUT, RETRY, id="a hanging answer"),
        pytest.param(exceptions.ConnectTimeoutError(endpoint_url="x"), Reason.TIMED_OUT, RETRY, id="a dead network"),
        pytest.param(
            exceptions.EndpointConnectionError(endpoint_url="x"), Reason.UNREACHABLE, RETRY, id="a closed port"
        ),
        pytest.param(
            exceptions.ConnectionClosedError(endpoint_url="x"), Reason.UNREACHABLE, RETRY, id="a cut connection"
        ),
        pytest.param(exceptions.ProxyConnectionError(proxy_url="x"), Reason.UNREACHABLE, RETRY, id="a dead proxy"),
        pytest.param(parsers.ResponseParserError("half"), Reason.UNEXPECTED_ANSWER, RETRY, id="half an answer"),
        pytest.param(exceptions.NoCredentialsError(), Reason.NO_CREDENTIALS, STUCK, id="no credentials at all"),
        pytest.param(
            exceptions.ParamValidationError(report="Missing"),
            Reason.INTERNAL_ERROR,
            BUG,
            id="a request of ours that is wrong",
        ),
    ],
)
def test_error_gets_its_reason_and_class(error: Exception, reason: Reason, error_class: ErrorClass) -> None:
    """The table decides by code; only codes outside it are judged by their status."""
    found = errors.problem(error, VAULT)

    assert (found.reason, found.error_class) == (reason, error_class)
    assert found.message.startswith("Cannot read vault orders-copies in account dr (222222222222, eu-central-1): ")


MISSPELT = replace(VAULT, region="eu-wset-1")


@pytest.mark.parametrize(
    ("error", "ask", "said"),
    [
        pytest.param(
            exceptions.EndpointConnectionError(endpoint_url="x"),
            MISSPELT,
            "This release knows no Region eu-wset-1: is eu-west-1 meant?",
            id="there is no endpoint of a Region that there is not",
        ),
        pytest.param(
            _answer("InvalidSignatureException", status=403),
            MISSPELT,
            "This release knows no Region eu-wset-1: is eu-west-1 meant? (InvalidSignatureException)",
            id="an endpoint for all Regions takes no signature for one that there is not",
        ),
        pytest.param(
            exceptions.EndpointConnectionError(endpoint_url="x"),
            replace(VAULT, region="moon"),
            "This release knows no Region moon, is it spelt right?",
            id="a Region like no other",
        ),
        pytest.param(
            _answer("UnrecognizedClientException", status=403),
            VAULT,
            "AWS does not accept the credentials. Check the operator's credentials and its clock, and that the account "
            "has enabled eu-central-1 if that is a Region to opt into. (UnrecognizedClientException)",
            id="a Region that the account has not enabled knows no key",
        ),
        pytest.param(
            _answer("InvalidClientTokenId", status=403),
            ASSUME,
            "AWS does not accept the credentials. Check the operator's credentials and its clock. "
            "(InvalidClientTokenId)",
            id="a call to no Region",
        ),
    ],
)
def test_region_is_doubted_where_it_may_be_the_cause(error: Exception, ask: causes.Ask, said: str) -> None:
    """A misspelt Region looks like a dead network, a disabled one like wrong credentials."""
    message = errors.problem(error, ask).message

    assert message.removeprefix(f"Cannot {ask.what} in {ask.where}: ") == said
    assert len(message) <= 300


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(
            _answer("AccessDeniedException", "", 403),
            "role crossvault-dr lacks backup:DescribeBackupVault. Allow the action in the role's policies. "
            "(AccessDeniedException)",
            id="a denial without a text names the action that was tried",
        ),
        pytest.param(
            _answer(
                "AccessDeniedException",
                "User: arn:aws:sts::222222222222:assumed-role/crossvault-dr/crossvault is not authorized to perform: "
                "iam:PassRole on resource: arn because no identity-based policy allows the iam:PassRole action",
                403,
            ),
            "role crossvault-dr lacks iam:PassRole (no identity-based policy allows it). Allow the action in the "
            "role's policies. (AccessDeniedException)",
            id="a denial that names another action than the call",
        ),
        pytest.param(
            _answer(
                "AccessDeniedException",
                "User: x is not authorized to perform: backup:DescribeBackupVault on resource: y with an explicit deny "
                "in a service control policy",
                403,
            ),
            "backup:DescribeBackupVault is explicitly denied to role crossvault-dr by a service control policy. "
            "Change that policy. (AccessDeniedException)",
            id="an explicit deny names the kind of policy",
        ),
        pytest.param(
            _answer(
                "AccessDeniedException",
                "User: x is not authorized to perform: backup:DescribeBackupVault on resource: y with an explicit deny "
                "in an identity-based policy",
                403,
            ),
            "backup:DescribeBackupVault is explicitly denied to role crossvault-dr by an identity-based policy. "
            "Change that policy. (AccessDeniedException)",
            id="also one of the role's own",
        ),
        pytest.param(
            _answer(
                "AccessDeniedException",
                "The specified policy cannot be added to the vault due to cross-account sharing restrictions.",
                403,
            ),
            'AWS refuses it with "The specified policy cannot be added to the vault due to cross-account sharing '
            'restrictions.". (AccessDeniedException)',
            id="a denial that is about something else is quoted",
        ),
        pytest.param(
            _answer("InvalidParameterValueException", f"Provided principal is not valid (RequestId: {UUID})"),
            'AWS answers "Provided principal is not valid". (InvalidParameterValueException)',
            id="a refused request is quoted without its request id",
        ),
    ],
)
def test_message_says_who_lacks_what_and_what_to_do(error: Exception, message: str) -> None:
    """The words name account, role, action and remedy."""
    found = errors.problem(error, VAULT)

    assert found.message == f"Cannot read vault orders-copies in account dr (222222222222, eu-central-1): {message}"


def test_message_names_all_permissions_of_a_new_vault() -> None:
    """AWS denies CreateBackupVault without a text when any of eight permissions is missing."""
    ask = causes.Ask("create vault v", DR, "backup:CreateBackupVault", "eu-central-1")

    message = errors.problem(_answer("AccessDeniedException", "", 403), ask).message

    assert "backup-storage:MountCapsule" in message
    assert "kms:CreateGrant" in message


@pytest.mark.parametrize(
    ("error", "reason", "named"),
    [
        pytest.param(
            _answer(
                "AccessDenied",
                f"User: arn:aws:sts::5:assumed-role/hub/i-1 is not authorized to perform: x on {ROLE}",
                403,
            ),
            Reason.ASSUME_ROLE_DENIED,
            (
                "does not exist",
                "its trust policy does not give the operator sts:AssumeRole, ",
                "sts:ExternalId",
                "aws iam get-role --role-name crossvault-dr",
            ),
            id="AWS does not say why, so every cause is named",
        ),
        pytest.param(
            _answer("AccessDenied", "The external ID does not match", 403),
            Reason.EXTERNAL_ID_REFUSED,
            ("spec.externalId", "aws iam get-role --role-name crossvault-dr"),
            id="AWS names the External ID",
        ),
        pytest.param(
            _answer("NoSuchEntity", "The role cannot be found", 404),
            Reason.ROLE_NOT_FOUND,
            (ROLE, "does not exist"),
            id="AWS says that there is no such role",
        ),
        pytest.param(_answer("Throttling"), Reason.THROTTLED, ("throttling",), id="STS is throttled"),
    ],
)
def test_refused_role_gets_the_reason_that_aws_gives(error: Exception, reason: Reason, named: tuple[str, ...]) -> None:
    """Nothing is invented: only what the answer says becomes a reason of its own."""
    found = errors.problem(error, ASSUME)

    assert found.reason is reason
    assert [part for part in named if part not in found.message] == []


HUB = "arn:aws:sts::555555555555:assumed-role/hub-of-the-operator/i-1"
_REFUSED = f"User: {HUB} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
OWN = replace(VAULT, account=replace(DR, role_arn=None))


@pytest.mark.parametrize(
    ("error", "ask"),
    [
        pytest.param(_answer("AccessDenied", _REFUSED, 403), ASSUME, id="the role is refused"),
        pytest.param(_answer("ValidationError", f"{HUB} may not pass tags"), ASSUME, id="the request is"),
        pytest.param(_answer("Brand-new", f"strange: {HUB}"), ASSUME, id="nobody knows why"),
        pytest.param(
            _answer("AccessDenied", f"external ID of {HUB}", 403), ASSUME, id="the External ID is, with a text"
        ),
        pytest.param(
            _answer("ValidationError", "Request ARN arn:aws:iam::555555555555:role/hub-of-the-operator is invalid"),
            replace(ASSUME, action=causes.OWN_CREDENTIALS),
            id="the operator has no credentials",
        ),
        pytest.param(_answer("AccessDenied", f"{HUB} is too new", 403), OWN, id="an account without a role"),
        pytest.param(_answer("InvalidRequestException", f"not for {HUB}"), OWN, id="and what it may not do"),
    ],
)
def test_whose_identity_the_operator_has_is_told_to_administrators_only(error: Exception, ask: causes.Ask) -> None:
    """Message and text reach every tenant's status; the ARN, and the account it names, stand in the detail."""
    found = errors.problem(error, ask)

    assert "hub-of-the-operator" not in found.message + found.said
    assert "555555555555" not in found.message + found.said
    assert "hub-of-the-operator" in found.detail


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(_answer("AccessDenied", _REFUSED, 403), id="what AWS answers"),
        pytest.param(
            CrossvaultError(
                Problem(Reason.WRONG_ACCOUNT, "Nothing is read.", ErrorClass.STUCK, detail=f"It is {HUB}.")
            ),
            id="what we say",
        ),
    ],
)
def test_who_asks_by_hand_is_told_who_asked(error: Exception, by_hand: bool) -> None:
    """Whoever reads it has that identity; what stands in a status leaves it to its detail."""
    with pytest.raises(CrossvaultError) as caught, errors.asking(replace(ASSUME, by_hand=by_hand)):
        raise error
    found = caught.value.problem

    assert ["hub-of-the-operator" in each for each in (found.message, found.detail)] == [by_hand, not by_hand]


def test_role_of_the_account_itself_is_no_secret() -> None:
    """It is what has to be put right."""
    text = f"{ROLE} may not be assumed"

    assert ROLE in errors.problem(_answer("ValidationError", text), ASSUME).message
    assert errors.problem(_answer("ValidationError", text), ASSUME).detail == ""


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, "does not give the operator sts:AssumeRole, its"),
        ({"session_tags": (("a", "b"),)}, "sts:AssumeRole, sts:TagSession, its"),
        ({"source_identity": True}, "sts:AssumeRole, sts:SetSourceIdentity, its"),
    ],
)
def test_refused_role_says_what_its_trust_policy_needs(changes: dict[str, Any], needed: str) -> None:
    """No less than the account's declaration asks for, and no more."""
    ask = replace(ASSUME, account=replace(DR, **changes))

    assert needed in errors.problem(_answer("AccessDenied", _REFUSED, 403), ask).message


def test_every_cause_of_a_refused_role_fits_into_a_condition() -> None:
    """Conditions are cut at 300 characters; long names must not push a cause beyond."""
    long = replace(DR, name="d" * 20, external_id="x", session_tags=(("team", "orders"),))
    text = f"User: arn:aws:sts::555555555555:assumed-role/{'h' * 64}/i-1 is not authorized to perform: sts:AssumeRole"
    ask = replace(ASSUME, account=replace(long, role_arn=f"arn:aws:iam::222222222222:role/{'r' * 24}"))

    message = clip(
        errors.problem(_answer("AccessDenied", text, 403), replace(ask, what=f"assume role {'r' * 24}")).message
    )

    causes = ("role does not exist", "trust policy", "sts:TagSession", "sts:ExternalId", "sts:AssumeRole")
    assert [cause for cause in causes if cause not in message] == []


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationError"])
def test_message_never_holds_the_external_id(code: str) -> None:
    """STS quotes what it refuses; a status is read by people who may not read the BackupAccount."""
    guarded = replace(ASSUME, account=replace(ASSUME.account, external_id="guard-of-dr"))
    text = "1 validation error detected: Value 'guard-of-dr' at 'externalId' failed to satisfy constraint"

    message = errors.problem(_answer(code, text), guarded).message

    assert "guard-of-dr" not in message
    assert "externalId" in message


@pytest.mark.parametrize(
    "code", ["AccessDenied", "InvalidRequestException", "LimitExceededException", "NoSuch\x1b[2J" * 99]
)
@pytest.mark.parametrize(
    "unit", [" ", "\n", "\x1b[2J", "request id: ", "User: ", "\u202e", "with an explicit deny in a "]
)
def test_message_of_megabytes_costs_its_beginning(code: str, unit: str) -> None:
    """8,000 blanks held up the event loop for seconds; what a person reads is short and clean."""
    start = time.thread_time()
    problem = errors.problem(_answer(code, unit * (1_000_000 // len(unit)), 403), VAULT)
    took = time.thread_time() - start

    assert took < 1.0  # it was minutes; milliseconds are usual
    assert problem.message.isprintable()
    assert problem.said.isprintable()
    assert len(problem.message) < 1000


def test_cut_message_holds_no_part_of_the_external_id() -> None:
    """Where the text is cut, the External ID may be."""
    guarded = replace(ASSUME, account=replace(ASSUME.account, external_id="guard-of-dr"))
    for blanks in range(LONGEST - 14, LONGEST + 2):
        text = errors._without_external_id(
            errors._text(_answer("AccessDenied", ("x " * LONGEST)[:blanks] + "guard-of-dr is not it", 403)),
            guarded.account,
        )

        assert "guar" not in text


def test_message_of_a_refused_role_does_not_change_with_the_session() -> None:
    """Session names differ from pod to pod; the message must not."""
    text = "User: arn:aws:sts::5:assumed-role/hub/botocore-session-{} is not authorized to perform: sts:AssumeRole on x"

    one, two = (errors.problem(_answer("AccessDenied", text.format(n), 403), ASSUME).message for n in (1, 2))

    assert one == two


def test_asking_lets_bugs_of_ours_through() -> None:
    """Only what botocore raises becomes a problem."""
    with pytest.raises(KeyError), errors.asking(VAULT):
        raise KeyError("ours")


def test_asking_keeps_a_problem_that_is_one_already() -> None:
    """A problem with the way in is not renamed by the call that met it."""
    inner = CrossvaultError(errors.problem(_answer("Throttling"), ASSUME))

    with pytest.raises(CrossvaultError) as caught, errors.asking(VAULT):
        raise inner

    assert caught.value is inner
