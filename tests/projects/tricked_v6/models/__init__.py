from .colornet import ColorNet


def build_model(cfg):
    return ColorNet(cfg.input_space, cfg.widths, cfg.blocks, cfg.halve_before, cfg.prior)
