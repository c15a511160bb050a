import torch
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    def __init__(self, a, b, stride=1, dilation=1):
        super(Residual, self).__init__()
        self.c1 = nn.Conv2d(a, b, 3, stride, dilation, dilation, bias=False)
        self.n1 = nn.BatchNorm2d(b)
        self.c2 = nn.Conv2d(b, b, 3, 1, dilation, dilation, bias=False)
        self.n2 = nn.BatchNorm2d(b)
        self.proj = nn.Conv2d(a, b, 1, stride, bias=False) if stride != 1 or a != b else nn.Identity()

    def forward(self, x):
        y = torch.relu(self.n1(self.c1(x)))
        y = self.n2(self.c2(y))
        return torch.relu(y + self.proj(x))


class DeepLite(nn.Module):
    """ResNet-ish encoder, small ASPP, one skip from the second stage."""

    def __init__(self, n_class=11):
        super(DeepLite, self).__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        self.stage1 = nn.Sequential(Residual(32, 48), Residual(48, 48))
        self.stage2 = nn.Sequential(Residual(48, 96, stride=2), Residual(96, 96))
        self.stage3 = nn.Sequential(Residual(96, 160, stride=2), Residual(160, 160))
        self.stage4 = nn.Sequential(Residual(160, 256, stride=2), Residual(256, 256))
        self.aspp = nn.ModuleList([nn.Conv2d(256, 64, 3, padding=r, dilation=r) for r in (1, 3, 6)])
        self.low = nn.Conv2d(96, 32, 1)
        self.head = nn.Sequential(nn.Conv2d(64 * 3 + 32, 96, 3, padding=1, bias=False), nn.BatchNorm2d(96), nn.ReLU(),
                                  nn.Conv2d(96, n_class, 1))

    def forward(self, x):
        low = self.stage2(self.stage1(self.stem(x)))
        y = self.stage4(self.stage3(low))
        y = torch.cat([torch.relu(branch(y)) for branch in self.aspp], 1)
        y = F.interpolate(y, size=low.shape[-2:], mode='bilinear', align_corners=False)
        y = self.head(torch.cat([y, self.low(low)], 1))
        return F.interpolate(y, size=x.shape[-2:], mode='bilinear', align_corners=False)
