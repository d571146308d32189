"""What AWS's errors mean: one table by error code, and one place that puts them into words.

https://docs.aws.amazon.com/aws-backup/latest/devguide/CommonErrors.html lists the codes every operation can answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from botocore import exceptions, parsers

from ..engine.declared import Account
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from ..words.sanitise import sanitise
from ..words.texts import ELLIPSIS, clean
from . import causes, endpoints, regions
from .answers import UnexpectedAnswerError
from .causes import ASSUME_ROLE, OUTSIDE, OWN_CREDENTIALS, Ask

Verdict = tuple[Reason, ErrorClass]

_THROTTLED: Verdict = (Reason.THROTTLED, ErrorClass.RETRY)
_DENIED: Verdict = (Reason.ACCESS_DENIED, ErrorClass.STUCK)
_EXPIRED: Verdict = (Reason.CREDENTIALS_EXPIRED, ErrorClass.RETRY)
_REFUSED_KEY: Verdict = (Reason.CREDENTIALS_REFUSED, ErrorClass.STUCK)
_UNAVAILABLE: Verdict = (Reason.SERVICE_UNAVAILABLE, ErrorClass.RETRY)
_REFUSED: Verdict = (Reason.REQUEST_REFUSED, ErrorClass.STUCK)
_UNKNOWN: Verdict = (Reason.INTERNAL_ERROR, ErrorClass.BUG)

CODES: dict[str, Verdict] = {
    # Too fast
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "ThrottledException": _THROTTLED,
    "RequestThrottled": _THROTTLED,
    "RequestThrottledException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "SlowDown": _THROTTLED,
    # Not permitted. New permissions take a while to arrive everywhere, so this is tried again too, slowly
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "NotAuthorized": _DENIED,
    # Credentials
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "UnrecognizedClientException": _REFUSED_KEY,
    "InvalidClientTokenId": _REFUSED_KEY,
    "InvalidAccessKeyId": _REFUSED_KEY,
    "SignatureDoesNotMatch": _REFUSED_KEY,
    "InvalidSignatureException": _REFUSED_KEY,
    "IncompleteSignature": _REFUSED_KEY,
    "MissingAuthenticationToken": _REFUSED_KEY,
    "MissingAuthenticationTokenException": _REFUSED_KEY,
    "InvalidIdentityToken": _REFUSED_KEY,
    "IDPCommunicationError": _UNAVAILABLE,
    # The service
    "ServiceUnavailable": _UNAVAILABLE,
    "ServiceUnavailableException": _UNAVAILABLE,
    "InternalFailure": _UNAVAILABLE,
    "InternalServerError": _UNAVAILABLE,
    "ServiceException": _UNAVAILABLE,
    "DependencyFailureException": _UNAVAILABLE,
    "DependencyTimeoutException": _UNAVAILABLE,
    "KMSInternalException": _UNAVAILABLE,
    # The listing took too long between two of its pages
    "PaginationTokenExpiredException": _UNAVAILABLE,
    "RequestTimeout": (Reason.TIMED_OUT, ErrorClass.RETRY),
    "RequestTimeoutException": (Reason.TIMED_OUT, ErrorClass.RETRY),
    # The request
    "InvalidParameterValueException": _REFUSED,
    "InvalidParameterException": _REFUSED,
    "MissingParameterValueException": _REFUSED,
    "InvalidRequestException": _REFUSED,
    "InvalidArnException": _REFUSED,
    "ValidationException": _REFUSED,
    "ValidationError": _REFUSED,
    "OptInRequired": _REFUSED,
    "RegionDisabledException": _REFUSED,
    "PackedPolicyTooLargeException": _REFUSED,
    "MalformedPolicyDocumentException": (Reason.PRINCIPAL_UNKNOWN, ErrorClass.STUCK),
    "LimitExceededException": (Reason.QUOTA_EXCEEDED, ErrorClass.STUCK),
    # The thing asked about
    "ResourceNotFoundException": (Reason.NOT_FOUND, ErrorClass.STUCK),
    "NotFoundException": (Reason.NOT_FOUND, ErrorClass.STUCK),
    "InvalidResourceStateException": (Reason.RESOURCE_BUSY, ErrorClass.RETRY),
    "ConcurrentModificationException": (Reason.CHANGED_MEANWHILE, ErrorClass.RETRY),
    "AlreadyExistsException": (Reason.CHANGED_MEANWHILE, ErrorClass.RETRY),
    # Queues; the long names are those of the older protocol, which AWS still sends beside the new ones
    "QueueDoesNotExist": (Reason.NOT_FOUND, ErrorClass.STUCK),
    "AWS.SimpleQueueService.NonExistentQueue": (Reason.NOT_FOUND, ErrorClass.STUCK),
    "OverLimit": _THROTTLED,
    "KmsThrottled": _THROTTLED,
    "KMS.ThrottlingException": _THROTTLED,
    "KmsAccessDenied": _DENIED,
    "KMS.AccessDeniedException": _DENIED,
    **dict.fromkeys(
        ("InvalidAddress", "InvalidSecurity", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
        _REFUSED,
    ),
    **dict.fromkeys(
        ("KmsDisabled", "KmsInvalidState", "KmsNotFound", "KmsOptInRequired", "KmsInvalidKeyUsage"), _REFUSED
    ),
    **dict.fromkeys(
        ("KMS.DisabledException", "KMS.InvalidStateException", "KMS.NotFoundException", "KMS.OptInRequired"), _REFUSED
    ),
    "NoSuchEntity": (Reason.ROLE_NOT_FOUND, ErrorClass.STUCK),
    "NoSuchEntityException": (Reason.ROLE_NOT_FOUND, ErrorClass.STUCK),
}

# The order counts: the first class that matches decides.
_EXCEPTIONS: tuple[tuple[type[Exception], Verdict], ...] = (
    (exceptions.ReadTimeoutError, (Reason.TIMED_OUT, ErrorClass.RETRY)),
    (exceptions.ConnectTimeoutError, (Reason.TIMED_OUT, ErrorClass.RETRY)),
    (exceptions.IncompleteReadError, (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)),
    (exceptions.HTTPClientError, (Reason.UNREACHABLE, ErrorClass.RETRY)),
    (exceptions.ConnectionError, (Reason.UNREACHABLE, ErrorClass.RETRY)),
    (parsers.ResponseParserError, (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)),
    (exceptions.PaginationError, (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)),
    (exceptions.NoCredentialsError, (Reason.NO_CREDENTIALS, ErrorClass.STUCK)),
    (exceptions.PartialCredentialsError, (Reason.NO_CREDENTIALS, ErrorClass.STUCK)),
    (exceptions.CredentialRetrievalError, (Reason.NO_CREDENTIALS, ErrorClass.STUCK)),
    (exceptions.MetadataRetrievalError, (Reason.NO_CREDENTIALS, ErrorClass.STUCK)),
    (exceptions.ProfileNotFound, (Reason.NO_CREDENTIALS, ErrorClass.STUCK)),
)

_CODE_SHOWN = 100

_IDENTITY = re.compile(r"arn:aws[a-z-]*:(?:sts|iam)::[0-9]{12}:[\w+=,.@/-]+")

_EXTERNAL_ID = re.compile(r"external\s?id", re.IGNORECASE)


def code_of(error: BaseException) -> str | None:
    """Return AWS's error code, None when AWS did not answer."""
    if isinstance(error, exceptions.ClientError):
        return error.response.get("Error", {}).get("Code") or None
    return None


def classify(error: BaseException) -> Verdict:
    """Return reason and class of an error of botocore."""
    if isinstance(error, exceptions.ClientError):
        return classify_code(
            code_of(error) or "", error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0
        )
    return next((verdict for kind, verdict in _EXCEPTIONS if isinstance(error, kind)), _UNKNOWN)


def classify_code(code: str, status: int) -> Verdict:
    """Return reason and class of an answer; codes outside the table count by their status when it is 429 or a 5xx."""
    verdict = CODES.get(code)
    if verdict is not None:
        return verdict
    if status >= 500:
        return _UNAVAILABLE
    return _THROTTLED if status == 429 else _UNKNOWN


def problem(error: BaseException, ask: Ask) -> Problem:
    """Say what could not be done, where, why, and what to do about it."""
    code = code_of(error)
    told = _without_external_id(_text(error), ask.account)
    text = _without_operator(told, ask)
    reason, error_class = classify(error)
    if ask.action == ASSUME_ROLE:
        reason = _assume_role_reason(reason, text)
    elif ask.action == OWN_CREDENTIALS and reason is Reason.ACCESS_DENIED:
        reason = Reason.NO_CREDENTIALS
    doubt = _doubt(reason, ask)
    reason = Reason.REGION_DOUBTFUL if doubt else reason
    words = doubt or causes.words(reason, ask, text)
    known = f" ({clean(code, _CODE_SHOWN)})" if code else ""
    message = f"Cannot {ask.what} in {ask.where}: {words}{known}"
    detail = _endpoint(error, ask) or (f'AWS says "{sanitise(told)}".' if text != told else "")
    return Problem(reason, message, error_class, code, sanitise(text), detail)


def _endpoint(error: BaseException, ask: Ask) -> str:
    """Say which endpoint, or proxy, could not be reached or did not answer: where it is set is no tenant's business."""
    known = error.kwargs if isinstance(error, exceptions.BotoCoreError) else {}
    if "proxy_url" in known:
        proxy = endpoints.shown(str(known["proxy_url"]))  # botocore writes stars into its scheme
        return f"The proxy is {proxy.rpartition('://')[2]}, from the environment or a configuration file."
    return endpoints.told(str(known["endpoint_url"]), causes.service_of(ask)) if "endpoint_url" in known else ""


@contextmanager
def asking(ask: Ask) -> Iterator[None]:
    """Turn what botocore raises inside into a :class:`CrossvaultError`; a problem raised inside passes as it is."""
    try:
        yield
    except UnexpectedAnswerError as error:
        words = f"Cannot {ask.what} in {ask.where}: {error}. It is tried again by itself."
        raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY)) from error
    except (exceptions.BotoCoreError, exceptions.ClientError, parsers.ResponseParserError) as error:
        raise CrossvaultError(_told(problem(error, ask), ask)) from error
    except CrossvaultError as error:
        if ask.by_hand and error.problem.detail:
            raise CrossvaultError(_told(error.problem, ask)) from error
        raise


def _told(problem: Problem, ask: Ask) -> Problem:
    """Return a problem for who reads it: whoever asks may know whose identity they have, and no status has room."""
    if not ask.by_hand or not problem.detail:
        return problem
    return replace(problem, message=f"{problem.message} {problem.detail}", detail="")


def _text(error: BaseException) -> str:
    if isinstance(error, exceptions.ClientError):
        return clean(str(error.response.get("Error", {}).get("Message") or ""))
    return clean(str(error))


def _without_external_id(text: str, account: Account) -> str:
    """Return the text without the External ID, which a namespace that may use the account need not know."""
    if not account.external_id:
        return text
    if text.endswith(ELLIPSIS):  # it was cut, and may have been within the External ID
        text = text.rpartition(" ")[0]
    return re.sub(rf"(?<!\w){re.escape(account.external_id)}(?!\w)", "…", text)


def _without_operator(text: str, ask: Ask) -> str:
    """Return the text without whose ARN the operator has: tenants of any namespace read it."""
    if ask.account.role_arn is not None and ask.action not in OUTSIDE:
        return text
    return _IDENTITY.sub(lambda found: found[0] if found[0] == ask.account.role_arn else "…", text)


def _assume_role_reason(reason: Reason, text: str) -> Reason:
    """Tell a refused External ID from a refused role where the text does: mostly AWS says AccessDenied to all."""
    if reason is Reason.ACCESS_DENIED:
        return Reason.EXTERNAL_ID_REFUSED if _EXTERNAL_ID.search(text) else Reason.ASSUME_ROLE_DENIED
    return reason


def _doubt(reason: Reason, ask: Ask) -> str:
    """Doubt the Region where AWS's endpoint of that name is not there, or takes no signature for it."""
    return regions.doubt(ask.region) if reason in {Reason.UNREACHABLE, Reason.CREDENTIALS_REFUSED} else ""


def denied_action(problem: Problem, asked: str) -> str:
    """Return the action that a denial is about: AWS may name another one than was asked for."""
    return causes.named_action(problem.said, asked)


def denies_explicitly(problem: Problem) -> bool:
    """Tell whether AWS names a statement that denies, so that no Allow helps."""
    return causes.EXPLICITLY.search(problem.said) is not None


def is_of_the_role(problem: Problem) -> bool:
    """Tell whether AWS names what refused it, and that is of the role: policies or a boundary, which IAM tries out."""
    named = causes.kind_of_policy(problem.said)
    return named.startswith("identity-based") or named.endswith("boundary")


def names_action(error: exceptions.ClientError) -> bool:
    """Tell whether AWS names the action that it denies, and so denies that one for certain."""
    return causes.ACTION.search(_text(error)) is not None
