/**
 * The log: JSON lines in the data directory, readable by the owner only. Everything passes the redactor; arguments of calls
 * are never given to it in the first place.
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination, pino, type Logger, type LoggerOptions } from 'pino';
import type { Redactor } from './redaction.ts';

const maxLogBytes = 5 * 1024 * 1024;

export interface LogOptions {
  /** Where `logs/` lies. */
  dataDirectory: string;
  redactor: Redactor;
  level?: string;
}

function loggerOptions(redactor: Redactor, level: string): LoggerOptions {
  return {
    level,
    base: { pid: process.pid },
    // Errors become plain data here, also under other names than `err`, with their causes.
    serializers: { err: (error: unknown) => error },
    formatters: { level: (label) => ({ level: label }), log: (object) => redactor.value(object) as Record<string, unknown> },
  };
}

/** Cleans the finished line: message, fields and what child loggers were made with, whichever way they came in. */
function cleaned(line: string, redactor: Redactor): string {
  return `${JSON.stringify(redactor.value(JSON.parse(line)))}\n`;
}

/** One old file is kept beside the current one. */
function rotate(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(file, `${file}.1`);
}

export interface Log {
  logger: Logger;
  close(): void;
}

/** Opens the log for the host of a data directory. Lines are written at once: what led to a crash must be in it. */
export function openLog({ dataDirectory, redactor, level = process.env['GOLDPRESS_LOG_LEVEL'] ?? 'info' }: LogOptions): Log {
  const directory = join(dataDirectory, 'logs');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'goldpress.log');
  rotate(file);
  const stream = destination({ dest: file, sync: true, mode: 0o600 });
  const logger = pino(loggerOptions(redactor, level), { write: (line: string) => stream.write(cleaned(line, redactor)) });
  return { logger, close: () => stream.end() };
}

/** A logger that keeps its lines in memory, through the same redaction. */
export function memoryLog(redactor: Redactor): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: pino(loggerOptions(redactor, 'trace'), { write: (line: string) => void lines.push(cleaned(line, redactor)) }), lines };
}
