/** `app://goldpress/`: the page's own scheme, with the containment check and the headers that every shell uses. */
import { protocol } from 'electron';
import { answerPageRequest } from './page-request.ts';

/** Before the app is ready: the page gets an origin, storage and fetch of its own. */
export function declarePageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

export function servePage(rendererDirectory: string): void {
  protocol.handle('app', (request) => answerPageRequest(request, rendererDirectory));
}
