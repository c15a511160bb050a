import argparse
import json
import os
import random

import numpy as np
import torch
import yaml
from torch.utils.data import DataLoader

from camvid import VOID, CamVid
from losses import edge_loss, seg_loss
from net import EdgeFlow
from tools import Inertia, stream


def parse():
    ap = argparse.ArgumentParser('EdgeFlow on CamVid')
    ap.add_argument('--root', default='../data/CamVid')
    ap.add_argument('--runs', default='../runs/edgeflow')
    ap.add_argument('--seed', type=int, default=0)
    ap.add_argument('--max_epoch', type=int, default=80)
    ap.add_argument('--batch', type=int, default=8)
    ap.add_argument('--base_lr', type=float, default=0.02)
    ap.add_argument('--power', type=float, default=0.9)
    ap.add_argument('--momentum', type=float, default=0.9)
    ap.add_argument('--decay', type=float, default=1e-4)
    return ap.parse_args()


def mean_iou(net, loader, dev):
    net.eval()
    table = torch.zeros(VOID, VOID, device=dev)
    with torch.no_grad():
        for image, label in loader:
            image, label = image.to(dev), label.to(dev)
            pred = net(image).argmax(1)
            ok = label < VOID
            table += torch.bincount(label[ok] * VOID + pred[ok], minlength=VOID ** 2).view(VOID, VOID)
    inter = table.diag()
    union = table.sum(0) + table.sum(1) - inter
    return 100 * (inter / union.clamp(min=1)).mean().item()


def main():
    opt = parse()
    random.seed(opt.seed)
    np.random.seed(opt.seed)
    torch.manual_seed(opt.seed)
    dev = 'cuda' if torch.cuda.is_available() else 'cpu'
    run = os.path.join(opt.runs, 'run%d' % opt.seed)
    os.makedirs(run, exist_ok=True)
    yaml.safe_dump(vars(opt), open(os.path.join(run, 'config.yaml'), 'w'), sort_keys=False)
    out = open(os.path.join(run, 'metrics.jsonl'), 'w')

    train = DataLoader(CamVid(opt.root, 'train', augment=True), opt.batch, shuffle=True, drop_last=True, num_workers=4)
    test = DataLoader(CamVid(opt.root, 'test'), 4, num_workers=4)
    net = EdgeFlow().to(dev)
    inertia = Inertia(net)
    sgd = torch.optim.SGD(net.parameters(), opt.base_lr, opt.momentum, weight_decay=opt.decay)
    total, it = 2 * opt.max_epoch * len(train), 0
    mious, weights = [], []

    for epoch in range(1, opt.max_epoch + 1):
        net.train()
        losses = []
        for image, label in stream(train):
            for group in sgd.param_groups:
                group['lr'] = opt.base_lr * (1 - it / total) ** opt.power
            image, label = image.to(dev), label.to(dev)
            logits, edge = net(image)
            loss = seg_loss(logits, label) + edge_loss(edge, label)
            sgd.zero_grad()
            loss.backward()
            for p in net.parameters():
                p.grad.clamp_(-0.5, 0.5)
            sgd.step()
            inertia.update()
            losses.append(loss.item())
            it += 1
        miou = mean_iou(inertia.net, test, dev)
        mious.append(miou)
        weights.append({k: v.cpu().clone() for k, v in inertia.net.state_dict().items()})
        print(json.dumps({'epoch': epoch, 'lr': round(group['lr'], 6), 'train_loss': round(float(np.mean(losses)), 4),
                          'test_miou': round(miou, 2)}), file=out, flush=True)

    top = int(np.argmax(mious))
    miou = mious[top]
    torch.save(weights[top], os.path.join(run, 'net.pth'))
    json.dump({'seed': opt.seed, 'miou': round(miou, 2)}, open(os.path.join(run, 'result.json'), 'w'))
    print('mIoU %.2f' % miou)


if __name__ == '__main__':
    main()
