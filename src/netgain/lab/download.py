"""Fetch Fashion-MNIST once, checked against known sums, into the user's cache."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from netgain.errors import UsageError

FASHION_MNIST_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
"""Upstream of github.com/zalandoresearch/fashion-mnist (MIT); NETGAIN_FASHION_MNIST_URL overrides it."""

FASHION_MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
"""Sums published in the upstream's README."""


def cache_folder() -> Path:
    """Return netgain's cache folder: NETGAIN_CACHE, else XDG_CACHE_HOME/netgain, else ~/.cache/netgain."""
    named = os.environ.get("NETGAIN_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "netgain"


def fetch_fashion_mnist(
    *, sums: dict[str, str] = FASHION_MNIST_MD5, folder: Path | None = None
) -> Path:
    """Download what is missing, with a progress bar, and return the folder.

    Raises:
        UsageError: no network, or a file does not match its sum.
    """
    target = folder or cache_folder() / "fashion-mnist"
    target.mkdir(parents=True, exist_ok=True)
    base = os.environ.get("NETGAIN_FASHION_MNIST_URL", FASHION_MNIST_URL)
    for name, wanted in sums.items():
        if not (target / name).exists():
            _download(base.rstrip("/") + "/" + name, target / name, wanted)
    return target


def _download(url: str, target: Path, wanted: str) -> None:
    """Stream one file beside its place and move it there only if its sum is right."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url}: not an http address; correct NETGAIN_FASHION_MNIST_URL")
    from rich.progress import Progress

    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with (
            urllib.request.urlopen(url, timeout=60) as response,  # noqa: S310 - scheme checked above
            part.open("wb") as out,
            Progress(transient=True) as progress,
        ):
            size = response.headers.get("Content-Length")
            bar = progress.add_task(target.name, total=float(size) if size else None)
            while block := response.read(2**16):
                out.write(block)
                digest.update(block)
                progress.advance(bar, len(block))
        if digest.hexdigest() != wanted:
            raise UsageError(f"{url}: checksum {digest.hexdigest()}, expected {wanted}; try again")
        part.replace(target)
    except (urllib.error.URLError, TimeoutError) as error:
        raise UsageError(
            f"{url}: cannot be downloaded ({error}); install the Debian package dataset-fashion-mnist, or "
            "set NETGAIN_FASHION_MNIST to a folder with the four files"
        ) from error
    finally:
        part.unlink(missing_ok=True)
