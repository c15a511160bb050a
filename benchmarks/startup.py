"""How long a user waits before anything happens: import, --help, an audit of small folders.

    python benchmarks/startup.py [FOLDER]

Each figure is the median of 7 fresh processes, beside that of a Python that does nothing. FOLDER is a study
to audit (a netgain.toml or a folder that holds both arms); without it only import and --help are timed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

REPEATS = 7


def seconds(*command: str) -> float:
    """Return the median wall time of a command in fresh processes, in seconds."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Print one line for each figure."""
    python = sys.executable
    print(f"python -c pass           {seconds(python, '-c', 'pass'):.3f} s")
    print(f"import netgain           {seconds(python, '-c', 'import netgain'):.3f} s   (bar 0.3 s)")
    print(
        f"netgain --help           {seconds(python, '-m', 'netgain', '--help'):.3f} s   (bar 0.5 s)"
    )
    for folder in sys.argv[1:2]:
        taken = seconds(python, "-m", "netgain", "audit", folder)
        print(f"netgain audit {folder}   {taken:.3f} s   (bar 3 s)")


if __name__ == "__main__":
    main()
