/** Command lines as a shell and as virsh read them: words in quotes, and `;` between commands. */

export function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | null = null;
  const end = (): void => {
    if (word !== null) commands.at(-1)?.push(word);
    word = null;
  };
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    if (letter === "'") {
      const close = line.indexOf("'", at + 1);
      if (close === -1) throw new Error('an open quote');
      word = (word ?? '') + line.slice(at + 1, close);
      at = close;
    } else if (letter === '\\') {
      at += 1;
      word = (word ?? '') + line.charAt(at);
    } else if (letter === ';') {
      end();
      commands.push([]);
    } else if (/\s/.test(letter)) {
      end();
    } else {
      // What a shell would not take for a plain letter has no business outside quotes.
      if (/[$`"&|<>()*?#~{}[\]!]/.test(letter)) throw new Error(`an unquoted ${letter}`);
      word = (word ?? '') + letter;
    }
  }
  end();
  return commands.filter((command) => command.length > 0);
}
