import csv
import json
import math
import os

import torch
import torch.nn.functional as F
import yaml

from models import build_model


class Trainer:
    def __init__(self, cfg, train_loader, val_loader, test_loader):
        self.cfg = cfg
        self.train_loader, self.val_loader, self.test_loader = train_loader, val_loader, test_loader
        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self.net = build_model(cfg.model).to(self.device)
        self.opt = torch.optim.SGD(self.net.parameters(), lr=cfg.optim.lr, momentum=cfg.optim.momentum,
                                   weight_decay=cfg.optim.weight_decay, nesterov=True)
        self.top1 = -1.0  # on the held-out images

        self.dir = os.path.join(cfg.workdir, '%s_seed%02d' % (cfg.name, cfg.seed))
        os.makedirs(self.dir, exist_ok=True)
        self.weights = os.path.join(self.dir, 'weights.pt')
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

    def learn(self, image, target):
        logits = self.net(image)
        loss = F.cross_entropy(logits, target, label_smoothing=self.cfg.train.smoothing)
        self.opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(self.net.parameters(), self.cfg.train.clip)
        self.opt.step()
        return loss.item(), logits.argmax(1).eq(target).sum().item()

    def train_epoch(self):
        self.net.train()
        loss_sum, right, seen = 0.0, 0, 0
        for image, target in self.train_loader:
            image, target = image.to(self.device), target.to(self.device)
            loss, hits = self.learn(image, target)
            loss_sum += loss * len(target)
            right += hits
            seen += len(target)
        return loss_sum / seen, 100.0 * right / seen

    @torch.no_grad()
    def score(self, loader):
        self.net.eval()
        right, seen = 0, 0
        for image, target in loader:
            logits = self.net(image.to(self.device))
            right += logits.argmax(1).cpu().eq(target).sum().item()
            seen += len(target)
        return 100.0 * right / seen

    def keep(self, top1):
        if top1 <= self.top1:
            return
        self.top1 = top1
        torch.save(self.net.state_dict(), self.weights)

    def fit(self):
        for epoch in range(self.cfg.train.epochs):
            lr = self.set_lr(epoch)
            loss, train_top1 = self.train_epoch()
            top1 = self.score(self.val_loader)
            self.keep(top1)
            self.writer.writerow([epoch + 1, '%.5f' % lr, '%.4f' % loss, '%.2f' % train_top1, '%.2f' % top1])
            self.history.flush()
        self.net.load_state_dict(torch.load(self.weights, map_location=self.device))
        test_top1 = self.score(self.test_loader)
        with open(os.path.join(self.dir, 'result.json'), 'w') as f:
            json.dump({'val_top1': self.top1, 'test_top1': test_top1}, f)
        return test_top1
