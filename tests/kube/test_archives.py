"""Official archives: fetched first, refused when they are not the pinned ones, and never in the way of a build."""

import hashlib
import http.server
import io
import random
import re
import socket
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tools import archives, binaries
from tools.certificates import Authority

LONG = archives.Patience(connect=60, silence=60)


class Shelf(http.server.ThreadingHTTPServer):
    """A web server on loopback with archives, whatever they are called, and what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.sent = 1.0  # the part of an archive that is sent before the connection breaks
        self.silent: str = ""  # before the head of an answer, or in the middle of its body
        self.over = threading.Event()

    def put(self, archive: archives.Archive, **members: bytes) -> archives.Archive:
        """Offer an archive with these members or its own, and return it with this address and its checksums."""
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as bundle:
            for name, member in archive.members.items():
                text = members.get(name, f"#!/bin/sh\necho {name} of the archive\n".encode())
                info = tarfile.TarInfo(member.format(platform=binaries._platform()))
                info.size = len(text)
                bundle.addfile(info, io.BytesIO(text))
        self.content[f"/{archive.name}"] = content.getvalue()
        checksum = hashlib.new(archive.algorithm, content.getvalue()).hexdigest()
        return replace(archive, url=self.url(archive.name), checksums={binaries._platform(): checksum})

    def url(self, name: str) -> str:
        """Where it offers something."""
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Shelf

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.silent == "head":
            self.server.over.wait()
            return
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.end_headers()
            return
        content = self.server.content.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: int(len(content) * self.server.sent)])
        if self.server.silent == "body":
            self.server.over.wait()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shelf(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """A machine that may download, from a server that has both archives."""
    del machine
    monkeypatch.delenv(archives.OFF)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Shelf() as server:
        monkeypatch.setattr(archives, "ALL", tuple(server.put(each) for each in archives.ALL))
        monkeypatch.setattr(binaries, "PATIENCE", LONG)  # for busy machines
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def folder_of(archive: archives.Archive) -> Path:
    """Where the binaries of an archive lie afterwards."""
    return binaries.archive_folder(archive)


def others(**changes: object) -> tuple[archives.Archive, ...]:
    """Return the archives with something else about them."""
    return tuple(replace(each, **changes) for each in archives.ALL)  # type: ignore[arg-type]  # as they are


class TestArchives:
    """The short way: what the projects themselves have built."""

    def test_all_that_the_demo_needs_comes_without_go(self, shelf: Shelf, capfd: pytest.CaptureFixture[str]) -> None:
        """Two archives, each asked for once; what is in them is found like anything else, and it is told."""
        paths = binaries.ensure()

        assert {name: path.parent for name, path in paths.items()} == {
            **dict.fromkeys(archives.ENVTEST.members, folder_of(archives.ENVTEST)),
            "helm": folder_of(archives.HELM),
        }
        for name, path in paths.items():
            assert subprocess.run([path], capture_output=True, text=True, check=True).stdout.startswith(name)
        assert shelf.asked == ["/envtest", "/helm"]
        assert {each.name for path in paths.values() for each in path.parent.iterdir()} == set(paths)
        told = capfd.readouterr().err
        assert f"Downloading kube-apiserver, etcd, kubectl {archives.ENVTEST.version} from 127.0.0.1 …" in told
        assert f"Downloading helm {archives.HELM.version} from 127.0.0.1: done after" in told

    def test_it_comes_before_the_build(self, shelf: Shelf, go_log: Path) -> None:
        """Where there is a Go, too; it builds what no archive has."""
        paths = binaries.ensure("etcd", "kube-controller-manager")

        assert paths["etcd"].parent == folder_of(archives.ENVTEST)
        assert paths["kube-controller-manager"].parent == binaries.cache_folder()
        assert shelf.asked == ["/envtest"]
        assert len(go_log.read_text().splitlines()) == 1

    @pytest.mark.usefixtures("go_log")
    def test_what_was_fetched_is_not_fetched_again(self, shelf: Shelf) -> None:
        """The next process finds it, with internet or without."""
        first = binaries.ensure("etcd")
        shelf.content.clear()

        assert binaries.ensure("etcd", "kube-apiserver")["etcd"] == first["etcd"]
        assert len(shelf.asked) == 1

    def test_how_far_it_is_is_told(self, shelf: Shelf, tmp_path: Path) -> None:
        """In megabytes, of how many."""
        big = shelf.put(archives.HELM, helm=random.Random(1).randbytes(3 << 20))  # noqa: S311 - what does not shrink
        told: list[str] = []
        archives.fetch(big, binaries._platform(), tmp_path, patience=binaries.PATIENCE, tell=told.append)
        got = [float(each.split(" of ")[0]) for each in told]

        assert len(told) > 3
        assert got == sorted(got)
        assert told[-1] == f"{len(shelf.content['/helm']) / 1e6:.1f} of {len(shelf.content['/helm']) / 1e6:.1f} MB"

    def test_moved_archives_are_followed(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """Releases are kept elsewhere than their address says."""
        (envtest, _) = archives.ALL
        monkeypatch.setattr(archives, "ALL", (replace(envtest, url=shelf.url("moved/envtest")),))
        binaries.ensure("etcd")

        assert shelf.asked == ["/moved/envtest", "/envtest"]

    @pytest.mark.parametrize("trusted", [True, False])
    def test_certificates_are_verified(
        self,
        shelf: Shelf,
        go_log: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        *,
        trusted: bool,
    ) -> None:
        """An archive comes over TLS from whom the machine trusts, or not at all."""
        authority = Authority.create("of a test")
        for name, text in zip(("crt", "key"), authority.server(IPv4Address("127.0.0.1")), strict=True):
            (tmp_path / name).write_text(text)
        (tmp_path / "ca").write_text(authority.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
        shelf.socket = context.wrap_socket(shelf.socket, server_side=True)
        monkeypatch.setattr(archives, "ALL", others(url=shelf.url("envtest").replace("http:", "https:")))
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca"))
        binaries.ensure("etcd")

        assert shelf.asked == (["/envtest"] if trusted else [])
        assert go_log.exists() is not trusted
        assert ("CERTIFICATE_VERIFY_FAILED" in capfd.readouterr().err) is not trusted

    @pytest.mark.parametrize("go", [True, False], ids=["with Go", "without"])
    @pytest.mark.parametrize(
        ("trouble", "why"),
        [
            pytest.param("checksum", r"has sha512 \w{128}, pinned is 0000.*thrown away", id="another archive"),
            pytest.param("half", r"broke off after \d+ of \d+ bytes|IncompleteRead", id="half an archive"),
            pytest.param("missing", "404", id="no such archive"),
            pytest.param("refused", "refused", id="nobody listens"),
            pytest.param("hanging", r"no connection to 127\.0\.0\.1 within 0\.2 s", id="nobody answers the connection"),
            pytest.param("nameless", r"no connection to 127\.0\.0\.1 within 0\.2 s", id="the name has no end"),
            pytest.param("silent", "timed out|no answer within", id="the server says nothing"),
            pytest.param("stalled", "timed out|no answer within", id="the server stops in the middle"),
        ],
    )
    def test_trouble_on_the_way_ends_in_a_build(  # noqa: PLR0917 - parameters
        self,
        shelf: Shelf,
        machine: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        request: pytest.FixtureRequest,
        trouble: str,
        why: str,
        *,
        go: bool,
    ) -> None:
        """Nothing of the archive is placed; the reason is told once; Go builds, or the message says what to install."""
        TROUBLES[trouble](shelf, monkeypatch, request)
        if go:
            log = request.getfixturevalue("go_log")
            paths = binaries.ensure("kube-apiserver", "etcd")

            assert {path.parent for path in paths.values()} == {binaries.cache_folder()}
            assert len(log.read_text().splitlines()) == 2
        else:
            with pytest.raises(
                binaries.BinaryMissingError, match=f"(?s)could not be had.*(?:{why}).*no Go.*Install Go 1"
            ):
                binaries.ensure("kube-apiserver", "etcd")
        told = capfd.readouterr().err
        assert len(re.findall(f"Not downloaded: .*(?:{why})", told)) == 1
        assert list(folder_of(archives.ENVTEST).iterdir()) == []
        assert list((machine / "cache").glob("**/.build-*")) == []

    @pytest.mark.usefixtures("go_log")
    def test_nothing_is_asked_for_where_it_is_not_wanted(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """CROSSVAULT_NO_DOWNLOAD: not even a name is looked up."""
        looked_up: list[object] = []
        monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **_: looked_up.append(asked))
        monkeypatch.setenv(archives.OFF, "1")
        paths = binaries.ensure("etcd", "helm")

        assert {path.parent for path in paths.values()} == {binaries.cache_folder()}
        assert looked_up == []
        assert shelf.asked == []
        assert "Downloading" not in capfd.readouterr().err

    @pytest.mark.usefixtures("go_log")
    def test_nothing_is_asked_for_on_a_platform_without(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """An archive for another machine is of no use."""
        monkeypatch.setattr(archives, "ALL", others(checksums={"plan9-mips": "0"}))

        assert binaries.ensure("etcd")["etcd"].parent == binaries.cache_folder()
        assert shelf.asked == []

    def test_each_platform_has_a_checksum_of_full_length(self) -> None:
        """A shortened pin would never match."""
        for archive in (archives.ENVTEST, archives.HELM):
            lengths = {len(bytes.fromhex(each)) for each in archive.checksums.values()}

            assert lengths == {hashlib.new(archive.algorithm).digest_size}
            assert set(archive.checksums) == {f"{of}-{on}" for of in ("linux", "darwin") for on in ("amd64", "arm64")}

    @pytest.mark.parametrize(("archive", "tool"), [(archives.ENVTEST, "kube-apiserver"), (archives.HELM, "helm")])
    def test_archives_are_of_the_pinned_minor_version(self, archive: archives.Archive, tool: str) -> None:
        """Who raises one raises the other: patches may differ, and nothing else."""
        assert archive.version.split(".")[:2] == binaries.TOOLS[tool].version().split(".")[:2]


# --- Troubles


def _checksum(_shelf: Shelf, patch: pytest.MonkeyPatch, _request: pytest.FixtureRequest) -> None:
    patch.setattr(archives, "ALL", others(checksums={binaries._platform(): "0" * 128}))


def _half(shelf: Shelf, _patch: pytest.MonkeyPatch, _request: pytest.FixtureRequest) -> None:
    shelf.sent = 0.5


def _missing(shelf: Shelf, _patch: pytest.MonkeyPatch, _request: pytest.FixtureRequest) -> None:
    shelf.content.clear()


def _refused(_shelf: Shelf, patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # bound, so that nobody else gets the port, and not listening
    request.addfinalizer(closed.close)
    patch.setattr(archives, "ALL", others(url=f"http://127.0.0.1:{closed.getsockname()[1]}/"))


def _hanging(_shelf: Shelf, patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Fill a queue that nobody takes from: the kernel leaves whoever comes next without an answer."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
        request.addfinalizer(waiting.close)
    request.addfinalizer(full.close)
    patch.setattr(archives, "ALL", others(url=f"http://127.0.0.1:{full.getsockname()[1]}/"))
    patch.setattr(binaries, "PATIENCE", replace(LONG, connect=0.2))


def _nameless(_shelf: Shelf, patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let the look for the address of a name last as long as the test, as where name servers are out of reach."""
    over = threading.Event()

    def look_up(*_asked: object, **_options: object) -> list[object]:
        over.wait()
        return []

    patch.setattr(socket, "getaddrinfo", look_up)
    patch.setattr(binaries, "PATIENCE", replace(LONG, connect=0.2))
    request.addfinalizer(over.set)


def _silent(shelf: Shelf, patch: pytest.MonkeyPatch, _request: pytest.FixtureRequest) -> None:
    shelf.silent = "head"
    patch.setattr(binaries, "PATIENCE", replace(LONG, silence=0.2))


def _stalled(shelf: Shelf, patch: pytest.MonkeyPatch, _request: pytest.FixtureRequest) -> None:
    shelf.silent, shelf.sent = "body", 0.5
    patch.setattr(binaries, "PATIENCE", replace(LONG, silence=0.2))


TROUBLES: dict[str, Callable[[Shelf, pytest.MonkeyPatch, pytest.FixtureRequest], None]] = {
    "checksum": _checksum,
    "half": _half,
    "missing": _missing,
    "refused": _refused,
    "hanging": _hanging,
    "nameless": _nameless,
    "silent": _silent,
    "stalled": _stalled,
}
