import { describe, expect, it } from 'vitest';
import { startConditions } from '../src/start-conditions.ts';

describe('the conditions a process was started with', () => {
  it('are read in every form that Node takes', () => {
    expect(startConditions(['--conditions=a', '--import', 'tsx', '-C', 'b', '--conditions', 'c'])).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('may stand in NODE_OPTIONS', () => {
    expect(startConditions(['-C=b'], '--max-old-space-size=99 --conditions=a')).toEqual(['a', 'b']);
  });

  it('are none otherwise', () => {
    expect(startConditions(['--inspect'], undefined)).toEqual([]);
  });
});
