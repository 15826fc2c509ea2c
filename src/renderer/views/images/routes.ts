/** Addresses of Resources → Images: five tabs, and a page for one VM, one VDI image or one desktop image. */
import type { RouteRecordRaw } from 'vue-router';

export const imageRoutes: RouteRecordRaw[] = [
  {
    path: '/images',
    component: () => import('./ImagesPage.vue'),
    redirect: { name: 'images.source-vms' },
    children: [
      { path: 'vdi', name: 'images.vdi', component: () => import('./vdi-images/VdiImages.vue') },
      { path: 'desktop-images', name: 'images.desktop', component: () => import('./desktop-images/DesktopImages.vue') },
      { path: 'source-vms', name: 'images.source-vms', component: () => import('./source-vms/SourceVms.vue') },
      { path: 'pools', name: 'images.pools', component: () => import('./pools/ImagePools.vue') },
      { path: 'flavors', name: 'images.flavors', component: () => import('./flavors/Flavors.vue') },
    ],
  },
  { path: '/images/vdi/:id', name: 'images.vdi-image', component: () => import('./vdi-images/VdiImagePage.vue'), props: true },
  { path: '/images/source-vms/:id', name: 'images.source-vm', component: () => import('./source-vms/SourceVmPage.vue'), props: true },
  { path: '/images/desktop-images/:id', name: 'images.desktop-image', component: () => import('./desktop-images/DesktopImagePage.vue'), props: true },
];
