/**
 * The disk engine against `qemu-img convert`: interleaved pairs of the same work on both sides, the flush to the drive included, and
 * the median of the ratios (below 1 = faster than qemu-img). `--quick` runs one pair on a small disk, to see that it runs; it judges
 * nothing. `--gib N` sets how much data the disk holds, `--pairs N` how often, `--dir PATH` where, `--only TEXT` which cases.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

interface Measured {
  seconds: number;
  peakBytes: number;
}

/** A child's wall time and peak memory; the peak is read while it runs, because it is gone afterwards. */
function measure(program: string, args: readonly string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let peakBytes = 0;
    let announced = '';
    child.stdout.on('data', (text: Buffer) => (announced += text.toString()));
    const timer = setInterval(() => (peakBytes = Math.max(peakBytes, peakOf(child.pid))), 20);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearInterval(timer);
      if (code !== 0) { reject(new Error(`${program} ended with status ${code}`)); return; }
      // The engine's process says its own time, from the call to the result: starting Node is not converting.
      const own = Number(/seconds=([\d.]+)/.exec(announced)?.[1]);
      resolve({ seconds: Number.isFinite(own) ? own : (performance.now() - startedAt) / 1000, peakBytes });
    });
  });
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    // The process has ended, or this system has no /proc: the peak stays what it was.
    return 0;
  }
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

async function compare(qemuImg: string, folder: string, test: Case, cache: readonly string[]): Promise<{ ratio: number; ours: Measured; theirs: Measured }> {
  const [source, ours, theirs] = [join(folder, test.source), join(folder, 'ours'), join(folder, 'theirs')];
  const job: ConvertJob = { source: { path: source, policy: { roots: [] } }, targetPath: ours, checkpointPath: null, maxTargetBytes: null, ...test.job };
  const oracleArgs = ['convert', '-W', '-m', '8', ...cache, '-f', test.source.endsWith('vhd') ? 'vpc' : 'qcow2', ...test.oracleArgs, source, theirs];
  const results: { ours: Measured; theirs: Measured }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const result = { ours: { seconds: 0, peakBytes: 0 }, theirs: { seconds: 0, peakBytes: 0 } };
    const turns = [
      async () => {
        result.ours = await measure(process.execPath, [join(import.meta.dirname, 'convert-once.ts'), JSON.stringify(job)]);
      },
      async () => {
        result.theirs = await measure(qemuImg, oracleArgs);
        result.theirs.seconds += flush(theirs);
      },
    ];
    for (const turn of pair % 2 === 0 ? turns : turns.reverse()) await turn();
    results.push(result);
    rmSync(ours);
    rmSync(theirs);
  }
  const summary = (side: 'ours' | 'theirs'): Measured => ({
    seconds: median(results.map((result) => result[side].seconds)), peakBytes: Math.max(...results.map((result) => result[side].peakBytes)),
  });
  return { ratio: median(results.map((result) => result.ours.seconds / result.theirs.seconds)), ours: summary('ours'), theirs: summary('theirs') };
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
    console.log(`${(dataBytes / MiB).toFixed(0)} MiB of data in a disk of ${((dataBytes * 4) / MiB).toFixed(0)} MiB, ${pairs} pair(s); ratio below 1 = faster than qemu-img`);
    console.log(['case'.padEnd(22), 'against'.padEnd(20), 'ratio', '  ours s', 'qemu s', 'ours MiB', 'qemu MiB'].join('  '));
    for (const test of cases.filter(({ name }) => name.includes(options.only))) {
      for (const cache of [[], ['-t', 'none']]) {
        const { ratio, ours, theirs } = await compare(qemuImg, folder, test, cache);
        const against = [...cache, '-W', '-m', '8'].join(' ');
        const numbers = [ratio.toFixed(2).padStart(5), ours.seconds.toFixed(2).padStart(8), theirs.seconds.toFixed(2).padStart(6)];
        const memory = [ours, theirs].map(({ peakBytes }) => (peakBytes / MiB).toFixed(0).padStart(8));
        console.log([test.name.padEnd(22), against.padEnd(20), ...numbers, ...memory].join('  '));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
