/**
 * What the window loads before it can paint is counted at every build: no schemas (they belong to the core; the window imports their
 * types), and no more code and styles than the budget. A build over it fails with what is in it.
 */
import type { Plugin, Rolldown } from 'vite';
import { initialChunkName } from './initial-chunk.ts';

export interface BundleBudget {
  /** Of each chunk that the page loads at once, in bytes before compression. */
  chunkBytes: number;
  /** Of all scripts that the page loads at once. */
  initialScriptBytes: number;
  initialStyleBytes: number;
  /** Packages that no chunk of the window may hold. */
  forbiddenPackages: readonly string[];
}

/** What is asked of a chunk of the bundler. */
export interface BudgetedChunk {
  fileName: string;
  isEntry: boolean;
  imports: readonly string[];
  code: string;
  moduleIds: readonly string[];
  cssFiles: readonly string[];
}

const bytesOf = (code: string): number => Buffer.byteLength(code);

/** @returns the sentences of what is wrong; none when the bundle keeps to the budget */
export function overBudget(chunks: readonly BudgetedChunk[], cssBytes: ReadonlyMap<string, number>, budget: BundleBudget): string[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const initial = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const chunk of initial) for (const name of chunk.imports) {
    const next = byName.get(name);
    if (next !== undefined) initial.add(next);
  }
  const problems: string[] = [];
  for (const name of budget.forbiddenPackages) {
    const module = new RegExp(`[\\\\/]node_modules[\\\\/]${name}[\\\\/]`);
    for (const { fileName, moduleIds } of chunks) if (moduleIds.some((id) => module.test(id))) problems.push(`${fileName} holds ${name}`);
  }
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  for (const { fileName, code } of initial) {
    if (bytesOf(code) > budget.chunkBytes) problems.push(`${fileName} has ${String(bytesOf(code))} bytes, the budget of a chunk is ${String(budget.chunkBytes)}`);
  }
  const scripts = sum([...initial].map(({ code }) => bytesOf(code)));
  if (scripts > budget.initialScriptBytes) problems.push(`${String(scripts)} bytes of scripts before the first page, the budget is ${String(budget.initialScriptBytes)}`);
  const styles = sum([...new Set([...initial].flatMap(({ cssFiles }) => cssFiles))].map((name) => cssBytes.get(name) ?? 0));
  if (styles > budget.initialStyleBytes) problems.push(`${String(styles)} bytes of styles before the first page, the budget is ${String(budget.initialStyleBytes)}`);
  return problems;
}

/**
 * Named one by one: the bundler's chunks answer through getters, which a spread would lose. The entry itself lies in the chunk of what is
 * loaded at once, which the bundler then calls no entry any more.
 */
function chunkOf(chunk: Rolldown.OutputChunk): BudgetedChunk {
  const { fileName, name, imports, code, moduleIds, viteMetadata } = chunk;
  return { fileName, isEntry: chunk.isEntry || name === initialChunkName, imports, code, moduleIds, cssFiles: [...(viteMetadata?.importedCss ?? [])] };
}

export function bundleBudget(budget: BundleBudget): Plugin {
  return {
    name: 'goldpress:bundle-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.values(bundle);
        const chunks = files.flatMap((file) => (file.type === 'chunk' ? [chunkOf(file)] : []));
        const cssBytes = new Map(files.flatMap((file): [string, number][] => (file.type === 'asset' && file.fileName.endsWith('.css') ? [[file.fileName, file.source.length]] : [])));
        const problems = overBudget(chunks, cssBytes, budget);
        if (problems.length > 0) this.error(`The window's bundle is over its budget:\n  ${problems.join('\n  ')}`);
      },
    },
  };
}
