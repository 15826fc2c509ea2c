/** Pages by address. Each page's code is fetched when it is first opened. */
import { createRouter, createWebHashHistory, type Router, type RouterHistory, type RouteRecordRaw } from 'vue-router';
import type { TextKey } from './i18n.ts';
import { imageRoutes } from './views/images/routes.ts';

/** Pages by name: what the window's title says, and which entry of the navigation is lit. */
export const pages: Record<string, { title: TextKey; section: string }> = {
  'images.vdi': { title: 'app.nav.vdiImages', section: 'images.vdi' },
  'images.vdi-image': { title: 'app.nav.vdiImages', section: 'images.vdi' },
  'images.desktop': { title: 'app.nav.desktopImages', section: 'images.desktop' },
  'images.desktop-image': { title: 'app.nav.desktopImages', section: 'images.desktop' },
  'images.source-vms': { title: 'app.nav.sourceVms', section: 'images.source-vms' },
  'images.source-vm': { title: 'app.nav.sourceVms', section: 'images.source-vms' },
  'images.pools': { title: 'app.nav.imagePools', section: 'images.pools' },
  'images.flavors': { title: 'app.nav.flavors', section: 'images.flavors' },
  'disks.inspect': { title: 'disks.title', section: 'disks.inspect' },
  platforms: { title: 'app.nav.platforms', section: 'platforms' },
  platform: { title: 'app.nav.platforms', section: 'platforms' },
  tasks: { title: 'app.nav.tasks', section: 'tasks' },
  task: { title: 'app.nav.tasks', section: 'tasks' },
  settings: { title: 'app.nav.settings', section: 'settings' },
};

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: { name: 'images.source-vms' } },
  ...imageRoutes,
  { path: '/disks/inspect', name: 'disks.inspect', component: () => import('./views/disks/InspectDiskPage.vue') },
  { path: '/platforms', name: 'platforms', component: () => import('./views/platforms/PlatformsPage.vue') },
  { path: '/platforms/:id', name: 'platform', component: () => import('./views/platforms/PlatformPage.vue'), props: true },
  { path: '/tasks', name: 'tasks', component: () => import('./views/tasks/TasksPage.vue') },
  { path: '/tasks/:id', name: 'task', component: () => import('./views/tasks/TaskPage.vue'), props: true },
  { path: '/settings', name: 'settings', component: () => import('./views/settings/SettingsPage.vue') },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./views/NotFoundPage.vue') },
];

/** The address lies behind `#`, so that any server, and the window's own scheme, can serve every page. */
export function createAppRouter(history: RouterHistory = createWebHashHistory()): Router {
  return createRouter({ history, routes });
}
