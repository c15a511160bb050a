"""Run netgain as `python -m netgain`."""

from netgain.cli import main

if __name__ == "__main__":
    main()
