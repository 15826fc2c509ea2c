/** What no page in a window may do: navigate away, open windows, embed, ask for permissions. */
import { app, session } from 'electron';
import { isOwnPage } from './page-request.ts';

/** Own pages are all there ever is to ask: navigation is denied. */
const allowedPermissions = new Set(['clipboard-sanitized-write', 'notifications']);

/** Installed once, before the first window; holds for every page that is ever made. */
export function installGuards(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      if (!isOwnPage(event.url)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => answer(allowedPermissions.has(permission)));
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => allowedPermissions.has(permission));
}
