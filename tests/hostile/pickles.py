"""Pickles that would run a command, in every container a training leaves them in."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.hostile import marker, plant


class Command:
    """A pickle of this runs a command when it is loaded."""

    def __init__(self, target: Path) -> None:
        """Touch `target`."""
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        """Return the call."""
        return (os.system, (f"touch '{self.target}'",))


def payload(path: Path, protocol: int = 2) -> bytes:
    """Return the pickle."""
    return pickle.dumps({"state_dict": Command(marker(path))}, protocol=protocol)


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@plant("model.pt", refused=False)
def plain_pickle(path: Path) -> None:
    """A bare pickle under a checkpoint's name."""
    path.write_bytes(payload(path))


@plant("model.pkl", refused=False)
def text_pickle(path: Path) -> None:
    """The oldest protocol, which is printable text."""
    path.write_bytes(payload(path, protocol=0))


@plant("model.pth", refused=False)
def legacy_checkpoint(path: Path) -> None:
    """PyTorch's old form: magic number, version, system and object, four pickles in a row."""
    head = [
        pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    ]
    path.write_bytes(b"".join(head) + payload(path))


@plant("last.ckpt", refused=False)
def zipped_checkpoint(path: Path) -> None:
    """PyTorch's new form."""
    _zip(path, {"archive/data.pkl": payload(path), "archive/version": b"3"})


@plant("training_args.bin", refused=False)
def training_arguments(path: Path) -> None:
    """Where Hugging Face keeps its arguments."""
    _zip(path, {"archive/data.pkl": payload(path), "archive/version": b"3"})


@plant("checkpoint.pth.tar", refused=False)
def tarred_name(path: Path) -> None:
    """A checkpoint called a tar, as PyTorch's ImageNet example does."""
    path.write_bytes(payload(path))


@plant("real.tar")
def tar_of_pickles(path: Path) -> None:
    """A real tar with a pickle, a link out of it and a path out of it."""
    with tarfile.open(path, "w") as archive:
        for name in ("data.pkl", "../../escaped.pkl"):
            content = payload(path)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


@plant("train_images.npy")
def object_array(path: Path) -> None:
    """A NumPy array of objects."""
    array = np.empty(1, dtype=object)
    array[0] = Command(marker(path))
    np.save(path, array, allow_pickle=True)


@plant("test.npz")
def object_archive(path: Path) -> None:
    """A NumPy archive that holds an array of objects."""
    array = np.empty(1, dtype=object)
    array[0] = Command(marker(path))
    np.savez(path, x=array)


@plant("model.pkl.gz", refused=False)
def packed_pickle(path: Path) -> None:
    """A pickle inside gzip, as scikit-learn projects keep them."""
    path.write_bytes(gzip.compress(payload(path)))


@plant("params.pkl", refused=False)
def ray_parameters(path: Path) -> None:
    """Where Ray Tune keeps a trial's parameters, beside the result that makes it a trial."""
    path.write_bytes(payload(path, protocol=4))
    (path.parent / "result.json").write_text(
        json.dumps({"training_iteration": 1, "trial_id": "a", "accuracy": 0.5, "config": {"lr": 1}})
    )


@plant("evaluate.pt", refused=False)
def pickled_eval(path: Path) -> None:
    """A call of `eval` written by hand."""
    code = f"open('{marker(path)}', 'w')"
    path.write_bytes(b"c__builtin__\neval\n(S" + repr(code).encode() + b"\ntR.")


@plant("build.pt", refused=False)
def pickled_state(path: Path) -> None:
    """An object whose `__setstate__` would run on BUILD."""
    path.write_bytes(b"csubprocess\nPopen\n)\x81}(X\x04\x00\x00\x00argsX\x05\x00\x00\x00touchub.")


@plant("laughs.pt")
def pickled_laughs(path: Path) -> None:
    """Tuples of the tuple before, doubled forty times."""
    path.write_bytes(
        b"\x80\x02]q\x00" + b"".join(b"(h\x00h\x00tq\x00" for _ in range(60_000)) + b"."
    )


@plant("long.pt")
def pickled_length(path: Path) -> None:
    """A string that claims two gigabytes."""
    path.write_bytes(b"\x80\x04B" + struct.pack("<I", 2**31 - 1) + b"abc.")


@plant("frame.pt")
def pickled_frame(path: Path) -> None:
    """A frame that claims more than there is."""
    path.write_bytes(b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"}.")


@plant("deep.pt")
def pickled_depth(path: Path) -> None:
    """Lists inside lists, a hundred and fifty thousand deep."""
    path.write_bytes(b"\x80\x02" + b"]" * 150_000 + b"a" * 149_999 + b".")


@plant("memo.pt", refused=False)
def pickled_memo(path: Path) -> None:
    """A memo index of four billion."""
    path.write_bytes(b"\x80\x02}r\xff\xff\xff\xff.")


@plant("script.pt", refused=False)
def scripted_module(path: Path) -> None:
    """A TorchScript archive whose code and constants are hostile."""
    _zip(
        path,
        {
            "m/data.pkl": payload(path),
            "m/code/__torch__.py": b"import os\nos.system('touch executed')\n",
            "m/constants.pkl": payload(path),
            "m/version": b"3",
        },
    )


@plant("outside.pt", refused=False)
def archive_with_paths_out(path: Path) -> None:
    """Members that would unpack outside the folder."""
    _zip(
        path,
        {"../../../escaped.txt": b"x", "/etc/cron.d/x": b"x", "archive/data.pkl": payload(path)},
    )


@plant("hparams.yaml", refused=False)
def yaml_objects(path: Path) -> None:
    """Tags that would build Python objects."""
    path.write_text(f"a: !!python/object/apply:os.system ['touch {marker(path)}']\nlr: 0.1\n")


@plant("args.yaml", refused=False)
def yaml_names(path: Path) -> None:
    """Tags that would import a name, and one that reads a file."""
    path.write_text("a: !!python/name:os.system\nb: !include /etc/passwd\nlr: 0.1\n")


@plant("config.yaml", refused=False)
def hydra_target(path: Path) -> None:
    """A configuration whose target would be called, and interpolations that read the environment."""
    path.write_text(
        f"_target_: os.system\ncommand: touch {marker(path)}\nkey: ${{oc.env:HOME}}\nlr: 0.1\n"
    )
