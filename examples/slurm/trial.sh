#!/usr/bin/env bash
# One trial of a plan as a task of a Slurm array; submit.sh starts it.
#SBATCH --job-name=steepest
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=04:00:00
# Two minutes before the time is up the trial writes a checkpoint, and the task queues itself again.
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

out=$1
cd "${SLURM_SUBMIT_DIR:?this script is for sbatch}"

# node itself rather than npm, which would not pass the signal on.
node --conditions=@steepest/source --import tsx packages/cli/src/main.ts \
  run --trial "${SLURM_ARRAY_TASK_ID:?the array has no numbers}" --out "$out" &
trial=$!
trap 'kill -TERM "$trial"' TERM

# A trap ends wait early; the trial's own code comes once it is gone.
code=0
wait "$trial" || code=$?
while kill -0 "$trial" 2> /dev/null; do
  code=0
  wait "$trial" || code=$?
done

# 130: stopped with a checkpoint. The same task resumes from there.
if [ "$code" -eq 130 ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"
