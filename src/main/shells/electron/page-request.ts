/** Answers for `app://goldpress/…`. Apart from the protocol itself, so that it can be tried without Electron. */
import { pageHeaders, readPageFile } from '../page-files.ts';

export const pageOrigin = 'app://goldpress';

/** Answers a request for one of the page's files, and nothing else. */
export async function answerPageRequest(request: Request, rendererDirectory: string): Promise<Response> {
  const url = new URL(request.url);
  const isOurs = url.protocol === 'app:' && url.host === 'goldpress' && request.method === 'GET';
  const file = isOurs ? await readPageFile(rendererDirectory, url.pathname) : null;
  if (file === null) return new Response('Not found', { status: 404, headers: pageHeaders });
  return new Response(file.content, { headers: { ...pageHeaders, 'content-type': file.type } });
}

/** Whether an address is one of the app's own pages. */
export function isOwnPage(address: string): boolean {
  return address === pageOrigin || address.startsWith(`${pageOrigin}/`);
}
