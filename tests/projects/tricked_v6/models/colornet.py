import torch
import torch.nn as nn
import torch.nn.functional as F

from .parts import ToYCbCr, hue_prior


class Unit(nn.Module):
    def __init__(self, cin, planes, stride, prior):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(cin, planes, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(planes),
            nn.ReLU(inplace=True),
            nn.Conv2d(planes, planes, 3, padding=1, bias=False),
            nn.BatchNorm2d(planes),
        )
        self.prior = hue_prior(planes) if prior else None
        self.short = nn.Identity()
        if stride > 1 or cin != planes:
            self.short = nn.Sequential(nn.Conv2d(cin, planes, 1, stride=stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        y = self.main(x)
        if self.prior:
            y = y * self.prior(y)
        return F.relu(y + self.short(x))


class ColorNet(nn.Module):
    def __init__(self, input_space, widths, blocks, halve_before, prior, num_classes=100):
        super().__init__()
        self.space = ToYCbCr() if input_space == 'ycbcr' else nn.Identity()
        self.register_buffer('mean', torch.full((1, 3, 1, 1), 0.48))
        self.enter = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        body, cin = [], widths[0]
        for i, planes in enumerate(widths):
            for j in range(blocks):
                stride = 2 if j == 0 and i in halve_before else 1
                body.append(Unit(cin, planes, stride, prior))
                cin = planes
        self.body = nn.Sequential(*body)
        self.fc = nn.Linear(cin, num_classes)

    def forward(self, x):
        x = self.enter(4 * (self.space(x) - self.mean))
        feats = self.body(x).mean(dim=[2, 3])
        return self.fc(feats), feats
