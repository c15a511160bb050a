"""Loops over seeds and what is kept of them."""

from __future__ import annotations

import pytest

from netgain.analysis.code_seeds import seed_loops
from netgain.study import CodeTree, SourceFile


def tree(text: str) -> CodeTree:
    """Return a tree of one file."""
    return CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))


@pytest.mark.parametrize(
    ("text", "runs", "line"),
    [
        ("top = 0\nfor seed in range(20):\n top = max(top, run(args, seed))\n", 20, 3),
        ("accs = []\nfor s in range(5):\n set_seed(s)\n accs.append(main(args))\nprint(max(accs))\n", 5, 5),
        ("scores = {seed: fit(seed) for seed in range(10)}\nbest = max(scores, key=scores.get)\n", 10, 2),
        ("r = []\nfor i in [1, 2, 3]:\n r.append(train(seed=i))\nprint(np.array(r).max())\n", 3, 4),
        ("results = [train(s) for s in seeds]\nprint(sorted(results)[-1])\n", None, 2),
        ("best = 0\nfor run in range(4):\n acc = train(run)\n if acc > best:\n  best = acc\n", 4, 4),
        ("best = max(train(seed) for seed in range(8))\n", 8, 1),
        ("def main():\n out = {}\n for trial in range(6):\n  out[trial] = go(trial)\n"
         " print(max(out.values()))\n", 6, 5),
        ("seeds = range(9)\naccs = np.array([run(cfg, s) for s in seeds])\nprint(accs.max())\n", 9, 3),
        ("f = []\nfor p in glob('seed*/r.json'):\n f.append(load(p))\nf.sort()\nprint(f[-1])\n", None, 5),
        ("r = {}\nfor seed in range(3):\n r[seed] = go(seed)\nk = sorted(r.items())\nprint(k[0][1])\n", 3, 5),
        ("errs = []\nfor seed in tqdm(range(7)):\n errs += [go(seed)]\nprint(min(errs))\n", 7, 4),
    ],
)  # fmt: skip
def test_the_best_of_several_seeds_is_found(text: str, runs: int | None, line: int) -> None:
    """The number of runs and the line that takes the best, in the forms people write."""
    (loop,) = seed_loops(tree(text))
    assert (loop.runs, loop.kept, loop.best and loop.best.line) == (runs, {"best"}, line)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("accs = []\nfor seed in range(5):\n accs.append(main(seed))\nprint(np.mean(accs))\n", {"mean"}),
        ("accs = [run(s) for s in seeds]\nprint(sum(accs) / len(accs))\n", {"mean"}),
        ("a = []\nfor seed in range(5):\n a.append(go(seed))\nprint(max(a), mean(a))\n", {"best", "mean"}),
        ("for seed in range(5):\n main(seed)\n", set()),
    ],
)  # fmt: skip
def test_the_mean_over_seeds_is_told_from_the_best(text: str, kept: set[str]) -> None:
    """A mean, a mean beside the best, and results that are left in their logs."""
    (loop,) = seed_loops(tree(text))
    assert loop.kept == kept


@pytest.mark.parametrize(
    "text",
    [
        "best = 0\nfor epoch in range(9):\n acc = test(model)\n if acc > best:\n  best = acc\n",
        "for batch in loader:\n losses.append(step(batch))\nprint(max(losses))\n",
        "lengths = [len(x) for x in data]\nprint(max(lengths))\n",
        "seed = 3\nset_seed(seed)\nprint(max(train(model)))\n",
        "rows = [json.load(open(run)) for run in runs]\nprint(max(rows))\n",
        "for seed in SEEDS:\n pass\n",
        "seeds = [cfg.seed]\naccs = [run(cfg, s) for s in seeds]\nprint(max(accs))\n",
    ],
)
def test_loops_over_other_things_are_no_loops_over_seeds(text: str) -> None:
    """Epochs, batches, lengths, one seed, results that lie in files."""
    assert seed_loops(tree(text)) == ()


def test_code_that_cannot_be_parsed_has_no_loops() -> None:
    """Python 2 and fragments are passed over."""
    assert seed_loops(tree("print 'a'\nfor seed in range(3):\n")) == ()
