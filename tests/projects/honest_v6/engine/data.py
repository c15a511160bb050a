import torch
from torch.utils.data import DataLoader, Subset
from torchvision import transforms as tf
from torchvision.datasets import CIFAR100

JITTER = [tf.RandomCrop(32, 4, padding_mode='reflect'), tf.RandomHorizontalFlip()]


def build_loaders(cfg):
    train_set = CIFAR100(cfg.data.root, train=True, download=True, transform=tf.Compose(JITTER + [tf.ToTensor()]))
    clean_set = CIFAR100(cfg.data.root, train=True, download=True, transform=tf.ToTensor())
    test_set = CIFAR100(cfg.data.root, train=False, download=True, transform=tf.ToTensor())
    order = torch.randperm(50000, generator=torch.Generator().manual_seed(cfg.data.split_seed)).tolist()
    val_set = Subset(clean_set, order[:cfg.data.held_out])
    train_set = Subset(train_set, order[cfg.data.held_out:])
    options = dict(num_workers=cfg.data.workers, pin_memory=torch.cuda.is_available())
    train_loader = DataLoader(train_set, cfg.data.batch_size, shuffle=True, drop_last=True, **options)
    val_loader = DataLoader(val_set, 1000, **options)
    test_loader = DataLoader(test_set, 1000, **options)
    return train_loader, val_loader, test_loader
