/** A grid source over rows that the window already has (short lists that a command answers whole). */
import type { GridSource } from './grid-types.ts';

export interface LocalRows<T> {
  /** The words that the filter is matched against. */
  text: (row: T) => string;
  /** What a column is sorted by; absent = not sorted. */
  sortValue?: (row: T, key: string) => string | number | null;
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  // What is not known comes last.
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true, sensitivity: 'base' });
}

/** @param load the whole list, read again for every window (it should be at hand) */
export function localSource<T>(load: (signal: AbortSignal) => Promise<readonly T[]>, { text, sortValue }: LocalRows<T>): GridSource<T> {
  return async ({ filter, sort, offset, limit }, signal) => {
    const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const rows = (await load(signal)).filter((row) => {
      const haystack = text(row).toLowerCase();
      return words.every((word) => haystack.includes(word));
    });
    if (sort !== null && sortValue !== undefined) {
      const sign = sort.isDescending ? -1 : 1;
      rows.sort((a, b) => sign * compare(sortValue(a, sort.key), sortValue(b, sort.key)));
    }
    return { total: rows.length, rows: rows.slice(offset, offset + limit) };
  };
}
