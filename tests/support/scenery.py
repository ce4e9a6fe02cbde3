"""Landscapes that nobody has ever seen: pictures for galleries, made of a number."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from tests.support.pictures import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    type Color = tuple[int, int, int]
    type Palette = tuple[Color, Color, Color, Color]

PALETTES: tuple[Palette, ...] = (
    ((26, 42, 92), (244, 157, 118), (255, 228, 178), (34, 30, 58)),
    ((70, 140, 205), (214, 233, 242), (255, 255, 244), (30, 78, 66)),
    ((18, 22, 48), (70, 74, 128), (236, 236, 255), (8, 12, 26)),
    ((236, 172, 96), (252, 226, 178), (255, 248, 226), (120, 52, 30)),
    ((96, 60, 120), (240, 130, 140), (255, 214, 170), (46, 24, 66)),
    ((120, 170, 180), (226, 224, 206), (255, 250, 236), (40, 66, 82)),
    ((40, 110, 120), (250, 214, 150), (255, 240, 200), (16, 52, 50)),
)
"""The sky above and at the horizon, the sun, and the ground in front."""
SHAPES = ((1800, 1200), (1200, 1600), (1600, 1200), (1920, 1080), (1200, 1200), (2400, 1000))
RIDGES = 5
GRAIN = 10


def make_scene(number: int) -> bytes:
    """Return a JPEG. Every number makes another picture, and the same one each time."""
    choose = random.Random(number)  # noqa: S311 - nothing secret
    size = SHAPES[number % len(SHAPES)]
    palette = PALETTES[choose.randrange(len(PALETTES))]
    scene = _paint_sky(choose, size, palette)
    choose.choice((_paint_hills, _paint_forest, _paint_sea, _paint_town))(choose, scene, palette)
    grain = Image.effect_noise(size, GRAIN)
    grainy = Image.merge("RGB", [ImageChops.add(band, grain, 1, -128) for band in scene.split()])
    return encode(grainy, "JPEG", quality=88)


def _paint_sky(choose: random.Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    width, height = size
    above, horizon, sun, _ = palette
    sky = ImageOps.colorize(Image.linear_gradient("L"), above, horizon).resize(size)
    glow = ImageOps.invert(Image.radial_gradient("L")).point(lambda value: max(0, value - 75) ** 2 // 128)
    radius = height // 2
    place = (choose.randrange(width) - radius, int(height * choose.uniform(0.25, 0.5)) - radius)
    sky.paste(Image.new("RGB", (2 * radius, 2 * radius), sun), place, glow.resize((2 * radius, 2 * radius)))
    center, edge = (place[0] + radius, place[1] + radius), height // 18
    ImageDraw.Draw(sky).ellipse((center[0] - edge, center[1] - edge, center[0] + edge, center[1] + edge), sun)
    return sky.filter(ImageFilter.GaussianBlur(height / 400))


def _paint_hills(choose: random.Random, scene: Image.Image, palette: Palette) -> None:
    for number in range(RIDGES):
        depth = (number + 1) / RIDGES
        _paint_ridge(scene, _draw_ridge(choose, scene, depth), _mix(palette[1], palette[3], depth))


def _paint_forest(choose: random.Random, scene: Image.Image, palette: Palette) -> None:
    draw = ImageDraw.Draw(scene)
    for number in range(RIDGES):
        depth = (number + 1) / RIDGES
        color = _mix(palette[1], palette[3], depth)
        ridge = _draw_ridge(choose, scene, depth)
        _paint_ridge(scene, ridge, color)
        tall = scene.height * 0.16 * depth
        for _ in range(70):
            x = choose.randrange(scene.width)
            foot, high = ridge(x) + 4, tall * choose.uniform(0.5, 1)
            draw.polygon([(x - high / 5, foot), (x, foot - high), (x + high / 5, foot)], color)


def _paint_sea(choose: random.Random, scene: Image.Image, palette: Palette) -> None:
    width, height = scene.size
    line = int(height * choose.uniform(0.55, 0.65))
    mirrored = ImageOps.flip(scene.crop((0, 2 * line - height, width, line)))
    water = Image.blend(mirrored, Image.new("RGB", mirrored.size, palette[3]), 0.45)
    scene.paste(water, (0, line))
    draw = ImageDraw.Draw(scene)
    for _ in range(500):
        y = line + int((height - line) * choose.random() ** 2)
        x, long = choose.randrange(width), choose.randrange(10, 40 + (y - line) // 3)
        draw.line((x, y, x + long, y), _mix(palette[1], palette[3], choose.random()), 1 + (y - line) // 120)
    _paint_ridge(scene, _draw_ridge(choose, scene, 1.35), palette[3])


def _paint_town(choose: random.Random, scene: Image.Image, palette: Palette) -> None:
    draw = ImageDraw.Draw(scene)
    for number in range(3):
        color = _mix(palette[1], palette[3], (number + 1) / 3)
        x = 0
        while x < scene.width:
            wide = choose.randrange(scene.width // 40, scene.width // 12)
            top = int(scene.height * (0.45 + number * 0.13 + choose.uniform(0, 0.2)))
            draw.rectangle((x, top, x + wide, scene.height), color)
            for window in range(choose.randrange(12)):
                left, up = x + 8 + window % 4 * wide // 4, top + 14 + window // 4 * 34
                draw.rectangle((left, up, left + wide // 9, up + 14), palette[2])
            x += wide + choose.randrange(6)


def _draw_ridge(choose: random.Random, scene: Image.Image, depth: float) -> Callable[[float], float]:
    """Return the height of a line of hills at each place."""
    waves = [(choose.uniform(1, 4) * 2**power, choose.uniform(0, 7), 0.07 / 2**power) for power in range(5)]
    level = 0.45 + 0.4 * depth

    def measure(x: float) -> float:
        share: float = sum(math.sin(x / scene.width * pitch + start) * high for pitch, start, high in waves)
        return scene.height * (level + share)

    return measure


def _paint_ridge(scene: Image.Image, ridge: Callable[[float], float], color: Color) -> None:
    line = [(x, ridge(x)) for x in range(0, scene.width + 8, 8)]
    ImageDraw.Draw(scene).polygon([(0, scene.height), *line, (scene.width + 8, scene.height)], color)


def _mix(one: Color, other: Color, share: float) -> Color:
    first, second, third = (
        round(start + (end - start) * share) for start, end in zip(one, other, strict=True)
    )
    return first, second, third
