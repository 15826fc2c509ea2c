/** What can be done with a task, for its page, its row and the status bar. */
import { CircleClose, VideoPlay } from '@element-plus/icons-vue';
import type { RouteLocationRaw } from 'vue-router';
import type { Task } from '../../../shared/model/task.ts';
import { useClient } from '../../api/client.ts';
import { defineAction, type Action } from '../../composables/use-action.ts';
import { useText } from '../../composables/use-text.ts';

export interface TaskActions {
  cancel: Action<Task>;
  resume: Action<Task>;
}

/** Only inside `setup`. */
export function useTaskActions(): TaskActions {
  const { t, canRun } = useText();
  const client = useClient();
  return {
    cancel: defineAction<Task>({
      id: 'tasks.cancel',
      title: () => t('tasks.cancel'),
      icon: CircleClose,
      canRun: (task) => canRun(task.actions.cancel),
      run: (task) => client.call('tasks.cancel', { id: task.id }),
    }),
    resume: defineAction<Task>({
      id: 'tasks.resume',
      title: () => t('tasks.resume'),
      icon: VideoPlay,
      canRun: (task) => canRun(task.actions.resume),
      run: (task) => client.call('tasks.resume', { id: task.id }),
    }),
  };
}

/** The page of what a task is about, or made; null where there is no page for it. */
export function subjectPage(subject: Task['subject']): RouteLocationRaw | null {
  if (subject === null) return null;
  switch (subject.kind) {
    case 'source-vm':
      return { name: 'images.source-vm', params: { id: subject.id } };
    case 'desktop-image':
      return { name: 'images.desktop-image', params: { id: subject.id } };
    case 'platform':
      return { name: 'platform', params: { id: subject.id } };
    case 'disk':
      return null;
  }
}
