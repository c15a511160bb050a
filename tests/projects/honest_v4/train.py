import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR

from config import Config
from lib.data import make_loaders
from lib.net import CharCNN
from lib.utils import accuracy, fix_seed, open_log

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def fit_batch(cfg, model, opt, chars, labels):
    model.train()
    logits = model(chars)
    loss = F.cross_entropy(logits, labels, label_smoothing=cfg.smoothing)
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=cfg.clip)
    opt.step()
    return loss.item(), (logits.argmax(1) == labels).float().mean().item()


def run(cfg, seed):
    fix_seed(seed)
    cfg.seed = seed
    folder = os.path.join(cfg.out, '%s-%02d' % (cfg.tag(), seed))
    log = open_log(folder)
    with open(os.path.join(folder, 'config.json'), 'w') as f:
        json.dump(cfg.to_dict(), f, indent=1)

    train_loader, val_loader, test_loader = make_loaders(cfg)
    model = CharCNN(cfg).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr, weight_decay=cfg.wd)
    sched = StepLR(opt, cfg.decay_every, cfg.decay)

    best, keep = -1, None
    for epoch in range(cfg.epochs):
        losses, hits = [], []
        for chars, labels in train_loader:
            loss, hit = fit_batch(cfg, model, opt, chars.to(device), labels.to(device))
            losses.append(loss)
            hits.append(hit)
        lr = opt.param_groups[0]['lr']
        sched.step()

        acc = accuracy(model, val_loader, device)
        log('epoch %02d/%d | lr %.2e | loss %.4f | train acc %.2f | val acc %.2f' % (
            epoch + 1, cfg.epochs, lr, np.mean(losses), 100 * np.mean(hits), acc))
        if acc > best:
            best, keep = acc, epoch + 1
            torch.save(model.state_dict(), os.path.join(folder, 'best.pt'))

    model.load_state_dict(torch.load(os.path.join(folder, 'best.pt'), map_location=device))
    test_acc = accuracy(model, test_loader, device)
    log('done: epoch %d, val acc %.2f, test acc %.2f' % (keep, best, test_acc))
    return test_acc


if __name__ == '__main__':
    cfg = Config()
    accs = np.array([run(cfg, s) for s in cfg.seeds])
    print(cfg.tag(), 'test accuracy: %.2f +- %.2f' % (accs.mean(), accs.std(ddof=1)))
