"""Golden values for Tests/FITSTests, by astropy: positions, pixels, and tile-compressed files.

Run: python3 tools/oracles/wcs.py SHARED_DATA > Tests/FITSTests/Golden.swift     (astropy 7 or later)
It also writes the files of Tests/FITSTests/Fixtures.
"""
import glob
import hashlib
import pathlib
import sys
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import pixel_to_skycoord, skycoord_to_pixel
from astropy.coordinates import SkyCoord

warnings.simplefilter("ignore")
data = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
fixtures = here.parent.parent / "Tests/FITSTests/Fixtures"


def header(lon, lat, projection, crval, crpix, cdelt, size, **more):
    pairs = {
        "CTYPE1": f"{lon}{projection}", "CTYPE2": f"{lat}{projection}",
        "CRVAL1": crval[0], "CRVAL2": crval[1], "CRPIX1": crpix[0], "CRPIX2": crpix[1]}
    if cdelt:
        pairs |= {"CDELT1": cdelt[0], "CDELT2": cdelt[1]}
    return size, pairs | more


EQ = ("RA---", "DEC--")
HEADERS = {
    "TAN ICRS": header(*EQ, "TAN", (150.1, 2.2), (51.25, 40.5), (-0.0005, 0.0005), (100, 80),
                       RADESYS="ICRS"),
    "TAN turned, CD, FK5": header(
        *EQ, "TAN", (10.5, -41.0), (50, 50), None, (100, 100), RADESYS="FK5", EQUINOX=2000.0,
        CD1_1=-4e-4, CD1_2=1e-4, CD2_1=1.1e-4, CD2_2=3.9e-4),
    "SIN with CROTA2 and EPOCH": header(
        *EQ, "SIN", (200.0, 30.0), (65, 64), (-0.001, 0.001), (128, 128), CROTA2=30.0,
        EPOCH=2000.0),
    "SIN at the pole": header(
        *EQ, "SIN", (0.0, -90.0), (-237.2, 7.7), (-0.0666666, 0.0666666), (192, 192),
        LONPOLE=180.0, EQUINOX=2000.0),
    "NCP": header(*EQ, "NCP", (255.4, -41.8), (3428, 3847), (-4.16e-4, 4.16e-4), (1000, 1000),
                  EPOCH=2000.0),
    "SIN slanted": header(*EQ, "SIN", (83.0, 22.0), (33, 33), (-0.01, 0.01), (64, 64),
                          PV2_1=0.1, PV2_2=-0.2),
    "GLS": header(*EQ, "GLS", (120.0, 35.0), (33, 33), (-0.01, 0.01), (64, 64), EQUINOX=2000.0),
    "AIT galactic": header("GLON-", "GLAT-", "AIT", (0.0, 0.0), (180.5, 90.5), (-1.0, 1.0),
                           (360, 180)),
    "ZEA": header(*EQ, "ZEA", (0.0, 90.0), (100.5, 100.5), (-0.5, 0.5), (200, 200),
                  RADESYS="ICRS"),
    "CAR galactic": header("GLON-", "GLAT-", "CAR", (40.0, 0.0), (60.0, 25.5), (-0.05, 0.05),
                           (120, 50)),
    "CAR about a far meridian": header(
        "GLON-", "GLAT-", "CAR", (0.0, 0.0), (4900.5, 25.5), (-0.05, 0.05), (120, 50)),
    "TAN galactic": header("GLON-", "GLAT-", "TAN", (30.7, -0.1), (40, 40), (-0.002, 0.002),
                           (80, 80)),
    "TAN B1950": header(*EQ, "TAN", (187.07, 12.67), (64, 64), (-0.0005, 0.0005), (128, 128),
                        EQUINOX=1950.0),
    "SIN B1900 FK4": header(*EQ, "SIN", (300.0, 70.0), (64, 64), (-0.001, 0.001), (128, 128),
                            RADESYS="FK4", EQUINOX=1900.0),
    "TAN FK4-NO-E": header(*EQ, "TAN", (20.0, -60.0), (64, 64), (-0.001, 0.001), (128, 128),
                           RADESYS="FK4-NO-E", EQUINOX=1950.0),
    "TAN FK5 of J2015.5": header(*EQ, "TAN", (20.0, -60.0), (64, 64), (-0.001, 0.001),
                                 (128, 128), RADESYS="FK5", EQUINOX=2015.5),
    "latitude first": (
        (90, 60), {"CTYPE1": "DEC--SIN", "CTYPE2": "RA---SIN", "CRVAL1": 41.0, "CRVAL2": 12.0,
                   "CRPIX1": 45.0, "CRPIX2": 30.0, "CDELT1": 0.001, "CDELT2": -0.001,
                   "RADESYS": "ICRS"}),
    "arcsec and DEG": header(*EQ, "TAN", (30.0 * 3600, 12.0), (8, 8), (-1.5, 0.0005), (16, 16),
                             CUNIT1="arcsec", CUNIT2="DEG", RADESYS="ICRS"),
}


def make(size, pairs):
    head = fits.Header()
    head["SIMPLE"], head["BITPIX"], head["NAXIS"] = True, 8, 2
    head["NAXIS1"], head["NAXIS2"] = size
    for key, value in pairs.items():
        head[key] = value
    return head


def points(wcs, size):
    """Pixels in and about the image, their sky, and the pixels of that sky."""
    w, h = size
    x = np.array([0, w - 1, 0.5 * w, 0.3 * w, 0.4 * w, w + 7.25])
    y = np.array([0, h - 1, 0.5 * h, 0.9 * h, 0.3 * h, 0.25 * h])
    # astropy's functions take the longitude's axis for x; here x is the file's first axis.
    swap = wcs.wcs.lng > wcs.wcs.lat
    sky = pixel_to_skycoord(*((y, x) if swap else (x, y)), wcs, origin=0).icrs
    bx, by = skycoord_to_pixel(sky, wcs, origin=0)
    if swap:
        bx, by = by, bx
    return [p for p in zip(x, y, sky.ra.deg, sky.dec.deg, bx, by) if np.all(np.isfinite(p))]


def scale(wcs, size):
    """Arcsec: the square root of the area of the central pixel, from its edges' midpoints."""
    w, h = size
    x, y = (w - 1) / 2, (h - 1) / 2
    sky = pixel_to_skycoord([x - .5, x + .5, x, x], [y, y, y - .5, y + .5], wcs, origin=0).icrs
    v = sky.cartesian.xyz.value.T
    return np.degrees(np.sqrt(np.linalg.norm(np.cross(v[1] - v[0], v[3] - v[2])))) * 3600


def number(v):
    return repr(float(v))


def swift(pts):
    return "[\n" + "".join(
        f"        .init({', '.join(map(number, p))}),\n" for p in pts) + "      ]"


def image(path):
    with fits.open(path) as hdus:
        hdu = next(h for h in hdus if h.data is not None and h.data.ndim >= 2)
        return hdu.header.copy(), np.squeeze(hdu.data)


def little(a):
    return np.ascontiguousarray(a.astype(a.dtype.newbyteorder("<"))).tobytes()


print("// Made by tools/oracles/wcs.py; do not edit.\n")
print("extension Golden {\n  /// Synthetic headers.\n  static let headers: [Golden] = [")
for name, (size, pairs) in HEADERS.items():
    head = make(size, pairs)
    wcs = WCS(head)
    if "far" in name:           # WCSLIB mends such a cylinder only where it may look beyond 180°
        wcs.wcs.bounds_check(False, False)
        wcs.wcs.fix(naxis=size)
    cards = "".join(f'        "{c.image.rstrip()}",\n' for c in head.cards[3:])
    print(f'    Golden(\n      "{name}", scale: {number(scale(wcs, size))},\n      cards: [\n{cards}      ],'
          f"\n      points: {swift(points(wcs, size))}),")
print("  ]\n\n  /// Images of the shared data.\n  static let images: [Golden] = [")
names = (["lotss_dr1/P205+55-mosaic.fits", "scorpio_atca/ScorpioExtendedSourceField.fits",
          "parkes_1904-66/1904-66_SIN.fits"]
         + sorted(str(p.relative_to(data)) for p in (data / "first_3c_native").glob("*.fits"))
         + ["first_mirabest/fits_original300/100_123.251+043.797_0.1281_0034.09.fits",
            "first_mirabest/fits_crop150/100_010.451-009.284_0.0529_0080.60.fits.gz"])
for name in names:
    head, pixels = image(data / name)
    wcs = WCS(head).celestial
    size = pixels.shape[::-1]
    good = pixels[np.isfinite(pixels)].astype(np.float64)
    cut = pixels[20:50, 30:75]
    print(f'    Golden(\n      "{name}", scale: {number(scale(wcs, size))},\n      points: '
          f"{swift(points(wcs, size))},\n      pixels: .init(\n        width: {size[0]}, height: "
          f"{size[1]}, bitpix: {head['BITPIX']}, notFinite: {pixels.size - good.size},\n"
          f"        sum: {number(good.sum())}, minimum: {number(good.min())}, maximum: {number(good.max())},\n"
          f'        sha256: "{hashlib.sha256(little(pixels)).hexdigest()}",\n'
          f'        cutout: "{hashlib.sha256(little(cut)).hexdigest()}")),')
print("  ]\n\n  /// Folders of the shared data, whose images are taken in the order of their names.")
print("  static let folders: [Folder] = [")
for folder in ["first_mirabest/fits_original300", "first_mirabest/fits_crop150"]:
    digest, ra, dec, count = hashlib.sha256(), 0.0, 0.0, 0
    files = sorted((p for p in (data / folder).iterdir() if ".fits" in p.name), key=lambda p: p.name)
    for path in files[:: 1 if len(files) < 100 else 8]:
        head, pixels = image(path)
        digest.update(little(pixels))
        sky = pixel_to_skycoord(10, 20, WCS(head), origin=0).icrs
        ra, dec, count = ra + sky.ra.deg, dec + sky.dec.deg, count + 1
    print(f'    Folder(\n      "{folder}", count: {count}, step: {1 if len(files) < 100 else 8},\n'
          f'      sha256: "{digest.hexdigest()}",\n      ra: {number(ra)}, dec: {number(dec)}),')
print("  ]")

# Tile-compressed images: 60 x 50 pixels of smooth noise, with what is hard to keep.
rng = np.random.default_rng(1)
base = rng.normal(0, 1e-4, (50, 60)).astype(np.float32)
base[20:26, 30:37] += 0.01
base[:, :3] = np.nan
odd = base.copy()
odd[40, 10:14] = [np.inf, -np.inf, 1e-42, -0.0]
ints = np.round(base * 1e6)
ints[:, :3] = -32768
ints = ints.astype(np.int16)
head = make((60, 50), HEADERS["TAN ICRS"][1])
for key in ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2"):
    del head[key]
head["BUNIT"], head["BMAJ"], head["BMIN"], head["BPA"] = "Jy/beam", 0.0015, 0.0012, 12.5


def tiled(name, array, blank=None, **options):
    own = head.copy()
    if blank is not None:
        own["BLANK"] = blank
    path = fixtures / name
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(array, own, **options)]).writeto(
        path, overwrite=True)
    raw = fits.getdata(path)
    if blank is not None:
        raw = np.where(raw == blank, np.nan, raw).astype(np.float32)
    print(f'    Tiled(\n      "{name}", bitpix: {-8 * raw.dtype.itemsize if raw.dtype.kind == "f" else 8 * raw.dtype.itemsize},'
          f"\n      notFinite: {int((~np.isfinite(raw)).sum())},\n"
          f'      sha256: "{hashlib.sha256(little(raw)).hexdigest()}",\n'
          f"      at: [{', '.join(repr(float(raw[y, x])) for x, y in [(10, 7), (33, 22), (59, 49)])}]),")


fixtures.mkdir(exist_ok=True)
print("\n  /// Tile-compressed images made by astropy.\n  static let tiled: [Tiled] = [")
tiled("rice-float.fits.fz", base, compression_type="RICE_1", quantize_level=16)
tiled("rice-dithered.fits.fz", base, compression_type="RICE_1", quantize_level=16,
      quantize_method=2, dither_seed=7)
tiled("gzip-float.fits.fz", odd, compression_type="GZIP_1", quantize_level=0)
tiled("gzip2-double.fits.fz", odd.astype(np.float64), compression_type="GZIP_2", quantize_level=0)
tiled("gzip-quantised.fits.fz", base, compression_type="GZIP_1", quantize_level=16,
      tile_shape=(16, 16))
tiled("rice-int16.fits.fz", ints, compression_type="RICE_1")
tiled("rice-blank.fits.fz", ints, blank=-32768, compression_type="RICE_1")
print("  ]\n}")
