/** Seed: image-publishing.txt, “Name: Name of the published desktop image.” A name becomes a file name on any system. */
import { describe, expect, it } from 'vitest';
import { objectName } from '../../../src/shared/model/workflow-request.ts';
import { imageNameProblem, maxNameBytes, nameKey, versionFileName } from '../../../src/shared/rules/image-name.ts';

describe('image name', () => {
  it.each(['Windows 11', 'win-11_24H2 (LTSC)', '办公桌面 2026', 'Ünïcode', 'a', 'con2', 'console', 'lpt', 'com10', 'v1.2', '𠮷'.repeat(50)])('takes %j', (name) => {
    expect(imageNameProblem(name)).toBeNull();
  });

  it.each([
    ['', 'NAME_EMPTY'], ['   ', 'NAME_EMPTY'],
    ['a/b', 'NAME_FORBIDDEN'], ['/', 'NAME_FORBIDDEN'], ['a\\b', 'NAME_FORBIDDEN'], ['a:b', 'NAME_FORBIDDEN'], ['a*', 'NAME_FORBIDDEN'], ['a?', 'NAME_FORBIDDEN'],
    ['"a"', 'NAME_FORBIDDEN'], ['<a>', 'NAME_FORBIDDEN'], ['a|b', 'NAME_FORBIDDEN'],
    ['a\nb', 'NAME_INVISIBLE'], ['a\u0000', 'NAME_INVISIBLE'], ['a\u007f', 'NAME_INVISIBLE'], ['a\u0085b', 'NAME_INVISIBLE'], ['a\u202egpj', 'NAME_INVISIBLE'],
    ['a\u200bb', 'NAME_INVISIBLE'], ['a\ud800', 'NAME_INVISIBLE'], ['\ufeffa', 'NAME_INVISIBLE'],
    ['.hidden', 'NAME_LEADING_DOT'], ['.', 'NAME_LEADING_DOT'], ['..', 'NAME_LEADING_DOT'],
    ['a.', 'NAME_EDGES'], ['a ', 'NAME_EDGES'], [' a', 'NAME_EDGES'], ['a\u3000', 'NAME_EDGES'],
    ['con', 'NAME_RESERVED'], ['NUL', 'NAME_RESERVED'], ['Aux.txt', 'NAME_RESERVED'], ['COM1', 'NAME_RESERVED'], ['lpt9.a.b', 'NAME_RESERVED'], ['COM²', 'NAME_RESERVED'],
    ['CONIN$', 'NAME_RESERVED'],
    ['a'.repeat(maxNameBytes + 1), 'NAME_TOO_LONG'], ['镜'.repeat(67), 'NAME_TOO_LONG'],
  ])('refuses %j: %s', (name, code) => {
    expect(imageNameProblem(name)?.code).toBe(code);
  });

  it('answers for a name of any length that is typed: the request lets it through', () => {
    expect(objectName.safeParse('a'.repeat(300)).success).toBe(true);
    expect(imageNameProblem('a'.repeat(300))).toMatchObject({ code: 'NAME_TOO_LONG', params: { length: 300, limit: maxNameBytes } });
  });

  it('counts bytes, not characters, and leaves room for version and manifest', () => {
    expect(imageNameProblem('a'.repeat(maxNameBytes))).toBeNull();
    expect(Buffer.byteLength(`${versionFileName('镜'.repeat(66), 999_999_999, 'qcow2')}.json`)).toBeLessThanOrEqual(255);
  });

  it('takes for one what some system stores as one', () => {
    expect(nameKey('Win')).toBe(nameKey('wIN'));
    expect(nameKey('e\u0301')).toBe(nameKey('\u00e9'));
    expect(nameKey('a')).not.toBe(nameKey('b'));
  });
});
