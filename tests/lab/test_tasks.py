"""The lab's data: repeatable, as described, and refused with a reason."""

import gzip
import hashlib
import http.server
import struct
import threading
from dataclasses import replace

import numpy as np
import pytest

from netgain.errors import MissingExtra, UsageError
from netgain.lab import download, tasks
from netgain.plan import Settings


def test_equal_settings_give_equal_arrays(small):
    """The same seed gives the same bits, another seed other ones."""
    tasks._mnist1d.cache_clear()
    first = tasks.load(small)
    tasks._mnist1d.cache_clear()
    assert np.array_equal(first.train_x, tasks.load(small).train_x)
    assert not np.array_equal(first.train_x, tasks.load(replace(small, data_seed=1)).train_x)


def test_smaller_training_set_is_a_prefix_of_a_larger_one(small):
    """Asking for fewer samples takes some away and changes none, across the chunk boundary."""
    large = tasks.load(replace(small, n_train=1500))
    assert np.array_equal(large.train_x[:256], tasks.load(small).train_x)
    assert np.array_equal(large.test_x, tasks.load(small).test_x)


def test_signals_are_standardised_and_balanced():
    """Signals [n, 1, 40] have mean 0 and deviation 1 within 1 %, and 100 of each class a thousand."""
    x, y = tasks.generate_mnist1d(20000, np.random.SeedSequence(5))
    assert x.shape == (20000, 1, 40)
    assert abs(x.mean()) < 0.01
    assert abs(x.std() - 1) < 0.01
    assert np.bincount(y).tolist() == [2000] * 10


def test_class_means_are_those_of_the_original_generator():
    """Mean and deviation of the raw signals are those of the published generator (20,000 draws).

    Computed once with the mnist1d package 0.0.2, seed 0: mean -.00603, deviation .15409.
    """
    x, _ = tasks.generate_mnist1d(20000, np.random.SeedSequence(6))
    raw = x.astype(float) * tasks.DEVIATION + tasks.MEAN
    assert raw.mean() == pytest.approx(-0.00603, abs=0.002)
    assert raw.std() == pytest.approx(0.15409, abs=0.002)


def test_smoothing_is_scipys_gaussian_filter():
    """The noise filter is a Gaussian of width 2 with mirrored edges, as scipy computes it."""
    ndimage = pytest.importorskip("scipy.ndimage")
    noise = np.random.default_rng(0).normal(size=(3, 72))
    expected = np.stack([ndimage.gaussian_filter(row, 2) for row in noise])
    assert np.allclose(tasks._smooth(noise), expected, atol=1e-12)


def test_resampling_is_linear_interpolation():
    """Sub-sampling agrees with numpy's linear interpolation."""
    row = np.random.default_rng(1).normal(size=72)
    expected = np.interp(np.linspace(0, 71, 40), np.arange(72), row)
    assert np.allclose(tasks._resample(row[None], 40)[0], expected)


def test_overlap_replaces_training_samples_by_test_samples(small):
    """A tenth of 200 test samples lies in the training set, whose size stays."""
    data = tasks.load(replace(small, test_overlap=0.1))
    assert data.train_x.shape[0] == 256
    assert np.array_equal(data.train_x[-20:], data.test_x[:20])
    assert np.array_equal(data.train_y[-20:], data.test_y[:20])


def test_overlap_larger_than_the_training_set_is_refused():
    """The message gives both numbers."""
    with pytest.raises(UsageError, match="100 samples, more than n_train=50"):
        tasks.load(Settings(n_train=50, n_test=100, test_overlap=1.0))


def test_unknown_task_is_refused():
    """The message names the tasks there are."""
    with pytest.raises(UsageError, match="fashion-mnist, mnist1d"):
        tasks.load(Settings(task="cifar"))


# --- Fashion-MNIST --------------------------------------------------------------------------------


def idx(array):
    """Return a gzipped IDX file of unsigned bytes."""
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def write_fashion(folder, *, n=30, n_test=10):
    """Write a tiny data set in Fashion-MNIST's format; pixel value is the image's number."""
    folder.mkdir(exist_ok=True)
    for name, count in (("train", n), ("t10k", n_test)):
        images = np.broadcast_to(np.arange(count)[:, None, None], (count, 28, 28))
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(count) % 10))
    return folder


@pytest.fixture
def fashion(tmp_path, monkeypatch):
    """A tiny Fashion-MNIST folder named by the environment."""
    folder = write_fashion(tmp_path / "fashion")
    monkeypatch.setenv("NETGAIN_FASHION_MNIST", str(folder))
    tasks._fashion_mnist.cache_clear()
    yield folder
    tasks._fashion_mnist.cache_clear()


def test_fashion_splits_are_disjoint_and_keep_their_labels(fashion):
    """Training and validation images come from the official training set and share none."""
    data = tasks.load(
        Settings(task="fashion-mnist", n_train=20, n_validation=10, n_test=10, data_seed=3)
    )
    number = np.rint((data.train_x[:, 0, 0, 0] * 0.3530 + 0.2860) * 255).astype(int)
    held = np.rint((data.validation_x[:, 0, 0, 0] * 0.3530 + 0.2860) * 255).astype(int)
    assert not set(number) & set(held)
    assert np.array_equal(number % 10, data.train_y)
    assert data.test_x.shape == (10, 1, 28, 28)


def test_fashion_with_too_few_images_is_refused(fashion):
    """The message says how many there are."""
    with pytest.raises(UsageError, match="30 training and 10 test"):
        tasks.load(Settings(task="fashion-mnist", n_train=40, n_validation=10, n_test=10))


def test_named_folder_without_the_files_is_refused(tmp_path, monkeypatch):
    """A wrong NETGAIN_FASHION_MNIST is an error, not a reason to download."""
    monkeypatch.setenv("NETGAIN_FASHION_MNIST", str(tmp_path))
    monkeypatch.setattr(tasks, "FASHION_FOLDERS", ())
    with pytest.raises(UsageError, match="unset it to download"):
        tasks.find_fashion_mnist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip", "expected a gzipped IDX file"),
        (gzip.compress(b"\0\0\x0d\x01\0\0\0\x01"), "not an IDX file"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc"), "3 bytes of data"),
        (idx(np.zeros((4, 2)))[:-4], "expected a gzipped IDX file"),
    ],
    ids=["not gzip", "not idx", "short", "cut"],  # gzip bytes hold the time, and ids must not
)
def test_damaged_idx_is_refused(tmp_path, content, message):
    """Anything but a whole IDX file of bytes is refused by name."""
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        tasks.read_idx(tmp_path / "x.gz")


@pytest.fixture
def server(tmp_path):
    """A web server over a folder with a tiny Fashion-MNIST; returns (address, folder)."""
    folder = write_fashion(tmp_path / "served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, *args):
            """Say nothing."""

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_address[1]}", folder
    served.shutdown()
    thread.join()
    served.server_close()


def sums_of(folder):
    """Return the MD5 of each file."""
    return {
        path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in folder.glob("*.gz")
    }


def test_download_brings_checked_files(tmp_path, server, monkeypatch):
    """Files are fetched, checked and used again without a second fetch."""
    address, folder = server
    monkeypatch.setenv("NETGAIN_FASHION_MNIST_URL", address)
    target = download.fetch_fashion_mnist(sums=sums_of(folder), folder=tmp_path / "got")
    assert sums_of(target) == sums_of(folder)
    monkeypatch.setenv("NETGAIN_FASHION_MNIST_URL", "http://127.0.0.1:9")
    download.fetch_fashion_mnist(sums=sums_of(folder), folder=target)


def test_download_with_a_wrong_sum_leaves_nothing(tmp_path, server, monkeypatch):
    """A file that is not the expected one is refused and not kept."""
    address, folder = server
    monkeypatch.setenv("NETGAIN_FASHION_MNIST_URL", address)
    wrong = dict.fromkeys(sums_of(folder), "0" * 32)
    with pytest.raises(UsageError, match="checksum"):
        download.fetch_fashion_mnist(sums=wrong, folder=tmp_path / "got")
    assert list((tmp_path / "got").iterdir()) == []


def test_download_without_a_network_says_what_to_do(tmp_path, monkeypatch):
    """The message names the package and the setting that help."""
    monkeypatch.setenv("NETGAIN_FASHION_MNIST_URL", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="dataset-fashion-mnist"):
        download.fetch_fashion_mnist(folder=tmp_path)


def _fake_digits(folder, lines):
    """Write a package `sklearn` that holds a data file of some lines."""
    place = folder / "sklearn" / tasks.DIGITS
    place.parent.mkdir(parents=True)
    (folder / "sklearn" / "__init__.py").write_text(
        "raise ImportError('it is read, not imported')\n"
    )
    place.write_bytes(gzip.compress("\n".join(lines).encode()))


def test_digits_are_split_without_overlap(tmp_path, monkeypatch):
    """Ten images of one pixel each, 0 to 9, come out once over the three splits, labels with them."""
    lines = [",".join([str(i), *["0"] * 63, str(i)]) for i in range(10)]
    _fake_digits(tmp_path, lines)
    monkeypatch.syspath_prepend(str(tmp_path))
    tasks._digits.cache_clear()
    data = tasks.load(Settings(task="digits", n_train=5, n_validation=2, n_test=3))
    tasks._digits.cache_clear()
    assert data.train_x.shape == (5, 1, 8, 8)
    labels = np.concatenate([data.train_y, data.validation_y, data.test_y])
    pixels = np.concatenate([data.train_x, data.validation_x, data.test_x])[:, 0, 0, 0]
    assert sorted(labels.tolist()) == list(range(10))
    assert np.allclose(pixels * tasks.DIGITS_DEVIATION + tasks.DIGITS_MEAN, labels, atol=1e-5)


def test_more_digits_than_there_are_is_refused(tmp_path, monkeypatch):
    """The message holds both numbers."""
    _fake_digits(tmp_path, [",".join(["1"] * 65)] * 4)
    monkeypatch.syspath_prepend(str(tmp_path))
    tasks._digits.cache_clear()
    with pytest.raises(UsageError, match=r"has 4 images; .* is 6"):
        tasks.load(Settings(task="digits", n_train=3, n_validation=1, n_test=2))


def test_digits_without_their_package_name_the_extra(monkeypatch):
    """The line to install it is in the message."""
    monkeypatch.setattr(tasks, "find_spec", lambda _: None)
    tasks._digits.cache_clear()
    with pytest.raises(MissingExtra, match=r"netgain\[digits\]"):
        tasks.load(Settings(task="digits"))
