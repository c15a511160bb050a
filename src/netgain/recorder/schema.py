"""The recording's file format, version `netgain/recording/1`.

A recording is a folder:

- `recording.jsonl`: append-only, one JSON object a line, flushed at least twice a second. Every object has
  `kind` and `t`, seconds since the recording began. The last line may be cut short by a kill.
- `graph.json`: operations of one forward pass, as `netgain.analysis.graph.GraphNode`, with shapes.
- `inputs.npz`: a few inputs as the model saw them, arrays `train` and `evaluation`; and features of more of
  them, `train_features`, `evaluation_features` and `<split>_features` of the batch that was evaluated last
  before a score on that split.

| kind | says |
|---|---|
| `start` | `schema`, `netgain`, `time` (Unix), `python`, `platform`; a second one: a resumed run |
| `environment` | hardware and library versions |
| `config` | `settings`, flat, dotted keys |
| `seed` | `value` |
| `model` | `parameters`, trainable, and `scalars`: one-element parameters by name, at the start |
| `graph` | `forward_flops` of one sample, `uncovered` operators, `batch` it was recorded at |
| `loader` | `n_train`, where the loader tells, and `unique_by`: `index`, `id` or `fingerprint` |
| `inputs` | `mode` (`train`/`evaluation`), `shape`, `mean` and `deviation` by channel, `low`, `high` |
| `steps` | counters so far: `steps`, `drawn`, `unique`, `trained`, `evaluated`, `passes` completed; |
|         | `rates`, a list of [step, learning rate] since the last such line, thinned |
| `loss` | `name`, `steps`, `values` since the last such line, thinned |
| `epoch` | `value`, as the loop counts, and `steps` |
| `score` | `split`, `metrics`, `steps`, `epoch`, `weights` (`live`, `averaged`, `ensemble` or null) |
| `error` | `where` and `message`: something the recorder could not do; training went on |
| `end` | `status`: `finished`, `failed` or `interrupted`; without it the run did not end by itself |

`drawn` counts samples taken from the loader; `trained` counts samples of forward passes in training mode
whose gradients reached an optimizer step. `trained / drawn` is the passes each drawn sample was given.
"""

from __future__ import annotations

SCHEMA = "netgain/recording/1"
"""Name and version of the format; `netgain.readers.flight` holds the same."""
RECORDING = "recording.jsonl"
"""File name of the log."""
GRAPH = "graph.json"
"""File name of the operations."""
INPUTS = "inputs.npz"
"""File name of the sample of inputs."""
FLUSH_SECONDS = 0.5
"""Longest time a counted event stays in memory."""
POINTS = 32
"""Points of a curve kept from each flush; the first of a recording is always kept."""
UNIQUE_LIMIT = 20_000_000
"""Sample ids remembered; beyond it `unique` is null, unknown."""
INPUT_SAMPLES = 8
"""Inputs kept from each mode."""
INPUT_BYTES = 2**20
"""Most bytes of inputs kept from each mode."""
FEATURE_SAMPLES = 256
"""Samples of each split whose features are kept."""
FEATURE_VALUES = 256
"""Values up to which a sample is its own features."""
INPUT_BATCHES = 4
"""Batches that the input statistics are taken over."""
Weights = str | None
"""Which weights a score belongs to."""
WEIGHTS = ("live", "averaged", "ensemble")
"""Allowed names."""
