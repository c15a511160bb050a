"""Recorded inputs: their features, and the distance of training inputs from each split."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402, TID253

from netgain.readers import arrays  # noqa: E402
from netgain.readers import flight as reader  # noqa: E402
from netgain.readers.base import Entry, Limits  # noqa: E402
from netgain.recorder import schema  # noqa: E402
from netgain.recorder.flight import record  # noqa: E402
from netgain.recorder.inputs import features  # noqa: E402

pytestmark = pytest.mark.torch


def test_small_samples_are_their_own_features():
    """Forty values of one channel stay as they are."""
    batch = torch.arange(80.0).reshape(2, 1, 40)
    assert features(batch).tolist() == batch.reshape(2, 40).tolist()


def test_images_give_means_and_deviations_of_a_grid():
    """A 16 x 16 image of 3 channels has 8 x 8 cells of 2 x 2 pixels, checked by hand in one corner."""
    batch = torch.zeros(1, 3, 16, 16)
    batch[0, 0, :2, :2] = torch.tensor([[1.0, 3.0], [1.0, 3.0]])
    found = features(batch)
    assert found.shape == (1, 2 * 3 * 64)
    assert found[0, 0] == 2.0  # mean of 1, 3, 1, 3
    assert found[0, 3 * 64] == 1.0  # their standard deviation


@pytest.mark.parametrize("shape", [(4, 3000), (4, 2, 5000), (4, 3, 40, 50), (4, 1, 8, 30, 30)])
def test_samples_of_any_form_give_bounded_features(shape):
    """Vectors, signals, images and volumes all give at most 512 finite numbers."""
    found = features(torch.randn(shape))
    assert found.shape[0] == 4
    assert found.shape[1] <= 512
    assert torch.isfinite(torch.from_numpy(found)).all()


def _record(folder, *, noisy_training):
    """Record a training whose test inputs carry noise."""
    generator = torch.Generator().manual_seed(0)
    model = nn.Linear(20, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def inputs(noisy):
        clean = 0.2 * torch.randn(200, 20, generator=generator)
        return clean + noisy * torch.randn(200, 20, generator=generator)

    with record(folder) as flight:
        flight.watch(model, optimizer)
        model(inputs(noisy_training)).sum().backward()
        optimizer.step()
        model.eval()
        model(inputs(False))
        flight.score(split="validation", accuracy=1.0)
        model(inputs(True))
        flight.score(split="test", accuracy=1.0)
        model(inputs(False))
        flight.score(split="test", accuracy=1.0)
    path = folder / schema.RECORDING
    entry = Entry(path=path, display=str(path), size=path.stat().st_size)
    (facts,) = reader.read(entry, Limits())
    return {distance.split: distance for distance in facts.inputs}


def test_distance_follows_the_split_that_was_evaluated_last(tmp_path):
    """Noise in the test inputs alone separates training from test and not from validation."""
    found = _record(tmp_path, noisy_training=False)
    assert found["test"].auc > 0.95
    assert found["validation"].auc < 0.65
    assert (found["test"].n_train, found["test"].n_split) == (200, 200)


def test_training_with_the_noise_of_the_test_set_turns_it_round(tmp_path):
    """The same noise in training makes training and test alike."""
    found = _record(tmp_path, noisy_training=True)
    assert found["test"].auc < 0.65
    assert found["validation"].auc > 0.95


def test_recorded_inputs_are_no_data_set(tmp_path):
    """A few inputs of each split are not taken for the training and test arrays."""
    _record(tmp_path, noisy_training=False)
    path = tmp_path / schema.INPUTS
    assert not arrays.READER.sniff(Entry(path=path, display=str(path), size=path.stat().st_size))


def test_damaged_inputs_do_not_lose_the_recording(tmp_path):
    """A recording is read without the file beside it."""
    _record(tmp_path, noisy_training=False)
    (tmp_path / schema.INPUTS).write_bytes(b"PK\x03\x04 not an archive")
    path = tmp_path / schema.RECORDING
    (facts,) = reader.read(Entry(path=path, display=str(path), size=path.stat().st_size), Limits())
    assert facts.inputs == ()
    assert facts.finals
