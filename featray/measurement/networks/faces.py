"""Networks that find faces, and the network that turns landmarks into a head pose.

Flow: `networks.write` calls one writer per hub file.
The weights of their heads are scaled down so that no anchor looks like a face: `planting` adds exactly the faces that
an input has.
"""

import json
from pathlib import Path
from typing import Any

import torch
from feat.face_detectors.Retinaface.Retinaface_model import RetinaFace
from feat.facepose_detectors.img2pose.deps.models import FasterDoFRCNN
from feat.facepose_detectors.img2pose.img2pose_test import model_config
from feat.utils.face_pose_mlp import PoseMLP
from safetensors.torch import save_file
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops.misc import FrozenBatchNorm2d

from featray.measurement.networks import random_numbers

_BACKGROUND_LOGIT = 4.0  # against -4 for a face: p(face) = 1 / (1 + e^8) = 0.0003, thresholds are 0.02 and 0.05

_HIDDEN = (512, 256, 128)  # of the pose MLP: the defaults of py-feat's class


def retinaface(path: Path) -> None:
    """Write RetinaFace with a ResNet-34 body."""
    network = RetinaFace()
    random_numbers.settle(network, random_numbers.images(2, 320, -120.0, 130.0))
    for head in network.ClassHead._convs:
        _look_like_background(head.weight, head.bias, 0.05)
    save_file(random_numbers.parameters(network), path)


def img2pose(path: Path) -> None:
    """Write img2pose: a ResNet-18 feature pyramid, a region proposal network, and heads for score and pose."""
    network = _faster_rcnn()
    network.eval()
    _settle_frozen(network, random_numbers.normalised_images(1, 320))
    score = network.roi_heads.class_predictor.cls_score
    _look_like_background(score.weight, score.bias, 0.01)
    pose = network.roi_heads.box_predictor.dof_pred[-1]
    pose.weight.data.mul_(0.05)
    pose.bias.data.zero_()
    save_file(random_numbers.parameters(network), path)


def img2pose_description(path: Path) -> None:
    """Write img2pose's configuration, as in py-feat's package."""
    values = {key: value.tolist() if torch.is_tensor(value) else value for key, value in _configuration().items()}
    path.write_text(json.dumps(values), encoding="utf-8")


def pose_mlp(path: Path) -> None:
    """Write the network from 68 landmarks to six pose parameters."""
    save_file(random_numbers.parameters(PoseMLP(hidden=_HIDDEN)), path)


def pose_mlp_description(path: Path) -> None:
    """Write the pose network's sizes and output scale."""
    normalization = {"mean": [0.0] * 6, "std": [0.3] * 6}
    architecture = {"hidden": list(_HIDDEN), "dropout": 0.15, "output_normalization": normalization}
    path.write_text(json.dumps({"architecture": architecture}), encoding="utf-8")


def _configuration() -> dict[str, Any]:
    return dict(model_config["img2pose"])


def _faster_rcnn() -> Any:
    settings = _configuration()
    return FasterDoFRCNN(
        backbone=resnet_fpn_backbone(backbone_name="resnet18", weights=None),
        num_classes=2,
        threed_68_points=settings["threed_points"],
        **{
            name: settings[name]
            for name in (
                "min_size", "max_size", "pose_mean", "pose_stddev", "rpn_pre_nms_top_n_test",
                "rpn_post_nms_top_n_test", "bbox_x_factor", "bbox_y_factor", "expand_forehead",
            )
        },
    )  # fmt: skip


def _settle_frozen(network: Any, batch: torch.Tensor) -> None:
    """Set the statistics of frozen batch norms, which are buffers, as `random_numbers.settle` does for other norms."""

    def take(norm: FrozenBatchNorm2d, inputs: tuple[torch.Tensor, ...]) -> None:
        norm.running_mean.copy_(inputs[0].mean((0, 2, 3)))
        norm.running_var.copy_(inputs[0].var((0, 2, 3)) + 1e-3)

    norms = [module for module in network.modules() if isinstance(module, FrozenBatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(take) for norm in norms]
    with torch.no_grad():
        network.backbone(batch)
    for hook in hooks:
        hook.remove()


def _look_like_background(weight: torch.Tensor, bias: torch.Tensor, damping: float) -> None:
    """Make background win everywhere in a head of (background, face) pairs."""
    weight.data.mul_(damping)
    bias.data[0::2] = _BACKGROUND_LOGIT
    bias.data[1::2] = -_BACKGROUND_LOGIT
