"""Golden values of Tests/SimulationTests/ProjectionTests.swift: sky positions by WCSLIB."""

from astropy.wcs import WCS

for projection in ("TAN", "SIN"):
    for ra, dec in ((180.5, 30.4), (0.2, -75.0), (359.9, 84.0)):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = [f"RA---{projection}", f"DEC--{projection}"]
        wcs.wcs.crval = [ra, dec]
        wcs.wcs.cdelt = [1, 1]
        wcs.wcs.crpix = [0, 0]
        wcs.wcs.set()
        for east, north in ((0.4, -0.3), (-2.0, 1.5)):
            found = wcs.wcs_pix2world([[east, north]], 1)[0]
            print(f'(.{"tangent" if projection == "TAN" else "sine"}, {ra}, {dec}, '
                  f"{east}, {north}, {found[0]:.12f}, {found[1]:.12f}),")
