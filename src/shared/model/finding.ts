/** One judged fact about a VM, an image or a plan, and the verdict over all of them. */
import { z } from 'zod';
import { message } from './message-schema.ts';

/**
 * `blocking` stops publishing; `error` and `warning` must be acknowledged one by one; `unknown` says what could not be
 * found out; `info` is only told.
 */
export const severity = z.enum(['blocking', 'error', 'warning', 'unknown', 'info']);
export type Severity = z.infer<typeof severity>;

/** Hardware of a stopped VM that can be written to its definition. Absent keys stay as they are. */
export const hardwareChange = z.strictObject({
  vcpus: z.number().int().min(1).max(1024).optional(),
  memoryBytes: z.number().int().min(64 * 1024 ** 2).max(64 * 1024 ** 4).optional(),
  bootMode: z.enum(['bios', 'uefi']).optional(),
  videoModel: z.enum(['virtio', 'vga', 'qxl', 'bochs', 'cirrus', 'none']).optional(),
});
export type HardwareChange = z.infer<typeof hardwareChange>;

/** Properties of a platform's image that a finding asks to be written. Absent keys stay as they are. */
export const imageFix = z.strictObject({ bootMode: z.enum(['bios', 'uefi']).exactOptional(), videoModel: z.literal('virtio').exactOptional() });
export type ImageFix = z.infer<typeof imageFix>;

/** The way out: a change the app can make, or a written step where the platform allows no other. */
export const fix = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('edit-vm'), label: message, change: hardwareChange }),
  z.object({ kind: z.literal('patch-image'), label: message, change: imageFix }),
  /** The business attributes of the image, which only a person can say. */
  z.object({ kind: z.literal('edit-attributes'), label: message, field: z.enum(['os', 'credentials']) }),
  z.object({ kind: z.literal('written-step'), label: message }),
]);
export type Fix = z.infer<typeof fix>;

export const finding = z.object({
  /** Stable within one subject, so that an acknowledgement names exactly this finding: `rule` or `rule:detail`. */
  id: z.string(),
  severity,
  reason: message,
  /** Where the judged facts came from (the disk, the VM's definition, the pool …). */
  source: message,
  fix: fix.nullable(),
});
export type Finding = z.infer<typeof finding>;

/** The worst severity there is, or `ready` when nothing but `info` was found. */
export const verdict = z.enum(['ready', 'blocking', 'error', 'warning', 'unknown']);
export type Verdict = z.infer<typeof verdict>;

const order: readonly Severity[] = ['blocking', 'error', 'warning', 'unknown', 'info'];

/** The verdict over findings: the worst one decides. */
export function judge(findings: readonly Finding[]): Verdict {
  const worst = order.find((level) => findings.some((item) => item.severity === level));
  return worst === undefined || worst === 'info' ? 'ready' : worst;
}

/** Findings with the worst first; the order of equals is kept. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
