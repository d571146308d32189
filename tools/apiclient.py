"""The smallest client of the API server: one JSON request over verified TLS, and the server's own request counters."""

import http.client
import json
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from prometheus_client import parser

# The audit log speaks of verbs as RBAC does, the metrics speak HTTP and add APPLY for server-side apply.
AUDITED_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
COUNTED_WRITES = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"})


class ApiError(Exception):
    """The API server answered with an error; the message holds its text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text}")
        self.status = status


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Speaks to one API server as one user; a connection per request, so restarts of the server do not matter."""

    port: int
    ca: Path
    token: str
    timeout: float = 30.0

    def text(self, method: str, path: str, body: object = None) -> str:
        """Send a request; return the body of a 2xx answer, raise ApiError for others and OSError without answer."""
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=self.timeout)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise ApiError(answer.status, text)
        return text

    def json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON has no better type
        """The same, with the answer parsed."""
        return json.loads(self.text(method, path, body))

    def answers(self, path: str) -> bool:
        """Whether the server gives a 2xx answer now; everything else counts as no."""
        try:
            self.text("GET", path)
        except (OSError, http.client.HTTPException, ApiError):
            return False
        return True


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """One kind of request as the API server counts it; verbs are HTTP's, and LIST, WATCH, APPLY, DELETECOLLECTION."""

    verb: str
    group: str
    resource: str
    subresource: str
    code: int


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """How many requests of each kind the API server has answered since it was started."""

    counts: Mapping[Request, int]

    @classmethod
    def parse(cls, exposition: str) -> Self:
        """Read ``apiserver_request_total`` out of the text of /metrics.

        The other seventeen thousand lines are dropped first: parsing them takes half a second.
        """
        name = "apiserver_request_total"
        lines = [line for line in exposition.splitlines() if line.startswith((name, f"# TYPE {name} "))]
        counts: Counter[Request] = Counter()
        for family in parser.text_string_to_metric_families("\n".join(lines) + "\n"):
            for sample in family.samples:
                labels = sample.labels
                kind = Request(
                    verb=labels["verb"],
                    group=labels["group"],
                    resource=labels["resource"],
                    subresource=labels["subresource"],
                    code=int(labels["code"]),
                )
                counts[kind] += int(sample.value)
        return cls(dict(counts))

    def since(self, before: "RequestCounts") -> "RequestCounts":
        """What was answered after ``before``; meaningless when the server was restarted in between."""
        grown = {kind: count - before.counts.get(kind, 0) for kind, count in self.counts.items()}
        return RequestCounts({kind: count for kind, count in grown.items() if count})

    def total(
        self,
        *,
        group: str | None = None,
        resource: str | None = None,
        subresource: str | None = None,
        verb: str | None = None,
        code: int | None = None,
    ) -> int:
        """Sum up the kinds that match; None matches everything, ``subresource=""`` the object itself."""
        asked = {"group": group, "resource": resource, "subresource": subresource, "verb": verb, "code": code}
        return sum(
            count
            for kind, count in self.counts.items()
            if all(value is None or getattr(kind, field) == value for field, value in asked.items())
        )

    def writes(self, *, group: str | None = None, resource: str | None = None, subresource: str | None = None) -> int:
        """Sum up the writes, successful or not."""
        return sum(
            self.total(group=group, resource=resource, subresource=subresource, verb=verb) for verb in COUNTED_WRITES
        )
