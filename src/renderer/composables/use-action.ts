/**
 * Actions: what a person can do, as data. The same object stands behind the button, the row menu, the bulk bar and the
 * command palette, so that each of them knows why it cannot run.
 */
import { getCurrentScope, onScopeDispose, ref, type Component, type Ref } from 'vue';
import { useClient } from '../api/client.ts';
import { isAbort, toErrorView } from '../api/error-view.ts';
import { useCommandRegistry } from '../stores/command-registry.store.ts';
import { useToasts } from '../stores/toasts.store.ts';
import { useText } from './use-text.ts';

export interface Action<C = void> {
  /** `noun.verb`, unique in the window. */
  id: string;
  /** The words on the button; a function, because the language can change. */
  title: (context: C) => string;
  icon?: Component;
  /** `true`, or the reason why not, in words. */
  canRun: (context: C) => true | string;
  run: (context: C) => unknown;
  /** Destroys something: shown in red, kept at the end of menus. */
  isDanger?: boolean;
  /** Shown beside the title, such as `Ctrl+N`. */
  shortcut?: string;
}

/** Only gives the literal its type. */
export function defineAction<C = void>(action: Action<C>): Action<C> {
  return action;
}

export interface ActionRunner {
  isRunning: Ref<boolean>;
  /** Null, or why the action cannot run now: its own reason, or that the core does not answer. */
  reasonOf: <C>(action: Action<C>, context: C) => string | null;
  /** Runs the action if it can; a failure becomes a toast with the error's sentence. */
  run: <C>(action: Action<C>, context: C) => Promise<void>;
}

/** Runs actions and tells about failures; only inside `setup`. */
export function useActionRunner(): ActionRunner {
  const toasts = useToasts();
  const { connection } = useClient();
  const { t } = useText();
  const isRunning = ref(false);
  const reasonOf = <C>(action: Action<C>, context: C): string | null => {
    if (connection.value === 'disconnected') return t('app.connection.whatToDo');
    if (connection.value === 'signed-out') return t('app.connection.signInAgain');
    const answer = action.canRun(context);
    return answer === true ? null : answer;
  };
  return {
    isRunning,
    reasonOf,
    run: async (action, context) => {
      if (isRunning.value || reasonOf(action, context) !== null) return;
      isRunning.value = true;
      try {
        await action.run(context);
      } catch (error) {
        if (!isAbort(error)) toasts.showError(toErrorView(error), action.id);
      } finally {
        isRunning.value = false;
      }
    },
  };
}

/** Offers actions in the command palette for as long as the calling component lives. */
export function usePaletteActions(group: () => string, actions: readonly Action[]): void {
  const registry = useCommandRegistry();
  const remove = registry.add({ group, actions });
  if (getCurrentScope() !== undefined) onScopeDispose(remove);
}
