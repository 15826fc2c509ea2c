import { describe, expect, it } from 'vitest';
import VaultSection from '../../../src/renderer/views/settings/VaultSection.vue';
import type { CommandOutput } from '../../../src/shared/contract/commands.ts';
import { openWindow, settle } from '../support/window.ts';
import { byRole, descriptionOf } from '../support/roles.ts';

const status = (more: Partial<CommandOutput<'vault.status'>> = {}): CommandOutput<'vault.status'> => ({
  state: 'session', slots: [], explanation: { code: 'ABORTED', params: {} }, secretCount: 0, ...more,
});
function type(name: string, text: string): void {
  const input = byRole('textbox', name) as HTMLInputElement;
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

describe('the vault', () => {
  it('calls a key file weak', async () => {
    await openWindow(VaultSection, { answers: { 'vault.status': () => status({ state: 'open', slots: [{ kind: 'key-file', createdAt: 0, isWeak: true }] }) } });
    expect(document.body.textContent).toContain('Weak');
    expect(descriptionOf(byRole('button', 'Add key file'))).toBe('There is a key file already.');
  });

  it('sets a passphrase that was typed twice the same', async () => {
    const { transport } = await openWindow(VaultSection, { answers: { 'vault.status': () => status(), 'vault.addPassphrase': () => status({ state: 'open' }) } });
    byRole('button', 'Set passphrase').click();
    await settle();
    type('Passphrase', 'correct horse');
    type('Passphrase again', 'correct house');
    await settle();
    const save = byRole('button', 'Set passphrase', byRole('dialog', 'Set passphrase'));
    expect(descriptionOf(save)).toBe('The two passphrases differ.');
    type('Passphrase again', 'correct horse');
    await settle();
    save.click();
    await settle();
    expect(transport.inputsOf('vault.addPassphrase')).toEqual([{ passphrase: 'correct horse' }]);
  });

  it('cannot be changed while it is locked, and says so', async () => {
    await openWindow(VaultSection, { answers: { 'vault.status': () => status({ state: 'locked', slots: [{ kind: 'passphrase', createdAt: 0, isWeak: false }] }) } });
    expect(descriptionOf(byRole('button', 'Change passphrase'))).toBe('Unlock the vault first.');
    expect(byRole('button', 'Unlock')).toBeDefined();
  });
});
