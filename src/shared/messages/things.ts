/** Names of the things that sentences are about, where one sentence serves them all (the parameter `what`). */
import type { Locale } from './catalogue.ts';

const en = {
  disk: 'disk',
  document: 'document',
  image: 'image',
  tenant: 'tenant',
  finding: 'finding',
  platform: 'platform',
  snapshot: 'snapshot',
  'source-vm': 'VM',
  'desktop-image': 'desktop image',
  'desktop-image-version': 'desktop image version',
  flavor: 'flavor',
  'image-pool': 'image pool',
  task: 'task',
};

const zh: Record<keyof typeof en, string> = {
  disk: '磁盘',
  document: '文档',
  image: '镜像',
  tenant: '租户',
  finding: '检查结果',
  platform: '平台',
  snapshot: '快照',
  'source-vm': '虚拟机',
  'desktop-image': '桌面镜像',
  'desktop-image-version': '桌面镜像版本',
  flavor: '规格',
  'image-pool': '镜像池',
  task: '任务',
};

const things: Record<Locale, Partial<Record<string, string>>> = { en, 'zh-CN': zh };

/** The thing's name in the reader's language; a word that is none of ours (typed, or from a platform) stays as it is. */
export function thingName(word: string, locale: Locale): string {
  return things[locale][word] ?? word;
}
