#!/bin/bash
for s in 0 1 2 3 4; do
    python main.py --seed $s
done
python collect.py
