import { describe, expect, it } from 'vitest';
import { packageNames } from '../../packages/optimizer-testing/src/new-optimizer/package-names.ts';
import { linkedSource, paperOf } from '../../packages/optimizer-testing/src/new-optimizer/paper.ts';

describe('the name of a new optimizer', () => {
  it('becomes a class, a variable and a title', () => {
    expect(packageNames('schedule-free-adam')).toEqual({
      name: 'schedule-free-adam',
      camelName: 'scheduleFreeAdam',
      ClassName: 'ScheduleFreeAdam',
      Title: 'Schedule Free Adam',
    });
    expect(packageNames('qhm', { class: 'QHMomentum', title: 'QHM' })).toMatchObject({
      camelName: 'qHMomentum',
      ClassName: 'QHMomentum',
      Title: 'QHM',
    });
  });

  it.each([
    [
      'AdaBelief',
      'in kebab case (a-z, 0-9 and single dashes, a letter first), got "AdaBelief"; did you mean "ada-belief"?',
    ],
    ['ada belief', 'did you mean "ada-belief"?'],
    ['ada--belief', 'did you mean "ada-belief"?'],
    ['2adam', 'did you mean "adam"?'],
    ['../x', 'did you mean "x"?'],
    ['', 'in kebab case'],
    ['optim-yogi', 'give the name without "optim-", which is put before it: "yogi"'],
    ['@steepest/optim-yogi', 'give the name without "optim-"'],
    ['map', '"Map" means something else already; choose another with --class'],
    ['optimizer', '"Optimizer" means something else already'],
  ])('cannot be %j', (name, message) => {
    expect(() => packageNames(name)).toThrow(message);
  });

  it.each([
    [{ class: 'yogi' }, 'the class name must be a capital letter, then letters and digits, got "yogi"'],
    [{ class: 'Yo gi' }, 'got "Yo gi"'],
    [{ title: ' ' }, '--title is empty'],
    [{ title: 'two\nlines' }, '--title must be one line'],
    [{ title: 'a */ b' }, '--title must be one line without "|" and "*/"'],
  ])('cannot go with %j', (options, message) => {
    expect(() => packageNames('yogi', options)).toThrow(message);
  });
});

describe('the paper of a new optimizer', () => {
  it('is that of the starting rule until one is given', () => {
    expect(paperOf({})).toMatchObject({ authors: 'Kingma and Ba', source: 'arXiv 1412.6980' });
  });

  it('is given whole or not at all', () => {
    expect(() => paperOf({ year: '2020', source: 'arXiv 2010.07468' })).toThrow(
      'a paper is given whole or not at all; missing: --authors, --paper-title',
    );
  });

  it('has a year', () => {
    const paper = { authors: 'Zhuang et al.', paperTitle: 'AdaBelief', source: 'arXiv 2010.07468' };
    expect(() => paperOf({ ...paper, year: 'MMXX' })).toThrow(
      '--year must be a year such as 2020, got "MMXX"',
    );
    expect(paperOf({ ...paper, year: '2020' })).toEqual({ ...paper, year: '2020' });
  });

  it.each([
    ['arXiv 2010.07468', '[arXiv 2010.07468](https://arxiv.org/abs/2010.07468)'],
    ['doi 10.1214/aoms/1177729586', '[doi 10.1214/aoms/1177729586](https://doi.org/10.1214/aoms/1177729586)'],
    ['https://kellerjordan.github.io/posts/muon/', '<https://kellerjordan.github.io/posts/muon/>'],
    ['Soviet Mathematics Doklady 27', 'Soviet Mathematics Doklady 27'],
  ])('is linked from the README: %s', (source, link) => {
    expect(linkedSource(source)).toBe(link);
  });
});
