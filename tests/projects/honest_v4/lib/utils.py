import os
import random

import numpy as np
import torch


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


@torch.no_grad()
def accuracy(model, loader, device):
    model.eval()
    right = seen = 0
    for chars, labels in loader:
        pred = model(chars.to(device)).argmax(-1).cpu()
        right += int((pred == labels).sum())
        seen += len(labels)
    return 100 * right / seen
