/** `app://goldpress/`: the page's files, with the containment check and the headers that every shell uses. */
import { protocol } from 'electron';
import { pageHeaders, readPageFile } from '../page-files.ts';

export const pageOrigin = 'app://goldpress';

/** Before the app is ready: the page gets an origin, storage and fetch of its own. */
export function declarePageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** Answers a request for one of the page's files, and nothing else. */
export async function answerPageRequest(request: Request, rendererDirectory: string): Promise<Response> {
  const url = new URL(request.url);
  const isOurs = url.protocol === 'app:' && url.host === 'goldpress' && request.method === 'GET';
  const file = isOurs ? await readPageFile(rendererDirectory, url.pathname) : null;
  if (file === null) return new Response('Not found', { status: 404, headers: pageHeaders });
  return new Response(file.content, { headers: { ...pageHeaders, 'content-type': file.type } });
}

export function servePage(rendererDirectory: string): void {
  protocol.handle('app', (request) => answerPageRequest(request, rendererDirectory));
}
