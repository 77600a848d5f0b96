"""Golden values of Tests/PNGTests: digests of the pixels as Pillow and pypng read them.

Usage: python png.py DATA_FOLDER (needs pillow, pypng, numpy)
Values are written as little-endian 16-bit numbers, row by row from the top, then digested.
"""
import hashlib
import sys

import numpy as np
import png
from PIL import Image

folder = sys.argv[1]
for name in ["emu_radiogalaxynet_train/radio16/481443_433.png",
             "emu_radiogalaxynet_train/original_rgb/491505_19.png",
             "first_radio_galaxy_dataset/png/Bent/0.878_0.466_3_Proctor_Tab1.png"]:
    width, height, rows, info = png.Reader(folder + "/" + name).asDirect()
    values = np.vstack([np.asarray(row, dtype=np.uint32) for row in rows])
    if info["planes"] == 3:
        r, g, b = (values[:, i::3] for i in range(3))
        assert np.array_equal(np.dstack([r, g, b]), np.asarray(Image.open(folder + "/" + name)))
        values = (299 * r + 587 * g + 114 * b + 500) // 1000
    else:
        assert np.array_equal(values, np.asarray(Image.open(folder + "/" + name)))
    digest = hashlib.sha256(values.astype("<u2").tobytes()).hexdigest()
    print(name, width, height, info["bitdepth"], int(values.max()), digest)


def made(name, **options):
    """A small image of the kind, as pypng writes it, in base64."""
    import base64
    import io
    rows = options.pop("rows")
    out = io.BytesIO()
    png.Writer(size=(3, 2), **options).write(out, rows)
    print(name, base64.b64encode(out.getvalue()).decode())


made("palette", rows=[[0, 1, 2], [2, 1, 0]], bitdepth=8,
     palette=[(10, 20, 30), (255, 255, 255), (200, 0, 100)])
made("rgba", rows=[[10, 20, 30, 0, 255, 255, 255, 9, 200, 0, 100, 255]] * 2, greyscale=False,
     alpha=True, bitdepth=8)
made("grey+alpha+gamma, 16 bits", rows=[[1, 0, 65535, 7, 513, 9]] * 2, greyscale=True, alpha=True,
     bitdepth=16, gamma=1.0)
made("2 bits, interlaced", rows=[[0, 1, 2], [3, 2, 1]], greyscale=True, bitdepth=2,
     interlace=True)
