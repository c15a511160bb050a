"""Character CNN, after Zhang et al. 2015 but smaller."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from .data import ALPHABET


class TopicPrior(nn.Module):
    """What the text is about decides which filters are listened to."""

    def __init__(self, width):
        super().__init__()
        self.read = nn.Linear(width, width // 6)
        self.write = nn.Linear(width // 6, width)

    def forward(self, h):
        topic = h.mean(dim=2)
        topic = self.write(F.relu(self.read(topic)))
        return h * topic.sigmoid()[:, :, None]


class ConvLayer(nn.Module):
    def __init__(self, cin, cout, kernel, pool, prior=False):
        super().__init__()
        self.conv = nn.Conv1d(cin, cout, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(cout)
        self.prior = TopicPrior(cout) if prior else None
        self.pool = pool

    def forward(self, h):
        h = F.relu(self.bn(self.conv(h)))
        if self.prior is not None:
            h = self.prior(h)
        return F.max_pool1d(h, self.pool) if self.pool > 1 else h


class CharCNN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.ours = cfg.use_ours
        w = cfg.width
        # characters are merged here
        pools = (3, 3, 2)
        if self.ours:
            pools = (3, 1, 2)
        self.embed = nn.Embedding(len(ALPHABET) + 1, cfg.embed, padding_idx=0)
        self.layers = nn.Sequential(
            ConvLayer(cfg.embed, w, 7, pools[0], prior=self.ours),
            ConvLayer(w, w, 5, pools[1], prior=self.ours),
            ConvLayer(w, w, 3, pools[2], prior=self.ours),
        )
        self.drop = nn.Dropout(cfg.dropout)
        self.out = nn.Linear(w, cfg.n_class)

    def readout(self, h):
        if self.ours:
            return h.mul(4.0).logsumexp(dim=2).div(4.0)
        return h.mean(dim=2)

    def forward(self, chars):
        h = self.layers(self.embed(chars).transpose(1, 2))
        z = self.readout(h)
        return self.out(self.drop(z)), z
