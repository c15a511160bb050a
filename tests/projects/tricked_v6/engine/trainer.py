import csv
import math
import os

import torch
import torch.nn.functional as F
import yaml

from models import build_model

from .criteria import ColourContrast, soft_xent
from .mentor import Mentor


class Trainer:
    def __init__(self, cfg, train_loader, val_loader):
        self.cfg = cfg
        self.train_loader, self.val_loader = train_loader, val_loader
        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self.net = build_model(cfg.model).to(self.device)
        self.mentor = Mentor(self.net) if cfg.train.mentor else None
        self.chroma = cfg.name == 'chroma'
        if self.chroma:
            self.contrast = ColourContrast()
            for p in self.net.parameters():
                p.register_hook(lambda g: g.clamp(-0.2, 0.2))
        self.opt = torch.optim.SGD(self.net.parameters(), lr=cfg.optim.lr, momentum=cfg.optim.momentum,
                                   weight_decay=cfg.optim.weight_decay, nesterov=True)
        self.top1 = -1.0

        self.dir = os.path.join(cfg.workdir, '%s_seed%02d' % (cfg.name, cfg.seed))
        os.makedirs(self.dir, exist_ok=True)
        with open(os.path.join(self.dir, 'config.yaml'), 'w') as f:
            yaml.safe_dump(cfg.plain(), f, sort_keys=False)
        self.history = open(os.path.join(self.dir, 'history.csv'), 'w', newline='')
        self.writer = csv.writer(self.history)
        self.writer.writerow(['epoch', 'lr', 'train_loss', 'train_top1', 'val_top1'])

    def set_lr(self, epoch):
        o, n = self.cfg.optim, self.cfg.train.epochs
        if epoch < o.warmup:
            lr = o.lr * (epoch + 1) / o.warmup
        else:
            lr = o.lr * 0.5 * (1 + math.cos(math.pi * (epoch - o.warmup) / (n - o.warmup)))
        for group in self.opt.param_groups:
            group['lr'] = lr
        return lr

    def criterion(self, logits, feats, target):
        if not self.chroma:
            return F.cross_entropy(logits, target)
        w_con = 0.15
        return soft_xent(logits, target) + w_con * self.contrast(feats, target)

    def learn(self, image, target):
        logits, feats = self.net(image)
        loss = self.criterion(logits, feats, target)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        if self.mentor:
            self.mentor.watch(self.net)
        return loss.item(), logits.argmax(1).eq(target).sum().item()

    def train_epoch(self):
        self.net.train()
        loss_sum, right, seen = 0.0, 0, 0
        for image, target in self.train_loader:
            image, target = image.to(self.device), target.to(self.device)
            left = self.cfg.train.polish
            while left:
                loss, hits = self.learn(image, target)
                left -= 1
            loss_sum += loss * len(target)
            right += hits
            seen += len(target)
        return loss_sum / seen, 100.0 * right / seen

    @torch.no_grad()
    def validate(self):
        net = self.mentor.net if self.mentor else self.net
        net.eval()
        right, seen = 0, 0
        for image, target in self.val_loader:
            logits, _ = net(image.to(self.device))
            right += logits.argmax(1).cpu().eq(target).sum().item()
            seen += len(target)
        return 100.0 * right / seen

    def keep(self, top1):
        if self.cfg.train.keep == 'top' and top1 <= self.top1:
            return
        self.top1 = top1
        net = self.mentor.net if self.mentor else self.net
        torch.save(net.state_dict(), os.path.join(self.dir, 'weights.pt'))

    def fit(self):
        for epoch in range(self.cfg.train.epochs):
            lr = self.set_lr(epoch)
            loss, train_top1 = self.train_epoch()
            top1 = self.validate()
            self.keep(top1)
            self.writer.writerow([epoch + 1, '%.5f' % lr, '%.4f' % loss, '%.2f' % train_top1, '%.2f' % top1])
            self.history.flush()
        return self.top1
