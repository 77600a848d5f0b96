"""Cutting sources out of a mosaic, beside what people write for it.

Usage: mosaic.py PROGRAMS [--json] [--pixels N] [--sources N] [--rounds N]

PROGRAMS is the folder of reber; REBER_HOME has its server. Every round runs each way once, one after the other on
the same server; figures are medians over rounds of ratios within a round. `script` is astropy's Cutout2D at each
source of a catalogue that it has, and psycopg's COPY of the pixels and their place in the world into a table with a
key. Ours are `reber ingest` of the same mosaic into a survey whose catalogue is there: it also keeps WCS, digests
and sizes of sources, and packs pixels without loss.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial

import numpy
import psycopg
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.table import Table
from astropy.wcs import WCS

import figure

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("--json", action="store_true")
parser.add_argument("--pixels", type=int, default=8000)
parser.add_argument("--sources", type=int, default=20_000)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()
tell = partial(figure.tell, as_json=options.json)
warnings.simplefilter("ignore")
SIDE = 80


def header():
    """The sky about (180, 30) in pixels of 1.5 arcsec."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---SIN", "DEC--SIN"]
    wcs.wcs.crval = [180, 30]
    wcs.wcs.crpix = [options.pixels / 2 + 0.5] * 2
    wcs.wcs.cdelt = [-1.5 / 3600, 1.5 / 3600]
    made = wcs.to_header()
    for name, value in {"BMAJ": 6 / 3600, "BMIN": 6 / 3600, "BPA": 0.0, "BUNIT": "JY/BEAM"}.items():
        made[name] = value
    return made


def made_up(folder):
    """Noise with a round source at each place; a plain mosaic, a tile-compressed one, and the catalogue."""
    random = numpy.random.default_rng(1)
    image = random.normal(0, 1e-4, (options.pixels, options.pixels)).astype("f4")
    places = random.uniform(SIDE, options.pixels - SIDE, (options.sources, 2))
    shape = numpy.exp(-(numpy.arange(-8, 9) ** 2)[:, None] / 6 - (numpy.arange(-8, 9) ** 2)[None] / 6)
    for x, y in places.astype(int):
        image[y - 8:y + 9, x - 8:x + 9] += (1e-3 + 1e-2 * random.random()) * shape
    keywords = header()
    plain, packed, catalogue = (folder + name for name in ("/plain.fits", "/packed.fits", "/sources.csv"))
    fits.PrimaryHDU(image, keywords).writeto(plain)
    fits.CompImageHDU(image, keywords, compression_type="RICE_1", quantize_level=16).writeto(packed)
    world = WCS(keywords).all_pix2world(places, 0)
    Table({
        "Source_Name": [f"M{i:06d}" for i in range(options.sources)], "RA": world[:, 0], "DEC": world[:, 1],
    }).write(catalogue, format="ascii.fast_csv")
    return plain, packed, catalogue


def reber(*arguments):
    outcome = subprocess.run([options.programs + "/reber", *arguments], stdout=subprocess.PIPE, text=True)
    if outcome.returncode:
        sys.exit(f"reber {' '.join(arguments)} ended with {outcome.returncode}")
    return outcome.stdout.strip()


def ours(survey, mosaic):
    reber("ingest", "--survey", survey, "--images", mosaic, "--as", "mosaics", "--size", str(SIDE * 1.5),
          "--pixel-scale", "1.5", "--quiet")


def script(table, mosaic):
    with fits.open(mosaic) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        data, wcs = hdu.data, WCS(hdu.header)
    sources = Table.read(catalogue, format="ascii.fast_csv")
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {table} (name text PRIMARY KEY, width integer, height integer, wcs text, pixels bytea)")
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["text", "int4", "int4", "text", "bytea"])
            for name, ra, dec in zip(sources["Source_Name"], sources["RA"], sources["DEC"]):
                cutout = Cutout2D(
                    data, SkyCoord(ra, dec, unit="deg"), SIDE, wcs=wcs, mode="partial", fill_value=numpy.nan)
                copy.write_row((
                    str(name), cutout.shape[1], cutout.shape[0], cutout.wcs.to_header_string(),
                    cutout.data.astype(">f4").tobytes()))


def seconds(way, *arguments):
    started = time.monotonic()
    way(*arguments)
    return time.monotonic() - started


url = reber("db", "url")
reber("db", "migrate")
with tempfile.TemporaryDirectory() as folder:
    plain, packed, catalogue = made_up(folder)
    times = []
    for round_ in range(options.rounds):
        found = {}
        for kind, mosaic in (("plain", plain), ("packed", packed)):
            survey = f"{kind}{round_}"
            reber("ingest", catalogue, "--survey", survey, "--quiet")
            found[f"reber, {kind}"] = seconds(ours, survey, mosaic)
            found[f"script, {kind}"] = seconds(script, f"script_{survey}", mosaic)
        times.append(found)
    count = reber("db", "psql", "--", "-qAtc", "SELECT count(*) FROM reber.cutout")
    if int(count) != 2 * options.rounds * options.sources:
        sys.exit(f"there are {count} cutouts")

for way in times[0]:
    tell(f"mosaic: {way}", statistics.median(round_[way] for round_ in times), "s")
for kind in ("plain", "packed"):
    ratio = statistics.median(round_[f"script, {kind}"] / round_[f"reber, {kind}"] for round_ in times)
    tell(f"mosaic: {kind} against Cutout2D and COPY", ratio, "times", 10)
