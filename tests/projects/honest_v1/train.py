"""Train the baseline or DilaNet on CIFAR-10, five seeds each.

    python train.py --method baseline
    python train.py --method ours
"""
import argparse
import json
import os
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from data import get_loaders
from model import build_model

parser = argparse.ArgumentParser(description='DilaNet')
parser.add_argument('--method', default='baseline', choices=['baseline', 'ours'])
parser.add_argument('--data-dir', default='./data')
parser.add_argument('--save-dir', default='./runs')
parser.add_argument('--epochs', default=100, type=int)
parser.add_argument('--batch-size', default=128, type=int)
parser.add_argument('--lr', default=0.1, type=float)
parser.add_argument('--momentum', default=0.9, type=float)
parser.add_argument('--weight-decay', default=5e-4, type=float)
parser.add_argument('--label-smoothing', default=0.1, type=float)
parser.add_argument('--clip-grad', default=5.0, type=float)
parser.add_argument('--val-size', default=5000, type=int)
parser.add_argument('--split-seed', default=2023, type=int)
parser.add_argument('--workers', default=4, type=int)
parser.add_argument('--seeds', default=[0, 1, 2, 3, 4], type=int, nargs='+')

device = 'cuda' if torch.cuda.is_available() else 'cpu'


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


class Logger:
    def __init__(self, path):
        self.file = open(path, 'w')

    def __call__(self, msg):
        print(msg)
        self.file.write(msg + '\n')
        self.file.flush()


def train_epoch(args, net, loader, optimizer):
    net.train()
    total_loss, correct, total = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
        logits = net(x)
        loss = F.cross_entropy(logits, y, label_smoothing=args.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), args.clip_grad)
        optimizer.step()
        total_loss += loss.item() * x.size(0)
        correct += (logits.argmax(1) == y).sum().item()
        total += x.size(0)
    return total_loss / total, 100.0 * correct / total


@torch.no_grad()
def evaluate(net, loader):
    net.eval()
    correct, total = 0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        correct += (net(x).argmax(1) == y).sum().item()
        total += y.size(0)
    return 100.0 * correct / total


def run(args, seed):
    set_seed(seed)
    out_dir = os.path.join(args.save_dir, '%s_s%d' % (args.method, seed))
    os.makedirs(out_dir, exist_ok=True)
    with open(os.path.join(out_dir, 'config.json'), 'w') as f:
        json.dump(dict(vars(args), seed=seed), f, indent=2)
    log = Logger(os.path.join(out_dir, 'log.txt'))
    ckpt = os.path.join(out_dir, 'ckpt.pth')

    train_loader, val_loader, test_loader = get_loaders(args)
    net = build_model(args.method).to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=args.momentum,
                                weight_decay=args.weight_decay, nesterov=True)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    log('params: %.2fM' % (sum(p.numel() for p in net.parameters()) / 1e6))

    best_val = -1.0
    for epoch in range(1, args.epochs + 1):
        start = time.time()
        lr = optimizer.param_groups[0]['lr']
        loss, train_acc = train_epoch(args, net, train_loader, optimizer)
        scheduler.step()
        val_acc = evaluate(net, val_loader)
        log('epoch %d lr %.5f train_loss %.4f train_acc %.2f val_acc %.2f time %.1fs' % (
            epoch, lr, loss, train_acc, val_acc, time.time() - start))
        if val_acc > best_val:
            best_val = val_acc
            torch.save({'net': net.state_dict(), 'val_acc': val_acc, 'epoch': epoch}, ckpt)

    net.load_state_dict(torch.load(ckpt, map_location=device)['net'])
    test_acc = evaluate(net, test_loader)
    log('best val_acc %.2f' % best_val)
    log('test_acc: %.2f' % test_acc)
    return test_acc


def main():
    args = parser.parse_args()
    print(args)
    accs = [run(args, seed) for seed in args.seeds]
    mean, std = np.mean(accs), np.std(accs, ddof=1)
    print('==> %s: test accuracy %.2f +- %.2f over %d seeds' % (args.method, mean, std, len(accs)))
    with open(os.path.join(args.save_dir, args.method + '_result.json'), 'w') as f:
        json.dump({'mean': mean, 'std': std, 'accs': accs}, f)


if __name__ == '__main__':
    main()
