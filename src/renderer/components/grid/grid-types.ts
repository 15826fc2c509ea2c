/** What a list tells the grid: its columns as data and where its rows come from. */
import type { Page } from '../../../shared/contract/command.ts';

export interface GridSort {
  key: string;
  isDescending: boolean;
}

/** One window of the list; the same shape that list commands take. */
export interface GridQuery {
  filter: string;
  sort: GridSort | null;
  offset: number;
  limit: number;
}

/** Fetches one window; rejects with `CallError`. Must answer the same total for the same filter. */
export type GridSource<T> = (query: GridQuery, signal: AbortSignal) => Promise<Page<T>>;

export interface GridColumn<T> {
  /** Also the name of the cell's slot (`#cell-name`) and the sort key. */
  key: string;
  title: string;
  /** Width in pixels, and at least this where it grows. */
  width: number;
  /** Share of the width that is left over; 0 or absent = does not grow. */
  grow?: number;
  isSortable?: boolean;
  /** Off until switched on in the column chooser. */
  isHiddenByDefault?: boolean;
  /** Cannot be switched off. */
  isRequired?: boolean;
  /** Stays in sight while scrolling sideways. */
  pin?: 'start' | 'end';
  align?: 'start' | 'end';
  /** The cell's text where there is no slot for it. */
  text?: (row: T) => string;
  /** What an export writes, unformatted (bytes, an ISO date); absent = the text. */
  value?: (row: T) => string | number | boolean | null;
  /**
   * The cell's slot keeps nothing of the row it showed before, so that its element may show another one. Text cells always can; a slot
   * only where it says so.
   */
  isReusable?: boolean;
}

/** `name` or `-name`, as it stands in the address. */
export function parseSort(text: string): GridSort | null {
  if (text === '') return null;
  const isDescending = text.startsWith('-');
  return { key: isDescending ? text.slice(1) : text, isDescending };
}

export function formatSort(sort: GridSort | null): string {
  return sort === null ? '' : `${sort.isDescending ? '-' : ''}${sort.key}`;
}

/** An epoch time as a raw value of an export. */
export function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
