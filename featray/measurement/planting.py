"""Planting: makes a detector with synthetic weights find exactly as many faces per frame as the input really has.

Flow: `detector.load` -> `plant`; each call then starts with `PlantedFaces.begin`.
A random network finds no face, or hundreds. Here forward hooks overwrite a few outputs of the detection heads. The
network, the decoding, the thresholds and the non-maximum suppression all really run, and leave the planted faces. The
planted boxes lie on a grid and not on the faces: the crops show other parts of the frame, at the same cost.

Needs torch; works on any device, input size and batch size.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from featray.measurement import grid

_RETINAFACE_CANDIDATES = 24  # anchors per face above the score threshold, about what a trained RetinaFace gives
_IMG2POSE_CANDIDATES = 8  # of the 1000 proposals per frame
_BACKGROUND = 0.001  # upper limit of p(face) everywhere else; candidates start at 0.02 (RetinaFace) and 0.05 (img2pose)
_JITTER = (
    0.06  # of the box's size: candidates overlap the best one by 0.8; suppression starts at an overlap of 0.3 to 0.5
)


COMING_AND_GOING = (1, 2, 0, 1, 1, 0, 2, 1)
"""Faces of the frames of a call, again and again, where an input may have any number: one per frame on average, with
changes between none, one and two within a batch."""


class PlantedFaces:
    """The hooks of one detector, and how many faces they plant in each frame of a call."""

    def __init__(self) -> None:
        self._faces: int | None = 1
        self._seen = 0  # frames of this call

    def begin(self, faces: int | None) -> None:
        """Start a call with so many faces in every frame; None lets them come and go."""
        self._faces, self._seen = faces, 0

    def next_counts(self, frames: int) -> list[int]:
        """Give the faces of the next frames, in order: of one batch."""
        first, self._seen = self._seen, self._seen + frames
        if self._faces is not None:
            return [self._faces] * frames
        return [COMING_AND_GOING[index % len(COMING_AND_GOING)] for index in range(first, first + frames)]


def plant(detector: Any) -> PlantedFaces:
    """Hook a py-feat detector's face detection.

    Raises:
        ValueError: in the next call, if a frame is too small for so many faces.
    """
    planted = PlantedFaces()
    finder = getattr(detector, "face_detector", None) or detector.facepose_detector
    if hasattr(finder, "rpn"):
        _plant_img2pose(finder, planted)
    else:
        _plant_retinaface(finder, planted)
    return planted


def _candidates(boxes: list[grid.Box], copies: int) -> torch.Tensor:
    """Copy each box and shift the copies a little, but not the first. Shape (boxes x copies, 4), on the CPU."""
    exact = torch.tensor(boxes, dtype=torch.float32).repeat_interleave(copies, 0)
    size = (exact[:, 2:] - exact[:, :2]).repeat(1, 2)
    shift = (torch.rand(exact.shape, generator=torch.Generator().manual_seed(0)) - 0.5) * _JITTER
    shift[::copies] = 0
    return exact + shift * size


def _plant_retinaface(finder: Any, planted: PlantedFaces) -> None:
    prepared: dict[tuple[int, int, int, torch.device], tuple[torch.Tensor, ...]] = {}

    def overwrite(_: Any, inputs: tuple[torch.Tensor, ...], outputs: tuple[torch.Tensor, ...]) -> None:
        locations, confidences = outputs[0], outputs[1]
        confidences[..., 1].clamp_(max=_BACKGROUND)  # random weights find faces in some noise
        height, width = inputs[0].shape[-2:]
        counts = planted.next_counts(len(locations))
        for faces in {*counts} - {0}:
            key = (faces, height, width, inputs[0].device)
            if key not in prepared:
                anchors = _anchors(finder, faces, height, width)
                prepared[key] = tuple(tensor.to(inputs[0].device) for tensor in anchors)
            chosen, offsets, scores = prepared[key]
            for frames in _spans(counts, faces):
                locations[frames, chosen] = offsets.to(locations.dtype)
                confidences[frames, chosen] = scores.to(confidences.dtype)

    finder.net.register_forward_hook(overwrite)


def _spans(counts: Sequence[int], faces: int) -> Iterator[slice]:
    """List the spans of frames that have so many faces."""
    start = 0
    for count, run in itertools.groupby(counts):
        length = len(tuple(run))
        if count == faces:
            yield slice(start, start + length)
        start += length


def _anchors(finder: Any, faces: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Choose anchors near each face and encode the planted boxes relative to them.

    Returns:
        Anchor indices (n,), offsets (n, 4) as the network would output them, (background, face) scores (n, 2).
    """
    priors = finder._get_priors(height, width).cpu()
    per_face = min(_RETINAFACE_CANDIDATES, len(priors) // faces)
    if not per_face:
        raise ValueError(f"{faces} faces do not fit into a frame of {width}x{height}")
    boxes = _candidates(grid.spread_boxes(faces, height, width), per_face) / torch.tensor(
        [width, height, width, height]
    )
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    chosen = _nearest(priors, centres[::per_face], per_face)
    near = priors[chosen]
    centre_scale, size_scale = finder.cfg["variance"]
    offsets = torch.cat(
        [(centres - near[:, :2]) / (centre_scale * near[:, 2:]), torch.log(sizes / near[:, 2:]) / size_scale], 1
    )
    score = torch.linspace(0.97, 0.05, per_face)
    score[0] = 0.999  # the exact copy wins
    score = score.repeat(faces)
    return chosen, offsets, torch.stack([1 - score, score], 1)


def _nearest(priors: torch.Tensor, centres: torch.Tensor, count: int) -> torch.Tensor:
    """Choose `count` anchors for every centre, the nearest that no earlier centre has. Shape (centres x count,)."""
    free = torch.ones(len(priors), dtype=torch.bool)
    chosen = []
    for centre in centres:
        distance = (priors[:, :2] - centre).square().sum(1)
        nearest = distance.masked_fill(~free, math.inf).topk(count, largest=False).indices
        free[nearest] = False
        chosen.append(nearest)
    return torch.cat(chosen)


def _plant_img2pose(finder: Any, planted: PlantedFaces) -> None:
    rows: list[slice] = []  # planted ones among the flattened proposals of one call

    def propose(_: Any, inputs: tuple[Any, ...], outputs: tuple[list[torch.Tensor], Any]) -> Any:
        proposals, losses = outputs
        rows.clear()
        replaced, start = [], 0
        counts = planted.next_counts(len(proposals))
        for real, (height, width), faces in zip(proposals, inputs[0].image_sizes, counts, strict=True):
            kept = real
            if faces:
                boxes = _candidates(grid.spread_boxes(faces, height, width), _IMG2POSE_CANDIDATES).to(real)
                kept = real[: max(0, len(real) - len(boxes))]
                rows.append(slice(start + len(kept), start + len(kept) + len(boxes)))
                kept = torch.cat([kept, boxes])
            replaced.append(kept)
            start += len(kept)
        return replaced, losses

    finder.rpn.register_forward_hook(propose)
    finder.roi_heads.class_predictor.register_forward_hook(_raise_scores(rows))
    finder.roi_heads.box_predictor.register_forward_hook(_face_forward(rows))


def _raise_scores(rows: list[slice]) -> Callable[..., None]:
    def overwrite(_: Any, __: Any, logits: torch.Tensor) -> None:
        limit = logits[:, 0] + math.log(_BACKGROUND)
        logits[:, 1] = torch.minimum(logits[:, 1], limit)
        score = torch.linspace(3.5, 0.5, _IMG2POSE_CANDIDATES)  # p(face) from 0.97 to 0.62: all above the threshold
        score[0] = 6.0  # the exact copy wins
        columns = torch.stack([torch.zeros_like(score), score], 1).to(logits)
        for planted_rows in rows:
            faces = (planted_rows.stop - planted_rows.start) // _IMG2POSE_CANDIDATES
            logits[planted_rows] = columns.repeat(faces, 1)

    return overwrite


def _face_forward(rows: list[slice]) -> Callable[..., None]:
    """Set planted proposals to the mean pose: img2pose derives the final box from it."""

    def overwrite(_: Any, __: Any, pose: torch.Tensor) -> None:
        for planted_rows in rows:
            pose[planted_rows] = 0.0

    return overwrite
