"""Ingesting a catalogue, beside what people write for it.

Usage: ingest.py PROGRAMS [--json] [--rows N] [--rounds N]

PROGRAMS is the folder of reber; REBER_HOME has its server. Every round runs each way once, one after
the other on the same server, each into tables of its own; figures are medians over rounds of ratios
within a round. Every way reads the same rows of 20 columns, as FITS or CSV.

`script` is astropy and psycopg's COPY into one table that has what Reber's two have: a key, names that
are unique, and the indexes and checks of positions and fluxes. `\\copy` is psql into a plain table.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial

import numpy
import psycopg
from astropy.table import Table

import figure

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("--json", action="store_true")
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()
tell = partial(figure.tell, as_json=options.json)

QUANTITIES = {
    "RA": "deg", "DEC": "deg", "E_RA": "arcsec", "E_DEC": "arcsec", "Total_flux": "mJy",
    "E_Total_flux": "mJy", "Peak_flux": "mJy/beam", "E_Peak_flux": "mJy/beam", "Maj": "arcsec",
    "E_Maj": "arcsec", "Min": "arcsec", "E_Min": "arcsec", "PA": "deg", "E_PA": "deg",
    "Isl_rms": "mJy/beam", "DC_Maj": "arcsec",
}
COLUMNS = ["Source_Name", *QUANTITIES, "S_Code", "Mosaic_ID", "Number_Masked"]
TYPES = {name: "double precision" for name in QUANTITIES} | {
    "Source_Name": "text", "S_Code": "text", "Mosaic_ID": "text", "Number_Masked": "bigint"}
PLAIN = ", ".join(f'"{name}" {TYPES[name]}' for name in COLUMNS)


def made_up(rows):
    random = numpy.random.default_rng(1)
    table = Table()
    index = numpy.arange(rows)
    table["Source_Name"] = [f"SIM{i:08d}+{i % 90:02d}" for i in index]
    for name, unit in QUANTITIES.items():
        table[name] = random.exponential(5, rows).round(6)
        table[name].unit = unit
    table["RA"] = random.uniform(0, 360, rows).round(7)
    table["DEC"] = random.uniform(-90, 90, rows).round(7)
    table["RA"].unit = table["DEC"].unit = "deg"
    table["S_Code"] = random.choice(["S", "M", "C"], rows)
    table["Mosaic_ID"] = [f"P{i % 840:03d}+{i % 60}" for i in index]
    table["Number_Masked"] = random.integers(0, 100, rows)
    return table


def reber(*arguments):
    outcome = subprocess.run(
        [options.programs + "/reber", *arguments], stdout=subprocess.PIPE, text=True)
    if outcome.returncode:
        sys.exit(f"reber {' '.join(arguments)} ended with {outcome.returncode}")
    return outcome.stdout.strip()


def ours(path, round_):
    survey = f"r{round_}_{path.rsplit('.')[-1]}"
    reber("ingest", path, "--survey", survey, "--quiet")


def script(path, round_):
    read = Table.read(path, format="ascii.fast_csv" if path.endswith(".csv") else "fits")
    name = f"script{round_}_{path.rsplit('.')[-1]}"
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TABLE {name} (source_id bigserial PRIMARY KEY, {PLAIN}, UNIQUE ("Source_Name"), '
            'CHECK ("RA" >= 0 AND "RA" < 360), CHECK ("DEC" BETWEEN -90 AND 90))')
        cursor.execute(f'CREATE INDEX ON {name} ("DEC", "RA")')
        cursor.execute(f'CREATE INDEX ON {name} ("Total_flux")')
        names = ", ".join(f'"{column}"' for column in COLUMNS)
        with cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy:
            for row in zip(*(read[column].tolist() for column in COLUMNS)):
                copy.write_row(
                    [cell.decode() if isinstance(cell, bytes) else cell for cell in row])


def psql_copy(path, round_):
    reber("db", "psql", "--", "-qc", f"CREATE TABLE plain{round_} ({PLAIN})", "-c",
          f"\\copy plain{round_} from '{path}' with (format csv, header)")


def seconds(way, *arguments):
    started = time.monotonic()
    way(*arguments)
    return time.monotonic() - started


url = reber("db", "url")
reber("db", "migrate")
with tempfile.TemporaryDirectory() as folder:
    fits, csv = folder + "/rows.fits", folder + "/rows.csv"
    table = made_up(options.rows)
    table.write(fits)
    table.write(csv, format="ascii.fast_csv")
    del table
    times = []
    for round_ in range(options.rounds):
        times.append({
            "reber FITS": seconds(ours, fits, round_), "script FITS": seconds(script, fits, round_),
            "reber CSV": seconds(ours, csv, round_), "script CSV": seconds(script, csv, round_),
            "\\copy CSV": seconds(psql_copy, csv, round_)})
    size = reber(
        "db", "psql", "--", "-qAtc",
        "SELECT (pg_total_relation_size('reber_partition.source_1') "
        f"+ pg_total_relation_size('survey.r0_fits')) / {options.rows}")


def ratio(slow, fast):
    return statistics.median(round_[slow] / round_[fast] for round_ in times)


for way in times[0]:
    tell(f"ingest: {way}", statistics.median(round_[way] for round_ in times), "s")
tell("ingest: FITS against astropy and psycopg", ratio("script FITS", "reber FITS"), "times", 3)
tell("ingest: CSV against astropy and psycopg", ratio("script CSV", "reber CSV"), "times", 3)
tell("ingest: CSV against \\copy", ratio("\\copy CSV", "reber CSV"), "times", 0.5)
tell("ingest: bytes a source", float(size), "bytes")
