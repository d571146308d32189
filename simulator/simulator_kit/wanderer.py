"""Somebody who calls every operation of every service with plausible arguments: names that the world has, or had.

What succeeds is remembered under the names of its members, so that later calls find what earlier ones made; operations
that have not succeeded yet are tried more often. All follows from the seed.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from backup_simulator.services import table
from backup_simulator.transport import InProcess

from . import backup_kit, plausible, scenes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    from backup_simulator.records.state import State

Operation = tuple[str, str]
CLIENTS = {"tagging": "resourcegroupstaggingapi"}
EVERY: tuple[Operation, ...] = tuple(
    (service, name) for service, operations in table.OPERATIONS.items() for name in operations
)
ACCOUNTS = (*(scenes.SOURCE,) * 8, scenes.TARGET, scenes.PAYER, scenes.TOOLS, scenes.STRANGER)
GOVERNING = (*(scenes.PAYER,) * 6, scenes.TARGET, *(scenes.STRANGER,) * 3)
EPISODE = 150
"""After so many calls the world is again as it was."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks whom for what, and where."""

    service: str
    operation: str
    account: str
    region: str


def world() -> scenes.Json:
    """The usual world with resources, and a role for a cluster's service account."""
    scene = backup_kit.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["oidc_providers"] = [{"host": plausible.HOST}]
    source["roles"].append(scenes.role("pods", trust=plausible.trust_of_pods()))
    parent = {"resource_type": "EKS", "resource": "shop", "is_parent": True, "arn": plausible.COMPOSITE}
    child = {"resource_type": "EBS", "resource": "pv", "key": "alias/data", "parent": plausible.COMPOSITE}
    steady = {"resource_type": "S3", "resource": "documents", "continuous": True, "status": "AVAILABLE"}
    scenes.source_vault(scene)["recovery_points"] += [parent, child, steady]
    return scene


class Wanderer:
    """Calls at random, as admin of one account or another, or with the sessions that came of it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - the same wandering each time
        self.opened = InProcess(world())
        self._token = self.opened.control.web_identity_token(
            scenes.SOURCE, plausible.HOST, plausible.SUBJECT, duration="7d"
        )
        self._furnish()
        self._govern()
        self.opened.control.snapshot("home")
        self.succeeded: Counter[Operation] = Counter()
        self.refused: Counter[tuple[str, str, str]] = Counter()
        self._known: dict[tuple[str, str], deque[Any]] = {}
        self._sessions: deque[scenes.Json] = deque(maxlen=4)
        self._clients: dict[tuple[str, ...], Any] = {}
        self.steps = 0

    def _furnish(self) -> None:
        """Make what world files do not know: policies, plans, jobs, queues, rules."""
        iam, backup, sqs, events, kms = (
            self.opened.client(name, scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
            for name in ("iam", "backup", "sqs", "events", "kms")
        )
        iam.create_policy(PolicyName="two", PolicyDocument=plausible.ALLOW)
        iam.create_user(UserName="two", PermissionsBoundary=plausible.FULL)
        iam.create_role(RoleName="two", AssumeRolePolicyDocument=plausible.TRUST)
        iam.attach_user_policy(UserName="admin", PolicyArn=plausible.FULL)
        iam.attach_role_policy(RoleName="reader", PolicyArn=plausible.FULL)
        policy = iam.create_policy(PolicyName="one", PolicyDocument=plausible.ALLOW)["Policy"]["Arn"]
        for version in range(3):
            iam.create_policy_version(PolicyArn=policy, PolicyDocument=plausible.ALLOW, SetAsDefault=version == 1)
        iam.put_user_policy(UserName="admin", PolicyName="one", PolicyDocument=plausible.ALLOW)
        iam.put_role_policy(RoleName="operator", PolicyName="one", PolicyDocument=plausible.ALLOW)
        iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=policy)
        iam.put_role_policy(RoleName="reader", PolicyName="two", PolicyDocument=plausible.ALLOW)
        rule = {"RuleName": "daily", "TargetBackupVaultName": "backups", "ScheduleExpression": "cron(0 5 * * ? *)"}
        plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "one", "Rules": [rule]})["BackupPlanId"]
        chosen = {"SelectionName": "one", "IamRoleArn": scenes.COPIER, "Resources": ["*"]}
        backup.create_backup_selection(BackupPlanId=plan, BackupSelection=chosen)
        for resource in (backup_kit.VOLUME, backup_kit.FILES):
            backup.start_backup_job(BackupVaultName="backups", ResourceArn=resource, IamRoleArn=scenes.COPIER)
        backup.start_copy_job(
            RecoveryPointArn=next(iter(self.opened.control.vault(scenes.SOURCE, scenes.HOME, "backups").points)),
            SourceBackupVaultName="backups",
            DestinationBackupVaultArn=scenes.vault_arn(),
            IamRoleArn=scenes.COPIER,
        )
        said = plausible.candidates(self.state, ["PutBackupVaultAccessPolicy.Policy"], scenes.SOURCE, scenes.HOME)
        backup.put_backup_vault_access_policy(BackupVaultName="backups", Policy=said[0])
        queue = sqs.create_queue(QueueName="one")["QueueUrl"]
        for label in plausible.WORDS:
            sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=[scenes.TARGET], Actions=["SendMessage"])
        for _ in range(30):
            sqs.send_message(QueueUrl=queue, MessageBody="hello")
        events.create_event_bus(Name="two")
        events.put_rule(Name="one", EventPattern=plausible.PATTERN)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key)
        data = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"]
        kms.create_grant(KeyId=data, GranteePrincipal=scenes.COPIER, Operations=["Decrypt"])

    def _govern(self) -> None:
        """Make what an organization has besides its accounts: policies of its own, a delegate, an invitation."""
        payer = self.opened.client("organizations", scenes.PAYER, "admin", region=scenes.HOME, config=scenes.fast())
        root = payer.list_roots()["Roots"][0]["Id"]
        for name, kind, content in (
            ("one", "SERVICE_CONTROL_POLICY", plausible.DENY),
            ("two", "SERVICE_CONTROL_POLICY", plausible.DENY),
            ("three", "TAG_POLICY", plausible.TAGGING),
        ):
            made = payer.create_policy(Name=name, Description=name, Type=kind, Content=content)["Policy"]
            if kind == "TAG_POLICY":
                payer.enable_policy_type(RootId=root, PolicyType=kind)
            if name != "two":
                payer.attach_policy(PolicyId=made["PolicySummary"]["Id"], TargetId=scenes.TOOLS)
        payer.register_delegated_administrator(AccountId=scenes.TOOLS, ServicePrincipal="backup.amazonaws.com")
        payer.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": scenes.STRANGER})

    @property
    def state(self) -> State:
        """The living world."""
        return self.opened.state

    def step(self) -> None:
        """Make one call, or let time pass."""
        self.steps += 1
        if self.steps % EPISODE == 0:
            self.opened.control.restore("home")
            self._known.clear()
            self._sessions.clear()
        if self.dice.random() < 0.1:
            self.opened.control.advance(self.dice.choice(["5s", "70s", "10m"]))
            return
        service, name = self.dice.choice(self._wanted())
        account = self.dice.choice(ACCOUNTS if service != "organizations" else GOVERNING)
        account = scenes.TOOLS if name == "AssumeRole" else account
        region = scenes.AWAY if account == scenes.TARGET or self.dice.random() < 0.1 else scenes.HOME
        self._make(Call(service, name, account, region))

    def _wanted(self) -> Sequence[Operation]:
        """What has not succeeded yet, or its whole service, which may bring about what it lacks, or anything."""
        lacking = [each for each in EVERY if not self.succeeded[each]]
        luck = self.dice.random()
        if not lacking or luck < 0.3:
            return EVERY
        if luck < 0.6:
            return lacking
        service, _ = self.dice.choice(lacking)
        return [each for each in EVERY if each[0] == service]

    def _make(self, call: Call) -> None:
        service, name, account = call.service, call.operation, call.account
        client = self._session(call) if self._sessions and self.dice.random() < 0.05 else self._client(call)
        model = client.meta.service_model.operation_model(name)
        asked = self._value(model.input_shape, name, call) if model.input_shape else {}
        try:
            answer = client._make_api_call(name, asked)
        except ClientError as error:
            self.refused[service, name, str(error.response["Error"]["Code"])] += 1
            return
        self.succeeded[service, name] += 1
        answer.pop("ResponseMetadata")
        self._remember(account, answer)
        if service == "sts" and "Credentials" in answer:
            self._sessions.append(answer["Credentials"])

    def _session(self, call: Call) -> Any:
        """A client on one of the last sessions, whatever its role may do."""
        found = self.dice.choice(self._sessions)
        keys = [found[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        name = CLIENTS.get(call.service, call.service)
        return self.opened.client_with(name, *keys, region_name=call.region, config=scenes.fast())

    def _client(self, call: Call) -> Any:
        """A client of an account's admin, or of the operator, whom roles trust; nobody signs for a web identity."""
        service, name, account, region = call.service, call.operation, call.account, call.region
        user = "operator" if name == "AssumeRole" and account == scenes.TOOLS else "admin"
        nobody = name == "AssumeRoleWithWebIdentity"
        key = (service, account, user, region, str(nobody))
        if key not in self._clients:
            config = scenes.fast().merge(Config(signature_version=UNSIGNED)) if nobody else scenes.fast()
            self._clients[key] = self.opened.client(
                CLIENTS.get(service, service), account, user, region=region, config=config
            )
        return self._clients[key]

    def _remember(self, account: str, found: Any, name: str = "") -> None:
        """Keep what only answers tell: receipt handles, tokens of grants."""
        if isinstance(found, dict):
            for member, value in found.items():
                self._remember(account, value, str(member))
        elif isinstance(found, list):
            for value in found:
                self._remember(account, value, name)
        elif isinstance(found, str | bytes) and found:
            self._known.setdefault((account, name), deque(maxlen=12)).append(found)

    def _value(self, shape: Shape, name: str, call: Call, owner: str = "") -> Any:
        match shape.type_name:
            case "structure":
                structure = cast("StructureShape", shape)
                wanted = [
                    member
                    for member in structure.members
                    if member in structure.required_members
                    or self.dice.random() < plausible.share(member, name if name == call.operation else "")
                ]
                return {member: self._value(structure.members[member], member, call, shape.name) for member in wanted}
            case "list":
                element = cast("ListShape", shape).member
                return [self._value(element, name, call, owner) for _ in range(self.dice.choice((1, 1, 2)))]
            case "map":
                pairs = cast("MapShape", shape)
                keys = {self._value(pairs.key, f"{name}.key", call, owner) for _ in range(self.dice.choice((1, 2)))}
                return {key: self._value(pairs.value, name, call, owner) for key in sorted(keys)}
            case "string" | "blob":
                return self._text(shape, name, call, owner)
            case "integer" | "long":
                return self.dice.choice(plausible.NUMBERS.get(name, (1, 7, 10)))
            case "boolean":
                return self.dice.random() < 0.5
            case "timestamp":
                moment = self.opened.control.now() + self.dice.choice((-40, -1, 1, 40)) * scenes.DAY
                return dt.datetime.fromtimestamp(moment, dt.UTC)
            case other:
                raise AssertionError(f"no {other} among inputs")

    def _text(self, shape: Shape, name: str, call: Call, owner: str) -> Any:
        """What the world has of this kind, what was answered under the name, one of the enumerated, or a word."""
        if name == "WebIdentityToken":
            return self._token
        keys = (f"{call.operation}.{name}", f"{owner}.{name}", f"{call.service}.{name}", name)
        found = plausible.candidates(self.state, keys, call.account, call.region)
        found = found or tuple(self._known.get((call.account, name), ())) or tuple(shape.metadata.get("enum", ()))
        word: Any = b"text" if shape.type_name == "blob" else self.dice.choice(plausible.WORDS)
        return self.dice.choice(found) if found and self.dice.random() < 0.97 else word
