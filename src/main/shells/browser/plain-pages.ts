/** The few pages that are not the app: entering with a one-time address, and what to do without a session. */
import { formatMessage } from '../../../shared/messages/format.ts';
import type { Locale, MessageCode } from '../../../shared/messages/catalogue.ts';
import { noSessionPath, secretStorageKey, sessionChannelName } from '../../../shared/contract/stream.ts';

export const shellFiles = { enterScript: '/shell/enter.js', style: '/shell/plain.css' } as const;

/** 简体中文 for readers whose browser prefers any Chinese, else English. */
export function localeOf(acceptLanguage: string | undefined): Locale {
  return (acceptLanguage ?? '').trim().toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

interface PlainPage {
  locale: Locale;
  title: MessageCode;
  text: MessageCode;
  script?: string;
}

/** All text comes from the catalogue; nothing of a request is ever written into a page. */
export function plainPage({ locale, title, text, script }: PlainPage): string {
  const say = (code: MessageCode): string => formatMessage({ code, params: {} }, locale);
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${say(title)} – Goldpress</title>
<link rel="stylesheet" href="${shellFiles.style}">
${script === undefined ? '' : `<script src="${script}" defer></script>`}
</head>
<body><main><h1>${say(title)}</h1><p>${say(text)}</p></main></body>
</html>
`;
}

export const plainStyle = `:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 34rem; padding: 2rem; }
h1 { font-size: 1.4rem; }
`;

/**
 * Exchanges the token of the address. By script and not by loading the page, so that something that merely fetches the
 * address (a preview, a link scanner) does not use it up. `replace` keeps the token out of the history. Pages that lost their session
 * hear of the new one.
 */
export const enterScript = `const token = new URLSearchParams(location.search).get('token');
fetch('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })
  .then(async (response) => {
    if (!response.ok) throw new Error('refused');
    const { secret } = await response.json();
    sessionStorage.setItem(${JSON.stringify(secretStorageKey)}, secret);
    new BroadcastChannel(${JSON.stringify(sessionChannelName)}).postMessage(secret);
    location.replace('/');
  })
  .catch(() => location.replace(${JSON.stringify(noSessionPath)}));
`;
