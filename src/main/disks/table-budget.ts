/** How much of a disk file's tables a look may read. Who looks takes before reading, and stops looking where nothing is left. */
export class TableBudget {
  readonly maxBytes: number;
  #usedBytes = 0;
  #isUsedUp = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether something was refused: then only a part was looked at. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** @returns false where that is more than is left */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.maxBytes) {
      this.#isUsedUp = true;
      return false;
    }
    this.#usedBytes += bytes;
    return true;
  }
}

/** For jobs that read the whole disk anyway. */
export function wholeTables(): TableBudget {
  return new TableBudget(Number.POSITIVE_INFINITY);
}
