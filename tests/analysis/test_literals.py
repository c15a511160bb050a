"""Numbers that reach hyperparameters, and those that do not."""

import re

import pytest

from netgain.analysis.literals import BuriedNumber, buried_numbers, trains
from netgain.study import CodeTree, SourceFile


def buried(text: str) -> tuple[BuriedNumber, ...]:
    """Search one file."""
    return buried_numbers(CodeTree(root=".", files=(SourceFile(path="t.py", text=text),)))


def found(text: str) -> list[tuple[str, float]]:
    """Return (sink, value) pairs in the order of rank."""
    return [(number.sink, number.value) for number in buried(text)]


@pytest.mark.parametrize(
    ("text", "sink", "value"),
    [
        ("o = optim.SGD(m.parameters(), lr=0.037)", "optimizer", 0.037),
        ("o = Adam([{'params': p, 'lr': 3e-3}])", "optimizer", 3e-3),
        ("o = torch.optim.Adam(m.parameters(), 3e-4 * world)", "optimizer", 3e-4),
        ("s = StepLR(o, 30, gamma=0.3)", "schedule", 0.3),
        ("for g in o.param_groups:\n    g['lr'] = 0.004", "schedule", 0.004),
        ("loss = ce + 0.3 * aux", "loss", 0.3),
        ("loss += 0.05 * reg_term", "loss", 0.05),
        ("c = nn.CrossEntropyLoss(label_smoothing=0.1)", "loss", 0.1),
        ("p = F.softmax(x / 0.07, dim=1)", "temperature", 0.07),
        ("logits = a @ b / 0.07", "temperature", 0.07),
        ("clip_grad_norm_(m.parameters(), 0.73)", "clipping", 0.73),
        ("d = nn.Dropout(0.37)", "dropout", 0.37),
        ("x = Block(64, dropout=0.37)", "dropout", 0.37),
        ("t = transforms.ColorJitter(0.4)", "augmentation", 0.4),
        ("t = transforms.ColorJitter(brightness=0.4)", "augmentation", 0.4),
        ("g = ImageDataGenerator(rescale=1. / 255, shear_range=0.2)", "augmentation", 0.2),
        (
            "g = ImageDataGenerator(width_shift_range=0.15, horizontal_flip=True)",
            "augmentation",
            0.15,
        ),
        ("t = A.ShiftScaleRotate(shift_limit=0.06)", "augmentation", 0.06),
        ("t = A.HueSaturationValue(hue_shift_limit=15)", "augmentation", 15),
        ("t = K.RandomRotation(degrees=35.0)", "augmentation", 35),
        ("t = layers.RandomZoom(height_factor=0.2)", "augmentation", 0.2),
        ("t = layers.RandomRotation(0.1)", "augmentation", 0.1),
        ("x = x + 0.13 * torch.randn_like(x)", "augmentation", 0.13),
        ("a.mul_(0.999)", "averaging", 0.999),
    ],
)
def test_numbers_at_sinks_are_found(text: str, sink: str, value: float) -> None:
    """Each kind of sink is read from the call or the expression that sets it."""
    assert (sink, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "o = SGD(m.parameters(), lr=args.lr, momentum=cfg.momentum)",
        "LR = 0.037\no = SGD(m.parameters(), lr=LR)",
        "def train(lr=0.037):\n    return SGD(m.parameters(), lr=lr)",
        "parser.add_argument('--lr', default=0.037)",
        "config = TrainConfig(lr=0.037, dropout=0.3)",
        "o = Adam(m.parameters(), lr=lr, eps=1e-8)",
        "loss = (a + b) / 2 + 0.5 * ce",
        "d = nn.Dropout(0.37)  # as in the baseline's paper",
        "x = nn.Linear(512, 37)\ny = x[3:17]",
        "t = transforms.RandomCrop(28)",
        "accuracy = 100 * correct / total",
        "y = model.predict(x)",
    ],
)
def test_exposed_and_plain_numbers_are_not(text: str) -> None:
    """Arguments, configs, module names, defaults, epsilons, shapes and explained numbers are no finding."""
    assert found(text) == []


def test_number_is_followed_through_a_local_name() -> None:
    """The place is that of the literal, in a function or on an object."""
    text = "def f():\n    alpha = 0.3\n    n = 1\n    loss = ce + alpha * aux\n"
    assert [(n.value, n.source.line) for n in buried(text)] == [(0.3, 2)]
    text = (
        "class T:\n    def __init__(self):\n        self.tau = 0.07\n"
        "    def f(self, x):\n        return F.softmax(x / self.tau)\n"
    )
    assert [(n.value, n.source.line) for n in buried(text)] == [(0.07, 3)]


def test_name_assigned_twice_is_not_followed() -> None:
    """A name with two values carries no single number."""
    assert found("def f():\n    a = 0.3\n    a = 0.4\n    loss = ce + a * aux\n") == []


def test_sinks_are_ranked_and_conditions_kept() -> None:
    """The optimizer comes first, and a number knows the names it depends on."""
    text = (
        "def f(args):\n    d = nn.Dropout(0.37)\n    if args.ours:\n        o = SGD(p, lr=0.037)\n"
    )
    first, second = buried(text)
    assert (first.sink, second.sink) == ("optimizer", "dropout")
    assert set(first.guards) == {"args", "ours"}
    assert second.guards == ()


def test_tool_comment_explains_nothing() -> None:
    """A lint mark is no documentation."""
    assert found("d = nn.Dropout(0.37)  # noqa: E501 too long") == [("dropout", 0.37)]


@pytest.mark.parametrize(
    "line",
    [
        "g = ImageDataGenerator(rotation_range=15)  # 15 degrees rotation",
        "g = ImageDataGenerator(width_shift_range=6.0)  # -6 to +6",
        "s = GradualWarmupScheduler(o, total_epoch=5)",
    ],
)
def test_a_comment_that_says_the_number_again_explains_nothing(line: str) -> None:
    """Neither does a unit; a scheduler of any name has warm-up epochs."""
    assert [value for _, value in found(line)] == [float(re.findall(r"[\d.]+", line)[0])]


def test_damaged_file_is_passed_over() -> None:
    """A file that does not parse holds no finding and stops nothing."""
    assert found("def f(:\n") == []


def test_tree_trains_only_with_an_optimizer() -> None:
    """Model code alone cannot show how a model was trained."""
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text="d = nn.Dropout(0.3)"),))
    assert not trains(tree)
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text="o = AdamW(p, lr=a.lr)"),))
    assert trains(tree)


def test_weight_of_an_unnamed_term_beside_a_loss_is_found() -> None:
    """A penalty needs no name to be weighed by a buried number; a sum without a loss has none."""
    text = "loss = F.cross_entropy(logits, y) + 3e-4 * logits.square().mean()"
    assert found(text) == [("loss", 3e-4)]
    assert found("total = a + 0.3 * b") == []


LOSS = "class PullLoss(nn.Module):\n    def __init__(self, size, margin):\n        self.margin = margin\n"


@pytest.mark.parametrize(
    ("text", "sink", "value"),
    [
        (LOSS + "c = PullLoss(9, 0.35)", "loss", 0.35),
        ("c = nn.TripletMarginLoss(0.35)", "loss", 0.35),
        ("if epoch > 14:\n    scheduler.step()", "schedule", 14.0),
        ("if self.warm and self.global_step < 800:\n    g['lr'] = rate", "schedule", 800.0),
        ("t = GaussianBlur(kernel_size=int(23))", "augmentation", 23.0),
    ],
)
def test_numbers_by_place_and_epochs_that_a_schedule_waits_for(
    text: str, sink: str, value: float
) -> None:
    """A number counts where it reaches a named argument of a loss by its place, or turns a schedule on."""
    assert found(text) == [(sink, value)]


@pytest.mark.parametrize(
    "text",
    [
        LOSS + "c = PullLoss(9, margin)",
        "class Head(nn.Module):\n    def __init__(self, margin):\n        self.m = nn.Linear(3, 3)\n"
        "h = Head(9)",
        "if epoch % 10 == 0:\n    scheduler.step()",
        "if epoch > 14:\n    save(model)",
        "if epoch > args.start:\n    scheduler.step()",
        "if n > 14:\n    scheduler.step()",
    ],
)
def test_sizes_and_other_turns_of_training_are_no_hyperparameter(text: str) -> None:
    """A number of classes, how often something is done, and a name are not buried."""
    assert found(text) == []


def test_numbers_of_an_augmentation_count_by_any_keyword_that_is_no_size() -> None:
    """A strength by an unlisted name counts; sizes, seeds and searches of that name's pattern do not."""
    assert found("t = RandomThinPlateSpline(bending=0.3)") == [("augmentation", 0.3)]
    assert found("t = RandomErasing(fill=7, size=32, seed=5)") == []
    assert found("s = RandomizedSearchCV(m, refits=5)") == []
