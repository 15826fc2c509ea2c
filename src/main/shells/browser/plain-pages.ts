/** The few pages that are not the app: what to do without a session. */
import { formatMessage } from '../../../shared/messages/format.ts';
import type { Locale, MessageCode } from '../../../shared/messages/catalogue.ts';

export const plainStylePath = '/shell/plain.css';

/** 简体中文 for readers whose browser prefers any Chinese, else English. */
export function localeOf(acceptLanguage: string | undefined): Locale {
  return (acceptLanguage ?? '').trim().toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

interface PlainPage {
  locale: Locale;
  title: MessageCode;
  text: MessageCode;
}

/** All text comes from the catalogue; nothing of a request is ever written into a page. */
export function plainPage({ locale, title, text }: PlainPage): string {
  const say = (code: MessageCode): string => formatMessage({ code, params: {} }, locale);
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${say(title)} – Goldpress</title>
<link rel="stylesheet" href="${plainStylePath}">
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
