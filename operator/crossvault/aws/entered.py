"""One account, entered: credentials that are verified before anybody can use them, and the clients that share them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ..engine.declared import Account, Limits
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from . import causes, errors, names, regions
from .calls import CallHooks
from .causes import ASSUME_ROLE, GET_CALLER_IDENTITY, OUTSIDE, OWN_CREDENTIALS
from .clients import Clients
from .denials import Denials
from .own import AwsSettings, OwnIdentity
from .threads import NewThreads, RequestThreads, awaited

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_sts import STSClient

Fingerprint: TypeAlias = tuple[Any, ...]
T = TypeVar("T")

# The longest that AWS allows when a role assumes a role, which is what IRSA and Pod Identity make of us.
DURATION = timedelta(hours=1)
# botocore renews credentials 15 to 10 minutes before they end and hands out source credentials that last 10 more:
# with 20 minutes ours never outlive those, and the identity of a roleless account is verified again every few minutes.
ROLELESS_DURATION = timedelta(minutes=20)


def fingerprint(account: Account) -> Fingerprint:
    """Return what makes two declarations one way in; limits and Regions do not."""
    external_id = account.external_id or account.external_id_ref
    how = (account.role_arn, external_id, account.session_tags, account.source_identity)
    return (account.name, account.account_id, account.namespace, *how)


def account_in(entry: Fingerprint) -> str:
    """Return the id of the account that a way in leads to."""
    account_id: str = entry[1]
    return account_id


_DEAD = frozenset({Reason.CREDENTIALS_EXPIRED, Reason.CREDENTIALS_REFUSED, Reason.NO_CREDENTIALS})
_ENTERING = OUTSIDE | {GET_CALLER_IDENTITY}


class Entered:
    """One account, entered. Every credential it hands out belongs to an identity that was verified (invariant 5).

    Attributes:
        listed: The Regions that the account's declaration names.
        sts_region: Where STS is asked; decided by administrators, never by a policy.
        spoiled: The way in, or what came of it, is no good: whoever enters next does it anew.
    """

    def __init__(
        self,
        account: Account,
        operator: OwnIdentity,
        settings: AwsSettings,
        *,
        sts_region: str,
        clients: Clients,
        hooks: CallHooks,
        clock: Callable[[], datetime],
        new_threads: NewThreads | None = None,
    ) -> None:
        self.account = replace(account, limits=Limits(), regions=())
        self.fingerprint = fingerprint(account)
        new_threads = new_threads or (lambda name: RequestThreads(settings.threads, name=f"aws-{name}"))
        self._threads = new_threads(account.name)
        self.listed = account.regions
        self.sts_region = sts_region
        self.used = clock()
        self.spoiled = False
        self._operator = operator
        self._settings = settings
        self._clock = clock
        self._verified = datetime.min.replace(tzinfo=self.used.tzinfo)
        self._verifying = threading.Lock()
        self._creating = threading.Lock()
        self._new_clients = clients
        self._hooks = hooks
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._denials = Denials(clock)
        self._credentials = clients.credentials(self._fetch_credentials)

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """Have work done in one of the account's threads; return what waits for it."""
        return awaited(self._threads.submit(work))

    # --- Clients ---------------------------------------------------------------------------------------------------

    def refusal(self, region: str) -> Problem | None:
        """Say why nothing is sent to a Region, before anything is; None where requests may go there."""
        words = regions.refusal(region, self.listed)
        if not words:
            return None
        way_out = f"A new one works once spec.regions of BackupAccount {self.account.name} lists it."
        return Problem(Reason.REGION_DOUBTFUL, f"Nothing is sent to {region}: {words} {way_out}", ErrorClass.STUCK)

    def backup(self, region: str) -> BackupClient:
        """Return the AWS Backup client of a Region; like the others it raises for one that :meth:`refusal` is about."""
        return cast("BackupClient", self._client("backup", region))

    def kms(self, region: str) -> KMSClient:
        """Return the KMS client of a Region."""
        return cast("KMSClient", self._client("kms", region))

    def organizations(self, region: str) -> OrganizationsClient:
        """Return the Organizations client for the partition of a Region."""
        return cast("OrganizationsClient", self._client("organizations", region))

    def iam(self, region: str) -> IAMClient:
        """Return the IAM client for the partition of a Region."""
        return cast("IAMClient", self._client("iam", region))

    def cloudtrail(self, region: str) -> Any:  # noqa: ANN401 - one call seldom made, for which no stubs are installed
        """Return the CloudTrail client of a Region."""
        return self._client("cloudtrail", region)

    def account_management(self, region: str) -> Any:  # noqa: ANN401 - the same
        """Return the client of Account Management for the partition of a Region."""
        return self._client("account", region)

    def tagging(self, region: str) -> Any:  # noqa: ANN401 - the same
        """Return the client of the tagging API of a Region."""
        return self._client("resourcegroupstaggingapi", region)

    def warm(self) -> None:
        """Make one client of every service that will be needed."""
        for service in ("sts", "backup", "kms", "organizations", "iam"):
            self._kept(service, self.sts_region)

    def _client(self, service: str, region: str) -> BaseClient:
        refused = self.refusal(region)
        if refused is not None:
            raise CrossvaultError(refused)
        return self._kept(service, region)

    def _kept(self, service: str, region: str) -> BaseClient:
        with self._creating:
            client = self._clients.get((service, region))
            if client is None:
                made = self._new_clients.client(service, region, self._credentials, self._hooks)
                client = self._clients[service, region] = made
            return client

    # --- Identity --------------------------------------------------------------------------------------------------

    def verify(self, not_before: datetime | None = None) -> str:
        """Return the account id GetCallerIdentity shows; raises where it is not the declared one.

        Without ``not_before`` the verification that came with the current credentials is enough.
        """
        with self.asking("verify the identity", GET_CALLER_IDENTITY):
            self._credentials.get_frozen_credentials()
            with self._verifying:
                if not_before is not None and self._verified < not_before:
                    self._verify(self._own_sts())
        return self.account.account_id

    def _fetch_credentials(self) -> dict[str, Any]:
        """Fetch credentials and verify whose they are, before botocore can sign anything else with them."""
        account = self.account
        with self.asking("fetch the operator's own credentials to work", OWN_CREDENTIALS):
            own = self._operator.credentials().get_frozen_credentials()
        if account.role_arn is None:
            fetched = ReadOnlyCredentials(own.access_key, own.secret_key, own.token)
            expires = self._clock() + ROLELESS_DURATION
        else:
            fetched, expires = self._assume(account, account.role_arn, own)
        with self.asking("verify the identity", GET_CALLER_IDENTITY), self._sts(fetched) as sts:
            self._verify(sts)
        return {**fetched._asdict(), "expiry_time": expires.isoformat()}

    def _assume(
        self, account: Account, role_arn: str, own: ReadOnlyCredentials
    ) -> tuple[ReadOnlyCredentials, datetime]:
        if account.external_id_ref is not None:
            # Anew each time: what stands there now is what the role's trust asks for. In words it is left out as any.
            account = replace(account, external_id=self._settings.external_ids(account.external_id_ref))
        request: dict[str, Any] = {"ExternalId": account.external_id} if account.external_id else {}
        if account.session_tags:
            request["Tags"] = [{"Key": key, "Value": value} for key, value in account.session_tags]
        if account.source_identity:
            request["SourceIdentity"] = names.source_identity(self._settings.cluster)
        what = f"assume role {role_arn.rsplit('/', 1)[-1]}"
        with self.asking(what, ASSUME_ROLE, account=account), self._sts(own) as sts:
            answer = sts.assume_role(
                RoleArn=role_arn,
                RoleSessionName=names.session_name(self._settings.cluster, account),
                DurationSeconds=int(DURATION.total_seconds()),
                **request,
            )
        got = answer["Credentials"]
        return ReadOnlyCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]), got["Expiration"]

    @contextmanager
    def _sts(self, credentials: ReadOnlyCredentials) -> Iterator[STSClient]:
        """Open STS for credentials that nothing else may use yet."""
        own = Credentials(credentials.access_key or "", credentials.secret_key or "", credentials.token)
        client = self._new_clients.client("sts", self.sts_region, own, self._hooks)
        with closing(cast("STSClient", client)) as sts:
            yield sts

    def _own_sts(self) -> STSClient:
        return cast("STSClient", self._kept("sts", self.sts_region))

    def _verify(self, sts: STSClient) -> None:
        began = self._clock()
        found = sts.get_caller_identity()["Account"]
        if found != self.account.account_id:
            raise CrossvaultError(_wrong_account(self.account, found))
        self._verified = began

    @contextmanager
    def asking(self, what: str, action: str, region: str = "", *, account: Account | None = None) -> Iterator[None]:
        """Put what fails inside into words; where the credentials are at fault, the next one to enter gets new ones."""
        began = self._clock()
        try:
            by_hand = self._settings.by_hand
            with errors.asking(causes.Ask(what, account or self.account, action, region, by_hand)):
                yield
            self._denials.allowed(what, action, region)
        except CrossvaultError as error:
            self._denials.heard(what, action, region, error.problem)
            if not self.spoiled and self._is_to_blame(error.problem, action, began):
                self.spoiled = True
                if error.problem.reason in _DEAD and (self.account.role_arn is None or action in OUTSIDE):
                    self._operator.forget()
            raise

    def _is_to_blame(self, problem: Problem, action: str, began: datetime) -> bool:
        """Tell whether the way in is at fault, and not only what was asked.

        A Region that the account has not enabled refuses good credentials, too. Whoever names one in a policy must
        not make everybody else enter anew, so STS has the last word about them.
        """
        if action in _ENTERING:
            return problem.error_class is not ErrorClass.RETRY or problem.reason in _DEAD
        if problem.reason is not Reason.CREDENTIALS_REFUSED:
            return problem.reason in _DEAD or problem.reason is Reason.WRONG_ACCOUNT
        try:
            with self._verifying:
                if self._verified <= began:
                    self._verify(self._own_sts())
        except (CrossvaultError, BotoCoreError, ClientError, ResponseParserError):
            return True
        return False

    def denied(self) -> tuple[tuple[str, Problem], ...]:
        """Return the actions that AWS has just denied here, each with the last problem, by name."""
        return self._denials.of_late()

    def passed(self) -> frozenset[str]:
        """Return the actions that AWS has just let pass here."""
        return self._denials.passed_of_late()

    def close(self) -> None:
        """Close what is this account's alone; requests on their way still end."""
        self._threads.close()
        with self._creating:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.close()


def _wrong_account(account: Account, found: str) -> Problem:
    who = f"Role {account.role_arn}" if account.role_arn else "The operator's own identity"
    return Problem(
        Reason.WRONG_ACCOUNT,
        f"{who} belongs to another account than BackupAccount {account.name} declares, {account.account_id}. "
        "Nothing is read or written with it. Correct accountId or roleArn.",
        ErrorClass.STUCK,
        detail=f"It belongs to account {found}.",
    )
