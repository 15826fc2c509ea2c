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
  #closing: Promise<void> | null = null;

  /** Starts the thread; nothing is opened before `open`, so that several can load their code at the same time. */
  constructor(start: ThreadStart, log: Logger) {
    this.#log = log;
    this.#worker = new Worker(workerEntry('store'), { workerData: start, name: `store-${start.role}` });
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#stop(new AppError('STORE_STOPPED', {}, { cause: error })));
    this.#worker.on('exit', () => this.#stop(new AppError('STORE_STOPPED')));
  }

  /** Opens the databases; rejects with the reason where one cannot be. @returns what a person should know. */
  async open(): Promise<Message[]> {
    const { rows } = await this.run({ kind: 'open' });
    return rows as Message[];
  }

  run(job: Job): Promise<JobResult> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      // Throws for what cannot be sent; then nothing waits for an answer.
      this.#worker.postMessage({ ...job, id } satisfies Request);
      this.#pending.set(id, { job, resolve, reject });
    });
  }

  /** Ends the thread after everything sent before. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#end === null) await this.run({ kind: 'close' });
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
