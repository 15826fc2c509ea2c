/** What the processes of this suite tell the tests, as one line of JSON. */
import type { StepAction } from '../../../src/main/workflows/engine/definition.ts';
import type { PlannedFailpoint } from '../../../src/main/workflows/engine/failpoints.ts';
import type { TaskDetail } from '../../../src/shared/model/task.ts';

export interface Prepared {
  kind: 'prepared';
  failpoints: PlannedFailpoint[];
  steps: { key: string; isPivot: boolean; cancel: StepAction['cancel'] }[];
}

export interface Ended {
  kind: 'ended';
  task: TaskDetail;
}

export type Answer = Prepared | Ended;
