"""Times questions of reber.find in the database of DATABASE_URL: the median of seven, warm.

Usage: questions.py [--json]. One that takes more than three seconds is asked once.
"""
import json
import os
import statistics
import subprocess
import sys
import time

psql = subprocess.Popen(
    ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", os.environ["DATABASE_URL"]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
target = 50


def ask(query):
    start = time.perf_counter()
    psql.stdin.write(query + ";\n\\echo done.\n")
    psql.stdin.flush()
    lines = []
    for line in psql.stdout:
        if line == "done.\n":
            return (time.perf_counter() - start) * 1000, lines
        lines.append(line.rstrip("\n"))
    sys.exit(f"the server refused: {query}")


def circle(radius):
    return f"centre_ra => 180, centre_dec => 25, radius => {radius}"


[name] = ask("""SELECT name FROM catalogue.sky1 WHERE class = 'head-tail' AND "dec" > 20
    ORDER BY name LIMIT 1""")[1]
chosen = "of_class => 'head-tail'"
sure = chosen + ", min_probability => 0.9"
alike = f"like_survey => 'sky1', like_source => '{name}'"
questions = {
    "class": chosen,
    "class, p": sure,
    "p": "min_probability => 0.9",
    "circle of 1 deg": circle(1),
    "class, p, circle of 5 deg": f"{sure}, {circle(5)}",
    "class, p, circle of 30 deg": f"{sure}, {circle(30)}",
    "flux": "min_flux => 1",
    "class, p, circle of 5 deg, flux": f"{sure}, {circle(5)}, min_flux => 0.002",
    "alike": alike,
    "alike, class": f"{chosen}, {alike}",
    "alike, class, p": f"{sure}, {alike}",
    "alike, circle of 1 deg": f"{circle(1)}, {alike}",
    "alike, class, p, circle of 5 deg": f"{sure}, {circle(5)}, {alike}",
    "alike, class, p, circle of 30 deg": f"{sure}, {circle(30)}, {alike}",
    "alike, class, flux": f"{chosen}, min_flux => 1, {alike}",
    "alike, class, p, circle of 5 deg, flux":
        f"{sure}, {circle(5)}, min_flux => 0.002, {alike}",
}
for title, arguments in questions.items():
    query = f"SELECT * FROM reber.find({arguments})"
    first, rows = ask(query)
    value = first if first > 3000 else statistics.median(ask(query)[0] for _ in range(7))
    if "--json" in sys.argv:
        print(json.dumps({"bench": f"find {title}", "value": round(value, 2), "unit": "ms",
                          "target": target, "ok": value <= target}), flush=True)
    else:
        print(f"{title:<42} {value:9.1f} ms{'' if value <= target else '   over 50'} {len(rows):4} rows",
              flush=True)
