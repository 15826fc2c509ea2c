/**
 * From a request to the end of its run: plan, what was found, the person's consent, start, progress. The same way for every
 * verb that changes something.
 */
import type { MessageCode } from '../../../shared/messages/catalogue.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { endedStatuses, type Plan, type Progress, type Task, type TaskDetail } from '../../../shared/model/task.ts';
import type { RunId } from '../../../shared/model/ids.ts';
import type { workflowRequest } from '../../../shared/model/workflow-request.ts';
import type { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { ask } from './arguments.ts';
import { exitStatus, type CliContext } from './context.ts';
import { severityWords } from './enum-words.ts';
import { harmless } from './output.ts';
import { ProgressPrinter } from './progress.ts';

/** Options that every verb with a run has. */
export interface RunOptions {
  plan?: true;
  yes?: true;
  detach?: true;
  acknowledge?: string;
}

/** For how long a missed event can go unnoticed, in milliseconds. */
const lookAgainMs = 1000;

/** Plans, asks, starts and waits. The answer printed is the plan (`--plan`), the run's id (`--detach`) or the ended run. */
export async function runWorkflow(context: CliContext, request: z.input<typeof workflowRequest>, options: RunOptions): Promise<void> {
  const plan = await context.call('tasks.plan', request);
  if (options.plan === true) {
    context.print(plan, () => planText(context, plan));
    if (!plan.canStart) context.status = exitStatus.failed;
    return;
  }
  const findings = plan.findings.map((finding) => findingText(context, finding)).join('\n');
  if (findings !== '') context.note(findings);
  if (!plan.canStart) throw new AppError('CLI_BLOCKED');
  const acknowledged = await acknowledge(context, plan, options);
  const typedName = await consent(context, plan, options);
  const { runId } = await context.call('tasks.start', { planId: plan.id, acknowledged, typedName });
  if (options.detach === true) {
    context.print({ runId }, () => context.text('CLI_STARTED', { id: runId }));
    return;
  }
  await waitForTask(context, runId);
}

/** `warning` and `error` findings must be acknowledged; `--yes` does so for warnings, `--acknowledge` for what it names. */
async function acknowledge(context: CliContext, plan: Plan, { yes, acknowledge: named = '' }: RunOptions): Promise<string[]> {
  const ids = named.split(',').map((id) => id.trim()).filter(Boolean);
  const needed = plan.findings.filter(({ severity }) => severity === 'error' || severity === 'warning');
  const isCovered = ({ id, severity }: Finding): boolean => ids.includes('all') || ids.includes(id) || (yes === true && severity === 'warning');
  for (const finding of needed.filter((item) => !isCovered(item))) {
    if (context.io.stdin.isTTY !== true || context.options.isJson || yes === true) throw new AppError('CLI_ACKNOWLEDGE_NEEDED', { ids: finding.id });
    const answer = await ask(context, `${context.text('CLI_ACKNOWLEDGE_ASK', { text: context.words(finding.reason) })} `);
    if (!isYes(answer)) throw new AppError('CLI_NOT_CONFIRMED');
  }
  return needed.map(({ id }) => id);
}

/** What destroys something needs its name typed; with `--yes` the call itself is the consent. */
async function consent(context: CliContext, plan: Plan, { yes }: RunOptions): Promise<string | null> {
  if (plan.typedName === null || yes === true) return plan.typedName;
  if (context.io.stdin.isTTY !== true || context.options.isJson) throw new AppError('CLI_CONFIRM_NEEDED', { name: plan.typedName });
  context.note(planText(context, plan));
  const typed = await ask(context, `${context.text('CLI_TYPE_NAME', { name: plan.typedName })} `);
  if (typed !== plan.typedName) throw new AppError('CLI_NOT_CONFIRMED');
  return typed;
}

const isYes = (answer: string): boolean => ['y', 'yes', '是', '好'].includes(answer.trim().toLowerCase());

/** Asks before something is removed that no plan covers (a platform, the sample site). */
export async function confirmRemoval(context: CliContext, name: string, yes: true | undefined): Promise<void> {
  if (yes === true) return;
  if (context.io.stdin.isTTY !== true || context.options.isJson) throw new AppError('CLI_CONFIRM_NEEDED', { name });
  const typed = await ask(context, `${context.text('CLI_TYPE_NAME', { name })} `);
  if (typed !== name) throw new AppError('CLI_NOT_CONFIRMED');
}

/** Asks before something is replaced. @param refusal what is said where nobody can be asked */
export async function confirm(context: CliContext, question: string, refusal: MessageCode, yes: true | undefined): Promise<void> {
  if (yes === true) return;
  if (context.io.stdin.isTTY !== true || context.options.isJson) throw new AppError(refusal);
  if (!isYes(await ask(context, `${question} `))) throw new AppError('CLI_NOT_CONFIRMED');
}

export function findingText(context: CliContext, { id, severity, reason, source, fix }: Finding): string {
  const lines = [`${context.text(severityWords[severity])} [${id}] ${context.words(reason)} (${context.words(source)})`];
  if (fix !== null) lines.push(`    ${context.text('CLI_FIX', { text: context.words(fix.label) })}`);
  return harmless(lines.join('\u2028')).replaceAll('\u2028', '\n');
}

function planText(context: CliContext, plan: Plan): string {
  const steps = plan.steps.map((step, index) => {
    const mark = step.isDestructive ? ` ${context.text('CLI_STEP_DESTRUCTIVE')}` : '';
    return `${String(index + 1).padStart(3)}. ${harmless(context.words(step.title))}${mark}`;
  });
  const found = plan.findings.map((finding) => findingText(context, finding));
  return [
    harmless(context.words(plan.title)),
    ...steps,
    found.length === 0 ? context.text('CLI_NO_FINDINGS') : context.text('CLI_FINDINGS'),
    ...found,
    ...(plan.canStart ? [] : [context.text('CLI_BLOCKED')]),
  ].join('\n');
}

const hasStopped = (task: Task): boolean => endedStatuses.includes(task.status) || ['waiting', 'needs-attention', 'interrupted'].includes(task.status);

/** How many hosts may end while one call waits; more is no accident. */
const maxHosts = 5;

/**
 * Follows a run until it ends or waits for a person; sets the exit status and prints the run. When the host ends meanwhile (closed,
 * killed, or another command that was done), this process opens the data directory itself, and the run goes on.
 */
export async function waitForTask(context: CliContext, id: RunId): Promise<void> {
  for (let host = 1; ; host += 1) {
    try {
      await followTask(context, id);
      return;
    } catch (error) {
      const isHostLost = error instanceof AppError && error.code === 'HOST_LOST';
      if (!isHostLost || host === maxHosts || context.signal.aborted) throw error;
      context.note(context.text('TASK_HOST_ENDED'));
      await context.close();
    }
  }
}

async function followTask(context: CliContext, id: RunId): Promise<void> {
  const printer = new ProgressPrinter(context);
  try {
    const task = await settled(context, id, (progress) => printer.show(progress));
    printer.end();
    finish(context, task);
  } finally {
    printer.end();
  }
}

/** The run once it has ended or waits for a person. Ctrl-C ends the waiting. */
export async function settled(context: CliContext, id: RunId, onProgress: (progress: Progress) => void = () => undefined): Promise<TaskDetail> {
  const client = await context.client();
  let wake = (): void => undefined;
  const unsubscribe = client.subscribe((message) => {
    if (message.type !== 'event') return;
    const { event } = message;
    if (event.topic === 'task.progress' && event.payload.runId === id) onProgress(event.payload.progress);
    if (event.topic === 'tasks.changed' && event.payload.runId === id) wake();
  });
  try {
    for (;;) {
      // Of this host: when it is lost, whoever waits decides about the next one.
      const task = await client.invoke('tasks.show', { id }, { signal: context.signal });
      if (task.progress !== null) onProgress(task.progress);
      if (hasStopped(task)) return task;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, lookAgainMs);
        context.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      context.signal.throwIfAborted();
    }
  } finally {
    unsubscribe();
  }
}

function finish(context: CliContext, task: TaskDetail): void {
  const isDone = task.status === 'succeeded';
  const isOver = endedStatuses.includes(task.status);
  context.status = isDone ? exitStatus.done : isOver ? exitStatus.failed : exitStatus.waiting;
  context.print(task, () => taskText(context, task));
}

export const statusCodes = {
  queued: 'CLI_STATUS_QUEUED', running: 'CLI_STATUS_RUNNING', waiting: 'CLI_STATUS_WAITING', interrupted: 'CLI_STATUS_INTERRUPTED',
  cancelling: 'CLI_STATUS_CANCELLING', compensating: 'CLI_STATUS_COMPENSATING', 'needs-attention': 'CLI_STATUS_NEEDS_ATTENTION',
  succeeded: 'CLI_STATUS_SUCCEEDED', failed: 'CLI_STATUS_FAILED', cancelled: 'CLI_STATUS_CANCELLED',
} as const satisfies Record<Task['status'], string>;

const stepCodes = {
  pending: 'CLI_STEP_PENDING', running: 'CLI_STEP_RUNNING', done: 'CLI_STEP_DONE', failed: 'CLI_STEP_FAILED',
  compensated: 'CLI_STEP_COMPENSATED', skipped: 'CLI_STEP_SKIPPED',
} as const;

/** A run with its steps, for people. */
export function taskText(context: CliContext, task: TaskDetail): string {
  const lines = [`${context.words(task.title)}: ${context.text(statusCodes[task.status])} (${task.id})`];
  for (const step of task.steps) lines.push(`  ${context.text(stepCodes[step.status])}  ${context.words(step.title)}`);
  if (task.error !== null) {
    lines.push(context.text('CLI_ERROR', { text: context.words(task.error.reason) }));
    lines.push(...task.error.causes.map((cause) => `  ${context.text('CLI_CAUSE', { text: cause.message })}`));
  }
  for (const left of task.artifacts.filter((artifact) => artifact.status === 'unknown')) lines.push(context.text('CLI_LEFT_BEHIND', { text: context.words(left.description) }));
  if (task.question !== null) {
    lines.push(context.words(task.question.text));
    for (const choice of task.question.choices) lines.push(`  ${choice.key}: ${context.words(choice.label)}`);
    lines.push(context.text('CLI_ANSWER_WITH', { id: task.id }));
  }
  if (task.result !== null) lines.push(context.text('CLI_RESULT', { name: task.result.name, id: task.result.id }));
  return lines.map(harmless).join('\n');
}
