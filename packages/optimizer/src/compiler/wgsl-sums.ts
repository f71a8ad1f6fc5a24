import type { SumLayout } from './sum-layout.ts';
import { groupSize } from './wgsl-module.ts';

/** The uniforms that finish a sum. */
export interface SumScale {
  readonly divisor: string;
  /** Powers of two that bring a sum into the range of float32 where only the mean is in it, and back. */
  readonly down: string;
  readonly up: string;
}

/** The code of a dispatch that takes sums. */
export interface SumCode {
  /** Uniforms by their name in the layout. */
  readonly number: (name: keyof SumLayout) => string;
  /** The variable of the scratch buffer. */
  readonly scratch: string;
  /** Comes before the terms of the sums with the place `o`. */
  readonly start: readonly string[];
  /** Adds the term `s` to `sum0`, `sum1` and so on. */
  readonly term: readonly string[];
  readonly sums: readonly {
    readonly scale: SumScale;
    /** Where the results lie in the scratch buffer, and where the parts. */
    readonly resultsAt: string;
    readonly partsAt: string;
  }[];
}

/** The body of an entry point that takes sums as a layout says. */
export function sumBody({ number, scratch, start, term, sums: all }: SumCode): string[] {
  const [sums, terms, parts, lanes] = [number('sums'), number('terms'), number('parts'), number('lanes')];
  const [laneStride, sumStride, sumGroups] = [number('laneStride'), number('sumStride'), number('sumGroups')];
  const each = (line: (place: number) => string): string[] => all.map((_, place) => line(place));
  return [
    `let lane = (at.local / ${laneStride}) % ${lanes};`,
    `let o = (group % ${sumGroups}) * (${groupSize}u / ${lanes}) + (at.local / ${sumStride}) % (${groupSize}u / ${lanes});`,
    `let part = group / ${sumGroups};`,
    ...each((place) => `var sum${place} = vec2<f32>();`),
    `let takes_part = o < ${sums} && part < ${parts};`,
    'if (takes_part) {',
    ...start,
    `for (var s = part * ${lanes} + lane; s < ${terms}; s += ${parts} * ${lanes}) {`,
    ...term,
    '}',
    '}',
    ...each((place) => `sums[${place * groupSize}u + at.local] = sum${place};`),
    'workgroupBarrier();',
    `for (var span = ${lanes} / 2u; span > 0u; span /= 2u) {`,
    'if (lane < span) {',
    ...each((place) => {
      const own = `${place * groupSize}u + at.local`;
      return `sums[${own}] += sums[${own} + span * ${laneStride}];`;
    }),
    '}',
    'workgroupBarrier();',
    '}',
    'if (lane == 0u && takes_part) {',
    ...all.flatMap(({ scale: { divisor, up }, resultsAt, partsAt }, place) => {
      return [
        `let total${place} = sums[${place * groupSize}u + at.local];`,
        `if (${parts} == 1u) {`,
        `${scratch}[${resultsAt} + o] = mean_of(total${place}, ${divisor}, ${up});`,
        '} else {',
        `${scratch}[${partsAt} + 2u * (part * ${sums} + o)] = total${place}.x;`,
        `${scratch}[${partsAt} + 2u * (part * ${sums} + o) + 1u] = total${place}.y;`,
        '}',
      ];
    }),
    '}',
  ];
}
