import torch


@torch.no_grad()
def accuracy(model, loader, device):
    model.eval()
    hit, n = 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        hit += model(images)[0].argmax(dim=1).eq(labels).sum().item()
        n += labels.size(0)
    return hit / n * 100


def save_checkpoint(path, model, epoch, acc):
    torch.save({'state_dict': model.state_dict(), 'epoch': epoch, 'acc': acc}, path)
