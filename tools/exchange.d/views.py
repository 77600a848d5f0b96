"""Views of a cutout, by the formulas of docs/models.md; the numbers of the steps are those there."""
import math

import numpy as np

f32 = np.float32


def views(pixels, card, pixel_scale=None, extent=None, beam=None):
    """The views of a cutout, [count, size, size], for a model whose model.json is `card`.

    Pixels are [rows, columns], the first row at the bottom; pixel scale and beam are in arcsec, the extent in pixels.
    """
    options = card["preprocessing"]
    image, sigma = prepared(pixels, options, pixel_scale, extent, beam)
    return np.stack([view(image, sigma, options, place) for place in card["placements"]])


def prepared(pixels, options, pixel_scale, extent, beam):
    """Steps 1 to 5: the prepared image, and σ of its noise."""
    pixels = np.asarray(pixels, f32)
    finite = np.isfinite(pixels)
    filled = np.where(finite, pixels, f32(0))
    scale = step(filled.shape, options, pixel_scale, extent)
    smooth = blurred(filled, math.hypot(
        0.42 * math.sqrt(scale**2 - 1) if scale > 1.05 else 0,
        beam_blur(options.get("beam"), beam, pixel_scale)))
    sigma = noise(pixels[finite], options["noise"])
    if sigma > 0 and smooth is not filled:
        sigma = noise(smooth[finite], options["noise"])
    size = options["size"]
    side = math.ceil(size * options["margin"])
    side += (side - size) % 2
    image = placed(smooth, side, scale)
    if "mask" in options["neighbours"]:
        raise NotImplementedError("neighbours are masked: see step 5")
    return image, sigma


def step(shape, options, pixel_scale, extent):
    """Step 2: pixels of the cutout in a pixel of a view."""
    size, framing = options["size"], options.get("framing")
    if framing:
        unit = pixel_scale or 1
        if extent is None:
            return framing["usual"] / unit / size
        wide = max(framing["sizeFactor"] * extent, framing["least"] / unit)
        return min(wide, framing["most"] / unit) / size
    if options.get("fieldOfView"):
        return options["fieldOfView"] / pixel_scale / size
    return options["cropFraction"] * min(shape) / size


def beam_blur(wanted, own, pixel_scale):
    if not wanted:
        return 0
    return math.sqrt(max(0, wanted**2 - own**2) / (8 * math.log(2))) / pixel_scale


def blurred(image, sigma):
    """Step 3."""
    if sigma <= 0.05:
        return image
    radius = max(1, math.ceil(3 * sigma))
    taps = np.exp(-0.5 * np.arange(-radius, radius + 1, dtype=f32)**2 / f32(sigma)**2)
    taps /= taps.sum()
    for axis in (1, 0):
        wide = np.pad(image, [(radius, radius) if axis == own else (0, 0) for own in (0, 1)])
        length = image.shape[axis]
        image = sum(
            tap * wide.take(range(start, start + length), axis) for start, tap in enumerate(taps))
    return image


def noise(values, estimator):
    """Step 4."""
    if estimator != "medianAbsoluteDeviation":
        raise NotImplementedError(estimator)
    values = values[::max(1, values.size // 16384)]
    if values.size == 0 or np.count_nonzero(values == values.min()) > 0.3 * values.size:
        return f32(0)
    return f32(1.4826) * np.median(np.abs(values - np.median(values)))


def placed(image, side, scale, angle=0, mirrored=False):
    """Steps 5 and 6: side × side bilinear samples, `scale` apart, centre upon centre."""
    cosine, sine = f32(math.cos(angle) * scale), f32(math.sin(angle) * scale)
    sign, middle = f32(-1 if mirrored else 1), f32((side - 1) / 2)
    row, column = np.meshgrid(*[np.arange(side, dtype=f32)] * 2, indexing="ij")
    y0, x0 = (f32((extent - 1) / 2) for extent in image.shape)
    x = sign * cosine * column + (-sine * row + (x0 - sign * cosine * middle + sine * middle))
    y = sign * sine * column + (cosine * row + (y0 - sign * sine * middle - cosine * middle))
    wide = np.pad(image, 2)
    bottom, left = np.floor(y), np.floor(x)
    v, u = y - bottom, x - left
    r = np.clip(bottom.astype(int) + 2, 0, wide.shape[0] - 2)
    c = np.clip(left.astype(int) + 2, 0, wide.shape[1] - 2)
    lower = wide[r, c] * (1 - u) + wide[r, c + 1] * u
    upper = wide[r + 1, c] * (1 - u) + wide[r + 1, c + 1] * u
    return lower * (1 - v) + upper * v


def view(image, sigma, options, place):
    """Steps 6 to 9."""
    size = options["size"]
    seen = placed(
        image, size, 1 / place["zoom"], math.radians(place["degrees"]), place["isMirrored"])
    distance = np.hypot(*np.indices(seen.shape) - (size - 1) / 2)
    peak = max(f32(0), seen[distance <= size / 2].max())
    floor = max(f32(0), f32(options["clip"]) * sigma)
    shown = np.clip(np.where(seen >= floor, seen * (1 / peak if peak > 0 else 0), 0), 0, 1)
    shown = stretched(shown, options["stretch"])
    for _ in range(place["quarterTurns"]):
        shown = np.rot90(shown)
    return shown.astype(f32)


def stretched(x, stretch):
    if "squareRoot" in stretch:
        return np.sqrt(x)
    if "asinh" in stretch:
        softening = stretch["asinh"]["softening"]
        return np.arcsinh(softening * x) / np.arcsinh(softening)
    return x**stretch["power"]["exponent"] if "power" in stretch else x
