/** The paths that all steps of a conversion share. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { StepContext } from '../engine/definition.ts';

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
