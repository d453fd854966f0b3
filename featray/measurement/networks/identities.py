"""Networks for identity and gaze.

Flow: `networks.write` calls one writer per hub file.
"""

from pathlib import Path

import torch
from feat.gaze_detectors.l2cs import l2cs_resnet50
from feat.identity_detectors.arcface.arcface_model import ArcFace
from feat.identity_detectors.facenet.facenet_model import InceptionResnetV1
from safetensors.torch import save_file
from torch import nn

from featray.measurement.networks import random_numbers


def arcface(path: Path) -> None:
    """Write ArcFace with a ResNet-50 body."""
    network = ArcFace("r50")
    random_numbers.settle(network, random_numbers.images(8, 112))
    save_file(random_numbers.parameters(network.net), path)


def facenet(path: Path) -> None:
    """Write FaceNet (Inception-ResNet v1) with the classifier of its training set, which py-feat loads and ignores."""
    network = InceptionResnetV1(pretrained=None, classify=False, num_classes=None, dropout_prob=0.6)
    random_numbers.settle(network, random_numbers.images(8, 112))
    network.logits = nn.Linear(512, 8631)
    torch.save(random_numbers.parameters(network), path)


def l2cs(path: Path) -> None:
    """Write L2CS-Net with a ResNet-50 body, 90 bins per axis."""
    network = l2cs_resnet50()
    random_numbers.settle(network, random_numbers.normalised_images(2, 224))
    save_file(random_numbers.parameters(network), path)
