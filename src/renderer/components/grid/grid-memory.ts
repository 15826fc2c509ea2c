/** What a list looked like when it was left, so that going back finds it as it was. Lives as long as the window. */
import type { SelectionMemory } from './use-grid-selection.ts';
import type { WindowMemory } from './use-window-source.ts';

export interface GridMemory<T> {
  rows: WindowMemory<T>;
  selection: SelectionMemory<T>;
  scrollTop: number;
}

const maxRemembered = 20;
const memories = new Map<string, unknown>();

/** @param key the grid and the address (filter and sort included) it stood at */
export function rememberGrid<T>(key: string, memory: GridMemory<T>): void {
  memories.delete(key);
  memories.set(key, memory);
  const oldest = memories.keys().next();
  if (memories.size > maxRemembered && oldest.done !== true) memories.delete(oldest.value);
}

export function recallGrid<T>(key: string): GridMemory<T> | undefined {
  return memories.get(key) as GridMemory<T> | undefined;
}

/** For tests: every list starts afresh. */
export function forgetGrids(): void {
  memories.clear();
}
