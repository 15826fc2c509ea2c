/** Words in the person's language: the window's own texts, the core's sentences, sizes and times. */
import { computed, inject, type ComputedRef } from 'vue';
import type { Locale } from '../../shared/messages/catalogue.ts';
import { formatBytes, formatMessage, formatNumber, formatSeconds, formatTime } from '../../shared/messages/format.ts';
import type { Availability } from '../../shared/model/capability.ts';
import type { Message } from '../../shared/model/message.ts';
import { composerKey, type TextKey } from '../i18n.ts';

export interface Texts {
  locale: ComputedRef<Locale>;
  /** A text of `locales/`; `{name}` is replaced; with `count`, the singular or plural form after `|` is taken. */
  t: (key: TextKey, params?: Record<string, string | number>) => string;
  /** A sentence of the core. */
  say: (message: Message) => string;
  bytes: (value: number) => string;
  time: (at: number) => string;
  duration: (seconds: number) => string;
  number: (value: number) => string;
  /** `true`, or the reason in words: what an action's `canRun` answers. */
  canRun: (availability: Availability) => true | string;
}

/** All of the above, following the chosen language; only inside `setup` of a component or a store. */
export function useText(): Texts {
  const i18n = inject(composerKey);
  if (i18n === undefined) throw new Error('No texts were provided to this app.');
  const locale = computed(() => i18n.locale.value as Locale);
  const say = (message: Message) => formatMessage(message, locale.value);
  return {
    locale,
    say,
    t: (key, params = {}) => {
      const { count } = params;
      return typeof count === 'number' ? i18n.t(key, params, count) : i18n.t(key, params);
    },
    bytes: (value) => formatBytes(value, locale.value),
    time: (at) => formatTime(at, locale.value),
    duration: (seconds) => formatSeconds(seconds, locale.value),
    number: (value) => formatNumber(value, locale.value),
    canRun: (availability) => (availability.isAvailable ? true : say(availability.reason)),
  };
}
