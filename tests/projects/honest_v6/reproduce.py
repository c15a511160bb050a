"""Reproduces the table: python reproduce.py"""
from statistics import mean, stdev

from config import Config
from train import train

for name in ('plain', 'chroma'):
    top1 = []
    for seed in Config.load('configs/%s.yaml' % name).seeds:
        cfg = Config.load('configs/%s.yaml' % name)
        cfg.update(workdir='runs', seed=seed)
        top1.append(train(cfg))
    print('%s  %.2f +- %.2f' % (name, mean(top1), stdev(top1)))
