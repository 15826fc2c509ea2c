/** The last step of a conversion: the file gets its name, without ever overwriting; and the paths that all steps share. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { say } from '../../../shared/model/message.ts';
import type { StepAction, StepContext } from '../engine/definition.ts';
import { entryAt, isPlaced, placeFile, syncPath } from '../publish/durable-files.ts';

interface ConvertPaths {
  targetPath: string;
  temporary: string;
  checkpoint: string;
  /** Removes everything that the run itself wrote under temporary names. */
  removeAll: () => Promise<void>;
}

export function pathsOf(ctx: StepContext): ConvertPaths {
  const { targetPath } = z.object({ targetPath: z.string() }).parse(ctx.args);
  const temporary = join(dirname(targetPath), `.goldpress-${ctx.runId}.part`);
  const checkpoint = `${temporary}.checkpoint`;
  return {
    targetPath,
    temporary,
    checkpoint,
    async removeAll() {
      // The engine writes its notes beside themselves first.
      for (const path of [temporary, checkpoint, `${checkpoint}.new`]) await rm(path, { force: true });
    },
  };
}

export function nameConverted(expectedBytes: (ctx: StepContext) => number): StepAction {
  const expectFile = (ctx: StepContext): Promise<string> => {
    const { targetPath } = pathsOf(ctx);
    return ctx.artifacts.expect('file', say('DISK_CONVERT_RESULT', { path: targetPath }), { path: targetPath });
  };
  const conclude = async (ctx: StepContext): Promise<{ path: string }> => {
    const { targetPath, temporary } = pathsOf(ctx);
    await ctx.artifacts.mark(await expectFile(ctx), 'kept');
    for (const item of await ctx.artifacts.list()) if (item.ref['path'] === temporary) await ctx.artifacts.mark(item.id, 'removed');
    return { path: targetPath };
  };
  return {
    cancel: 'before',
    intent: () => Promise.resolve({}),
    async run(ctx) {
      const { targetPath, temporary } = pathsOf(ctx);
      await expectFile(ctx);
      await placeFile(temporary, targetPath);
      await syncPath(dirname(targetPath), 'directory');
      return conclude(ctx);
    },
    async probe(ctx) {
      const { targetPath, temporary } = pathsOf(ctx);
      if ((await entryAt(temporary)) !== null || !(await isPlaced(temporary, targetPath, expectedBytes(ctx)))) return { state: 'absent' };
      return { state: 'done', output: await conclude(ctx) };
    },
    async compensate(ctx) {
      const { targetPath, temporary } = pathsOf(ctx);
      const row = await expectFile(ctx);
      // Only a link to our own temporary file, or our reservation, is ours to remove here.
      if ((await entryAt(temporary)) !== null && (await isPlaced(temporary, targetPath, 0))) await rm(targetPath, { force: true });
      await ctx.artifacts.mark(row, 'removed');
    },
  };
}
