/** The last step of work that wrote a file for a person: it gets its name, without ever overwriting. */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { say } from '../../shared/model/message.ts';
import type { MessageCode } from '../../shared/messages/catalogue.ts';
import type { StepAction, StepContext } from './engine/definition.ts';
import { entryAt, isPlaced, placeFile, syncPath } from './publish/durable-files.ts';

export interface WrittenFile {
  paths: (ctx: StepContext) => { targetPath: string; temporary: string };
  /** What the file is called in the list of what the run made; takes `path`. */
  description: MessageCode;
  /** Its size once complete, to know it again after a crash. */
  expectedBytes: (ctx: StepContext) => Promise<number>;
}

export function nameWrittenFile({ paths, description, expectedBytes }: WrittenFile): StepAction {
  const expectFile = (ctx: StepContext): Promise<string> => {
    const { targetPath } = paths(ctx);
    return ctx.artifacts.expect('file', say(description, { path: targetPath }), { path: targetPath });
  };
  const conclude = async (ctx: StepContext): Promise<{ path: string }> => {
    const { targetPath, temporary } = paths(ctx);
    await ctx.artifacts.mark(await expectFile(ctx), 'kept');
    for (const item of await ctx.artifacts.list()) if (item.ref['path'] === temporary) await ctx.artifacts.mark(item.id, 'removed');
    return { path: targetPath };
  };
  return {
    cancel: 'before',
    intent: () => Promise.resolve({}),
    async run(ctx) {
      const { targetPath, temporary } = paths(ctx);
      await expectFile(ctx);
      await placeFile(temporary, targetPath);
      await syncPath(dirname(targetPath), 'directory');
      return conclude(ctx);
    },
    async probe(ctx) {
      const { targetPath, temporary } = paths(ctx);
      if ((await entryAt(temporary)) !== null || !(await isPlaced(temporary, targetPath, await expectedBytes(ctx)))) return { state: 'absent' };
      return { state: 'done', output: await conclude(ctx) };
    },
    async compensate(ctx) {
      const { targetPath, temporary } = paths(ctx);
      const row = await expectFile(ctx);
      // Only a link to our own temporary file, or our reservation, is ours to remove here.
      if ((await entryAt(temporary)) !== null && (await isPlaced(temporary, targetPath, 0))) await rm(targetPath, { force: true });
      await ctx.artifacts.mark(row, 'removed');
    },
  };
}
