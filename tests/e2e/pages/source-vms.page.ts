/** Resources → Images → Image Source VMs, and the publish dialog behind its buttons, by the words on the screen. */
import { expect, type Locator, type Page } from '@playwright/test';

export interface PublishWords {
  clone: string;
  convert: string;
  next: string;
  ok: string;
  name: string;
  pool: string;
  architecture: string;
}

export const english: PublishWords = {
  clone: 'Clone', convert: 'Convert', next: 'Review the plan', ok: 'OK', name: 'Name', pool: 'Image Pool', architecture: 'Architecture',
};
export const chinese: PublishWords = {
  clone: '克隆', convert: '转换', next: '查看计划', ok: '确定', name: '名称', pool: '镜像池', architecture: '架构',
};

export class SourceVmsPage {
  readonly page: Page;
  readonly words: PublishWords;

  constructor(page: Page, words: PublishWords = english) {
    this.page = page;
    this.words = words;
  }

  async open(): Promise<void> {
    await this.page.goto(`${new URL(this.page.url()).origin}/#/images/source-vms`);
  }

  row(name: string): Locator {
    return this.page.getByRole('row', { name: new RegExp(name) });
  }

  /** Opens the dialog for a VM. */
  async publish(name: string, mode: 'clone' | 'convert'): Promise<PublishDialog> {
    await this.row(name).getByRole('button', { name: this.words[mode], exact: true }).click();
    return new PublishDialog(this.page, this.words);
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

  async fill({ name, pool, architecture }: { name: string; pool: string; architecture?: string }): Promise<void> {
    await this.dialog.getByRole('textbox', { name: this.words.name, exact: true }).fill(name);
    if (architecture !== undefined) await this.dialog.getByRole('radiogroup', { name: this.words.architecture }).getByText(architecture, { exact: true }).click();
    // The field's own text lies above its input; a person clicks there.
    await this.dialog.getByRole('combobox', { name: this.words.pool }).click({ force: true });
    await this.page.getByRole('option', { name: pool }).click();
  }

  async review(): Promise<void> {
    await this.dialog.getByRole('button', { name: this.words.next }).click();
    await expect(this.okButton).toBeVisible();
  }

  get okButton(): Locator {
    return this.dialog.getByRole('button', { name: this.words.ok, exact: true });
  }

  async start(): Promise<void> {
    await expect(this.okButton).not.toHaveAttribute('aria-disabled', 'true');
    await this.okButton.click();
    await expect(this.dialog).toBeHidden();
  }
}
