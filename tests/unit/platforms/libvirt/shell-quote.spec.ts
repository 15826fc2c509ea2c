import { execFileSync } from 'node:child_process';
import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteLine, quoteWord } from '../../../../src/main/platforms/libvirt/shell-quote.ts';
import { splitCommands } from '../../../simulators/libvirt-host/words.ts';

const hostile = ["it's", '$(touch /tmp/x)', '`id`', 'a\nb', '; rm -rf /', '财务 虚拟机', '"', '\\', '-rf', '', '~', '*', '!1', "'\\''", '\t', '#', 'a=b', '&& true', '|', '<>', '{a,b}', '\u{1f600}'];

describe('words for a shell', () => {
  it('reach a program as they are', () => {
    // printf repeats its format for each word; the shell is the one that hosts have.
    const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoteLine(hostile)}`], { encoding: 'utf8' });
    expect(out.split('\0').slice(0, -1)).toEqual(hostile);
  });

  it('come back from the quotes as they went in, whatever they are', () => {
    assert(property(string({ unit: 'binary' }), string({ unit: 'binary' }), (a, b) => {
      if (a.includes('\0') || b.includes('\0')) return;
      expect(splitCommands(quoteLine(['x', a, b]))).toEqual([['x', a, b]]);
    }));
  });

  it('refuses what no argument can hold', () => {
    expect(() => quoteWord('a\0b')).toThrow(RangeError);
  });
});
