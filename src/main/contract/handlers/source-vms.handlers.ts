/** `sourceVms.*`: the list, the detail, the check and the documents of image source VMs. */
import type { SourceVmService } from '../../source-vms/source-vm-service.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function sourceVmsHandlers({ sourceVms }: { sourceVms: SourceVmService }): Handlers<AreaCommands<'sourceVms'>> {
  return {
    'sourceVms.list': (query, { scope }) => sourceVms.list(query, scope),
    'sourceVms.show': ({ id }, { scope }) => sourceVms.show(id, scope),
    'sourceVms.check': async ({ id }, { signal }) => ({ findings: await sourceVms.check(id, signal) }),
    'sourceVms.instructions': ({ id, name }) => sourceVms.instructions(id, name),
  };
}
