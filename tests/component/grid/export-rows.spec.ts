import { describe, expect, it } from 'vitest';
import { csvParts, exported, jsonParts, pages } from '../../../src/renderer/components/grid/export-rows.ts';
import type { GridColumn, GridQuery } from '../../../src/renderer/components/grid/grid-types.ts';

interface Row { name: string; bytes: number | null }

const columns: GridColumn<Row>[] = [
  { key: 'name', title: 'Name', width: 1, text: (row) => row.name },
  { key: 'bytes', title: 'Size', width: 1, text: () => '1 GiB', value: (row) => row.bytes },
  { key: 'actions', title: 'Actions', width: 1 },
];
const head = { list: 'VMs', filter: 'power:running, "a b"', dataAt: Date.UTC(2026, 0, 2), exportedAt: Date.UTC(2026, 0, 3) };

async function* once(rows: Row[]): AsyncGenerator<Row[]> {
  await Promise.resolve();
  yield rows;
}

describe('a list as a file', () => {
  it('says what was asked and how old it is, then raw values of the shown columns', async () => {
    const text = (await csvParts(head, exported(columns), once([{ name: 'a', bytes: 1024 }, { name: '财务', bytes: null }]))).join('');
    expect(text).toBe(
      '\uFEFFGoldpress,VMs,"filter: power:running, ""a b""",data of: 2026-01-02T00:00:00.000Z,exported: 2026-01-03T00:00:00.000Z\r\nName,Size\r\na,1024\r\n财务,\r\n',
    );
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1'])('lets %j start no formula', async (name) => {
    const [, , line] = await csvParts(head, exported(columns), once([{ name, bytes: -5 }]));
    expect(line?.replace(/^"/, '').startsWith("'")).toBe(true);
    // A number is no text that somebody else chose.
    expect(line?.endsWith(',-5\r\n')).toBe(true);
  });

  it('quotes what would end a cell', async () => {
    const [, , line] = await csvParts(head, exported(columns), once([{ name: 'a,"b"\r\nc', bytes: 0 }]));
    expect(line).toBe('"a,""b""\r\nc",0\r\n');
  });

  it('is one object as JSON, also of no rows', async () => {
    const parse = async (rows: AsyncIterable<Row[]>): Promise<unknown> => JSON.parse((await jsonParts(head, exported(columns), rows)).join(''));
    expect(await parse(once([{ name: '=1', bytes: 7 }, { name: 'b', bytes: null }]))).toEqual({
      list: 'VMs', filter: head.filter, dataAt: '2026-01-02T00:00:00.000Z', exportedAt: '2026-01-03T00:00:00.000Z',
      columns: [{ key: 'name', title: 'Name' }, { key: 'bytes', title: 'Size' }], rows: [{ name: '=1', bytes: 7 }, { name: 'b', bytes: null }],
    });
    expect(await parse(once([]))).toMatchObject({ rows: [] });
  });

  it('reads all pages, and ends where a list that shrinks meanwhile ends', async () => {
    const asked: number[] = [];
    const source = (query: GridQuery) => {
      asked.push(query.offset);
      return Promise.resolve({ total: 1200, rows: query.offset >= 1000 ? [] : Array.from({ length: query.limit }, (_, index) => query.offset + index) });
    };
    const seen: number[] = [];
    for await (const page of pages(source, { filter: '', sort: null }, new AbortController().signal)) seen.push(...page);
    expect(asked).toEqual([0, 500, 1000]);
    expect(seen).toHaveLength(1000);
  });
});
