"""Golden values for Tests/FITSTests/UnitConversionTests.swift, by astropy.units.

Run: python3 tools/oracles/units.py      (astropy 7 or later)
"""
import astropy.units as u

PAIRS = [
    ("mJy/beam", "Jy/beam"), ("Jy beam-1", "mJy/beam"), ("Jy / beam", "Jy/beam"),
    ("mJy beam-1", "Jy beam-1"), ("Jy beam^-1", "Jy/beam"), ("uJy/beam", "mJy/beam"),
    ("uJy", "Jy"), ("µJy", "mJy"), ("MJy", "Jy"), ("Jansky", "mJy"), ("10**-3 Jy", "Jy"),
    ("W m-2 Hz-1", "Jy"), ("mJy.km/s", "Jy km s-1"),
    ("deg", "arcsec"), ("degree", "deg"), ("arcmin", "deg"), ("arcsec", "deg"), ("mas", "arcsec"),
    ("rad", "deg"), ("arcsecond", "arcmin"), ("hour", "s"), ("h", "min"),
    ("hr", "d"), ("yr", "d"), ("Hz", "GHz"), ("kHz", "MHz"), ("GHz", "Hz"), ("THz", "MHz"),
    ("mHz", "Hz"), ("km/s", "m/s"), ("erg s-1 cm-2", "W/m2"), ("mK", "K"), ("Jy", "Jy"),
]
for have, want in PAIRS:
    print(f'    ("{have}", "{want}", {u.Unit(have).to(u.Unit(want))!r}),')
