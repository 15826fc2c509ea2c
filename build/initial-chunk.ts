/**
 * Everything that the page loads before it can paint, in one chunk. Left alone the bundler cuts it wherever a later page shares a part:
 * some thirty files, each with its own request.
 */
import type { Plugin } from 'vite';

export const initialChunkName = 'start';

export interface InitialChunk {
  plugin: Plugin;
  /** Whether a module is loaded before the first page: reached from an entry without `import()`. */
  has: (moduleId: string) => boolean;
}

export function initialChunk(): InitialChunk {
  const initial = new Set<string>();
  return {
    has: (moduleId) => initial.has(moduleId),
    plugin: {
      name: 'goldpress:initial-chunk',
      apply: 'build',
      buildEnd() {
        initial.clear();
        for (const id of this.getModuleIds()) if (this.getModuleInfo(id)?.isEntry === true) initial.add(id);
        // A set is walked in the order of adding, what is added on the way included.
        for (const id of initial) for (const next of this.getModuleInfo(id)?.importedIds ?? []) initial.add(next);
      },
    },
  };
}
