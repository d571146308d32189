"""Official archives with binaries in them, taken where they can be had: minutes are saved, and no Go is needed.

An archive is asked for once, with two seconds to connect. What does not have the pinned checksum is thrown away. Both
projects build archives of some versions only, so theirs may lag behind the pins in the go.mod files.
"""

import hashlib
import http.client
import os
import queue
import shutil
import ssl
import tarfile
import tempfile
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

OFF = "CROSSVAULT_NO_DOWNLOAD"
PIECE = 1 << 18

Tell = Callable[[str], object]


class ArchiveError(Exception):
    """An archive could not be had, or is not the one that was pinned; the message says which."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds we wait: for a connection, its name's address included, and for the next bytes."""

    connect: float = 2.0
    silence: float = 30.0


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive and the binaries in it.

    Attributes:
        url: Where it is; ``{version}`` and ``{platform}`` (as Go has them, ``linux-amd64``) are filled in, as they are
            in ``members``.
        algorithm: Of the checksums, as hashlib has it.
        checksums: By platform.
        members: Where a binary is inside the archive, by the binary's name.
    """

    name: str
    version: str
    url: str
    algorithm: str
    checksums: Mapping[str, str]
    members: Mapping[str, str]

    def address(self, platform: str) -> str:
        """Where the archive for a platform is."""
        return self.url.format(version=self.version, platform=platform)


# Read in seven unrelated public projects that pin the same and name as their source envtest-releases.yaml of
# kubernetes-sigs/controller-tools, the index that setup-envtest itself trusts.
ENVTEST = Archive(
    name="envtest",
    version="v1.37.0",
    url="https://github.com/kubernetes-sigs/controller-tools/releases/download/"
    "envtest-{version}/envtest-{version}-{platform}.tar.gz",
    algorithm="sha512",
    checksums={
        "linux-amd64": (
            "1d1c453633b72c161a5d5a886cde7ac850be1a2ac796a9e1d4ffacacc64868295bdd2d57aa66cd0c158f5ce510f5dfe3fbc61ac2"
            "1bd3dcfb875bd70658aa663a"
        ),
        "linux-arm64": (
            "ae6a670502988200b0131c943758cfd3d3a58cf4e6247ef7f0e6a6467f1cd9a333c802e86101f0446b1b92a0e327387224e1e44f"
            "e1a4693da0929c6e529cfe9a"
        ),
        "darwin-amd64": (
            "19a2a5376a8aa57a7b25ec5198834db29bf2ba0d6ff572d7f45ba683b13fb14c3ebec8069e92db66c39f1c7a9cff1bc2be879e2a"
            "acdc9fa8b8a7e861959bdf7b"
        ),
        "darwin-arm64": (
            "fb38cfacdd71b5e97a4d4cceac861af5f55069cf783f0e49cf181bfc32eb3e557c2091a534dc5d38f1b92c5ba142bc1979f215a5"
            "385b3630ea6a661be6fa161b"
        ),
    },
    members={name: f"controller-tools/envtest/{name}" for name in ("kube-apiserver", "etcd", "kubectl")},
)
# Read in more than ten unrelated public projects that pin the same; those that name a source name Helm's release notes
# and the .sha256sum files beside the archives on get.helm.sh.
HELM = Archive(
    name="helm",
    version="v4.3.0",
    url="https://get.helm.sh/helm-{version}-{platform}.tar.gz",
    algorithm="sha256",
    checksums={
        "linux-amd64": "86584a54def73570558f66f5111cc53dfed56689637ae32c1201205d494f54fb",
        "linux-arm64": "31c5794dd55c66a51e6b7d2e2ac7a114ae8b1de41ff1d9ba51748ac973b06a08",
        "darwin-amd64": "347a784877e0e20eac865e8d1c36a80f6bb0861d6f29abd34defb6570ef95d92",
        "darwin-arm64": "d3870437e1e95b67f8edbde964156c84a26503f560821d40c542441658934fba",
    },
    members={"helm": "{platform}/helm"},
)
ALL = (ENVTEST, HELM)


def refusal(archive: Archive, platform: str) -> str:
    """Say why an archive is not even asked for; empty where it may be."""
    if os.environ.get(OFF):
        return f"{OFF} is set"
    if platform not in archive.checksums:
        return f"there is none for {platform}"
    return ""


def fetch(archive: Archive, platform: str, folder: Path, *, patience: Patience, tell: Tell) -> None:
    """Fetch an archive, compare its checksum, and place its binaries into ``folder``, each at once.

    Args:
        archive: What to fetch.
        platform: One that it has a checksum for.
        folder: Made where it is missing.
        patience: How long to wait for what.
        tell: Is told again and again how far it is.

    Raises:
        ArchiveError: It could not be had. Nothing of it is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address, pinned = archive.address(platform), archive.checksums[platform]
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        path = Path(scratch) / "archive.tar.gz"
        try:
            with _opened(address, patience) as answer:
                _save(answer, path, tell)
        except (OSError, http.client.HTTPException) as error:
            raise ArchiveError(f"{address}: {str(error) or type(error).__name__}") from error
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, archive.algorithm).hexdigest()
        if actual != pinned:
            raise ArchiveError(f"{address} has {archive.algorithm} {actual}, pinned is {pinned}; it was thrown away")
        _unpack(archive, platform, path, folder)


def _save(answer: http.client.HTTPResponse, path: Path, tell: Tell) -> None:
    """Write what comes to a file."""
    whole, got = answer.length, 0
    with path.open("wb") as file:
        while piece := answer.read1(PIECE):
            file.write(piece)
            got += len(piece)
            tell(f"{got / 1e6:.1f} of {whole / 1e6:.1f} MB" if whole else f"{got / 1e6:.1f} MB")
    if whole is not None and got < whole:
        raise ArchiveError(f"{answer.url} broke off after {got} of {whole} bytes")


def _unpack(archive: Archive, platform: str, path: Path, folder: Path) -> None:
    with tarfile.open(path) as bundle:
        for name, member in archive.members.items():
            try:
                content = bundle.extractfile(member.format(platform=platform))
            except KeyError:
                content = None
            if content is None:
                raise ArchiveError(f"the archive {archive.name} {archive.version} has no {name}")
            unpacked = path.parent / name
            with content, unpacked.open("wb") as file:
                shutil.copyfileobj(content, file)
            unpacked.chmod(0o755)
            unpacked.replace(folder / name)


# --- Connecting ----------------------------------------------------------------------------------------------------


def _opened(address: str, patience: Patience) -> http.client.HTTPResponse:
    """Send the request, within the patience for a connection, whatever it is that takes so long.

    A thread does it, because nothing else ends a look for a name's address, which may take a machine without internet
    longer than everything else together. Proxies and certificates are those of the environment, as urllib knows them.
    """
    connected = threading.Event()
    results: queue.SimpleQueue[http.client.HTTPResponse | OSError | http.client.HTTPException] = queue.SimpleQueue()
    host = urllib.parse.urlsplit(address).hostname
    unconnected = TimeoutError(f"no connection to {host} within {patience.connect:g} s")

    def ask() -> None:
        try:
            opener = urllib.request.build_opener(_Http(patience, connected), _Https(patience, connected))
            results.put(opener.open(address, timeout=patience.connect))
        except (OSError, http.client.HTTPException) as error:
            # urllib wraps what goes wrong before the answer is waited for.
            results.put(unconnected if isinstance(getattr(error, "reason", None), TimeoutError) else error)
        finally:
            connected.set()

    threading.Thread(target=ask, name="download", daemon=True).start()
    if not connected.wait(patience.connect):
        raise unconnected
    try:
        result = results.get(timeout=patience.silence)
    except queue.Empty:
        raise TimeoutError(f"no answer within {patience.silence:g} s") from None
    if isinstance(result, Exception):
        raise result
    return result


def _settling(
    kind: type[http.client.HTTPConnection], patience: Patience, connected: threading.Event
) -> type[http.client.HTTPConnection]:
    """Return a kind of connection that is less patient until it stands than afterwards."""

    class Connection(kind):  # type: ignore[valid-type,misc]  # one of two, known when it is made
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(patience.silence)
            connected.set()

    return Connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, patience: Patience, connected: threading.Event) -> None:
        super().__init__()
        self._kind = _settling(http.client.HTTPConnection, patience, connected)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._kind, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, patience: Patience, connected: threading.Event) -> None:
        super().__init__()
        self._kind = _settling(http.client.HTTPSConnection, patience, connected)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._kind, req, context=ssl.create_default_context())
