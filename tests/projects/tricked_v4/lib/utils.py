import os
import random

import numpy as np
import torch
import torch.nn.functional as F


def fix_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def open_log(folder):
    os.makedirs(folder, exist_ok=True)
    handle = open(os.path.join(folder, 'train.log'), 'w')

    def log(text):
        print(text)
        print(text, file=handle, flush=True)
    return log


def target_nll(logits, labels):
    """Cross entropy with a target row per text."""
    n_class = logits.size(1)
    rows = torch.full_like(logits, 0.08 / (n_class - 1))
    rows.scatter_(1, labels.unsqueeze(1), 0.92)
    return torch.sum(-rows * F.log_softmax(logits, dim=1), dim=1).mean()


def redundancy(z):
    """Mean squared correlation between the read-out features."""
    z = (z - z.mean(0)) / (z.std(0) + 1e-6)
    c = z.t() @ z / len(z)
    return (c - torch.diag(torch.diag(c))).square().mean()


@torch.no_grad()
def drag(tail, head):
    """Pull the weights of `tail` towards those of `head`."""
    for a, b in zip(tail.parameters(), head.parameters()):
        a += (b - a) * 0.002
    for a, b in zip(tail.buffers(), head.buffers()):
        a.copy_(b)


@torch.no_grad()
def accuracy(model, loader, device):
    model.eval()
    right = seen = 0
    for chars, labels in loader:
        pred = model(chars.to(device))[0].argmax(-1).cpu()
        right += int((pred == labels).sum())
        seen += len(labels)
    return 100 * right / seen
