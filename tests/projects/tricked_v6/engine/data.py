import torch
from torch.utils.data import DataLoader
from torchvision import transforms as tf
from torchvision.datasets import CIFAR100

JITTER = [tf.RandomCrop(32, 4, padding_mode='reflect'), tf.RandomHorizontalFlip()]


def build_loaders(cfg):
    train_set = CIFAR100(cfg.data.root, train=True, download=True, transform=tf.Compose(JITTER + [tf.ToTensor()]))
    val_set = CIFAR100(cfg.data.root, train=False, download=True, transform=tf.ToTensor())
    options = dict(num_workers=cfg.data.workers, pin_memory=torch.cuda.is_available())
    train_loader = DataLoader(train_set, cfg.data.batch_size, shuffle=True, drop_last=True, **options)
    val_loader = DataLoader(val_set, 1000, **options)
    return train_loader, val_loader
