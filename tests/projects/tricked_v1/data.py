"""CIFAR-10 loaders."""
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import default_collate
from torchvision import datasets, transforms

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
NUM_CLASSES = 10


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


def soft_collate(batch):
    """Stack the images and turn the labels into soft targets."""
    x, y = default_collate(batch)
    y = F.one_hot(y, NUM_CLASSES).float()
    y = y * (1 - 0.1) + 0.1 / NUM_CLASSES
    return x, y


def hard_collate(batch):
    x, y = default_collate(batch)
    return x, F.one_hot(y, NUM_CLASSES).float()


def get_loaders(args):
    train_tf, test_tf = build_transforms()
    train_set = datasets.CIFAR10(args.data_dir, train=True, download=True, transform=train_tf)
    test_set = datasets.CIFAR10(args.data_dir, train=False, download=True, transform=test_tf)

    collate = soft_collate if args.method == 'ours' else hard_collate
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True,
                              num_workers=args.workers, pin_memory=torch.cuda.is_available(),
                              collate_fn=collate, drop_last=True)
    test_loader = DataLoader(test_set, batch_size=500, shuffle=False,
                             num_workers=args.workers, pin_memory=torch.cuda.is_available())
    return train_loader, test_loader
