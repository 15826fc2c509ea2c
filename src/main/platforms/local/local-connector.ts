/**
 * The `local` connector: a folder of VM definitions and disks, on this machine, a network drive or a USB disk. Composes the roles; what
 * each does is in its own file.
 */
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { available, unavailable, type Capabilities } from '../../../shared/model/capability.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import type { TestStep } from '../../../shared/model/platform.ts';
import type { Instructions } from '../../../shared/model/source-vm.ts';
import type { Clock } from '../../clock.ts';
import type { DiskEngine, DiskFile } from '../../disks/disk-engine.ts';
import type { Connector, ConnectorFactory, Inventory, ProbeResult } from '../connector.ts';
import type { SourceVmRecord } from '../inventory-records.ts';
import { LocalCreator } from './creator-role.ts';
import { LocalDeleter } from './deleter-role.ts';
import { defaultSettleMs, DiskChains } from './disk-chains.ts';
import { LocalDiskExport } from './disk-export-role.ts';
import { LocalHardware } from './hardware-role.ts';
import { documentsFor, readDocument } from './instructions.ts';
import { Library } from './library.ts';
import { LibraryRoot } from './library-root.ts';
import { readFolder, type ScanLimits } from './library-scan.ts';
import { LocalSnapshots } from './snapshot-role.ts';
import { documentFolders } from './vm-description.ts';
import { readOnlyReason } from './writability.ts';

export const localSettings = z.strictObject({ path: z.string().min(1).max(4096) });
export type LocalSettings = z.infer<typeof localSettings>;

export interface LocalDeps {
  engine: DiskEngine;
  clock: Clock;
  /** A disk changed within this time is looked at twice. */
  settleMs?: number;
  limits?: ScanLimits;
}

export class LocalConnector implements Connector {
  readonly kind = 'local';
  readonly inventory: Required<Pick<Inventory, 'sourceVms' | 'images'>>;
  readonly hardware: LocalHardware;
  readonly snapshots: LocalSnapshots;
  readonly deleter: LocalDeleter;
  readonly creator: LocalCreator;
  readonly diskExport: LocalDiskExport;
  readonly #root: LibraryRoot;
  readonly #library: Library;

  constructor({ path }: LocalSettings, { engine, clock, settleMs, limits }: LocalDeps) {
    this.#root = new LibraryRoot(path);
    const library = new Library(this.#root, new DiskChains(engine, this.#root, clock, settleMs ?? defaultSettleMs), limits);
    this.#library = library;
    this.inventory = { sourceVms: (signal) => library.sourceVms(signal), images: (signal) => library.images(signal) };
    this.hardware = new LocalHardware(library);
    this.snapshots = new LocalSnapshots(library, engine, clock);
    this.deleter = new LocalDeleter(library);
    this.creator = new LocalCreator(this.#root);
    this.diskExport = new LocalDiskExport(library);
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const steps: TestStep[] = [];
    const folder = this.#root.path;
    const fail = (title: Parameters<typeof say>[0], error: AppError): ProbeResult => {
      steps.push({ title: say(title), outcome: 'failed', detail: error.asMessage });
      return { version: null, capabilities: {}, steps };
    };
    let root: string;
    try {
      root = await this.#root.real();
      if (!(await stat(root)).isDirectory()) throw new AppError('LIBRARY_NOT_A_FOLDER', { folder });
    } catch (error) {
      return fail('LIBRARY_TEST_THERE', error instanceof AppError ? error : new AppError('LIBRARY_UNREADABLE', { folder }, { cause: error }));
    }
    steps.push({ title: say('LIBRARY_TEST_THERE'), outcome: 'ok', detail: say('LIBRARY_TEST_THERE_DETAIL', { folder: root }) });
    try {
      const { folders, holes } = await this.#library.scan(signal);
      const all = [...folders.values()];
      const definitions = all.reduce((sum, item) => sum + item.definitions.length + item.ovfs.length, 0);
      const disks = all.reduce((sum, item) => sum + item.disks.length, 0);
      const hole = holes[0];
      steps.push({
        title: say('LIBRARY_TEST_READ'), outcome: hole === undefined ? 'ok' : 'failed', detail: hole?.asMessage ?? say('LIBRARY_TEST_READ_DETAIL', { definitions, disks }),
      });
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      return fail('LIBRARY_TEST_READ', error);
    }
    const readOnly = await readOnlyReason(root);
    steps.push({ title: say('LIBRARY_TEST_WRITE'), outcome: readOnly === null ? 'ok' : 'skipped', detail: readOnly ?? say('LIBRARY_TEST_WRITE_DETAIL') });
    const changing = readOnly === null ? available : unavailable(readOnly);
    const capabilities: Capabilities = {
      images: available, sourceVms: available, diskExport: available, hardware: changing, snapshots: changing, deleter: changing, creator: changing,
    };
    return { version: null, capabilities, steps };
  }

  current(vm: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    return this.#library.current(vm, signal);
  }

  /** @throws `NOT_FOUND` for a name that is not one of the VM's or image's documents */
  async readInstructions(id: ExternalId, name: string): Promise<{ type: Instructions['type']; content: Buffer; isTruncated: boolean }> {
    for (const [path, names] of documentFolders(await this.#library.definition(id))) {
      const folder = await readFolder(path, new AbortController().signal);
      if (documentsFor(folder, names).includes(name)) return readDocument(path, name);
    }
    throw new AppError('NOT_FOUND', { what: 'document', id: name });
  }

  async imageFile(id: ExternalId): Promise<DiskFile> {
    return this.#library.chains.fileOf(await this.#root.resolve(id));
  }

  async dispose(): Promise<void> {
    // Nothing is held open between calls.
  }
}

/** The factory; the disk engine is shared by all libraries. */
export function localConnectorFactory(deps: LocalDeps): ConnectorFactory<LocalSettings> {
  return {
    kind: 'local',
    worksOffline: true,
    title: say('KIND_LOCAL'),
    description: say('KIND_LOCAL_DESCRIPTION'),
    settingsSchema: localSettings,
    fields: [{ key: 'path', type: 'directory', label: say('FIELD_LIBRARY_FOLDER'), help: say('FIELD_LIBRARY_FOLDER_HELP'), isRequired: true, choices: [] }],
    create: (settings) => new LocalConnector(settings, deps),
  };
}
