"""The measuring of tools/bench release: called by it with the program."""
import argparse
import os
import statistics
import subprocess
import tempfile
import time
import warnings
from functools import partial

import adbc_driver_postgresql.dbapi
import numpy
import pyarrow.parquet
from astropy.table import Table

import figure

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--json", action="store_true")
options = parser.parse_args()
tell = partial(figure.tell, as_json=options.json)
warnings.simplefilter("ignore")


def seconds(body):
    begin = time.perf_counter()
    body()
    return time.perf_counter() - begin


def memory(command):
    """The most memory that a command held, in MiB."""
    run = subprocess.run(["/usr/bin/time", "-f", "%M", *command], check=True, capture_output=True, text=True)
    return int(run.stderr.strip().split("\n")[-1]) / 1024


with tempfile.TemporaryDirectory() as folder:
    url = subprocess.run([options.program, "db", "url"], check=True, capture_output=True, text=True).stdout.strip()

    def export(ending):
        return [options.program, "export", "scale", "--output", f"{folder}/ours.{ending}", "--quiet"]

    def run(command):
        return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    run(export("fits"))()
    run(export("parquet"))()
    fits = Table.read(folder + "/ours.fits")
    arrow = pyarrow.parquet.read_table(folder + "/ours.parquet")
    select = "SELECT * FROM catalogue.scale ORDER BY name"

    def fetched():
        """The table as a script that works like Reber gets it, by the fastest driver there is."""
        with adbc_driver_postgresql.dbapi.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(select)
            return cursor.fetch_arrow_table()

    def astropy_table():
        """The same as astropy's table; texts become bytes, as astropy wants them for FITS, and no truth value is null."""
        arrow = fetched()
        return Table({field.name: cells(arrow[field.name], field.type) for field in arrow.schema})

    def cells(column, kind):
        if pyarrow.types.is_string(kind):
            return numpy.array(column.fill_null("").to_pylist(), dtype="S")
        return column.fill_null(False).to_numpy() if pyarrow.types.is_boolean(kind) else column.to_pandas()

    copy = f"\\copy (SELECT * FROM catalogue.scale ORDER BY name) TO '{folder}/theirs.csv' CSV HEADER"
    work = {
        "reber FITS": run(export("fits")),
        "astropy FITS": lambda: fits.write(folder + "/theirs.fits", overwrite=True),
        "reber Parquet": run(export("parquet")),
        "pyarrow Parquet": lambda: pyarrow.parquet.write_table(
            arrow, folder + "/theirs.parquet", compression="zstd"),
        "fetch, astropy FITS": lambda: astropy_table().write(folder + "/fetched.fits", overwrite=True),
        "fetch, pyarrow Parquet": lambda: pyarrow.parquet.write_table(
            fetched(), folder + "/fetched.parquet", compression="zstd"),
        "reber CSV": run(export("csv")),
        "\\copy CSV": run(["psql", "-qX", url, "-c", copy]),
        "reber release": run([options.program, "release", "scale", "--output", folder + "/all", "--quiet"]),
    }
    rounds = [{name: seconds(body) for name, body in work.items()} for _ in range(3)]
    sizes = {name: os.path.getsize(f"{folder}/{name}.parquet") for name in ("ours", "theirs")}
    held = memory(export("parquet"))


def ratio(theirs, ours):
    return statistics.median(times[theirs] / times[ours] for times in rounds)


tell("release: rows", float(arrow.num_rows), "rows")
for way in work:
    tell(f"release: {way}", statistics.median(times[way] for times in rounds), "s")
tell("release: FITS against astropy", ratio("fetch, astropy FITS", "reber FITS"), "times", 5)
tell("release: Parquet against pyarrow", ratio("fetch, pyarrow Parquet", "reber Parquet"), "times", 1)
tell("release: FITS against astropy that has the table", ratio("astropy FITS", "reber FITS"), "times")
tell("release: Parquet against pyarrow that has the table", ratio("pyarrow Parquet", "reber Parquet"), "times")
tell("release: CSV against \\copy", ratio("\\copy CSV", "reber CSV"), "times", 0.8)
tell("release: size of Parquet against pyarrow's", sizes["theirs"] / sizes["ours"], "times")
tell("release: most memory of exporting Parquet", held, "MiB")
