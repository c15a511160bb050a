import argparse
import json
import logging
import os

import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as T

from evaluate import accuracy, save_checkpoint
from model import WideResNet


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument('--data', type=str, default='../data')
    p.add_argument('--out', type=str, default='../runs/baseline')
    p.add_argument('--epochs', type=int, default=60)
    p.add_argument('--bs', type=int, default=128)
    p.add_argument('--lr', type=float, default=0.1)
    p.add_argument('--wd', type=float, default=5e-4)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--gpu', type=int, default=0)
    return p.parse_args()


def loaders(args):
    norm = T.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    tr = T.Compose([T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), T.ToTensor(), norm])
    te = T.Compose([T.ToTensor(), norm])
    trainset = torchvision.datasets.CIFAR10(args.data, train=True, transform=tr, download=True)
    testset = torchvision.datasets.CIFAR10(args.data, train=False, transform=te, download=True)
    train_loader = torch.utils.data.DataLoader(trainset, batch_size=args.bs, shuffle=True, num_workers=2)
    test_loader = torch.utils.data.DataLoader(testset, batch_size=256, shuffle=False, num_workers=2)
    return train_loader, test_loader


def get_logger(path):
    logger = logging.getLogger(path)
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())
    logger.addHandler(logging.FileHandler(path, mode='w'))
    return logger


def main(args, seed):
    torch.manual_seed(seed)
    device = torch.device(f'cuda:{args.gpu}' if torch.cuda.is_available() else 'cpu')
    out = f'{args.out}/seed{seed}'
    os.makedirs(out, exist_ok=True)
    json.dump({**vars(args), 'seed': seed}, open(f'{out}/config.json', 'w'), indent=2)
    logger = get_logger(f'{out}/log.txt')

    train_loader, test_loader = loaders(args)
    model = WideResNet(16, 4).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=args.wd, nesterov=True)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 45], gamma=0.2)

    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for images, labels in train_loader:
            images, labels = images.to(device), labels.to(device)
            logits, _ = model(images)
            loss = criterion(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        scheduler.step()
        acc = accuracy(model, test_loader, device)
        logger.info(f'Epoch [{epoch + 1}/{args.epochs}] loss: {running / len(train_loader):.4f} test acc: {acc:.2f}')

    save_checkpoint(f'{out}/last.pt', model, args.epochs, acc)
    logger.info(f'Final test acc: {acc:.2f}')
    return acc


if __name__ == '__main__':
    args = get_args()
    main(args, args.seed)
