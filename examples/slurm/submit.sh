#!/usr/bin/env bash
# Runs an experiment as a Slurm array, one task a trial, and writes the report when all have ended.
#   examples/slurm/submit.sh EXPERIMENT OUT [options of sbatch, such as --partition=gpu --gres=gpu:1]
# From the root of the repository, which the nodes see at the same path, as they do OUT.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: $0 EXPERIMENT OUT [sbatch options]" >&2
  exit 2
fi
experiment=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2
here=$(cd "$(dirname "$0")" && pwd)

# Chooses the backend too: plan where there is what the nodes have, or name one with --backend.
npm run --silent bench -- plan "$experiment" --out "$out"
trials=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).trials.length' "$out/plan.json")

mkdir -p "$out/logs"
array=$(sbatch --parsable --array="0-$((trials - 1))" --output="$out/logs/%A_%a.log" "$@" "$here/trial.sh" "$out")
sbatch --parsable --dependency="afterany:${array%%;*}" --output="$out/logs/report.log" \
  --wrap "npm run --silent bench -- report '$out'" > /dev/null
echo "array ${array%%;*}: $trials trials; report in $out when they have ended"
