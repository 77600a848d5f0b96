"""Cells of HEALPix for HEALPixTests: by cdshealpix, which is not what Reber uses (chealpix).

    .reber/wheels/bin/python tools/oracles/healpix.py
"""
import astropy.units as u
import cdshealpix.nested as nested
from astropy.coordinates import Latitude, Longitude

PLACES = [(0.01, 0.02), (10.1, 20.2), (359.999, -0.001), (123.456789, 89.9), (266.4, -29.0), (45.3, 41.9),
          (180, -89.99999), (202.469575, 47.195258)]
for ra, dec in PLACES:
    cells = [int(nested.lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), order)[0]) for order in (0, 11, 24)]
    print(f"      ({ra}, {dec}, {cells}),")
