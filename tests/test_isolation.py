"""An ablation among the files, through the whole road."""

import json
from pathlib import Path

import netgain


def _run(folder: Path, config: dict[str, object], accuracy: float) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.csv").write_text(f"epoch,test_accuracy\n1,50.0\n2,{accuracy}\n")


def test_ablation_beside_the_baseline_gives_the_share(tmp_path: Path) -> None:
    """Three seeds of the baseline with the other activation: its share is +1.0 of a gain of +2.0."""
    for seed in range(3):
        recipe = {"lr": 0.1, "batch_size": 32, "epochs": 2, "seed": seed}
        base = tmp_path / "baseline"
        _run(
            base / f"plain_{seed}",
            recipe | {"activation": "relu", "method": "none"},
            90 + 0.1 * seed,
        )
        _run(
            base / f"silu_{seed}",
            recipe | {"activation": "silu", "method": "none"},
            91 + 0.1 * seed,
        )
        ours = tmp_path / "ours" / f"run_{seed}"
        _run(ours, recipe | {"activation": "silu", "method": "ours"}, 92 + 0.1 * seed)
    (tmp_path / "README.md").write_text(
        "| method | test accuracy (%) |\n|---|---|\n| baseline | 90.1 |\n| ours | 92.1 |\n\n"
        "Ours uses the SiLU activation, the baseline ReLU.\n"
    )
    study = netgain.read(
        baseline=tmp_path / "baseline", proposed=tmp_path / "ours", paper=tmp_path / "README.md"
    )
    assert len(study.baseline.runs) == len(study.baseline.other_runs) == 3
    finding = netgain.audit(study)["NG301"]
    assert finding.numbers["isolated_share"] == 1.0
    assert "n = 3 and 3" in finding.message
