/** Imports every entry of every built package with plain Node, publishes them dry, and uses them in empty projects and on pages. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { publishDry } from './dry-publish.ts';
import { compareInEmptyFolder } from './installed-cli.ts';
import { useInEmptyProjects } from './installed-projects.ts';
import { openPagesWithoutBundler } from './pages-without-bundler.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let failures = 0;

/** Runs a line of code in a Node of its own, in which nothing resolves to source. */
function evaluate(name: string, type: 'module' | 'commonjs', code: string): void {
  try {
    execFileSync(process.execPath, [`--input-type=${type}`, '--eval', code], { cwd: root, stdio: 'pipe' });
  } catch (error) {
    failures++;
    console.error(`${name} (${type}): ${(error as { stderr: Buffer }).stderr.toString().trim()}`);
  }
}

const folders = readdirSync(`${root}packages`);
for (const folder of folders) {
  const { name, exports } = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8')) as {
    name: string;
    exports: Record<string, { import?: unknown; require?: unknown; default?: unknown }>;
  };
  for (const [entry, conditions] of Object.entries(exports)) {
    if (typeof conditions === 'string') continue;
    const specifier = `${name}${entry.slice(1)}`;
    // Packages that are ES modules alone have no condition for them.
    if (conditions.import !== undefined || conditions.default !== undefined)
      evaluate(specifier, 'module', `await import('${specifier}')`);
    if (conditions.require !== undefined) evaluate(specifier, 'commonjs', `require('${specifier}')`);
  }
}
try {
  console.log(`${publishDry(root)} packages could be published as they are`);
} catch (error) {
  failures++;
  console.error(`npm publish --dry-run: ${(error as Error).message}`);
}
try {
  compareInEmptyFolder(root);
} catch (error) {
  failures++;
  console.error(`steepest in an empty folder: ${(error as Error).message}`);
}
try {
  await useInEmptyProjects(root);
} catch (error) {
  failures++;
  console.error(`packages in empty projects: ${(error as Error).message}`);
}
try {
  await openPagesWithoutBundler(root);
} catch (error) {
  failures++;
  console.error(`pages without a bundler: ${(error as Error).message}`);
}
if (failures === 0)
  console.log(`${folders.length} built packages import and require in Node ${process.version}`);
process.exitCode = failures === 0 ? 0 : 1;
