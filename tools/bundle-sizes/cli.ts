import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measureAll, oversized, sizeTable } from './size-report.ts';

const sizes = await measureAll(fileURLToPath(new URL('../../', import.meta.url)));
const table = sizeTable(sizes);
console.log(table);
const { GITHUB_STEP_SUMMARY: summary } = process.env;
if (summary !== undefined) appendFileSync(summary, `## Sizes in a browser\n\n${table}\n`);
const problems = oversized(sizes);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
