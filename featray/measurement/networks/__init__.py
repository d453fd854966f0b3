"""Synthetic networks: py-feat's architectures with seeded random parameters, one writer per hub file.

Flow: `synthetic.ensure` starts a process that calls `write`; py-feat's own loading code reads the files.
The sizes are those of the real networks, so times are close; the outputs mean nothing. Sizes that py-feat's package
does not hold are guesses, named where they are made. So synthetic rows are labelled, and are never compared with
pretrained ones.

    random_numbers  seeds, and parameters that keep activations of order one
    faces           networks that find faces, and head pose
    landmarks       68 points, a mesh of 478, the multitask network
    expressions     action units, blendshapes, emotions
    identities      identity and gaze

Importing this imports py-feat, and py-feat before torch (xgboost's OpenMP runtime must come first).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import feat  # noqa: F401 (before torch)

from featray.measurement.networks import expressions, faces, identities, landmarks, random_numbers
from featray.measurement.weights import HubFile

Writer = Callable[[Path], None]

_NETWORKS: Mapping[str, Writer] = {
    "py-feat/retinaface_r34": faces.retinaface,
    "py-feat/img2pose": faces.img2pose,
    "py-feat/pose_mlp_v2": faces.pose_mlp,
    "py-feat/mobilefacenet": landmarks.mobilefacenet,
    "py-feat/mobilenet": landmarks.mobilenet,
    "py-feat/pfld": landmarks.pfld,
    "py-feat/mp_facemesh_v2": landmarks.facemesh,
    "py-feat/face_multitask_v2": landmarks.multitask,
    "py-feat/xgb_au": expressions.boosted_action_units,
    "py-feat/svm_au": expressions.linear_action_units,
    "py-feat/svm_emo": expressions.linear_emotions,
    "py-feat/mp_blendshapes": expressions.blendshapes,
    "py-feat/bs_to_au": expressions.blendshapes_to_action_units,
    "py-feat/resmasknet": expressions.resmasknet,
    "py-feat/arcface_r50": identities.arcface,
    "py-feat/facenet": identities.facenet,
    "py-feat/l2cs": identities.l2cs,
}

_DESCRIPTIONS: Mapping[str, Writer] = {
    "py-feat/img2pose": faces.img2pose_description,
    "py-feat/pose_mlp_v2": faces.pose_mlp_description,
    "py-feat/resmasknet": expressions.resmasknet_description,
}
"""The JSON file beside a network."""


def write(file: HubFile, path: Path, seed: int) -> None:
    """Write one hub file; equal seeds give equal parameters, whatever was written before.

    Raises:
        KeyError: there is no writer for the file's repository.
    """
    writers = _DESCRIPTIONS if file.file.endswith(".json") else _NETWORKS
    random_numbers.seed(f"{seed}:{file.repository}")
    writers[file.repository](path)
