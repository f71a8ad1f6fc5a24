import type { Blocks } from './blocks.ts';
import type { Instruction, Pass, Reduction, Source } from './kernel-program.ts';
import type { Mask } from './layout.ts';
import { type Bytes, code, increment, type Locals, whileLoop } from './wasm-encoder.ts';
import { operationCode } from './wasm-operations.ts';

const wordBytes = 4;
const vectorBytes = 16;

/** Which vectors of a row one turn of the innermost loop computes. */
interface Turn {
  readonly vectors: number;
  /** Bytes from one of them to the next. */
  readonly distance: number;
}

/**
 * A walk that writes takes two neighbors. One that only sums takes one vector from each quarter of the row, because a
 * processor fetches four streams of memory sooner than one.
 */
function turnOf({ stores }: Pass, rowLength: number): Turn {
  if (stores.length === 0 && rowLength >= 64) {
    return { vectors: 4, distance: Math.floor(rowLength / 16) * vectorBytes };
  }
  return { vectors: rowLength >= 16 ? 2 : 1, distance: vectorBytes };
}

/** What the code of a pass needs of the program around it. */
export interface PassContext {
  readonly dimensions: readonly number[];
  /** Axes of the walk; the last is the innermost. */
  readonly axes: readonly number[];
  readonly locals: Locals;
  readonly blocks: Blocks;
  /** The first block that a call walks, and the one after its last. */
  readonly firstBlock: Bytes;
  readonly lastBlock: Bytes;
  addressOf(source: Source): Bytes;
  uniform(index: number): Bytes;
  /** Address of the sums of a reduction: its own in each block if it sums over the outermost axis. */
  sumAddress(reduction: number, block: Bytes): Bytes;
  /** Comes after a block from one index of the outermost axis to another. */
  blockEnd(from: Bytes, to: Bytes): Bytes;
}

/** Emits the loops of one pass over some of its blocks. */
export class PassEmitter {
  private readonly inner: number | undefined;
  private readonly innerLength: number;
  private readonly counters = new Map<number, number>();
  /** Byte offset along the innermost axis. */
  private readonly offset: number;
  /** Locals of the instructions' values, for each vector of a turn; uniforms have one for all. */
  private readonly values: number[][];
  private readonly rowAddresses = new Map<number, number>();
  private readonly storeAddresses: number[];
  private readonly turn: Turn;
  private readonly block: number;
  /** Indices of the outermost axis at which the present block begins and ends. */
  private readonly from: number;
  private readonly to: number;
  /** Of a walk of several blocks along one axis: bytes of the present one, and of those that are walked in whole turns. */
  private readonly cut: { readonly bytes: number; readonly turned: number } | undefined;
  private readonly sums: { readonly row: number; readonly pairs: readonly number[]; readonly rest: number }[];

  constructor(
    private readonly walked: Pass,
    private readonly context: PassContext,
  ) {
    const { axes, locals, dimensions } = context;
    this.inner = axes.at(-1);
    this.innerLength = this.inner === undefined ? 1 : dimensions[this.inner]!;
    for (const axis of axes.slice(0, -1)) this.counters.set(axis, locals.make('i32'));
    this.offset = locals.make('i32');
    [this.block, this.from, this.to] = [locals.make('i32'), locals.make('i32'), locals.make('i32')];
    if (axes.length === 1 && context.blocks.count > 1) {
      this.innerLength = context.blocks.length;
      this.cut = { bytes: locals.make('i32'), turned: locals.make('i32') };
    }
    this.turn = turnOf(walked, this.innerLength);
    this.values = walked.instructions.map((instruction) => {
      const count = this.isFixed(instruction) ? 1 : this.turn.vectors;
      return Array.from({ length: count }, () => locals.make('v128'));
    });
    this.storeAddresses = walked.stores.map(() => locals.make('i32'));
    this.sums = walked.reductions.map(() => ({
      row: locals.make('i32'),
      pairs: Array.from({ length: 2 * this.turn.vectors }, () => locals.make('v128')),
      rest: locals.make('f64'),
    }));
  }

  emit(): Bytes {
    const constants = this.walked.instructions.flatMap((instruction, position) =>
      this.isUniform(instruction)
        ? [...this.uniformValue(instruction), ...code.set(this.values[position]![0]!)]
        : [],
    );
    const { axes, dimensions, blocks, firstBlock, lastBlock, blockEnd } = this.context;
    const [block, from, to] = [this.block, this.from, this.to].map(code.get) as [Bytes, Bytes, Bytes];
    let body = this.row();
    for (const axis of axes.slice(0, -1).reverse()) {
      const counter = this.counters.get(axis)!;
      const isOutermost = axis === axes[0];
      body = [
        ...(isOutermost ? from : code.i32Const(0)),
        ...code.set(counter),
        ...whileLoop(
          [
            ...code.get(counter),
            ...(isOutermost ? to : code.i32Const(dimensions[axis]!)),
            ...code.i32LessUnsigned,
          ],
          [...body, ...increment(counter, 1)],
        ),
      ];
    }
    const length = axes[0] === undefined ? 1 : dimensions[axes[0]]!;
    return [
      ...constants,
      ...firstBlock,
      ...code.set(this.block),
      ...whileLoop(
        [...block, ...lastBlock, ...code.i32LessUnsigned],
        [
          ...[...block, ...code.i32Const(blocks.length), ...code.i32Mul, ...code.set(this.from)],
          ...[...from, ...code.i32Const(blocks.length), ...code.i32Add, ...code.set(this.to)],
          ...[...code.i32Const(length), ...to],
          ...[...code.i32Const(length), ...to, ...code.i32LessUnsigned, ...code.choose, ...code.set(this.to)],
          ...body,
          ...blockEnd(from, to),
          ...increment(this.block, 1),
        ],
      ),
    ];
  }

  private isUniform({ kind }: Instruction): boolean {
    return kind === 'uniform' || kind === 'constant';
  }

  /** Whether a value is the same all along a row. */
  private isFixed(instruction: Instruction): boolean {
    return this.isUniform(instruction) || (instruction.kind === 'load' && !this.isInner(instruction.mask));
  }

  private uniformValue(instruction: Instruction): Bytes {
    if (instruction.kind === 'constant') return code.vectorConst(instruction.value);
    return [...this.context.uniform((instruction as { index: number }).index), ...code.splat];
  }

  private isInner(mask: Mask): boolean {
    return this.inner !== undefined && ((mask >> this.inner) & 1) === 1;
  }

  /** Byte offset of the present row in a tensor of `mask`, whose elements have `bytes` bytes. */
  private rowOffset(mask: Mask, bytes: number): Bytes {
    const { axes, dimensions } = this.context;
    const own = axes.filter((axis) => (mask >> axis) & 1);
    const terms = own
      .filter((axis) => axis !== this.inner)
      .map((axis) => {
        const stride = own
          .filter((later) => later > axis)
          .reduce((size, later) => size * dimensions[later]!, bytes);
        return [...code.get(this.counters.get(axis)!), ...code.i32Const(stride), ...code.i32Mul];
      });
    if (this.cut !== undefined && this.isInner(mask)) {
      terms.push([...code.get(this.from), ...code.i32Const(bytes), ...code.i32Mul]);
    }
    return [...code.i32Const(0), ...terms.flatMap((term) => [...term, ...code.i32Add])];
  }

  /** One run along the innermost axis: vectors of four, then what is left one by one. */
  private row(): Bytes {
    const { vectors, distance } = this.turn;
    const whole = Math.floor(this.innerLength / 4) * vectorBytes;
    // Neighbors are passed together, quarters side by side.
    const step = distance === vectorBytes ? vectors * vectorBytes : vectorBytes;
    const turns = Math.floor(whole / (vectors * vectorBytes));
    const done = turns * vectors * vectorBytes;
    const loop = (end: Bytes, by: number, body: Bytes): Bytes =>
      whileLoop(
        [...code.get(this.offset), ...end, ...code.i32LessUnsigned],
        [...body, ...increment(this.offset, by)],
      );
    const goTo = (offset: Bytes): Bytes => [...offset, ...code.set(this.offset)];
    if (this.cut !== undefined) {
      const bytes = code.get(this.cut.bytes);
      const multiple = (unit: number): Bytes => [...bytes, ...code.i32Const(-unit), ...code.i32And];
      // Quarters have their place in a whole block only; the last, shorter one is walked vector by vector.
      const turned =
        distance === vectorBytes
          ? multiple(step)
          : [
              ...[...code.i32Const(turns * step), ...code.i32Const(0)],
              ...[...bytes, ...code.i32Const(this.innerLength * wordBytes), ...code.i32Equal, ...code.choose],
            ];
      return [
        ...[...code.get(this.to), ...code.get(this.from), ...code.i32Sub],
        ...[...code.i32Const(wordBytes), ...code.i32Mul, ...code.set(this.cut.bytes)],
        ...[...turned, ...code.set(this.cut.turned)],
        ...this.rowStart(),
        ...goTo(code.i32Const(0)),
        ...loop(code.get(this.cut.turned), step, this.vectors(vectors)),
        ...goTo([...code.get(this.offset), ...code.i32Const(done / (turns * step)), ...code.i32Mul]),
        ...loop(multiple(vectorBytes), vectorBytes, this.vectors(1)),
        ...loop(bytes, wordBytes, this.single()),
        ...this.rowEnd(),
      ];
    }
    return [
      ...this.rowStart(),
      ...goTo(code.i32Const(0)),
      ...(turns > 0
        ? [...loop(code.i32Const(turns * step), step, this.vectors(vectors)), ...goTo(code.i32Const(done))]
        : []),
      ...(whole > done ? loop(code.i32Const(whole), vectorBytes, this.vectors(1)) : []),
      ...(whole < this.innerLength * wordBytes
        ? loop(code.i32Const(this.innerLength * wordBytes), wordBytes, this.single())
        : []),
      ...this.rowEnd(),
    ];
  }

  private rowStart(): Bytes {
    const { instructions, stores, reductions, mask: walk } = this.walked;
    const loads = instructions.flatMap((instruction, position) => {
      if (instruction.kind !== 'load') return [];
      const address = [
        ...this.context.addressOf(instruction.source),
        ...this.rowOffset(instruction.mask, wordBytes),
        ...code.i32Add,
      ];
      if (!this.isInner(instruction.mask))
        return [...address, ...code.loadSplat, ...code.set(this.values[position]![0]!)];
      let local = this.rowAddresses.get(position);
      if (local === undefined) {
        local = this.context.locals.make('i32');
        this.rowAddresses.set(position, local);
      }
      return [...address, ...code.set(local)];
    });
    const targets = stores.flatMap(({ target }, index) => [
      ...this.context.addressOf(target),
      ...this.rowOffset(walk, wordBytes),
      ...code.i32Add,
      ...code.set(this.storeAddresses[index]!),
    ]);
    const sums = reductions.flatMap(({ mask }, index) => {
      const { row, pairs, rest } = this.sums[index]!;
      return [
        ...this.context.sumAddress(index, code.get(this.block)),
        ...this.rowOffset(mask, 8),
        ...code.i32Add,
        ...code.set(row),
        ...pairs.flatMap((local) => [...code.vectorConst(0), ...code.set(local)]),
        ...code.f64Const(0),
        ...code.set(rest),
      ];
    });
    return [...loads, ...targets, ...sums];
  }

  private at(address: number): Bytes {
    return [...code.get(address), ...code.get(this.offset), ...code.i32Add];
  }

  /** Several vectors at once: all loads and operations of a kind side by side, then the stores. */
  private vectors(count: number): Bytes {
    const { instructions, stores, reductions } = this.walked;
    const lanes = Array.from({ length: count }, (_, lane) => lane);
    const compute = instructions.flatMap((instruction, position) =>
      this.isFixed(instruction)
        ? []
        : lanes.flatMap((lane) => [
            ...(instruction.kind === 'load'
              ? [...this.at(this.rowAddresses.get(position)!), ...code.load(lane * this.turn.distance)]
              : operationCode(instruction, (x) => this.value(x, lane))),
            ...code.set(this.values[position]![lane]!),
          ]),
    );
    const write = stores.flatMap(({ value }, index) =>
      lanes.flatMap((lane) => [
        ...this.at(this.storeAddresses[index]!),
        ...this.value(value, lane),
        ...code.store(lane * this.turn.distance),
      ]),
    );
    const sum = reductions.flatMap((reduction, index) =>
      lanes.flatMap((lane) => this.addVector(reduction, index, lane)),
    );
    return [...compute, ...write, ...sum];
  }

  /** One element, in the first place of vectors. */
  private single(): Bytes {
    const { instructions, stores, reductions } = this.walked;
    const compute = instructions.flatMap((instruction, position) =>
      this.isFixed(instruction)
        ? []
        : [
            ...(instruction.kind === 'load'
              ? [...this.at(this.rowAddresses.get(position)!), ...code.loadLane]
              : operationCode(instruction, (x) => this.value(x, 0))),
            ...code.set(this.values[position]![0]!),
          ],
    );
    const write = stores.flatMap(({ value }, index) => [
      ...this.at(this.storeAddresses[index]!),
      ...this.value(value, 0),
      ...code.storeLane,
    ]);
    return [
      ...compute,
      ...write,
      ...reductions.flatMap((reduction, index) => this.addSingle(reduction, index)),
    ];
  }

  private value(position: number, lane: number): Bytes {
    const values = this.values[position]!;
    return code.get(values[lane] ?? values[0]!);
  }

  private addVector({ mask, value }: Reduction, index: number, lane: number): Bytes {
    const { row, pairs } = this.sums[index]!;
    const x = this.value(value, lane);
    const halves = [x, [...x, ...x, ...code.upperHalf]];
    if (!this.isInner(mask)) {
      return halves.flatMap((half, side) => [
        ...[...code.get(pairs[2 * lane + side]!), ...half, ...code.promoteLow, ...code.doublesAdd],
        ...code.set(pairs[2 * lane + side]!),
      ]);
    }
    return halves.flatMap((half, side) => {
      const offset = 2 * lane * this.turn.distance + side * vectorBytes;
      return [
        ...[...this.sumAt(row), ...this.sumAt(row), ...code.load(offset)],
        ...[...half, ...code.promoteLow, ...code.doublesAdd, ...code.store(offset)],
      ];
    });
  }

  private addSingle({ mask, value }: Reduction, index: number): Bytes {
    const { row, rest } = this.sums[index]!;
    const x = [...this.value(value, 0), ...code.extractLane, ...code.f64Promote];
    return this.isInner(mask)
      ? [...this.sumAt(row), ...this.sumAt(row), ...code.f64Load, ...x, ...code.f64Add, ...code.f64Store]
      : [...code.get(rest), ...x, ...code.f64Add, ...code.set(rest)];
  }

  /** Address of the sum for the present offset: eight bytes a sum, four an element. */
  private sumAt(row: number): Bytes {
    const twice = [...code.get(this.offset), ...code.i32Const(1), ...code.i32ShiftLeft];
    return [...code.get(row), ...twice, ...code.i32Add];
  }

  /** Adds what a row gave to the sums that have no innermost axis. */
  private rowEnd(): Bytes {
    return this.walked.reductions.flatMap(({ mask }, index) => {
      if (this.isInner(mask)) return [];
      const { row, pairs, rest } = this.sums[index]!;
      const lanes = pairs.flatMap((local) =>
        [0, 1].flatMap((lane) => [...code.get(local), ...code.doubleLane(lane), ...code.f64Add]),
      );
      return [
        ...code.get(row),
        ...code.get(row),
        ...code.f64Load,
        ...code.get(rest),
        ...code.f64Add,
        ...lanes,
        ...code.f64Store,
      ];
    });
  }
}
