/** Turns a message into words. Sizes, times and durations are formatted for the reader's language. */
import type { Message } from '../model/message.ts';
import { catalogue, type Locale } from './catalogue.ts';
import { thingName } from './things.ts';

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Making a formatter costs a hundred times more than using it, and a list formats thousands of values. */
const numbers = new Map<string, Intl.NumberFormat>();

function numberFormat(locale: Locale, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = `${locale} ${options.maximumFractionDigits ?? ''} ${options.unit ?? ''}`;
  const known = numbers.get(key) ?? new Intl.NumberFormat(locale, options);
  numbers.set(key, known);
  return known;
}

const times = new Map<Locale, Intl.DateTimeFormat>();

/** 1234567 → `1,234,567`. Both languages group alike, and the first formatter of a page takes longer to make than its first list. */
export function formatNumber(value: number, locale: Locale): string {
  if (!Number.isSafeInteger(value)) return numberFormat(locale).format(value);
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** 1610612736 → `1.5 GiB`. Binary units, because disks are made of powers of two. */
export function formatBytes(bytes: number, locale: Locale): string {
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${numberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${binaryUnits[unit]}`;
}

/** An epoch time in milliseconds as a local date and time. */
export function formatTime(at: number, locale: Locale): string {
  const known = times.get(locale) ?? new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  times.set(locale, known);
  return known.format(at);
}

const ages = new Map<Locale, Intl.RelativeTimeFormat>();

/** 3, `minute` → `3 min. ago`. */
export function formatAgo(amount: number, unit: Intl.RelativeTimeFormatUnit, locale: Locale): string {
  const known = ages.get(locale) ?? new Intl.RelativeTimeFormat(locale, { style: 'short' });
  ages.set(locale, known);
  return known.format(-amount, unit);
}

/** 3725 → `1 h 2 min`; the two largest units only. */
export function formatSeconds(seconds: number, locale: Locale): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'day'],
    [Math.floor(whole / 3600) % 24, 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return shown
    .map(([amount, unit]) => numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(amount))
    .join(' ');
}

function formatParam(name: string, value: string | number, locale: Locale): string {
  if (typeof value === 'string') return name === 'what' ? thingName(value, locale) : value;
  if (name === 'bytes' || name.endsWith('Bytes')) return formatBytes(value, locale);
  if (name === 'at' || name.endsWith('At')) return formatTime(value, locale);
  if (name === 'seconds' || name.endsWith('Seconds')) return formatSeconds(value, locale);
  return formatNumber(value, locale);
}

/** The sentence in the reader's language. A code from a newer version is shown as it is rather than hidden. */
export function formatMessage(message: Message, locale: Locale = 'en'): string {
  const template = (catalogue[locale] as Partial<Record<string, string>>)[message.code];
  if (template === undefined) return message.code;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = message.params[name];
    return value === undefined ? whole : formatParam(name, value, locale);
  });
}
