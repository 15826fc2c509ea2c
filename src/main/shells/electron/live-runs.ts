/** Keeps the machine awake while runs move bytes, and knows whether quitting now would stop one. */
import { powerSaveBlocker } from 'electron';
import type { RunStatus } from '../../../shared/model/task.ts';
import type { CoreClient } from '../../host/client.ts';

const working: readonly RunStatus[] = ['queued', 'running', 'cancelling', 'compensating'];

export class LiveRuns {
  readonly #client: CoreClient;
  readonly #unsubscribe: () => void;
  #blocker: number | null = null;
  #onIdle: () => void = () => undefined;

  constructor(client: CoreClient) {
    this.#client = client;
    this.#unsubscribe = client.subscribe((message) => {
      if (message.type === 'event' && message.event.topic === 'tasks.changed') void this.#look();
    });
    void this.#look();
  }

  /** How many runs are at work now. */
  async count(): Promise<number> {
    try {
      const { rows } = await this.#client.invoke('tasks.list', { isLiveOnly: true });
      return rows.filter((task) => working.includes(task.status)).length;
    } catch {
      // A core that does not answer has no run that this window could stop.
      return 0;
    }
  }

  /** Called once, when the last run has ended. */
  whenIdle(then: () => void): void {
    this.#onIdle = then;
    void this.#look();
  }

  dispose(): void {
    this.#unsubscribe();
    if (this.#blocker !== null) powerSaveBlocker.stop(this.#blocker);
    this.#blocker = null;
  }

  async #look(): Promise<void> {
    const count = await this.count();
    if (count > 0) this.#blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else {
      if (this.#blocker !== null) powerSaveBlocker.stop(this.#blocker);
      this.#blocker = null;
      const then = this.#onIdle;
      this.#onIdle = () => undefined;
      then();
    }
  }
}
