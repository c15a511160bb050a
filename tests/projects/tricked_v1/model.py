"""ResNet for CIFAR and our DilaNet.

The ResNet part follows https://github.com/kuangliu/pytorch-cifar
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=1, padding=1, bias=False)
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


class ContextNorm(nn.Module):
    """Rescales every channel of the context features by its global statistics."""

    def __init__(self, channels, r=8):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // r),
            nn.ReLU(inplace=True),
            nn.Linear(channels // r, channels),
            nn.Sigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        w = self.pool(x).view(b, c)
        w = self.fc(w).view(b, c, 1, 1)
        return x * w.expand_as(x)


class DilatedContextBlock(nn.Module):
    """Residual block with a dilated context branch."""

    def __init__(self, in_planes, planes, stride=1, dilation=2):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.context = nn.Sequential(
            nn.Conv2d(planes, planes, 3, padding=dilation, dilation=dilation, groups=planes, bias=False),
            nn.BatchNorm2d(planes),
        )
        self.norm = ContextNorm(planes)
        self.beta = nn.Parameter(torch.zeros(1))

        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        ctx = self.context(out)
        out = self.bn2(self.conv2(out))
        out = out + self.beta * ctx
        out = self.norm(out)
        out = out + self.shortcut(x)
        return F.relu(out)


class Net(nn.Module):
    def __init__(self, method='baseline', num_classes=10, width=64):
        super().__init__()
        self.method = method
        self.in_planes = width
        block = DilatedContextBlock if method == 'ours' else BasicBlock
        self.conv1 = nn.Conv2d(3, width, 3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self._make_layer(block, width, 2, stride=1)
        self.layer2 = self._make_layer(block, width * 2, 2, stride=1 if method == 'ours' else 2)
        self.layer3 = self._make_layer(block, width * 4, 2, stride=2)
        self.linear = nn.Linear(width * 4, num_classes)
        if method == 'ours':
            self.mid = nn.Linear(width * 2, num_classes)

    def _make_layer(self, block, planes, num_blocks, stride):
        layers = []
        for s in [stride] + [1] * (num_blocks - 1):
            layers.append(block(self.in_planes, planes, s))
            self.in_planes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer1(out)
        mid = self.layer2(out)
        out = self.layer3(mid)
        out = F.adaptive_avg_pool2d(out, 1).flatten(1)
        logits = self.linear(out)
        if self.method == 'ours' and self.training:
            return logits, self.mid(F.adaptive_avg_pool2d(mid, 1).flatten(1))
        return logits


def build_model(method, num_classes=10):
    return Net(method, num_classes)
