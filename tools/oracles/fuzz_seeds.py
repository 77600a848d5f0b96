"""Small files of every form that Reber reads, by astropy, for tools/fuzz to change: fuzz_seeds.py FOLDER"""

import gzip
import os
import shutil
import sys

import numpy as np
from astropy.io import fits
from astropy.io.votable import from_table, writeto
from astropy.table import Column, Table
import astropy.units as u

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(1)


def path(name):
    return os.path.join(folder, name)


def catalogue():
    rows = 12
    table = Table()
    table["name"] = [f"S {i:03}" for i in range(rows)]
    table["ra"] = rng.uniform(0, 360, rows) * u.deg
    table["dec"] = rng.uniform(-90, 90, rows) * u.deg
    table["flux"] = rng.lognormal(size=rows).astype("f4") * u.mJy
    table["peak"] = rng.lognormal(size=rows) * u.mJy / u.beam
    table["major"] = rng.uniform(1, 60, rows) * u.arcsec
    table["id"] = np.arange(rows, dtype="i8") + 2**40
    table["small"] = np.arange(rows, dtype="i2")
    table["byte"] = np.arange(rows, dtype="u1")
    table["int"] = np.arange(rows, dtype="i4") - 5
    table["flag"] = rng.uniform(size=rows) > 0.5
    table["pair"] = rng.uniform(size=(rows, 2))
    table["note"] = ["é" * (i % 3) if i % 2 else "x" for i in range(rows)]
    return table


def image(side=48):
    header = fits.Header()
    for key, value in {
        "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": 150.1, "CRVAL2": 2.2,
        "CRPIX1": side / 2, "CRPIX2": side / 2, "CDELT1": -5e-4, "CDELT2": 5e-4,
        "CUNIT1": "deg", "CUNIT2": "deg", "BMAJ": 1.5e-3, "BMIN": 1.4e-3, "BPA": 10.0,
        "BUNIT": "JY/BEAM", "OBJECT": "S 000", "RADESYS": "FK5", "EQUINOX": 2000.0,
        "RESTFRQ": 1.4e9,
    }.items():
        header[key] = value
    y, x = np.mgrid[:side, :side] - side / 2
    pixels = np.exp(-(x**2 + y**2) / 30) + rng.normal(size=(side, side)) * 0.05
    return pixels.astype("f4"), header


def write_fits():
    table = catalogue()
    table["note"] = ["x"] * 12
    table.write(path("table.fits"), overwrite=True)
    columns = [
        fits.Column("ra", "D", "deg", array=table["ra"]),
        fits.Column("dec", "D", "deg", array=table["dec"]),
        fits.Column("list", "PD()", array=np.array([np.arange(i % 4.0) for i in range(12)], object)),
        fits.Column("word", "PA()", array=np.array(["x" * (i % 5) for i in range(12)], object)),
        fits.Column("big", "QE()", array=np.array([np.arange(i % 3, dtype="f4") for i in range(12)], object)),
        fits.Column("bits", "11X", array=rng.uniform(size=(12, 11)) > 0.5),
        fits.Column("z", "M", array=np.ones(12, complex)),
        fits.Column("u2", "I", bzero=32768, array=np.arange(12, dtype="u2")),
        fits.Column("words", "12A4", array=["aaaabbbbcccc"] * 12),
    ]
    wide = fits.BinTableHDU.from_columns(columns, name="WIDE")
    # Not by astropy, which cannot scale what it holds.
    wide.header["TSCAL8"], wide.header["TNULL8"] = 0.1, 3
    wide.header["TUCD1"] = "pos.eq.ra;meta.main"
    fits.HDUList([fits.PrimaryHDU(), wide]).writeto(path("wide.fits"), overwrite=True)
    text = fits.TableHDU.from_columns([
        fits.Column("name", "A8", array=table["name"]),
        fits.Column("ra", "F12.6", array=table["ra"]), fits.Column("dec", "F12.6", array=table["dec"]),
        fits.Column("n", "I6", array=np.arange(12)),
    ])
    fits.HDUList([fits.PrimaryHDU(), text]).writeto(path("text.fits"), overwrite=True)
    fits.HDUList([fits.PrimaryHDU(), wide, fits.BinTableHDU(table)]).writeto(
        path("two.fits"), overwrite=True)


def write_images():
    pixels, header = image()
    hdu = fits.PrimaryHDU(pixels, header)
    hdu.writeto(path("image.fits"), overwrite=True)
    fits.PrimaryHDU(pixels[None, None], header).writeto(path("four.fits"), overwrite=True)
    scaled = fits.PrimaryHDU((pixels * 1000).astype("i2"), header)
    scaled.header["BSCALE"], scaled.header["BLANK"] = 0.001, -9999
    scaled.writeto(path("scaled.fits"), overwrite=True)
    oblong = header.copy()
    oblong["CDELT1"] = -1.2e-3
    fits.PrimaryHDU(pixels, oblong).writeto(path("oblong.fits"), overwrite=True)
    for form, dtype in [("RICE_1", "f4"), ("GZIP_1", "f4"), ("GZIP_2", "f8"), ("HCOMPRESS_1", "f4"),
                        ("RICE_1", "i4"), ("RICE_1", "u1"), ("PLIO_1", "i2"), ("HCOMPRESS_1", "i4")]:
        values = pixels.astype(dtype) if dtype[0] == "f" else (100 * abs(pixels)).astype(dtype)
        tile = {"tile_shape" if "tile_shape" in fits.CompImageHDU.__init__.__code__.co_varnames
                else "tile_size": (16, 16)}
        tiled = fits.CompImageHDU(values, header, compression_type=form, **tile)
        tiled.writeto(path(f"{form.lower()}-{dtype}.fits.fz"), overwrite=True)
    for name in ["image.fits", "table.fits", "wide.fits"]:
        with open(path(name), "rb") as plain, gzip.open(path(name + ".gz"), "wb") as packed:
            shutil.copyfileobj(plain, packed)


def write_votables():
    table = catalogue()
    table["ra"].info.meta = {"ucd": "pos.eq.ra;meta.main"}
    for form in ["tabledata", "binary", "binary2"]:
        votable = from_table(table)
        votable.version = "1.4"
        writeto(votable, path(form + ".vot"), tabledata_format=form)
    with open(path("binary2.vot"), "rb") as plain, gzip.open(path("binary2.vot.gz"), "wb") as packed:
        shutil.copyfileobj(plain, packed)


def write_text():
    table = catalogue()
    flat = table.copy()
    flat.remove_column("pair")
    flat.write(path("table.csv"), format="ascii.csv", overwrite=True)
    flat.write(path("table.tsv"), format="ascii.tab", overwrite=True)
    flat.write(path("blanks.txt"), format="ascii.commented_header", overwrite=True)
    table.write(path("table.ecsv"), format="ascii.ecsv", overwrite=True)
    flat.write(path("commas.ecsv"), format="ascii.ecsv", delimiter=",", overwrite=True)


def write_pictures():
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for name, depth, colour, channels, interlace in [
        ("grey8", 8, 0, 1, 0), ("grey16", 16, 0, 1, 0), ("rgb8", 8, 2, 3, 0), ("rgba16", 16, 6, 4, 0),
        ("palette", 4, 3, 1, 0), ("grey1", 1, 0, 1, 0), ("greyalpha", 8, 4, 2, 0), ("adam7", 8, 0, 1, 1),
    ]:
        side = 16
        size = side * channels * depth // 8
        rows = b"".join(bytes([0]) + rng.integers(0, 256, size, dtype="u1").tobytes() for _ in range(side))
        if interlace:
            widths = [(2, 2), (2, 2), (4, 2), (4, 4), (8, 4), (8, 8), (16, 8)]
            rows = b"".join((bytes([0]) + bytes(w)) * h for w, h in widths)
        head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, interlace)
        palette = chunk(b"PLTE", bytes(range(48))) if colour == 3 else b""
        text = chunk(b"tEXt", b"Comment\0made up") + chunk(b"zTXt", b"T\0\0" + zlib.compress(b"x" * 999))
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + text + palette
        content += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        with open(path(name + ".png"), "wb") as file:
            file.write(content)


write_fits()
write_images()
write_votables()
write_text()
write_pictures()
