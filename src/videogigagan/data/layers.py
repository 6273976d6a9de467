"""Synthetic camera motion with depth: a photo, and things cut out of it that pass before it.

A camera pans, zooms, rotates and tilts over the photo. Nearer things move faster across the
picture (parallax) and on their own, and cover and uncover what lies behind them, which a moving
plane alone (`motion.camera_motion`) never does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

_SUPERSAMPLING = 2
_WIDEST = 1.8
"""Photo pixels per result pixel, at most. With the strongest tilt that is hardly more than one
photo pixel per sample, so that nothing is missed between two samples."""
_TILT = 0.04
_WAVES = 5  # of the outline of a thing, around its centre


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraPath:
    """Where the camera looks in each frame."""

    centre: Float[np.ndarray, " 2"]
    """The point x, y of the photo at the middle of the frame, before translation."""
    zoom: float
    """Photo pixels per result pixel in the middle of the clip."""
    zooms: Float[np.ndarray, " t"]
    """Change of that, as a factor."""
    angles: Float[np.ndarray, " t"]
    """Rotation in radians."""
    tilts: Float[np.ndarray, "t 2"]
    """Change of distance across half the frame, as a share: perspective."""
    shifts: Float[np.ndarray, "t 2"]
    """Translation x, y in result pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """Something before the photo, cut out of the photo itself."""

    centre: Float[np.ndarray, " 2"]
    """Where it is in the middle of the clip, in result pixels from the middle of the frame."""
    velocity: Float[np.ndarray, " 2"]
    """Its own motion in result pixels per frame."""
    spin: float
    """Its own rotation in radians per frame."""
    nearness: float
    """How much faster than the photo it passes by; 1 would be the photo's own depth."""
    radius: float
    """Mean distance of its outline from its centre."""
    outline: Float[np.ndarray, "k 2"]
    """Cosine and sine parts of the outline's waves, as shares of the radius."""
    texture: Float[np.ndarray, " 2"]
    """The point of the photo that its centre shows."""


def layered_motion(
    photo: UInt8[np.ndarray, "h w 3"], frames: int, size: int, rng: np.random.Generator
) -> Float[Tensor, "t 3 s s"]:
    """Film a photo and up to two things before it, with sub-pixel steps and no aliasing.

    Frames are sampled at twice the size and reduced, as sharp as video that was filmed large
    and scaled down.

    Args:
        photo: Picture; sides of at least `size`, better 1.5 times that.
        frames: Length of the clip.
        size: Side of the result in pixels.
        rng: Where every choice comes from.
    """
    height, width, _ = photo.shape
    sides = np.array([width, height], dtype=np.float64)
    path = _fitted(_draw_path(rng, frames, sides.min() / size), size, sides, rng)
    count = rng.choice(3, p=(0.4, 0.4, 0.2))
    return film(photo, path, [_draw_thing(rng, size, sides) for _ in range(count)], size)


def film(
    photo: UInt8[np.ndarray, "h w 3"], path: CameraPath, things: Sequence[Thing], size: int
) -> Float[Tensor, "t 3 s s"]:
    """Film a photo, and things before it, along a path; beyond its border it is mirrored."""
    canvas = rearrange(torch.from_numpy(photo), "h w c -> 1 c h w").float() / 255
    things = sorted(things, key=lambda thing: thing.nearness)
    views = []
    for index in range(len(path.zooms)):  # one by one: a frame fits into the cache
        plane = _plane(path, index, size)
        view = _sampled(canvas, path.zoom * (plane + _pair(path.shifts[index])), path.centre)
        for thing in things:
            _cover(view, canvas, _seen_from(thing, path, index, plane), thing, path.zoom)
        reduced = F.interpolate(view[None], size=(size, size), mode="bicubic", antialias=True)
        views.append(reduced)
    return torch.cat(views).clamp(0, 1)


def _draw_path(rng: np.random.Generator, frames: int, fits: float) -> CameraPath:
    """Draw a motion; `fits` is how many times the frame fits into the photo."""
    least = min(1.1, fits)
    zoom = rng.uniform(least, max(min(_WIDEST, 0.95 * fits), least))
    times = _times(frames)
    speed = np.exp(rng.normal(0.6, 0.9))  # log-normal: median 1.8, one in ten above 6
    tilts = rng.uniform(-0.5, 0.5, 2) + times[:, None] / frames * rng.uniform(-1, 1, 2)
    return CameraPath(
        centre=np.zeros(2),
        zoom=zoom,
        zooms=np.exp(times * rng.normal(0, 0.006)),
        angles=rng.normal(0, 0.1) + times * rng.normal(0, 0.006),
        tilts=_TILT * tilts,
        shifts=times[:, None] * speed * _direction(rng) + rng.normal(0, 0.2, (frames, 2)),
    )


def _draw_thing(rng: np.random.Generator, size: int, sides: np.ndarray) -> Thing:
    waves = rng.normal(0, 1, (_WAVES, 2)) / np.arange(2, _WAVES + 2)[:, None] ** 1.5
    return Thing(
        centre=rng.uniform(-0.5, 0.5, 2) * size,
        velocity=np.exp(rng.normal(-0.3, 0.9)) * _direction(rng),
        spin=rng.normal(0, 0.01),
        nearness=1 + rng.exponential(0.7),
        radius=size * rng.uniform(0.08, 0.3),
        outline=0.4 * waves,
        texture=rng.uniform(0.25, 0.75, 2) * sides,
    )


def _plane(path: CameraPath, index: int, size: int) -> Float[Tensor, "f f 2"]:
    """Where each sample looks, in result pixels of the middle frame, before translation."""
    fine = size * _SUPERSAMPLING
    steps = (torch.arange(fine) - (fine - 1) / 2) / _SUPERSAMPLING
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    tilt_x, tilt_y = (float(tilt) / (size / 2) for tilt in path.tilts[index])
    distance = float(path.zooms[index]) / (1 + tilt_x * across + tilt_y * down)
    places = torch.stack((distance * across, distance * down), dim=-1)
    return _turned(places, float(path.angles[index]))


def _fitted(
    path: CameraPath, size: int, sides: np.ndarray, rng: np.random.Generator
) -> CameraPath:
    """Slow a path down until it fits into the photo, and choose where it lies."""
    reach = path.zoom * _reach(path, size)
    room = np.maximum(sides - 2 * reach - 2, 0)  # that the middle of the frame can move in
    lowest, highest = path.shifts.min(axis=0), path.shifts.max(axis=0)
    needed = path.zoom * (highest - lowest)
    share = float(min(1.0, (room / np.maximum(needed, 1e-9)).min()))
    slack = np.maximum(room - share * needed, 0)
    first = (sides - 1 - room) / 2 + rng.uniform(0, 1, 2) * slack
    return replace(path, shifts=share * path.shifts, centre=first - path.zoom * share * lowest)


def _reach(path: CameraPath, size: int) -> Float[np.ndarray, " 2"]:
    """How far from its middle the frame looks, x and y, in result pixels."""
    spread = path.zooms / (1 - np.abs(path.tilts).sum(axis=1)) * size / 2
    turned = np.abs(np.cos(path.angles)) + np.abs(np.sin(path.angles))
    return np.full(2, (spread * turned).max())


def _seen_from(
    thing: Thing, path: CameraPath, index: int, plane: Tensor
) -> Float[Tensor, "f f 2"]:
    """Each sample's place in the thing's own coordinates."""
    time = float(_times(len(path.zooms))[index])
    moved = thing.centre + time * thing.velocity - thing.nearness * path.shifts[index]
    return _turned(plane - _pair(moved), time * thing.spin)


def _cover(view: Tensor, canvas: Tensor, places: Tensor, thing: Thing, zoom: float) -> None:
    """Lay a thing over the samples (c f f) that it covers."""
    distance = places.square().sum(dim=-1).sqrt()
    near = distance < thing.radius * (1 + np.abs(thing.outline).sum()) + 1
    if not near.any():
        return
    box = tuple(_extent(near.any(dim=other)) for other in (1, 0))
    places, distance = places[box], distance[box]
    outwards = distance - thing.radius * _edge(
        thing, places / distance[..., None].clamp_min(1e-3)
    )
    opacity = (0.5 - outwards * _SUPERSAMPLING).clamp(0, 1)
    behind = view[:, *box]
    behind += opacity * (_sampled(canvas, zoom * places, thing.texture) - behind)


def _edge(thing: Thing, directions: Float[Tensor, "f g 2"]) -> Float[Tensor, "f g"]:
    """Distance of the outline, as a share of the radius, in each direction (unit vectors)."""
    once = torch.view_as_complex(directions.contiguous())
    turned, edge = torch.ones_like(once), torch.ones_like(once.real)
    for cosine, sine in thing.outline:
        turned = turned * once
        edge += float(cosine) * turned.real + float(sine) * turned.imag
    return edge


def _extent(there: Tensor) -> slice:
    """From the first to the last place where something is."""
    places = there.nonzero()
    return slice(int(places[0]), int(places[-1]) + 1)


def _sampled(
    canvas: Tensor, places: Float[Tensor, "f g 2"], origin: np.ndarray
) -> Float[Tensor, "c f g"]:
    """Read the photo at places x, y in its pixels from `origin`; it is mirrored beyond."""
    height, width = canvas.shape[-2:]
    scale = torch.tensor([2 / max(width - 1, 1), 2 / max(height - 1, 1)])
    grid = (places * scale + (_pair(origin) * scale - 1))[None]
    return F.grid_sample(canvas, grid, "bicubic", "reflection", align_corners=True)[0]


def _turned(places: Tensor, angle: float) -> Tensor:
    x, y = places.unbind(dim=-1)
    cosine, sine = math.cos(angle), math.sin(angle)
    return torch.stack((cosine * x - sine * y, sine * x + cosine * y), dim=-1)


def _pair(values: np.ndarray) -> Float[Tensor, " 2"]:
    return torch.from_numpy(values).float()


def _times(frames: int) -> Float[np.ndarray, " t"]:
    """Frame numbers with 0 in the middle of the clip."""
    return np.arange(frames) - (frames - 1) / 2


def _direction(rng: np.random.Generator) -> Float[np.ndarray, " 2"]:
    heading = rng.uniform(0, 2 * math.pi)
    return np.array([math.cos(heading), math.sin(heading)])
