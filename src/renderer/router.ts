/** Pages by address. Each page's code is fetched when it is first opened. */
import { createRouter, createWebHashHistory, type Router, type RouterHistory, type RouteRecordRaw } from 'vue-router';
import type { TextKey } from './i18n.ts';
import { imageRoutes } from './views/images/routes.ts';

declare module 'vue-router' {
  interface RouteMeta {
    /** The page's name, for the window's title and the palette. */
    title?: TextKey;
    /** Which entry of the navigation is lit. */
    section?: 'images' | 'platforms' | 'tasks' | 'settings';
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: { name: 'images.source-vms' } },
  ...imageRoutes,
  { path: '/platforms', name: 'platforms', component: () => import('./views/platforms/PlatformsPage.vue'), meta: { title: 'app.nav.platforms', section: 'platforms' } },
  { path: '/platforms/:id', name: 'platform', component: () => import('./views/platforms/PlatformPage.vue'), props: true, meta: { title: 'app.nav.platforms', section: 'platforms' } },
  { path: '/tasks', name: 'tasks', component: () => import('./views/tasks/TasksPage.vue'), meta: { title: 'app.nav.tasks', section: 'tasks' } },
  { path: '/tasks/:id', name: 'task', component: () => import('./views/tasks/TaskPage.vue'), props: true, meta: { title: 'app.nav.tasks', section: 'tasks' } },
  { path: '/settings', name: 'settings', component: () => import('./views/settings/SettingsPage.vue'), meta: { title: 'app.nav.settings', section: 'settings' } },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./views/NotFoundPage.vue') },
];

/** The address lies behind `#`, so that any server, and the window's own scheme, can serve every page. */
export function createAppRouter(history: RouterHistory = createWebHashHistory()): Router {
  return createRouter({ history, routes });
}
