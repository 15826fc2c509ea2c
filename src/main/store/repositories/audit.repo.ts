/** Who did what to what, and how it ended. Rows are only ever added. */
import type { RunId } from '../../../shared/model/ids.ts';
import type { StateSchema } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';

export interface AuditEntry {
  /** Epoch milliseconds. */
  at: number;
  /** The operating system's user. */
  actor: string;
  /** The command or workflow (`platforms.remove`, `publish.convert`). */
  action: string;
  /** What it was done to, as a name or an id; never arguments. */
  target: string;
  /** `ok`, or the error's code. */
  outcome: string;
  runId: RunId | null;
}

export class AuditRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  async add({ runId, ...entry }: AuditEntry): Promise<void> {
    await this.#db.write.insertInto('audit').values({ ...entry, run_id: runId }).execute();
  }

  /** The newest first. */
  async latest(limit: number): Promise<AuditEntry[]> {
    const rows = await this.#db.read.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute();
    return rows.map(({ at, actor, action, target, outcome, run_id }) => ({ at, actor, action, target, outcome, runId: run_id }));
  }
}
