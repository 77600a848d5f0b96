"""tools/crash: see there."""
import argparse
import os
import random
import shutil
import sys
import tempfile

from chain import STAGES, Undisturbed
from company import COMPANIES, CompanyTrials
from disk import ROOM, DiskTrials, skipped
from place import Place
from slurm import SlurmTrial, missing
from trials import Trials
from workers import PIECES, SHARED, Machines, WorkerTrials

KINDS = ("kills", "server", "disk", "together", "shared", "slurm")
parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--json", action="store_true")
parser.add_argument("--quick", action="store_true")
parser.add_argument("--times", type=int)
parser.add_argument("--server-times", type=int)
parser.add_argument("--disk-times", type=int)
parser.add_argument("--together-times", type=int)
parser.add_argument("--shared-times", type=int)
parser.add_argument("--sources", type=int)
parser.add_argument("--seed", type=int, default=random.randrange(10**6))
parser.add_argument("--only", action="append", choices=KINDS)
parser.add_argument("--stage", action="append", choices=STAGES)
options = parser.parse_args()
USUAL = {"times": 50, "server_times": 20, "disk_times": 8, "together_times": 5, "shared_times": 10,
         "sources": 560}
QUICK = {"times": 2, "server_times": 1, "disk_times": 1, "together_times": 1, "shared_times": 1,
         "sources": 96}
for name, usual in (QUICK if options.quick else USUAL).items():
    if getattr(options, name) is None:
        setattr(options, name, usual)


def tell(text):
    print(text, file=sys.stderr, flush=True)


def tallies(place, chain, has_disks):
    kinds = options.only or KINDS
    stages = options.stage or list(STAGES)
    trials, disks, companies = (
        kind(place, chain, options.seed, measures=not options.quick) for kind in (Trials, DiskTrials, CompanyTrials))
    if "kills" in kinds:
        for stage in stages:
            yield trials.kill(stage, options.times)
    if "server" in kinds:
        for stage in options.stage or ("ingest", "classify", "publish"):
            yield trials.kill_server(stage, options.server_times)
    if "disk" in kinds:
        for stage in options.stage or ("ingest", "embed", "publish", "export FITS", "export VOTable", "export CSV"):
            try_it = disks.of_export if stage.startswith("export") else disks.of_server
            yield try_it(stage, options.disk_times) if has_disks else skipped(stage)
    if "together" in kinds:
        if options.quick:
            stages = ["ingest", "label import", "publish"]
        for stage in stages:
            yield companies.twice(stage, options.together_times)
        for company in () if options.stage else COMPANIES:
            yield companies.company(company, options.together_times)
        for stage in stages:
            if stage != "simulate":
                yield companies.migrate(stage, options.together_times)
    if "shared" in kinds:
        yield from shared_tallies(place, chain)
    if "slurm" in kinds and not options.stage and (options.only or not options.quick):
        if missing():
            tell(f"slurm: skipped, as there is no {missing()}")
        else:
            yield SlurmTrial(place, chain, tell).run()


def shared_tallies(place, chain):
    trials = WorkerTrials(place, chain, options.seed)
    machines = Machines(place, 2)
    try:
        if not machines.names:
            tell("shared: no network namespaces may be made here; all workers are on this machine")
        for stage in options.stage or SHARED:
            yield trials.shared(stage, options.shared_times, machines)
            if not options.quick and stage in PIECES:
                trials.rates(stage, machines, tell)
    finally:
        machines.end()


def main():
    named = os.environ.get("REBER_CRASH_HOME")
    folder = named or tempfile.mkdtemp(prefix="reber-crash-")
    os.makedirs(folder, mode=0o755, exist_ok=True)
    os.chmod(folder, 0o755)
    tell(f"tools/crash --seed {options.seed}")
    place = Place(options.program, folder)
    has_disks = place.mount("home", ROOM)
    try:
        place.start()
        needed = ["ingest"] if options.only == ["slurm"] else options.stage or STAGES
        last = max(map(list(STAGES).index, needed))
        chain = Undisturbed(place, options.sources, tell, until=list(STAGES)[last])
        ok = all([tally.show(options.json, "crash ") for tally in tallies(place, chain, has_disks)])
    finally:
        place.stop()
        place.unmount("home")
        if not named:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if ok else 1)


main()
