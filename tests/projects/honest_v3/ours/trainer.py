"""Train the network on several seeds and report mean and spread."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import mean, stdev

import torch
import torch.nn.functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from data import CIFARData
from network import Classifier


@dataclass
class Config:
    root: str = "data"
    out: str = "../runs/ours"
    head: str = "cosproto"
    temperature: float = 0.07
    epochs: int = 40
    batch_size: int = 256
    max_lr: float = 3e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    clip_norm: float = 2.0
    train_images: int = 45000
    workers: int = 8
    seed: int = 0
    seeds: int = 5
    device: str = "cuda" if torch.cuda.is_available() else "cpu"


class Trainer:
    def __init__(self, cfg: Config):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        self.dir = Path(cfg.out) / f"seed_{cfg.seed}"
        self.dir.mkdir(parents=True, exist_ok=True)
        (self.dir / "config.json").write_text(json.dumps(asdict(cfg), indent=2))
        self.log_file = (self.dir / "log.txt").open("w")

        data = CIFARData(cfg)
        self.train_loader, self.val_loader, self.test_loader = data.train(), data.val(), data.test()
        self.net = Classifier(cfg.head, cfg.temperature).to(cfg.device)
        self.opt = AdamW(self.net.parameters(), lr=cfg.max_lr, weight_decay=cfg.weight_decay)
        self.sched = OneCycleLR(self.opt, cfg.max_lr, total_steps=cfg.epochs * len(self.train_loader))

    def log(self, **kw):
        line = " | ".join(f"{k}: {v:.4f}" if isinstance(v, float) else f"{k}: {v}" for k, v in kw.items())
        print(line, flush=True)
        print(line, file=self.log_file, flush=True)

    def loss(self, x, y):
        return F.cross_entropy(self.net(x), y, label_smoothing=self.cfg.label_smoothing)

    def fit_epoch(self):
        self.net.train()
        total = 0.0
        for x, y in self.train_loader:
            x, y = x.to(self.cfg.device), y.to(self.cfg.device)
            loss = self.loss(x, y)
            self.opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.cfg.clip_norm)
            self.opt.step()
            self.sched.step()
            total += loss.item()
        return total / len(self.train_loader)

    @torch.inference_mode()
    def evaluate(self, loader):
        self.net.eval()
        good = [self.net(x.to(self.cfg.device)).argmax(1).cpu() == y for x, y in loader]
        return torch.cat(good).float().mean().item() * 100

    def fit(self):
        best = -1.0
        for epoch in range(self.cfg.epochs):
            train_loss = self.fit_epoch()
            val_acc = self.evaluate(self.val_loader)
            self.log(epoch=epoch, train_loss=train_loss, val_acc=val_acc)
            if val_acc > best:
                best = val_acc
                torch.save(self.net.state_dict(), self.dir / "model.pt")
        self.net.load_state_dict(torch.load(self.dir / "model.pt", map_location=self.cfg.device))
        test_acc = self.evaluate(self.test_loader)
        self.log(best_val_acc=best, test_acc=test_acc)
        return test_acc


def parse() -> Config:
    parser = ArgumentParser()
    for f in fields(Config):
        parser.add_argument(f"--{f.name}", type=type(f.default), default=f.default)
    return Config(**vars(parser.parse_args()))


if __name__ == "__main__":
    cfg = parse()
    scores = [Trainer(replace(cfg, seed=seed)).fit() for seed in range(cfg.seeds)]
    print(f"accuracy {mean(scores):.2f} +- {stdev(scores):.2f}")
    summary = {"mean": mean(scores), "std": stdev(scores), "scores": scores}
    Path(cfg.out, "result.json").write_text(json.dumps(summary))
