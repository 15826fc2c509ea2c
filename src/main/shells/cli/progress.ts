/** Progress on standard error: one line that is drawn over on a terminal, now and then a line elsewhere. */
import { formatBytes } from '../../../shared/messages/format.ts';
import type { Progress } from '../../../shared/model/task.ts';
import type { CliContext } from './context.ts';
import { displayWidth, harmless } from './output.ts';

const barWidth = 24;
/** Without a terminal: a line at each new phase and each further tenth. */
const stepsOfAll = 10;

export class ProgressPrinter {
  readonly #context: CliContext;
  #drawnWidth = 0;
  #lastLine = '';

  constructor(context: CliContext) {
    this.#context = context;
  }

  show(progress: Progress): void {
    const { io, options } = this.#context;
    const text = this.#text(progress);
    if (io.stderr.isTTY === true) {
      const filled = Math.round((progress.fraction ?? 0) * barWidth);
      const bar = progress.fraction === null ? '' : `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] `;
      const line = `${bar}${text}`;
      io.stderr.write(`\r${line}${' '.repeat(Math.max(0, this.#drawnWidth - displayWidth(line)))}`);
      this.#drawnWidth = displayWidth(line);
      return;
    }
    const key = `${progress.phase.code} ${String(Math.floor((progress.fraction ?? 0) * stepsOfAll))}`;
    if (key === this.#lastLine || options.isJson) return;
    this.#lastLine = key;
    this.#context.note(text);
  }

  /** Leaves the line that was drawn over. */
  end(): void {
    if (this.#drawnWidth > 0) this.#context.io.stderr.write('\n');
    this.#drawnWidth = 0;
  }

  #text({ phase, doneBytes, totalBytes, bytesPerSecond, remainingSeconds, fraction }: Progress): string {
    const { locale } = this.#context.options;
    const parts = [harmless(this.#context.words(phase))];
    if (fraction !== null) parts.unshift(new Intl.NumberFormat(locale, { style: 'percent' }).format(fraction));
    if (doneBytes !== null) parts.push(`${formatBytes(doneBytes, locale)}${totalBytes === null ? '' : ` / ${formatBytes(totalBytes, locale)}`}`);
    if (bytesPerSecond !== null) parts.push(`${formatBytes(bytesPerSecond, locale)}/s`);
    if (remainingSeconds !== null) parts.push(this.#context.text('CLI_REMAINING', { leftSeconds: remainingSeconds }));
    return parts.join('  ');
  }
}
