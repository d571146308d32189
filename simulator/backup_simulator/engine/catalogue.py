"""The service models, from botocore; one `Service` per signing name."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import botocore.session
from botocore.model import OperationModel, ServiceModel

from . import query_names

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICES = ("backup", "sts", "iam", "kms", "organizations", "events", "sqs", "tagging", "cloudtrail", "account")
# botocore's name of a service, where it is not the one that requests are signed with.
MODELS = {"tagging": "resourcegroupstaggingapi"}


@dataclass(frozen=True, slots=True)
class Service:
    """One AWS service: its model, its protocol and its operations by name."""

    name: str
    protocol: str
    model: ServiceModel
    operations: Mapping[str, OperationModel]
    target_prefix: str
    namespace: str
    json_version: str
    query_compatible: bool


@functools.cache
def load() -> Mapping[str, Service]:
    """Load the models of all simulated services by signing name."""
    session = botocore.session.Session()
    return {name: _service(session, name) for name in SERVICES}


@functools.cache
def in_query() -> Mapping[str, Service]:
    """The services that take the query protocol beside JSON, as they are in it, by signing name."""
    described = botocore.session.Session().get_service_data("sqs")
    found = _of_model("sqs", ServiceModel(query_names.described(described), "sqs"))
    return {"sqs": replace(found, query_compatible=True)}


def _service(session: botocore.session.Session, name: str) -> Service:
    return _of_model(name, session.get_service_model(MODELS.get(name, name)))


def _of_model(name: str, model: ServiceModel) -> Service:
    return Service(
        name=name,
        protocol=str(model.resolved_protocol),
        model=model,
        operations={operation: model.operation_model(operation) for operation in model.operation_names},
        target_prefix=str(model.metadata.get("targetPrefix", "")),
        namespace=str(model.metadata.get("xmlNamespace", "")),
        json_version=str(model.metadata.get("jsonVersion", "1.1")),
        query_compatible="awsQueryCompatible" in model.metadata,
    )
