import { oneLine, UsageError } from './package-names.ts';

/** The published source of an algorithm, as `describe()` and the README state it. */
export interface Paper {
  readonly authors: string;
  readonly year: string;
  readonly paperTitle: string;
  readonly source: string;
}

/** Where the starting rule comes from; it stands until the package's own paper is given. */
const startingPaper: Paper = {
  authors: 'Kingma and Ba',
  year: '2015',
  paperTitle: 'Adam: A Method for Stochastic Optimization',
  source: 'arXiv 1412.6980',
};

const optionOf = { authors: 'authors', year: 'year', paperTitle: 'paper-title', source: 'source' } as const;

/** The paper of a new package. @throws UsageError if only a part of it is given, or the year is not one. */
export function paperOf(given: Partial<Paper>): Paper {
  const fields = Object.keys(optionOf) as (keyof Paper)[];
  const missing = fields.filter((field) => given[field] === undefined);
  if (missing.length === fields.length) return startingPaper;
  if (missing.length > 0) {
    const names = missing.map((field) => `--${optionOf[field]}`).join(', ');
    throw new UsageError(`a paper is given whole or not at all; missing: ${names}`);
  }
  const paper = Object.fromEntries(fields.map((field) => [field, oneLine(optionOf[field], given[field]!)]));
  if (!/^[12]\d{3}$/.test(paper.year!)) {
    throw new UsageError(`--year must be a year such as 2020, got "${paper.year}"`);
  }
  return paper as unknown as Paper;
}

/** The source of a paper in Markdown: a link where its address is known. */
export function linkedSource(source: string): string {
  const arxiv = /^arXiv (\S+)$/.exec(source);
  if (arxiv) return `[${source}](https://arxiv.org/abs/${arxiv[1]})`;
  const doi = /^doi (\S+)$/.exec(source);
  if (doi) return `[${source}](https://doi.org/${doi[1]})`;
  return /^https?:\/\/\S+$/.test(source) ? `<${source}>` : source;
}
