from .data import build_loaders
from .trainer import Trainer
