"""Values that a training script sets in code, followed to the calls that use them."""

from __future__ import annotations

import pytest

from netgain.analysis.configured_code import training_scripts
from netgain.study import CodeTree, SourceFile


def _scripts(**files: str) -> dict[str, dict[str, list[float | None]]]:
    tree = CodeTree(
        root="p",
        files=tuple(
            SourceFile(path=f"p/{name.replace('__', '/')}.py", text=text)
            for name, text in files.items()
        ),
    )
    return {
        script.path: {
            name: [one and one.value for one in given] for name, given in script.quantities.items()
        }
        for script in training_scripts(tree)
    }


LOOP = "for epoch in range(EPOCHS):\n    for x, y in loader:\n        loss.backward()\n        opt.step()\n"


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("opt = optim.Adam(net.parameters(), lr=1e-3)\nf()\n", "learning_rate", [1e-3]),
        ("opt = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)\nf()\n", "learning_rate", [0.1]),
        ("model.compile(optimizer=tf.keras.optimizers.Adam(0.01))\n", "learning_rate", [0.01]),
        ("cls = getattr(optim, name)\no = cls(net.parameters(), lr=0.3)\nf()\n", "learning_rate", [0.3]),
        ("LR = 5e-4\nopt = AdamW(net.parameters(), lr=LR)\nf()\n", "learning_rate", [5e-4]),
        ("EPOCHS = 12\n" + LOOP, "epochs", [12]),
        (LOOP.replace("range(EPOCHS)", "tqdm(range(1, 30 + 1))"), "epochs", [30]),
        (LOOP.replace("range(EPOCHS)", "trange(0, 8)"), "epochs", [8]),
        ("model.fit(x, y, epochs=30, batch_size=32)\n", "epochs", [30]),
        ("model.fit(x, y, epochs=30, batch_size=32)\n", "batch_size", [32]),
        ("pl.Trainer(max_epochs=7, gpus=1)\n", "epochs", [7]),
        ("a = TrainingArguments(output_dir='o', num_train_epochs=3, seed=42)\nt.train()\n", "epochs", [3]),
        ("a = TrainingArguments('o', num_train_epochs=3, seed=42)\nt.train()\n", "seed", [42]),
        ("a = TrainingArguments('o', per_device_train_batch_size=8, lr=1)\nt.train()\n",
         "per_device_train_batch_size", [8]),
        ("train(model, epochs=20, lr=1e-3)\n", "learning_rate", [1e-3]),
        ("l = DataLoader(ds, batch_size=64, shuffle=True)\nt = DataLoader(ds2, batch_size=1000)\nf()\n",
         "batch_size", [64]),
        ("train_loader = DataLoader(ds, 16)\nval_loader = DataLoader(ds, 100)\nf()\n", "batch_size", [16]),
        ("g = d.flow_from_directory('Images/train', batch_size=16)\n"
         "h = d.flow_from_directory('Images/test', batch_size=1)\nf()\n", "batch_size", [16]),
        ("train_ds = train_ds.shuffle(1000).batch(128)\ntest_ds = test_ds.batch(9)\nf()\n",
         "batch_size", [128]),
        ("SEED = 3\ntorch.manual_seed(SEED)\nfit(epochs=1)\n", "seed", [3]),
        ("pl.seed_everything(1, workers=True)\nfit(epochs=1)\n", "seed", [1]),
        ("tf.random.set_seed(5)\nnp.random.seed(0)\nfit(epochs=1)\n", "seed", [5]),
        ("random.seed(9)\nfit(epochs=1)\n", "seed", [9]),
        ("class Config:\n    bs = 8\ncfg = Config()\n"
         "l = DataLoader(d, batch_size=cfg.bs, shuffle=True)\nf()\n", "batch_size", [8]),
        ("cfg = EasyDict(train=dict(lr=0.2))\nopt = SGD(net.parameters(), lr=cfg.train.lr)\nf()\n",
         "learning_rate", [0.2]),
        ("CONFIG = {'lr': 0.4}\nopt = SGD(net.parameters(), lr=CONFIG['lr'])\nf()\n", "learning_rate", [0.4]),
        ("config = {'lr': 0.4}\nopt = SGD(net.parameters(), lr=config.get('lr', 1.0))\nf()\n",
         "learning_rate", [0.4]),
        ("base = CN()\nbase.TRAIN.LR = 0.6\nopt = SGD(net.parameters(), lr=config.TRAIN.LR)\nf()\n",
         "learning_rate", [None]),
        ("_C.TRAIN.LR = 0.6\nopt = SGD(net.parameters(), lr=config.TRAIN.LR)\nf()\n", "learning_rate", [0.6]),
        ("p.add_argument('-b', '--batch-size', default=4)\na = p.parse_args()\n"
         "l = DataLoader(d, batch_size=a.batch_size, shuffle=True)\nf()\n", "batch_size", [None]),
        ("p.add_argument('-b', '--batch-size', default=4)\nargs = p.parse_args()\n"
         "l = DataLoader(d, batch_size=args.batch_size, shuffle=True)\nf()\n", "batch_size", [4]),
        ("class M(LightningModule):\n    def __init__(self, lr=1e-4):\n        self.save_hyperparameters()\n"
         "    def configure_optimizers(self):\n        return Adam(self.parameters(), lr=self.hparams.lr)\n"
         "m = M(lr=0.02)\nTrainer(max_epochs=2).fit(m)\n", "learning_rate", [0.02]),
        ("cfg.SOLVER.IMS_PER_BATCH = 2\nt = DefaultTrainer(cfg)\nt.train()\n", "batch_size", [2]),
        ("LR = 0.00025\ncfg.SOLVER.BASE_LR = LR\nt = DefaultTrainer(cfg)\nt.train()\n",
         "learning_rate", [0.00025]),
        ("def setup(a):\n    cfg.SOLVER.MAX_ITER = 300\n    return cfg\ndef main(a):\n    Trainer(setup(a))\n"
         "launch(main, 4)\n", "max_steps", [300]),
        ("m = PPO('MlpPolicy', env, learning_rate=0.0003, n_epochs=10)\nm.learn(10000)\n",
         "learning_rate", [0.0003]),
        ("def train(net, epochs=500):\n    net.train()\n    for epoch in range(1, epochs + 1):\n"
         "        loss.backward()\ntrain(net, epochs=20)\n", "epochs", [20]),
    ],
)  # fmt: skip
def test_spellings_of_a_training_script(text: str, name: str, values: list[float | None]) -> None:
    """A literal, a constant or an entry of a configuration reaches the call or loop that uses it."""
    assert _scripts(train=text)["p/train.py"][name] == values


def test_the_value_of_a_call_wins_over_the_default_in_another_file() -> None:
    """A constructor's default counts only for what the call of the script leaves out."""
    trainer = (
        "class Trainer:\n    def __init__(self, model, batch_size=16, lr=0.001):\n"
        "        self.loader = DataLoader(trainset, batch_size=batch_size, shuffle=True)\n"
        "        self.opt = AdamW(model.parameters(), lr=lr)\n"
    )
    found = _scripts(
        lib__trainer=trainer,
        train2="from lib.trainer import Trainer\nTrainer(net, batch_size=256).run()\n",
        test2="from lib.trainer import Trainer\nTrainer(net, batch_size=1).score()\n",
    )
    assert found == {"p/train2.py": {"batch_size": [256], "learning_rate": [0.001]}}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("g = torch.Generator().manual_seed(42)\nfit(epochs=1)\n", "seed"),
        ("generator.manual_seed(42)\nfit(epochs=1)\n", "seed"),
        ("a, b = train_test_split(x, test_size=0.2, random_state=42, seed=1)\nfit(epochs=1)\n", "seed"),
        ("def set_seed(seed=42):\n    torch.manual_seed(seed)\nfit(epochs=1)\n", "seed"),
        ("class D:\n    def __init__(self):\n        random.seed(0)\nd = D()\nfit(epochs=1)\n", "seed"),
        ("for epoch in range(50):\n    plt.plot(history[epoch])\nfit(batch_size=1)\n", "epochs"),
        ("test_loader = DataLoader(t, batch_size=100)\nfit(epochs=1)\n", "batch_size"),
        ("scores = cross_val(x, epochs=9)\nfit(batch_size=1)\n", "epochs"),
        ("m = PPO('MlpPolicy', env, n_epochs=10, batch_size=4)\nm.learn(10000)\n", "epochs"),
        ("cfg.SOLVER.IMS_PER_BATCH = 2\nmodel = build(cfg)\nfit(epochs=1)\n", "batch_size"),
        ("cfg.DATALOADER.IMS_PER_BATCH = 2\nTrainer(cfg).train()\nfit(epochs=1)\n", "batch_size"),
    ],
)  # fmt: skip
def test_near_misses_set_nothing(text: str, name: str) -> None:
    """Splits, generators, functions nobody calls, plots and test loaders say nothing of the training."""
    assert name not in _scripts(train=text)["p/train.py"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("for seed in range(5):\n    set_seed(seed)\n    fit(epochs=1)\n", "seed"),
        ("opt = Adam(net.parameters(), lr=sys.argv[1])\nf()\n", "learning_rate"),
        ("opt = Adam(net.parameters(), lr=float(os.environ['LR']))\nf()\n", "learning_rate"),
        ("trial.suggest\nopt = Adam(net.parameters(), lr=trial.suggest_float('lr', 1e-5, 1))\nf()\n",
         "learning_rate"),
    ],
)  # fmt: skip
def test_what_a_run_alone_knows_stays_open(text: str, name: str) -> None:
    """A loop over seeds, the command line, the environment and a search give no value."""
    assert _scripts(train=text)["p/train.py"][name] == [None]


@pytest.mark.parametrize(
    "text",
    [
        "rate = args.lr or 0.1\n",
        "p.add_argument('--lr', default=None)\nrate = args.lr or 0.1\n",
        "rate = 0.1 if small else float(sys.argv[1])\n",
        "def f(lr):\n    return lr\nrate = 0.1\nif big:\n    rate = f(0.2)\n",
    ],
)
def test_a_number_beside_one_that_a_run_alone_knows_stays_open(text: str) -> None:
    """What stands in for a missing option is one of two values, and the other is not in the code."""
    text += "opt = Adam(net.parameters(), lr=rate)\ng()\n"
    assert _scripts(train=text)["p/train.py"]["learning_rate"] == [0.1, None]


def test_values_of_a_list_are_those_of_its_loop() -> None:
    """Each rate of a list that a loop goes through is one that the script sets."""
    text = (
        "for rate in [0.1, 0.01]:\n    opt = Adam(net.parameters(), lr=rate)\n    fit(epochs=1)\n"
    )
    assert _scripts(train=text)["p/train.py"]["learning_rate"] == [0.1, 0.01]


def test_a_function_that_calls_itself_ends() -> None:
    """Calls that hand on what they were given, a thousand ways, are left alone in time."""
    calls = "".join(f"    train(a, lr * {k})\n    train(b, rate(lr))\n" for k in range(40))
    text = (
        "def rate(lr):\n    return rate(lr)\ndef train(n, lr=0.1):\n"
        f"    opt = Adam(n.parameters(), lr=lr)\n{calls}train(x)\n"
    )
    assert None in _scripts(train=text)["p/train.py"]["learning_rate"]


def test_seeding_anew_by_chance_leaves_the_seed_open() -> None:
    """A split drawn with seed 0 and `np.random.seed()` behind it say no seed of the training."""
    text = "np.random.seed(0)\norder = permutation(x)\nnp.random.seed()\nfit(epochs=1)\n"
    assert _scripts(train=text)["p/train.py"]["seed"] == [0, None]


def test_a_file_that_another_script_imports_is_no_script_of_its_own() -> None:
    """A library that sets up its logging counts with the script that imports it, at the value given there."""
    library = (
        "import logging\nlogging.basicConfig(level=1)\ndef train(net, epochs=500):\n"
        "    for epoch in range(epochs):\n        loss.backward()\n"
    )
    found = _scripts(trainer=library, main="from trainer import train\ntrain(net, epochs=20)\n")
    assert found == {"p/main.py": {"epochs": [20]}}


def test_a_file_with_a_guard_is_a_script_though_imported() -> None:
    """What ends in `if __name__ == "__main__"` can be started by itself."""
    library = "def run():\n    fit(epochs=5)\nif __name__ == '__main__':\n    run()\n"
    found = _scripts(train=library, sweep="from train import run\nrun()\nfit(epochs=7)\n")
    assert set(found) == {"p/train.py", "p/sweep.py"}


def test_what_an_imported_file_does_for_itself_does_not_count() -> None:
    """The data set's own trial with batch 1, below its guard, is neither the training's nor a script."""
    data = (
        "class D:\n    pass\nif __name__ == '__main__':\n"
        "    l = DataLoader(D(), batch_size=1, shuffle=True)\n    show(l)\n"
    )
    main = "from data import D\nl = DataLoader(D(), batch_size=64, shuffle=True)\nfit(epochs=2)\n"
    assert _scripts(data=data, main=main) == {"p/main.py": {"batch_size": [64], "epochs": [2]}}


def test_a_guarded_call_in_another_file_hands_nothing_on() -> None:
    """A library tries its function with 3 epochs when it is started itself; the script asks for 20."""
    library = (
        "def train(net, epochs):\n    for epoch in range(epochs):\n        loss.backward()\n"
        "if __name__ == '__main__':\n    train(Net(), 3)\n"
    )
    found = _scripts(lib=library, main="from lib import train\ntrain(net, 20)\n")
    assert found["p/main.py"] == {"epochs": [20]}
    assert found["p/lib.py"] == {"epochs": [3]}


def test_a_name_given_to_itself_ends() -> None:
    """A circle of names and a long chain of them are left alone."""
    chain = "".join(f"a{i} = a{i + 1}\n" for i in range(500))
    text = f"lr = lr\n{chain}opt = Adam(net.parameters(), lr=lr)\nopt = Adam(net.parameters(), lr=a0)\nf()\n"
    assert set(_scripts(train=text)["p/train.py"]["learning_rate"]) == {None}


def test_notebook_cells_keep_their_values_apart() -> None:
    """Each value of a notebook carries the strings of its own cell."""
    text = (
        "a.fit(30, d)\nh.to_csv('vgg16.csv')\n\nb.fit(epochs=30)\nh.to_csv('vgg16.csv')\n\n"
        "c.fit(epochs=13)\nh.to_csv('svm.csv')\n"
    )
    file = SourceFile(path="p/main.ipynb", text=text, cells=((1, 1), (2, 4), (3, 7)))
    (script,) = training_scripts(CodeTree(root="p", files=(file,)))
    given = [one for one in script.quantities["epochs"] if one is not None]
    assert [(one.value, one.words, one.line) for one in given] == [
        (30, ("vgg16.csv",), 4), (13, ("svm.csv",), 7)
    ]  # fmt: skip
