/** The real host of the live tests: where it is, and what a test does on it behind the connector's back. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start the live tests with tests/live/libvirt/run.sh`);
  return value;
}

export const realHost = {
  settings: {
    host: '127.0.0.1', port: Number(required('GOLDPRESS_LIVE_LIBVIRT_PORT')), user: required('GOLDPRESS_LIVE_LIBVIRT_USER'),
    keyFile: required('GOLDPRESS_LIVE_LIBVIRT_KEY'), hostKey: required('GOLDPRESS_LIVE_LIBVIRT_HOST_KEY'),
  },
  folder: required('GOLDPRESS_LIVE_LIBVIRT_FOLDER'),
  pool: required('GOLDPRESS_LIVE_LIBVIRT_POOL'),
};

/** One virsh for many commands: starting it takes longer than what it does. */
export class VirshShell {
  readonly #child: ChildProcessWithoutNullStreams;
  #out = '';
  #count = 0;
  #waiting: { mark: string; done: (text: string) => void } | null = null;

  constructor() {
    this.#child = spawn('virsh', ['-q', '-c', 'qemu:///system'], { env: { ...process.env, LC_ALL: 'C' } });
    const take = (text: string): void => {
      this.#out += text;
      const waiting = this.#waiting;
      if (waiting === null || !this.#out.includes(waiting.mark)) return;
      this.#waiting = null;
      waiting.done(this.#out);
    };
    this.#child.stdout.setEncoding('utf8').on('data', take);
    this.#child.stderr.setEncoding('utf8').on('data', take);
  }

  /** @returns what was said, errors among it */
  async run(command: string): Promise<string> {
    this.#count += 1;
    this.#out = '';
    // virsh repeats what it is told: there the number stands in quotes.
    const mark = `done ${String(this.#count)} end`;
    const said = new Promise<string>((done) => {
      this.#waiting = { mark, done };
    });
    this.#child.stdin.write(`${command}\necho done '${String(this.#count)}' end\n`);
    return said;
  }

  async define(text: string): Promise<string> {
    const path = join(realHost.folder, '.definition.part');
    await writeFile(path, text);
    return this.run(`define '${path}'`);
  }

  end(): void {
    this.#child.stdin.end();
  }
}
