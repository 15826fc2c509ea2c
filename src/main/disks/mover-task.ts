/** What a mover thread is told to do. */
import type { DiskFile } from './disk-engine.ts';
import type { IdentityLevel } from './identity.ts';
import type { SharedState } from './shared-state.ts';
import type { TargetPlan } from './target-plan.ts';

/** @typeParam File `DiskFile` for who asks and who carries out, `PortableFile` on the way between them */
export type MoverTask<File = DiskFile> =
  | { kind: 'convert'; source: File; plan: TargetPlan; state: SharedState }
  | { kind: 'identify'; source: File; level: IdentityLevel; state: SharedState }
  | { kind: 'compare'; source: File; other: File; state: SharedState };

/** The same task with each of its disk files changed. */
export function withTaskFiles<From, To>(task: MoverTask<From>, change: (file: From) => To): MoverTask<To> {
  return task.kind === 'compare' ? { ...task, source: change(task.source), other: change(task.other) } : { ...task, source: change(task.source) };
}
