/** What is left when the process is killed: all that was said to be stored, and nothing of what was half-way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { freshDirectory, open } from './open.ts';

/** Runs a program of this folder until it has said `lines` lines, then kills it. @returns the lines. */
async function killAfter(program: string, argument: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return said;
}

it('keeps every transaction that was answered, and no half of one', async () => {
  const directory = freshDirectory();
  const said = await killAfter('./child-writes.ts', directory, 40);
  const { state } = await open(directory);
  const keys = new Set((await state.read.selectFrom('setting').select('key').execute()).map(({ key }) => key));
  for (const n of said) expect(keys.has(`a${n}`) && keys.has(`b${n}`)).toBe(true);
  for (const key of keys) expect(keys.has(`${key.startsWith('a') ? 'b' : 'a'}${key.slice(1)}`)).toBe(true);
});

it('leaves a file as it was when the process dies in a migration', async () => {
  const directory = freshDirectory();
  const first = await open(directory);
  await first.state.write.insertInto('setting').values({ key: 'kept', json: '1' }).execute();
  await first.close();
  expect(await killAfter('./child-migrates.ts', join(directory, 'state.sqlite'), 1)).toEqual(['working']);
  // The version is still the one this program knows: a later one would be refused.
  const { state } = await open(directory);
  expect(await state.read.selectFrom('setting').selectAll().execute()).toEqual([{ key: 'kept', json: '1' }]);
});
