/**
 * Element Plus, component by component: `import { ElDialog } from 'element-plus'` becomes an import of that component and of its
 * style sheet, so that a chunk brings what it needs and the first page nothing of the others. All its styles go to the cascade layer
 * `element`: rules of ours win whichever chunk comes last.
 */
import type { Plugin } from 'vite';

const imported = /import\s*\{([^}]*)\}\s*from\s*(["'])element-plus\2;?/g;
const sheet = /element-plus[\\/]theme-chalk[\\/].*\.css$/;
const components = 'element-plus/es/components';

/** Whether a package has this file. */
type HasFile = (path: string) => boolean;

/** Components that have a style of their own, but live in the folder of another one. */
const homes: Readonly<Record<string, string>> = { ElOption: 'select', ElOptionGroup: 'select' };

/** `ElSelectV2` → `select-v2`, `select`. */
function foldersOf(component: string): string[] {
  const words = component.slice(2).split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  return words.map((_, index) => words.slice(0, words.length - index).join('-'));
}

/** The code with the components imported one by one. @throws Error for one that is not found: its style would be missing silently */
export function splitImports(code: string, hasFile: HasFile): string {
  return code.replaceAll(imported, (_, list: string) => {
    const names = list.split(',').map((name) => name.trim()).filter((name) => name !== '');
    return names.map((name) => {
      const folders = foldersOf(name);
      const module = [...folders, homes[name] ?? ''].map((folder) => `${components}/${folder}/index.mjs`).find(hasFile);
      if (module === undefined) throw new Error(`No component of Element Plus is called ${name}`);
      const style = `${components}/${folders[0] ?? ''}/style/css.mjs`;
      return `import { ${name} } from '${module}';${hasFile(style) ? `import '${style}';` : ''}`;
    }).join('');
  });
}

export function inLayer(css: string): string {
  return `@layer element {\n${css.replace(/^@charset [^;]*;/, '')}\n}`;
}

export function elementComponents(hasFile: HasFile): Plugin {
  return {
    name: 'goldpress:element-components',
    enforce: 'pre',
    transform: {
      filter: { id: [sheet, /src[\\/]renderer[\\/].*\.(?:ts|vue)$/] },
      handler(code, id) {
        const next = sheet.test(id) ? inLayer(code) : splitImports(code, hasFile);
        return next === code ? null : { code: next, map: null };
      },
    },
  };
}
