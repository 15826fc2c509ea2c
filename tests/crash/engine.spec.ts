import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshWorld, killAt, killOnTheWayBack, planOf, runOut, unlisted, type Ended } from './harness.ts';
import { pathsIn, sourceText } from './scenarios/files.ts';

const plan = await planOf('files');

/** What must hold whatever happened: source intact or image whole, and nothing left that is not listed. */
function expectSound(directory: string, ended: Ended): void {
  const { source, image } = pathsIn(directory);
  if (existsSync(image)) expect(readFileSync(image, 'utf8')).toBe(sourceText);
  else expect(readFileSync(source, 'utf8')).toBe(sourceText);
  const files = readdirSync(join(directory, 'world')).map((name) => join(directory, 'world', name));
  expect(unlisted(files, [source, image], ended)).toEqual([]);
}

describe('a process killed at', () => {
  for (const { name } of plan.failpoints.filter((point) => point.way === 'forward')) {
    it(`${name}: goes on at the next start and ends`, async () => {
      const directory = await freshWorld('files');
      await killAt('files', directory, `${name}=kill`);
      const ended = await runOut('files', directory);
      expect(ended.run).toMatchObject({ status: 'succeeded', error: null });
      expect(ended.artifacts.map((item) => item.status).sort()).toEqual(['kept', 'kept', 'removed']);
      expectSound(directory, ended);
    });
  }

  for (const point of plan.failpoints.filter((item) => item.way === 'undo')) {
    it(`${point.name}: finishes the way back at the next start`, async () => {
      const directory = await freshWorld('files');
      await killOnTheWayBack('files', directory, plan, point);
      const ended = await runOut('files', directory);
      expect(['cancelled', 'failed']).toContain(ended.run.status);
      expect(existsSync(pathsIn(directory).source)).toBe(true);
      expect(existsSync(pathsIn(directory).image)).toBe(false);
      expect(ended.artifacts.map((item) => item.status).filter((status) => status !== 'removed')).toEqual([]);
      expectSound(directory, ended);
    });
  }

  it('every moment of every step in one life: still ends', async () => {
    const directory = await freshWorld('files');
    for (const { name } of plan.failpoints.filter((point) => point.name.startsWith('after-intent:') || point.name.startsWith('in:'))) {
      await killAt('files', directory, `${name}=kill`);
    }
    const ended = await runOut('files', directory);
    expect(ended.run.status).toBe('succeeded');
    expectSound(directory, ended);
  });
});
