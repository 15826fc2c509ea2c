/** Flavors: built-in ones are put in once and stay; self-defined ones belong to the administrator. */
import { z } from 'zod';
import type { Flavor, FlavorFields } from '../../../shared/model/flavor.ts';
import type { FlavorId } from '../../../shared/model/ids.ts';
import type { StoreDatabase } from '../store.ts';
import type { FlavorTable, StateSchema } from '../schema-state.ts';

const models = z.array(z.string());

export class FlavorRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  #query() {
    return this.#db.read.selectFrom('flavor').selectAll('flavor').select((eb) => [
      eb.selectFrom('desktop_image_version')
        .where((e) => e(e.fn<string>('json_extract', ['configure_json', e.val('$.flavorId')]), '=', e.ref('flavor.id')))
        .select((e) => e.fn.countAll<number>().as('n'))
        .as('in_use'),
    ]);
  }

  /** Built-in ones first, each group by architecture and name. */
  async list(): Promise<Flavor[]> {
    const rows = await this.#query().orderBy('is_built_in', 'desc').orderBy('architecture').orderBy('name').execute();
    return rows.map(toFlavor);
  }

  async find(id: FlavorId): Promise<Flavor | null> {
    const row = await this.#query().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toFlavor(row);
  }

  /** Names are compared without regard to case. */
  async findByName(name: string): Promise<Flavor | null> {
    const row = await this.#query().where('name', '=', name).executeTakeFirst();
    return row === undefined ? null : toFlavor(row);
  }

  async add(id: FlavorId, fields: FlavorFields): Promise<void> {
    await this.#db.write.insertInto('flavor').values({ ...toRow(fields), id, is_built_in: 0 }).execute();
  }

  async update(id: FlavorId, fields: FlavorFields): Promise<void> {
    await this.#db.write.updateTable('flavor').set(toRow(fields)).where('id', '=', id).where('is_built_in', '=', 0).execute();
  }

  async remove(id: FlavorId): Promise<void> {
    await this.#db.write.deleteFrom('flavor').where('id', '=', id).where('is_built_in', '=', 0).execute();
  }

  /** Puts the built-in flavors in, or brings them to what this version says; a self-defined one of the same name keeps its name. */
  async ensureBuiltIn(flavors: readonly (FlavorFields & { id: FlavorId })[]): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      for (const { id, ...fields } of flavors) {
        const row = { ...toRow(fields), is_built_in: 1 };
        const clash = await tx.selectFrom('flavor').select('id').where('name', '=', fields.name).where('id', '!=', id).executeTakeFirst();
        if (clash !== undefined) row.name = `${fields.name} (built-in)`;
        await tx.insertInto('flavor').values({ ...row, id }).onConflict((oc) => oc.column('id').doUpdateSet(row)).execute();
      }
    });
  }
}

function toRow(fields: FlavorFields): Omit<FlavorTable, 'id' | 'is_built_in'> {
  return {
    name: fields.name, architecture: fields.architecture, endpoint_models_json: JSON.stringify(fields.endpointModels), vcpus: fields.vcpus,
    memory_bytes: fields.memoryBytes, system_disk_bytes: fields.systemDiskBytes, data_disk_bytes: fields.dataDiskBytes,
  };
}

function toFlavor(row: Omit<FlavorTable, 'is_built_in'> & { is_built_in: number; in_use: number | null }): Flavor {
  return {
    id: row.id, name: row.name, architecture: row.architecture, endpointModels: models.parse(JSON.parse(row.endpoint_models_json)),
    vcpus: row.vcpus, memoryBytes: row.memory_bytes, systemDiskBytes: row.system_disk_bytes, dataDiskBytes: row.data_disk_bytes,
    isBuiltIn: row.is_built_in === 1, inUseCount: row.in_use ?? 0,
  };
}
