/** Basic hardware of a stopped VM, in its libvirt definition. OVF descriptors and bare disks have nothing that could be written to. */
import { dirname } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { HardwareChange } from '../../../shared/model/finding.ts';
import { hardwareChange } from '../../../shared/model/finding.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { HardwareRole } from '../connector.ts';
import type { Definition } from './definitions.ts';
import { replaceDefinition, textFingerprint } from './definition-file.ts';
import { editHardware } from '../domain-xml/domain-edit.ts';
import { isHeldByOther, LockTable } from './in-use.ts';
import type { Library } from './library.ts';
import { readOnlyReason } from './writability.ts';

export class LocalHardware implements HardwareRole {
  readonly #library: Library;

  constructor(library: Library) {
    this.#library = library;
  }

  async preview(vm: ExternalId, change: HardwareChange): Promise<{ before: string; after: string; fingerprint: string }> {
    const { definition, text } = await this.#editable(vm);
    return { before: text, after: editHardware(text, change, definition.path), fingerprint: definition.fingerprint };
  }

  /**
   * The fingerprint of the definition is the key that this platform can hold: a definition that already has the values was changed by
   * an earlier attempt, any other difference is somebody else's.
   */
  async apply(vm: ExternalId, change: HardwareChange, expected: string): Promise<void> {
    const { definition, text } = await this.#editable(vm);
    if (definition.fingerprint !== expected) {
      if (hasValues(definition, change)) return;
      throw new AppError('DEFINITION_CHANGED', { file: definition.path });
    }
    const readOnly = await readOnlyReason(dirname(definition.path));
    if (readOnly !== null) throw new AppError(readOnly.code, readOnly.params);
    await refuseInUse(definition);
    const after = editHardware(text, change, definition.path);
    if (textFingerprint(after) !== expected) await replaceDefinition(definition.path, after);
  }

  async read(vm: ExternalId): Promise<Required<{ [K in keyof HardwareChange]: HardwareChange[K] | null }>> {
    const definition = await this.#library.definition(vm);
    const video = hardwareChange.shape.videoModel.safeParse(definition.videoModel);
    return {
      vcpus: definition.vcpus,
      memoryBytes: definition.memoryBytes,
      bootMode: definition.bootMode === 'unknown' ? null : definition.bootMode,
      videoModel: (video.success ? video.data : null) ?? null,
    };
  }

  async #editable(vm: ExternalId): Promise<{ definition: Definition; text: string }> {
    const definition = await this.#library.definition(vm);
    if (definition.kind === 'ovf') throw new AppError('EDIT_OVF', { name: definition.name });
    if (definition.kind === 'bare-disk' || definition.text === null) throw new AppError('EDIT_BARE_DISK', { name: definition.name });
    return { definition, text: definition.text };
  }
}

function hasValues(definition: Definition, change: HardwareChange): boolean {
  return (['vcpus', 'memoryBytes', 'bootMode', 'videoModel'] as const).every((key) => change[key] === undefined || change[key] === definition[key]);
}

/** @throws `VM_IN_USE` while another program has one of the VM's disks open */
export async function refuseInUse(definition: Definition): Promise<void> {
  const locks = await LockTable.read();
  for (const disk of definition.disks) {
    if (disk.path !== null && (await isHeldByOther(disk.path, locks))) throw new AppError('VM_IN_USE', { name: definition.name, disk: disk.path }, { isRetryable: true });
  }
}
