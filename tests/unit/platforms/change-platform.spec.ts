import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Platform } from '../../../src/shared/model/platform.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { ConnectorFactory } from '../../../src/main/platforms/connector.ts';
import { createInventoryApp, type InventoryApp } from '../../fixtures/inventory-app.ts';
import { ScriptedPlatform, vmRecord } from '../../fixtures/scripted-platform.ts';

const never = new AbortController().signal;
let scripted: ScriptedPlatform;
let made: { settings: unknown; secrets: Readonly<Record<string, string>> }[];
let app: InventoryApp;
let platform: Platform;

const field = { help: null, isRequired: false, choices: [] };
const settingsSchema = z.strictObject({ address: z.string(), pin: z.string().optional() });
const factory: ConnectorFactory = {
  ...new ScriptedPlatform().factory,
  settingsSchema,
  fields: [
    { ...field, key: 'address', type: 'text', label: say('KIND_LOCAL') }, { ...field, key: 'pin', type: 'text', label: say('KIND_LOCAL') },
    { ...field, key: 'password', type: 'secret', label: say('KIND_LOCAL') },
  ],
  create: (settings, secrets) => {
    made.push({ settings, secrets });
    scripted.isAway = settingsSchema.parse(settings).address !== 'right';
    return scripted.factory.create({}, secrets);
  },
};

beforeAll(async () => {
  app = await createInventoryApp([factory]);
});
afterAll(() => app.dispose());
beforeEach(async () => {
  scripted = new ScriptedPlatform();
  scripted.vms = [vmRecord('a')];
  made = [];
  platform = await app.service.add({ kind: 'manifest', name: 'Cloud', settings: { address: 'right', pin: 'AA' }, secrets: { password: 'old' } }, never);
  await app.syncs.sync(platform.id);
});
afterEach(() => app.service.remove(platform.id));

describe('changing a platform', () => {
  it('tries new settings and secrets over those it has, keeps them, and reads with them from then on', async () => {
    await app.service.update({ id: platform.id, settings: { pin: 'BB' }, secrets: { password: 'new' } }, never);
    expect((await app.service.show(platform.id)).config).toEqual({ address: 'right', pin: 'BB' });
    await app.syncs.sync(platform.id);
    expect(made.slice(-2)).toEqual(Array.from({ length: 2 }, () => ({ settings: { address: 'right', pin: 'BB' }, secrets: { password: 'new' } })));
  });

  it('keeps everything as it was when the new settings do not answer', async () => {
    await expect(app.service.update({ id: platform.id, settings: { address: 'wrong' }, secrets: { password: 'new' } }, never)).rejects.toMatchObject({ code: 'LIBRARY_NOT_THERE' });
    expect((await app.service.show(platform.id)).config).toEqual({ address: 'right', pin: 'AA' });
    await app.service.update({ id: platform.id, settings: { address: 'right' } }, never);
    expect(made.at(-1)?.secrets).toEqual({ password: 'old' });
  });

  it('refuses settings that the connector does not know, and takes away what is null', async () => {
    await expect(app.service.update({ id: platform.id, settings: { colour: 'red' } }, never)).rejects.toMatchObject({ code: 'PLATFORM_SETTINGS_INVALID', params: { fields: 'colour' } });
    await app.service.update({ id: platform.id, settings: { pin: null }, secrets: { password: null } }, never);
    expect((await app.service.show(platform.id)).config).toEqual({ address: 'right' });
    await app.syncs.sync(platform.id);
    expect(made.at(-1)).toEqual({ settings: { address: 'right' }, secrets: {} });
  });

  it('does not take the connection from under a task', async () => {
    app.liveRuns.push({ id: 'run-1', request: { type: 'vm.edit', platformId: platform.id }, subject: { name: 'a' } } as never);
    await expect(app.service.update({ id: platform.id, settings: { pin: 'CC' } }, never)).rejects.toMatchObject({ code: 'PLATFORM_IN_USE' });
    // What needs no other connection can be changed all the same.
    expect((await app.service.update({ id: platform.id, name: 'Cloud 2', isReadOnly: true }, never)).name).toBe('Cloud 2');
    app.liveRuns.length = 0;
  });

  it('tests changed settings with the secrets that are stored', async () => {
    await app.service.testConfig({ id: platform.id, kind: 'manifest', settings: { pin: 'DD' }, secrets: {} }, never);
    expect(made.at(-1)).toEqual({ settings: { address: 'right', pin: 'DD' }, secrets: { password: 'old' } });
    expect((await app.service.show(platform.id)).config).toEqual({ address: 'right', pin: 'AA' });
  });
});
