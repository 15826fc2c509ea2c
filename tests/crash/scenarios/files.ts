/** The smallest work with every kind of step: copy a file under a temporary name, check it, give it its name, delete the source. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepAction, StepPlan, WorkflowDefinition } from '../../../src/main/workflows/engine/definition.ts';
import type { SourceVmId } from '../../../src/shared/model/ids.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { Scenario } from './scenario.ts';

export const sourceText = 'what must not be lost';
export const pathsIn = (directory: string) => ({
  source: join(directory, 'world', 'source'),
  temporary: join(directory, 'world', 'image.part'),
  log: join(directory, 'world', 'log'),
  image: join(directory, 'world', 'image'),
});

function actionsIn(directory: string): Record<string, StepAction> {
  const { source, temporary, image, log } = pathsIn(directory);
  return {
    log: {
      cancel: 'before',
      run: async (ctx) => {
        const row = await ctx.artifacts.expect('file', say('TASK_EVENT_STARTED', { user: 'x' }), { path: log });
        await writeFile(log, 'begun');
        await ctx.artifacts.mark(row, 'created');
        return {};
      },
      compensate: async (ctx) => {
        await rm(log, { force: true });
        for (const item of await ctx.artifacts.list()) if (item.ref['path'] === log) await ctx.artifacts.mark(item.id, 'removed');
      },
    },
    copy: {
      cancel: 'signal',
      failpoints: ['half'],
      intent: () => Promise.resolve({ temporary }),
      run: async (ctx) => {
        const row = await ctx.artifacts.expect('file', say('TASK_EVENT_STARTED', { user: 'x' }), { path: temporary });
        const text = await readFile(source, 'utf8');
        await writeFile(temporary, text.slice(0, 5));
        await ctx.artifacts.mark(row, 'created');
        await ctx.failpoint('half');
        await writeFile(temporary, text);
        return {};
      },
      probe: () => Promise.resolve({ state: existsSync(temporary) ? 'partial' : 'absent' }),
      compensate: async (ctx) => {
        await rm(temporary, { force: true });
        for (const item of await ctx.artifacts.list()) if (item.ref['path'] === temporary) await ctx.artifacts.mark(item.id, 'removed');
      },
    },
    name: {
      cancel: 'before',
      run: async (ctx) => {
        const row = await ctx.artifacts.expect('file', say('TASK_EVENT_STARTED', { user: 'x' }), { path: image });
        if (existsSync(temporary)) await rename(temporary, image);
        await ctx.artifacts.mark(row, 'created');
        for (const item of await ctx.artifacts.list()) if (item.ref['path'] === temporary) await ctx.artifacts.mark(item.id, 'removed');
        return {};
      },
      probe: () => Promise.resolve({ state: existsSync(image) ? 'partial' : 'absent' }),
      compensate: async (ctx) => {
        if (existsSync(image)) await rename(image, temporary);
        for (const item of await ctx.artifacts.list()) if (item.ref['path'] === image) await ctx.artifacts.mark(item.id, 'removed');
      },
    },
    remove: {
      cancel: 'never',
      failpoints: ['gone'],
      run: async (ctx) => {
        await rm(source, { force: true });
        await ctx.failpoint('gone');
        return {};
      },
    },
  };
}

export const filesScenario: Scenario = {
  async prepare(directory) {
    await mkdir(join(directory, 'world'));
    await writeFile(pathsIn(directory).source, sourceText);
  },
  open(directory) {
    const actions = actionsIn(directory);
    const steps = Object.keys(actions).map((key): StepPlan => (
      { key, title: say('TASK_EVENT_SUCCEEDED'), weight: 1, isDestructive: key === 'remove', isPivot: key === 'name', action: key, args: {} }
    ));
    const definition: WorkflowDefinition = {
      type: 'vm.edit',
      version: 1,
      resume: 'auto',
      plan: () => Promise.resolve({
        title: say('TASK_EVENT_SUCCEEDED'), steps, findings: [], typedName: null, facts: {}, fingerprint: 'same', subject: null, locks: ['file:source'], dedupKey: null,
      }),
      actions,
    };
    return Promise.resolve({
      definitions: [definition],
      request: { type: 'vm.edit', vmId: 'vm-1' as SourceVmId, change: {} },
      dispose: () => Promise.resolve(),
    });
  },
};
