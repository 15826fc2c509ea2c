/** Runs of workflows, as people see them: the window and the command line call a run a task. */
import { z } from 'zod';
import { errorView } from './error-view.ts';
import { availability } from './capability.ts';
import { finding } from './finding.ts';
import { planId, runId } from './ids.ts';
import { message } from './message-schema.ts';

/**
 * `interrupted` = found at start, waiting for its resume policy; `waiting` = a person must decide (its question says what);
 * `needs-attention` = cannot go on by itself (unknown outcome, compensation failed, plan of an unknown version).
 */
export const runStatus = z.enum([
  'queued', 'running', 'waiting', 'interrupted', 'cancelling', 'compensating', 'needs-attention', 'succeeded', 'failed', 'cancelled',
]);
export type RunStatus = z.infer<typeof runStatus>;

export const endedStatuses: readonly RunStatus[] = ['succeeded', 'failed', 'cancelled'];

export const stepStatus = z.enum(['pending', 'running', 'done', 'failed', 'compensated', 'skipped']);
export type StepStatus = z.infer<typeof stepStatus>;

/** A step as shown before the start. */
export const plannedStep = z.object({
  key: z.string(),
  title: message,
  /** Share of the whole, for the overall progress. */
  weight: z.number(),
  /** Deletes something that the run did not make; shown in red. */
  isDestructive: z.boolean(),
  /** After this step has ended, the run only goes forward. */
  isPivot: z.boolean(),
});
export type PlannedStep = z.infer<typeof plannedStep>;

export const plan = z.object({
  id: planId,
  type: z.string(),
  title: message,
  steps: z.array(plannedStep),
  findings: z.array(finding),
  /** Blocking findings are none. */
  canStart: z.boolean(),
  /** The exact words that must be typed before it starts, for what destroys something; null = none. */
  typedName: z.string().nullable(),
  /** Facts of this kind of plan that a dialog shows (`versionNumber`, `bytesToWrite` …). */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  expiresAt: z.number(),
});
export type Plan = z.infer<typeof plan>;

export const progress = z.object({
  phase: message,
  doneBytes: z.number().nullable(),
  totalBytes: z.number().nullable(),
  bytesPerSecond: z.number().nullable(),
  remainingSeconds: z.number().nullable(),
  /** 0 … 1 over the whole run; null = not known. */
  fraction: z.number().nullable(),
});
export type Progress = z.infer<typeof progress>;

export const taskStep = plannedStep.extend({
  status: stepStatus,
  attempt: z.number().int(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  error: errorView.nullable(),
});
export type TaskStep = z.infer<typeof taskStep>;

/** A thing that a run made and still stands, or did. */
export const artifact = z.object({
  id: z.string(),
  kind: z.string(),
  description: message,
  status: z.enum(['created', 'removed', 'kept', 'unknown']),
});
export type Artifact = z.infer<typeof artifact>;

/** A decision the run waits for. `undo` and `keep` are always understood; others are the question's own. */
export const question = z.object({
  text: message,
  choices: z.array(z.object({ key: z.string(), label: message, isDestructive: z.boolean() })),
});
export type Question = z.infer<typeof question>;

/** The object that a task is about, to open it: `route` is one of the window's pages. */
export const taskSubject = z.object({ kind: z.enum(['source-vm', 'desktop-image', 'platform', 'disk']), id: z.string(), name: z.string() });
export type TaskSubject = z.infer<typeof taskSubject>;

export const task = z.object({
  id: runId,
  type: z.string(),
  title: message,
  status: runStatus,
  subject: taskSubject.nullable(),
  /** What it produced, once it did (a desktop image, a new VM). */
  result: taskSubject.nullable(),
  progress: progress.nullable(),
  question: question.nullable(),
  error: errorView.nullable(),
  createdBy: z.string(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  cancelRequestedAt: z.number().nullable(),
  actions: z.object({ cancel: availability, resume: availability }),
});
export type Task = z.infer<typeof task>;

export const taskDetail = task.extend({
  steps: z.array(taskStep),
  artifacts: z.array(artifact),
  events: z.array(z.object({ at: z.number(), message })),
});
export type TaskDetail = z.infer<typeof taskDetail>;
