import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateMeter, RunProgress } from '../../../src/main/workflows/engine/progress.ts';
import type { Progress } from '../../../src/shared/model/task.ts';
import { title } from './rig.ts';

const steps = [{ key: 'a', weight: 1 }, { key: 'b', weight: 3 }];
const clock = { now: () => Date.now() };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function outlets() {
  const emitted: Progress[] = [];
  const persisted: Progress[] = [];
  return { emitted, persisted, outlets: { clock, emit: (p: Progress) => void emitted.push(p), persist: (p: Progress) => void persisted.push(p) } };
}

describe('the rate', () => {
  it('starts from what was there, and hides the time left for five seconds', () => {
    const meter = new RateMeter(clock);
    meter.report(1000);
    expect([meter.bytesPerSecond, meter.remainingSeconds(1000, 2000)]).toEqual([null, null]);
    vi.advanceTimersByTime(1000);
    meter.report(1100);
    expect([meter.bytesPerSecond, meter.remainingSeconds(1100, 2000)]).toEqual([100, null]);
    vi.advanceTimersByTime(4000);
    meter.report(1500);
    expect([meter.bytesPerSecond, meter.remainingSeconds(1500, 2000)]).toEqual([100, 5]);
  });

  it('follows a change slowly, and a step that starts over from the beginning', () => {
    const meter = new RateMeter(clock);
    meter.report(0);
    vi.advanceTimersByTime(1000);
    meter.report(100);
    vi.advanceTimersByTime(1000);
    meter.report(1100);
    expect(meter.bytesPerSecond).toBeGreaterThan(100);
    expect(meter.bytesPerSecond).toBeLessThan(1000);
    meter.report(0);
    expect(meter.bytesPerSecond).toBeNull();
  });

  it('is not held down by a beginning in which nothing moved', () => {
    const meter = new RateMeter(clock);
    meter.report(0);
    vi.advanceTimersByTime(500);
    meter.report(0);
    vi.advanceTimersByTime(1500);
    meter.report(3000);
    expect(meter.bytesPerSecond).toBeGreaterThan(1400);
  });

  it('has no time left while nothing moves', () => {
    const meter = new RateMeter(clock);
    meter.report(0);
    vi.advanceTimersByTime(6000);
    meter.report(0);
    expect(meter.remainingSeconds(0, 100)).toBeNull();
  });
});

describe('the progress of a run', () => {
  it('weighs the steps', () => {
    const { emitted, outlets: out } = outlets();
    const progress = new RunProgress(steps, null, out);
    expect(progress.turn(title, new Set(['a'])).fraction).toBe(0.25);
    progress.report('b', { phase: title, doneBytes: 50, totalBytes: 100 }, new Set(['a']));
    expect(progress.latest?.fraction).toBe(0.625);
    progress.report('b', { phase: title }, new Set(['a']));
    expect(progress.latest).toMatchObject({ fraction: 0.25, doneBytes: null });
    expect(emitted.length).toBe(1);
  });

  it('tells at most four times a second and stores at most every two seconds, the last value always', () => {
    const { emitted, persisted, outlets: out } = outlets();
    const progress = new RunProgress(steps, null, out);
    for (let at = 0; at < 4000; at += 10) {
      progress.report('a', { phase: title, doneBytes: at, totalBytes: 4000 }, new Set());
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(2000);
    expect(emitted.length).toBeLessThanOrEqual(17);
    expect(emitted.length).toBeGreaterThanOrEqual(16);
    expect(persisted.length).toBe(3);
    expect(emitted.at(-1)?.doneBytes).toBe(3990);
    expect(persisted.at(-1)?.doneBytes).toBe(3990);
  });

  it('tells the end at once, and nothing after it', () => {
    const { emitted, outlets: out } = outlets();
    const progress = new RunProgress(steps, null, out);
    progress.turn(title, new Set());
    progress.turn(title, new Set(['a', 'b']));
    progress.flush();
    expect(emitted.at(-1)?.fraction).toBe(1);
    const count = emitted.length;
    vi.advanceTimersByTime(10_000);
    expect(emitted.length).toBe(count);
  });
});
