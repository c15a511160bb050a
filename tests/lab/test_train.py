"""The trainer: repeatable, obedient to every setting, and equal but for what the settings say."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netgain.errors import UsageError  # noqa: E402
from netgain.lab import blocks  # noqa: E402
from netgain.lab import train as trainer  # noqa: E402
from netgain.lab.train import train  # noqa: E402
from netgain.plan import Settings  # noqa: E402

pytestmark = pytest.mark.torch


def scores(outcome):
    """Return everything an outcome measured, its clock apart."""
    return replace(outcome, seconds=0.0)


def test_same_seed_gives_the_same_run(small):
    """Two trainings of one seed agree in every number of the log."""
    first, second = train(small, 3), train(small, 3)
    assert scores(first) == scores(second)


def test_other_seed_gives_another_run(small):
    """A seed changes weights and order, so the losses differ."""
    assert train(small, 3).epochs[0].train_loss != train(small, 4).epochs[0].train_loss


def test_recording_does_not_change_the_run(small, tmp_path):
    """A recorded training gives the numbers of an unrecorded one."""
    assert scores(train(small, 3, folder=tmp_path)) == scores(train(small, 3))


def test_scoring_the_test_set_each_epoch_does_not_change_the_run(small):
    """Looking at the test set changes no other number."""
    plain, watched = train(small, 1), train(small, 1, test_each_epoch=True)
    assert watched.test_accuracy == plain.test_accuracy
    assert watched.epochs[-1].test_accuracy == watched.test_accuracy
    assert plain.epochs[0].test_accuracy is None


def test_training_learns(small):
    """Some epochs on a thousand samples beat chance by far."""
    learned = train(replace(small, n_train=1024, epochs=6.0), 0)
    assert learned.test_accuracy > 40


def test_steps_end_the_training_and_span_the_schedule(small):
    """With `steps` set the run stops there and its last rate is the schedule's last."""
    outcome = train(replace(small, steps=6, warmup=0.0), 0)
    assert (outcome.steps, outcome.samples_drawn) == (6, 6 * 64)
    expected = small.learning_rate * 0.5 * (1 + np.cos(np.pi * 5 / 6))
    assert outcome.epochs[-1].learning_rate == pytest.approx(expected)


def test_larger_batch_at_equal_epochs_takes_fewer_steps(small):
    """Two epochs of 256 samples are 8 steps of 64 and 2 of 256."""
    assert train(small, 0).steps == 8
    assert train(replace(small, batch_size=256), 0).steps == 2


def test_repeats_multiply_steps_and_not_samples(small, tmp_path):
    """Three passes for each batch are three times the steps on the same samples, and recorded so."""
    outcome = train(replace(small, repeats=3), 0, folder=tmp_path)
    assert (outcome.steps, outcome.samples_drawn) == (24, 512)
    lines = (tmp_path / "flight" / "recording.jsonl").read_text().splitlines()
    last = [row for row in map(json.loads, lines) if row["kind"] == "steps"][-1]
    assert (last["steps"], last["drawn"], last["trained"], last["unique"]) == (24, 512, 1536, 256)


@pytest.mark.parametrize(
    ("schedule", "ratios"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ("cosine", [1, 0.8535534, 0.5, 0.1464466]),
        ("step", [1, 1, 0.1, 0.01]),
    ],
)
def test_schedules_by_hand(schedule, ratios):
    """Four steps of each schedule have the rates computed by hand."""
    settings = Settings(schedule=schedule, learning_rate=1.0, warmup=0.0)
    rates = [trainer.learning_rate(settings, step, 4) for step in range(4)]
    assert rates == pytest.approx(ratios)


def test_warmup_rises_to_the_peak():
    """Half of the steps in warm-up rise evenly and the schedule starts at the peak."""
    settings = Settings(schedule="constant", learning_rate=1.0, warmup=0.5)
    rates = [trainer.learning_rate(settings, step, 6) for step in range(6)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_averaged_weights_follow_the_warmed_up_decay():
    """The first update of the average has decay 2/11, later ones the asked decay."""
    live, averaged = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    for layer, value in ((live, 1.0), (averaged, 0.0)):
        for parameter in layer.parameters():
            torch.nn.init.constant_(parameter, value)
    trainer.update_average(averaged, live, 0.9, 1)
    assert float(averaged.weight.detach()) == pytest.approx(1 - 2 / 11)
    trainer.update_average(averaged, live, 0.9, 10_000)
    assert float(averaged.weight.detach()) == pytest.approx(1 - 0.9 * 2 / 11)


def test_averaged_weights_are_what_is_scored(small, tmp_path):
    """With a decay the reported score is the average's and the recording says so."""
    outcome = train(replace(small, ema_decay=0.99, schedule="constant"), 0, folder=tmp_path)
    assert outcome.test_accuracy != outcome.live_test_accuracy
    assert '"weights": "averaged"' in (tmp_path / "flight" / "recording.jsonl").read_text()


def test_ensemble_starts_with_the_single_model(small):
    """The first member of an ensemble is the model of the same seed alone."""
    single, three = train(small, 0), train(replace(small, ensemble=3), 0)
    assert three.live_test_accuracy == single.test_accuracy
    assert three.test_accuracy != single.test_accuracy


def test_pretraining_lowers_the_first_loss(small):
    """A model trained on further samples starts below one that was not."""
    before = train(small, 0).epochs[0].train_loss
    after = train(replace(small, pretraining_samples=512, epochs=2.0), 0).epochs[0].train_loss
    assert after < before


def test_pretraining_samples_are_not_the_training_samples(small):
    """The further samples come from another stream of the generator."""
    from netgain.lab.tasks import load

    extra = load(replace(small, data_seed=small.data_seed + 1_000_003))
    own = load(small)
    assert not np.isin(extra.train_x[:, 0, 0], own.train_x[:, 0, 0]).any()


def test_null_idea_costs_and_holds_the_same(small):
    """The null idea has the parameters and operations of the model without it."""
    from netgain.recorder.trace import trace

    x = torch.zeros(2, 1, 1, 40)
    plain, null = (
        blocks.build(replace(small, idea=idea), channels=1, classes=10, flat=True)
        for idea in ("none", "channel-shuffle")
    )
    assert trace(plain, (x,)).flops == trace(null, (x,)).flops
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in null.parameters())


def test_real_idea_leaves_the_model_alone(small):
    """The real idea changes how weights move, not what they are: same model, same start."""
    plain, real = (
        blocks.build(replace(small, idea=idea), channels=1, classes=10, flat=True)
        for idea in ("none", "orthogonal-update")
    )
    assert [(n, p.shape) for n, p in plain.named_parameters()] == [
        (n, p.shape) for n, p in real.named_parameters()
    ]


def test_orthogonal_factor_has_singular_values_near_one():
    """The Newton-Schulz factor of a random matrix has all singular values in the known band."""
    matrix = torch.randn(16, 80, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(trainer.orthogonal_factor(matrix))
    assert float(values.min()) > 0.6
    assert float(values.max()) < 1.3


def test_orthogonal_factor_keeps_the_singular_vectors():
    """The factor of a diagonal matrix is nearly the identity."""
    factor = trainer.orthogonal_factor(torch.diag(torch.tensor([3.0, 2.0, 1.0])))
    assert torch.allclose(factor, torch.diag(factor.diagonal()), atol=1e-5)


def test_every_structural_switch_exists_in_the_blocks():
    """Each switch of the blocks is a setting, and each of its names builds a model that runs."""
    names = {f.name for f in fields(Settings)}
    assert set(blocks.SWITCHES) <= names
    for switch, values in blocks.SWITCHES.items():
        for value in values:
            model = blocks.build(Settings(**{switch: value}), channels=1, classes=10, flat=False)
            assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


NOT_STRUCTURAL = {
    "task", "n_train", "n_validation", "n_test", "data_seed", "test_overlap", "epochs", "batch_size", "steps",
    "repeats", "optimizer", "momentum", "learning_rate", "weight_decay", "schedule", "warmup",
    "label_smoothing", "augmentation", "augmentation_strength", "auxiliary_loss", "auxiliary_weight",
    "pretraining_samples", "test_noise", "test_scale", "ema_decay", "ensemble",
}  # fmt: skip
"""Settings the trainer reads; all others shape the model."""


@pytest.mark.parametrize(
    "name", sorted({f.name for f in fields(Settings)} - NOT_STRUCTURAL - {"idea"})
)
def test_every_structural_setting_changes_the_model(name):
    """A structural setting that the blocks ignored would stage nothing."""
    default = getattr(Settings(), name)
    other = (
        next(v for v in blocks.SWITCHES[name] if v != default)
        if name in blocks.SWITCHES
        else {"kernel_size": 7}.get(name, default + 1)
    )
    base = Settings(strided_blocks=2)
    model, changed = (
        blocks.build(s, channels=1, classes=10, flat=True)
        for s in (base, replace(base, **{name: other if name != "strided_blocks" else 1}))
    )
    x = torch.zeros(2, 1, 1, 40)
    from netgain.recorder.trace import trace

    def shape_of(m):
        return [(node.op, node.shapes) for node in trace(m, (x,)).nodes]

    assert shape_of(model) != shape_of(changed)


@pytest.mark.parametrize(
    "change",
    [
        {"idea": "magic"},
        {"activation": "swish2"},
        {"optimizer": "lion"},
        {"schedule": "zigzag"},
        {"augmentation": "mixup"},
        {"auxiliary_loss": "gan"},
    ],
)
def test_unknown_names_are_refused(small, change):
    """A name the trainer does not know is an error that lists the known ones."""
    with pytest.raises(UsageError, match="known"):
        train(replace(small, **change), 0)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd", "learning_rate": 0.1},
        {"augmentation": "shift"},
        {"augmentation": "noise"},
        {"auxiliary_loss": "logit-penalty"},
        {"test_scale": 255.0},
        {"test_noise": 1.0},
        {"label_smoothing": 0.1},
        {"test_overlap": 0.1},
    ],
)
def test_settings_of_the_trainer_change_the_run(small, change):
    """Each setting is obeyed: the run differs from the one without it."""
    base, changed = train(small, 0), train(replace(small, **change), 0)
    assert (base.epochs, base.test_accuracy) != (changed.epochs, changed.test_accuracy)


def test_shift_moves_each_sample_around_the_circle():
    """A shifted sample holds the same values, rotated."""
    settings = Settings(augmentation="shift", augmentation_strength=0.5)
    x = torch.arange(10.0).reshape(1, 1, 1, 10).repeat(4, 1, 1, 1)
    shifted = trainer.augment(x, settings, torch.Generator().manual_seed(1))
    assert torch.equal(shifted.sort(dim=3).values, x)
    assert not torch.equal(shifted, x)


def test_run_keeps_settings_outcome_and_weights(small, tmp_path):
    """A run's folder has its recording, its outcome and the scored weights."""
    from safetensors.numpy import load_file

    outcome = train(small, 0, folder=tmp_path)
    kept = json.loads((tmp_path / "outcome.json").read_text())
    assert kept["settings"]["width"] == 8
    assert kept["test_accuracy"] == outcome.test_accuracy
    assert "classifier.weight" in load_file(tmp_path / "model.safetensors")
