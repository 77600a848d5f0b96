"""Trials in which several are at work at once."""
import os
import random
import shutil
import time

from chain import STAGES, before, empty
from trials import Tally, Trials

# What is done at once, beginning from the database before a stage.
COMPANIES = {
    "two surveys": ("ingest", [STAGES["ingest"], STAGES["ingest images"]]),
    "labels, clusters": ("cluster", [
        STAGES["cluster"], ["cluster", "--survey", "sim", "--clusters", "7"], STAGES["label import"],
        [*STAGES["label import"], "--annotator", "another", "--seed", "2"]]),
    "models": ("embed", [
        [*STAGES["embed"], "--model", "MODEL"], [*STAGES["pretrain"], "--seed", "2"],
        [*STAGES["pretrain"], "--seed", "3"]]),
    "publish, classify": ("publish", [
        ["publish", "--survey", "sim", "--anyway", "--classification", "CLASSIFICATION"],
        ["publish", "--survey", "sim", "--anyway", "--classification", "CLASSIFICATION", "--name", "other"],
        [*STAGES["classify"], "--again"], STAGES["evaluate"] + ["--classification", "CLASSIFICATION"]]),
}

# A later migration, which takes every table that stages write to and changes nothing that is compared.
MIGRATION = "".join(
    f"ALTER TABLE reber.{table} ADD CHECK ({column} IS NOT NULL);\n" for table, column in [
        ("run", "run_id"), ("cutout", "cutout_id"), ("source", "source_id"), ("label", "label_id"),
        ("prediction", "run_id"), ("embedding", "model_id"), ("model", "model_id"),
        ("cluster", "cluster"), ("catalogue", "name"), ("survey", "survey_id")])


class CompanyTrials(Trials):
    """Trials in which each either ends well or says in a sentence that another is at it."""

    def twice(self, stage, count):
        """The same stage twice at once."""
        for tally, _ in self.each("twice", stage, count):
            outcomes = self.at_once([STAGES[stage], STAGES[stage]])
            problems = sum((self.refused(outcome, 75) for outcome in outcomes), [])
            tally.count(True, problems + self.again(stage), "twice at once")
        return tally

    def at_once(self, calls, within=0.0):
        """Begins calls one shortly after another, and waits for all."""
        chance = random.Random(f"{self.seed} {calls} {within}")
        processes = []
        for call in calls:
            processes.append(self.place.begin(call, "trial"))
            time.sleep(chance.uniform(0, within))
        return [self.place.end(process) for process in processes]

    def company(self, name, count):
        """Different work at once, which has to come to what it comes to one after another."""
        stage, calls = COMPANIES[name]
        calls = [self.named(call, before(stage)) for call in calls]
        tally = Tally("company", name)
        empty(self.place.folder + "/out")
        self.place.copy(before(stage), "trial")
        for call in calls:
            self.place.call(call, "trial")
        expected = self.chain.digest("trial")
        for number in range(count):
            empty(self.place.folder + "/out")
            self.place.copy(before(stage), "trial")
            outcomes = self.at_once(calls, within=number * 0.03)
            problems = sum((self.refused(outcome, 75) for outcome in outcomes), [])
            for call, outcome in zip(calls, outcomes):
                if outcome.status == 75:
                    self.place.call(call, "trial")
            problems += self.chain.against(expected, "trial")
            tally.count(True, problems, f"time {number + 1}")
        self.place.drop("trial")
        return tally

    def named(self, call, database):
        """A call with the numbers of the classification and the model that are in a database."""
        numbers = {
            "CLASSIFICATION": "SELECT max(run_id) FROM reber.run WHERE stage = 'classify'",
            "MODEL": "SELECT max(model_id) FROM reber.model"}
        return [
            self.place.sql(numbers[word], database).strip() if word in numbers else word for word in call]

    def migrate(self, stage, count):
        """A newer version brings the database to its schema while a stage is at work."""
        newer = self.newer_schema()
        for tally, moment in self.each("migrate", stage, count):
            process = self.place.begin(STAGES[stage], "trial")
            time.sleep(moment)
            migration = self.place.call(["db", "migrate"], "trial", newer)
            outcome = self.place.end(process)
            # 65: the older version finds that the database is newer than it is.
            problems = self.refused(outcome, 75, 65) + self.refused(migration, 75)
            if migration.status == 75:
                problems += self.refused(self.place.call(["db", "migrate"], "trial", newer))
            ledger = self.chain.digests[stage].pop("reber.schema_migration", None)
            problems += [
                problem for problem in self.again(stage, newer) if "schema_migration" not in problem]
            self.chain.digests[stage]["reber.schema_migration"] = ledger
            tally.count(True, problems, f"after {moment:.3f} s")
        return tally

    def newer_schema(self):
        folder = self.place.folder + "/newer"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.place.environment["REBER_SQL"], folder)
        with open(os.path.join(folder, "9999_newer.sql"), "w") as file:
            file.write(MIGRATION)
        return folder
