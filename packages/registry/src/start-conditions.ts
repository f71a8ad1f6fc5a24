/** The export conditions with which a Node process was started, in its arguments or in `NODE_OPTIONS`. */
export function startConditions(execArgv: readonly string[], nodeOptions = ''): string[] {
  const given = [...nodeOptions.split(/\s+/), ...execArgv];
  return given.flatMap((argument, index) => {
    const [flag, value] = argument.split('=', 2);
    if (flag !== '-C' && flag !== '--conditions') return [];
    return value ?? given[index + 1] ?? [];
  });
}
