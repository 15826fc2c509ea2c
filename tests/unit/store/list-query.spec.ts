import fc from 'fast-check';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type Selectable } from 'kysely';
import type { ListQuery } from '../../../src/shared/contract/command.ts';
import { parseListFilter } from '../../../src/main/store/list-filter.ts';
import { listWindow, type ListDefinition } from '../../../src/main/store/list-query.ts';
import type { SourceVmTable } from '../../../src/main/store/schema-cache.ts';
import { openStore, type Store } from '../../../src/main/store/store.ts';
import { memoryLog } from './open.ts';

type Row = Selectable<SourceVmTable>;

const definition: ListDefinition<Row> = {
  table: 'source_vm',
  rowKey: 'row',
  fields: {
    name: { column: 'name', kind: 'text' },
    os: { column: 'os_name', kind: 'text' },
    boot: { column: 'boot_mode', kind: 'exact' },
    actualBytes: { column: 'actual_bytes', kind: 'number' },
  },
  search: { columns: ['name', 'os_name', 'external_id'], fullText: 'source_vm_fts' },
  defaultSort: { key: 'name', isDescending: false },
};

const columns: readonly (keyof Row)[] = ['row', 'name', 'os_name', 'external_id', 'actual_bytes', 'boot_mode'];
const insertColumns = [
  'platform_id', 'external_id', 'id', 'platform_name', 'name', 'os_family', 'os_name', 'boot_mode', 'actual_bytes', 'verdict', 'fingerprint',
  'seen_at', 'first_seen_sync', 'last_seen_sync', 'power_state', 'disk_count', 'snapshot_count', 'record_json', 'findings_json',
];
const insert = `insert into source_vm (${insertColumns.join(', ')}) values (${insertColumns.map(() => '?').join(', ')})`;

interface Sample { name: string; os: string | null; externalId: string; boot: string; actualBytes: number }

const special = ['100%_done', 'a"quoted"name', "o'brien", 'back\\slash', '金版镜像', '镜像源', 'C:\\images\\one', 'Ünïcödé', 'naïve*', '(NEAR AND OR)', '-- drop'];

const count = 50_000;
const samples: Sample[] = Array.from({ length: count }, (_unused, i) => ({
  name: i < special.length ? special[i]! : `${['Win11', 'ubuntu', '麒麟桌面', 'Debian'][i % 4]!}-${String((i * 7919) % count).padStart(5, '0')}`,
  os: [null, 'Windows 11', 'Ubuntu 24.04', '统信 UOS'][i % 4]!,
  externalId: `vms/${i}.xml`,
  boot: ['bios', 'uefi', 'unknown'][i % 3]!,
  actualBytes: i * 1024 ** 2,
}));

let store: Store;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'goldpress-list-'));
  store = await openStore(directory, { log: memoryLog().log, clock: { now: () => 1 } });
  for (let from = 0; from < count; from += 5000) {
    await store.cache.bulk([{
      sql: insert,
      rows: samples.slice(from, from + 5000).map(({ name, os, externalId, boot, actualBytes }, i) => [
        'p', externalId, `id-${from + i}`, 'Library', name, 'other', os, boot, actualBytes, 'ready', 'f', 1, 1, 1, 'stopped', 1, 0, '{}', '[]',
      ]),
    }]);
  }
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (query: Partial<ListQuery>) =>
  listWindow<Row>(store.cache.read, definition, { filter: '', sort: null, offset: 0, limit: 100, ...query }, { columns });

const lower = (text: string) => text.toLowerCase();
const holds = (sample: Sample, word: string) => [sample.name, sample.os ?? '', sample.externalId].some((text) => lower(text).includes(lower(word)));

describe('a list of 50 000 rows', () => {
  it('pages through every row once, in order, by any column and both ways', async () => {
    for (const key of ['name', 'boot', 'actualBytes']) {
      for (const isDescending of [false, true]) {
        const seen = new Set<number>();
        for (let offset = 0; offset < count; offset += 10_000) {
          const { rows, total } = await ask({ sort: { key, isDescending }, offset, limit: 10_000 });
          expect(total).toBe(count);
          for (const { row } of rows) seen.add(row);
        }
        expect(seen.size).toBe(count);
      }
    }
    const { rows } = await ask({ sort: { key: 'actualBytes', isDescending: true }, limit: 3 });
    expect(rows.map(({ actual_bytes }) => actual_bytes)).toEqual([49_999, 49_998, 49_997].map((mebibytes) => mebibytes * 1024 ** 2));
  });

  it.each([
    '00123', 'win11', 'WIN11-0', '麒麟', '麒麟桌面', '统信', '信', 'vms/77', 'xml', '100%', '%', '_', '%_', '_done', 'a"q', '"', "o'b", "'", '\\', 'back\\s', '金版',
    '镜像源', 'ünï', '*', 'naïve*', '(NEAR', 'NEAR', '--', 'drop', '; drop table source_vm', 'nothing-like-this',
  ])('finds exactly the rows that hold “%s”', async (text) => {
    const words = text.split(' ').map((word) => word.replaceAll('"', '')).filter((word) => word !== '');
    const expected = samples.filter((sample) => words.every((word) => holds(sample, word)));
    const { total, rows } = await ask({ filter: text, limit: 500 });
    expect(total).toBe(expected.length);
    expect(rows).toHaveLength(Math.min(500, expected.length));
    for (const row of rows) {
      const sample = { name: row.name, os: row.os_name, externalId: row.external_id, boot: '', actualBytes: 0 };
      expect(words.every((word) => holds(sample, word))).toBe(true);
    }
  });

  it('demands all words, and takes quoted ones together', async () => {
    const both = samples.filter((sample) => holds(sample, 'ubuntu') && holds(sample, '统信'));
    expect((await ask({ filter: 'ubuntu 统信' })).total).toBe(both.length);
    expect((await ask({ filter: '"Windows 11"' })).total).toBe(samples.filter((sample) => holds(sample, 'Windows 11')).length);
    expect((await ask({ filter: '"Windows  11"' })).total).toBe(0);
  });

  it('narrows by key, whatever its case and with the full-width colon; several values mean either', async () => {
    const uefi = samples.filter(({ boot }) => boot === 'uefi').length;
    const bios = samples.filter(({ boot }) => boot === 'bios').length;
    for (const filter of ['boot:uefi', 'BOOT:UEFI', 'boot：uefi']) expect((await ask({ filter })).total).toBe(uefi);
    expect((await ask({ filter: 'boot:uefi boot:bios' })).total).toBe(uefi + bios);
    expect((await ask({ filter: 'boot:uef' })).total).toBe(0);
    expect((await ask({ filter: 'os:"统信 UOS" 麒麟' })).total).toBe(samples.filter(({ os, name }) => os === '统信 UOS' && name.includes('麒麟')).length);
    expect((await ask({ filter: 'name:%' })).total).toBe(1);
  });

  it('compares numbers and sizes', async () => {
    expect((await ask({ filter: 'actualBytes:>=48GiB' })).total).toBe(count - 48 * 1024);
    expect((await ask({ filter: 'actualBytes:<10m' })).total).toBe(10);
    expect((await ask({ filter: 'actualBytes:1048576' })).total).toBe(1);
    await expect(ask({ filter: 'actualBytes:big' })).rejects.toMatchObject({ code: 'STORE_FILTER_NOT_A_NUMBER' });
    await expect(ask({ filter: 'actualBytes:1;drop' })).rejects.toMatchObject({ code: 'STORE_FILTER_NOT_A_NUMBER' });
  });

  it('takes an unknown key as a word: a Windows path is not a narrowing', async () => {
    expect((await ask({ filter: 'C:\\images' })).total).toBe(1);
  });

  it.each(['row', 'record_json', 'name; drop table source_vm', '__proto__', 'constructor', 'toString', ''])('refuses to sort by “%s”', async (key) => {
    await expect(ask({ sort: { key, isDescending: false } })).rejects.toMatchObject({ code: 'STORE_SORT_UNKNOWN' });
  });

  it('answers any text at all without an error, and always with true matches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 40, unit: 'binary' }), async (filter) => {
        const { total, rows } = await ask({ filter: filter.replaceAll(/actualBytes/gi, ''), limit: 5 });
        expect(rows.length).toBeLessThanOrEqual(total);
      }),
      { numRuns: 60 },
    );
  });

  it('follows changes and removals in the full text', async () => {
    const renamed = async (name: string) => {
      await store.cache.write.updateTable('source_vm').set({ name }).where('external_id', '=', 'vms/40000.xml').execute();
    };
    const before = samples[40_000]!.name;
    await renamed('vormals-unbekannt');
    expect((await ask({ filter: 'unbekannt' })).total).toBe(1);
    expect((await ask({ filter: before })).total).toBe(0);
    await renamed(before);
    await store.cache.write.deleteFrom('source_vm').where('external_id', '=', 'vms/40001.xml').execute();
    expect((await ask({ filter: 'vms/40001.xml' })).total).toBe(0);
    expect((await ask({ filter: 'vms/40000.xml' })).total).toBe(1);
    const again = `${insert} on conflict (platform_id, external_id) do update set name = excluded.name`;
    const row = ['p', 'vms/40002.xml', 'id-40002', 'Library', 'seen-again', 'other', null, 'bios', 1, 'ready', 'f', 1, 1, 1, 'stopped', 1, 0, '{}', '[]'];
    await store.cache.bulk([{ sql: again, rows: [row] }]);
    expect((await ask({ filter: 'seen-again' })).total).toBe(1);
    // Compares the index with the rows, word by word; throws where they differ.
    await sql`insert into source_vm_fts (source_vm_fts, rank) values ('integrity-check', 1)`.execute(store.cache.write);
  });
});

describe('the search field', () => {
  it.each([
    ['', [], {}],
    ['  a   b ', ['a', 'b'], {}],
    ['"a b" c', ['a b', 'c'], {}],
    ['name:"a b"', [], { name: ['a b'] }],
    ['Name:x name:y', [], { name: ['x', 'y'] }],
    ['name:', [], {}],
    ['"open ended', ['open ended'], {}],
    ['""', [], {}],
    [':x', [':x'], {}],
    ['other:x', ['other:x'], {}],
  ])('reads %j', (filter, words, narrowed) => {
    const read = parseListFilter(filter, new Set(['name']));
    expect(read.words).toEqual(words);
    expect(Object.fromEntries(read.narrowed)).toEqual(narrowed);
  });
});
