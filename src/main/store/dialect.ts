/** Kysely over a store thread: SQL is built here, run there. One connection a database and thread; transactions hold it. */
import {
  SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler,
  type CompiledQuery, type DatabaseConnection, type DatabaseIntrospector, type Dialect, type DialectAdapter, type Driver, type Kysely,
  type QueryCompiler, type QueryResult,
} from 'kysely';
import type { ConnectionGate } from './connection-gate.ts';
import type { DatabaseName, Param } from './protocol.ts';
import type { StoreThread } from './thread.ts';

class ThreadConnection implements DatabaseConnection {
  readonly #thread: StoreThread;
  readonly #database: DatabaseName;

  constructor(thread: StoreThread, database: DatabaseName) {
    this.#thread = thread;
    this.#database = database;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes, lastInsertRowid } = await this.#thread.run({
      kind: 'query', database: this.#database, sql: query.sql, params: query.parameters as readonly Param[],
    });
    return {
      rows: rows as R[],
      numAffectedRows: BigInt(changes),
      ...(lastInsertRowid === null ? {} : { insertId: lastInsertRowid }),
    };
  }

  /** Lists are read by windows; a stream is the whole answer in one piece. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  async control(kind: 'begin' | 'commit' | 'rollback'): Promise<void> {
    await this.#thread.run({ kind, database: this.#database });
  }
}

class ThreadDriver implements Driver {
  readonly #connection: ThreadConnection;
  readonly #gate: ConnectionGate;

  constructor(connection: ThreadConnection, gate: ConnectionGate) {
    this.#connection = connection;
    this.#gate = gate;
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#gate.enter();
    return this.#connection;
  }

  beginTransaction(): Promise<void> {
    return this.#connection.control('begin');
  }

  commitTransaction(): Promise<void> {
    return this.#connection.control('commit');
  }

  rollbackTransaction(): Promise<void> {
    return this.#connection.control('rollback');
  }

  releaseConnection(): Promise<void> {
    this.#gate.leave();
    return Promise.resolve();
  }

  /** The threads belong to the store, which ends them. */
  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

export class ThreadDialect implements Dialect {
  readonly #thread: StoreThread;
  readonly #database: DatabaseName;
  readonly #gate: ConnectionGate;

  constructor(thread: StoreThread, database: DatabaseName, gate: ConnectionGate) {
    this.#thread = thread;
    this.#database = database;
    this.#gate = gate;
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter();
  }

  createDriver(): Driver {
    return new ThreadDriver(new ThreadConnection(this.#thread, this.#database), this.#gate);
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }
}
