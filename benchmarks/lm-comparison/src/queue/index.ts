export { trialsOnQueue } from './trials-on-queue.ts';
export { type WorkEnd, work } from './work.ts';
