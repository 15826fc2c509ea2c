/** The main thread's end of a store thread: sends jobs, matches replies, logs slow queries (their text, never their values). */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { AppError } from '../../shared/model/app-error.ts';
import type { Message } from '../../shared/model/message.ts';
import { workerEntry } from '../worker-entry.ts';
import { unpackFailure } from './store-failure.ts';
import type { Job, JobResult, Reply, Request, ThreadStart } from './protocol.ts';

const slowMilliseconds = 40;
/** A bulk write holds hundreds of rows; it is slow when it keeps other writes waiting noticeably. */
const slowBulkMilliseconds = 500;

interface Pending {
  job: Job;
  resolve: (result: JobResult) => void;
  reject: (error: Error) => void;
}

function describe(job: Job): Record<string, unknown> {
  if (job.kind === 'query') return { sql: job.sql };
  if (job.kind === 'bulk') return { statements: job.statements.map(({ sql, rows }) => ({ sql, rows: rows.length })) };
  return {};
}

export class StoreThread {
  readonly #worker: Worker;
  readonly #log: Logger;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #end: Error | null = null;

  private constructor(worker: Worker, log: Logger) {
    this.#worker = worker;
    this.#log = log;
  }

  /** Starts a thread and waits until its databases are open; rejects with the reason where they cannot be. */
  static async start(start: ThreadStart, log: Logger): Promise<{ thread: StoreThread; notices: Message[] }> {
    const worker = new Worker(workerEntry('store'), { workerData: start, name: `store-${start.role}` });
    const thread = new StoreThread(worker, log);
    const notices = await new Promise<Message[]>((resolve, reject) => {
      worker.on('message', (reply: Reply) => {
        if (reply.kind === 'ready') resolve(reply.notices);
        else if (reply.kind === 'refused') reject(unpackFailure(reply.failure));
        else thread.#settle(reply);
      });
      worker.on('error', (error) => {
        const stopped = new AppError('STORE_STOPPED', {}, { cause: error });
        reject(stopped);
        thread.#stop(stopped);
      });
      worker.on('exit', () => {
        const stopped = new AppError('STORE_STOPPED');
        reject(stopped);
        thread.#stop(stopped);
      });
    });
    return { thread, notices };
  }

  run(job: Job): Promise<JobResult> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { job, resolve, reject });
      this.#worker.postMessage({ ...job, id } satisfies Request);
    });
  }

  /** Ends the thread after everything sent before. */
  async close(): Promise<void> {
    if (this.#end !== null) return;
    await this.run({ kind: 'close' });
    this.#stop(new AppError('STORE_STOPPED'));
    await this.#worker.terminate();
  }

  #settle(reply: Extract<Reply, { id: number }>): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (reply.kind === 'failed') {
      pending.reject(unpackFailure(reply.failure));
      return;
    }
    if (reply.milliseconds > (pending.job.kind === 'bulk' ? slowBulkMilliseconds : slowMilliseconds)) {
      this.#log.warn({ milliseconds: Math.round(reply.milliseconds), job: pending.job.kind, ...describe(pending.job) }, 'slow query');
    }
    pending.resolve(reply.result);
  }

  #stop(reason: Error): void {
    this.#end ??= reason;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) reject(reason);
  }
}
