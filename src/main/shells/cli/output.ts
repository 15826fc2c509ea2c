/** Tables and lists for people. Widths count columns of a terminal: 汉字 are two wide. */
const wide = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u;

/** How many columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += wide.test(segment) || /\p{Extended_Pictographic}/u.test(segment) ? 2 : 1;
  return width;
}

/** Names come from disks and platforms: escape sequences in them must not reach the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�');
}

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)));

export interface Column<T> {
  title: string;
  value: (row: T) => string | number | null;
  isNumber?: boolean;
}

/** A plain table: a line of titles, a line a row. `empty` is said where there are no rows. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = rows.map((row) => columns.map((column) => harmless(String(column.value(row) ?? '–'))));
  const widths = columns.map((column, index) => Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index] ?? ''))));
  const line = (values: readonly string[]): string =>
    values
      .map((value, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.isNumber === true ? ' '.repeat(Math.max(0, width - displayWidth(value))) + value : pad(value, width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...cells.map(line)].join('\n');
}

/** `name: value` lines, aligned; entries without a value are left out. */
export function facts(entries: readonly (readonly [string, string | number | null | undefined])[]): string {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${pad(name, width)}  ${harmless(String(value))}`).join('\n');
}
