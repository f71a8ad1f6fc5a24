import { type Document, isMap, isScalar, type LineCounter, type Node } from 'yaml';
import type { ExperimentProblem } from './experiment-error.ts';

type Path = readonly PropertyKey[];

/** The text of an experiment file, in which problems are placed. */
export class ExperimentText {
  /** @param inFile Where a path of the experiment at its scale stands in the file */
  constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
    private readonly inFile: (path: Path) => Path,
  ) {}

  /** A problem with the value of a key, at the key's line and column. */
  problem(path: Path, message: string): ExperimentProblem {
    const { line, col } = this.lines.linePos(offsetOf(this.document, this.inFile(path)));
    return { line, column: col, key: path.join('.'), message };
  }
}

/** Where the key at a path starts in the text; where it is missing, the nearest parent that exists. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      const range = isScalar(pair?.key) ? pair.key.range : undefined;
      if (range) return range[0];
    } else {
      const range = (document.getIn(path.slice(0, length), true) as Node | undefined)?.range;
      if (range) return range[0];
    }
  }
  return 0;
}
