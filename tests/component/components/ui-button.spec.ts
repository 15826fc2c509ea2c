import { describe, expect, it } from 'vitest';
import { h, ref } from 'vue';
import UiButton from '../../../src/renderer/components/UiButton.vue';
import UiConfirmDialog from '../../../src/renderer/components/UiConfirmDialog.vue';
import UiFindings from '../../../src/renderer/components/UiFindings.vue';
import type { Finding } from '../../../src/shared/model/finding.ts';
import { failure, openWindow, settle } from '../support/window.ts';
import { allByRole, byRole, descriptionOf } from '../support/roles.ts';

describe('a button that cannot work', () => {
  it('stays focusable, says why, and is not pressed', async () => {
    let presses = 0;
    const reason = ref<string | null>('The VM is running.');
    await openWindow({ render: () => h(UiButton, { reason: reason.value, onPress: () => (presses += 1) }, () => 'Convert') });
    const button = byRole('button', 'Convert');
    button.focus();
    expect(document.activeElement).toBe(button);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(descriptionOf(button)).toBe('The VM is running.');
    button.click();
    expect(presses).toBe(0);
    reason.value = null;
    await settle();
    button.click();
    expect(presses).toBe(1);
  });
});

describe('the question before something is destroyed', () => {
  it('names what goes, wants the name typed, and stays open with the error', async () => {
    const answers: (() => Promise<unknown>)[] = [() => Promise.reject(failure('NOT_FOUND', 'c-9')), () => Promise.resolve()];
    const isOpen = ref(true);
    await openWindow({
      render: () =>
        h(UiConfirmDialog, {
          modelValue: isOpen.value,
          'onUpdate:modelValue': (value: boolean) => (isOpen.value = value),
          title: 'Delete',
          text: 'It goes.',
          things: ['win11'],
          confirmLabel: 'Delete it',
          typedName: 'win11',
          run: () => answers.shift()?.() ?? Promise.resolve(),
        }),
    });
    const confirm = byRole('button', 'Delete it');
    expect(descriptionOf(confirm)).toContain('win11');
    const input = byRole('textbox', /Type/) as HTMLInputElement;
    input.value = 'win11';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    expect(confirm.getAttribute('aria-disabled')).toBeNull();
    confirm.click();
    await settle();
    expect(byRole('alert').textContent).toContain('c-9');
    expect(isOpen.value).toBe(true);
    confirm.click();
    await settle();
    expect(isOpen.value).toBe(false);
  });
});

describe('findings', () => {
  const finding = (id: string, severity: Finding['severity']): Finding => ({
    id,
    severity,
    reason: { code: 'ABORTED', params: {} },
    source: { code: 'ABORTED', params: {} },
    fix: severity === 'error' ? { kind: 'edit-vm', label: { code: 'ABORTED', params: {} }, change: { bootMode: 'uefi' } } : null,
  });

  it('come worst first; errors and warnings are acknowledged one by one', async () => {
    const acknowledged = ref<string[]>([]);
    const fixed: string[] = [];
    await openWindow({
      render: () =>
        h(UiFindings, {
          findings: [finding('i', 'info'), finding('w', 'warning'), finding('e', 'error')],
          acknowledged: acknowledged.value,
          'onUpdate:acknowledged': (ids: string[]) => (acknowledged.value = ids),
          onFix: (one: Finding) => fixed.push(one.id),
        }),
    });
    const items = [...document.querySelectorAll('li')].map((item) => item.className);
    expect(items[0]).toContain('is-error');
    expect(items[2]).toContain('is-info');
    const boxes = allByRole('checkbox');
    expect(boxes).toHaveLength(2);
    boxes[0]?.click();
    await settle();
    expect(acknowledged.value).toEqual(['e']);
    byRole('button', 'Stopped, as asked.').click();
    expect(fixed).toEqual(['e']);
  });
});
