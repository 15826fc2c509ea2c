/**
 * Basic hardware of a stopped domain, in its definition. From BIOS to UEFI libvirt makes the NVRAM from its template at the first start;
 * the way back drops loader and NVRAM from the definition, and the NVRAM file stays until the domain is deleted.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import type { HardwareChange } from '../../../shared/model/finding.ts';
import { hardwareChange } from '../../../shared/model/finding.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { HardwareRole } from '../connector.ts';
import { editHardware } from '../domain-xml/domain-edit.ts';
import type { Domain } from '../domain-xml/domain-xml.ts';
import { replaceDefinition } from './definition.ts';
import { definitionFingerprint, readDomain, requireStopped } from './domains.ts';
import type { Virsh } from './virsh.ts';

export class LibvirtHardware implements HardwareRole {
  readonly #virsh: Virsh;

  constructor(virsh: Virsh) {
    this.#virsh = virsh;
  }

  async preview(vm: ExternalId, change: HardwareChange): Promise<{ before: string; after: string; fingerprint: string }> {
    const { text, domain } = await readDomain(this.#virsh, vm);
    return { before: text, after: editHardware(text, change, domain.name), fingerprint: definitionFingerprint(text) };
  }

  /**
   * The fingerprint of the definition is the key: one that already has the values was changed by an earlier attempt, any other
   * difference is somebody else's.
   */
  async apply(vm: ExternalId, change: HardwareChange, expected: string): Promise<void> {
    const found = await readDomain(this.#virsh, vm);
    if (hasValues(found.domain, change)) return;
    if (definitionFingerprint(found.text) !== expected) throw new AppError('DEFINITION_CHANGED', { file: found.domain.name });
    requireStopped(found);
    await replaceDefinition(this.#virsh, found, (text) => editHardware(text, change, found.domain.name));
    // libvirt may take a definition and keep something else: what counts is what it says afterwards.
    const { domain } = await readDomain(this.#virsh, vm);
    if (!hasValues(domain, change)) throw new AppError('LIBVIRT_EDIT_NOT_KEPT', { name: domain.name });
  }

  async read(vm: ExternalId): Promise<Required<{ [K in keyof HardwareChange]: HardwareChange[K] | null }>> {
    const { domain } = await readDomain(this.#virsh, vm);
    const video = hardwareChange.shape.videoModel.safeParse(domain.videoModel);
    return {
      vcpus: domain.vcpus,
      memoryBytes: domain.memoryBytes,
      bootMode: domain.bootMode === 'unknown' ? null : domain.bootMode,
      videoModel: (video.success ? video.data : null) ?? null,
    };
  }
}

function hasValues(domain: Domain, change: HardwareChange): boolean {
  return (['vcpus', 'memoryBytes', 'bootMode', 'videoModel'] as const).every((key) => change[key] === undefined || change[key] === domain[key]);
}
