"""python train.py configs/chroma.yaml --seed 0"""
import random

import numpy as np
import torch

from config import from_command_line
from engine import Trainer, build_loaders


def train(cfg):
    random.seed(cfg.seed)
    np.random.seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    return Trainer(cfg, *build_loaders(cfg)).fit()


if __name__ == '__main__':
    print('top-1: %.2f' % train(from_command_line()))
