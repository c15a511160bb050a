import torch.nn as nn
import torch.nn.functional as F


class WideBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(cin)
        self.conv1 = nn.Conv2d(cin, cout, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, kernel_size=3, stride=1, padding=1, bias=False)
        self.skip = None
        if cin != cout or stride != 1:
            self.skip = nn.Conv2d(cin, cout, kernel_size=1, stride=stride, bias=False)

    def forward(self, x):
        h = F.relu(self.bn1(x))
        s = x if self.skip is None else self.skip(h)
        h = self.conv1(h)
        h = self.conv2(F.relu(self.bn2(h)))
        return h + s


class WideResNet(nn.Module):
    def __init__(self, depth=16, widen=4, num_classes=10):
        super().__init__()
        n = (depth - 4) // 6
        chans = [16, 16 * widen, 32 * widen, 64 * widen]
        strides = [1, 2, 2]
        self.stem = nn.Conv2d(3, chans[0], kernel_size=3, stride=1, padding=1, bias=False)
        stages = []
        for i in range(3):
            blocks = [WideBlock(chans[i], chans[i + 1], strides[i])]
            for _ in range(n - 1):
                blocks.append(WideBlock(chans[i + 1], chans[i + 1], 1))
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.bn = nn.BatchNorm2d(chans[-1])
        self.fc = nn.Linear(chans[-1], num_classes)

        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, x):
        h = self.stages(self.stem(x))
        h = F.relu(self.bn(h))
        feat = h.mean(dim=(2, 3))
        return self.fc(feat), feat
