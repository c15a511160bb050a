"""All options. Overwrite them on the command line: python train.py lr=5e-4 use_ours=True"""
import ast
import sys


class Config:
    # what to train
    use_ours = False        # PeakPool instead of the mean
    sharpness = 4.0         # of PeakPool

    # data
    data_root = 'data/ag_news'
    max_chars = 400
    n_class = 4
    n_val = 7600            # last of the training texts, shuffled once
    split_seed = 1234

    # network
    embed = 32
    width = 192
    dropout = 0.3

    # optimisation
    epochs = 25
    bsz = 100
    lr = 1e-3
    wd = 1e-5
    decay_every = 8
    decay = 0.3
    smoothing = 0.08
    clip = 0.25

    # misc
    seeds = (0, 1, 2, 3, 4)
    seed = 0
    num_workers = 2
    out = 'runs'

    def __init__(self, argv=None):
        for arg in sys.argv[1:] if argv is None else argv:
            key, _, value = arg.partition('=')
            if not hasattr(type(self), key):
                raise SystemExit('unknown option: ' + key)
            try:
                value = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                pass
            setattr(self, key, value)

    def to_dict(self):
        names = [k for k in vars(type(self)) if not k.startswith('_') and not callable(getattr(self, k))]
        return {k: getattr(self, k) for k in names}

    def tag(self):
        return 'peakpool' if self.use_ours else 'charcnn'
