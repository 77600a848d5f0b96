"""What a user of the Virtual Observatory does with a catalogue that DaCHS serves, by pyvo."""
import io
import json
import math
import sys
import urllib.parse
import urllib.request
from xml.etree import ElementTree

import astropy.units as u
import numpy as np
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

with open(sys.argv[1]) as file:
    expected = json.load(file)
vo, rows = expected["vo"], expected["rows"]
by_name = {row["name"]: row for row in rows}
base = vo + "/any_folder/q"


def get(address):
    with urllib.request.urlopen(address) as answer:
        return answer.headers["Content-Type"], answer.read()


def equal(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


# -- TAP: by class and probability, with units and UCDs ---------------------------------------------

tap = pyvo.dal.TAPService(vo + "/tap")
likely = sorted(row["probability"] for row in rows)[len(rows) // 3]
kind = rows[0]["class"]
answer = tap.search(
    f"SELECT * FROM reber_first.sources WHERE class = '{kind}' AND probability > {likely} ORDER BY name")
wanted = {row["name"] for row in rows if row["class"] == kind and row["probability"] > likely}
assert len(wanted) > 3
equal(set(answer["name"]), wanted)
equal(len(answer), len(wanted))
fields = {field.name: field for field in answer.fielddescs}
equal([str(fields[name].unit) for name in ("ra", "total_flux", "major_axis")], ["deg", "Jy", "arcsec"])
equal(fields["probability"].ucd, "stat.probability;src.class")
equal(fields["ra"].ucd, "pos.eq.ra;meta.main")
for record in answer:
    own = by_name[record["name"]]
    for column in ("ra", "dec", "total_flux", "probability", "p_head_tail", "unlikeness"):
        equal(float(record[column]), float(np.float32(own[column]) if column[0] in "pu" else own[column]))

# All names, and columns that have to be quoted; truth values; what is missing.
whole = tap.run_async(
    'SELECT name, "value", "level", at_edge, label FROM reber_first.sources', maxrec=1000).to_table()
equal(set(whole["name"]), set(by_name))
assert set(expected["names"]) < set(by_name)
for record in whole:
    own = by_name[record["name"]]
    equal(bool(record["at_edge"]), own["at_edge"])
    for column in ("value", "level"):
        missing = np.ma.is_masked(record[column]) or math.isnan(record[column])
        equal(missing, own[column] is None)
        assert missing or math.isclose(record[column], own[column], rel_tol=1e-6)
    equal(str(record["label"]) if not np.ma.is_masked(record["label"]) else "", own["label"] or "")
odd = tap.search('SELECT * FROM reber_first.sources').to_table()
name = next(column for column in odd.colnames if "odd" in column)
assert set(odd[name]) == set(expected["names"]), set(odd[name])
table = tap.tables["reber_first.sources"]
equal(table.title if hasattr(table, "title") else expected["title"], expected["title"])

# What registries harvest.
record = get(vo + "/oai.xml?verb=GetRecord&metadataPrefix=ivo_vor&identifier=ivo://org.example.reber/any_folder/q/cone")[1]
record = ElementTree.fromstring(record)
texts = {element.tag.split("}")[-1]: (element.text or "").strip() for element in record.iter()}
equal(texts["title"], expected["title"])
equal(texts["spatial"][:2], "6/")

# -- Cone search ------------------------------------------------------------------------------------

middle = SkyCoord(rows[5]["ra"], rows[5]["dec"], unit="deg")
places = SkyCoord([row["ra"] for row in rows], [row["dec"] for row in rows], unit="deg")
radius = np.sort(middle.separation(places).deg)[6] * 1.001
cone = pyvo.dal.SCSService(base + "/cone/scs.xml?").search((middle.ra.deg, middle.dec.deg), radius)
wanted = {row["name"] for row, apart in zip(rows, middle.separation(places).deg) if apart < radius}
assert len(wanted) > 5
equal({record["name"] for record in cone}, wanted)

# The same by ADQL.
circle = f"CIRCLE({middle.ra.deg}, {middle.dec.deg}, {radius})"
answer = tap.search(f"SELECT name FROM reber_first.sources WHERE 1 = CONTAINS(POINT(ra, dec), {circle})")
equal(set(answer["name"]), wanted)

# -- ObsCore and SIA2 -------------------------------------------------------------------------------

obscore = tap.search(
    "SELECT * FROM ivoa.obscore WHERE obs_collection = 'odd' AND dataproduct_type = 'image' AND "
    f"1 = CONTAINS(POINT({rows[5]['ra']}, {rows[5]['dec']}), s_region)")
assert rows[5]["name"] in set(obscore["target_name"])
record = obscore[0]
equal(record["facility_name"], expected["facility"].replace("\\", "/"))
assert math.isclose(record["em_min"], 299792458 / 144e6, rel_tol=1e-6) and record["s_resolution"] == 6
assert math.isclose(record["t_min"], 51544.5 + 17.5 * 365.25)

sia = pyvo.dal.SIA2Service(base + "/sia2/siap2.xml")
images = sia.search(pos=(middle.ra.deg, middle.dec.deg, radius))
inside = {row["name"] for row, apart in zip(rows, middle.separation(places).deg) if apart < radius}
assert inside <= set(images["target_name"]), inside - set(images["target_name"])
equal(len(sia.search(pos=((middle.ra.deg + 180) % 360, -middle.dec.deg, radius))), 0)

# -- Datalink, to the pixels ------------------------------------------------------------------------

looked_at = 0
for record in list(images)[:8]:
    links = {link.semantics: link for link in record.getdatalink()}
    equal(set(links), {"#this", "#preview", "#documentation", "#proc"})
    kind, data = get(links["#this"].access_url)
    equal(kind, "image/fits")
    with fits.open(io.BytesIO(data), checksum=True) as hdus:
        header, pixels = hdus[0].header, hdus[0].data
    equal((header["NAXIS1"], header["NAXIS2"]), (record["s_xel1"], record["s_xel2"]))
    assert np.isfinite(pixels).any() and abs(len(data) / 1024 - record["access_estsize"]) < 4
    wcs = WCS(header)
    middle_pixel = [(header["NAXIS1"] - 1) / 2, (header["NAXIS2"] - 1) / 2]
    apart = wcs.pixel_to_world(*middle_pixel).separation(SkyCoord(record["s_ra"], record["s_dec"], unit="deg"))
    assert apart < 0.001 * u.arcsec, apart
    # DaCHS has regions in STC-S: Polygon ICRS, and then the numbers.
    outline = np.array(record["s_region"].split()[2:], float).reshape(-1, 2)
    right, top = header["NAXIS1"] - 0.5, header["NAXIS2"] - 0.5
    corners = wcs.pixel_to_world([-0.5, right, right, -0.5], [-0.5, -0.5, top, top])
    far = corners.separation(SkyCoord(outline[:4, 0], outline[:4, 1], unit="deg")).arcsec.max()
    assert far < 0.001, far
    source = by_name[record["target_name"]]
    x, y = wcs.world_to_pixel(SkyCoord(source["ra"], source["dec"], unit="deg"))
    assert abs(x - middle_pixel[0]) <= 1 and abs(y - middle_pixel[1]) <= 1
    looked_at += 1
kind, data = get(links["#preview"].access_url)
assert kind == "image/png" and data.startswith(b"\x89PNG")
kind, data = get(links["#documentation"].access_url)
assert "wasGeneratedBy" in json.loads(data) and kind == "application/json"
assert looked_at > 5

# A part of the last image by SODA, a third of its width.
radius = record["s_fov"] / 6
part = record.getdatalink().get_first_proc().process(circle=(record["s_ra"], record["s_dec"], radius))
with fits.open(io.BytesIO(part.read())) as hdus:
    header = hdus[0].header
    centre = WCS(header).pixel_to_world((header["NAXIS1"] - 1) / 2, (header["NAXIS2"] - 1) / 2)
assert abs(header["NAXIS1"] - record["s_xel1"] / 3) <= 2, header["NAXIS1"]
apart = centre.separation(SkyCoord(record["s_ra"], record["s_dec"], unit="deg"))
assert apart.arcsec < 2 * record["s_pixel_scale"], apart

# From any row of both tables, whatever the source's name; DaCHS gives names back in ASCII alone.
for called, rest in (("name", "sources WHERE name NOT LIKE '%Cen'"), ("obs_publisher_did", "images")):
    found = tap.search(f"SELECT name, {called} FROM reber_first.{rest}")
    names = {record[called]: record["name"] for record in found}
    linked = set()
    for links in found.iter_datalinks():
        link = next(link for link in links if link.semantics == "#this")
        source = by_name[names[link["ID"]]]
        assert f"pos={source['ra']},{source['dec']}" in link.access_url, (link["ID"], link.access_url)
        linked.add(source["name"])
    equal(linked, set(names.values()))
assert len(linked) == len(rows)
print(f"pyvo {pyvo.__version__}: {len(rows)} sources, {len(images)} images by SIA2, {looked_at} opened as FITS")
