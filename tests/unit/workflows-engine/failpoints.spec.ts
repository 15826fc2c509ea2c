import { mkdtempSync, existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failpointsFromEnv, failpointsOf } from '../../../src/main/workflows/engine/failpoints.ts';
import type { StepAction } from '../../../src/main/workflows/engine/definition.ts';
import { title, workflow } from './rig.ts';

const env = (text: string, isTesting = true): NodeJS.ProcessEnv => ({ GOLDPRESS_FAILPOINT: text, ...(isTesting ? { GOLDPRESS_TESTING: '1' } : {}) });

describe('failpoints', () => {
  it('do nothing in a run that is not a test', async () => {
    const points = failpointsFromEnv(env('before:copy=throw', false));
    await points.hit('before:copy');
    expect(points.isActive).toBe(false);
    expect(failpointsFromEnv({ GOLDPRESS_TESTING: '1' }).isActive).toBe(false);
  });

  it('throw, and pause until the file is removed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'goldpress-failpoint-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'paused');
    const points = failpointsFromEnv(env(`in:copy:half=throw;before:copy=pause:${file}`));
    await expect(points.hit('in:copy:half')).rejects.toThrow('in:copy:half');
    let isOver = false;
    const paused = points.hit('before:copy').then(() => {
      isOver = true;
    });
    await expect.poll(() => existsSync(file)).toBe(true);
    expect(isOver).toBe(false);
    rmSync(file);
    await paused;
    await points.hit('before:other');
  });

  it('are refused when they are misspelt', () => {
    expect(() => failpointsFromEnv(env('before:copy'))).toThrow('<name>=<what>');
    expect(() => failpointsFromEnv(env('before:copy=explode'))).toThrow('explode');
  });

  it('are enumerated from a plan: forward all, back where the way back can lead', () => {
    const compensate = (): Promise<void> => Promise.resolve();
    const actions: Record<string, StepAction> = Object.fromEntries(
      (['plain', 'made', 'pivot', 'after', 'final', 'last'] as const).map((key): [string, StepAction] => [key, {
        cancel: key === 'final' ? 'never' : 'signal',
        run: () => Promise.resolve({}),
        ...(key === 'plain' ? { failpoints: ['half'] } : { compensate }),
      }]),
    );
    const steps = Object.keys(actions).map((key) => ({ key, title, weight: 1, isDestructive: false, isPivot: key === 'pivot', action: key, args: {} }));
    const names = failpointsOf({ steps }, { actions }).map((point) => `${point.way} ${point.name}`);
    expect(names.filter((name) => name.includes('plain'))).toEqual([
      'forward before:plain', 'forward after-intent:plain', 'forward in:plain:half', 'forward after-run:plain',
    ]);
    expect(names.filter((name) => name.startsWith('undo'))).toEqual([
      'undo in-compensate:made', 'undo after-compensate:made', 'undo in-compensate:pivot', 'undo after-compensate:pivot',
      'undo in-compensate:after', 'undo after-compensate:after',
    ]);
    expect(() => failpointsOf({ steps }, workflow({}))).toThrow('plain');
  });
});
