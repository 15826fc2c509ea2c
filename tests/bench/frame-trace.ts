/** What the main thread of a page did in each frame: our script and the browser's own work, from a trace of the browser. */
import type { Browser, Page } from 'playwright-core';

export interface FrameWork {
  /** Milliseconds a frame, ascending. */
  scriptMs: number[];
  browserMs: number[];
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  dur?: number;
  /** Of the thread's own time: what other programs took meanwhile is not in it. */
  tdur?: number;
  args?: { data?: { frame?: string }; name?: string };
}

const scripts = new Set(['FunctionCall', 'EventDispatch', 'TimerFire', 'FireAnimationFrame', 'RunMicrotasks', 'v8.callFunction', 'EvaluateScript', 'MinorGC', 'MajorGC']);
const rendering = new Set(['UpdateLayoutTree', 'Layout', 'PrePaint', 'Paint', 'Layerize', 'Commit', 'HitTest']);

/** Time of the outermost events of a kind: an event inside another one is part of it. */
function outermost(events: readonly TraceEvent[], kinds: ReadonlySet<string>): { ts: number; ms: number }[] {
  const found: { ts: number; ms: number }[] = [];
  let end = 0;
  for (const event of events) {
    if (!kinds.has(event.name) || event.dur === undefined || event.ts < end) continue;
    end = event.ts + event.dur;
    found.push({ ts: event.ts, ms: (event.tdur ?? event.dur) / 1000 });
  }
  return found;
}

export class FrameTrace {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(browser: Browser, page: Page): Promise<FrameTrace> {
    await browser.startTracing(page, { categories: ['devtools.timeline', 'v8', 'blink', '__metadata', 'disabled-by-default-devtools.timeline'] });
    return new FrameTrace(browser);
  }

  async stop(): Promise<FrameWork> {
    const { traceEvents } = JSON.parse((await this.#browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    const frames = traceEvents.filter(({ name }) => name === 'FireAnimationFrame');
    // The page that animates is the one that was traced for.
    const thread = frames[0];
    if (thread === undefined) throw new Error('The trace holds no frame.');
    const events = traceEvents.filter(({ pid, tid, ph }) => pid === thread.pid && tid === thread.tid && ph === 'X').sort((a, b) => a.ts - b.ts);
    const starts = frames.filter(({ pid, tid }) => pid === thread.pid && tid === thread.tid).map(({ ts }) => ts).sort((a, b) => a - b);
    const perFrame = (work: readonly { ts: number; ms: number }[]): number[] => {
      const sums = starts.map(() => 0);
      let frame = 0;
      for (const { ts, ms } of work) {
        while (frame + 1 < starts.length && ts >= (starts[frame + 1] ?? Infinity)) frame += 1;
        sums[frame] = (sums[frame] ?? 0) + ms;
      }
      return sums.sort((a, b) => a - b);
    };
    return { scriptMs: perFrame(outermost(events, scripts)), browserMs: perFrame(outermost(events, rendering)) };
  }
}
