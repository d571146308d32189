"""The wire: routes, validation, answers and errors come from botocore's models."""

from __future__ import annotations

import json
import urllib.parse
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from backup_simulator.engine import answers, catalogue, json_bodies, routing, validation
from backup_simulator.server import SimulatorServer
from backup_simulator.wire import BrokenAnswerError, Request
from simulator_kit import scenes

if TYPE_CHECKING:
    from botocore.model import OperationModel

ARN = "arn:aws:ec2:eu-west-1::snapshot/snap-0abc"
BACKUP = catalogue.load()["backup"]


def path_of(operation: OperationModel) -> str:
    """The path a client would send, every label an encoded ARN."""
    uri = str(operation.http["requestUri"]).partition("?")[0]
    encoded = urllib.parse.quote(ARN, safe="")
    return "/".join(encoded if part.startswith("{") else part for part in uri.split("/"))


@pytest.mark.parametrize("name", sorted(BACKUP.operations))
def test_every_backup_operation_routes_to_itself(name: str) -> None:
    """A path with encoded ARNs in all labels finds its own operation and gives the labels back decoded."""
    operation = BACKUP.operations[name]
    found = routing.route(BACKUP, Request(str(operation.http["method"]), path_of(operation), "", {}, b""))

    assert found is not None
    assert found.operation.name == name
    assert set(found.labels.values()) <= {ARN}


@pytest.mark.parametrize("service", ["kms", "organizations"])
def test_json_services_route_by_target(service: str) -> None:
    """X-Amz-Target names the operation."""
    found = catalogue.load()[service]
    for name in found.operations:
        headers = {"x-amz-target": f"{found.target_prefix}.{name}"}
        route = routing.route(found, Request("POST", "/", "", headers, b""))

        assert route is not None
        assert route.operation.name == name


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_query_services_route_by_action(service: str) -> None:
    """The Action field names the operation."""
    found = catalogue.load()[service]
    for name in found.operations:
        route = routing.route(found, Request("POST", "/", "", {}, f"Action={name}".encode()))

        assert route is not None
        assert route.operation.name == name


def test_a_missing_trailing_slash_is_forgiven(server: SimulatorServer) -> None:
    """Clients of other languages drop the slash of `/copy-jobs/`."""
    assert scenes.signed(server, "backup", "GET", "/copy-jobs").status == 200


def test_patterns_of_the_models_are_understood() -> None:
    """No pattern of a simulated service falls back to matching everything."""
    patterns: set[str] = set()
    for service in catalogue.load().values():
        for name in service.model.shape_names:
            pattern = service.model.shape_for(name).metadata.get("pattern")
            if pattern:
                patterns.add(pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lost = [pattern for pattern in patterns if validation._compiled(pattern).pattern == r"[\s\S]*"]

    assert set(lost) <= {r"[\s\S]*"}


REFUSED_INPUT = [
    pytest.param("list_copy_jobs", {"MaxResults": 5000}, "maxResults", id="a page size above the model's maximum"),
    pytest.param("list_copy_jobs", {"ByState": "DONE"}, "byState", id="a state outside the enum"),
    pytest.param("list_copy_jobs", {"ByAccountId": "12"}, "byAccountId", id="an account id that breaks the pattern"),
    pytest.param("list_backup_vaults", {"ByVaultType": "X"}, "byVaultType", id="a vault type outside the enum"),
    pytest.param(
        "create_backup_vault", {"BackupVaultName": "Random Backups"}, "Random Backups", id="a vault name with a space"
    ),
    pytest.param(
        "create_backup_vault", {"BackupVaultName": "v" * 51}, "v" * 51, id="a vault name of more than fifty letters"
    ),
]


@pytest.mark.parametrize(("operation", "params", "named"), REFUSED_INPUT)
def test_input_beyond_the_model_is_refused(
    server: SimulatorServer, operation: str, params: scenes.Json, named: str
) -> None:
    """What botocore lets through, AWS refuses with InvalidParameterValueException."""
    with scenes.refused() as refusal:
        getattr(scenes.client(server, "backup", scenes.SOURCE), operation)(**params)

    assert refusal.code == "InvalidParameterValueException"
    assert refusal.status == 400
    assert named in refusal.message


def test_a_bad_vault_name_is_refused_in_awss_words(server: SimulatorServer) -> None:
    """The one recorded text: aws-cdk issue 8685."""
    with scenes.refused() as refusal:
        scenes.client(server, "backup", scenes.SOURCE).create_backup_vault(BackupVaultName="Random Backups")

    assert refusal.message == "Backup vault name Random Backups is not valid"


CONSTRAINTS = [
    pytest.param(
        ("kms", "create_key", {"KeyUsage": "RANDOM"}),
        "1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: "
        "Member must satisfy enum value set: [",
        id="KMS quotes the value",
    ),
    pytest.param(
        ("iam", "create_user", {"UserName": "a", "Tags": [{"Key": "k" * 129, "Value": ""}]}),
        "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: "
        "Member must have length less than or equal to 128",
        id="IAM does not",
    ),
]


@pytest.mark.parametrize(("call", "text"), CONSTRAINTS)
def test_other_services_name_the_constraint(
    server: SimulatorServer, call: tuple[str, str, scenes.Json], text: str
) -> None:
    """In the words that were recorded."""
    service, operation, params = call
    with scenes.refused() as refusal:
        getattr(scenes.client(server, service, scenes.SOURCE), operation)(**params)

    assert refusal.message.startswith(text)


BROKEN_BODIES = [
    pytest.param(b"{", "SerializationException", id="broken JSON"),
    pytest.param(b"[]", "SerializationException", id="a list instead of a structure"),
    pytest.param(b"{}", "MissingParameterValueException", id="required members missing"),
    pytest.param(b'{"RecoveryPointArn": 3}', "MissingParameterValueException", id="wrong type and members missing"),
    pytest.param(b"\xff\xfe", "SerializationException", id="no text at all"),
    pytest.param(b'{"IdempotencyToken": NaN}', "SerializationException", id="not a number"),
    pytest.param(b'{"IdempotencyToken": 1e999}', "SerializationException", id="a number beyond all bounds"),
    pytest.param(b"[" * 100_000, "SerializationException", id="nested without end"),
]


@pytest.mark.parametrize(("body", "code"), BROKEN_BODIES)
def test_a_broken_body_gets_an_error_of_aws(server: SimulatorServer, body: bytes, code: str) -> None:
    """Every broken body ends in a client error with the header that names it."""
    answer = scenes.signed(server, "backup", "PUT", "/copy-jobs", body=body)

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == code
    assert answer.headers["x-amzn-requestid"]


def test_wrong_types_are_refused(server: SimulatorServer) -> None:
    """A number where a text belongs is refused."""
    body = {"RecoveryPointArn": 3, "SourceBackupVaultName": "ab", "DestinationBackupVaultArn": "x", "IamRoleArn": "y"}
    answer = scenes.signed(server, "backup", "PUT", "/copy-jobs", body=json.dumps(body).encode())

    assert answer.headers["x-amzn-errortype"] == "InvalidParameterValueException"
    assert "recoveryPointArn" in answer.json["Message"]


def test_error_bodies_have_awss_members(server: SimulatorServer) -> None:
    """Code, Message, Type and Context are there, the last two null."""
    answer = scenes.signed(server, "backup", "GET", "/copy-jobs/nonsense")

    assert answer.status == 400
    assert answer.json == {
        "Code": "ResourceNotFoundException",
        "Message": "Cannot find copy job nonsense",
        "Type": None,
        "Context": None,
    }


def test_absent_members_come_as_null_and_dates_in_exponent_form(server: SimulatorServer) -> None:
    """The raw answer looks like the recorded ones: explicit nulls, 1.574163740907E9."""
    answer = scenes.signed(server, "backup", "GET", "/backup-vaults/backups/recovery-points/")

    assert b'"NextToken":null' in answer.body
    assert b'"SourceBackupVaultArn":null' in answer.body
    assert b'"CreationDate":1.7720640E9' in answer.body.replace(b"1.772064E9", b"1.7720640E9")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(1574163740.907, "1.574163740907E9", id="milliseconds"),
        pytest.param(1577836800.0, "1.5778368E9", id="trailing zeros go"),
        pytest.param(1000000000.0, "1.0E9", id="a round number keeps one digit"),
    ],
)
def test_moments_are_written_as_java_writes_doubles(seconds: float, text: str) -> None:
    """Timestamps have the form of Double.toString."""
    assert json_bodies.plain(json_bodies.moment(seconds)) == text.encode()
    assert float(text) == seconds


def test_an_unknown_member_in_an_answer_is_our_own_error() -> None:
    """The serialiser refuses what the model does not know."""
    with pytest.raises(BrokenAnswerError, match="no member"):
        answers.write(BACKUP, BACKUP.operations["StartCopyJob"], {"JobId": "x"}, "id")


NOT_IMPLEMENTED = [
    pytest.param("backup", "list_frameworks", {}, "backup:ListFrameworks", id="rest-json"),
    pytest.param("kms", "list_key_rotations", {"KeyId": "x"}, "kms:ListKeyRotations", id="json"),
    pytest.param("iam", "list_saml_providers", {}, "iam:ListSAMLProviders", id="query"),
    pytest.param(
        "organizations", "describe_resource_policy", {}, "organizations:DescribeResourcePolicy", id="organizations"
    ),
]


@pytest.mark.parametrize(("service", "operation", "params", "name"), NOT_IMPLEMENTED)
@pytest.mark.parametrize("mode", ["standard", "adaptive", "legacy"])
def test_what_is_not_implemented_answers_501_at_once(
    server: SimulatorServer, service: str, operation: str, params: scenes.Json, name: str, mode: Any
) -> None:
    """The operation is named and botocore does not repeat the call in any retry mode."""
    config = Config(retries={"mode": mode, "max_attempts": 4})
    client = server.client(service, scenes.SOURCE, "admin", region=scenes.HOME, config=config)
    with scenes.refused() as refusal:
        getattr(client, operation)(**params)

    assert refusal.code == "NotImplemented"
    assert refusal.status == 501
    assert name in refusal.message
    assert refusal.retries == 0


@pytest.mark.parametrize(
    ("service", "operation", "named"),
    [
        pytest.param("translate", "list_terminologies", "translate (ListTerminologies)", id="json"),
        pytest.param("ec2", "describe_volumes", "ec2 (DescribeVolumes)", id="ec2"),
        pytest.param("rds", "describe_db_instances", "rds (DescribeDBInstances)", id="query"),
        pytest.param("sns", "list_topics", "sns (ListTopics)", id="topics"),
        pytest.param(
            "efs", "describe_file_systems", "elasticfilesystem (GET /2015-02-01/file-systems)", id="rest-json"
        ),
        pytest.param("s3", "list_buckets", "s3 (GET /)", id="rest-xml"),
    ],
)
def test_a_service_that_is_not_simulated_answers_501_by_name(
    server: SimulatorServer, service: str, operation: str, named: str
) -> None:
    """In a form that its clients read, and with the caller in the log."""
    with scenes.refused() as refusal:
        getattr(scenes.client(server, service, scenes.SOURCE), operation)()

    assert (refusal.code, refusal.status) == ("NotImplemented", 501)
    assert refusal.message == f"The simulator does not implement the service {named}"
    assert server.control.calls()[-1].principal == f"arn:aws:iam::{scenes.SOURCE}:user/admin"


def test_who_signs_wrongly_for_a_service_that_is_not_simulated_hears_the_same(server: SimulatorServer) -> None:
    """S3's clients sign in ways of their own; what they get must not look like a mistake of theirs."""
    answer = scenes.signed(server, "s3", "PUT", "/orders/a%20b", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})

    assert answer.status == 501
    assert "The simulator does not implement the service s3 (PUT /orders/a%20b)" in answer.body.decode()
    assert server.control.calls()[-1].principal == ""


def test_a_path_that_the_model_does_not_know_is_404(server: SimulatorServer) -> None:
    """UnknownOperationException."""
    answer = scenes.signed(server, "backup", "GET", "/nowhere/at/all")

    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"


def test_answers_of_every_protocol_carry_a_request_id(server: SimulatorServer) -> None:
    """boto3 finds a request id in all of them."""
    answered = [
        scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults(),
        scenes.client(server, "sts", scenes.SOURCE).get_caller_identity(),
        scenes.client(server, "kms", scenes.SOURCE).list_keys(),
    ]
    ids = {answer["ResponseMetadata"]["RequestId"] for answer in answered}

    assert len(ids) == 3
