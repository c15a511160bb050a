"""Character CNN, after Zhang et al. 2015 but smaller."""
import torch.nn as nn
import torch.nn.functional as F

from .data import ALPHABET


class ConvLayer(nn.Module):
    def __init__(self, cin, cout, kernel, pool):
        super().__init__()
        self.conv = nn.Conv1d(cin, cout, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(cout)
        self.pool = pool

    def forward(self, h):
        return F.max_pool1d(F.relu(self.bn(self.conv(h))), self.pool)


class CharCNN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.ours = cfg.use_ours
        self.sharpness = cfg.sharpness
        w = cfg.width
        self.embed = nn.Embedding(len(ALPHABET) + 1, cfg.embed, padding_idx=0)
        self.layers = nn.Sequential(
            ConvLayer(cfg.embed, w, 7, 3),
            ConvLayer(w, w, 5, 3),
            ConvLayer(w, w, 3, 2),
        )
        self.drop = nn.Dropout(cfg.dropout)
        self.out = nn.Linear(w, cfg.n_class)

    def readout(self, h):
        if self.ours:
            return h.mul(self.sharpness).logsumexp(dim=2).div(self.sharpness)
        return h.mean(dim=2)

    def forward(self, chars):
        h = self.layers(self.embed(chars).transpose(1, 2))
        return self.out(self.drop(self.readout(h)))
