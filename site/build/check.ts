import { fileURLToPath } from 'node:url';
import { deadLinks } from './check-links.ts';

const dead = deadLinks(
  fileURLToPath(new URL('../.vitepress/dist/', import.meta.url)),
  process.env.SITE_BASE ?? '/',
);
for (const line of dead) console.error(line);
if (dead.length > 0) process.exitCode = 1;
