/**
 * Tells when a task has ended or needs a person, wherever the person is; once a task, and not on the task's own page. While the window is
 * in the background the operating system tells it: of what failed or waits, and of what has taken long.
 */
import { onScopeDispose } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { RunStatus, Task } from '../../shared/model/task.ts';
import { useClient } from '../api/client.ts';
import { useText } from '../composables/use-text.ts';
import type { TextKey } from '../i18n.ts';
import { useSettings } from '../stores/settings.store.ts';
import { useTasks } from '../stores/tasks.store.ts';
import { useToasts } from '../stores/toasts.store.ts';
import { showDesktopNotice } from './desktop-notice.ts';

/** A task that is done sooner is still in the mind of the one who started it. */
const longTaskMs = 10_000;

export function useTaskNotices(): void {
  const { t, say } = useText();
  const client = useClient();
  const route = useRoute();
  const tasks = useTasks();
  const toasts = useToasts();
  const router = useRouter();
  const settings = useSettings();

  const texts: Partial<Record<RunStatus, TextKey>> = {
    succeeded: 'tasks.notice.succeeded', failed: 'tasks.notice.failed', waiting: 'tasks.notice.waiting', 'needs-attention': 'tasks.notice.waiting',
  };
  function notify(task: Task, status: RunStatus): void {
    const text = texts[status];
    const isShort = Date.now() - (task.startedAt ?? task.createdAt) < longTaskMs;
    if (text === undefined || !settings.hasNotices || document.hasFocus() || (status === 'succeeded' && isShort)) return;
    showDesktopNotice({
      title: 'Goldpress', text: t(text, { title: say(task.title) }), tag: `${task.id} ${status}`,
      onOpen: () => void router.push({ name: 'task', params: { id: task.id } }),
    });
  }

  // What was interrupted while the app was closed is said once, at the start.
  void tasks.refresh().then(() => {
    if (tasks.waiting.length > 0) toasts.showInfo(t('app.status.waiting', { count: tasks.waiting.length }), { text: t('app.status.allTasks'), to: '/tasks?show=live' });
  });

  const stop = client.on('tasks.changed', ({ runId, status }) => {
    const task = tasks.live.find(({ id }) => id === runId);
    const isShown = route.name === 'task' && route.params['id'] === runId;
    if (task === undefined || task.status === status) return;
    const title = say(task.title);
    notify(task, status);
    if (isShown) return;
    const link = { text: t('tasks.open'), to: `/tasks/${encodeURIComponent(runId)}` };
    if (status === 'succeeded') toasts.showOk(t('tasks.notice.succeeded', { title }), link);
    else if (status === 'failed') toasts.showInfo(t('tasks.notice.failed', { title }), link);
    else if (status === 'waiting' || status === 'needs-attention') toasts.showInfo(t('tasks.notice.waiting', { title }), link);
  });
  onScopeDispose(stop);
}
