import FITS
import Testing
