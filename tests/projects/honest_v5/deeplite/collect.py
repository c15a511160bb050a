import glob
import json

import numpy as np

found = []
for path in sorted(glob.glob('../runs/deeplite/run*/result.json')):
    with open(path) as f:
        found.append(json.load(f)['test_miou'])
print('test mIoU: %.2f +- %.2f (%d seeds)' % (np.mean(found), np.std(found, ddof=1), len(found)))
