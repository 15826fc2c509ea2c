/**
 * Turns the contract's `ListQuery` into SQL over one table. Everything a client sends becomes a bound parameter or picks one of
 * the columns named here by us; nothing of it is ever SQL.
 */
import { sql, type QueryExecutorProvider, type RawBuilder, type SqlBool } from 'kysely';
import type { ListQuery, Page } from '../../shared/contract/command.ts';
import { AppError } from '../../shared/model/app-error.ts';
import { parseListFilter } from './list-filter.ts';

/**
 * How a column is searched and sorted. `text`: contains, sorted without regard to ASCII case; `exact`: one of few values;
 * `number`: also `>`, `<`, `>=`, `<=`, and sizes like `20GiB`.
 */
export interface ListField<Row> {
  column: keyof Row & string;
  kind: 'text' | 'exact' | 'number';
}

export interface ListDefinition<Row> {
  table: string;
  /** The integer primary key: breaks ties, so that windows neither repeat nor miss a row. */
  rowKey: keyof Row & string;
  /** By the key that the contract uses in `sort.key` and before the colon. */
  fields: Readonly<Record<string, ListField<Row>>>;
  /** Where words are looked for. `fullText` = the table of trigrams over exactly these columns. */
  search: { columns: readonly (keyof Row & string)[]; fullText: string | null };
  defaultSort: { key: string; isDescending: boolean };
}

type Condition = RawBuilder<SqlBool>;

/** Trigrams need three characters; shorter words (two Chinese ones are a usual search) are looked for with LIKE. */
const trigramCharacters = 3;

/** For `like … escape '\'`: the text as it is, anywhere in the value. */
export function containsPattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

function contains(column: string, text: string): Condition {
  return sql<SqlBool>`${sql.ref(column)} like ${containsPattern(text)} escape '\\'`;
}

function anyOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`(${sql.join(conditions, sql` or `)})`;
}

function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql<SqlBool>`1 = 1` : sql<SqlBool>`(${sql.join(conditions, sql` and `)})`;
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4, p: 1024 ** 5 };
const numberForm = /^(?<operator>>=|<=|>|<|=)?(?<amount>\d+(?:\.\d+)?)(?:(?<unit>[kmgtp])(?:i?b)?|b)?$/i;
const operators: Readonly<Record<string, RawBuilder<unknown>>> = { '>': sql`>`, '<': sql`<`, '>=': sql`>=`, '<=': sql`<=`, '=': sql`=` };

function compares(column: string, key: string, value: string): Condition {
  const groups = numberForm.exec(value)?.groups;
  const operator = operators[groups?.['operator'] ?? '='];
  const factor = units[(groups?.['unit'] ?? '').toLowerCase()];
  if (groups?.['amount'] === undefined || operator === undefined || factor === undefined) {
    throw new AppError('STORE_FILTER_NOT_A_NUMBER', { key, value });
  }
  return sql<SqlBool>`${sql.ref(column)} ${operator} ${Number(groups['amount']) * factor}`;
}

function narrows<Row>(field: ListField<Row>, key: string, value: string): Condition {
  switch (field.kind) {
    case 'text':
      return contains(field.column, value);
    case 'exact':
      // The values are lower-case words of ours; people may write `status:Running`. (A collation would miss the index.)
      return sql<SqlBool>`${sql.ref(field.column)} in (${value}, ${value.toLowerCase()})`;
    case 'number':
      return compares(field.column, key, value);
  }
}

/** Both are needed to compare: FTS5 takes `"…"` as one string of trigrams, with quotes doubled. */
function occurs<Row>(definition: ListDefinition<Row>, words: readonly string[]): Condition[] {
  const { columns, fullText } = definition.search;
  const isLong = (word: string): boolean => fullText !== null && Array.from(word).length >= trigramCharacters;
  const conditions = words.filter((word) => !isLong(word)).map((word) => anyOf(columns.map((column) => contains(column, word))));
  const long = words.filter(isLong);
  if (fullText !== null && long.length > 0) {
    const match = long.map((word) => `"${word.replaceAll('"', '""')}"`).join(' ');
    conditions.push(
      sql<SqlBool>`${sql.ref(definition.rowKey)} in (select rowid from ${sql.table(fullText)} where ${sql.ref(fullText)} match ${match})`,
    );
  }
  return conditions;
}

/** The condition that a filter means; `STORE_FILTER_NOT_A_NUMBER` where a number was needed. */
export function filterCondition<Row>(definition: ListDefinition<Row>, filter: string): Condition {
  const { words, narrowed } = parseListFilter(filter, new Set(Object.keys(definition.fields)));
  const conditions = occurs(definition, words);
  for (const [key, values] of narrowed) {
    const field = definition.fields[key];
    if (field !== undefined) conditions.push(anyOf(values.map((value) => narrows(field, key, value))));
  }
  return allOf(conditions);
}

/** What follows `order by`; `STORE_SORT_UNKNOWN` for a key that the list does not have. */
export function sortOrder<Row>(definition: ListDefinition<Row>, sort: ListQuery['sort']): RawBuilder<unknown> {
  const { key, isDescending } = sort ?? definition.defaultSort;
  const field = Object.hasOwn(definition.fields, key) ? definition.fields[key] : undefined;
  if (field === undefined) throw new AppError('STORE_SORT_UNKNOWN', { key, keys: Object.keys(definition.fields).join(', ') });
  const direction = isDescending ? sql`desc` : sql`asc`;
  const collation = field.kind === 'text' ? sql` collate nocase` : sql``;
  return sql`${sql.ref(field.column)}${collation} ${direction}, ${sql.ref(definition.rowKey)} ${direction}`;
}

export interface WindowOptions<Row> {
  /** Columns to fetch; long texts that a row does not show are left out. */
  columns: readonly (keyof Row & string)[];
  /** What the caller demands besides the filter (one platform, a scope). */
  narrow?: readonly Condition[];
}

/**
 * A window of rows and how many there are in all. The window is found in an index first and its rows are fetched after, so that
 * the last window of a long list costs little more than the first.
 * @param db the `read` side of a database
 */
export async function listWindow<Row>(
  db: QueryExecutorProvider, definition: ListDefinition<Row>, query: ListQuery, options: WindowOptions<Row>,
): Promise<Page<Row>> {
  const condition = allOf([...(options.narrow ?? []), filterCondition(definition, query.filter)]);
  const order = sortOrder(definition, query.sort);
  const table = sql.table(definition.table);
  const rowKey = sql.ref(definition.rowKey);
  const [counted, found] = await Promise.all([
    sql<{ total: number }>`select count(*) as total from ${table} where ${condition}`.execute(db),
    sql<Row>`select ${sql.join(options.columns.map((column) => sql.ref(column)))} from ${table} where ${rowKey} in (
      select ${rowKey} from ${table} where ${condition} order by ${order} limit ${query.limit} offset ${query.offset}
    ) order by ${order}`.execute(db),
  ]);
  return { total: counted.rows[0]?.total ?? 0, rows: found.rows };
}
