import { findNamed } from '../options.ts';
import { chinchillaLaw, chinchillaOptimal } from './besiroglu-2024.ts';
import { deepSeekLaw } from './deepseek-2024.ts';
import { hoffmannLaw } from './hoffmann-2022.ts';
import { kaplanCriticalBatch, kaplanTrajectory } from './kaplan-2020.ts';
import { stepLaw } from './li-2025.ts';
import { porianLaw } from './porian-2024.ts';
import type { PublishedLaw } from './published-law.ts';

/** Laws with their authors' constants, sources and ranges. */
export const publishedLaws: readonly PublishedLaw[] = [
  stepLaw,
  porianLaw,
  deepSeekLaw,
  kaplanCriticalBatch,
  kaplanTrajectory,
  chinchillaLaw,
  chinchillaOptimal,
  hoffmannLaw,
];

/**
 * The published law of a name.
 *
 * @throws Error with the nearest name when there is none
 */
export function findPublishedLaw(name: string): PublishedLaw {
  return findNamed(publishedLaws, name, 'published');
}
