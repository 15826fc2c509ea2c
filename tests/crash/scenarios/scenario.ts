/** What a crash suite needs of a piece of work: a world to lay out, the real services over it, and the request. */
import type { EventBus } from '../../../src/main/events.ts';
import type { Store } from '../../../src/main/store/store.ts';
import type { WorkflowDefinition } from '../../../src/main/workflows/engine/definition.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';

export interface World {
  definitions: readonly WorkflowDefinition[];
  request: WorkflowRequest;
  dispose(): Promise<void>;
}

export interface Scenario {
  /** Lays out a fresh world below `directory`; called once, before the first process. */
  prepare(directory: string): Promise<void>;
  /** The services of one process over that world. */
  open(directory: string, store: Store, events: EventBus): Promise<World>;
}
