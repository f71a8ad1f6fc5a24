"""Writes packages/lr-schedules/test/fixtures/study-schedules.json: the learning rates of the golden trajectories.

The golden trajectories were made by the code of the study's authors (Zhao et al. 2024, arXiv 2407.07972); each
different schedule among them is kept once. Run from the repository root:
    python tools/reference/lr-schedules/collect_study_schedules.py ../shared/golden
"""

import json
import sys
from pathlib import Path

cases = {}
for path in sorted(Path(sys.argv[1]).glob("*/*.json")):
    golden = json.loads(path.read_text())
    schedule = golden["hyper"].get("schedule")
    if not schedule or schedule["kind"] == "constant" or schedule.get("firstStepIndex") != 1:
        continue
    options = {
        key: schedule[key]
        for key in ("peak", "warmupSteps", "totalSteps", "startFactor", "endFactor", "freezeSteps")
        if key in schedule
    }
    source = "/".join(path.with_suffix("").parts[-2:])
    found = [(source, options, golden["learningRates"])]
    if "learningRatesLast" in golden:
        last = {**options, "peak": schedule["peakLast"]}
        found.append((source + ", last layer and norms", last, golden["learningRatesLast"]))
    for name, described, rates in found:
        cases.setdefault(json.dumps(described), {"name": name, "options": described, "rates": rates})

with open("packages/lr-schedules/test/fixtures/study-schedules.json", "w") as file:
    json.dump(list(cases.values()), file, indent=1)
    file.write("\n")
