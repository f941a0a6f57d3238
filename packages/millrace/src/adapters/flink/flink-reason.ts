/** What is shown of a reason, in UTF-16 units. */
const reasonUnitsMax = 600;

/**
 * What Flink says is wrong, without the stacks of Java around it: the last cause
 * that says something, and the lines that belong to it.
 */
export function reasonIn(said: string): string {
  const lines = messagesIn(said).flatMap((message) => message.split('\n'));
  const causes = lines.flatMap((line, index): readonly string[] => {
    const [, message] = /^\W*(?:Caused by: )?[\w.$]+(?:Exception|Error): (.+)$/.exec(line) ?? [];
    if (message === undefined) return [];
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => /^\s*at |^\s*\.\.\. \d+ |^\W*Caused by: /.test(one));
    return [[message, ...rest.slice(0, end < 0 ? rest.length : end)].join('\n')];
  });
  const reason = (causes.at(-1) ?? lines.find((line) => line.trim() !== '') ?? 'no reason given')
    .replace(/,?\s*End of exception on server side>?\s*$/, '')
    .trim();
  return reason.length > reasonUnitsMax ? `${reason.slice(0, reasonUnitsMax)} …` : reason;
}

/** REST answers hold `{"errors": [text, …]}`; other places the text itself. */
function messagesIn(said: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(said);
    const errors = typeof parsed === 'object' && parsed !== null && 'errors' in parsed;
    if (!errors || !Array.isArray(parsed.errors)) return [said];
    const texts: readonly unknown[] = parsed.errors;
    return texts.filter((one) => typeof one === 'string');
  } catch (error) {
    if (error instanceof SyntaxError) return [said];
    throw error;
  }
}
