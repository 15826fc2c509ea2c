/** Values of the contract in the person's words. What has no words of its own (QCOW2, GPT, virtio …) is the same in every language. */
import type { MessageCode } from '../../../shared/messages/catalogue.ts';
import type { Severity, Verdict } from '../../../shared/model/finding.ts';
import type { BootMode, OsFamily, OsIdentity } from '../../../shared/model/os.ts';
import type { PlatformHealth } from '../../../shared/model/platform.ts';
import type { PowerState } from '../../../shared/model/source-vm.ts';
import type { CommandOutput } from '../../../shared/contract/commands.ts';
import type { CliContext } from './context.ts';

type Words<T extends string> = Readonly<Record<T, MessageCode>>;
type Vault = CommandOutput<'vault.status'>;

export const powerWords = {
  running: 'CLI_POWER_RUNNING', stopped: 'CLI_POWER_STOPPED', paused: 'CLI_POWER_PAUSED', suspended: 'CLI_POWER_SUSPENDED', unknown: 'CLI_UNKNOWN',
} as const satisfies Words<PowerState>;

export const verdictWords = {
  ready: 'CLI_VERDICT_READY', blocking: 'CLI_SEVERITY_BLOCKING', error: 'CLI_SEVERITY_ERROR', warning: 'CLI_SEVERITY_WARNING', unknown: 'CLI_SEVERITY_UNKNOWN',
} as const satisfies Words<Verdict>;

export const severityWords = {
  blocking: 'CLI_SEVERITY_BLOCKING', error: 'CLI_SEVERITY_ERROR', warning: 'CLI_SEVERITY_WARNING', unknown: 'CLI_SEVERITY_UNKNOWN', info: 'CLI_SEVERITY_INFO',
} as const satisfies Words<Severity>;

export const healthWords = {
  never: 'CLI_HEALTH_NEVER', ok: 'CLI_HEALTH_OK', partial: 'CLI_HEALTH_PARTIAL', failing: 'CLI_HEALTH_FAILING',
} as const satisfies Words<PlatformHealth['status']>;

export const bootWords = { bios: 'CLI_BOOT_BIOS', uefi: 'CLI_BOOT_UEFI', unknown: 'CLI_UNKNOWN' } as const satisfies Words<BootMode>;

const familyWords = {
  windows: 'CLI_OS_WINDOWS', linux: 'CLI_OS_LINUX', other: 'CLI_OS_OTHER', unknown: 'CLI_UNKNOWN',
} as const satisfies Words<OsFamily>;

export const publishModeWords = { clone: 'CLI_MODE_CLONE', convert: 'CLI_MODE_CONVERT' } as const satisfies Words<'clone' | 'convert'>;

export const vaultWords = {
  session: 'CLI_VAULT_SESSION', locked: 'CLI_VAULT_LOCKED', open: 'CLI_VAULT_OPEN', unreadable: 'CLI_VAULT_UNREADABLE',
} as const satisfies Words<Vault['state']>;

export const slotWords = {
  'safe-storage': 'CLI_SLOT_SYSTEM', passphrase: 'CLI_SLOT_PASSPHRASE', 'key-file': 'CLI_SLOT_KEY_FILE',
} as const satisfies Words<Vault['slots'][number]['kind']>;

/** The system's own name where it is known, else its family. */
export function osText(context: CliContext, { name, family }: Pick<OsIdentity, 'name' | 'family'>): string {
  return name ?? context.text(familyWords[family]);
}
