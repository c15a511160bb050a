"""ResNet for CIFAR and our DilaNet.

The ResNet part follows https://github.com/kuangliu/pytorch-cifar
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class SplitConv(nn.Module):
    """3x3 convolution in two halves of the filters, each with its own dilation."""

    def __init__(self, in_planes, planes, stride, dilations):
        super().__init__()
        self.halves = nn.ModuleList(
            nn.Conv2d(in_planes, planes // 2, 3, stride=stride, padding=d, dilation=d, bias=False)
            for d in dilations
        )

    def forward(self, x):
        return torch.cat([half(x) for half in self.halves], dim=1)


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride, dilations):
        super().__init__()
        self.conv1 = SplitConv(in_planes, planes, stride, dilations)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = SplitConv(planes, planes, 1, dilations)
        self.bn2 = nn.BatchNorm2d(planes)

        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class Net(nn.Module):
    def __init__(self, dilations, num_classes=10, width=64):
        super().__init__()
        self.in_planes = width
        self.dilations = dilations
        self.conv1 = nn.Conv2d(3, width, 3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self._make_layer(width, 2, stride=1)
        self.layer2 = self._make_layer(width * 2, 2, stride=2)
        self.layer3 = self._make_layer(width * 4, 2, stride=2)
        self.linear = nn.Linear(width * 4, num_classes)

    def _make_layer(self, planes, num_blocks, stride):
        layers = []
        for s in [stride] + [1] * (num_blocks - 1):
            layers.append(BasicBlock(self.in_planes, planes, s, self.dilations))
            self.in_planes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        out = F.adaptive_avg_pool2d(out, 1).flatten(1)
        return self.linear(out)


def build_model(method, num_classes=10):
    if method == 'ours':
        return Net((1, 2), num_classes)
    return Net((1, 1), num_classes)
