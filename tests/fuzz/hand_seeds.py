"""Seeds written by hand, for formats that no library here writes; each gives at least one fact."""

# ruff: noqa: E501  # a line here is a line of somebody's file

from __future__ import annotations

import json

LOG_ROWS = "epoch,step,train_loss,val_acc\n0,9,0.9,\n0,9,,0.5\n1,19,0.7,\n1,19,,0.6\n"

RUN_OF_OPENMMLAB = """\
default_scope = 'mmdet'
model = dict(type='FasterRCNN', backbone=dict(type='ResNet', depth=50))
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001))
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=True, milestones=[8, 11], end=12)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
train_dataloader = dict(batch_size=2, num_workers=2, dataset=dict(type='CocoDataset'))
custom_hooks = [dict(type='EMAHook', momentum=0.0002)]
randomness = dict(seed=3)
"""

SCRIPT = """\
import argparse, torch
from dataclasses import dataclass
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=3e-4)
parser.add_argument("--batch-size", "-b", default=2 * 32)
parser.add_argument("--epochs", default=90, help="how long")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3)
        self.norm = torch.nn.BatchNorm2d(8)

    def forward(self, x):
        return x + torch.relu(self.norm(self.conv(x)))

optimizer = torch.optim.AdamW(Net().parameters(), lr=args.lr, weight_decay=0.05)
for epoch in range(args.epochs):
    loss = 0.3 * ce(out, y) + 0.7 * kl(out, teacher)
"""

PAPER = r"""\documentclass{article}
\newcommand{\ours}{GateNet}\newcommand{\up}[1]{\textbf{#1}}
\begin{document}
We train all models for 90 epochs with batch size 256. Results are averaged over 5 seeds.
\begin{table}\caption{Top-1 accuracy on CIFAR-10, mean of 5 runs.}
\begin{tabular}{l|cc}
\toprule
Method & \multicolumn{2}{c}{CIFAR-10} \\
 & Acc (\%) & Params \\
\midrule
Baseline & 91.20 $\pm$ 0.1 & 11.2M \\
\ours{} (ours) & \up{92.60} $\pm$ 0.2 & 11.3M \\
\multirow{2}{*}{Other~\cite{x}} & 90.1 & 10M \\
 & 90.3 & 10M \\
\bottomrule
\end{tabular}\end{table}
Our method improves accuracy from 91.2 to 92.6 ($+1.4$).
\end{document}
"""

PAGE = """<!DOCTYPE html><html><head><title>Gate</title><style>p {}</style></head><body>
<p>We train for 90 epochs. Our model improves accuracy from 91.2 to 92.6.</p>
<table><caption>Table 1. Test accuracy over 5 seeds.</caption>
<tr><th rowspan=2>Method</th><th colspan="2">CIFAR-10</th></tr><tr><th>acc</th><th>F1</th></tr>
<tr><td>Baseline</td><td>91.2</td><td>0.91</td></tr><tr><td><b>Ours</b></td><td>92.6&plusmn;0.2</td>
<td>0.92</td></tr></table><script>var x = "<table>";</script></body></html>
"""

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Gate\n", "| Ours | 92.6 |"]},
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["lr = 0.1\n", "!pip install x\n"],
         "outputs": [{"output_type": "stream", "name": "stdout",
                      "text": [f"epoch {i} loss 0.{9 - i} acc 0.{i}\n" for i in range(5)]}]},
    ],
    "metadata": {"kernelspec": {"language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip

HELM_STATS = [
    {"name": {"name": "exact_match", "split": "test"}, "count": 9, "sum": 8.0, "mean": 0.89},
    {"name": {"name": "num_references", "split": "test"}, "count": 9, "sum": 9.0, "mean": 1.0},
]
SAMPLE = {
    "doc_id": 0, "doc": {"text": "a"}, "target": "1", "arguments": {"gen_args_0": {"arg_0": "Q", "arg_1": "no"}},
    "resps": [[["-3.0", "True"]]], "filtered_resps": [["-3.0", "True"]], "filter": "none", "metrics": ["acc"],
    "doc_hash": "h0", "prompt_hash": "p0", "target_hash": "t0", "acc": 1.0,
}  # fmt: skip
GAME = {"question_id": 1, "model_1": "base", "model_2": "ours", "g1_winner": "model_1", "g2_winner": "tie",
        "judge": ["gpt-4", "pair-v2"], "turn": 1}  # fmt: skip
BATTLE = {
    "question_id": "q",
    "model_a": "x",
    "model_b": "y",
    "turn": 1,
    "winner": "model_b",
    "judge": "expert_1",
}
ANSWER = {
    "id": 1,
    "question": "Q?",
    "label": "yes",
    "prediction": "no",
    "probabilities": [0.4, 0.6],
    "seed": 0,
}
RECORDING = [
    {"kind": "start", "t": 0.0, "schema": "netgain/recording/1", "python": "3.11.7"},
    {"kind": "config", "t": 0.1, "settings": {"lr": 0.1, "batch_size": 8}},
    {"kind": "steps", "t": 1.0, "steps": 10, "drawn": 80, "unique": 40, "trained": 160, "evaluated": 0,
     "passes": 2, "rates": [[1, 0.1], [10, 0.01]]},
    {"kind": "score", "t": 1.1, "split": "test", "steps": 10, "epoch": 1.0, "metrics": {"accuracy": 91.5}},
    {"kind": "end", "t": 2.0, "status": "finished"},
]  # fmt: skip
MM_ROWS = [
    {"mode": "train", "epoch": 1, "iter": 50, "lr": 0.1, "loss": 2.0},
    {"mode": "val", "epoch": 1, "iter": 99, "lr": 0.1, "bbox_mAP": 0.25},
]


def _lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


HISTORIES = NOTEBOOK | {
    "cells": [
        {
            "cell_type": "code",
            "source": ["print(h.history)\n"],
            "metadata": {},
            "execution_count": 1,
            "outputs": [
                {
                    "output_type": "stream",
                    "name": "stdout",
                    "text": [
                        "{'val_loss': [0.99, 0.8], 'val_accuracy': [0.5, 0.61], 'loss': [1.2, 0.9]}\n"
                    ],
                }
            ],
        },
        {
            "cell_type": "code",
            "source": ["model.fit(x, y, epochs=2)\n"],
            "metadata": {},
            "execution_count": 2,
            "outputs": [
                {
                    "output_type": "execute_result",
                    "metadata": {},
                    "execution_count": 2,
                    "data": {"text/plain": ["{'loss': [1.0], 'accuracy': [0.4]}"]},
                }
            ],
        },
    ]
}


HAND: dict[str, list[tuple[str, bytes]]] = {
    "idx": [
        ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x02" + bytes(range(8))),
        ("t10k-images-idx2-ubyte", b"\0\0\x0d\x02\0\0\0\x02\0\0\0\x02" + bytes(16)),
    ],
    "settings-yaml": [
        ("config.yaml", b"seed: 1\noptimizer: {lr: 0.1, betas: [0.9, 0.99]}\ntrain:\n  epochs: 9\n  bs: &b 32\neval: *b\n"),
        ("args.yaml", b"defaults: &d\n  lr: 1e-3\nours:\n  <<: *d\n  gate: yes\npath: ${oc.env:HOME}\n"),
    ],
    "settings-text": [
        ("args.txt", b"batch_size,128\nlr,0.001\nmaxlen,50\nhidden_units,50\nnum_epochs,201\ndevice,cuda\n"),
        ("exp_config.txt", b"batch_size    20\ninitial_lr    0.0001\nseq_len  35\nmodel    GRU\nseed 1111\n"),
        ("opt.txt", b"--------- Options ---------\n   batchSize: 1   [default: 4]\n   lr: 0.0002\n   niter: 100\n------ End ------\n"),
        ("config.txt", b"Namespace(batch_size=32, lr=0.1, epochs=90, seed=3, path='/data', betas=[0.9, 0.99])\n"),
    ],
    "text-log": [
        ("log.txt", b"epoch (val_ndcg, val_hr) (test_ndcg, test_hr)\n20 (0.58, 0.84) (0.57, 0.82)\n40 (0.60, 0.85) (0.59, 0.83)\n"),
        ("train.log", b"Run: 01, Epoch: 02, Loss: 0.91, Train: 71.20%, Valid: 70.10%, Test: 69.90%\n"
                      b"Run: 01, Epoch: 03, Loss: 0.81, Train: 72.20%, Valid: 71.10%, Test: 70.90%\n"
                      b"All runs:\nHighest Train: 72.20 \xc2\xb1 0.30\n  Final Test: 70.90 \xc2\xb1 0.20\n"),
        ("darknet.log", b" 100: 12.300000, 13.100000 avg loss, 0.001000 rate, 3.2 seconds, 6400 images, 1.0 hours left\n"
                        b" 101: 11.300000, 12.100000 avg loss, 0.001000 rate, 3.2 seconds, 6464 images, 1.0 hours left\n"),
        ("out.log", b"1 \ttrain loss=0.70 \tvalid loss=0.69\n2 \ttrain loss=0.60 \tvalid loss=0.59\n3 \ttrain loss=0.50 \tvalid loss=0.55\n"
                    b"test acc on best model = 0.66\nTrain(L=0.7 | A=0.5) Val(L=0.6 | A=0.6)\n"),
        ("episodes.log", b"Episode   11 | reward -1200.5 | steps 200\n  eval @ ep 10: -167.45 +/- 61.51\nEpisode   12 | reward -1100.5 | steps 200\n"),
        ("scores.log", b"LOSS train 1.65 valid 1.53\nepoch 2: OrderedDict([('loss', 0.3), ('acc', tensor(0.91, device='cuda:0'))])\n"
                       b"              precision    recall  f1-score   support\n    accuracy                           0.91       100\n"
                       b"   macro avg       0.90      0.91      0.90       100\n"),
    ],
    "script-record": [
        ("lr0.1_bs32.json", b'{"lr": 0.1, "batch_size": 32, "epochs": 3, "seed": 1, "test_accuracy": 0.9}'),
        ("out.csv", b"epoch,lr,train_loss,test_accuracy\n1,0.1,0.9,0.5\n2,0.1,0.8,0.6\n"),
    ],
    "markdown": [
        ("log.md", b"# Training log\n\n```\nEpoch 1/3 loss 0.9 acc 0.5\nEpoch 2/3 loss 0.8 acc 0.6\n```\n\n| epoch | loss |\n|---|---|\n| 1 | 0.9 |\n"),
    ],
    "latex": [("paper.tex", PAPER.encode())],
    "html": [("page.html", PAGE.encode())],
    "python": [("train.py", SCRIPT.encode())],
    "notebook": [("train.ipynb", _json(NOTEBOOK)), ("history.ipynb", _json(HISTORIES))],
    "launch-script": [
        ("run.sh", b"#!/bin/bash\nfor s in 0 1 2; do\npython train.py --lr 0.1 --batch-size 32 \\\n  --epochs 9 --seed $s\ndone\n"
                   b"torchrun --nproc_per_node 8 main.py model=ours trainer.max_epochs=3\n"),
    ],
    "mlperf-system": [
        ("system.json", _json({"system_name": "a", "accelerators_per_node": "8", "number_of_nodes": "1",
                               "accelerator_model_name": "H100", "framework": "PyTorch 2.4", "division": "closed"})),
    ],
    "lm-eval-samples": [("samples_task.jsonl", _lines(SAMPLE, SAMPLE | {"doc_id": 1, "doc_hash": "h1", "acc": 0.0}))],
    "lm-eval-old": [
        ("task_write_out_info.json", _json([{"doc_id": 0, "prompt_0": "Q", "logit_0": -1.5, "truth": "1", "acc": "1.0"},
                                            {"doc_id": 1, "prompt_0": "R", "logit_0": -2.5, "truth": "0", "acc": "0.0"}])),
    ],
    "ray-csv": [
        ("progress.csv", b"training_iteration,trial_id,time_total_s,accuracy,config/lr,done\n1,a,2.0,0.5,0.1,False\n"
                         b"2,a,4.0,0.6,0.1,True\n"),
    ],
    "tuning-sweep": [
        ("sweep.yaml", b"method: grid\nmetric: {name: acc, goal: maximize}\nparameters:\n  lr:\n    values: [0.1, 0.01]\n"
                       b"  wd: {min: 0.0, max: 0.1}\n"),
    ],
    "helm": [("stats.json", _json(HELM_STATS))],
    "ratings-csv": [
        ("ratings.csv", b"rater,item,system,score\na,1,ours,4\na,1,base,3\nb,1,ours,5\nb,1,base,3\n"),
        ("ab.csv", b"question,left,right,annotator,choice\n1,ours,base,a1,left\n2,base,ours,a1,B\n3,base,ours,a2,tie\n"),
    ],
    "pairwise-json": [("battles.json", _json([BATTLE, BATTLE | {"winner": "tie (bothbad)", "judge": "expert_2"}]))],
    "pairwise-jsonl": [("gpt-4_pair.jsonl", _lines(GAME, GAME | {"question_id": 2, "g2_winner": "model_1"}))],
    "pairwise-csv": [("leaderboard.csv", b",win_rate,standard_error,n_total,mode\nours,51.5,1.7,805,x\nbase,48.2,1.7,805,x\n")],
    "predictions-csv": [
        ("test_predictions.csv", b"id,label,prediction,prob_0,prob_1,seed\n1,0,0,0.9,0.1,0\n2,1,0,0.6,0.4,0\n1,0,1,0.2,0.8,1\n"),
    ],
    "predictions-json": [
        ("predictions.json", _json({"y_true": [0, 1, 1], "y_pred": [0, 1, 0]})),
        ("outputs.json", _json([ANSWER, ANSWER | {"id": 2}])),
    ],
    "predictions-jsonl": [("test_outputs.jsonl", _lines(ANSWER, ANSWER | {"id": 2, "label": "no"}))],
    "wandb-yaml": [
        ("config.yaml", b"wandb_version: 1\n_wandb:\n  value: {cli_version: 0.17}\nlr:\n  desc: null\n  value: 0.1\n"
                        b"model:\n  desc: null\n  value: {depth: 3}\n"),
    ],
    "lightning-csv": [("metrics.csv", LOG_ROWS.encode())],
    "openmmlab-config": [("config.py", RUN_OF_OPENMMLAB.encode())],
    "openmmlab-json": [("20240101_120000.log.json", _lines({"env_info": "GPU 0", "seed": 5}, *MM_ROWS, *MM_ROWS))],
    "openmmlab-log": [
        ("20240101_120000.log", b"2024/01/01 12:00:00 - mmengine - INFO - \nSystem environment:\n    seed: 3\n    GPU 0: A100\n\n"
         b"2024/01/01 12:00:01 - mmengine - INFO - Config:\n" + RUN_OF_OPENMMLAB.encode() + b"\n"
         b"2024/01/01 12:01:00 - mmengine - INFO - Epoch(train)  [1][ 50/100]  lr: 2.0e-02  eta: 0:10:00  time: 0.1  loss: 1.5\n"
         b"2024/01/01 12:02:00 - mmengine - INFO - Epoch(val) [1][10/10]    coco/bbox_mAP: 0.2000  data_time: 0.1\n"),
    ],
    "nnunet-log": [
        ("training_log_2024_1_1_12_00_00.txt", "".join(
            f"2024-01-01 12:00:00.1: {line}\n" for epoch in range(3) for line in (
                f"Epoch {epoch}", "Current learning rate: 0.01", f"train_loss -0.{epoch}", f"val_loss -0.{epoch}",
                "Pseudo dice [np.float32(0.5), np.float32(0.7)]", "Epoch time: 90.1 s")).encode()),
    ],
    "nnunet-json": [
        ("summary.json", _json({"foreground_mean": {"Dice": 0.9, "IoU": 0.8}, "metric_per_case": []})),
        ("debug.json", _json({"batch_size": "2", "num_epochs": "2", "num_iterations_per_epoch": "250", "fold": "0",
                              "initial_lr": "0.01", "plans_manager": "nnUNetPlans"})),
        ("plans.json", _json({"dataset_name": "Dataset001_A", "plans_name": "nnUNetPlans",
                              "configurations": {"2d": {"batch_size": 12}, "3d": {"inherits_from": "2d"}}})),
    ],
    "recording": [("recording.jsonl", _lines(*RECORDING))],
}  # fmt: skip
"""File names and contents by format."""
