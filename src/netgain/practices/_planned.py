"""The practices this version names but does not check yet.

Each is listed and reported as `unknown`; a module with the same code takes its place by existing.
"""

from __future__ import annotations

PLANNED: dict[str, tuple[str, str]] = {
    "NG101": (
        "unmatched-batch-size",
        "A bigger batch at the same number of steps sees more samples.",
    ),
    "NG102": ("unequal-training-length", "One arm trains longer."),
    "NG103": ("repeated-samples", "Each drawn sample is used for several passes in one arm."),
    "NG104": ("parameter-only-parity", "Equal parameters hide unequal operations."),
    "NG105": ("unmatched-compute", "The proposed arm spends more training compute."),
    "NG106": ("partial-cost-accounting", "The heavy part is left out of the efficiency figures."),
    "NG107": ("inference-only-cost", "Training cost is hidden behind the deployed graph."),
    "NG108": ("weight-averaging", "Averaged weights or several passes are scored in one arm."),
    "NG109": ("small-data-regime", "The gain lives only where data is scarce."),
    "NG201": ("lr-schedule-swap", "The arms are compared under different learning-rate schedules."),
    "NG202": ("baseline-nerfing", "The baseline runs away from its own best learning rate."),
    "NG203": ("magic-numbers", "Hyperparameters are buried in code as literals."),
    "NG204": ("unequal-tuning-budget", "One arm gets more trials or more knobs."),
    "NG205": ("golden-seed", "The best seed is reported, or the gain is inside seed noise."),
    "NG301": ("activation-swap", "The activation function differs in one arm only."),
    "NG302": ("attention-addon", "Attention blocks are added in one arm only."),
    "NG303": ("learnable-resampling", "Pooling or interpolation is replaced by learned layers."),
    "NG304": ("skip-rewiring", "Skip connections are added in one arm only."),
    "NG305": ("normalization-swap", "Normalisation layers differ in one arm only."),
    "NG306": ("test-informed-augmentation", "Training data is moved towards the test set."),
    "NG401": ("auxiliary-loss-padding", "Extra loss terms are credited to nobody."),
    "NG402": ("mathiness", "A known operation is dressed as a new one."),
    "NG403": ("zero-init-gate", "A gate that starts at zero can never hurt, and may do nothing."),
    "NG404": ("gated-component-pile", "Many gated components hide which of them works."),
    "NG405": ("uncounted-architecture-search", "The cost and selection of a search are left out."),
    "NG406": ("undisclosed-pretraining", "One arm starts from weights trained elsewhere."),
    "NG407": ("fragile-recipe", "The gain holds at one tuned point only."),
    "NG501": ("metric-cherry-picking", "Many metrics are measured and the best are shown."),
    "NG502": ("dataset-cherry-picking", "Many data sets are run and the best are shown."),
    "NG503": ("baseline-eval-mismatch", "The baseline is tested unlike it was trained."),
    "NG504": ("metric-variant-hacking", "The arms are scored by different variants of a metric."),
    "NG505": ("niche-scenario", "The gain is confined to a setting nobody needed."),
    "NG506": ("unmatched-model-size", "A large model is set against a small one."),
    "NG507": ("mixed-hardware-latency", "Speeds from different machines share a table."),
    "NG508": ("prompt-hacking", "The arms are prompted differently."),
    "NG509": ("test-set-leakage", "Test data reaches training or selection."),
    "NG510": ("ood-composition", "A shifted test set is won back by augmentation."),
    "NG511": ("closed-human-evaluation", "Human ratings nobody can check decide."),
    "NG512": ("sample-cherry-picking", "The samples shown are the lucky ones."),
    "NG601": ("renamed-method", "An existing method appears under a new name."),
    "NG602": ("dummy-code", "The released code cannot run."),
    "NG603": ("fabricated-results", "Numbers stand without experiments."),
}
