import os
import random

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

CLASSES = ['sky', 'building', 'pole', 'road', 'pavement', 'tree', 'sign', 'fence', 'car', 'pedestrian', 'bicyclist']
VOID = 11


class CamVid(Dataset):
    """SegNet's version of CamVid: <root>/<split> and <root>/<split>annot."""

    def __init__(self, root, split, augment=False):
        self.images = os.path.join(root, split)
        self.labels = os.path.join(root, split + 'annot')
        self.names = sorted(os.listdir(self.images))
        self.augment = augment

    def __len__(self):
        return len(self.names)

    def __getitem__(self, i):
        image = Image.open(os.path.join(self.images, self.names[i])).convert('RGB')
        label = Image.open(os.path.join(self.labels, self.names[i]))
        image = np.asarray(image, dtype=np.float32) / 255.0
        label = np.asarray(label, dtype=np.int64)
        if self.augment:
            if random.random() < 0.5:
                image, label = image[:, ::-1], label[:, ::-1]
            top, left = random.randint(0, image.shape[0] - 320), random.randint(0, image.shape[1] - 320)
            image = image[top:top + 320, left:left + 320]
            label = label[top:top + 320, left:left + 320]
        image = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        return (image - 0.45) / 0.27, torch.from_numpy(np.ascontiguousarray(label))
