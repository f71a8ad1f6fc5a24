/**
 * Milliseconds of processor time that this process has used: on a machine that others use too, the clock would count
 * their work as well.
 */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
