/**
 * `npm start`: builds where needed, opens Electron where it can run, else says why in one sentence and opens the browser shell.
 * What follows `--` is passed on: `npm start -- --data-dir X --no-sample --no-open`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'out', 'main', 'index.js');
const electronDirectory = join(root, 'node_modules', 'electron');
const words = process.argv.slice(2);

const fetchLimitMs = 60_000;
/** An Electron that ends within this time never got a window up. */
const earlyExitMs = 5000;

/** The process now running on our behalf; Ctrl-C is passed to it and to nothing else. */
let current: ChildProcess | null = null;
let stopSignals = 0;
/** A function: it changes while we wait. */
const isStopping = (): boolean => stopSignals > 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopSignals += 1;
    current?.kill(signal);
  });
}

interface Ended {
  code: number;
  afterMs: number;
}

function run(command: string, args: string[], { limitMs, isQuiet = false }: { limitMs?: number; isQuiet?: boolean } = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(command, args, { cwd: root, stdio: isQuiet ? 'ignore' : 'inherit' });
    current = child;
    const timer = limitMs === undefined ? null : setTimeout(() => child.kill(), limitMs);
    const end = (code: number): void => {
      if (timer !== null) clearTimeout(timer);
      current = null;
      resolve({ code, afterMs: performance.now() - startedAt });
    };
    child.on('error', () => end(127));
    child.on('exit', (code, signal) => end(code ?? (signal === null ? 1 : 130)));
  });
}

function newestChange(directory: string): number {
  let newest = 0;
  for (const entryName of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entryName.isFile()) newest = Math.max(newest, statSync(join(entryName.parentPath, entryName.name)).mtimeMs);
  }
  return newest;
}

function isBuilt(): boolean {
  const outputs = [entry, join(root, 'out', 'preload', 'index.cjs'), join(root, 'out', 'renderer', 'index.html')];
  if (!outputs.every((file) => existsSync(file))) return false;
  const builtAt = Math.min(...outputs.map((file) => statSync(file).mtimeMs));
  const changedAt = Math.max(newestChange(join(root, 'src')), ...['package.json', 'electron.vite.config.ts'].map((file) => statSync(join(root, file)).mtimeMs));
  return builtAt >= changedAt;
}

/** Where Electron's own installer puts the program; null when it is not there. */
function electronProgram(): string | null {
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const pathFile = join(electronDirectory, 'path.txt');
  const names = { linux: 'electron', darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' } as Record<string, string>;
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : names[process.platform];
  if (name === undefined) return null;
  const program = join(override ?? join(electronDirectory, 'dist'), name);
  return existsSync(program) ? program : null;
}

/** Runs Electron. @returns its exit status, or why it could not be used. */
async function tryElectron(): Promise<number | string> {
  if (process.env['GOLDPRESS_SHELL'] === 'browser') return 'the browser was asked for (GOLDPRESS_SHELL)';
  if (process.platform === 'linux') {
    if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return 'this machine has no display';
    if (process.getuid?.() === 0 && !words.includes('--no-sandbox')) return 'Electron does not run as root';
  }
  if (electronProgram() === null) {
    console.log('Fetching Electron (once) …');
    await run(process.execPath, [join(electronDirectory, 'install.js')], { limitMs: fetchLimitMs, isQuiet: true });
  }
  const program = electronProgram();
  if (program === null) return 'Electron’s program could not be fetched';
  if (isStopping()) return 130;
  const { code, afterMs } = await run(program, [root, ...words]);
  if (isStopping() || code === 0 || afterMs > earlyExitMs) return code;
  return `Electron ended at once (status ${String(code)})`;
}

if (!isBuilt()) {
  console.log('Building Goldpress …');
  const { code } = await run(process.execPath, [join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn']);
  if (code !== 0) {
    console.error('The build failed, so there is nothing to start.');
    process.exit(code);
  }
}
const outcome = isStopping() ? 130 : await tryElectron();
if (typeof outcome === 'number') process.exit(outcome);
console.log(`Goldpress opens in your browser, because ${outcome}.`);
const { code } = await run(process.execPath, [entry, ...words]);
process.exit(isStopping() ? 0 : code);
