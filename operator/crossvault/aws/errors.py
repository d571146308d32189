"""What AWS's errors mean: one table by error code, and one place that puts them into words.

https://docs.aws.amazon.com/aws-backup/latest/devguide/CommonErrors.html lists the codes every operation can answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore import exceptions, parsers

from ..engine.declared import Account
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from ..words.sanitise import sanitise
from ..words.texts import ELLIPSIS, clean
from . import regions
from .answers import UnexpectedAnswerError

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

# How a pod gets its own credentials; a denial here is about the operator and not about any account.
OWN_CREDENTIALS = "sts:AssumeRoleWithWebIdentity"
ASSUME_ROLE = "sts:AssumeRole"
GET_CALLER_IDENTITY = "sts:GetCallerIdentity"
OUTSIDE = frozenset({OWN_CREDENTIALS, ASSUME_ROLE})
"""What is asked with the operator's own credentials, before an account is entered."""

_IDENTITY = re.compile(r"arn:aws[a-z-]*:(?:sts|iam)::[0-9]{12}:[\w+=,.@/-]+")

_EXTERNAL_ID = re.compile(r"external\s?id", re.IGNORECASE)
_DENIAL = re.compile(r"not authorized|insufficient privileges", re.IGNORECASE)
_ACTION = re.compile(r"to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")
_EXPLICITLY = re.compile(r"with an explicit deny in an? ([a-z -]{0,60}(?:policy|boundary))")
_CAUSE = re.compile(r"because no ([a-z -]{0,60}(?:policy|boundary)) allows")

_CREATE_VAULT_ACTIONS = (
    "backup:CreateBackupVault, backup:TagResource, backup-storage:MountCapsule, and on the key kms:CreateGrant, "
    "kms:GenerateDataKey, kms:Decrypt, kms:RetireGrant, kms:DescribeKey"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked of AWS, for the words of a problem.

    Attributes:
        what: Completes "Cannot …", as in ``read vault orders-copies``.
        action: The IAM action, as in ``backup:DescribeBackupVault``.
        region: Empty for what belongs to no Region.
    """

    what: str
    account: Account
    action: str
    region: str = ""

    @property
    def where(self) -> str:
        """The account as people know it, with id and Region."""
        place = f", {self.region}" if self.region else ""
        return f"account {self.account.name} ({self.account.account_id}{place})"


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
    words = doubt or _WORDS.get(reason, _quote)(ask, text)
    known = f" ({clean(code, _CODE_SHOWN)})" if code else ""
    message = f"Cannot {ask.what} in {ask.where}: {words}{known}"
    detail = f'AWS says "{sanitise(told)}".' if text != told else ""
    return Problem(reason, message, error_class, code, sanitise(text), detail)


@contextmanager
def asking(ask: Ask) -> Iterator[None]:
    """Turn what botocore raises inside into a :class:`CrossvaultError`; a problem raised inside passes as it is."""
    try:
        yield
    except UnexpectedAnswerError as error:
        words = f"Cannot {ask.what} in {ask.where}: {error}. It is tried again by itself."
        raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY)) from error
    except (exceptions.BotoCoreError, exceptions.ClientError, parsers.ResponseParserError) as error:
        raise CrossvaultError(problem(error, ask)) from error


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


def _credentials_refused(ask: Ask, _: str) -> str:
    enabled = f", and that the account has enabled {ask.region} if that is a Region to opt into" if ask.region else ""
    return f"AWS does not accept the credentials. Check the operator's credentials and its clock{enabled}."


def _role(ask: Ask) -> str:
    arn = ask.account.role_arn
    return f"role {arn.rsplit('/', 1)[-1]}" if arn else "the operator's own identity"


def _sentence(text: str) -> str:
    text = sanitise(text)
    return text if not text or text.endswith((".", "…")) else f"{text}."


def _quote(_: Ask, text: str) -> str:
    return f'AWS answers "{sanitise(text)}".' if text else "AWS gives no explanation."


def denied_action(problem: Problem, asked: str) -> str:
    """Return the action that a denial is about: AWS may name another one than was asked for."""
    return _named_action(problem.said, asked)


def denies_explicitly(problem: Problem) -> bool:
    """Tell whether AWS names a statement that denies, so that no Allow helps."""
    return _EXPLICITLY.search(problem.said) is not None


def names_action(error: exceptions.ClientError) -> bool:
    """Tell whether AWS names the action that it denies, and so denies that one for certain."""
    return _ACTION.search(_text(error)) is not None


def _named_action(text: str, asked: str) -> str:
    found = _ACTION.search(text)
    action = found.group(1) if found else asked
    return asked if action.lower() == asked.lower() else action  # SQS writes its own in small letters


def _access_denied(ask: Ask, text: str) -> str:
    if text and not _DENIAL.search(text):
        return f'AWS refuses it with "{sanitise(text)}".'
    action = _named_action(text, ask.action)
    deny = _EXPLICITLY.search(text)
    if deny:
        kind = deny.group(1)
        by = f"an {kind}" if kind.startswith("identity") else f"a {kind}"
        return f"{action} is explicitly denied to {_role(ask)} by {by}. Change that policy."
    if action == "backup:CreateBackupVault":
        return f"{_role(ask)} lacks one of {_CREATE_VAULT_ACTIONS}. Allow them in the role's policies."
    cause = _CAUSE.search(text)
    by = f" (no {cause.group(1)} allows it)" if cause else ""
    where = "the role's policies"
    if cause and "resource-based" in cause.group(1):
        where += ", and in the policy of the resource: with a key of KMS it is the key's policy that decides"
    return f"{_role(ask)} lacks {action}{by}. Allow the action in {where}."


def _assume_role_denied(ask: Ask, _: str) -> str:
    account = ask.account
    name = (account.role_arn or "").rsplit("/", 1)[-1]
    external = (
        "its sts:ExternalId is not our externalId"
        if account.external_id
        else "it demands an External ID and none is declared"
    )
    needed = [
        ASSUME_ROLE,
        *(["sts:TagSession"] if account.session_tags else []),
        *(["sts:SetSourceIdentity"] if account.source_identity else []),
    ]
    # Conditions hold 300 characters: what may be long comes last.
    return (
        f"AWS denies it: the role does not exist, its trust policy does not give the operator {', '.join(needed)},"
        f" {external}, or the operator lacks them itself."
        f' See "aws iam get-role --role-name {name}".'
    )


def _external_id_refused(ask: Ask, text: str) -> str:
    name = (ask.account.role_arn or "").rsplit("/", 1)[-1]
    field = "externalIdSecretRef" if ask.account.external_id_ref is not None else "externalId"
    return (
        f'AWS refuses the External ID: "{sanitise(text)}". Compare spec.{field} of BackupAccount '
        f'{ask.account.name} with sts:ExternalId in the trust policy ("aws iam get-role --role-name {name}").'
    )


def _constant(words: str) -> Callable[[Ask, str], str]:
    return lambda _ask, _text: words


_WORDS: dict[Reason, Callable[[Ask, str], str]] = {
    Reason.ACCESS_DENIED: _access_denied,
    Reason.ASSUME_ROLE_DENIED: _assume_role_denied,
    Reason.EXTERNAL_ID_REFUSED: _external_id_refused,
    Reason.ROLE_NOT_FOUND: lambda ask, _: (
        f"the role {ask.account.role_arn} does not exist. Create it or correct roleArn."
    ),
    Reason.PRINCIPAL_UNKNOWN: _constant(
        "KMS refuses a policy that names a role which does not exist: a new one takes some seconds to be known, and one"
        " that was deleted has to go from the policy first. It is tried again by itself."
    ),
    Reason.THROTTLED: _constant("AWS is throttling this account. It is tried again by itself."),
    Reason.SERVICE_UNAVAILABLE: _constant("the AWS service fails at the moment. It is tried again by itself."),
    Reason.TIMED_OUT: _constant("AWS did not answer in time. It is tried again by itself."),
    Reason.UNREACHABLE: _constant(
        "the AWS endpoint cannot be reached. Check network, DNS and proxy of the operator; it is tried again by itself."
    ),
    Reason.UNEXPECTED_ANSWER: _constant("the answer was incomplete or not AWS's. It is tried again by itself."),
    Reason.NO_CREDENTIALS: _constant(
        "the operator has no AWS credentials. Give its ServiceAccount an IAM role that trusts it "
        "(IRSA or EKS Pod Identity); outside a cluster, log in as for the AWS CLI."
    ),
    Reason.CREDENTIALS_EXPIRED: _constant(
        "the credentials have expired. New ones are fetched by themselves; if it lasts, check the operator's "
        "credentials and its clock."
    ),
    Reason.CREDENTIALS_REFUSED: _credentials_refused,
    Reason.QUOTA_EXCEEDED: lambda _, text: (
        f"a quota of the account is used up. {_sentence(text)} Raise it in Service Quotas."
    ),
    Reason.NOT_FOUND: lambda _, text: f"AWS does not find it. {_sentence(text)}".rstrip(),
    Reason.INTERNAL_ERROR: lambda _, text: (
        f'unforeseen error "{sanitise(text)}". Please report this as a bug of Crossvault.'
    ),
}
