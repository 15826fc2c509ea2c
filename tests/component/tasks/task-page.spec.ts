import { describe, expect, it } from 'vitest';
import TaskPage from '../../../src/renderer/views/tasks/TaskPage.vue';
import type { RunId } from '../../../src/shared/model/ids.ts';
import type { TaskDetail, TaskStep } from '../../../src/shared/model/task.ts';
import { failure, openWindow, settle } from '../support/window.ts';
import { allByRole, byRole, descriptionOf } from '../support/roles.ts';

const words = { code: 'ABORTED' as const, params: {} };
const step = (key: string, more: Partial<TaskStep> = {}): TaskStep => ({
  key, title: words, weight: 1, isDestructive: false, isPivot: false, status: 'pending', attempt: 1, startedAt: null, endedAt: null, error: null, ...more,
});
const detail = (more: Partial<TaskDetail> = {}): TaskDetail => ({
  id: 'r1' as RunId,
  type: 'publish.clone',
  title: words,
  status: 'running',
  subject: { kind: 'source-vm', id: 'v1', name: 'win11' },
  result: null,
  progress: null,
  question: null,
  error: null,
  createdBy: 'lin',
  createdAt: 0,
  startedAt: 0,
  endedAt: null,
  cancelRequestedAt: null,
  actions: { cancel: { isAvailable: true }, resume: { isAvailable: false, reason: words } },
  steps: [step('convert', { status: 'running', attempt: 2 }), step('delete', { isDestructive: true })],
  artifacts: [],
  events: [],
  ...more,
});
const open = (task: () => TaskDetail) => openWindow(TaskPage, { props: { id: 'r1' }, answers: { 'tasks.show': task, 'tasks.cancel': () => ({}), 'tasks.decide': () => ({}) } });

describe('the page of a task', () => {
  it('opens its object, shows attempts and what is destructive', async () => {
    await open(() => detail());
    expect(byRole('link', 'win11').getAttribute('href')).toContain('v1');
    expect(document.body.textContent).toContain('Attempt 2');
    expect(document.body.textContent).toContain('Deletes');
  });

  it('asks to stop, and shows that it is not stopped yet', async () => {
    let task = detail();
    const { transport } = await open(() => task);
    byRole('button', 'Cancel task').click();
    await settle();
    expect(transport.inputsOf('tasks.cancel')).toEqual([{ id: 'r1' }]);
    task = detail({ status: 'cancelling', actions: { cancel: { isAvailable: false, reason: words }, resume: { isAvailable: false, reason: words } } });
    transport.emit('tasks.changed', { runId: 'r1' as RunId, status: 'cancelling' });
    await settle();
    expect(document.body.textContent).toContain('It ends once what it made has been undone.');
    expect(descriptionOf(byRole('button', 'Cancel task'))).toBe('Stopped, as asked.');
  });

  it('follows the progress between two reads', async () => {
    const { transport } = await openWindow(TaskPage, {
      props: { id: 'r1' },
      answers: { 'tasks.show': () => detail(), 'tasks.list': () => ({ total: 1, rows: [detail()] }) },
    });
    transport.emit('tasks.changed', { runId: 'r1' as RunId, status: 'running' });
    await settle();
    const progress = { phase: words, doneBytes: 2 ** 30, totalBytes: 2 ** 32, bytesPerSecond: 2 ** 20, remainingSeconds: 90, fraction: 0.25 };
    transport.emit('task.progress', { runId: 'r1' as RunId, progress });
    await settle();
    expect(byRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    expect(document.body.textContent).toContain('1 GiB of 4 GiB');
  });

  it('puts the question with its choices and sends the answer', async () => {
    const question = { text: words, choices: [{ key: 'keep', label: { code: 'INTERNAL' as const, params: { correlationId: 'x' } }, isDestructive: false }] };
    const { transport } = await open(() => detail({ status: 'waiting', question }));
    byRole('button', /Something went wrong/).click();
    await settle();
    expect(transport.inputsOf('tasks.decide')).toEqual([{ id: 'r1', choice: 'keep' }]);
  });

  it('names what a failed task left behind, and the error once', async () => {
    const { view } = failure('NOT_FOUND', 'c-7');
    const artifacts = [{ id: 'a', kind: 'file', description: words, status: 'created' as const }];
    await open(() => detail({ status: 'failed', error: view, steps: [step('convert', { status: 'failed', error: view })], artifacts }));
    expect(document.body.textContent).toContain('Left behind');
    expect(allByRole('alert')).toHaveLength(1);
  });

  it('says when it cannot be read, and tries again', async () => {
    let isBroken = true;
    await open(() => {
      if (isBroken) throw failure('NOT_FOUND', 'c-8');
      return detail();
    });
    expect(byRole('alert').textContent).toContain('c-8');
    isBroken = false;
    byRole('button', 'Try again').click();
    await settle();
    expect(allByRole('alert')).toEqual([]);
  });
});
