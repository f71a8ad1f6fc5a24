import { z } from 'zod';

/** Text on one line that a terminal, a page and a table can show: no control characters, some of which are commands to a terminal. */
export const title = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{C}*$/u, { error: 'must be one line of printable characters' });

/** Text that may be folded over lines, brought onto one. */
export const description = z
  .string()
  .transform((text) => text.replaceAll(/\s+/g, ' ').trim())
  .pipe(
    z
      .string()
      .max(2_000)
      .regex(/^\P{C}*$/u, { error: 'must hold printable characters only' }),
  );
