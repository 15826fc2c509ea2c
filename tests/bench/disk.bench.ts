/**
 * The built disk engine (`npm run build` first) against `qemu-img convert`: interleaved pairs of the same work on both sides, the
 * flush to the drive included, and the median of the ratios (below 1 = faster than qemu-img).
 *
 * What is compared: of qemu-img the whole process; of the engine one call, from the request to the result, with its threads started
 * before, because an app that is running has them. With `--cold` the start of Node and of all threads counts as well. Processor
 * seconds and peak memory are those of the whole process on both sides, start included.
 *
 * `--quick` runs one pair on a small disk, to see that it runs; it judges nothing. `--gib N` sets how much data the disk holds,
 * `--pairs N` how often, `--dir PATH` where, `--only TEXT` which cases, `--cache writeback` or `--cache none` only one kind of qemu-img's writing. On a machine that
 * others use, `--patience SECONDS` waits so long before each run for the processors to be mostly idle.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ConvertJob } from '../../src/main/disks/disk-engine.ts';
import { oracle } from '../oracles.ts';

const MiB = 1024 ** 2;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    gib: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '5' },
    dir: { type: 'string', default: tmpdir() },
    only: { type: 'string', default: '' },
    cache: { type: 'string', default: 'both' },
    cold: { type: 'boolean', default: false },
    patience: { type: 'string', default: '0' },
  },
});
const dataBytes = options.quick ? 64 * MiB : Number(options.gib) * 1024 * MiB;
const pairs = options.quick ? 1 : Number(options.pairs);

interface Case {
  name: string;
  source: 'plain.qcow2' | 'zlib.qcow2' | 'zstd.qcow2' | 'dynamic.vhd';
  job: Pick<ConvertJob, 'targetFormat' | 'compression'>;
  /** What qemu-img is told to do the same. */
  oracleArgs: string[];
}

const cases: readonly Case[] = [
  { name: 'qcow2 → VHD dynamic', source: 'plain.qcow2', job: { targetFormat: 'vhd', compression: null }, oracleArgs: ['-O', 'vpc', '-o', 'force_size=on'] },
  { name: 'VHD → qcow2', source: 'dynamic.vhd', job: { targetFormat: 'qcow2', compression: null }, oracleArgs: ['-O', 'qcow2'] },
  { name: 'qcow2 → VHD fixed', source: 'plain.qcow2', job: { targetFormat: 'vhd-fixed', compression: null }, oracleArgs: ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'] },
  { name: 'zlib qcow2 → VHD', source: 'zlib.qcow2', job: { targetFormat: 'vhd', compression: null }, oracleArgs: ['-O', 'vpc', '-o', 'force_size=on'] },
  { name: 'zstd qcow2 → VHD', source: 'zstd.qcow2', job: { targetFormat: 'vhd', compression: null }, oracleArgs: ['-O', 'vpc', '-o', 'force_size=on'] },
  { name: 'qcow2 → zlib', source: 'plain.qcow2', job: { targetFormat: 'qcow2', compression: 'zlib' }, oracleArgs: ['-c', '-O', 'qcow2'] },
  { name: 'qcow2 → zstd', source: 'plain.qcow2', job: { targetFormat: 'qcow2', compression: 'zstd' }, oracleArgs: ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd'] },
];

/** How qemu-img writes: through the page cache as it does by itself, or past it. Both with its fastest settings. */
const modes = [{ name: 'writeback', args: ['-W', '-m', '8'] }, { name: 'none', args: ['-t', 'none', '-W', '-m', '8'] }];

interface Measured {
  seconds: number;
  cpuSeconds: number;
  peakBytes: number;
}

/** A child's wall time, processor time and peak memory; the last two are read while it runs, because they are gone afterwards. */
function measure(program: string, args: readonly string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let used = { cpuSeconds: 0, peakBytes: 0 };
    let announced = '';
    child.stdout.on('data', (text: Buffer) => (announced += text.toString()));
    const timer = setInterval(() => (used = usedBy(child.pid) ?? used), 20);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearInterval(timer);
      if (code !== 0) { reject(new Error(`${program} ended with status ${code}`)); return; }
      const own = options.cold ? Number.NaN : Number(/seconds=([\d.]+)/.exec(announced)?.[1]);
      resolve({ seconds: Number.isFinite(own) ? own : (performance.now() - startedAt) / 1000, ...used });
    });
  });
}

/** From /proc, where ticks are hundredths of a second; null when the process has ended or the system has no such thing. */
function usedBy(pid: number | undefined): Omit<Measured, 'seconds'> | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const peakBytes = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024;
    return Number.isFinite(peakBytes) ? { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakBytes } : null;
  } catch {
    return null;
  }
}

/** Share of the processors' time that nobody used, over half a second. */
async function idleShare(): Promise<number> {
  const total = (): { idle: number; all: number } => {
    const times = cpus().map((cpu) => cpu.times);
    return { idle: times.reduce((sum, { idle }) => sum + idle, 0), all: times.reduce((sum, time) => sum + Object.values(time).reduce((a, b) => a + b), 0) };
  };
  const before = total();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const after = total();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

/** Waits for a lull, and tells how idle the processors were in the end. */
async function lull(): Promise<number> {
  const until = performance.now() + Number(options.patience) * 1000;
  let idle = await idleShare();
  while (idle < 0.6 && performance.now() < until) idle = await idleShare();
  return idle;
}

function flush(path: string): number {
  const startedAt = performance.now();
  const fd = openSync(path, 'r+');
  fsyncSync(fd);
  closeSync(fd);
  return (performance.now() - startedAt) / 1000;
}

/** Four times its data in size: a third text, a third random, with gaps between. */
function writeSource(path: string): void {
  const text = Buffer.alloc(4 * MiB);
  const words = Array.from({ length: 512 }, () => randomBytes(2 + (randomBytes(1).readUInt8(0) % 8)).toString('hex'));
  for (let at = 0; at < text.length;) at += text.write(`${words[randomBytes(2).readUInt16LE(0) % 512] ?? ''} `, at, 'latin1') || text.length;
  const fd = openSync(path, 'w');
  ftruncateSync(fd, dataBytes * 4);
  const pieces = dataBytes / (8 * MiB);
  for (let piece = 0; piece < pieces; piece += 1) {
    const at = Math.floor((dataBytes * 4 * piece) / pieces / 65_536) * 65_536;
    writeSync(fd, text, 0, text.length, at);
    writeSync(fd, randomBytes(4 * MiB), 0, 4 * MiB, at + 4 * MiB);
  }
  closeSync(fd);
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

interface Compared {
  ratio: number;
  ours: Measured;
  theirs: Measured;
  /** How idle the processors were before the runs. */
  idle: number;
}

async function compare(qemuImg: string, folder: string, test: Case, cache: readonly string[]): Promise<Compared> {
  const [source, ours, theirs] = [join(folder, test.source), join(folder, 'ours'), join(folder, 'theirs')];
  const job: ConvertJob = { source: { path: source, policy: { roots: [] } }, targetPath: ours, checkpointPath: null, maxTargetBytes: null, ...test.job };
  const oracleArgs = ['convert', ...cache, '-f', test.source.endsWith('vhd') ? 'vpc' : 'qcow2', ...test.oracleArgs, source, theirs];
  const results: { ours: Measured; theirs: Measured }[] = [];
  const idle: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const none = { seconds: 0, cpuSeconds: 0, peakBytes: 0 };
    const result = { ours: none, theirs: none };
    const turns = [
      async () => {
        result.ours = await measure(process.execPath, [join(import.meta.dirname, 'convert-once.ts'), JSON.stringify(job), options.cold ? 'cold' : 'warm']);
      },
      async () => {
        const measured = await measure(qemuImg, oracleArgs);
        result.theirs = { ...measured, seconds: measured.seconds + flush(theirs) };
      },
    ];
    for (const turn of pair % 2 === 0 ? turns : turns.reverse()) {
      idle.push(await lull());
      await turn();
    }
    results.push(result);
    rmSync(ours);
    rmSync(theirs);
  }
  const summary = (side: 'ours' | 'theirs'): Measured => ({
    seconds: median(results.map((result) => result[side].seconds)),
    cpuSeconds: median(results.map((result) => result[side].cpuSeconds)),
    peakBytes: Math.max(...results.map((result) => result[side].peakBytes)),
  });
  return { ratio: median(results.map((result) => result.ours.seconds / result.theirs.seconds)), ours: summary('ours'), theirs: summary('theirs'), idle: median(idle) };
}

async function main(): Promise<void> {
  const qemuImg = oracle('qemu-img', 'qemu-utils');
  if (qemuImg === null) {
    console.log('SKIPPED: install qemu-utils to compare with qemu-img.');
    return;
  }
  const folder = mkdtempSync(join(options.dir, 'goldpress-bench-'));
  try {
    const raw = join(folder, 'source.raw');
    writeSource(raw);
    const make = (...args: string[]): void => void execFileSync(qemuImg, ['convert', '-f', 'raw', ...args]);
    make('-O', 'qcow2', raw, join(folder, 'plain.qcow2'));
    make('-c', '-O', 'qcow2', raw, join(folder, 'zlib.qcow2'));
    make('-c', '-O', 'qcow2', '-o', 'compression_type=zstd', raw, join(folder, 'zstd.qcow2'));
    make('-O', 'vpc', '-o', 'force_size=on', raw, join(folder, 'dynamic.vhd'));
    rmSync(raw);
    const load = loadavg()[0] ?? 0;
    console.log(`${(dataBytes / MiB).toFixed(0)} MiB of data in a disk of ${((dataBytes * 4) / MiB).toFixed(0)} MiB, ${pairs} pair(s), ${cpus().length} processors, load ${load.toFixed(1)}`);
    console.log(`ratio below 1 = faster than qemu-img; the engine's threads are started ${options.cold ? 'within' : 'before'} the time`);
    console.log(['case'.padEnd(20), 'against'.padEnd(15), 'ratio', 'ours s', 'qemu s', 'ours cpu', 'qemu cpu', 'ours MiB', 'qemu MiB', 'idle'].join('  '));
    for (const test of cases.filter(({ name }) => name.includes(options.only))) {
      for (const { args: cache } of modes.filter(({ name }) => options.cache === 'both' || options.cache === name)) {
        const { ratio, ours, theirs, idle } = await compare(qemuImg, folder, test, cache);
        const numbers = [
          ratio.toFixed(2).padStart(5), ours.seconds.toFixed(2).padStart(6), theirs.seconds.toFixed(2).padStart(6),
          ours.cpuSeconds.toFixed(2).padStart(8), theirs.cpuSeconds.toFixed(2).padStart(8),
          ...[ours, theirs].map(({ peakBytes }) => (peakBytes / MiB).toFixed(0).padStart(8)), `${(idle * 100).toFixed(0)} %`.padStart(4),
        ];
        console.log([test.name.padEnd(20), cache.join(' ').padEnd(15), ...numbers].join('  '));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
