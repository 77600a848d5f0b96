"""A real Slurm of two nodes on this machine, and a survey's way through it: a job is preempted, a node dies."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time

from chain import SMALL
from trials import Tally

CONFIGURATION = """
ClusterName=reber
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17000
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool_%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdTimeout=10
KillWait=30
ReturnToService=2
MpiDefault=none
MinJobAge=3600
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17001 CPUs=1 RealMemory=2000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port=17002 CPUs=1 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""
CLONE_NEWNS = 0x20000


def missing():
    """What a trial lacks here; an empty text where nothing is."""
    if os.geteuid() != 0:
        return "the right to begin its daemons"
    programs = [name for name in ("slurmctld", "slurmd", "munged", "sbatch") if not shutil.which(name)]
    return f"Slurm ({', '.join(programs)})" if programs else ""


class Slurm:
    """The daemons of two nodes, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("state", "spool_n1", "spool_n2"):
            os.makedirs(f"{folder}/{name}", exist_ok=True)
        with open(folder + "/slurm.conf", "w") as file:
            file.write(CONFIGURATION.format(host=socket.gethostname(), folder=folder))
        with open(os.open(folder + "/munge.key", os.O_CREAT | os.O_WRONLY, 0o400), "wb") as file:
            file.write(os.urandom(128))
        self.environment = os.environ | {"SLURM_CONF": folder + "/slurm.conf"}
        self.know_nodes()
        self.processes = {}
        self.begin("munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
                   f"--key-file={folder}/munge.key", f"--pid-file={folder}/munged.pid",
                   f"--seed-file={folder}/munged.seed", "--num-threads=2", key="munged")
        self.wait(lambda: os.path.exists(folder + "/munge.socket"), 20, "munged")
        self.begin("slurmctld", "-D", "-c", key="controller")
        self.begin_node("n1")
        self.begin_node("n2")
        self.wait(lambda: self.ask("sinfo", "-h", "-p", "main", "-o", "%D %T").strip() == "2 idle", 60, "two idle nodes")

    def know_nodes(self):
        """Gives this process and its children a list of hosts with the nodes; nobody else sees it."""
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "no mount namespace of its own")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        with open("/etc/hosts") as file:
            hosts = file.read()
        with open(self.folder + "/hosts", "w") as file:
            file.write(hosts + "\n127.0.0.1 n1 n2\n")
        subprocess.run(["mount", "--bind", self.folder + "/hosts", "/etc/hosts"], check=True)

    def begin(self, *words, key):
        with open(f"{self.folder}/{key}.out", "ab") as log:
            self.processes[key] = subprocess.Popen(
                words, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def begin_node(self, name):
        self.begin("slurmd", "-D", "-N", name, key=name)

    def kill_node(self, name):
        """A node dies: its daemon, the shepherds of its jobs, and the jobs."""
        self.processes[name].kill()
        self.processes[name].wait()
        for process in self.of_node(name):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def of_node(self, name):
        """The shepherds of a node's jobs, who would tell how these ended, and then the processes of the jobs."""
        found = list(self.processes_with(f"SLURMD_NODENAME={name}"))
        return [parent for _, parent, is_first in found if is_first] + [process for process, _, _ in found]

    def of_job(self, job):
        """The process of a job's script, which Slurm would signal."""
        return {process for process, _, is_first in self.processes_with(f"SLURM_JOB_ID={job}") if is_first}

    @staticmethod
    def processes_with(variable):
        """Processes with a variable, their parents, and whether these are shepherds of Slurm's."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if variable.encode() not in file.read().split(b"\0"):
                        continue
                with open(f"/proc/{entry}/stat") as file:
                    parent = file.read().rsplit(")", 1)[1].split()[1]
                with open(f"/proc/{parent}/cmdline", "rb") as file:
                    yield int(entry), int(parent), file.read().startswith(b"slurmstepd")
            except OSError:
                continue

    def ask(self, *words):
        return subprocess.run(words, env=self.environment, capture_output=True, text=True).stdout

    def state(self, job):
        """The states of a job and of its parts, such as {"RUNNING", "PENDING"}."""
        lines = self.ask("scontrol", "-o", "show", "job", job).splitlines()
        return {word[9:] for line in lines for word in line.split() if word.startswith("JobState=")}

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"no {what} within {seconds} s: {self.ask('squeue')}{self.ask('sinfo')}")
            time.sleep(0.2)

    def end(self):
        for key in reversed(list(self.processes)):
            self.processes[key].terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


class SlurmTrial:
    """A survey's way by sbatch, disturbed; its end has to be that of the same way undisturbed."""

    def __init__(self, place, chain, tell):
        self.place = place
        self.chain = chain
        self.tell = tell

    def run(self):
        tally = Tally("slurm", "a whole way")
        expected = self.undisturbed()
        folder = self.place.folder + "/slurm"
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            slurm = Slurm(folder)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            self.tell(f"slurm: skipped, as it does not begin on this machine: {error}")
            return tally
        try:
            problems = self.disturbed(slurm)
        except RuntimeError as error:
            problems = [str(error), *self.logs(slurm)]
        finally:
            slurm.end()
        tally.count(True, problems + self.chain.against(expected, "trial"), "with a preempted job and a dead node")
        return tally

    @staticmethod
    def logs(slurm):
        """What the jobs said, where their way does not end."""
        folder = slurm.folder + "/jobs/log"
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            with open(f"{folder}/{name}") as log:
                yield f"{name}: {log.read()}"

    def fresh(self, name):
        self.place.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "reber")
        self.place.sql(f"CREATE DATABASE {name}", "reber")
        self.place.call(["db", "migrate"], name)
        out = self.place.folder + "/out"
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)

    # What the scripts do, with options for a small survey; a trial changes the scripts as a person would.
    MORE = {"pretrain": ["--epochs", "30", "--batch-size", "40", *SMALL, "--checkpoint-every", "0.2"],
            "embed": ["--piece-size", "16"], "classify": ["--piece-size", "16"], "cluster": ["--clusters", "12"],
            "finetune": ["--epochs", "1", "--folds", "2", "--batch-size", "24"], "publish": ["--anyway"]}

    def undisturbed(self):
        """The same stages one after another, and what they leave."""
        self.fresh("trial")
        data = self.place.folder + "/sim/"
        ways = [["ingest", data + "simulated-catalogue.fits", "--images", data + "images", "--survey", "sim"]]
        ways += [[stage, "--survey", "sim", *self.MORE[stage]] for stage in ("pretrain", "embed", "cluster")]
        ways += [["label", "import", data + "simulated-truth.fits", "--survey", "sim"]]
        ways += [[stage, "--survey", "sim", *self.MORE[stage]] for stage in ("finetune", "classify", "publish")]
        for words in ways:
            outcome = self.place.call(words, "trial")
            if outcome.status != 0:
                raise RuntimeError(f"{' '.join(words)}: {outcome.said}")
        return self.chain.digest("trial")

    def disturbed(self, slurm):
        self.fresh("trial")
        jobs = slurm.folder + "/jobs"
        place = self.place
        place.environment["DATABASE_URL"] = place.url("trial")
        place.reber(
            "slurm", "--survey", "sim", "--catalogue", place.folder + "/sim/simulated-catalogue.fits", "--images",
            place.folder + "/sim/images", "--labels", place.folder + "/sim/simulated-truth.fits", "--workers", "2",
            "--cpus", "1", "--memory", "500M", "--output", jobs)
        del place.environment["DATABASE_URL"]
        self.change_scripts(jobs)
        self.slow_down()
        said = subprocess.run(
            [jobs + "/submit.sh"], capture_output=True, text=True,
            env=slurm.environment | place.environment | {
                "DATABASE_URL": place.url("trial"), "REBER": place.program})
        if said.returncode != 0:
            raise RuntimeError(said.stderr)
        numbers = dict(line.split() for line in said.stdout.splitlines())
        self.preempt(slurm, numbers["pretrain"])
        self.kill_node(slurm, numbers)
        slurm.wait(lambda: self.is_over(slurm, numbers), 300, "end of publish")
        place.sql("DROP FUNCTION reber.pause CASCADE", "trial")
        return self.ends(slurm, numbers)

    @staticmethod
    def is_over(slurm, numbers):
        """Whether the last job has ended; what was put back into the queue need not wait for two minutes there."""
        for job in numbers.values():
            if slurm.state(job) & {"PENDING"}:
                slurm.ask("scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(1)
        return bool(slurm.state(numbers["publish"]) & {"COMPLETED", "FAILED", "TIMEOUT"})

    def change_scripts(self, jobs):
        for stage, words in self.MORE.items():
            with open(f"{jobs}/{stage}.sh") as file:
                text = file.read()
            text = text.replace(f"./job.sh {stage}", f"./job.sh {stage} {' '.join(words)}")
            with open(f"{jobs}/{stage}.sh", "w") as file:
                file.write(text)

    def slow_down(self):
        """Has every piece and every checkpoint take a while, so that there is something to disturb."""
        self.place.sql(
            "CREATE FUNCTION reber.pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); "
            "RETURN NEW; END $$; CREATE TRIGGER pause BEFORE UPDATE OF is_done ON reber.piece FOR EACH ROW "
            "EXECUTE FUNCTION reber.pause(); CREATE TRIGGER pause BEFORE INSERT OR UPDATE ON reber.checkpoint "
            "FOR EACH ROW EXECUTE FUNCTION reber.pause()", "trial")

    def preempt(self, slurm, job):
        """Another's job, which goes before ours, wants the nodes on which the training is."""
        running = "SELECT count(*) FROM reber.checkpoint JOIN reber.run USING (run_id) WHERE stage = 'pretrain'"
        slurm.wait(lambda: self.place.sql(running, "trial").strip() == "1", 300, "training")
        slurm.ask("sbatch", "-p", "urgent", "-N", "2", "--output=/dev/null", "--wrap", "sleep 2")
        slurm.wait(lambda: "PENDING" in slurm.state(job), 120, "preempted training")

    def kill_node(self, slurm, numbers):
        """A node dies amid the array that embeds, and comes back."""
        working = "SELECT count(*) FROM reber.worker JOIN reber.run USING (run_id) WHERE stage = 'embed' AND pieces > 0"
        slurm.wait(
            lambda: self.is_over(slurm, numbers) or self.place.sql(working, "trial").strip() == "2", 300,
            "two embedding workers")
        slurm.kill_node("n1")
        time.sleep(3)
        slurm.begin_node("n1")

    def ends(self, slurm, numbers):
        problems = [
            f"{stage} (job {job}) ended as {slurm.state(job)}" for stage, job in numbers.items()
            if slurm.state(job) != {"COMPLETED"}]
        with open(f"{slurm.folder}/jobs/log/sim-pretrain-{numbers['pretrain']}.log") as log:
            said = log.read()
        if "stopped, as it was told to" not in said or "back into the queue" not in said:
            problems.append(f"the training did not make room: {said}")
        return problems
