"""The official envtest archive (kube-apiserver, etcd, kubectl), for machines with internet and without Go.

The archive is built by the Kubernetes project for a few versions only, so it may lag behind our pin by patches.
A download that does not have the pinned checksum is thrown away.
"""

import hashlib
import shutil
import tarfile
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

VERSION = "v1.37.0"
CONTAINS = ("kube-apiserver", "etcd", "kubectl")
URL = (
    "https://github.com/kubernetes-sigs/controller-tools/releases/download/"
    "envtest-{version}/envtest-{version}-{platform}.tar.gz"
)
# From envtest-releases.yaml of kubernetes-sigs/controller-tools, as three other public projects pin them.
SHA512: Mapping[str, str] = {
    "linux-amd64": (
        "1d1c453633b72c161a5d5a886cde7ac850be1a2ac796a9e1d4ffacacc64868295bdd2d57aa66cd0c158f5ce510f5dfe3fbc61ac21bd3"
        "dcfb875bd70658aa663a"
    ),
    "linux-arm64": (
        "ae6a670502988200b0131c943758cfd3d3a58cf4e6247ef7f0e6a6467f1cd9a333c802e86101f0446b1b92a0e327387224e1e44fe1a4"
        "693da0929c6e529cfe9a"
    ),
    "darwin-amd64": (
        "19a2a5376a8aa57a7b25ec5198834db29bf2ba0d6ff572d7f45ba683b13fb14c3ebec8069e92db66c39f1c7a9cff1bc2be879e2aacdc"
        "9fa8b8a7e861959bdf7b"
    ),
    "darwin-arm64": (
        "fb38cfacdd71b5e97a4d4cceac861af5f55069cf783f0e49cf181bfc32eb3e557c2091a534dc5d38f1b92c5ba142bc1979f215a5385b"
        "3630ea6a661be6fa161b"
    ),
}


class ArchiveError(Exception):
    """The archive is not the one that was pinned."""


def download(platform: str, folder: Path, *, url: str = URL, checksum: str | None = None) -> None:
    """Fetch the archive, compare its checksum, and place its binaries into ``folder``, each at once."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = checksum or SHA512[platform]
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        archive = Path(scratch) / "archive.tar.gz"
        address = url.format(version=VERSION, platform=platform)
        with urllib.request.urlopen(address, timeout=60) as answer, archive.open("wb") as file:  # noqa: S310 - ours
            shutil.copyfileobj(answer, file)
        with archive.open("rb") as file:
            actual = hashlib.file_digest(file, "sha512").hexdigest()
        if actual != expected:
            raise ArchiveError(f"{address} has SHA-512 {actual}, pinned is {expected}")
        _unpack(archive, Path(scratch), folder)


def _unpack(archive: Path, scratch: Path, folder: Path) -> None:
    with tarfile.open(archive) as bundle:
        for name in CONTAINS:
            content = bundle.extractfile(f"controller-tools/envtest/{name}")
            if content is None:
                raise ArchiveError(f"The archive has no {name}")
            unpacked = scratch / name
            with content, unpacked.open("wb") as file:
                shutil.copyfileobj(content, file)
            unpacked.chmod(0o755)
            unpacked.replace(folder / name)
