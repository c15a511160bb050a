"""Fuzzing of the readers; `python -m tests.fuzz --help`, and README.md in this folder."""
