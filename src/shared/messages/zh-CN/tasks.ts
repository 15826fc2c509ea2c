import type { tasksEn } from '../en/tasks.ts';

export const tasksZh: Record<keyof typeof tasksEn, string> = {
};
