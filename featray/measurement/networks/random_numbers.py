"""Random parameters: seeding, input noise, and statistics that keep activations of order one.

Flow: the writers of `networks` call these.
The activations of a network with plain random weights overflow or vanish within tens of layers. Then every output is
NaN or the same, and the later code (convex hulls, clustering) takes paths that it never takes on faces.
"""

import hashlib

import numpy as np
import torch
from torch import nn


def seed(text: str) -> None:
    """Seed torch and numpy by a text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    torch.manual_seed(number)
    np.random.seed(number)  # the global generator, which scikit-learn and xgboost use


def images(count: int, size: int, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    """Draw smooth noise, shape (count, 3, size, size), between `low` and `high`: eight-pixel blobs, interpolated."""
    coarse = torch.rand(count, 3, max(4, size // 8), max(4, size // 8))
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    return low + (high - low) * smooth


def normalised_images(count: int, size: int) -> torch.Tensor:
    """Draw smooth noise with about the mean and spread of images normalised as for ImageNet."""
    return (images(count, size) - 0.45) / 0.225


def settle(network: nn.Module, batch: torch.Tensor) -> None:
    """Set every batch norm's running statistics from one forward pass; the network stays in eval mode."""
    network.eval()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0  # the running statistics become those of this batch
    with torch.no_grad():
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.eval()
        norm.momentum = momentum


def aim(network: nn.Module, layer: nn.Module, batch: torch.Tensor, *, target: torch.Tensor, spread: float) -> None:
    """Shift and scale a layer's outputs to a mean of `target` and a standard deviation of `spread` over a batch.

    Args:
        network: The network of `layer`, in eval mode.
        layer: A linear layer, a convolution with one output pixel, or a settled batch norm, with a bias.
        batch: Inputs of the network; at least two.
        target: One value per output, shape (outputs,).
        spread: In units of `target`.
    """
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        layer.weight.data.fill_(spread)
        layer.bias.data.copy_(target)
        return
    outputs: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda _, __, output: outputs.append(output.flatten(1)))
    with torch.no_grad():
        network(batch)
    hook.remove()
    scale = spread / outputs[0].std(0).mean()
    layer.bias.data.copy_(target - scale * (outputs[0].mean(0) - layer.bias))
    layer.weight.data.mul_(scale)


def parameters(network: nn.Module) -> dict[str, torch.Tensor]:
    """Copy a network's state, contiguous and unshared, as safetensors needs it."""
    return {name: value.detach().clone().contiguous() for name, value in network.state_dict().items()}
