"""Synthetic camera motion: a photo becomes a clip."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

_SUPERSAMPLING = 2


def camera_motion(
    photo: UInt8[np.ndarray, "h w 3"], frames: int, size: int, rng: np.random.Generator
) -> Float[Tensor, "t 3 s s"]:
    """Pan, zoom and rotate a square window over a photo, with sub-pixel steps and no aliasing.

    The window is sampled at twice the size and reduced, so that the frames are as sharp as
    video that was filmed large and scaled down. Speed is mostly slow and sometimes fast, as in
    real footage.

    Args:
        photo: Picture; sides of at least 1.5 times `size`.
        frames: Length of the clip.
        size: Side of the result in pixels.
        rng: Where every choice comes from.
    """
    height, width, _ = photo.shape
    fits = min(height, width) / size
    zoom = rng.uniform(min(1.1, fits), max(min(2.0, 0.95 * fits), min(1.1, fits)))
    times = np.arange(frames) - (frames - 1) / 2
    zooms = zoom * np.exp(times * rng.normal(0, 0.006))
    angles = rng.normal(0, 0.1) + times * rng.normal(0, 0.006)
    speed = zoom * np.exp(rng.normal(0.6, 0.9))  # log-normal: median 1.8, one in ten above 6
    heading = rng.uniform(0, 2 * math.pi)
    jitter = rng.normal(0, 0.3, (frames, 2))
    path = times[:, None] * speed * np.array([math.cos(heading), math.sin(heading)]) + jitter
    margin = np.minimum(0.5 * size * zoom + np.abs(path).max(axis=0), [width / 2, height / 2])
    centre = rng.uniform(margin, np.array([width, height]) - margin)
    canvas = torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 255
    views = [
        _view(canvas, centre + shift, z, angle, size)
        for shift, z, angle in zip(path, zooms, angles, strict=True)
    ]
    return torch.cat(views)


def _view(canvas: Tensor, centre: np.ndarray, zoom: float, angle: float, size: int) -> Tensor:
    """One window: `zoom` photo pixels per result pixel, rotated by `angle` about `centre`."""
    height, width = canvas.shape[-2:]
    fine = size * _SUPERSAMPLING
    steps = (torch.arange(fine) - (fine - 1) / 2) * (zoom / _SUPERSAMPLING)
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    x = centre[0] + math.cos(angle) * across - math.sin(angle) * down
    y = centre[1] + math.sin(angle) * across + math.cos(angle) * down
    grid = torch.stack((2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1), dim=-1)[
        None
    ].float()
    view = F.grid_sample(canvas, grid, "bicubic", "reflection", align_corners=True)
    return F.interpolate(view, size=(size, size), mode="bicubic", antialias=True).clamp(0, 1)
