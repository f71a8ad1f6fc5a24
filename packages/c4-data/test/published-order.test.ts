import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { openTextData } from '../src/index.ts';

// Recorded with @steepest/c4-data at 740c15a (positions of schemaVersion 2), on whose batches published results were trained.
it('gives the batches of the embedded corpus that published results were trained on', async () => {
  const data = await openTextData({
    source: { type: 'embedded' },
    tokenizer: 'embedded',
    contextLength: 64,
    batchSize: 16,
    seed: 1,
  });
  expect(data.tokenCounts).toEqual({ train: 2_279_139, validation: 118_418 });
  const train = createHash('sha256');
  for (let step = 0; step < 5000; step += 1) {
    train.update(new Uint8Array(data.train.next().tokens.buffer));
  }
  expect(train.digest('hex')).toBe('3624da26841e7235b2c6156d8f206289107e055ee1573c8bb3336e1664edbd65');
  const position = { epoch: 2, token: 561_792, fingerprint: '4cdde698ed55913a' } as const;
  expect(data.train.position()).toMatchObject(position);
  const validation = createHash('sha256');
  for (const { tokens, textBytes } of data.validation({ sequences: 100 })) {
    validation.update(new Uint8Array(tokens.buffer)).update(new Uint8Array(textBytes!.buffer));
  }
  expect(validation.digest('hex')).toBe('27abc561ba9ae4b46f6bc6e652b6a79ea470e1fe52fbd675b4fcbd4271c0872f');
  const next = data.train.next();
  data.train.seek({ schemaVersion: 2, ...position });
  expect(data.train.next()).toEqual(next);
});
