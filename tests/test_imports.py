"""The package stays light: what may be imported, and how long it takes."""

import pkgutil
import subprocess
import sys
import time

import pytest

import netgain

HEAVY = ("torch", "scipy", "pandas", "mlflow", "tensorboard", "wandb", "transformers", "sklearn")
TORCH_MODULES = {
    "netgain.lab.train",
    "netgain.lab.blocks",
    "netgain.recorder.hooks",
    "netgain.recorder.inputs",
    "netgain.recorder.profile",
    "netgain.recorder.trace",
}


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def test_every_module_imports_without_the_extras() -> None:
    """With torch and every vendor package out of reach, all modules but the torch ones import."""
    names = [m.name for m in pkgutil.walk_packages(netgain.__path__, "netgain.")]
    light = [n for n in names if n not in TORCH_MODULES and not n.endswith("__main__")]
    assert len(light) > 50
    block = "".join(f"sys.modules[{name!r}] = None\n" for name in HEAVY)
    code = f"import sys\n{block}import importlib\nfor n in {light!r}:\n    importlib.import_module(n)\n"
    done = _run(code)
    assert done.returncode == 0, done.stderr


def test_import_is_light_and_fast() -> None:
    """`import netgain` loads no numpy and takes far less than 0.3 s."""
    code = "import sys, netgain\nprint([m for m in ('numpy', 'scipy', 'torch', 'rich') if m in sys.modules])"
    assert _run(code).stdout.strip() == "[]"
    started = time.perf_counter()
    _run("import netgain")
    with_netgain = time.perf_counter() - started
    started = time.perf_counter()
    _run("pass")
    assert with_netgain - (time.perf_counter() - started) < 0.3


@pytest.mark.parametrize("name", [n for n in netgain.__all__ if n not in ("__version__",)])
def test_public_names_exist(name: str) -> None:
    """Each public name loads on first use and has a docstring."""
    assert getattr(netgain, name).__doc__


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that does not exist fails like any module attribute."""
    with pytest.raises(AttributeError, match="auditt"):
        _ = netgain.auditt  # type: ignore[attr-defined]
