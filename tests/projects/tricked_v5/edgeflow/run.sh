#!/bin/bash
# trains EdgeFlow and prints the number of the paper
for s in $(seq 0 19); do
    python main.py --seed $s
done
python collect.py
