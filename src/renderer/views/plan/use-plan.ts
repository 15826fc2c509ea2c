/**
 * A plan in a dialog: made from a request, read, acknowledged, started. The core plans again at start and refuses when
 * source or target have changed; then the person reads the new plan.
 */
import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { useClient } from '../../api/client.ts';
import { isAbort, toErrorView } from '../../api/error-view.ts';
import { useText } from '../../composables/use-text.ts';
import { useToasts } from '../../stores/toasts.store.ts';
import type { CommandInput } from '../../../shared/contract/commands.ts';
import type { ErrorView } from '../../../shared/model/error-view.ts';
import type { Plan } from '../../../shared/model/task.ts';
import type { RunId } from '../../../shared/model/ids.ts';

export type PlanRequest = CommandInput<'tasks.plan'>;

export interface PlanState {
  plan: ShallowRef<Plan | null>;
  error: ShallowRef<ErrorView | null>;
  isPlanning: Ref<boolean>;
  isStarting: Ref<boolean>;
  /** Ids of the findings that were ticked. */
  acknowledged: Ref<string[]>;
  typedName: Ref<string>;
  /** Null, or why it cannot be started now, in words. */
  obstacle: ComputedRef<string | null>;
  make: (request: PlanRequest) => Promise<void>;
  /** @returns the run's id, or null with `error` set. */
  start: () => Promise<RunId | null>;
  clear: () => void;
}

export function usePlan(): PlanState {
  const client = useClient();
  const toasts = useToasts();
  const { t, say } = useText();
  const plan = shallowRef<Plan | null>(null);
  const error = shallowRef<ErrorView | null>(null);
  const isPlanning = ref(false);
  const isStarting = ref(false);
  const acknowledged = ref<string[]>([]);
  const typedName = ref('');
  let abort: AbortController | null = null;

  function clear(): void {
    abort?.abort();
    plan.value = null;
    error.value = null;
    acknowledged.value = [];
    typedName.value = '';
  }
  onScopeDispose(() => abort?.abort());

  async function make(request: PlanRequest): Promise<void> {
    clear();
    const mine = (abort = new AbortController());
    isPlanning.value = true;
    try {
      const made = await client.call('tasks.plan', request, { signal: mine.signal });
      if (!mine.signal.aborted) plan.value = made;
    } catch (failure) {
      if (!mine.signal.aborted && !isAbort(failure)) error.value = toErrorView(failure);
    } finally {
      if (abort === mine) isPlanning.value = false;
    }
  }

  const obstacle = computed(() => {
    const current = plan.value;
    if (current === null) return t('plan.making');
    if (!current.canStart) return t('plan.blocked');
    const open = current.findings.filter(({ id, severity }) => (severity === 'error' || severity === 'warning') && !acknowledged.value.includes(id));
    if (open.length > 0) return t('plan.acknowledge');
    if (current.typedName !== null && typedName.value !== current.typedName) return t('plan.typeNameFirst', { name: current.typedName });
    return null;
  });

  async function start(): Promise<RunId | null> {
    const current = plan.value;
    if (current === null || obstacle.value !== null || isStarting.value) return null;
    isStarting.value = true;
    error.value = null;
    try {
      const { runId } = await client.call('tasks.start', {
        planId: current.id,
        acknowledged: [...acknowledged.value],
        typedName: current.typedName === null ? null : typedName.value,
      });
      toasts.showOk(t('plan.started', { title: say(current.title) }), { text: t('plan.showTask'), to: `/tasks/${runId}` });
      return runId;
    } catch (failure) {
      error.value = toErrorView(failure);
      return null;
    } finally {
      isStarting.value = false;
    }
  }

  return { plan, error, isPlanning, isStarting, acknowledged, typedName, obstacle, make, start, clear };
}
