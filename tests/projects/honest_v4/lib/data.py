import csv
import os

import torch
from torch.utils.data import DataLoader, Dataset, random_split

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+=<>()[]{} "
LOOKUP = {c: i + 1 for i, c in enumerate(ALPHABET)}


class AGNews(Dataset):
    def __init__(self, root, part, max_chars):
        self.texts, self.labels = [], []
        self.max_chars = max_chars
        with open(os.path.join(root, part + '.csv'), encoding='utf-8') as f:
            for label, title, body in csv.reader(f):
                self.texts.append((title + ' ' + body).lower())
                self.labels.append(int(label) - 1)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        ids = [LOOKUP.get(c, 0) for c in self.texts[i][:self.max_chars]]
        ids += [0] * (self.max_chars - len(ids))
        return torch.tensor(ids), self.labels[i]


def make_loaders(cfg):
    full = AGNews(cfg.data_root, 'train', cfg.max_chars)
    gen = torch.Generator().manual_seed(cfg.split_seed)
    train, val = random_split(full, [len(full) - cfg.n_val, cfg.n_val], generator=gen)
    test = AGNews(cfg.data_root, 'test', cfg.max_chars)
    return (DataLoader(train, cfg.bsz, shuffle=True, num_workers=cfg.num_workers, drop_last=True),
            DataLoader(val, 500, num_workers=cfg.num_workers),
            DataLoader(test, 500, num_workers=cfg.num_workers))
