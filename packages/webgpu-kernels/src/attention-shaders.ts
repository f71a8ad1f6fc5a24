import { type Shader, unrolled } from './shader.ts';

/** Positions of a workgroup, one for each thread. */
export const positionsOfGroup = 64;

/** Elements of shared memory that two tiles may take: 15 of the 16 KiB that every device has. */
const tileElements = 3840;

/** The widest head whose tiles have room for one position. */
export const widestHead = tileElements / 2;

/** Numbers kept of each query for the gradients: the largest score m, 1 / sum(exp(score - m)), and the mean of dp by p. */
const statistics = 3;

const uniforms = { positions: 'u32', heads: 'u32', width: 'u32', blocks: 'u32', scale: 'f32' } as const;

/**
 * The parts of the shaders for one head width. A thread has a row of queries (or of keys) in registers, as vectors of four, and the
 * workgroup brings tiles of the rows that they all need into shared memory, so that scores are never stored (Dao et al. 2022, arXiv
 * 2205.14135, without its tiles of queries). Loops over a row are unrolled, for arrays in registers cannot be indexed.
 */
function partsOf(headWidth: number) {
  const vectors = Math.ceil(headWidth / 4);
  const isWhole = headWidth % 4 === 0;
  const type = isWhole ? ('vec4f' as const) : ('f32' as const);
  const tile = 2 ** Math.floor(Math.log2(Math.min(32, tileElements / (8 * vectors))));

  /** The vector `part` of the head in a row; what lies beyond the head is 0. */
  const load = (array: string, row: string, part: string) =>
    isWhole
      ? `${array}[(${row}) * (uniforms.width / 4u) + head * ${vectors}u + ${part}]`
      : `vec4f(${[0, 1, 2, 3]
          .map((lane) => {
            const column = `4u * (${part}) + ${lane}u`;
            const place = `(${row}) * uniforms.width + head * ${headWidth}u + min(${column}, ${headWidth - 1}u)`;
            return `select(0.0, ${array}[${place}], ${column} < ${headWidth}u)`;
          })
          .join(', ')})`;

  return {
    type,
    tile,
    /** Variables `name0`, `name1`, ... of a thread. */
    declare: (name: string, value: (part: number) => string) =>
      unrolled(vectors, (part) => `var ${name}${part} = ${value(part)};`),
    loadRow: (name: string, array: string) =>
      unrolled(vectors, (part) => `var ${name}${part} = ${load(array, 'row', `${part}u`)};`),
    /** The product of a thread's row with row `j` of a tile. */
    dot: (name: string, shared: string) =>
      Array.from({ length: vectors }, (_, part) => `dot(${name}${part}, ${shared}[at + ${part}u])`).join(
        ' + ',
      ),
    each: (text: (part: number) => string) => unrolled(vectors, text),
    /** Writes a thread's row. */
    store: (array: string, value: (part: number) => string) =>
      unrolled(vectors, (part) => {
        if (isWhole) {
          return `${array}[(base + position) * (uniforms.width / 4u) + head * ${vectors}u + ${part}u] = ${value(part)};`;
        }
        const lanes = Math.min(4, headWidth - 4 * part);
        return `{ let whole = ${value(part)};\n${unrolled(lanes, (lane) => {
          const place = `(base + position) * uniforms.width + head * ${headWidth}u + ${4 * part + lane}u`;
          return `${array}[${place}] = whole[${lane}];`;
        })} }`;
      }),
    declareTiles: (...names: string[]) =>
      names.map((name) => `var<workgroup> ${name}: array<vec4f, ${tile * vectors}>;`).join('\n'),
    /** Statements that visit the rows from `from` to before `to` in tiles; those in `visit` know `other`, a position, and `at`. */
    eachTile: (
      from: string,
      to: string,
      tiles: Readonly<Record<string, string>>,
      visit: string,
      more = '',
    ) => `
  for (var first = ${from}; first < ${to}; first = first + ${tile}u) {
    let count = min(${tile}u, ${to} - first);
    workgroupBarrier();
    for (var element = thread; element < count * ${vectors}u; element = element + ${positionsOfGroup}u) {
      let source = base + first + element / ${vectors}u;
      let part = element % ${vectors}u;
      ${Object.entries(tiles)
        .map(([shared, array]) => `${shared}[element] = ${load(array, 'source', 'part')};`)
        .join('\n')}
    }
    ${more}
    workgroupBarrier();
    for (var j = 0u; j < count; j = j + 1u) {
      let other = first + j;
      let at = j * ${vectors}u;
      ${visit}
    }
  }`,
  };
}

/** Which sequence, head and positions are the workgroup's, and the row of the thread: its own, or the last one past the end. */
const place = `
  let item = group / uniforms.blocks;
  let head = item % uniforms.heads;
  let base = (item / uniforms.heads) * uniforms.positions;
  let start = (group % uniforms.blocks) * ${positionsOfGroup}u;
  let end = min(start + ${positionsOfGroup}u, uniforms.positions);
  let position = start + thread;
  let isInside = position < uniforms.positions;
  let row = base + min(position, uniforms.positions - 1u);`;

/** Raises the largest score to `score`: what was summed for smaller ones shrinks. */
const raise = (...sums: string[]) => `
      if (score > largest) {
        let shrink = exp(largest - score);
        ${sums.map((sum) => `${sum} = ${sum} * shrink;`).join('\n')}
        largest = score;
      }`;

/** The output: each query visits the keys up to its own, and its softmax is adjusted as scores come in. */
export function forward(headWidth: number): Shader {
  const { type, declare, loadRow, dot, each, store, declareTiles, eachTile } = partsOf(headWidth);
  return {
    threads: positionsOfGroup,
    writes: { y: type },
    reads: { queries: type, keys: type, values: type },
    uniforms,
    declarations: declareTiles('keyTile', 'valueTile'),
    body: `${place}
  ${loadRow('query', 'queries')}
  ${each((part) => `query${part} = query${part} * uniforms.scale;`)}
  ${declare('sum', () => 'vec4f(0.0)')}
  var largest = -3.4028234e38;
  var total = 0.0;
  ${eachTile(
    '0u',
    'end',
    { keyTile: 'keys', valueTile: 'values' },
    `if (other <= position) {
      let score = ${dot('query', 'keyTile')};
      if (score > largest) {
        let shrink = exp(largest - score);
        total = total * shrink;
        ${each((part) => `sum${part} = sum${part} * shrink;`)}
        largest = score;
      }
      let weight = exp(score - largest);
      total = total + weight;
      ${each((part) => `sum${part} = sum${part} + weight * valueTile[at + ${part}u];`)}
    }`,
  )}
  if (isInside) {
    ${store('y', (part) => `sum${part} / total`)}
  }`,
  };
}

/**
 * The gradient of the queries, `scale sum_j p_j (dp_j - delta) k_j` with dp_j the product of the output's gradient and value j, and
 * delta the sum of p_j dp_j. A first visit of the keys finds what a second needs, which is kept for the keys' gradients.
 */
export function queryGradient(headWidth: number): Shader {
  const { type, declare, loadRow, dot, each, store, declareTiles, eachTile } = partsOf(headWidth);
  const tiles = { keyTile: 'keys', valueTile: 'values' };
  return {
    threads: positionsOfGroup,
    writes: { queryGradient: type, kept: 'f32' },
    reads: { queries: type, keys: type, values: type, gradient: type },
    uniforms,
    declarations: declareTiles('keyTile', 'valueTile'),
    body: `${place}
  ${loadRow('query', 'queries')}
  ${each((part) => `query${part} = query${part} * uniforms.scale;`)}
  ${loadRow('outer', 'gradient')}
  var largest = -3.4028234e38;
  var total = 0.0;
  var delta = 0.0;
  ${eachTile(
    '0u',
    'end',
    tiles,
    `if (other <= position) {
      let score = ${dot('query', 'keyTile')};
      ${raise('total', 'delta')}
      let weight = exp(score - largest);
      total = total + weight;
      delta = delta + weight * (${dot('outer', 'valueTile')});
    }`,
  )}
  let inverse = 1.0 / total;
  delta = delta * inverse;
  ${declare('sum', () => 'vec4f(0.0)')}
  ${eachTile(
    '0u',
    'end',
    tiles,
    `if (other <= position) {
      let probability = exp(${dot('query', 'keyTile')} - largest) * inverse;
      let slope = probability * (${dot('outer', 'valueTile')} - delta);
      ${each((part) => `sum${part} = sum${part} + slope * keyTile[at + ${part}u];`)}
    }`,
  )}
  if (isInside) {
    let place = ${statistics}u * (item * uniforms.positions + position);
    kept[place] = largest;
    kept[place + 1u] = inverse;
    kept[place + 2u] = delta;
    ${store('queryGradient', (part) => `uniforms.scale * sum${part}`)}
  }`,
  };
}

/**
 * The gradients of keys, `scale sum_i p_i (dp_i - delta_i) q_i`, and of values, `sum_i p_i do_i`: each key visits the queries from its
 * own on. Both at once keep four rows in registers.
 */
export function keyGradients(headWidth: number, of: 'keys' | 'values' | 'both'): Shader {
  const { type, tile, declare, loadRow, dot, each, store, declareTiles, eachTile } = partsOf(headWidth);
  const [ofKeys, ofValues] = [of !== 'values', of !== 'keys'];
  return {
    threads: positionsOfGroup,
    writes: { ...(ofKeys && { keyGradient: type }), ...(ofValues && { valueGradient: type }) },
    reads: {
      queries: type,
      keys: type,
      ...(ofKeys && { values: type }),
      gradient: type,
      kept: 'f32',
    },
    uniforms,
    declarations: `${declareTiles('queryTile', 'outerTile')}
var<workgroup> keptTile: array<f32, ${statistics * tile}>;`,
    body: `${place}
  ${loadRow('key', 'keys')}
  ${each((part) => `key${part} = key${part} * uniforms.scale;`)}
  ${ofKeys ? loadRow('value', 'values') : ''}
  ${ofKeys ? declare('keySum', () => 'vec4f(0.0)') : ''}
  ${ofValues ? declare('valueSum', () => 'vec4f(0.0)') : ''}
  ${eachTile(
    'start',
    'uniforms.positions',
    { queryTile: 'queries', outerTile: 'gradient' },
    `if (other >= position) {
      let probability = exp(${dot('key', 'queryTile')} - keptTile[${statistics}u * j]) * keptTile[${statistics}u * j + 1u];
      ${ofValues ? each((part) => `valueSum${part} = valueSum${part} + probability * outerTile[at + ${part}u];`) : ''}
      ${
        ofKeys
          ? `let slope = probability * (${dot('value', 'outerTile')} - keptTile[${statistics}u * j + 2u]);
      ${each((part) => `keySum${part} = keySum${part} + slope * queryTile[at + ${part}u];`)}`
          : ''
      }
    }`,
    `for (var element = thread; element < ${statistics}u * count; element = element + ${positionsOfGroup}u) {
      keptTile[element] = kept[${statistics}u * (item * uniforms.positions + first) + element];
    }`,
  )}
  if (isInside) {
    ${ofKeys ? store('keyGradient', (part) => `uniforms.scale * keySum${part}`) : ''}
    ${ofValues ? store('valueGradient', (part) => `valueSum${part}`) : ''}
  }`,
  };
}
