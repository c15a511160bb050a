"""Hyperparameters that code sets by an expression of its own, and expressions that look like them."""

import pytest

from netgain.analysis.literals import buried_numbers
from netgain.study import CodeTree, SourceFile


def found(text: str) -> set[tuple[str, float]]:
    """Return the (sink, value) pairs of one file."""
    file = SourceFile(path="t.py", text=text)
    return {(n.sink, n.value) for n in buried_numbers(CodeTree(root=".", files=(file,)))}


def module(*lines: str) -> str:
    """Return a model class whose forward pass is made of the given lines."""
    body = "".join(f"        {line}\n" for line in lines)
    return f"class Net(nn.Module):\n    def forward(self, x):\n{body}"


def function(*lines: str, name: str = "step") -> str:
    """Return a function made of the given lines."""
    return f"def {name}(self, x, y):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (module("return self.fc(x) / 0.8, x"), 0.8),
        (module("return F.linear(F.normalize(x), self.w).div(0.07)"), 0.07),
        (module("return torch.div(self.head(x), 0.1)"), 0.1),
        (module("out = self.classifier(x) * 16.0", "return out"), 16.0),
        (module("out = self.fc(x)", "out *= 30.0", "return out"), 30.0),
        (module("return {'logits': 12.5 * (a @ b.t()), 'feat': x}"), 12.5),
        (module("return self.fc(x).mul(4.0).squeeze(1)"), 4.0),
        (function("p = F.softmax(z / 2.0, dim=1)"), 2.0),
        (function("p = (z / 4.0).softmax(-1)"), 4.0),
        (function("p = torch.log_softmax(z.detach().div(3.0), 1)"), 3.0),
        (function("l = F.cross_entropy(16.0 * z, y)"), 16.0),
        (function("logits /= 0.07"), 0.07),
        (function("logits = torch.matmul(q, k.T).div_(0.2)"), 0.2),
        (function("e = torch.exp(torch.mm(a, b.t()) / 0.2)"), 0.2),
    ],
)
def test_scales_of_logits_are_found(text: str, value: float) -> None:
    """A temperature counts as an operator, a function or a method, in a return, a name or an argument."""
    assert ("temperature", value) in found(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y = y * (1 - 0.1) + 0.1 / NUM_CLASSES", 0.1),
        ("target_probs = target_probs * (1 - 0.1) + 0.1 / self.num_experts", 0.1),
        ("one_hot = one_hot * 0.9 + (1 - one_hot) * 0.1 / (n_class - 1)", 0.1),
        ("soft = (0.95 * F.one_hot(y, 10) + 0.05 / 10).to(device)", 0.05),
        ("dist.fill_(0.1 / (classes - 1))", 0.1),
        ("dist.scatter_(1, y.unsqueeze(1), 0.9)", 0.9),
        ("w = torch.full(p.size(), 0.1 / (p.size(1) - 1))", 0.1),
        (
            function("eps = 0.2", "one_hot = one_hot * (1 - eps) + (1 - one_hot) * eps / (n - 1)"),
            0.2,
        ),
        (function("return 0.9 * nll + 0.1 * uniform", name="smooth"), 0.1),
    ],
)
def test_smoothed_labels_are_found(text: str, value: float) -> None:
    """Label smoothing is a mixture with weights that add to one, or a filled distribution."""
    assert ("loss", value) in found(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nn.utils.clip_grad_value_(params, 1.0)", 1.0),
        ("torch.nn.utils.clip_grad_norm_(m.parameters(), max_norm=1)", 1.0),
        (function("for p in m.parameters():", "    p.grad.data.clamp_(-1, 1)"), 1.0),
        (function("p.grad = torch.clamp(p.grad, min=-0.3, max=0.3)"), 0.3),
        ("p.register_hook(lambda grad: grad.clamp(-0.3, 0.3))", 0.3),
        (
            function(
                "grads = f()",
                "if total > 2.0:",
                "    for g in grads:",
                "        g.mul_(2.0 / total)",
            ),
            2.0,
        ),
        (function("c = 0.7 / (total_norm + 1e-6)", "if c < 1:", "    p.grad.mul_(c)"), 0.7),
        (function("c = min(1.0, 0.7 / grad_norm)"), 0.7),
    ],
)
def test_clips_are_found(text: str, value: float) -> None:
    """Gradients are bounded by a call of the library, by clamping or by shortening them."""
    assert ("clipping", value) in found(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (function("return nll.mean() + 0.2 * self.net.head.spread()", name="loss"), 0.2),
        (function("loss += 0.01 * x.pow(2).sum()"), 0.01),
        (function("losses['aux'] = 0.4 * self.head(x)"), 0.4),
        (function("losses.append(0.4 * self.head(x))"), 0.4),
        (function("(ce + 0.3 * self.kd(x)).backward()"), 0.3),
        (function("scaler.scale(ce + 0.3 * self.kd(x)).backward()"), 0.3),
        (function("self.manual_backward(ce + 0.3 * self.kd(x))"), 0.3),
        (function("return {'loss': ce + 0.3 * self.kd(x)}"), 0.3),
        (function("weight_dict = {'loss_ce': 1, 'loss_bbox': 5, 'loss_giou': 2}"), 5.0),
        (function("loss_weights = [1.0, 0.4]"), 0.4),
        (function("loss = -((1 - pt) ** 1.5) * logpt"), 1.5),
        (
            "class AuxLoss(nn.Module):\n    def forward(self, x):\n        return a(x) + 0.3 * b(x)\n",
            0.3,
        ),
        (function("loss = ce - 0.3 * z.float().var()"), 0.3),
    ],
)
def test_weights_of_loss_terms_are_found(text: str, value: float) -> None:
    """A term counts whatever it is called, where what it is added to or returned as is a loss."""
    assert ("loss", value) in found(text)


@pytest.mark.parametrize(
    ("text", "sink", "value"),
    [
        (function("lr = args.lr * (0.1 ** (epoch // 30))"), "schedule", 0.1),
        (function("lr = args.lr * (0.1 ** (epoch // 30))"), "schedule", 30.0),
        (function("lr *= 0.2"), "schedule", 0.2),
        (function("if epoch < 5:", "    lr = base * (epoch + 1) / 5"), "schedule", 5.0),
        ("s = LambdaLR(o, lr_lambda=lambda e: 0.95**e)", "schedule", 0.95),
        ("lam = np.random.beta(0.2, 0.2)", "augmentation", 0.2),
        ("x, y = mixup_data(x, y, 0.4)", "augmentation", 0.4),
        ("x, y = cutmix(x, y, alpha=0.3)", "augmentation", 0.3),
        (function("if random.random() < 0.3:", "    x = flip(x)"), "augmentation", 0.3),
        (function("mask = max_probs.ge(0.95).float()"), "threshold", 0.95),
        (function("pseudo = y[conf > 0.8]"), "threshold", 0.8),
        (function("shadow[k] = 0.99 * shadow[k] + 0.01 * v"), "averaging", 0.01),
        (function("return old * 0.996 + (1 - 0.996) * param", name="update"), "averaging", 0.996),
    ],
)
def test_other_expressions_are_found(text: str, sink: str, value: float) -> None:
    """Formulas of the rate, mixing, chances, thresholds and averages are hyperparameters too."""
    assert (sink, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        module("return (self.a(x) + self.b(x)) / 2"),
        module("return (self.a(x) + self.b(x) + self.c(x)) / 3"),
        module("return self.tanh(self.conv(x)) * 127.5"),
        module("x = self.stem(x / 255.0)", "return self.fc(x)"),
        module("return self.fc(x) / self.temperature"),
        module("return x + self.conv(x)"),
        module("return x * torch.sigmoid(1.702 * x)"),
        module("return self.fc(x.view(-1, 640))"),
        module("return (q @ k.transpose(-2, -1)) * self.dim**-0.5"),
        function("running_loss = 0.9 * running_loss + 0.1 * loss.item()"),
        function("self.running_loss = 0.9 * self.running_loss + 0.1 * self.train_loss"),
        function("ema_loss = 0.4 * loss + 0.6 * ema_loss"),
        function("epoch_loss += 0.25 * loss.item()"),
        function("smooth_loss = 0.99 * smooth_loss + 0.01 * loss"),
        function("gray = 0.3 * r + 0.59 * g + 0.11 * b"),
        function("blend = 0.7 * image + 0.3 * overlay"),
        function("eta = (total - done) * elapsed / 60"),
        function("f1_score = 2 * precision * recall / (precision + recall)"),
        function("energy = 0.5 * mass * v**2"),
        function("psnr = -10 * torch.log10(mse)"),
        function("share = 0.3 / total", "print(share)"),
        function("x = x.clamp(0, 0.9)"),
        function("x = torch.clamp(x, min=-3, max=3)"),
        function("std = torch.exp(0.5 * logvar)"),
        function("w = torch.full((3,), 7)"),
        function("big = total > 3", "grads = 1"),
        function("return F.mse_loss(x, y)", name="loss"),
        function("pred = probs > 0.5"),
        function("lr = scheduler.get_last_lr()[0]"),
        function("lr = 10 ** rng.random.uniform(-4, -2)"),
        "loss_weights = [1.0, 0.4]",
        "def kd_loss(s, t, alpha=0.3, T=4.0):\n    return alpha * f(s / T, t / T)\n",
        "if __name__ == '__main__':\n    plt.figure(figsize=(8, 6))\n    time.sleep(0.3)\n",
    ],
)
def test_near_misses_are_not_found(text: str) -> None:
    """Means, ranges of pixels, figures for display, metrics, shapes and defaults are no buried settings."""
    assert found(text) == set()


def test_long_expressions_are_read_without_deep_recursion() -> None:
    """A sum of many terms, as generated code holds, stops nothing."""
    assert found("loss = " + " + ".join(["0.3 * a_loss"] * 300)) == {("loss", 0.3)}
