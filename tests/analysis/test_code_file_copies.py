"""Training files that code copies several times under new names."""

from __future__ import annotations

import pytest

from netgain.analysis.code_idioms import repeated_passes
from netgain.study import CodeTree, SourceFile

HEAD = "import os, shutil\nfrom pathlib import Path\n"


def copies(body: str) -> list[str]:
    """Return what a script repeats, in words."""
    tree = CodeTree(root=".", files=(SourceFile(path="prepare.py", text=HEAD + body),))
    return [idiom.what for idiom in repeated_passes(tree)]


@pytest.mark.parametrize(
    "body",
    [
        "def build(root, out, images, factor):\n"
        "    for stem in images:\n"
        "        for i in range(factor(stem)):\n"
        "            dst_img = out / 'train/images' / f'{stem}__r{i}.jpg'\n"
        "            dst_lbl = out / 'train/labels' / f'{stem}__r{i}.txt'\n"
        "            for dst, src in ((dst_img, root / f'{stem}.jpg'), (dst_lbl, root / f'{stem}.txt')):\n"
        "                os.link(src, dst)\n",
        "train_dir = 'data/train'\nfor image in minority:\n    for k in range(n_copies):\n"
        "        shutil.copy(image, os.path.join(train_dir, f'{k}_' + os.path.basename(image)))\n",
        "def oversample(train_images, times):\n    for image in train_images:\n"
        "        for k in range(1, times):\n"
        "            image.with_name(f'{image.stem}_{k}.png').symlink_to(image)\n"
        "    return train_images\n",
        "def oversample(train_images, times):\n    for img in train_images:\n        for k in range(times):\n"
        "            shutil.copy2(img, f'out/train/{img.stem}_copy{k}.png')\n",
    ],
)
def test_a_loop_that_copies_a_sample_under_numbered_names_repeats_it(body: str) -> None:
    """Hard links, copies and symbolic links count alike."""
    assert len(copies(body)) == 1
    assert copies(body)[0].startswith("training files copied")


@pytest.mark.parametrize(
    "body",
    [
        # folds: the number names the folder
        "def folds(train_images, k):\n    for img in train_images:\n        for fold in range(k):\n"
        "            shutil.copy(img, f'fold_{fold}/train/{img.name}')\n",
        # another file in each turn
        "def first(train_images, n):\n    for i in range(n):\n"
        "        shutil.copy(train_images[i], f'train/image_{i}.png')\n",
        # weights kept from each epoch
        "def train(epochs):\n    for epoch in range(epochs):\n        run(epoch)\n"
        "        shutil.copy('train/checkpoint.pt', f'train/checkpoint_{epoch}.pt')\n",
        # test images for a demonstration
        "def show(images, n):\n    for img in images:\n        for i in range(n):\n"
        "            shutil.copy(img, f'demo/{img.stem}_{i}.png')\n",
        # each file once
        "def gather(train_images, out):\n    for img in train_images:\n"
        "        shutil.copy(img, out / 'train' / img.name)\n",
    ],
)
def test_copies_for_other_reasons_repeat_nothing(body: str) -> None:
    """Folds, selections, weights, demonstrations and plain copies leave each sample as often as it was."""
    assert copies(body) == []
