import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { ConnectionGate } from '../../../src/main/store/connection-gate.ts';
import { isUniqueViolation } from '../../../src/main/store/store-failure.ts';
import { memoryLog, open } from './open.ts';

const setting = (key: string) => ({ key, json: '1' });

describe('the driver', () => {
  it('writes on one side and reads it on the other', async () => {
    const { state } = await open();
    await state.write.insertInto('setting').values(setting('a')).execute();
    expect(await state.read.selectFrom('setting').selectAll().execute()).toEqual([{ key: 'a', json: '1' }]);
  });

  it('carries bytes, booleans, nulls, large numbers and Chinese', async () => {
    const { state } = await open();
    const bytes = new Uint8Array([0, 255, 7]);
    await state.write.insertInto('vault_slot').values({ kind: 'passphrase', wrapped_key: bytes, params_json: '金版', created_at: 2 ** 52 }).execute();
    await state.write
      .insertInto('platform')
      .values({ id: 'p' as never, kind: 'local', name: '库 “一”', config_json: '{}', env_label: null, env_color: null, is_sample: true, created_at: 1, updated_at: 1 })
      .execute();
    const slot = await state.read.selectFrom('vault_slot').selectAll().executeTakeFirstOrThrow();
    expect([...slot.wrapped_key]).toEqual([0, 255, 7]);
    expect(slot).toMatchObject({ params_json: '金版', created_at: 2 ** 52 });
    expect(await state.read.selectFrom('platform').selectAll().executeTakeFirstOrThrow()).toMatchObject({
      name: '库 “一”', is_sample: 1, is_read_only: 0, env_label: null,
    });
  });

  it('reports inserted ids and changed rows', async () => {
    const { state } = await open();
    const first = await state.write.insertInto('audit').values({ at: 1, actor: 'a', action: 'b', target: 'c', outcome: 'ok', run_id: null }).executeTakeFirstOrThrow();
    expect(first.insertId).toBe(1n);
    expect((await state.write.updateTable('audit').set({ outcome: 'failed' }).executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n);
  });

  it('commits a transaction as a whole and rolls a failing one back', async () => {
    const { state } = await open();
    await state.write.transaction().execute(async (trx) => {
      await trx.insertInto('setting').values(setting('a')).execute();
      await trx.insertInto('setting').values(setting('b')).execute();
    });
    const failing = state.write.transaction().execute(async (trx) => {
      await trx.insertInto('setting').values(setting('c')).execute();
      throw new Error('second thoughts');
    });
    await expect(failing).rejects.toThrow('second thoughts');
    expect((await state.read.selectFrom('setting').select('key').orderBy('key').execute()).map(({ key }) => key)).toEqual(['a', 'b']);
    await state.write.insertInto('setting').values(setting('d')).execute();
  });

  it('reads on while a write transaction is open, and sees nothing of it before its end', async () => {
    const { state } = await open();
    let readInside: unknown[] | null = null;
    await state.write.transaction().execute(async (trx) => {
      await trx.insertInto('setting').values(setting('a')).execute();
      readInside = await state.read.selectFrom('setting').selectAll().execute();
    });
    expect(readInside).toEqual([]);
    expect(await state.read.selectFrom('setting').selectAll().execute()).toHaveLength(1);
  });

  it('lets two hundred concurrent transactions of one counter lose no step', async () => {
    const { state } = await open();
    await state.write.insertInto('setting').values({ key: 'n', json: '0' }).execute();
    await Promise.all(
      Array.from({ length: 200 }, () =>
        state.write.transaction().execute(async (trx) => {
          const { json } = await trx.selectFrom('setting').select('json').where('key', '=', 'n').executeTakeFirstOrThrow();
          await trx.updateTable('setting').set({ json: String(Number(json) + 1) }).where('key', '=', 'n').execute();
        }),
      ),
    );
    expect((await state.read.selectFrom('setting').select('json').executeTakeFirstOrThrow()).json).toBe('200');
  });

  it('keeps a bulk write out of an open transaction', async () => {
    const { state } = await open();
    let bulk: Promise<number> = Promise.resolve(0);
    const failing = state.write.transaction().execute(async (trx) => {
      await trx.insertInto('setting').values(setting('a')).execute();
      bulk = state.bulk([{ sql: 'insert into setting (key, json) values (?, ?)', rows: [['x', '1'], ['y', '2']] }]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await bulk).toBe(2);
    expect((await state.read.selectFrom('setting').select('key').execute()).map(({ key }) => key).sort()).toEqual(['x', 'y']);
  });

  it('writes all of a bulk or nothing', async () => {
    const { state } = await open();
    const bulk = state.bulk([
      { sql: 'insert into setting (key, json) values (?, ?)', rows: [['x', '1']] },
      { sql: 'insert into setting (key, json) values (?, ?)', rows: [['y', '1'], ['x', '1']] },
    ]);
    await expect(bulk).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    expect(await state.read.selectFrom('setting').selectAll().execute()).toEqual([]);
  });

  it('tells a duplicate from other refusals', async () => {
    const { state } = await open();
    await state.write.insertInto('setting').values(setting('a')).execute();
    const duplicate: unknown = await state.write.insertInto('setting').values(setting('a')).execute().catch((error: unknown) => error);
    expect(duplicate).toBeInstanceOf(AppError);
    expect(isUniqueViolation(duplicate)).toBe(true);
    expect(isUniqueViolation(duplicate, 'setting.key')).toBe(true);
    expect(isUniqueViolation(duplicate, 'platform.name')).toBe(false);
    const orphan: unknown = await state.write.insertInto('resource_lock').values({ resource: 'r', run_id: 'nobody' as never }).execute().catch((error: unknown) => error);
    expect(orphan).toMatchObject({ code: 'STORE_CONFLICT' });
    expect(isUniqueViolation(orphan)).toBe(false);
  });

  it('refuses a write on the reading side', async () => {
    const { state } = await open();
    await expect(state.read.insertInto('setting').values(setting('a')).execute()).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  });

  it('logs a slow query with its text and without its values', async () => {
    const { log, text } = memoryLog();
    const { state } = await open(undefined, log);
    await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000) select count(*) from n where i <> ${'canary-value'}`.execute(state.read);
    expect(text()).toContain('slow query');
    expect(text()).toContain('with recursive');
    expect(text()).not.toContain('canary-value');
  });

  it('answers what was sent before it is closed, and says so afterwards', async () => {
    const store = await open();
    const sent = store.state.write.insertInto('setting').values(setting('a')).execute();
    await sent;
    await store.close();
    await expect(store.state.read.selectFrom('setting').selectAll().execute()).rejects.toMatchObject({ code: 'STORE_STOPPED' });
    await store.close();
  });

  it('can be closed twice at once', async () => {
    const store = await open();
    await Promise.all([store.close(), store.close()]);
  });

  it('refuses what no database can hold, and goes on', async () => {
    const { state } = await open();
    const rows = [[(() => 1) as never, '1']];
    await expect(state.bulk([{ sql: 'insert into setting (key, json) values (?, ?)', rows }])).rejects.toThrow('could not be cloned');
    await expect(state.write.insertInto('setting').values({ key: { a: 1 } as never, json: '1' }).execute()).rejects.toThrow();
    await state.write.insertInto('setting').values(setting('a')).execute();
  });
});

describe('the gate of a connection', () => {
  it('gives up on a turn that never comes, and keeps the order of the others', async () => {
    const gate = new ConnectionGate(20);
    await gate.enter();
    await expect(gate.enter()).rejects.toMatchObject({ code: 'STORE_BUSY', isRetryable: true });
    const order: number[] = [];
    const second = gate.enter().then(() => order.push(2));
    const third = gate.enter().then(() => order.push(3));
    gate.leave();
    await second;
    gate.leave();
    await third;
    expect(order).toEqual([2, 3]);
  });
});
