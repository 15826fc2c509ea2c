/** Ends the process once everything it said has been taken: what is written to a pipe is still on its way when the write returns. */
import type { Writable } from 'node:stream';

/** Resolves when all that was written is out, or nobody reads any more (`… | head`). */
function flushed(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.once('close', () => resolve());
    stream.write('', () => resolve());
  });
}

/** A reader that has left is no failure of the one who writes. */
export function ignoreLostReader(streams: readonly Writable[]): void {
  for (const stream of streams) stream.on('error', () => undefined);
}

export async function finish(status: number, streams: readonly Writable[]): Promise<never> {
  await Promise.all(streams.map(flushed));
  return process.exit(status);
}
