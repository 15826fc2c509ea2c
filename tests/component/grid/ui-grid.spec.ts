import { describe, expect, it, vi } from 'vitest';
import { h } from 'vue';
import UiGrid from '../../../src/renderer/components/UiGrid.vue';
import type { GridColumn, GridQuery, GridSource } from '../../../src/renderer/components/grid/grid-types.ts';
import { failure, openWindow, settle } from '../support/window.ts';
import { allByRole, byRole } from '../support/roles.ts';

interface Vm {
  id: string;
  name: string;
  size: number;
}
const columns: GridColumn<Vm>[] = [
  { key: 'name', title: 'Name', width: 200, isSortable: true, isRequired: true },
  { key: 'size', title: 'Size', width: 100, isSortable: true, text: (row) => String(row.size) },
  { key: 'note', title: 'Note', width: 100, isHiddenByDefault: true, text: () => 'n' },
];
const vms = (count: number): Vm[] => Array.from({ length: count }, (_, index) => ({ id: `v${index}`, name: `vm-${index}`, size: index }));

function sourceOf(rows: Vm[]) {
  const queries: GridQuery[] = [];
  const source: GridSource<Vm> = async (query) => {
    queries.push(query);
    const found = rows.filter((row) => row.name.includes(query.filter));
    if (query.sort?.isDescending === true) found.reverse();
    return Promise.resolve({ total: found.length, rows: found.slice(query.offset, query.offset + query.limit) });
  };
  return { source, queries };
}

async function openGrid(source: GridSource<Vm>, extra: Record<string, unknown> = {}) {
  const opened: Vm[] = [];
  const grid = {
    render: () =>
      h(
        UiGrid as never,
        { gridId: 'test', label: 'VMs', columns, source, rowName: (row: Vm) => row.name, isSelectable: true, refreshOn: ['sourceVms.changed'], onOpen: (row: Vm) => opened.push(row), ...extra },
        { 'cell-name': ({ row }: { row: Vm }) => [h('span', row.name), h('button', { type: 'button' }, `Clone ${row.name}`)] },
      ),
  };
  return { ...(await openWindow(grid)), opened };
}
const rowNames = () => allByRole('row').slice(1).map((row) => row.getAttribute('aria-label'));
const press = (target: Element, key: string, more: KeyboardEventInit = {}) => target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));

describe('the grid', () => {
  it('fetches windows, not the whole list', async () => {
    const { source, queries } = sourceOf(vms(50_000));
    await openGrid(source);
    expect(byRole('grid', 'VMs').getAttribute('aria-rowcount')).toBe('50001');
    expect(queries.every(({ limit }) => limit <= 100)).toBe(true);
    expect(rowNames().length).toBeLessThan(100);
  });

  it('has the focus on one row and moves it by keys', async () => {
    const { source } = sourceOf(vms(30));
    await openGrid(source);
    const first = byRole('row', 'vm-0');
    expect(first.tabIndex).toBe(0);
    first.focus();
    press(first, 'ArrowDown');
    await settle();
    expect(document.activeElement?.getAttribute('aria-label')).toBe('vm-1');
    press(document.activeElement as Element, 'End');
    await settle();
    expect(document.activeElement?.getAttribute('aria-label')).toBe('vm-29');
    press(document.activeElement as Element, 'Home');
    await settle();
    expect(document.activeElement?.getAttribute('aria-label')).toBe('vm-0');
  });

  it('opens with Enter, steps into the buttons of a row and back with Escape', async () => {
    const { source } = sourceOf(vms(3));
    const { opened } = await openGrid(source);
    const row = byRole('row', 'vm-0');
    row.focus();
    press(row, 'Enter');
    expect(opened.map(({ id }) => id)).toEqual(['v0']);
    press(row, 'ArrowRight');
    expect(document.activeElement?.textContent).toBe('Clone vm-0');
    press(document.activeElement as Element, 'Escape');
    expect(document.activeElement).toBe(row);
    expect(byRole('button', 'Clone vm-0').tabIndex).toBe(0);
    expect(byRole('button', 'Clone vm-1').tabIndex).toBe(-1);
  });

  it('selects with Space and ranges with Shift', async () => {
    const { source } = sourceOf(vms(10));
    await openGrid(source);
    const row = byRole('row', 'vm-0');
    row.focus();
    press(row, ' ');
    await settle();
    expect(row.getAttribute('aria-selected')).toBe('true');
    press(row, 'ArrowDown', { shiftKey: true });
    await settle();
    press(document.activeElement as Element, 'ArrowDown', { shiftKey: true });
    await settle();
    expect(document.body.textContent).toContain('3 selected');
    press(document.activeElement as Element, 'Escape');
    await settle();
    expect(allByRole('row').filter((one) => one.getAttribute('aria-selected') === 'true')).toEqual([]);
  });

  it('keeps filter and sort in the address', async () => {
    const { source, queries } = sourceOf(vms(20));
    const { router } = await openGrid(source);
    byRole('button', 'Size').click();
    await settle();
    expect(router.currentRoute.value.query).toEqual({ sort: 'size' });
    byRole('button', 'Size').click();
    await settle();
    expect(router.currentRoute.value.query).toEqual({ sort: '-size' });
    expect(allByRole('columnheader', 'Size')[0]?.getAttribute('aria-sort')).toBe('descending');
    await router.replace({ query: { q: 'vm-1' } });
    await settle();
    expect(queries.at(-1)?.filter).toBe('vm-1');
    expect(rowNames()).toContain('vm-19');
    expect(rowNames()).not.toContain('vm-2');
  });

  it('says that nothing matches, and offers to clear the filter', async () => {
    const { source } = sourceOf(vms(5));
    const { router } = await openGrid(source);
    await router.replace({ query: { q: 'nothing' } });
    await settle();
    expect(document.body.textContent).toContain('Nothing matches the filter');
    const clear = allByRole('button', 'Clear filter').at(-1);
    clear?.click();
    await settle();
    expect(router.currentRoute.value.query).toEqual({});
    expect(rowNames()).toHaveLength(5);
  });

  it('keeps the rows when a refresh fails, and says so', async () => {
    let isBroken = false;
    const rows = vms(3);
    const source: GridSource<Vm> = () => (isBroken ? Promise.reject(failure('INTERNAL', 'c-42')) : Promise.resolve({ total: 3, rows }));
    const { transport } = await openGrid(source);
    isBroken = true;
    transport.emit('sourceVms.changed', { platformId: null });
    await settle();
    expect(rowNames()).toHaveLength(3);
    expect(byRole('alert').textContent).toContain('c-42');
    isBroken = false;
    byRole('button', 'Try again').click();
    await settle();
    expect(allByRole('alert')).toEqual([]);
  });

  it('fetches again after missed events, and once more for changes that came meanwhile', async () => {
    const { source, queries } = sourceOf(vms(3));
    const { transport } = await openGrid(source);
    const before = queries.length;
    transport.missEvents();
    transport.emit('sourceVms.changed', { platformId: null });
    transport.emit('sourceVms.changed', { platformId: null });
    await settle();
    expect(queries.length - before).toBe(2);
  });

  it('shows a column that is switched on and stores the choice', async () => {
    const { source } = sourceOf(vms(2));
    const { transport } = await openGrid(source);
    expect(allByRole('columnheader', /Note/)).toEqual([]);
    byRole('button', 'Columns').click();
    await settle();
    byRole('checkbox', 'Note').click();
    await settle();
    expect(allByRole('columnheader', /Note/)).toHaveLength(1);
    await vi.waitFor(() => expect(transport.inputsOf('settings.set')).toHaveLength(1), 120_000);
    expect(transport.inputsOf('settings.set')[0]).toMatchObject({ grids: { test: { columns: [{ key: 'name' }, { key: 'size' }, { key: 'note', isVisible: true }] } } });
  });
});
