/** Lets one holder at a time use a connection; the others wait in the order they came. */
import { AppError } from '../../shared/model/app-error.ts';

/** Longer than any transaction of ours; what waits longer is a transaction that waits for itself. */
const maxWaitMilliseconds = 60_000;

export class ConnectionGate {
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];
  readonly #maxWait: number;

  constructor(maxWait = maxWaitMilliseconds) {
    this.#maxWait = maxWait;
  }

  /** Resolves when it is the caller's turn; `STORE_BUSY` when the turn does not come. */
  async enter(): Promise<void> {
    if (!this.#isHeld) {
      this.#isHeld = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const take = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new AppError('STORE_BUSY', {}, { isRetryable: true }));
      }, this.#maxWait);
      this.#waiting.push(take);
    });
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isHeld = false;
    else next();
  }
}
