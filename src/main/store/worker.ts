/**
 * A store thread: holds the connections to both databases and runs what it is sent, one job after the other. The only
 * program that talks to better-sqlite3, whose calls block; here they block nobody else.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Database, Statement } from 'better-sqlite3';
import { databaseNames, type DatabaseName, type JobResult, type Param, type Reply, type Request, type ThreadStart } from './protocol.ts';
import { copyState } from './copy-state.ts';
import { databasePath, markCacheDamaged } from './data-files.ts';
import { openDatabase } from './open-database.ts';
import { packFailure, StoreRefusal } from './pack-failure.ts';
import type { Message } from '../../shared/model/message.ts';

const maxStatements = 300;

const nothing: JobResult = { rows: [], changes: 0, lastInsertRowid: null };

/** SQLite knows no booleans; structured clone turns a Buffer into bytes that must become one again. */
function bindable(param: Param): null | number | bigint | string | Buffer {
  if (typeof param === 'boolean') return param ? 1 : 0;
  if (param instanceof Uint8Array) return Buffer.from(param.buffer, param.byteOffset, param.byteLength);
  return param;
}

/** One connection and its prepared statements, the least recently used going first. */
class Connection {
  readonly db: Database;
  readonly path: string;
  readonly #statements = new Map<string, Statement>();
  readonly #isWriter: boolean;

  constructor(db: Database, path: string, isWriter: boolean) {
    this.db = db;
    this.path = path;
    this.#isWriter = isWriter;
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    const statement = known ?? this.db.prepare(sql);
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > maxStatements) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  query(sql: string, params: readonly Param[]): JobResult {
    const statement = this.#prepare(sql);
    const values = params.map(bindable);
    if (statement.reader) return { ...nothing, rows: statement.all(...values) };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], changes, lastInsertRowid: BigInt(lastInsertRowid) };
  }

  begin(): void {
    // Immediate: a write transaction that starts as a read could fail half-way with SQLITE_BUSY.
    this.db.exec(this.#isWriter ? 'begin immediate' : 'begin');
  }

  commit(): void {
    this.db.exec('commit');
  }

  /** SQLite rolls back by itself on some errors (a full disk); then there is nothing left to do. */
  rollback(): void {
    if (this.db.inTransaction) this.db.exec('rollback');
  }

  bulk(statements: Extract<Request, { kind: 'bulk' }>['statements']): JobResult {
    let changes = 0;
    const run = this.db.transaction(() => {
      for (const { sql, rows } of statements) {
        const statement = this.#prepare(sql);
        for (const row of rows) changes += statement.run(...row.map(bindable)).changes;
      }
    });
    run.immediate();
    return { ...nothing, changes };
  }

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}

class StoreThread {
  readonly #start: ThreadStart;
  readonly #connections = new Map<DatabaseName, Connection>();

  constructor(start: ThreadStart) {
    this.#start = start;
  }

  /** All databases or none: state that cannot be used leaves the cache untouched. */
  #open(): JobResult {
    const rows: Message[] = [];
    const names = this.#start.role === 'copier' ? (['state'] as const) : databaseNames;
    for (const database of names) {
      try {
        const { db, path, notices } = openDatabase(this.#start, database);
        this.#connections.set(database, new Connection(db, path, this.#start.role === 'writer'));
        rows.push(...notices);
      } catch (error) {
        this.#close();
        throw new StoreRefusal(packFailure(error, { database, path: databasePath(this.#start.directory, database) }));
      }
    }
    return { ...nothing, rows };
  }

  #close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #connection(name: DatabaseName): Connection {
    const connection = this.#connections.get(name);
    if (connection === undefined) throw new Error(`The store has no database ${name} open.`);
    return connection;
  }

  #perform(request: Request): JobResult {
    switch (request.kind) {
      case 'open':
        return this.#open();
      case 'query':
        return this.#connection(request.database).query(request.sql, request.params);
      case 'bulk':
        return this.#connection(request.database).bulk(request.statements);
      case 'begin':
      case 'commit':
      case 'rollback':
        this.#connection(request.database)[request.kind]();
        return nothing;
      case 'copy':
        copyState(this.#connection('state').db, request.target);
        return nothing;
      case 'close':
        this.#close();
        return nothing;
    }
  }

  handle(request: Request): Reply {
    const startedAt = performance.now();
    try {
      const result = this.#perform(request);
      return { kind: 'done', id: request.id, result, milliseconds: performance.now() - startedAt };
    } catch (error) {
      const database = 'database' in request ? request.database : request.kind === 'copy' ? 'state' : null;
      const path = database === null ? '' : (this.#connections.get(database)?.path ?? '');
      const failure = packFailure(error, database === null ? null : { database, path });
      // Damage is in the file that is read; everything else (no space, no rights) is about the one that is written.
      if (request.kind === 'copy' && failure.code !== 'STORE_CORRUPT') failure.params = { path: request.target };
      if (failure.code === 'STORE_CACHE_CORRUPT') markCacheDamaged(this.#start.directory);
      return { kind: 'failed', id: request.id, failure };
    }
  }
}

const port = parentPort;
if (port === null) throw new Error('The store worker runs as a thread only.');

const thread = new StoreThread(workerData as ThreadStart);
port.on('message', (request: Request) => {
  port.postMessage(thread.handle(request));
  if (request.kind === 'close') port.close();
});
