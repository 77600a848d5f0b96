"""Golden values of Tests/StagesTests/IngestSharedDataTests: cutouts of the LoTSS DR1 mosaic.

Usage: python lotss_cutouts.py DATA_FOLDER (needs astropy, numpy)
Prints name, share of pixels off the image, their sum, and the value at column 40 of row 40.
"""
import csv
import sys

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

folder = sys.argv[1] + "/lotss_dr1/"
image = fits.open(folder + "P205+55-mosaic.fits")[0]
wcs = WCS(image.header).celestial
height, width = image.data.shape
side = 80
for row in csv.DictReader(open(folder + "in_footprint_P205+55.csv")):
    x, y = wcs.wcs_world2pix(float(row["RA"]), float(row["DEC"]), 0)
    left, bottom = round(float(x) - (side - 1) / 2), round(float(y) - (side - 1) / 2)
    cutout = np.full((side, side), np.nan)
    for j in range(side):
        for i in range(side):
            if 0 <= bottom + j < height and 0 <= left + i < width:
                cutout[j, i] = image.data[bottom + j, left + i]
    print(row["Source_Name"], np.isnan(cutout).mean(), np.nansum(cutout), cutout[40, 40])
