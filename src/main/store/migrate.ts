/**
 * Brings a database file to the version that this program knows. All steps run in one transaction: a crash in between leaves the
 * file as it was. Owns the order and the version number; what a step does is in `migrations/`.
 */
import type { Database } from 'better-sqlite3';
import { StoreRefusal } from './pack-failure.ts';

export interface Migration {
  /** Steps of ten, so that a fix can be put between two releases. The file's name says it too. */
  version: number;
  name: string;
  /** SQL statements, run as they are. */
  sql: string;
}

/** Written into the file's header, so that a foreign SQLite file is told from ours. */
const applicationIds = { state: 0x47_50_73_74, cache: 0x47_50_63_61 } as const;

export interface MigrationPlan {
  kind: keyof typeof applicationIds;
  path: string;
  migrations: readonly Migration[];
}

function latest(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/** The version in the file; throws `STORE_FROM_FUTURE` or `STORE_NOT_OURS` for a file that must not be touched. */
export function readVersion(db: Database, { kind, path, migrations }: MigrationPlan): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  const application = Number(db.pragma('application_id', { simple: true }));
  const isEmpty = db.prepare('select 1 from sqlite_schema limit 1').get() === undefined;
  if (!isEmpty && application !== applicationIds[kind]) throw new StoreRefusal({ code: 'STORE_NOT_OURS', params: { path }, cause: null });
  if (version > latest(migrations)) {
    throw new StoreRefusal({ code: 'STORE_FROM_FUTURE', params: { path, found: version, known: latest(migrations) }, cause: null });
  }
  return version;
}

/** @returns whether anything was changed. */
export function migrate(db: Database, plan: MigrationPlan, from: number): boolean {
  const steps = plan.migrations.filter(({ version }) => version > from);
  if (steps.length === 0) return false;
  const run = db.transaction(() => {
    for (const step of steps) {
      db.exec(step.sql);
      db.pragma(`user_version = ${step.version}`);
    }
    db.pragma(`application_id = ${applicationIds[plan.kind]}`);
  });
  run.exclusive();
  return true;
}
