/** The one place where words become a line for a shell on another computer. Names are data: none of them may end a word or start a command. */

/** Words that every POSIX shell takes as they are. */
const plain = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * One word in POSIX single quotes. virsh reads its own command lines by the same rules.
 * @throws RangeError for a NUL byte, which no argument can hold
 */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new RangeError('an argument with a NUL byte');
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A program and its arguments as a command line. */
export function quoteLine(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
