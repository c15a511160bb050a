"""The recorder in plain loops: what it counts, what it survives, what it never does."""

import json
import logging

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402, TID253
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402, TID253

from netgain.readers import flight as reader  # noqa: E402
from netgain.readers.base import Entry, Limits  # noqa: E402
from netgain.recorder import schema  # noqa: E402
from netgain.recorder.flight import record  # noqa: E402

pytestmark = pytest.mark.torch


def rows(folder, kind):
    """Return the lines of one kind."""
    lines = (folder / schema.RECORDING).read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == kind]


def facts(folder):
    """Read a recording back by the road an audit takes."""
    path = folder / schema.RECORDING
    return next(
        reader.read(Entry(path=path, display=str(path), size=path.stat().st_size), Limits())
    )


def settings(folder):
    """Return the settings read back, by key."""
    return {s.key: s.value for s in facts(folder).settings}


@pytest.fixture
def training():
    """A model, an optimizer and a loader of 40 samples in batches of 8."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = TensorDataset(torch.randn(40, 3), torch.randint(0, 2, (40,)))
    return model, optimizer, DataLoader(data, batch_size=8, shuffle=True)


def run(folder, training, *, epochs=2, repeats=1, accumulate=1, wrap=True):
    """Record a loop with `repeats` passes for each batch and a step every `accumulate` passes."""
    model, optimizer, loader = training
    with record(folder) as flight:
        flight.watch(model, optimizer)
        batches = flight.samples(loader) if wrap else loader
        passes = 0
        for epoch in range(epochs):
            for x, y in batches:
                for _ in range(repeats):
                    loss = nn.functional.cross_entropy(model(x), y)
                    flight.loss(cross_entropy=loss)
                    loss.backward()
                    passes += 1
                    if passes % accumulate == 0:
                        optimizer.step()
                        optimizer.zero_grad()
            flight.epoch(epoch + 1)
        flight.score(split="test", weights="live", accuracy=71.0)


def test_counts_an_ordinary_loop(tmp_path, training):
    """Two epochs of 40 samples in batches of 8 are 10 steps, 80 draws, 40 unique, one pass each."""
    run(tmp_path, training)
    found = settings(tmp_path)
    assert {key: found[key] for key in ("steps", "samples_seen", "samples_unique", "batch_size")} == {
        "steps": 10, "samples_seen": 80, "samples_unique": 40, "batch_size": 8
    }  # fmt: skip
    assert (found["passes_per_sample"], found["epochs"], found["n_train"]) == (1.0, 2.0, 40)


def test_counts_repeated_passes(tmp_path, training):
    """Three passes for each drawn batch show as three passes for each sample, not as more samples."""
    run(tmp_path, training, epochs=1, repeats=3)
    found = settings(tmp_path)
    assert (found["passes_per_sample"], found["samples_seen"], found["steps"]) == (3.0, 40, 15)


def test_accumulation_shows_in_the_global_batch(tmp_path, training):
    """A step every five passes of 8 is a batch of 40."""
    run(tmp_path, training, accumulate=5)
    found = settings(tmp_path)
    assert (found["batch_size"], found["steps"], found["passes_per_sample"]) == (40.0, 2, 1.0)


def test_train_flops_are_three_forward_passes_for_each_trained_sample(tmp_path, training):
    """Training costs 3 x forward x samples: forward is 2 x (3 x 4 + 4 x 2) = 40 by hand."""
    run(tmp_path, training)
    assert facts(tmp_path).model.forward_flops.value == 40
    assert settings(tmp_path)["train_flops"] == 3 * 40 * 80


def test_samples_drawn_are_unknown_without_the_loader(tmp_path, training):
    """A loop that does not hand over its loader leaves samples unknown, never zero."""
    run(tmp_path, training, wrap=False)
    found = settings(tmp_path)
    assert "samples_seen" not in found
    assert "passes_per_sample" not in found
    assert found["steps"] == 10


def test_loader_without_indices_is_counted_by_fingerprint(tmp_path, training):
    """A generator-like loader has its samples told apart by their content."""
    model, optimizer, loader = training
    batches = list(loader)
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        for x, y in [*flight.samples(batches), *flight.samples(batches)]:
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert settings(tmp_path)["samples_unique"] == 40
    assert settings(tmp_path)["samples_unique_by"] == "fingerprint"


def test_loader_with_ids_is_counted_by_id(tmp_path):
    """Ids given by the caller decide what is unique."""
    with record(tmp_path) as flight:
        list(flight.samples([torch.tensor([1, 2]), torch.tensor([2, 3])], ids=lambda batch: batch))
    assert rows(tmp_path, "steps")[-1]["unique"] == 3


def test_worker_processes_do_not_disturb_the_count(tmp_path, training):
    """A loop that leaves early counts what it was given, not what workers fetched ahead."""
    _, _, loader = training
    ahead = DataLoader(loader.dataset, batch_size=8, num_workers=1, prefetch_factor=2)
    with record(tmp_path) as flight:
        for i, _ in enumerate(flight.samples(ahead)):
            if i == 1:
                break
    assert rows(tmp_path, "steps")[-1]["drawn"] == 16


def test_the_callers_loader_keeps_its_sampler(tmp_path, training):
    """Wrapping leaves the loader itself as it was."""
    _, _, loader = training
    sampler = loader.batch_sampler
    with record(tmp_path) as flight:
        wrapped = flight.samples(loader)
        assert len(wrapped) == len(loader)
        assert wrapped.dataset is loader.dataset
    assert loader.batch_sampler is sampler


def test_training_is_bitwise_the_same_with_and_without(tmp_path, training):
    """A recorded training ends in the same weights as an unrecorded one."""
    import copy

    model, _, loader = training
    twin = copy.deepcopy(model)

    def loop(net, batches, order):
        torch.manual_seed(order)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        return net, optimizer, batches

    torch.manual_seed(5)
    run(tmp_path / "recorded", loop(model, loader, 5))
    torch.manual_seed(5)
    net, optimizer, batches = loop(twin, loader, 5)
    for _ in range(2):
        for x, y in batches:
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters(), strict=True)
    )


def test_learning_rates_and_losses_are_kept_from_the_first_step(tmp_path, training):
    """The trace starts at step 1 and the loss at step 0, before any update."""
    run(tmp_path, training)
    curves = {s.key: s for s in facts(tmp_path).series}
    assert curves["learning_rate"].values[0] == 0.1
    assert curves["learning_rate"].steps[-1] == 10
    assert curves["train/loss/cross_entropy"].steps == tuple(range(10))


def test_evaluation_passes_are_not_training_passes(tmp_path, training):
    """Forward passes in evaluation mode or without gradients count as evaluated samples only."""
    model, optimizer, loader = training
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        for x, _ in flight.samples(loader):
            with torch.no_grad():
                model(x)
            model(x).sum().backward()
            optimizer.step()
    last = rows(tmp_path, "steps")[-1]
    assert (last["trained"], last["evaluated"]) == (40, 40)


def test_exception_of_the_loop_passes_through_and_is_noted(tmp_path):
    """A failing loop fails as before, and the recording says so."""
    with pytest.raises(RuntimeError, match="loop"), record(tmp_path):
        raise RuntimeError("loop")
    assert rows(tmp_path, "end")[0]["status"] == "failed"
    assert facts(tmp_path).status == "failed"


def test_recorder_error_does_not_stop_training(tmp_path, caplog):
    """A watched thing that is no model, and a metric that is no number, become error lines."""
    with caplog.at_level(logging.CRITICAL), record(tmp_path) as flight:
        flight.watch("not a model")
        flight.score(split="test", accuracy="many")
        flight.score(split="test", weights="best", accuracy=1.0)
    assert [row["where"] for row in rows(tmp_path, "error")] == ["watch", "score"]
    assert rows(tmp_path, "end")[0]["status"] == "finished"


def test_folder_that_cannot_be_made_does_not_stop_training(tmp_path, caplog):
    """Where the folder is a file the block still runs."""
    (tmp_path / "file").write_text("")
    ran = False
    with caplog.at_level(logging.CRITICAL), record(tmp_path / "file") as flight:
        flight.seed(1)
        ran = True
    assert ran


def test_second_recording_in_a_folder_is_a_resumed_run(tmp_path, training):
    """Sessions in one folder add up, and nothing is overwritten."""
    run(tmp_path, training)
    run(tmp_path, training, epochs=1)
    found = settings(tmp_path)
    assert (found["steps"], found["samples_seen"], found["samples_unique"]) == (15, 120, 40)


def test_gates_are_recorded_before_and_after(tmp_path):
    """One-element parameters are kept with their first and last value."""

    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)
            self.beta = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            return x + self.beta * self.layer(x)

    model = Gated()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        model(torch.ones(4, 2)).sum().backward()
        optimizer.step()
    found = settings(tmp_path)
    assert found["scalars.beta"] == 0.0
    assert found["scalars_end.beta"] == pytest.approx(float(model.beta.detach()))


def test_input_statistics_are_those_of_the_model_inputs(tmp_path, training):
    """Mean and deviation by channel are those of what the model was given."""
    model, optimizer, _ = training
    x = torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 6.0]])
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        model(x).sum().backward()
        optimizer.step()
    seen = rows(tmp_path, "inputs")[0]
    assert (seen["mean"], seen["deviation"]) == ([1.0, 1.0, 4.0], [1.0, 0.0, 2.0])
    assert (seen["mode"], seen["low"], seen["high"]) == ("train", 0.0, 6.0)


def test_format_names_agree():
    """The recorder writes the format the reader reads."""
    assert schema.SCHEMA == reader.SCHEMA


def test_watched_model_can_be_copied_and_pickled(tmp_path, training):
    """Saving a whole model still works, and passes of a copy are not the model's."""
    import copy
    import io

    model, optimizer, loader = training
    x, _ = next(iter(loader))
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        twin = copy.deepcopy(model)
        twin(x).sum().backward()
        twin.eval()(x)
        torch.save(model, io.BytesIO())
        copy.deepcopy(optimizer)
    assert rows(tmp_path, "steps")[-1]["trained"] == 0
    assert all(row["evaluated"] == 0 for row in rows(tmp_path, "steps"))


def test_hooks_are_removed_at_the_end(tmp_path, training):
    """After the block model and optimizer carry nothing of the recorder."""
    model, optimizer, _ = training
    run(tmp_path, training)
    assert not model._forward_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_copies_and_saved_files_of_a_watched_model_are_of_its_own_class(tmp_path, training):
    """What is copied or saved during a recording has the user's class and opens without a recorder."""
    import copy
    import io

    model, optimizer, _ = training
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        assert isinstance(model, nn.Sequential)
        assert type(copy.deepcopy(model)) is nn.Sequential
        file = io.BytesIO()
        torch.save(model, file)
    assert b"netgain" not in file.getvalue()
    file.seek(0)
    assert type(torch.load(file, weights_only=False)) is nn.Sequential
    assert type(model) is nn.Sequential


def test_replicas_of_a_watched_model_run_their_own_weights(tmp_path, training):
    """A data-parallel replica computes with its own parameters and is not counted."""
    model, optimizer, _ = training
    x = torch.randn(4, 3)
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        replica = model._replicate_for_data_parallel()
        for name, child in model._modules.items():
            replica._modules[name] = child
        replica._modules["2"] = nn.Linear(4, 2)
        assert not torch.equal(replica(x), model.eval()(x))
    assert rows(tmp_path, "steps")[-1]["evaluated"] == 4
    assert rows(tmp_path, "steps")[-1]["trained"] == 0


@pytest.mark.parametrize("call", ["dictionary", "keyword"])
def test_inputs_in_containers_are_counted(tmp_path, call):
    """The batch is the first tensor of the arguments, wherever it stands."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, batch):
            return self.linear(batch["x"] if isinstance(batch, dict) else batch)

    model, x = Net(), torch.randn(5, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        out = model({"x": x}) if call == "dictionary" else model(batch=x)
        out.sum().backward()
        optimizer.step()
    assert rows(tmp_path, "steps")[-1]["trained"] == 5
    assert not rows(tmp_path, "error")


def test_compiled_model_is_counted_and_compiled_once(tmp_path, training):
    """Counting does not break the graph of a model compiled after `watch`, nor compile it anew each step."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    model, optimizer, loader = training
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        compiled = torch.compile(model, backend="eager")
        for x, y in loader:
            nn.functional.cross_entropy(compiled(x), y).backward()
            optimizer.step()
    assert rows(tmp_path, "steps")[-1]["trained"] == 40
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 2


def test_terms_noted_by_several_calls_in_one_step_are_all_kept(tmp_path):
    """A loss noted after another in the same step is not passed over."""
    with record(tmp_path) as flight:
        for _ in range(3):
            flight.loss(cross_entropy=1.0)
            flight.loss(penalty=2.0)
            flight.steps += 1
    assert [row["steps"] for row in rows(tmp_path, "loss")] == [[0, 1, 2], [0, 1, 2]]


def test_unique_samples_stay_the_size_of_the_set_once_all_were_drawn(tmp_path, training):
    """After every index was seen the recorder stops keeping them and the count stands."""
    model, optimizer, loader = training
    with record(tmp_path) as flight:
        flight.watch(model, optimizer)
        batches = flight.samples(loader)
        for epoch in range(3):
            for x, _ in batches:
                model(x).sum().backward()
                optimizer.step()
            flight.flush()
            assert flight.remembering is False, epoch
            assert len(flight.ids) == 0
    assert rows(tmp_path, "steps")[-1]["unique"] == 40
    assert rows(tmp_path, "steps")[-1]["drawn"] == 120
