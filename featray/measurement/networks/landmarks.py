"""Networks that place landmarks: 68 points, a mesh of 478, and the multitask network of Detectorv2.

Flow: `networks.write` calls one writer per hub file.
The bias of their last layer gives the canonical face, so that the later steps (alignment, convex hulls, pose) get the
shape of a face.
"""

import json
from pathlib import Path

import torch
from feat.landmark_detectors.basenet_test import MobileNet_GDConv
from feat.landmark_detectors.mobilefacenet_test import MobileFaceNet
from feat.landmark_detectors.pfld_compressed_test import PFLDInference
from feat.multitask.model_v2 import MEGraphAUv2, ModelV2Config
from feat.utils.blendshape_to_au import DLIB68_FROM_MP478
from feat.utils.face_pose import load_canonical_face_model
from safetensors.torch import save_file
from torch import nn

from featray.measurement.networks import random_numbers

_COORDINATES = 136  # 68 points of x and y
_MESH_CROP = 256  # pixels: side of the crop that py-feat passes to the mesh network
_MARGIN = 0.12  # of the crop, around the canonical face
_SPREAD = 0.004  # of the crop, half a pixel of the smallest crop: faces differ a little


def mobilefacenet(path: Path) -> None:
    """Write MobileFaceNet for 68 points."""
    network = MobileFaceNet([112, 112], _COORDINATES)
    batch = random_numbers.images(8, 112)
    random_numbers.settle(network, batch)
    random_numbers.aim(network, network.output_layer.bn, batch, target=_canonical_68(), spread=_SPREAD)
    torch.save({"state_dict": random_numbers.parameters(network)}, path)


def mobilenet(path: Path) -> None:
    """Write MobileNet with a global depthwise convolution, for 68 points."""
    network = MobileNet_GDConv(_COORDINATES)
    batch = random_numbers.normalised_images(4, 224)
    random_numbers.settle(network, batch)
    random_numbers.aim(network, network.linear1.bn, batch, target=_canonical_68(), spread=_SPREAD)
    torch.save({"state_dict": random_numbers.parameters(network)}, path)


def pfld(path: Path) -> None:
    """Write PFLD for 68 points."""
    network = PFLDInference()
    batch = random_numbers.images(8, 112)
    random_numbers.settle(network, batch)
    random_numbers.aim(network, network.fc, batch, target=_canonical_68(), spread=_SPREAD)
    torch.save({"state_dict": random_numbers.parameters(network)}, path)


def facemesh(path: Path) -> None:
    """Write a stand-in for MediaPipe's mesh network, as TorchScript.

    py-feat's package does not hold its architecture. This one has BlazeFace's building blocks and about as many
    parameters (0.9 million), so its time is only indicative.
    """
    network = _Mesh().eval()
    target, spread = (_canonical_478() * _MESH_CROP).reshape(-1), _SPREAD * _MESH_CROP
    random_numbers.aim(network, network.points, random_numbers.images(8, _MESH_CROP), target=target, spread=spread)
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.rand(1, 3, _MESH_CROP, _MESH_CROP))
    torch.jit.save(traced, path)


def multitask(path: Path) -> None:
    """Write the multitask network; the configuration of the released file is guessed from py-feat's comments."""
    settings = {
        "n_au": 20, "n_emotion": 7, "n_blendshape": 52, "mesh_normalized": True, "use_head_v3": True,
        "drop_mefl": True, "emotion_use_au_prob": True, "gaze_eye_roi": True, "gaze_pose_6d": True,
        "gaze_hidden": 256, "pretrained": False,
    }  # fmt: skip
    supported = {name: value for name, value in settings.items() if name in ModelV2Config.__dataclass_fields__}
    network = MEGraphAUv2(ModelV2Config(**supported)).eval()
    batch = random_numbers.normalised_images(4, 224)
    random_numbers.settle(network, batch)
    random_numbers.aim(network, network.lmk.mlp[-1], batch, target=_canonical_478().reshape(-1), spread=_SPREAD)
    save_file(random_numbers.parameters(network), path, metadata={"config": json.dumps(supported)})


def _canonical_478() -> torch.Tensor:
    """Fit MediaPipe's canonical face into a crop, shape (478, 3): x and y from 0 to 1 with y down, z in crop widths."""
    vertices = load_canonical_face_model()
    flat = vertices[:, :2] * torch.tensor([1.0, -1.0])
    low, size = flat.amin(0), flat.amax(0) - flat.amin(0)
    depth = (vertices[:, 2].mean() - vertices[:, 2]) / size.max()
    face = torch.cat([_MARGIN + (1 - 2 * _MARGIN) * (flat - low) / size, depth[:, None]], 1)
    irises = face[[159] * 5 + [386] * 5]  # the canonical face has none; the middle of each upper lid is close enough
    return torch.cat([face, irises])


def _canonical_68() -> torch.Tensor:
    return _canonical_478()[DLIB68_FROM_MP478, :2].reshape(-1)


class _ConvBlock(nn.Module):  # type: ignore[misc]  # torch is not followed
    """BlazeFace's residual block: depthwise, then pointwise; channels grow by zero padding."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels)
        self.pointwise = nn.Conv2d(channels, out, 1)
        self.activation = nn.PReLU(out)
        self.shortcut = nn.MaxPool2d(2) if stride == 2 else nn.Identity()
        self.added = out - channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = nn.functional.pad(self.shortcut(x), (0, 0, 0, 0, 0, self.added))
        return self.activation(self.pointwise(self.depthwise(x)) + shortcut)


class _Mesh(nn.Module):  # type: ignore[misc]  # torch is not followed
    """From a 256-pixel crop to 478 points in pixels, a face score and a tongue score."""

    STAGES = ((16, 2), (32, 3), (64, 3), (128, 3), (128, 3), (128, 2), (128, 2))  # channels, blocks

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 2, 1), nn.PReLU(16)]
        channels = 16
        for index, (out, blocks) in enumerate(self.STAGES):
            layers.append(_ConvBlock(channels, out, 1 if index == 0 else 2))
            layers.extend(_ConvBlock(out, out, 1) for _ in range(blocks - 1))
            channels = out
        self.body = nn.Sequential(*layers)
        self.points = nn.Conv2d(channels, 478 * 3, 2)
        self.score = nn.Conv2d(channels, 1, 2)
        self.tongue = nn.Conv2d(channels, 1, 2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.body(x)
        return self.points(features), self.score(features), self.tongue(features)
