"""Grid: positions of planted faces in a frame. Pure."""

import math

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""

_SIDE = 0.5  # of a grid cell: img2pose grows its boxes by a third, and neighbours must not touch
_ASPECT = 0.8  # width over height of a face


def spread_boxes(faces: int, height: int, width: int) -> list[Box]:
    """Spread face-shaped boxes over a frame, one in the middle of each cell of a grid, row by row.

    Returns:
        (left, top, right, bottom) in pixels, one per face; no two boxes touch.
    """
    if not faces:
        return []
    columns = min(faces, max(1, math.ceil(math.sqrt(faces * width / height))))
    rows = math.ceil(faces / columns)
    cell_width, cell_height = width / columns, height / rows
    box_height = _SIDE * min(cell_height, cell_width / _ASPECT)
    box_width = box_height * _ASPECT
    boxes = []
    for index in range(faces):
        left = (index % columns + 0.5) * cell_width - box_width / 2
        top = (index // columns + 0.5) * cell_height - box_height / 2
        boxes.append((left, top, left + box_width, top + box_height))
    return boxes
