"""The two ports over real connections: what they answer, and everything that somebody can do to them."""

import asyncio
import contextlib
import logging
import resource
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from aiohttp import web
from tests.kit.api_server import serving

from crossvault.kube import health, scrapers
from crossvault.kube import port as port_module
from crossvault.kube.health import Checks, Heartbeat, Page
from crossvault.kube.port import Answer, Bounds, Port, Request, said
from crossvault.kube.scrapers import Scrapers
from crossvault.work.vitals import Histogram

PATIENT = timedelta(seconds=60)
SHORT = Bounds(connections=8, header_seconds=0.2, seconds=0.5)
HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: "


async def fine(_: Request) -> Answer:
    """Answer."""
    return said(HTTPStatus.OK, "fine")


async def send(port: int, text: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and return status, headers and body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        answer = await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), headers, body


async def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
    """Ask as a client does."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    status, found, body = await send(port, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    return status, body.decode(), found


@asynccontextmanager
async def attackers(
    port: int, number: int, text: bytes = HALF, *, peer: str = "127.0.0.1"
) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Hold connections of a peer open that have sent a text."""
    held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for _ in range(number):
        held.append(await asyncio.open_connection("127.0.0.1", port, local_addr=(peer, 0)))
        held[-1][1].write(text)
    try:
        yield [reader for reader, _ in held]
    finally:
        for _, writer in held:
            writer.transport.abort()


async def eventually(look: Callable[[], object], what: str) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not look():  # noqa: ASYNC110 - what is looked at tells nobody of its changes
            await asyncio.sleep(0.01)
    assert look(), what


class TestAnswers:
    """What is asked for, and what is no request."""

    async def test_health_says_what_is_wrong(self) -> None:
        """200 when nothing is, 503 and the reason otherwise; metrics are not here."""
        wrong: list[str | None] = [None]
        async with Port(Checks(lambda: wrong[0], lambda: "no list yet").answer, "127.0.0.1", 0) as port:
            assert (await ask(port.number, "/healthz"))[:2] == (200, "ok\n")
            assert (await ask(port.number, "/readyz?verbose"))[:2] == (503, "no list yet\n")
            wrong[0] = "a worker has ended"
            assert (await ask(port.number, "/healthz"))[:2] == (503, "a worker has ended\n")
            assert (await ask(port.number, "/metrics"))[0] == 404

    async def test_metrics_are_on_their_own_port(self) -> None:
        """And nothing else is; a caller may not want any."""
        async with Port(Page(lambda: b"metric 1\n").answer, "127.0.0.1", 0) as port:
            code, text, headers = await ask(port.number, "/metrics")
            assert (code, text, headers["content-type"]) == (200, "metric 1\n", health.CONTENT_TYPE)
            assert (await ask(port.number, "/healthz"))[0] == 404
        async with Port(Page(None).answer, "127.0.0.1", 0) as port:
            assert (await ask(port.number, "/metrics"))[0] == 404

    async def test_head_has_no_body(self) -> None:
        """But the length that the body would have."""
        async with Port(fine, "127.0.0.1", 0) as port:
            code, body, headers = await ask(port.number, "/", "HEAD")

        assert (code, body, headers["content-length"]) == (200, "", "5")

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            pytest.param(b"GET / HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n", 413, id="a body that is announced"),
            pytest.param(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413, id="one without an end"),
            pytest.param(b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 413, id="one of no length"),
            pytest.param(b"POST / HTTP/1.1\r\n\r\n", 405, id="another method"),
            pytest.param(b"GET http://x/ HTTP/1.1\r\n\r\n", 400, id="a request for a proxy"),
            pytest.param(b"\x16\x03\x01\x02\x00\r\n\r\n", 400, id="TLS"),
            pytest.param(b"GET / HTTP/2.0\r\n\r\n", 400, id="another protocol"),
            pytest.param(b"\r\n\r\n", 400, id="nothing"),
            pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431, id="a header without end"),
            pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n", 431, id="headers without end"),
        ],
    )
    async def test_what_is_no_request_is_refused(self, text: bytes, status: int) -> None:
        """Before a byte of a body is read; and nobody learns what serves here."""
        async with Port(fine, "127.0.0.1", 0) as port:
            code, headers, _ = await send(port.number, text)

        assert code == status
        assert "server" not in headers
        assert headers["connection"] == "close"

    async def test_bug_is_an_answer(self, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged, and says nothing of itself to who asked."""

        async def broken(_: Request) -> Answer:
            raise RuntimeError("secret")

        async with Port(broken, "127.0.0.1", 0) as port:
            code, text, headers = await ask(port.number, "/")

        assert (code, text) == (500, "Internal Server Error\n")
        assert "server" not in headers
        assert "secret" in caplog.text


class TestAttacks:
    """Somebody who reaches a port and means harm."""

    async def test_many_half_sent_requests_keep_nobody_out(self) -> None:
        """The oldest of them make place; so many are open and no more."""
        async with Port(fine, "127.0.0.1", 0, Bounds(connections=16)) as port:
            async with attackers(port.number, 300):
                answers = [(await ask(port.number, "/"))[:2] for _ in range(20)]
                most = port.connections
            await eventually(lambda: port.connections == 0, "all are gone")

        assert answers == [(200, "fine\n")] * 20
        assert most <= 16

    @pytest.mark.parametrize("text", [b"", HALF], ids=["nothing sent", "half a request"])
    async def test_slow_request_is_left(self, text: bytes) -> None:
        """A request has a moment to arrive."""
        async with Port(fine, "127.0.0.1", 0, SHORT) as port, attackers(port.number, 1, text) as (held,):
            assert await asyncio.wait_for(held.read(), 10) == b""
            await eventually(lambda: port.connections == 0, "it is gone")

    async def test_trickling_request_is_left(self) -> None:
        """A byte now and then wins no time."""
        async with Port(fine, "127.0.0.1", 0, SHORT) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port.number)

            async def trickle() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        writer.write(b"X")
                        await writer.drain()
                        await asyncio.sleep(0.01)

            trickling = asyncio.create_task(trickle())
            with contextlib.suppress(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 10)
            await eventually(lambda: port.connections == 0, "it is gone")
            trickling.cancel()
            writer.close()

    async def test_slow_reader_is_left(self) -> None:
        """Who does not read holds a page of megabytes no longer than anybody."""
        page, asked = Answer(HTTPStatus.OK, b"x" * 20_000_000), []

        async def big(_: Request) -> Answer:
            asked.append(1)
            return page

        asking = b"GET / HTTP/1.1\r\n\r\n"
        async with Port(big, "127.0.0.1", 0, SHORT) as port, attackers(port.number, 4, asking):
            await eventually(lambda: len(asked) == 4, "they have asked")
            await eventually(lambda: port.connections == 0, "they are gone")

    async def test_who_asked_is_not_dropped_for_who_did_not(self) -> None:
        """A scrape that takes long outlives a crowd that comes after it."""
        going, begun = asyncio.Event(), asyncio.Event()

        async def slow(_: Request) -> Answer:
            begun.set()
            await going.wait()
            return said(HTTPStatus.OK, "slow")

        async with Port(slow, "127.0.0.1", 0, Bounds(connections=8)) as port:
            scrape = asyncio.create_task(ask(port.number, "/metrics"))
            await begun.wait()
            async with attackers(port.number, 100):
                going.set()
                answer = await scrape

        assert answer[:2] == (200, "slow\n")

    async def test_request_that_has_arrived_is_answered_whatever_comes_behind_it(self) -> None:
        """Hundreds that connect before the loop comes to read cost it nothing, though they are of the same peer."""
        async with Port(fine, "127.0.0.1", 0) as port:
            with contextlib.ExitStack() as crowd:  # nothing here lets the loop run: it finds all of them at once
                probe = crowd.enter_context(socket.create_connection(("127.0.0.1", port.number)))
                probe.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
                for _ in range(400):
                    crowd.enter_context(socket.create_connection(("127.0.0.1", port.number), timeout=5))
                probe.setblocking(False)
                answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(probe, 1000), 10)

        assert answer.startswith(b"HTTP/1.1 200 ")

    async def test_peer_has_its_share_and_costs_nobody_else_a_place(self) -> None:
        """Who opens hundreds pushes out their own; somebody else's half a request is there when the rest comes."""
        async with Port(fine, "127.0.0.1", 0, Bounds(connections=16, per_peer=4)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
            writer.write(b"GET / HTTP/1.1\r\n")
            async with attackers(port.number, 200, peer="127.0.0.2"):
                await eventually(lambda: port.connections == 5, "four of theirs, and ours")
                writer.write(b"\r\n")
                answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()

        assert answer.startswith(b"HTTP/1.1 200 ")

    async def test_peer_with_the_most_makes_place_first(self) -> None:
        """Where all places are taken: many peers together keep out nobody who has fewer."""
        async with Port(fine, "127.0.0.1", 0, Bounds(connections=16, per_peer=8)) as port, AsyncExitStack() as stack:
            reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
            writer.write(b"GET / HTTP/1.1\r\n")
            for number in range(2, 7):
                await stack.enter_async_context(attackers(port.number, 10, peer=f"127.0.0.{number}"))
            await eventually(lambda: port.connections == 16, "all places are taken")
            late = await ask(port.number, "/")
            writer.write(b"\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()

        assert late[0] == 200
        assert answer.startswith(b"HTTP/1.1 200 ")

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            pytest.param("10.0.0.1", "10.0.0.1", True, id="an address"),
            pytest.param("10.0.0.1", "10.0.0.2", False, id="two"),
            pytest.param("fd00:1:2:3::1", "fd00:1:2:3:ffff::9", True, id="one /64"),
            pytest.param("fd00:1:2:3::1", "fd00:1:2:4::1", False, id="two of them"),
            pytest.param("fe80::1%eth0", "fe80::2%eth0", True, id="a link"),
            pytest.param("::1", "0.0.0.1", False, id="small numbers"),
        ],
    )
    def test_who_is_one_peer(self, one: str, other: str, *, same: bool) -> None:
        """A machine chooses among the addresses of a /64 as it likes."""
        assert (port_module._peer(one) == port_module._peer(other)) is same

    async def test_refused_request_reads_why_however_much_it_sent(self) -> None:
        """The answer is not taken back by a reset for what nobody reads."""
        async with Port(fine, "127.0.0.1", 0) as port:
            answers = [await send(port.number, b"GET / HTTP/1.1\r\nX: " + b"x" * 50_000) for _ in range(20)]

        assert {status for status, _, _ in answers} == {431}

    async def test_no_file_left_is_a_pause(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Accepting goes on by itself, and does not turn in a circle meanwhile."""
        monkeypatch.setattr(port_module, "_PAUSE", 0.05)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        async with Port(fine, "127.0.0.1", 0) as port:
            with socket.socket() as client:  # it has its file; who accepts it has none
                resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno(), before[1]))
                try:
                    client.connect(("127.0.0.1", port.number))
                    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    await eventually(lambda: caplog.messages, "it is told")
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, before)
                client.setblocking(False)
                answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 1000), 10)

        assert answer.startswith(b"HTTP/1.1 200 ")
        assert caplog.messages[0] == "Cannot accept connections for a moment: Too many open files"
        assert len(caplog.messages) < 50

    async def test_end_waits_for_nobody(self) -> None:
        """The process ends with connections open."""
        async with AsyncExitStack() as stack, asyncio.timeout(5), Port(fine, "127.0.0.1", 0) as port:
            await stack.enter_async_context(attackers(port.number, 5))
            await eventually(lambda: port.connections == 5, "they are there")

        assert port.connections == 0


class TestPage:
    """The page of metrics."""

    async def test_is_rendered_off_the_loop(self) -> None:
        """A big page does not hold up the loop."""
        beats = Histogram()
        heartbeat = asyncio.create_task(Heartbeat(beats).run())
        loop_thread, threads = threading.get_ident(), []

        def render() -> bytes:
            threads.append(threading.get_ident())
            return b""

        async with Port(Page(render).answer, "127.0.0.1", 0) as port:
            await ask(port.number, "/metrics")
            await eventually(lambda: beats.read().count, "it beats")
        heartbeat.cancel()

        assert len(threads) == 1
        assert threads != [loop_thread]

    async def test_crowd_gets_one_rendering(self) -> None:
        """However many ask at once, and however many of them leave before it is done."""
        going, rendered = threading.Event(), []

        def render() -> bytes:
            rendered.append(1)
            going.wait(10)
            return b"page %d\n" % len(rendered)

        async with Port(Page(render).answer, "127.0.0.1", 0, Bounds(per_peer=20)) as port:
            crowd = [asyncio.create_task(ask(port.number, "/metrics")) for _ in range(20)]
            await eventually(lambda: rendered and port.connections == 20, "all wait")
            for each in crowd[:10]:
                each.cancel()
            going.set()
            answers = await asyncio.gather(*crowd[10:])
            again = await ask(port.number, "/metrics")

        assert {each[1] for each in (*answers, again)} == {"page 1\n"}
        assert len(rendered) == 1

    async def test_is_rendered_anew_after_a_second(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is shown is never older."""
        monkeypatch.setattr(health, "PAGE_AGE", 0.0)
        rendered: list[int] = []

        def render() -> bytes:
            rendered.append(1)
            return b"page %d\n" % len(rendered)

        async with Port(Page(render).answer, "127.0.0.1", 0) as port:
            answers = [(await ask(port.number, "/metrics"))[1] for _ in range(3)]

        assert answers == ["page 1\n", "page 2\n", "page 3\n"]

    async def test_failed_rendering_is_not_kept(self, caplog: pytest.LogCaptureFixture) -> None:
        """The next one may succeed."""
        caplog.set_level(logging.CRITICAL)
        broken = [True]

        def render() -> bytes:
            if broken.pop() if broken else False:
                raise RuntimeError("no")
            return b"page\n"

        async with Port(Page(render).answer, "127.0.0.1", 0) as port:
            answers = [(await ask(port.number, "/metrics"))[:2] for _ in range(2)]

        assert answers == [(500, "Internal Server Error\n"), (200, "page\n")]


class Reviews:
    """An API server that knows tokens, and whom RBAC lets in."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.specs: list[Any] = []
        self.may = {"prometheus": True, "stranger": False}
        self.down = False
        self.open = asyncio.Event()  # closed: whoever's name begins with one of held gets no answer
        self.open.set()
        self.held: tuple[str, ...] = ("",)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a review."""
        kind = request.path.rpartition("/")[2]
        self.asked.append(kind)
        spec = (await request.json())["spec"]
        self.specs.append(spec)
        if spec.get("token", spec.get("user", "")).startswith(self.held):
            await self.open.wait()
        if self.down:
            return web.Response(status=503)
        if kind == "tokenreviews":
            known = spec["token"] in self.may
            user = {"username": spec["token"], "groups": ["g"], "uid": "u", "extra": {"k": ["v"]}}
            return web.json_response({"status": {"authenticated": known, "user": user if known else {}}})
        return web.json_response({"status": {"allowed": self.may[spec["user"]]}})


class TestScrapers:
    """Who may scrape."""

    @pytest.mark.parametrize(
        ("header", "status"),
        [
            pytest.param({}, 401, id="nobody"),
            pytest.param({"Authorization": "Basic eDp5"}, 401, id="another scheme"),
            pytest.param({"Authorization": "Bearer "}, 401, id="no token"),
            pytest.param({"Authorization": "Bearer forged"}, 401, id="a token the API server does not know"),
            pytest.param({"Authorization": "Bearer stranger"}, 403, id="somebody without the right"),
            pytest.param({"Authorization": "Bearer prometheus"}, 200, id="somebody with the right"),
            pytest.param({"Authorization": "bearer prometheus"}, 200, id="in small letters"),
        ],
    )
    async def test_who_may(self, header: dict[str, str], status: int) -> None:
        """The API server knows the token, and RBAC the right to get /metrics."""
        reviews = Reviews()
        async with serving(reviews.answer) as (api, _):
            page = Page(lambda: b"page\n", Scrapers(api, asyncio.get_running_loop().time).check)
            async with Port(page.answer, "127.0.0.1", 0) as port:
                code, text, headers = await ask(port.number, "/metrics", **header)

        assert code == status
        assert ("page" in text) is (status == 200)
        assert ("www-authenticate" in headers) is (status == 401)

    async def test_all_that_is_known_of_the_user_is_asked_about(self) -> None:
        """Groups, uid and extra decide as much as the name."""
        reviews = Reviews()
        async with serving(reviews.answer) as (api, _):
            await Scrapers(api, lambda: 0.0).check(_from("prometheus"))

        assert reviews.specs[1] == {
            "user": "prometheus",
            "groups": ["g"],
            "uid": "u",
            "extra": {"k": ["v"]},
            "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
        }

    async def test_verdict_is_kept_for_a_short_while(self) -> None:
        """A minute for who may, so that a right that is taken away ends; ten seconds for who may not."""
        reviews, now = Reviews(), [0.0]
        async with serving(reviews.answer) as (api, _):
            who = Scrapers(api, lambda: now[0])
            verdicts = [await who.check(_from("prometheus")) for _ in range(5)]
            refusals = [await who.check(_from("stranger")) for _ in range(5)]
            asked = len(reviews.asked)
            reviews.may = {"prometheus": False, "stranger": True}
            now[0] = scrapers.REFUSED_KEPT
            welcome = await who.check(_from("stranger"))
            now[0] = scrapers.KEPT
            gone = await who.check(_from("prometheus"))

        assert verdicts == [None] * 5
        assert {each.status for each in refusals if each} == {403}
        assert asked == 4
        assert welcome is None
        assert gone is not None

    async def test_crowd_of_strangers_is_no_load(self) -> None:
        """Each is asked about once, one at a time, and none pushes out who was let in."""
        reviews = Reviews()
        async with serving(reviews.answer) as (api, _):
            who = Scrapers(api, lambda: 0.0)
            await who.check(_from("prometheus"))
            await asyncio.gather(*(who.check(_from(f"forged-{number % 100}")) for number in range(300)))
            asked = len(reviews.asked)
            await who.check(_from("prometheus"))

        assert asked <= 2 + scrapers.WAITING_PER_PEER
        assert len(reviews.asked) == asked
        assert len(who._refused) <= scrapers.MOST

    async def test_who_was_let_in_waits_for_no_stranger(self) -> None:
        """A verdict that is old is renewed at once, however many strangers wait, and whoever they are."""
        reviews, now = Reviews(), [0.0]
        reviews.held = ("forged",)
        reviews.open.clear()
        async with serving(reviews.answer, request_timeout=PATIENT) as (api, _), asyncio.timeout(20):
            who = Scrapers(api, lambda: now[0])
            await who.check(_from("prometheus"))
            crowd = [asyncio.create_task(who.check(_from(f"forged-{each}", str(each)))) for each in range(30)]
            await eventually(lambda: len(reviews.asked) == 3, "the first stranger is asked about")
            now[0] = scrapers.KEPT
            verdict = await who.check(_from("prometheus"))
            reviews.may["prometheus"] = False
            now[0] += scrapers.KEPT
            gone = await who.check(_from("prometheus"))
            asked = list(reviews.asked)
            waiting = [each for each in crowd if not each.done()]
            reviews.open.set()
            refusals = await asyncio.gather(*crowd)

        assert verdict is None
        assert gone is not None, "the old verdict is no excuse where there is a new one"
        assert asked.count("tokenreviews") == 4, "one stranger, and three times who was let in"
        assert len(waiting) == 30
        assert {each.status for each in refusals if each} == {401}

    async def test_old_verdict_counts_while_the_new_one_is_slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For who was let in lately; what is found out meanwhile counts from then on."""
        monkeypatch.setattr(scrapers, "PATIENCE", 0.05)
        reviews, now = Reviews(), [0.0]
        async with serving(reviews.answer, request_timeout=PATIENT) as (api, _), asyncio.timeout(20):
            who = Scrapers(api, lambda: now[0])
            await who.check(_from("prometheus"))
            reviews.open.clear()
            reviews.may["prometheus"] = False
            now[0] = scrapers.KEPT
            meanwhile = [await who.check(_from("prometheus")) for _ in range(3)]
            asked = reviews.asked.count("tokenreviews")
            reviews.open.set()
            await eventually(lambda: not who._reviews, "the new verdict is there")
            gone = await who.check(_from("prometheus"))

        assert meanwhile == [None] * 3
        assert asked == 2, "all of them wait for one question"
        assert gone is not None

    async def test_few_strangers_wait_and_the_rest_come_again(self) -> None:
        """At once, and by the peer: somebody else's new token is asked about."""
        reviews = Reviews()
        reviews.open.clear()
        async with serving(reviews.answer, request_timeout=PATIENT) as (api, _), asyncio.timeout(20):
            who = Scrapers(api, lambda: 0.0)
            crowd = [asyncio.create_task(who.check(_from(f"forged-{each}", "a"))) for each in range(100)]
            await eventually(lambda: sum(each.done() for each in crowd) == 98, "all but two have their answer")
            later = [each.result() for each in crowd if each.done()]
            new = asyncio.create_task(who.check(_from("prometheus", "b")))
            await eventually(lambda: len(who._reviews) == 3, "it waits")
            reviews.open.set()
            verdict = await new
            rest = await asyncio.gather(*crowd)

        assert {(each.status, each.headers["Retry-After"]) for each in later if each} == {(429, "1")}
        assert verdict is None
        assert [each.status for each in rest if each].count(HTTPStatus.UNAUTHORIZED) == 2
        assert reviews.asked.count("tokenreviews") == 3

    async def test_strangers_of_many_peers_are_bounded_too(self) -> None:
        """However many peers there are."""
        reviews = Reviews()
        reviews.open.clear()
        async with serving(reviews.answer, request_timeout=PATIENT) as (api, _), asyncio.timeout(20):
            who = Scrapers(api, lambda: 0.0)
            crowd = [asyncio.create_task(who.check(_from(f"forged-{each}", str(each)))) for each in range(200)]
            await eventually(lambda: sum(each.done() for each in crowd) == 200 - scrapers.WAITING, "they are told")
            reviews.open.set()
            answers = await asyncio.gather(*crowd)

        assert {each.status for each in answers if each} == {401, 429}
        assert reviews.asked.count("tokenreviews") == scrapers.WAITING

    async def test_stranger_who_leaves_gives_up_the_place(self) -> None:
        """Only whose turn it was is asked about to the end: coming and going makes no more questions."""
        reviews = Reviews()
        reviews.open.clear()
        async with serving(reviews.answer, request_timeout=PATIENT) as (api, _), asyncio.timeout(20):
            who = Scrapers(api, lambda: 0.0)
            for each in range(50):
                coming = asyncio.create_task(who.check(_from(f"forged-{each}", "a")))
                await eventually(lambda: len(reviews.asked) == 1 and len(who._reviews) == 1 + bool(each), "it waits")  # noqa: B023 - looked at in this turn
                coming.cancel()
                await asyncio.wait({coming})
            left = len(who._reviews)
            reviews.open.set()
            await eventually(lambda: not who._reviews, "the one is done")

        assert left == 1
        assert reviews.asked == ["tokenreviews"]

    async def test_scraper_and_its_renewed_token_pass_a_flood(self) -> None:
        """Over the port: strangers with ever new tokens keep out neither who is known nor a token that was replaced."""
        reviews, now = Reviews(), [0.0]
        reviews.may["replaced"] = True
        async with serving(reviews.answer, request_timeout=PATIENT) as (api, _), asyncio.timeout(30):
            page = Page(lambda: b"page\n", Scrapers(api, lambda: now[0]).check)
            async with Port(page.answer, "127.0.0.1", 0) as port:

                async def flood(stranger: int) -> None:
                    for each in range(10_000):
                        text = f"GET /metrics HTTP/1.1\r\nAuthorization: Bearer {stranger}.{each}\r\n\r\n".encode()
                        with contextlib.suppress(OSError):
                            async with attackers(port.number, 1, text, peer="127.0.0.2") as (answer,):
                                await answer.read()

                strangers = [asyncio.create_task(flood(each)) for each in range(30)]
                answers = []
                for token in ("prometheus", "prometheus", "replaced", "prometheus", "replaced"):
                    answers.append(await ask(port.number, "/metrics", Authorization=f"Bearer {token}"))
                    now[0] += scrapers.KEPT
                for each in strangers:
                    each.cancel()
                await asyncio.wait(strangers)

        assert [each[:2] for each in answers] == [(200, "page\n")] * 5

    async def test_metrics_are_there_when_the_api_server_is_not(self) -> None:
        """For who was let in lately; nobody new, and not for ever."""
        reviews, now = Reviews(), [0.0]
        async with serving(reviews.answer) as (api, _):
            who = Scrapers(api, lambda: now[0])
            await who.check(_from("prometheus"))
            reviews.down, now[0] = True, scrapers.KEPT + 1
            lately, new = await who.check(_from("prometheus")), await who.check(_from("stranger"))
            now[0] = scrapers.LATELY
            late = await who.check(_from("prometheus"))

        assert lately is None
        assert new is not None
        assert late is not None
        assert {new.status, late.status} == {503}


def _from(token: str, peer: str = "") -> Request:
    return Request("/metrics", {"authorization": f"Bearer {token}"}, peer)
