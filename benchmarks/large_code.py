"""Python files as training projects hold them, made up from a seed: models, data, losses, loops, settings."""

from __future__ import annotations

import random
from pathlib import Path
from string import Template

WORDS = ("fine", "wide", "deep", "soft", "local", "masked", "fused", "sparse", "dual", "gated", "light",
         "multi", "cross", "token", "patch", "stem", "tail", "side", "early", "late")  # fmt: skip

BLOCKS = {
    "convolution": '''
class ${Name}Block(nn.Module):
    """Two convolutions of $width channels with a shortcut around them."""

    expansion = $small

    def __init__(self, in_channels, channels=$width, stride=1, drop=$rate, use_gate=$flag):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, eps=$eps, momentum=$rate)
        self.drop = nn.Dropout(drop)
        self.act = nn.$act()
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )
        self.gate = ${Name}Gate(channels, $small) if use_gate else None

    def forward(self, x):
        out = self.act(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(self.drop(out)))
        if self.gate is not None:
            out = self.gate(out)
        out = out + self.shortcut(x)
        return F.relu(out)


class ${Name}Gate(nn.Module):
    def __init__(self, channels, reduction=$small):
        super().__init__()
        hidden = max(channels // reduction, 8)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        scale = self.pool(x)
        scale = F.relu(self.fc1(scale))
        scale = torch.sigmoid(self.fc2(scale))
        return x * scale
''',
    "attention": '''
class ${Name}Attention(nn.Module):
    def __init__(self, dim=$width, num_heads=$small, qkv_bias=True, attn_drop=$rate, proj_drop=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x, mask=None):
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.num_heads, c // self.num_heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        attn = (q @ k.transpose(-2, -1)) * self.scale
        if mask is not None:
            attn = attn.masked_fill(mask == 0, -1e9)
        attn = self.attn_drop(attn.softmax(dim=-1))
        x = (attn @ v).transpose(1, 2).reshape(b, n, c)
        return self.proj_drop(self.proj(x))


class ${Name}Layer(nn.Module):
    def __init__(self, dim, mlp_ratio=$small, drop=$rate):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = ${Name}Attention(dim)
        self.norm2 = nn.LayerNorm(dim, eps=$eps)
        self.mlp = nn.Sequential(
            nn.Linear(dim, int(dim * mlp_ratio)),
            nn.$act(),
            nn.Dropout(drop),
            nn.Linear(int(dim * mlp_ratio), dim),
        )

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        x = x + $weight * self.mlp(self.norm2(x))
        return x
''',
    "network": '''
class ${Name}Net(nn.Module):
    """Backbone with four stages and a linear head; widths follow the $word recipe."""

    def __init__(self, num_classes=$classes, widths=($width, $width2, $width3), depth=$small):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        stages = []
        channels = widths[0]
        for index, width in enumerate(widths):
            layers = []
            for position in range(depth):
                stride = 2 if position == 0 and index > 0 else 1
                layers.append(nn.Conv2d(channels, width, 3, stride=stride, padding=1))
                layers.append(nn.GroupNorm($small, width))
                layers.append(nn.$act())
                channels = width
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(widths[-1], num_classes)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=$eps)
            if module.bias is not None:
                nn.init.constant_(module.bias, 0)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward_features(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return x

    def forward(self, x):
        x = self.forward_features(x)
        x = self.pool(x).flatten(1)
        return self.head(x)
''',
    "data": '''
class ${Name}Dataset(torch.utils.data.Dataset):
    def __init__(self, root, split="train", transform=None, limit=None):
        self.root = Path(root)
        self.split = split
        self.transform = transform
        with open(self.root / f"{split}.json") as handle:
            self.entries = json.load(handle)
        if limit is not None:
            self.entries = self.entries[:limit]
        self.classes = sorted({entry["label"] for entry in self.entries})
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}

    def __len__(self):
        return len(self.entries)

    def __getitem__(self, index):
        entry = self.entries[index]
        image = Image.open(self.root / entry["file"]).convert("RGB")
        if self.transform is not None:
            image = self.transform(image)
        return image, self.class_to_idx[entry["label"]]


def build_${name}_loaders(args):
    mean = [0.485, 0.456, 0.406]
    std = [0.229, 0.224, 0.225]
    train_transform = transforms.Compose([
        transforms.RandomResizedCrop($size, scale=($rate, 1.0)),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter($rate, $rate, $rate),
        transforms.ToTensor(),
        transforms.Normalize(mean, std),
    ])
    test_transform = transforms.Compose([
        transforms.Resize($size + 32), transforms.CenterCrop($size), transforms.ToTensor(),
        transforms.Normalize(mean, std),
    ])
    train_set = ${Name}Dataset(args.data, "train", train_transform)
    val_set = ${Name}Dataset(args.data, "val", test_transform)
    test_set = ${Name}Dataset(args.data, "test", test_transform)
    options = dict(batch_size=args.batch_size, num_workers=args.workers, pin_memory=True)
    return (
        DataLoader(train_set, shuffle=True, drop_last=True, **options),
        DataLoader(val_set, shuffle=False, **options),
        DataLoader(test_set, shuffle=False, **options),
    )
''',
    "loss": '''
class ${Name}Loss(nn.Module):
    """Cross entropy with a $word term; see eq. $small of the supplement."""

    def __init__(self, weight=$weight, temperature=$rate, margin=$eps):
        super().__init__()
        self.weight = weight
        self.temperature = temperature
        self.margin = margin

    def forward(self, logits, targets, features=None):
        loss = F.cross_entropy(logits, targets, label_smoothing=$rate)
        if features is not None:
            features = F.normalize(features, dim=-1)
            similarity = features @ features.t() / self.temperature
            same = targets[:, None] == targets[None, :]
            positive = similarity[same].mean() - self.margin
            negative = torch.logsumexp(similarity.masked_fill(same, -1e4), dim=-1).mean()
            loss = loss + self.weight * (negative - positive) + $eps * features.abs().mean()
        return loss


def ${name}_accuracy(output, target, topk=(1, 5)):
    with torch.no_grad():
        maxk = max(topk)
        _, pred = output.topk(maxk, 1, True, True)
        pred = pred.t()
        correct = pred.eq(target.view(1, -1).expand_as(pred))
        results = []
        for k in topk:
            correct_k = correct[:k].reshape(-1).float().sum(0, keepdim=True)
            results.append(correct_k.mul_(100.0 / target.size(0)))
        return results
''',
    "arguments": '''
def parse_${name}_args(argv=None):
    parser = argparse.ArgumentParser(description="$word training")
    parser.add_argument("--data", default="data/$word", help="folder of the data set")
    parser.add_argument("--batch-size", type=int, default=$batch)
    parser.add_argument("--epochs", type=int, default=$epochs)
    parser.add_argument("--lr", type=float, default=$eps, help="peak learning rate")
    parser.add_argument("--min-lr", type=float, default=1e-6)
    parser.add_argument("--weight-decay", type=float, default=$eps)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--warmup-epochs", type=int, default=$small)
    parser.add_argument("--optimizer", choices=["sgd", "adamw", "lamb"], default="adamw")
    parser.add_argument("--dropout", type=float, default=$rate)
    parser.add_argument("--label-smoothing", type=float, default=$rate)
    parser.add_argument("--ema-decay", type=float, default=0.999)
    parser.add_argument("--clip-grad", type=float, default=$weight)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=$classes)
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--output", default="runs/$word")
    parser.add_argument("--resume", default="")
    parser.add_argument("--log-every", type=int, default=50)
    return parser.parse_args(argv)
''',
    "schedule": '''
def build_${name}_optimizer(model, args):
    decay, no_decay = [], []
    for key, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.ndim <= 1 or key.endswith(".bias"):
            no_decay.append(parameter)
        else:
            decay.append(parameter)
    groups = [
        {"params": decay, "weight_decay": args.weight_decay},
        {"params": no_decay, "weight_decay": 0.0, "lr": args.lr * $weight},
    ]
    if args.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=args.lr, momentum=args.momentum, nesterov=True)
    return torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, $beta), eps=1e-8)


def ${name}_lr_at(step, total_steps, warmup_steps, peak, floor=1e-6):
    if step < warmup_steps:
        return peak * step / max(1, warmup_steps)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    if progress < $rate:
        return peak
    return floor + 0.5 * (peak - floor) * (1.0 + math.cos(math.pi * progress))
''',
    "loop": '''
def train_${name}_epoch(model, loader, criterion, optimizer, scaler, ema, epoch, args, writer=None):
    model.train()
    losses, top1 = AverageMeter(), AverageMeter()
    start = time.time()
    for index, (images, targets) in enumerate(loader):
        step = epoch * len(loader) + index
        for group in optimizer.param_groups:
            warmup = args.warmup_epochs * len(loader)
            group["lr"] = cosine_lr(step, args.epochs * len(loader), warmup, args.lr)
        images = images.cuda(non_blocking=True)
        targets = targets.cuda(non_blocking=True)
        with torch.autocast("cuda", enabled=args.amp):
            output = model(images)
            loss = criterion(output, targets)
        if not math.isfinite(loss.item()):
            print(f"loss is {loss.item()}, stopping")
            sys.exit(1)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), args.clip_grad)
        scaler.step(optimizer)
        scaler.update()
        if ema is not None and step % $small == 0:
            ema.update(model)
        acc1 = (output.argmax(1) == targets).float().mean() * 100
        losses.update(loss.item(), images.size(0))
        top1.update(acc1.item(), images.size(0))
        if index % args.log_every == 0:
            rate = (index + 1) * args.batch_size / (time.time() - start)
            place = f"epoch {epoch} [{index}/{len(loader)}]"
            print(f"{place} loss {losses.avg:.4f} acc {top1.avg:.2f} {rate:.0f} img/s")
            if writer is not None:
                writer.add_scalar("train/loss", losses.avg, step)
                writer.add_scalar("train/acc1", top1.avg, step)
    return {"train_loss": losses.avg, "train_acc": top1.avg}


@torch.no_grad()
def evaluate_${name}(model, loader, criterion, args):
    model.eval()
    losses, top1 = AverageMeter(), AverageMeter()
    for images, targets in loader:
        images, targets = images.cuda(), targets.cuda()
        output = model(images)
        losses.update(criterion(output, targets).item(), images.size(0))
        acc1 = (output.argmax(1) == targets).float().mean() * 100
        top1.update(acc1.item(), images.size(0))
    return {"val_loss": losses.avg, "val_acc": top1.avg}
''',
    "settings": '''
${NAME}_CONFIG = {
    "model": {"name": "$word", "width": $width, "depth": $small, "drop_path": $rate, "num_classes": $classes},
    "optimizer": {"name": "adamw", "lr": $eps, "weight_decay": $eps, "betas": [0.9, $beta]},
    "schedule": {"name": "cosine", "epochs": $epochs, "warmup_epochs": $small, "min_lr": 1e-6},
    "data": {"root": "data/$word", "image_size": $size, "batch_size": $batch, "num_workers": 8},
    "augmentation": {"mixup": $rate, "cutmix": 1.0, "color_jitter": $rate, "auto_augment": "rand-m9-mstd0.5"},
    "seed": $classes,
}


def merge_${name}_config(overrides):
    config = json.loads(json.dumps(${NAME}_CONFIG))
    for override in overrides:
        key, _, value = override.partition("=")
        parts = key.split(".")
        target = config
        for part in parts[:-1]:
            target = target.setdefault(part, {})
        try:
            target[parts[-1]] = json.loads(value)
        except json.JSONDecodeError:
            target[parts[-1]] = value
    return config
''',
    "main": '''
def main_${name}():
    args = parse_args()
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    np.random.seed(args.seed)
    model = ${Name}Model(num_classes=$classes).cuda()
    criterion = nn.CrossEntropyLoss(label_smoothing=args.label_smoothing)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    scaler = torch.amp.GradScaler("cuda", enabled=args.amp)
    train_loader, val_loader, test_loader = build_loaders(args)
    best_acc, history = 0.0, []
    for epoch in range(args.epochs):
        train_stats = train_one_epoch(model, train_loader, criterion, optimizer, scaler, None, epoch, args)
        val_stats = evaluate(model, val_loader, criterion, args)
        history.append({"epoch": epoch, **train_stats, **val_stats})
        if val_stats["val_acc"] > best_acc + $eps:
            best_acc = val_stats["val_acc"]
            torch.save({"model": model.state_dict(), "epoch": epoch}, os.path.join(args.output, "best.pt"))
        with open(os.path.join(args.output, "history.json"), "w") as handle:
            json.dump(history, handle, indent=2)
    test_stats = evaluate(model, test_loader, criterion, args)
    print(f"best val {best_acc:.2f} test {test_stats['val_acc']:.2f}")


class ${Name}Model(nn.Module):
    def __init__(self, num_classes, hidden=$width):
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * $size * $size, hidden), nn.$act(), nn.LayerNorm(hidden)
        )
        self.head = nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.head(self.body(x) * $weight)
''',
}  # fmt: skip
"""Parts of a file; names and numbers are filled in."""

IMPORTS = """import argparse
import json
import math
import os
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from common import AverageMeter, build_loaders, cosine_lr, evaluate, parse_args, train_one_epoch
"""


def write_code(folder: Path, *, files: int, rng: random.Random) -> int:
    """Write Python files of some 300 lines in packages of 50 and return their bytes."""
    written = 0
    for index in range(files):
        package = folder / f"package_{index // 50:03d}"
        package.mkdir(parents=True, exist_ok=True)
        parts = [IMPORTS]
        for position, block in enumerate(rng.choices(list(BLOCKS), k=7)):
            name = f"{rng.choice(WORDS)}_{rng.choice(WORDS)}_{position}"
            parts.append(Template(BLOCKS[block]).substitute(_fillings(name, rng)))
        parts.append(f'\n\nif __name__ == "__main__":\n    print({index})\n')
        text = "\n".join(parts)
        (package / f"module_{index:05d}.py").write_text(text)
        written += len(text)
    return written


def _fillings(name: str, rng: random.Random) -> dict[str, object]:
    widths = sorted(rng.sample((32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 512), 3))
    return {
        "name": name, "Name": name.title().replace("_", ""), "NAME": name.upper(), "word": rng.choice(WORDS),
        "width": widths[0], "width2": widths[1], "width3": widths[2], "small": rng.choice((2, 3, 4, 6, 8)),
        "rate": round(rng.uniform(0.05, 0.4), 2), "eps": float(f"{10 ** rng.uniform(-5, -2):.1e}"),
        "weight": round(rng.uniform(0.3, 1.7), 3), "flag": rng.random() < 0.5,
        "act": rng.choice(("ReLU", "GELU", "SiLU")), "beta": rng.choice((0.95, 0.98, 0.999)),
        "classes": rng.choice((10, 100, 365, 1000)), "size": rng.choice((32, 64, 224)),
        "batch": rng.choice((64, 128, 256, 512)), "epochs": rng.choice((30, 90, 100, 300)),
    }  # fmt: skip
