import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { readInRepository } from './readme-blocks.ts';

describe('the page on migration', () => {
  it('says what takes the place of every optimizer of tf.train', () => {
    const there = Object.getOwnPropertyNames(tf.train).filter(
      (name) => !['length', 'name', 'prototype'].includes(name),
    );
    const rows = [...readInRepository('docs/migration.md').matchAll(/^\| `(\w+)\(r[,)].*?\| `(\w+)\(/gm)];
    expect(rows.map(([, name]) => name).sort()).toEqual(there.sort());
    const classes = [...readInRepository('README.md').matchAll(/^\| `(\w+)` +\| `[a-z-]+` /gm)].map(
      ([, name]) => name,
    );
    expect(classes).toEqual(expect.arrayContaining(rows.map(([, , name]) => name)));
  });
});
