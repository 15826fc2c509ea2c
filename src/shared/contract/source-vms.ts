import { z } from 'zod';
import { finding } from '../model/finding.ts';
import { platformId, sourceVmId } from '../model/ids.ts';
import { sourceVm, sourceVmDetail } from '../model/source-vm.ts';
import { defineCommands, listQuery, page } from './command.ts';

export const sourceVmCommands = defineCommands({
  'sourceVms.list': {
    summary: 'A window of the image source VMs of all platforms, or of one.',
    input: listQuery.extend({ platformId: platformId.nullable().default(null) }),
    output: page(sourceVm),
  },
  'sourceVms.show': { summary: 'One image source VM with what inspection found.', input: z.strictObject({ id: sourceVmId }), output: sourceVmDetail },
  'sourceVms.check': {
    summary: 'Inspects the disks of a VM again and judges it.',
    input: z.strictObject({ id: sourceVmId }),
    output: z.object({ findings: z.array(finding) }),
  },
  'sourceVms.instructions': {
    summary: 'The text of a document beside the disk; a PDF comes as base64.',
    input: z.strictObject({ id: sourceVmId, name: z.string().max(300) }),
    output: z.object({ type: z.enum(['text', 'markdown', 'pdf']), content: z.string(), isTruncated: z.boolean() }),
  },
});
