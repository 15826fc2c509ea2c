/**
 * Work that a platform is asked for once and then does by itself: found again by its intent after a crash, waited for while it runs,
 * and never asked for a second time while nobody knows what became of the first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../../shared/model/app-error.ts';
import { diskFormat } from '../../shared/model/disk.ts';
import { say, type Message } from '../../shared/model/message.ts';
import type { Question } from '../../shared/model/task.ts';
import type { PlatformImage, PlatformIntent, PlatformOutcome } from '../platforms/connector.ts';
import type { JsonObject, ProbeAnswer, StepContext } from './engine/definition.ts';

export const platformIntent: z.ZodType<PlatformIntent> = z.object({ key: z.string(), data: z.record(z.string(), z.string()) });

export const platformImage: z.ZodType<PlatformImage> = z.object({
  externalId: z.string(),
  sizeBytes: z.number().nullable(),
  virtualBytes: z.number().nullable(),
  format: diskFormat.nullable(),
  hash: z.object({ algorithm: z.string(), value: z.string() }).nullable(),
});

export interface PlatformWork<T> {
  find(signal: AbortSignal): Promise<PlatformOutcome<T>>;
  create(signal: AbortSignal): Promise<T>;
  /** Removes what a failed attempt left, before it is asked for again. */
  undo(signal: AbortSignal): Promise<void>;
  /** What it is, for the person who has to look: “the copy of the VM gold”. */
  what: Message;
}

/** Between two looks at work that was found running. */
const pollMs = 2000;
/** Far longer than a platform copies the largest disk; after it somebody has to look. */
const patienceMs = 12 * 60 * 60_000;

/**
 * Carries work out to its end.
 * @param isFresh nothing was asked for before: then there is nothing to find
 * @throws AppError what the platform says, `PLATFORM_WORK_ENDLESS`, `PLATFORM_WORK_STOPPED`
 */
export async function carryOut<T>(work: PlatformWork<T>, isFresh: boolean, ctx: Pick<StepContext, 'signal' | 'ask' | 'answer'>): Promise<T> {
  if (isFresh) return work.create(ctx.signal);
  if (ctx.answer === 'stop') throw new AppError('PLATFORM_WORK_STOPPED');
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    const outcome = await work.find(ctx.signal);
    switch (outcome.state) {
      case 'done':
        return outcome.value;
      case 'running':
        break;
      case 'failed':
        await work.undo(ctx.signal);
        return work.create(ctx.signal);
      case 'absent':
        return work.create(ctx.signal);
      case 'unknown':
        return ctx.answer === 'again' ? work.create(ctx.signal) : ctx.ask(unknownOutcome(work.what));
    }
    await sleep(pollMs, undefined, { signal: ctx.signal });
  }
  throw new AppError('PLATFORM_WORK_ENDLESS', { hours: patienceMs / 3_600_000 });
}

/** For the probe of a step: what became of the work. @param output of the step, for work that is done */
export async function probeWork<T>(work: PlatformWork<T>, output: (value: T) => Promise<JsonObject>, signal: AbortSignal): Promise<ProbeAnswer> {
  const outcome = await work.find(signal);
  switch (outcome.state) {
    case 'done':
      return { state: 'done', output: await output(outcome.value) };
    case 'absent':
      return { state: 'absent' };
    case 'running':
    case 'failed':
      return { state: 'partial' };
    case 'unknown':
      return { state: 'unknown', question: unknownOutcome(work.what) };
  }
}

function unknownOutcome(what: Message): Question {
  return {
    text: what,
    choices: [
      { key: 'again', label: say('PLATFORM_WORK_AGAIN'), isDestructive: false },
      { key: 'stop', label: say('PLATFORM_WORK_STOP'), isDestructive: false },
    ],
  };
}

/** Whether the ledger has a thing of this kind for this step already: then it may have been asked for before. */
export async function wasExpected(ctx: StepContext, kind: string, key: string): Promise<boolean> {
  return (await ctx.artifacts.list()).some((item) => item.kind === kind && item.ref['key'] === key);
}
