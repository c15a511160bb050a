import torch


def border_weight(label, border):
    """`border` where a neighbour has another label, 1 elsewhere."""
    line = torch.zeros_like(label, dtype=torch.bool)
    line[:, :, 1:] |= label[:, :, 1:] != label[:, :, :-1]
    line[:, 1:, :] |= label[:, 1:, :] != label[:, :-1, :]
    return torch.where(line, border, 1.0)
