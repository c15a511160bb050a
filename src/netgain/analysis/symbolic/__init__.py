"""Symbolic execution of model code: networks as a bounded interpreter builds them, with shapes for tensors.

Nothing of the code runs. Statements are followed over values of this package: numbers and words as they are,
tensors by their shape, layers of torch by their arguments, and everything else as unknown.
"""
