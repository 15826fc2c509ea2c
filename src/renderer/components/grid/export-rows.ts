/**
 * A list as a file: all rows of the filter, the shown columns in their order, raw values (bytes, epoch times as ISO dates), with what was
 * asked and how old the data is. Cells come from platforms and files, and none of them may start a formula in a spreadsheet.
 */
import type { Page } from '../../../shared/contract/command.ts';
import { isoTime, type GridColumn, type GridQuery, type GridSource } from './grid-types.ts';

export type RawValue = string | number | boolean | null;

export interface ExportHead {
  /** The list's name. */
  list: string;
  filter: string;
  /** Epoch ms of the oldest data there is; null where it is not known. */
  dataAt: number | null;
  exportedAt: number;
}

/** What one call of a list command gives. */
const pageSize = 500;

/** Columns that have something to export: those that only hold buttons have not. */
export function exported<T>(columns: readonly GridColumn<T>[]): GridColumn<T>[] {
  return columns.filter(({ value, text }) => value !== undefined || text !== undefined);
}

/** All rows, page by page. @throws CallError, `ABORTED` when the signal says so */
export async function* pages<T>(source: GridSource<T>, query: Pick<GridQuery, 'filter' | 'sort'>, signal: AbortSignal): AsyncGenerator<readonly T[]> {
  let offset = 0;
  let page: Page<T>;
  do {
    page = await source({ ...query, offset, limit: pageSize }, signal);
    if (page.rows.length > 0) yield page.rows;
    offset += page.rows.length;
  } while (page.rows.length > 0 && offset < page.total);
}

export function rawValue<T>(column: GridColumn<T>, row: T): RawValue {
  return column.value === undefined ? (column.text?.(row) ?? null) : column.value(row);
}

/** Spreadsheets take a cell that begins so as a formula; an apostrophe makes it text again. */
const startsFormula = /^[=+\-@\t\r\n＝＋－＠]/;

function csvCell(value: RawValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const safe = startsFormula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvLine = (values: readonly RawValue[]): string => `${values.map(csvCell).join(',')}\r\n`;

/** Parts of a CSV file, for Excel too (a byte order mark, CRLF). The first line says what this is. */
export async function csvParts<T>(head: ExportHead, columns: readonly GridColumn<T>[], rows: AsyncIterable<readonly T[]>): Promise<string[]> {
  const about = ['Goldpress', head.list, `filter: ${head.filter}`, `data of: ${isoTime(head.dataAt) ?? ''}`, `exported: ${isoTime(head.exportedAt) ?? ''}`];
  const parts = [`\uFEFF${csvLine(about)}`, csvLine(columns.map(({ title }) => title))];
  for await (const page of rows) parts.push(page.map((row) => csvLine(columns.map((column) => rawValue(column, row)))).join(''));
  return parts;
}

/** Parts of a JSON file: one object with the head, and `rows` by column key. */
export async function jsonParts<T>(head: ExportHead, columns: readonly GridColumn<T>[], rows: AsyncIterable<readonly T[]>): Promise<string[]> {
  const about = { list: head.list, filter: head.filter, dataAt: isoTime(head.dataAt), exportedAt: isoTime(head.exportedAt), columns: columns.map(({ key, title }) => ({ key, title })) };
  const parts = [`${JSON.stringify(about).slice(0, -1)},"rows":[`];
  let separator = '\n';
  for await (const page of rows) {
    for (const row of page) {
      parts.push(`${separator}${JSON.stringify(Object.fromEntries(columns.map((column) => [column.key, rawValue(column, row)])))}`);
      separator = ',\n';
    }
  }
  parts.push('\n]}\n');
  return parts;
}
