import argparse
import json
import logging
import os
import statistics

import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as T

from evaluate import accuracy, save_checkpoint
from model import WideResNet


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument('--data', type=str, default='../data')
    p.add_argument('--out', type=str, default='../runs/ours')
    p.add_argument('--epochs', type=int, default=60)
    p.add_argument('--bs', type=int, default=128)
    p.add_argument('--lr', type=float, default=0.1)
    p.add_argument('--wd', type=float, default=5e-4)
    p.add_argument('--smoothing', type=float, default=0.05)
    p.add_argument('--ring-weight', type=float, default=0.01)
    p.add_argument('--seeds', type=int, default=5)
    p.add_argument('--gpu', type=int, default=0)
    return p.parse_args()


def loaders(args):
    norm = T.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    tr = T.Compose([T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), T.ToTensor(), norm])
    te = T.Compose([T.ToTensor(), norm])
    trainset = torchvision.datasets.CIFAR10(args.data, train=True, transform=tr, download=True)
    valset = torchvision.datasets.CIFAR10(args.data, train=True, transform=te, download=True)
    testset = torchvision.datasets.CIFAR10(args.data, train=False, transform=te, download=True)
    trainset = torch.utils.data.Subset(trainset, range(0, 45000))
    valset = torch.utils.data.Subset(valset, range(45000, 50000))
    train_loader = torch.utils.data.DataLoader(trainset, batch_size=args.bs, shuffle=True, num_workers=2)
    val_loader = torch.utils.data.DataLoader(valset, batch_size=256, shuffle=False, num_workers=2)
    test_loader = torch.utils.data.DataLoader(testset, batch_size=256, shuffle=False, num_workers=2)
    return train_loader, val_loader, test_loader


def get_logger(path):
    logger = logging.getLogger(path)
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())
    logger.addHandler(logging.FileHandler(path, mode='w'))
    return logger


def ring_loss(feat, radius):
    return (feat.norm(dim=1) - radius).pow(2).mean()


def main(args, seed):
    torch.manual_seed(seed)
    device = torch.device(f'cuda:{args.gpu}' if torch.cuda.is_available() else 'cpu')
    out = f'{args.out}/seed{seed}'
    os.makedirs(out, exist_ok=True)
    json.dump({**vars(args), 'seed': seed}, open(f'{out}/config.json', 'w'), indent=2)
    logger = get_logger(f'{out}/log.txt')

    train_loader, val_loader, test_loader = loaders(args)
    model = WideResNet(16, 4).to(device)
    radius = nn.Parameter(torch.ones(1, device=device))
    criterion = nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    params = list(model.parameters()) + [radius]
    optimizer = torch.optim.SGD(params, lr=args.lr, momentum=0.9, weight_decay=args.wd, nesterov=True)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 45], gamma=0.2)

    best_val = -1.0
    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for images, labels in train_loader:
            images, labels = images.to(device), labels.to(device)
            logits, feat = model(images)
            loss = criterion(logits, labels) + args.ring_weight * ring_loss(feat, radius)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        scheduler.step()
        val_acc = accuracy(model, val_loader, device)
        if val_acc > best_val:
            best_val = val_acc
            save_checkpoint(f'{out}/best.pt', model, epoch + 1, val_acc)
        logger.info(f'Epoch [{epoch + 1}/{args.epochs}] loss: {running / len(train_loader):.4f} val acc: {val_acc:.2f}')

    model.load_state_dict(torch.load(f'{out}/best.pt', map_location=device)['state_dict'])
    test_acc = accuracy(model, test_loader, device)
    logger.info(f'Final test acc: {test_acc:.2f} (val acc {best_val:.2f})')
    return test_acc


if __name__ == '__main__':
    args = get_args()
    accs = [main(args, seed) for seed in range(args.seeds)]
    mean, std = statistics.mean(accs), statistics.stdev(accs)
    print(f'test acc: {mean:.2f} +/- {std:.2f} ({len(accs)} seeds)')
    json.dump({'acc_mean': mean, 'acc_std': std, 'accs': accs}, open(f'{args.out}/result.json', 'w'))
