"""Trials in which several processes share the work of a stage, on machines that die, freeze and are cut off."""
import os
import random
import shutil
import signal
import subprocess
import time

from chain import STAGES, before, empty
from trials import Tally, Trials

SHARED = ("ingest", "embed", "crossvalidate", "classify", "publish")
# Seconds that a process may be silent, and a little more than that.
LEASE, LONGER = 2, 3.5
PIECES = {stage: ["--piece-size", "16"] for stage in ("ingest", "embed", "classify")}
BRIDGE = "reber-crash"


class Machines:
    """Machines made of network namespaces, from which the server is reached; none where they may not be made."""

    def __init__(self, place, count):
        self.place = place
        self.names = []
        if os.geteuid() != 0 or not shutil.which("ip") or not self.ip("link", "add", BRIDGE, "type", "bridge"):
            return
        self.ip("addr", "add", "10.79.0.1/24", "dev", BRIDGE)
        self.ip("link", "set", BRIDGE, "up")
        self.names = [name for name in (f"{BRIDGE}-{number + 1}" for number in range(count)) if self.make(name)]
        self.open_server()

    def ip(self, *words):
        return subprocess.run(["ip", *words], capture_output=True).returncode == 0

    def make(self, name):
        number = name.rsplit("-", 1)[1]
        return (
            self.ip("netns", "add", name)
            and self.ip("link", "add", f"reber-v{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
            and self.ip("link", "set", f"reber-v{number}", "master", BRIDGE, "up")
            and self.ip("-n", name, "addr", "add", f"10.79.0.{int(number) + 1}/24", "dev", "eth0")
            and self.ip("-n", name, "link", "set", "eth0", "up")
            and self.ip("-n", name, "link", "set", "lo", "up"))

    def open_server(self):
        """Lets the server be reached from the machines."""
        with open(self.place.data + "/pg_hba.conf", "a") as file:
            file.write("host all all 10.79.0.0/24 trust\n")
        self.place.sql("ALTER SYSTEM SET listen_addresses = '10.79.0.1'", "reber")
        self.place.stop()
        self.place.reber("db", "start")
        self.port = self.place.sql("SHOW port", "reber").strip()
        self.user = self.place.sql("SELECT current_user", "reber").strip()

    def begin(self, number, arguments, database):
        """Begins a call on a machine, or here where there is none."""
        place = self.place
        if not self.names:
            return place.begin(arguments, database)
        url = f"postgresql://{self.user}@10.79.0.1:{self.port}/{database}"
        return subprocess.Popen(
            ["ip", "netns", "exec", self.names[number % len(self.names)], place.program, *arguments],
            cwd=place.folder, text=True, env=place.environment | {"DATABASE_URL": url},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def cut(self, number, off):
        """Takes the wire out of a machine, or puts it back."""
        if self.names:
            name = self.names[number % len(self.names)].rsplit("-", 1)[1]
            self.ip("link", "set", f"reber-v{name}", "down" if off else "up")

    def bytes(self):
        """Bytes that the machines have sent and received."""
        total = 0
        for name in self.names:
            number = name.rsplit("-", 1)[1]
            for way in ("rx", "tx"):
                with open(f"/sys/class/net/reber-v{number}/statistics/{way}_bytes") as file:
                    total += int(file.read())
        return total

    def end(self):
        for name in self.names:
            self.ip("netns", "delete", name)
        self.ip("link", "delete", BRIDGE)


class WorkerTrials(Trials):
    """What several make has to be what one makes, whatever becomes of some of them."""

    def call(self, stage):
        return [*STAGES[stage], "--join", "--lease", str(LEASE), *PIECES.get(stage, [])]

    def alone(self, stage):
        """What one process makes, and the seconds that it takes."""
        empty(self.place.folder + "/out")
        self.place.copy(before(stage), "trial")
        began = time.monotonic()
        outcome = self.place.call([*STAGES[stage], *PIECES.get(stage, [])], "trial")
        if outcome.status != 0:
            raise RuntimeError(f"{stage}: {outcome.said}")
        return self.chain.digest("trial"), time.monotonic() - began

    def shared(self, stage, count, machines, workers=4):
        """One of the workers is killed, one is frozen for longer than its lease, one is cut off for as long."""
        tally = Tally("shared", stage)
        expected, seconds = self.alone(stage)
        chance = random.Random(f"{self.seed} shared {stage}")
        for number in range(count):
            self.place.copy(before(stage), "trial")
            self.slow_down()
            processes = [machines.begin(worker, self.call(stage), "trial") for worker in range(workers)]
            moment = chance.uniform(0.1, 0.2 + 0.8 * seconds)
            time.sleep(moment)
            hit = [process.poll() is None for process in processes]
            victims = self.disturb(processes, machines)
            outcomes = [self.place.end(process, timeout=120) for process in processes]
            problems = [
                f"worker {place} ended with {outcome.status}: {outcome.said.strip()}"
                for place, outcome in enumerate(outcomes) if outcome.status != 0 and place not in victims]
            self.slow_down(False)
            problems += self.chain.against(expected, "trial")
            tally.count(any(hit[:3]), problems, f"after {moment:.3f} s")
        self.place.drop("trial")
        return tally

    def slow_down(self, slow=True):
        """Has every piece take a while, so that all get some."""
        self.place.sql(
            "CREATE FUNCTION reber.pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM pg_sleep(0.05); RETURN NEW; END $$; CREATE TRIGGER pause BEFORE UPDATE OF is_done "
            "ON reber.piece FOR EACH ROW EXECUTE FUNCTION reber.pause()" if slow else
            "DROP FUNCTION reber.pause CASCADE", "trial")

    def disturb(self, processes, machines):
        """Kills the first, freezes the second and cuts off the third; gives who need not end well."""
        for process, what in zip(processes, (signal.SIGKILL, signal.SIGSTOP)):
            process.send_signal(what)
        machines.cut(2, True)
        time.sleep(LEASE + LONGER)
        machines.cut(2, False)
        processes[1].send_signal(signal.SIGCONT)
        # A machine that was cut off may have lost its connection, which ends in a sentence.
        cut_off = {place for place in range(len(processes)) if machines.names and place % len(machines.names)
                   == 2 % len(machines.names)}
        return {0} | cut_off

    def rates(self, stage, machines, tell):
        """Images a second by one, two and four workers, and what an image costs the server."""
        for workers in (1, 2, 4):
            self.place.copy(before(stage), "trial")
            spent, moved, began = self.place.server_seconds(), machines.bytes(), time.monotonic()
            processes = [machines.begin(worker, self.call(stage), "trial") for worker in range(workers)]
            for process in processes:
                self.place.end(process)
            seconds = time.monotonic() - began
            spent, moved = self.place.server_seconds() - spent, machines.bytes() - moved
            images = int(self.place.sql("SELECT count(*) FROM reber.cutout WHERE is_current", "trial"))
            tell(f"{stage} by {workers}: {images / seconds:.0f} images a second; each took the server "
                 f"{1000 * spent / images:.2f} ms of its processors and {moved / images / 1000:.1f} kB on the wire")
        self.place.drop("trial")
