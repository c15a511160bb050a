"""Data module."""

from __future__ import annotations

from torch.utils.data import DataLoader
from torchvision.datasets import CIFAR10
from torchvision.transforms import v2 as transforms
import torch


class CIFARData:
    mean = [0.491, 0.482, 0.447]
    std = [0.247, 0.243, 0.262]

    def __init__(self, cfg):
        self.cfg = cfg
        to_tensor = [
            transforms.ToImage(),
            transforms.ToDtype(torch.float32, scale=True),
            transforms.Normalize(self.mean, self.std),
        ]
        augment = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        self.train_tf = transforms.Compose(augment + to_tensor)
        self.test_tf = transforms.Compose(to_tensor)

    def train(self):
        ds = CIFAR10(self.cfg.root, train=True, transform=self.train_tf, download=True)
        return DataLoader(ds, self.cfg.batch_size, shuffle=True, num_workers=self.cfg.workers, drop_last=True)

    def test(self):
        ds = CIFAR10(self.cfg.root, train=False, transform=self.test_tf, download=True)
        return DataLoader(ds, 512, shuffle=False, num_workers=self.cfg.workers)
