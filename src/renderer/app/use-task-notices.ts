/** Tells when a task has ended or needs a person, wherever the person is; once a task, and not on the task's own page. */
import { onScopeDispose } from 'vue';
import { useRoute } from 'vue-router';
import { useClient } from '../api/client.ts';
import { useText } from '../composables/use-text.ts';
import { useTasks } from '../stores/tasks.store.ts';
import { useToasts } from '../stores/toasts.store.ts';

export function useTaskNotices(): void {
  const { t, say } = useText();
  const client = useClient();
  const route = useRoute();
  const tasks = useTasks();
  const toasts = useToasts();

  // What was interrupted while the app was closed is said once, at the start.
  void tasks.refresh().then(() => {
    if (tasks.waiting.length > 0) toasts.showInfo(t('app.status.waiting', { count: tasks.waiting.length }), { text: t('app.status.allTasks'), to: '/tasks?show=live' });
  });

  const stop = client.on('tasks.changed', ({ runId, status }) => {
    const task = tasks.live.find(({ id }) => id === runId);
    const isShown = route.name === 'task' && route.params['id'] === runId;
    if (task === undefined || task.status === status || isShown) return;
    const title = say(task.title);
    const link = { text: t('tasks.open'), to: `/tasks/${encodeURIComponent(runId)}` };
    if (status === 'succeeded') toasts.showOk(t('tasks.notice.succeeded', { title }), link);
    else if (status === 'failed') toasts.showInfo(t('tasks.notice.failed', { title }), link);
    else if (status === 'waiting' || status === 'needs-attention') toasts.showInfo(t('tasks.notice.waiting', { title }), link);
  });
  onScopeDispose(stop);
}
