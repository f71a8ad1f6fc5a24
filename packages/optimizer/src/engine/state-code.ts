// What saves and loads state as tensors and plain data: a page fetches it when it first does either.
export { checkedState } from './optimizer-state.ts';
export { checkNumberNames } from './saved-numbers.ts';
export { SavedStates } from './saved-states.ts';
export { fromNamedTensors, namedTensors } from './state-tensors.ts';
