"""Loops over seeds and what is kept of them."""

from __future__ import annotations

import pytest

from netgain.analysis.code_seeds import SeedLoop, seed_loops
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


BEST: dict[str, tuple[str, ...]] = {
    "a function returns the results": (
        """def run_all():
    accs = []
    for seed in range(10):
        accs.append(main(seed))
    return accs
accs = run_all()
print('acc', max(accs))  # here
""",
    ),
    "the call of a function that returns them": (
        """def run_all(n):
    return [main(seed) for seed in range(n)]
print(max(run_all(5)))  # here
""",
    ),
    "a function is handed them": (
        """def report(results):
    print(f"best {max(results):.2f}")  # here
results = [train(s) for s in SEEDS]
report(results)
""",
    ),
    "a column": (
        """rows = []
for seed in range(5):
    acc = train(seed)
    rows.append({'seed': seed, 'acc': acc})
df = pd.DataFrame(rows)
print(df['acc'].max())  # here
""",
    ),
    "a column by group": (
        """rows = []
for seed in range(5):
    rows.append({'seed': seed, 'acc': train(seed), 'method': m})
df = pd.DataFrame(rows)
print(df.groupby('method')['acc'].max())  # here
""",
    ),
    "the first row": (
        """rows = []
for seed in range(5):
    rows.append({'seed': seed, 'acc': train(seed)})
print(pd.DataFrame(rows).sort_values('acc', ascending=False).iloc[0])  # here
""",
    ),
    "score and seed kept": (
        """best_acc, best_seed = 0, None
for seed in [1, 2, 3]:
    set_seed(seed)
    acc = train_and_eval(args)
    if acc > best_acc:  # here
        best_acc, best_seed = acc, seed
print(best_seed, best_acc)
""",
    ),
    "a loop over the results": (
        """scores = {}
for seed in range(5):
    scores[seed] = train(seed)
best = -1
for seed, acc in scores.items():
    if acc > best:  # here
        best = acc
""",
    ),
    "the place of the best": (
        """accs = []
for i in range(args.n_runs):
    args.seed = i
    accs.append(train(args))
k = int(np.argmax(accs))  # here
""",
    ),
    "over epochs and seeds at once": (
        """best_acc = 0
for seed in range(3):
    setup_seed(seed)
    for epoch in range(10):
        acc = test(net)
        if acc > best_acc:  # here
            best_acc = acc
print(best_acc)
""",
    ),
    "a conditional expression": (
        """best = 0
for run in range(5):
    acc = fit(run)
    best = acc if acc > best else best  # here
""",
    ),
    "an array filled by number": (
        """accs = torch.zeros(5)
for run in range(5):
    accs[run] = train(run)
print(accs.max())  # here
""",
    ),
    "one key of each result": (
        """results = [run(cfg.replace(seed=s)) for s in range(4)]
accs = [r['acc'] for r in results]
print(sorted(accs, reverse=True)[0])  # here
""",
    ),
    "runs by an option": (
        """parser.add_argument('--runs', type=int, default=10)
args = parser.parse_args()
top = 0
for run in range(args.runs):
    top = max(top, train(run))  # here
""",
    ),
    "the seed of the best": (
        """if __name__ == "__main__":
    cfg = parse()
    scores = {seed: Trainer(replace(cfg, seed=seed)).fit() for seed in range(20)}
    seed = max(scores, key=scores.get)  # here
    print(f"accuracy {scores[seed]:.1f}")
""",
    ),
}
NOT_BEST: dict[str, tuple[str, ...]] = {
    "a mean in another place": (
        """def run_all():
    accs = []
    for seed in range(10):
        accs.append(main(seed))
    return accs
accs = run_all()
print('acc', np.mean(accs), max(accs))
""",
    ),
    "best epoch of each run": (
        """for seed in range(3):
    set_seed(seed)
    best_acc = 0
    for epoch in range(10):
        acc = test(net)
        if acc > best_acc:
            best_acc = acc
    log(best_acc)
""",
    ),
    "chosen by validation": (
        """best_val = 0
for seed in range(3):
    val_acc, test_acc = train(seed)
    if val_acc > best_val:
        best_val, final = val_acc, test_acc
""",
    ),
    "restarts by training loss": (
        """best_loss = float('inf')
for seed in range(n_seeds):
    policy, loss = train_single(seed)
    if loss < best_loss:
        best_policy, best_loss = policy, loss
""",
    ),
    "a range": (
        """accs = [train(seed=s) for s in range(5)]
print(f"{min(accs)} - {max(accs)}")
""",
    ),
    "limits of a drawing": (
        """accs = [train(seed=s) for s in range(5)]
ax.set_ylim(0, max(accs))
""",
    ),
    "times": (
        """times = []
for seed in range(5):
    times.append(train(seed))
print(max(times))
""",
    ),
    "trials of a search": (
        """best = 0
for trial in range(50):
    lr = random.choice([1, 2])
    acc = train(lr)
    if acc > best: best = acc
""",
    ),
    "folds": (
        """accs = []
for fold in range(5):
    accs.append(train(fold))
print(max(accs))
""",
    ),
    "all in order": (
        """accs = {s: train(seed=s) for s in range(5)}
for s, a in sorted(accs.items()):
    print(s, a)
""",
    ),
    "a table with its mean": (
        """rows = []
for seed in range(5):
    rows.append({'seed': seed, 'acc': train(seed)})
print(pd.DataFrame(rows)['acc'].agg(['mean', 'std', 'max']))
""",
    ),
    "mean and spread": (
        """accs = [train(seed=s) for s in range(5)]
m, s = statistics.mean(accs), statistics.stdev(accs)
print(m, s, max(accs))
""",
    ),
    "a mean by hand": (
        """total = 0
best = 0
for seed in range(5):
    acc = train(seed)
    total += acc
    best = max(best, acc)
print(total / 5, best)
""",
    ),
    "episodes": (
        """for ep in range(10):
    env.seed(ep)
    r = rollout(env)
    best = max(best, r)
""",
    ),
    "the worst": (
        """accs = [train(seed=s) for s in range(5)]
print(min(accs))
""",
    ),
    "lengths": (
        """graphs = [make_graph(seed) for seed in range(5)]
n = max(len(g) for g in graphs)
""",
    ),
    "inertia": (
        """for seed in range(5):
    km = KMeans(random_state=seed).fit(x)
    if km.inertia_ < best_inertia:
        best_inertia = km.inertia_
""",
    ),
    "epochs that seed": (
        """for epoch in range(5):
    set_seed(args.seed + epoch)
    acc = run(epoch)
    if acc > best_acc: best_acc = acc
""",
    ),
    "a logger": (
        """logger = Logger(args.runs, args)
for run in range(args.runs):
    model.reset_parameters()
    for epoch in range(9):
        result = test(model)
        logger.add_result(run, result)
    logger.print_statistics(run)
logger.print_statistics()
""",
    ),
}


def best_alone(text: str) -> list[SeedLoop]:
    """Return the loops of which the best is kept and no mean."""
    return [loop for loop in seed_loops(tree(text)) if loop.best and "mean" not in loop.kept]


@pytest.mark.parametrize("name", BEST)
def test_results_are_followed_to_their_best(name: str) -> None:
    """Through lists, tables, functions and arguments, to the line that takes the best."""
    (text,) = BEST[name]
    line = 1 + next(i for i, row in enumerate(text.splitlines()) if "# here" in row)
    assert [loop.best.line for loop in best_alone(text) if loop.best] == [line]


@pytest.mark.parametrize("name", NOT_BEST)
def test_what_is_no_best_of_seeds(name: str) -> None:
    """A mean beside it, a range, a choice by other data, or what is no score of a run."""
    assert best_alone(*NOT_BEST[name]) == []


def test_the_number_of_runs_is_read_from_constants_and_options() -> None:
    """Ranges with both ends and a step, lists by name, defaults of options; none where nobody says it."""
    texts = {
        "SEEDS = [3, 5, 8]\nr = [run(s) for s in SEEDS]\n": 3,
        "N = 7\nr = [run(seed) for seed in range(N)]\n": 7,
        "r = [run(seed) for seed in range(10, 20, 2)]\n": 5,
        "p.add_argument('--n-seeds', default=4)\nr = [run(s) for s in tqdm(range(args.n_seeds))]\n": None,
        "p.add_argument('--n-seeds', default=4)\nr = [run(seed) for seed in range(args.n_seeds)]\n": 4,
        "r = [run(seed) for seed in chosen()]\n": None,
    }
    found = {text: [loop.runs for loop in seed_loops(tree(text))] for text in texts}
    assert {text: runs[0] if runs else None for text, runs in found.items()} == texts
