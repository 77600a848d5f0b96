"""What is done to stages, and what has to hold afterwards."""
import json
import random
import time

from chain import STAGES, before, empty


class Tally:
    """How a stage fared under one kind of trial."""

    def __init__(self, what, stage):
        self.what = what
        self.stage = stage
        self.tried = 0
        self.hit = 0
        self.survived = 0
        self.found = []

    def show(self, as_json, bench=""):
        """Prints it, as a line for people or as those of tools/bench; gives whether all survived."""
        ok = self.survived == self.tried
        if as_json:
            print(json.dumps({
                "bench": f"{bench}{self.what} {self.stage}", "value": self.survived, "unit": "survived",
                "target": self.tried, "ok": ok, "hit": self.hit, "found": self.found}), flush=True)
        else:
            print(
                f"{self.what:<9} {self.stage:<15} tried {self.tried:>3}, hit {self.hit:>3}, "
                f"survived {self.survived:>3}", flush=True)
            for problem in self.found:
                print(f"    {problem}", flush=True)
        return ok

    def count(self, was_hit, problems, moment):
        self.tried += 1
        self.hit += was_hit
        self.survived += not problems
        self.found += [f"{moment}: {problem}" for problem in problems]


class Trials:
    """Trials on copies of the databases of an undisturbed chain."""

    def __init__(self, place, chain, seed, measures=True):
        self.place = place
        self.chain = chain
        self.seed = seed
        self.measures = measures

    def moments(self, what, stage, count):
        """Moments, in seconds, evenly drawn from a stage's undisturbed duration; the same for the same seed."""
        chance = random.Random(f"{self.seed} {what} {stage}")
        seconds = self.chain.measure(stage) if self.measures else self.chain.seconds[stage]
        return [chance.uniform(0, seconds) for _ in range(count)]

    def each(self, what, stage, count):
        """A tally, and a fresh copy of the database for every moment; an earlier one where it came too late."""
        tally = Tally(what, stage)
        for moment in self.moments(what, stage, count):
            for share in (1, 0.7, 0.5, 0.3, 0.15, 0.05):
                empty(self.place.folder + "/out")
                self.place.copy(before(stage), "trial")
                so_far = (tally.tried, tally.hit, tally.survived)
                yield tally, moment * share
                if tally.hit > so_far[1] or tally.survived == so_far[2]:
                    break
                if share > 0.05:
                    tally.tried, tally.hit, tally.survived = so_far
        self.place.drop("trial")

    def again(self, stage, sql=None):
        """Calls a stage once more: it has to complete at the first call, and leave what it leaves undisturbed."""
        outcome = self.place.call(STAGES[stage], "trial", sql)
        if outcome.status != 0:
            return [f"called again it ended with {outcome.status}: {outcome.last_line}"]
        return self.chain.differences(stage, "trial")

    @staticmethod
    def refused(outcome, *statuses):
        """What is wrong with an end that is neither a good one nor one of these statuses with a sentence."""
        if outcome.status == 0 or outcome.status in statuses and outcome.is_a_sentence:
            return []
        return [f"it ended with {outcome.status}: {outcome.said.strip()}"]

    def kill(self, stage, count):
        """Kills a stage and calls it again."""
        for tally, moment in self.each("kill", stage, count):
            process = self.place.begin(STAGES[stage], "trial")
            time.sleep(moment)
            process.kill()
            outcome = self.place.end(process)
            tally.count(outcome.killed, self.again(stage), f"after {moment:.3f} s")
        return tally

    def kill_server(self, stage, count):
        """Kills the server while a stage works, starts it and calls the stage again."""
        for tally, moment in self.each("server", stage, count):
            process = self.place.begin([*STAGES[stage], "--reconnect", "0"], "trial")
            time.sleep(moment)
            self.place.kill_server()
            outcome = self.place.end(process)
            self.place.restart()
            problems = self.refused(outcome, 69) + self.again(stage)
            tally.count(outcome.status != 0, problems, f"after {moment:.3f} s")
        return tally
