export { trialsOnQueue } from './trials-on-queue.ts';
export { work } from './work.ts';
