"""The four protocols: every operation that is not implemented says so in its own, answers keep to the model."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser

from backup_simulator.engine import answers, catalogue, failures, parsing, routing, strict
from backup_simulator.services import table
from backup_simulator.simulator import Simulator
from backup_simulator.wire import AwsError, BrokenAnswerError, Request
from backup_simulator.world import files
from simulator_kit import requests, scenes

if TYPE_CHECKING:
    from backup_simulator.wire import Params

SERVICES = catalogue.load()
BACKUP = SERVICES["backup"]


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """A simulator without a server."""
    return Simulator(files.from_object(scenes.world()))


def emptiest(service: catalogue.Service, operation: OperationModel) -> Request:
    """The least that reaches an operation: no parameters but the labels of its path."""
    match service.protocol:
        case "query":
            return requests.signed(service.name, "POST", "/", f"Action={operation.name}".encode())
        case "json":
            headers = {"X-Amz-Target": f"{service.target_prefix}.{operation.name}"}
            return requests.signed(service.name, "POST", "/", b"{}", headers)
        case _:
            path = re.sub(r"\{[^}]+\}", "x", str(operation.http["requestUri"]))
            return requests.signed(service.name, str(operation.http["method"]), path)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_operation_that_is_not_implemented_answers_501_by_name(name: str, simulator: Simulator) -> None:
    """In the protocol of the service, whatever the parameters."""
    service = SERVICES[name]
    for operation in service.operations.values():
        if operation.name in table.OPERATIONS[name]:
            continue
        answer = simulator.handle(emptiest(service, operation))
        error = requests.understood(service, answer)["Error"]

        assert answer.status == 501, operation.name
        assert dict(answer.headers)["Content-Type"] == answers.content_type(service)
        assert error["Code"] == "NotImplemented"
        assert error["Message"] == f"The simulator does not implement {name}:{operation.name}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_operation_that_is_implemented_exists(name: str) -> None:
    """A misspelt row of a table would never be reached."""
    assert set(table.OPERATIONS[name]) <= set(SERVICES[name].operations)


WRONG_ANSWERS = [
    pytest.param("StartCopyJob", {"CopyJobId": 7}, "CopyJobId: 7 is no string", id="a number for a text"),
    pytest.param("StartCopyJob", {"IsParent": 1}, "IsParent: 1 is no boolean", id="a number for a truth"),
    pytest.param("StartCopyJob", {"CreationDate": True}, "CreationDate: True is no timestamp", id="a truth for a date"),
    pytest.param("StartCopyJob", {"JobId": "x"}, "has no member JobId", id="a member of its own"),
    pytest.param("DescribeCopyJob", {"CopyJob": {"State": "DONE"}}, "CopyJob.State: 'DONE' is none", id="an enum"),
    pytest.param("ListCopyJobs", {"CopyJobs": [{}, {"Status": ""}]}, "CopyJobs.1: has no member", id="in a list"),
    pytest.param("ListTags", {"Tags": {"a": 1}}, "ListTags.Tags.a: 1 is no string", id="in a map"),
    pytest.param("ListCopyJobs", {"CopyJobs": ()}, "is no list", id="a tuple for a list"),
    pytest.param("DeleteBackupVault", {"Vault": "x"}, "has no output", id="an answer where there is none"),
    pytest.param("GetLegalHold", {"RecoveryPointSelection": []}, "no structure", id="a list for a structure"),
]


@pytest.mark.parametrize(("operation", "result", "words"), WRONG_ANSWERS)
def test_an_answer_that_breaks_the_model_is_our_own_error(operation: str, result: Params, words: str) -> None:
    """The message leads to the member."""
    with pytest.raises(BrokenAnswerError) as raised:
        strict.check(BACKUP.operations[operation], result)

    assert str(raised.value).startswith(operation)
    assert words in str(raised.value)


def test_a_required_member_has_to_be_there() -> None:
    """Null is not enough."""
    operation = BACKUP.operations["GetRestoreTestingPlan"]
    with pytest.raises(BrokenAnswerError, match="lacks the required member"):
        strict.check(operation, {"RestoreTestingPlan": {"CreationTime": None}})


def test_shapes_of_one_name_in_two_services_do_not_mix() -> None:
    """KMS has tags of TagKey and TagValue, Organizations of Key and Value."""
    written = []
    for name, operation, tag in (
        ("kms", "ListResourceTags", {"TagKey": "a", "TagValue": "b"}),
        ("organizations", "ListTagsForResource", {"Key": "a", "Value": "b"}),
    ):
        strict.check(SERVICES[name].operations[operation], {"Tags": [tag]})
        written.append(answers.write(SERVICES[name], SERVICES[name].operations[operation], {"Tags": [tag]}, "id")[1])

    assert written == [b'{"Tags":[{"TagKey":"a","TagValue":"b"}]}', b'{"Tags":[{"Key":"a","Value":"b"}]}']


def test_nulls_are_absent_members() -> None:
    """Handlers answer None for what AWS sends as null."""
    operation, result = BACKUP.operations["StartCopyJob"], {"CopyJobId": None, "IsParent": False}
    strict.check(operation, result)

    written = answers.write(BACKUP, operation, result, "id")[1]

    assert json.loads(written) == {"CopyJobId": None, "CreationDate": None, "IsParent": False}


def test_an_answer_that_breaks_the_model_becomes_500_when_the_check_is_on(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes out unchecked when it is off, for load."""
    changed = dict(table.OPERATIONS["backup"])
    wrong = changed["ListCopyJobs"]
    changed["ListCopyJobs"] = type(wrong)(lambda _scope, _params: {"CopyJobs": [{"State": "DONE"}]}, wrong.target)
    monkeypatch.setattr(table, "OPERATIONS", {"backup": changed})
    checked = simulator.handle(requests.signed("backup", "GET", "/copy-jobs/"))
    monkeypatch.setattr(simulator, "strict_out", False)
    unchecked = simulator.handle(requests.signed("backup", "GET", "/copy-jobs/"))

    assert checked.status == 500
    assert b"CopyJobs.0.State" in checked.body
    assert unchecked.status == 200


@pytest.fixture(scope="module")
def queues() -> catalogue.Service:
    """SQS: json 1.0, and compatible with the query protocol it once spoke."""
    return catalogue._service(botocore.session.Session(), "sqs")


def test_errors_of_a_query_compatible_service_carry_the_old_code(queues: catalogue.Service) -> None:
    """`x-amzn-query-error`, which botocore prefers over the name of the exception."""
    answer = failures.write(AwsError("QueueDoesNotExist", "gone"), queues.protocol, "id", queues)

    assert dict(answer.headers)["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert json.loads(answer.body)["__type"] == "QueueDoesNotExist"


def test_a_service_of_json_1_0_says_so(queues: catalogue.Service) -> None:
    """In the type of answers and of errors."""
    kind, body = answers.write(queues, queues.operations["GetQueueUrl"], {"QueueUrl": "u"}, "id")
    failed = failures.write(AwsError("QueueDoesNotExist"), queues.protocol, "id", queues)

    assert (kind, body) == ("application/x-amz-json-1.0", b'{"QueueUrl":"u"}')
    assert dict(failed.headers)["Content-Type"] == "application/x-amz-json-1.0"


def test_a_service_of_json_1_0_routes_by_target(queues: catalogue.Service) -> None:
    """As those of 1.1 do."""
    request = Request("POST", "/", "", {"x-amz-target": "AmazonSQS.SendMessage"}, b'{"MessageBody":"m"}')
    route = routing.route(queues, request)

    assert route is not None
    assert parsing.parse(queues, route, request) == {"MessageBody": "m"}


QUERY_MODEL = {
    "metadata": {
        "protocol": "query", "protocols": ["query"], "endpointPrefix": "sample", "xmlNamespace": "urn:sample",
        "apiVersion": "1", "serviceId": "Sample", "signatureVersion": "v4",
    },
    "operations": {
        "Echo": {
            "name": "Echo",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "Body"},
            "output": {"shape": "Body", "resultWrapper": "EchoResult"},
        }
    },
    "shapes": {
        "Body": {
            "type": "structure",
            "members": {name: {"shape": name} for name in ("Map", "List", "Blob", "On")},
        },
        "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
        "List": {"type": "list", "member": {"shape": "Body"}},
        "Text": {"type": "string"},
        "Blob": {"type": "blob"},
        "On": {"type": "boolean"},
    },
}  # fmt: skip


def test_the_query_protocol_knows_maps_lists_and_blobs() -> None:
    """What botocore writes is read, and what is written botocore reads."""
    model = ServiceModel(QUERY_MODEL, "sample")
    operation = model.operation_model("Echo")
    service = catalogue.Service("sample", "query", model, {"Echo": operation}, "", "urn:sample", "1.1", False)
    params = {"Map": {"a": "1", "b<": "2"}, "List": [{"Blob": b"\x00"}, {"On": True}]}
    body = "Action=Echo&Map.entry.1.key=a&Map.entry.1.value=1&Map.entry.2.key=b%3C&Map.entry.2.value=2"
    body += "&List.member.1.Blob=AA%3D%3D&List.member.2.On=true"
    request = Request("POST", "/", "", {}, body.encode())
    route = routing.route(service, request)

    assert route is not None
    assert operation.output_shape is not None
    assert parsing.parse(service, route, request) == params

    kind, written = answers.write(service, operation, params, "id")
    content = {"status_code": 200, "headers": {"Content-Type": kind}, "body": written}
    found = create_parser("query").parse(content, operation.output_shape)
    found.pop("ResponseMetadata")

    assert found == params
