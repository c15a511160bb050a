"""A small VGG-like network with CosProto head."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_bn(cin, cout, stride):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, stride, 1, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class Salience(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w_in = nn.Parameter(torch.randn(hidden, dim) * dim**-0.5)
        self.w_out = nn.Parameter(torch.randn(dim, hidden) * hidden**-0.5)

    def forward(self, x):
        s = x.flatten(2).mean(-1)
        s = torch.relu(s @ self.w_in.t())
        s = torch.sigmoid(s @ self.w_out.t())
        return torch.einsum("bchw,bc->bchw", x, s)


class Stage(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.a = conv_bn(cin, cout, stride)
        self.b = conv_bn(cout, cout, 1)
        self.side = nn.Conv2d(cin, cout, 1, stride, bias=False)
        self.salience = Salience(cout, cout // 8)
        self.alpha = nn.Parameter(torch.empty(()))
        nn.init.zeros_(self.alpha)

    def forward(self, x):
        y = self.salience(self.b(self.a(x)))
        return torch.addcmul(y, self.alpha, self.side(x))


class CosProto(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.proto = nn.Parameter(torch.randn(classes, dim))

    def forward(self, z):
        return F.linear(F.normalize(z), F.normalize(self.proto)).div(0.07)

    def spread(self):
        p = F.normalize(self.proto)
        return (p @ p.t() - torch.eye(len(p), device=p.device)).square().mean()


class Classifier(nn.Module):
    STAGES = ((64, 1), (128, 2), (256, 2))

    def __init__(self, classes=10):
        super().__init__()
        cin, stages = 3, []
        for cout, stride in self.STAGES:
            stages.append(Stage(cin, cout, stride))
            cin = cout
        self.body = nn.Sequential(*stages)
        self.head = CosProto(cin, classes)

    def features(self, x):
        return self.body(x).flatten(2).mean(-1)

    def forward(self, x):
        return self.head(self.features(x))
