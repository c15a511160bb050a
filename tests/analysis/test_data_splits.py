"""Scores followed to the data they were computed on, in the ways scripts of strangers have."""

from __future__ import annotations

import pytest

from netgain.analysis.code_selection import Selection, selection_on_test
from netgain.study import CodeTree, SourceFile


def found_in(*texts: str) -> tuple[Selection, ...]:
    """Return what is found in a tree of some files: `train.py`, then `other1.py` and so on."""
    names = ["train.py", *(f"other{i}.py" for i in range(1, len(texts)))]
    files = tuple(SourceFile(path=p, text=t) for p, t in zip(names, texts, strict=True))
    return selection_on_test(CodeTree(root=".", files=files))


CHOSEN_BY_TEST: dict[str, tuple[str, ...]] = {
    "test epoch of a script": (
        """held = FashionMNIST(root, train=False, transform=plain)
testloader = DataLoader(held, batch_size=256)
best_acc = 0
def evaluate_epoch(epoch):
    global best_acc
    right = seen = 0
    for number, (image, label) in enumerate(testloader):
        guess = net(image).argmax(1)
        right += guess.eq(label).sum().item()
        seen += len(label)
    acc = 100 * right / seen
    if acc > best_acc:  # here
        torch.save(net.state_dict(), path)
        best_acc = acc
""",
    ),
    "a loop is handed the test loader": (
        """def fit(model, train_loader, val_loader, epochs):
    best = 0
    for e in range(epochs):
        train(model, train_loader)
        acc = evaluate(model, val_loader)
        if acc > best:  # here
            best = acc
            torch.save(model.state_dict(), 'm.pt')
""",
        """from train import fit
test_loader = DataLoader(CIFAR10('.', train=False))
fit(model, train_loader, test_loader, 10)
""",
    ),
    "an object holds the loader": (
        """class Trainer:
    def __init__(self, model, train_loader, val_loader):
        self.val_loader = val_loader
    def validate(self):
        good = 0
        for x, y in self.val_loader:
            good += (self.model(x).argmax(1) == y).sum().item()
        return good / len(self.val_loader.dataset)
    def fit(self):
        for e in range(9):
            acc = self.validate()
            if acc > self.best_acc:  # here
                self.best_acc = acc
                self.save()
t = Trainer(m, DataLoader(tr), DataLoader(MNIST('.', train=False)))
""",
    ),
    "a function of another file builds the loaders": (
        """def get_data(bs):
    train_dataset = datasets.CIFAR10(root='d', train=True)
    val_dataset = datasets.CIFAR10(root='d', train=False)
    train_loader = DataLoader(train_dataset, batch_size=bs)
    val_loader = DataLoader(val_dataset, batch_size=bs)
    return train_loader, val_loader
def main():
    train_loader, val_loader = get_data(8)
    best_acc1 = 0
    for epoch in range(90):
        train(train_loader, model)
        acc1 = validate(val_loader, model, criterion, args)
        is_best = acc1 > best_acc1  # here
        best_acc1 = max(acc1, best_acc1)
        save_checkpoint({'s': model.state_dict()}, is_best)
""",
    ),
    "phases of one loop": (
        """dataloaders = {x: DataLoader(ImageFolder(os.path.join(d, x))) for x in ['train', 'test']}
def train_model(model):
    best_acc = 0
    for epoch in range(25):
        for phase in ['train', 'test']:
            running = 0
            for inputs, labels in dataloaders[phase]:
                running += (model(inputs).argmax(1) == labels).sum()
            epoch_acc = running / n[phase]
            if phase == 'test' and epoch_acc > best_acc:  # here
                best_acc = epoch_acc
                best = copy.deepcopy(model.state_dict())
""",
    ),
    "scores in a dict": (
        """for e in range(9):
    stats = evaluate(model, test_loader)
    if stats['acc'] > best['acc']:  # here
        best['acc'] = stats['acc']
        save(model)
""",
    ),
    "a conditional expression": (
        """for e in range(9):
    test_acc = go()
    best = test_acc if test_acc > best else best  # here
""",
    ),
    "above all before": (
        """accs = []
for e in range(9):
    acc = evaluate(model, testloader)
    accs.append(acc)
    if acc >= max(accs):  # here
        torch.save(model.state_dict(), 'b.pt')
""",
    ),
    "early stopping": (
        """for e in range(9):
    test_loss = run(model, test_loader)
    early_stopping(test_loss, model)  # here
    if early_stopping.early_stop: break
""",
    ),
    "the list a training returns": (
        """def train(dataset):
    test_accs = []
    for epoch in range(9):
        if epoch % 10 == 0:
            test_acc = test(test_loader, model)
            test_accs.append(test_acc)
        else:
            test_accs.append(test_accs[-1])
    return test_accs, losses
test_accs, losses = train(d)
print("Maximum accuracy: {0}".format(max(test_accs)))  # here
""",
    ),
    "epochs inside runs": (
        """for run in range(args.runs):
    for epoch in range(1, 9):
        loss = train(model)
        auc_test = test(model, predictor, data, test_edge)
        if auc_test > best_valid:  # here
            best_valid = auc_test
            torch.save(model.state_dict(), p)
""",
    ),
    "attributes": (
        """class T:
    def run(self):
        for e in range(3):
            self.test_loss, self.test_acc = self.evaluate(self.test_loader)
            self.history['test_acc'].append(self.test_acc)
            if self.test_acc > self.best:  # here
                self.best = self.test_acc
        print(max(self.history['test_acc']))
""",
    ),
    "validation data of Keras": (
        """keep = ModelCheckpoint('m.h5', monitor='val_accuracy', save_best_only=True)
model.fit(x_train, y_train, validation_data=(x_test, y_test), callbacks=[keep])  # here
""",
    ),
    "settings chosen": (
        """for c in [0.1, 1]:
    model = LogisticRegression(C=c)
    model.fit(X_train, y_train)
    acc = accuracy_score(y_test, model.predict(X_test))
    if acc > best_acc:  # here
        best_acc = acc
""",
    ),
    "a test set by name": (
        """_, testset = data_loaders.build_cifar()
val_loader = DataLoader(testset, batch_size=3)
for e in range(9):
    top1 = test(net, val_loader)
    if best_acc < top1:  # here
        best_acc = top1
""",
    ),
    "a split by name": (
        """valset = load_dataset('glue', split='test')
val_loader = DataLoader(valset)
for e in range(9):
    f1 = evaluate(net, val_loader)
    if f1 > best_f1:  # here
        best_f1 = f1
""",
    ),
    "two things kept": (
        """for e in range(9):
    test_acc, n = performance(test_loader, net)
    if test_acc > best_acc:  # here
        best_acc, best_net = test_acc, copy.deepcopy(net)
""",
    ),
    "a function of another file evaluates": (
        """from other1 import test_loader as loader, evaluate
for e in range(9):
    acc = evaluate(model)
    if acc > best_acc:  # here
        best_acc = acc
""",
        """def evaluate(model):
    ds = MNIST('.', train=False)
    hits = sum((model(x) == y).sum() for x, y in DataLoader(ds))
    return hits
""",
    ),
    "loaders spread, a return unless better": (
        """from other1 import build
class Loop:
    def __init__(self, cfg, train_loader, val_loader):
        self.train_loader, self.val_loader = train_loader, val_loader
    def score(self):
        right = 0
        for x, y in self.val_loader:
            right += (self.net(x).argmax(1) == y).sum().item()
        return right
    def keep(self, top1):
        if top1 <= self.top1:  # here
            return
        self.top1 = top1
        torch.save(self.net.state_dict(), 'w.pt')
    def fit(self):
        for epoch in range(9):
            self.keep(self.score())
Loop(cfg, *build(cfg)).fit()
""",
        """def build(cfg):
    val_set = SVHN(cfg.root, split='test')
    return DataLoader(cfg.train), DataLoader(val_set)
""",
    ),
    "test data for one data set, the official validation set for another": (
        """if args.dataset == 'svhn':
    val_loader = DataLoader(SVHN(root, split='test'), 100)
else:
    val_loader = DataLoader(ImageFolder(valdir, plain), 100)
for epoch in range(9):
    err1, loss = validate(val_loader, model)
    is_best = err1 <= best_err1  # here
""",
    ),
    "the place of the best epoch": (
        """test = DataLoader(Cars(root, 'test'))
ious = []
for epoch in range(9):
    train(net)
    ious.append(mean_iou(net, test, dev))
top = int(np.argmax(ious))  # here
""",
    ),
}
"""Each marks by `# here` the line that is to be cited."""

HONEST: dict[str, tuple[str, ...]] = {
    "one name for both scores": (
        """val_loader = DataLoader(Subset(CIFAR10('.', train=True), idx))
test_loader = DataLoader(CIFAR10('.', train=False))
for e in range(9):
    acc = evaluate(model, val_loader)
    if acc > best_acc:
        best_acc = acc
        torch.save(model.state_dict(), 'x')
acc = evaluate(model, test_loader)
print(acc)
""",
    ),
    "a function called test": (
        """for e in range(9):
    loss, acc = test(model, val_loader)
    if acc > best_acc:
        best_acc = acc
""",
    ),
    "an argument called test loader": (
        """def test(model, test_loader):
    c = 0
    for x, y in test_loader:
        c += (model(x) == y).sum()
    return c / len(test_loader.dataset)
def main():
    for e in range(9):
        acc = test(model, valid_loader)
        if acc > best_acc:
            best_acc = acc
    test(model, test_loader)
""",
    ),
    "transforms and sizes of tests": (
        """valset = ImageFolder(os.path.join(root, 'val'), transform=test_transform)
vloader = DataLoader(valset, batch_size=args.test_batch_size)
for e in range(9):
    acc = evaluate(model, vloader)
    if acc > best_acc:
        best_acc = acc
""",
    ),
    "a loader without a name": (
        """held = ImageFolder(root, transform=test_transform)
vloader = DataLoader(held, batch_size=args.test_batch_size)
for e in range(9):
    acc = evaluate(model, vloader)
    if acc > best_acc:
        best_acc = acc
""",
    ),
    "a loop told not to train": (
        """for e in range(9):
    loss = run_epoch(model, val_dl, train=False)
    if loss < best_loss:
        best_loss = loss
""",
    ),
    "a loop told not to train, by no name": (
        """for e in range(9):
    loss = run_epoch(model, dl, train=False)
    if loss < best_loss:
        best_loss = loss
""",
    ),
    "three scores at once": (
        """for run in range(args.runs):
    for epoch in range(9):
        result = test(model, data, split_idx, evaluator)
        train_acc, valid_acc, test_acc = result
        if valid_acc > best_valid:
            best_valid = valid_acc
            final_test = test_acc
""",
    ),
    "three masks": (
        """@torch.no_grad()
def test():
    model.eval()
    pred = model(data.x, data.edge_index).argmax(dim=-1)
    accs = []
    for mask in [data.train_mask, data.val_mask, data.test_mask]:
        accs.append(int((pred[mask] == data.y[mask]).sum()) / int(mask.sum()))
    return accs
best_val_acc = test_acc = 0
for epoch in range(1, 9):
    loss = train()
    train_acc, val_acc, tmp_test_acc = test()
    if val_acc > best_val_acc:
        best_val_acc = val_acc
        test_acc = tmp_test_acc
""",
    ),
    "a loop for two models": (
        """def fit(model, loader):
    best = 0
    for e in range(3):
        acc = evaluate(model, loader)
        if acc > best:
            best = acc
fit(a, val_loader)
fit(b, valid_dl)
evaluate(a, test_loader)
""",
    ),
    "three parts": (
        """train, val, test = random_split(full, [8, 1, 1])
for e in range(3):
    a = score(model, DataLoader(val))
    if a > best_a: best_a = a
""",
    ),
    "phases without test": (
        """dataloaders = {x: DataLoader(ImageFolder(os.path.join(d, x))) for x in ['train', 'val', 'test']}
for epoch in range(25):
    for phase in ['train', 'val']:
        running = 0
        for inputs, labels in dataloaders[phase]:
            running += 1
        epoch_acc = running / n[phase]
        if phase == 'val' and epoch_acc > best_acc:
            best_acc = epoch_acc
""",
    ),
    "best of seeds": (
        """for seed in range(5):
    test_acc = train_and_test(seed)
    if test_acc > best_test:
        best_test = test_acc
""",
    ),
    "noted beside a choice by validation": (
        """for e in range(9):
    acc = self.eval(val_loader)
    test_acc = self.eval(test_loader)
    if acc > best_val:
        best_val = acc
        best_test = test_acc
        best_state = copy.deepcopy(model.state_dict())
    if test_acc > max_test:
        max_test = test_acc
""",
    ),
    "limits of a drawing": (
        """for e in range(9):
    test_accs.append(evaluate(m, test_loader))
plt.ylim(0, max(test_accs))
""",
    ),
    "largest prediction": (
        """preds = []
for x, y in test_loader:
    preds.append(model(x))
m = max(preds)
""",
    ),
    "worst epoch": (
        """test_losses = []
for e in range(9):
    test_losses.append(run(test_loader))
top = max(test_losses)
""",
    ),
    "patience": (
        """for e in range(9):
    val_loss = run(val_loader)
    if val_loss < best:
        best = val_loss; wait = 0
    test_time = time.time()
""",
    ),
    "folds": (
        """for fold in range(5):
    tr, te = folds[fold]
    acc = fit_eval(tr, te)
    if acc > best: best = acc
""",
    ),
    "an object splits": (
        """class Data:
    def __init__(self):
        full = CIFAR10('.', train=True)
        self.train, self.val = random_split(full, [45000, 5000])
        self.test = CIFAR10('.', train=False)
    def loaders(self):
        return DataLoader(self.train), DataLoader(self.val), DataLoader(self.test)
tr, va, te = Data().loaders()
for e in range(3):
    acc = evaluate(net, va)
    if acc > best_acc:
        best_acc = acc
""",
    ),
    "an option chooses the split": (
        """for epoch in range(9):
    acc = evaluate(model, val_loader) if args.tune else evaluate(model, test_loader)
    if acc > best_acc:
        best_acc = acc
""",
    ),
    "longest item": (
        """longest = 0
for x in test_set:
    if len(x) > longest: longest = len(x)
""",
    ),
    "returns": (
        """for e in range(9):
    ret = env.rollout(policy)
    if ret > best_ret: best_ret = ret
""",
    ),
}


@pytest.mark.parametrize("name", CHOSEN_BY_TEST)
def test_best_by_a_test_score_is_found_where_it_is_kept(name: str) -> None:
    """The line that keeps the best is cited, whatever names the data bears on its way there."""
    files = CHOSEN_BY_TEST[name]
    line = 1 + next(i for i, text in enumerate(files[0].splitlines()) if "# here" in text)
    assert line in [selection.source.line for selection in found_in(*files)]


@pytest.mark.parametrize("name", HONEST)
def test_honest_scripts_raise_nothing(name: str) -> None:
    """Validation data chooses, whatever else bears the word test; seeds, items and drawings are no epochs."""
    assert found_in(*HONEST[name]) == ()


def test_test_data_under_a_validation_name_is_said_with_its_place() -> None:
    """The finding names the loader and the line that builds it from the test set."""
    (found, *_) = found_in(*CHOSEN_BY_TEST["a function of another file builds the loaders"])
    assert (found.renamed, found.data and found.data.line) == ("val_dataset", 3)


def test_one_data_set_by_two_ways_is_left_open() -> None:
    """A loader that is test data under one setting and validation data under another says nothing."""
    text = """
if args.holdout:
    val_loader = DataLoader(Subset(CIFAR10(root, train=True), held))
else:
    val_loader = DataLoader(CIFAR10(root, train=False))
for epoch in range(9):
    acc = evaluate(model, val_loader)
    if acc > best_acc:
        best_acc = acc
"""
    assert found_in(text) == ()


def test_circles_and_deep_chains_end() -> None:
    """Names that stand for one another, and chains longer than anybody writes, say nothing."""
    chain = "\n".join(f"x{i + 1} = x{i} + x{i}" for i in range(400))
    text = f"a = b\nb = a\n{chain}\nif x400 > best_acc:\n    best_acc = x400\nif a > best:\n    best = a\n"
    assert found_in(text) == ()


OTHER_TRAINER = """from somewhere import train_model
train_model(model, train_loader, DataLoader(CIFAR10(root, train=False)))
"""
TRAINER = """def train_model(model, train_loader, val_loader):
    for epoch in range(9):
        acc = evaluate(model, val_loader)
        if acc > best_acc:
            best_acc = acc
"""


def test_a_call_of_a_missing_file_is_not_one_of_a_namesake() -> None:
    """What a script imports from a file that is missing says nothing of a function of that name elsewhere."""
    assert found_in(OTHER_TRAINER, TRAINER) == ()
    (found,) = found_in(OTHER_TRAINER.replace("somewhere", "other1"), TRAINER)
    assert found.renamed == "val_loader"


TWO_LOADERS = """from other1 import validate
train_loader, val_loader = split(CIFAR10(root, train=True))
test_loader = DataLoader(CIFAR10(root, train=False))
for epoch in range(9):
    acc = validate(val_loader, test_loader, model)
    if acc > best_acc:
        best_acc = acc
"""
VALIDATE = """def validate(val_loader, test_loader, model):
    scale = tune(model, val_loader)
    hits = 0
    for x, y in {scored}:
        hits += (model(x).argmax(1) == y).sum().item()
    return hits
"""


def test_of_two_loaders_the_one_that_the_returned_score_is_of_counts() -> None:
    """A function that is given both sets and returns the score of one chooses by that one."""
    (found,) = found_in(TWO_LOADERS, VALIDATE.format(scored="test_loader"))
    assert found.source.line == 6
    assert found_in(TWO_LOADERS, VALIDATE.format(scored="val_loader")) == ()
