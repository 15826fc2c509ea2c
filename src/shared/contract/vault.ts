import { z } from 'zod';
import { message } from '../model/message-schema.ts';
import { defineCommands, nothing } from './command.ts';

const passphrase = z.string().min(8).max(1000);

export const vaultStatus = z.object({
  /** `session` = no key slot: secrets live as long as the host runs. */
  state: z.enum(['session', 'locked', 'open', 'unreadable']),
  slots: z.array(z.object({ kind: z.enum(['safe-storage', 'passphrase', 'key-file']), createdAt: z.number(), isWeak: z.boolean() })),
  /** What protects the secrets, in plain words. */
  explanation: message,
  secretCount: z.number(),
});

export type VaultStatus = z.infer<typeof vaultStatus>;

export const vaultCommands = defineCommands({
  'vault.status': { summary: 'What protects the secrets, and whether they can be used.', input: nothing, output: vaultStatus },
  'vault.unlock': { summary: 'Opens the vault with its passphrase.', input: z.strictObject({ passphrase }), output: vaultStatus },
  'vault.lock': { summary: 'Forgets the data key until the next unlock.', input: nothing, output: vaultStatus },
  'vault.addPassphrase': { summary: 'Adds or replaces the passphrase slot; the vault must be open or new.', input: z.strictObject({ passphrase }), output: vaultStatus },
  'vault.addKeyFile': { summary: 'Adds a key file slot (weak: whoever reads the file reads the secrets).', input: nothing, output: vaultStatus },
  'vault.removeSlot': {
    summary: 'Removes a key slot; the last one, and any of a vault that is not open, only when confirmed.',
    input: z.strictObject({
      kind: z.enum(['safe-storage', 'passphrase', 'key-file']),
      /** The person has read what `VAULT_LAST_SLOT` or `VAULT_SLOT_NOT_OPEN` says. */
      isConfirmed: z.boolean().default(false),
    }),
    output: vaultStatus,
  },
});
