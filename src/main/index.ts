/**
 * Where the process begins. Without words: the window inside Electron, else the browser shell. With words: the command line.
 * Loads only what the chosen shell needs; `electron` in particular, which only its own shell may touch.
 */
import process from 'node:process';

const { argv, env, stderr, stdin, stdout } = process;

const isElectron = 'electron' in process.versions;
/** A packaged app is started by its own executable, everything else by a program and a file. */
const isPackaged = isElectron && !('defaultApp' in process);
const words = argv.slice(isPackaged ? 1 : 2);
const self = { command: argv[0] ?? '', args: isPackaged ? [] : argv.slice(1, 2) };

const interrupted = new AbortController();
let signals = 0;
const onSignal = (): void => {
  signals += 1;
  // The second Ctrl-C is for when the orderly end takes too long; what was running goes on at the next start.
  if (signals > 1) process.exit(130);
  interrupted.abort();
};

const io = { stdin, stdout, stderr, env };

/** Options of starting the window: everything that is no option of these is a word for the command line. */
const { readStartOptions } = await import('./shells/start-options.ts');
const { finish, ignoreLostReader } = await import('./shells/finish.ts');
const start = readStartOptions(words);
const outputs = [stdout, stderr];

if (start === null) {
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const { runCli } = await import('./shells/cli/cli.ts');
  ignoreLostReader(outputs);
  await finish(await runCli({ argv: words, io, signal: interrupted.signal, self }), outputs);
} else if (isElectron) {
  const { startElectron } = await import('./shells/electron/main.ts');
  // Not awaited: Electron becomes ready only once this file has run to its end.
  startElectron(start);
} else {
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const { startBrowserShell } = await import('./shells/browser/start.ts');
  await finish(await startBrowserShell(start, interrupted.signal), outputs);
}
