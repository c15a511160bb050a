"""A small VGG-like network with two heads to choose from."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_bn(cin, cout, stride):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, stride, 1, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class Stage(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.a = conv_bn(cin, cout, stride)
        self.b = conv_bn(cout, cout, 1)

    def forward(self, x):
        return self.b(self.a(x))


class LinearHead(nn.Module):
    def __init__(self, dim, classes, temperature):
        super().__init__()
        self.temperature = temperature
        self.proto = nn.Parameter(torch.randn(classes, dim) * dim**-0.5)

    def forward(self, z):
        return F.linear(z, self.proto) / self.temperature


class CosProto(LinearHead):
    def forward(self, z):
        return F.linear(F.normalize(z), F.normalize(self.proto)) / self.temperature


HEADS = {"linear": LinearHead, "cosproto": CosProto}


class Classifier(nn.Module):
    STAGES = ((64, 2), (128, 2), (256, 2))

    def __init__(self, head, temperature, classes=10):
        super().__init__()
        cin, stages = 3, []
        for cout, stride in self.STAGES:
            stages.append(Stage(cin, cout, stride))
            cin = cout
        self.body = nn.Sequential(*stages)
        self.head = HEADS[head](cin, classes, temperature)

    def features(self, x):
        return self.body(x).flatten(2).mean(-1)

    def forward(self, x):
        return self.head(self.features(x))
