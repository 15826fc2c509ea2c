/** `vault.*`: what protects the secrets. None of these commands returns one. */
import type { Vault } from '../../secrets/vault.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface VaultHandlerDeps {
  vault: Vault;
}

export function vaultHandlers({ vault }: VaultHandlerDeps): Handlers<AreaCommands<'vault'>> {
  return {
    'vault.status': () => vault.status(),
    'vault.unlock': ({ passphrase }) => vault.unlock(passphrase),
    'vault.lock': () => vault.lock(),
    'vault.addPassphrase': ({ passphrase }) => vault.addPassphrase(passphrase),
    'vault.addKeyFile': () => vault.addKeyFile(),
    'vault.removeSlot': ({ kind, isConfirmed }) => vault.removeSlot(kind, isConfirmed),
  };
}
