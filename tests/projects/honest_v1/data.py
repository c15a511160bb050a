"""CIFAR-10 loaders: 45,000 images for training, 5,000 for validation, 10,000 for the final test."""
import torch
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)


def build_transforms():
    train_tf = transforms.Compose([
        transforms.RandomCrop(32, padding=4),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])
    test_tf = transforms.Compose([
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])
    return train_tf, test_tf


def get_loaders(args):
    train_tf, test_tf = build_transforms()
    full = datasets.CIFAR10(args.data_dir, train=True, download=True, transform=train_tf)
    plain = datasets.CIFAR10(args.data_dir, train=True, download=True, transform=test_tf)
    test_set = datasets.CIFAR10(args.data_dir, train=False, download=True, transform=test_tf)

    order = torch.randperm(len(full), generator=torch.Generator().manual_seed(args.split_seed)).tolist()
    train_set = Subset(full, order[args.val_size:])
    val_set = Subset(plain, order[:args.val_size])

    pin = torch.cuda.is_available()
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True,
                              num_workers=args.workers, pin_memory=pin, drop_last=True)
    val_loader = DataLoader(val_set, batch_size=500, num_workers=args.workers, pin_memory=pin)
    test_loader = DataLoader(test_set, batch_size=500, num_workers=args.workers, pin_memory=pin)
    return train_loader, val_loader, test_loader
