"""Digests of all that a database and a folder hold, the same where the same work was done.

What may differ between two databases in which the same was done, and is not compared as it stands:

- Keys that count (of sources, objects, releases, cutouts, runs, models, clusterings, labels, surveys): a
  sequence goes on behind a transaction that was rolled back. They are replaced by what they stand for: names,
  digests, or for a run its stage, what it was asked and how many of them there were before.
- Times, and figures of durations: they tell of the process.
- reber.run.progress and the metric `added`: what the process that ended the run had left to do.
- reber.run.fingerprint, and keys within parameters and metrics: they hold keys of runs and models.
- reber.run.code_version: two versions may have worked on a run, and say so.
- Blocks of reber.source_count: blocks are of keys. The rows of a survey add up.
- reber.label_count: rows of the same key add up.
- The numbers of reber.rejected, and of remarks, saved questions and second looks.
- reber.cluster_lease: who has which cluster just now.
- reber.worker: which processes have worked on a run.
- Tables of points: reber.point_set says how many there are, and reber.cell where they lie.
- The order of annotators in reber.agreed, which is that of their labels.
- Times and numbers of runs within a report, and the checkout's commit, for work may go on there meanwhile.
"""
import hashlib
import os
import re

KEYS = """
CREATE TEMP TABLE run_key AS
    SELECT run_id AS id,
        concat_ws(' ', stage, asked, rank() OVER (PARTITION BY stage, asked ORDER BY run_id)) AS key
    FROM reber.run, md5((parameters - '{model,classification}'::text[])::text || coalesce(seed::text, '')) AS asked;
CREATE TEMP TABLE survey_key AS SELECT survey_id AS id, name AS key FROM reber.survey;
CREATE TEMP TABLE source_key AS
    SELECT source_id AS id, survey.name || '/' || source.name AS key
    FROM reber.source JOIN reber.survey USING (survey_id);
CREATE TEMP TABLE cutout_key AS
    SELECT cutout_id AS id, source_key.key || '/' || encode(sha256, 'hex') AS key
    FROM reber.cutout JOIN source_key ON source_key.id = source_id;
CREATE TEMP TABLE model_key AS SELECT model_id AS id, kind || ' ' || sha256 AS key FROM reber.model;
CREATE TEMP TABLE clustering_key AS
    SELECT clustering_id AS id, run_key.key FROM reber.clustering JOIN run_key ON run_key.id = run_id;
CREATE TEMP TABLE label_key AS
    SELECT label_id AS id, concat_ws('/', source_key.key, annotator, rank() OVER (
        PARTITION BY source_id, annotator, class_scheme_id ORDER BY label_id)) AS key
    FROM reber.label JOIN source_key ON source_key.id = source_id;
CREATE TEMP TABLE release_key AS
    SELECT release_id AS id, survey.name || '/' || release.name AS key
    FROM reber.release JOIN reber.survey USING (survey_id);
CREATE TEMP TABLE physical_source_key AS
    SELECT physical_source_id AS id, min(source_key.key) AS key
    FROM reber.source_identity JOIN source_key ON source_key.id = source_id
    GROUP BY physical_source_id;
CREATE INDEX ON physical_source_key (id);
CREATE INDEX ON source_key (id);
CREATE INDEX ON cutout_key (id);
CREATE INDEX ON label_key (id);
"""

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, NULL)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('reber', 'catalogue', 'survey') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1, 2, a.attnum
"""

# How many tables are parts of others, and the names of those that are not (yet).
PARTS = """
SELECT count(inhrelid) || ' attached', 'not attached: '
    || string_agg(relname, ' ' ORDER BY relname) FILTER (WHERE inhrelid IS NULL)
FROM pg_class
LEFT JOIN pg_inherits ON inhrelid = pg_class.oid
WHERE relnamespace = 'reber_partition'::regnamespace AND relkind IN ('r', 'p') AND relname !~ '^point_[0-9]+_[0-9]+_[0-9]+$'
"""

REFERENCES = {
    "run_id": "run", "parent_run_id": "run", "classification_run_id": "run", "superseded_by": "run",
    "survey_id": "survey", "source_id": "source", "medoid_source_id": "source",
    "other_survey_id": "survey", "other_source_id": "source", "former_source_id": "source",
    "release_id": "release", "follows": "release", "physical_source_id": "physical_source",
    "cutout_id": "cutout", "model_id": "model", "parent_model_id": "model",
    "clustering_id": "clustering", "label_id": "label"}
NOT_COMPARED = {
    "run": {"fingerprint", "progress", "code_version"}, "rejected": {"rejected_id"}, "point_set": {"part"},
    "source_count": {"block"}, "source_remark": {"remark_id"}, "saved_question": {"question_id"},
    "second_look": {"look_id"}}
SUMMED = {"source_count": ("sources", "images"), "label_count": ("sources", "acted")}
KEYS_IN_JSON = (
    "'{model,clustering,classification,run,added,seconds,processorSeconds}'::text[]")
# Keys and times in rows that are kept as JSON.
VOLATILE = '"(survey_id|run_id|[a-z]+_at)": ("[^"]*"|[0-9]+)'


def expression(table, column, kind):
    """What of a column is compared, as SQL on its table; None for what is not."""
    if kind.startswith("timestamp") or column in NOT_COMPARED.get(table, ()):
        return None
    name = f'"{column}"'
    if table == "run" and kind == "jsonb":
        return f"{name} - {KEYS_IN_JSON}"
    if table == "ingestion" and kind == "jsonb":
        return f"regexp_replace({name}::text, '{VOLATILE}', '', 'g')"
    if column in REFERENCES:
        key = REFERENCES[column]
        return f"(SELECT key FROM {key}_key WHERE id = {name})"
    if column == "label_ids":
        return f"(SELECT array_agg(key ORDER BY key) FROM label_key WHERE id = ANY ({name}))"
    if column == "annotators":
        return f"(SELECT array_agg(one ORDER BY one) FROM unnest({name}) AS one)"
    return name


def statement(schema, table, columns):
    cells = [expression(table, *column) for column in columns]
    cells = [cell for cell in cells if cell]
    rows = f'SELECT concat_ws(chr(31), {", ".join(f"coalesce(({cell})::text, chr(30))" for cell in cells)})'
    where = f'FROM {schema}."{table}"'
    if table in SUMMED:
        sums = SUMMED[table]
        keys = [
            expression(table, *column) for column in columns if column[0] not in sums]
        keys = ", ".join(key for key in keys if key)
        total = ", ".join(f"sum({name})" for name in sums)
        some = " OR ".join(f"sum({name}) <> 0" for name in sums)
        rows = f"SELECT concat_ws(chr(31), {keys}, {total})"
        where += f" GROUP BY {keys} HAVING {some}"
    return (
        f"SELECT '{schema}.{table}', count(*), md5(coalesce(string_agg(md5(row), '' ORDER BY md5(row)), ''))"
        f" FROM ({rows} AS row {where}) AS rows;\n")


def of_database(place, database):
    """Digests by table: {"reber.label": "64 rows, 1b2c…"}."""
    tables = {}
    for line in place.sql(COLUMNS, database).splitlines():
        schema, table, column, kind = line.split("|")
        if table in ("worker", "cluster_lease"):
            continue
        tables.setdefault((schema, table), []).append((column, kind))
    script = KEYS + "".join(statement(*name, columns) for name, columns in tables.items())
    digests = {}
    for line in place.sql(script, database).splitlines():
        name, rows, digest = line.split("|")
        digests[name] = f"{rows} rows, {digest}"
    digests["partitions"] = place.sql(PARTS, database).strip()
    return digests


def of_folder(folder):
    """Digests by file, of all files in a folder."""
    digests = {}
    for directory, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(directory, file)
            with open(path, "rb") as file:
                content = file.read()
            if path.endswith(".html"):
                content = re.sub(
                    rb"(?:evaluation|of run) \d+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\+g[0-9a-f]+(?:\.changed-\w+)?",
                    b"", content)
            digests[os.path.relpath(path, folder)] = hashlib.sha256(content).hexdigest()
    return digests


def differences(left, right):
    """The names of what differs, with both digests."""
    return [
        f"{name}: {left.get(name, 'absent')} instead of {right.get(name, 'absent')}"
        for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)]
