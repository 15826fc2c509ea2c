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

/** Trigrams need three characters; shorter words (two Chinese ones are a usual search) are looked for with LIKE in an index that holds every searched column. */
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

/** @param isWalked the rows are looked through in their order: the sign keeps SQLite from taking the column's own index instead */
function narrows<Row>(field: ListField<Row>, key: string, value: string, isWalked: boolean): Condition {
  switch (field.kind) {
    case 'text':
      return contains(field.column, value);
    case 'exact':
      // The values are lower-case words of ours; people may write `status:Running`. (A collation would miss the index.)
      return sql<SqlBool>`${isWalked ? sql`+` : sql``}${sql.ref(field.column)} in (${value}, ${value.toLowerCase()})`;
    case 'number':
      return compares(field.column, key, value);
  }
}

/** Words that trigrams find; the others are looked for in the covering index alone. */
function isLong<Row>({ search }: ListDefinition<Row>, word: string): boolean {
  return search.fullText !== null && Array.from(word).length >= trigramCharacters;
}

/** Each word is somewhere in the row. Answered by the index that holds all searched columns, without the rows. */
function occurs<Row>({ search }: ListDefinition<Row>, words: readonly string[]): Condition[] {
  return words.map((word) => anyOf(search.columns.map((column) => contains(column, word))));
}

/** The row numbers of the rows that hold all these long words: FTS5 takes `"…"` as one string of trigrams, with quotes doubled. */
function holders(fullText: string, long: readonly string[]): RawBuilder<unknown> {
  const match = long.map((word) => `"${word.replaceAll('"', '""')}"`).join(' ');
  return sql`select rowid from ${sql.table(fullText)} where ${sql.ref(fullText)} match ${match}`;
}

/** Letters with two cases beyond A–Z: only the trigrams know that they are the same. */
function isCased(word: string): boolean {
  const rest = word.replaceAll(/[A-Za-z]/g, '');
  return rest.toLowerCase() !== rest.toUpperCase();
}

/** What `key:value` means; `STORE_FILTER_NOT_A_NUMBER` where a number was needed. */
function narrowedTo<Row>({ fields }: ListDefinition<Row>, narrowed: ReadonlyMap<string, readonly string[]>, isWalked: boolean): Condition[] {
  return [...narrowed].flatMap(([key, values]) => {
    const field = fields[key];
    return field === undefined ? [] : [anyOf(values.map((value) => narrows(field, key, value, isWalked)))];
  });
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

/** So many rows are named and sorted; of more, the first in any order are soon found by looking through it. */
const fewRows = 1000;

/** Rows that a query names, counted no further than it matters. */
async function isMany(db: QueryExecutorProvider, named: RawBuilder<unknown>): Promise<boolean> {
  const { rows } = await sql<{ found: number }>`select count(*) as found from (${named} limit ${fewRows + 1})`.execute(db);
  return (rows[0]?.found ?? 0) > fewRows;
}

/**
 * How the rows with all words are best found. Naming them costs by their number, looking through an order by how rare they are; which
 * is cheaper is asked first.
 */
async function wordsCondition<Row>(db: QueryExecutorProvider, definition: ListDefinition<Row>, words: readonly string[]): Promise<Condition[]> {
  if (words.length === 0) return [];
  const { rowKey, table, search } = definition;
  const long = words.filter((word) => isLong(definition, word));
  const isNamed = (named: RawBuilder<unknown>): Condition => sql<SqlBool>`${sql.ref(rowKey)} in (${named})`;
  if (search.fullText !== null && long.length > 0) {
    const named = holders(search.fullText, long);
    const isByName = long.some(isCased) || !(await isMany(db, named));
    return isByName ? [isNamed(named), ...occurs(definition, words.filter((word) => !long.includes(word)))] : occurs(definition, words);
  }
  const named = sql`select ${sql.ref(rowKey)} from ${sql.table(table)} where ${allOf(occurs(definition, words))}`;
  return (await isMany(db, named)) ? occurs(definition, words) : [isNamed(named)];
}

interface Found {
  /** What the rows of a window are found by, in their order. */
  window: Condition;
  counted: Condition;
}

async function findFiltered<Row>(db: QueryExecutorProvider, definition: ListDefinition<Row>, filter: string, narrow: readonly Condition[]): Promise<Found> {
  const { words, narrowed } = parseListFilter(filter, new Set(Object.keys(definition.fields)));
  const base = [...narrow, ...(await wordsCondition(db, definition, words))];
  const counted = allOf([...base, ...narrowedTo(definition, narrowed, false)]);
  if (narrowed.size === 0 || !(await isMany(db, sql`select 1 from ${sql.table(definition.table)} where ${counted}`))) return { window: counted, counted };
  return { window: allOf([...base, ...narrowedTo(definition, narrowed, true)]), counted };
}

/**
 * A window of rows and how many there are in all. The window is found in an index first and its rows are fetched after, so that
 * the last window of a long list costs little more than the first.
 * @param db the `read` side of a database
 */
export async function listWindow<Row>(
  db: QueryExecutorProvider, definition: ListDefinition<Row>, query: ListQuery, options: WindowOptions<Row>,
): Promise<Page<Row>> {
  const order = sortOrder(definition, query.sort);
  const { window, counted } = await findFiltered(db, definition, query.filter, options.narrow ?? []);
  const table = sql.table(definition.table);
  const rowKey = sql.ref(definition.rowKey);
  const { rows } = await sql<Row>`select ${sql.join(options.columns.map((column) => sql.ref(column)))} from ${table} where ${rowKey} in (
      select ${rowKey} from ${table} where ${window} order by ${order} limit ${query.limit} offset ${query.offset}
    ) order by ${order}`.execute(db);
  // A window that is not full ends the list: nothing is left to count.
  if (rows.length < query.limit && (rows.length > 0 || query.offset === 0)) return { total: query.offset + rows.length, rows };
  const all = await sql<{ total: number }>`select count(*) as total from ${table} where ${counted}`.execute(db);
  return { total: all.rows[0]?.total ?? 0, rows };
}
