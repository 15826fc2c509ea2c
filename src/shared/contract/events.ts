/**
 * Events from the core. Two kinds: *invalidations* (`….changed`: fetch again what you show) and one *delta*
 * (`task.progress`: the latest value, at most four a second a run). `seq` grows by one per event; a gap means fetch again.
 */
import type { PlatformId, RunId } from '../model/ids.ts';
import type { Progress, RunStatus } from '../model/task.ts';

export interface EventPayloads {
  'platforms.changed': { platformId: PlatformId | null };
  'sourceVms.changed': { platformId: PlatformId | null };
  'images.changed': { platformId: PlatformId | null };
  'imagePools.changed': Record<string, never>;
  'flavors.changed': Record<string, never>;
  'desktopImages.changed': Record<string, never>;
  'tasks.changed': { runId: RunId; status: RunStatus };
  'task.progress': { runId: RunId; progress: Progress };
  'vault.changed': Record<string, never>;
  'settings.changed': Record<string, never>;
  'system.changed': Record<string, never>;
}

export type EventTopic = keyof EventPayloads;

export const eventTopics = [
  'platforms.changed', 'sourceVms.changed', 'images.changed', 'imagePools.changed', 'flavors.changed', 'desktopImages.changed',
  'tasks.changed', 'task.progress', 'vault.changed', 'settings.changed', 'system.changed',
] as const satisfies readonly EventTopic[];

export type EventMessage = { [T in EventTopic]: { seq: number; topic: T; payload: EventPayloads[T] } }[EventTopic];
