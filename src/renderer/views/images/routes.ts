/**
 * Addresses of Resources → Images: five tabs, and a page for one VM, one VDI image or one desktop image. The two lists that a window
 * most often opens with are at hand, all others are fetched when they are opened.
 */
import type { RouteRecordRaw } from 'vue-router';
import ImagesPage from './ImagesPage.vue';
import SourceVms from './source-vms/SourceVms.vue';
import VdiImages from './vdi-images/VdiImages.vue';

export const imageRoutes: RouteRecordRaw[] = [
  {
    path: '/images',
    component: ImagesPage,
    redirect: { name: 'images.source-vms' },
    children: [
      { path: 'vdi', name: 'images.vdi', component: VdiImages },
      { path: 'desktop-images', name: 'images.desktop', component: () => import('./desktop-images/DesktopImages.vue') },
      { path: 'source-vms', name: 'images.source-vms', component: SourceVms },
      { path: 'pools', name: 'images.pools', component: () => import('./pools/ImagePools.vue') },
      { path: 'flavors', name: 'images.flavors', component: () => import('./flavors/Flavors.vue') },
    ],
  },
  { path: '/images/vdi/:id', name: 'images.vdi-image', component: () => import('./vdi-images/VdiImagePage.vue'), props: true },
  { path: '/images/source-vms/:id', name: 'images.source-vm', component: () => import('./source-vms/SourceVmPage.vue'), props: true },
  { path: '/images/desktop-images/:id', name: 'images.desktop-image', component: () => import('./desktop-images/DesktopImagePage.vue'), props: true },
];
