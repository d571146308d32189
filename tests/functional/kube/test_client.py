"""Our requests over HTTP: what every answer means, tokens that are replaced, pages that expire."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from kopf._cogs.clients.api import iter_jsonlines
from tests.kit.api_server import SETTINGS, Answer, serving
from tests.kit.fake_api import POLICIES, policy

from crossvault.kube import bodies, objects
from crossvault.kube.access import Credentials
from crossvault.kube.client import ApiError, Trouble, open_session


def saying(body: object, status: int = 200) -> Answer:
    """Return a server's answer."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return answer


async def test_patch_is_a_strict_merge_with_the_version_it_was_made_from() -> None:
    """So that a stale one is a conflict and an unknown field an error."""
    async with serving(saying({"ok": 1})) as (api, server):
        await api.patch(POLICIES, policy(version=7), {"status": {"a": 1}}, subresource="status")
        request = server.requests[0]

        assert (request.method, request.path) == ("PATCH", POLICIES.path("shop", "orders", "status"))
        assert request.headers["Content-Type"] == "application/merge-patch+json"
        assert request.headers["Authorization"] == "Bearer one"
        assert dict(request.query) == {"fieldValidation": "Strict"}
        assert server.bodies[0] == {"status": {"a": 1}, "metadata": {"resourceVersion": "7"}}
        assert server.vitals.api_requests.read() == {("PATCH", "200"): 1}


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (400, Trouble.REFUSED),
        (403, Trouble.FORBIDDEN),
        (404, Trouble.GONE),
        (409, Trouble.CONFLICT),
        (410, Trouble.EXPIRED),
        (413, Trouble.REFUSED),
        (422, Trouble.REFUSED),
        (429, Trouble.UNREACHABLE),
        (500, Trouble.UNREACHABLE),
        (503, Trouble.UNREACHABLE),
    ],
)
async def test_every_refusal_has_its_meaning(code: int, trouble: Trouble) -> None:
    """The server's own words are in the message."""
    async with serving(saying({"message": "because"}, code)) as (api, _):
        with pytest.raises(ApiError, match="because") as caught:
            await api.patch(POLICIES, policy(), {})

    assert caught.value.trouble is trouble


async def test_silence_is_unknown_and_counted() -> None:
    """A request without an answer may have been carried out."""

    async def silent(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async with serving(silent) as (api, server):
        with pytest.raises(ApiError) as caught:
            await api.patch(POLICIES, policy(), {})

        assert caught.value.trouble is Trouble.UNREACHABLE
        assert server.vitals.api_requests.read() == {("PATCH", "timeout"): 1}
        assert not api.health.reachable


@pytest.mark.parametrize("text", ["<html>", "[]"], ids=["no JSON", "no object"])
async def test_answer_that_is_none_of_the_servers_is_no_answer(text: str) -> None:
    """A proxy between us speaks HTML."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=text)

    async with serving(answer) as (api, _):
        with pytest.raises(ApiError) as caught:
            await api.list(POLICIES)

    assert caught.value.trouble is Trouble.UNREACHABLE


async def test_nobody_there_is_unreachable() -> None:
    """The server is away."""
    async with serving(saying({})) as (api, server):
        server.url = "http://127.0.0.1:1"
        with pytest.raises(ApiError) as caught:
            await api.look(POLICIES, "shop", "orders")

    assert caught.value.trouble is Trouble.UNREACHABLE


async def test_replaced_token_is_used_at_once() -> None:
    """A 401 has the file read again, and the request repeated."""

    async def picky(request: web.Request) -> web.Response:
        allowed = request.headers["Authorization"] == "Bearer two"
        return web.json_response({"items": []} if allowed else {"message": "no"}, status=200 if allowed else 401)

    async with serving(picky) as (api, server):
        with pytest.raises(ApiError) as caught:
            await api.look(POLICIES, "shop", "orders")
        server.token = "two"

        assert caught.value.trouble is Trouble.UNAUTHORIZED
        assert await api.look(POLICIES, "shop", "orders") is None
        reads = server.reads
        await api.look(POLICIES, "shop", "orders")
        assert server.reads == reads


async def test_missing_credentials_are_like_refused_ones() -> None:
    """The file may be back in a moment."""
    async with serving(saying({})) as (api, server):
        server.token = ""
        with pytest.raises(ApiError, match="no token") as caught:
            await api.look(POLICIES, "shop", "orders")

    assert caught.value.trouble is Trouble.UNAUTHORIZED


def pages(expire_once: bool) -> Answer:
    """Return a server with three objects on two pages, whose continue token can expire."""
    expired = [not expire_once]

    async def answer(request: web.Request) -> web.Response:
        if "continue" not in request.query:
            items = [policy("a", managedFields=[1]), policy("b")]
            return web.json_response({"metadata": {"resourceVersion": "9", "continue": "t"}, "items": items})
        if not expired[0]:
            expired[0] = True
            return web.json_response({"message": "The provided continue parameter is too old"}, status=410)
        return web.json_response({"metadata": {"resourceVersion": "9"}, "items": [policy("c")]})

    return answer


@pytest.mark.parametrize("expire_once", [False, True])
async def test_list_reads_every_page_and_starts_over_when_they_expire(expire_once: bool) -> None:
    """A list is whole or it is none."""
    async with serving(pages(expire_once)) as (api, server):
        listing = await api.list(POLICIES)

        assert [each["metadata"]["name"] for each in listing.items] == ["a", "b", "c"]
        assert (listing.version, "managedFields" in listing.items[0]["metadata"]) == (9, False)
        assert [request.query.get("limit") for request in server.requests] == ["2"] * (4 if expire_once else 2)


async def test_list_that_always_expires_ends() -> None:
    """No endless loop."""
    async with serving(saying({"message": "too old"}, 410)) as (api, server):
        with pytest.raises(ApiError, match="expired"):
            await api.list(POLICIES)

        assert len(server.requests) == 3


async def test_looking_at_one_needs_no_right_but_to_list() -> None:
    """A list with a field selector; of metadata only when the rest does not matter."""
    async with serving(saying({"items": [policy()]})) as (api, server):
        found = await api.look(objects.DEFINITIONS, "", "x.crossvault.io", metadata_only=True)

        assert found == policy()
        assert dict(server.requests[0].query) == {"fieldSelector": "metadata.name=x.crossvault.io"}
        assert "PartialObjectMetadataList" in server.requests[0].headers["Accept"]


async def test_recovery_is_told_once() -> None:
    """By the first answer after none; a permission only by a request of its own kind."""
    status = [503]

    async def answer(request: web.Request) -> web.Response:
        code = 403 if status[0] == 403 and request.method == "PATCH" else 200 if status[0] == 403 else status[0]
        return web.json_response({"items": []}, status=code)

    told: list[int] = []
    async with serving(answer) as (api, _):
        api.health.recovered = lambda: told.append(status[0])

        async def ask(code: int, *, patch: bool = False) -> None:
            status[0] = code
            try:
                if patch:
                    await api.patch(POLICIES, policy(), {})
                else:
                    await api.look(POLICIES, "shop", "orders")
            except ApiError:
                pass

        await ask(503)
        await ask(200)
        await ask(200)
        assert told == [200]
        await ask(403, patch=True)
        await ask(403)
        assert told == [200]
        await ask(200, patch=True)
        assert told == [200, 200]


class TestBounds:
    """Answers that are larger than what is read of one."""

    async def test_large_objects_are_listed_fewer_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever fills policies with megabytes makes pages smaller, and nobody's policy is left out."""
        monkeypatch.setattr(bodies, "LARGEST_ANSWER", 5_000)
        big = [policy(name=f"p{number}") for number in range(7)]
        for each in big:
            each["spec"]["note"] = "x" * 1500

        async def answer(request: web.Request) -> web.Response:
            start, limit = int(request.query.get("continue", 0)), int(request.query["limit"])
            after = start + limit
            token = {"continue": str(after)} if after < len(big) else {}
            page = {"metadata": {"resourceVersion": "7", **token}, "items": big[start:after]}
            return web.json_response(page)

        async with serving(answer, page_size=8) as (api, server):
            listing = await api.list(POLICIES)

        assert [each["metadata"]["name"] for each in listing.items] == [f"p{number}" for number in range(7)]
        assert [each.query["limit"] for each in server.requests] == ["8", *["2"] * 4]

    async def test_one_object_that_is_too_large_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is told, and the API server does not count as away."""
        monkeypatch.setattr(bodies, "LARGEST_ANSWER", 100)

        async def answer(_: web.Request) -> web.Response:
            return web.json_response({"items": ["x" * 1000]})

        async with serving(answer) as (api, server):
            with pytest.raises(ApiError, match="larger than 100 bytes") as raised:
                await api.list(POLICIES)

            assert raised.value.trouble is Trouble.TOO_LARGE
            assert api.health.reachable
        assert [each.query["limit"] for each in server.requests] == ["2", "1"]

    @pytest.mark.parametrize("compressed", [False, True])
    async def test_answer_without_end_is_left(self, *, compressed: bool) -> None:
        """Also one that is small on the wire and unfolds to gigabytes."""
        sent = 0

        async def answer(request: web.Request) -> web.StreamResponse:
            nonlocal sent
            response = web.StreamResponse()
            if compressed:
                response.enable_compression(web.ContentCoding.gzip)
            await response.prepare(request)
            for _ in range(4000):
                await response.write(b" " * 2**20)
                sent += 2**20
            return response

        async with serving(answer, request_timeout=timedelta(seconds=60)) as (api, _):
            with pytest.raises(ApiError, match="larger than"):
                await api.look(POLICIES, "orders", "nightly")

        assert sent < bodies.LARGEST_ANSWER + 512 * 2**20

    async def test_deep_answer_is_no_answer(self) -> None:
        """Nesting that Python does not follow ends no task."""

        async def answer(_: web.Request) -> web.Response:
            return web.Response(body=b"[" * 1_000_000)

        async with serving(answer) as (api, _):
            with pytest.raises(ApiError, match="not JSON"):
                await api.look(POLICIES, "orders", "nightly")

    async def test_refusal_is_told_clean(self) -> None:
        """What the API server, or a webhook through it, says goes to the log as one short line."""

        async def answer(_: web.Request) -> web.Response:
            return web.json_response({"message": "no\n\x1b[2J" + "x" * 100_000}, status=403)

        async with serving(answer) as (api, _):
            with pytest.raises(ApiError) as raised:
                await api.look(POLICIES, "orders", "nightly")

        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 1200

    async def test_listing_that_goes_round_in_circles_is_left(self) -> None:
        """A token that leads to itself would be followed for ever."""
        page = {"metadata": {"resourceVersion": "7", "continue": "same"}, "items": []}
        async with serving(saying(page)) as (api, server):
            with pytest.raises(ApiError, match="in circles"):
                await api.list(POLICIES)

        assert len(server.requests) == 2

    @pytest.mark.parametrize("read", ["listing", "watch"])
    async def test_what_kopf_reads_ends_too(self, read: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its listings are whole bodies, its watches lines; kopf looks again after an error of this kind."""
        monkeypatch.setattr(bodies, "LARGEST_ANSWER", 3 * 2**20)
        monkeypatch.setattr(bodies, "LARGEST_EVENT", 2 * 2**20)
        sent = 0

        async def answer(request: web.Request) -> web.StreamResponse:
            nonlocal sent
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            with suppress(ConnectionError):
                for _ in range(500):
                    await response.write(b" " * 2**20)
                    sent += 1
            return response

        told: list[None] = []
        telling = bodies.telling(lambda: told.append(None))
        patient = replace(SETTINGS, request_timeout=timedelta(seconds=30))  # megabytes, on a busy machine
        async with (
            serving(answer) as (_, server),
            open_session(Credentials(server.url), patient, response=telling) as session,
        ):
            response = await session.get(server.url)
            with pytest.raises(aiohttp.ClientPayloadError, match=r"larger|longer"):
                _ = await response.json() if read == "listing" else [_ async for _ in iter_jsonlines(response.content)]
            response.close()

        assert sent < 100
        assert len(told) == (read == "listing")  # fewer objects make a listing smaller, and no line of a watch

    async def test_long_watch_of_short_lines_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is bounded is one object, not how long a watch lives."""
        monkeypatch.setattr(bodies, "LARGEST_ANSWER", 1000)
        monkeypatch.setattr(bodies, "LARGEST_EVENT", 1000)

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(500):
                await response.write(b"x" * 300 + b"\n" + b"y" * 300 + b"\n")
            return response

        async with serving(answer) as (_, server), open_session(Credentials(server.url), SETTINGS) as session:
            response = await session.get(server.url)
            lines = [line async for line in iter_jsonlines(response.content, 512)]

        assert lines == [b"x" * 300, b"y" * 300] * 500
