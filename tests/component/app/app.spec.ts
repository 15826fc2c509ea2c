import { describe, expect, it, onTestFinished, vi } from 'vitest';
import App from '../../../src/renderer/App.vue';
import { useSettings } from '../../../src/renderer/stores/settings.store.ts';
import type { RunId } from '../../../src/shared/model/ids.ts';
import type { Task } from '../../../src/shared/model/task.ts';
import { openWindow, settle } from '../support/window.ts';
import { allByRole, byRole } from '../support/roles.ts';

const words = { code: 'ABORTED' as const, params: {} };
const task = (status: Task['status'], fraction: number | null = null): Task => ({
  id: 'r1' as RunId, type: 'x', title: words, status, subject: null, result: null, question: null, error: null, createdBy: 'lin', createdAt: 0, startedAt: 0, endedAt: null, cancelRequestedAt: null,
  progress: fraction === null ? null : { phase: words, doneBytes: null, totalBytes: null, bytesPerSecond: null, remainingSeconds: null, fraction },
  actions: { cancel: { isAvailable: true }, resume: { isAvailable: false, reason: words } },
});
const press = (key: string, more: KeyboardEventInit = {}) => window.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true, ...more }));

describe('the frame', () => {
  it('leads to every page, and lights the one that is shown', async () => {
    await openWindow(App, { path: '/platforms' });
    const names = allByRole('link').map((link) => link.textContent.trim());
    expect(names).toEqual(expect.arrayContaining(['VDI Images', 'Desktop Images', 'Image Source VMs', 'Image Pools', 'Flavors', 'Platforms', 'Tasks', 'Settings']));
    expect(allByRole('link').filter((link) => link.getAttribute('aria-current') === 'page').map((link) => link.textContent.trim())).toEqual(['Platforms']);
  });

  it('shows what runs and how far it is, everywhere', async () => {
    const { transport } = await openWindow(App, { path: '/settings', answers: { 'tasks.list': () => ({ total: 1, rows: [task('running', 0.4)] }) } });
    expect(document.querySelector('footer')?.textContent).toContain('40 %');
    transport.emit('task.progress', { runId: 'r1' as RunId, progress: { ...words, phase: words, doneBytes: null, totalBytes: null, bytesPerSecond: null, remainingSeconds: null, fraction: 0.9 } });
    await settle();
    expect(document.querySelector('footer')?.textContent).toContain('90 %');
  });

  it('never says connected while the core does not answer', async () => {
    const { transport } = await openWindow(App, { path: '/settings' });
    const footer = () => document.querySelector('footer')?.textContent ?? '';
    expect(footer()).toContain('Connected');
    transport.setConnection('disconnected');
    await settle();
    expect(footer()).not.toContain('Connected');
    expect(footer()).toContain('does not answer');
    expect(document.querySelector('footer [role="status"]')?.getAttribute('title')).toContain('start it again and open the new address');
  });

  it('goes to a page from the palette by keys alone', async () => {
    const { router } = await openWindow(App, { path: '/settings' });
    press('k', { ctrlKey: true });
    await settle();
    const input = byRole('combobox', 'Go to or do…') as HTMLInputElement;
    expect(document.activeElement).toBe(input);
    input.value = 'platf';
    input.dispatchEvent(new Event('input'));
    await settle();
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe('platforms'), 120_000);
    expect(allByRole('dialog').filter((dialog) => dialog.className === 'app-palette')).toEqual([]);
  });

  it('finds a VM from the palette, and asks for no single letter', async () => {
    const none = () => ({ total: 0, rows: [] });
    const { router, transport } = await openWindow(App, {
      path: '/settings',
      answers: {
        'sourceVms.list': () => ({ total: 1, rows: [{ id: 'vm-1', name: 'gold-win11' }] as never }), 'images.list': none, 'desktopImages.list': none,
      },
    });
    press('k', { ctrlKey: true });
    await settle();
    const input = byRole('combobox', 'Go to or do…') as HTMLInputElement;
    const type = (text: string): void => {
      input.value = text;
      input.dispatchEvent(new Event('input'));
    };
    type('z');
    await settle();
    type('zgold');
    await vi.waitFor(() => expect(allByRole('option', /gold-win11/)).toHaveLength(1), 120_000);
    expect(transport.inputsOf('sourceVms.list')).toEqual([{ filter: 'zgold', limit: 5 }]);
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    await vi.waitFor(() => expect(router.currentRoute.value).toMatchObject({ name: 'images.source-vm', params: { id: 'vm-1' } }), 120_000);
  });

  it('opens pages with two keys, but not while a person types', async () => {
    const { router } = await openWindow(App, { path: '/settings' });
    press('g');
    press('t');
    // The page's code is fetched when it is first opened.
    const filter = await vi.waitFor(() => byRole('searchbox', 'Filter'), 120_000);
    filter.dispatchEvent(new KeyboardEvent('keydown', { key: 'g', bubbles: true }));
    filter.dispatchEvent(new KeyboardEvent('keydown', { key: 'p', bubbles: true }));
    await settle();
    expect(router.currentRoute.value.name).toBe('tasks');
  });

  it('changes language and zoom at once, and stores them', async () => {
    const { transport } = await openWindow(App, { path: '/settings' });
    const settings = useSettings();
    settings.setLocale('zh-CN');
    press('+', { ctrlKey: true });
    await settle();
    expect(document.documentElement.lang).toBe('zh-CN');
    expect(byRole('heading', '设置')).toBeDefined();
    expect(document.documentElement.style.getPropertyValue('--gp-zoom')).toBe('1.1');
    await vi.waitFor(() => expect(transport.inputsOf('settings.set').at(-1)).toMatchObject({ locale: 'zh-CN', zoom: 1.1 }), 120_000);
  });

  it.each([
    ['a failure, while nobody looks', 'failed', false, true, 1],
    ['a long task that is done', 'succeeded', false, true, 1],
    ['nothing to a person who is here', 'failed', true, true, 0],
    ['nothing where it is switched off', 'failed', false, false, 0],
    ['nothing of a cancelled task', 'cancelled', false, true, 0],
  ] as const)('has the operating system tell %s', async (_what, status, isFocused, hasNotices, count) => {
    const shown: { title: string; body?: string; tag?: string }[] = [];
    class FakeNotification {
      static readonly permission = 'granted';
      constructor(title: string, options: { body?: string; tag?: string } = {}) {
        shown.push({ title, ...options });
      }
    }
    vi.stubGlobal('Notification', FakeNotification);
    vi.stubGlobal('isSecureContext', true);
    vi.spyOn(document, 'hasFocus').mockReturnValue(isFocused);
    onTestFinished(() => {
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
    });
    const running = task('running');
    const { transport } = await openWindow(App, {
      path: '/settings',
      answers: {
        'tasks.list': () => ({ total: 1, rows: [running] }),
        'settings.get': () => ({ locale: 'en', theme: 'light', zoom: 1, hasNotices, grids: {} }),
      },
    });
    await useSettings().load();
    transport.emit('tasks.changed', { runId: 'r1' as RunId, status });
    await settle();
    expect(shown.map(({ tag }) => tag)).toEqual(Array.from({ length: count }, () => `r1 ${status}`));
  });

  it('tells once, with a link, that a task has failed', async () => {
    let rows = [task('running')];
    const { transport } = await openWindow(App, { path: '/settings', answers: { 'tasks.list': () => ({ total: rows.length, rows }) } });
    rows = [];
    transport.emit('tasks.changed', { runId: 'r1' as RunId, status: 'failed' });
    transport.emit('tasks.changed', { runId: 'r1' as RunId, status: 'failed' });
    await settle();
    expect(allByRole('link', 'Open').map((link) => link.getAttribute('href'))).toEqual(['/tasks/r1']);
  });
});
