"""Networks and classifiers of expressions: action units, blendshapes and emotions.

Flow: `networks.write` calls one writer per hub file.
The classical classifiers are not in py-feat's package. Their sizes (principal components, trees, depth) are guessed
from the released files.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xgboost
from feat.au_detectors.MP_Blendshapes.MP_Blendshapes_test import MediaPipeBlendshapesMLPMixer
from feat.au_detectors.StatLearning.SL_test import SVMClassifier, XGBClassifier
from feat.emo_detectors.ResMaskNet.resmasknet_test import ResMasking
from feat.emo_detectors.StatLearning.EmoSL_test import EmoSVMClassifier
from feat.pretrained import AU_LANDMARK_MAP
from feat.utils import MP_BLENDSHAPE_NAMES
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from skops.io import dump
from torch import nn

from featray.measurement.networks import random_numbers

_HOG = 5408  # features of a 112-pixel crop: 13 x 13 blocks of 4 cells of 8 orientations
_COMPONENTS = 256  # of each of the three PCAs: 3 x 256 x 5408 doubles are 33 MB; the released file has 36
_LANDMARKS = 136
_SAMPLES = 400  # for fitting; more would change neither the size nor the speed of a classifier
_EMOTIONS = ("anger", "disgust", "fear", "happ", "sad", "sur", "neutral")  # EmoSVMClassifier's spelling

Array = npt.NDArray[np.float64]


def resmasknet(path: Path) -> None:
    """Write the residual masking network for seven emotions."""
    network = ResMasking("", in_channels=3)
    network.fc = nn.Sequential(nn.Dropout(0.4), nn.Linear(512, 7))
    random_numbers.settle(network, random_numbers.images(2, 224))
    torch.save({"net": random_numbers.parameters(network)}, path)


def resmasknet_description(path: Path) -> None:
    """Write the emotion network's sizes."""
    path.write_text(json.dumps({"in_channels": 3, "num_classes": 7}), encoding="utf-8")


def blendshapes(path: Path) -> None:
    """Write the mixer from 146 mesh points to 52 blendshapes."""
    torch.save(random_numbers.parameters(MediaPipeBlendshapesMLPMixer()), path)


def blendshapes_to_action_units(path: Path) -> None:
    """Write the linear map from 52 blendshapes to 20 action units."""
    with path.open("wb") as stream:
        np.savez(
            stream,
            coef=_normal(52, 20).astype(np.float32) * 0.1,
            intercept=np.full(20, 0.2, np.float32),
            bs_columns=np.array(list(MP_BLENDSHAPE_NAMES)),
            au_columns=np.array(AU_LANDMARK_MAP["Feat"]),
        )


def boosted_action_units(path: Path) -> None:
    """Write one boosted classifier per action unit; equal seeds predict equally, though the file's bytes differ."""
    classifier = XGBClassifier()
    features, labels = _examples()
    fitted = {name: _boosted(features, labels()) for name in classifier.au_keys}
    classifier.load_weights(**_projections("upper", "lower", "full"), classifiers=fitted)
    dump(classifier, path)


def linear_action_units(path: Path) -> None:
    """Write one linear support vector machine per action unit."""
    classifier = SVMClassifier()
    features, labels = _examples()
    fitted = {name: _linear(features, labels()) for name in XGBClassifier().au_keys}
    classifier.load_weights(**_projections("upper", "lower", "full"), classifiers=fitted)
    dump(classifier, path)


def linear_emotions(path: Path) -> None:
    """Write one linear support vector machine per emotion."""
    classifier = EmoSVMClassifier()
    features, labels = _examples()
    fitted = {name: _linear(features, labels()) for name in _EMOTIONS}
    classifier.load_weights(**_projections("full"), classifiers=fitted)
    dump(classifier, path)


def _normal(*shape: int) -> Array:
    return np.random.standard_normal(shape)


def _examples() -> tuple[npt.NDArray[np.float32], Any]:
    """Draw features, shape (samples, components + landmarks), and a function that draws labels which depend on them."""
    features = _normal(_SAMPLES, _COMPONENTS + _LANDMARKS).astype(np.float32)

    def labels() -> Any:
        decisive = np.random.choice(features.shape[1], 8, replace=False)
        return (features[:, decisive].sum(1) + _normal(_SAMPLES) > 0).astype(int)

    return features, labels


def _boosted(features: Any, labels: Any) -> Any:
    trees = xgboost.XGBClassifier(
        n_estimators=100, max_depth=3, n_jobs=1, tree_method="hist", max_bin=32, random_state=0
    )
    return trees.fit(features, labels)


def _linear(features: Any, labels: Any) -> Any:
    return LinearSVC(random_state=0, max_iter=200, tol=0.1).fit(features, labels)


def _projections(*regions: str) -> dict[str, Any]:
    """Make the scaler and the PCA of each region, which turn HOG features into components."""
    projections: dict[str, Any] = {}
    for region in regions:
        projections[f"scaler_{region}"] = _scaler()
        projections[f"pca_model_{region}"] = _pca()
    return projections


def _scaler() -> StandardScaler:
    scaler = StandardScaler()
    scaler.mean_, scaler.var_ = np.full(_HOG, 0.12), np.full(_HOG, 0.01)  # about as for HOG features of faces
    scaler.scale_ = np.sqrt(scaler.var_)
    scaler.n_features_in_, scaler.n_samples_seen_ = _HOG, _SAMPLES
    return scaler


def _pca() -> PCA:
    axes, _ = np.linalg.qr(_normal(_HOG, _COMPONENTS))
    pca = PCA(n_components=_COMPONENTS)
    pca.components_, pca.mean_ = np.ascontiguousarray(axes.T), np.zeros(_HOG)
    pca.explained_variance_ = np.linspace(50.0, 1.0, _COMPONENTS)
    pca.explained_variance_ratio_ = pca.explained_variance_ / pca.explained_variance_.sum()
    pca.singular_values_ = np.sqrt(pca.explained_variance_ * _SAMPLES)
    pca.n_components_, pca.n_features_in_, pca.n_samples_, pca.noise_variance_ = _COMPONENTS, _HOG, _SAMPLES, 0.0
    return pca
