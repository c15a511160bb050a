import torch


class ShadowWeights:
    """Slow copy of the weights, swapped in for evaluation."""

    def __init__(self, model, m=0.998):
        self.m = m
        self.shadow = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self.backup = None

    @torch.no_grad()
    def step(self, model):
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.shadow[k] = self.m * self.shadow[k] + (1 - self.m) * v
            else:
                self.shadow[k] = v.clone()

    def swap_in(self, model):
        self.backup = {k: v.detach().clone() for k, v in model.state_dict().items()}
        model.load_state_dict(self.shadow)

    def swap_out(self, model):
        model.load_state_dict(self.backup)


@torch.no_grad()
def accuracy(model, loader, device, shadow):
    shadow.swap_in(model)
    model.eval()
    hit, n = 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        hit += model(images)[0].argmax(dim=1).eq(labels).sum().item()
        n += labels.size(0)
    shadow.swap_out(model)
    return hit / n * 100


def save_checkpoint(path, shadow, epoch, acc):
    torch.save({'state_dict': shadow.shadow, 'epoch': epoch, 'acc': acc}, path)
