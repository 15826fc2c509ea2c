/** What the build counts and changes of the window's code: the budget, and Element Plus component by component. */
import { describe, expect, it } from 'vitest';
import { overBudget, type BudgetedChunk } from '../../build/bundle-budget.ts';
import { inLayer, splitImports } from '../../build/element-components.ts';

const chunk = (changes: Partial<BudgetedChunk>): BudgetedChunk => ({ fileName: 'a.js', isEntry: false, imports: [], code: '', moduleIds: [], cssFiles: [], ...changes });
const budget = { chunkBytes: 100, initialScriptBytes: 150, initialStyleBytes: 50, forbiddenPackages: ['zod'] };

describe('the budget of the bundle', () => {
  it('counts what is loaded at once, and not what is fetched later', () => {
    const chunks = [
      chunk({ fileName: 'entry.js', isEntry: true, imports: ['start.js'], code: 'x'.repeat(60) }),
      chunk({ fileName: 'start.js', code: 'x'.repeat(90), cssFiles: ['start.css'] }),
      chunk({ fileName: 'page.js', code: 'x'.repeat(500), cssFiles: ['page.css'] }),
    ];
    expect(overBudget(chunks, new Map([['start.css', 50], ['page.css', 500]]), budget)).toEqual([]);
  });

  it('names every chunk, the scripts and the styles that are too large', () => {
    const chunks = [chunk({ fileName: 'entry.js', isEntry: true, imports: ['start.js'], code: 'x'.repeat(50) }), chunk({ fileName: 'start.js', code: 'x'.repeat(101), cssFiles: ['start.css'] })];
    expect(overBudget(chunks, new Map([['start.css', 51]]), budget)).toEqual([
      'start.js has 101 bytes, the budget of a chunk is 100',
      '151 bytes of scripts before the first page, the budget is 150',
      '51 bytes of styles before the first page, the budget is 50',
    ]);
  });

  it('finds a forbidden package in any chunk, wherever it is installed', () => {
    const chunks = [chunk({ fileName: 'page.js', moduleIds: ['/app/node_modules/zod/v4/core.js'] }), chunk({ fileName: 'other.js', moduleIds: ['C:\\app\\node_modules\\zodiac\\a.js'] })];
    expect(overBudget(chunks, new Map(), budget)).toEqual(['page.js holds zod']);
  });
});

describe('Element Plus, component by component', () => {
  const files = new Set(['dialog/index.mjs', 'dialog/style/css.mjs', 'form/index.mjs', 'form-item/style/css.mjs', 'select-v2/index.mjs', 'config-provider/index.mjs']
    .map((path) => `element-plus/es/components/${path}`));
  const hasFile = (path: string): boolean => files.has(path);

  it('imports each component and its style', () => {
    expect(splitImports(`import { ElDialog, ElFormItem } from 'element-plus';\nconst a = 1;`, hasFile)).toBe(
      `import { ElDialog } from 'element-plus/es/components/dialog/index.mjs';import 'element-plus/es/components/dialog/style/css.mjs';`
        + `import { ElFormItem } from 'element-plus/es/components/form/index.mjs';import 'element-plus/es/components/form-item/style/css.mjs';\nconst a = 1;`,
    );
  });

  it('takes a component without a style alone, and leaves other imports as they are', () => {
    expect(splitImports(`import { ElConfigProvider } from 'element-plus';`, hasFile)).toBe(`import { ElConfigProvider } from 'element-plus/es/components/config-provider/index.mjs';`);
    const locale = `import en from 'element-plus/es/locale/lang/en';`;
    expect(splitImports(locale, hasFile)).toBe(locale);
  });

  it('refuses a name that is no component', () => {
    expect(() => splitImports(`import { ElDialgo } from 'element-plus';`, hasFile)).toThrow('ElDialgo');
  });

  it('puts a style sheet into the layer, without what may only stand first', () => {
    expect(inLayer('@charset "UTF-8";.el-a{color:red}')).toBe('@layer element {\n.el-a{color:red}\n}');
  });
});
