/** What a status means for the screen. */
import type { RunStatus } from '../../../shared/model/task.ts';

const atWork: readonly RunStatus[] = ['queued', 'running', 'cancelling', 'compensating'];
const ended: readonly RunStatus[] = ['succeeded', 'failed', 'cancelled'];

/** It moves by itself. */
export function isTaskAtWork(status: RunStatus): boolean {
  return atWork.includes(status);
}

export function hasTaskEnded(status: RunStatus): boolean {
  return ended.includes(status);
}
