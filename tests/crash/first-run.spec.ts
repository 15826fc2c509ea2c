import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { WorkerDiskEngine } from '../../src/main/disks/disk-engine.ts';
import { sampleVms } from '../../src/main/sample-site/sample-vms.ts';
import { startProcess } from './app/lives.ts';
import { filesBelow } from './app/world.ts';

const base = mkdtempSync(join(tmpdir(), 'goldpress-first-run-'));
const engine = new WorkerDiskEngine();
afterAll(async () => {
  await engine.dispose();
  rmSync(base, { recursive: true, force: true });
});

const program = join(import.meta.dirname, '..', '..', 'src', 'main', 'index.ts');
const data = join(base, 'data');
const site = join(data, 'sample-site');
const call = (name: string, input = '{}'): string[] => [program, '--data-dir', data, '--json', 'call', name, input];

/** Starts the app, and kills it once `isTheMoment`. */
async function killWhen(isTheMoment: () => boolean): Promise<void> {
  const life = startProcess(call('system.info'));
  while (!life.hasEnded() && !isTheMoment()) await sleep(1);
  life.kill();
  const { signal, out, errors } = await life.ended;
  expect(signal, `it ended before the moment came\n${out}\n${errors}`).toBe('SIGKILL');
}

async function answer<T>(name: string, input?: string): Promise<T> {
  const { code, out, errors } = await startProcess(call(name, input)).ended;
  expect(code, errors).toBe(0);
  return JSON.parse(out) as T;
}

const vmsIn = (directory: string): number => (existsSync(join(directory, 'library')) ? readdirSync(join(directory, 'library')).length : 0);

it('a first run killed while it makes the sample site: the next makes it again, once and whole', { timeout: 600_000 }, async () => {
  await killWhen(() => vmsIn(`${site}.partial`) >= 3);
  expect(existsSync(site), 'half a site has no name').toBe(false);
  // Made, and neither registered nor looked into.
  await killWhen(() => existsSync(site));

  const vms = await answer<{ total: number; rows: { name: string; missingSince: number | null }[] }>('sourceVms.list', '{"limit":50}');
  expect(vms.rows.map((row) => row.name)).toEqual(expect.arrayContaining(sampleVms.map((vm) => vm.name)));
  expect(vms.rows.filter((row) => row.missingSince !== null)).toEqual([]);
  expect(vms.total).toBe(sampleVms.length + 1);
  const platforms = await answer<{ name: string }[]>('platforms.list');
  expect(platforms).toHaveLength(1);
  const pools = await answer<{ name: string; problem: unknown }[]>('imagePools.list');
  expect(pools.map((pool) => pool.problem)).toEqual([null, null]);

  expect(readdirSync(data).filter((name) => name.startsWith('sample-site'))).toEqual(['sample-site']);
  expect(filesBelow(site).filter((path) => path.includes('.scratch') || path.endsWith('.part'))).toEqual([]);
  for (const path of filesBelow(site).filter((file) => /\.(?:qcow2|vhd)$/.test(file))) {
    expect(await engine.checkStructure(path, new AbortController().signal), path).toMatchObject({ isSound: true });
  }
});
