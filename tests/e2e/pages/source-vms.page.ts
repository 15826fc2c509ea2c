/** Resources → Images → Image Source VMs, and the publish dialog behind its buttons, by the words on the screen. */
import { expect, type Locator, type Page } from '@playwright/test';
import { choose, pick, tickAll, toggle } from './controls.ts';
import { goTo } from './window.ts';

export interface PublishWords {
  clone: string;
  convert: string;
  next: string;
  ok: string;
  name: string;
  pool: string;
  architecture: string;
  snapshot: string;
}

export const english: PublishWords = {
  clone: 'Clone', convert: 'Convert', next: 'Review the plan', ok: 'OK', name: 'Name', pool: 'Image Pool', architecture: 'Architecture',
  snapshot: 'Create Snapshot After Cloning',
};
export const chinese: PublishWords = {
  clone: '克隆', convert: '转换', next: '查看计划', ok: '确定', name: '名称', pool: '镜像池', architecture: '架构', snapshot: '克隆后创建快照',
};

export interface PublishFields {
  name: string;
  pool: string;
  architecture?: string;
  hasSnapshot?: boolean;
}

export class SourceVmsPage {
  readonly page: Page;
  readonly words: PublishWords;

  constructor(page: Page, words: PublishWords = english) {
    this.page = page;
    this.words = words;
  }

  async open(): Promise<void> {
    await goTo(this.page, 'images/source-vms');
  }

  row(name: string): Locator {
    return this.page.getByRole('row', { name });
  }

  /** Opens the dialog for a VM. */
  async publish(name: string, mode: 'clone' | 'convert'): Promise<PublishDialog> {
    await this.row(name).getByRole('button', { name: this.words[mode], exact: true }).click();
    return new PublishDialog(this.page, this.words);
  }

  /** From the list to the started task. */
  async publishNow(vm: string, mode: 'clone' | 'convert', fields: PublishFields): Promise<void> {
    await this.open();
    const dialog = await this.publish(vm, mode);
    await dialog.fill(fields);
    await dialog.review();
    if (mode === 'convert') await dialog.typeName(vm);
    await dialog.start();
  }
}

export class PublishDialog {
  readonly dialog: Locator;
  readonly page: Page;
  readonly words: PublishWords;

  constructor(page: Page, words: PublishWords) {
    this.page = page;
    this.words = words;
    this.dialog = page.getByRole('dialog');
  }

  async fill({ name, pool, architecture, hasSnapshot = false }: PublishFields): Promise<void> {
    await this.dialog.getByRole('textbox', { name: this.words.name, exact: true }).fill(name);
    if (architecture !== undefined) await pick(this.dialog, this.words.architecture, architecture);
    await choose(this.dialog, this.words.pool, pool);
    if (hasSnapshot) await toggle(this.dialog, this.words.snapshot);
  }

  /** Asks for the plan and waits until it is there. */
  async review(): Promise<void> {
    await this.dialog.getByRole('button', { name: this.words.next }).click();
    await expect(this.dialog.getByRole('listitem').first()).toBeVisible();
  }

  async typeName(name: string): Promise<void> {
    await this.dialog.getByRole('textbox', { name }).fill(name);
  }

  get okButton(): Locator {
    return this.dialog.getByRole('button', { name: this.words.ok, exact: true });
  }

  async start(): Promise<void> {
    await tickAll(this.dialog);
    await expect(this.okButton).not.toHaveAttribute('aria-disabled', 'true');
    await this.okButton.click();
    await expect(this.dialog).toBeHidden();
  }
}
