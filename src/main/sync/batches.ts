/**
 * Gathers the pages of a listing into batches and writes them one after the other, while the next pages are being fetched. At most two
 * batches are held: a listing that is faster than the disk waits.
 */

/** Rows a transaction. */
const batchSize = 500;

/** What came before a failure is written too; then the failure goes on. A page larger than a batch is written in pieces. */
export async function inBatches<T>(pages: AsyncIterable<T[]>, signal: AbortSignal, write: (batch: T[]) => Promise<void>): Promise<void> {
  let gathered: T[] = [];
  let writing: Promise<void> = Promise.resolve();
  const flush = async (size: number): Promise<void> => {
    await writing;
    const batch = gathered.slice(0, size);
    gathered = gathered.slice(size);
    writing = write(batch);
    // Awaited before the next batch and at the end; until then nobody must be told of a rejection that nobody handles.
    writing.catch(() => undefined);
  };
  try {
    for await (const page of pages) {
      signal.throwIfAborted();
      gathered.push(...page);
      while (gathered.length >= batchSize) await flush(batchSize);
    }
  } finally {
    if (gathered.length > 0) await flush(gathered.length);
    await writing;
  }
}
