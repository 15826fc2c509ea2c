/** Writing a domain's definition: in through the standard input, over the one that was read and no other. */
import { AppError } from '../../../shared/model/app-error.ts';
import { definitionFingerprint, type HostDomain } from './domains.ts';
import type { Virsh } from './virsh.ts';

/**
 * Puts an edited definition in the place of the one that was read. The domain keeps its id, so this replaces and never adds.
 * @param edit gets the definition with its passwords (of VNC and the like), which are never shown and would else be lost
 * @throws `DEFINITION_CHANGED` where the definition is no longer the one that was read, `LIBVIRT_REFUSED` where libvirt does not take it
 */
export async function replaceDefinition(virsh: Virsh, found: HostDomain, edit: (text: string) => string, signal?: AbortSignal): Promise<void> {
  const now = await virsh.run(['dumpxml', '--inactive', '--domain', found.uuid], { signal, isQuery: true });
  if (definitionFingerprint(now) !== definitionFingerprint(found.text)) throw new AppError('DEFINITION_CHANGED', { file: found.domain.name });
  const whole = await virsh.run(['dumpxml', '--inactive', '--security-info', '--domain', found.uuid], { signal });
  await virsh.feed(['define', '/dev/stdin'], edit(whole), { signal });
}
